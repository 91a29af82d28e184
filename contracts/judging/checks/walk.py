"""What pages must be to each other: the WALK requirements, on the list without filters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from contracts.evidence.answers import Page, still
from contracts.evidence.evidence import Evidence
from contracts.evidence.responses import TotalPair, max_limit_is_one
from contracts.evidence.walks import ListWalk, Overlap, Repeat, Visits, Walk, WalkPair
from contracts.judging.check import check
from contracts.model import MOVING, Violation
from contracts.model import Evidence as Class

_TWO = "a list of at least two profiles"
_ENOUGH_STRETCHES = 5


def _two_pages_walked(evidence: Evidence) -> bool:
    return any(w.walk.pages[1].profiles for w in evidence.subjects(ListWalk))


def _walked_to_the_end(evidence: Evidence) -> bool:
    """By a whole walk, or, where the list is too long for one, by stretches of which one ends it."""
    walks = [w.walk for w in evidence.subjects(ListWalk) if w.walk.pages[1].profiles]
    whole = any(walk.complete for walk in walks)
    ends = any(walk.start and walk.pages[-1].end >= walk.total for walk in walks)
    return whole or (ends and len(walks) >= _ENOUGH_STRETCHES)


@check(
    "WALK-COMPLETE",
    needs=_TWO,
    exercised=_walked_to_the_end,
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO"),
    sampled="boundaries",
    exhaustive="list",
)
def walk_yields_total_count(subject: ListWalk) -> Iterator[Violation]:
    """Distinct profiles, so that a repeat cannot make up for one that is skipped.

    A long list is walked in stretches: each yields as many as it covers positions.
    """
    walk = subject.walk
    found = len(set(walk.ids))
    if found != walk.due:
        pages = f"{len(walk.pages)} pages of {walk.limit} from offset {walk.start}"
        expected = f"{walk.due} profiles from {pages}, as total_count {walk.total} says"
        writes = abs(found - walk.due)
        yield Violation(expected, f"{found} profiles", walk.numbers, "/total_count", writes=writes)


@check(
    "WALK-ONCE",
    needs=_TWO,
    exercised=_two_pages_walked,
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO"),
    sampled="boundaries",
    exhaustive="list",
)
def walk_visits_each_once(subject: Visits) -> Iterator[Violation]:
    """No profile on two pages of a walk."""
    yield from on_two_pages(subject.walk)


def on_two_pages(walk: Walk) -> Iterator[Violation]:
    """The first profile that is on two pages of a walk."""
    seen: dict[int, Page] = {}
    for page in walk.pages:
        for position, identity in enumerate(page.ids):
            first = seen.setdefault(identity, page)
            if first is not page:
                got = f"id {identity} on the pages at offset {first.offset} and {page.offset}"
                numbers = _between(walk, first, page)
                yield Violation("every profile once", got, numbers, f"/access_profiles/{position}/id")
                return


def _between(walk: Walk, first: Page, last: Page) -> tuple[int, ...]:
    """The exchanges of a stretch of a walk: without its middle it would be no walk."""
    start, end = walk.pages.index(first), walk.pages.index(last)
    return tuple(page.number for page in walk.pages[start : end + 1])


def _two_offsets(evidence: Evidence) -> bool:
    return len({p.offset for p in evidence.unfiltered if p.profiles}) > 1


@check("WALK-TOTAL", needs=_TWO, exercised=_two_offsets)
def total_count_is_the_same_everywhere(pair: TotalPair) -> Iterator[Violation]:
    """Whatever `limit` and `offset` are."""
    first, second = pair.first, pair.second
    if first.total != second.total:
        expected = f"total_count {first.total}, as the page before says"
        writes = abs(first.total - second.total)
        yield Violation(
            expected,
            f"total_count {second.total}",
            (first.number, second.number),
            "/total_count",
            writes=writes,
        )


@check(
    "WALK-ORDER",
    needs=_TWO,
    exercised=lambda e: bool(_comparable(e)),
    inapplicable=max_limit_is_one,
    sampled="boundaries",
)
def order_does_not_depend_on_page_size(pair: WalkPair) -> Iterator[Violation]:
    """Unchanged profiles keep their order from page to page, and the same profiles are the same sequence."""
    first, second = pair.first, pair.second
    one, other = pair.sequences
    if one == other:
        return
    turned = next(((a, b, found) for a, b in pair.pages if (found := _flipped(a, b))), None)
    if turned is not None:
        a, b, (before, after) = turned
        expected = f"id {after} before id {before}, as with {_window(a)}"
        got = f"id {before} before id {after} with {_window(b)}"
        pointer = f"/access_profiles/{b.ids.index(before)}/id"
        yield Violation(expected, got, (a.number, b.number), pointer, evidence=Class.ORDER, writes=0)
    elif set(one) == set(other):
        at = _first_difference(one, other)
        position = max(first.start, second.start) + at
        expected = f"id {one[at]} at position {position}, as with limit {first.limit}"
        got = f"id {other[at]} with limit {second.limit}"
        numbers = (*first.numbers, *second.numbers)
        yield Violation(expected, got, numbers, "/access_profiles", evidence=Class.QUIET)


def _comparable(evidence: Evidence) -> list[WalkPair]:
    return list(evidence.subjects(WalkPair))


def _flipped(first: Page, second: Page) -> tuple[int, int] | None:
    """Two unchanged profiles that stand in opposite order on two pages."""
    rank = {identity: i for i, identity in enumerate(first.ids)}
    common = [i for i in second.ids if i in rank and first.by_id[i].reads_like(second.by_id[i])]
    for before, after in itertools.pairwise(common):
        if rank[before] > rank[after]:
            return before, after
    return None


@check(
    "WALK-SPLIT",
    needs=_TWO,
    exercised=lambda e: any(o.first.profiles for o in e.subjects(Overlap)),
    requires=("PAGE-LIMIT", "PAGE-OFFSET-ECHO", "WALK-REPEAT"),
    sampled="boundaries",
)
def pages_agree_where_they_overlap(overlap: Overlap) -> Iterator[Violation]:
    """page(o, a+b) is page(o, a) followed by page(o+a, b): each position holds one profile."""
    first, second = overlap.first, overlap.second
    for position in overlap.positions:
        one, other = first.ids[position - first.offset], second.ids[position - second.offset]
        if one != other:
            expected = f"id {one} at position {position}, as with {_window(first)}"
            got = f"id {other} with {_window(second)}"
            pointer = f"/access_profiles/{position - second.offset}/id"
            flipped = _flipped(first, second)
            yield Violation(
                expected,
                got,
                (first.number, second.number),
                pointer,
                evidence=Class.ORDER if flipped else None,
                writes=0 if flipped else 1,
            )
            return


def _window(page: Page) -> str:
    return f"limit={_shown(page.asked.limit)}&offset={_shown(page.asked.offset)}"


def _shown(value: int | None) -> str:
    return "(none)" if value is None else str(value)


def _repeated(evidence: Evidence) -> bool:
    least = 1 if max_limit_is_one(evidence) else 2
    return any(len(r.first.ids) >= least for r in evidence.subjects(Repeat))


@check("WALK-REPEAT", needs=_TWO, exercised=_repeated)
def same_request_gives_same_profiles(repeat: Repeat) -> Iterator[Violation]:
    """Other profiles may have come by a write; another order of unchanged ones may not."""
    first, second = repeat.first, repeat.second
    if first.ids == second.ids:
        return
    numbers = (first.number, second.number)
    flipped = _flipped(first, second)
    if flipped:
        expected = f"id {flipped[1]} before id {flipped[0]}, as the same request gave before"
        got = f"id {flipped[0]} before id {flipped[1]}"
        yield Violation(expected, got, numbers, "/access_profiles", evidence=Class.ORDER, writes=0)
    else:
        at = _first_difference(first.ids, second.ids)
        got = f"a difference from position {at} of the page on"
        yield Violation("the same profiles", got, numbers, "/access_profiles", evidence=Class.QUIET)


def _first_difference(first: Sequence[int], second: Sequence[int]) -> int:
    differing = (i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b)
    return next(differing, min(len(first), len(second)))


@check(
    "WALK-CONTENT",
    needs="a list that is not empty",
    exercised=lambda e: any(
        o.first.limit != o.second.limit and o.first.profiles for o in e.subjects(Overlap)
    ),
    inapplicable=max_limit_is_one,
    requires=("PAGE-UNIQUE",),
    sampled="boundaries",
)
def profile_reads_the_same_on_every_page(overlap: Overlap) -> Iterator[Violation]:
    """What moves by itself aside."""
    first, second = overlap.first, overlap.second
    found = reads_otherwise(first, second)
    if found is not None:
        identity, difference, pointer = found
        expected = f"profile {identity} as with {_window(first)}"
        got = f"{difference} with {_window(second)}"
        yield Violation(expected, got, (first.number, second.number), pointer)


def reads_otherwise(first: Page, second: Page) -> tuple[int, str, str] | None:
    """The first profile of the second page that reads otherwise on the first: id, difference, pointer."""
    for position, profile in enumerate(second.profiles):
        twin = first.by_id.get(profile.id)
        if twin is not None and not twin.reads_like(profile):
            members = _different_members(twin.raw, profile.raw)
            pointer = f"/access_profiles/{position}" + (f"/{members[0]}" if members else "")
            return profile.id, f"a difference in {', '.join(members) or 'nested members'}", pointer
    return None


def _different_members(first: dict[str, object], second: dict[str, object]) -> list[str]:
    """The members in which two JSON objects differ."""
    names = sorted((first.keys() | second.keys()) - MOVING)
    return [n for n in names if still(first.get(n, "absent")) != still(second.get(n, "absent"))]
