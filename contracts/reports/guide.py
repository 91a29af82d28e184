"""Requirements explained: one in the terminal, like a compiler's index of errors; all as Markdown or HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from contracts.model import OLD_PATH, Credentials, EvidenceClass, Exchange, Requirement
from contracts.reports.github import fenced
from contracts.reports.html import render_page
from contracts.reports.terminal import print_folded
from contracts.reports.text import visible

_EXAMPLE = 2000  # characters of one response

_PROVES = {
    EvidenceClass.RESPONSE: "a single response proves a violation",
    EvidenceClass.ORDER: "the relative order of unchanged items proves a violation",
    EvidenceClass.STABLE: "several responses prove a violation, if concurrent writes cannot explain them",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One requirement with what its check needs, which failures explain its own, and its examples."""

    requirement: Requirement
    needs: str
    requires: tuple[str, ...]
    good: tuple[Exchange, ...]
    bad: tuple[Exchange, ...]
    why: str


def facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """What there is to say of a requirement besides its sentence, as labelled lines."""
    found = entry.requirement
    yield "Source", found.source
    yield "Evidence", f"{found.evidence}: {_PROVES[found.evidence]}"
    if found.untested:
        yield "No check", found.untested
        return
    yield "Needs", entry.needs
    if entry.requires:
        yield "Requires", f"{', '.join(entry.requires)}; if one of these fails, this is blocked"
    for behaviour in found.behaviours:
        yield "Behaviour", behaviour


def example(exchanges: Iterable[Exchange]) -> str:
    """Exchanges in short: each request, and its response."""
    return "\n".join(line for exchange in exchanges for line in _exchange(exchange))


def explain(entry: Entry, console: Console) -> None:
    """Print everything about one requirement."""
    found = entry.requirement
    console.print(Text(f"{found.id} ({found.level})", "bold"))
    print_folded(found.text, console, indent="  ")
    console.print()
    for label, said in facts(entry):
        print_folded(said, console, indent=" " * 12, first=f"  {label.ljust(9)} ")
    if entry.bad:
        _print_example("Passes", entry.good, console)
        _print_example(f"Fails: {entry.why}", entry.bad, console)


def markdown(entries: Iterable[Entry]) -> str:
    """The requirements as a Markdown document."""
    lines = [f"# Requirements of GET {OLD_PATH}", ""]
    for entry in entries:
        found = entry.requirement
        lines += [f"## {found.id} ({found.level})", "", found.text, ""]
        lines += [f"- **{label}**: {said}" for label, said in facts(entry)]
        if entry.bad:
            lines += ["", f"Fails: {entry.why}", "", fenced(example(entry.bad), "http")]
        lines.append("")
    return "\n".join(lines).rstrip()


def html(entries: Iterable[Entry]) -> str:
    """The requirements as one HTML file that needs nothing else."""
    shown = [(one, tuple(facts(one)), example(one.good), example(one.bad)) for one in entries]
    return render_page("requirements.html.j2", entries=shown, path=OLD_PATH)


def _print_example(title: str, exchanges: Iterable[Exchange], console: Console) -> None:
    console.print()
    print_folded(title, console, indent="  ")
    for line in example(exchanges).splitlines():
        print_folded(line, console, indent="      ", first="    ")


def _exchange(exchange: Exchange) -> Iterator[str]:
    request = exchange.request
    manner = "" if request.credentials is Credentials.GIVEN else f"  ({request.credentials} credentials)"
    query = f"?{request.query}" if request.query else ""
    yield visible(f"{request.method} {request.path or OLD_PATH}{query}{manner}", at_most=_EXAMPLE)
    if exchange.failure is not None:
        yield exchange.failure.text
        return
    shown = [
        f"{n}: {v}" for n, v in exchange.headers if (n.lower(), v) != ("content-type", "application/json")
    ]
    yield "  ".join([f"-> {exchange.status}", *shown])
    if exchange.content:
        yield visible(exchange.content.decode("utf-8", "backslashreplace"), at_most=_EXAMPLE)
