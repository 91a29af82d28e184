"""What pages must be to each other: the WALK requirements, on the list without filters."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.evidence.evidence import Evidence
from contracts.evidence.responses import PagePair, max_limit_is_one, total_pairs
from contracts.evidence.walks import Walk, WalkPair, list_walks, overlaps, repeats, visits, walk_pairs
from contracts.judging.check import check
from contracts.judging.relations import (
    disagreement,
    first_difference,
    item_at,
    places,
    same_content,
    same_order,
    same_sequence,
    same_total,
    turned_pair,
    unique_in,
)
from contracts.model import EvidenceClass, Violation

_TWO = "a list of at least two items"
_ENOUGH_STRETCHES = 5


def _two_pages_walked(evidence: Evidence) -> bool:
    return any(walk.pages[1].profiles for walk in evidence.select(list_walks))


def _walked_to_the_end(evidence: Evidence) -> bool:
    """By a whole walk, or, where the list is too long for one, by stretches of which one ends it."""
    walks = [walk for walk in evidence.select(list_walks) if walk.pages[1].profiles]
    whole = any(walk.complete for walk in walks)
    ends = any(walk.start and walk.pages[-1].end >= walk.total for walk in walks)
    return whole or (ends and len(walks) >= _ENOUGH_STRETCHES)


@check(
    "WALK-COMPLETE",
    list_walks,
    needs=_TWO,
    exercised=_walked_to_the_end,
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO"),
    sampled="boundaries",
    exhaustive="list",
)
def walk_yields_total_count(walk: Walk) -> Iterator[Violation]:
    """Distinct items, so that a repeat cannot make up for one that is skipped.

    A long list is walked in stretches: each yields as many as it covers positions.
    """
    found = len(set(walk.ids))
    if found != walk.expected_count:
        stretch = f"{len(walk.pages)} pages of {walk.limit} from offset {walk.start}"
        expected = f"{walk.expected_count} distinct ids on {stretch}, with total_count {walk.total}"
        at = places(*walk.at("items", "limit", "offset"), walk.pages[-1].at("total"))
        writes = abs(found - walk.expected_count)
        yield Violation(expected, f"{found} distinct ids", at, min_writes=writes)


@check(
    "WALK-ONCE",
    visits,
    needs=_TWO,
    exercised=_two_pages_walked,
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO"),
    sampled="boundaries",
    exhaustive="list",
)
def walk_visits_each_once(walk: Walk) -> Iterator[Violation]:
    """No item on two pages of a walk."""
    yield from unique_in(walk)


def _two_offsets(evidence: Evidence) -> bool:
    return len({p.offset for p in evidence.unfiltered if p.profiles}) > 1


@check("WALK-TOTAL", total_pairs, needs=_TWO, exercised=_two_offsets)
def total_count_is_the_same_everywhere(pair: PagePair) -> Iterator[Violation]:
    """Whatever `limit` and `offset` are."""
    yield from same_total(pair.first, pair.second, "the same total_count on every page")


@check(
    "WALK-ORDER",
    walk_pairs,
    needs=_TWO,
    exercised=lambda e: bool(e.select(walk_pairs)),
    inapplicable=max_limit_is_one,
    sampled="boundaries",
)
def order_does_not_depend_on_page_size(pair: WalkPair) -> Iterator[Violation]:
    """Unchanged items keep their order; at which position is WALK-SPLIT's, if pages have two in common."""
    pages = list(pair.pages)
    turned = next(((a, b) for a, b in pages if turned_pair(a, b)), None)
    if turned is not None:
        yield from same_order(*turned, "the same order at every page size")
    elif not pages and set(pair.sequences[0]) == set(pair.sequences[1]):
        yield from same_sequence(pair.first, pair.second, "the same sequence at every page size")


@check(
    "WALK-SPLIT",
    overlaps,
    needs=_TWO,
    exercised=lambda e: any(pair.first.profiles for pair in e.select(overlaps)),
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO", "WALK-REPEAT"),
    sampled="boundaries",
)
def pages_agree_where_they_overlap(pair: PagePair) -> Iterator[Violation]:
    """page(o, a+b) is page(o, a) followed by page(o+a, b): each position holds one item."""
    pages = (pair.first, pair.second)
    for position in pair.positions:
        ids = [page.ids[position - page.offset] for page in pages]
        if ids[0] != ids[1]:
            turned = turned_pair(*pages)
            sides = (item_at(page, position - page.offset) for page in pages)
            rule = "one item at each position, however pages are cut"
            if turned:
                yield disagreement(rule, *sides, evidence=EvidenceClass.ORDER, min_writes=0)
            else:
                yield disagreement(rule, *sides)
            return


def _repeated(evidence: Evidence) -> bool:
    least = 1 if max_limit_is_one(evidence) else 2
    return any(len(pair.first.ids) >= least for pair in evidence.select(repeats))


@check("WALK-REPEAT", repeats, needs=_TWO, exercised=_repeated)
def same_request_gives_same_items(pair: PagePair) -> Iterator[Violation]:
    """Other items may have come by a write; another order of unchanged ones may not."""
    first, second = pair.first, pair.second
    if first.ids == second.ids:
        return
    rule = "the same items in the same order when a request is repeated"
    if turned_pair(first, second):
        yield from same_order(first, second, rule)
    else:
        index = first_difference(first.ids, second.ids)
        sides = (item_at(page, index) for page in (first, second))
        yield disagreement(rule, *sides, evidence=EvidenceClass.STABLE)


@check(
    "WALK-CONTENT",
    overlaps,
    needs="a list that is not empty",
    exercised=lambda e: any(
        pair.first.limit != pair.second.limit and pair.first.profiles for pair in e.select(overlaps)
    ),
    inapplicable=max_limit_is_one,
    requires=("PAGE-UNIQUE",),
    sampled="boundaries",
)
def item_reads_the_same_on_every_page(pair: PagePair) -> Iterator[Violation]:
    """Volatile members aside."""
    yield from same_content(pair.first, pair.second, "an item to read the same on every page")
