"""A broken requirement in words: the sentence, what was seen, and how to see it again."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.model import EvidenceClass, Exchange, Result, Verdict, Violation
from contracts.reports import curl, fact_text
from contracts.reports.summary import ReportOptions
from contracts.reports.text import number_of

_NO_RACE = {
    EvidenceClass.RESPONSE: "a single response shows it",
    EvidenceClass.ORDER: "the order of unchanged items shows it",
    EvidenceClass.STABLE: "no write explains it",
}


def explain(verdict: Verdict, result: Result, terms: ReportOptions) -> Iterator[tuple[str, str]]:
    """The block of a failure as labelled lines: the sentence, what was seen, and how to see it again.

    One counterexample is enough for a person; the JSON report has the others.
    """
    yield "", verdict.requirement.text
    for violation in verdict.violations[:1]:
        yield from _violation(violation)
        yield from _places(violation, result, terms)
        yield "Race", race(violation, verdict)
    if verdict.repetitions:
        yield "Repeated", f"reproduced {verdict.reproduced}/{verdict.repetitions}"
    further = max(verdict.violations_total, len(verdict.violations)) - 1
    if further > 0:
        yield "Further", f"{number_of(further, 'more violation')} of this requirement"
    blocked = blocked_by(verdict, result)
    if blocked:
        yield "Blocks", f"{number_of(len(blocked), 'requirement')}: {', '.join(blocked)}"


def race(violation: Violation, verdict: Verdict) -> str:
    """Why concurrent writes do not explain what was seen, or how many it would take.

    To explain what shows in each repetition, writes must come before each and be undone after it.
    """
    evidence = violation.evidence or verdict.requirement.evidence
    if violation.min_writes <= 0 or evidence is not EvidenceClass.STABLE:
        return f"not a race: {_NO_RACE[evidence]}"
    least = number_of(violation.min_writes * (2 * verdict.reproduced + 1), "precisely timed concurrent write")
    return f"ruled out: it would take at least {least}"


def headline(verdict: Verdict) -> str:
    """A failure in one line: `PAGE-COUNT (MUST): expected 25, got 24`."""
    title = f"{verdict.requirement.id} ({verdict.requirement.level})"
    if not verdict.violations:
        return f"{title}: {verdict.requirement.text}"
    first = verdict.violations[0]
    return f"{title}: expected {first.expected}, got {first.got}"


def exchanges_of(violation: Violation, result: Result) -> tuple[Exchange, ...]:
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
    last = violation.at[-1]
    yield "Place", " ".join([f"request #{last.exchange}", *(f for f in last.facts if f != "request")])


def _places(violation: Violation, result: Result, terms: ReportOptions) -> Iterator[tuple[str, str]]:
    """Each request of the counterexample, with what its response shows."""
    exchanges = {exchange.number: exchange for exchange in result.exchanges}
    for place in violation.at:
        exchange = exchanges.get(place.exchange)
        if exchange is not None:
            yield "Request", curl.line(exchange.request, terms.site(result))
            yield "Shows", f"#{place.exchange}: {fact_text.words(place, exchange) or 'a page between these'}"
