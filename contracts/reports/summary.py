"""What all reports say alike: the words for outcomes, the counts, the conclusion and its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from contracts.model import (
    ExitStatus,
    Level,
    Outcome,
    Requirement,
    Result,
    Verdict,
    exit_status,
)
from contracts.reports.curl import Secret, Site
from contracts.reports.text import number_of

AREAS = (
    "SERVED", "RESP", "PAGE", "WALK", "FILTER", "SEARCH",
    "INPUT", "ACCESS", "HTTP", "DATA", "ALIAS", "GEN",
)  # fmt: skip
"""The areas of the catalogue in the order in which reports show them; others follow."""


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """What the user asked the verdicts to be weighed by, and how to write the token's place.

    `untested` are the requirements without a check: reports name them, nothing weighs them. `secret` is None
    where the run had no credentials; `prefix` is the path of the base URL. `only` are the ids that the user
    chose, empty for all: what holds of a few must not read as if it held of the whole contract. `redact`
    hides secrets; each writer applies it to all that it writes.
    """

    level: Level = Level.MUST
    allow_unexercised: bool = False
    untested: tuple[Requirement, ...] = ()
    only: frozenset[str] = frozenset()
    secret: Secret | None = field(default_factory=Secret)
    prefix: str | None = None
    waivers_amiss: tuple[str, ...] = ()  # expired or unused waivers, where the user wants these to fail
    redact: Callable[[str], str] = str

    def site(self, result: Result) -> Site:
        """What curl lines need to know of the run."""
        return Site(result.deployment, self.prefix, self.secret)


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the whole run comes to: a word, the exit status, and one sentence that says why."""

    word: str
    status: int
    reason: str


def conclude(result: Result, terms: ReportOptions) -> Conclusion:
    """The conclusion that the verdicts come to on these terms."""
    status = exit_status(result.verdicts, allow_unexercised=terms.allow_unexercised, level=terms.level)
    if terms.waivers_amiss and status != ExitStatus.BROKEN:
        reason = f"{number_of(len(terms.waivers_amiss), 'waiver')} amiss: {terms.waivers_amiss[0]}"
        return Conclusion("DOES NOT CONFORM", ExitStatus.BROKEN, reason)
    words = {ExitStatus.CONFORMING: "CONFORMS", ExitStatus.BROKEN: "DOES NOT CONFORM"}
    return Conclusion(words.get(status, "NOT JUDGED"), status, _reason(result, terms, status))


def counts(result: Result) -> dict[Outcome, int]:
    """How many requirements have each outcome, every outcome named."""
    found = Counter(verdict.outcome for verdict in result.verdicts)
    return {outcome: found[outcome] for outcome in Outcome}


def is_warning(verdict: Verdict, terms: ReportOptions) -> bool:
    """Whether a broken SHOULD is only a warning on these terms."""
    return (
        verdict.outcome is Outcome.FAIL
        and verdict.requirement.level is Level.SHOULD
        and terms.level is Level.MUST
    )


WORDS = ("pass", "FAIL", "warn", "inconclusive", "not exercised", "n/a", "blocked", "waived")
"""What people read for an outcome, in the order in which reports count them."""


def word(verdict: Verdict, terms: ReportOptions) -> str:
    """The word for what the judge says of a requirement on these terms."""
    if verdict.outcome is Outcome.FAIL:
        return "warn" if is_warning(verdict, terms) else "FAIL"
    return "n/a" if verdict.outcome is Outcome.NOT_APPLICABLE else verdict.outcome.value


def broken(result: Result, terms: ReportOptions) -> tuple[Verdict, ...]:
    """The broken requirements, those that decide first."""
    found = [v for v in result.verdicts if v.outcome is Outcome.FAIL]
    return tuple(sorted(found, key=lambda v: is_warning(v, terms)))


def in_areas(verdicts: tuple[Verdict, ...]) -> dict[str, list[Verdict]]:
    """The verdicts by area, the known areas first and in their order."""
    known = dict.fromkeys(AREAS)
    areas: dict[str, list[Verdict]] = {area: [] for area in known}
    for verdict in verdicts:
        areas.setdefault(verdict.requirement.area, []).append(verdict)
    return {area: found for area, found in areas.items() if found}


def notes(result: Result) -> tuple[str, ...]:
    """What a reader must know; why the run ended early is always among it."""
    ended = result.interrupted
    if ended is None or any(ended in note for note in result.notes):
        return result.notes
    return (f"ended before all was asked: {ended}", *result.notes)


def why(verdict: Verdict) -> str:
    """One short clause behind an outcome: how much was judged, or why it was not."""
    if verdict.outcome is Outcome.PASS:
        return f"{verdict.judged:,} judged"
    if verdict.outcome is Outcome.FAIL:
        return number_of(max(verdict.violations_total, len(verdict.violations)), "violation")
    if verdict.blocked_by:
        return f"by {verdict.blocked_by}" + (f": {verdict.reason}" if verdict.reason else "")
    return verdict.reason or "no reason given"


def _reason(result: Result, terms: ReportOptions, status: int) -> str:
    weighty = tuple(
        v for v in result.verdicts if terms.level is Level.SHOULD or v.requirement.level is Level.MUST
    )
    if status == ExitStatus.BROKEN:
        broken = sum(v.outcome is Outcome.FAIL for v in weighty)
        return f"{number_of(broken, 'requirement')} broken{_of_those(terms)}"
    if status == ExitStatus.CONFORMING:
        passed = sum(v.outcome is Outcome.PASS for v in weighty)
        waived = sum(v.outcome is Outcome.WAIVED for v in weighty)
        accepted = f", {waived:,} waived" if waived else ""
        return f"{number_of(passed, 'requirement')} passed{accepted}{_of_those(terms)}"
    return _unsettled(weighty, terms)


def _of_those(terms: ReportOptions) -> str:
    return f", of the {len(terms.only):,} asked for; the others were not judged" if terms.only else ""


def _unsettled(weighty: tuple[Verdict, ...], terms: ReportOptions) -> str:
    order = [Outcome.INCONCLUSIVE, Outcome.BLOCKED, Outcome.NOT_EXERCISED]
    if terms.allow_unexercised:
        order.remove(Outcome.NOT_EXERCISED)
    for outcome in order:
        found = [v for v in weighty if v.outcome is outcome]
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            return f"{found[0].requirement.id} {outcome}: {why(found[0])}{more}"
    return "no requirement of that weight was judged"
