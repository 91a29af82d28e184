"""A run: which probes it takes, that their budgets hold, when it ends early, and what it says then."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from contracts.evidence.recording import RunParameters
from contracts.model import (
    OLD_PATH,
    Attempt,
    Exchange,
    ExitStatus,
    Failure,
    FailureKind,
    Outcome,
    Request,
    Result,
    exit_status,
)
from contracts.runs.flow import one_by_one
from contracts.runs.run import Progress, Settings, parameters, plan
from contracts.runs.session import BRACKETED_AT_MOST, REPETITIONS_AT_MOST, Run, probes
from contracts.transport import BudgetSpent
from tests.support.fake import CATALOGUE, Deployment, Storm, Variant, rows, session

URL = "http://fake.invalid"


def outcomes(result: Result) -> Counter[Outcome]:
    return Counter(v.outcome for v in result.verdicts)


# --- what is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ({"PAGE-COUNT"}, ["survey", "walks"]),
        ({"FILTER-TOTAL"}, ["survey", "walks", "filters"]),
        ({"HTTP-HEAD"}, ["survey", "access"]),
        ({"GEN-DOCUMENT"}, ["survey", "generated queries"]),
        ({"SERVED"}, ["survey"]),
    ],
)
def test_only_the_probes_that_are_needed_are_taken(only: set[str], names: list[str]) -> None:
    assert [probe.name for probe in probes(RunParameters(only=frozenset(only)))] == names


def test_the_plan_is_what_all_probes_may_send() -> None:
    at_most = dict(plan(Settings(URL, examples=7)))
    assert at_most["generated queries"] == 7
    assert at_most.keys() >= {"survey", "walks", "filters", "search", "access", "odd queries"}
    assert sum(at_most.values()) > REPETITIONS_AT_MOST + BRACKETED_AT_MOST


@pytest.mark.parametrize("area", ["SERVED", "PAGE-COUNT", "FILTER-TOTAL", "SEARCH-NAME", "INPUT-NO-5XX"])
def test_what_is_asked_for_alone_is_judged_as_in_a_whole_run(area: str) -> None:
    result = session(Deployment(rows(20)), only=frozenset({area}))
    assert [(v.requirement.id, v.outcome) for v in result.verdicts] == [(area, Outcome.PASS)]


@pytest.mark.parametrize("probability", [0.0, 0.2])
@pytest.mark.parametrize("variant", [Variant(), Variant(maximum=1, default=1, refuses=False)])
def test_no_probe_sends_more_than_was_planned(variant: Variant, probability: float) -> None:
    settings = Settings(URL, examples=0)
    sent: Counter[str] = Counter()
    at_most: dict[str, int] = {}

    def progress(now: Progress) -> None:
        sent[now.probe] += 1
        at_most[now.probe] = now.at_most

    deployment = Deployment(rows(40), variant, Storm(3, probability, kinds=("insert", "delete")))
    run = Run(parameters(settings), OLD_PATH, CATALOGUE, progress=progress)
    run.drive(one_by_one(deployment))
    assert {name: count for name, count in sent.items() if count > at_most[name]} == {}
    assert sum(sent.values()) == len(deployment.exchanges) <= sum(count for _, count in plan(settings))


# --- what ends a run ------------------------------------------------------------------------------


class Failing(Deployment):
    """Gives what it should until so many requests were answered, and then something else."""

    def __init__(self, after: int, instead: Any) -> None:
        super().__init__(rows(20))
        self.after = after
        self.instead = instead

    def __call__(self, request: Request) -> Exchange:
        right = super().__call__(request)
        if right.number <= self.after:
            return right
        if isinstance(self.instead, BaseException):
            raise self.instead
        return replace(right, **self.instead)


def gone(kind: FailureKind) -> dict[str, Any]:
    return {"status": None, "failure": Failure(kind, f"it is {kind.value}")}


TOKEN_REFUSED = {"status": 401, "content": b'{"error": {"message": "no"}}'}
WEB_PAGE = {"headers": (("Content-Type", "text/html"),), "content": b"<html>"}


@pytest.mark.parametrize(
    ("instead", "sent", "status"),
    [
        (gone(FailureKind.CONNECT), 1, ExitStatus.INCONCLUSIVE),
        (gone(FailureKind.TLS), 1, ExitStatus.INCONCLUSIVE),
        (gone(FailureKind.TIMEOUT), 1, ExitStatus.INCONCLUSIVE),
        ({"status": 503}, 3, ExitStatus.INCONCLUSIVE),
        (TOKEN_REFUSED, 1, ExitStatus.INCONCLUSIVE),
        (WEB_PAGE, 1, ExitStatus.FAILED),
        ({"status": 404}, 1, ExitStatus.FAILED),
    ],
)
def test_where_nothing_is_to_be_had_a_run_ends_at_once(
    instead: dict[str, Any], sent: int, status: int
) -> None:
    deployment = Failing(0, instead)
    result = session(deployment)
    assert len(deployment.exchanges) <= sent
    assert exit_status(result.verdicts) == status


def test_a_deployment_that_is_not_there_breaks_nothing() -> None:
    result = session(Failing(0, gone(FailureKind.CONNECT)))
    assert outcomes(result) == {Outcome.INCONCLUSIVE: len(CATALOGUE.checks)}
    assert "connect" in result.verdicts[0].reason


@pytest.mark.parametrize(
    ("instead", "more"),
    [(gone(FailureKind.CONNECT), 3), (gone(FailureKind.TIMEOUT), 2), ({"status": 502}, 3)],
)
def test_a_deployment_that_goes_away_ends_the_run_and_breaks_nothing(
    instead: dict[str, Any], more: int
) -> None:
    deployment = Failing(30, instead)
    result = session(deployment)
    assert len(deployment.exchanges) == 30 + more
    assert result.interrupted is not None
    assert "stopped answering" in result.interrupted
    assert outcomes(result)[Outcome.FAIL] == 0


@pytest.mark.parametrize(
    ("interruption", "words"),
    [(KeyboardInterrupt(), "interrupted by the user"), (BudgetSpent("no time is left"), "no time is left")],
)
def test_what_came_before_an_interruption_is_judged(interruption: BaseException, words: str) -> None:
    result = session(Failing(40, interruption))
    assert len(result.exchanges) == 40
    assert result.interrupted == words
    assert result.notes[0] == f"ended early: {words}"
    assert outcomes(result)[Outcome.PASS] > 10


def test_repeated_trouble_is_noted() -> None:
    result = session(Failing(10, {"attempts": (Attempt("429", 0.5),)}), only=frozenset({"PAGE-COUNT"}))
    assert any("429 first" in note for note in result.notes)


# --- a fault that comes and goes ------------------------------------------------------------------


class Wavering(Deployment):
    """Counts one too many in about half of the answers."""

    def page(self, asked: dict[str, Any]) -> dict[str, Any]:
        page = super().page(asked)
        return {**page, "total_count": page["total_count"] + (len(self.exchanges) * 7 % 11 < 6)}


def failed(result: Result) -> set[str]:
    return {v.requirement.id for v in result.verdicts if v.outcome is Outcome.FAIL}


def test_a_total_that_wavers_fails_where_the_list_stays_the_same() -> None:
    assert failed(session(Wavering(rows(30)))) & {"WALK-TOTAL", "PAGE-FILL", "WALK-COMPLETE", "FILTER-TOTAL"}


def test_a_total_that_wavers_is_in_doubt_where_a_visitor_comes_and_goes() -> None:
    assert failed(session(Wavering(rows(30), Variant(), Storm(5, 0.5, kinds=("visit",))))) == set()
