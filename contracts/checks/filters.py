"""What filters must select: the FILTER requirements."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase

from contracts.catalogue import check
from contracts.checks.walk import different_members, on_two_pages
from contracts.model import Evidence as Class
from contracts.model import Violation
from contracts.subjects.answer import Page, Profile, Selection
from contracts.subjects.evidence import Evidence
from contracts.subjects.filtered import (
    ActiveListing,
    ActivePage,
    Beside,
    Combined,
    FilteredPages,
    FilteredWalk,
    Listing,
    Partition,
)
from contracts.subjects.responses import pages_of_one, stand_alone
from contracts.subjects.tagged import TagList, TagListing, TagListingPair, TagPage, UnknownTag
from contracts.subjects.walks import Walk

_BOTH_KINDS = "at least one active and one inactive profile"
_TAGGED = "a profile that carries a tag and one that does not"
_TWO_TAGS = "two tags on different profiles"
_SIMPLE_TAG = re.compile(r"[A-Za-z0-9._-]+")


# --- is_active -----------------------------------------------------------------------------------


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
)
def is_active_selects_all_that_have_it(subject: ActiveListing) -> Iterator[Violation]:
    """Every profile of the unfiltered list with that value is in the filtered list."""
    wanted = subject.listing.selection.is_active
    yield from _missing(subject.listing, lambda profile: profile.active is wanted)


def _missing(listing: Listing, selected: Callable[[Profile], bool]) -> Iterator[Violation]:
    lacking = [(page, p) for page, p in listing.missing() if selected(p)]
    if lacking:
        page, profile = lacking[0]
        expected = (
            f"profile {profile.id} among those with {listing.selection}, as exchange {page.number} shows it"
        )
        got = f"{len(listing.ids)} profiles without it"
        if len(lacking) > 1:
            got += f" and without {len(lacking) - 1} more that match"
        writes = listing.writes(len(lacking))
        yield Violation(expected, got, listing.numbers(page), "/access_profiles", writes=writes)


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


# --- tags ----------------------------------------------------------------------------------------


def _tagged(evidence: Evidence) -> bool:
    asked = {tag for s in evidence.subjects(TagPage) for tag in s.page.selection.wanted}
    return any(
        any(p.carries(tag) for p in evidence.profiles)
        and not all(p.carries_folded(tag) for p in evidence.profiles)
        for tag in asked
    )


def _strangers(page: Page) -> list[tuple[int, Profile]]:
    """The profiles on a page that carry none of the tags asked for, whatever the reading."""
    wanted = {*page.selection.wanted, *(item for item in page.selection.items if item)}
    found = enumerate(page.profiles)
    return [(i, p) for i, p in found if not any(p.carries_folded(tag) for tag in wanted)]


def _alike(tag: str, asked: str) -> bool:
    """Whether a tag contains what was asked for, or matches it as an SQL or shell pattern."""
    tag, asked = tag.casefold(), asked.casefold()
    like = re.escape(asked).replace("%", ".*").replace("_", ".")
    return asked in tag or bool(re.fullmatch(like, tag, re.DOTALL)) or fnmatchcase(tag, asked)


def _inexact(page: Page, strangers: list[tuple[int, Profile]]) -> bool:
    """Whether matching by substring or pattern explains every profile that does not belong."""
    wanted = page.selection.wanted
    return all(any(_alike(t, asked) for t in p.tags for asked in wanted) for _, p in strangers)


@check("FILTER-TAGS-MATCH", needs=_TAGGED, exercised=_tagged)
def page_matches_tags(subject: TagPage) -> Iterator[Violation]:
    """Every profile carries one of the tags at least; matching by substring is FILTER-TAGS-EXACT's."""
    page = subject.page
    strangers = _strangers(page)
    if strangers and not _inexact(page, strangers):
        yield _stranger(page, *strangers[0])


def _stranger(page: Page, position: int, profile: Profile) -> Violation:
    expected = f"only profiles that carry {' or '.join(map(repr, page.selection.wanted))}"
    carried = ", ".join(map(repr, profile.tags)) or "no tag"
    got = f"profile {profile.id} with {carried}"
    return Violation(expected, got, (page.number,), f"/access_profiles/{position}/tags", writes=0)


def _fragment_asked(evidence: Evidence) -> bool:
    """Whether a piece of a tag was asked for that some profile carries only within that tag."""
    for subject in evidence.subjects(TagPage):
        wanted = subject.page.selection.wanted
        if len(wanted) == 1 and any(_within(p, wanted[0]) for p in evidence.profiles):
            return True
    return False


def _within(profile: Profile, piece: str) -> bool:
    folded = piece.casefold()
    return any(folded in tag.casefold() for tag in profile.tags) and not profile.carries_folded(piece)


