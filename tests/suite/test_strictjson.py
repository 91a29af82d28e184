"""Strict JSON: what is accepted, what is refused and why, and that no text makes it raise anything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.evidence.strict_json import MAX_DEPTH, BeyondBounds, NotJson, parse


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"null", None),
        (b" [1, 2.5, -0, 1e3]\r\n", [1, 2.5, 0, 1000.0]),
        (b'{"a": {"a": 1}}', {"a": {"a": 1}}),
        (b"18446744073709551616", 2**64),
        ('"größe"'.encode(), "größe"),
        (rb'"\ud83d\ude00"', "😀"),
        ('"\ufeff"'.encode(), "\ufeff"),
    ],
)
def test_a_json_text_is_read(content: bytes, value: object) -> None:
    assert parse(content) == value


def test_a_text_may_be_as_deep_as_the_bound() -> None:
    value = parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    for _ in range(MAX_DEPTH - 1):
        (value,) = value  # type: ignore[misc]
    assert value == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Expecting value at character 0"),
        (b"<html>", "Expecting value at character 0"),
        (b"{} {}", "Extra data"),
        (b"[1,]", "at character"),
        (b"{'a': 1}", "at character"),
        (b'{"a": 1', "at character"),
        (b'"\t"', "Invalid control character"),
        (b"[NaN]", "NaN is no JSON number"),
        (b"-Infinity", "-Infinity is no JSON number"),
        (b"01", "Extra data"),
        (b'{"a": 1, "b": 2, "a": 1}', 'the member name "a" stands twice'),
        (rb'{"a": 1, "\u0061": 2}', 'the member name "a" stands twice'),
        (b'[{"x": {"\xc3\xa9": 1, "\xc3\xa9": 1}}]', "stands twice"),
        (rb'"\ud800"', "unpaired surrogate"),
        (rb'{"\udc00\ud800": 1}', "unpaired surrogate"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ("[]".encode("utf-16"), "byte 0 is not UTF-8"),
        (b'"\xff"', "byte 1 is not UTF-8"),
        (b'"\xed\xa0\x80"', "byte 1 is not UTF-8"),
    ],
)
def test_any_other_text_is_refused_with_the_reason(content: bytes, why: str) -> None:
    with pytest.raises(NotJson, match=why):
        parse(content)


DEEP = 100_000


@pytest.mark.parametrize(
    "content",
    [
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"[" * DEEP + b"]" * DEEP,
        b"[" * DEEP,
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        b'["\\ud83d\\ude00",' + b"[" * 900 + b"]" * 901,
        b"9" * 5_000,
        b"[-" + b"1" * 1_000_000 + b"]",
    ],
    ids=["just too deep", "arrays", "never closed", "objects", "with a surrogate", "digits", "many digits"],
)
def test_what_is_beyond_the_bounds_is_said_to_be(content: bytes) -> None:
    with pytest.raises(BeyondBounds):
        parse(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
)


@given(JSON, st.booleans())
def test_what_is_written_is_read_back_the_same(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, allow_nan=False, ensure_ascii=ascii_only)
    assert parse(text.encode()) == value


@given(st.binary() | st.text().map(str.encode) | st.text('[]{}:,"\\u0123e.-dDNaInfity ').map(str.encode))
def test_no_content_raises_anything_else(content: bytes) -> None:
    try:
        value = parse(content)
    except (NotJson, BeyondBounds):
        return
    assert json.loads(content) == value
