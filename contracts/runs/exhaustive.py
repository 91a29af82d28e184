"""The exhaustive walk beside a run: how its pages are judged, what it adds to verdicts, where it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from contracts.evidence.answers import Answer, Page
from contracts.evidence.evidence import Conditions, Evidence
from contracts.evidence.responses import Content, LimitInForce, Success, WellFormed
from contracts.judging.catalogue import Catalogue
from contracts.model import Outcome, UserError, Verdict
from contracts.runs.probes.exhaustive import ExhaustiveState

_BY_ITSELF = (Answer, Page, Content, Success, WellFormed, LimitInForce)
_OF_PAGES = ("RESP", "PAGE", "DATA")
_OF_ALL = ("WALK-COMPLETE", "WALK-ONCE")


class _Settings(Protocol):
    @property
    def exhaustive(self) -> bool: ...
    @property
    def only(self) -> frozenset[str]: ...
    @property
    def resume(self) -> Path | None: ...


def is_clean(catalogue: Catalogue, conditions: Conditions, answer: Answer) -> bool:
    """Whether a page breaks nothing that one response can break."""
    evidence = Evidence([answer], (), conditions)
    return not any(
        one.refuses(subject, catalogue.document)
        for one in catalogue.checks.values()
        if one.subject in _BY_ITSELF
        for subject in evidence.subjects(one.subject)
    )


def started(settings: _Settings) -> ExhaustiveState:
    """A walk from the start, or from where an interrupted one came to; UserError for a file that is none."""
    if settings.resume is None or not settings.resume.is_file():
        return ExhaustiveState()
    try:
        walked = ExhaustiveState.load(settings.resume.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{settings.resume} cannot be read") from error
    return walked


def saved(settings: _Settings, walked: ExhaustiveState) -> None:
    """Puts down a walk where the user wants it; a finished one leaves no file."""
    if not settings.exhaustive or settings.resume is None or not walked.pages:
        return
    try:
        if walked.done:
            settings.resume.unlink(missing_ok=True)
        else:
            settings.resume.write_text(walked.dump(), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{settings.resume} cannot be written: {error.strerror or error}") from error


def told(walked: ExhaustiveState) -> str:
    """The walk in a sentence."""
    if not walked.done:
        return f"exhaustive walk: {walked.met:,} of {walked.total:,} profiles; resume it with --resume FILE"
    return f"exhaustive walk: {_extent(walked)} of {walked.limit}"


def _extent(walked: ExhaustiveState) -> str:
    return f"{walked.met:,} profiles on {walked.pages:,} pages"


def with_walk(verdicts: Iterable[Verdict], walked: ExhaustiveState) -> tuple[Verdict, ...]:
    """The verdicts with what the walk says of those that would pass."""
    return tuple(_with_walk(verdict, walked) for verdict in verdicts)


def _with_walk(verdict: Verdict, walked: ExhaustiveState) -> Verdict:
    id_ = verdict.requirement.id
    touched = verdict.requirement.area in _OF_PAGES or id_ in _OF_ALL
    if verdict.outcome is not Outcome.PASS or not touched:
        return verdict
    if not walked.done:
        reason = f"the exhaustive walk came to {walked.met:,} of {walked.total:,} profiles"
        return replace(verdict, reason=f"{reason}; {verdict.reason}" if verdict.reason else reason)
    doubt = _doubt(walked) if id_ in _OF_ALL else ""
    if doubt:
        return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=doubt, mutations_detected=0)
    return replace(verdict, reason=f"all {_extent(walked)}")


def _doubt(walked: ExhaustiveState) -> str:
    """Why a walk to the end proves nothing; empty where it met each profile once."""
    if len(walked.totals) > 1:
        stated = " and ".join(map(str, sorted(walked.totals)))
        return f"total_count moved during the walk ({stated}); a quiet hour would settle it"
    distinct = walked.met - sum(1 for _ in walked.twice())
    if distinct == walked.total:
        return ""
    return f"the walk met {distinct:,} profiles of {walked.total:,}; asked again, no two pages showed why"
