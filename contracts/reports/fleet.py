"""Several deployments side by side: one table, one array, one page, one exit status."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.model import ExitStatus, Outcome, Result, UserError
from contracts.reports import badge, files, json_report, summary, terminal
from contracts.reports.html import render_page
from contracts.reports.summary import Conclusion, ReportOptions
from contracts.reports.text import visible

OVERVIEW = ("index.html", "fleet.json")
"""Files of the overview; each deployment has a directory of its own beside them."""

_WORST_FIRST = (ExitStatus.INTERNAL, ExitStatus.USAGE, ExitStatus.BROKEN, ExitStatus.NOT_JUDGED)
_CALM = (Outcome.PASS, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Judged:
    """One deployment of a fleet, by the name that people call it."""

    name: str
    result: Result
    terms: ReportOptions

    @property
    def conclusion(self) -> Conclusion:
        """What its run came to."""
        return summary.conclude(self.result, self.terms)


def status(fleet: Sequence[Judged]) -> int:
    """The worst exit status: a broken MUST anywhere, then what was not judged."""
    found = {one.conclusion.status for one in fleet}
    return next((one for one in _WORST_FIRST if one in found), ExitStatus.CONFORMING)


def text(fleet: Sequence[Judged]) -> str:
    """The reports of all as one JSON array."""
    reports = [{"name": one.name, **json_report.render(one.result, one.terms)} for one in fleet]
    return _redacted(json.dumps(reports, ensure_ascii=True, allow_nan=False, indent=2) + "\n", fleet)


def _redacted(text: str, fleet: Sequence[Judged]) -> str:
    for one in fleet:
        text = one.terms.redact(text)
    return text


def render(fleet: Sequence[Judged], console: Console, *, quiet: bool = False) -> None:
    """Print the failures of each deployment, the table of all, and the last line."""
    for one in fleet:
        if any(verdict.outcome is Outcome.FAIL for verdict in one.result.verdicts):
            console.print(Text(f"== {visible(one.name)}", "bold"))
            terminal.render_failures(one.result, console, one.terms)
            console.print()
    console.print(_overview(fleet, console))
    differing = list(_differences(fleet))
    if differing and not quiet:
        console.print(_side_by_side(fleet, differing, console))
    good = sum(one.conclusion.status == ExitStatus.CONFORMING for one in fleet)
    console.print(Text(f"{good} of {len(fleet)} deployments conform; exit status {status(fleet)}", "bold"))


def badge_text(fleet: Sequence[Judged]) -> str:
    """A badge for the whole fleet."""
    good = sum(one.conclusion.status == ExitStatus.CONFORMING for one in fleet)
    return badge.of(f"{good} of {len(fleet)} conform", status(fleet))


def directories(names: Sequence[str]) -> tuple[str, ...]:
    """A directory name for each deployment: plain letters, and each one of a kind."""
    found: list[str] = []
    for at, name in enumerate(names, 1):
        plain = re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-")[:60].lower() or "deployment"
        found.append(plain if plain not in found else f"{plain}-{at}")
    return tuple(found)


def prepare(directory: Path, names: Sequence[str]) -> None:
    """Make the directories, and take away what an earlier run left in them; UserError where that fails."""
    try:
        for name in OVERVIEW:
            (directory / name).unlink(missing_ok=True)
        for name in directories(names):
            (directory / name).mkdir(parents=True, exist_ok=True)
            files.remove_old(directory / name)
    except OSError as error:
        raise UserError(f"Cannot write to the report directory {directory}: {error.strerror}.") from error


def write(fleet: Sequence[Judged], directory: Path) -> None:
    """Write the overview, and all formats of each deployment in a directory of its own."""
    places = directories([one.name for one in fleet])
    for one, place in zip(fleet, places, strict=True):
        files.write_all(one.result, one.terms, directory / place)
    files.write(directory / "fleet.json", text(fleet))
    files.write(directory / "index.html", page(fleet, places))


def page(fleet: Sequence[Judged], places: Sequence[str]) -> str:
    """The overview as an HTML page that links to the report of each."""
    good = sum(one.conclusion.status == ExitStatus.CONFORMING for one in fleet)
    rows = [
        (
            visible(one.name, at_most=200),
            place,
            visible(one.result.deployment, at_most=200),
            one.conclusion.word,
            visible(one.conclusion.reason, at_most=200),
            terminal.facts(one.result),
        )
        for one, place in zip(fleet, places, strict=True)
    ]
    content = render_page(
        "fleet.html.j2",
        look={ExitStatus.CONFORMING: "pass", ExitStatus.BROKEN: "fail"}.get(status(fleet), "open"),
        said=f"{good} of {len(fleet)} deployments conform",
        status=status(fleet),
        rows=rows,
        names=[row[0] for row in rows],
        differing=list(_differences(fleet)),
    )
    return _redacted(content, fleet)


def _differences(fleet: Sequence[Judged]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The requirements that are open or broken anywhere, with each deployment's word."""
    by_id = [{v.requirement.id: v for v in one.result.verdicts} for one in fleet]
    for id_ in dict.fromkeys(id_ for found in by_id for id_ in found):
        if any(id_ in found and found[id_].outcome not in _CALM for found in by_id):
            words = (
                summary.word(found[id_], one.terms) if id_ in found else "n/a"
                for found, one in zip(by_id, fleet, strict=True)
            )
            yield id_, tuple(words)


def _overview(fleet: Sequence[Judged], console: Console) -> Table:
    table = _table(console)
    table.add_column("Deployment", overflow="fold")
    for title in ("Verdict", "Requests", "Seconds"):
        table.add_column(title, no_wrap=True)
    table.add_column("Reason", overflow="fold", max_width=26)
    for one in fleet:
        shown = one.conclusion
        took = (f"{len(one.result.exchanges):,}", f"{one.result.seconds:.1f}")
        cells = (visible(one.name, at_most=60), shown.word, *took, visible(shown.reason, at_most=200))
        table.add_row(*(Text(_redacted(cell, fleet)) for cell in cells))  # before they are folded
    return table


def _side_by_side(
    fleet: Sequence[Judged], differing: Sequence[tuple[str, tuple[str, ...]]], console: Console
) -> Table:
    table = _table(console)
    table.add_column("Not passed everywhere", no_wrap=True)
    for one in fleet:
        table.add_column(Text(_redacted(visible(one.name, at_most=40), fleet)), overflow="fold")
    for id_, words in differing:
        table.add_row(Text(id_), *map(Text, words))
    return table


def _table(console: Console) -> Table:
    unicode = console.encoding.lower().startswith("utf")
    return Table(box=box.SIMPLE if unicode else box.ASCII2, pad_edge=False)
