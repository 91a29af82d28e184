"""The command `score`: tests the suite itself on its reference deployment."""

from __future__ import annotations

import sys

import click

from contracts.cli.common_options import json_option
from contracts.cli.streams import closed_output_ignored


@click.command("score", short_help="Score the suite on its reference deployment.")
@click.option("--faults", metavar="PATTERN", help="Faults to inject. [default: all, or none with --variants]")
@click.option(
    "--variants", metavar="PATTERN", help="Variants to serve. [default: all, or none with --faults]"
)
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Number of seeds per variant.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Number of processes. [default: one per core]"
)
@json_option("the score")
def score(faults: str | None, variants: str | None, seeds: int, jobs: int | None, *, as_json: bool) -> int:
    """Check the embedded reference deployment with every fault and in every variant.

    Exit status: 0 if every fault is caught by a requirement that it breaks, without a false positive on any
    variant; 1 otherwise; 2 usage error. A PATTERN is a shell pattern such as total-*.
    """
    from contracts.cli import scoring
    from contracts.reports import score as report
    from contracts.reports.terminal import console_for

    wanted = scoring.tasks(faults, variants, seeds)
    with report.progress_bar(sys.stderr) as on_progress:
        reached = scoring.score(wanted, jobs=jobs, on_progress=on_progress)
    with closed_output_ignored():
        if as_json:
            sys.stdout.write(report.as_json(reached))
        else:
            report.render(reached, console_for(sys.stdout))
    return reached.status
