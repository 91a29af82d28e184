"""The files of a report directory: which formats there are, and how each is written whole or not at all."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TextIO

from contracts.model import Result, UserError
from contracts.reports.summary import ReportOptions

FORMATS = {
    "report.html": "contracts.reports.html",
    "report.json": "contracts.reports.json_report",
    "junit.xml": "contracts.reports.junit",
    "report.sarif": "contracts.reports.sarif",
    "ctrf.json": "contracts.reports.ctrf",
}
"""File names, and the module whose `text(result, terms)` gives the content; loaded when it is written."""


def remove_old(directory: Path) -> None:
    """Take away the reports of an earlier run: none may pass for this one's, should this end early."""
    for name in FORMATS:
        (directory / name).unlink(missing_ok=True)


def write_all(result: Result, terms: ReportOptions, directory: Path) -> None:
    """Write every format; UserError where the directory cannot be written to."""
    for name, module in FORMATS.items():
        write(directory / name, importlib.import_module(module).text(result, terms))


def write(path: Path, text: str) -> None:
    """Write a file in ASCII that is either there whole or not at all; UserError where it cannot be."""
    unfinished = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        unfinished.write_text(text, "ascii")
        unfinished.replace(path)
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error


def tell_github(result: Result, terms: ReportOptions, stream: TextIO) -> None:
    """In GitHub Actions: annotations, and the summary of the step. Elsewhere nothing."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from contracts.reports import github

    stream.write(github.commands(result, terms))
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with Path(summary).open("a", encoding="utf-8") as page:
                page.write(github.step_summary(result, terms))
        except OSError as error:
            raise UserError(f"Cannot write the step summary: {error.strerror}.") from error
