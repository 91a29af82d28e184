"""Subjects made of pages requested with `search`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from contracts.evidence import samples
from contracts.evidence.answers import Page, Profile, Selection
from contracts.evidence.evidence import Evidence
from contracts.evidence.filtered import FilteredWalk, Listing, by_selection, listings, other_size
from contracts.evidence.responses import within
from contracts.evidence.walks import Walk, chains, walks, whole_walks

# Words searched for that stand in no name begin so; what follows is drawn from the seed.
UNKNOWN_WORD = "zqx"


@dataclass(frozen=True, slots=True)
class Searched:
    """All pages of one search without other filters, its walks, and a walk of the whole list."""

    pages: tuple[Page, ...]
    walks: tuple[Walk, ...]
    listing: Listing | None
    known_profiles: dict[int, tuple[Page, Profile]]
    whole: Walk | None
    stretches: tuple[FilteredWalk, ...] = ()  # where what is found is too long for a listing


def searched(evidence: Evidence) -> Iterator[Searched]:
    """Each search term."""
    known = by_selection(evidence)
    whole = max(evidence.select(whole_walks), key=lambda w: w.limit, default=None)
    for selection, pages in evidence.by_selection.items():
        if selection == Selection(search=selection.search) and selection.search is not None:
            own = tuple(w for w in evidence.select(walks) if w.selection == selection)
            inside = tuple(within(pages))
            listing = known.get(selection)
            parts = () if listing else tuple(FilteredWalk(w, None, other_size(w, inside)) for w in own)
            yield Searched(inside, own, listing, evidence.known_profiles, whole, parts)


@dataclass(frozen=True, slots=True)
class SearchedAndFiltered:
    """A search with other filters, beside the search alone: whole listings, or stretches of both.

    `found` is what the search alone shows of the stretch, `ids` what the filtered search shows of that.
    """

    listing: Walk
    alone: Walk
    found: dict[int, tuple[Page, Profile]]
    ids: frozenset[int]


def searched_and_filtered(evidence: Evidence) -> Iterator[SearchedAndFiltered]:
    """Each search with other filters whose term was searched for alone too."""
    known = by_selection(evidence)
    for selection, listing in known.items():
        alone = known.get(Selection(search=selection.search))
        if selection.search is not None and alone is not None and alone is not listing:
            yield SearchedAndFiltered(listing.walk, alone.walk, alone.profiles, listing.ids)
    yield from _stretches(evidence, known.keys())


def _stretches(evidence: Evidence, listed: Iterable[Selection]) -> Iterator[SearchedAndFiltered]:
    """Where either is too long for a listing: what both show between profiles that they have in common."""
    for selection, pages in evidence.by_selection.items():
        alone = Selection(search=selection.search)
        if selection.search is None or selection == alone or {selection, alone} <= set(listed):
            continue
        for part, whole in itertools.product(chains(pages), chains(evidence.by_selection.get(alone, ()))):
            due = {profile.id: (page, profile) for page, profile in samples.due(Walk(part), Walk(whole))}
            if due:
                walk = Walk(part)
                yield SearchedAndFiltered(walk, Walk(whole), due, frozenset(due) & frozenset(walk.ids))


def is_honoured(evidence: Evidence) -> bool:
    """Whether some search changes what is selected."""
    return _honoured(evidence) is not None


def _honoured(evidence: Evidence) -> tuple[Page, Page] | None:
    if not evidence.unfiltered:
        return None
    every = evidence.unfiltered[-1]
    searched = [p for p in evidence.plain if p.selection == Selection(search=p.selection.search)]
    terms = [p for p in searched if p.selection.search is not None]
    other = max(terms, key=lambda p: abs(p.total - every.total), default=every)
    return None if other.total == every.total else (every, other)


@dataclass(frozen=True, slots=True)
class NameSearch:
    """The listing of a search for the whole name of a profile, or for a word that stands nowhere.

    `honoured` are a page without a search and one with another total under a search.
    """

    listing: Listing
    named: tuple[tuple[Page, Profile], ...]
    honoured: tuple[Page, Page]


def name_searches(evidence: Evidence) -> Iterator[NameSearch]:
    """Searches for names and for made-up words, where `search` is honoured."""
    honoured = _honoured(evidence)
    for listing in evidence.select(listings) if honoured else ():
        term = listing.selection.search
        if term is None or listing.selection != Selection(search=term):
            continue
        named = tuple(found for found in evidence.known_profiles.values() if found[1].raw.get("name") == term)
        if honoured and (named or term.startswith(UNKNOWN_WORD)):
            yield NameSearch(listing, named, honoured)
