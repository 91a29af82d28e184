"""What `search` must select, where it is honoured: the SEARCH requirements."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.evidence.answers import Profile
from contracts.evidence.evidence import Evidence
from contracts.evidence.filtered import Listing
from contracts.evidence.search import NameSearch, Searched, SearchedAndFiltered, is_honoured
from contracts.evidence.walks import Walk
from contracts.judging.check import check
from contracts.judging.checks.filters import filtered_walk, totals, two_sizes
from contracts.judging.checks.walk import on_two_pages
from contracts.model import Violation


def _ignored(evidence: Evidence) -> str:
    searched = [p for p in evidence.plain if p.selection.search is not None]
    if searched and not is_honoured(evidence):
        return "`search` is ignored: every answer is as without it"
    return "" if searched else _refused(evidence)


def _refused(evidence: Evidence) -> str:
    answers = [a for a in evidence.regular if a.asked.selection.search and not a.transient]
    return "`search` is refused" if answers and all(400 <= a.status < 500 for a in answers) else ""


@check(
    "SEARCH-SUBSET",
    needs="a word that finds some profiles and not others",
    inapplicable=_refused,
    exercised=lambda e: any(_in_two_sizes(s) for s in e.subjects(Searched)),
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO", "WALK-ONCE", "WALK-COMPLETE", "FILTER-TOTAL"),
)
def search_selects_a_consistent_part(searched: Searched) -> Iterator[Violation]:
    """Only profiles of the unfiltered list, each once, and a total that counts them."""
    yield from totals(searched.pages)
    for walk in searched.walks:
        yield from on_two_pages(walk)
        yield from filtered_walk(walk, searched.listing)
    for part in searched.stretches:
        yield from two_sizes(part)
    if searched.whole is not None and searched.listing is not None:
        yield from _foreign(searched, searched.whole, searched.listing)


def _in_two_sizes(searched: Searched) -> bool:
    stretched = any(len(part.sequences[0]) > 1 for part in searched.stretches)
    return stretched or (len(searched.walks) > 1 and searched.listing is not None)


def _foreign(searched: Searched, whole: Walk, listing: Listing) -> Iterator[Violation]:
    for identity, (page, _) in listing.profiles.items():
        if identity not in searched.known_profiles:
            numbers = (*whole.numbers, *(n for n in listing.walk.numbers if n != page.number), page.number)
            pointer = f"/access_profiles/{page.ids.index(identity)}"
            got = f"profile {identity}, which the unfiltered list does not have"
            yield Violation("only profiles of the unfiltered list", got, numbers, pointer)
            return


@check(
    "SEARCH-COMBINED",
    needs="a word that finds active and inactive profiles",
    inapplicable=_ignored,
    exercised=lambda e: _telling(e.subjects(SearchedAndFiltered)),
    requires=("SEARCH-SUBSET", "FILTER-ACTIVE-MATCH", "FILTER-TAGS-MATCH", "FILTER-COMBINED"),
)
def search_and_filters_select_the_intersection(subject: SearchedAndFiltered) -> Iterator[Violation]:
    """What the search finds alone, cut down to what the filters select."""
    listing, alone, found = subject.listing, subject.alone, subject.found
    expected = {i for i, (_, p) in found.items() if _fits(p, listing)}
    exact = {i for i in expected if _carries_exactly(found[i][1], listing)}
    if not exact <= subject.ids <= expected:
        text = f"the {len(expected)} of {len(found)} found by {alone.selection} that fit {listing.selection}"
        different = len(expected ^ subject.ids)
        got = f"{len(subject.ids)} profiles, {different} of them different"
        numbers = tuple(dict.fromkeys((*alone.numbers, *listing.numbers)))
        writes = different if alone.complete and listing.complete else 1
        yield Violation(text, got, numbers, "/access_profiles", writes=writes)


def _fits(profile: Profile, listing: Walk) -> bool:
    """Whether the filters beside the search select a profile; asked with one tag at most."""
    selection = listing.selection
    active = selection.is_active is None or profile.active is selection.is_active
    return active and all(profile.carries_folded(tag) for tag in selection.wanted)


def _carries_exactly(profile: Profile, listing: Walk) -> bool:
    """Whether letter case fits too: a deployment may ask for it or not."""
    return all(profile.carries(tag) for tag in listing.selection.wanted)


def _telling(subjects: tuple[SearchedAndFiltered, ...]) -> bool:
    """Whether the filters keep some of what a search finds, and cut some of it."""
    kept = [sum(1 for _, p in s.found.values() if _fits(p, s.listing)) for s in subjects]
    cut = (len(s.found) - number for s, number in zip(subjects, kept, strict=True))
    return any(kept) and any(cut)


@check(
    "SEARCH-NAME",
    needs="a profile with a name, and a word that stands in none",
    inapplicable=_ignored,
    exercised=lambda e: {bool(s.named) for s in e.subjects(NameSearch)} == {True, False},
    requires=("SEARCH-SUBSET",),
)
def search_finds_names(subject: NameSearch) -> Iterator[Violation]:
    """A whole name finds its profile; a word that stands nowhere finds nothing."""
    listing = subject.listing
    term = listing.selection.search
    for page, profile in subject.named:
        if profile.id not in listing.ids:
            yield Violation(
                f"profile {profile.id} found by its name",
                f"{len(listing.ids)} others",
                _numbers(subject, page.number),
            )
            return
    if not subject.named and listing.ids:
        got = f"{len(listing.ids)} profiles"
        without, searched = subject.honoured
        # As many writes as part these totals, and `search` may be ignored after all.
        writes = min(len(listing.ids), abs(without.total - searched.total))
        yield Violation(f"nothing found by {term!r}", got, _numbers(subject), writes=writes)


def _numbers(subject: NameSearch, *more: int) -> tuple[int, ...]:
    honoured = (page.number for page in subject.honoured)
    return tuple(sorted({*honoured, *more, *subject.listing.walk.numbers}))
