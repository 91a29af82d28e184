"""No response and no file of the user makes the suite raise anything but what it documents."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from functools import partial
from math import gcd
from pathlib import Path
from typing import Any

import pytest

from contracts.judging import waivers
from contracts.model import Exchange, Request, UserError
from contracts.runs import fleet
from contracts.runs.option_files import values_of
from contracts.runs.options import OPTIONS
from contracts.runs.probes.context import co_prime
from contracts.transport.connection import _body_length
from contracts.transport.pace import retry_after
from tests.support import fuzz

CASES = 5_000
SEED = 0

LATEST = "Fri, 31 Dec 9999 23:59:59 GMT"


def test_mutated_responses_raise_nothing() -> None:
    found = list(itertools.islice(fuzz.crashes(SEED, range(CASES)), 3))
    assert not found, "\n".join(crash.text for crash in found)


def test_mutated_deployments_are_checked_to_the_end() -> None:
    found = list(fuzz.crashes(SEED, range(8), fuzz.attempt_run))
    assert not found, "\n".join(crash.text for crash in found)


def test_a_crash_names_its_seed_its_case_and_its_place() -> None:
    def broken(_seed: int, number: int) -> None:
        if number == 3:
            raise TypeError("unhashable")

    (crash,) = fuzz.crashes(7, range(5), broken)
    assert crash.number == 3
    assert crash.text.startswith("seed 7, case 3:\nTraceback")
    assert "in broken" in crash.text


def test_a_case_is_the_same_each_time_and_differs_from_the_documented() -> None:
    made = [fuzz.exchanges_of(SEED, number) for number in range(200)]
    assert made == [fuzz.exchanges_of(SEED, number) for number in range(200)]
    documented = {tuple(e.content for e in group) for group in fuzz.documented()}
    changed = [one for one in made if tuple(e.content for e in one) not in documented]
    assert len(changed) > 100


# --- crashes that were found and fixed -----------------------------------------------------------------

ITEM: dict[str, Any] = {"id": 1, "name": "a", "is_active": True, "tags": ["x"]}
FOUND: dict[str, dict[str, Any]] = {
    "is_active is an array": {"is_active": ["x"]},
    "is_active is an object": {"is_active": {"x": 1}},
    "provider_name is an array": {"provider_configs": [{"provider_name": ["x"]}]},
    "a provider is a string": {"provider_configs": ["x"]},
    "a budget is a string": {"budgets": ["x"]},
    "a tag is an object": {"tags": [{"x": 1}]},
    "created_at is an array": {"created_at": ["x"], "updated_at": {}},
}


@pytest.mark.parametrize("members", FOUND.values(), ids=FOUND.keys())
def test_a_member_of_another_type_is_judged(members: dict[str, Any]) -> None:
    fuzz.survive(fuzz.pages(ITEM | members), random.Random(0), in_full=True, written=True)


@pytest.mark.parametrize("name", fuzz.ODD_HEADERS)
def test_an_odd_header_is_judged(name: str) -> None:
    for value in fuzz.ODD_HEADERS[name]:
        fuzz.survive(fuzz.pages(ITEM, headers=((name, value),)), random.Random(0))


def test_a_length_of_many_digits_is_infinite() -> None:
    assert _body_length((("content-length", "9" * 5_000),)) == float("inf")
    assert _body_length((("content-length", "12"),)) == 12


@pytest.mark.parametrize("total", [2**62, 2**64, 10**400])
def test_a_huge_total_takes_no_memory(total: int) -> None:
    assert gcd(co_prime(total // 2, total), total) == 1


@pytest.mark.parametrize("value", fuzz.ODD_HEADERS["date"] + fuzz.ODD_HEADERS["retry-after"])
def test_an_odd_time_to_wait_is_a_number_or_none(value: str) -> None:
    for stated in (value, LATEST):
        headers = (("retry-after", value), ("date", stated))
        found = retry_after(Exchange(1, Request(), 429, headers), 0.0)
        assert found is None or found >= 0


# --- files of the user ---------------------------------------------------------------------------------

TOML_VALUES: tuple[object, ...] = (
    *(True, False, 0, -1, 1, 2**63, -(2**63), 10**400, 0.0, -0.5, 1e308),
    *(float("inf"), float("-inf"), float("nan")),
    *("", " ", "x", "\x00", "\u202e", "x" * 5_000, "true", "1"),
    *(date(2027, 1, 31), date(1, 1, 1), date(9999, 12, 31)),
    *(datetime(2027, 1, 31, tzinfo=UTC), datetime(1, 1, 1), time(1)),
    *([], {}, [[]], [{}], ["x"], [1], {"x": 1}, {"waiver": 1}, [None]),
)


def _is_refused(read: Callable[[], object]) -> bool:
    """Whether it was refused; any other exception than UserError gets out."""
    try:
        read()
    except UserError:
        return True
    return False


@pytest.mark.parametrize("key", ["id", "reason", "owner", "expires", "how", "x"])
def test_a_waiver_with_any_value_is_read_or_refused(key: str) -> None:
    entry = {"id": "PAGE-COUNT", "reason": "r", "owner": "o", "expires": date(2027, 1, 31)}
    files: list[dict[str, object]] = [{"waiver": [entry | {key: value}]} for value in TOML_VALUES]
    refused = [_is_refused(partial(waivers.parse, file, "w", {"PAGE-COUNT"})) for file in files]
    assert any(refused)


def test_a_file_of_waivers_with_any_content_is_refused() -> None:
    for value in TOML_VALUES:
        for content in ({"waiver": value}, {"waiver": [value]}, {"x": value}):
            accepted = content == {"waiver": []}
            assert _is_refused(partial(waivers.parse, content, "w", ())) is not accepted


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
def test_an_option_with_any_value_is_read_or_refused(option: Any) -> None:
    refused = [
        _is_refused(lambda value=value: values_of({option.key: value}, [option], Path("f.toml")))
        for value in TOML_VALUES
    ]
    assert any(refused)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1",
        "target = 1",
        "target = []",
        "target = [1]",
        "[[target]]",
        "[[target]]\nurl = 1",
        "[target]",
    ],
)
def test_a_file_of_targets_with_other_content_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "targets.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=r"targets\.toml"):
        fleet.read_targets(file)
