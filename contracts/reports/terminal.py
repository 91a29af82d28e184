"""The report for a person at a terminal or in a CI log: one line a requirement, one block a failure."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.text import Text

from contracts.model import Requirement, Result, Verdict
from contracts.reports import curl, failure, summary
from contracts.reports.summary import ReportOptions
from contracts.reports.text import number_of, visible

_WIDEST = 100  # long lines of prose are hard to read, however wide the window
_WORD = 13  # the longest word: "not exercised"
_ID = 24

_LOOKS = {
    "pass": ("✓", "+", "green"),
    "FAIL": ("✗", "x", "bold red"),
    "warn": ("!", "!", "yellow"),
    "inconclusive": ("?", "?", "yellow"),
    "not exercised": ("·", ".", "cyan"),
    "n/a": ("-", "-", "dim"),
    "blocked": ("^", "^", "magenta"),
    "waived": ("~", "~", "dim"),
    "CONFORMS": ("", "", "bold green"),
    "DOES NOT CONFORM": ("", "", "bold red"),
    "NOT JUDGED": ("", "", "bold yellow"),
}


class _Console(Console):
    """A console that leaves a reader who went away to the command, whose exit status is the verdict's."""

    def on_broken_pipe(self) -> None:
        """Pass the error on; rich would end the process with its own status."""
        raise


def console_for(stream: TextIO, *, width: int | None = None) -> Console:
    """A console that prints text as it is, and no escape sequence where none is wanted.

    NO_COLOR rules out all styles, bold too; a pipe and a dumb terminal get none anyway.
    """
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") in ("dumb", "unknown")
    console = _Console(
        file=stream,
        color_system=None if plain else "auto",
        width=width,
        markup=False,
        emoji=False,
        highlight=False,
    )
    console.width = min(console.width, _WIDEST)
    return console


@contextmanager
def redacted_console(stream: TextIO, redact: Callable[[str], str]) -> Iterator[Console]:
    """A console for the stream, which gets all of it at the end, without secrets.

    A secret may be folded, so that no line by itself shows it.
    """
    console = console_for(stream)
    with console.capture() as captured:
        yield console
    stream.write(redact(captured.get()))


def render(result: Result, console: Console, terms: ReportOptions, waiver: str = "") -> None:
    """Print the whole report; `waiver` is an entry for a file of waivers, ready to paste."""
    render_verdicts(result, console, terms)
    render_failures(result, console, terms)
    render_behaviours(result, console)
    _section(console, "Notes", (f"- {visible(note)}" for note in summary.notes(result)))
    if waiver:
        console.print()
        console.print(Text("To accept the first for a time: fill this in, and give --waivers FILE", "bold"))
        console.print(Text(waiver), soft_wrap=True)
    render_conclusion(result, console, terms)


def render_verdicts(result: Result, console: Console, terms: ReportOptions) -> None:
    """Print one line for each requirement, by area."""
    for area, verdicts in summary.in_areas(result.verdicts).items():
        console.print(Text(area, "bold"))
        for verdict in verdicts:
            _print_verdict(verdict, console, terms)
    if terms.untested:
        print_folded(_untested(terms.untested), console, indent="  ", first="")


def render_failures(result: Result, console: Console, terms: ReportOptions) -> None:
    """Print a block for each broken requirement, those that decide first."""
    for verdict in summary.broken(result, terms):
        console.print()
        word = summary.word(verdict, terms)
        console.print(_styled(word, f"{word}  {_title(verdict.requirement)}"))
        for label, text in failure.explain(verdict, result, terms):
            _print_labelled(label, text, console)


def render_behaviours(result: Result, console: Console) -> None:
    """Print which of several legal behaviours the deployment shows."""
    lines = (
        f"{visible(r.name)}: {visible(r.value)}" + (f" (request {r.exchange})" if r.exchange else "")
        for r in result.behaviours
    )
    _section(console, "Behaviours: legal choices that this deployment makes", lines)


