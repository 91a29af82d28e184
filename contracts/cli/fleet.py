"""Checking several deployments at the same time, and one report on all of them."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from contracts.cli.checking import Task, waived
from contracts.cli.output import print_fleet, write_fleet_files
from contracts.model import UserError

if TYPE_CHECKING:
    from contracts.judging.waivers import Waiving
    from contracts.reports.fleet import Judged
    from contracts.runs.fleet import FleetMember

Members = tuple["FleetMember", ...]


def refuse(given: dict[str, Any]) -> None:
    """UserError for an option that makes sense for one deployment only."""
    for name in ("record", "har", "resume"):
        if given[name] is not None:
            raise UserError(f"--{name} requires a single deployment.")


def plan(members: Members) -> tuple[tuple[str, int], ...]:
    """The maximum number of requests to each deployment, by name."""
    from contracts.runs import run

    return tuple((one.name, sum(most for _, most in run.plan(one.settings))) for one in members)


def check_and_report(task: Task, members: Members) -> int:
    """Run, write the files, print the report, and give the exit status."""
    from contracts.reports import fleet as report

    if task.output.directory is not None:
        report.prepare(task.output.directory, [member.name for member in members])
    checked = _check(task, members)
    task.watch.interrupts = False  # from here on a signal waits until the report is out
    checked = tuple(_waived(one, task.waiving) for one in checked)
    try:
        write_fleet_files(checked, task.output)
    finally:
        print_fleet(checked, task.output)
    return task.watch.status or report.status(checked)


def _check(task: Task, members: Members) -> tuple[Judged, ...]:
    from contracts.reports import progress
    from contracts.runs import fleet

    most = sum(count for _, count in plan(members))
    with progress.live(sys.stderr) as advance:

        def on_progress(sent: int) -> None:
            if advance is not None:
                advance(f"{len(members)} deployments", sent, most)

        return fleet.check_all(members, task.catalogue, on_progress)


def _waived(judged: Judged, waiving: Waiving) -> Judged:
    result, report_options = waived(judged.result, judged.report_options, waiving)
    return replace(judged, result=result, report_options=report_options)
