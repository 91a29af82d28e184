"""The report for a person at a terminal or in a CI log: one line per requirement, one block per failure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.reports import failure_text
from contracts.reports.failure_view import FailureView
from contracts.reports.text import number_of
from contracts.reports.view import ReportView, Row

_NARROWEST = 40  # indented text needs some room, whatever COLUMNS says
_WIDEST = 100  # long lines of prose are hard to read, however wide the window
_WORD = 14  # the longest word: "not applicable"
_ID = 24
_AREA = 10
_IDS = 8  # in the last line

_LOOKS = {
    "pass": ("✓", "+", "green"),
    "fail": ("✗", "x", "bold red"),
    "warning": ("!", "!", "yellow"),
    "inconclusive": ("?", "?", "yellow"),
    "not exercised": ("·", ".", "cyan"),
    "not applicable": ("-", "-", "dim"),
    "blocked": ("^", "^", "magenta"),
    "waived": ("~", "~", "dim"),
    "CONFORMS": ("", "", "bold green"),
    "DOES NOT CONFORM": ("", "", "bold red"),
    "INCONCLUSIVE": ("", "", "bold yellow"),
}


def console_for(stream: TextIO, *, width: int | None = None) -> Console:
    """A console that prints text as it is, and no escape sequence where none is wanted.

    NO_COLOR rules out all styles, bold too; a pipe and a dumb terminal get none anyway.
    """
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") in ("dumb", "unknown")
    size = shutil.get_terminal_size()  # rich fails on COLUMNS=² and the like
    return Console(
        file=stream,
        color_system=None if plain else "auto",
        width=max(_NARROWEST, min(width or size.columns, _WIDEST)),
        height=size.lines,
        markup=False,
        emoji=False,
        highlight=False,
    )


def table(console: Console, *titles: str) -> Table:
    """A table with columns of these titles that are never cut, and marks that the stream can encode."""
    drawn = Table(box=box.SIMPLE if _is_unicode(console) else box.ASCII2, pad_edge=False)
    for title in titles:
        drawn.add_column(title, no_wrap=True)
    return drawn


def render(view: ReportView, console: Console, waiver: str = "", *, verbose: bool = False) -> None:
    """Print the whole report; `waiver` is an entry for a file of waivers, ready to paste.

    A requirement that passes is only counted, unless the report is verbose.
    """
    for area, rows in view.areas.items():
        passed = sum(row.word == "pass" for row in rows)
        of = "" if passed == len(rows) else f" of {len(rows)}"
        console.print(Text(area.ljust(_AREA), "bold").append(f"{passed}{of} passed", "not bold"))
        for row in rows:
            if verbose or row.word != "pass":
                _print_row(row, console)
    if untested := ", ".join(requirement.id for requirement in view.options.untested):
        print_folded(f"No check exists for {untested}", console, indent="  ", first="")
    render_failures(view, console)
    _print_behaviours(view, console, verbose=verbose)
    _section(console, "Notes", view.notes)
    if waiver:
        console.print()
        console.print(
            Text("To waive the first failure: complete this entry, and pass --waivers FILE", "bold")
        )
        console.print(Text(waiver), soft_wrap=True)
    render_conclusion(view, console)


def render_failures(view: ReportView, console: Console) -> None:
    """Print a block for each failed requirement, warnings last."""
    for failure in view.failures:
        console.print()
        _print_failure(failure, console)


def render_conclusion(view: ReportView, console: Console) -> None:
    """Print the counts, and the last line: the verdict, the exit status, and why."""
    console.print()
    counts = ", ".join(f"{count:,} {word}" for word, count in view.tally.items()) or "no verdicts"
    print_folded(f"{view.deployment}: {counts}", console)
    failed = [failure.requirement.id for failure in view.failures if failure.word == "fail"]
    more = f" and {len(failed) - _IDS} more" if len(failed) > _IDS else ""
    why = ", ".join(failed[:_IDS]) + more or view.reason
    dot = "·" if _is_unicode(console) else "-"
    line = _styled(view.verdict, view.verdict)
    line.append(f" (exit {view.exit_status}): {why} {dot} {view.size}")
    console.print(line, soft_wrap=True)


def render_requests(view: ReportView, console: Console) -> None:
    """Print every request, and what was received."""
    for one in view.requests:
        attempt = f", attempt {one.attempt}" if one.attempt > 1 else ""
        number, elapsed = one.exchange.number, one.exchange.elapsed
        line = f"{number:>5}  {one.received:>4}  {elapsed:6.3f} s{attempt}  {one.line}"
        console.print(Text(line), soft_wrap=True)
    console.print()


def print_folded(text: str, console: Console, *, indent: str = "", first: str | None = None) -> None:
    """Print text folded to the width; long words are broken, never cut off."""
    lead = indent if first is None else first
    for line in Text(text).wrap(console, console.width - max(len(indent), len(lead)), overflow="fold"):
        line.rstrip()
        console.print(Text(lead) + line, soft_wrap=True)
        lead = indent


def _styled(word: str, text: str) -> Text:
    # Appended, so that what follows on the line does not inherit the style.
    return Text().append(text, _LOOKS[word][2])


def _print_row(row: Row, console: Console) -> None:
    pretty, simple, _ = _LOOKS[row.word]
    mark = pretty if _is_unicode(console) else simple
    line = _styled(row.word, f"  {mark} {row.word.ljust(_WORD)} ")
    line.append(f"{row.requirement.id.ljust(_ID)} ")
    if line.cell_len + Text(row.why).cell_len <= console.width:
        console.print(line.append(row.why), soft_wrap=True)
        return
    line.rstrip()
    console.print(line, soft_wrap=True)
    print_folded(row.why, console, indent=" " * (_WORD + 5))


def _print_failure(failure: FailureView, console: Console) -> None:
    console.print(_styled(failure.word, f"{failure.word.upper()}  {failure.title}"))
    for line in failure_text.lines(failure):
        if line.hanging is None:
            console.print(Text(str(line)), soft_wrap=True)  # in one piece however long, to be copied
        else:
            print_folded(line.text, console, indent=" " * line.hanging, first=line.lead)


def _print_behaviours(view: ReportView, console: Console, *, verbose: bool) -> None:
    title = f"{number_of(len(view.behaviours), 'implementation-defined behaviour')} of this deployment"
    if not verbose and view.behaviours:
        console.print()
        print_folded(f"{title}: --verbose and the report list them", console)
        return
    shown = (
        f"{one.name}: {one.value}" + (f" (request #{one.exchange})" if one.exchange else "")
        for one in view.behaviours
    )
    _section(console, title, shown)


def _section(console: Console, title: str, lines: Iterable[str]) -> None:
    for position, line in enumerate(lines):
        if position == 0:
            console.print()
            console.print(Text(title, "bold"))
        print_folded(line, console, indent="    ", first="  ")


def _is_unicode(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
