"""No false positive: a correct deployment never fails whatever others write, a wrong one never passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from contracts import reference
from contracts.evidence.evidence import Evidence
from contracts.judging.repetition import examine
from contracts.model import Outcome, Request, Result
from tests.support import stormy
from tests.support.fake import CATALOGUE, Deployment, Row, Storm, Variant, rows, session
from tests.support.storms import EDITS, false_positives, storm, weather


def ids(result: Result, *outcomes: Outcome) -> set[str]:
    return {v.requirement.id for v in result.verdicts if v.outcome in outcomes}


@pytest.mark.parametrize("seed", range(30))
def test_a_correct_deployment_never_fails_while_others_write(seed: int) -> None:
    assert false_positives(seed) == (), weather(seed)


@pytest.mark.parametrize("size", [0, 1, 2, 7, 40])
@pytest.mark.parametrize(
    "variant", [Variant(), Variant(any_tag=False, order="-id", maximum=50, default=0, refuses=False)]
)
def test_a_correct_deployment_that_is_left_alone_is_never_in_doubt(size: int, variant: Variant) -> None:
    result = session(Deployment(rows(size), variant))
    assert ids(result, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.BLOCKED) == set()


@pytest.mark.parametrize("seed", range(100, 106))
def test_every_violation_stands_by_itself(seed: int) -> None:
    """The judge asks the exchanges of a violation again and nothing else, so these have to show it alone."""
    around = weather(seed)
    deployment = Deployment(
        rows(around.size, seed), around.variant, storm(seed, replace(around, probability=0.5))
    )
    session(deployment, seed=seed)
    evidence = Evidence.of(deployment.exchanges)
    alone = [
        (id_, v)
        for id_, finding in examine(CATALOGUE, evidence).items()
        for v in finding.violations[:10]
        if not examine(CATALOGUE, evidence.only(v.exchanges), [id_])[id_].violations
    ]
    assert alone == []


# --- faults ---------------------------------------------------------------------------------------


class Faulty(Deployment):
    """Whose pages are wrong in one way."""

    def __init__(self, fault: Callable[[Faulty, Row, Row], None], *arguments: Any) -> None:
        super().__init__(*arguments)
        self.fault = fault

    def page(self, asked: Row) -> Row:
        page = super().page(asked)
        self.fault(self, asked, page)
        return page


def total_ignores_filters(deployment: Faulty, _asked: Row, page: Row) -> None:
    page["total_count"] = len(deployment.rows)


def total_is_one_too_high(_deployment: Faulty, _asked: Row, page: Row) -> None:
    page["total_count"] += 1


def total_shrinks_with_the_offset(_deployment: Faulty, asked: Row, page: Row) -> None:
    page["total_count"] = max(0, page["total_count"] - asked.get("offset", 0))


def second_page_repeats_one(deployment: Faulty, asked: Row, page: Row) -> None:
    if asked.get("offset"):
        wrong = Deployment(deployment.rows, deployment.variant).page({**asked, "offset": asked["offset"] - 1})
        page["access_profiles"] = wrong["access_profiles"]
        page["count"] = wrong["count"]


def inactive_is_absent(deployment: Faulty, asked: Row, page: Row) -> None:
    if asked.get("is_active") is False:
        without = {name: value for name, value in asked.items() if name != "is_active"}
        page.update(Deployment(deployment.rows, deployment.variant).page(without))


def one_profile_is_never_found_by_tag(_deployment: Faulty, asked: Row, page: Row) -> None:
    if "tags" in asked:
        page["access_profiles"] = page["access_profiles"][1:]
        page["count"] = len(page["access_profiles"])
        page["total_count"] = max(0, page["total_count"] - 1)


def small_pages_are_reversed(_deployment: Faulty, asked: Row, page: Row) -> None:
    if asked.get("limit", 100) < 20:
        page["access_profiles"].reverse()


FAULTS = {
    total_ignores_filters: {"FILTER-TOTAL"},
    total_is_one_too_high: {"WALK-COMPLETE", "PAGE-FILL"},
    total_shrinks_with_the_offset: {"WALK-TOTAL"},
    second_page_repeats_one: {"WALK-ONCE"},
    inactive_is_absent: {"FILTER-ACTIVE-MATCH"},
    one_profile_is_never_found_by_tag: {"FILTER-TAGS-COMPLETE"},
    small_pages_are_reversed: {"WALK-ORDER", "WALK-SPLIT"},
}


@pytest.mark.parametrize("probability", [0.02, 0.3])
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_broken_never_passes_while_others_write(
    fault: Callable[[Faulty, Row, Row], None], probability: float
) -> None:
    deployment = Faulty(fault, rows(30), Variant(), Storm(1, probability, kinds=EDITS))
    assert not ids(session(deployment), Outcome.PASS) & FAULTS[fault]


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_broken_fails_where_nobody_writes(fault: Callable[[Faulty, Row, Row], None]) -> None:
    result = session(Faulty(fault, rows(30)))
    assert FAULTS[fault] & ids(result, Outcome.FAIL)


@pytest.mark.parametrize("fault", sorted(reference.FAULTS)[::18])
def test_no_fault_of_the_catalogue_passes_in_a_storm(fault: str) -> None:
    """A part of the faults, each in a storm of its own; `benchmarks.storms --faults` judges all in many."""
    assert not stormy.passed(fault, seed=len(fault))


def test_the_same_seed_asks_a_deployment_the_same() -> None:
    asked: list[list[Request]] = []
    for _ in range(2):
        deployment = Deployment(rows(12))
        session(deployment, seed=7)
        asked.append([exchange.request for exchange in deployment.exchanges])
    assert asked[0] == asked[1]
