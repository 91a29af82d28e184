"""Bundles: anyone derives the same verdicts from them, and whatever was done to them is noticed."""

from __future__ import annotations

import gzip
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contracts.certificate import archive, bundle, redaction, signing, verification
from contracts.certificate import certificate_text as words
from contracts.certificate.archive import Invalid
from contracts.certificate.bundle import Product
from contracts.certificate.levels import Standing
from contracts.evidence import recording as recordings
from contracts.evidence.recording import Part, Recording
from contracts.judging.waivers import Waiver
from contracts.model import OLD_PATH, BudgetSpent, Credentials, Exchange, Outcome, Purpose, Request, Result
from contracts.runs import replay, run
from contracts.runs.flow import one_by_one
from contracts.runs.recorder import Recorder
from contracts.runs.session import Run
from tests.support import fake, offline
from tests.support.offline import NOW, PRODUCT, made, outcomes, verified

CATALOGUE = fake.CATALOGUE
SIGNER = signing.Signer(signing.load_pem_private_key(signing.generate()[0], None))  # type: ignore[arg-type]
TOKEN = "reference-token"


def judged(send: Callable[[Request], Exchange], seed: int = 0) -> tuple[Result, Recording]:
    """A run without a network, and its recording."""
    settings = run.Settings("http://fake.invalid", path=OLD_PATH, examples=0, seed=seed)
    live = Run(run.parameters(settings), OLD_PATH, CATALOGUE)
    live.drive(one_by_one(send))
    result = live.result(f"http://fake.invalid{OLD_PATH}", 1.5)
    recorder = Recorder(settings, CATALOGUE)
    recorder(OLD_PATH, result)
    return result, recorder.recording()


class Wrong(fake.Deployment):
    """Counts one profile too many under a filter by tags."""

    def page(self, asked):
        page = super().page(asked)
        return {**page, "total_count": page["total_count"] + ("tags" in asked)}


@pytest.fixture(scope="module")
def good() -> tuple[Result, Recording]:
    return judged(fake.Deployment(fake.rows(25)))


@pytest.fixture(scope="module")
def signed(good) -> bytes:
    return made(*good, signer=SIGNER)


@pytest.fixture(scope="module")
def unsigned(good) -> bytes:
    return made(*good)


# --- what holds of a good one ----------------------------------------------------------------------


def test_a_signed_bundle_proves_its_verdicts_and_says_what_it_cannot_prove(good, signed):
    found = verified(signed, public=SIGNER.public)
    assert found.result == good[0]
    text = "\n".join(found.proved)
    for word in ("members", "recording", "requirement set", "completeness", "verdicts", "signature"):
        assert f"{word}:" in text
    assert "that the deployment really sent these answers" in "\n".join(found.unproved)
    assert not any("NOT SIGNED" in one for one in found.unproved)
    assert any("NOT SIGNED" in one for one in verified(made(*good)).unproved)


def test_the_same_evidence_gives_the_same_bytes(good, signed):
    assert made(*good, signer=SIGNER) == signed


def test_the_attestation_is_a_statement_in_an_envelope(signed):
    members = archive.unpack(signed)
    envelope = json.loads(members[bundle.ATTESTATION])
    payload = signing.payload_of(members[bundle.ATTESTATION])
    statement = json.loads(payload)
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert envelope["signatures"][0]["keyid"] == signing.fingerprint(SIGNER.public)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert statement["subject"][0]["digest"]["sha256"] == recordings.sha256(members[bundle.MANIFEST])
    assert statement["predicate"]["result"] in ("PASSED", "WARNED", "FAILED")
    assert "PAGE-COUNT" in statement["predicate"]["passedTests"]


