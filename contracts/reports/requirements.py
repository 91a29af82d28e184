"""The catalogue as a table: which sentence binds how, what can convict, and whether there is a check."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TextIO

from rich import box
from rich.table import Table
from rich.text import Text

from contracts.model import Requirement
from contracts.reports.terminal import console_for


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement, and whether there is a check for it: `yes`, or why not."""

    requirement: Requirement
    checked: bool

    @property
    def check(self) -> str:
        """`yes`, or why there is no check."""
        return "yes" if self.checked else f"no: {self.requirement.untested or 'not written yet'}"


def rows(requirements: Iterable[Requirement], tested: Collection[str]) -> tuple[Row, ...]:
    """One row for each requirement, in the document's order."""
    return tuple(Row(requirement, requirement.id in tested) for requirement in requirements)


def print_table(listed: Iterable[Row], stream: TextIO) -> None:
    """Print the requirements as a table that keeps ids whole at 80 columns."""
    table = Table(box=box.ASCII2 if not _is_unicode(stream) else box.SIMPLE, pad_edge=False)
    for title in ("Id", "Level", "Evidence"):
        table.add_column(title, no_wrap=True)
    table.add_column("Sentence", overflow="fold")
    for row in listed:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    console_for(stream).print(table)


def markdown(listed: Iterable[Row]) -> str:
    """The requirements as a Markdown table."""
    lines = ["| Id | Level | Evidence | Check | Sentence |", "|---|---|---|---|---|"]
    for row in listed:
        found = row.requirement
        cells = (found.id, found.level.value, found.evidence.value, row.check, found.text)
        lines.append("| " + " | ".join(_markdown_cell(cell) for cell in cells) + " |")
    return "\n".join(lines)


def as_json(listed: Iterable[Row]) -> str:
    """The requirements as JSON."""
    return json.dumps([_entry(row) for row in listed], indent=2)


def _cells(row: Row) -> tuple[str, str, str, str]:
    found = row.requirement
    sentence = found.text if row.checked else f"{found.text} [no check: {row.check[4:]}]"
    return found.id, found.level.value, found.evidence.value, sentence


def _markdown_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _entry(row: Row) -> dict[str, object]:
    found = row.requirement
    return {
        "id": found.id,
        "level": found.level.value,
        "evidence": found.evidence.value,
        "text": found.text,
        "source": found.source,
        "behaviours": list(found.behaviours),
        "checked": row.checked,
        "untested": found.untested,
    }


def _is_unicode(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().startswith("utf")
