"""The commands `demo` and `serve`: the embedded reference deployment, judged or served."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import replace
from typing import Any

import click

from contracts.cli import judging
from contracts.cli import option_values as meaning
from contracts.cli import output as showing
from contracts.cli.option_groups import (
    judging_options,
    output_options,
    reference_options,
    request_options,
)
from contracts.model import ExitStatus, UserError
from contracts.reports.curl import Secret
from contracts.runs import option_values as options


@click.command("demo", short_help="Judge the embedded reference deployment.")
@reference_options
@request_options
@judging_options
@output_options
@click.pass_obj
def demo(
    session: meaning.Session, /, fault: str | None, variant: str | None, profiles: int, **given: Any
) -> int:
    """Start the embedded reference deployment, judge it, stop it."""
    if given.pop("is_list"):
        return _print_names()
    from contracts.cli import scoring as score
    from contracts.runs import run

    _require_names(fault, variant)
    output = meaning.output(given)
    with score.deployed(fault=fault, variant=variant, seed=given["seed"], profiles=profiles) as served:
        session.redact = served.secrets.redact
        settings = replace(meaning.settings(served.base_url, given), secrets=served.secrets, open=served.open)
        catalogue = meaning.catalogue(given["document"], settings)
        if given["plan"]:
            return showing.print_plan(run.plan(settings), given)
        click.echo(_demo_line(fault, variant), err=output.as_json)
        terms = meaning.terms(given, settings, catalogue, Secret())
        return judging.judge(settings, catalogue, output, terms, meaning.waiving(given, catalogue))


def _demo_line(fault: str | None, variant: str | None) -> str:
    served = "" if variant is None else f", variant {variant}"
    return f"Checking the embedded reference deployment{served}, {_fault_words(fault)}."


def _fault_words(fault: str | None) -> str:
    return "without a fault" if fault is None else f"with the fault {fault}"


@click.command("serve", short_help="Serve the embedded reference deployment.")
@reference_options
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free port. [default: 0]")
def serve(
    fault: str | None, variant: str | None, profiles: int, host: str, port: int, *, is_list: bool
) -> int:
    """Serve the embedded reference deployment on this machine until Ctrl-C."""

    if is_list:
        return _print_names()
    _require_names(fault, variant)
    _require_loopback(host)
    _serve(host, port, {"profiles": profiles, "fault": fault, "variant": variant})
    click.echo("Stopped.", err=True)
    return ExitStatus.CONFORMING


def _require_loopback(host: str) -> None:
    import ipaddress

    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        # Its token is printed and its faults are holes: nobody else should reach it.
        raise UserError("--host must be a loopback address: the reference deployment is for this machine.")


def _serve(host: str, port: int, manner: dict[str, Any]) -> None:
    from contracts import reference

    def announce(url: str) -> None:
        _announce(url, reference.REFERENCE_TOKEN)

    try:
        with suppress(KeyboardInterrupt):
            reference.serve_forever(host, port, on_ready=announce, **manner)
    except OSError as error:
        raise UserError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def _announce(url: str, token: str) -> None:
    click.echo(f"Serving {url}")
    click.echo(f"Token (fake, of use here alone): {token}")
    click.echo("Press Ctrl-C to stop.", err=True)
    sys.stdout.flush()


def _print_names() -> int:
    from contracts import reference

    for title, known in (("Faults", reference.FAULTS), ("Variants", reference.VARIANTS)):
        click.echo(f"{title}:")
        for name, entry in known.items():
            click.echo(f"  {name}: {entry.description}")
    return ExitStatus.CONFORMING


def _require_names(fault: str | None, variant: str | None) -> None:
    from contracts import reference

    options.require_known("fault", fault, reference.FAULTS)
    options.require_known("variant", variant, reference.VARIANTS)
