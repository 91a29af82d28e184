"""Walks of the list without filters: at several page sizes, at chosen positions, past the end, again."""

from __future__ import annotations

from contracts.model import Purpose
from contracts.runs.flow import Flow
from contracts.runs.probes import sampling
from contracts.runs.probes.context import ProbeContext, query

AT_MOST = 150


def walks(ctx: ProbeContext) -> Flow[None]:
    """Everything that the WALK and PAGE requirements are judged on."""
    if ctx.small:
        yield from _whole(ctx)
    else:
        yield from sampling.windows(ctx)
    yield from _single_profiles(ctx)
    yield from _boundaries(ctx)
    yield from _defaults(ctx)
    yield from _splits(ctx)
    yield from _past_the_end(ctx)
    yield from _again(ctx)


def _whole(ctx: ProbeContext) -> Flow[None]:
    first = query(limit=ctx.max_page_size, offset=0)
    known = any(a.request.query == first and a.page for a in ctx.answers)
    if ctx.total > ctx.max_page_size or not known:
        start = ctx.max_page_size if known else 0
        yield from ctx.walk(ctx.max_page_size, purpose=Purpose.WALK, start=start)
    for size in ctx.sizes(ctx.total):
        yield from ctx.walk(size, purpose=Purpose.WALK, at_most=30)


def _single_profiles(ctx: ProbeContext) -> Flow[None]:
    """Limit 1 at the ends, at the boundary of the largest page, and somewhere."""
    total = ctx.total
    places = {0, 1, ctx.max_page_size - 1, ctx.max_page_size, total - 1}
    asked = {a.request.query for a in ctx.answers}
    for offset in sorted(p for p in places if 0 <= p < total):
        if query(limit=1, offset=offset) not in asked:
            yield from ctx.ask(query(limit=1, offset=offset), purpose=Purpose.WALK)


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


def _boundaries(ctx: ProbeContext) -> Flow[None]:
    """A small page at each offset at which lists tend to break, as far as the list goes."""
    for offset in _BOUNDARIES:
        if offset < ctx.total - 1 and offset != ctx.max_page_size:  # there a page begins anyway
            yield from ctx.ask(_at(ctx, offset), purpose=Purpose.WALK)


def _at(ctx: ProbeContext, offset: int) -> str:
    return query(limit=min(_BOUNDARIES.get(offset, 3), ctx.max_page_size), offset=offset)


def _defaults(ctx: ProbeContext) -> Flow[None]:
    """Requests without `limit` or without `offset`, and some of them with the values that they echo."""
    size = ctx.default or ctx.max_page_size
    yield from ctx.ask(query(limit=min(5, ctx.max_page_size)), purpose=Purpose.WALK)
    yield from ctx.ask(query(limit=min(5, ctx.max_page_size), offset=0), purpose=Purpose.WALK)
    near = min(3, max(0, ctx.total - 1))
    page = yield from ctx.page(query(offset=near), purpose=Purpose.WALK)
    if page is not None and page.limit > 0:
        yield from ctx.ask(query(limit=min(page.limit, ctx.max_page_size), offset=near), purpose=Purpose.WALK)
    if near < size < ctx.total:
        yield from ctx.ask(query(offset=size), purpose=Purpose.WALK)
    if 0 < ctx.default < ctx.max_page_size:
        yield from ctx.ask(query(limit=ctx.default, offset=0), purpose=Purpose.WALK)


def _splits(ctx: ProbeContext) -> Flow[None]:
    """A page, and the same as two pages."""
    if min(ctx.total - 1, ctx.max_page_size) < 3:
        return
    draw = ctx.draw("splits")
    whole = draw.randint(3, min(ctx.max_page_size, ctx.total - 1, 40))
    offset = draw.randint(0, ctx.total - whole)
    left = draw.randint(1, whole - 1)
    yield from ctx.ask(query(limit=whole, offset=offset), purpose=Purpose.WALK)
    yield from ctx.ask(query(limit=left, offset=offset), purpose=Purpose.WALK)
    yield from ctx.ask(query(limit=whole - left, offset=offset + left), purpose=Purpose.WALK)


def _past_the_end(ctx: ProbeContext) -> Flow[None]:
    total = ctx.total
    for offset in (total, total + 1_200):  # a thousand past it even where the list grows meanwhile
        yield from ctx.ask(query(limit=min(10, ctx.max_page_size), offset=offset), purpose=Purpose.WALK)
    yield from ctx.ask(query(offset=total), purpose=Purpose.WALK)


def known_place(ctx: ProbeContext) -> int:
    """The last boundary at which a small page was read; the start of short lists."""
    return max((o for o in _BOUNDARIES if o < ctx.total - 1), default=0)


def _again(ctx: ProbeContext) -> Flow[None]:
    """The same once more: brackets the walks, and shows whether order is kept."""
    again = [query(limit=ctx.max_page_size, offset=0), ""]
    again.append(_at(ctx, known_place(ctx)))
    for one in again:
        yield from ctx.ask(one, purpose=Purpose.WALK)
