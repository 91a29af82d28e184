"""Two pictures of a run as plain shapes: the map of the collection, and the time line of its requests.

The shapes are numbers and short texts; a template draws them. Nothing here knows of SVG but its coordinates.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import parse_qsl

from contracts.model import Credentials, Exchange, Outcome, Result
from contracts.reports.fact_text import body_of, steps_of
from contracts.reports.failure_view import profiles_in
from contracts.reports.text import number_of, visible

WIDTH = 960
_LEFT, _RIGHT = 190, 20  # of the map: room for labels, and for the last number of the axis
_ROWS = 18
_ROW = 20
_PIECES = 240  # rectangles in one row; more are drawn as stretches
_BARS = 700  # bars in a time line; more are drawn as the slowest of each stretch
_LANE, _TALLEST = 30, 110

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
    look: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Shapes and labels, and in `words` what they show, for those who do not see them."""

    height: float
    shapes: tuple[Shape, ...]
    labels: tuple[Label, ...]
    words: str


@dataclass(frozen=True, slots=True)
class _Read:
    """One page that was read: where it begins and ends, and the total that it states."""

    number: int
    selection: str
    size: int | None
    begin: int
    end: int
    total: int | None


def broken_exchanges(result: Result) -> frozenset[int]:
    """The numbers of the exchanges that show what is broken."""
    failed = (v for v in result.verdicts if v.outcome is Outcome.FAIL)
    return frozenset(n for verdict in failed for one in verdict.violations for n in one.exchanges[-1:])


# --- the map of the collection ----------------------------------------------------------------------


def collection(result: Result) -> Picture | None:
    """Which positions of the list were read with which page size, and where it broke; None without pages."""
    reads = [read for read in map(_read, result.exchanges) if read is not None]
    extent = _extent(reads)
    if not extent:
        return None
    broken = broken_exchanges(result)
    rows = _rows(reads, broken)
    shapes: list[Shape] = []
    labels: list[Label] = []
    for at, ((selection, size), row) in enumerate(rows):
        y = 4 + at * _ROW
        labels.append(Label(_LEFT - 8, y + 12, _row_name(selection, size), "end"))
        shapes.append(Shape(_LEFT, y, WIDTH - _LEFT - _RIGHT, _ROW - 6, "ground"))
        shapes.extend(_pieces(row, y, extent, broken))
    height = 4 + len(rows) * _ROW
    shapes.extend(_breaks(result, reads, rows, extent))
    labels.extend(_axis(extent, height + 16))
    return Picture(height + 24, tuple(shapes), tuple(labels), _map_words(reads, rows, extent, broken))


