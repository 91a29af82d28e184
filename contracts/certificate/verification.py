"""Judges a bundle again, offline: what it proves, what it cannot prove, and whether it is one at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from contracts import __version__
from contracts.certificate import archive, bundle, signing
from contracts.certificate.archive import Invalid
from contracts.certificate.bundle import Manifest
from contracts.certificate.levels import Assessment, Standing, assess
from contracts.evidence import recording
from contracts.evidence.recording import Recording, sha256
from contracts.judging.catalogue import Catalogue
from contracts.model import ExitStatus, Result
from contracts.runs import replay

_MOST_EXAMPLES = 10_000
_URL = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?(/[!-\"$->@-~]*)")
_SKEW = timedelta(minutes=10)  # clocks of vendor and verifier may differ


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the verifier asks for beyond a sound bundle. `public` is PEM."""

    public: bytes | None = None
    challenge: str | None = None
    max_age: int | None = None  # days


@dataclass(frozen=True, slots=True)
class Verified:
    """A sound bundle: what it says, what was proved, and what cannot be."""

    manifest: Manifest
    recording: Recording
    result: Result  # with waivers applied
    assessment: Assessment
    proved: tuple[str, ...]
    unproved: tuple[str, ...]
    comparable: bool = True  # made by another requirement set or other probes: not judged by this version

    @property
    def status(self) -> int:
        """0 conforming, 1 not conforming, 3 not judged."""
        if not self.comparable:
            return ExitStatus.INCONCLUSIVE
        return self.assessment.status


@dataclass(frozen=True, slots=True)
class Opened:
    """A bundle whose members are those that its manifest names."""

    manifest: Manifest
    members: dict[str, bytes]
    recording: Recording

    @property
    def public(self) -> bytes | None:
        """The key that it says it was signed with."""
        return self.members.get(bundle.PUBLIC_KEY)


def open_bundle(content: bytes) -> Opened:
    """The bundle with members, hashes, hash chain and header checked; nothing is judged. Raises Invalid."""
    members = archive.unpack(content)
    if not {bundle.MANIFEST, bundle.ATTESTATION} <= set(members):
        raise Invalid("The bundle has no manifest, or no attestation.")
    manifest = bundle.read_manifest(members[bundle.MANIFEST])
    _check_members(members, manifest)
    try:
        recorded = recording.loads(archive.expand(bundle.RECORDING, members[bundle.RECORDING]))
    except recording.BadRecording as error:
        raise Invalid(f"{bundle.RECORDING}: {error}") from None
    opened = Opened(manifest, members, recorded)
    _check_asked(opened)
    return opened


def verify(
    content: bytes, catalogue: Catalogue, wanted: Wanted = Wanted(), *, now: datetime | None = None
) -> Verified:
    """What a bundle proves. Raises Invalid where it does not hold together."""
    opened = open_bundle(content)
    _check_key(opened, wanted)
    _check_times(opened.manifest, wanted, now or datetime.now(UTC))
    _check_challenge(opened, wanted)
    if sha256(opened.members[bundle.DOCUMENT]) != catalogue.document.sha256:
        return _not_comparable(opened, "another requirement set")
    try:
        result = replay.replay(opened.recording, catalogue)
    except replay.Diverged as error:
        if opened.manifest.suite != __version__:
            return _not_comparable(opened, "other requests")
        raise Invalid(f"The recording does not fit the plan: {error}") from None
    return _judged(opened, result, catalogue, wanted)


def _judged(opened: Opened, result: Result, catalogue: Catalogue, wanted: Wanted) -> Verified:
    manifest = opened.manifest
    again = bundle.derived(opened.recording, result, catalogue, manifest.waivers, manifest.issued.date())
    shown = bundle.waived(result, manifest.waivers, manifest.issued.date())
    same = [name for name, made in again.items() if opened.members.get(name) == made]
    if len(same) != len(again) and manifest.suite != __version__:
        return _not_comparable(opened, "other verdicts or reports")
    if len(same) != len(again):
        wrong = next(name for name in again if name not in same)
        raise Invalid(f"{wrong} is not what the evidence comes to.")
    payload = bundle.statement(opened.members[bundle.MANIFEST], manifest, shown)
    signing.check(opened.members[bundle.ATTESTATION], payload, opened.public)
    found = Verified(opened.manifest, opened.recording, shown, assess(shown), (), ())
    proved, unproved = tuple(_proved(opened, found, wanted)), tuple(_unproved(opened, wanted))
    return replace(found, proved=proved, unproved=unproved)


def _check_members(members: dict[str, bytes], manifest: Manifest) -> None:
    needed = {bundle.RECORDING, bundle.DOCUMENT, bundle.REQUIREMENTS, bundle.VERDICTS, *bundle.REPORTS}
    named = set(manifest.members)
    present = set(members) - {bundle.MANIFEST, bundle.ATTESTATION}
    for name in sorted(named - present | (needed - {*bundle.REPORTS}) - present):
        raise Invalid(f"The member {name} is missing.")
    for name in sorted(present - named):
        raise Invalid(f"The member {name!r} is not in the manifest.")
    for name in sorted(named - needed - {bundle.PUBLIC_KEY}):
        raise Invalid(f"The member {name!r} is none that a bundle of this format has.")
    for name, digest in manifest.members.items():
        if sha256(members[name]) != digest:
            raise Invalid(f"The member {name} was changed: its hash is not the one in the manifest.")


