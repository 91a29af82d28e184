"""Live deployments: no false positive in use, an end in time if slow or gone, and stated conditions count."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts.cli import scoring as score
from contracts.model import Exchange, ExitStatus, Outcome, Request, Result, exit_status
from contracts.runs.run import Settings, check
from contracts.transport import Bounds
from tests.support import local
from tests.support.fake import Deployment, Storm, Variant, rows, session


def ids(result: Result, outcome: Outcome) -> set[str]:
    return {v.requirement.id for v in result.verdicts if v.outcome is outcome}


# --- correct deployments that are busy, slow or in use --------------------------------------------


@pytest.mark.parametrize("variant", ["writes-5", "writes-50", "moving-counters"])
def test_deployments_in_use_get_no_false_positive_whatever_the_seed(variant: str) -> None:
    trial = score.attempt(score.Task(variant=variant, seed=1))  # seed 0: see test_variant_is_accepted
    assert (trial.broken, trial.status == ExitStatus.FAILED) == ((), False)


def test_a_deployment_with_a_rate_limit_conforms_and_its_limit_is_learnt() -> None:
    with score.deployed_in_memory(variant="rate-limited") as (settings, connect):
        result = check(settings, connect=connect)
    refused = sum(len(e.attempts) for e in result.exchanges)
    assert 0 < refused < len(result.exchanges) / 4
    assert exit_status(result.verdicts) == ExitStatus.CONFORMING


@pytest.mark.parametrize(("status", "seconds"), [(429, 60), (503, 60)])
def test_persistent_refusals_are_not_judged_and_keep_what_was(status: int, seconds: int) -> None:
    with local.serving(Deployment(rows(60))) as server:
        server.instead = lambda s: (status, {"Retry-After": "0"}) if len(s.asked) > 60 else None
        result = check(Settings(server.url, examples=0, bounds=Bounds(deadline=seconds, retries=1)))
    assert exit_status(result.verdicts) == ExitStatus.INCONCLUSIVE
    assert str(result.interrupted).startswith("the deployment stopped answering")
    assert len(ids(result, Outcome.PASS)) > 5
    assert ids(result, Outcome.FAIL) == set()


class Slow(Deployment):
    """Takes so many seconds for each answer."""

    def __init__(self, seconds: float) -> None:
        super().__init__(rows(20))
        self.seconds = seconds

    def __call__(self, request: Request) -> Exchange:
        return replace(super().__call__(request), elapsed=self.seconds)


@pytest.mark.parametrize(("seconds", "ended"), [(9.9, True), (5.1, True), (4.9, False), (3.0, False)])
def test_answers_that_take_most_of_the_time_out_end_the_run(seconds: float, ended: bool) -> None:
    deployment = Slow(seconds)
    result = session(deployment)
    assert (result.interrupted == "5 of the last 10 answers took more than half of --timeout") is ended
    assert (len(deployment.exchanges) == 5) is ended
    assert ids(result, Outcome.FAIL) == set()


def test_a_server_that_just_keeps_within_the_time_out_is_left_soon() -> None:
    with local.serving(Deployment(rows(20))) as server:
        server.delay = 0.3
        result = check(Settings(server.url, examples=0, bounds=Bounds(timeout=0.5)))
    assert len(server.asked) == 5
    assert result.seconds < 5
    assert exit_status(result.verdicts) == ExitStatus.INCONCLUSIVE


# --- `--writes none` ------------------------------------------------------------------------------


class Wavering(Deployment):
    """Counts one too many in about one of seven answers."""

    def page(self, asked: dict[str, Any]) -> dict[str, Any]:
        page = super().page(asked)
        return {**page, "total_count": page["total_count"] + (len(self.exchanges) * 7 % 13 < 2)}


def broken_by(deployment: Callable[[Request], Exchange], *, no_concurrent_writes: bool) -> set[str]:
    return ids(session(deployment, no_concurrent_writes=no_concurrent_writes), Outcome.FAIL)


def test_where_nothing_writes_what_comes_and_goes_is_a_fault() -> None:
    assert broken_by(Wavering(rows(30)), no_concurrent_writes=True) & {
        "WALK-TOTAL",
        "PAGE-FILL",
        "WALK-COMPLETE",
    }
    assert broken_by(Wavering(rows(30)), no_concurrent_writes=False) == set()


def test_where_nothing_writes_a_correct_deployment_conforms() -> None:
    result = session(Deployment(rows(30)), no_concurrent_writes=True)
    assert ids(result, Outcome.FAIL) | ids(result, Outcome.INCONCLUSIVE) == set()
    assert any("--writes none" in note for note in result.notes)


@pytest.mark.parametrize("seed", range(6))
def test_a_few_writes_against_the_statement_are_seen_once_and_excused_by_nothing(seed: int) -> None:
    deployment = Deployment(rows(30), Variant(), Storm(seed, 0.004, kinds=("insert", "delete")))
    assert broken_by(deployment, no_concurrent_writes=True) == set()


# --- what inconclusive says -----------------------------------------------------------------------


def test_inconclusive_says_how_much_moved_and_what_would_settle_it() -> None:
    deployment = Deployment(rows(30), Variant(), Storm(1, 0.3, kinds=("insert", "delete", "change")))
    reasons = [v.reason for v in session(deployment).verdicts if v.outcome is Outcome.INCONCLUSIVE]
    told = [
        r for r in reasons if re.search(r"changed during the run: [0-9]+ changes were seen in [0-9.]+ s", r)
    ]
    assert told
    assert all("run again while nothing writes" in reason for reason in told)
