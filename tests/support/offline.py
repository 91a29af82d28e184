"""A run on the reference deployment beside what a stranger derives from its bundle, raw and redacted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts import reference
from contracts.certificate import archive, bundle, certifying, verification
from contracts.certificate.bundle import Product
from contracts.cli import scoring as score
from contracts.evidence import recording as recordings
from contracts.evidence.recording import Recording
from contracts.model import Level, Outcome, Result
from contracts.runs import run
from contracts.runs.recorder import Recorder
from tests.support.fake import CATALOGUE

PRODUCT = Product("Acme", "Gateway", "1.2.3")
NOW = datetime(2126, 11, 24, 12, tzinfo=UTC)  # after every run that a test records


@dataclass(frozen=True)
class Kept:
    """A live result, its recording, and what was verified of the two bundles made of them."""

    live: Result
    recording: Recording
    raw: verification.Verified
    redacted: verification.Verified
    hidden: bytes  # the redacted recording as it stands in its bundle
    secrets: tuple[str, ...]

    def differences(self, fault: str | None) -> Iterator[str]:
        """What is not as it has to be, in words."""
        if self.raw.result != self.live:
            yield "offline verdicts differ"
        if outcomes(self.redacted.result) != outcomes(self.live):
            yield "redacted verdicts differ"
        if self.raw.status != self.redacted.status:
            yield "the redacted bundle has another status"
        if self.raw.status == 0 and fault is not None and breaks_a_must(fault):
            yield "verified as conforming"
        if any(secret.encode() in recordings.dumps(self.recording) for secret in self.secrets):
            yield "a token was recorded"
        shown = [text for text in strings(self.recording) if json.dumps(text)[1:-1].encode() in self.hidden]
        if shown:
            yield f"not redacted: {shown[0]!r}"


def kept(fault: str | None = None, variant: str | None = None, profiles: int = 137) -> Kept:
    """A run of the reference deployment with that fault or in that variant, and its bundles verified."""
    manner = {"fault": fault, "variant": variant, "profiles": profiles}
    with score.deployed_in_memory(**manner) as (settings, connect):  # type: ignore[arg-type]
        recorder = Recorder(settings, CATALOGUE)
        live = run.check(settings, catalogue=CATALOGUE, record=recorder, connect=connect)
    recording = recorder.recording()
    redacted = made(live, recording, redact=True)
    hidden = archive.expand("", archive.unpack(redacted)[bundle.RECORDING])
    secrets = (settings.secrets.token or "", settings.secrets.narrow or "")
    return Kept(live, recording, verified(made(live, recording)), verified(redacted), hidden, secrets)


def breaks_a_must(fault: str) -> bool:
    """Whether all that the fault may be reported under are MUSTs."""
    known = reference.FAULTS[fault]
    return all(CATALOGUE.by_id[id_].level is Level.MUST for id_ in (known.breaks, *known.also))


def made(result: Result, recording: Recording, **given: object) -> bytes:
    """A bundle of that run."""
    wish = {"product": PRODUCT, "days": 90, "now": NOW, **given}
    return certifying.certify(recording, result, CATALOGUE, **wish).content  # type: ignore[arg-type]


def verified(content: bytes, *, now: datetime = NOW, **wanted: object) -> verification.Verified:
    """What is found out about a bundle."""
    return verification.verify(content, CATALOGUE, verification.Wanted(**wanted), now=now)  # type: ignore[arg-type]


def outcomes(result: Result) -> list[tuple[str, Outcome, str | None]]:
    """What is said of each requirement."""
    return [(v.requirement.id, v.outcome, v.blocked_by) for v in result.verdicts]


def strings(recording: Recording) -> set[str]:
    """The names and descriptions that the recorded answers hold, but for short ones."""
    return {
        text
        for recorded in recording.parts
        for exchange in recorded.exchanges
        if exchange.status == 200
        for text in _secret_texts(_value(exchange.content))
    }


def _value(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _secret_texts(value: object, key: str = "") -> list[str]:
    if isinstance(value, dict):
        return [text for name, inner in value.items() for text in _secret_texts(inner, name)]
    if isinstance(value, list):
        return [text for inner in value for text in _secret_texts(inner, key)]
    return [value] if key in ("name", "description") and isinstance(value, str) and len(value) > 9 else []
