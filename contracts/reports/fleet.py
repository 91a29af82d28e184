"""Several deployments side by side: one table, one array, one page, one exit status."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from pathlib import Path

from rich.console import Console
from rich.text import Text

from contracts.files import require_writable
from contracts.model import ExitStatus, Result, UserError
from contracts.reports import badge, files, html, json_report, terminal
from contracts.reports.summary import ReportOptions
from contracts.reports.text import visible
from contracts.reports.view import ReportView, view

OVERVIEW = ("index.html", "fleet.json")
"""Files of the overview; each deployment has a directory of its own beside them."""

_WORST_FIRST = (ExitStatus.INTERNAL, ExitStatus.USAGE, ExitStatus.FAILED, ExitStatus.INCONCLUSIVE)
_DECIDED = ("pass", "not applicable")
_NAME = 60


@dataclass(frozen=True)
class Judged:
    """One deployment of a fleet, by the name that people call it."""

    name: str
    result: Result
    report_options: ReportOptions

    @cached_property
    def view(self) -> ReportView:
        """What reports state of its run."""
        return view(self.result, self.report_options)

    @property
    def title(self) -> str:
        """The name, safe to print."""
        return visible(self.name, at_most=_NAME)


def status(fleet: Sequence[Judged]) -> int:
    """The worst exit status: a failed MUST anywhere, then what is inconclusive."""
    found = {one.view.exit_status for one in fleet}
    return next((one for one in _WORST_FIRST if one in found), ExitStatus.CONFORMING)


def text(fleet: Sequence[Judged]) -> str:
    """The reports of all as one JSON array."""
    return json_report.dumps([{"name": one.name, **json_report.render(one.view)} for one in fleet])


def render(fleet: Sequence[Judged], console: Console, *, quiet: bool = False) -> None:
    """Print the failures of each deployment, the table of all, and the last line."""
    for one in fleet:
        if one.view.failures:
            console.print(Text(f"== {one.title}", "bold"))
            terminal.render_failures(one.view, console)
            console.print()
    _print_overview(fleet, console)
    if not quiet:
        _print_differences(fleet, console)
    console.print(Text(f"{_conforming(fleet)}; exit status {status(fleet)}", "bold"))


def badge_text(fleet: Sequence[Judged]) -> str:
    """A badge for the whole fleet."""
    return badge.badge(_conforming(fleet).replace(" deployments", ""), status(fleet))


def unique_names(names: Iterable[str], numbered: str = "{} ({})") -> tuple[str, ...]:
    """The names, with a number added to those that occur again."""
    found: list[str] = []
    for name in names:
        candidates = chain([name], (numbered.format(name, number) for number in count(2)))
        found.append(next(one for one in candidates if one not in found))
    return tuple(found)


def directories(names: Iterable[str]) -> tuple[str, ...]:
    """A different directory name for each deployment: lower-case letters, digits and hyphens."""
    plain = (re.sub(r"[^A-Za-z0-9-]+", "-", name).strip("-")[:60].lower() or "deployment" for name in names)
    return unique_names(plain, "{}-{}")


def prepare(directory: Path, names: Sequence[str]) -> None:
    """Make the directory of each deployment. Raises UserError if it or the overview cannot be written."""
    try:
        for name in directories(names):
            (directory / name).mkdir(parents=True, exist_ok=True)
            require_writable(directory / name / next(iter(files.FORMATS)))
    except OSError as error:
        raise UserError(f"Cannot write to the report directory {directory}: {error.strerror}.") from error
    for name in OVERVIEW:
        require_writable(directory / name)


def write(fleet: Sequence[Judged], directory: Path) -> None:
    """Write the overview, and all formats of each deployment in a directory of its own."""
    names = directories([one.name for one in fleet])
    for one, name in zip(fleet, names, strict=True):
        files.write_all(one.view, directory / name)
    files.write(directory / "fleet.json", text(fleet))
    files.write(directory / "index.html", page(fleet, names))


def page(fleet: Sequence[Judged], names: Sequence[str]) -> str:
    """The overview as an HTML page that links to the report of each, in the directory of that name."""
    return html.render_page(
        "fleet.html.j2",
        look=html.look(status(fleet)),
        said=_conforming(fleet),
        status=status(fleet),
        members=list(zip(fleet, names, strict=True)),
        differing=list(_differences(fleet)),
    )


def _conforming(fleet: Sequence[Judged]) -> str:
    good = sum(one.view.verdict == "CONFORMS" for one in fleet)
    return f"{good} of {len(fleet)} deployments conform"


def _differences(fleet: Sequence[Judged]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The requirements that are not decided or not met somewhere, with each deployment's word."""
    by_id = [{row.requirement.id: row.word for row in one.view.rows} for one in fleet]
    for id_ in dict.fromkeys(id_ for found in by_id for id_ in found):
        words = tuple(found.get(id_, "not applicable") for found in by_id)
        if any(word not in _DECIDED for word in words):
            yield id_, words


def _print_overview(fleet: Sequence[Judged], console: Console) -> None:
    table = terminal.table(console, "Deployment", "Verdict", "Requests", "Seconds", "Reason")
    for column in (table.columns[0], table.columns[-1]):
        column.no_wrap, column.overflow = False, "fold"
    table.columns[-1].max_width = 26
    for one in fleet:
        result = one.view.result
        took = (f"{len(result.exchanges):,}", f"{result.seconds:.1f}")
        table.add_row(*map(Text, (one.title, one.view.verdict, *took, one.view.reason)))
    console.print(table)


def _print_differences(fleet: Sequence[Judged], console: Console) -> None:
    differing = list(_differences(fleet))
    table = terminal.table(console, "Not passed everywhere")
    for one in fleet:
        table.add_column(Text(one.title), overflow="fold")
    for id_, words in differing:
        table.add_row(Text(id_), *map(Text, words))
    if differing:
        console.print(table)
