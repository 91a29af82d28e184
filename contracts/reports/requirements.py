"""The requirements as a table: how each binds, what proves a violation, and whether there is a check."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import TextIO

from rich.text import Text

from contracts.model import Requirement
from contracts.reports.terminal import console_for, table


def print_table(requirements: Iterable[Requirement], tested: Collection[str], stream: TextIO) -> None:
    """Print the requirements as a table that keeps ids whole at 80 columns; `tested` have a check."""
    console = console_for(stream)
    drawn = table(console, "Id", "Level", "Evidence")
    drawn.add_column("Sentence", overflow="fold")
    for one in requirements:
        sentence = one.text if one.id in tested else f"{one.text} [no check: {_why_untested(one)}]"
        drawn.add_row(*map(Text, (one.id, one.level, one.evidence, sentence)))
    console.print(drawn)


def markdown(requirements: Iterable[Requirement], tested: Collection[str]) -> str:
    """The requirements as a Markdown table."""
    lines = ["| Id | Level | Evidence | Check | Sentence |", "|---|---|---|---|---|"]
    for one in requirements:
        check = "yes" if one.id in tested else f"no: {_why_untested(one)}"
        cells = (one.id, one.level, one.evidence, check, one.text)
        lines.append("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def as_json(requirements: Iterable[Requirement], tested: Collection[str]) -> str:
    """The requirements as JSON."""
    rows = [
        {
            "id": one.id,
            "level": one.level.value,
            "evidence": one.evidence.value,
            "text": one.text,
            "source": one.source,
            "behaviours": list(one.behaviours),
            "checked": one.id in tested,
            "untested": one.untested,
        }
        for one in requirements
    ]
    return json.dumps(rows, indent=2)


def _why_untested(requirement: Requirement) -> str:
    return requirement.untested or "not written yet"
