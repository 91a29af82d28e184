"""The commands that need no deployment: `verify`, `keygen`, `diff`. Nothing heavy is imported before use."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contracts.cli.options import options
from contracts.files import read_file, write_new_file
from contracts.model import ExitStatus, UserError
from contracts.reports.text import visible

if TYPE_CHECKING:
    from contracts.certificate.verification import Verified


@click.command("verify", short_help="Verify a bundle of evidence offline.")
@click.argument("bundle")
@options("verify")
def verify(bundle: str, **given: Any) -> int:
    """Derive every verdict in BUNDLE again and print what it proves; no network is used.

    Exit status: 0 valid and conforming; 1 valid and not conforming; 2 usage error; 3 inconclusive, or made
    by a version that this one cannot compare with; 4 invalid, expired, or not the bundle that was requested.
    """
    from contracts.certificate import signing, verification
    from contracts.certificate.archive import LARGEST, Invalid
    from contracts.judging.catalogue import load_catalogue

    content = read_file(bundle, at_most=LARGEST)
    public = None if given["public_key"] is None else signing.load_public(Path(given["public_key"]))
    wanted = verification.Wanted(public, given["challenge"], given["max_age"])
    try:
        found = verification.verify(content, load_catalogue(), wanted)
    except Invalid as error:
        _print_invalid(str(error), as_json=given["json"])
        return ExitStatus.INVALID
    _print_verified(found, as_json=given["json"])
    return found.status


@click.command("keygen", short_help="Create a key for signing bundles.")
@click.argument("private")
def keygen(private: str) -> int:
    """Write a new Ed25519 key to the file PRIVATE, for your eyes only, and its public key to PRIVATE.pub."""
    from contracts.certificate import signing

    public_path = Path(f"{private}.pub")
    if os.path.lexists(public_path):
        raise UserError(f"{public_path} already exists and is not replaced.")
    secret, public = signing.generate()
    write_new_file(Path(private), secret, 0o600)  # nobody else may read it at any moment
    write_new_file(public_path, public, 0o644)
    click.echo(f"Private key  {visible(private)}: keep it to yourself")
    click.echo(f"Public key   {visible(private)}.pub, SHA-256 {signing.fingerprint(public)}")
    return ExitStatus.CONFORMING


@click.command("diff", short_help="Compare two bundles or JSON reports.")
@click.argument("old")
@click.argument("new")
def diff(old: str, new: str) -> int:
    """Print for each verdict that differs between OLD and NEW what has changed.

    Bundles are checked again with this version; JSON reports can only be compared as they are. Exit status:
    0 no verdict differs; 1 some differ; 2 usage error; 4 a bundle is invalid.
    """
    from contracts.certificate import difference
    from contracts.certificate.archive import LARGEST, Invalid
    from contracts.judging.catalogue import load_catalogue

    catalogue = load_catalogue()
    sides = []
    for name in (old, new):
        try:
            sides.append(difference.side(read_file(name, at_most=LARGEST), catalogue))
        except Invalid as error:
            click.echo(f"INVALID  {visible(name)}: {visible(str(error))}")
            return ExitStatus.INVALID
    found = difference.compare(*sides)
    for line in difference.lines(found):
        click.echo(line)
    return ExitStatus.FAILED if found.changes else ExitStatus.CONFORMING


def _print_invalid(reason: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"valid": False, "reason": reason, "exit_status": ExitStatus.INVALID}))
    else:
        click.echo(f"INVALID  {visible(reason)}")


def _print_verified(found: Verified, *, as_json: bool) -> None:
    from contracts.certificate import certificate_text

    if not as_json:
        for line in certificate_text.lines(found):
            click.echo(line)
        return
    values = {
        "valid": found.comparable,
        "level": found.assessment.standing.value,
        "lacking": found.assessment.lacking,
        "exit_status": found.status,
        "deployment": found.result.deployment,
        "proved": found.proved,
        "not_proved": found.unproved,
        "verdicts": {v.requirement.id: v.outcome.value for v in found.result.verdicts},
    }
    click.echo(json.dumps(values))
