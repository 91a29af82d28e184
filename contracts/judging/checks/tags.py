"""What `tags` must select: the FILTER-TAGS requirements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from fnmatch import fnmatchcase

from contracts.evidence.answers import Answer, Page, Profile
from contracts.evidence.evidence import Evidence
from contracts.evidence.filtered import Listing
from contracts.evidence.tagged import (
    TagList,
    TagListingPair,
    tag_listing_pairs,
    tag_listings,
    tag_lists,
    tag_pages,
    unknown_tags,
)
from contracts.judging.check import check
from contracts.judging.relations import complete, lacking, places, position_of, succeeded
from contracts.model import Place, Violation

_TAGGED = "an item that carries a tag and one that does not"
_TWO_TAGS = "two tags on different items"
_SIMPLE_TAG = re.compile(r"[A-Za-z0-9._-]+")


def _tagged(evidence: Evidence) -> bool:
    requested = {tag for page in evidence.select(tag_pages) for tag in page.selection.wanted}
    return any(
        any(p.carries(tag) for p in evidence.profiles)
        and not all(p.carries_folded(tag) for p in evidence.profiles)
        for tag in requested
    )


# --- what does not belong -----------------------------------------------------------------------------


def strangers_on(page: Page) -> list[tuple[int, Profile]]:
    """The items on a page that carry none of the requested tags, whatever the behaviour."""
    wanted = {*page.selection.wanted, *(item for item in page.selection.items if item)}
    found = enumerate(page.profiles)
    return [(i, p) for i, p in found if not any(p.carries_folded(tag) for tag in wanted)]


def _alike(tag: str, requested: str) -> bool:
    """Whether a tag contains what was requested, or matches it as an SQL or shell pattern."""
    tag, requested = tag.casefold(), requested.casefold()
    like = re.escape(requested).replace("%", ".*").replace("_", ".")
    return requested in tag or bool(re.fullmatch(like, tag, re.DOTALL)) or fnmatchcase(tag, requested)


def _inexact(page: Page, strangers: list[tuple[int, Profile]]) -> bool:
    """Whether matching by substring or pattern explains every item that does not belong."""
    wanted = page.selection.wanted
    return all(any(_alike(t, requested) for t in p.tags for requested in wanted) for _, p in strangers)


@check("FILTER-TAGS-MATCH", tag_pages, needs=_TAGGED, exercised=_tagged)
def page_matches_tags(page: Page) -> Iterator[Violation]:
    """Every item carries at least one of the tags; matching by substring is FILTER-TAGS-EXACT's."""
    strangers = strangers_on(page)
    if strangers and not _inexact(page, strangers):
        yield _stranger(page, *strangers[0])


def _stranger(page: Page, index: int, item: Profile) -> Violation:
    expected = f"only items that carry {' or '.join(map(repr, page.selection.wanted))}"
    got = f"id {item.id} with {', '.join(map(repr, item.tags)) or 'no tag'}"
    return Violation(expected, got, (page.at_item(index, "/tags", "/id"),), min_writes=0)


def _fragment_requested(evidence: Evidence) -> bool:
    """Whether a piece of a tag was requested that some item carries only within that tag."""
    for page in evidence.select(tag_pages):
        wanted = page.selection.wanted
        if len(wanted) == 1 and any(_within(p, wanted[0]) for p in evidence.profiles):
            return True
    return False


def _within(item: Profile, piece: str) -> bool:
    folded = piece.casefold()
    return any(folded in tag.casefold() for tag in item.tags) and not item.carries_folded(piece)


@check(
    "FILTER-TAGS-EXACT", tag_pages, needs="a tag of at least two characters", exercised=_fragment_requested
)
def tag_is_matched_whole(page: Page) -> Iterator[Violation]:
    """No substring, no pattern; letter case may count or not."""
    strangers = strangers_on(page)
    if strangers and _inexact(page, strangers):
        yield _stranger(page, *strangers[0])


