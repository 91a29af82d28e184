"""The commands that tell how things are: `requirements` and `explain`; and `init`, which helps to begin."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from contracts.cli import config
from contracts.cli.common_options import document_option
from contracts.cli.streams import closed_output_ignored
from contracts.model import ExitStatus


@click.command("requirements", short_help="List the requirements.")
@click.option(
    "--format",
    "written",
    type=click.Choice(["table", "md", "html", "json"]),
    help="As a table, or in full as a document: Markdown or HTML.",
)
@click.option("--markdown", "form", flag_value="markdown", help="As a Markdown table.")
@click.option("--json", "form", flag_value="json", help="As JSON.")
@document_option
def requirements(form: str | None, written: str | None, document: str | None) -> int:
    """List the requirements: level, evidence class, and whether there is a check."""
    if written in ("md", "html"):
        return _print_guide(written, document)
    form = "json" if written == "json" else form
    from contracts.judging.catalogue import load_catalogue
    from contracts.reports import requirements as listing

    catalogue = load_catalogue(None if document is None else Path(document))
    if form is None:
        listing.print_table(catalogue.requirements, catalogue.tested, sys.stdout)
    else:
        write = listing.markdown if form == "markdown" else listing.as_json
        click.echo(write(catalogue.requirements, catalogue.tested))
    return ExitStatus.CONFORMING


def _print_guide(form: str, document: str | None) -> int:
    from contracts.judging import explain as guide
    from contracts.reports import guide as report

    entries = guide.entries(None if document is None else Path(document))
    click.echo(report.html(entries) if form == "html" else report.markdown(entries))
    return ExitStatus.CONFORMING


@click.command("explain", short_help="Explain a requirement.")
@click.argument("id_", metavar="ID")
@document_option
def explain(id_: str, document: str | None) -> int:
    """Say all there is to know of the requirement ID, with an answer that meets and one that breaks it."""
    from contracts.judging import explain as guide
    from contracts.reports import guide as report
    from contracts.reports.terminal import console_for

    entry = guide.entry(id_, None if document is None else Path(document))
    with closed_output_ignored():
        report.explain(entry, console_for(sys.stdout))
    return ExitStatus.CONFORMING


@click.command("init", short_help="Write a file of options to begin with.")
@click.option("--url", metavar="URL", help="The deployment to judge.")
@click.option("--token-env", metavar="NAME", help="Environment variable that holds the token.")
def init(url: str | None, token_env: str | None) -> int:
    """Write bifrost-contracts.toml here, so that `check` needs no options."""
    click.echo(f"Wrote {config.write_starter(Path.cwd(), url, token_env)}")
    return ExitStatus.CONFORMING
