"""What `is_active` must select, both filters together, and how filtered lists are counted and paged."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from contracts.evidence.answers import Page, Profile, Selection
from contracts.evidence.evidence import Evidence
from contracts.evidence.filtered import (
    ActiveListing,
    ActivePage,
    Combined,
    FilteredPagePair,
    FilteredPages,
    FilteredWalk,
    Listing,
    Partition,
)
from contracts.evidence.responses import max_limit_is_one, stand_alone
from contracts.evidence.walks import Walk
from contracts.judging.check import check
from contracts.judging.checks.tags import missing_from, strangers_on, wanted_by
from contracts.judging.checks.walk import on_two_pages, reads_otherwise
from contracts.model import Evidence as Class
from contracts.model import Violation

_BOTH_KINDS = "at least one active and one inactive profile"


def _both_kinds(evidence: Evidence) -> bool:
    kinds = {profile.active for profile in evidence.profiles}
    asked = {subject.page.selection.is_active for subject in evidence.subjects(ActivePage)}
    return {True, False} <= kinds and {True, False} <= asked


@check("FILTER-ACTIVE-MATCH", needs=_BOTH_KINDS, exercised=_both_kinds)
def page_matches_is_active(subject: ActivePage) -> Iterator[Violation]:
    """With `is_active`, every profile on the page has that value."""
    page = subject.page
    wanted = page.selection.is_active
    for position, profile in enumerate(page.profiles):
        if profile.active is not wanted:
            expected = f"is_active {str(wanted).lower()} on every profile"
            got = f"profile {profile.id} with is_active {str(profile.active).lower()}"
            pointer = f"/access_profiles/{position}/is_active"
            yield Violation(expected, got, (page.number,), pointer, writes=0)
            return


@check(
    "FILTER-ACTIVE-COMPLETE",
    needs=_BOTH_KINDS,
    exercised=_both_kinds,
    requires=("PAGE-LIMIT", "WALK-ONCE", "WALK-COMPLETE", "FILTER-ACTIVE-MATCH"),
    sampled="filters",
)
def is_active_selects_all_that_have_it(subject: ActiveListing) -> Iterator[Violation]:
    """Every profile of the unfiltered list with that value is in the filtered list."""
    wanted = subject.listing.selection.is_active
    yield from missing_from(subject.listing, lambda profile: profile.active is wanted)


@check(
    "FILTER-ACTIVE-PARTITION",
    needs=_BOTH_KINDS,
    exercised=_both_kinds,
    requires=("WALK-TOTAL", "FILTER-TOTAL", "FILTER-COMBINED"),
)
def totals_of_both_values_add_up(parts: Partition) -> Iterator[Violation]:
    """`is_active` is on every profile, so true and false divide the list, and what tags select of it."""
    total = parts.active.total + parts.inactive.total
    if total != parts.every.total:
        beside = "" if parts.every.selection.unfiltered else f" with {parts.every.selection}"
        expected = f"totals of true and false{beside} that add up to {parts.every.total}"
        got = f"{parts.active.total} + {parts.inactive.total} = {total}"
        numbers = (parts.every.number, parts.active.number, parts.inactive.number)
        writes = abs(total - parts.every.total)
        yield Violation(expected, got, numbers, "/total_count", writes=writes)


def _intersection_shown(evidence: Evidence) -> bool:
    return any(_telling(s.listing.selection, evidence.profiles) for s in evidence.subjects(Combined))


def _telling(selection: Selection, profiles: Iterable[Profile]) -> bool:
    """Whether some profile has both, and some only one of what is asked for."""
    tagged = [p for p in profiles if any(p.carries(tag) for tag in selection.wanted)]
    fitting = [p for p in tagged if p.active is selection.is_active]
    return 0 < len(fitting) < len(tagged)


@check(
    "FILTER-COMBINED",
    needs="a tag that an active and an inactive profile carry",
    exercised=_intersection_shown,
    requires=("FILTER-ACTIVE-MATCH", "FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT", "FILTER-TAGS-COMPLETE"),
    sampled="filters",
)
def both_filters_select_the_intersection(subject: Combined) -> Iterator[Violation]:
    """Every profile listed has both, and every profile that has both is listed."""
    listing = subject.listing
    wanted = listing.selection.is_active
    for page in subject.pages:
        strangers = dict(strangers_on(page))
        for position, profile in enumerate(page.profiles):
            if profile.active is not wanted or position in strangers:
                yield _not_both(page, position, profile)
                return
    carrying = wanted_by(listing)
    yield from missing_from(listing, lambda profile: profile.active is wanted and carrying(profile))
    if subject.alone is not None:
        yield from _less_than_both(listing, subject.alone)


def _less_than_both(listing: Listing, alone: Listing) -> Iterator[Violation]:
    """What the tags alone select, as they are read there, and has the value, is missing."""
    due = {i for i, (_, p) in alone.profiles.items() if p.active is listing.selection.is_active}
    missing = due - listing.ids
    if missing:
        expected = f"the {len(due)} profiles of {alone.selection} with this is_active"
        got = f"{len(missing)} of them are missing with {listing.selection}"
        numbers = tuple(dict.fromkeys((*alone.walk.numbers, *listing.walk.numbers)))
        yield Violation(expected, got, numbers, "/access_profiles", writes=listing.writes(len(missing)))


def _not_both(page: Page, position: int, profile: Profile) -> Violation:
    tags = ", ".join(map(repr, profile.tags)) or "no tag"
    got = f"profile {profile.id} with is_active {str(profile.active).lower()} and {tags}"
    expected = f"only profiles with {page.selection}"
    return Violation(
        expected, got, (page.number,), f"/access_profiles/{position}", evidence=Class.ONE, writes=0
    )


def _filter_selects_a_part(evidence: Evidence) -> bool:
    every = len(evidence.known_profiles)
    return any(0 < len(listing.ids) < every for listing in evidence.subjects(Listing))


@check(
    "FILTER-TOTAL",
    needs="a filter that selects some profiles and not others",
    exercised=_filter_selects_a_part,
    requires=("PAGE-LIMIT", "PAGE-FILL", "WALK-TOTAL"),
)
def total_counts_what_the_filters_select(subject: FilteredPages) -> Iterator[Violation]:
    """On every page of the selection, with `limit` and `offset` or without."""
    yield from totals(subject.pages)
    if subject.single:
        yield from _total_of_two_tags(subject.pages[0], *subject.single)


def _total_of_two_tags(page: Page, first: Page, second: Page) -> Iterator[Violation]:
    """All of two tags select no more than either alone; any of them no less, nor more than both together."""
    least, most = sorted((first.total, second.total))
    together = least + most
    if page.total <= least or most <= page.total <= together:
        return
    excess = page.total - together
    # A single write can take a profile from both tags.
    writes = -(-excess // 2) if excess > 0 else min(page.total - least, most - page.total)
    expected = f"total_count up to {least} (all of the tags), or {most} to {together} (any of them)"
    numbers = (first.number, second.number, page.number)
    yield Violation(expected, f"total_count {page.total}", numbers, "/total_count", writes=writes)


def totals(pages: tuple[Page, ...]) -> Iterator[Violation]:
    """Pages of one selection whose totals differ from each other or from what the pages hold."""
    for page in filter(stand_alone, pages):
        yield from end_of_list(page)
    for first, second in itertools.pairwise(pages):
        if first.total != second.total and stand_alone(first, second):
            expected = f"total_count {first.total} for {first.selection}, as the page before says"
            numbers = (first.number, second.number)
            writes = abs(first.total - second.total)
            yield Violation(expected, f"total_count {second.total}", numbers, "/total_count", writes=writes)


def end_of_list(page: Page) -> Iterator[Violation]:
    """A page that is not full is the last: it tells how many there are; an empty one, how many at most."""
    short = len(page.profiles) < page.limit
    last = short and bool(page.profiles or page.offset == 0)
    past = short and not last and page.total > page.offset
    if (last and page.total != page.end) or page.total < page.end or past:
        at_least = "" if last else "at most " if past else "at least "
        expected = f"total_count {at_least}{page.end}: what {page.selection} selects ends there"
        writes = abs(page.total - page.end)
        yield Violation(expected, f"total_count {page.total}", (page.number,), "/total_count", writes=writes)


def _filtered_walk_shown(evidence: Evidence) -> bool:
    walks = evidence.subjects(FilteredWalk)
    whole = any(s.walk.complete and s.listing and len(s.listing.ids) > 1 for s in walks)
    return whole or any(len(s.sequences[0]) > 1 for s in walks)


@check(
    "FILTER-PAGED",
    needs="a filter that selects at least two profiles",
    exercised=_filtered_walk_shown,
    inapplicable=max_limit_is_one,
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO", "WALK-ONCE", "WALK-COMPLETE"),
    sampled="filters",
)
def filtered_walk_yields_every_match_once(subject: FilteredWalk) -> Iterator[Violation]:
    """At every page size the same profiles as in one large page."""
    yield from on_two_pages(subject.walk)
    yield from filtered_walk(subject.walk, subject.listing)
    yield from _another_sequence(subject.walk, subject.listing)
    yield from two_sizes(subject)


def two_sizes(subject: FilteredWalk) -> Iterator[Violation]:
    """Where the list is too long for whole walks: the same profiles at the same positions."""
    one, other = subject.sequences
    if one != other and subject.other is not None:
        at = next(
            (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
        )
        position = max(subject.walk.start, subject.other.start) + at
        sizes = (f"in pages of {walk.limit}" for walk in (subject.walk, subject.other))
        expected, got = (
            f"{_id_at(ids, at)} at position {position} {size}"
            for ids, size in zip((one, other), sizes, strict=True)
        )
        numbers = tuple(sorted({*subject.walk.numbers, *subject.other.numbers}))
        yield Violation(f"with {subject.walk.selection} {expected}", got, numbers, "/access_profiles")


def _id_at(ids: tuple[int, ...], at: int) -> str:
    return f"id {ids[at]}" if at < len(ids) else "no profile"


def _another_sequence(walk: Walk, listing: Listing | None) -> Iterator[Violation]:
    """The same profiles at other places than in one large page; where each place holds one of them."""
    if not walk.complete or listing is None or sorted(walk.ids) != sorted(listing.walk.ids):
        return
    places = enumerate(zip(listing.walk.ids, walk.ids, strict=True))
    for place, (one, other) in places:
        if one != other:
            expected = f"with {walk.selection} id {one} at position {place} in pages of {listing.walk.limit}"
            numbers = tuple(dict.fromkeys((*listing.walk.numbers, *walk.numbers)))
            got = f"id {other} in pages of {walk.limit}"
            yield Violation(expected, got, numbers, "/access_profiles")
            return


def filtered_walk(walk: Walk, listing: Listing | None) -> Iterator[Violation]:
    """A complete walk that yields other profiles than the listing of its selection."""
    found = frozenset(walk.ids)
    if walk.complete and listing is not None and found != listing.ids:
        expected = (
            f"the {len(listing.ids)} profiles that {walk.selection} selects in pages of {listing.walk.limit}"
        )
        got = f"{len(found)} in pages of {walk.limit}, {len(found ^ listing.ids)} of them different"
        numbers = tuple(dict.fromkeys((*listing.walk.numbers, *walk.numbers)))
        yield Violation(expected, got, numbers, "/access_profiles", writes=len(found ^ listing.ids))


@check(
    "FILTER-ORDER",
    needs="a filter that selects at least two profiles",
    exercised=lambda e: any(len(b.common) > 1 for b in e.subjects(FilteredPagePair)),
    inapplicable=max_limit_is_one,
    requires=("PAGE-UNIQUE", "WALK-ORDER", "WALK-REPEAT"),
)
def filtered_list_keeps_the_order(beside: FilteredPagePair) -> Iterator[Violation]:
    """Relative order of profiles that read the same on both pages; a search may rank what it finds."""
    filtered, whole = beside.filtered, beside.unfiltered
    if filtered.selection.search is not None:
        return
    rank = {identity: i for i, identity in enumerate(whole.ids)}
    steady = [i for i in beside.common if filtered.by_id[i].reads_like(whole.by_id[i])]
    for before, after in itertools.pairwise(steady):
        if rank[before] > rank[after]:
            expected = f"id {after} before id {before}, as without a filter"
            got = f"id {before} before id {after} with {filtered.selection}"
            yield Violation(expected, got, (whole.number, filtered.number), "/access_profiles", writes=0)
            return


@check(
    "FILTER-SAME-PROFILE",
    needs="a filter that selects a profile",
    exercised=lambda e: any(b.common for b in e.subjects(FilteredPagePair)),
    requires=("WALK-CONTENT",),
)
def profile_reads_the_same_under_a_filter(beside: FilteredPagePair) -> Iterator[Violation]:
    """What moves by itself aside."""
    filtered, whole = beside.filtered, beside.unfiltered
    found = reads_otherwise(whole, filtered)
    if found is not None:
        identity, difference, pointer = found
        expected = f"profile {identity} as without a filter"
        got = f"{difference} with {filtered.selection}"
        yield Violation(expected, got, (whole.number, filtered.number), pointer)
