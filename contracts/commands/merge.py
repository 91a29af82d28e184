"""The command `merge`: parts of one walk and JSON reports of several machines, as one verdict."""

from __future__ import annotations

import sys

import click

from contracts.commands.common_options import json_option
from contracts.commands.streams import closed_output_ignored


@click.command("merge", short_help="Merge parts of a walk and JSON reports into one verdict.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@json_option("what was merged")
def merge(files: tuple[str, ...], *, as_json: bool) -> int:
    """Put together what several machines found; no network is used.

    Each FILE is what `check --exhaustive --part K/N --resume FILE` left, or a JSON report of one or several
    deployments. The parts have to make one whole walk.

    Exit status, the worst of all: 0 conforming; 1 a MUST is broken; 2 usage error, or a FILE is neither; 3
    not judged: a part is missing or not finished, the list moved, or a profile seems to be there twice.
    """
    from contracts import merging
    from contracts.catalogue import load_catalogue
    from contracts.reports import merged as report
    from contracts.reports.terminal import console_for

    found = merging.merge(files, load_catalogue())
    with closed_output_ignored():
        if as_json:
            sys.stdout.write(report.as_json(found))
        else:
            report.render(found, console_for(sys.stdout))
    return found.conclusion.status
