"""What to ask of a list too long to be walked: its ends, places where lists break, and draws by lot."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.evidence.answers import ACCEPTED_INTEGER_MAX, Page, Profile
from contracts.evidence.samples import PAGE_DRAWN, draws_for
from contracts.evidence.tagged import UNKNOWN_TAG
from contracts.runs.probes.context import AskPage, Knowledge, Steps, query
from contracts.runs.probes.filters import Tags, encoded_letters, inexact_tags, triples

_WALK = "walk"
_FILTER = "filter"

# Starts of pages drawn at most; fewer where the rate that they exclude is low enough before that.
DRAWS = 40
_ENOUGH = 0.05

_WITH_BOTH = 8  # boundaries of which both pages are read besides the one across, so that they make a walk
_SPECIAL = 6  # tags with characters that must be encoded
_FEW = 10  # profiles on a page: below, several pages are read where one would do
_HEAD = 20  # pages of the unfiltered list, and
_PART = 4  # of a filtered one, that are read where pages are so small


def windows(know: Knowledge) -> Steps:
    """Boundaries between pages: at fixed places with all that meets there, then by lot until it is enough."""
    fixed = fixed_boundaries(know)
    drawn = drawn_boundaries(know)
    if know.most < _FEW:
        yield from know.walk(know.most, purpose=_WALK, at_most=_HEAD)
    for boundary in fixed:
        if boundary > know.most:  # the first page is known
            yield from _page(know, boundary - know.most, _WALK)
        yield from _page(know, boundary, _WALK)
        yield from know.ask(_across(know, boundary), purpose=_WALK)
    for boundary in drawn[: max(0, _WITH_BOTH - len(fixed))]:  # what else meets there is read below
        yield from _page(know, boundary - know.most, _WALK)
    enough = min(DRAWS if know.most >= _FEW else DRAWS // 2, draws_for(_ENOUGH))
    for boundary in drawn[:enough]:
        page = yield from _page(know, boundary, PAGE_DRAWN)
        answer = yield from know.ask(_across(know, boundary), purpose=_WALK)
        if page is not None and answer is not None and not _fit(page, answer.page):
            return  # what is broken is shown; more of it would show nothing new


def fixed_boundaries(know: Knowledge) -> list[int]:
    """Where two of the largest pages meet: near the start, at powers of two, at round numbers, at the end."""
    most, last = know.most, know.total - know.most
    wanted = (most, 1_000, 4_096, 10_000, 65_536, 100_000, last)
    return sorted({place for place in wanted if most <= place <= last})


def drawn_boundaries(know: Knowledge) -> list[int]:
    """Starts of pages after the first, each as likely as any other, in the order drawn."""
    pages = -(-min(know.total, ACCEPTED_INTEGER_MAX) // max(1, know.most))
    starts = range(1, max(1, pages))
    draw = know.draw("boundaries")
    return [know.most * n for n in draw.sample(starts, min(DRAWS, len(starts)))]


def _page(know: Knowledge, offset: int, purpose: str) -> AskPage:
    return know.page(query(limit=know.most, offset=offset), purpose=purpose)


def _across(know: Knowledge, boundary: int) -> str:
    before = min(3, know.most)
    return query(limit=min(7, max(2, know.most)), offset=boundary - before)


def _fit(page: Page, across: Page | None) -> bool:
    if across is None:
        return True
    common = range(max(page.offset, across.offset), min(page.end, across.end))
    return all(page.ids[n - page.offset] == across.ids[n - across.offset] for n in common)


# --- filters --------------------------------------------------------------------------------------


def filters(know: Knowledge) -> Steps:
    """The ends of what filters select, beside the ends of the whole list, and all their totals."""
    tags = Tags(_telling(know))
    for heads in (_active, _single_tags, _several_tags, _combined, _inexact, _odd_lists):
        yield from heads(know, tags)
    yield from _totals(know, tags)


def _telling(know: Knowledge) -> tuple[Profile, ...]:
    """The profiles whose tags are asked for: those at the start, where pages are small and few are seen."""
    start = [page for page in know.evidence().unfiltered if page.end <= _HEAD * know.most]
    every = {profile.id: profile for page in start for profile in page.profiles}
    return tuple(every.values()) if know.most < _FEW else know.evidence().profiles


def _head(
    know: Knowledge, *, is_active: bool | None = None, tags: Iterable[str] | str | None = None
) -> Steps:
    """The start of a filtered list: one page, or a few where pages are small."""
    pages = _PART if know.most < _FEW else 1
    yield from know.walk(know.most, purpose=_FILTER, at_most=pages, is_active=is_active, tags=tags)


def _small_pages(know: Knowledge, *, is_active: bool | None = None, tags: list[str] | None = None) -> Steps:
    """The same in two pages of another size."""
    size = min(7, know.most - 1)
    if size > 0:
        yield from know.walk(size, purpose=_FILTER, at_most=2, is_active=is_active, tags=tags)


def _active(know: Knowledge, _tags: Tags) -> Steps:
    last = 0
    for value in (True, False):
        yield from _head(know, is_active=value)
        page = yield from know.page(query(is_active=value), purpose=_FILTER)
        last = page.total if page is not None else 0
        if last > know.most:
            yield from know.ask(
                query(limit=know.most, offset=last - know.most, is_active=value), purpose=_FILTER
            )
    yield from _small_pages(know, is_active=True)
    yield from know.ask(query(limit=min(10, know.most), offset=last, is_active=False), purpose=_FILTER)
    yield from know.ask(query(offset=1, is_active=True), purpose=_FILTER)


def _single_tags(know: Knowledge, tags: Tags) -> Steps:
    asked = [*tags.plain[:2], *(tags.nested or ()), *tags.special[:_SPECIAL], *tags.plain[-1:]]
    for tag in dict.fromkeys(asked):
        yield from _head(know, tags=[tag])
    for tag in tags.plain[:1]:
        yield from _head(know, tags=encoded_letters(tag))
        yield from _small_pages(know, tags=[tag])
        page = yield from know.page(query(tags=[tag]), purpose=_FILTER)
        if page is not None:
            past = query(limit=min(2, know.most), offset=page.total, tags=[tag])
            last = query(limit=know.most, offset=max(0, page.total - know.most), tags=[tag])
            for one in (past, last):
                yield from know.ask(one, purpose=_FILTER)


def _several_tags(know: Knowledge, tags: Tags) -> Steps:
    for pair in tags.pairs:
        for order in (pair, pair[::-1]):
            yield from _head(know, tags=list(order))
    for three in triples(tags):
        yield from _head(know, tags=list(three))
    if tags.special and tags.plain:
        yield from _head(know, tags=[tags.special[0], tags.plain[0]])


def _combined(know: Knowledge, tags: Tags) -> Steps:
    tag = tags.of_both_kinds
    if tag is None:
        return
    if tag not in tags.plain[:1]:
        yield from _head(know, tags=[tag])
    for value in (True, False):
        yield from _head(know, is_active=value, tags=[tag])
    yield from know.ask(f"{query(tags=[tag])}&is_active=false", purpose=_FILTER)
    for pair in tags.pairs[:1]:
        yield from _head(know, is_active=True, tags=list(pair))


def _inexact(know: Knowledge, tags: Tags) -> Steps:
    """Fragments and patterns of known tags, other letter case, and a tag that nothing carries."""
    unknown = f"{UNKNOWN_TAG}{know.draw('unknown').getrandbits(40):010x}"
    for value in dict.fromkeys([*inexact_tags(tags), unknown]):
        yield from know.ask(query(limit=know.most, offset=0, tags=[value]), purpose=_FILTER)
    for known in tags.plain[:1]:
        yield from _head(know, tags=[known, unknown])


def _odd_lists(know: Knowledge, tags: Tags) -> Steps:
    for one in (tags.plain or tags.ranked)[:1]:
        encoded = query(tags=[one]).removeprefix("tags=")
        for value in (f"{encoded},{encoded}", f"{encoded},", f",{encoded}"):
            yield from _head(know, tags=value)
    for pair in tags.pairs[:1]:
        first, other = (query(tags=[tag]).removeprefix("tags=") for tag in pair)
        for value in (f"{first},,{other}", f"{first},%20{other}"):
            yield from _head(know, tags=value)


def _totals(know: Knowledge, tags: Tags) -> Steps:
    """Side by side, since they must add up: of all, of the active, of the inactive; the same with a tag."""
    chosen: list[list[str] | None] = [[tags.of_both_kinds]] if tags.of_both_kinds is not None else []
    for tag in (None, *chosen):
        for value in (None, True, False):
            yield from know.ask(query(limit=1, offset=0, is_active=value, tags=tag), purpose=_FILTER)
