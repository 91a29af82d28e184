"""The command `score`: the suite itself is examined on its reference deployment."""

from __future__ import annotations

import sys

import click

from contracts.cli.common_options import json_option
from contracts.cli.streams import closed_output_ignored


@click.command("score", short_help="Score the suite on its reference deployment.")
@click.option("--faults", metavar="PATTERN", help="Faults to try. [default: all, or none with --styles]")
@click.option("--styles", metavar="PATTERN", help="Styles to try. [default: all, or none with --faults]")
@click.option(
    "--seeds", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Seeds a style."
)
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Runs at a time. [default: one a core]")
@json_option("the score")
def score(faults: str | None, styles: str | None, seeds: int, jobs: int | None, *, as_json: bool) -> int:
    """Judge the embedded reference deployment with every fault and in every legal style.

    Exit status: 0 every fault was caught by a requirement that it breaks, and no style accused of anything;
    1 otherwise; 2 usage error. A PATTERN is as in a shell: total-*.
    """
    from contracts.cli import scoring as scoring
    from contracts.reports import score as report
    from contracts.reports.terminal import console_for

    wanted = scoring.tasks(faults, styles, seeds)
    with report.live(sys.stderr) as told:
        reached = scoring.score(wanted, jobs=jobs, told=told)
    with closed_output_ignored():
        if as_json:
            sys.stdout.write(report.as_json(reached))
        else:
            report.render(reached, console_for(sys.stdout))
    return reached.status
