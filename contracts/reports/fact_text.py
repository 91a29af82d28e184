"""What a place of an exchange shows, for people and as JSON values."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import lru_cache
from typing import cast

from contracts.model import Exchange, Place

_MOST = 120
_IDS = 8
_ABSENT = object()


def words(place: Place, exchange: Exchange) -> str:
    """What the exchange shows there: `total_count 137, limit 100, offset 134, 4 items (ids 1, 2, 3, 4)`."""
    facts = ((fact, _resolved(fact, exchange)) for fact in place.facts if fact != "request")
    return ", ".join(_fact(fact, value) for fact, value in facts)


def values(place: Place, exchange: Exchange) -> dict[str, object]:
    """The facts by name, as values that JSON has; those that are absent are left out."""
    found = ((fact, _resolved(fact, exchange)) for fact in place.facts if fact != "request")
    return {fact: _finite(value) for fact, value in found if value is not _ABSENT}


def body_of(exchange: Exchange) -> object:
    """The body as JSON; None where it is none, or nothing that Python would read."""
    return _parsed(exchange.content)


@lru_cache(maxsize=4)  # a counterexample is read several times in a row, and large bodies take long
def _parsed(content: bytes) -> object:
    try:
        return cast(object, json.loads(content))
    except (ValueError, RecursionError):
        return None


def steps_of(pointer: str) -> tuple[str, ...]:
    """The steps of a JSON Pointer."""
    steps = pointer.split("/")[1:]
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in steps)


def _resolved(fact: str, exchange: Exchange) -> object:
    if fact.startswith("/"):
        return _at(body_of(exchange), steps_of(fact))
    if fact.startswith("headers/"):
        name = fact.removeprefix("headers/")
        return ", ".join(value for key, value in exchange.headers if key.lower() == name) or _ABSENT
    plain = {
        "status": exchange.status,
        "failure": exchange.failure.text if exchange.failure else None,
        "body": exchange.content[: 4 * _MOST].decode("utf-8", errors="backslashreplace"),
    }
    return plain[fact]


def _at(value: object, steps: tuple[str, ...]) -> object:
    for step in steps:
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return _ABSENT
    return value


def _fact(fact: str, value: object) -> str:
    name = _name(fact)
    if value is _ABSENT:
        return f"no {name}"
    if fact == "failure":
        return str(value)
    if fact == "body":
        return f"body that begins with {_short(value)}" if value else "no body"
    if fact.startswith("headers/"):
        return f"{name}: {_short(value)[1:-1]}"
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return _items(value)
    return f"{name} {_short(value)}"


def _name(fact: str) -> str:
    """A fact as people write it: `access_profiles[3].tags`, `Content-Type`, `status`."""
    if fact.startswith("headers/"):
        return fact.removeprefix("headers/").title()
    if not fact.startswith("/"):
        return fact
    return "".join(_steps(steps_of(fact)))


def _steps(steps: tuple[str, ...]) -> Iterator[str]:
    for index, step in enumerate(steps):
        yield f"[{step}]" if step.isdecimal() else f".{step}" if index else step


def _items(value: list[dict[str, object]]) -> str:
    ids = [item.get("id") for item in value]
    number = "1 item" if len(value) == 1 else f"{len(value):,} items"
    if not all(isinstance(one, int | str) for one in ids):
        return number
    shown = ", ".join(str(one)[:_MOST] for one in ids[:_IDS])
    return f"{number} (ids {shown}{', …' if len(ids) > _IDS else ''})"


def _short(value: object) -> str:
    text = json.dumps(_finite(value), ensure_ascii=False)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value
