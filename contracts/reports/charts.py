"""Two charts of a run as plain shapes: the map of the list, and the time line of the requests.

The shapes are numbers and short texts; a template draws them. Nothing here knows of SVG but its coordinates.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from urllib.parse import parse_qsl

from contracts.model import Credentials, Exchange, Outcome, Result
from contracts.reports.fact_text import body_of, items_in, steps_of
from contracts.reports.text import number_of, visible

WIDTHS = (960, 380)
"""Of a chart in a window, and on a phone."""

_ROWS = 18
_ROW = 20
_PIECES = 240  # rectangles in one row; more are drawn as stretches
_BARS = 700  # bars in a time line; of more requests the slowest are drawn
_PROBES = 200
_TOP, _TALLEST, _LANE = 18, 110, 30  # of the time line
_GROUND = _TOP + _TALLEST
_CHARACTER = 6.6  # the width of one

_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")


@dataclass(frozen=True, slots=True)
class Shape:
    """A rectangle; `look` says what it means, `title` tells a person who points at it."""

    x: float
    y: float
    width: float
    height: float
    look: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A text; `anchor` as in SVG."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    look: str = "axis"


@dataclass(frozen=True, slots=True)
class Chart:
    """Shapes and labels, and in `words` what they show, for those who do not see them."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    labels: tuple[Label, ...]
    words: str


@dataclass(frozen=True, slots=True)
class _Axis:
    """A horizontal axis from 0 to an end, between two edges."""

    left: float
    right: float
    end: float

    def x(self, value: float) -> float:
        """Where a value is."""
        return round(self.left + (self.right - self.left) * min(value, self.end) / self.end, 1)

    def parts(self) -> Iterator[float]:
        """The values that are labelled."""
        return (self.end * part / 4 for part in range(5))


@dataclass(frozen=True, slots=True)
class _PageRead:
    """One page: what was selected, its limit, the positions that it covers, and the total that it states."""

    number: int
    selection: str
    limit: int | None
    begin: int
    end: int
    total: int | None


_Row = tuple[tuple[str, int | None], list[_PageRead]]
"""The pages of one selection and limit."""


def failed_exchanges(result: Result) -> frozenset[int]:
    """The numbers of the exchanges where a violation shows."""
    failed = (v for v in result.verdicts if v.outcome is Outcome.FAIL)
    return frozenset(n for verdict in failed for one in verdict.violations for n in one.exchanges[-1:])


# --- the map of the list ----------------------------------------------------------------------------


def list_map(result: Result) -> tuple[Chart, ...]:
    """Which positions of the list were read at which limit, and where it failed; one chart for each width."""
    pages = [page for page in map(_page_read, result.exchanges) if page is not None]
    extent, failed = _extent(pages), failed_exchanges(result)
    rows = _rows(pages, failed)
    words = _map_words(pages, rows, extent, failed)
    height = 4 + len(rows) * _ROW
    drawn = []
    for width, left in zip(WIDTHS, (190, 130), strict=True) if extent else ():
        axis = _Axis(left, width - 20, extent)
        points = _points(result, pages, rows, axis)
        shapes = (
            *(shape for at, row in enumerate(rows) for shape in _pieces(at, row, axis, failed)),
            *points,
        )
        labels = [Label(axis.x(p), height + 16, f"{p:,.0f}", "middle") for p in axis.parts()]
        labels += [_row_name(at, row, left) for at, row in enumerate(rows)]
        labels.append(Label(left - 16, height + 16, "position in the list", "end"))
        drawn.append(Chart(width, height + 24, shapes, tuple(labels), words))
    return tuple(drawn)


def _page_read(exchange: Exchange) -> _PageRead | None:
    request = exchange.request
    regular = request.method == "GET" and request.path is None and request.credentials is Credentials.GIVEN
    body = body_of(exchange) if regular and exchange.status == 200 else None
    if not isinstance(body, dict) or "access_profiles" not in body:
        return None
    query = dict(parse_qsl(request.query, keep_blank_values=True))
    limit, begin = _number(query.pop("limit", None)), _number(query.pop("offset", None)) or 0
    selection = ", ".join(f"{name}={value}" for name, value in sorted(query.items()))
    total = body.get("total_count")
    stated = total if isinstance(total, int) and not isinstance(total, bool) else None
    return _PageRead(exchange.number, selection, limit, begin, begin + len(items_in(body)), stated)


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def _extent(pages: Sequence[_PageRead]) -> int:
    """The number of positions that the map shows: as far as items were received, or as the total promises."""
    furthest = max((page.end for page in pages if page.end > page.begin), default=0)
    totals = Counter(page.total for page in pages if not page.selection and page.total is not None)
    usual = totals.most_common(1)[0][0] if totals else 0
    return usual if furthest < usual <= 2 * furthest else furthest