def _check_key(opened: Opened, wanted: Wanted) -> None:
    if opened.public is not None and not signing.is_plain(opened.public):
        raise Invalid(f"{bundle.PUBLIC_KEY} holds more than a key.")
    if wanted.public is None:
        return
    if opened.public is None:
        raise Invalid("The bundle is not signed, and a signature by that key is asked for.")
    if signing.fingerprint(opened.public) != signing.fingerprint(wanted.public):
        raise Invalid("The bundle is signed with another key than the one given.")


def _check_times(manifest: Manifest, wanted: Wanted, now: datetime) -> None:
    if manifest.issued > now + _SKEW:
        raise Invalid(f"The bundle says that it was issued on {manifest.issued:%Y-%m-%d}, which is to come.")
    if now > manifest.expires:
        raise Invalid(f"The bundle is no longer valid: it expired on {manifest.expires:%Y-%m-%d}.")
    if wanted.max_age is not None and now - manifest.issued > timedelta(days=wanted.max_age):
        raise Invalid(
            f"The bundle was issued on {manifest.issued:%Y-%m-%d}, more than {wanted.max_age} days ago."
        )


def _check_challenge(opened: Opened, wanted: Wanted) -> None:
    manifest = opened.manifest
    if wanted.challenge is not None and manifest.challenge != wanted.challenge:
        raise Invalid("The bundle was not made for this challenge.")
    if manifest.challenge is None:
        return
    if opened.recording.parameters.seed != bundle.seed_for(manifest.challenge, manifest.product):
        raise Invalid("The seed does not follow from the challenge and the product.")


def _check_asked(opened: Opened) -> None:
    recorded = opened.recording
    _check_places(recorded)
    if recorded.parameters.only:
        raise Invalid("The recording is of a run that judged chosen requirements alone.")
    if recorded.suite != opened.manifest.suite:
        raise Invalid("Recording and manifest name different versions of the suite.")
    if recorded.document != opened.manifest.members[bundle.DOCUMENT]:
        raise Invalid("The recording was judged by another document than the one in the bundle.")


def _check_places(recorded: Recording) -> None:
    parts = recorded.parts
    if not parts or (recorded.parameters.examples or 0) > _MOST_EXAMPLES:
        raise Invalid("The recording holds no run, or one that asks for more than a run can.")
    for part in parts:
        if recorded.redacted is not (part.probed is not None):
            raise Invalid("The recording does not say how many exchanges are the probes', or should not.")
        if part.deployment != f"{recorded.base_url.rstrip('/')}{part.path}":
            raise Invalid("The recording is of another deployment than its header says.")
        if not _URL.fullmatch(part.deployment):
            raise Invalid("The recording names a deployment that is no URL.")


def _check_statement(opened: Opened) -> None:
    """What can be said of the attestation where its verdicts cannot be derived: it is about this manifest."""
    payload = signing.payload_of(opened.members[bundle.ATTESTATION])
    signing.check(opened.members[bundle.ATTESTATION], payload, opened.public)
    if sha256(opened.members[bundle.MANIFEST]).encode() not in payload:
        raise Invalid("attestation.json is about another manifest.")


def _not_comparable(opened: Opened, why: str) -> Verified:
    """Sound as far as hashes and signature go; its verdicts cannot be derived with this version."""
    _check_statement(opened)
    lacking = (
        f"made with bifrost-contracts {opened.manifest.suite} by {why} than {__version__} has: "
        "verify it with that version",
    )
    assessment = Assessment(Standing.INCONCLUSIVE, ExitStatus.INCONCLUSIVE, lacking)
    parts = opened.recording.parts
    deployment = parts[-1].deployment if parts else opened.recording.base_url
    result = Result(deployment, opened.recording.parameters.seed, (), (), ())
    proved = ("members: every one has the hash that the manifest states, and there is no other",)
    unproved = ("any verdict: this version of the suite cannot derive them",)
    return Verified(opened.manifest, opened.recording, result, assessment, proved, unproved, comparable=False)


# --- in words --------------------------------------------------------------------------------------


def _proved(opened: Opened, found: Verified, wanted: Wanted) -> Iterator[str]:
    count = sum(len(part.exchanges) for part in opened.recording.parts)
    yield "members: every one has the hash that the manifest states, and there is no other"
    yield f"recording: {count} exchanges in an unbroken hash chain"
    yield f"requirement set: the one of bifrost-contracts {__version__}"
    if not opened.recording.redacted:
        yield "completeness: the probes ask exactly what was recorded, in that order, and nothing more"
    yield f"verdicts: all {len(found.result.verdicts)} derived again from the recording, and the same"
    if opened.manifest.challenge is not None:
        yield "seed: it follows from the challenge and the product"
    if opened.public is not None:
        given = ", the one that you gave" if wanted.public is not None else ""
        yield f"signature: made with the key {signing.fingerprint(opened.public)}{given}"


def _unproved(opened: Opened, wanted: Wanted) -> Iterator[str]:
    yield "that the deployment really sent these answers: whoever holds the key could have made them up"
    yield "that product and version are what answered, and that the time of issue is true: the vendor says so"
    if opened.recording.redacted:
        yield "completeness: strings were replaced, so the vendor vouches for it that nothing was left out"
    if opened.recording.parameters.open or not opened.recording.parameters.token:
        yield "access control: the vendor gave no credentials, or says that everyone may read"
    if opened.manifest.challenge is None:
        yield "that it was made for you: no challenge decided the seed"
    if opened.public is None:
        yield "who made it: the bundle is NOT SIGNED"
    elif wanted.public is None:
        yield "whose key it is: give the vendor's with --public-key"
