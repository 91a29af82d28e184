"""Long lists: few requests, what a sample says and what it never says, and no false accusation."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from contracts.evidence.answers import Profile, Selection
from contracts.evidence.evidence import Evidence
from contracts.evidence.filtered import listings_and_stretches
from contracts.evidence.samples import draws_for, rate_below
from contracts.judging.repetition import examine
from contracts.model import (
    Credentials,
    Exchange,
    ExitStatus,
    Outcome,
    Purpose,
    Request,
    Result,
    Verdict,
    exit_status,
)
from contracts.reference import REFERENCE_TOKEN
from contracts.reference.computed import Positions, right_places
from contracts.reference.pipeline import Call
from contracts.runs.probes.context import ProbeContext
from contracts.runs.probes.sampling import DRAWS, drawn_boundaries
from contracts.transport import Secrets
from tests.support.fake import CATALOGUE, Deployment, Row, Storm, Variant, rows, session
from tests.support.long_lists import LONG, NARROW_TOKEN, Totals, long_list

NARROW = {"secrets": Secrets(token=REFERENCE_TOKEN, narrow=NARROW_TOKEN)}


def outcomes(result: Result, *areas: str) -> dict[str, Outcome]:
    return {v.requirement.id: v.outcome for v in result.verdicts if v.requirement.area in areas}


def reasons(result: Result) -> dict[str, str]:
    return {v.requirement.id: v.reason for v in result.verdicts}


# --- correct lists --------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "secrets"), [(5_500, LONG), (20_000, NARROW), (1_000_000, NARROW)])
def test_a_correct_long_list_passes_with_at_most_300_requests(count: int, secrets: dict[str, Any]) -> None:
    result = session(long_list(count), **secrets, examples=10)
    assert exit_status(result.verdicts) == ExitStatus.CONFORMING
    assert len(result.exchanges) <= 300
    assert set(outcomes(result, "WALK", "FILTER").values()) == {Outcome.PASS}


@pytest.mark.parametrize("variant", ["tags-all", "unpaged-filters", "over-maximum-refused", "maximum-50"])
def test_legal_variants_of_a_long_list_are_not_accused(variant: str) -> None:
    result = session(long_list(6_000, variant=variant), **LONG)
    assert Outcome.FAIL not in outcomes(result, "WALK", "FILTER", "PAGE", "RESP", "SEARCH").values()
    assert Outcome.NOT_EXERCISED not in outcomes(result, "WALK", "FILTER").values()


@pytest.mark.parametrize("maximum", [1, 2, 3])
def test_small_maximum_limits_are_judged_on_long_lists(maximum: int) -> None:
    result = session(Deployment(rows(200, 1), Variant(maximum=maximum, default=maximum)))
    judged = outcomes(result, "WALK", "FILTER", "PAGE", "SEARCH")
    silent = {id_ for id_, outcome in judged.items() if outcome is Outcome.NOT_EXERCISED}
    assert set(judged.values()) <= {Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.NOT_EXERCISED}
    assert silent <= ({"FILTER-COMBINED"} if maximum == 1 else set())
    assert len(result.exchanges) <= 300


class Reordered(Deployment):
    """Filtered lists come in the opposite order: a broken SHOULD and nothing more."""

    def selected(self, asked: Row) -> list[Row]:
        found = super().selected(asked)
        return found[::-1] if {"tags", "is_active"} & asked.keys() else found


@pytest.mark.parametrize("maximum", [2, 5])
def test_a_filtered_list_in_another_order_is_no_incomplete_one(maximum: int) -> None:
    result = session(Reordered(rows(400, 3), Variant(maximum=maximum, default=maximum)))
    failed = {v.requirement.id for v in result.verdicts if v.outcome is Outcome.FAIL}
    assert failed <= {"FILTER-ORDER"}


# --- what a sample says ---------------------------------------------------------------------------


def test_a_pass_on_a_long_list_states_the_bound() -> None:
    said = reasons(session(long_list(2_000_000), **LONG))
    bound = "no gap in 40 of 19,999 boundaries drawn at random: rate below 7.2% at 95%"
    assert said["WALK-SPLIT"] == said["WALK-COMPLETE"] == bound
    assert "ends of what the filters select" in said["FILTER-ACTIVE-COMPLETE"]
    assert "profiles on 40 pages drawn at random: rate of pages below 7.2% at 95%" in said["RESP-SCHEMA"]


def test_a_short_list_states_none() -> None:
    assert not any(v.reason for v in session(Deployment(rows(40))).verdicts if v.outcome is Outcome.PASS)


@pytest.mark.parametrize(("draws", "rate"), [(59, 0.05), (40, 0.073), (1, 0.96), (0, 1.0)])
def test_the_bound_is_the_rate_that_would_hardly_be_missed(draws: int, rate: float) -> None:
    assert rate_below(draws) <= rate
    assert math.isclose((1 - rate_below(draws)) ** draws, 0.05 if draws else 1.0)


def test_draws_for_a_rate_are_the_least() -> None:
    assert draws_for(0.05) == 59
    assert rate_below(58) > 0.05 >= rate_below(59)


SIMULATIONS = 1_000


@pytest.mark.parametrize("rate", [rate_below(DRAWS), 0.1, 0.2])
def test_the_share_of_simulations_that_miss_a_fault_is_within_the_bound(rate: float) -> None:
    total, missed = 2_000_000, 0
    starts = range(100, total, 100)
    for seed in range(SIMULATIONS):
        broken = set(random.Random(f"faults/{seed}").sample(starts, round(rate * len(starts))))
        missed += broken.isdisjoint(drawn_boundaries(ProbeContext(seed, total=total)))
    bound = (1 - rate) ** DRAWS
    assert bound <= 0.05 + 1e-9
    deviation = math.sqrt(bound * (1 - bound) / SIMULATIONS)
    assert missed / SIMULATIONS <= bound + 3 * deviation


def test_boundaries_are_drawn_evenly_and_each_once() -> None:
    drawn = [b for seed in range(500) for b in drawn_boundaries(ProbeContext(seed, total=100_000))]
    assert all(len(set(drawn[n : n + DRAWS])) == DRAWS for n in range(0, len(drawn), DRAWS))
    quarters = [sum(1 for b in drawn if q <= (b - 1) * 4 // 100_000 < q + 1) for q in range(4)]
    assert max(quarters) - min(quarters) < 0.1 * len(drawn) / 4


def skipping(broken: Callable[[int], bool]) -> Positions:
    """Pages of the whole list that begin at these places begin one profile late."""

    def positions(call: Call, places: range) -> list[int]:
        late = bool(places) and not call.parameters.filtered and broken(places.start)
        return [*places[1:], places[-1] + 1] if late and places[-1] + 1 < 2_000_000 else list(places)

    return positions


def test_a_fault_at_some_boundaries_is_found_exactly_where_it_was_drawn() -> None:
    seed = 1
    drawn = drawn_boundaries(ProbeContext(seed, total=2_000_000))
    hit = drawn[20]
    result = session(long_list(2_000_000, skipping(lambda place: place == hit)), **LONG, seed=seed)
    assert outcomes(result, "WALK")["WALK-SPLIT"] is Outcome.FAIL
    missed = session(long_list(2_000_000, skipping(lambda place: place == hit + 100)), **LONG, seed=seed)
    if hit + 100 not in drawn:
        assert outcomes(missed, "WALK")["WALK-SPLIT"] is Outcome.PASS
        assert "rate below" in reasons(missed)["WALK-SPLIT"]


def test_drawing_ends_where_a_fault_is_found() -> None:
    result = session(
        long_list(2_000_000, skipping(lambda place: place > 200_000 and not place % 100)), **LONG
    )
    drawn = [e for e in result.exchanges if e.request.purpose is Purpose.DRAWN_PAGE]
    assert len(drawn) < 5
    assert outcomes(result, "WALK")["WALK-SPLIT"] is Outcome.FAIL


def test_totals_of_both_kinds_with_a_tag_are_added_up_on_a_long_list() -> None:
    def one_too_many(request: Request) -> Exchange:
        exchange = right(request)
        if "is_active=false" not in request.query or "tags=" not in request.query:
            return exchange
        page = json.loads(exchange.content)
        return replace(
            exchange, content=json.dumps({**page, "total_count": page["total_count"] + 1}).encode()
        )

    right = long_list(20_000)
    result = session(one_too_many, **LONG, only=frozenset({"FILTER-ACTIVE-PARTITION"}))
    (verdict,) = (v for v in result.verdicts if v.requirement.id == "FILTER-ACTIVE-PARTITION")
    assert verdict.outcome is Outcome.FAIL
    assert "with tags=" in verdict.violations[0].expected
    assert len(verdict.violations[0].exchanges) == 3


# --- filters --------------------------------------------------------------------------------------


def without_one(selects: Callable[[Call], bool], from_end: bool = False) -> Positions:
    """Filtered lists that hide their third profile, from the start or from the end."""

    def positions(call: Call, places: range) -> list[int]:
        if not selects(call):
            return list(places)
        total = call.site.stages.total(call)
        hidden = total - 3 if from_end else 2
        if from_end:
            return [n if n > hidden else n - 1 for n in places if n > 0]
        return [n if n < hidden else n + 1 for n in places if n + 1 < total]

    return positions


FILTERS: list[tuple[str, Callable[[Call], bool]]] = [
    ("FILTER-ACTIVE-COMPLETE", lambda call: call.parameters.is_active is True and not call.tags),
    ("FILTER-TAGS-COMPLETE", lambda call: bool(call.tags) and call.parameters.is_active is None),
    ("FILTER-COMBINED", lambda call: bool(call.tags) and call.parameters.is_active is not None),
    ("FILTER-TAGS-LIST", lambda call: call.incoming.query.count(",") == 1 and len(call.tags) == 1),
    ("FILTER-PAGED", lambda call: call.parameters.is_active is True and call.limit == 7),
]


@pytest.mark.parametrize(("requirement", "selects"), FILTERS, ids=[id_ for id_, _ in FILTERS])
def test_a_profile_that_a_filter_hides_near_the_start_is_missed(
    requirement: str, selects: Callable[[Call], bool]
) -> None:
    result = session(long_list(20_000, without_one(selects)), **LONG, only=frozenset({requirement}))
    assert outcomes(result, "FILTER") == {requirement: Outcome.FAIL}


def test_a_profile_that_a_filter_hides_near_the_end_is_missed() -> None:
    hiding = without_one(lambda call: call.parameters.is_active is True and not call.tags, from_end=True)
    result = session(long_list(20_000, hiding), **LONG, only=frozenset({"FILTER-ACTIVE-COMPLETE"}))
    assert outcomes(result, "FILTER") == {"FILTER-ACTIVE-COMPLETE": Outcome.FAIL}


def stretch_of(whole: list[int], part: list[int], *, start: int = 10, offset: int = 4) -> list[int]:
    """What a filtered page is due to show of an unfiltered one."""

    def exchange(number: int, query: str, ids: list[int], place: int, total: int) -> Exchange:
        profiles = [{"id": i, "name": str(i), "is_active": True} for i in ids]
        page = {"access_profiles": profiles, "count": len(ids), "total_count": total}
        page |= {"limit": len(ids), "offset": place}
        return Exchange(number, Request(query), 200, content=json.dumps(page).encode())

    asked = f"limit={len(whole)}&offset={start}", f"limit={len(part)}&offset={offset}&is_active=true"
    found = Evidence.of([exchange(1, asked[0], whole, start, 99), exchange(2, asked[1], part, offset, 50)])
    listings = list(found.select(listings_and_stretches))
    assert all(listing.selection == Selection(is_active=True) for listing in listings)
    return sorted(listings[0].known_profiles) if listings else []


@pytest.mark.parametrize(
    ("whole", "part", "due"),
    [
        ([1, 2, 3, 4, 5, 6], [2, 4, 5], [2, 3, 4, 5]),  # between what both show
        ([1, 2, 3, 4, 5, 6], [0, 2, 4, 5, 9], [2, 3, 4, 5]),
        ([1, 2, 3, 4, 5, 6], [2, 5], []),  # two may be an accident
        ([1, 2, 3, 4, 5, 6], [5, 4, 2], []),  # another order
        ([1, 2, 3, 4, 5, 6], [2, 8, 4, 5], []),  # what stands elsewhere stands between them
        ([1, 2, 3], [7, 8, 9], []),
    ],
)
def test_only_what_stands_between_common_profiles_is_due(
    whole: list[int], part: list[int], due: list[int]
) -> None:
    assert stretch_of(whole, part) == due


def test_at_the_start_of_both_lists_everything_before_is_due() -> None:
    assert stretch_of([1, 2, 3, 4, 5, 6], [2, 4, 5], start=0, offset=0) == [1, 2, 3, 4, 5]


def test_every_violation_of_a_sampled_list_stands_by_itself() -> None:
    exchanges: list[Exchange] = []
    send = long_list(20_000, without_one(lambda call: call.parameters.filtered))

    def recording(request: Request) -> Exchange:
        exchanges.append(send(request))
        return exchanges[-1]

    session(recording, **LONG)
    evidence = Evidence.of(exchanges)
    violations = [(i, v) for i, f in examine(CATALOGUE, evidence).items() for v in f.violations[:5]]
    assert violations
    for id_, violation in violations:
        assert examine(CATALOGUE, evidence.only(violation.exchanges), [id_])[id_].violations, id_


def known(evidence: Evidence) -> Iterator[Profile]:
    return (profile for page in evidence.pages for profile in page.profiles)


def test_a_profile_shown_on_several_pages_is_held_once() -> None:
    ctx, send = ProbeContext(), Deployment(rows(10))
    for query in ("limit=5&offset=0", "limit=7&offset=0"):
        ctx.hear(send(Request(query)))
    assert len({id(profile.raw) for profile in known(ctx.evidence())}) == 7


@pytest.mark.parametrize("seed", range(200, 206))
def test_a_sampled_list_is_not_accused_while_others_write(seed: int) -> None:
    draw = random.Random(seed)
    variant = Variant(
        any_tag=draw.random() < 0.5, order=draw.choice(("id", "-id", "name", "updated")), maximum=2
    )
    probability = draw.choice((0.02, 0.1, 0.4))
    storm = Storm(seed, probability, burst=2, kinds=("insert", "delete", "change"))
    result = session(Deployment(rows(150, seed), variant, storm), seed=seed)
    assert {v.requirement.id for v in result.verdicts if v.outcome is Outcome.FAIL} == set()


# --- narrower credentials -------------------------------------------------------------------------


def narrow(call: Call) -> bool:
    return call.caller == "narrow"


def scope_of(count: int, *, positions: Positions = right_places, **stages: Any) -> Verdict:
    """The verdict on ACCESS-SCOPE where totals, rows or the access are as given."""
    send = long_list(count, positions, **stages)
    result = session(send, **NARROW, only=frozenset({"ACCESS-SCOPE"}))
    return next(v for v in result.verdicts if v.requirement.id == "ACCESS-SCOPE")


def other_places(change: Callable[[list[int]], list[int]]) -> Positions:
    return lambda call, places: change(list(places)) if narrow(call) else list(places)


def test_a_narrower_credential_on_a_long_list_is_judged_where_both_meet() -> None:
    verdict = scope_of(20_000)
    assert (verdict.outcome, verdict.mutations_detected > 0) == (Outcome.PASS, True)
    assert "where it overlaps" in verdict.reason


TOTALS: dict[str, Totals] = {
    "of all": lambda call, right: 20_000 if not call.parameters.filtered else right,
    "one too high": lambda _, right: right + 1,
    "one too low": lambda call, right: right - 1 if not call.parameters.filtered else right,
    "more than all": lambda _, right: right + 10_000,
    "all under filters": lambda call, right: right * 3 // 2 if call.parameters.filtered else right,
}


@pytest.mark.parametrize("total", TOTALS.values(), ids=TOTALS)
def test_a_wrong_total_of_a_narrower_credential_is_found_on_a_long_list(total: Totals) -> None:
    def site(call: Call, right: int) -> int:
        return total(call, right) if narrow(call) else right

    verdict = scope_of(20_000, totals=site)
    assert verdict.outcome is Outcome.FAIL
    assert 1 <= len(verdict.violations[0].exchanges) <= 4


ROWS: dict[str, Positions] = {
    "a stranger": other_places(lambda places: [p + 1_000_000 * (p == 4) for p in places]),
    "a stranger at the start": other_places(lambda places: [p + 1_000_000 * (p == 0) for p in places]),
    "another order": other_places(lambda places: places[::-1]),
    "two turned": other_places(lambda places: [places[1], places[0], *places[2:]] if places[1:] else places),
}


@pytest.mark.parametrize("positions", ROWS.values(), ids=ROWS)
def test_what_a_narrower_credential_should_not_show_is_found_on_a_long_list(positions: Positions) -> None:
    verdict = scope_of(20_000, positions=positions)
    assert verdict.outcome is Outcome.FAIL
    assert 1 <= len(verdict.violations[0].exchanges) <= 4


def test_a_narrower_list_that_nothing_read_of_the_full_one_meets_is_not_judged() -> None:
    apart = other_places(lambda places: [p + 1_000_000 for p in places])
    assert scope_of(20_000, positions=apart).outcome is Outcome.NOT_EXERCISED


class Narrowing(Deployment):
    """Whose narrower credential sees two of three profiles."""

    narrow = False

    def answer(self, request: Request) -> tuple[int, Row]:
        self.narrow = request.credentials is Credentials.NARROW
        known = Credentials.GIVEN if self.narrow else request.credentials
        return super().answer(replace(request, credentials=known))

    def selected(self, asked: Row) -> list[Row]:
        return [row for row in super().selected(asked) if not self.narrow or row["id"] % 3]


def test_the_narrowing_deployment_is_judged_where_nobody_writes() -> None:
    result = session(Narrowing(rows(700), Variant(maximum=10, default=10, token=True)), **NARROW)
    assert outcomes(result, "ACCESS")["ACCESS-SCOPE"] is Outcome.PASS


@pytest.mark.parametrize(
    ("seed", "only"),
    [
        *((n, frozenset({"ACCESS-SCOPE"})) for n in range(300, 310)),
        *((n, frozenset()) for n in range(300, 303)),
    ],
)
def test_a_narrower_credential_is_not_accused_while_others_write(seed: int, only: frozenset[str]) -> None:
    draw = random.Random(seed)
    maximum = draw.choice((5, 10))
    size = draw.choice((40, 61 * maximum))
    order = draw.choice(("id", "-id", "name", "updated"))
    variant = Variant(order=order, maximum=maximum, default=draw.choice((0, 5)), token=True)
    storm = Storm(seed, draw.choice((0.02, 0.1, 0.4, 1.0)), burst=2, kinds=("insert", "delete", "change"))
    result = session(Narrowing(rows(size, seed), variant, storm), seed=seed, only=only, **NARROW)
    assert {v.requirement.id for v in result.verdicts if v.outcome is Outcome.FAIL} == set()