def _read(exchange: Exchange) -> _Read | None:
    request = exchange.request
    regular = request.method == "GET" and request.path is None and request.credentials is Credentials.GIVEN
    asked = dict(parse_qsl(request.query, keep_blank_values=True)) if regular else {}
    content = body_of(exchange) if regular and exchange.status == 200 else None
    if content is None or not isinstance(content, dict) or "access_profiles" not in content:
        return None
    size, begin = _number(asked.pop("limit", None)), _number(asked.pop("offset", None))
    begin = begin or 0
    total = content.get("total_count")
    return _Read(
        exchange.number,
        ", ".join(f"{name}={value}" for name, value in sorted(asked.items())),
        size,
        begin,
        begin + len(profiles_in(content)),
        total if isinstance(total, int) and not isinstance(total, bool) else None,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def _extent(reads: Sequence[_Read]) -> int:
    """The number of positions that the map shows: as far as profiles came, or as the total promises."""
    furthest = max((read.end for read in reads if read.end > read.begin), default=0)
    totals = Counter(read.total for read in reads if not read.selection and read.total is not None)
    usual = totals.most_common(1)[0][0] if totals else 0
    return usual if furthest < usual <= 2 * furthest else furthest


_Way = tuple[tuple[str, int | None], list[_Read]]
_Rows = list[_Way]


def _rows(reads: Iterable[_Read], broken: frozenset[int]) -> _Rows:
    """As many ways of asking as the map has room for: those that broke, then those that read most."""
    found: defaultdict[tuple[str, int | None], list[_Read]] = defaultdict(list)
    for read in reads:
        found[read.selection, read.size].append(read)

    def weight(row: _Way) -> tuple[bool, bool, int]:
        (selection, _), pages = row
        covered = sum(page.end - page.begin for page in pages)
        return not any(page.number in broken for page in pages), bool(selection), -covered

    chosen = sorted(found.items(), key=weight)[:_ROWS]
    # The whole list first, the largest pages first.
    return sorted(chosen, key=lambda row: (row[0][0], -(row[0][1] or 0)))


def _row_name(selection: str, size: int | None) -> str:
    page = "no limit" if size is None else f"limit {size}"
    name = visible(f"{page}, {selection}" if selection else page, at_most=200)
    return name if len(name) <= 27 else f"{name[:26]}…"


def _pieces(row: Sequence[_Read], y: float, extent: int, broken: frozenset[int]) -> Iterator[Shape]:
    merged = _stretches(row, broken) if len(row) > _PIECES else row
    for read in sorted(merged[: 4 * _PIECES], key=lambda read: read.number in broken):
        look = "broken" if read.number in broken else "read"
        begin, end = min(read.begin, extent), min(read.end, extent)
        width = max(_x(end, extent) - _x(begin, extent) - 1, 2)
        title = f"request {read.number}: {_positions(read)}"
        yield Shape(
            _x(begin, extent), y, width, _ROW - 6, look if read.end > read.begin else f"{look} none", title
        )


def _stretches(row: Sequence[_Read], broken: frozenset[int]) -> list[_Read]:
    """Sound pages that touch each other as one; those that broke stay as they are."""
    kept = [read for read in row if read.number in broken]
    for read in sorted((r for r in row if r.number not in broken), key=lambda r: r.begin):
        last = kept[-1] if kept and kept[-1].number not in broken else None
        if last is not None and read.begin <= last.end:
            kept[-1] = _Read(
                last.number, last.selection, last.size, last.begin, max(last.end, read.end), None
            )
        else:
            kept.append(read)
    return kept


def _positions(read: _Read) -> str:
    if read.end <= read.begin:
        return f"nothing from position {read.begin:,} on"
    return f"positions {read.begin:,} to {read.end - 1:,}"


def _breaks(result: Result, reads: Sequence[_Read], rows: _Rows, extent: int) -> Iterator[Shape]:
    """A mark at the very profile that a violation points to."""
    by_number = {read.number: read for read in reads}
    heights = {key: 4 + at * _ROW for at, (key, _) in enumerate(rows)}
    for verdict in result.verdicts:
        for violation in verdict.violations if verdict.outcome is Outcome.FAIL else ():
            read = by_number.get(violation.exchanges[-1]) if violation.exchanges else None
            place = steps_of(violation.pointer)
            if read is None or len(place) < 2 or not _NUMBER.fullmatch(place[1]):
                continue
            y, position = heights.get((read.selection, read.size)), read.begin + int(place[1])
            if y is not None and position < extent:
                title = f"{verdict.requirement.id}: position {position:,}"
                yield Shape(_x(position, extent) - 1, y - 3, 3, _ROW, "point", title)


def _x(position: int, extent: int) -> float:
    return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * position / extent, 1)


def _axis(extent: int, y: float) -> Iterator[Label]:
    steps = sorted({0, *(round(extent * part / 4) for part in range(1, 4)), extent})
    for position in steps:
        yield Label(_x(position, extent), y, f"{position:,}", "middle", "axis")
    yield Label(_LEFT - 8, y, "position in the list", "end", "axis")


def _map_words(reads: Sequence[_Read], rows: _Rows, extent: int, broken: frozenset[int]) -> str:
    bad = sum(read.number in broken for read in reads)
    ways = len({(read.selection, read.size) for read in reads})
    shown = "" if ways <= len(rows) else f" Of {ways} ways of asking, {len(rows)} are drawn."
    what = f"{number_of(bad, 'page')} of these broke a requirement." if bad else "None broke a requirement."
    return f"{number_of(len(reads), 'page')} of a list of {number_of(extent, 'position')}. {what}{shown}"


# --- the time line ----------------------------------------------------------------------------------


def time_line(result: Result) -> Picture | None:
    """When each request left and how long it took; None where nothing was asked."""
    exchanges = sorted(result.exchanges, key=lambda one: one.started)
    if not exchanges:
        return None
    span = max(one.started + one.elapsed for one in exchanges) or 1.0
    slowest = max(one.elapsed for one in exchanges) or 1.0
    broken = broken_exchanges(result)
    ground = 18 + _TALLEST
    shapes = [*_bands(exchanges, span, ground)]
    labels = [*_band_names(exchanges, span)]
    for one in _telling(exchanges, span, broken):
        shapes.append(_bar(one, span, slowest, ground, broken))
        shapes.extend(_waits(one, span, ground))
    again = list(_again(exchanges, span, ground))
    shapes.extend(again)
    labels.append(Label(56, ground + 20, "again", "end", "axis"))
    labels.append(Label(56, 26, _milliseconds(slowest), "end", "axis"))
    labels.append(Label(56, ground, "0", "end", "axis"))
    labels.extend(
        Label(_t(span * part / 4, span), ground + _LANE + 16, f"{span * part / 4:.2f} s", "middle", "axis")
        for part in range(5)
    )
    return Picture(ground + _LANE + 24, tuple(shapes), tuple(labels), _time_words(exchanges, again))


