"""What `search` must select, where it is honoured: the SEARCH requirements."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.evidence.answers import Profile
from contracts.evidence.evidence import Evidence
from contracts.evidence.filtered import Listing
from contracts.evidence.search import (
    NameSearch,
    Searched,
    SearchedAndFiltered,
    is_honoured,
    name_searches,
    searched,
    searched_and_filtered,
)
from contracts.evidence.walks import Walk
from contracts.judging.check import check
from contracts.judging.checks.filters import same_positions
from contracts.judging.relations import (
    consistent_totals,
    lacking,
    places,
    position_of,
    same_members,
    unique_in,
)
from contracts.model import Violation


def _ignored(evidence: Evidence) -> str:
    found = [p for p in evidence.plain if p.selection.search is not None]
    if found and not is_honoured(evidence):
        return "`search` is ignored: every response is as without it"
    return "" if found else _refused(evidence)


def _refused(evidence: Evidence) -> str:
    answers = [a for a in evidence.regular if a.query.selection.search and not a.transient]
    return "`search` is refused" if answers and all(400 <= a.status < 500 for a in answers) else ""


@check(
    "SEARCH-SUBSET",
    searched,
    needs="a word that finds some items and not others",
    inapplicable=_refused,
    exercised=lambda e: any(_in_two_sizes(s) for s in e.select(searched)),
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO", "WALK-ONCE", "WALK-COMPLETE", "FILTER-TOTAL"),
)
def search_selects_a_consistent_part(subject: Searched) -> Iterator[Violation]:
    """Only items of the unfiltered list, each once, and a total that counts them."""
    yield from consistent_totals(subject.pages)
    for walk in subject.walks:
        yield from unique_in(walk)
        if subject.listing is not None:
            yield from same_members(subject.listing, walk)
    for part in subject.stretches:
        if part.other is not None:
            yield from same_positions(part.walk, part.other)
    if subject.whole is not None and subject.listing is not None:
        yield from _foreign(subject, subject.whole, subject.listing)


def _in_two_sizes(subject: Searched) -> bool:
    stretched = any(len(part.sequences[0]) > 1 for part in subject.stretches)
    return stretched or (len(subject.walks) > 1 and subject.listing is not None)


def _foreign(subject: Searched, whole: Walk, listing: Listing) -> Iterator[Violation]:
    for identity, (page, _) in listing.profiles.items():
        if identity not in subject.known_profiles:
            shown = page.at_item(position_of(page, identity), "/id")
            at = places(*whole.at("items"), *listing.walk.at(), shown)
            yield Violation("only items of the unfiltered list", f"id {identity}, which is not in it", at)
            return


@check(
    "SEARCH-COMBINED",
    searched_and_filtered,
    needs="a word that finds active and inactive items",
    inapplicable=_ignored,
    exercised=lambda e: _telling(e.select(searched_and_filtered)),
    requires=("SEARCH-SUBSET", "FILTER-ACTIVE-MATCH", "FILTER-TAGS-MATCH", "FILTER-COMBINED"),
)
def search_and_filters_select_the_intersection(subject: SearchedAndFiltered) -> Iterator[Violation]:
    """What the search finds alone, cut down to what the filters select."""
    listing, alone, found = subject.listing, subject.alone, subject.found
    allowed = {i for i, (_, p) in found.items() if _fits(p, listing)}
    required = {i for i in allowed if _carries_exactly(found[i][1], listing)}
    if required <= subject.ids <= allowed:
        return
    wrong = min(required - subject.ids or subject.ids - allowed)
    writes = len(allowed ^ subject.ids) if alone.complete and listing.complete else 1
    if wrong not in found:
        yield lacking(f"only items found with {alone.selection}", wrong, listing, alone, min_writes=writes)
        return
    page, item = found[wrong]
    shown = page.at_item(position_of(page, item.id), "/id", "/is_active", "/tags")
    matches = "matches" if wrong in required else "does not match"
    expected = f"what request #{page.number} shows of id {wrong}: it {matches} {listing.selection}"
    got = f"a list {'without' if wrong in required else 'with'} id {wrong}"
    at = places(*alone.at(), shown, *listing.at("items"))
    yield Violation(expected, got, at, min_writes=writes)


def _fits(item: Profile, listing: Walk) -> bool:
    """Whether the filters beside the search select an item; requested with one tag at most."""
    selection = listing.selection
    active = selection.is_active is None or item.active is selection.is_active
    return active and all(item.carries_folded(tag) for tag in selection.wanted)


def _carries_exactly(item: Profile, listing: Walk) -> bool:
    """Whether letter case fits too: a deployment may distinguish it or not."""
    return all(item.carries(tag) for tag in listing.selection.wanted)


def _telling(subjects: tuple[SearchedAndFiltered, ...]) -> bool:
    """Whether the filters keep some of what a search finds, and cut some of it."""
    kept = [sum(1 for _, p in s.found.values() if _fits(p, s.listing)) for s in subjects]
    cut = (len(s.found) - number for s, number in zip(subjects, kept, strict=True))
    return any(kept) and any(cut)


@check(
    "SEARCH-NAME",
    name_searches,
    needs="an item with a name, and a word that is in none",
    inapplicable=_ignored,
    exercised=lambda e: {bool(s.named) for s in e.select(name_searches)} == {True, False},
    requires=("SEARCH-SUBSET",),
)
def search_finds_names(subject: NameSearch) -> Iterator[Violation]:
    """A whole name finds its item; a word that is in no name finds nothing."""
    listing = subject.listing
    context = [page.at("total") for page in subject.honoured]
    for page, item in subject.named:
        if item.id not in listing.ids:
            shown = page.at_item(position_of(page, item.id), "/id", "/name")
            at = places(*context, shown, *listing.walk.at("items"))
            expected = f"id {item.id} found by its name {item.raw.get('name')!r}"
            yield Violation(expected, f"{len(listing.ids)} items without it", at)
            return
    if not subject.named and listing.ids:
        without, with_search = subject.honoured
        # As many writes as part these totals, and `search` may be ignored after all.
        writes = min(len(listing.ids), abs(without.total - with_search.total))
        at = places(*context, *listing.walk.at("items"))
        expected = f"nothing found by {listing.selection.search!r}"
        yield Violation(expected, f"{len(listing.ids)} items", at, min_writes=writes)
