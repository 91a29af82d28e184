"""What parts of a walk and reports of several machines come to: tables, one conclusion, JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts import __version__
from contracts.model import ExitStatus, Result, Verdict
from contracts.reports import summary, terminal
from contracts.reports.summary import Conclusion, Terms
from contracts.reports.text import number_of, visible

_WORST_FIRST = (ExitStatus.BROKEN, ExitStatus.NOT_JUDGED)
_WORDS = {ExitStatus.CONFORMING: "CONFORMS", ExitStatus.BROKEN: "DOES NOT CONFORM"}


@dataclass(frozen=True, slots=True)
class Reported:
    """One JSON report: the file, the deployment's name in it, and what it came to."""

    file: str
    name: str
    conclusion: Conclusion
    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a walk, as its file has it; offsets are of the first page and behind the last one."""

    file: str
    share: str
    first: int
    end: int
    pages: int
    profiles: int
    broken: int  # pages that break something by themselves


@dataclass(frozen=True, slots=True)
class Walk:
    """What all parts say together. `unexplained` says which broken pages no report tells of; mostly empty."""

    parts: tuple[Part, ...]
    verdicts: tuple[Verdict, ...]
    unexplained: str = ""

    @property
    def conclusion(self) -> Conclusion:
        """What the walk comes to, of the requirements that only all parts together can tell of."""
        found = summary.conclude(self.result, self.terms)
        if self.unexplained and found.status == ExitStatus.CONFORMING:
            return Conclusion("NOT JUDGED", ExitStatus.NOT_JUDGED, self.unexplained)
        return found

    @property
    def result(self) -> Result:
        """The verdicts in the form that reports take."""
        return Result("", 0, self.verdicts, (), ())

    @property
    def terms(self) -> Terms:
        """That these few requirements were judged, and no others."""
        return Terms(only=frozenset(verdict.requirement.id for verdict in self.verdicts))


@dataclass(frozen=True, slots=True)
class Merged:
    """Everything that was merged; `walk` is None where no file was a part of one."""

    walk: Walk | None
    reports: tuple[Reported, ...]

    @property
    def conclusion(self) -> Conclusion:
        """The worst of all: a broken MUST anywhere, then what was not judged."""
        found = [("the walk", self.walk.conclusion)] if self.walk is not None else []
        found += [(one.name, one.conclusion) for one in self.reports]
        for status in _WORST_FIRST:
            for name, conclusion in found:
                if conclusion.status == status:
                    return Conclusion(conclusion.word, status, f"{name}: {conclusion.reason}")
        return Conclusion(_WORDS[ExitStatus.CONFORMING], ExitStatus.CONFORMING, self._all_well())

    def _all_well(self) -> str:
        if self.walk is None:
            return f"{number_of(len(self.reports), 'report')}, all of them conforming"
        if not self.reports:
            return self.walk.conclusion.reason
        return (
            f"the parts make one whole walk, and {number_of(len(self.reports), 'report')} conform to it all"
        )


def render(merged: Merged, console: Console) -> None:
    """Print the parts and what they come to, a line for each report, and the conclusion."""
    if merged.walk is not None:
        console.print(_parts(merged.walk.parts, console))
        terminal.render_verdicts(merged.walk.result, console, merged.walk.terms)
        console.print()
    if merged.reports:
        console.print(_reports(merged.reports, console))
    conclusion = merged.conclusion
    terminal.print_folded(f"Reason: {visible(conclusion.reason)}", console)
    console.print(Text(f"{conclusion.word}  {_facts(merged)}", "bold"), soft_wrap=True)


def as_json(merged: Merged) -> str:
    """The same as JSON text in ASCII alone."""
    conclusion = merged.conclusion
    value = {
        "schema_version": 1,
        "suite": {"name": "bifrost-contracts", "version": __version__},
        "verdict": conclusion.word,
        "exit_status": conclusion.status,
        "reason": conclusion.reason,
        "walk": None if merged.walk is None else _walk(merged.walk),
        "reports": [_report(one) for one in merged.reports],
    }
    return json.dumps(value, ensure_ascii=True, allow_nan=False, indent=2) + "\n"


def _walk(walk: Walk) -> dict[str, object]:
    return {
        "profiles": sum(part.profiles for part in walk.parts),
        "pages": sum(part.pages for part in walk.parts),
        "broken_pages": sum(part.broken for part in walk.parts),
        "verdicts": [
            {"id": v.requirement.id, "outcome": v.outcome.value, "judged": v.judged, "reason": v.reason}
            for v in walk.verdicts
        ],
        "parts": [
            {
                "file": part.file,
                "part": part.share,
                "first": part.first,
                "end": part.end,
                "pages": part.pages,
                "profiles": part.profiles,
                "broken_pages": part.broken,
            }
            for part in walk.parts
        ],
    }


def _report(one: Reported) -> dict[str, object]:
    return {
        "file": one.file,
        "name": one.name,
        "verdict": one.conclusion.word,
        "exit_status": one.conclusion.status,
        "reason": one.conclusion.reason,
        "requests_sent": one.requests,
        "seconds": one.seconds,
    }


def _facts(merged: Merged) -> str:
    parts = [] if merged.walk is None else [number_of(len(merged.walk.parts), "part")]
    reports = [number_of(len(merged.reports), "report")] if merged.reports else []
    return ", ".join(parts + reports)


def _parts(parts: Sequence[Part], console: Console) -> Table:
    table = _table(console, "Part of the walk", "Part", "Offsets", "Pages", "Profiles", "Broken pages")
    for part in parts:
        numbers = (
            f"{part.first:,} to {part.end:,}",
            f"{part.pages:,}",
            f"{part.profiles:,}",
            f"{part.broken:,}",
        )
        table.add_row(*map(Text, (visible(part.file, at_most=60), part.share, *numbers)))
    return table


def _reports(reports: Sequence[Reported], console: Console) -> Table:
    table = _table(console, "Report", "Verdict", "Requests", "Seconds")
    table.add_column("Reason", overflow="fold", max_width=26)
    for one in reports:
        took = (f"{one.requests:,}", f"{one.seconds:.1f}")
        reason = visible(one.conclusion.reason, at_most=200)
        table.add_row(*map(Text, (visible(one.name, at_most=60), one.conclusion.word, *took, reason)))
    return table


def _table(console: Console, first: str, *others: str) -> Table:
    unicode = console.encoding.lower().startswith("utf")
    table = Table(box=box.SIMPLE if unicode else box.ASCII2, pad_edge=False)
    table.add_column(first, overflow="fold")
    for title in others:
        table.add_column(title, no_wrap=True)
    return table
