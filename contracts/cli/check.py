"""The command `check`: one live deployment, or several side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from contracts.cli import checking, config
from contracts.cli import fleet as check_fleet
from contracts.cli.invocation import Invocation
from contracts.cli.options import options
from contracts.cli.output import print_plan
from contracts.runs.option_values import INSECURE, require_url
from contracts.runs.options import URL


@click.command("check", cls=config.Configured, short_help="Check a live deployment.")
@click.argument("url", nargs=-1, envvar=URL.variable)
@options("check", variables=True)
@click.pass_obj
def check(invocation: Invocation, /, url: tuple[str, ...], targets: str | None, **given: Any) -> int:
    """Check the deployment at URL (scheme, host, and path prefix if any), or several side by side.

    The token is read from an environment variable or a file, never from the command line, where others can
    see it.
    """
    from_urls, targets = config.closest(click.get_current_context(), url, targets)
    if targets is None and not from_urls:
        raise click.UsageError("Missing argument 'URL': give it here, in the environment or in a file.")
    for one in from_urls:
        require_url(one)
    from contracts.runs import fleet, run

    listed: list[dict[str, Any]] = [{"url": one} for one in from_urls]
    listed += [] if targets is None else fleet.read_targets(Path(targets))
    task = checking.task_of(invocation, given)
    members = fleet.members(listed, given, task.catalogue)
    invocation.hide(member.settings.secrets.redact for member in members)
    together = targets is not None or len(members) > 1
    if together:
        check_fleet.refuse(given)
    if given["plan"]:
        plan = check_fleet.plan(members) if together else run.plan(members[0].settings)
        return print_plan(plan, exhaustive=given["exhaustive"])
    if any(member.settings.verify is False for member in members):
        click.echo(INSECURE, err=True)
    if together:
        return check_fleet.check_and_report(task, members)
    return checking.check_and_report(task, members[0].settings, members[0].report_options)
