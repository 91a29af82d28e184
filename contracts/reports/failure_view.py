"""A failed requirement for people: what was expected, what was received, and the requests that show it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from html import escape

from contracts.model import EvidenceClass, Exchange, Place, Requirement, Result, Verdict, Violation
from contracts.reports import curl, fact_text
from contracts.reports.body_view import BodyLine, Comparison, body_lines, compare
from contracts.reports.curl import Site
from contracts.reports.summary import ReportOptions, violations_of, word
from contracts.reports.text import number_of, visible

TEXT = 300
"""Characters of one text that a person is shown; the JSON report has it complete."""

CURL = 2000
"""Characters of one curl line in HTML; terminals and the JSON report have it complete."""

_SHORT = 100  # of one of many texts
_REQUESTS = 6  # of one counterexample
_FURTHER = 3  # violations besides the first
_NAMED = 4  # requirements that are blocked

_NOT_A_RACE = {
    EvidenceClass.RESPONSE: "a single response shows it",
    EvidenceClass.ORDER: "the order of unchanged items shows it",
    EvidenceClass.STABLE: "no write explains it",
}


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One request of a counterexample; `shows` is empty where it is only needed for context."""

    number: int
    curl: str
    shows: str
    response: str
    body: tuple[BodyLine, ...] = ()
    is_cut: bool = False  # the requests of all failures are too large

    @property
    def title(self) -> str:
        """`Request #12 shows /total_count: 137`."""
        return f"Request #{self.number} " + (f"shows {self.shows}" if self.shows else "(needed for context)")


@dataclass(frozen=True, slots=True)
class FailureView:
    """A failed requirement: all texts are short, on one line, and safe to print."""

    requirement: Requirement
    word: str  # fail or warning
    expected: str
    got: str
    where: str
    pointer: str
    places: tuple[PlaceView, ...]
    left_out: int  # requests of the counterexample that are not among the places
    comparison: Comparison | None
    certainty: str  # whether it was reproduced, and why it is not a race
    blocks: str  # empty if it blocks no requirement
    further: str  # empty if there is no other violation
    others: tuple[str, ...]  # some of these, a line each

    @property
    def title(self) -> str:
        """`PAGE-COUNT (MUST)`."""
        return f"{self.requirement.id} ({self.requirement.level})"

    @property
    def headline(self) -> str:
        """`expected count 25, got count 24`."""
        return f"expected {self.expected}, got {self.got}"


@dataclass(slots=True)
class Budget:
    """How many characters the requests of all failures may take: hostile content must not fill a disk."""

    left: int = 400_000

    def allows(self, texts: Iterable[str]) -> bool:
        """Whether these texts, as HTML in ASCII, still fit."""
        self.left -= sum(len(escape(text).encode("ascii", "xmlcharrefreplace")) for text in texts)
        return self.left >= 0


def failure_view(verdict: Verdict, result: Result, options: ReportOptions, budget: Budget) -> FailureView:
    """The first violation of a requirement, with the requests that show it."""
    first = verdict.violations[0]
    found = _exchanges_of(first, result)
    # The last place is where the violation shows: it is never left out.
    chosen = found if len(found) <= _REQUESTS else (*found[: _REQUESTS - 1], found[-1])
    compared = compare([exchange for _, exchange in chosen], first.pointer) if len(chosen) > 1 else None
    return FailureView(
        requirement=verdict.requirement,
        word=word(verdict, options),
        expected=visible(first.expected, at_most=TEXT),
        got=visible(first.got, at_most=TEXT),
        where=visible(_where(first.at[-1]), at_most=TEXT),
        pointer=visible(first.pointer, at_most=TEXT),
        places=tuple(_place(place, one, options.site(result), budget) for place, one in chosen),
        left_out=len(found) - len(chosen),
        comparison=compared if compared and budget.allows(compared.texts) else None,
        certainty=_certainty(first, verdict),
        blocks=_blocks(verdict, result),
        further=_further(verdict),
        others=tuple(map(_one_line, verdict.violations[1 : 1 + _FURTHER])),
    )


def _exchanges_of(violation: Violation, result: Result) -> tuple[tuple[Place, Exchange], ...]:
    by_number = {exchange.number: exchange for exchange in result.exchanges}
    return tuple((p, by_number[p.exchange]) for p in violation.at if p.exchange in by_number)


def _where(place: Place) -> str:
    facts = [fact for fact in place.facts if fact != "request"]
    return f"request #{place.exchange}" + (f": {', '.join(facts)}" if facts else "")


def _certainty(violation: Violation, verdict: Verdict) -> str:
    """`Reproduced 3/3. Race ruled out: it would take at least 7 precisely timed concurrent writes.`"""
    reproduced = f"Reproduced {verdict.reproduced}/{verdict.repetitions}. " if verdict.repetitions else ""
    return f"{reproduced}{_race(violation, verdict)}."


def _race(violation: Violation, verdict: Verdict) -> str:
    """Why concurrent writes do not explain what was received, or how many it would take.

    To explain what shows in each repetition, writes must come before each and be undone after it.
    """
    evidence = violation.evidence or verdict.requirement.evidence
    if violation.min_writes <= 0 or evidence is not EvidenceClass.STABLE:
        return f"Not a race: {_NOT_A_RACE[evidence]}"
    least = number_of(violation.min_writes * (2 * verdict.reproduced + 1), "precisely timed concurrent write")
    return f"Race ruled out: it would take at least {least}"


def _blocks(verdict: Verdict, result: Result) -> str:
    ids = [v.requirement.id for v in result.verdicts if v.blocked_by == verdict.requirement.id]
    named = ", ".join(ids[:_NAMED]) + (", …" if len(ids) > _NAMED else "")
    return f"Blocks {number_of(len(ids), 'requirement')}: {named}" if ids else ""


def _further(verdict: Verdict) -> str:
    count = violations_of(verdict) - 1
    return f"{number_of(count, 'further violation')} of {verdict.requirement.id}" if count > 0 else ""


def _one_line(violation: Violation) -> str:
    numbers = ", ".join(f"#{number}" for number in violation.exchanges[:_REQUESTS])
    return visible(f"expected {violation.expected}, got {violation.got}", at_most=_SHORT) + f" ({numbers})"


# --- one request ------------------------------------------------------------------------------------


def _place(place: Place, exchange: Exchange, site: Site, budget: Budget) -> PlaceView:
    bare = PlaceView(
        number=exchange.number,
        curl=curl.line(exchange.request, site),
        shows=visible(fact_text.shows(place, exchange), at_most=TEXT),
        response=_response(exchange),
    )
    body = tuple(body_lines(exchange, place.facts))
    if budget.allows((bare.curl[:CURL], bare.shows, *(line.text for line in body))):
        return replace(bare, body=body)
    return replace(bare, shows=visible(bare.shows, at_most=_SHORT), is_cut=True)


def _response(exchange: Exchange) -> str:
    if exchange.failure is not None:
        return visible(f"no response: {exchange.failure.text}", at_most=TEXT)
    attempt = f", attempt {len(exchange.attempts) + 1}" if exchange.attempts else ""
    return f"{exchange.status}, {exchange.elapsed * 1000:.0f} ms{attempt}"
