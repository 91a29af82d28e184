"""What odd queries must be answered with: the INPUT requirements."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.document.document import Document
from contracts.evidence.answers import Answer, Page, whole
from contracts.evidence.evidence import Evidence
from contracts.evidence.inputs import (
    OddQuery,
    OddReading,
    OddValue,
    Repeated,
    UnknownParameter,
    client_errors,
    odd_queries,
    odd_readings,
    odd_values,
    repeated,
    unknown_parameters,
)
from contracts.judging.check import check
from contracts.judging.checks.response import JSON, media_type, schema_violations, stated_type
from contracts.judging.relations import (
    ENVELOPE,
    agree,
    disagreement,
    ends_with_total,
    refused,
    same_content,
    same_page,
    shape,
)
from contracts.model import EvidenceClass, Exchange, FailureKind, Place, Purpose, Violation

_ALIVE = "a response, as to the requests before and after"


@check("INPUT-NO-5XX", odd_queries, requires=("SERVED",))
def no_query_is_answered_5xx(odd: OddQuery) -> Iterator[Violation]:
    """A 5xx has to recur; a hostile value that cut the connection is not sent twice."""
    exchange, answer = odd.exchange, odd.answer
    if answer is not None and answer.status >= 500 and (not answer.transient or _answers(odd)):
        after = [_outcome(odd.after)] if answer.transient and odd.after is not None else []
        at = (*after, answer.at("status", "request"))
        got = f"status {answer.status}"
        yield Violation("200, or 4xx", got, at, EvidenceClass.STABLE, min_writes=0)
    elif exchange.failure is not None and exchange.failure.kind is FailureKind.CUT and odd.after is not None:
        hostile = exchange.request.purpose is Purpose.HOSTILE
        if _answers(odd) or (hostile and _refused_connection(odd)):
            evidence = EvidenceClass.RESPONSE if hostile else EvidenceClass.STABLE
            at = (_outcome(odd.after), Place(exchange.number, ("failure", "request")))
            yield Violation(_ALIVE, "a cut connection", at, evidence, min_writes=0)


def _outcome(exchange: Exchange) -> Place:
    """That the deployment answers the next request, or does not, is part of the proof."""
    return Place(exchange.number, ("status" if exchange.status is not None else "failure",))


def _answers(odd: OddQuery) -> bool:
    return odd.after is not None and odd.after.status is not None and odd.after.status < 500


def _refused_connection(odd: OddQuery) -> bool:
    failure = odd.after.failure if odd.after is not None else None
    return failure is not None and failure.kind in (FailureKind.CONNECT, FailureKind.CUT)


# --- how odd values are taken -------------------------------------------------------------------------


def _odd_values_shown(evidence: Evidence) -> bool:
    shown = evidence.select(odd_values)
    return any(refused(odd.answer) or (odd.twin is not None and odd.twin.profiles) for odd in shown)


@check(
    "INPUT-READING",
    odd_readings,
    needs="a list that is not empty",
    exercised=_odd_values_shown,
    requires=("RESP-STATUS", "INPUT-NO-5XX", "PAGE-DEFAULT"),
)
def odd_value_is_refused_or_harmless(behaviour: OddReading) -> Iterator[Violation]:
    """Refused, or absent (a word), or clamped (a negative); the same at every position of the parameter."""
    pair = (behaviour.first, behaviour.odd)
    yield from _as_taken(behaviour.odd)
    settled = all(one.answer.status < 500 for one in pair)
    if settled and refused(pair[0].answer) != refused(pair[1].answer):
        sides = ((one.answer.at("request", "status"), f"status {one.answer.status}") for one in pair)
        what = {"word": "a word", "negative": "a negative number"}[behaviour.odd.kind]
        rule = f"{what} as {behaviour.odd.parameter} to be refused always or never"
        yield disagreement(rule, *sides, evidence=EvidenceClass.RESPONSE, min_writes=0)


def _as_taken(odd: OddValue) -> Iterator[Violation]:
    page, twin = odd.answer.page, odd.twin
    if page is None or twin is None:
        return
    if odd.kind == "negative":
        fits, how = _clamped(odd, page, twin), "clamped to a legal value"
    elif odd.parameter == "is_active":
        fits, how = _absent_or_false(odd, page, twin), "treated as absent"
    else:
        fits, how = _absent(odd, page, twin), "treated as absent"
    if not fits:
        yield _unlike(odd, page, twin, f"refused with 4xx or {how}")


def _absent(odd: OddValue, page: Page, twin: Page) -> bool:
    """As if it had not been given; the limit in force may be any default that was seen."""
    limits = {twin.limit, *(p.limit for p in odd.defaults if not p.everything)}
    everything = page.end >= page.total and page.limit in (len(page.profiles), page.total)
    return page.offset == twin.offset and (page.limit in limits or everything) and agree(page, twin)


def _absent_or_false(odd: OddValue, page: Page, twin: Page) -> bool:
    """A server that tests whether the value is `true` takes every other for false: legal too."""
    return agree(page, twin) or (odd.inactive is not None and agree(page, odd.inactive))


def _clamped(odd: OddValue, page: Page, twin: Page) -> bool:
    """A limit becomes 0, 1 or a limit in force; an offset becomes 0."""
    limits = {0, 1, twin.limit, *(p.limit for p in odd.defaults)}
    fits = page.limit in limits if odd.parameter == "limit" else page.offset == 0
    filled = len(page.profiles) == min(page.limit, max(0, page.total - page.offset))
    return fits and filled and page.offset == twin.offset and agree(page, twin)


def _unlike(odd: OddValue, page: Page, twin: Page, expected: str) -> Violation:
    value = dict(odd.answer.query.parameters).get(odd.parameter, "")
    got = f"{shape(page)}; request #{twin.number}, without it, shows {shape(twin)}"
    inactive = [odd.inactive] if odd.inactive else []
    at = (*(one.at(*ENVELOPE) for one in (*inactive, twin)), page.at(*ENVELOPE))
    return Violation(f"{odd.parameter}={value} {expected}", got, at, EvidenceClass.STABLE)


# --- repeated and unknown parameters ------------------------------------------------------------------


@check(
    "INPUT-REPEATED",
    repeated,
    needs="a list of at least two items",
    exercised=lambda e: any(refused(r.answer) or all(r.singles) for r in e.select(repeated)),
    requires=("RESP-STATUS", "INPUT-NO-5XX", "PAGE-LIMIT", "PAGE-FILL"),
)
def repeated_parameter_counts_once(subject: Repeated) -> Iterator[Violation]:
    """The first or the last, and page, total and echo agree on which; several tags may be joined."""
    page = subject.answer.page
    singles = [single for single in subject.singles if single is not None]
    if page is None:
        return
    if subject.name == "tags":
        yield from _tags_ignored(subject, page)
    elif len(singles) == len(subject.values) and not any(same_page(page, single) for single in singles):
        shown = (
            f"{subject.name}={value} (request #{single.number}: {shape(single)})"
            for value, single in zip(subject.values, singles, strict=True)
        )
        at = (*(single.at(*ENVELOPE) for single in singles), page.at(*ENVELOPE))
        yield Violation(f"the page of {' or of '.join(shown)}", shape(page), at)


def _tags_ignored(subject: Repeated, page: Page) -> Iterator[Violation]:
    """Whatever counts, page and total belong together, and no item comes without either tag."""
    yield from ends_with_total(page)
    for index, item in enumerate(page.profiles):
        if not any(item.carries_folded(tag) for value in subject.values for tag in value.split(",")):
            expected = f"only items that carry {subject.values[0]!r} or {subject.values[1]!r}"
            got = f"id {item.id} with {', '.join(map(repr, item.tags)) or 'no tag'}"
            at = (page.at_item(index, "/id", "/tags"),)
            yield Violation(expected, got, at, EvidenceClass.RESPONSE, min_writes=0)
            return


@check(
    "INPUT-UNKNOWN",
    unknown_parameters,
    needs="a list that is not empty",
    exercised=lambda e: any(u.twin.profiles for u in e.select(unknown_parameters)),
    requires=("WALK-REPEAT",),
)
def unknown_parameter_changes_nothing(subject: UnknownParameter) -> Iterator[Violation]:
    """Ignored, or refused with 4xx."""
    answer, page, twin = subject.answer, subject.answer.page, subject.twin
    rule = "an unknown parameter to change nothing, or to be refused with 4xx"
    if refused(answer):
        return
    if page is not None and same_page(page, twin):
        yield from same_content(twin, page, rule)
    else:
        side = (answer.at("status"), f"status {answer.status}")
        if page is not None:
            side = (page.at(*ENVELOPE), shape(page))
        yield disagreement(rule, (twin.at(*ENVELOPE), shape(twin)), side, evidence=EvidenceClass.STABLE)


# --- the form of errors -------------------------------------------------------------------------------


@check(
    "INPUT-ERROR-FORM",
    client_errors,
    needs="a request that is refused",
    inapplicable=lambda e: "" if e.select(client_errors) else "the API refused no request",
    requires=("SERVED",),
)
def refusal_has_the_documented_form(answer: Answer, document: Document) -> Iterator[Violation]:
    """JSON with `error.message`; a `status_code` in it equals the HTTP status."""
    if media_type(answer) != JSON or answer.problem is not None:
        why = stated_type(answer) if media_type(answer) != JSON else f"no JSON text: {answer.problem}"
        at = (answer.at("status", "headers/content-type", "body"),)
        yield Violation("a JSON error", f"{answer.status} with {why}", at, min_writes=0)
    elif answer.beyond is None:
        yield from schema_violations(answer, answer.problems(document.error()))
        yield from _status_code(answer)


def _status_code(answer: Answer) -> Iterator[Violation]:
    value = answer.value
    if isinstance(value, dict) and "status_code" in value and whole(value["status_code"]) != answer.status:
        expected = f"status_code {answer.status}, the HTTP status"
        got = f"status_code {str(value['status_code'])[:40]}"
        yield Violation(expected, got, (answer.at("/status_code", "status"),), min_writes=0)
