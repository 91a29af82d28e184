"""The commands `demo` and `serve`: the embedded reference deployment, checked or served."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

import click

from contracts.cli import checking
from contracts.cli.invocation import Invocation
from contracts.cli.options import options
from contracts.cli.output import print_plan
from contracts.model import ExitStatus, UserError
from contracts.reports.curl import Secret
from contracts.runs import option_values


@click.command("demo", short_help="Check the embedded reference deployment.")
@options("demo")
@click.pass_obj
def demo(invocation: Invocation, /, **given: Any) -> int:
    """Start the embedded reference deployment, check it, stop it."""
    if given["list"]:
        return _print_names()
    from contracts.cli import scoring
    from contracts.runs import run
    from contracts.runs.settings import report_options, settings

    fault, variant = given["fault"], given["variant"]
    _require_names(fault, variant)
    task = checking.task_of(invocation, given)
    with scoring.deployed(
        fault=fault, variant=variant, seed=given["seed"], profiles=given["profiles"]
    ) as served:
        invocation.hide([served.secrets.redact])
        meant = settings(served.base_url, {**given, "open": served.open}, served.secrets)
        if given["plan"]:
            return print_plan(run.plan(meant), exhaustive=given["exhaustive"])
        click.echo(_headline(fault, variant), err=task.output.as_json)
        shown = report_options(meant, given, Secret(), task.catalogue)
        return checking.check_and_report(task, meant, shown)


def _headline(fault: str | None, variant: str | None) -> str:
    of_variant = "" if variant is None else f", variant {variant}"
    of_fault = "without a fault" if fault is None else f"with the fault {fault}"
    return f"Checking the embedded reference deployment{of_variant}, {of_fault}."


@click.command("serve", short_help="Serve the embedded reference deployment.")
@options("serve")
def serve(**given: Any) -> int:
    """Serve the embedded reference deployment on this machine until Ctrl-C."""
    if given["list"]:
        return _print_names()
    _require_names(given["fault"], given["variant"])
    _require_loopback(given["host"])
    _serve(given)
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


def _serve(given: dict[str, Any]) -> None:
    from contracts import reference

    host, port = given["host"], given["port"]

    def announce(url: str) -> None:
        _announce(url, reference.REFERENCE_TOKEN)

    try:
        with suppress(KeyboardInterrupt):
            reference.serve_forever(
                host,
                port,
                on_ready=announce,
                profiles=given["profiles"],
                fault=given["fault"],
                variant=given["variant"],
            )
    except OSError as error:
        raise UserError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def _announce(url: str, token: str) -> None:
    click.echo(f"Serving {url}")
    click.echo(f"Token (fake, only for this deployment): {token}")
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

    option_values.require_known("fault", fault, reference.FAULTS)
    option_values.require_known("variant", variant, reference.VARIANTS)
