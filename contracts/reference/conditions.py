"""SQL conditions over the profiles, as values that can be joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

ORDERS = {
    "oldest": "p.created, p.ident",
    "newest": "p.created DESC, p.ident DESC",
    "id": "p.ident",
    "id-descending": "p.ident DESC",
    "name": "p.name, p.ident",
}


class Row(NamedTuple):
    """A stored profile: `key` counts the insertions, `text` is its JSON text."""

    key: int
    text: str


@dataclass(frozen=True, slots=True)
class Condition:
    """An SQL expression over `profiles p`, and the values of its placeholders."""

    sql: str
    values: tuple[object, ...] = ()


EVERYTHING = Condition("1")
NOTHING = Condition("0")


def all_of(conditions: Sequence[Condition]) -> Condition:
    """The conditions joined by AND; everything where there are none."""
    return _joined(conditions, " AND ") if conditions else EVERYTHING


def any_of(conditions: Sequence[Condition]) -> Condition:
    """The conditions joined by OR; nothing where there are none."""
    return _joined(conditions, " OR ") if conditions else NOTHING


def _joined(conditions: Sequence[Condition], word: str) -> Condition:
    """A tree of brackets, not a chain, because SQLite limits the depth of an expression."""
    while len(conditions) > 50:
        conditions = [_joined(conditions[n : n + 50], word) for n in range(0, len(conditions), 50)]
    sql = word.join(condition.sql for condition in conditions)
    return Condition(f"({sql})", tuple(value for condition in conditions for value in condition.values))