def _rows(pages: Iterable[_PageRead], failed: frozenset[int]) -> list[_Row]:
    """As many rows as the map has space for: those with a failure, then those that cover most."""
    found: defaultdict[tuple[str, int | None], list[_PageRead]] = defaultdict(list)
    for page in pages:
        found[page.selection, page.limit].append(page)

    def weight(row: _Row) -> tuple[bool, bool, int]:
        (selection, _), read = row
        covered = sum(page.end - page.begin for page in read)
        return not any(page.number in failed for page in read), bool(selection), -covered

    chosen = sorted(found.items(), key=weight)[:_ROWS]
    # The whole list first, the largest pages first.
    return sorted(chosen, key=lambda row: (row[0][0], -(row[0][1] or 0)))


def _row_name(at: int, row: _Row, left: float) -> Label:
    (selection, limit), _ = row
    page = "no limit" if limit is None else f"limit {limit}"
    name, fitting = visible(f"{page}, {selection}" if selection else page), int(left / _CHARACTER) - 2
    cut = name if len(name) <= fitting else f"{name[: fitting - 1]}…"
    return Label(left - 8, 16 + at * _ROW, cut, "end", "")


def _pieces(at: int, row: _Row, axis: _Axis, failed: frozenset[int]) -> Iterator[Shape]:
    """A rectangle for each page, those with a failure on top; very many pages as the stretches they cover."""
    y, pages = 4 + at * _ROW, row[1]
    bad = [page for page in pages if page.number in failed]
    good = [page for page in pages if page.number not in failed]
    yield Shape(axis.left, y, axis.right - axis.left, _ROW - 6, "ground")
    for page in (*(good if len(good) <= _PIECES else _stretches(good)), *bad[:_PIECES]):
        look = "broken" if page.number in failed else "read"
        x, end = axis.x(page.begin), axis.x(page.end)
        empty = " none" if page.end <= page.begin else ""
        title = f"request #{page.number}: {_positions(page)}"
        yield Shape(x, y, max(end - x - 1, 2), _ROW - 6, look + empty, title)


def _stretches(pages: Sequence[_PageRead]) -> list[_PageRead]:
    """Pages that touch each other as one."""
    merged: list[_PageRead] = []
    for page in sorted(pages, key=lambda page: page.begin):
        if merged and page.begin <= merged[-1].end:
            merged[-1] = replace(merged[-1], end=max(merged[-1].end, page.end))
        else:
            merged.append(page)
    return merged[:_PIECES]


def _positions(page: _PageRead) -> str:
    if page.end <= page.begin:
        return f"no items from position {page.begin:,} on"
    return f"positions {page.begin:,} to {page.end - 1:,}"


def _points(result: Result, pages: Sequence[_PageRead], rows: Sequence[_Row], axis: _Axis) -> Iterator[Shape]:
    """A mark at the very item that a violation points to."""
    by_number = {page.number: page for page in pages}
    heights = {key: 4 + at * _ROW for at, (key, _) in enumerate(rows)}
    for verdict in result.verdicts:
        for violation in verdict.violations if verdict.outcome is Outcome.FAIL else ():
            page, steps = by_number.get(violation.at[-1].exchange), steps_of(violation.pointer)
            if page is None or len(steps) < 2 or not _NUMBER.fullmatch(steps[1]):
                continue
            y, position = heights.get((page.selection, page.limit)), page.begin + int(steps[1])
            if y is not None and position < axis.end:
                title = f"{verdict.requirement.id}: position {position:,}"
                yield Shape(axis.x(position) - 1, y - 3, 3, _ROW, "point", title)


def _map_words(pages: Sequence[_PageRead], rows: Sequence[_Row], extent: int, failed: frozenset[int]) -> str:
    bad = sum(page.number in failed for page in pages)
    kinds = len({(page.selection, page.limit) for page in pages})
    shown = "" if kinds <= len(rows) else f" Of {kinds} kinds of request, {len(rows)} are drawn."
    what = f"{number_of(bad, 'page')} with a failure." if bad else "No failures."
    return f"{number_of(len(pages), 'page')} of a list of {number_of(extent, 'position')}. {what}{shown}"


# --- the time line ----------------------------------------------------------------------------------


def time_line(result: Result) -> tuple[Chart, ...]:
    """When each request was sent and how long its response took; one chart for each width."""
    exchanges = sorted(result.exchanges, key=lambda one: one.started)
    return tuple(_time_line(exchanges, failed_exchanges(result), width) for width in WIDTHS if exchanges)


