"""The exchanges that prove a violation, cut to what matters: a person sees the point, not the page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape

from contracts.model import VOLATILE, Exchange, Place, Result, Violation
from contracts.reports import curl, fact_text
from contracts.reports.fact_text import body_of, steps_of
from contracts.reports.summary import ReportOptions
from contracts.reports.text import number_of, visible

_EXCHANGES = 4  # of one violation; no proof needs more before a person's eyes
_LINES = 40  # of one body, and of one comparison
_VALUE = 160  # characters of one value
_CURL = 2000  # characters of one request; the JSON report has it whole
_SHORT_CURL = 300
_IDS, _ID = 60, 24  # how many of a page, and the characters of one
_DEEPEST = 12
_FEW = 12
_MEMBERS = 400
_HEADERS = ("Content-Type", "WWW-Authenticate", "Deprecation", "Link", "Location", "Allow", "Retry-After")

Steps = tuple[str, ...]


@dataclass(slots=True)
class Room:
    """How many characters of HTML the evidence may still take: hostile content must not fill a disk."""

    left: int = 400_000

    def has(self, texts: Iterable[str]) -> bool:
        """Whether there is room for these texts, which is taken then."""
        self.left -= sum(len(escape(text)) for text in texts)
        return self.left >= 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a body; `marked` is where the violation points to."""

    text: str
    indent: int
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """One exchange for a person: the request as a curl line, and of the answer what matters."""

    number: int
    request: str
    answer: str
    shows: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    ids: tuple[str, ...] = ()
    ids_total: int = 0
    lines: tuple[Line, ...] = ()
    is_cut: bool = False  # the report had no room left for more of it


@dataclass(frozen=True, slots=True)
class Row:
    """One member of a profile in two answers; `kind` is `same`, `differs` or `moves` (by itself)."""

    member: str
    left: str
    right: str
    kind: str


