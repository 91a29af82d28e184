"""A broken requirement in words: the sentence, what was seen, and how to see it again."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.model import Evidence, Exchange, Requirement, Result, Verdict, Violation
from contracts.reports import curl
from contracts.reports import fact_text as shown
from contracts.reports.summary import ReportOptions
from contracts.reports.text import number_of

_EXCUSES = {
    Evidence.ONE: "a single response shows it",
    Evidence.ORDER: "the order of unchanged profiles shows it",
    Evidence.QUIET: "nothing else changed meanwhile",
}


def explain(verdict: Verdict, result: Result, terms: ReportOptions) -> Iterator[tuple[str, str]]:
    """The block of a failure as labelled lines: the sentence, what was seen, and how to see it again.

    One witness is enough for a person, the strongest; the JSON report has the others.
    """
    yield "", verdict.requirement.text
    for violation in verdict.violations[:1]:
        yield from _violation(violation)
        yield from _witness(verdict, result, terms)
        yield "Writes", excuse(violation, verdict.requirement, verdict.confirmed)
    if verdict.confirmed:
        alone = "; these requests alone show it again" if verdict.reproduced else ""
        yield "Confirmed", f"asked again {number_of(verdict.confirmed, 'time')}, the same each time{alone}"
    further = max(verdict.violations_total, len(verdict.violations)) - 1
    if further > 0:
        yield "Further", f"{number_of(further, 'more violation')} of this requirement"
    blocked = blocked_by(verdict, result)
    if blocked:
        yield "Blocks", f"{len(blocked)} more blocked by it: {', '.join(blocked)}"


def excuse(violation: Violation, requirement: Requirement, confirmed: int = 0) -> str:
    """Why writes by others do not explain what was seen, or how many would.

    To excuse what came again each time, writes must come before each round and be undone after it.
    """
    evidence = violation.evidence or requirement.evidence
    if violation.writes <= 0 or evidence is not Evidence.QUIET:
        return f"none by others excuses it: {_EXCUSES[evidence]}"
    least = number_of(violation.writes * (2 * confirmed + 1), "write")
    return f"at least {least} by others, at these very moments, would be needed to excuse it"


def headline(verdict: Verdict) -> str:
    """A failure in one line: `PAGE-COUNT (MUST): expected 25, got 24`."""
    title = f"{verdict.requirement.id} ({verdict.requirement.level})"
    if not verdict.violations:
        return f"{title}: {verdict.requirement.text}"
    first = verdict.violations[0]
    return f"{title}: expected {first.expected}, got {first.got}"


def witnesses(violation: Violation, result: Result) -> tuple[Exchange, ...]:
    """The exchanges that show the violation, in the order in which it names them."""
    by_number = {exchange.number: exchange for exchange in result.exchanges}
    return tuple(by_number[number] for number in violation.exchanges if number in by_number)


def blocked_by(verdict: Verdict, result: Result) -> tuple[str, ...]:
    """Ids of the requirements that were not judged because this one is broken."""
    wanted = verdict.requirement.id
    return tuple(v.requirement.id for v in result.verdicts if v.blocked_by == wanted)


def _violation(violation: Violation) -> Iterator[tuple[str, str]]:
    yield "Expected", violation.expected
    yield "Got", violation.got
    if violation.pointer:
        yield "Place", violation.pointer


def _witness(verdict: Verdict, result: Result, terms: ReportOptions) -> Iterator[tuple[str, str]]:
    """The requests with what each shows; all of the violation's where no proof was cut from them."""
    site = terms.site(result)
    for excerpt in verdict.witness:
        yield "Request", curl.line(excerpt.request, site)
        yield "Shows", shown.words(excerpt)
    for exchange in () if verdict.witness else witnesses(verdict.violations[0], result):
        yield "Request", curl.line(exchange.request, site)
