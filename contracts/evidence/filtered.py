"""Subjects of filtered lists: all that a selection holds, both filters together, pages in company."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from contracts.evidence import samples
from contracts.evidence.answers import Page, Profile, Selection
from contracts.evidence.evidence import Evidence
from contracts.evidence.responses import PagePair, within
from contracts.evidence.walks import Walk, WalkPair, chains, walks


@dataclass(frozen=True)
class Listing:
    """The whole of one selection, from the complete walk with the fewest pages.

    Of a selection that is too long for that, a stretch: `universe` is then what the stretch would have to
    show of what was seen without a filter, and `basis` the pages that say so.
    """

    selection: Selection
    walk: Walk
    known_profiles: dict[int, tuple[Page, Profile]]
    basis: tuple[Page, ...] = ()

    @property
    def extent(self) -> tuple[int, ...]:
        """What two listings must have in common for their ids to be compared; empty for whole ones."""
        walk = self.walk
        return () if walk.complete else (walk.start, walk.limit, len(walk.pages))

    def writes(self, different: int) -> int:
        """How many writes it takes at least for so many profiles to differ: one may move all of a stretch."""
        return different if self.walk.complete else min(1, different)

    @cached_property
    def ids(self) -> frozenset[int]:
        """The ids that the selection holds."""
        return frozenset(self.walk.ids)

    @cached_property
    def profiles(self) -> dict[int, tuple[Page, Profile]]:
        """Its profiles by id, with their pages."""
        return {p.id: (page, p) for page in self.walk.pages for p in page.profiles}

    def missing(self) -> Iterator[tuple[Page, Profile]]:
        """What was seen without a filter but not here."""
        return (found for i, found in self.known_profiles.items() if i not in self.ids)


def listings(evidence: Evidence) -> Iterator[Listing]:
    """One listing for each selection that has a filter."""
    best: dict[Selection, Walk] = {}
    for walk in evidence.select(walks):
        known = best.get(walk.selection)
        if walk.complete and (known is None or len(walk.pages) < len(known.pages)):
            best[walk.selection] = walk
    for selection, walk in best.items():
        if not selection.unfiltered:
            yield Listing(selection, walk, evidence.known_profiles)


def by_selection(evidence: Evidence) -> dict[Selection, Listing]:
    """The listings by what they select."""
    return {listing.selection: listing for listing in evidence.select(listings)}


def listings_and_stretches(evidence: Evidence) -> Iterator[Listing]:
    """Listings; of the other selections each stretch that tells something."""
    whole = {listing.selection for listing in evidence.select(listings)}
    yield from evidence.select(listings)
    unfiltered = _widest(Walk(chain) for chain in chains(evidence.unfiltered))
    for selection, pages in evidence.by_selection.items():
        if selection not in whole and not selection.unfiltered and selection.search is None:
            for chain in chains(pages):
                yield from _stretches(Walk(chain), unfiltered)


def _widest(walks: Iterable[Walk]) -> list[Walk]:
    """The walk of the whole list in the fewest pages; all stretches where there is none."""
    known = list(walks)
    whole = [walk for walk in known if walk.complete]
    return [min(whole, key=lambda walk: len(walk.pages))] if whole else known


def _stretches(part: Walk, unfiltered: list[Walk]) -> Iterator[Listing]:
    for walk in unfiltered:
        known = samples.due(part, walk)
        if known:
            known_profiles = {profile.id: (page, profile) for page, profile in known}
            yield Listing(
                part.selection, part, known_profiles, tuple({page.number: page for page, _ in known}.values())
            )


def active_pages(evidence: Evidence) -> Iterator[Page]:
    """Pages filtered by is_active alone."""
    for page in evidence.plain:
        if page.selection.by_active:
            yield page


def active_listings(evidence: Evidence) -> Iterator[Listing]:
    """Listings by is_active alone."""
    for listing in evidence.select(listings_and_stretches):
        if listing.selection.by_active:
            yield listing


@dataclass(frozen=True, slots=True)
class Partition:
    """Pages that state the totals of all, of the active and of the inactive, with the same tags or none."""

    every: Page
    active: Page
    inactive: Page


def partitions(evidence: Evidence) -> Iterator[Partition]:
    """For each list of tags, and for none, the three totals, read as close together as there are."""
    for selection in evidence.by_selection:
        if selection.is_active is None and selection.search is None and selection.items == selection.wanted:
            every, active, inactive = (
                _within(evidence, replace(selection, is_active=value)) for value in (None, True, False)
            )
            triples = [
                Partition(_nearest(every, one), _nearest(active, one), one)
                for one in inactive
                if every and active
            ]
            if triples:
                yield min(triples, key=_spread)


def _spread(parts: Partition) -> int:
    numbers = (parts.every.number, parts.active.number, parts.inactive.number)
    return max(numbers) - min(numbers)


def _within(evidence: Evidence, selection: Selection) -> list[Page]:
    return [p for p in evidence.by_selection.get(selection, ()) if p.offset == 0 and p.query.limit != 0]


def _nearest(pages: list[Page], to: Page) -> Page:
    return min(pages, key=lambda page: abs(page.number - to.number))


@dataclass(frozen=True, slots=True)
class Combined:
    """All that `is_active` and `tags` together select, and every page read of it.

    `alone` is all that the same tags select without `is_active`, where both were read whole.
    """

    listing: Listing
    pages: tuple[Page, ...]
    alone: Listing | None = None


def combined(evidence: Evidence) -> Iterator[Combined]:
    """Listings under both filters."""
    whole = by_selection(evidence)
    for listing in evidence.select(listings_and_stretches):
        selection = listing.selection
        both = selection.is_active is not None and selection.items and selection.search is None
        if both and selection.items == selection.wanted:
            alone = whole.get(replace(selection, is_active=None)) if selection in whole else None
            yield Combined(listing, evidence.by_selection[selection], alone)


@dataclass(frozen=True, slots=True)
class FilteredPages:
    """All pages of one filtered selection that were read within its bounds, in the order of the requests.

    Where it is by two tags, `single` is a page of each of them alone, requested near the first of these.
    """

    pages: tuple[Page, ...]
    single: tuple[Page, ...] = ()


def filtered_pages(evidence: Evidence) -> Iterator[FilteredPages]:
    """The pages of each filtered selection; those past the end have their own requirement."""
    for selection, pages in evidence.by_selection.items():
        inside = within(pages)
        if inside and selection != Selection(search=selection.search):  # that has its own requirement
            yield FilteredPages(tuple(inside), _of_single_tags(evidence, inside[0]))


def _of_single_tags(evidence: Evidence, page: Page) -> tuple[Page, ...]:
    selection = page.selection
    if len(selection.items) != 2 or selection.items != selection.wanted or selection.spelling:
        return ()
    single = (within(evidence.by_selection.get(replace(selection, tags=t), ())) for t in selection.wanted)
    found = tuple(_nearest(pages, page) for pages in single if pages)
    return found if len(found) == len(selection.wanted) else ()


@dataclass(frozen=True, slots=True)
class FilteredWalk:
    """A walk of a filtered list, beside the listing with the fewest pages where there is one.

    Where there is none, `other` is a stretch in pages of another size.
    """

    walk: Walk
    listing: Listing | None
    other: Walk | None = None

    @property
    def sequences(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What the walk and the other stretch show at the positions that both cover."""
        return ((), ()) if self.other is None else WalkPair(self.walk, self.other).sequences


