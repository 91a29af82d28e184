"""What a certificate says as a whole: certified, conforming in part, not conforming, or not judged."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contracts.model import Level, Outcome, Result, Verdict, exit_status


class Standing(StrEnum):
    """The level of a certificate."""

    CERTIFIED = "certified"
    IN_PART = "conforming in part"
    NOT_CONFORMING = "not conforming"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Assessment:
    """The level, the exit status that the verdicts come to, and what keeps it from being *certified*."""

    standing: Standing
    status: int
    lacking: tuple[str, ...]
    warnings: tuple[str, ...] = ()  # broken SHOULDs, which keep nothing from being certified


def assess(result: Result) -> Assessment:
    """*Certified* only if each MUST passed, or is empty by a legal choice, in a run that asked everything."""
    musts = [v for v in result.verdicts if v.requirement.level is Level.MUST]
    outcomes = {v.outcome for v in musts}
    lacking = tuple(_lacking(v) for v in musts if v.outcome not in (Outcome.PASS, Outcome.NOT_APPLICABLE))
    if result.interrupted:
        lacking = (*lacking, f"the run ended early: {result.interrupted}")
    shoulds = (v for v in result.verdicts if v.requirement.level is Level.SHOULD)
    warnings = tuple(v.requirement.id for v in shoulds if v.outcome is Outcome.FAIL)
    return Assessment(_standing(outcomes, lacking), exit_status(result.verdicts), lacking, warnings)


def _standing(outcomes: set[Outcome], lacking: tuple[str, ...]) -> Standing:
    if Outcome.FAIL in outcomes:
        return Standing.NOT_CONFORMING
    if Outcome.PASS not in outcomes:
        return Standing.INCONCLUSIVE
    return Standing.IN_PART if lacking else Standing.CERTIFIED


def _lacking(verdict: Verdict) -> str:
    why = f" by {verdict.blocked_by}" if verdict.blocked_by else ""
    reason = f": {verdict.reason}" if verdict.reason else ""
    return f"{verdict.requirement.id} {verdict.outcome.value}{why}{reason}"
