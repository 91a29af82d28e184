"""The quick ways say what the exact ones say: strict reading, the schema, times and usage of profiles."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.document import document
from contracts.evidence import strict_json as strictjson
from contracts.evidence.answers import Answer, Page, Profile, read
from contracts.evidence.strict_json import MAX_DEPTH, MAX_MEMBERS, BeyondBounds, NotJson
from contracts.judging.catalogue import load_catalogue
from contracts.model import Exchange, Request
from contracts.reference.data import generate

CATALOGUE = load_catalogue()
data = importlib.import_module("contracts.judging.checks.data")
PROFILES = generate(80)


def page(profiles: Any, spaces: bool = False, ascii_only: bool = False) -> bytes:
    value = {"access_profiles": profiles, "count": len(profiles), "total_count": 80, "limit": 9, "offset": 0}
    separators = None if spaces else (",", ":")
    return json.dumps(value, ensure_ascii=ascii_only, separators=separators).encode()


TEXTS = [page(PROFILES[n : n + 3], n % 2 == 0, n % 3 == 0) for n in (20, 23, 39, 52)]
PIECES = [
    *(
        b'"a":1,',
        b'"id":1,',
        b'"\\u0069d":1,',
        b'"x\\u003ay":1,',
        b'"x\\u003Ay":1,',
        b'"x:y":"\\":",',
        b'"a" : 1,',
    ),
    *(b"NaN", b"-Infinity", b"1e400", b"-0", b"01", b"9" * 19, b"9" * 20, b"-" + b"9" * 19, b"9" * 5000),
    *(b"18446744073709551615", b"18446744073709551616", b"1.00000000000000000000001", b"5.0", b"1E5"),
    *(b"\\ud800", b"\\ud83d\\ude00", b"\xed\xa0\x80", b"\xff", b"\x00", b"\xef\xbb\xbf", b"\t", b"\\", b'"'),
    *(b"[", b"]", b"{", b"}", b":", b",", b"null", b"[" * 199, b"[]", b'{"a":{}}', b"\\u003", b"\xc3\xa9"),
]


def outcome(read_text: Callable[[bytes], object], content: bytes) -> object:
    """The value with its types and order, or the kind of refusal and the reason."""
    try:
        return written(read_text(content))
    except (NotJson, BeyondBounds) as error:
        return type(error), str(error)


def written(value: object) -> str:
    """So that 1, 1.0 and True differ; -0 and 0 read the same."""
    return json.dumps(value, default=str).replace("-0.0", "0.0") if value != 0 else "0"


changes = st.tuples(
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 3),
    st.sampled_from(PIECES) | st.binary(max_size=3) | st.text('[]{}:,"\\u0123e.- ').map(str.encode),
)


def changed(content: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    for place, dropped, piece in edits:
        at = math.floor(place * len(content))
        content = content[:at] + piece + content[at + dropped :]
    return content


@given(st.sampled_from(TEXTS), st.lists(changes, max_size=3))
@settings(max_examples=500, deadline=None, database=None)
def test_the_quick_reader_reads_as_the_exact_one(
    content: bytes, edits: list[tuple[float, int, bytes]]
) -> None:
    content = changed(content, edits)
    assert outcome(strictjson.parse, content) == outcome(strictjson.exactly, content)


@given(st.lists(st.sampled_from([*PIECES, b"{", b"}", b"[", b"]", b'"a":', b"1", b",", b" "]), max_size=12))
@example([b'{"a":1,"a":1}'])
@example([b'{"a":"\\u003a","a":1,"b":2}'])  # a colon less, and one more
@example([b'{"x\\u003Ay":1,"a":1,"a":2}'])
@example([b'{"a":"x:y","a":1,"b":"\\u003a\\u003a"}'])
@example([b"[" * 201 + b"]" * 201])
@example([b"[" * 200 + b"1" + b"]" * 200])
@example([b"[" * 260 + b"]" * 260])
@example([b'{"a":' * 200 + b"{}" + b"}" * 200])
@settings(max_examples=500, deadline=None, database=None)
def test_small_texts_are_read_alike_too(pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    assert outcome(strictjson.parse, content) == outcome(strictjson.exactly, content)


@pytest.mark.parametrize("members", [MAX_MEMBERS, MAX_MEMBERS + 1])
@pytest.mark.parametrize("spaces", [True, False])
def test_the_bound_on_members_is_one_for_each_object(members: int, spaces: bool) -> None:
    wide = json.dumps({str(n): n for n in range(members)}, separators=None if spaces else (",", ":")).encode()
    assert outcome(strictjson.parse, wide) == outcome(strictjson.exactly, wide)
    assert (outcome(strictjson.parse, wide)[0] is BeyondBounds) is (members > MAX_MEMBERS)  # type: ignore[index]


def test_many_objects_of_few_members_are_within_the_bound() -> None:
    many = [{"a": n} for n in range(MAX_MEMBERS + 1)]
    assert strictjson.parse(json.dumps(many).encode()) == many


@pytest.mark.parametrize("content", TEXTS)
def test_an_ordinary_page_is_read_the_quick_way(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strictjson, "exactly", lambda _: pytest.fail("the exact way was taken"))
    assert strictjson.parse(content) == json.loads(content)


def test_depth_counts_containers() -> None:
    assert outcome(strictjson.parse, b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)) == (
        BeyondBounds,
        f"nested deeper than {MAX_DEPTH} levels",
    )


# --- the schema -----------------------------------------------------------------------------------

two_digits = st.integers(0, 62).map("{:02d}".format)
times = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.sampled_from(["0000", "1900", "2000", "2023", "2024", "2100", "20240"]),
    *[two_digits, two_digits, st.sampled_from("Tt "), two_digits, two_digits, two_digits],
    st.sampled_from(["", ".", ".1", ".123456789"]),
    st.sampled_from(["Z", "z", "+00:00", "-23:59", "+24:00", "+5:00", "", "Z\n"]),
)
likely = st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0"))


@given(times | likely)
@example("2024-02-29T00:00:00Z")
@example("2023-02-29T00:00:00Z")
@example("1900-02-29T00:00:00Z")
@example("2024-04-31T00:00:00Z")
@example("2024-12-31T23:59:60Z")
@settings(max_examples=1_000, deadline=None, database=None)
def test_what_looks_like_a_usual_time_is_one(text: str) -> None:
    judge = CATALOGUE.document.success()
    content = {"access_profiles": [{"id": 1, "name": "a", "is_active": True, "created_at": text}]}
    content |= {"count": 1, "total_count": 1, "limit": 1, "offset": 0}
    assert judge.accepts(content) is document.is_rfc3339(text)
    assert not judge._usual.is_valid(content) or document.is_rfc3339(text)


def test_an_ordinary_page_is_accepted_without_coming_back_to_python(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = CATALOGUE.document.success()
    content = json.loads(page(PROFILES))
    ordinary = {**content, "access_profiles": [p for p in content["access_profiles"] if p.get("created_at")]}
    monkeypatch.setattr(judge, "_fast", None)
    assert judge.accepts(ordinary)


def test_a_broken_page_is_explained_once(monkeypatch: pytest.MonkeyPatch) -> None:
    judge = CATALOGUE.document.success()
    answer = read(Exchange(1, Request(), 200, content=b'{"access_profiles": 5}'))
    assert answer is not None
    first = answer.problems(judge)
    monkeypatch.setattr(document.SchemaJudge, "problems", lambda *_: pytest.fail("explained again"))
    assert first
    assert answer.problems(judge) is first


# --- times and usage ------------------------------------------------------------------------------

numbers = st.sampled_from([-1, -0.5, 0, 1, 5.5, True, False, None, "x", [], -(2**70)])
holder = st.dictionaries(
    st.sampled_from(["max_limit", "current_usage", "token_current_usage", "other", "scope"]),
    numbers | st.sampled_from(["total", "provider:a", "provider:b", "provider:None", "provider:"]),
)
holders = st.lists(holder | numbers, max_size=3) | numbers | holder
config = st.fixed_dictionaries(
    {}, optional={"provider_name": st.sampled_from(["a", None, 5]), "budgets": holders, "rate_limit": holders}
)
profiles = st.fixed_dictionaries(
    {"id": st.just(1)},
    optional={
        "budgets": holders,
        "rate_limit": holders,
        "provider_configs": st.lists(config, max_size=2) | numbers,
        "created_at": times | likely | numbers,
        "updated_at": times | likely | numbers,
    },
)


def one(raw: dict[str, Any]) -> Page:
    headers = (("Date", "Tue, 24 Nov 2026 00:00:00 GMT"),)
    answer = Answer(Exchange(1, Request(), 200, headers), read(Exchange(1, Request(), 200)).query)  # type: ignore[union-attr]
    return Page(answer, (Profile(1, raw),), 1, 1, 1, 0)


@given(profiles)
@settings(max_examples=1_000, deadline=None, database=None)
def test_the_quick_look_at_a_profile_passes_over_nothing(raw: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        quick = [list(check(one(raw))) for check in (data.usage_is_not_negative, data.times_are_in_order)]
        patch.setattr(data, "_surely_sound", lambda _: False)
        patch.setattr(data, "_surely_in_order", lambda *_: False)
        exact = [list(check(one(raw))) for check in (data.usage_is_not_negative, data.times_are_in_order)]
    assert quick == exact
