"""Lookup by name, with suggestions for a mistyped one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Thing = TypeVar("Thing")


def pick(kind: str, things: Mapping[str, Thing], name: str) -> Thing:
    """The thing of that name; otherwise a ValueError that suggests close matches."""
    if name in things:
        return things[name]
    from difflib import get_close_matches

    close = get_close_matches(name, things, n=3, cutoff=0.5)
    hint = f"; did you mean {', '.join(close)}?" if close else ""
    raise ValueError(f"unknown {kind} {name!r}{hint}")