def _time_line(exchanges: Sequence[Exchange], failed: frozenset[int], width: int) -> Chart:
    axis = _Axis(64, width - 30, max(one.started + one.elapsed for one in exchanges) or 1.0)
    slowest = max(one.elapsed for one in exchanges) or 1.0
    bands, names = _bands(exchanges, axis)
    shapes = [*bands]
    for one in sorted(exchanges, key=lambda one: (one.number not in failed, -one.elapsed))[:_BARS]:
        shapes.append(_bar(one, axis, slowest, failed))
        shapes.extend(_waits(one, axis))
    repeated = list(_repeated(exchanges, axis))
    labels = [Label(axis.x(at), _GROUND + _LANE + 16, f"{at:.2f} s", "middle") for at in axis.parts()]
    scale = ((26, _milliseconds(slowest)), (_GROUND, "0"), (_GROUND + 20, "repeated"))
    labels += [*names, *(Label(axis.left - 8, y, text, "end") for y, text in scale)]
    words = _time_words(exchanges, repeated)
    return Chart(width, _GROUND + _LANE + 24, (*shapes, *repeated), tuple(labels), words)


def _bar(one: Exchange, axis: _Axis, slowest: float, failed: frozenset[int]) -> Shape:
    height = max(round(_TALLEST * one.elapsed / slowest, 1), 2)
    x = axis.x(one.started)
    width = max(round(axis.x(one.started + one.elapsed) - x, 1), 1.5)
    look = "broken" if one.number in failed else _look(one)
    received = one.failure.kind.value if one.failure else str(one.status)
    title = f"request #{one.number}: {received}, {_milliseconds(one.elapsed)}"
    return Shape(x, _GROUND - height, width, height, look, title)


def _look(one: Exchange) -> str:
    if one.status is None or one.status >= 500:
        return "trouble"
    return "refused" if one.status >= 400 else "read"


def _waits(one: Exchange, axis: _Axis) -> Iterator[Shape]:
    if one.attempts:
        waited = sum(attempt.waited for attempt in one.attempts)
        begin = axis.x(max(one.started - waited, 0))
        reasons = ", ".join(dict.fromkeys(attempt.why for attempt in one.attempts))
        title = visible(f"request #{one.number} was retried after {reasons}; {waited:.1f} s waited")
        yield Shape(begin, _GROUND + 2, max(axis.x(one.started) - begin, 4), 5, "wait", title)


def _repeated(exchanges: Sequence[Exchange], axis: _Axis) -> Iterator[Shape]:
    """A mark for each request that was sent before: between two equal responses the list was stable."""
    before: dict[tuple[object, ...], Exchange] = {}
    marks = 0
    for one in exchanges:
        request = one.request
        key = (request.method, request.path, request.query, request.credentials)
        first = before.get(key)
        before[key] = one
        if first is None or one.status is None or marks >= _BARS:
            continue
        marks += 1
        same = (one.status, one.content) == (first.status, first.content)
        title = f"request #{one.number} repeats #{first.number}: {'the same' if same else 'another'} response"
        yield Shape(axis.x(one.started), _GROUND + 12, 4, 10, "same" if same else "other", title)


def _bands(exchanges: Sequence[Exchange], axis: _Axis) -> tuple[list[Shape], list[Label]]:
    """A band behind the requests of each probe, and its name where there is space for it."""
    shapes: list[Shape] = []
    names: list[Label] = []
    free = 0.0
    probes = groupby(exchanges, key=lambda one: one.request.purpose)
    for at, (purpose, part) in zip(range(_PROBES), probes, strict=False):
        sent = list(part)
        name = visible(purpose, at_most=40)
        begin, end = axis.x(sent[0].started), axis.x(sent[-1].started + sent[-1].elapsed)
        shapes.append(Shape(begin, _TOP, max(end - begin, 1), _TALLEST, f"band{at % 2}", name))
        if name and begin >= free and end - begin >= _CHARACTER * len(name):
            names.append(Label(begin, 12, name))
            free = begin + _CHARACTER * len(name)
    return shapes, names


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"


def _time_words(exchanges: Sequence[Exchange], repeated: Sequence[Shape]) -> str:
    times = sorted(one.elapsed for one in exchanges)
    retried = sum(bool(one.attempts) for one in exchanges)
    other = sum(shape.look == "other" for shape in repeated)
    median = _milliseconds(times[len(times) // 2])
    return (
        f"{number_of(len(exchanges), 'request')}, half of them within {median}, "
        f"the slowest {_milliseconds(times[-1])}; {retried} retried after a passing error. "
        f"{number_of(len(repeated), 'request')} repeated, {other} with another response."
    )
