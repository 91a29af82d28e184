"""The commands that describe the contract, `requirements` and `explain`; and `init`, which helps to begin."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from contracts.cli import config
from contracts.cli.checking import catalogue_of
from contracts.cli.options import options
from contracts.model import ExitStatus


@click.command("requirements", short_help="List the requirements.")
@options("requirements")
def requirements(**given: Any) -> int:
    """List the requirements: level, evidence class, and whether there is a check."""
    form = given["format"]
    if form in ("md", "html"):
        return _print_guide(form, given["document"])
    from contracts.reports import requirements as listing

    catalogue = catalogue_of(given)
    if given["json"] or form == "json":
        click.echo(listing.as_json(catalogue.requirements, catalogue.tested))
    elif given["markdown"]:
        click.echo(listing.markdown(catalogue.requirements, catalogue.tested))
    else:
        listing.print_table(catalogue.requirements, catalogue.tested, sys.stdout)
    return ExitStatus.CONFORMING


def _print_guide(form: str, document: str | None) -> int:
    from contracts.judging.explain import entries
    from contracts.reports import guide

    found = entries(None if document is None else Path(document))
    click.echo(guide.html(found) if form == "html" else guide.markdown(found))
    return ExitStatus.CONFORMING


@click.command("explain", short_help="Explain a requirement.")
@click.argument("id_", metavar="ID")
@options("explain")
def explain(id_: str, document: str | None) -> int:
    """Print all about the requirement ID, with a response that meets it and one that does not."""
    from contracts.judging.explain import entry
    from contracts.reports import guide
    from contracts.reports.terminal import console_for

    found = entry(id_, None if document is None else Path(document))
    guide.explain(found, console_for(sys.stdout))
    return ExitStatus.CONFORMING


@click.command("init", short_help="Write a configuration file to begin with.")
@options("init")
def init(url: str | None, token_env: str | None) -> int:
    """Write bifrost-contracts.toml to this directory, so that `check` needs no options."""
    click.echo(f"Wrote {config.write_starter(config.working_directory(), url, token_env)}")
    return ExitStatus.CONFORMING
