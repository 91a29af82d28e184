"""The whole flow in a screenful: ask, judge, ask witnesses again, judge, and hand out the result.

A newcomer starts here. `session` is pure: it asks by yielding requests, so the network, a recording or
a test can answer. `check` puts the transport behind it.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from contracts import judge as judging
from contracts.catalogue import Catalogue, load_catalogue
from contracts.everything import is_clean, saved, started, told, with_walk
from contracts.judge import Case, Finding, Round, Witness
from contracts.model import (
    NEW_PATH,
    OLD_PATH,
    Exchange,
    FailureKind,
    Outcome,
    Request,
    Result,
)
from contracts.probes.access import AT_MOST as ACCESS_AT_MOST
from contracts.probes.access import access, alias
from contracts.probes.exhaustive import WALKED, exhaustive
from contracts.probes.filters import AT_MOST as FILTERS_AT_MOST
from contracts.probes.filters import filters
from contracts.probes.generated import DEFAULT_EXAMPLES, generated
from contracts.probes.inputs import AT_MOST as INPUTS_AT_MOST
from contracts.probes.inputs import inputs
from contracts.probes.knowledge import Knowledge, Steps, query
from contracts.probes.sampling import filters as sampled_filters
from contracts.probes.search import AT_MOST as SEARCH_AT_MOST
from contracts.probes.search import search
from contracts.probes.survey import AT_MOST as SURVEY_AT_MOST
from contracts.probes.survey import survey
from contracts.probes.walks import AT_MOST as WALKS_AT_MOST
from contracts.probes.walks import walks
from contracts.readings import readings
from contracts.subjects.answer import TRANSIENT, Page
from contracts.subjects.evidence import Conditions, Evidence
from contracts.subjects.relations import FirstAnswer, WholeWalk
from contracts.transport import Bounds, BudgetSpent, Secrets, Target, Transport

# Requests spent at most on asking witnesses again.
CONFIRMING_AT_MOST = 120

# Requests spent at most on reading the whole list again between witnesses that are still in doubt.
STILL_AT_MOST = 160

# So many exchanges in a row without a response, retries included, say that the deployment is gone.
_GONE = 3

# Nor is it of use to go on where none of so many requests was answered 200.
_NO_SUCCESS = 8

Session = Generator[Request, Exchange, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for."""

    base_url: str
    path: str | None = None  # None: the older path, or the governance path where only that is served
    secrets: Secrets = field(default_factory=Secrets)
    bounds: Bounds = field(default_factory=Bounds)
    seed: int = 0
    only: frozenset[str] = frozenset()  # empty: all
    open: bool = False  # authentication is switched off on purpose
    gentle: bool = False  # leave out values that can take a process down
    examples: int | None = None  # generated queries behind GEN-DOCUMENT; None: the usual share
    exhaustive: bool = False  # every page of the list, besides what is asked otherwise
    resume: Path | None = None  # where the state of an interrupted exhaustive walk is, or is to be put
    verify: bool | str = True  # False, or a file of certificate authorities


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    probe: str
    sent: int
    at_most: int
    seconds_left: float | None = None  # where that can be told


@dataclass(frozen=True, slots=True)
class Probe:
    """A part of the asking: the requirement areas that it feeds, and its budget in requests."""

    name: str
    feeds: frozenset[str]
    at_most: int
    steps: Callable[[Knowledge, Path], Steps]


_ACCESS = frozenset({"ACCESS", "HTTP", "INPUT"})
_LISTED = frozenset({"RESP", "PAGE", "WALK", "FILTER", "SEARCH", "DATA", "ALIAS", "INPUT"})


