"""What a command shows of one deployment: on the terminal, in the files that were asked for, on GitHub."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from contracts.cli import option_values as meaning
from contracts.cli.files import write_file
from contracts.model import ExitStatus, Level, Outcome, Result

if TYPE_CHECKING:
    from contracts.reports.summary import ReportOptions
    from contracts.runs.recorder import Recorder


def print_report(result: Result, output: meaning.Output, terms: ReportOptions) -> None:
    """The report on standard output, as much of it as was asked for."""
    from contracts.reports import json_report, terminal

    if output.as_json:
        sys.stdout.write(json_report.text(result, terms))
        return
    with terminal.redacted_console(sys.stdout, terms.redact) as console:
        if output.quiet:
            terminal.render_failures(result, console, terms)
            terminal.render_conclusion(result, console, terms)
            return
        if output.verbose:
            terminal.render_exchanges(result, console, terms)
        terminal.render(result, console, terms, _waiver_entry(result))


def _waiver_entry(result: Result) -> str:
    """A waiver for the first broken MUST, ready to paste; the others are written alike."""
    from contracts.judging import waivers

    broken = (v for v in result.verdicts if v.outcome is Outcome.FAIL)
    first = next((v for v in broken if v.requirement.level is Level.MUST), None)
    if first is None or first.requirement.id == waivers.NEVER:
        return ""
    return waivers.entry(first, waivers.days_from_today(90))


def write_files(result: Result, output: meaning.Output, terms: ReportOptions) -> None:
    """The reports and the badge that were asked for, and annotations where GitHub runs this."""
    from contracts.reports import badge, files

    if output.directory is not None:
        files.write_all(result, terms, output.directory)
    if output.badge is not None:
        files.write(output.badge, badge.text(result, terms))
    files.tell_github(result, terms, sys.stderr)


def write_recordings(
    recorder: Recorder, result: Result, output: meaning.Output, terms: ReportOptions
) -> None:
    """The exchanges in the forms that were asked for."""
    if output.record is not None:
        from contracts.evidence import recording

        write_file(output.record, recording.dumps(recorder.recording()))
    if output.har is not None:
        from contracts.reports import har

        content = har.text(result, terms, recorder.began).encode("ascii")
        write_file(output.har, content)


def print_plan(plan: tuple[tuple[str, int], ...], given: dict[str, Any]) -> int:
    """Most requests of each probe, or of each deployment, and of all. Gives the exit status."""
    widest = max((len(probe) for probe, _ in plan), default=0)
    for probe, most in plan:
        click.echo(f"{probe.ljust(widest)}  {most:>6,}")
    click.echo(f"{'At most, in all'.ljust(widest)}  {sum(most for _, most in plan):>6,}")
    if given["exhaustive"]:
        from contracts.runs.probes.exhaustive import AGAIN_AT_MOST

        click.echo(
            "On top, for the exhaustive walk: as many requests as the list has pages, and then "
            f"{AGAIN_AT_MOST} at most."
        )
    return ExitStatus.CONFORMING
