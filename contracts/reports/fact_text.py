"""What an exchange shows at a place: as one line for people, and as JSON values."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import cast

from contracts.model import Exchange, Place
from contracts.reports.text import number_of

ABSENT = object()
"""The value of a fact that points to nothing."""

_VALUE = 120  # characters of one value
_IDS = 8  # ids of one list
_FEW = 12  # scalars of one list

Steps = tuple[str, ...]


def shows(place: Place, exchange: Exchange) -> str:
    """What the exchange shows there: `/total_count: 137, /access_profiles: 4 items (ids 1, 2, 3, 4)`."""
    return ", ".join(_fact(fact, value) for fact, value in resolved(place, exchange).items())


def values(place: Place, exchange: Exchange) -> dict[str, object]:
    """The facts by name, as values that JSON has; those that are absent are left out."""
    found = resolved(place, exchange).items()
    return {fact: _plain(value) for fact, value in found if value is not ABSENT}


def resolved(place: Place, exchange: Exchange) -> dict[str, object]:
    """The value of each fact of the response, `ABSENT` if there is none; `request` is no such fact."""
    return {fact: _value(fact, exchange) for fact in place.facts if fact != "request"}


def body_of(exchange: Exchange) -> object:
    """The body as JSON; None if it is not JSON that Python reads."""
    return _parsed(exchange.content)


@lru_cache(maxsize=8)  # a counterexample is read several times in a row, and large bodies take long
def _parsed(content: bytes) -> object:
    try:
        return cast(object, json.loads(content))
    except (ValueError, RecursionError):
        return None


def items_in(body: object) -> list[object]:
    """The items of a page; empty if the body is no page."""
    listed = body.get("access_profiles") if isinstance(body, dict) else None
    return listed if isinstance(listed, list) else []


def ids_of(items: list[object]) -> list[object]:
    """The ids of items that all have one; empty if they do not."""
    ids = [item.get("id") for item in items if isinstance(item, dict)]
    return ids if len(ids) == len(items) and all(isinstance(one, int | str) for one in ids) else []


def steps_of(pointer: str) -> Steps:
    """The steps of a JSON Pointer."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def one_line(value: object, at_most: int = _VALUE) -> str:
    """A value on one line, cut at a number of characters: as JSON, or by its size if it is nested."""
    if isinstance(value, dict) and value:
        return f"{{… {number_of(len(value), 'member')}}}"
    if isinstance(value, list) and not _is_short(value):
        return f"[… {number_of(len(value), 'item')}]"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= at_most else f"{text[:at_most]}…"


def _is_short(value: list[object]) -> bool:
    return len(value) <= _FEW and not any(isinstance(item, dict | list) for item in value)


def _value(fact: str, exchange: Exchange) -> object:
    if fact.startswith("/"):
        return _at(body_of(exchange), steps_of(fact))
    if fact.startswith("headers/"):
        name = fact.removeprefix("headers/")
        return ", ".join(value for key, value in exchange.headers if key.lower() == name) or ABSENT
    return {
        "status": exchange.status,
        "failure": exchange.failure.text if exchange.failure else None,
        "body": exchange.content[: 4 * _VALUE].decode("utf-8", errors="backslashreplace"),
    }[fact]


def _at(value: object, steps: Steps) -> object:
    for step in steps:
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return ABSENT
    return value


def _fact(fact: str, value: object) -> str:
    name = fact.removeprefix("headers/").title() if fact.startswith("headers/") else fact
    if value is ABSENT:
        return f"no {name}"
    if fact == "failure":
        return f"no response: {value}"
    if fact == "body":
        return f"a body that begins with {one_line(value)}" if value else "no body"
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return f"{name}: {_items(value)}"
    return f"{name}: {str(value)[:_VALUE] if fact.startswith('headers/') else one_line(value)}"


def _items(value: list[object]) -> str:
    number, ids = number_of(len(value), "item"), ids_of(value)
    shown = ", ".join(str(one)[:_VALUE] for one in ids[:_IDS])
    return f"{number} (ids {shown}{', …' if len(ids) > _IDS else ''})" if ids else number


def _plain(value: object) -> object:
    """A value for JSON: items by their ids, other nested values by their size, NaN and infinity as text."""
    if isinstance(value, list) and ids_of(value):
        return ids_of(value)
    is_scalar = value is None or isinstance(value, bool | int | str)
    return value if is_scalar or (isinstance(value, float) and math.isfinite(value)) else _nested(value)


def _nested(value: object) -> object:
    if isinstance(value, list) and _is_short(value):
        return [_plain(inner) for inner in value]
    return one_line(value)