def probes(settings: Settings) -> tuple[Probe, ...]:
    """The probes that the wanted requirements need, in the order asked."""
    examples = DEFAULT_EXAMPLES if settings.examples is None else settings.examples
    every = (
        Probe("survey", frozenset(), SURVEY_AT_MOST, lambda know, _: survey(know)),
        Probe("walks", _LISTED, WALKS_AT_MOST, lambda know, _: walks(know)),
        Probe("filters", frozenset({"RESP", "FILTER"}), FILTERS_AT_MOST, _filters),
        Probe("search", frozenset({"SEARCH"}), SEARCH_AT_MOST, lambda know, _: search(know)),
        Probe("access", _ACCESS, ACCESS_AT_MOST, lambda know, _: access(know)),
        Probe("the other path", frozenset({"ALIAS", "ACCESS"}), 6, lambda know, _: alias(know)),
        Probe("generated queries", frozenset({"GEN"}), examples, generated),
        Probe("odd queries", frozenset({"INPUT"}), INPUTS_AT_MOST, lambda know, _: inputs(know)),
    )
    areas = {id_.partition("-")[0] for id_ in settings.only}
    return tuple(p for p in every if not settings.only or not p.feeds or p.feeds & areas)


def _filters(know: Knowledge, _document: Path) -> Steps:
    return filters(know) if know.small else sampled_filters(know)


def plan(settings: Settings) -> tuple[tuple[str, int], ...]:
    """Each probe with the most requests that it sends; retries of passing trouble come on top."""
    asked = [(probe.name, probe.at_most) for probe in probes(settings)]
    again = (
        ("witnesses asked again, if any", CONFIRMING_AT_MOST),
        ("the whole list again, in doubt", STILL_AT_MOST),
    )
    return (*asked, *again)


