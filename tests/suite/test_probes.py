"""Probes: what they find out and cover, and that no deployment makes them raise or go on for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from math import gcd
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.document.document import document_path
from contracts.evidence.answers import Page, Profile, read_query
from contracts.evidence.evidence import Conditions
from contracts.evidence.recording import RunParameters
from contracts.evidence.walks import walks as all_walks
from contracts.evidence.walks import whole_walks
from contracts.model import OLD_PATH, Credentials, Exchange, Purpose, Request
from contracts.runs import flow
from contracts.runs.flow import Flow, one_by_one
from contracts.runs.probes.access import spellings
from contracts.runs.probes.context import SMALL, ProbeContext, co_prime, query
from contracts.runs.probes.filters import Tags, can_be_asked, encoded_letters, filters, inexact_tags
from contracts.runs.probes.survey import survey
from contracts.runs.probes.walks import AT_MOST, walks
from contracts.runs.session import probes
from tests.support.fake import Deployment, Variant, row, rows

Send = Callable[[Request], Exchange]
EVERYONE = Conditions(token=True, narrow=True)
# What is generated has tests of its own.
PROBES = [one for one in probes(RunParameters()) if one.name != "generated queries"]


def drive(probe: Flow[None], send: Send, at_most: int = 1_000) -> list[Request]:
    """Drives a probe; the requests that it sent, or a failure where it goes on and on."""
    asked: list[Request] = []

    def sending(request: Request) -> Exchange:
        assert len(asked) < at_most, "it goes on for ever"
        asked.append(request)
        return send(request)

    flow.drive(probe, one_by_one(sending))
    return asked


def surveyed(send: Send, **options: Any) -> ProbeContext:
    ctx = ProbeContext(**options)
    drive(survey(ctx), send)
    return ctx


def all_probes(ctx: ProbeContext, send: Send) -> list[Request]:
    """Every probe, none of them cut short."""
    path = document_path()
    return [request for probe in PROBES for request in drive(probe.flow(ctx, path), send)]


# --- queries --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ""),
        ({"limit": 0, "offset": 0}, "limit=0&offset=0"),
        ({"is_active": False, "search": "a b"}, "is_active=false&search=a%20b"),
        ({"tags": ["a&b", "100%", "größe"]}, "tags=a%26b,100%25,gr%C3%B6%C3%9Fe"),
        ({"tags": "a,,%62"}, "tags=a,,%62"),
    ],
)
def test_a_query_is_written_as_it_is_sent(arguments: dict[str, Any], expected: str) -> None:
    assert query(**arguments) == expected


@given(st.lists(st.text(min_size=1).filter(can_be_asked), min_size=1, max_size=4, unique=True))
def test_tags_are_read_back_as_they_were_asked(tags: list[str]) -> None:
    assert read_query(query(tags=tags)).selection.wanted == tuple(tags)


@pytest.mark.parametrize("tag", ["prod", "x_y", "a.b"])
def test_a_letter_that_is_encoded_needlessly_stays_the_same_tag(tag: str) -> None:
    asked = encoded_letters(tag)
    assert asked != tag
    assert read_query(f"tags={asked}").selection.wanted == (tag,)


@given(st.integers(1, 500), st.integers(0, 2_000))
def test_page_sizes_have_no_divisor_in_common_with_the_total(size: int, total: int) -> None:
    found = co_prime(size, total)
    assert gcd(found, max(1, total)) == 1
    assert 1 <= found < size + 20


# --- survey ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("refuses", [True, False])
@pytest.mark.parametrize(
    ("total", "maximum", "most"),
    [
        (0, 100, 100),
        (5, 100, 100),
        (250, 100, 100),
        (250, 50, 50),
        (30, 10, 10),
        (250, 1_000, 100),
        (250, 25, 25),
    ],
)
def test_survey_finds_the_largest_limit_that_is_filled(
    refuses: bool, total: int, maximum: int, most: int
) -> None:
    variant = Variant(maximum=maximum, default=10, refuses=refuses)
    ctx = surveyed(Deployment(rows(total), variant))
    assert (ctx.max_page_size, ctx.total, ctx.default) == (most, total, 10)


def test_survey_finds_a_maximum_between_the_usual_and_a_thousand() -> None:
    assert surveyed(Deployment(rows(700), Variant(maximum=500, refuses=False))).max_page_size == 500


# --- walks ----------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(
    total=st.integers(0, 400),
    maximum=st.integers(1, 150),
    default=st.integers(0, 150),
    refuses=st.booleans(),
)
def test_each_walk_of_a_correct_deployment_yields_every_position_once(
    total: int, maximum: int, default: int, refuses: bool
) -> None:
    variant = Variant(maximum=maximum, default=min(default, maximum), refuses=refuses)
    deployment = Deployment([{"id": n, "name": f"{n}", "is_active": True} for n in range(total)], variant)
    ctx = surveyed(deployment)
    drive(walks(ctx), deployment, at_most=AT_MOST)
    walked = ctx.evidence().select(all_walks)
    for walk in walked:
        assert walk.ids == tuple(range(walk.start, walk.start + walk.expected_count))
    assert total == 0 or bool(ctx.evidence().select(whole_walks)) or ctx.max_page_size < 20
    sizes = {
        walk.limit
        for walk in walked
        if len(walk.pages) > 2 and walk.complete and walk.limit < ctx.max_page_size
    }
    assert {size for size in sizes if gcd(size, max(1, total)) > 1} <= {variant.default, 5, 10, 1}


def test_a_long_list_is_read_in_windows_from_start_to_end() -> None:
    deployment = Deployment([{"id": n, "name": f"{n}", "is_active": True} for n in range(SMALL + 500)])
    ctx = surveyed(deployment)
    drive(walks(ctx), deployment, at_most=AT_MOST)
    offsets = {page.offset for page in ctx.evidence().unfiltered}
    assert {0, 900, 1_000, SMALL + 300, SMALL + 400, SMALL + 499, SMALL + 500} <= offsets


# --- tags -----------------------------------------------------------------------------------------


def profiles(*tags: list[object]) -> Tags:
    return Tags(tuple(Profile(i, {"id": i, "tags": t, "is_active": i % 2 == 0}) for i, t in enumerate(tags)))


def test_tags_are_chosen_by_what_they_tell() -> None:
    tags = profiles(["prod", "eu"], ["production", "eu"], ["prod", "a b"], ["ü"], ["a b", "c"])
    assert tags.nested == ("prod", "production")
    assert tags.special == ["a b", "ü"]
    assert tags.of_both_kinds in ("eu", "a b")
    assert tags.pairs[0] == ("eu", "prod")


def test_a_piece_of_a_tag_that_is_a_tag_itself_is_no_proof() -> None:
    assert "pro" not in list(inexact_tags(profiles(["prod", "pro", "x"])))
    assert list(inexact_tags(profiles(["a"], []))) == []


@pytest.mark.parametrize("tag", ["", " a", "a,b", "a\n", "\x00", "x" * 200])
def test_a_tag_that_is_no_item_of_a_list_is_not_asked_for(tag: str) -> None:
    assert not can_be_asked(tag)


# --- access ---------------------------------------------------------------------------------------


def test_each_spelling_of_the_path_is_another_one() -> None:
    found = list(spellings(OLD_PATH))
    assert len({*found, OLD_PATH}) == len(found) + 1
    assert all(path.startswith("/") for path in found)


def test_the_other_credentials_are_asked_only_where_there_are_some() -> None:
    open_to_all = all_probes(ProbeContext(), Deployment(rows(3)))
    with_token = all_probes(ProbeContext(conditions=EVERYONE), Deployment(rows(3), Variant(token=True)))
    assert {r.credentials for r in open_to_all} == {Credentials.GIVEN}
    assert set(Credentials) - {r.credentials for r in with_token} == {Credentials.LOWER_CASE_SCHEME}


# --- whatever comes -------------------------------------------------------------------------------


@settings(deadline=None, max_examples=8)
@given(
    seed=st.integers(),
    total=st.integers(0, 60),
    maximum=st.sampled_from([1, 3, 10, 50, 100, 1_000]),
    default=st.sampled_from([0, 1, 25]),
    refuses=st.booleans(),
    searches=st.booleans(),
)
def test_the_same_seed_asks_the_same(
    seed: int, total: int, maximum: int, default: int, refuses: bool, searches: bool
) -> None:
    variant = Variant(maximum=maximum, default=default, refuses=refuses, searches=searches, token=True)
    asked = [all_probes(ProbeContext(seed, EVERYONE), Deployment(rows(total, seed), variant)) for _ in "ab"]
    assert asked[0] == asked[1]


TEXT = st.text(max_size=8) | st.sampled_from(["a,b", "a b", " a", "", "\x00", "\r\n", "%", "ß", "x" * 300])
ODD_ROW = st.fixed_dictionaries(
    {"id": st.integers(0, 2**70), "name": TEXT | st.none() | st.integers()},
    optional={
        "is_active": st.booleans() | st.none() | st.just("yes"),
        "tags": st.none() | st.just("prod") | st.lists(TEXT | st.none() | st.integers(), max_size=4),
        "budgets": st.none() | st.just([None, 5]),
    },
)


@settings(deadline=None, max_examples=30)
@given(st.lists(ODD_ROW, max_size=12, unique_by=lambda r: r["id"]), st.integers(0, 9))
def test_odd_profiles_crash_no_probe(odd: list[dict[str, Any]], seed: int) -> None:
    all_probes(ProbeContext(seed, EVERYONE), Lenient(odd))


class Lenient(Deployment):
    """Ignores every filter, whatever its rows hold."""

    def selected(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        del asked
        return self.rows


def page(**members: object) -> bytes:
    whole = {"access_profiles": [row(1)], "count": 1, "total_count": 1, "limit": 25, "offset": 0}
    return json.dumps({**whole, **members}).encode()


def test_a_long_list_leaves_requests_for_the_tags() -> None:
    deployment = Deployment(rows(50), Variant(maximum=1, default=1, refuses=False))
    ctx = surveyed(deployment)
    drive(walks(ctx), deployment)
    asked = drive(filters(ctx), deployment)
    assert sum("is_active" in request.query and "tags" not in request.query for request in asked) <= 30


HOSTILE = {
    "nothing": b"",
    "a web page": b"<html>",
    "null": b"null",
    "a list": b"[]",
    "deep": b"[" * 9_999,
    "digits": b'{"total_count": ' + b"9" * 5_000 + b"}",
    "no members": b"{}",
    "words for numbers": page(total_count="many", limit=None),
    "negative": page(total_count=-5, limit=-1, offset=-7, count=-1),
    "a total without end": page(total_count=10**15),
    "a total without end, and nothing there": page(total_count=10**15, access_profiles=[]),
    "limit 0": page(total_count=10**6, limit=0, access_profiles=[]),
    "limit 1": page(total_count=10**9, limit=1),
    "fractions": page(total_count=1e300, limit=25.0, offset=0.5),
    "no profiles": page(access_profiles=[None, 5, "x", {}, {"id": None}]),
    "strange profiles": page(access_profiles=[{"id": 2**64, "tags": {"a": 1}, "name": ["x"]}] * 3),
}


def always(content: bytes, status: int = 200) -> Send:
    numbers: Iterator[int] = iter(range(1, 10_000))
    headers = (("Content-Type", "application/json"),)
    return lambda request: Exchange(next(numbers), request, status, headers, content)


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_hostile_answers_neither_raise_nor_go_on_for_ever(content: bytes, status: int) -> None:
    assert all_probes(ProbeContext(conditions=EVERYONE), always(content, status))


def test_a_walk_stops_where_no_page_comes() -> None:
    ctx = ProbeContext()
    pages: list[Page] = []

    def walk() -> Flow[None]:
        pages.extend((yield from ctx.walk(10, purpose=Purpose.WALK)))

    assert len(drive(walk(), always(b"{}"))) == 1
    assert pages == []
