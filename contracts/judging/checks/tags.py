"""What `tags` must select: the FILTER-TAGS requirements."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase

from contracts.evidence.answers import Page, Profile
from contracts.evidence.evidence import Evidence
from contracts.evidence.filtered import Listing
from contracts.evidence.tagged import TagList, TagListing, TagListingPair, TagPage, UnknownTag
from contracts.judging.check import check
from contracts.model import Violation

_TAGGED = "a profile that carries a tag and one that does not"
_TWO_TAGS = "two tags on different profiles"
_SIMPLE_TAG = re.compile(r"[A-Za-z0-9._-]+")


def missing_from(listing: Listing, selected: Callable[[Profile], bool]) -> Iterator[Violation]:
    """A profile that has to be selected and is in none of the pages of the listing."""
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


def _tagged(evidence: Evidence) -> bool:
    asked = {tag for s in evidence.subjects(TagPage) for tag in s.page.selection.wanted}
    return any(
        any(p.carries(tag) for p in evidence.profiles)
        and not all(p.carries_folded(tag) for p in evidence.profiles)
        for tag in asked
    )


def strangers_on(page: Page) -> list[tuple[int, Profile]]:
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
    strangers = strangers_on(page)
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
    strangers = strangers_on(page)
    if strangers and _inexact(page, strangers):
        yield _stranger(page, *strangers[0])


def wanted_by(listing: Listing) -> Callable[[Profile], bool]:
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
    sampled="filters",
)
def tags_select_all_that_carry_them(subject: TagListing) -> Iterator[Violation]:
    """For tags of letters and digits; those that must be encoded are FILTER-TAGS-ENCODING's."""
    if _is_simple(subject.listing):
        yield from missing_from(subject.listing, wanted_by(subject.listing))


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
    sampled="filters",
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


@check(
    "FILTER-TAGS-ENCODING",
    needs=_TAGGED,
    exercised=_encoding_shown,
    requires=("FILTER-TAGS-COMPLETE",),
    sampled="filters",
)
def encoded_tag_is_found(subject: TagListing) -> Iterator[Violation]:
    """Percent-encoding is undone before tags are compared, `%70rod` included (RFC 3986, section 2.3)."""
    if not _is_simple(subject.listing):
        yield from missing_from(subject.listing, wanted_by(subject.listing))


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
    sampled="filters",
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