def _t(seconds: float, span: float) -> float:
    return round(64 + (WIDTH - 64 - 30) * seconds / span, 1)


def _telling(exchanges: Sequence[Exchange], span: float, broken: frozenset[int]) -> list[Exchange]:
    """Every exchange, or of very many the slowest of each stretch and all that say something."""
    if len(exchanges) <= _BARS:
        return list(exchanges)
    slowest: dict[int, Exchange] = {}
    for one in exchanges:
        column = int(one.started / span * _BARS)
        if column not in slowest or slowest[column].elapsed < one.elapsed:
            slowest[column] = one
    special = [e for e in exchanges if e.number in broken or e.attempts or e.status is None][:_BARS]
    return sorted({e.number: e for e in (*slowest.values(), *special)}.values(), key=lambda e: e.started)


def _bar(one: Exchange, span: float, slowest: float, ground: float, broken: frozenset[int]) -> Shape:
    height = max(round(_TALLEST * one.elapsed / slowest, 1), 2)
    x = _t(one.started, span)
    width = max(round(_t(one.started + one.elapsed, span) - x, 1), 1.5)
    look = "broken" if one.number in broken else _look(one)
    came = one.failure.kind.value if one.failure else str(one.status)
    return Shape(
        x, ground - height, width, height, look, f"request {one.number}: {came}, {_milliseconds(one.elapsed)}"
    )


def _look(one: Exchange) -> str:
    if one.status is None or one.status >= 500:
        return "trouble"
    return "refused" if one.status >= 400 else "read"


def _waits(one: Exchange, span: float, ground: float) -> Iterator[Shape]:
    if one.attempts:
        waited = sum(attempt.waited for attempt in one.attempts)
        begin = _t(max(one.started - waited, 0), span)
        reasons = ", ".join(dict.fromkeys(attempt.why for attempt in one.attempts))
        title = visible(
            f"request {one.number} was repeated after {reasons}; {waited:.1f} s waited", at_most=200
        )
        yield Shape(begin, ground + 2, max(_t(one.started, span) - begin, 4), 5, "wait", title)


def _again(exchanges: Sequence[Exchange], span: float, ground: float) -> Iterator[Shape]:
    """A mark for each request that was asked before: the same answer brackets a quiet window."""
    before: dict[tuple[object, ...], Exchange] = {}
    marks = 0
    for one in exchanges:
        asked = one.request
        key = (asked.method, asked.path, asked.query, asked.credentials)
        first = before.get(key)
        before[key] = one
        if first is None or one.status is None or marks >= _BARS:
            continue
        marks += 1
        same = (one.status, one.content) == (first.status, first.content)
        came = "the same answer" if same else "another answer"
        title = f"request {one.number} is request {first.number} again: {came}"
        yield Shape(_t(one.started, span), ground + 12, 4, 10, "same" if same else "other", title)


def _phases(exchanges: Sequence[Exchange]) -> Iterator[tuple[str, list[Exchange]]]:
    for purpose, part in groupby(exchanges, key=lambda one: one.request.purpose):
        yield visible(purpose, at_most=40), list(part)


def _bands(exchanges: Sequence[Exchange], span: float, ground: float) -> Iterator[Shape]:
    for at, (purpose, part) in zip(range(200), _phases(exchanges), strict=False):
        begin, end = _t(part[0].started, span), _t(part[-1].started + part[-1].elapsed, span)
        yield Shape(begin, 18, max(end - begin, 1), ground - 18, f"band{at % 2}", purpose)


def _band_names(exchanges: Sequence[Exchange], span: float) -> Iterator[Label]:
    free = 0.0
    for _, (purpose, part) in zip(range(200), _phases(exchanges), strict=False):
        begin, end = _t(part[0].started, span), _t(part[-1].started + part[-1].elapsed, span)
        wide = 6.5 * len(purpose)
        if purpose and begin >= free and end - begin >= wide:
            yield Label(begin, 12, purpose, "start", "axis")
            free = begin + wide


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.0f} s"


def _time_words(exchanges: Sequence[Exchange], again: Sequence[Shape]) -> str:
    times = sorted(one.elapsed for one in exchanges)
    repeated = sum(bool(one.attempts) for one in exchanges)
    other = sum(shape.look == "other" for shape in again)
    median = _milliseconds(times[len(times) // 2])
    return (
        f"{number_of(len(exchanges), 'request')}, half of them within {median}, "
        f"the slowest {_milliseconds(times[-1])}; {repeated} repeated after passing trouble. "
        f"{number_of(len(again), 'request')} asked again, {other} with another answer."
    )