@check(
    "FILTER-TAGS-UNKNOWN",
    unknown_tags,
    needs="a response",
    requires=("SERVED", "FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT"),
)
def unknown_tag_selects_nothing(answer: Answer) -> Iterator[Violation]:
    """200, an empty list, `total_count` 0."""
    tag = answer.query.selection.wanted[0]
    expected = f"200, no items and total_count 0: no item carries {tag!r}"
    page = answer.page
    if page is None:
        if not succeeded(answer):  # a 200 that is no page is the matter of the RESP requirements
            yield Violation(expected, f"status {answer.status}", (answer.at("status"),), min_writes=0)
    elif page.profiles and not any(p.carries_folded(tag) for p in page.profiles):
        yield Violation(expected, f"{len(page.profiles)} items", (page.at("items"),), min_writes=0)
    elif page.total and not page.profiles and not page.offset:
        got = f"total_count {page.total}"
        yield Violation(expected, got, (page.at("total", "items"),), min_writes=page.total)


# --- what must be there -------------------------------------------------------------------------------


def wanted_by(listing: Listing) -> Callable[[Profile], bool]:
    """What a listing by tags must hold: all that carry any, where it shows *any*; else all that carry all."""
    wanted = listing.selection.wanted
    if _shows_any(listing):
        return lambda profile: any(profile.carries(tag) for tag in wanted)
    return lambda profile: all(profile.carries(tag) for tag in wanted)


def _shows_any(listing: Listing) -> tuple[Page, Profile] | None:
    """An item that is listed though it does not carry every tag."""
    wanted = listing.selection.wanted
    found = listing.profiles.values()
    return next((f for f in found if not all(f[1].carries_folded(t) for t in wanted)), None)


def _shows_all(listing: Listing) -> tuple[Page, Profile] | None:
    """An item that carries one of the tags and yet is not listed."""
    wanted = listing.selection.wanted
    return next((f for f in listing.missing() if any(f[1].carries(tag) for tag in wanted)), None)


def _is_simple(listing: Listing) -> bool:
    """Whether the query needs no percent-encoding, and has none."""
    selection = listing.selection
    return not selection.spelling and all(_SIMPLE_TAG.fullmatch(tag) for tag in selection.wanted)


@check(
    "FILTER-TAGS-COMPLETE",
    tag_listings,
    needs=_TAGGED,
    exercised=_tagged,
    requires=("PAGE-LIMIT", "WALK-ONCE", "WALK-COMPLETE", "FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT"),
    sampled="filters",
)
def tags_select_all_that_carry_them(listing: Listing) -> Iterator[Violation]:
    """For tags of letters and digits; those that must be encoded are FILTER-TAGS-ENCODING's."""
    if _is_simple(listing):
        yield from complete(listing, wanted_by(listing), "/tags")


def _encoding_shown(evidence: Evidence) -> bool:
    return any(not _is_simple(listing) and listing.ids for listing in evidence.select(tag_listings))


@check(
    "FILTER-TAGS-ENCODING",
    tag_listings,
    needs=_TAGGED,
    exercised=_encoding_shown,
    requires=("FILTER-TAGS-COMPLETE",),
    sampled="filters",
)
def encoded_tag_is_found(listing: Listing) -> Iterator[Violation]:
    """Percent-encoding is undone before tags are compared, `%70rod` included (RFC 3986, section 2.3)."""
    if not _is_simple(listing):
        yield from complete(listing, wanted_by(listing), "/tags")


# --- two listings that must agree ---------------------------------------------------------------------


def _behaviours_shown(evidence: Evidence) -> bool:
    found = evidence.select(tag_listings)
    several = [listing for listing in found if len(listing.selection.wanted) > 1]
    return len(several) > 1 and any(_shows_any(one) or _shows_all(one) for one in several)


