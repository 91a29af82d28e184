"""The command `certify`: one deployment judged by the whole contract, and the bundle that proves it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contracts.cli import judging
from contracts.cli import option_values as meaning
from contracts.cli import output as showing
from contracts.cli.files import require_writable, write_file
from contracts.cli.option_groups import asking_options, deployment_options, waivers_option
from contracts.model import UserError
from contracts.reports.text import visible
from contracts.runs import signals

if TYPE_CHECKING:
    from contracts.certificate.bundle import Product
    from contracts.certificate.levels import Assessment
    from contracts.certificate.signing import Signer
    from contracts.judging.catalogue import Catalogue
    from contracts.judging.waivers import Waiver
    from contracts.runs.run import Settings


@dataclass(frozen=True, slots=True)
class Wish:
    """The certificate that is asked for."""

    out: Path
    product: Product
    challenge: str | None
    days: int
    signer: Signer | None
    redact: bool


@click.command("certify", short_help="Judge a deployment and write a bundle of evidence.")
@click.argument("url")
@click.option("--vendor", required=True, metavar="TEXT", help="Who makes the product.")
@click.option("--product", required=True, metavar="TEXT", help="What it is called.")
@click.option("--version", required=True, metavar="TEXT", help="Which version of it is judged.")
@click.option("--out", required=True, metavar="FILE", help="The bundle to write (ZIP).")
@click.option("--key", metavar="FILE", help="Private key to sign with; keygen makes one.")
@click.option("--challenge", metavar="NONCE", help="What the verifier wants the seed to be derived from.")
@click.option(
    "--valid-days",
    type=click.IntRange(1, 3650),
    default=90,
    show_default=True,
    metavar="N",
    help="Days after which it expires.",
)
@click.option("--redact", is_flag=True, help="Replace names, tags, other strings and ids by tokens.")
@waivers_option
@deployment_options
@asking_options
@click.pass_obj
def certify(session: meaning.Session, /, url: str, **given: Any) -> int:
    """Judge the deployment at URL by the whole contract and write a bundle that anyone can verify.

    Exit status as of check: 0 conforming; 1 not conforming; 2 usage error; 3 not judged. The bundle is
    written in each of these cases but the second last. Secrets are never in it.
    """
    from contracts.runs import run

    settings = meaning.live_settings(session, url, {**given, "only": ()})
    wish = _wish(given)
    settings = _seeded(settings, wish)
    if given["plan"]:
        return showing.print_plan(run.plan(settings), given)
    catalogue = meaning.catalogue(None, settings)
    waiving = meaning.waiving({**given, "strict_waivers": False}, catalogue)
    return _certify(settings, catalogue, wish, waiving.waivers)


def _wish(given: dict[str, Any]) -> Wish:
    from contracts.certificate import bundle, signing

    names = ("vendor", "product", "version")
    for name in (*names, "challenge"):
        if given[name] is not None and not given[name].strip():
            raise UserError(f"--{name} is empty; is a variable unset?")
    if given["challenge"] is not None and given["seed"]:
        raise UserError("--challenge decides the seed; leave out --seed.")
    return Wish(
        out=require_writable(given["out"], "--out"),
        product=bundle.Product(*(given[name] for name in names)),
        challenge=given["challenge"],
        days=given["valid_days"],
        signer=None if given["key"] is None else signing.load_signer(Path(given["key"])),
        redact=given["redact"],
    )


def _seeded(settings: Settings, wish: Wish) -> Settings:
    from contracts.certificate import bundle

    if wish.challenge is None:
        return settings
    return replace(settings, seed=bundle.seed_for(wish.challenge, wish.product))


def _certify(settings: Settings, catalogue: Catalogue, wish: Wish, waivers: tuple[Waiver, ...]) -> int:
    from contracts.certificate import certifying

    with signals.watched() as watch:
        recorder, result = judging.run_recorded(settings, catalogue)
    if watch.status is not None:
        raise signals.Interrupted(watch.seen[0])  # half a run is nothing to certify
    made = certifying.certify(
        recorder.recording(),
        result,
        catalogue,
        product=wish.product,
        challenge=wish.challenge,
        days=wish.days,
        waivers=waivers,
        signer=wish.signer,
        redact=wish.redact,
    )
    write_file(wish.out, made.content)
    _tell(made.assessment, wish)
    return made.assessment.status


def _tell(assessment: Assessment, wish: Wish) -> None:
    from contracts.certificate import certificate_text as words

    for line in words.conclusion(assessment):
        click.echo(line)
    click.echo(f"Wrote       {visible(str(wish.out))}")
    if wish.signer is None:
        click.echo("WARNING: the bundle is NOT SIGNED; give --key, or nobody can tell who made it.", err=True)
