"""The facts of a witness in words, for people, and as JSON values."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator

from contracts.model import Excerpt

_MOST = 120
_IDS = 8
_NUMBERS = {"/count", "/total_count", "/limit", "/offset", "/status_code"}
_MEMBER = re.compile(r"/access_profiles/([0-9]+)/(.+)")


def words(excerpt: Excerpt) -> str:
    """What an exchange shows: `total_count 137, limit 100, offset 134, 4 profiles`."""
    return ", ".join(_fact(name, value) for name, value in excerpt.facts) or "an answer at all"


def values(excerpt: Excerpt) -> dict[str, object]:
    """The facts by name, as values that JSON has."""
    return {name: _finite(value) for name, value in excerpt.facts}


def _fact(name: str, value: object) -> str:
    member = _MEMBER.fullmatch(name)
    if name in _NUMBERS:
        return f"{name[1:]} {_short(value)}"
    if member:
        return f"access_profiles[{member[1]}].{member[2]} {_short(value)}"
    if name.startswith("schema") and isinstance(value, dict):
        return _breach(value)
    return next(_special(name, value), f"{name} {_short(value)}")


def _special(name: str, value: object) -> Iterator[str]:
    if name == "length":
        yield "1 profile" if value == 1 else f"{value} profiles"
    elif name == "ids" and isinstance(value, list):
        yield _ids(value)
    elif name.startswith("headers/"):
        header = name.removeprefix("headers/").title()
        yield f"{header}: {_short(value)[1:-1]}" if value else f"no {header}"
    elif name == "named":
        yield f"the name of a profile, {_short(value)}"
    elif name in ("text", "start"):
        yield f"content that begins with {_short(value)}" if name == "start" else f"the text …{_end(value)}"


def _ids(value: list[object]) -> str:
    shown = ", ".join(map(str, value[:_IDS]))
    more = f", … ({len(value):,} in all)" if len(value) > _IDS else ""
    return f"ids {shown}{more}" if value else "no ids"


def _end(value: object) -> str:
    """The end of a text that breaks off where it goes wrong."""
    return json.dumps(str(value)[-60:])


def _breach(value: dict[str, object]) -> str:
    place = value.get("pointer") or "the whole content"
    return f"{_short(value.get('value'))} at {place}, where {_short(value.get('demanded'))} is demanded"


def _short(value: object) -> str:
    text = json.dumps(_finite(value))
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list) else value
