"""Walks of the list without filters: at several page sizes, at chosen positions, past the end, again."""

from __future__ import annotations

from contracts.runs.probes import sampling
from contracts.runs.probes.context import Knowledge, Steps, query

AT_MOST = 150
_PURPOSE = "walk"


def walks(know: Knowledge) -> Steps:
    """Everything that the WALK and PAGE requirements are judged on."""
    if know.small:
        yield from _whole(know)
    else:
        yield from sampling.windows(know)
    yield from _single_profiles(know)
    yield from _boundaries(know)
    yield from _defaults(know)
    yield from _splits(know)
    yield from _past_the_end(know)
    yield from _again(know)


def _whole(know: Knowledge) -> Steps:
    first = query(limit=know.most, offset=0)
    known = any(a.request.query == first and a.page for a in know.answers)
    if know.total > know.most or not known:
        start = know.most if known else 0
        yield from know.walk(know.most, purpose=_PURPOSE, start=start)
    for size in know.sizes(know.total):
        yield from know.walk(size, purpose=_PURPOSE, at_most=30)


def _single_profiles(know: Knowledge) -> Steps:
    """Limit 1 at the ends, at the boundary of the largest page, and somewhere."""
    total = know.total
    places = {0, 1, know.most - 1, know.most, total - 1}
    asked = {a.request.query for a in know.answers}
    for offset in sorted(p for p in places if 0 <= p < total):
        if query(limit=1, offset=offset) not in asked:
            yield from know.ask(query(limit=1, offset=offset), purpose=_PURPOSE)


# Offsets at which pages of usual sizes, buffers and batches begin; with each a page size that clients use.
_BOUNDARIES = {
    16: 10,
    32: 20,
    50: 50,
    64: 2,
    100: 25,
    128: 3,
    250: 10,
    256: 2,
    500: 20,
    512: 3,
    1_000: 50,
    1_024: 3,
}


def _boundaries(know: Knowledge) -> Steps:
    """A small page at each offset at which lists tend to break, as far as the list goes."""
    for offset in _BOUNDARIES:
        if offset < know.total - 1 and offset != know.most:  # there a page begins anyway
            yield from know.ask(_at(know, offset), purpose=_PURPOSE)


def _at(know: Knowledge, offset: int) -> str:
    return query(limit=min(_BOUNDARIES.get(offset, 3), know.most), offset=offset)


def _defaults(know: Knowledge) -> Steps:
    """Requests without `limit` or without `offset`, and some of them with the values that they echo."""
    size = know.default or know.most
    yield from know.ask(query(limit=min(5, know.most)), purpose=_PURPOSE)
    yield from know.ask(query(limit=min(5, know.most), offset=0), purpose=_PURPOSE)
    near = min(3, max(0, know.total - 1))
    page = yield from know.page(query(offset=near), purpose=_PURPOSE)
    if page is not None and page.limit > 0:
        yield from know.ask(query(limit=min(page.limit, know.most), offset=near), purpose=_PURPOSE)
    if near < size < know.total:
        yield from know.ask(query(offset=size), purpose=_PURPOSE)
    if 0 < know.default < know.most:
        yield from know.ask(query(limit=know.default, offset=0), purpose=_PURPOSE)


def _splits(know: Knowledge) -> Steps:
    """A page, and the same as two pages."""
    if min(know.total - 1, know.most) < 3:
        return
    draw = know.draw("splits")
    whole = draw.randint(3, min(know.most, know.total - 1, 40))
    offset = draw.randint(0, know.total - whole)
    left = draw.randint(1, whole - 1)
    yield from know.ask(query(limit=whole, offset=offset), purpose=_PURPOSE)
    yield from know.ask(query(limit=left, offset=offset), purpose=_PURPOSE)
    yield from know.ask(query(limit=whole - left, offset=offset + left), purpose=_PURPOSE)


def _past_the_end(know: Knowledge) -> Steps:
    total = know.total
    for offset in (total, total + 1_200):  # a thousand past it even where the list grows meanwhile
        yield from know.ask(query(limit=min(10, know.most), offset=offset), purpose=_PURPOSE)
    yield from know.ask(query(offset=total), purpose=_PURPOSE)


def known_place(know: Knowledge) -> int:
    """The last boundary at which a small page was read; the start of short lists."""
    return max((o for o in _BOUNDARIES if o < know.total - 1), default=0)


def _again(know: Knowledge) -> Steps:
    """The same once more: brackets the walks, and shows whether order is kept."""
    again = [query(limit=know.most, offset=0), ""]
    again.append(_at(know, known_place(know)))
    for one in again:
        yield from know.ask(one, purpose=_PURPOSE)
