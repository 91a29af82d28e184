"""The command `certify`: one deployment checked against the whole contract, and the bundle that proves it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contracts.cli import checking
from contracts.cli.invocation import Invocation
from contracts.cli.options import options
from contracts.cli.output import print_plan
from contracts.files import require_writable, write_file
from contracts.model import UserError
from contracts.reports.text import visible
from contracts.runs import signals

if TYPE_CHECKING:
    from contracts.certificate.bundle import Product
    from contracts.certificate.levels import Assessment
    from contracts.certificate.signing import Signer
    from contracts.judging.catalogue import Catalogue
    from contracts.judging.waivers import Waiver
    from contracts.runs.settings import Settings


@dataclass(frozen=True, slots=True)
class Order:
    """The certificate that the user wants."""

    out: Path
    product: Product
    challenge: str | None
    days: int
    signer: Signer | None
    redact: bool


@click.command("certify", short_help="Check a deployment and write a bundle of evidence.")
@click.argument("url")
@options("certify")
@click.pass_obj
def certify(invocation: Invocation, /, url: str, **given: Any) -> int:
    """Check the deployment at URL against the whole contract and write a bundle that anyone can verify.

    Exit status as of check: 0 conforms; 1 does not conform; 2 usage error; 3 inconclusive. The bundle is
    written unless there is a usage error or an interruption. It never contains secrets.
    """
    from contracts.runs import run
    from contracts.runs.settings import settings, waiving

    meant = settings(url, given)
    invocation.hide([meant.secrets.redact])
    order = _order(given)
    meant = _seeded(meant, order)
    if given["plan"]:
        return print_plan(run.plan(meant), exhaustive=given["exhaustive"])
    catalogue = checking.catalogue_of(given)
    return _certify(invocation, meant, catalogue, order, waiving(given, catalogue).waivers)


def _order(given: dict[str, Any]) -> Order:
    from contracts.certificate import bundle, signing

    if given["challenge"] is not None and given["seed"]:
        raise UserError("--challenge determines the seed, so --seed cannot be combined with it.")
    out = Path(given["out"])
    require_writable(out)
    return Order(
        out=out,
        product=bundle.Product(given["vendor"], given["product"], given["version"]),
        challenge=given["challenge"],
        days=given["valid_days"],
        signer=None if given["key"] is None else signing.load_signer(Path(given["key"])),
        redact=given["redact"],
    )


def _seeded(settings: Settings, order: Order) -> Settings:
    from contracts.certificate import bundle

    if order.challenge is None:
        return settings
    return replace(settings, seed=bundle.seed_for(order.challenge, order.product))


def _certify(
    invocation: Invocation,
    settings: Settings,
    catalogue: Catalogue,
    order: Order,
    waivers: tuple[Waiver, ...],
) -> int:
    from contracts.certificate import certifying
    from contracts.certificate.archive import Invalid
    from contracts.runs.recorder import Recorder

    recorder = Recorder(settings, catalogue)
    result = checking.run_recorded(recorder)
    if invocation.watch.first is not None:
        raise signals.Interrupted(invocation.watch.first)  # half a run is nothing to certify
    invocation.watch.interrupts = False
    try:
        made = certifying.certify(
            recorder.recording(),
            result,
            catalogue,
            product=order.product,
            challenge=order.challenge,
            days=order.days,
            waivers=waivers,
            signer=order.signer,
            redact=order.redact,
        )
    except Invalid as error:
        raise UserError(f"No bundle is written, because nobody could verify it: {error}") from None
    write_file(order.out, made.content)
    _print(made.assessment, order)
    return made.assessment.status


def _print(assessment: Assessment, order: Order) -> None:
    from contracts.certificate import certificate_text

    for line in certificate_text.conclusion(assessment):
        click.echo(line)
    click.echo(f"Wrote       {visible(str(order.out))}")
    if order.signer is None:
        click.echo("WARNING: the bundle is NOT SIGNED. Sign it with --key to prove who made it.", err=True)
