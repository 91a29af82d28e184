"""Generated queries: the same for the same seed wherever they come about, harmless, and all that leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import reference
from contracts.document.document import document_path
from contracts.model import OLD_PATH, Credentials, Purpose
from contracts.runs import run
from contracts.runs.probes.generated import cases, encoded, is_harmless, queries, tame
from contracts.transport import Secrets

ROOT = Path(__file__).parents[2]
DOCUMENT = document_path()

# What lies about and must not count: options of Schemathesis in the directory where it runs.
SCHEMATHESIS_OPTIONS = '[generation]\nmode = "negative"\ncodec = "latin-1"\n'


@pytest.fixture(params=["0", "1"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, object]]:
    """Another directory and another process, with a hash seed of its own."""
    (tmp_path / "schemathesis.toml").write_text(SCHEMATHESIS_OPTIONS)
    environment = {**os.environ, "PYTHONHASHSEED": request.param, "PYTHONPATH": str(ROOT)}
    yield {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "timeout": 60}
    assert [path.name for path in tmp_path.iterdir()] == ["schemathesis.toml"]


def run_python(elsewhere: dict[str, object], *arguments: str) -> str:
    ran = subprocess.run([sys.executable, *arguments], check=False, **elsewhere)  # type: ignore[call-overload]
    assert ran.stderr == ""
    assert ran.returncode == 0
    return str(ran.stdout)


# --- the same for the same document, seed and number ------------------------------------------------


GENERATE = """
import json
import hypothesis
from contracts.document.document import document_path
from contracts.runs.probes.generated import queries

hypothesis.settings.register_profile("loud", verbosity=hypothesis.Verbosity.debug, max_examples=1)
hypothesis.settings.load_profile("loud")
hypothesis.core.global_force_seed = 7
print(json.dumps(queries(document_path(), 5, 40)))
"""


def test_another_process_with_other_options_generates_the_same(elsewhere: dict[str, object]) -> None:
    printed = run_python(elsewhere, "-W", "error", "-c", GENERATE)
    assert tuple(json.loads(printed)) == queries(DOCUMENT, 5, 40)


def test_it_is_generated_again_alike() -> None:
    first = cases(DOCUMENT, 3, 20)
    cases.cache_clear()
    assert cases(DOCUMENT, 3, 20) == first


@pytest.mark.parametrize("count", [1, 2, 12, 24])
def test_fewer_are_the_first_of_more(count: int) -> None:
    assert queries(DOCUMENT, 0, count) == queries(DOCUMENT, 0, 25)[:count]


def test_seeds_differ() -> None:
    drawn = {queries(DOCUMENT, seed, 12) for seed in range(6)}
    assert len(drawn) == 6


# --- what they are ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [-1, 0, 1, 7, 60])
def test_there_are_as_many_as_wanted_each_once(count: int) -> None:
    drawn = queries(DOCUMENT, 0, count)
    assert len(drawn) == len(set(drawn)) == max(0, count)


@pytest.mark.parametrize("seed", range(5))
def test_both_kinds_are_there(seed: int) -> None:
    drawn = cases(DOCUMENT, seed, 12)
    assert 4 <= sum(one.valid for one in drawn) <= 8
    assert all(is_valid(one.query) for one in drawn if one.valid)
    assert sum(not is_valid(one.query) for one in drawn) >= 3


def is_valid(query: str) -> bool:
    """By the document's parameters, read by hand; strings may be anything."""
    pairs = parse_qsl(query, keep_blank_values=True)
    known = {
        "limit": lambda value: value.isdecimal(),
        "offset": lambda value: value.isdecimal(),
        "is_active": lambda value: value in ("true", "false"),
        "tags": lambda _: True,
        "search": lambda _: True,
    }
    return all(name in known and known[name](value) for name, value in pairs)


@pytest.mark.parametrize("seed", range(8))
def test_all_are_harmless(seed: int) -> None:
    for query in queries(DOCUMENT, seed, 50):
        assert is_harmless(query)
        assert query.isascii()
        assert len(query) <= 2_000
        assert not any(byte < 0x20 or byte == 0x7F for byte in unquote_to_bytes(query))
        numbers = [value for _, value in parse_qsl(query) if value.lstrip("-").isdecimal()]
        assert all(abs(int(number)) <= 1_000 for number in numbers)


