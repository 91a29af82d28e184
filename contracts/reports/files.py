"""The files of a report directory: which formats there are, and writing them."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TextIO

from contracts.files import append_file, write_file
from contracts.reports.view import ReportView

FORMATS = {
    "report.html": "contracts.reports.html",
    "report.json": "contracts.reports.json_report",
    "junit.xml": "contracts.reports.junit",
    "report.sarif": "contracts.reports.sarif",
    "ctrf.json": "contracts.reports.ctrf",
}
"""File names, and the module whose `text(view)` gives the content; loaded when needed."""


def write_all(view: ReportView, directory: Path) -> None:
    """Write every format. Raises UserError."""
    for name, module in FORMATS.items():
        write(directory / name, importlib.import_module(module).text(view))


def write(path: Path, text: str) -> None:
    """Write a text in ASCII. Raises UserError."""
    write_file(path, text.encode("ascii"))


def write_step_summary(view: ReportView) -> None:
    """In GitHub Actions: add to the summary of the step. Raises UserError."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if not _in_github() or not summary:
        return
    from contracts.reports import github

    append_file(Path(summary), github.step_summary(view).encode("utf-8"))


def print_annotations(view: ReportView, stream: TextIO) -> None:
    """In GitHub Actions: print annotations."""
    if _in_github():
        from contracts.reports import github

        stream.write(github.commands(view))


def _in_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"