def render_conclusion(result: Result, console: Console, terms: ReportOptions) -> None:
    """Print the counts, the reason, and the last line: the word and what it is about."""
    console.print()
    print_folded(tally(result, terms), console)
    conclusion = summary.conclude(result, terms)
    print_folded(f"Reason: {visible(conclusion.reason)}", console)
    line = _styled(conclusion.word, conclusion.word)
    line.append(f"  {visible(result.deployment)}  {facts(result)}")
    console.print(line, soft_wrap=True)


def render_exchanges(result: Result, console: Console, terms: ReportOptions) -> None:
    """Print every exchange: what was asked, and what came of it."""
    for exchange in result.exchanges:
        target = visible(curl.target(exchange.request, terms.site(result)))
        came = exchange.failure.kind.value if exchange.failure else str(exchange.status)
        again = f", try {len(exchange.attempts) + 1}" if exchange.attempts else ""
        line = f"{exchange.number:>5}  {came:>4}  {exchange.elapsed:6.3f} s{again}  "
        console.print(Text(f"{line}{exchange.request.method} {target}"), soft_wrap=True)
    console.print()


def tally(result: Result, terms: ReportOptions) -> str:
    """The counts in one line: `41 pass, 1 FAIL, 2 not exercised`."""
    words = [summary.word(verdict, terms) for verdict in result.verdicts]
    return (
        ", ".join(f"{words.count(word)} {word}" for word in summary.WORDS if word in words) or "no verdicts"
    )


def facts(result: Result) -> str:
    """What the run took: `123 requests, 4.5 s, seed 0`."""
    return f"{number_of(len(result.exchanges), 'request')}, {result.seconds:.1f} s, seed {result.seed}"


def _title(requirement: Requirement) -> str:
    return f"{requirement.id} ({requirement.level})"


def _styled(word: str, text: str) -> Text:
    # Appended, so that what follows on the line does not inherit the style.
    return Text().append(text, _LOOKS[word][2])


def _print_verdict(verdict: Verdict, console: Console, terms: ReportOptions) -> None:
    word = summary.word(verdict, terms)
    pretty, simple, _ = _LOOKS[word]
    mark = pretty if console.encoding.lower().startswith("utf") else simple
    line = _styled(word, f"  {mark} {word.ljust(_WORD)} ")
    reason = visible(summary.why(verdict))
    line.append(f"{verdict.requirement.id.ljust(_ID)} ")
    if line.cell_len + Text(reason).cell_len <= console.width:
        console.print(line.append(reason), soft_wrap=True)
        return
    line.rstrip()
    console.print(line, soft_wrap=True)
    print_folded(reason, console, indent=" " * (_WORD + 5))


def _print_labelled(label: str, text: str, console: Console) -> None:
    first = f"  {label.ljust(9)} " if label else "  "
    if label == "Request":
        # One unbroken line however long: it is there to be copied.
        console.print(Text(first + text), soft_wrap=True)
        return
    print_folded(visible(text), console, indent=" " * len(first), first=first)


def _section(console: Console, title: str, lines: Iterator[str]) -> None:
    for position, line in enumerate(lines):
        if position == 0:
            console.print()
            console.print(Text(title, "bold"))
        print_folded(line, console, indent="    ", first="  ")


def print_folded(text: str, console: Console, *, indent: str = "", first: str | None = None) -> None:
    """Print text folded to the width; long words are broken, never cut off."""
    lead = indent if first is None else first
    for line in Text(text).wrap(console, console.width - max(len(indent), len(lead)), overflow="fold"):
        line.rstrip()
        console.print(Text(lead) + line, soft_wrap=True)
        lead = indent


def _untested(requirements: tuple[Requirement, ...]) -> str:
    ids = ", ".join(requirement.id for requirement in requirements)
    return f"Without a check, so not judged: {ids}"
