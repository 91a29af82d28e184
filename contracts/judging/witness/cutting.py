"""Cuts a witness down: to the fewest exchanges, and of them to the facts without which nothing is proved."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from contracts.judging.witness.proof import proves
from contracts.model import Excerpt

Fact = tuple[str, object]
T = TypeVar("T")
Test = Callable[[Sequence[Excerpt]], bool]

# Above so many exchanges, pairs of them are not tried one by one.
_FEW = 12


def cut(requirement: str, excerpts: Sequence[Excerpt]) -> tuple[Excerpt, ...]:
    """The smallest part of the excerpts that still proves the requirement broken; empty if they do not.

    Smallest means that without any one fact of it, or any one exchange, nothing is proved any more.
    """

    def still(part: Sequence[Excerpt]) -> bool:
        return proves(requirement, part)

    if not still(excerpts):
        return ()
    fewest = _fewest_exchanges(excerpts, still)
    for index in range(len(fewest)):
        fewest = _fewest_facts(fewest, index, still)
    return tuple(_fewest_exchanges(fewest, still))


def _fewest_exchanges(excerpts: Sequence[Excerpt], still: Test) -> list[Excerpt]:
    for size in (1, 2) if len(excerpts) <= _FEW else (1,):
        small = next((part for part in itertools.combinations(excerpts, size) if still(part)), None)
        if small is not None:
            return list(small)
    return _shrunk(list(excerpts), still)


def _fewest_facts(excerpts: list[Excerpt], index: int, still: Test) -> list[Excerpt]:
    def with_facts(facts: Sequence[Fact]) -> list[Excerpt]:
        return [replace(e, facts=tuple(facts)) if i == index else e for i, e in enumerate(excerpts)]

    return with_facts(_shrunk(list(excerpts[index].facts), lambda facts: still(with_facts(facts))))


def _shrunk(items: list[T], still: Callable[[list[T]], bool]) -> list[T]:
    """The items without all that can be taken away, half of them at first, then less at a time."""
    size = max(1, len(items) // 2)
    while True:
        before, start = len(items), 0
        while start < len(items):
            without = items[:start] + items[start + size :]
            if still(without):
                items = without
            else:
                start += size
        if size == 1 and len(items) == before:
            return items
        size = max(1, size // 2)
