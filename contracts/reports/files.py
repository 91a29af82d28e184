"""The files of a report directory: which formats there are, and how each is written whole or not at all."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

from contracts.model import Result, UserError
from contracts.reports.summary import Terms

FORMATS = {
    "report.html": "contracts.reports.html",
    "report.json": "contracts.reports.json_report",
    "junit.xml": "contracts.reports.junit",
}
"""File names, and the module whose `text(result, terms)` gives the content; loaded when it is written."""


def remove_old(directory: Path) -> None:
    """Take away the reports of an earlier run: none may pass for this one's, should this end early."""
    for name in FORMATS:
        (directory / name).unlink(missing_ok=True)


def write_all(result: Result, terms: Terms, directory: Path) -> None:
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
