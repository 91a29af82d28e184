"""Judging one deployment: the run, with its progress and its signals, and the report that comes of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from contracts.cli import option_values as meaning
from contracts.cli import output as showing
from contracts.cli.streams import closed_output_ignored
from contracts.model import Result
from contracts.runs import signals

if TYPE_CHECKING:
    from contracts.judging.catalogue import Catalogue
    from contracts.judging.waivers import Waiving
    from contracts.reports.progress import Advance
    from contracts.reports.summary import ReportOptions
    from contracts.runs.recorder import Recorder
    from contracts.runs.run import Progress, Settings


def judge(
    settings: Settings, catalogue: Catalogue, output: meaning.Output, terms: ReportOptions, waiving: Waiving
) -> int:
    """Run, print the report, write the files, and give the exit status."""
    from contracts.reports import files
    from contracts.reports.view import view

    if output.directory is not None:
        files.remove_old(output.directory)
    with signals.watched() as watch:
        recorder, result = run_recorded(settings, catalogue)
        watch.asking = False  # from here on a signal waits until the report is out
        result, terms = waived(result, terms, waiving)
        shown = view(result, terms)
        with closed_output_ignored():
            showing.print_report(shown, output)
        showing.write_files(shown, output)
        showing.write_recordings(recorder, shown, output)
    return watch.status or shown.exit_status


def run_recorded(settings: Settings, catalogue: Catalogue) -> tuple[Recorder, Result]:
    """One run with its progress on the terminal, and the record of every exchange."""
    from contracts.reports import progress
    from contracts.runs import run
    from contracts.runs.recorder import Recorder

    recorder = Recorder(settings, catalogue)
    with progress.live(sys.stderr) as advance:
        return recorder, run.check(settings, catalogue=catalogue, progress=_told(advance), record=recorder)


def _told(advance: Advance | None) -> Callable[[Progress], None] | None:
    if advance is None:
        return None
    return lambda progress: advance(progress.probe, progress.sent, progress.at_most, progress.seconds_left)


def waived(result: Result, terms: ReportOptions, waiving: Waiving) -> tuple[Result, ReportOptions]:
    """The result with the waivers applied, and the terms with what is amiss about them."""
    from contracts.judging import waivers

    applied = waivers.apply(result, waiving.waivers, waiving.today)
    return applied.result, replace(terms, waivers_amiss=applied.troubles if waiving.strict else ())
