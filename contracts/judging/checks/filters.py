"""What `is_active` must select, both filters together, and how filtered lists are counted and paged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contracts.evidence.answers import Page, Profile, Selection
from contracts.evidence.evidence import Evidence
from contracts.evidence.filtered import (
    Combined,
    FilteredPages,
    FilteredWalk,
    Listing,
    Partition,
    active_listings,
    active_pages,
    combined,
    filtered_page_pairs,
    filtered_pages,
    filtered_walks,
    listings,
    partitions,
)
from contracts.evidence.responses import PagePair, max_limit_is_one
from contracts.evidence.walks import Walk
from contracts.judging.check import check
from contracts.judging.checks.tags import strangers_on, wanted_by
from contracts.judging.relations import (
    complete,
    consistent_totals,
    places,
    same_content,
    same_members,
    same_order,
    same_sequence,
    sums,
    unique_in,
)
from contracts.model import EvidenceClass, Violation

_BOTH_VALUES = "at least one active and one inactive item"


def _both_values(evidence: Evidence) -> bool:
    seen = {profile.active for profile in evidence.profiles}
    requested = {page.selection.is_active for page in evidence.select(active_pages)}
    return {True, False} <= seen and {True, False} <= requested


def _shown(item: Profile) -> str:
    """What was received as `is_active`, whatever its type, cut short."""
    if "is_active" not in item.raw:
        return "no is_active"
    return f"is_active {str(item.raw['is_active']).lower()[:60]}"


@check("FILTER-ACTIVE-MATCH", active_pages, needs=_BOTH_VALUES, exercised=_both_values)
def page_matches_is_active(page: Page) -> Iterator[Violation]:
    """With `is_active`, every item on the page has that value."""
    wanted = page.selection.is_active
    for index, item in enumerate(page.profiles):
        if item.active is not wanted:
            expected = f"is_active {str(wanted).lower()} on every item"
            got = f"id {item.id} with {_shown(item)}"
            yield Violation(expected, got, (page.at_item(index, "/is_active", "/id"),), min_writes=0)
            return


@check(
    "FILTER-ACTIVE-COMPLETE",
    active_listings,
    needs=_BOTH_VALUES,
    exercised=_both_values,
    requires=("PAGE-LIMIT", "WALK-ONCE", "WALK-COMPLETE", "FILTER-ACTIVE-MATCH"),
    sampled="filters",
)
def is_active_selects_all_that_have_it(listing: Listing) -> Iterator[Violation]:
    """Every item of the unfiltered list with that value is in the filtered list."""
    wanted = listing.selection.is_active
    yield from complete(listing, lambda item: item.active is wanted, "/is_active")


@check(
    "FILTER-ACTIVE-PARTITION",
    partitions,
    needs=_BOTH_VALUES,
    exercised=_both_values,
    requires=("WALK-TOTAL", "FILTER-TOTAL", "FILTER-COMBINED"),
)
def totals_of_both_values_add_up(parts: Partition) -> Iterator[Violation]:
    """`is_active` is on every item, so true and false divide the list, and what tags select of it."""
    selection = parts.every.selection
    beside = "" if selection.unfiltered else f" with {selection}"
    rule = f"total_count of is_active=true and of is_active=false to add up to that of both{beside}"
    yield from sums(parts.every, (parts.active, parts.inactive), rule)


def _intersection_shown(evidence: Evidence) -> bool:
    return any(_telling(s.listing.selection, evidence.profiles) for s in evidence.select(combined))


def _telling(selection: Selection, profiles: Iterable[Profile]) -> bool:
    """Whether some item has both, and some only one of what is requested."""
    tagged = [p for p in profiles if any(p.carries(tag) for tag in selection.wanted)]
    fitting = [p for p in tagged if p.active is selection.is_active]
    return 0 < len(fitting) < len(tagged)


@check(
    "FILTER-COMBINED",
    combined,
    needs="a tag that an active and an inactive item carry",
    exercised=_intersection_shown,
    requires=("FILTER-ACTIVE-MATCH", "FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT", "FILTER-TAGS-COMPLETE"),
    sampled="filters",
)
def both_filters_select_the_intersection(subject: Combined) -> Iterator[Violation]:
    """Every item listed matches both, and every item that matches both is listed."""
    listing = subject.listing
    wanted = listing.selection.is_active
    foreign = next((found for page in subject.pages for found in _foreign(page)), None)
    if foreign is not None:
        yield foreign
        return
    carrying = wanted_by(listing)
    members = ("/is_active", "/tags")
    yield from complete(listing, lambda item: item.active is wanted and carrying(item), *members)
    if subject.alone is not None:
        yield from _lost_beside(listing, subject.alone)


def _foreign(page: Page) -> Iterator[Violation]:
    strangers = dict(strangers_on(page))
    for index, item in enumerate(page.profiles):
        if item.active is not page.selection.is_active or index in strangers:
            tags = ", ".join(map(repr, item.tags)) or "no tag"
            got = f"id {item.id} with {_shown(item)} and {tags}"
            at = (page.at_item(index, "/id", "/is_active", "/tags"),)
            expected = f"only items that match {page.selection}"
            yield Violation(expected, got, at, EvidenceClass.RESPONSE, min_writes=0)


def _lost_beside(listing: Listing, alone: Listing) -> Iterator[Violation]:
    """Items that the tags alone select, as they are read there, and that have the value, are listed."""
    matching = {i for i, (_, p) in alone.profiles.items() if p.active is listing.selection.is_active}
    missing = sorted(matching - listing.ids)
    if missing:
        page, item = alone.profiles[missing[0]]
        shown = page.at_item(page.ids.index(item.id), "/id", "/is_active", "/tags")
        expected = f"id {item.id} with {listing.selection}: request #{page.number} shows that it matches"
        got = f"a list without id {item.id}"
        at = places(*alone.walk.at("items"), shown, *listing.walk.at("items"))
        yield Violation(expected, got, at, min_writes=listing.writes(len(missing)))


def _filter_selects_a_part(evidence: Evidence) -> bool:
    every = len(evidence.known_profiles)
    return any(0 < len(listing.ids) < every for listing in evidence.select(listings))


@check(
    "FILTER-TOTAL",
    filtered_pages,
    needs="a filter that selects some items and not others",
    exercised=_filter_selects_a_part,
    requires=("PAGE-LIMIT", "PAGE-FILL", "WALK-TOTAL"),
)
def total_counts_what_the_filters_select(subject: FilteredPages) -> Iterator[Violation]:
    """On every page of the selection, with `limit` and `offset` or without."""
    yield from consistent_totals(subject.pages)
    if subject.single:
        yield from _total_of_two_tags(subject.pages[0], *subject.single)


def _total_of_two_tags(page: Page, first: Page, second: Page) -> Iterator[Violation]:
    """All of two tags select no more than either alone; any of them no less, nor more than both together."""
    least, most = sorted((first.total, second.total))
    together = least + most
    if page.total <= least or most <= page.total <= together:
        return
    excess = page.total - together
    # A single write can take an item from both tags.
    writes = -(-excess // 2) if excess > 0 else min(page.total - least, most - page.total)
    expected = (
        f"total_count up to {least} (all of the tags), or {most} to {together} (any of them): "
        f"request #{first.number} shows {first.total}, request #{second.number} shows {second.total}"
    )
    at = tuple(one.at("total") for one in (first, second, page))
    yield Violation(expected, f"total_count {page.total}", at, min_writes=writes)


def _filtered_walk_shown(evidence: Evidence) -> bool:
    walks = evidence.select(filtered_walks)
    whole = any(s.walk.complete and s.listing and len(s.listing.ids) > 1 for s in walks)
    return whole or any(len(s.sequences[0]) > 1 for s in walks)


@check(
    "FILTER-PAGED",
    filtered_walks,
    needs="a filter that selects at least two items",
    exercised=_filtered_walk_shown,
    inapplicable=max_limit_is_one,
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO", "WALK-ONCE", "WALK-COMPLETE"),
    sampled="filters",
)
def filtered_walk_yields_every_match_once(subject: FilteredWalk) -> Iterator[Violation]:
    """At every page size the same items, at the same positions."""
    walk, listing = subject.walk, subject.listing
    yield from unique_in(walk)
    if listing is not None:
        yield from same_members(listing, walk)
        if walk.complete and sorted(walk.ids) == sorted(listing.walk.ids):
            yield from same_positions(listing.walk, walk)
    if subject.other is not None:
        yield from same_positions(walk, subject.other)


def same_positions(walk: Walk, other: Walk) -> Iterator[Violation]:
    """Two walks of one selection show the same items at the same positions."""
    yield from same_sequence(walk, other, f"the same items with {walk.selection} at every page size")


@check(
    "FILTER-ORDER",
    filtered_page_pairs,
    needs="a filter that selects at least two items",
    exercised=lambda e: any(len(pair.common) > 1 for pair in e.select(filtered_page_pairs)),
    inapplicable=max_limit_is_one,
    requires=("PAGE-UNIQUE", "WALK-ORDER", "WALK-REPEAT"),
)
def filtered_list_keeps_the_order(pair: PagePair) -> Iterator[Violation]:
    """Relative order of items that read the same on both pages; a search may rank what it finds."""
    filtered = pair.second
    if filtered.selection.search is None:
        rule = f"the same order with {filtered.selection} as without a filter"
        yield from same_order(pair.first, filtered, rule)


@check(
    "FILTER-SAME-PROFILE",
    filtered_page_pairs,
    needs="a filter that selects an item",
    exercised=lambda e: any(pair.common for pair in e.select(filtered_page_pairs)),
    requires=("WALK-CONTENT",),
)
def item_reads_the_same_under_a_filter(pair: PagePair) -> Iterator[Violation]:
    """Volatile members aside."""
    rule = f"an item to read the same with {pair.second.selection} as without a filter"
    yield from same_content(pair.first, pair.second, rule)