@check("FILTER-TAGS-EXACT", needs="a tag of at least two characters", exercised=_fragment_asked)
def tag_is_matched_whole(subject: TagPage) -> Iterator[Violation]:
    """No substring, no pattern; letter case may count or not."""
    page = subject.page
    strangers = _strangers(page)
    if strangers and _inexact(page, strangers):
        yield _stranger(page, *strangers[0])


def _carrying(listing: Listing) -> Callable[[Profile], bool]:
    """What a listing by tags must hold: all that carry any, where it shows *any*; else all that carry all."""
    wanted = listing.selection.wanted
    if _shows_any(listing):
        return lambda profile: any(profile.carries(tag) for tag in wanted)
    return lambda profile: all(profile.carries(tag) for tag in wanted)


def _shows_any(listing: Listing) -> bool:
    wanted = listing.selection.wanted
    return any(not all(p.carries_folded(t) for t in wanted) for _, p in listing.profiles.values())


def _is_simple(listing: Listing) -> bool:
    """Whether the query needs no percent-encoding, and has none."""
    selection = listing.selection
    return not selection.spelling and all(_SIMPLE_TAG.fullmatch(tag) for tag in selection.wanted)


@check(
    "FILTER-TAGS-COMPLETE",
    needs=_TAGGED,
    exercised=_tagged,
    requires=("PAGE-LIMIT", "WALK-ONCE", "WALK-COMPLETE", "FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT"),
)
def tags_select_all_that_carry_them(subject: TagListing) -> Iterator[Violation]:
    """For tags of letters and digits; those that must be encoded are FILTER-TAGS-ENCODING's."""
    if _is_simple(subject.listing):
        yield from _missing(subject.listing, _carrying(subject.listing))


def _readings_shown(evidence: Evidence) -> bool:
    listings = [s.listing for s in evidence.subjects(TagListing)]
    several = [listing for listing in listings if len(listing.selection.wanted) > 1]
    return len(several) > 1 and any(_shows_any(one) or _shows_all(one) for one in several)


def _shows_all(listing: Listing) -> tuple[Page, Profile] | None:
    """A profile that carries one of the tags and yet is not listed."""
    wanted = listing.selection.wanted
    some = (f for f in listing.missing() if any(f[1].carries(tag) for tag in wanted))
    return next(some, None)


@check(
    "FILTER-TAGS-READING",
    needs=_TWO_TAGS,
    exercised=_readings_shown,
    requires=("PAGE-LIMIT", "FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT"),
)
def several_tags_are_read_one_way(pair: TagListingPair) -> Iterator[Violation]:
    """*Any* or *all*, whatever the number and the order of the tags."""
    first, second = pair.first, pair.second
    if sorted(first.selection.wanted) == sorted(second.selection.wanted) and first.ids != second.ids:
        expected = f"the same profiles with {second.selection} as with {first.selection}"
        different = len(first.ids ^ second.ids)
        got = f"{len(second.ids)} profiles, not {len(first.ids)}, {different} of them different"
        numbers = tuple(sorted({*first.basis, *first.walk.numbers, *second.basis, *second.walk.numbers}))
        yield Violation(expected, got, numbers, "/access_profiles", writes=first.writes(different))
    yield from _two_readings(first, second)
    yield from _two_readings(second, first)
    yield from _two_readings_of_case(first, second)
    yield from _two_readings_of_case(second, first)


def _two_readings(one: Listing, other: Listing) -> Iterator[Violation]:
    proof = None if _shows_any(other) else _shows_all(other)
    if _shows_any(one) and proof is not None:
        page, profile = proof
        expected = f"any of the tags enough with {other.selection} too, as with {one.selection}"
        got = f"profile {profile.id}, which carries one of them, is not listed"
        numbers = tuple(sorted({*one.basis, *other.numbers(page), *one.walk.numbers}))
        yield Violation(expected, got, numbers, "/access_profiles")


def _two_readings_of_case(one: Listing, other: Listing) -> Iterator[Violation]:
    """One listing ignores letter case, since it holds profiles though none carries the tags as asked for."""
    proof = _minds_case(other) if _is_simple(one) and _is_simple(other) else None
    if one.ids and proof is not None and not any(_carries_as_asked(p, one) for _, p in one.profiles.values()):
        page, profile = proof
        expected = f"letter case ignored with {other.selection} too, as with {one.selection}"
        got = f"profile {profile.id}, which carries each in another letter case, is not listed"
        numbers = tuple(sorted({*one.basis, *other.numbers(page), *one.walk.numbers}))
        yield Violation(expected, got, numbers, "/access_profiles")


def _carries_as_asked(profile: Profile, listing: Listing) -> bool:
    return any(profile.carries(tag) for tag in listing.selection.wanted)


