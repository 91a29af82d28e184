"""Witnesses: cut down as far as can be, accepted by a checker of their own, refused with less."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from contracts.evidence.evidence import Conditions, Evidence
from contracts.judging.catalogue import load_catalogue
from contracts.judging.examples import load_examples
from contracts.judging.witness.cutting import cut
from contracts.judging.witness.excerpts import excerpts
from contracts.judging.witness.proof import proves
from contracts.model import Credentials, Excerpt, Exchange, Outcome, Request, Verdict
from contracts.reference import serving
from contracts.reports import fact_text as shown
from contracts.runs.run import Settings, check
from contracts.transport import Secrets

CATALOGUE = load_catalogue()
EXAMPLES = load_examples()
CONDITIONS = Conditions(token=True, narrow=True)


def facts_of(id_: str, exchanges: tuple[Exchange, ...]) -> list[Excerpt]:
    evidence = Evidence.of(exchanges, CONDITIONS)
    return excerpts(id_, exchanges, evidence, CATALOGUE.document)


def with_one_item_less(witness: tuple[Excerpt, ...]) -> Iterator[tuple[Excerpt, ...]]:
    for index, excerpt in enumerate(witness):
        yield (*witness[:index], *witness[index + 1 :])
        for place in range(len(excerpt.facts)):
            facts = (*excerpt.facts[:place], *excerpt.facts[place + 1 :])
            yield (*witness[:index], replace(excerpt, facts=facts), *witness[index + 1 :])


def accepted_and_minimal(id_: str, witness: tuple[Excerpt, ...]) -> bool:
    return proves(id_, witness) and not any(proves(id_, less) for less in with_one_item_less(witness))


@pytest.mark.parametrize("id_", EXAMPLES)
def test_the_bad_example_is_proved_and_not_with_anything_taken_away(id_: str) -> None:
    witness = cut(id_, facts_of(id_, EXAMPLES[id_].bad))
    assert 1 <= len(witness) <= 3
    assert accepted_and_minimal(id_, witness)


@pytest.mark.parametrize("id_", EXAMPLES)
def test_the_good_example_proves_nothing(id_: str) -> None:
    good = facts_of(id_, EXAMPLES[id_].good)
    assert not proves(id_, good)
    assert cut(id_, good) == ()


def failing(fault: str) -> list[Verdict]:
    with serving(fault=fault, narrow_token="narrow-reference-token") as deployment:
        secrets = Secrets(token=deployment.token, narrow=deployment.narrow_token)
        result = check(Settings(deployment.url, secrets=secrets), catalogue=CATALOGUE)
    return [verdict for verdict in result.verdicts if verdict.outcome is Outcome.FAIL]


@pytest.mark.parametrize(
    "fault",
    [
        "boundary-repeats-one",
        "total-ignores-is-active",
        "narrow-total-counts-all",
        "refusal-names-a-profile",
        "any-basic-passes",
        "case-ignored-for-one-tag-alone",
        "total-wavers",
        "filter-after-page-cut",
        "all-parameters-lose-one",
    ],
)
def test_every_failure_of_a_live_run_has_a_witness(fault: str) -> None:
    verdicts = failing(fault)
    assert verdicts
    for verdict in verdicts:
        assert 1 <= len(verdict.witness) <= 3, verdict.requirement.id
        assert accepted_and_minimal(verdict.requirement.id, verdict.witness), verdict
        numbers = {excerpt.exchange for excerpt in verdict.witness}
        assert numbers <= set(verdict.violations[0].exchanges)


def test_a_witness_is_asked_again_with_its_requests_alone() -> None:
    verdicts = failing("boundary-repeats-one")
    assert all(verdict.reproduced for verdict in verdicts)


@pytest.mark.parametrize(
    ("tags", "proved"), [(("", "", ""), True), (("a", "a", "a"), True), (("a", "a", ""), False)]
)
def test_totals_add_up_only_with_the_same_tags(tags: tuple[str, ...], proved: bool) -> None:
    witness = [
        Excerpt(n, Request(f"{active}&tags={tag}" if tag else active), (("/total_count", total),))
        for n, (active, tag, total) in enumerate(
            zip(("limit=1", "is_active=true", "is_active=false"), tags, (5, 2, 2), strict=True)
        )
    ]
    assert proves("FILTER-ACTIVE-PARTITION", witness) is proved


@pytest.mark.parametrize(
    ("totals", "proved"),
    [((6, 2, n), n in (3, 5, 9)) for n in (0, 2, 3, 5, 6, 8, 9)] + [((4, 4, n), n > 8) for n in range(10)],
)
def test_a_total_of_two_tags_is_proved_wrong_where_neither_reading_allows_it(
    totals: tuple[int, ...], proved: bool
) -> None:
    witness = [
        Excerpt(number, Request(f"tags={tags}"), (("/total_count", total),))
        for number, (tags, total) in enumerate(zip(("a", "b", "a,b"), totals, strict=True))
    ]
    assert proves("FILTER-TOTAL", witness) is proved


def page_of(credentials: str, ids: list[int], offset: int = 9) -> Excerpt:
    shown = [(f"/access_profiles/{place}/id", identity) for place, identity in enumerate(ids)]
    facts = (("/offset", offset), ("length", len(ids)), ("ids", ids), *shown)
    return Excerpt(1, Request("limit=9", credentials=Credentials(credentials)), facts)


@pytest.mark.parametrize(
    ("full", "narrow", "offset", "proved"),
    [
        ([1, 2, 3], [1, 7, 3], 9, True),
        ([1, 2, 3], [1, 3, 7], 9, False),  # it may stand after the page
        ([1, 2, 3], [7, 1, 3], 9, False),  # or before it,
        ([1, 2, 3], [7, 1, 3], 0, True),  # unless both begin there
        ([1, 2, 3], [7, 8, 9], 0, False),
        ([1, 2, 3], [1, 3], 0, False),
    ],
)
def test_a_stranger_is_proved_where_it_would_stand_between(
    full: list[int], narrow: list[int], offset: int, proved: bool
) -> None:
    pages = [page_of("given", full, offset), page_of("narrow", narrow, offset)]
    assert proves("ACCESS-SCOPE", pages) is proved
    assert not proves("ACCESS-SCOPE", [page_of("given", narrow, offset), page_of("given", full, offset)])


def excerpt(*facts: tuple[str, object]) -> Excerpt:
    return Excerpt(1, Request("limit=2"), facts)


def test_facts_in_words() -> None:
    assert shown.words(excerpt(("/total_count", 3), ("length", 1))) == "total_count 3, 1 profile"
    assert shown.words(excerpt(("/access_profiles/4/id", 7))) == "access_profiles[4].id 7"
    assert shown.words(excerpt(("headers/link", ""))) == "no Link"
    assert shown.words(excerpt(("headers/content-type", "a/b"))) == "Content-Type: a/b"
    assert shown.words(excerpt(("ids", [1, 2]))) == "ids 1, 2"
    assert shown.words(excerpt(("ids", [*range(10)]))) == "ids 0, 1, 2, 3, 4, 5, 6, 7, … (10 in all)"
    assert shown.words(excerpt()) == "an answer at all"
    breach = {"pointer": "/count", "value": "3", "demanded": {"type": "integer"}}
    words = '"3" at /count, where {"type": "integer"} is demanded'
    assert shown.words(excerpt(("schema/count", breach))) == words


def test_facts_as_json_have_no_number_that_json_lacks() -> None:
    values = shown.values(excerpt(("schema", {"value": [float("inf")], "demanded": float("nan")})))
    assert json.loads(json.dumps(values, allow_nan=False)) == {
        "schema": {"value": ["inf"], "demanded": "nan"}
    }
