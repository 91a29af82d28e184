"""What odd queries must be answered with: the INPUT requirements."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.document.document import Document
from contracts.evidence.answers import Answer, Page, whole
from contracts.evidence.evidence import Evidence
from contracts.evidence.inputs import (
    ClientError,
    OddQuery,
    OddReading,
    OddValue,
    Repeated,
    UnknownParameter,
)
from contracts.judging.check import check
from contracts.judging.checks.filters import end_of_list
from contracts.judging.checks.response import media_type, schema_violations
from contracts.judging.checks.walk import reads_otherwise
from contracts.model import Evidence as Class
from contracts.model import FailureKind, Purpose, Violation

_ALIVE = "the deployment to answer, as it does before and after"


@check("INPUT-NO-5XX", requires=("SERVED",))
def no_query_is_answered_5xx(odd: OddQuery) -> Iterator[Violation]:
    """A 5xx has to recur; a hostile value that cut the connection is not asked twice."""
    exchange, number = odd.exchange, odd.exchange.number
    status = exchange.status or 0
    if status >= 500 and (odd.answer is None or not odd.answer.transient or _answers(odd)):
        expected = "200 or a refusal with 4xx"
        numbers = _with_next(odd) if odd.answer is not None and odd.answer.transient else (number,)
        yield Violation(expected, f"status {status}", numbers, evidence=Class.QUIET, writes=0)
    elif exchange.failure is not None and exchange.failure.kind is FailureKind.CUT and odd.after is not None:
        hostile = exchange.request.purpose is Purpose.HOSTILE
        if _answers(odd) or (hostile and _refused_connection(odd)):
            evidence = Class.ONE if hostile else Class.QUIET
            yield Violation(_ALIVE, "a cut connection", _with_next(odd), evidence=evidence, writes=0)


def _with_next(odd: OddQuery) -> tuple[int, ...]:
    """The odd query and the one after it: that the deployment went on answering is part of the proof."""
    return (odd.exchange.number, *((odd.after.number,) if odd.after is not None else ()))


def _answers(odd: OddQuery) -> bool:
    return odd.after is not None and odd.after.status is not None and odd.after.status < 500


def _refused_connection(odd: OddQuery) -> bool:
    failure = odd.after.failure if odd.after is not None else None
    return failure is not None and failure.kind in (FailureKind.CONNECT, FailureKind.CUT)


# --- readings of odd values ----------------------------------------------------------------------


def _refused(answer: Answer) -> bool:
    return 400 <= answer.status < 500


def _odd_values_shown(evidence: Evidence) -> bool:
    shown = evidence.subjects(OddValue)
    return any(_refused(odd.answer) or (odd.twin is not None and odd.twin.profiles) for odd in shown)


@check(
    "INPUT-READING",
    needs="a list that is not empty",
    exercised=_odd_values_shown,
    requires=("RESP-STATUS", "INPUT-NO-5XX", "PAGE-DEFAULT"),
)
def odd_value_is_refused_or_harmless(reading: OddReading) -> Iterator[Violation]:
    """Refused, or absent (a word), or clamped (a negative); the same at every position of the parameter."""
    odd, first = reading.odd, reading.first
    yield from _as_read(odd)
    settled = all(one.answer.status < 500 for one in (odd, first))
    if settled and _refused(first.answer) != _refused(odd.answer):
        expected = f"the same reading as for exchange {first.answer.number}, {_reading(first)}"
        numbers = (first.answer.number, odd.answer.number)
        yield Violation(expected, _reading(odd), numbers, evidence=Class.ONE, writes=0)


def _reading(odd: OddValue) -> str:
    return f"refused with {odd.answer.status}" if _refused(odd.answer) else f"answered {odd.answer.status}"


def _as_read(odd: OddValue) -> Iterator[Violation]:
    page = odd.answer.page
    if page is None or odd.twin is None:
        return
    if odd.kind == "negative":
        yield from _clamped(odd, page, odd.twin)
    elif odd.parameter == "is_active":
        yield from _absent_or_false(odd, page, odd.twin)
    else:
        yield from _absent(odd, page, odd.twin)


def _absent(odd: OddValue, page: Page, twin: Page) -> Iterator[Violation]:
    """As if it had not been given; the limit in force may be any default that was seen."""
    limits = {twin.limit, *(p.limit for p in odd.defaults if not p.everything)}
    everything = page.end >= page.total and page.limit in (len(page.profiles), page.total)
    if page.offset != twin.offset or not (page.limit in limits or everything) or not _agree(page, twin):
        yield _unlike(odd, page, twin, "as if it had not been given, or a refusal with 4xx")


def _absent_or_false(odd: OddValue, page: Page, twin: Page) -> Iterator[Violation]:
    """A server that asks whether the value is `true` takes every other for false: legal too."""
    like_false = odd.inactive is not None and _agree(page, odd.inactive)
    if not _agree(page, twin) and not like_false:
        yield _unlike(odd, page, twin, "as if it had not been given, or a refusal with 4xx")


def _clamped(odd: OddValue, page: Page, twin: Page) -> Iterator[Violation]:
    """A limit becomes 0, 1 or a limit in force; an offset becomes 0."""
    limits = {0, 1, twin.limit, *(p.limit for p in odd.defaults)}
    fits = page.limit in limits if odd.parameter == "limit" else page.offset == 0
    filled = len(page.profiles) == min(page.limit, max(0, page.total - page.offset))
    if not fits or not filled or page.offset != twin.offset or not _agree(page, twin):
        yield _unlike(odd, page, twin, "clamped to a legal value, or a refusal with 4xx")


def _agree(page: Page, other: Page) -> bool:
    """The same total, and the same profiles as far as both go."""
    length = min(len(page.ids), len(other.ids))
    return page.total == other.total and page.ids[:length] == other.ids[:length]


def _unlike(odd: OddValue, page: Page, twin: Page, expected: str) -> Violation:
    value = dict(odd.answer.asked.parameters).get(odd.parameter, "")
    got = (
        f"{len(page.profiles)} profiles, limit {page.limit}, offset {page.offset}, total_count {page.total}; "
        f"without it {len(twin.profiles)}, {twin.limit}, {twin.offset}, {twin.total}"
    )
    others = [twin.number, *((odd.inactive.number,) if odd.inactive else ())]
    numbers = (*sorted(set(others)), page.number)
    return Violation(f"{odd.parameter}={value} {expected}", got, numbers, "", evidence=Class.QUIET)


@check(
    "INPUT-REPEATED",
    needs="a list of at least two profiles",
    exercised=lambda e: any(_refused(r.answer) or all(r.singles) for r in e.subjects(Repeated)),
    requires=("RESP-STATUS", "INPUT-NO-5XX", "PAGE-LIMIT", "PAGE-FILL"),
)
def repeated_parameter_counts_once(subject: Repeated) -> Iterator[Violation]:
    """The first or the last, and page, total and echo agree on which; several tags may be joined."""
    page = subject.answer.page
    if page is not None and subject.name == "tags":
        yield from _tags_ignored(subject, page)
        return
    singles = [single for single in subject.singles if single is not None]
    if page is None or len(singles) < 2:
        return
    if not any(_same_page(page, single) for single in singles):
        expected = (
            f"the answer to {subject.name}={subject.values[0]} or to {subject.name}={subject.values[1]}"
        )
        got = _shape(page)
        numbers = (*(single.number for single in singles), page.number)
        yield Violation(expected + f" ({'; '.join(map(_shape, singles))})", got, numbers)


def _tags_ignored(subject: Repeated, page: Page) -> Iterator[Violation]:
    """Whatever is read, page and total belong together, and no profile comes without either tag."""
    yield from end_of_list(page)
    for position, profile in enumerate(page.profiles):
        if not any(profile.carries_folded(tag) for value in subject.values for tag in value.split(",")):
            expected = f"only profiles that carry {subject.values[0]!r} or {subject.values[1]!r}"
            pointer = f"/access_profiles/{position}/tags"
            got = f"profile {profile.id} without"
            yield Violation(expected, got, (page.number,), pointer, evidence=Class.ONE, writes=0)
            return


def _same_page(page: Page, other: Page) -> bool:
    numbers = (page.count, page.total, page.limit, page.offset)
    return page.ids == other.ids and numbers == (other.count, other.total, other.limit, other.offset)


def _shape(page: Page) -> str:
    return f"{len(page.ids)} profiles, limit {page.limit}, offset {page.offset}, total_count {page.total}"


@check(
    "INPUT-UNKNOWN",
    needs="a list that is not empty",
    exercised=lambda e: any(u.twin.profiles for u in e.subjects(UnknownParameter)),
    requires=("WALK-REPEAT",),
)
def unknown_parameter_changes_nothing(subject: UnknownParameter) -> Iterator[Violation]:
    """Ignored, or refused with 4xx."""
    answer, twin = subject.answer, subject.twin
    if _refused(answer):
        return
    page = answer.page
    if page is None or not _same_page(page, twin):
        got = f"status {answer.status}" if page is None else _shape(page)
        numbers = (twin.number, answer.number)
        yield Violation(f"the same as without it: {_shape(twin)}", got, numbers, evidence=Class.QUIET)
    else:
        yield from _other_content(page, twin)


def _other_content(page: Page, twin: Page) -> Iterator[Violation]:
    found = reads_otherwise(twin, page)
    if found is not None:
        identity, difference, pointer = found
        expected = f"profile {identity} as without it"
        yield Violation(expected, difference, (twin.number, page.number), pointer, evidence=Class.QUIET)


@check(
    "INPUT-ERROR-FORM",
    needs="a request that is refused",
    inapplicable=lambda e: "" if e.subjects(ClientError) else "nothing that was asked is refused by the API",
    requires=("SERVED",),
)
def refusal_has_the_documented_form(error: ClientError, document: Document) -> Iterator[Violation]:
    """JSON with `error.message`; a `status_code` in it equals the HTTP status."""
    answer = error.answer
    if media_type(answer) != "application/json" or answer.problem is not None:
        stated = answer.exchange.header("content-type") or "no Content-Type"
        yield Violation("a JSON error", f"{answer.status} with {stated[:80]}", (answer.number,), writes=0)
    elif answer.beyond is None:
        schema = document.error()
        yield from schema_violations(answer, answer.problems(schema))
        yield from _status_code(answer)


def _status_code(answer: Answer) -> Iterator[Violation]:
    value = answer.value
    if isinstance(value, dict) and "status_code" in value and whole(value["status_code"]) != answer.status:
        expected = f"status_code {answer.status}, the HTTP status"
        got = f"status_code {str(value['status_code'])[:40]}"
        yield Violation(expected, got, (answer.number,), "/status_code", writes=0)
