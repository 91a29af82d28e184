"""Ctrl-C and SIGTERM: the exit status of shells, and a report of all that came until then."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.cli import app as cli
from contracts.runs import signals
from tests.support import local
from tests.support.fake import Deployment, rows

ROOT = Path(cli.__file__).parents[2]
BOTH = [(signal.SIGINT, 130, "interrupted by the user"), (signal.SIGTERM, 143, "terminated by SIGTERM")]


@pytest.fixture
def server() -> Iterator[local.Server]:
    """A deployment without authentication that takes 20 ms for each answer."""
    with local.serving(Deployment(rows(60))) as served:
        served.delay = 0.02
        yield served


def stopped(server: local.Server, number: int, after: int, *arguments: str) -> tuple[int, str, str]:
    """Status, output and errors of a process that got a signal once so many requests had come."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTEST_ADDOPTS", "BIFROST_TOKEN")}
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            server.wait_for(after)
        except AssertionError:
            process.kill()
            raise
        process.send_signal(number)
        output, errors = process.communicate(timeout=20)
    return process.returncode, output, errors


def outcomes(report: dict[str, Any]) -> set[str]:
    return {verdict["outcome"] for verdict in report["verdicts"]}


@pytest.mark.parametrize(("number", "status", "words"), BOTH)
@pytest.mark.parametrize("concurrency", ["1", "4"])
def test_the_command_reports_what_came(
    server: local.Server, tmp_path: Path, number: int, status: int, words: str, concurrency: str
) -> None:
    options = ("--report", str(tmp_path), "--concurrency", concurrency)
    returned, output, errors = stopped(server, number, 40, "contracts", "check", server.url, *options)
    report = json.loads((tmp_path / "report.json").read_text())
    assert (returned, errors) == (status, "")
    assert words in output
    assert {"pass", "inconclusive"} <= outcomes(report)
    assert (tmp_path / "junit.xml").read_text().count("<testcase ") == len(report["verdicts"])


@pytest.mark.parametrize(("number", "status", "words"), BOTH)
def test_a_wait_before_a_repetition_is_cut_short(
    server: local.Server, tmp_path: Path, number: int, status: int, words: str
) -> None:
    server.instead = lambda s: (503, {"Retry-After": "20"}) if len(s.asked) > 40 else None
    options = ("--report", str(tmp_path))
    returned, output, errors = stopped(server, number, 41, "contracts", "check", server.url, *options)
    assert (returned, errors) == (status, "")
    assert words in output
    assert "pass" in outcomes(json.loads((tmp_path / "report.json").read_text()))


@pytest.mark.parametrize(("number", "status", "words"), BOTH)
@pytest.mark.parametrize("busy", [False, True])
def test_pytest_reports_what_came(
    server: local.Server, tmp_path: Path, number: int, status: int, words: str, busy: bool
) -> None:
    if busy:
        server.instead = lambda s: (429, {"Retry-After": "20"}) if len(s.asked) > 40 else None
    junit = tmp_path / "junit.xml"
    options = ("-p", "no:cacheprovider", "--base-url", server.url, f"--junitxml={junit}", "tests")
    returned, output, errors = stopped(server, number, 41, "pytest", *options)
    assert (returned, errors) == (status, "")
    assert f"INTERRUPTED; exit status {status}" in output
    assert words in output
    assert " pass, " in output.splitlines()[-1]
    written = junit.read_text()
    assert written.count("<testcase ") - written.count("<skipped ") > 5


def test_a_signal_during_the_report_waits_and_a_second_one_does_not() -> None:
    with signals.watched() as watch:
        watch.asking = False
        os.kill(os.getpid(), signal.SIGTERM)
        assert watch.status == 143
        with pytest.raises(KeyboardInterrupt, match="by the user"):
            os.kill(os.getpid(), signal.SIGINT)
    assert watch.status == 143
    assert signal.getsignal(signal.SIGTERM) is not watch.note
