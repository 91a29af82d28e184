"""Ctrl-C and SIGTERM: the exit status of shells, and a report of all that came until then."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contracts.cli import app as cli
from contracts.reports.files import FORMATS
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


@contextmanager
def started(server: local.Server, after: int, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process, once so many requests have come."""
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
        yield process


def stopped(server: local.Server, number: int, after: int, *arguments: str) -> tuple[int, str, str]:
    """Status, output and errors of a process that got a signal once so many requests had come."""
    with started(server, after, *arguments) as process:
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


# --- two signals ------------------------------------------------------------------------------------


def test_a_second_signal_right_away_does_not_lose_the_report() -> None:
    with signals.watched() as watch:
        with pytest.raises(KeyboardInterrupt, match="terminated by SIGTERM"):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert watch.status == 143
    assert signal.getsignal(signal.SIGTERM) is not watch.note


def test_a_signal_during_the_report_is_only_noted() -> None:
    noted = []
    with signals.watched() as watch:
        watch.interrupts = False
        watch.when_noted = lambda: noted.append(1)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)
        assert (watch.status, noted) == (130, [1])


def test_a_further_signal_later_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "GRACE", -1)
    with signals.watched() as watch:
        watch.interrupts = False
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(signals.Interrupted) as ended:
            os.kill(os.getpid(), signal.SIGINT)
    assert ended.value.status == 143


@pytest.mark.parametrize("pause", [0.0, 0.05])
@pytest.mark.parametrize(
    ("numbers", "status"), [([signal.SIGTERM] * 2, 143), ([signal.SIGINT] * 3, 130), ([15, 2], 143)]
)
def test_the_command_reports_though_a_wrapper_forwards_the_signal_twice(
    server: local.Server, tmp_path: Path, numbers: list[int], status: int, pause: float
) -> None:
    with started(server, 40, "contracts", "check", server.url, "--report", str(tmp_path)) as process:
        for number in numbers:
            process.send_signal(number)
            time.sleep(pause)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (status, "")
    assert "INCONCLUSIVE" in output.splitlines()[-1]
    assert "pass" in outcomes(json.loads((tmp_path / "report.json").read_text()))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FORMATS)


def test_pytest_reports_though_a_wrapper_forwards_the_signal_twice(
    server: local.Server, tmp_path: Path
) -> None:
    junit = tmp_path / "junit.xml"
    options = ("-p", "no:cacheprovider", "--base-url", server.url, f"--junitxml={junit}", "tests")
    with started(server, 41, "pytest", *options) as process:
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (143, "")
    assert "INTERRUPTED; exit status 143" in output
    assert junit.read_text().count("<testcase ") > 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_workers_stop_with_their_controller(server: local.Server, number: int) -> None:
    pytest.importorskip("xdist")
    options = ("-n", "2", "-p", "no:cacheprovider", "--base-url", server.url, "tests/test_contract.py")
    with started(server, 41, "pytest", *options) as process:
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (128 + number, "")
    assert f"INTERRUPTED; exit status {128 + number}" in output
    assert " pass, " in output.splitlines()[-1]
    assert len(server.asked) < 100


# --- during start-up --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    "module", ["contracts.cli", "click", "contracts.runs.settings", "httpx", "contracts.runs.recorder"]
)
def test_a_signal_while_modules_load_prints_no_traceback(
    server: local.Server, number: int, module: str
) -> None:
    program = (
        "import os, sys, importlib.abc\n"
        "class Killer(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), {int(number)})\n"
        "from contracts.__main__ import main\n"
        "sys.meta_path.insert(0, Killer())\n"
        f"sys.argv = ['bifrost-contracts', 'check', {server.url!r}]\n"
        "main()\n"
    )
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode in (-number, 128 + number)
    assert "Traceback" not in ran.stderr
    assert server.asked == []