@dataclass(frozen=True, slots=True)
class Clash:
    """One profile as two answers have it, side by side."""

    profile: str
    left: str
    right: str
    rows: tuple[Row, ...]
    alike: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What shows that a violation is one."""

    exchanges: tuple[Shown, ...]
    left_out: int
    clash: Clash | None


@dataclass(frozen=True, slots=True)
class _Profiles:
    """The profiles of one answer, by id, with the place of each."""

    exchange: Exchange
    found: Mapping[str, tuple[int, dict[str, object]]] = field(default_factory=dict)


def prove(violation: Violation, result: Result, terms: ReportOptions, room: Room) -> Proof:
    """The proof of a violation, as much of it as a person wants to see."""
    every = _found(violation, result)
    # The last one is where the violation shows; it must not be among those left out.
    chosen = every if len(every) <= _EXCHANGES else (*every[: _EXCHANGES - 1], every[-1])
    shown = [_shown(place, exchange, result, terms, room) for place, exchange in chosen]
    clash = _clash([exchange for _, exchange in chosen], violation.pointer)
    if clash is not None and not room.has(row.left + row.right + row.member for row in clash.rows):
        clash = None
    return Proof(tuple(shown), len(every) - len(chosen), clash)


def _found(violation: Violation, result: Result) -> tuple[tuple[Place, Exchange], ...]:
    by_number = {exchange.number: exchange for exchange in result.exchanges}
    return tuple((p, by_number[p.exchange]) for p in violation.at if p.exchange in by_number)


def profiles_in(content: object) -> list[object]:
    """The list of profiles in the content of an answer; empty where there is none."""
    listed = content.get("access_profiles") if isinstance(content, dict) else None
    return listed if isinstance(listed, list) else []


# --- one exchange -----------------------------------------------------------------------------------


def _shown(place: Place, exchange: Exchange, result: Result, terms: ReportOptions, room: Room) -> Shown:
    content = body_of(exchange)
    line = curl.line(exchange.request, terms.site(result))
    pointer = next((fact for fact in place.facts if fact.startswith("/")), "")
    bare = Shown(exchange.number, _shortened(line, _SHORT_CURL), _answer(exchange))
    ids = [_text(profile.get("id"), _ID) for profile in profiles_in(content) if isinstance(profile, dict)]
    full = replace(
        bare,
        request=_shortened(line, _CURL),
        shows=visible(fact_text.words(place, exchange), at_most=_SHORT_CURL),
        headers=tuple(_headers(exchange)),
        ids=tuple(ids[:_IDS]),
        ids_total=len(ids),
        lines=tuple(_body(exchange, content, pointer)),
    )
    return full if room.has(_texts(full)) else replace(bare, is_cut=True)


def _texts(shown: Shown) -> Iterator[str]:
    yield from (shown.request, shown.shows)
    yield from (text for pair in shown.headers for text in pair)
    yield from shown.ids
    yield from (line.text for line in shown.lines)


def _shortened(line: str, at_most: int) -> str:
    return line if len(line) <= at_most else f"{line[:at_most]}… ({len(line):,} characters in all)"


def _answer(exchange: Exchange) -> str:
    if exchange.failure is not None:
        return visible(f"no answer: {exchange.failure.text}", at_most=_VALUE)
    again = f", after {len(exchange.attempts)} repetitions" if exchange.attempts else ""
    return f"{exchange.status}, {exchange.elapsed * 1000:.0f} ms{again}"


def _headers(exchange: Exchange) -> Iterator[tuple[str, str]]:
    for name in _HEADERS:
        value = exchange.header(name)
        if value is not None:
            yield name, visible(value, at_most=_VALUE)


def _body(exchange: Exchange, content: object, pointer: str) -> Iterator[Line]:
    if content is not None:
        yield from _lines(content, (), steps_of(pointer)[:_DEEPEST], "")
    elif exchange.content:
        text = exchange.content[: 4 * _VALUE].decode("utf-8", "backslashreplace")
        yield Line(visible(text, at_most=3 * _VALUE), 0)


def _lines(value: object, place: Steps, wanted: Steps, prefix: str) -> Iterator[Line]:
    """A JSON value in lines; only what leads to the wanted place is opened."""
    depth, marked = len(place), bool(wanted) and place == wanted
    leads = place == wanted[:depth]
    opened = leads and depth <= len(wanted)
    if opened and isinstance(value, dict):
        yield Line(f"{prefix}{{", depth, marked)
        for name, inner in _nearest(value, wanted[depth : depth + 1]):
            yield from _lines(inner, (*place, name), wanted, f"{_text(name)}: ")
        yield Line("}", depth)
    elif opened and isinstance(value, list) and wanted != place:
        yield Line(f"{prefix}[", depth, marked)
        yield from _items(value, place, wanted)
        yield Line("]", depth)
    else:
        yield Line(prefix + _text(value), depth, marked)


def _nearest(value: dict[str, object], step: Steps) -> list[tuple[str, object]]:
    """The first members of an object, and the one that leads to the wanted place."""
    return [pair for at, pair in enumerate(value.items()) if at < _LINES // 2 or pair[0] in step]


def _items(value: list[object], place: Steps, wanted: Steps) -> Iterator[Line]:
    step = wanted[len(place)]
    at = int(step) if step.isdecimal() and step.isascii() and len(step) < 10 else len(value)
    if at and value:
        yield Line(f"… {min(at, len(value)):,} before it", len(place) + 1)
    if at < len(value):
        yield from _lines(value[at], (*place, step), wanted, "")
    if at + 1 < len(value):
        yield Line(f"… {len(value) - at - 1:,} after it", len(place) + 1)


def _text(value: object, at_most: int = _VALUE) -> str:
    """A value on one line: scalars as JSON, the rest by its size alone."""
    if isinstance(value, dict):
        return f"{{… {number_of(len(value), 'member')}}}" if value else "{}"
    if isinstance(value, list) and not _is_short(value):
        return f"[… {number_of(len(value), 'item')}]"
    return visible(json.dumps(value, ensure_ascii=False), at_most=at_most)


def _is_short(value: list[object]) -> bool:
    """Whether a list is no longer than a few scalars, so that it can stand there as it is."""
    return len(value) <= _FEW and not any(isinstance(item, dict | list) for item in value)


# --- one profile in two answers ---------------------------------------------------------------------


def _clash(exchanges: Sequence[Exchange], pointer: str) -> Clash | None:
    pages = [_profiles(exchange) for exchange in exchanges]
    pointed = _pointed(pages[-1], pointer) if pages else None
    for left in pages[:-1]:
        for id_ in (pointed,) if pointed else left.found:
            if id_ in left.found and id_ in pages[-1].found:
                clash = _compared(id_, left, pages[-1])
                if pointed or any(row.kind == "differs" for row in clash.rows):
                    return clash
    return None


def _profiles(exchange: Exchange) -> _Profiles:
    found: dict[str, tuple[int, dict[str, object]]] = {}
    for at, profile in enumerate(profiles_in(body_of(exchange))):
        if isinstance(profile, dict) and isinstance(profile.get("id"), int):
            found.setdefault(_text(profile["id"]), (at, profile))
    return _Profiles(exchange, found)


def _pointed(page: _Profiles, pointer: str) -> str | None:
    place = steps_of(pointer)
    if len(place) < 2 or place[0] != "access_profiles":
        return None
    return next((id_ for id_, (at, _) in page.found.items() if str(at) == place[1]), None)


def _compared(id_: str, left: _Profiles, right: _Profiles) -> Clash:
    (left_at, first), (right_at, second) = left.found[id_], right.found[id_]
    ours, theirs = dict(_flat(first, "")), dict(_flat(second, ""))
    every = [_row(member, ours, theirs) for member in dict.fromkeys((*ours, *theirs))]
    telling = [row for row in every if row.kind != "same" or row.member in ("/id", "/name")]
    return Clash(
        profile=id_,
        left=_position(left.exchange, left_at),
        right=_position(right.exchange, right_at),
        rows=tuple(telling[:_LINES]),
        alike=sum(row.kind == "same" for row in every),
    )


def _row(member: str, ours: Mapping[str, str], theirs: Mapping[str, str]) -> Row:
    left, right = ours.get(member, "(absent)"), theirs.get(member, "(absent)")
    moves = not VOLATILE.isdisjoint(member.split("/"))
    kind = "same" if left == right else "moves" if moves else "differs"
    return Row(visible(member, at_most=_VALUE), left, right, kind)


def _position(exchange: Exchange, at: int) -> str:
    return f"request {exchange.number}, item {at + 1} of the page"


def _flat(value: object, place: str, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every scalar of a value with its JSON Pointer; bounded in depth and in number."""
    if depth < _DEEPEST and isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for _, (name, inner) in zip(range(_MEMBERS), pairs, strict=False):
            yield from _flat(inner, f"{place}/{name}", depth + 1)
    else:
        yield place, _text(value)
