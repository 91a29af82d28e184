"""Where the report of a command goes: files first, then the terminal."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contracts.files import require_writable, shown, write_file
from contracts.model import ExitStatus, Level, Outcome, Result, UserError

if TYPE_CHECKING:
    from contracts.reports.fleet import Judged
    from contracts.reports.view import ReportView
    from contracts.runs.recorder import Recorder


@dataclass(frozen=True, slots=True)
class Output:
    """Where the report goes, and how much of it is printed."""

    directory: Path | None
    badge: Path | None
    record: Path | None
    har: Path | None
    as_json: bool
    quiet: bool
    verbose: bool


def output_of(given: dict[str, Any]) -> Output:
    """Where the report goes. Raises UserError for a file or directory that cannot be written."""
    if given["quiet"] and given["verbose"]:
        raise UserError("--quiet and --verbose are mutually exclusive.")
    return Output(
        directory=None if given["report"] is None else _directory(Path(given["report"])),
        badge=writable(given["badge"]),
        record=writable(given["record"]),
        har=writable(given["har"]),
        as_json=given["json"],
        quiet=given["quiet"],
        verbose=given["verbose"],
    )


def writable(name: str | None) -> Path | None:
    """The path of a file that can be written; None for None. Raises UserError."""
    if name is None:
        return None
    path = Path(name)
    require_writable(path)
    return path


def _directory(path: Path) -> Path:
    """The directory for the report, created if it is not there. Raises UserError."""
    from contracts.reports.files import FORMATS

    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"Cannot write to the report directory {shown(path)}: {reason}.") from None
    for name in FORMATS:
        require_writable(path / name)
    return path


def write_files(view: ReportView, output: Output, recorder: Recorder) -> None:
    """Write the reports, the badge and the recordings that were asked for. Raises UserError."""
    from contracts.evidence import recording
    from contracts.reports import badge, files, har

    if output.directory is not None:
        files.write_all(view, output.directory)
    if output.badge is not None:
        files.write(output.badge, badge.text(view))
    if output.record is not None:
        write_file(output.record, recording.dumps(recorder.recording()))
    if output.har is not None:
        files.write(output.har, har.text(view, recorder.began))
    files.write_step_summary(view)


def print_report(view: ReportView, output: Output) -> None:
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


def write_fleet_files(fleet: tuple[Judged, ...], output: Output) -> None:
    """Write the reports of each deployment and the overview, and the badge. Raises UserError."""
    from contracts.reports import files
    from contracts.reports import fleet as report

    if output.directory is not None:
        report.write(fleet, output.directory)
    if output.badge is not None:
        files.write(output.badge, report.badge_text(fleet))
    for one in fleet:
        files.write_step_summary(one.view)


def print_fleet(fleet: tuple[Judged, ...], output: Output) -> None:
    """Print all deployments side by side."""
    from contracts.reports import files, terminal
    from contracts.reports import fleet as report

    for one in fleet:
        files.print_annotations(one.view, sys.stderr)
    if output.as_json:
        sys.stdout.write(report.text(fleet))
    else:
        report.render(fleet, terminal.console_for(sys.stdout), quiet=output.quiet)


def print_plan(plan: tuple[tuple[str, int], ...], *, exhaustive: bool) -> int:
    """Print the maximum number of requests of each probe or deployment; gives the exit status."""
    widest = max((len(name) for name, _ in plan), default=0)
    for name, most in plan:
        click.echo(f"{name.ljust(widest)}  {most:>6,}")
    click.echo(f"{'Total at most'.ljust(widest)}  {sum(most for _, most in plan):>6,}")
    if exhaustive:
        from contracts.runs.exhaustive import AGAIN_AT_MOST

        click.echo(f"--exhaustive adds one request per page of the list and at most {AGAIN_AT_MOST} others.")
    return ExitStatus.CONFORMING


def _waiver_entry(result: Result) -> str:
    """A waiver for the first MUST that fails, ready to paste; the others look alike."""
    from contracts.judging import waivers

    failed = (v for v in result.verdicts if v.outcome is Outcome.FAIL)
    first = next((v for v in failed if v.requirement.level is Level.MUST), None)
    if first is None or first.requirement.id == waivers.NEVER:
        return ""
    return waivers.entry(first, waivers.days_from_today(90))
