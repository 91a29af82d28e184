"""From a live run to a bundle that was verified before anyone gets it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.certificate import bundle, redaction, verification
from contracts.certificate.bundle import Product
from contracts.certificate.levels import Assessment
from contracts.certificate.signing import Signer
from contracts.evidence.recording import Recording
from contracts.judging.catalogue import Catalogue
from contracts.judging.waivers import Waiver
from contracts.model import Result


@dataclass(frozen=True, slots=True)
class Certificate:
    """A bundle, and what it says."""

    content: bytes
    assessment: Assessment


def certify(
    recording: Recording,
    result: Result,
    catalogue: Catalogue,
    *,
    product: Product,
    days: int,
    challenge: str | None = None,
    waivers: tuple[Waiver, ...] = (),
    signer: Signer | None = None,
    redact: bool = False,
    now: datetime | None = None,
) -> Certificate:
    """The bundle of a run. Raises UserError where it cannot be made."""
    if redact:
        recording, result = redaction.redacted(recording, result, catalogue)
    content = bundle.issue(
        recording,
        result,
        catalogue,
        product=product,
        issued=(now or datetime.now(UTC)).replace(microsecond=0),
        days=days,
        challenge=challenge,
        waivers=waivers,
        signer=signer,
    )
    # What a stranger would find is found here first: the live verdicts must follow from the recording.
    found = verification.verify(content, catalogue, now=now)
    return Certificate(content, found.assessment)
