"""Subjects: how a query is read, when a page is one, and which answers make walks, pairs and listings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts.evidence.answers import (
    Profile,
    Selection,
    fingerprint,
    read,
    read_query,
    share_profiles,
    stable_value,
    whole,
)
from contracts.evidence.evidence import Evidence
from contracts.evidence.filtered import (
    filtered_page_pairs,
    listings,
    partitions,
)
from contracts.evidence.inputs import (
    is_odd,
    may_be_refused_below,
    odd_queries,
    odd_values,
)
from contracts.evidence.responses import (
    defaulted,
    limits_in_force,
    past_ends,
    total_pairs,
    well_formed,
)
from contracts.evidence.walks import overlaps, repeats, walk_pairs, walks, whole_walks
from contracts.judging.check import Selector
from contracts.judging.examples import exchange
from contracts.model import Exchange, Request


def evidence(*entries: Mapping[str, Any]) -> Evidence:
    return Evidence.of(exchange(number, entry) for number, entry in enumerate(entries, 1))


# --- queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "limit", "offset", "selection"),
    [
        ("", None, None, Selection()),
        ("limit=5&offset=0", 5, 0, Selection()),
        ("&limit=5&", 5, None, Selection()),
        ("%6Cimit=%35", 5, None, Selection()),
        ("is_active=false", None, None, Selection(is_active=False)),
        ("tags=a,b", None, None, Selection(tags="a,b")),
        ("tags=eu+west", None, None, Selection(tags="eu west")),
        ("tags=eu%20west", None, None, Selection(tags="eu west")),
        ("tags=%70rod", None, None, Selection(tags="prod", spelling="%70rod")),
        ("search=a%26b", None, None, Selection(search="a&b")),
    ],
)
def test_a_plain_query_is_read_as_every_server_must(
    query: str, limit: int | None, offset: int | None, selection: Selection
) -> None:
    asked = read_query(query)
    assert (asked.plain, asked.limit, asked.offset, asked.selection) == (True, limit, offset, selection)


@pytest.mark.parametrize(
    "query",
    [
        "limit=", "limit=05", "limit=+5", "limit=-1", "limit=5.0", "limit=٥", "offset=99999999999999999999",
        "is_active=True", "is_active=1", "limit=1&limit=1", "unknown=1", "tags=", "tags=,", "tags=%20",
        "tags=%zz", "tags=%", "tags=%ff", "tags=%00", "search=%0A", "search=", "Limit=5",
        f"tags={'x' * 1001}",
    ],
)  # fmt: skip
def test_what_servers_may_read_in_different_ways_is_not_plain(query: str) -> None:
    assert not read_query(query).plain


@given(st.text(max_size=60))
@example("%")
@example("a=b=c&&=&=x")
def test_any_query_can_be_read(query: str) -> None:
    asked = read_query(query)
    assert asked.plain <= (not is_odd(query) or bool(query))
    assert asked.plain or asked.selection == Selection()


@pytest.mark.parametrize(
    ("tags", "items", "wanted"),
    [
        ("a", ("a",), ("a",)),
        ("a,,b,", ("a", "", "b", ""), ("a", "b")),
        ("b, a,b", ("b", " a", "b"), ("b", "a")),
    ],
)
def test_a_list_of_tags_has_items_and_wanted_tags(tags: str, items: tuple[str, ...], wanted: object) -> None:
    selection = Selection(tags=tags)
    assert (selection.items, selection.wanted) == (items, wanted)


# --- pages ----------------------------------------------------------------------------------------

PAGE = {"access_profiles": [], "count": 0, "total_count": 0, "limit": 25, "offset": 0}


def answered(value: object, status: int = 200) -> Exchange:
    return Exchange(1, Request(), status, content=json.dumps(value).encode())


@pytest.mark.parametrize(
    "value",
    [
        None, [], {}, {**PAGE, "access_profiles": None}, {**PAGE, "access_profiles": [1]},
        {**PAGE, "access_profiles": [{}]}, {**PAGE, "access_profiles": [{"id": "1"}]},
        {**PAGE, "access_profiles": [{"id": True}]}, {**PAGE, "count": "0"}, {**PAGE, "limit": None},
        {**PAGE, "offset": 0.5}, {**PAGE, "total_count": False},
    ],
)  # fmt: skip
def test_what_is_no_well_formed_page_is_none(value: object) -> None:
    answer = read(answered(value))
    assert answer is not None
    assert answer.page is None


def test_only_a_200_is_a_page() -> None:
    pages = [answer.page for status in (200, 400) if (answer := read(answered(PAGE, status)))]
    assert [page is not None for page in pages] == [True, False]


@pytest.mark.parametrize(
    ("value", "number"), [(5, 5), (5.0, 5), (2**70, 2**70), (5.5, None), (True, None), ("5", None)]
)
def test_whole_numbers_are_those_of_json_schema(value: object, number: int | None) -> None:
    assert whole(value) == number


def test_what_moves_by_itself_and_the_order_of_nested_lists_make_no_difference() -> None:
    one = {"id": 1, "tags": ["a", "b"], "budgets": [{"max_limit": 5, "current_usage": 1}]}
    other = {"budgets": [{"current_usage": 2, "max_limit": 5}], "tags": ["b", "a"], "id": 1}
    assert stable_value(one) == stable_value(other)
    assert Profile(1, one).stable_json != Profile(1, {**other, "description": "x"}).stable_json


@pytest.mark.parametrize("tags", [None, "a", {"a": 1}, [1, None]])
def test_tags_that_are_no_list_of_strings_are_none(tags: object) -> None:
    assert Profile(1, {"tags": tags}).tags == ()


def test_errors_are_equal_reads_whatever_they_say() -> None:
    one, other = (read(answered({"error": {"message": text}}, 500)) for text in ("12:01", "12:02"))
    assert fingerprint(one) == fingerprint(other) != fingerprint(read(answered(PAGE)))
    assert fingerprint(None) is None


# --- evidence -------------------------------------------------------------------------------------


def test_answers_that_are_not_of_the_judged_list_are_left_out() -> None:
    found = evidence(
        {"profiles": [1]},
        {"method": "HEAD", "text": ""},
        {"credentials": "none", "profiles": [1]},
        {"path": "/elsewhere", "profiles": [1]},
        {"status": 503},
        {"failure": "time-out"},
        {"status": 404},
    )
    assert [answer.number for answer in found.regular] == [1, 7]
    assert [page.number for page in found.pages] == [1]
    assert found.requests.keys() == set(range(1, 8))


def test_a_part_of_the_evidence_holds_nothing_else() -> None:
    part = evidence({"profiles": [1]}, {"profiles": [2]}, {"failure": "time-out"}).only([2, 3])
    assert [answer.number for answer in part.answers] == [2]
    assert [failed.number for failed in part.failed] == [3]
    assert list(part.known_profiles) == [2]


# --- walks and pairs ------------------------------------------------------------------------------

LIST = (
    {"ask": "limit=2&offset=0", "profiles": [1, 2], "total": 5},
    {"ask": "limit=2&offset=2", "profiles": [3, 4], "total": 5},
    {"ask": "limit=2&offset=4", "profiles": [5], "total": 5},
)
ALL = {"ask": "limit=9&offset=0", "profiles": [1, 2, 3, 4, 5]}


@pytest.mark.parametrize(
    ("entries", "numbers"),
    [
        (LIST, [(1, 2, 3)]),
        (LIST[:2], [(1, 2)]),
        (LIST[::2], []),  # without its middle it is no walk, and neither end is one
        (LIST[1:], [(1, 2)]),
        ((ALL,), [(1,)]),
        ((*LIST, ALL), [(1, 2, 3), (4,)]),
        (LIST[:1], []),
        (({"ask": "limit=0&offset=0", "profiles": []},), []),
        (({**LIST[0], "limit": -2}, LIST[1]), []),
    ],
)
def test_pages_of_one_size_that_follow_on_each_other_are_a_walk(
    entries: tuple[Mapping[str, Any], ...], numbers: list[tuple[int, ...]]
) -> None:
    assert [walk.numbers for walk in evidence(*entries).select(walks)] == numbers


def test_a_walk_knows_what_is_due() -> None:
    whole_walk, from_the_second = (evidence(*part).select(walks)[0] for part in (LIST, LIST[1:]))
    assert (whole_walk.complete, whole_walk.expected_count, whole_walk.ids) == (True, 5, (1, 2, 3, 4, 5))
    assert (from_the_second.complete, from_the_second.expected_count, from_the_second.start) == (False, 3, 2)


def counts(found: Evidence, *selectors: Selector) -> list[int]:
    return [len(found.select(selector)) for selector in selectors]


def test_pairs_are_found_among_all_pages() -> None:
    found = evidence(*LIST, ALL, LIST[0])
    assert counts(found, walk_pairs, overlaps, repeats, total_pairs, whole_walks) == [1, 4, 1, 4, 2]
    (pair,) = found.select(walk_pairs)
    assert pair.sequences == ((1, 2, 3, 4, 5), (1, 2, 3, 4, 5))
    assert [(a.number, b.number) for a, b in pair.pages] == [(4, 1), (4, 2)]


def test_a_page_past_the_end_is_judged_beside_one_that_states_the_end() -> None:
    past = {"ask": "limit=2&offset=7", "profiles": [], "total": 5}
    (subject,) = evidence(LIST[0], past).select(past_ends)
    assert (subject.before.number, subject.answer.number) == (1, 2)
    assert counts(evidence(past), past_ends) == [0]
    assert counts(evidence({**LIST[0], "total": 9}, past), past_ends) == [0]


def test_an_implicit_page_is_judged_beside_the_explicit_one_of_its_limit() -> None:
    implicit = {"profiles": [1, 2], "limit": 2, "total": 5}
    (subject,) = evidence(ALL, LIST[0], implicit).select(defaulted)
    assert (subject.first.number, subject.second.number) == (2, 3)


def test_an_unpaged_answer_is_judged_beside_the_longest_page() -> None:
    (subject,) = evidence(LIST[0], ALL, {"profiles": [1, 2, 3, 4, 5], "limit": 5}).select(defaulted)
    assert (subject.first.number, subject.second.number) == (2, 3)


def test_the_limit_is_judged_beside_the_first_clamped_page() -> None:
    clamped = {"ask": "limit=900&offset=4", "profiles": [5], "limit": 100}
    found = evidence(ALL, clamped).select(limits_in_force)
    assert [(s.clamped.number if s.clamped else None) for s in found] == [2, 2]


@pytest.mark.parametrize(
    ("entry", "must"),
    [
        ({"ask": "limit=2", "status": 400}, True),
        ({"ask": "limit=100000", "status": 400}, False),  # over the maximum
        ({"ask": "limit=0", "status": 400}, False),
        ({"ask": "tags=a, b", "status": 400}, False),
        ({"ask": "search=a", "status": 400}, False),
        ({"ask": "limit=abc", "status": 400}, False),
    ],
)
def test_what_no_reading_lets_a_deployment_refuse_must_be_served(
    entry: Mapping[str, Any], must: bool
) -> None:
    found = evidence(ALL, entry).select(well_formed)
    assert (2 in [subject.answer.number for subject in found]) is must


def test_the_three_totals_are_read_as_close_together_as_there_are() -> None:
    active, inactive = (
        {"ask": f"limit=1&offset=0&is_active={value}", "profiles": []} for value in ("true", "false")
    )
    (parts,) = evidence(ALL, active, active, inactive, LIST[0]).select(partitions)
    assert (parts.every.number, parts.active.number, parts.inactive.number) == (5, 3, 4)


def test_each_list_of_tags_has_three_totals_of_its_own() -> None:
    asked = [
        {"ask": f"limit=1&offset=0{active}{tags}", "profiles": []}
        for tags in ("", "&tags=a", "&tags=b", "&tags=a,", "&search=x")
        for active in ("", "&is_active=true", "&is_active=false")
        if (tags, active) != ("&tags=b", "&is_active=true")
    ]
    found = [
        (p.every.number, p.active.number, p.inactive.number) for p in evidence(*asked).select(partitions)
    ]
    assert found == [(1, 2, 3), (4, 5, 6)]


def test_a_listing_is_the_complete_walk_with_the_fewest_pages() -> None:
    tagged = [{**one, "ask": f"{one['ask']}&tags=a"} for one in (*LIST, ALL)]
    (listing,) = evidence(*tagged).select(listings)
    assert listing.walk.numbers == (4,)
    assert not list(listing.missing())


def test_a_filtered_page_is_judged_beside_the_largest_pages_that_share_profiles() -> None:
    filtered = {"ask": "limit=9&is_active=true", "profiles": [2, 5]}
    (subject,) = evidence(*LIST, ALL, filtered).select(filtered_page_pairs)
    assert (subject.first.number, subject.common) == (4, [2, 5])


# --- odd queries ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("limit=abc", ("limit", "word")),
        ("offset=-3&limit=5", ("offset", "negative")),
        ("is_active=maybe", ("is_active", "word")),
        ("is_active=yes", None),
        ("is_active=-1", None),
        ("limit=5.0", None),
        ("limit=abc&offset=abc", None),
        ("limit=abc&limit=abc", None),
        ("tags=abc", None),
    ],
)
def test_only_what_no_framework_takes_for_a_value_is_an_odd_value(
    query: str, found: tuple[str, str] | None
) -> None:
    shown = [(odd.parameter, odd.kind) for odd in evidence({"ask": query, "profiles": []}).select(odd_values)]
    assert shown == ([found] if found else [])


@pytest.mark.parametrize(
    ("entry", "number"),
    [
        ({"ask": "limit=5&offset=0", "profiles": []}, 0),
        ({"ask": "tags=a%26b", "profiles": []}, 1),
        ({"ask": "limit=abc", "failure": "cut connection"}, 1),
        ({"ask": "limit=1&offset=4294967296", "purpose": "hostile", "profiles": []}, 1),
    ],
)
def test_whatever_may_trouble_a_server_is_an_odd_query(entry: Mapping[str, Any], number: int) -> None:
    assert counts(evidence(entry), odd_queries) == [number]


@pytest.mark.parametrize(
    ("query", "below"),
    [("limit=abc", False), ("tags=%zz", True), ("tags=%00", True), ("tags=%20", False), ("x" * 2_001, True)],
)
def test_what_a_web_server_may_refuse_is_not_laid_to_the_application(query: str, below: bool) -> None:
    assert may_be_refused_below(query) is below


def test_a_limit_over_the_maximum_may_be_refused_past_the_end_too() -> None:
    page = {"ask": "limit=2&offset=0", "profiles": [1, 2]}
    refused = [exchange(1, page), exchange(2, {"ask": "limit=900&offset=50", "status": 400})]
    assert Evidence.of(refused).select(past_ends) == ()
    known = [exchange(1, page), exchange(2, {"ask": "limit=2&offset=50", "status": 400})]
    assert len(Evidence.of(known).select(past_ends)) == 1


def test_profiles_and_texts_that_are_the_same_are_held_once_and_nothing_else_changes() -> None:
    first = {"id": 1, "name": "a profile", "budgets": [{"scope": "provider:one"}]}
    other = {"id": 2, "name": "another", "budgets": [{"scope": "provider:one"}]}
    turned = dict(reversed(first.items()))
    texts = [json.dumps({"access_profiles": items}) for items in ([first, other], [first], [turned])]
    answers = [read(Exchange(n, Request(), 200, content=text.encode())) for n, text in enumerate(texts, 1)]
    known: dict[int, object] = {}
    for answer in answers:
        assert answer is not None
        share_profiles(answer, known)
    held = [answer.value["access_profiles"] for answer in answers]  # type: ignore[union-attr, index]
    assert [json.dumps({"access_profiles": items}) for items in held] == texts
    assert held[1][0] is held[0][0]
    assert held[2][0] is not held[0][0]
    assert held[0][0]["budgets"][0]["scope"] is held[0][1]["budgets"][0]["scope"]
