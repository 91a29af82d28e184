"""The command `check`: one live deployment, or several side by side."""

from __future__ import annotations

from typing import Any

import click

from contracts.cli import config, fleet, judging
from contracts.cli import option_values as meaning
from contracts.cli import output as showing
from contracts.cli.option_groups import (
    deployment_options,
    judging_options,
    output_options,
    request_options,
)
from contracts.runs import option_values as options
from contracts.runs import settings as asked


@click.command("check", cls=config.Configured, short_help="Judge a live deployment.")
@click.argument("url", nargs=-1, envvar="BIFROST_CONTRACTS_URL")
@click.option("--targets", metavar="FILE", help="Deployments to judge side by side (TOML).")
@deployment_options
@request_options
@judging_options
@output_options
@click.pass_obj
def check(session: meaning.Session, /, url: tuple[str, ...], targets: str | None, **given: Any) -> int:
    """Judge the deployment at URL (scheme, host, and a prefix if there is one), or several side by side.

    The token is read from a variable or a file, never from the command line, where others can see it.
    """
    url, targets = config.nearer(click.get_current_context(), url, targets)
    if targets is not None or len(url) > 1:
        return fleet.check_fleet(session, url, targets, given)
    if not url:
        raise click.UsageError(
            "Missing argument 'URL': on the command line, in the environment or in a file."
        )
    return _check_one(session, url[0], given)


def _check_one(session: meaning.Session, url: str, given: dict[str, Any]) -> int:
    options.require_url(url)
    from contracts.runs import run

    output = meaning.output(given)
    settings = meaning.live_settings(session, url, given)
    catalogue = meaning.catalogue(given["document"], settings)
    if given["plan"]:
        return showing.print_plan(run.plan(settings), given)
    if given["insecure"]:
        click.echo(options.INSECURE, err=True)
    terms = meaning.terms(given, settings, catalogue, asked.keys(given).secret())
    return judging.judge(settings, catalogue, output, terms, meaning.waiving(given, catalogue))
