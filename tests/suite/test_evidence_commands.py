"""certify, verify, keygen, diff, --record, --har and --waivers as a user calls them."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts import reference
from contracts.certificate import archive, difference
from contracts.cli import app as cli
from contracts.evidence import recording
from contracts.judging.catalogue import load_catalogue
from contracts.model import UserError
from contracts.runs import replay

WORDS = ("--vendor", "Acme", "--product", "Gateway", "--version", "1.2")
TOKEN = "a-token-for-tests-alone"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with reference.serving(profiles=40, token=TOKEN) as served:
        yield served.url


@pytest.fixture(scope="module")
def wrong() -> Iterator[str]:
    with reference.serving(profiles=40, token=TOKEN, fault="total-ignores-tags") as served:
        yield served.url


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIFROST_TOKEN", TOKEN)


def called(*arguments: Any) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main([str(argument) for argument in arguments])
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.fixture(scope="module")
def made(url: str, wrong: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a key, a signed bundle and one of a faulty deployment."""
    directory = tmp_path_factory.mktemp("bundles")
    before = os.environ.get("BIFROST_TOKEN")
    os.environ["BIFROST_TOKEN"] = TOKEN
    try:
        assert called("keygen", directory / "key") == 0
        signed = ("--key", directory / "key", "--challenge", "nonce", "--examples", "2")
        assert called("certify", url, *WORDS, "--out", directory / "good.zip", *signed) == 0
        options = ("--redact", "--examples", "2")
        assert called("certify", wrong, *WORDS, "--out", directory / "wrong.zip", *options) == 1
    finally:
        os.environ.pop("BIFROST_TOKEN")
        if before is not None:
            os.environ["BIFROST_TOKEN"] = before
    return directory


def test_a_bundle_is_verified_with_the_key_and_the_challenge(made, capsys):
    wanted = ("--public-key", made / "key.pub", "--challenge", "nonce", "--max-age", "1")
    assert called("verify", made / "good.zip", *wanted) == 0
    out = capsys.readouterr().out
    assert "Acme Gateway 1.2" in out
    assert "Level       CERTIFIED" in out
    assert "Not proved  that the deployment really sent these answers" in out


def test_a_faulty_deployment_is_valid_and_not_conforming(made, capsys):
    assert called("verify", made / "wrong.zip") == 1
    out = capsys.readouterr().out
    assert "NOT CONFORMING" in out
    assert "FILTER-TOTAL fail" in out
    assert "NOT SIGNED" in out
    assert "the vendor vouches for it that nothing was left out" in out


def test_an_unsigned_bundle_is_warned_of_loudly(url, tmp_path, capsys):
    assert called("certify", url, *WORDS, "--out", tmp_path / "b.zip", "--examples", "0") in (0, 3)
    assert "NOT SIGNED" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--challenge", "other"), "not made for this challenge"),
        (("--public-key", "OTHER"), "another key"),
    ],
)
def test_a_bundle_that_is_not_the_one_asked_for_is_invalid(made, tmp_path, capsys, options, said):
    assert called("keygen", tmp_path / "other") == 0
    options = tuple(tmp_path / "other.pub" if one == "OTHER" else one for one in options)
    assert called("verify", made / "good.zip", *options) == 4
    assert (
        f"INVALID  The bundle is {'signed with ' if 'key' in said else 'was '}"[:20]
        in capsys.readouterr().out
    )


def test_json_says_the_same(made, tmp_path, capsys):
    assert called("verify", made / "good.zip", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["valid"], said["level"], said["exit_status"]) == (True, "certified", 0)
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes((made / "good.zip").read_bytes()[:-9])
    assert called("verify", damaged, "--json") == 4
    assert json.loads(capsys.readouterr().out)["valid"] is False


def test_the_private_key_is_for_its_owner_alone_and_never_overwritten(made, capsys):
    assert stat.S_IMODE((made / "key").stat().st_mode) == 0o600
    before = (made / "key").read_bytes()
    assert called("keygen", made / "key") == 2
    assert "is not replaced" in capsys.readouterr().err
    assert (made / "key").read_bytes() == before


def test_no_token_is_in_any_bundle(made):
    for name in ("good.zip", "wrong.zip"):
        for member, content in archive.unpack((made / name).read_bytes()).items():
            content = archive.expand(member, content) if member.endswith(".gz") else content
            assert TOKEN.encode() not in content


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--vendor", " "), "--vendor is empty"),
        (("--challenge", ""), "--challenge is empty"),
        (("--challenge", "x", "--seed", "5"), "--seed cannot be combined with it"),
        (("--key", "README.md"), "holds no Ed25519 private key"),
        (("--key", "/nonexistent"), "cannot be read"),
        (("--out", "/nonexistent/b.zip"), "Cannot write"),
        (("--waivers", "/nonexistent"), "cannot be read"),
    ],
)
def test_mistakes_of_the_vendor_are_usage_errors(tmp_path, capsys, options, said):
    given = [*WORDS, "--out", tmp_path / "b.zip", *options]
    assert called("certify", "http://127.0.0.1:1", *given) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "b.zip").exists()


def test_what_is_no_file_or_no_key_is_a_usage_error(made, tmp_path, capsys):
    assert called("verify", tmp_path / "none.zip") == 2
    assert called("verify", made / "good.zip", "--public-key", made / "key") == 2
    assert called("verify", made / "good.zip", "--public-key", made / "good.zip") == 2
    assert "holds no Ed25519 public key" in capsys.readouterr().err


# --- diff ------------------------------------------------------------------------------------------


