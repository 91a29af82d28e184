"""What QA runs beside the requirements: properties of the document, tried on queries generated from it.

Schemathesis generates the queries; one test has those that are meant to be valid, one has the others. Every
answer is held to the document by Schemathesis's own response checks and by the check of GEN-DOCUMENT, page
rules included.

`--examples N` is the most queries that are generated, `--seed` chooses them. The session's one run asks them
together with all else, and this file and GEN-DOCUMENT judge the same answers and so agree.
`bifrost-contracts check --examples N` asks the same queries, and as few without the option.

Where GEN-DOCUMENT is blocked by a requirement that the session judges too, so is this, and that one is red;
where that one was not selected, the failure is shown here.

After a failure at most 30 more requests confirm it and look for a shorter query that shows the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, cached_property
from typing import Any
from urllib.parse import quote_plus, unquote_plus, urlsplit

import httpx
import pytest

from contracts.evidence.answers import TRANSIENT, Answer, read
from contracts.judging.catalogue import Catalogue, load_catalogue
from contracts.judging.checks.generated import SERVERS_OWN
from contracts.model import (
    NEW_PATH,
    OLD_PATH,
    EvidenceClass,
    Exchange,
    Outcome,
    Purpose,
    Request,
    Requirement,
    Result,
    Verdict,
    Violation,
)
from contracts.pytest_plugin import Contract, cases, guarded
from contracts.runs.probes.generated import DEFAULT_EXAMPLES
from contracts.runs.probes.generated import cases as generated_cases
from contracts.runs.run import Settings, open_transport
from contracts.transport import BudgetSpent, Target, Transport

# After a failure: requests at most, repetitions that a 5xx has to survive, and failures that are tried.
FURTHER = 30
AGAIN = 2
TRIED = 3

# Left out: `positive_data_acceptance` and `negative_data_rejection`, since a limit over the maximum may be
# refused and a word be taken as absent; `unsupported_method` and `ignored_auth`, which send requests; and
# `response_headers_conformance`, which cannot fail: the document asks of headers only that they are text.
RESPONSE_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.mark.parametrize("valid", [True, False], ids=["positive", "negative"])
@pytest.mark.parametrize("requirement", [case for case in cases() if case.id == "GEN-DOCUMENT"])
def test_generated_query_is_answered_as_documented(
    requirement: Requirement,
    valid: bool,
    contract: Contract,
    contract_settings: Settings,
    contract_result: Callable[[], Result],
    record_property: Callable[[str, object], None],
    request: pytest.FixtureRequest,
) -> None:
    session = contract_result()
    judging = Judging(requirement, valid, contract_settings, session)
    judged = guarded(lambda: judging.result(contract.selected))
    if judged is not session:
        for note in judged.notes:
            request.node.add_report_section("call", "search for a shorter query", note)
    contract.require(requirement, lambda: judged, record_property)


@dataclass(frozen=True)
class Witness:
    """An answer that breaks the property, and how often the same query was asked again and broke it too."""

    exchange: Exchange
    violation: Violation
    confirmed: int = 0

    @property
    def query(self) -> str:
        return self.exchange.request.query

    @property
    def must_recur(self) -> bool:
        return self.violation.evidence is EvidenceClass.STABLE

    def resembles(self, other: Witness) -> bool:
        """Whether both break the same rule at the same place, whatever the numbers are."""
        return _kind(self.violation) == _kind(other.violation)


@dataclass(frozen=True)
class Judging:
    """The property for the queries that are meant to be valid, or for the others."""

    requirement: Requirement
    valid: bool
    settings: Settings
    session: Result

    def result(self, selected: frozenset[str]) -> Result:
        """The verdict with the exchange that shows it; `selected` are the requirements that the run judged.

        Where another of these is the cause, that one is red, and this is blocked as GEN-DOCUMENT is.
        """
        session = next(v for v in self.session.verdicts if v.requirement.id == self.requirement.id)
        cause_is_shown = session.blocked_by is not None and (not selected or session.blocked_by in selected)
        nothing_came = not self.asked and session.outcome in (Outcome.INCONCLUSIVE, Outcome.BLOCKED)
        if cause_is_shown or nothing_came:
            return self.session
        found = [w for exchange in self.asked if (w := witness(exchange)) is not None]
        return self._failed(found) if found else self._of(self._passed())

    @cached_property
    def wanted(self) -> frozenset[str]:
        """The queries of this kind."""
        examples = DEFAULT_EXAMPLES if self.settings.examples is None else self.settings.examples
        generated = generated_cases(catalogue().document.path, self.settings.seed, examples)
        return frozenset(one.query for one in generated if one.valid is self.valid)

    @cached_property
    def asked(self) -> tuple[Exchange, ...]:
        """What came of those that were asked."""
        generated = (e for e in self.session.exchanges if e.request.purpose is Purpose.GENERATED)
        return tuple(e for e in generated if e.request.query in self.wanted)

    def _passed(self) -> Verdict:
        if not self.wanted:
            reason = "needs a generated query of this kind: --examples 2 or more"
            return Verdict(self.requirement, Outcome.NOT_EXERCISED, reason=reason)
        judged = [e for e in self.asked if e.status is not None and e.status not in TRANSIENT]
        if len(judged) < len(self.wanted):
            reason = f"{len(judged)} of {len(self.wanted)} queries were answered: {self._trouble()}"
            return Verdict(self.requirement, Outcome.INCONCLUSIVE, checked=len(judged), reason=reason)
        return Verdict(self.requirement, Outcome.PASS, checked=len(judged))

    def _trouble(self) -> str:
        for exchange in self.asked:
            if exchange.failure is not None:
                return exchange.failure.text
            if exchange.status in TRANSIENT:
                return f"status {exchange.status}"
        return self.session.interrupted or "the run ended early"

    def _failed(self, found: list[Witness]) -> Result:
        """The first failure that stands when it is asked again, made shorter; else doubt."""
        with self._transport() as transport:
            again = Again(transport)
            for first in sorted(found, key=lambda w: w.must_recur)[:TRIED]:
                confirmed = again.confirmed(first)
                if confirmed is not None:
                    return self._fail(first, again.shortest(confirmed), len(found), transport.sent)
        reason = f"{found[0].violation.got} was seen and did not recur; another run would settle it"
        verdict = Verdict(self.requirement, Outcome.INCONCLUSIVE, checked=len(self.asked), reason=reason)
        return self._of(verdict)

    def _fail(self, first: Witness, shown: Witness, total: int, sent: int) -> Result:
        further = f"{sent} more requests (at most {FURTHER}) confirmed it and looked for a shorter query"
        note = f"found with ?{first.query}\n{further}"
        verdict = Verdict(
            self.requirement,
            Outcome.FAIL,
            checked=len(self.asked),
            violations=(shown.violation,),
            violations_total=total,
            reproduced=shown.confirmed,
            repetitions=shown.confirmed,
        )
        return self._of(verdict, shown.exchange, note=note)

    def _of(self, verdict: Verdict, *exchanges: Exchange, note: str = "") -> Result:
        notes = (note,) if note else ()
        return replace(self.session, verdicts=(verdict,), exchanges=exchanges, notes=notes)

    def _transport(self) -> Transport:
        settings = self.settings
        path = NEW_PATH if urlsplit(self.session.deployment).path.endswith(NEW_PATH) else OLD_PATH
        target = Target.parse(settings.base_url, settings.path or path)
        left = settings.bounds.max_requests - sum(1 + len(e.attempts) for e in self.session.exchanges)
        bounds = replace(settings.bounds, max_requests=max(0, min(FURTHER, left)))
        return open_transport(replace(settings, bounds=bounds), target)


class Again:
    """Asks the deployment more about a failure, within the bound of the transport."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    def ask(self, query: str) -> Witness | None:
        return witness(self.transport.send(Request(query, purpose=Purpose.GENERATED)))

    def confirmed(self, first: Witness) -> Witness | None:
        """The witness asked again. A single response convicts, all but a 5xx: that one has to recur."""
        try:
            repeated = [w for _ in range(AGAIN) if (w := self.ask(first.query)) is not None]
        except BudgetSpent:
            repeated = []
        if len(repeated) == AGAIN:
            return replace(first, confirmed=AGAIN)
        return None if first.must_recur else first

    def shortest(self, best: Witness) -> Witness:
        """A witness with less in its query that breaks the same rule, as far as the bound lets search."""
        try:
            while (shorter := self._shorter(best)) is not None:
                best = shorter
        except BudgetSpent:
            return best
        return best if best.confirmed else self.confirmed(best) or best

    def _shorter(self, best: Witness) -> Witness | None:
        for query in shorter_queries(best.query):
            found = self.ask(query)
            if found is not None and found.resembles(best):
                confirmed = self.confirmed(found) if found.must_recur else replace(found, confirmed=0)
                if confirmed is not None:
                    return confirmed
        return None


