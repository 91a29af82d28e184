"""Recordings: they give the same verdicts again, and whatever was done to them is noticed."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import replace

import pytest

from contracts import __version__
from contracts.evidence.recording import (
    BadRecording,
    Part,
    Recording,
    RunParameters,
    dumps,
    loads,
    sha256,
)
from contracts.model import OLD_PATH, BudgetSpent, Exchange, Failure, FailureKind, Outcome, Request, Result
from contracts.runs import replay
from contracts.runs.flow import one_by_one
from contracts.runs.session import Run
from tests.support import fake

PARAMETERS = RunParameters(OLD_PATH, examples=0)
BEGAN = "2026-11-24T11:00:00.000000Z"


def recorded(send=None, **variant: object) -> tuple[Result, Recording]:
    """A run of the correct deployment in memory, and its recording."""
    send = send or fake.Deployment(fake.rows(25), fake.Variant(**variant))
    live = Run(PARAMETERS, OLD_PATH, fake.CATALOGUE)
    live.drive(one_by_one(send))
    result = live.result("http://fake.invalid/api/access-profiles", 1.5)
    part = Part(OLD_PATH, result.deployment, BEGAN, result.exchanges, result.seconds, result.interrupted)
    document = fake.CATALOGUE.document.sha256
    return result, Recording(__version__, document, "http://fake.invalid", PARAMETERS, (part,))


@pytest.fixture(scope="module")
def good() -> tuple[Result, Recording]:
    return recorded()


def test_a_recording_gives_the_same_result_again(good):
    result, recording = good
    assert loads(dumps(recording)) == recording
    assert replay.replay(loads(dumps(recording)), fake.CATALOGUE) == result
    assert {v.outcome for v in result.verdicts} >= {Outcome.PASS}


def test_an_interrupted_run_ends_at_the_same_place_again():
    deployment = fake.Deployment(fake.rows(25))

    def send(request: Request) -> Exchange:
        if len(deployment.exchanges) == 40:
            raise BudgetSpent("The 1 s that this run may take are over.")
        return deployment(request)

    result, recording = recorded(send)
    assert result.interrupted
    assert replay.replay(loads(dumps(recording)), fake.CATALOGUE) == result
    unsaid = replace(recording, parts=(replace(recording.parts[0], interrupted=None),))
    with pytest.raises(replay.Diverged, match="goes on after exchange 40"):
        replay.replay(unsaid, fake.CATALOGUE)


def test_failures_and_odd_bytes_come_back_as_they_were(good):
    _, recording = good
    failure = Failure(FailureKind.CUT, "the deployment closed the connection")
    odd = (
        Exchange(1, Request("tags=%ff"), 200, (("X", "\xff"),), b"\xff\x00", None, 1e-9, 0.2),
        Exchange(2, Request(""), None, failure=failure, started=0.1, elapsed=3.3),
    )
    part = replace(recording.parts[0], exchanges=odd)
    assert loads(dumps(replace(recording, parts=(part,)))).parts[0].exchanges == odd


def relinked(entries: list[dict[str, object]]) -> bytes:
    """The entries as a file whose chain fits, as somebody makes it who means to deceive."""
    content, before = b"", ""
    for entry in entries:
        line = json.dumps({**entry, "previous": before}, sort_keys=True, separators=(",", ":")).encode()
        content, before = content + line + b"\n", sha256(line)
    return content


@pytest.mark.parametrize("change", ["drop", "double", "swap"])
def test_the_chain_notices_what_was_moved(good, change):
    lines = dumps(good[1]).splitlines(keepends=True)
    draw = random.Random(change)
    for _ in range(12):
        at = draw.randrange(2, len(lines) - 3)
        moved = {
            "drop": [*lines[:at], *lines[at + 1 :]],
            "double": [*lines[: at + 1], *lines[at:]],
            "swap": [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]],
        }[change]
        with pytest.raises(BadRecording, match=f"Line {at + (1 if change != 'double' else 2)} "):
            loads(b"".join(moved))


@pytest.mark.parametrize("change", ["drop", "double", "swap"])
def test_a_chain_that_was_made_anew_does_not_fit_the_run(good, change):
    """Even with right numbers: the probes ask for something else there."""
    exchanges = list(good[1].parts[0].exchanges)
    draw = random.Random(change)
    for _ in range(6):
        at = draw.randrange(1, len(exchanges) - 1)
        moved = {
            "drop": [*exchanges[:at], *exchanges[at + 1 :]],
            "double": [*exchanges[: at + 1], *exchanges[at:]],
            "swap": [*exchanges[:at], exchanges[at + 1], exchanges[at], *exchanges[at + 2 :]],
        }[change]
        numbered = tuple(replace(e, number=n, started=float(n)) for n, e in enumerate(moved, 1))
        if [e.request for e in numbered] == [e.request for e in exchanges]:
            continue  # two equal requests changed places: as if the deployment had answered so
        forged = replace(good[1], parts=(replace(good[1].parts[0], exchanges=numbered),))
        with pytest.raises(replay.Diverged, match=r"Exchange|goes on"):
            replay.replay(loads(dumps(forged)), fake.CATALOGUE)


def test_every_flipped_byte_is_noticed(good):
    content = dumps(good[1])
    draw = random.Random(0)
    tail = len(content) - 300
    for at in [*draw.sample(range(len(content)), 60), *range(tail, len(content), 7)]:
        flipped = bytes([*content[:at], content[at] ^ (1 << draw.randrange(8)), *content[at + 1 :]])
        with pytest.raises(BadRecording):
            loads(flipped)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: e[:-1], "not complete"),
        (lambda e: [*e, e[-1]], "after the end"),
        (lambda e: [{**e[0], "version": 2}, *e[1:]], "header"),
        (lambda e: [{**e[0], "more": 1}, *e[1:]], "does not hold"),
        (lambda e: [{**e[0], "seed": True}, *e[1:]], "does not hold"),
        (lambda e: [*e[:2], {**e[2], "number": 2}, *e[3:]], "where 1 must come"),
        (lambda e: [*e[:2], {**e[2], "status": None}, *e[3:]], "does not hold"),
        (lambda e: [*e[:2], {**e[2], "started": 0}, *e[3:]], "does not hold"),
        (lambda e: [*e[:2], {**e[2], "started": -1.0}, *e[3:]], "does not hold"),
        (lambda e: [*e[:2], {**e[2], "started": 1e9}, *e[3:]], "does not hold"),
        (lambda e: [*e[:2], {**e[2], "started": 9e6}, *e[3:]], "started before"),
        (lambda e: [*e[:2], {**e[2], "status": 5}, *e[3:]], "does not hold"),
        (lambda e: [*e[:2], {**e[2], "content": "\ud800"}, *e[3:]], "does not hold"),
        (lambda e: [*e[:2], {**e[2], "headers": [["a" * 300_000, ""]]}, *e[3:]], "does not hold"),
        (lambda e: [*e[:2], {**e[2], "headers": [["a", "b"]] * 1_000}, *e[3:]], "larger than any line"),
        (lambda e: [*e[:2], {**e[2], "content": "[" * 700_000}, *e[3:]], "larger than a run"),
        (lambda e: [*e[:2], {**e[2], "content": "," * 2_600_000}, *e[3:]], "larger than a run"),
        (lambda e: [*e[:-2], {**e[-2], "probed": 10**6}, e[-1]], "does not hold"),
        (lambda e: [*e[:-2], {**e[-2], "probed": True}, e[-1]], "does not hold"),
        (lambda e: [*e[:-2], {**e[-2], "remarks": ["x"] * 100}, e[-1]], "does not hold"),
        (lambda e: [*e[:-2], {**e[-2], "interrupted": "x" * 3_000}, e[-1]], "does not hold"),
        (lambda e: [*e[:2], {**e[2], "more": 1}, *e[3:]], "not written as"),
        (lambda e: [*e[:-1], {**e[-1], "exchanges": 1}], "other counts"),
        (lambda e: [*e[:-2], {**e[-2], "exchanges": 1}, e[-1]], "another number"),
        (lambda e: [*e[:1], *e[2:]], "must come there"),
    ],
)
def test_entries_that_do_not_fit_are_refused_though_the_chain_does(good, change, said):
    entries = [json.loads(line) for line in dumps(good[1]).splitlines()]
    assert loads(relinked(entries)) == good[1]
    with pytest.raises(BadRecording, match=said):
        loads(relinked(change(entries)))


@pytest.mark.parametrize("content", [b"", b"\n", b"[]\n", b"{}", b"\xff\n", b"[" * 10_000 + b"\n"])
def test_what_is_no_recording_is_refused(content):
    with pytest.raises(BadRecording):
        loads(content)


def test_replaying_imports_nothing_that_reaches_a_network():
    blocked = ("httpx", "httpcore", "contracts.transport", "contracts.runs.run", "contracts.reference")
    code = (
        "import sys\n"
        f"for name in {blocked!r}: sys.modules[name] = None\n"
        "import contracts.runs.replay, contracts.evidence.recording\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