@pytest.mark.parametrize(
    ("query", "harmless"),
    [
        ("", True),
        ("limit=1000", True),
        ("limit=1001", False),
        ("tags=a&limit=100000", False),
        ("offset=999999999", True),
        ("offset=9999999999", False),
        ("search=12345678901", False),
        ("tags=%00", False),
        ("tags=a%0d%0ab", False),
        ("tags=%7F", False),
        ("%1b=1", False),
        ("search=" + "x" * 2_000, False),
        ("search=%F0%9F%98%80&tags=%25,%27", True),
    ],
)
def test_harm_is_known(query: str, harmless: bool) -> None:
    assert is_harmless(query) is harmless


scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())


@given(st.dictionaries(st.text(), st.one_of(scalars, st.lists(scalars))))
@settings(max_examples=60, database=None, deadline=None)
def test_a_tamed_query_does_no_harm_but_by_length_and_digits_in_texts(query: dict[str, object]) -> None:
    tamed = tame(query)
    values = [v for value in tamed.values() for v in (value if isinstance(value, list) else [value])]
    assert all(
        abs(v) <= 1_000 for v in values if isinstance(v, int) or (isinstance(v, float) and abs(v) < 1e308)
    )
    written = unquote_to_bytes(encoded(tamed))
    assert not any(byte < 0x20 or byte == 0x7F for byte in written)


@pytest.mark.parametrize(
    ("value", "tamed"),
    [
        (True, True),
        (25, 25),
        (-(2**63), -808),
        (2**64, 616),
        (-1_500.25, -500.25),
        (-0.25, -0.25),
        ("a\x00b\x7f\n", "ab"),
        ([2**40, "\x1b"], [776, ""]),
        (None, None),
    ],
)
def test_tame_keeps_sign_type_and_last_digits(value: object, tamed: object) -> None:
    found = tame({"name": value})["name"]
    assert (type(found), found) == (type(value), tamed)


@pytest.mark.parametrize(
    ("query", "written"),
    [
        ({}, ""),
        ({"is_active": True}, "is_active=true"),
        ({"limit": [1, 2]}, "limit=1&limit=2"),
        ({"tags": "a b,ü&"}, "tags=a+b%2C%C3%BC%26"),
        ({"search": "\ud800"}, "search=%3F"),
    ],
)
def test_a_query_is_written_as_it_leaves(query: dict[str, object], written: str) -> None:
    assert encoded(query) == written


# --- what leaves, and what is printed ---------------------------------------------------------------


def test_nothing_leaves_but_get_with_our_own_credentials() -> None:
    with reference.serving() as served:
        asked = run.Settings(
            served.url, secrets=Secrets(served.token), seed=2, only=frozenset({"GEN-DOCUMENT"}), examples=30
        )
        result = run.check(asked)
        generated = [e.request for e in result.exchanges if e.request.purpose is Purpose.GENERATED]
        assert tuple(request.query for request in generated) == queries(DOCUMENT, 2, 30)
        assert {request.credentials for request in generated} == {Credentials.GIVEN}
        methods, targets, headers = zip(*served.requests, strict=True)
        assert set(methods) == {"GET"}
        assert {target.partition("?")[0] for target in targets} == {OLD_PATH}
        assert {one["authorization"] for one in headers} == {f"Bearer {served.token}"}
        assert not {"cookie", "x-schemathesis-testcaseid"} & {name for one in headers for name in one}


def test_the_command_prints_nothing_of_the_tools(elsewhere: dict[str, object]) -> None:
    printed = run_python(elsewhere, "-m", "contracts", "demo", "--only", "GEN-DOCUMENT", "--seed", "3")
    assert "GEN       1 passed" in printed
    for word in ("hypothesis", "schemathesis", "warning", "falsifying"):
        assert word not in printed.lower()
