"""The walk of everything: judged as it comes, bounded in memory, and resumed where it was interrupted."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.evidence.evidence import Evidence
from contracts.evidence.exhaustive import ExhaustiveSummary
from contracts.judging.judge import judge
from contracts.judging.repetition import JudgingState, examine
from contracts.model import OLD_PATH, Exchange, Outcome, Purpose, Request, Result, UserError
from contracts.reference.pipeline import Call
from contracts.reports.progress import line
from contracts.runs.exhaustive import ExhaustiveState, load_state, save_state
from contracts.runs.flow import one_by_one
from contracts.runs.run import Progress, Settings, parameters
from contracts.runs.session import Run
from contracts.runs.settings import exhaustive_bounds
from contracts.transport import Bounds
from tests.support.fake import CATALOGUE, Deployment, Variant, rows, session
from tests.support.long_lists import LONG, long_list

Send = Callable[[Request], Exchange]
WALKED = Purpose.EXHAUSTIVE_WALK


def walk(send: Send, **options: Any) -> tuple[Run, Result, list[Progress]]:
    told: list[Progress] = []
    settings = Settings("http://fake.invalid", **{"examples": 0, "exhaustive": True, **options})
    state = load_state(settings.resume) if settings.exhaustive else None
    run = Run(parameters(settings), OLD_PATH, CATALOGUE, progress=told.append, exhaustive=state)
    run.drive(one_by_one(send))
    if state is not None:
        save_state(state, settings.resume)
    return run, run.result(settings.base_url, 0.0), told


def outcome(result: Result, id_: str) -> Outcome:
    return next(v.outcome for v in result.verdicts if v.requirement.id == id_)


def reason(result: Result, id_: str) -> str:
    return next(v.reason for v in result.verdicts if v.requirement.id == id_)


def test_everything_is_walked_and_nothing_of_it_is_kept() -> None:
    run, result, told = walk(long_list(6_000), **LONG)
    assert run.exhaustive.done
    assert run.exhaustive.seen == 6_000
    assert len(result.exchanges) <= 300
    assert not any(e.request.purpose is WALKED for e in result.exchanges)
    assert reason(result, "WALK-COMPLETE") == reason(result, "DATA-USAGE") == "all 6,000 profiles on 60 pages"
    assert "exhaustive walk: 6,000 profiles on 60 pages of 100" in result.notes
    steps = [one for one in told if one.probe == WALKED]
    assert [one.sent for one in steps] == list(range(60))
    assert steps[-1].seconds_left is not None
    assert sum(bucket.itemsize * len(bucket) for bucket in run.exhaustive.buckets) == 8 * 6_000


WALKED_WHOLE = ExhaustiveSummary(10, 4, seen=40, distinct=40, total=40, totals=frozenset({40}), done=True)


@pytest.mark.parametrize(
    ("summary", "outcome", "reason"),
    [
        (WALKED_WHOLE, Outcome.PASS, "all 40 profiles on 4 pages"),
        (replace(WALKED_WHOLE, done=False, seen=20), Outcome.PASS, "came to 20 of 40 items"),
        (replace(WALKED_WHOLE, distinct=39), Outcome.INCONCLUSIVE, "met 39 profiles of 40"),
        (replace(WALKED_WHOLE, totals=frozenset({40, 41})), Outcome.INCONCLUSIVE, r"changed .*\(40 and 41\)"),
    ],
)
def test_the_judge_decides_what_a_walk_adds(
    summary: ExhaustiveSummary, outcome: Outcome, reason: str
) -> None:
    exchanges = session(Deployment(rows(40))).exchanges
    evidence = Evidence.of(exchanges)
    findings = examine(CATALOGUE, evidence, ["WALK-ONCE"])
    (verdict,) = judge(JudgingState(CATALOGUE, evidence, findings, {}, exhaustive=summary))
    assert verdict.outcome is outcome
    assert re.search(reason, verdict.reason)


def shown(*, at: int, instead: int) -> Callable[[Call, range], list[int]]:
    """One profile of the whole list shows at another place as well, on large pages alone."""
    return lambda call, places: [
        instead if n == at and not call.parameters.filtered and call.limit == 100 else n for n in places
    ]


def test_a_profile_on_two_pages_far_apart_is_found() -> None:
    _, sampled, _ = walk(long_list(20_000, shown(at=15_242, instead=7_317)), exhaustive=False, **LONG)
    _, result, _ = walk(long_list(20_000, shown(at=15_242, instead=7_317)), **LONG)
    assert outcome(sampled, "WALK-ONCE") is Outcome.PASS
    assert outcome(result, "WALK-ONCE") is Outcome.FAIL
    violation = next(v for v in result.verdicts if v.requirement.id == "WALK-ONCE").violations[0]
    asked = {e.number: e.request.query for e in result.exchanges}
    assert [asked[n] for n in violation.exchanges] == ["limit=100&offset=7300", "limit=100&offset=15200"]


class Broken(Deployment):
    """One profile has a version that is no number."""

    def page(self, asked: dict[str, Any]) -> dict[str, Any]:
        page = super().page(asked)
        for profile in page["access_profiles"]:
            if profile["id"] == 331:
                profile["version"] = "new"
        return page


def test_one_broken_profile_of_many_is_found() -> None:
    _, result, _ = walk(Broken(rows(600), Variant(maximum=5, default=5)))
    assert outcome(result, "RESP-SCHEMA") is Outcome.FAIL


def test_a_page_that_is_short_leaves_the_walk_in_doubt_at_least() -> None:
    """A profile is in no page at all: the total says so, and no page does."""
    hidden = shown(at=4_242, instead=4_241)
    _, result, _ = walk(long_list(6_000, hidden), **LONG)
    assert outcome(result, "WALK-COMPLETE") is not Outcome.PASS
    assert outcome(result, "PAGE-UNIQUE") is Outcome.FAIL


def test_an_interrupted_walk_goes_on_where_it_was(tmp_path: Path) -> None:
    file = tmp_path / "walk.json"
    send, offsets = long_list(6_000), []

    def interrupting(request: Request) -> Exchange:
        if request.purpose is WALKED:
            if len(offsets) == 23:
                raise KeyboardInterrupt
            offsets.append(request.query)
        return send(request)

    _, first, _ = walk(interrupting, resume=file, **LONG)
    assert first.interrupted == "interrupted by the user"
    assert any("2,300 of 6,000 profiles; resume it with --resume FILE" in note for note in first.notes)
    asked: list[str] = []

    def going_on(request: Request) -> Exchange:
        asked.extend([request.query] * (request.purpose is WALKED))
        return send(request)

    run, second, _ = walk(going_on, resume=file, **LONG)
    assert asked[0] == "limit=100&offset=2300"
    assert len(asked) == 37
    assert run.exhaustive.seen == 6_000
    assert outcome(second, "WALK-ONCE") is Outcome.PASS
    assert not file.exists()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"version": 1}', ExhaustiveState().dump(), '{"version": 2, "buckets": []}']
)
def test_a_file_that_holds_no_walk_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--resume"):
        ExhaustiveState.load(text)


def test_a_part_of_the_contract_is_no_matter_for_a_walk_of_everything() -> None:
    with pytest.raises(UserError, match="do not select requirements"):
        Settings("http://fake.invalid", exhaustive=True, only=frozenset({"PAGE-COUNT"}))


def test_a_saved_walk_is_the_same_again() -> None:
    run, _, _ = walk(Deployment(rows(30)))
    assert ExhaustiveState.load(run.exhaustive.dump()) == run.exhaustive


def test_bounds_on_the_whole_run_are_off_unless_they_were_asked_for() -> None:
    assert exhaustive_bounds(Bounds()).max_requests >= 10**9
    assert exhaustive_bounds(Bounds(max_requests=7), ["max_requests"]).max_requests == 7
    assert exhaustive_bounds(Bounds()).timeout == Bounds().timeout


@pytest.mark.parametrize(
    ("left", "said"), [(None, ""), (9.4, ", 9 s left"), (125.0, ", 2 min 05 s left"), (0.0, ", 0 s left")]
)
def test_progress_tells_the_time_left(left: float | None, said: str) -> None:
    assert line(WALKED, 1_000, 10_000, left) == f"exhaustive walk: 1,000 of at most 10,000 requests{said}"


def test_pages_are_asked_for_several_at_a_time_with_the_same_outcome() -> None:
    single, _, _ = walk(long_list(600), **LONG)
    several, result, _ = walk(long_list(600), **LONG | {"bounds": Bounds(concurrency=4)})
    assert (several.exhaustive.done, several.exhaustive.seen) == (True, single.exhaustive.seen)
    assert several.exhaustive.buckets == single.exhaustive.buckets
    assert outcome(result, "WALK-COMPLETE") is Outcome.PASS
