"""The body of a response for people: the lines that matter, and one item as two responses show it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from contracts.model import VOLATILE, Exchange
from contracts.reports.fact_text import ABSENT, Steps, body_of, items_in, one_line, steps_of
from contracts.reports.text import visible

_VALUE = 160  # characters of one value
_MEMBERS = 20  # of the body itself
_PLACES = 12  # opened in one body
_ROWS = 40  # of one comparison
_DEPTH = 12


@dataclass(frozen=True, slots=True)
class BodyLine:
    """One line of a body; `marked` is where the violation shows."""

    text: str
    indent: int = 0
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One member in which two items differ."""

    pointer: str
    left: str
    right: str
    is_volatile: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """One item in two responses: where each shows it, and the members that differ."""

    item: str
    left: str
    right: str
    members: tuple[Member, ...]

    @property
    def texts(self) -> Iterator[str]:
        """All texts of the members."""
        return (text for one in self.members for text in (one.pointer, one.left, one.right))


def body_lines(exchange: Exchange, facts: Sequence[str]) -> Iterator[BodyLine]:
    """The body, opened along the JSON Pointers among the facts; text if it is not JSON."""
    body = body_of(exchange)
    if body is not None:
        pointers = [fact for fact in facts if fact.startswith("/")]
        yield from _lines(body, (), frozenset(steps_of(p)[:_DEPTH] for p in pointers[:_PLACES]), "")
    elif exchange.content:
        text = exchange.content[: 4 * _VALUE].decode("utf-8", "backslashreplace")
        yield BodyLine(visible(text, at_most=3 * _VALUE), marked="body" in facts)


def _lines(value: object, at: Steps, wanted: frozenset[Steps], name: str) -> Iterator[BodyLine]:
    """A JSON value in lines; only what leads to a wanted place is opened."""
    inner = {steps[len(at)] for steps in wanted if steps[: len(at)] == at and steps != at}
    if not isinstance(value, dict | list) or not (inner or not at):
        yield BodyLine(name + _short(value), len(at), at in wanted)
        return
    start, end = "{}" if isinstance(value, dict) else "[]"
    yield BodyLine(name + start, len(at), at in wanted)
    names = inner | _names(value, at)
    children = _children(value)
    shown = [key for key in children if key in names]
    for key in shown:
        yield from _lines(children[key], (*at, key), wanted, f"{_short(key) if start == '{' else key}: ")
    for key in sorted(inner - children.keys()):
        yield BodyLine(f"no {_short(key)}", len(at) + 1, marked=True)
    if len(children) > len(shown):
        yield BodyLine(f"… {len(children) - len(shown):,} more", len(at) + 1)
    yield BodyLine(end, len(at))


def _names(value: object, at: Steps) -> set[str]:
    """The members that are shown besides those that are wanted: by which a person knows what it is."""
    if not isinstance(value, dict):
        return set()
    return {"id", "name"} if at else set(tuple(value)[:_MEMBERS])


def _short(value: object) -> str:
    return visible(one_line(value, _VALUE))


# --- one item in two responses ----------------------------------------------------------------------

_Items = Mapping[object, tuple[int, dict[str, object]]]


def compare(exchanges: Sequence[Exchange], pointer: str) -> Comparison | None:
    """The first item that reads differently in the last response; the one at the pointer comes first."""
    last, steps = exchanges[-1], steps_of(pointer)
    shown = _items_by_id(last)
    for earlier in exchanges[:-1]:
        before = _items_by_id(earlier)
        for id_ in sorted(shown.keys() & before.keys(), key=lambda id_: str(shown[id_][0]) not in steps):
            members = tuple(islice(_differences(before[id_][1], shown[id_][1], ""), _ROWS))
            if not all(one.is_volatile for one in members):
                return Comparison(
                    _short(id_), _where(earlier, before[id_][0]), _where(last, shown[id_][0]), members
                )
    return None


def _items_by_id(exchange: Exchange) -> _Items:
    items = [(index, one) for index, one in enumerate(items_in(body_of(exchange))) if isinstance(one, dict)]
    return {one["id"]: (index, one) for index, one in reversed(items) if isinstance(one.get("id"), int | str)}


def _where(exchange: Exchange, index: int) -> str:
    return f"request #{exchange.number}, item {index + 1}"


def _differences(left: object, right: object, pointer: str) -> Iterator[Member]:
    """The members in which two values differ, as deep as both have members."""
    if left == right:
        return
    one, other = _children(left), _children(right)
    if one and other and pointer.count("/") < _DEPTH:
        for key in dict.fromkeys((*one, *other)):
            yield from _differences(one.get(key, ABSENT), other.get(key, ABSENT), f"{pointer}/{key}")
    else:
        shown, shown_there = ("(absent)" if value is ABSENT else _short(value) for value in (left, right))
        is_volatile = not VOLATILE.isdisjoint(pointer.split("/"))
        yield Member(visible(pointer, at_most=_VALUE), shown, shown_there, is_volatile)


def _children(value: object) -> dict[str, object]:
    """The members of an object or the items of an array, by their steps in a JSON Pointer."""
    if isinstance(value, list):
        return {str(index): one for index, one in enumerate(value)}
    return value if isinstance(value, dict) else {}
