"""What a command shows of one deployment: on the terminal, in the files that were asked for, on GitHub."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from contracts.cli import option_values as meaning
from contracts.cli.files import write_file
from contracts.model import ExitStatus, Level, Outcome, Result

if TYPE_CHECKING:
    from contracts.reports.view import ReportView
    from contracts.runs.recorder import Recorder


def print_report(view: ReportView, output: meaning.Output) -> None:
    """Print the report, as much of it as was asked for, and annotations where GitHub runs this."""
    from contracts.reports import files, json_report, terminal

    files.print_annotations(view, sys.stderr)
    if output.as_json:
        sys.stdout.write(json_report.text(view))
        return
    console = terminal.console_for(sys.stdout)
    if output.quiet:
        terminal.render_failures(view, console)
        terminal.render_conclusion(view, console)
        return
    if output.verbose:
        terminal.render_requests(view, console)
    terminal.render(view, console, _waiver_entry(view.result), verbose=output.verbose)


def _waiver_entry(result: Result) -> str:
    """A waiver for the first broken MUST, ready to paste; the others are written alike."""
    from contracts.judging import waivers

    broken = (v for v in result.verdicts if v.outcome is Outcome.FAIL)
    first = next((v for v in broken if v.requirement.level is Level.MUST), None)
    if first is None or first.requirement.id == waivers.NEVER:
        return ""
    return waivers.entry(first, waivers.days_from_today(90))


def write_files(view: ReportView, output: meaning.Output) -> None:
    """Write the reports and the badge that were asked for. Raises UserError."""
    from contracts.reports import badge, files

    if output.directory is not None:
        files.write_all(view, output.directory)
    if output.badge is not None:
        files.write(output.badge, badge.text(view))
    files.write_step_summary(view)


def write_recordings(recorder: Recorder, view: ReportView, output: meaning.Output) -> None:
    """Write the exchanges in the forms that were asked for. Raises UserError."""
    if output.record is not None:
        from contracts.evidence import recording

        write_file(output.record, recording.dumps(recorder.recording()))
    if output.har is not None:
        from contracts.reports import har

        write_file(output.har, har.text(view, recorder.began).encode("ascii"))


def print_plan(plan: tuple[tuple[str, int], ...], given: dict[str, Any]) -> int:
    """Most requests of each probe, or of each deployment, and of all. Gives the exit status."""
    widest = max((len(probe) for probe, _ in plan), default=0)
    for probe, most in plan:
        click.echo(f"{probe.ljust(widest)}  {most:>6,}")
    click.echo(f"{'At most, in all'.ljust(widest)}  {sum(most for _, most in plan):>6,}")
    if given["exhaustive"]:
        from contracts.runs.exhaustive import AGAIN_AT_MOST

        click.echo(
            "On top, for the exhaustive walk: as many requests as the list has pages, and then "
            f"{AGAIN_AT_MOST} at most."
        )
    return ExitStatus.CONFORMING
