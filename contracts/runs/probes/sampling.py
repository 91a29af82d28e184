"""What to ask of a list too long to be walked: its ends, places where lists break, and draws by lot."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.evidence.answers import ACCEPTED_INTEGER_MAX, Page, Profile
from contracts.evidence.samples import draws_for
from contracts.evidence.tagged import UNKNOWN_TAG
from contracts.model import Purpose
from contracts.runs.flow import Flow
from contracts.runs.probes.context import ProbeContext, query
from contracts.runs.probes.filters import Tags, encoded_letters, inexact_tags, triples

_PURPOSE = Purpose.FILTER

# Starts of pages drawn at most; fewer where the rate that they exclude is low enough before that.
DRAWS = 40
_ENOUGH = 0.05

_WITH_BOTH = 8  # boundaries of which both pages are read besides the one across, so that they make a walk
_SPECIAL = 6  # tags with characters that must be encoded
_FEW = 10  # profiles on a page: below, several pages are read where one would do
_HEAD = 20  # pages of the unfiltered list, and
_PART = 4  # of a filtered one, that are read where pages are so small


def windows(ctx: ProbeContext) -> Flow[None]:
    """Boundaries between pages: at fixed places with all that meets there, then by lot until it is enough."""
    fixed = fixed_boundaries(ctx)
    drawn = drawn_boundaries(ctx)
    if ctx.max_page_size < _FEW:
        yield from ctx.walk(ctx.max_page_size, purpose=Purpose.WALK, at_most=_HEAD)
    for boundary in fixed:
        if boundary > ctx.max_page_size:  # the first page is known
            yield from _page(ctx, boundary - ctx.max_page_size, Purpose.WALK)
        yield from _page(ctx, boundary, Purpose.WALK)
        yield from ctx.ask(_across(ctx, boundary), purpose=Purpose.WALK)
    for boundary in drawn[: max(0, _WITH_BOTH - len(fixed))]:  # what else meets there is read below
        yield from _page(ctx, boundary - ctx.max_page_size, Purpose.WALK)
    enough = min(DRAWS if ctx.max_page_size >= _FEW else DRAWS // 2, draws_for(_ENOUGH))
    for boundary in drawn[:enough]:
        page = yield from _page(ctx, boundary, Purpose.DRAWN_PAGE)
        answer = yield from ctx.ask(_across(ctx, boundary), purpose=Purpose.WALK)
        if page is not None and answer is not None and not _fit(page, answer.page):
            return  # what is broken is shown; more of it would show nothing new


def fixed_boundaries(ctx: ProbeContext) -> list[int]:
    """Where two of the largest pages meet: near the start, at powers of two, at round numbers, at the end."""
    most, last = ctx.max_page_size, ctx.total - ctx.max_page_size
    wanted = (most, 1_000, 4_096, 10_000, 65_536, 100_000, last)
    return sorted({place for place in wanted if most <= place <= last})


def drawn_boundaries(ctx: ProbeContext) -> list[int]:
    """Starts of pages after the first, each as likely as any other, in the order drawn."""
    pages = -(-min(ctx.total, ACCEPTED_INTEGER_MAX) // max(1, ctx.max_page_size))
    starts = range(1, max(1, pages))
    draw = ctx.draw("boundaries")
    return [ctx.max_page_size * n for n in draw.sample(starts, min(DRAWS, len(starts)))]


def _page(ctx: ProbeContext, offset: int, purpose: Purpose) -> Flow[Page | None]:
    return ctx.page(query(limit=ctx.max_page_size, offset=offset), purpose=purpose)


def _across(ctx: ProbeContext, boundary: int) -> str:
    before = min(3, ctx.max_page_size)
    return query(limit=min(7, max(2, ctx.max_page_size)), offset=boundary - before)


def _fit(page: Page, across: Page | None) -> bool:
    if across is None:
        return True
    common = range(max(page.offset, across.offset), min(page.end, across.end))
    return all(page.ids[n - page.offset] == across.ids[n - across.offset] for n in common)


# --- filters --------------------------------------------------------------------------------------


def filters(ctx: ProbeContext) -> Flow[None]:
    """The ends of what filters select, beside the ends of the whole list, and all their totals."""
    tags = Tags(_telling(ctx))
    for heads in (_active, _single_tags, _several_tags, _combined, _inexact, _odd_lists):
        yield from heads(ctx, tags)
    yield from _totals(ctx, tags)


def _telling(ctx: ProbeContext) -> tuple[Profile, ...]:
    """The profiles whose tags are asked for: those at the start, where pages are small and few are seen."""
    start = [page for page in ctx.evidence().unfiltered if page.end <= _HEAD * ctx.max_page_size]
    every = {profile.id: profile for page in start for profile in page.profiles}
    return tuple(every.values()) if ctx.max_page_size < _FEW else ctx.evidence().profiles


def _head(
    ctx: ProbeContext, *, is_active: bool | None = None, tags: Iterable[str] | str | None = None
) -> Flow[None]:
    """The start of a filtered list: one page, or a few where pages are small."""
    pages = _PART if ctx.max_page_size < _FEW else 1
    yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, at_most=pages, is_active=is_active, tags=tags)


def _small_pages(
    ctx: ProbeContext, *, is_active: bool | None = None, tags: list[str] | None = None
) -> Flow[None]:
    """The same in two pages of another size."""
    size = min(7, ctx.max_page_size - 1)
    if size > 0:
        yield from ctx.walk(size, purpose=_PURPOSE, at_most=2, is_active=is_active, tags=tags)


def _active(ctx: ProbeContext, _tags: Tags) -> Flow[None]:
    last = 0
    for value in (True, False):
        yield from _head(ctx, is_active=value)
        page = yield from ctx.page(query(is_active=value), purpose=_PURPOSE)
        last = page.total if page is not None else 0
        if last > ctx.max_page_size:
            yield from ctx.ask(
                query(limit=ctx.max_page_size, offset=last - ctx.max_page_size, is_active=value),
                purpose=_PURPOSE,
            )
    yield from _small_pages(ctx, is_active=True)
    yield from ctx.ask(
        query(limit=min(10, ctx.max_page_size), offset=last, is_active=False), purpose=_PURPOSE
    )
    yield from ctx.ask(query(offset=1, is_active=True), purpose=_PURPOSE)


def _single_tags(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    asked = [*tags.plain[:2], *(tags.nested or ()), *tags.special[:_SPECIAL], *tags.plain[-1:]]
    for tag in dict.fromkeys(asked):
        yield from _head(ctx, tags=[tag])
    for tag in tags.plain[:1]:
        yield from _head(ctx, tags=encoded_letters(tag))
        yield from _small_pages(ctx, tags=[tag])
        page = yield from ctx.page(query(tags=[tag]), purpose=_PURPOSE)
        if page is not None:
            past = query(limit=min(2, ctx.max_page_size), offset=page.total, tags=[tag])
            last = query(limit=ctx.max_page_size, offset=max(0, page.total - ctx.max_page_size), tags=[tag])
            for one in (past, last):
                yield from ctx.ask(one, purpose=_PURPOSE)


def _several_tags(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    for pair in tags.pairs:
        for order in (pair, pair[::-1]):
            yield from _head(ctx, tags=list(order))
    for three in triples(tags):
        yield from _head(ctx, tags=list(three))
    if tags.special and tags.plain:
        yield from _head(ctx, tags=[tags.special[0], tags.plain[0]])


def _combined(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    tag = tags.of_both_kinds
    if tag is None:
        return
    if tag not in tags.plain[:1]:
        yield from _head(ctx, tags=[tag])
    for value in (True, False):
        yield from _head(ctx, is_active=value, tags=[tag])
    yield from ctx.ask(f"{query(tags=[tag])}&is_active=false", purpose=_PURPOSE)
    for pair in tags.pairs[:1]:
        yield from _head(ctx, is_active=True, tags=list(pair))


def _inexact(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    """Fragments and patterns of known tags, other letter case, and a tag that nothing carries."""
    unknown = f"{UNKNOWN_TAG}{ctx.draw('unknown').getrandbits(40):010x}"
    for value in dict.fromkeys([*inexact_tags(tags), unknown]):
        yield from ctx.ask(query(limit=ctx.max_page_size, offset=0, tags=[value]), purpose=_PURPOSE)
    for known in tags.plain[:1]:
        yield from _head(ctx, tags=[known, unknown])


def _odd_lists(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    for one in (tags.plain or tags.ranked)[:1]:
        encoded = query(tags=[one]).removeprefix("tags=")
        for value in (f"{encoded},{encoded}", f"{encoded},", f",{encoded}"):
            yield from _head(ctx, tags=value)
    for pair in tags.pairs[:1]:
        first, other = (query(tags=[tag]).removeprefix("tags=") for tag in pair)
        for value in (f"{first},,{other}", f"{first},%20{other}"):
            yield from _head(ctx, tags=value)


def _totals(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    """Side by side, since they must add up: of all, of the active, of the inactive; the same with a tag."""
    chosen: list[list[str] | None] = [[tags.of_both_kinds]] if tags.of_both_kinds is not None else []
    for tag in (None, *chosen):
        for value in (None, True, False):
            yield from ctx.ask(query(limit=1, offset=0, is_active=value, tags=tag), purpose=_PURPOSE)