def check(
    settings: Settings,
    *,
    catalogue: Catalogue | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Judges a deployment. Raises UserError for the user's mistakes; all else is in the result."""
    catalogue = catalogue or load_catalogue()
    catalogue.select(settings.only)
    result = _check_path(settings, settings.path or OLD_PATH, catalogue, progress)
    if settings.path is None and _not_served(result):
        other = _check_path(settings, NEW_PATH, catalogue, progress)
        if not _not_served(other):
            note = f"{OLD_PATH} is not served; judged {NEW_PATH} instead"
            return replace(other, notes=(note, *other.notes))
    return result


def _not_served(result: Result) -> bool:
    return any(
        (v.requirement.id == "SERVED" and v.outcome is Outcome.FAIL) or v.blocked_by == "SERVED"
        for v in result.verdicts
    )


def _check_path(
    settings: Settings,
    path: str,
    catalogue: Catalogue,
    progress: Callable[[Progress], None] | None,
) -> Result:
    target = Target.parse(settings.base_url, path)
    run = _Run(settings, path, catalogue, progress or (lambda _: None))
    began = time.monotonic()
    with Transport(
        target, settings.secrets, settings.bounds, verify=settings.verify, seed=settings.seed
    ) as transport:
        run.drive(transport.send)
    saved(settings, run.walked)
    return run.result(target.url, time.monotonic() - began)


def conditions(settings: Settings, path: str) -> Conditions:
    """What the settings state about the deployment."""
    secrets = settings.secrets
    return Conditions(
        token=secrets.token is not None or secrets.basic is not None,
        narrow=secrets.narrow is not None,
        open=settings.open,
        path=path,
    )


class _Run:
    """One run: what is known, what was asked again, and why it ended early if it did."""

    def __init__(
        self,
        settings: Settings,
        path: str,
        catalogue: Catalogue,
        progress: Callable[[Progress], None],
    ) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.progress = progress
        self.know = Knowledge(settings.seed, conditions(settings, path), settings.gentle, settings.examples)
        self.exchanges: list[Exchange] = []
        self.rounds: dict[Witness, list[Round]] = {}
        self.still: dict[Witness, list[Round]] = {}
        self.interrupted: str | None = None
        self.walked = started(settings)
        self._examined: tuple[int, Evidence, dict[str, Finding]] | None = None

    def drive(self, send: Callable[[Request], Exchange]) -> None:
        """Asks everything; what came until an interruption is kept."""
        try:
            self._answer(self._session(), send)
        except BudgetSpent as spent:
            self.interrupted = spent.why
        except KeyboardInterrupt:
            self.interrupted = "interrupted by the user"

    def _answer(self, session: Session, send: Callable[[Request], Exchange]) -> None:
        try:
            request = next(session)
            while True:
                exchange = send(request)
                if exchange.request.purpose != WALKED:  # those are too many to keep
                    self.exchanges.append(exchange)
                request = session.send(exchange)
        except StopIteration:
            return

    def _session(self) -> Session:
        for probe in probes(self.settings):
            steps = probe.steps(self.know, self.catalogue.document.path)
            yield from self._limited(probe.name, steps, probe.at_most)
            if self._hopeless():
                return
        if self.settings.exhaustive and not self.settings.only:
            yield from self._everything()
        yield from self._limited("witnesses", self._ask_again(), CONFIRMING_AT_MOST)
        yield from self._limited("the whole list again", self._between_reads(), STILL_AT_MOST)

    def _everything(self) -> Session:
        """The exhaustive walk, with the time that it will still take."""
        clean = partial(is_clean, self.catalogue, self.know.conditions)
        steps = exhaustive(self.know, self.walked, clean, self.exchanges.append)
        began, offset = time.monotonic(), self.walked.offset
        request = next(steps, None)
        gc.freeze()  # what is there stays: looking through it again and again takes as long as the judging
        try:
            while request is not None:
                walked = self.walked
                left = _left(time.monotonic() - began, walked.offset - offset, walked.total - walked.offset)
                pages = -(-walked.total // max(1, walked.limit))
                self.progress(Progress(WALKED, walked.pages, pages, left))
                request = steps.send((yield request))
        except StopIteration:
            return
        finally:
            gc.unfreeze()

    def _limited(self, name: str, steps: Session, at_most: int) -> Session:
        """The steps of a probe, cut off at its budget or when the deployment is gone."""
        sent = 0
        request = next(steps, None)
        while request is not None and sent < at_most and not self._hopeless():
            self.progress(Progress(name, sent, at_most))
            sent += 1
            try:
                request = steps.send((yield request))
            except StopIteration:
                return

    def _hopeless(self) -> bool:
        """Whether asking on is of no use: nothing answers, or not the API, or not to these credentials."""
        first = next(iter(self.know.evidence().subjects(FirstAnswer)), None) if self.know.answers else None
        if first is None:
            return bool(self.exchanges)
        gone = _gone(self.exchanges)
        if gone:
            self.interrupted = f"the deployment stopped answering: {_trouble(self.exchanges[-1])}"
        refused = first.answer.status in (401, 403)
        if len(self.exchanges) >= _NO_SUCCESS and not any(e.status == 200 for e in self.exchanges):
            self.interrupted = f"none of {len(self.exchanges)} requests was answered 200"
            return True
        return gone or refused or self._is_not_served(first)

    def _is_not_served(self, first: FirstAnswer) -> bool:
        return self.catalogue.checks["SERVED"].refuses(first, self.catalogue.document)

    def _ask_again(self) -> Session:
        case = self._case()
        for requests in judging.witnesses(case):
            while judging.wants_round(case, requests):
                one: list[Exchange] = []
                for request in requests:
                    one.append((yield request))
                self.rounds.setdefault(requests, []).append(Round(tuple(one), case.evidence.conditions))

    def _between_reads(self) -> Session:
        """The whole list and the witnesses in doubt by turns, as long as the list stays the same."""
        case = self._case()
        whole = first_whole_read(case.evidence)
        asked = _fitting(judging.open_witnesses(case), len(whole) + 1) if whole else []
        rounds: dict[Witness, list[Round]] = {requests: [] for requests in asked}
        for _ in range(judging.STILL_ROUNDS if asked else 0):
            if not (yield from _reads_the_same(whole)):
                return
            for requests in asked:
                one: list[Exchange] = []
                for request in requests:
                    one.append((yield request))
                rounds[requests].append(Round(tuple(one), case.evidence.conditions))
        if asked and (yield from _reads_the_same(whole)):
            self.still = rounds

    def _case(self) -> Case:
        """What was found; examined again only when more has been asked than witnesses."""
        heard = len(self.know.answers) + len(self.know.failed)
        if self._examined is None or self._examined[0] != heard:
            evidence = self.know.evidence()
            ids = _with_prerequisites(self.catalogue, self.settings.only)
            self._examined = (heard, evidence, judging.examine(self.catalogue, evidence, ids))
        _, evidence, findings = self._examined
        return Case(self.catalogue, evidence, findings, self.rounds, self.still, bool(self.interrupted))

    def result(self, deployment: str, seconds: float) -> Result:
        """What the run came to."""
        case = self._case()
        verdicts = judging.judge(case, self.settings.only)
        return Result(
            deployment=deployment,
            seed=self.settings.seed,
            verdicts=with_walk(verdicts, self.walked) if self.settings.exhaustive else verdicts,
            readings=readings(case.evidence),
            exchanges=tuple(self.exchanges),
            notes=tuple(self._notes()),
            seconds=seconds,
            interrupted=self.interrupted,
        )

    def _notes(self) -> Iterable[str]:
        if self.settings.exhaustive:
            yield told(self.walked)
        if self.interrupted:
            yield f"ended early: {self.interrupted}"
        waited = [e for e in self.exchanges if e.attempts]
        if waited:
            first = waited[0].attempts[0].why
            yield f"requests that were repeated after passing trouble ({first} first): {len(waited)}"


def _left(seconds: float, done: int, to_do: int) -> float | None:
    return seconds / done * max(0, to_do) if done > 0 else None


def first_whole_read(evidence: Evidence) -> tuple[Page, ...]:
    """The pages of the complete unfiltered walk with the largest pages; none where there is no such."""
    whole = [w.walk for w in evidence.subjects(WholeWalk)]
    return max(whole, key=lambda walk: walk.limit).pages if whole else ()


def _fitting(witnesses: list[Witness], reads: int) -> list[Witness]:
    """As many of the witnesses, the shortest first, as leave room for all rounds and reads."""
    room = (STILL_AT_MOST - reads) // judging.STILL_ROUNDS - reads
    lengths = itertools.accumulate(map(len, witnesses))
    return [one for one, length in zip(witnesses, lengths, strict=True) if length <= room]


def _reads_the_same(pages: tuple[Page, ...]) -> Generator[Request, Exchange, bool]:
    """Whether the pages hold the same profiles when they are asked for again, and none came after them."""
    last = pages[-1]
    after = Request(query(limit=last.limit, offset=last.end))
    exchanges = []
    for request in (*(page.answer.request for page in pages), after):
        exchanges.append((yield replace(request, purpose="the whole list again")))
    return _contents(Evidence.of(exchanges).pages) == _contents(pages)


def _contents(pages: tuple[Page, ...]) -> list[str]:
    return [profile.still for page in pages for profile in page.profiles]


def _gone(exchanges: list[Exchange]) -> bool:
    """Whether the last exchanges say that asking on is of no use; time-outs cost most, so two suffice."""
    last = exchanges[-_GONE:]
    slow = [e for e in exchanges[-2:] if e.failure is not None and e.failure.kind is FailureKind.TIMEOUT]
    return len(slow) == 2 or (
        len(last) == _GONE and all(e.status is None or e.status in TRANSIENT for e in last)
    )


def _trouble(exchange: Exchange) -> str:
    return exchange.failure.text if exchange.failure is not None else f"status {exchange.status}"


def _with_prerequisites(catalogue: Catalogue, ids: frozenset[str]) -> frozenset[str]:
    """The ids, and all that could be the cause of their failing."""
    if not ids:
        return frozenset()
    found = {*ids, *judging.BASE}
    pending = list(found)
    while pending:
        for required in catalogue.checks[pending.pop()].requires:
            if required not in found:
                found.add(required)
                pending.append(required)
    return frozenset(found)
