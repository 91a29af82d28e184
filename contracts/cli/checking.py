"""Checking one deployment: the run with its progress, and the report that comes of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.cli.invocation import Invocation
from contracts.cli.output import Output, output_of, print_report, write_files
from contracts.model import Result
from contracts.runs.option_values import requirement_ids
from contracts.runs.signals import Watch

if TYPE_CHECKING:
    from contracts.judging.catalogue import Catalogue
    from contracts.judging.waivers import Waiving
    from contracts.reports.progress import Advance
    from contracts.reports.summary import ReportOptions
    from contracts.runs.recorder import Recorder
    from contracts.runs.run import Progress
    from contracts.runs.settings import Settings


@dataclass(frozen=True, slots=True)
class Task:
    """What a command needs to check and report, whatever the deployment."""

    watch: Watch
    catalogue: Catalogue
    output: Output
    waiving: Waiving


def catalogue_of(given: dict[str, Any]) -> Catalogue:
    """The catalogue of the document, the project's own by default. Raises UserError for an unknown id."""
    from contracts.judging.catalogue import load_catalogue

    document = given.get("document")
    catalogue = load_catalogue(None if document is None else Path(document))
    catalogue.select(requirement_ids(given.get("only", ())))
    return catalogue


def task_of(invocation: Invocation, given: dict[str, Any]) -> Task:
    """What the option values say of checking and reporting. Raises UserError."""
    from contracts.runs.settings import waiving

    output = output_of(given)
    catalogue = catalogue_of(given)
    return Task(invocation.watch, catalogue, output, waiving(given, catalogue))


def check_and_report(task: Task, settings: Settings, report_options: ReportOptions) -> int:
    """Run, write the files, print the report, and give the exit status."""
    from contracts.reports.view import view
    from contracts.runs.recorder import Recorder

    recorder = Recorder(settings, task.catalogue)
    try:
        result = run_recorded(recorder)
        task.watch.interrupts = False  # from here on a signal waits until the report is out
        result, report_options = waived(result, report_options, task.waiving)
        shown = view(result, report_options)
        try:
            write_files(shown, task.output, recorder)
        finally:
            print_report(shown, task.output)
    finally:
        recorder.save_checkpoint()
    return task.watch.status or shown.exit_status


def run_recorded(recorder: Recorder) -> Result:
    """The result of one run, which shows its progress on the terminal and leaves its record in `recorder`."""
    from contracts.reports import progress
    from contracts.runs import run

    with progress.live(sys.stderr) as advance:
        return run.check(
            recorder.settings,
            catalogue=recorder.catalogue,
            progress=_on_progress(advance),
            record=recorder,
            checkpoint=recorder.keep,
        )


def _on_progress(advance: Advance | None) -> Callable[[Progress], None] | None:
    if advance is None:
        return None
    return lambda progress: advance(progress.probe, progress.sent, progress.at_most, progress.seconds_left)


def waived(result: Result, report_options: ReportOptions, waiving: Waiving) -> tuple[Result, ReportOptions]:
    """The result with the waivers applied, and the report options with those that are out of date."""
    from contracts.judging import waivers

    applied = waivers.apply(result, waiving.waivers, waiving.today)
    stale = applied.troubles if waiving.strict else ()
    return applied.result, replace(report_options, waivers_amiss=stale)