def shorter_queries(query: str) -> Iterator[str]:
    """The query without one of its parameters, or with half of a text."""
    parts = query.split("&") if query else []
    for position in range(len(parts)):
        yield "&".join(parts[:position] + parts[position + 1 :])
    for position, part in enumerate(parts):
        name, _, value = part.partition("=")
        text = unquote_plus(value)
        if len(text) > 1 and not re.fullmatch(r"-?[0-9.]+", text):
            halved = f"{name}={quote_plus(text[: len(text) // 2])}"
            yield "&".join([*parts[:position], halved, *parts[position + 1 :]])


def witness(exchange: Exchange) -> Witness | None:
    """The exchange as a witness, if its answer breaks the property."""
    answer = read(exchange)
    if answer is None or answer.transient:
        return None
    own = catalogue().checks["GEN-DOCUMENT"].violations(answer, catalogue().document)
    found = next(iter(own), None) or violation_by_schemathesis(answer)
    return None if found is None else Witness(exchange, found)


def violation_by_schemathesis(answer: Answer) -> Violation | None:
    """What Schemathesis's response checks say of an answer that the suite can read.

    It takes an answer beyond the suite's bounds (a number of thousands of digits) for broken JSON, and
    wants a content type of the web server in front, which owes none.
    """
    from schemathesis import checks
    from schemathesis.core.failures import FailureGroup

    if answer.beyond is not None or answer.status in SERVERS_OWN:
        return None
    try:
        checks.load_all_checks()
        wanted = [checks.CHECKS.get_one(name) for name in RESPONSE_CHECKS]
        operation().Case().validate_response(as_response(answer.exchange), checks=wanted)
    except FailureGroup as group:
        first = group.exceptions[0]
        said = " ".join(first.message.split())[:200]
        return Violation(
            "an answer as the document says", f"{first.title}: {said}", (answer.at("status", "body"),)
        )
    return None


def as_response(exchange: Exchange) -> httpx.Response:
    """The exchange as httpx would give it; its content is decoded, and no header of the request is known."""
    coded = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in exchange.headers if name.lower() not in coded]
    response = httpx.Response(exchange.status or 0, headers=headers, content=exchange.content)
    response.request = httpx.Request("GET", f"http://deployment.invalid{OLD_PATH}")
    response.elapsed = timedelta(seconds=exchange.elapsed)
    return response


@cache
def catalogue() -> Catalogue:
    return load_catalogue()


@cache
def operation() -> Any:
    """The operation as Schemathesis reads it, configured by nothing that lies about."""
    import schemathesis

    document = dict(catalogue().document.raw)
    return schemathesis.openapi.from_dict(document, config=schemathesis.Config())[OLD_PATH]["GET"]


def _kind(violation: Violation) -> str:
    return re.sub(r"[0-9]+", "0", f"{violation.expected} {violation.pointer}")
