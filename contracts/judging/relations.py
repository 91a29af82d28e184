"""Relations between responses, each written once; checks compose them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from contracts.evidence.answers import Answer, Page, Profile, stable_value
from contracts.evidence.filtered import Listing
from contracts.evidence.responses import stand_alone
from contracts.evidence.walks import Walk
from contracts.model import VOLATILE, EvidenceClass, Place, Violation

Side = tuple[Place, str]


def places(*found: Place) -> tuple[Place, ...]:
    """The places, one for each exchange, with the facts of all that name it; the last stays last."""
    merged: dict[int, tuple[str, ...]] = {}
    for place in found:
        merged[place.exchange] = tuple(dict.fromkeys((*merged.pop(place.exchange, ()), *place.facts)))
    return tuple(Place(number, facts) for number, facts in merged.items())


def disagreement(
    rule: str,
    first: Side,
    second: Side,
    *,
    context: Iterable[Place] = (),
    evidence: EvidenceClass | None = None,
    min_writes: int = 1,
) -> Violation:
    """A violation of two responses of which neither is known to be right; `context` is what makes it one."""
    (one, shown), (other, shown_there) = first, second
    got = f"request #{one.exchange} shows {shown}, request #{other.exchange} shows {shown_there}"
    return Violation(rule, got, places(*context, one, other), evidence, min_writes)


def succeeded(answer: Answer) -> bool:
    """Whether the status is 200."""
    return answer.status == 200


def refused(answer: Answer) -> bool:
    """Whether the status is 4xx."""
    return 400 <= answer.status < 500


def position_of(page: Page, identity: int) -> int:
    """The index of an id on a page."""
    return page.ids.index(identity)


# --- totals -----------------------------------------------------------------------------------------


def same_total(first: Page, second: Page, rule: str) -> Iterator[Violation]:
    """Both state the same total."""
    if first.total != second.total:
        sides = ((page.at("total"), f"total_count {page.total}") for page in (first, second))
        yield disagreement(rule, *sides, min_writes=abs(first.total - second.total))


def sums(whole: Page, parts: tuple[Page, Page], rule: str) -> Iterator[Violation]:
    """The totals of two parts add up to that of the whole."""
    one, other = (part.total for part in parts)
    if one + other != whole.total:
        shown = (page.at("total") for page in (whole, *parts))
        got = f"{one} + {other} = {one + other}, and total_count {whole.total} for both"
        yield Violation(rule, got, tuple(shown), min_writes=abs(one + other - whole.total))


def ends_with_total(page: Page) -> Iterator[Violation]:
    """A page that is not full is the last, so it shows the total; an empty one, how many there are at most.

    This page alone does not show whether the total is wrong or items are missing.
    """
    short = len(page.profiles) < page.limit
    last = short and bool(page.profiles or page.offset == 0)
    past = short and not last and page.total > page.offset
    if (last and page.total != page.end) or page.total < page.end or past:
        expected = "a page shorter than its limit to be the last, and total_count to count up to its end"
        got = (
            f"{len(page.profiles)} items from offset {page.offset} with limit {page.limit}, "
            f"which ends at {page.end}, and total_count {page.total}"
        )
        at = (page.at("items", "limit", "offset", "total"),)
        yield Violation(expected, got, at, min_writes=abs(page.total - page.end))


def consistent_totals(pages: Sequence[Page]) -> Iterator[Violation]:
    """Pages of one selection state the same total, and one that fits what they hold."""
    for page in filter(stand_alone, pages):
        yield from ends_with_total(page)
    for first, second in itertools.pairwise(pages):
        if stand_alone(first, second):
            yield from same_total(first, second, f"the same total_count on every page with {first.selection}")


# --- order ------------------------------------------------------------------------------------------


def same_order(first: Page, second: Page, rule: str) -> Iterator[Violation]:
    """Items that read the same on both pages stand in the same order."""
    turned = turned_pair(first, second)
    if turned is not None:
        before, after = turned
        sides = (
            (page.at_items((position_of(page, a), position_of(page, b))), f"id {a} before id {b}")
            for page, a, b in ((first, after, before), (second, before, after))
        )
        yield disagreement(rule, *sides, evidence=EvidenceClass.ORDER, min_writes=0)


def turned_pair(first: Page, second: Page) -> tuple[int, int] | None:
    """Two neighbours on the second page, unchanged, that stand in the opposite order on the first."""
    rank = {identity: i for i, identity in enumerate(first.ids)}
    common = [i for i in second.ids if i in rank and first.by_id[i].reads_like(second.by_id[i])]
    return next(((a, b) for a, b in itertools.pairwise(common) if rank[a] > rank[b]), None)


def same_sequence(first: Walk, second: Walk, rule: str) -> Iterator[Violation]:
    """Both show the same id at every position that both cover."""
    start, one, other = common_stretch(first, second)
    if one != other:
        position = start + first_difference(one, other)
        sides = (_item_at_position(walk, position) for walk in (first, second))
        yield disagreement(rule, *sides, context=(*first.at(), *second.at()))


def common_stretch(first: Walk, second: Walk) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """The first position that both walks cover, and what each shows from there on."""
    start = max(first.start, second.start)
    end = min(first.start + len(first.ids), second.start + len(second.ids))
    return start, first.between(start, end), second.between(start, end)


def _item_at_position(walk: Walk, position: int) -> Side:
    """What a walk shows there, counted as it was met: a page may be short."""
    index = position - walk.start
    for page in walk.pages:
        if index < len(page.ids):
            return item_at(page, index)
        index -= len(page.ids)
    return item_at(walk.pages[-1], len(walk.pages[-1].ids))


def item_at(page: Page, index: int) -> Side:
    """The id at an index of a page, or that there is none."""
    where = f"at position {page.offset + index}"
    if index < len(page.ids):
        return page.at_item(index, "/id"), f"id {page.ids[index]} {where}"
    return page.at("items"), f"no item {where}"


def first_difference(first: Sequence[int], second: Sequence[int]) -> int:
    """The first index at which two sequences differ; the length of the shorter where none does."""
    differing = (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    return next(differing, min(len(first), len(second)))


# --- what is listed ---------------------------------------------------------------------------------


def unique_on(page: Page) -> Iterator[Violation]:
    """No id stands twice on a page."""
    seen: dict[int, int] = {}
    for position, identity in enumerate(page.ids):
        first = seen.setdefault(identity, position)
        if first != position:
            got = f"id {identity} at index {first} and at index {position}"
            yield Violation("every id once", got, (page.at_items((first, position)),))
            return


def unique_in(walk: Walk) -> Iterator[Violation]:
    """No id stands on two pages of a walk; without the pages between them it would be no walk."""
    seen: dict[int, Page] = {}
    for page in walk.pages:
        for position, identity in enumerate(page.ids):
            first = seen.setdefault(identity, page)
            if first is not page:
                places = (first.at_item(position_of(first, identity), "/id"), page.at_item(position, "/id"))
                sides = ((place, f"id {identity}") for place in places)
                between = walk.pages[walk.pages.index(first) : walk.pages.index(page)]
                yield disagreement("every id on one page", *sides, context=[p.at() for p in between])
                return


def complete(listing: Listing, selected: Callable[[Profile], bool], *members: str) -> Iterator[Violation]:
    """Every item that was seen without a filter and is selected is listed; `members` show that it is."""
    lacking = [(page, item) for page, item in listing.missing() if selected(item)]
    if lacking:
        page, item = lacking[0]
        shown = page.at_item(position_of(page, item.id), "/id", *members)
        expected = f"id {item.id} with {listing.selection}: request #{page.number} shows that it matches"
        more = f", nor {len(lacking) - 1} more that match" if len(lacking) > 1 else ""
        got = f"{len(listing.ids)} items, without id {item.id}{more}"
        context = (*(one.at() for one in listing.basis), shown, *listing.walk.at("items"))
        yield Violation(expected, got, places(*context), min_writes=listing.writes(len(lacking)))


def same_members(listing: Listing, walk: Walk) -> Iterator[Violation]:
    """A complete walk yields the items of the listing."""
    found = frozenset(walk.ids)
    different = sorted(found ^ listing.ids)
    if walk.complete and different:
        sides = (
            (one.pages[-1].at("items"), _with_or_without(ids, different[0], one.limit))
            for one, ids in ((listing.walk, listing.ids), (walk, found))
        )
        rule = f"the same items with {walk.selection} at every page size"
        context = (*listing.walk.at("items"), *walk.at("items"))
        yield disagreement(rule, *sides, context=context, min_writes=len(different))


def _with_or_without(ids: frozenset[int], identity: int, size: int) -> str:
    word = "with" if identity in ids else "without"
    return f"the last of {len(ids)} items {word} id {identity} in pages of {size}"


# --- what an item says ------------------------------------------------------------------------------


def same_content(first: Page, second: Page, rule: str) -> Iterator[Violation]:
    """An item reads the same on both pages, volatile members aside."""
    for position, item in enumerate(second.profiles):
        twin = first.by_id.get(item.id)
        if twin is not None and not twin.reads_like(item):
            yield _difference(rule, (first, position_of(first, item.id), twin), (second, position, item))
            return


def _difference(rule: str, *sides: tuple[Page, int, Profile]) -> Violation:
    (_, _, one), (_, _, other) = sides
    member = next(iter(different_members(one.raw, other.raw)), "")
    pointer = f"/{member.replace('~', '~0').replace('/', '~1')}" if member else ""
    shown = (
        (page.at_item(index, "/id", pointer), f"id {item.id} with {_value(item.raw, member)}")
        for page, index, item in sides
    )
    return disagreement(rule, *shown)


def _value(raw: dict[str, object], member: str) -> str:
    if member not in raw:
        return f"no {member}" if member else "other nested members"
    value = raw[member]
    return f"another {member}" if isinstance(value, dict | list) else f"{member} {value!r:.60}"


def different_members(first: dict[str, object], second: dict[str, object]) -> list[str]:
    """The members in which two JSON objects differ."""
    names = sorted((first.keys() | second.keys()) - VOLATILE)
    return [n for n in names if stable_value(first.get(n, "absent")) != stable_value(second.get(n, "absent"))]


# --- whole pages ------------------------------------------------------------------------------------

ENVELOPE = ("items", "count", "total", "limit", "offset")


def same_page(page: Page, other: Page) -> bool:
    """Whether ids and numbers are the same."""
    return page.ids == other.ids and _numbers(page) == _numbers(other)


def agree(page: Page, other: Page) -> bool:
    """Whether the totals are the same, and the ids as far as both go."""
    length = min(len(page.ids), len(other.ids))
    return page.total == other.total and page.ids[:length] == other.ids[:length]


def _numbers(page: Page) -> tuple[int, ...]:
    return (page.count, page.total, page.limit, page.offset)


def shape(page: Page) -> str:
    """The page in words: `5 items, limit 5, offset 0, total_count 137`."""
    return f"{len(page.ids)} items, limit {page.limit}, offset {page.offset}, total_count {page.total}"
