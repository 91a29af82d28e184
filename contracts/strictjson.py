"""Reads one JSON text as RFC 8259 and I-JSON (RFC 7493) have it, and says what is wrong with any other."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

# json.loads accepts escaped lone surrogates; looking for them costs nothing where no such escape stands.
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
MAX_DEPTH = 200
MAX_MEMBERS = 10_000


class NotJson(ValueError):  # noqa: N818 - says what the content is
    """The content is no JSON text that the contract allows; the message says why, for people."""


class BeyondBounds(ValueError):  # noqa: N818 - a bound, no error
    """The content may be JSON, but reading it would exceed the suite's bounds on depth or digits."""


def parse(content: bytes) -> object:
    """The value of a JSON text; raises NotJson or BeyondBounds."""
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
