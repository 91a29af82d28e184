"""Every hostile behaviour ends by itself, with its outcome, without a traceback and without the token."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.judging.catalogue import load_catalogue
from contracts.model import ExitStatus, Outcome, Result, exit_status
from contracts.reports import json_report
from contracts.reports.summary import ReportOptions
from contracts.reports.view import view
from contracts.runs.run import Settings, check
from contracts.transport import Bounds, Secrets
from tests.support import hostile

TOKEN = "hostile-secret-token"
SHORT = Bounds(timeout=1.0, max_wait=0.05, max_total_wait=0.2, retries=2)

# What answers well-formed HTTP is judged, and is broken; all else could not be judged.
JUDGED = frozenset(
    {
        "always-500",
        "byte-order-mark",
        "deep-json",
        "doubled-answer",
        "duplicate-keys",
        "empty-content",
        "endless-pages",
        "escapes-in-headers",
        "escapes-in-names",
        "giant-exponent",
        "giant-number",
        "html-page",
        "json-null",
        "latin-1",
        "length-too-short",
        "lone-surrogate",
        "nan",
        "not-json",
        "redirect-loop",
        "redirect-to-other-origin",
        "redirect-to-script",
        "set-cookie-flood",
        "token-echoed",
        "total-of-a-quadrillion",
        "utf-16",
    }
)

# How far it gets depends on the speed of the machine: broken or not judged, but never conforming.
EITHER = frozenset({"wide-object"})


@functools.cache
def judged(name: str) -> Result:
    with hostile.serving(name) as url:
        settings = Settings(url, secrets=Secrets(token=TOKEN), bounds=SHORT, examples=0)
        return check(settings, catalogue=load_catalogue())


def test_the_table_names_behaviours_that_exist() -> None:
    assert set(hostile.BEHAVIOURS) >= JUDGED
    assert len(hostile.BEHAVIOURS) >= 30


@pytest.mark.parametrize("name", hostile.BEHAVIOURS)
def test_behaviour_ends_with_its_outcome(name: str) -> None:
    either = {ExitStatus.FAILED, ExitStatus.INCONCLUSIVE}
    expected = {ExitStatus.FAILED if name in JUDGED else ExitStatus.INCONCLUSIVE}
    assert exit_status(judged(name).verdicts) in (either if name in EITHER else expected)


@pytest.mark.parametrize("name", sorted(set(hostile.BEHAVIOURS) - JUDGED - EITHER))
def test_what_cannot_be_judged_breaks_no_requirement_and_says_why(name: str) -> None:
    served = next(v for v in judged(name).verdicts if v.requirement.id == "SERVED")
    assert served.outcome is Outcome.INCONCLUSIVE
    assert served.reason


@pytest.mark.parametrize("name", hostile.BEHAVIOURS)
def test_the_token_is_nowhere_in_the_report(name: str) -> None:
    result = judged(name)
    text = json_report.text(view(result, ReportOptions()))
    assert TOKEN not in text
    assert TOKEN not in repr(result)


def test_what_keeps_a_run_waiting_ends_within_a_minute_by_default() -> None:
    """Those that end at once are as quick with any bounds; these go to the end of theirs."""
    patterns = ("silence", "*-drip", "slow-1xx", "always-*", "*-bomb", "endless-*", "page-of-50-mb")
    only = [part for pattern in patterns for part in ("--only", pattern)]
    command = [sys.executable, "-m", "benchmarks.hostile", "--jobs", "8", *only]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of 18 runs were out of bounds." in done.stdout
