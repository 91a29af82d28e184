"""What two or three responses, or all pages of a listing, can prove together."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from contracts.judging.witness.seen import Seen
from contracts.judging.witness.single import known, not_filled, tags_of, without_tags, wrong_active
from contracts.model import MOVING, NEW_PATH, OLD_PATH, Credentials

_NOWHERE = object()
_REFUSED = range(400, 500)
Rule = Callable[[tuple[Seen, ...]], bool]


def same_list(a: Seen, b: Seen) -> bool:
    """The same filters."""
    return a.filters == b.filters


def totals_differ(a: Seen, b: Seen) -> bool:
    """Two totals of one list."""
    one, other = a.number("/total_count"), b.number("/total_count")
    return same_list(a, b) and known(one, other) and one != other


def twice_in_a_walk(a: Seen, b: Seen) -> bool:
    """One profile at two places of the list."""
    one, other = a.number("/offset"), b.number("/offset")
    if one is None or other is None or not same_list(a, b):
        return False
    both = a.places.keys() & b.places.keys()
    return any(one + a.places[i] != other + b.places[i] for i in both)


def other_at_a_place(a: Seen, b: Seen) -> bool:
    """Two profiles at one place of the list."""
    one, other = a.number("/offset"), b.number("/offset")
    if one is None or other is None or not same_list(a, b):
        return False
    there = {one + place: profile["id"] for place, profile in a.profiles.items() if "id" in profile}
    here = {other + place: profile["id"] for place, profile in b.profiles.items() if "id" in profile}
    return any(there[place] != here[place] for place in there.keys() & here.keys())


def turned(a: Seen, b: Seen) -> bool:
    """Two profiles in one order here and in the other there."""
    both = sorted(a.places.keys() & b.places.keys(), key=lambda i: a.places[i])
    return any(b.places[i] > b.places[j] for i, j in itertools.pairwise(both))


def reads_otherwise(a: Seen, b: Seen) -> bool:
    """One profile with two values of a member that does not move by itself."""
    for identity in a.places.keys() & b.places.keys():
        one, other = a.profiles[a.places[identity]], b.profiles[b.places[identity]]
        shared = (one.keys() & other.keys()) - MOVING
        if any(still(one[name]) != still(other[name]) for name in shared):
            return True
    return False


def still(value: object) -> str:
    """A JSON value in one spelling, without what moves by itself; order in arrays does not count."""

    def calm(part: object) -> object:
        if isinstance(part, dict):
            return {name: calm(item) for name, item in part.items() if name not in MOVING}
        return sorted(map(still, part)) if isinstance(part, list) else part

    return json.dumps(calm(value), sort_keys=True)


def unlike(a: Seen, b: Seen) -> bool:
    """Two pages that differ in a number, in their length, or in the id at some place."""
    names = ("/count", "/total_count", "/limit", "/offset", "length")
    numbers = ((a.number(name), b.number(name)) for name in names)
    if any(known(one, other) and one != other for one, other in numbers):
        return True
    shared = a.profiles.keys() & b.profiles.keys()
    return any(
        "id" in a.profiles[p] and "id" in b.profiles[p] and a.profiles[p]["id"] != b.profiles[p]["id"]
        for p in shared
    )


def past_the_end(a: Seen, b: Seen) -> bool:
    """A page past the end that is no empty page with the total as before."""
    total, offset = a.number("/total_count"), b.asked_number("offset")
    if total is None or offset is None or offset < total or not same_list(a, b):
        return False
    own, place = b.number("/total_count"), b.number("/offset")
    listed = bool(b.length) and own is not None and place is not None and own <= place
    wrong = b.status not in (None, 200) or (own is not None and own != total)
    return wrong or listed or ("/access_profiles" in b.facts and b.facts["/access_profiles"] is None)


def default_differs(a: Seen, b: Seen) -> bool:
    """`a` asks for the limit and the offset that `b` only states."""
    if not {"limit", "offset"} <= a.asked.keys() or {"limit", "offset"} <= b.asked.keys():
        return False
    place = b.number("/offset")
    if place is None or place != a.asked_number("offset"):
        return False
    same_limit = b.number("/limit") is not None and b.number("/limit") == a.asked_number("limit")
    lengths = known(a.length, b.length) and a.length != b.length
    ids = [(a.profiles[p].get("id"), b.profiles[p].get("id")) for p in a.profiles.keys() & b.profiles.keys()]
    return (same_limit and lengths) or any(known(*pair) and pair[0] != pair[1] for pair in ids)


def limits_disagree(a: Seen, b: Seen) -> bool:
    """Two maxima, two defaults, or a maximum in the one and none in the other."""
    one, other = a.number("/limit"), b.number("/limit")
    if one is None or other is None:
        return False
    asked, mine = a.asked_number("limit"), b.asked_number("limit")
    if asked and mine:
        return 0 < one < asked and (other not in (mine, one) or other == mine > one)
    return "limit" not in a.asked and not mine and one != other and not (mine == 0 and other == 0)


def silently_clamped(a: Seen, b: Seen) -> bool:
    """More is asked for and there is more, and yet the page is as long as with another limit."""
    total, offset, asked = b.number("/total_count"), b.number("/offset"), b.asked_number("limit")
    other = a.asked_number("limit")
    if total is None or offset is None or not asked or not b.length or other in (None, asked):
        return False
    return b.number("/limit") == asked and b.length == a.length and b.length < min(asked, total - offset)


def read_two_ways(a: Seen, b: Seen) -> bool:
    """A value of one kind refused here and answered there."""
    odd = ("limit", "offset", "is_active")
    shared = any(name in a.asked and name in b.asked for name in odd)
    if not shared or a.status is None or b.status is None:
        return False
    return 400 <= a.status < 500 and b.status < 400


def is_without(a: Seen, b: Seen) -> str:
    """The one parameter that `b` has more than `a`; empty if it is not one alone."""
    more = set(b.pairs) - set(a.pairs)
    return more.pop()[0] if len(more) == 1 and set(a.pairs) < set(b.pairs) else ""


def odd_value_changes(a: Seen, b: Seen) -> bool:
    """A value that is none makes another page than its absence, and not as a clamped one does."""
    name = is_without(a, b)
    if not name:
        return False
    clamped = name == "limit" and str(b.asked["limit"]).startswith("-") and b.number("/limit") in (0, 1)
    return (unlike(a, b) and not clamped) or not_filled(b)


def unknown_changes(a: Seen, b: Seen) -> bool:
    """A parameter that nobody knows changes the answer."""
    name = is_without(a, b)
    known = ("limit", "offset", "tags", "is_active", "search")
    changed = unlike(a, b) or reads_otherwise(a, b) or (b.status or 200) not in (200, *_REFUSED)
    return bool(name) and name not in known and changed


def paths_differ(a: Seen, b: Seen) -> bool:
    """One query, two paths, two answers."""
    if a.excerpt.request.path == b.excerpt.request.path or a.excerpt.request.query != b.excerpt.request.query:
        return False
    statuses = known(a.status, b.status) and a.status != b.status
    types = known(a.media_type, b.media_type) and a.media_type != b.media_type
    return statuses or types or unlike(a, b) or reads_otherwise(a, b)


def no_successor(a: Seen, b: Seen) -> bool:
    """`b`, of the older path, lacks `Deprecation` or a link to its successor, which `a` shows is served."""
    newer, older = a.excerpt.request.path, b.excerpt.request.path
    if a.status is None or older == NEW_PATH or newer in (OLD_PATH, older):
        return False
    lacks_date = b.facts.get("headers/deprecation", "there") == ""
    return lacks_date or "successor-version" not in str(b.facts.get("headers/link", "successor-version"))


def one_name(a: Seen, b: Seen) -> bool:
    """Two profiles of one name."""
    named = [(p["name"], p["id"]) for s in (a, b) for p in s.profiles.values() if {"name", "id"} <= p.keys()]
    return any(one[0] == other[0] and one[1] != other[1] for one, other in itertools.combinations(named, 2))


@dataclass(frozen=True)
class Listing:
    """All pages of one selection, as far as they are shown to be all of it."""

    pages: tuple[Seen, ...]

    @property
    def ids(self) -> set[object]:
        """The ids of all pages."""
        return {identity for page in self.pages for identity in page.ids or ()}

    @property
    def whole(self) -> bool:
        """Whether page follows on page from the start to the end that the last one states."""
        end = 0
        for page in self.pages:
            if page.number("/offset") != end or page.ids is None:
                return False
            end += max(len(page.ids), page.number("/limit") or 0)
        total = self.pages[-1].number("/total_count")
        return total is not None and end >= total


def listings(seen: tuple[Seen, ...]) -> Iterator[Listing]:
    """The listings that are shown whole."""
    return (listing for listing in _groups(seen) if listing.whole)


def _groups(seen: tuple[Seen, ...]) -> Iterator[Listing]:
    groups: dict[object, list[Seen]] = {}
    for s in seen:
        if s.ids is not None and s.number("/offset") is not None:
            groups.setdefault((s.filters, s.excerpt.request.credentials, s.asked.get("limit")), []).append(s)
    for pages in groups.values():
        unique = {page.number("/offset") or 0: page for page in pages}
        yield Listing(tuple(unique[offset] for offset in sorted(unique)))


def fits(profile: Mapping[str, object], filters: frozenset[tuple[str, str]], listing: Listing) -> bool:
    """Whether the filters must select the profile, in the reading of several tags that the listing shows."""
    for name, value in filters:
        if name == "is_active" and profile.get("is_active", _NOWHERE) is not (value == "true"):
            return False
        if name == "search" and profile.get("name") != value:
            return False
        if name == "tags" and not carries(profile, listing):
            return False
    return True


def carries(profile: Mapping[str, object], listing: Listing) -> bool:
    """Whether it carries the tags, in the reading that the listing shows."""
    wanted = listing.pages[0].wanted
    carried = [tag in tags_of(profile.get("tags")) for tag in wanted]
    return bool(wanted) and (all(carried) or (any(carried) and shows_any(listing)))


def shows_any(listing: Listing) -> bool:
    """Whether the listing holds a profile that lacks one of the tags."""
    wanted = {tag.casefold() for tag in listing.pages[0].wanted}
    shown = (p["tags"] for page in listing.pages for p in page.profiles.values() if "tags" in p)
    return any(not wanted <= {tag.casefold() for tag in tags_of(tags)} for tags in shown)


def missing(seen: tuple[Seen, ...]) -> bool:
    """A profile that the filters select, as another page shows it, is in none of the pages of the listing."""
    for listing in listings(seen):
        for s in seen:
            filters = listing.pages[0].filters - s.filters
            if s in listing.pages or not filters or not s.filters <= listing.pages[0].filters:
                continue
            if any(
                i not in listing.ids and fits(s.profiles[p], filters, listing) for i, p in s.places.items()
            ):
                return True
    return False


def foreign(seen: tuple[Seen, ...]) -> bool:
    """A profile of a narrower list that the wider one, shown whole, does not have."""
    for listing in listings(seen):
        for s in seen:
            narrower = s.filters > listing.pages[0].filters or (
                s.excerpt.request.credentials is Credentials.NARROW
                and listing.pages[0].excerpt.request.credentials is Credentials.GIVEN
            )
            if narrower and any(identity not in listing.ids for identity in s.places):
                return True
    return False


def listings_differ(same: Callable[[Seen, Seen], bool]) -> Rule:
    """Two listings that should hold the same and do not."""

    def rule(seen: tuple[Seen, ...]) -> bool:
        pairs = itertools.combinations(listings(seen), 2)
        return any(same(a.pages[0], b.pages[0]) and a.ids != b.ids for a, b in pairs)

    return rule


def same_tags(a: Seen, b: Seen) -> bool:
    """The same tags, whatever their order."""
    return sorted(a.wanted) == sorted(b.wanted) and bool(a.wanted)


def any_here_all_there(seen: tuple[Seen, ...]) -> bool:
    """One page has a profile with one of its tags alone; a listing lacks one that has one of its own."""
    loose = [
        s
        for s in seen
        for p in s.profiles.values()
        if len(s.wanted) > 1
        and "tags" in p
        and not {w.casefold() for w in s.wanted} <= {t.casefold() for t in tags_of(p["tags"])}
    ]
    return bool(loose) and any(lacks(listing, seen, any) for listing in listings(seen))


def lacks(
    listing: Listing,
    seen: tuple[Seen, ...],
    enough: Callable[[Iterator[bool]], bool],
    *,
    fold: bool = False,
) -> bool:
    """Whether a profile that is shown and carries the tags is not in the listing."""
    wanted = [tag.casefold() if fold else tag for tag in listing.pages[0].wanted]
    for s in seen:
        for identity, place in s.places.items():
            carried = tags_of(s.profiles[place].get("tags"))
            carried = [tag.casefold() for tag in carried] if fold else carried
            if wanted and identity not in listing.ids and enough(tag in carried for tag in wanted):
                return True
    return False


def case_here_not_there(seen: tuple[Seen, ...]) -> bool:
    """A page finds a profile by its tag in another letter case; a listing does not."""
    folding = any(
        "tags" in p and not set(s.wanted) & set(tags_of(p["tags"])) and not without_tags(s)
        for s in seen
        for p in s.profiles.values()
        if s.wanted
    )
    return folding and any(lacks(listing, seen, all, fold=True) for listing in listings(seen))


def extra(seen: tuple[Seen, ...]) -> bool:
    """A search with filters has a profile that does not fit them."""
    return any(wrong_active(s) or without_tags(s) for s in seen if "search" in s.asked)


def random_word_finds(a: Seen, b: Seen) -> bool:
    """The one finds something, and another total of the other shows that `search` is honoured."""
    term, totals = a.asked.get("search", ""), (a.number("/total_count"), b.number("/total_count"))
    named = [p.get("name") for p in a.profiles.values()]
    found = bool(named) and not any(term.casefold() in str(name).casefold() for name in named)
    return found and bool(term) and a.filters != b.filters and known(*totals) and totals[0] != totals[1]


def no_sum(a: Seen, b: Seen, c: Seen) -> bool:
    """The totals of true and of false do not add up to that of all, with the same tags or without any."""
    others = {s.filters - {("is_active", "true"), ("is_active", "false")} for s in (a, b, c)}
    if len(others) > 1 or any(name != "tags" for name, _ in others.pop()):
        return False
    values = [s.asked.get("is_active") for s in (a, b, c)]
    totals = [s.number("/total_count") for s in (a, b, c)]
    every, active, inactive = totals
    if values != [None, "true", "false"] or every is None or active is None or inactive is None:
        return False
    return active + inactive != every


def no_total_of_two(a: Seen, b: Seen, c: Seen) -> bool:
    """The total of two tags, in `c`, is none that any or all of them can have, given those of each alone."""
    if (*a.wanted, *b.wanted) != c.wanted or len(a.wanted) != 1 or len(b.wanted) != 1:
        return False
    rest = {frozenset(pair for pair in s.filters if pair[0] != "tags") for s in (a, b, c)}
    totals = [s.number("/total_count") for s in (a, b, c)]
    one, other, both = totals
    if len(rest) > 1 or one is None or other is None or both is None:
        return False
    return both > one + other or min(one, other) < both < max(one, other)


def no_sum_for_narrow(a: Seen, b: Seen, c: Seen) -> bool:
    """The same under the narrower credential."""
    return a.narrow and b.narrow and c.narrow and no_sum(a, b, c)


def narrow_counts_more(a: Seen, b: Seen) -> bool:
    """A total of the narrower credential, `b`, above that of the full one, `a`, of the same list."""
    if a.excerpt.request.credentials is not Credentials.GIVEN or not b.narrow or not same_list(a, b):
        return False
    full, narrow = a.number("/total_count"), b.number("/total_count")
    return full is not None and narrow is not None and narrow > full


def narrow_between(a: Seen, b: Seen) -> bool:
    """A profile of `b`, under the narrower credential, between profiles of `a`, which does not show it."""
    if a.excerpt.request.credentials is not Credentials.GIVEN or not b.narrow or not same_list(a, b):
        return False
    ids = a.ids or []
    common = [place for identity, place in b.places.items() if identity in ids]
    begin = a.number("/offset") == b.number("/offset") == 0
    return any(
        identity not in ids
        and (begin or place > min(common))
        and (place < max(common) or (_at_the_end(a) and _at_the_end(b)))
        for identity, place in (b.places.items() if common else ())
    )


def _at_the_end(s: Seen) -> bool:
    offset, total, length = s.number("/offset"), s.number("/total_count"), s.length
    return known(offset, total, length) and (offset or 0) + (length or 0) >= (total or 0)


def neither(a: Seen, b: Seen, c: Seen) -> bool:
    """A parameter given twice in `c` counts neither as in `a`, its first value, nor as in `b`, its last."""
    names = [name for name, _ in c.pairs]
    twice = [name for name in names if names.count(name) == 2]
    if not twice:
        return False
    rest = [pair for pair in c.pairs if pair[0] != twice[0]]
    first, last = [pair for pair in c.pairs if pair[0] == twice[0]]
    alone = sorted(a.pairs) == sorted([*rest, first]) and sorted(b.pairs) == sorted([*rest, last])
    return alone and unlike(a, c) and unlike(b, c)


def miscounted_listing(seen: tuple[Seen, ...]) -> bool:
    """Pages up to the end that the last one states hold another number of profiles than it says."""
    for listing in _groups(seen):
        first, last = listing.pages[0], listing.pages[-1]
        limit, total, offset = (last.number(name) for name in ("/limit", "/total_count", "/offset"))
        if first.number("/offset") == 0 and limit is not None and total is not None and offset is not None:
            reached = offset + limit >= total and _follow(listing.pages)
            if reached and len(listing.ids) != total:
                return True
    return False


def _follow(pages: tuple[Seen, ...]) -> bool:
    ends = [(page.number("/offset") or 0) + (page.number("/limit") or 0) for page in pages]
    return all(end == page.number("/offset") for end, page in zip(ends, pages[1:], strict=False))