def test_diff_says_what_changed(made, capsys):
    assert called("diff", made / "good.zip", made / "good.zip") == 0
    assert "No verdict differs." in capsys.readouterr().out
    assert called("diff", made / "good.zip", made / "wrong.zip") == 1
    out = capsys.readouterr().out
    assert "FILTER-TOTAL: pass -> fail\n    changed: the deployment: it is another one" in out
    damaged = made / "damaged.zip"
    damaged.write_bytes(b"PK" + bytes(50))
    assert called("diff", damaged, made / "good.zip") == 4


def side(**more: Any) -> difference.Side:
    usual: dict[str, Any] = {
        "deployment": "http://a",
        "suite": "1",
        "stated": {"A": "pass"},
        "requirements": {"A": "text"},
        "again": {"A": "pass"},
        "data": "x",
    }
    return difference.Side(**{**usual, **more})


@pytest.mark.parametrize(
    ("new", "why"),
    [
        ({"again": {"A": "fail"}}, "the deployment: the profiles are the same"),
        ({"again": {"A": "fail"}, "data": "y"}, "the data, or the deployment too"),
        ({"again": {"A": "fail"}, "deployment": "http://b"}, "the deployment: it is another one"),
        ({"again": {"A": "pass"}, "suite": "2"}, "the check: judged with"),
        ({"again": {"A": "fail"}, "requirements": {"A": "other"}}, "the requirement set"),
        ({"again": None, "suite": "2"}, "the data, the deployment or the check: this cannot be told"),
        ({"again": None}, "the data or the deployment, or the seed and options"),
    ],
)
def test_the_cause_of_a_change_is_told_as_far_as_it_can_be(new, why):
    (change,) = difference.compare(side(), side(stated={"A": "fail"}, **new)).changes
    assert (change.old, change.new) == ("pass", "fail")
    assert change.why.startswith(why)


def test_what_is_neither_bundle_nor_report_is_a_users_error():
    for content in (b"", b"[]", b"{}", b'{"verdicts": 5}', b"[" * 10_000):
        with pytest.raises(UserError):
            difference.side(content, load_catalogue())


# --- check: recordings and waivers -----------------------------------------------------------------


def test_a_run_can_be_recorded_waived_and_compared_by_its_report(wrong, tmp_path, capsys):
    files = ("--record", tmp_path / "r.jsonl", "--har", tmp_path / "r.har", "--report", tmp_path)
    chosen = ("--only", "FILTER-TOTAL,PAGE-COUNT")
    assert called("check", wrong, *chosen, *files) == 1
    out = capsys.readouterr().out
    assert '[[waiver]]\nid = "FILTER-TOTAL"' in out
    recorded = recording.load(tmp_path / "r.jsonl")
    catalogue = load_catalogue()
    outcomes = {v.requirement.id: v.outcome.value for v in replay.replay(recorded, catalogue).verdicts}
    assert outcomes == {"FILTER-TOTAL": "fail", "PAGE-COUNT": "pass"}
    assert_har(json.loads((tmp_path / "r.har").read_text("ascii")), recorded)
    assert_no_token(tmp_path)

    entry = out[out.index("[[waiver]]") :].split("\n\n")[0]
    (tmp_path / "w.toml").write_text(entry, "utf-8")
    strict = ("--waivers", tmp_path / "w.toml", "--strict-waivers")
    assert called("check", wrong, *chosen, *strict, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert {v["id"]: v["outcome"] for v in report["verdicts"]} == {
        "FILTER-TOTAL": "waived",
        "PAGE-COUNT": "pass",
    }

    (tmp_path / "new.json").write_text(json.dumps(report), "utf-8")
    assert called("diff", tmp_path / "report.json", tmp_path / "new.json") == 1
    out = capsys.readouterr().out
    assert "FILTER-TOTAL: fail -> waived" in out
    assert "this cannot be told without two bundles" in out


def assert_har(har: Any, recorded: recording.Recording) -> None:
    entries = har["log"]["entries"]
    exchanges = recorded.parts[0].exchanges
    assert har["log"]["version"] == "1.2"
    assert len(entries) == len(exchanges) > 20
    for entry, exchange in zip(entries, exchanges, strict=True):
        assert entry["response"]["status"] == (exchange.status or 0)
        assert entry["response"]["content"]["text"].encode() == exchange.content
        assert entry["request"]["url"].startswith("http://127.0.0.1")
        moment = datetime.fromisoformat(entry["startedDateTime"])
        assert abs((datetime.now(UTC) - moment).total_seconds()) < 600


def assert_no_token(directory: Path) -> None:
    for file in directory.iterdir():
        assert TOKEN.encode() not in file.read_bytes()


def test_an_unused_waiver_fails_under_strict_waivers_alone(url, tmp_path, capsys):
    file = tmp_path / "w.toml"
    file.write_text('[[waiver]]\nid = "PAGE-COUNT"\nreason = "r"\nowner = "o"\nexpires = 2999-01-01\n')
    asked = ("check", url, "--only", "PAGE-COUNT", "--quiet", "--waivers", file)
    assert called(*asked) == 0
    assert called(*asked, "--strict-waivers") == 1
    assert "CONFORMS (exit 1): gate failed: 1 stale waiver: PAGE-COUNT is not used" in capsys.readouterr().out
    assert called("check", url, "--strict-waivers") == 2


def test_a_reader_that_goes_away_changes_no_verdict(made: Path) -> None:
    for command in (["verify", made / "wrong.zip"], ["diff", made / "good.zip", made / "wrong.zip"]):
        job = subprocess.Popen(
            [sys.executable, "-m", "contracts", *map(str, command)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert job.stdout is not None
        job.stdout.close()
        assert job.stderr is not None
        assert job.stderr.read() == b""
        job.stderr.close()
        assert job.wait(60) == 1