@check(
    "FILTER-TAGS-READING",
    tag_listing_pairs,
    needs=_TWO_TAGS,
    exercised=_behaviours_shown,
    requires=("PAGE-LIMIT", "FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT"),
    sampled="filters",
)
def several_tags_are_matched_one_way(pair: TagListingPair) -> Iterator[Violation]:
    """*Any* or *all*, whatever the number and the order of the tags; letter case counts or does not."""
    first, second = pair.first, pair.second
    if sorted(first.selection.wanted) == sorted(second.selection.wanted):
        yield from _same_listing(first, second, "the same items whatever the order of the tags")
    for one, other in ((first, second), (second, first)):
        yield from _any_here_all_there(one, other)
        yield from _case_ignored_here_not_there(one, other)


def _same_listing(one: Listing, other: Listing, rule: str) -> Iterator[Violation]:
    different = sorted(one.ids ^ other.ids)
    if different:
        has, lacks = (one, other) if different[0] in one.ids else (other, one)
        found = lacking(rule, different[0], has.walk, lacks.walk, min_writes=one.writes(len(different)))
        basis = (page.at() for listing in (has, lacks) for page in listing.basis)
        yield replace(found, at=places(*basis, _place_of(has, different[0]), *found.at))


def _context(listing: Listing) -> tuple[Place, ...]:
    return (*(page.at() for page in listing.basis), *listing.walk.at("items"))


def _place_of(listing: Listing, identity: int) -> Place:
    page, _ = listing.profiles[identity]
    return page.at_item(position_of(page, identity), "/id", "/tags")


def _any_here_all_there(one: Listing, other: Listing) -> Iterator[Violation]:
    listed, missing = _shows_any(one), None if _shows_any(other) else _shows_all(other)
    if listed is not None and missing is not None:
        yield _two_ways("any of several tags to be enough, or all to be needed", one, listed, other, missing)


def _case_ignored_here_not_there(one: Listing, other: Listing) -> Iterator[Violation]:
    """One listing ignores letter case, since it holds items though none carries the tags as requested."""
    missing = _minds_case(other) if _is_simple(one) and _is_simple(other) else None
    exactly = any(_carries_as_requested(p, one) for _, p in one.profiles.values())
    if one.ids and missing is not None and not exactly:
        listed = next(iter(one.profiles.values()))
        yield _two_ways("letter case of tags to count, or not, in every list", one, listed, other, missing)


Found = tuple[Page, Profile]


def _two_ways(rule: str, one: Listing, listed: Found, other: Listing, missing: Found) -> Violation:
    page, item = missing
    shown, unlisted = _place_of(one, listed[1].id), page.at_item(position_of(page, item.id), "/id", "/tags")
    got = (
        f"request #{shown.exchange} shows id {listed[1].id} with {one.selection}, "
        f"request #{other.walk.numbers[-1]} does not show id {item.id} with {other.selection}"
    )
    basis = (page.at() for page in other.basis)
    at = places(*_context(one), shown, *basis, unlisted, *other.walk.at("items"))
    return Violation(rule, got, at)


def _carries_as_requested(item: Profile, listing: Listing) -> bool:
    return any(item.carries(tag) for tag in listing.selection.wanted)


def _minds_case(listing: Listing) -> Found | None:
    """An item that carries every tag, though none as requested, and is not listed."""
    wanted = listing.selection.wanted
    unlisted = (found for found in listing.missing() if not _carries_as_requested(found[1], listing))
    return next((f for f in unlisted if all(f[1].carries_folded(tag) for tag in wanted)), None)


@check(
    "FILTER-TAGS-LIST",
    tag_lists,
    needs=_TAGGED,
    exercised=lambda e: _tagged(e) and any(s.clean.ids for s in e.select(tag_lists)),
    requires=("FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT"),
    sampled="filters",
)
def repeated_and_empty_items_change_nothing(subject: TagList) -> Iterator[Violation]:
    """A tag given twice counts once; an empty item selects nothing more (and may select nothing)."""
    odd = subject.odd
    if not ("" in odd.selection.items and not odd.ids):
        yield from _same_listing(subject.clean, odd, "repeated and empty items of a list to change nothing")
