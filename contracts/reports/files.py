"""The files of a report directory: which formats there are, and how each is written whole or not at all."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TextIO

from contracts.model import UserError
from contracts.reports.view import ReportView

FORMATS = {
    "report.html": "contracts.reports.html",
    "report.json": "contracts.reports.json_report",
    "junit.xml": "contracts.reports.junit",
    "report.sarif": "contracts.reports.sarif",
    "ctrf.json": "contracts.reports.ctrf",
}
"""File names, and the module whose `text(view)` gives the content; loaded when it is written."""


def remove_old(directory: Path) -> None:
    """Take away the reports of an earlier run: none may pass for this one's, should this end early."""
    for name in FORMATS:
        (directory / name).unlink(missing_ok=True)


def write_all(view: ReportView, directory: Path) -> None:
    """Write every format. Raises UserError."""
    for name, module in FORMATS.items():
        write(directory / name, importlib.import_module(module).text(view))


def write(path: Path, text: str) -> None:
    """Write a file in ASCII that is either there whole or not at all; UserError where it cannot be."""
    unfinished = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        unfinished.write_text(text, "ascii")
        unfinished.replace(path)
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error


def write_step_summary(view: ReportView) -> None:
    """In GitHub Actions: add to the summary of the step. Raises UserError."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not _in_github() or not summary:
        return
    from contracts.reports import github

    try:
        with Path(summary).open("a", encoding="utf-8") as page:
            page.write(github.step_summary(view))
    except OSError as error:
        raise UserError(f"Cannot write the step summary: {error.strerror}.") from error


def print_annotations(view: ReportView, stream: TextIO) -> None:
    """In GitHub Actions: print annotations."""
    if _in_github():
        from contracts.reports import github

        stream.write(github.commands(view))


def _in_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"
