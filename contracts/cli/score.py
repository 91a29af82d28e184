"""The command `score`: the suite itself is examined on its reference deployment."""

from __future__ import annotations

import sys
from typing import Any

import click

from contracts.cli.options import options


@click.command("score", short_help="Score the suite on its reference deployment.")
@options("score")
def score(**given: Any) -> int:
    """Check the embedded reference deployment with every fault and in every variant.

    Exit status: 0 every fault was caught by a requirement that it breaks, and there was no false positive;
    1 otherwise; 2 usage error. A PATTERN is a shell pattern, such as total-*.
    """
    from contracts.cli import scoring
    from contracts.reports import score as report
    from contracts.reports.terminal import console_for

    tasks = scoring.tasks(given["faults"], given["variants"], given["seeds"])
    with report.progress_bar(sys.stderr) as on_progress:
        result = scoring.score(tasks, jobs=given["jobs"], on_progress=on_progress)
    if given["json"]:
        sys.stdout.write(report.as_json(result))
    else:
        report.render(result, console_for(sys.stdout))
    return result.status
