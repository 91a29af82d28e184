"""What a result comes to: a word for each outcome, the counts, and the verdict with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from contracts.model import ExitStatus, Level, Outcome, Requirement, Result, Verdict, exit_status
from contracts.reports.curl import Secret, Site
from contracts.reports.text import number_of

WORDS = (
    "pass", "fail", "warning", "inconclusive", "not exercised", "not applicable", "blocked", "waived",
)  # fmt: skip
"""The words for an outcome, in the order in which reports count them."""


def unchanged(text: str) -> str:
    """The text itself: how to redact where there is nothing to redact."""
    return text


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """How verdicts count, and how requests are shown.

    `untested` are the requirements without a check: reports name them, but they do not count. `only` are the
    ids that the user selected, empty for all. `secret` is None if the run had no credentials; `prefix` is the
    path of the base URL. `waivers_amiss` are expired or unused waivers that fail the gate. `redact` takes the
    secrets out of every text of a report.
    """

    level: Level = Level.MUST
    allow_unexercised: bool = False
    untested: tuple[Requirement, ...] = ()
    only: frozenset[str] = frozenset()
    secret: Secret | None = field(default_factory=Secret)
    prefix: str | None = None
    waivers_amiss: tuple[str, ...] = ()
    redact: Callable[[str], str] = unchanged

    def site(self, result: Result) -> Site:
        """What curl lines need to know of the run."""
        return Site(result.deployment, self.prefix, self.secret)

    def counts(self, verdict: Verdict) -> bool:
        """Whether the exit status depends on this verdict."""
        return self.level is Level.SHOULD or verdict.requirement.level is Level.MUST


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run comes to: CONFORMS, DOES NOT CONFORM or INCONCLUSIVE, the exit status, and why.

    Stale waivers fail the gate, but say nothing about the deployment: only the status is that of a failure.
    """

    word: str
    status: int
    reason: str


def conclude(result: Result, options: ReportOptions) -> Conclusion:
    """The conclusion that the verdicts come to with these options."""
    status = exit_status(result.verdicts, allow_unexercised=options.allow_unexercised, level=options.level)
    words = {ExitStatus.CONFORMING: "CONFORMS", ExitStatus.FAILED: "DOES NOT CONFORM"}
    verdict = words.get(status, "INCONCLUSIVE")
    if options.waivers_amiss and status != ExitStatus.FAILED:
        stale = f"{number_of(len(options.waivers_amiss), 'stale waiver')}: {options.waivers_amiss[0]}"
        return Conclusion(verdict, ExitStatus.FAILED, f"gate failed: {stale}")
    return Conclusion(verdict, status, _reason(result, options, status))


def counts(result: Result, options: ReportOptions) -> dict[str, int]:
    """How many requirements have each outcome, by its word; every word is there."""
    found = Counter(word(verdict, options) for verdict in result.verdicts)
    return {one: found[one] for one in WORDS}


def word(verdict: Verdict, options: ReportOptions) -> str:
    """The word for an outcome; a SHOULD that fails without failing the gate is a warning."""
    is_warning = verdict.outcome is Outcome.FAIL and not options.counts(verdict)
    return "warning" if is_warning else verdict.outcome.value


def why(verdict: Verdict) -> str:
    """One clause behind an outcome: how much was checked, or why it was not."""
    if verdict.outcome is Outcome.PASS:
        return f"{verdict.checked:,} checked"
    if verdict.outcome is Outcome.FAIL:
        return number_of(violations_of(verdict), "violation")
    if verdict.blocked_by:
        return f"by {verdict.blocked_by}" + (f": {verdict.reason}" if verdict.reason else "")
    return verdict.reason or "no reason given"


def violations_of(verdict: Verdict) -> int:
    """How many violations were found; only the strongest are kept."""
    return max(verdict.violations_total, len(verdict.violations))


def _reason(result: Result, options: ReportOptions, status: int) -> str:
    if status == ExitStatus.FAILED:
        return f"{_number_by_level(result, Outcome.FAIL, options)} failed{_selected(options)}"
    if status == ExitStatus.CONFORMING:
        waived = sum(v.outcome is Outcome.WAIVED for v in result.verdicts if options.counts(v))
        accepted = f", {waived:,} waived" if waived else ""
        return f"{_number_by_level(result, Outcome.PASS, options)} passed{accepted}{_selected(options)}"
    return _undecided(result, options)


def _number_by_level(result: Result, outcome: Outcome, options: ReportOptions) -> str:
    """`48 MUST and 10 SHOULD requirements`; without a SHOULD of that outcome, MUST alone."""
    found = Counter(v.requirement.level for v in result.verdicts if v.outcome is outcome)
    if outcome is Outcome.FAIL and options.level is Level.MUST:
        del found[Level.SHOULD]  # a warning
    numbers = [f"{found[level]:,} {level}" for level in Level if found[level]] or ["0"]
    return " and ".join(numbers) + (" requirement" if found.total() == 1 else " requirements")


def _selected(options: ReportOptions) -> str:
    return f", of {len(options.only):,} selected; the others were not checked" if options.only else ""


def _undecided(result: Result, options: ReportOptions) -> str:
    order = [Outcome.INCONCLUSIVE, Outcome.BLOCKED, Outcome.NOT_EXERCISED]
    if options.allow_unexercised:
        order.remove(Outcome.NOT_EXERCISED)
    for outcome in order:
        found = [v for v in result.verdicts if v.outcome is outcome and options.counts(v)]
        if found:
            more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
            return f"{found[0].requirement.id} {outcome}: {why(found[0])}{more}"
    return "no requirement of that level was checked"