def test_pre_authentication_encoding_is_that_of_dsse():
    assert signing._encoded(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"


def test_the_challenge_and_the_product_decide_the_seed():
    seed = bundle.seed_for("nonce", PRODUCT)
    assert seed != bundle.seed_for("other", PRODUCT)
    assert seed != bundle.seed_for("nonce", replace(PRODUCT, version="1.2.4"))
    result, recording = judged(fake.Deployment(fake.rows(25)), seed)
    content = made(result, recording, challenge="nonce")
    assert any(one.startswith("seed:") for one in verified(content, challenge="nonce").proved)
    with pytest.raises(Invalid, match="not made for this challenge"):
        verified(content, challenge="other")
    with pytest.raises(Invalid, match="seed does not follow"):
        made(*judged(fake.Deployment(fake.rows(25)), 7), challenge="nonce")


def test_the_verifier_can_ask_for_a_key_an_age_and_a_time(signed, unsigned):
    other = signing.generate()[1]
    for content, wanted, now, said in (
        (signed, {"public": other}, NOW, "another key"),
        (unsigned, {"public": SIGNER.public}, NOW, "not signed"),
        (signed, {"challenge": "x"}, NOW, "challenge"),
        (signed, {"max_age": 3}, NOW + timedelta(days=4), "more than 3 days"),
        (signed, {}, NOW + timedelta(days=91), "expired"),
        (signed, {}, NOW - timedelta(days=1), "to come"),
    ):
        with pytest.raises(Invalid, match=said):
            verified(content, now=now, **wanted)
    assert verified(signed, now=NOW + timedelta(days=3), max_age=3).comparable


# --- levels ----------------------------------------------------------------------------------------


def test_a_broken_must_is_never_conforming(good):
    result, recording = judged(Wrong(fake.rows(25)))
    found = verified(made(result, recording))
    assert (found.assessment.standing, found.status) == (Standing.NOT_CONFORMING, 1)
    assert any(one.startswith("FILTER-TOTAL fail") for one in found.assessment.lacking)
    # Its evidence under the verdicts of a good run is no bundle either.
    with pytest.raises(Invalid):
        made(good[0], recording)


def test_a_waived_must_is_conforming_in_part_and_shown():
    result, recording = judged(Wrong(fake.rows(25)))
    broken = [v.requirement.id for v in result.verdicts if v.outcome is Outcome.FAIL]
    waivers = tuple(Waiver(id_, "known", "me", NOW.date()) for id_ in broken)
    found = verified(made(result, recording, waivers=waivers))
    assert found.assessment.standing is Standing.IN_PART
    assert any("FILTER-TOTAL waived: known (me" in one for one in found.assessment.lacking)
    assert found.manifest.waivers == waivers
    expired = tuple(replace(one, expires=NOW.date() - timedelta(days=1)) for one in waivers)
    assert verified(made(result, recording, waivers=expired)).status == 1


def test_an_early_end_is_never_certified():
    deployment = fake.Deployment(fake.rows(25))

    def send(request: Request) -> Exchange:
        if len(deployment.exchanges) == 60:
            raise BudgetSpent("All 60 requests of this run are spent: raise --max-requests.")
        return deployment(request)

    found = verified(made(*judged(send)))
    assert found.assessment.standing in (Standing.IN_PART, Standing.INCONCLUSIVE)
    assert found.status == 3


def test_another_requirement_set_is_not_compared(signed):
    other = replace(CATALOGUE, document=replace(CATALOGUE.document, sha256="0" * 64))
    found = verification.verify(signed, other, now=NOW)
    assert (found.comparable, found.status) == (False, 3)
    assert "another requirement set" in found.assessment.lacking[0]


def test_other_requests_of_another_version_are_not_compared(good):
    result, recording = good
    same = replace(recording, parameters=replace(recording.parameters, seed=5))
    older = replace(same, suite="0.0.9")
    content = bundle.issue(older, result, CATALOGUE, product=PRODUCT, issued=NOW, days=9)
    assert verified(content).status == 3
    content = bundle.issue(same, result, CATALOGUE, product=PRODUCT, issued=NOW, days=9)
    with pytest.raises(Invalid, match="does not fit the plan"):
        verified(content)


def test_text_of_the_vendor_is_shown_as_data(good):
    hostile = Product("\x1b[31mAcme\u202e", "::error ::Gate\nway", "1")
    waiver = Waiver("PAGE-COUNT", "\x1b]0;x\x07", "me\u2028", NOW.date())
    found = verified(made(*good, product=hostile, waivers=(waiver,)))
    printed = "\n".join(words.lines(found))
    assert "\\x1b[31mAcme\\u202e" in printed
    assert not any(one in printed for one in ("\x1b", "\u202e", "\u2028", "::error ", "\x07"))


# --- fuzzing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["signed", "unsigned"])
def test_every_flipped_byte_is_invalid(which, request):
    content = request.getfixturevalue(which)
    draw = random.Random(which)
    directory = content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x05\x06"))
    attestation = content.index(b"attestation.json")
    places = [
        *draw.sample(range(len(content)), 150),
        *draw.sample(range(attestation - 30, attestation + 2_000), 60),
        *range(directory, len(content), 2),
    ]
    for place in places:
        flipped = bytearray(content)
        flipped[place] ^= 1 << draw.randrange(8)
        with pytest.raises(Invalid):
            verified(bytes(flipped))


@pytest.mark.parametrize("change", ["drop", "double", "swap"])
def test_exchanges_dropped_doubled_or_swapped_are_invalid_even_in_a_bundle_made_anew(good, change):
    result, recording = good
    exchanges = list(recording.parts[0].exchanges)
    draw = random.Random(change)
    for _ in range(5):
        at = draw.randrange(1, len(exchanges) - 1)
        moved = {
            "drop": [*exchanges[:at], *exchanges[at + 1 :]],
            "double": [*exchanges[: at + 1], *exchanges[at:]],
            "swap": [*exchanges[:at], exchanges[at + 1], exchanges[at], *exchanges[at + 2 :]],
        }[change]
        if [e.request for e in moved] == [e.request for e in exchanges]:
            continue
        numbered = tuple(replace(e, number=n) for n, e in enumerate(moved, 1))
        forged = replace(recording, parts=(replace(recording.parts[0], exchanges=numbered),))
        content = bundle.issue(forged, result, CATALOGUE, product=PRODUCT, issued=NOW, days=9, signer=SIGNER)
        with pytest.raises(Invalid, match="does not fit the plan"):
            verified(content)


@pytest.mark.parametrize("change", ["drop", "double", "swap"])
def test_lines_moved_in_the_recording_are_named(good, change):
    lines = recordings.dumps(good[1]).splitlines(keepends=True)
    moved = {"drop": [*lines[:9], *lines[10:]], "double": [*lines[:10], *lines[9:]]}.get(
        change, [*lines[:9], lines[10], lines[9], *lines[11:]]
    )
    members = archive.unpack(made(*good))
    members[bundle.RECORDING] = archive.compress(b"".join(moved))
    with pytest.raises(Invalid, match=r"recording.jsonl.gz was changed"):
        verified(archive.pack(members))
    manifest = bundle.read_manifest(members[bundle.MANIFEST])
    hashes = {**manifest.members, bundle.RECORDING: recordings.sha256(members[bundle.RECORDING])}
    members[bundle.MANIFEST] = bundle.manifest_bytes(replace(manifest, members=hashes))
    with pytest.raises(Invalid, match=r"recording.jsonl.gz: Line 1[01] does not follow"):
        verified(archive.pack(members))


def test_a_manifest_edited_with_its_hashes_made_anew_is_invalid(unsigned):
    members = archive.unpack(unsigned)
    manifest = bundle.read_manifest(members[bundle.MANIFEST])
    members[bundle.MANIFEST] = bundle.manifest_bytes(replace(manifest, product=Product("Else", "b", "c")))
    with pytest.raises(Invalid, match="attestation"):
        verified(archive.pack(members))


def zipped(members: list[tuple[str, bytes]], **options: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", **options) as file:
        for name, content in members:
            file.writestr(name, content)
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_mean_harm_are_invalid(unsigned):
    members = archive.unpack(unsigned)
    pairs = list(members.items())
    bomb = {**members, bundle.RECORDING: gzip.compress(b"0" * (archive.EXPANDED + 1), mtime=0)}
    for content in (
        b"",
        b"PK\x05\x06",
        unsigned[: len(unsigned) // 2],
        unsigned + b"more",
        b"before" + unsigned,
        zipped(pairs),  # other times than ours
        zipped(pairs, compression=zipfile.ZIP_DEFLATED),
        zipped([*pairs, pairs[0]]),
        zipped([("../../etc/passwd", b""), *pairs]),
        archive.pack({**members, "../../etc/passwd": b"x"}),
        archive.pack({**members, "more.txt": b"x"}),
        archive.pack({name: c for name, c in pairs if name != bundle.DOCUMENT}),
        archive.pack({name: c for name, c in pairs if name != bundle.MANIFEST}),
        archive.pack({f"{n}": b"" for n in range(100)}),
        archive.pack(bomb),
    ):
        with pytest.raises(Invalid):
            verified(content)
    with pytest.raises(Invalid, match="larger than"):
        archive.expand("x", bomb[bundle.RECORDING])


@pytest.mark.parametrize(
    "change",
    [
        {"waivers": [{"id": 5, "reason": "", "owner": "", "expires": "2026-01-01", "how": None}]},
        {"waivers": [{"id": "PAGE-COUNT", "reason": "a", "owner": "b", "expires": "soon", "how": None}]},
        {"waivers": 5},
        {"issued": "yesterday"},
        {"members": {"a": 5}},
        {"version": 2},
        {"more": 1},
        {"vendor": None},
    ],
)
def test_manifests_of_another_form_are_invalid(unsigned, change):
    members = archive.unpack(unsigned)
    raw = {**json.loads(members[bundle.MANIFEST]), **change}
    members[bundle.MANIFEST] = json.dumps(raw, indent=2).encode() + b"\n"
    with pytest.raises(Invalid):
        verified(archive.pack(members))


@pytest.mark.parametrize(
    ("stated", "parameters"),
    [
        ({"base_url": "http://["}, {}),
        ({"base_url": "javascript:x"}, {}),
        ({"document": "x"}, {}),
        ({"redacted": True}, {}),
        ({"suite": "9"}, {}),
        ({}, {"examples": 10**9}),
        ({}, {"only": frozenset({"PAGE-COUNT"})}),
        ({}, {"path": None}),
    ],
)
def test_recordings_that_say_something_odd_are_invalid(good, stated, parameters):
    result, recording = good
    odd = replace(recording, parameters=replace(recording.parameters, **parameters), **stated)
    content = bundle.issue(good[1], result, CATALOGUE, product=PRODUCT, issued=NOW, days=9)
    members = archive.unpack(content)
    members[bundle.RECORDING] = archive.compress(recordings.dumps(odd))
    manifest = bundle.read_manifest(members[bundle.MANIFEST])
    hashes = {**manifest.members, bundle.RECORDING: recordings.sha256(members[bundle.RECORDING])}
    members[bundle.MANIFEST] = bundle.manifest_bytes(replace(manifest, members=hashes))
    with pytest.raises(Invalid):
        verified(archive.pack(members))


# --- the reference deployment, its faults and variants -----------------------------------------------

SAMPLE: list[dict[str, str]] = [
    {"variant": "default"},
    {"variant": "new-path"},
    {"variant": "go-like"},
    {"fault": "total-ignores-tags"},
    {"fault": "tag-matched-as-substring"},
    {"fault": "past-end-500"},
    {"fault": "usage-nan"},
    {"fault": "refusal-names-profiles-in-a-header"},
]


@pytest.mark.parametrize("task", SAMPLE, ids=lambda task: "-".join(task.values()))
def test_offline_verdicts_are_the_live_ones_raw_and_redacted(task):
    """All faults and variants go the same way in `benchmarks.offline`."""
    kept = offline.kept(**task, profiles=45)
    assert list(kept.differences(task.get("fault"))) == []
    assert kept.raw.status == (1 if "fault" in task else 0)
    assert len(offline.strings(kept.recording)) > 20


def test_redaction_keeps_equality_case_length_and_parts(good):
    result, recording = good
    hidden, again = redaction.redacted(recording, result, CATALOGUE, key=b"k")
    before = [json.loads(e.content) for e in recording.parts[0].exchanges]
    after = [json.loads(e.content) for e in hidden.parts[0].exchanges]
    pairs = {
        (old, new)
        for one, other in zip(before, after, strict=True)
        for p, q in zip(one.get("access_profiles", ()), other.get("access_profiles", ()), strict=True)
        for old, new in zip([p["name"], *p["tags"]], [q["name"], *q["tags"]], strict=True)
    }
    forward = dict(pairs)
    assert len(forward) == len(pairs) == len(set(forward.values())) > 20
    assert all(old != new and len(old) == len(new) for old, new in pairs if old[0].isalpha())
    assert forward["prod"] in forward["production"]
    assert {o: n for o, n in pairs if o in ("a&b", "100%", "x_y")}.keys() == {"a&b", "100%", "x_y"}
    assert outcomes(again) == outcomes(result)


def test_ids_get_other_numbers_and_stay_apart(good):
    result, recording = good
    hidden, _ = redaction.redacted(recording, result, CATALOGUE, key=b"k")
    ids = [
        (p["id"], q["id"])
        for one, other in zip(recording.parts[0].exchanges, hidden.parts[0].exchanges, strict=True)
        for p, q in zip(
            json.loads(one.content).get("access_profiles", ()),
            json.loads(other.content).get("access_profiles", ()),
            strict=True,
        )
    ]
    assert len(dict(ids)) == len(set(dict(ids).values())) == len(set(ids))
    assert any(old != new for old, new in ids)


# --- what a redacted recording holds beside the probes ----------------------------------------------


@pytest.fixture(scope="module")
def hidden() -> Recording:
    """A redacted recording whose failure was repeated."""
    result, recording = judged(Wrong(fake.rows(25)))
    return redaction.redacted(recording, result, CATALOGUE)[0]


def test_repetitions_of_a_redacted_recording_are_derived_again(hidden):
    (part,) = hidden.parts
    assert part.probed is not None
    assert len(part.exchanges) > part.probed > 20
    failed = {
        v.requirement.id for v in replay.replay(hidden, CATALOGUE).verdicts if v.outcome is Outcome.FAIL
    }
    assert "FILTER-TOTAL" in failed


def appended(part: Part, *requests: Request, status: int = 500, content: bytes = b"") -> Part:
    """The part with more exchanges at its end."""
    last = part.exchanges[-1]
    more = (
        replace(last, number=len(part.exchanges) + n, request=request, status=status, content=content)
        for n, request in enumerate(requests, 1)
    )
    return replace(part, exchanges=(*part.exchanges, *more))


def inserted(part: Part, request: Request) -> Part:
    """The part with one more exchange among those of the probes."""
    assert part.probed is not None
    exchanges = [*part.exchanges[: part.probed], replace(part.exchanges[0], request=request)]
    exchanges += part.exchanges[part.probed :]
    numbered = tuple(replace(e, number=n) for n, e in enumerate(exchanges, 1))
    return replace(part, exchanges=numbered, probed=part.probed + 1)


def swapped(part: Part) -> Part:
    """The part with its first and last exchange swapped."""
    first, *between, last = part.exchanges
    return replace(part, exchanges=(replace(last, number=1), *between, replace(first, number=last.number)))


FORGED_PARTS: dict[str, Callable[[Part], Part]] = {
    "a failure appended": lambda p: appended(p, Request("limit=1", purpose=Purpose.WALK)),
    "list data without credentials": lambda p: appended(
        p, Request("", credentials=Credentials.NONE, purpose=Purpose.ACCESS), status=200
    ),
    "a read of the whole list": lambda p: appended(p, Request("", purpose=Purpose.WHOLE_LIST_AGAIN)),
    "a repetition too many": lambda p: appended(p, p.exchanges[-1].request),
    "a repetition of no counterexample": lambda p: appended(p, p.exchanges[0].request),
    "repetitions left out": lambda p: replace(p, exchanges=p.exchanges[: p.probed]),
    "a repetition taken for a probe": lambda p: replace(p, probed=(p.probed or 0) + 1),
    "a probe taken for a repetition": lambda p: replace(p, probed=(p.probed or 0) - 1),
    "no probe": lambda p: replace(p, probed=0),
    "no exchange": lambda p: replace(p, probed=0, exchanges=()),
    "an interruption that was none": lambda p: replace(p, interrupted="time is spent"),
    "an exchange marked HEAD": lambda p: inserted(p, Request("", method="HEAD", purpose=Purpose.WALK)),
    "HEAD twice": lambda p: inserted(p, Request("", method="HEAD", purpose=Purpose.HEAD)),
    "an exchange marked POST": lambda p: inserted(p, Request("", method="POST", purpose=Purpose.WALK)),
    "another path": lambda p: inserted(p, Request("", path="/health", purpose=Purpose.ALIAS)),
    "a purpose of no probe": lambda p: inserted(p, Request("", purpose=Purpose.WHOLE_LIST_AGAIN)),
    "no purpose": lambda p: inserted(p, Request("")),
    "a probe and a repetition swapped": swapped,
}


@pytest.mark.parametrize("change", FORGED_PARTS)
def test_exchanges_that_nothing_would_check_are_refused(hidden, change):
    forged = replace(hidden, parts=(FORGED_PARTS[change](hidden.parts[0]),))
    with pytest.raises(replay.Diverged):
        replay.replay(forged, CATALOGUE)


# --- no network ------------------------------------------------------------------------------------


def test_verifying_opens_no_socket_and_imports_no_transport(tmp_path):
    file = tmp_path / "bundle.zip"
    file.write_bytes(made(*judged(fake.Deployment(fake.rows(12))), now=datetime.now(UTC)))
    code = (
        "import sys\n"
        "def hook(event, args):\n"
        "    assert not event.startswith(('socket.connect', 'socket.getaddrinfo', 'socket.bind')), event\n"
        "sys.addaudithook(hook)\n"
        "for name in ('transport', 'run', 'reference'): sys.modules[f'contracts.{name}'] = None\n"
        "from contracts.cli import app as cli\n"
        f"cli.main(['verify', {str(file)!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    assert "Proved" in done.stdout
