"""One view of a result for every report format: what is stated, in words. The formats only lay it out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import cache, cached_property
from typing import Any

from contracts.model import Behaviour, Exchange, Outcome, Requirement, Result, Verdict
from contracts.reports import curl, summary
from contracts.reports.failure_view import TEXT, Budget, FailureView, failure_view
from contracts.reports.summary import ReportOptions
from contracts.reports.text import number_of, visible

AREAS = (
    "SERVED", "RESP", "PAGE", "WALK", "FILTER", "SEARCH",
    "INPUT", "ACCESS", "HTTP", "DATA", "ALIAS", "GEN",
)  # fmt: skip
"""The areas of requirements in the order in which reports show them; others follow."""


Reasons = dict[tuple[str, str], list[str]]
"""The ids of requirements by outcome and reason."""


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement: its verdict, the word for the outcome, and the clause behind it."""

    verdict: Verdict
    word: str
    why: str
    failure: FailureView | None

    @property
    def requirement(self) -> Requirement:
        """The requirement."""
        return self.verdict.requirement

    @property
    def facts(self) -> dict[str, str]:
        """Level, evidence class and outcome, as formats for machines name them."""
        level, evidence = self.requirement.level.value, self.requirement.evidence.value
        return {"level": level, "evidence": evidence, "outcome": self.word}


@dataclass(frozen=True, slots=True)
class RequestView:
    """One request and, in a few words, what was received."""

    exchange: Exchange
    line: str  # method and target
    received: str  # status, or why there is no response
    attempt: int


@dataclass(frozen=True)
class ReportView:
    """What every report format states of one run; `result` and all texts are redacted."""

    result: Result
    options: ReportOptions
    verdict: str
    exit_status: int
    reason: str
    deployment: str
    counts: dict[str, int]
    rows: tuple[Row, ...]
    behaviours: tuple[Behaviour, ...]
    notes: tuple[str, ...]

    @property
    def size(self) -> str:
        """`226 requests, 3.0 s, seed 0`."""
        result = self.result
        return f"{number_of(len(result.exchanges), 'request')}, {result.seconds:.1f} s, seed {result.seed}"

    @property
    def facts(self) -> dict[str, str | int]:
        """What the run came to, as formats for machines name it."""
        return {
            "deployment": self.deployment,
            "seed": self.result.seed,
            "verdict": self.verdict,
            "exit_status": self.exit_status,
            "reason": self.reason,
        }

    @property
    def tally(self) -> dict[str, int]:
        """The counts that are not 0."""
        return {word: count for word, count in self.counts.items() if count}

    @cached_property
    def failures(self) -> tuple[FailureView, ...]:
        """The failed requirements, warnings last."""
        found = [row.failure for row in self.rows if row.failure is not None]
        return tuple(sorted(found, key=lambda failure: failure.word == "warning"))

    @property
    def undecided(self) -> Reasons:
        """The requirements of which the run says neither that they pass nor that they fail."""
        return self._by_reason("inconclusive", "not exercised", "blocked")

    @property
    def waived(self) -> Reasons:
        """The requirements that the user waived."""
        return self._by_reason("waived")

    def _by_reason(self, *words: str) -> Reasons:
        found: Reasons = {}
        for row in self.rows:
            if row.word in words:
                found.setdefault((row.word, row.why), []).append(row.requirement.id)
        return found

    @property
    def areas(self) -> dict[str, list[Row]]:
        """The rows by area, the known areas first and in their order."""
        areas: dict[str, list[Row]] = {area: [] for area in AREAS}
        for row in self.rows:
            areas.setdefault(row.requirement.area, []).append(row)
        return {area: rows for area, rows in areas.items() if rows}

    @property
    def requests(self) -> Iterator[RequestView]:
        """Every request in the order of sending."""
        site = self.options.site(self.result)
        for one in self.result.exchanges:
            line = f"{one.request.method} {visible(curl.target(one.request, site))}"
            received = one.failure.kind.value if one.failure else str(one.status)
            yield RequestView(one, line, received, len(one.attempts) + 1)


def view(result: Result, options: ReportOptions) -> ReportView:
    """The view of a result; the one place where reports decide anything, and where they are redacted."""
    if options.redact is not summary.unchanged:
        result = _redacted(result, cache(options.redact))  # header fields repeat
    conclusion = summary.conclude(result, options)
    budget = Budget()
    return ReportView(
        result=result,
        options=options,
        verdict=conclusion.word,
        exit_status=conclusion.status,
        reason=visible(conclusion.reason, at_most=TEXT),
        deployment=visible(result.deployment, at_most=TEXT),
        counts=summary.counts(result, options),
        rows=tuple(_row(verdict, result, options, budget) for verdict in result.verdicts),
        behaviours=tuple(map(_behaviour, result.behaviours)),
        notes=tuple(visible(note, at_most=TEXT) for note in _notes(result)),
    )


def _row(verdict: Verdict, result: Result, options: ReportOptions, budget: Budget) -> Row:
    failed = verdict.outcome is Outcome.FAIL
    failure = failure_view(verdict, result, options, budget) if failed else None
    why = visible(summary.why(verdict), at_most=TEXT)
    return Row(verdict, summary.word(verdict, options), why, failure)


def _behaviour(found: Behaviour) -> Behaviour:
    return replace(found, name=visible(found.name), value=visible(found.value, at_most=TEXT))


def _notes(result: Result) -> tuple[str, ...]:
    """What a reader must know; why the run ended early is always among it."""
    ended = result.interrupted
    if ended is None or any(ended in note for note in result.notes):
        return result.notes
    return (f"The run ended early: {ended}", *result.notes)


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """The value with every text in it redacted, bodies and headers too; requirements are the suite's own."""
    if isinstance(value, Enum | Requirement):
        return value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, bytes):
        return _redacted_body(value, redact)
    if isinstance(value, tuple):
        return tuple(_redacted(one, redact) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _redacted(getattr(value, f.name), redact) for f in fields(value)})
    return value


def _redacted_body(content: bytes, redact: Callable[[str], str]) -> bytes:
    """The body as it is if nothing in it is secret, else its redacted text in UTF-8."""
    text = content.decode(json.detect_encoding(content), "backslashreplace")
    shown = redact(text)
    return content if shown == text else shown.encode("utf-8", "backslashreplace")