def _minds_case(listing: Listing) -> tuple[Page, Profile] | None:
    """A profile that carries every tag, though none as asked for, and is not listed."""
    wanted = listing.selection.wanted
    lacking = (found for found in listing.missing() if not _carries_as_asked(found[1], listing))
    return next((f for f in lacking if all(f[1].carries_folded(tag) for tag in wanted)), None)


def _encoding_shown(evidence: Evidence) -> bool:
    return any(not _is_simple(s.listing) and s.listing.ids for s in evidence.subjects(TagListing))


@check("FILTER-TAGS-ENCODING", needs=_TAGGED, exercised=_encoding_shown, requires=("FILTER-TAGS-COMPLETE",))
def encoded_tag_is_found(subject: TagListing) -> Iterator[Violation]:
    """Percent-encoding is undone before tags are compared, `%70rod` included (RFC 3986, section 2.3)."""
    if not _is_simple(subject.listing):
        yield from _missing(subject.listing, _carrying(subject.listing))


@check(
    "FILTER-TAGS-UNKNOWN", needs="an answer", requires=("SERVED", "FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT")
)
def unknown_tag_selects_nothing(subject: UnknownTag) -> Iterator[Violation]:
    """200, an empty list, `total_count` 0."""
    answer = subject.answer
    tag = answer.asked.selection.wanted[0]
    expected = f"200 with an empty array and total_count 0, since no profile carries {tag!r}"
    page = answer.page
    if page is None:
        if answer.status != 200:  # a 200 that is no page is the matter of the RESP requirements
            got = f"status {answer.status}"
            yield Violation(expected, got, (answer.number,), "/access_profiles", writes=0)
    elif page.profiles and not any(p.carries_folded(tag) for p in page.profiles):
        yield Violation(
            expected, f"{len(page.profiles)} profiles", (page.number,), "/access_profiles/0", writes=0
        )
    elif page.total and not page.profiles and not page.offset:
        yield Violation(
            expected, f"total_count {page.total}", (page.number,), "/total_count", writes=page.total
        )


@check(
    "FILTER-TAGS-LIST",
    needs=_TAGGED,
    exercised=lambda e: _tagged(e) and any(s.clean.ids for s in e.subjects(TagList)),
    requires=("FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT"),
)
def repeated_and_empty_items_change_nothing(subject: TagList) -> Iterator[Violation]:
    """A tag asked for twice counts once; an empty item selects nothing more (and may select nothing)."""
    odd, clean = subject.odd, subject.clean
    emptied = "" in odd.selection.items and not odd.ids
    if odd.ids != clean.ids and not emptied:
        expected = f"the {len(clean.ids)} profiles of {clean.selection}"
        got = f"{len(odd.ids)} profiles with {odd.selection}"
        numbers = tuple(dict.fromkeys((*clean.basis, *clean.walk.numbers, *odd.basis, *odd.walk.numbers)))
        writes = clean.writes(len(odd.ids ^ clean.ids))
        yield Violation(expected, got, numbers, "/access_profiles", writes=writes)


# --- both, totals, pages -------------------------------------------------------------------------


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
)
def both_filters_select_the_intersection(subject: Combined) -> Iterator[Violation]:
    """Every profile listed has both, and every profile that has both is listed."""
    listing = subject.listing
    wanted = listing.selection.is_active
    for page in subject.pages:
        strangers = dict(_strangers(page))
        for position, profile in enumerate(page.profiles):
            if profile.active is not wanted or position in strangers:
                yield _not_both(page, position, profile)
                return
    carrying = _carrying(listing)
    yield from _missing(listing, lambda profile: profile.active is wanted and carrying(profile))
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
    every = len(evidence.universe)
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
    inapplicable=pages_of_one,
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO", "WALK-ONCE", "WALK-COMPLETE"),
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
    exercised=lambda e: any(len(b.common) > 1 for b in e.subjects(Beside)),
    inapplicable=pages_of_one,
    requires=("PAGE-UNIQUE", "WALK-ORDER", "WALK-REPEAT"),
)
def filtered_list_keeps_the_order(beside: Beside) -> Iterator[Violation]:
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
    exercised=lambda e: any(b.common for b in e.subjects(Beside)),
    requires=("WALK-CONTENT",),
)
def profile_reads_the_same_under_a_filter(beside: Beside) -> Iterator[Violation]:
    """What moves by itself aside."""
    filtered, whole = beside.filtered, beside.unfiltered
    for position, profile in enumerate(filtered.profiles):
        twin = whole.by_id.get(profile.id)
        if twin is not None and not twin.reads_like(profile):
            members = different_members(twin.raw, profile.raw)
            expected = f"profile {profile.id} as without a filter"
            got = f"a difference in {', '.join(members) or 'nested members'} with {filtered.selection}"
            pointer = f"/access_profiles/{position}"
            yield Violation(expected, got, (whole.number, filtered.number), pointer)
            return
