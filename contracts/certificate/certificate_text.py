"""A certificate for people: what it says, what is proved, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.certificate.levels import Assessment
from contracts.certificate.verification import Verified
from contracts.model import Outcome
from contracts.reports.text import visible

_SHOWN = 40


def lines(found: Verified) -> Iterator[str]:
    """What `verify` prints of a sound bundle; all text from vendor and deployment made inert."""
    manifest, seed = found.manifest, found.recording.parameters.seed
    product = manifest.product
    yield f"{visible(product.vendor)} {visible(product.product)} {visible(product.version)}"
    yield f"Deployment  {visible(found.result.deployment)}"
    issued = f"{manifest.issued:%Y-%m-%d %H:%M} UTC, valid up to {manifest.expires:%Y-%m-%d}"
    yield f"Issued      {issued}, by bifrost-contracts {visible(manifest.suite)}, seed {seed}"
    for waiver in manifest.waivers:
        accepted = f"{waiver.id} up to {waiver.expires} ({visible(waiver.owner)}): {visible(waiver.reason)}"
        yield f"Waiver      {accepted}"
    yield from (f"Proved      {visible(one)}" for one in found.proved)
    yield from (f"Not proved  {visible(one)}" for one in found.unproved)
    yield from conclusion(found.assessment)
    if found.comparable:
        yield _tally(found)


def conclusion(assessment: Assessment) -> Iterator[str]:
    """The level, and what keeps it from being *certified*."""
    yield f"Level       {assessment.standing.value.upper()}"
    yield from (f"            - {visible(one)}" for one in assessment.lacking[:_SHOWN])
    if len(assessment.lacking) > _SHOWN:
        yield f"            and {len(assessment.lacking) - _SHOWN} more"
    if assessment.warnings:
        yield f"Warnings    broken SHOULD: {', '.join(assessment.warnings)}"


def _tally(found: Verified) -> str:
    outcomes = [verdict.outcome for verdict in found.result.verdicts]
    counts = (f"{outcomes.count(one)} {one.value}" for one in Outcome if one in outcomes)
    return "Verdicts    " + ", ".join(counts)