def filtered_walks(evidence: Evidence) -> Iterator[FilteredWalk]:
    """Filtered walks of two pages or more, and single pages from the middle of a filtered list."""
    known = by_selection(evidence)
    for walk in evidence.select(walks):
        selection = walk.selection
        if len(walk.pages) > 1 and not selection.unfiltered and selection.search is None:
            whole = walk.complete and selection in known
            other = None if whole else other_size(walk, evidence.by_selection[selection])
            yield FilteredWalk(walk, known.get(selection), other)
    for selection, pages in evidence.by_selection.items():
        if not selection.unfiltered and selection.search is None:
            yield from _pages_amid(pages)


def _pages_amid(pages: tuple[Page, ...]) -> Iterator[FilteredWalk]:
    """Single pages from the middle of a list, each beside a stretch that shows the same positions."""
    stretches = [Walk(chain) for chain in chains(pages)]
    for walk in stretches:
        if len(walk.pages) == 1 and walk.start and walk.ids:
            pairs = (WalkPair(walk, other) for other in stretches if other.limit != walk.limit)
            widest = max(pairs, key=lambda pair: len(pair.sequences[1]), default=None)
            if widest is not None and widest.sequences[1]:
                yield FilteredWalk(walk, None, widest.second)


def other_size(walk: Walk, pages: tuple[Page, ...]) -> Walk | None:
    """The stretch in pages of another size that has most in common with the walk."""
    pairs = [WalkPair(walk, Walk(chain)) for chain in chains(pages)]
    pairs = [pair for pair in pairs if pair.second.limit != walk.limit and len(pair.sequences[0]) > 1]
    return max(pairs, key=lambda pair: len(pair.sequences[0])).second if pairs else None


def filtered_page_pairs(evidence: Evidence) -> Iterator[PagePair]:
    """Every filtered page beside the unfiltered pages with the most profiles in common."""
    large = sorted(evidence.unfiltered, key=lambda p: -len(p.profiles))[:12]
    for page in evidence.plain:
        if not page.selection.unfiltered and page.profiles:
            yield from _beside(page, large)


def _beside(page: Page, candidates: list[Page]) -> Iterator[PagePair]:
    remaining = set(page.ids)
    for other in candidates:
        if remaining & other.by_id.keys():
            remaining -= other.by_id.keys()
            yield PagePair(other, page)
