"""Reads one JSON text as RFC 8259 and I-JSON (RFC 7493) have it, and says what is wrong with any other."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import orjson

# json.loads accepts escaped lone surrogates; looking for them costs nothing where no such escape stands.
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
MAX_DEPTH = 200
MAX_MEMBERS = 10_000

# What the quick way recognises in the bytes; anything doubtful is left to the exact way.
_DIGITS_AS_ZEROS = bytes(ord("0") if chr(c).isascii() and chr(c).isdigit() else c for c in range(256))
_NEARLY_64_BITS = b"0" * 19
_BEYOND_64_BITS = (b"0" * 20, b"-" + _NEARLY_64_BITS)  # orjson reads longer integers as floats
_ESCAPED_COLON = re.compile(rb"\\u003[aA]")
_DEEPEST = 1_000  # arrays in arrays, up to which orjson is tried
_DOUBTFUL = object()


class NotJson(ValueError):  # noqa: N818 - says what the content is
    """The content is no JSON text that the contract allows; the message says why, for people."""


class BeyondBounds(ValueError):  # noqa: N818 - a bound, no error
    """The content may be JSON, but reading it would exceed the suite's bounds on depth or digits."""


def parse(content: bytes) -> object:
    """The value of a JSON text; raises NotJson or BeyondBounds."""
    value = _quickly(content)
    return exactly(content) if value is _DOUBTFUL else value


def _quickly(content: bytes) -> object:
    """The value of a text that is beyond doubt right and within the bounds, in less time.

    orjson refuses NaN, lone surrogates and what is not UTF-8, but keeps the last of two members of one name
    and rounds long integers. A text that it writes again byte for byte lost nothing.
    """
    try:
        value: object = orjson.loads(content)
        written = _written(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _DOUBTFUL
    colons = content.count(b":")
    if colons > MAX_MEMBERS and _widest(value) > MAX_MEMBERS:
        return _DOUBTFUL
    same = len(written) <= len(content) and written == content.rstrip()
    return value if same or _nothing_lost(content, colons, written) else _DOUBTFUL


def _arrays_around() -> int:
    """So many arrays round a value make orjson refuse to write it exactly where it is too deep by itself."""
    nested: object = 0
    for depth in range(_DEEPEST):
        try:
            orjson.dumps(nested)
        except orjson.JSONEncodeError:
            return max(0, depth - MAX_DEPTH - 1)
        nested = [nested]
    raise ImportError("this release of orjson writes values of any depth: the suite needs one that does not")


_AROUND = _arrays_around()


def _written(value: object) -> bytes:
    """The text that orjson makes of it; JSONEncodeError where containers stand more than MAX_DEPTH deep."""
    for _ in range(_AROUND):
        value = [value]
    written = orjson.dumps(value)
    return written[_AROUND : len(written) - _AROUND]


def _nothing_lost(content: bytes, colons: int, written: bytes) -> bool:
    """Whether the text differs from what orjson writes in spaces and the like, but in no member or integer.

    Each member is written with one colon; those inside strings count on both sides, unless they are escaped.
    """
    return (
        colons == written.count(b":")
        and not _ESCAPED_COLON.search(content)
        and not _has_long_integer(content)
    )


def _has_long_integer(content: bytes) -> bool:
    digits = content.translate(_DIGITS_AS_ZEROS)
    return _NEARLY_64_BITS in digits and any(long in digits for long in _BEYOND_64_BITS)


def _widest(value: object) -> int:
    """The number of members of the object with the most."""
    widest, layer = 0, [value]
    while layer:
        widest = max(widest, *(len(outer) for outer in layer if isinstance(outer, dict)), 0)
        layer = [inner for outer in layer for inner in _children(outer)]
    return widest


def exactly(content: bytes) -> object:
    """The same by a slower way that can say what is wrong; raises NotJson or BeyondBounds."""
    text = _decoded(content)
    try:
        value: object = json.loads(text, object_pairs_hook=_members, parse_constant=_no_constant)
    except (NotJson, BeyondBounds):
        raise
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise BeyondBounds("nested deeper than the suite reads") from None
    except ValueError:  # int() refuses more digits than sys.get_int_max_str_digits()
        raise BeyondBounds("a number with more digits than the suite reads") from None
    if _SURROGATE_ESCAPE.search(content):
        _refuse_lone_surrogates(value)
    if _deeper_than(value, MAX_DEPTH):
        raise BeyondBounds(f"nested deeper than {MAX_DEPTH} levels")
    return value


def _decoded(content: bytes) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        raise NotJson("it begins with a byte order mark")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotJson(f"byte {error.start} is not UTF-8") from None


def _members(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > MAX_MEMBERS:
        raise BeyondBounds(f"an object of more than {MAX_MEMBERS:,} members")
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"the member name {json.dumps(twice[:40])} stands twice in one object")
    return members


def _no_constant(name: str) -> object:
    raise NotJson(f"{name} is no JSON number")


def _refuse_lone_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise NotJson("a string holds an unpaired surrogate") from None
    except RecursionError:
        raise BeyondBounds("nested deeper than the suite reads") from None


def _deeper_than(value: object, levels: int) -> bool:
    """Whether containers nest deeper, without recursion: the value may be hostile."""
    layer: list[object] = [value]
    for _ in range(levels):
        layer = [inner for outer in layer for inner in _children(outer)]
        if not layer:
            return False
    return True


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return [v for v in value.values() if isinstance(v, dict | list)]
    if isinstance(value, list):
        return [v for v in value if isinstance(v, dict | list)]
    return []


def written_alike(one: object, other: object) -> bool:
    """Whether two values read from JSON are the same in types and order too; False where in doubt."""
    try:
        return orjson.dumps(one) == orjson.dumps(other)
    except orjson.JSONEncodeError:
        return False
