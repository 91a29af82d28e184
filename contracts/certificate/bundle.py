"""What is in a bundle, and how it is made: the same evidence and the same manifest give the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from contracts.certificate import archive, signing
from contracts.certificate.archive import Invalid
from contracts.certificate.levels import Assessment, Standing, assess
from contracts.evidence.recording import Recording, canonical, dumps, sha256
from contracts.judging import waivers as waiving
from contracts.judging.catalogue import Catalogue
from contracts.judging.waivers import Waiver
from contracts.model import Level, Outcome, Result, UserError, Verdict
from contracts.reports import html, json_report
from contracts.reports.curl import Secret
from contracts.reports.summary import ReportOptions
from contracts.reports.view import ReportView, view
from contracts.runs.session import plan

FORMAT = "bifrost-contracts bundle"
VERSION = 1

MANIFEST = "manifest.json"
ATTESTATION = "attestation.json"
RECORDING = "recording.jsonl.gz"
DOCUMENT = "document.yaml"
REQUIREMENTS = "requirements.json"
VERDICTS = "verdicts.json"
PUBLIC_KEY = "public-key.pem"

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"

REPORTS: dict[str, Callable[[ReportView], str]] = {"report.html": html.text, "report.json": json_report.text}
"""The reports in a bundle by the names of their members: each gives the same bytes for the same result."""


@dataclass(frozen=True, slots=True)
class Product:
    """What is certified, in the vendor's words."""

    vendor: str
    product: str
    version: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the vendor states, and the hash of each other member. Times are UTC, to the second."""

    suite: str
    product: Product
    issued: datetime
    expires: datetime
    challenge: str | None
    waivers: tuple[Waiver, ...]
    members: dict[str, str]


def seed_for(challenge: str, product: Product) -> int:
    """The seed that a verifier's nonce and the product's identity give: nobody knows it beforehand."""
    named = canonical([challenge, product.vendor, product.product, product.version])
    return int.from_bytes(hashlib.sha256(named).digest()[:6], "big")


def issue(
    recording: Recording,
    result: Result,
    catalogue: Catalogue,
    *,
    product: Product,
    issued: datetime,
    days: int,
    challenge: str | None = None,
    waivers: tuple[Waiver, ...] = (),
    signer: signing.Signer | None = None,
) -> bytes:
    """The bundle as the content of a ZIP file. `result` is that of the recording, before waivers."""
    evidence = derived(recording, result, catalogue, waivers, issued.date())
    members = {
        **evidence,
        RECORDING: archive.compress(dumps(recording)),
        DOCUMENT: catalogue.document.path.read_bytes(),
        **({} if signer is None else {PUBLIC_KEY: signer.public}),
    }
    manifest = Manifest(
        suite=recording.suite,
        product=product,
        issued=issued,
        expires=issued + timedelta(days=days),
        challenge=challenge,
        waivers=waivers,
        members={name: sha256(content) for name, content in sorted(members.items())},
    )
    stated = manifest_bytes(manifest)
    payload = statement(stated, manifest, waived(result, waivers, issued.date()))
    packed = archive.pack({**members, MANIFEST: stated, ATTESTATION: signing.envelope(payload, signer)})
    if len(packed) > archive.LARGEST:
        raise UserError("The evidence is too large for a bundle: lower --max-requests.")
    return packed


def waived(result: Result, waivers: tuple[Waiver, ...], today: date) -> Result:
    """The result as the certificate shows it."""
    return waiving.apply(result, waivers, today).result


def derived(
    recording: Recording, result: Result, catalogue: Catalogue, waivers: tuple[Waiver, ...], today: date
) -> dict[str, bytes]:
    """The members that follow from recording and waivers: a verifier makes them again."""
    shown = waived(result, waivers, today)
    report = view(shown, _report_options(recording, catalogue))
    return {
        REQUIREMENTS: requirements(catalogue),
        VERDICTS: _verdicts(recording, shown, assess(shown)),
        **{name: render(report).encode("ascii") for name, render in REPORTS.items()},
    }


def _report_options(recording: Recording, catalogue: Catalogue) -> ReportOptions:
    return ReportOptions(
        untested=tuple(r for r in catalogue.requirements if r.id not in catalogue.tested),
        secret=Secret() if recording.parameters.token else None,
        prefix=urlsplit(recording.base_url).path.rstrip("/"),
    )


def requirements(catalogue: Catalogue) -> bytes:
    """The requirement set: every sentence, and whether it has a check."""
    rows = [
        {**asdict(one), "behaviours": list(one.behaviours), "tested": one.id in catalogue.tested}
        for one in catalogue.requirements
    ]
    return _pretty(rows)


def _verdicts(recording: Recording, result: Result, assessment: Assessment) -> bytes:
    return _pretty(
        {
            "level": assessment.standing.value,
            "lacking": list(assessment.lacking),
            "warnings": list(assessment.warnings),
            "exit_status": assessment.status,
            "deployment": result.deployment,
            "seed": result.seed,
            "redacted": recording.redacted,
            "plan": [{"probe": name, "at_most": most} for name, most in plan(recording.parameters)],
            "verdicts": {v.requirement.id: v.outcome.value for v in result.verdicts},
            "behaviours": [asdict(behaviour) for behaviour in result.behaviours],
            "notes": list(result.notes),
        }
    )


# --- the statement ---------------------------------------------------------------------------------


def statement(manifest: bytes, stated: Manifest, result: Result) -> bytes:
    """The in-toto Statement about a bundle; its subject is the manifest, which has the hashes of all else."""
    subject = [{"name": MANIFEST, "digest": {"sha256": sha256(manifest)}}]
    inputs = [
        {"name": name, "digest": {"sha256": stated.members[name]}}
        for name in (DOCUMENT, REQUIREMENTS, RECORDING)
    ]
    predicate = {
        "result": _WORDS[assess(result).standing],
        "configuration": inputs,
        "passedTests": _ids(result, lambda v: v.outcome is Outcome.PASS),
        "warnedTests": _ids(result, lambda v: not _settled(v)),
        "failedTests": _ids(result, _broken),
    }
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": subject,
            "predicateType": PREDICATE_TYPE,
            "predicate": predicate,
        }
    )


# The predicate has three words; what was not judged has not passed.
_WORDS = {
    Standing.CERTIFIED: "PASSED",
    Standing.IN_PART: "WARNED",
    Standing.NOT_CONFORMING: "FAILED",
    Standing.INCONCLUSIVE: "FAILED",
}


def _broken(verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.FAIL and verdict.requirement.level is Level.MUST


def _settled(verdict: Verdict) -> bool:
    return _broken(verdict) or verdict.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE)


def _ids(result: Result, chosen: Callable[[Verdict], bool]) -> list[str]:
    return [verdict.requirement.id for verdict in result.verdicts if chosen(verdict)]


# --- the manifest ----------------------------------------------------------------------------------


def manifest_bytes(manifest: Manifest) -> bytes:
    """The manifest as a member."""
    return _pretty(
        {
            "format": FORMAT,
            "version": VERSION,
            "suite": manifest.suite,
            "vendor": manifest.product.vendor,
            "product": manifest.product.product,
            "product_version": manifest.product.version,
            "issued": manifest.issued.strftime(_TIME),
            "expires": manifest.expires.strftime(_TIME),
            "challenge": manifest.challenge,
            "waivers": [{**asdict(w), "expires": w.expires.isoformat()} for w in manifest.waivers],
            "members": manifest.members,
        }
    )


_TIME = "%Y-%m-%dT%H:%M:%SZ"
_MAX_TEXT = 1_000  # characters
_MAX_DAYS = 3_650
_MAX_TOKENS = 10_000
_TEXTS = ("suite", "vendor", "product", "product_version")
_KEYS = frozenset({*_TEXTS, "format", "version", "issued", "expires", "challenge", "waivers", "members"})


def read_manifest(content: bytes) -> Manifest:
    """The manifest that is the content of the member. Raises Invalid."""
    try:
        few = sum(map(content.count, (b"[", b"{", b",", b":"))) <= _MAX_TOKENS
        raw = json.loads(content.decode("ascii")) if few else {}
        manifest = _manifest(raw)
        exact = manifest_bytes(manifest) == content
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        exact = False
    if not exact:
        raise Invalid(f"{MANIFEST} is no manifest of a bundle in format {VERSION}.")
    return manifest


def _manifest(raw: dict[str, Any]) -> Manifest:
    if set(raw) != _KEYS or (raw["format"], raw["version"]) != (FORMAT, VERSION):
        raise ValueError
    texts = [raw[name] for name in _TEXTS]
    _require_texts([*texts, *raw["members"], *raw["members"].values()])
    if raw["challenge"] is not None:
        _require_texts([raw["challenge"]])
    issued, expires = _moment(raw["issued"]), _moment(raw["expires"])
    if not timedelta() < expires - issued <= timedelta(days=_MAX_DAYS):
        raise ValueError
    return Manifest(
        suite=raw["suite"],
        product=Product(*texts[1:]),
        issued=issued,
        expires=expires,
        challenge=raw["challenge"],
        waivers=_waivers(raw["waivers"]),
        members=raw["members"],
    )


def _waivers(entries: list[dict[str, Any]]) -> tuple[Waiver, ...]:
    if not entries:
        return ()
    given = [{name: value for name, value in entry.items() if value is not None} for entry in entries]
    dated = [{**entry, "expires": date.fromisoformat(entry["expires"])} for entry in given]
    try:
        return waiving.parse({"waiver": dated}, MANIFEST, [entry["id"] for entry in given])
    except UserError as error:
        raise ValueError(str(error)) from None


def _require_texts(values: Iterable[object]) -> None:
    if not all(isinstance(value, str) and len(value) <= _MAX_TEXT for value in values):
        raise TypeError


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=UTC)


def _pretty(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, indent=2).encode("ascii") + b"\n"
