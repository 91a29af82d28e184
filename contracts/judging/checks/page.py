"""What one page must be, and what it is beside the defaults and the end: the PAGE requirements."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.evidence.answers import Page
from contracts.evidence.evidence import Evidence
from contracts.evidence.responses import (
    LimitInForce,
    PagePair,
    PastEnd,
    defaulted,
    every_page,
    limits_in_force,
    max_limit_is_one,
    past_ends,
)
from contracts.judging.check import check
from contracts.judging.relations import (
    disagreement,
    first_difference,
    item_at,
    succeeded,
    unique_on,
)
from contracts.model import EvidenceClass, Violation

_TWO = "a list of at least two items"


def _full_and_short_pages(evidence: Evidence) -> bool:
    pages = [p for p in evidence.plain if p.profiles]
    return (
        any(len(p.profiles) != p.limit for p in evidence.plain)
        and any(len(p.profiles) != p.total for p in evidence.plain)
        and bool(pages)
    )


@check(
    "PAGE-COUNT",
    every_page,
    needs="a list that is not empty",
    exercised=_full_and_short_pages,
    exhaustive="page",
)
def count_is_page_length(page: Page) -> Iterator[Violation]:
    """`count` is the number of items on the page."""
    length = len(page.profiles)
    if page.count != length:
        expected = f"count {length}, the number of items on the page"
        yield Violation(expected, f"count {page.count}", (page.at("count", "items"),))


def _limit_binds(evidence: Evidence) -> bool:
    return any(p.query.limit and p.total - p.offset > p.query.limit for p in evidence.plain)


@check("PAGE-LIMIT", every_page, needs=_TWO, exercised=_limit_binds, exhaustive="page")
def page_holds_at_most_limit(page: Page) -> Iterator[Violation]:
    """The requested limit; without one, or with 0, the limit that the page states."""
    bound = page.query.limit or page.limit
    if len(page.profiles) > bound:
        facts = ("items", "limit") if bound == page.limit else ("items",)
        yield Violation(f"at most {bound} items", f"{len(page.profiles)} items", (page.at(*facts),))


@check("PAGE-LIMIT-ECHO", limits_in_force, exhaustive="page")
def limit_is_the_limit_in_force(subject: LimitInForce) -> Iterator[Violation]:
    """The requested limit, the deployment's one maximum above it, its one default without."""
    page, requested = subject.page, subject.page.query.limit
    if requested:
        yield from _requested_echo(page, requested, subject.clamped)
        yield from _silent_clamp(page, requested, subject.same_page_other_limit)
    elif not (requested == page.limit == 0):
        yield from _default_echo(page, subject.default)


def _requested_echo(page: Page, requested: int, clamped: Page | None) -> Iterator[Violation]:
    if page.limit < len(page.profiles) <= requested:
        expected = f"limit {requested}: the page holds {len(page.profiles)} items"
        yield _echo(page, expected, "items")
    elif page.limit > requested or page.limit == 0:
        yield _echo(page, f"limit {requested} as requested, or a maximum below it")
    elif clamped is not None and _contradicts(page.limit, requested, clamped.limit):
        expected = f"limit {clamped.limit}: request #{clamped.number} shows that this is the maximum"
        at = (clamped.at("limit"), page.at("limit"))
        yield Violation(expected, f"limit {page.limit}", at, min_writes=0)


def _contradicts(limit: int, requested: int, maximum: int) -> bool:
    return limit not in (requested, maximum) or limit == requested > maximum


def _echo(page: Page, expected: str, *roles: str) -> Violation:
    return Violation(expected, f"limit {page.limit}", (page.at("limit", *roles),), min_writes=0)


def _silent_clamp(page: Page, requested: int, other: Page | None) -> Iterator[Violation]:
    """More is requested and remains, and yet the page is the one that a smaller limit brings."""
    held, remaining = len(page.profiles), page.total - page.offset
    if other is not None and page.limit == requested and 0 < held < min(requested, remaining):
        expected = (
            f"limit {held}: of {remaining} items left the page holds {held}, as request #{other.number} does"
        )
        at = (other.at("items"), page.at("limit", "items", "total", "offset"))
        got = f"limit {page.limit}"
        yield Violation(expected, got, at, EvidenceClass.STABLE, min_writes=remaining - held)


def _default_echo(page: Page, default: Page | None) -> Iterator[Violation]:
    if default is None or page.limit == default.limit or (_unpaged(page) and _unpaged(default)):
        return
    sides = ((one.at("limit"), f"limit {one.limit}") for one in (default, page))
    rule = "one default limit for queries of the same kind"
    yield disagreement(rule, *sides, evidence=EvidenceClass.STABLE, min_writes=0)


def _unpaged(page: Page) -> bool:
    """Everything from the offset on, `limit` being the number of items."""
    return page.end >= page.total and page.limit in (len(page.profiles), page.total)


def _deep_page(evidence: Evidence) -> bool:
    return any(page.query.offset for page in evidence.plain)


@check("PAGE-OFFSET-ECHO", every_page, exercised=_deep_page, exhaustive="page")
def offset_is_the_offset_in_force(page: Page) -> Iterator[Violation]:
    """The requested offset; 0 without one."""
    requested = page.query.offset or 0
    if page.query.plain and page.offset != requested:
        yield Violation(f"offset {requested}", f"offset {page.offset}", (page.at("offset"),))


def _both_bounds_bind(evidence: Evidence) -> bool:
    pages = [p for p in evidence.unfiltered if p.profiles]
    return any(p.end < p.total for p in pages) and any(p.offset + p.limit >= p.total for p in pages)


@check(
    "PAGE-FILL",
    every_page,
    needs=_TWO,
    exercised=_both_bounds_bind,
    requires=("PAGE-LIMIT", "PAGE-LIMIT-ECHO", "PAGE-OFFSET-ECHO"),
    sampled="profiles",
    exhaustive="page",
)
def page_is_filled(page: Page) -> Iterator[Violation]:
    """Under filters, FILTER-TOTAL and FILTER-PAGED say the same; past the end, PAGE-PAST-END."""
    if not page.query.plain or not page.selection.unfiltered or (page.past_end and page.offset):
        return
    full = min(page.limit, max(0, page.total - page.offset))
    if len(page.profiles) != full:
        bounds = f"limit {page.limit}, total_count {page.total} − offset {page.offset}"
        at = (page.at("items", "limit", "total", "offset"),)
        writes = max(1, abs(page.total - page.end))
        got = f"{len(page.profiles)} items"
        yield Violation(f"{full} items, the smaller of {bounds}", got, at, min_writes=writes)


@check(
    "PAGE-UNIQUE",
    every_page,
    needs=_TWO,
    exercised=lambda e: any(len(p.profiles) > 1 for p in e.pages),
    inapplicable=max_limit_is_one,
    sampled="profiles",
    exhaustive="page",
)
def page_holds_every_id_once(page: Page) -> Iterator[Violation]:
    """Duplicates inside one response cannot be a race."""
    yield from unique_on(page)


def _something_before_the_end(evidence: Evidence) -> bool:
    return any(subject.before.total > 0 for subject in evidence.select(past_ends))


@check(
    "PAGE-PAST-END",
    past_ends,
    needs="a list that is not empty",
    exercised=_something_before_the_end,
    requires=("PAGE-OFFSET-ECHO",),
)
def page_past_the_end_is_empty(subject: PastEnd) -> Iterator[Violation]:
    """200, an empty array, and `total_count` as before."""
    answer, before, page = subject.answer, subject.before, subject.answer.page
    expected = (
        f"200, no items and total_count {before.total}: "
        f"offset {answer.query.offset} is past the end, as request #{before.number} shows"
    )
    ahead = before.at("total")
    if page is None:
        yield from _no_page(subject, expected)
    elif page.profiles and page.total <= page.offset:
        got = f"{len(page.profiles)} items, the first with id {page.ids[0]}"
        at = (ahead, page.at("items", "total", "offset"))
        yield Violation(expected, got, at, min_writes=len(page.profiles))
    elif page.total != before.total:
        writes = abs(page.total - before.total)
        yield Violation(expected, f"total_count {page.total}", (ahead, page.at("total")), min_writes=writes)


def _no_page(subject: PastEnd, expected: str) -> Iterator[Violation]:
    """What came instead of a page, unless the RESP requirements say it already."""
    answer, ahead = subject.answer, subject.before.at("total")
    value = answer.value
    if not succeeded(answer):
        yield Violation(expected, f"status {answer.status}", (ahead, answer.at("status")))
    elif isinstance(value, dict) and value.get("access_profiles", 0) is None:
        yield Violation(expected, "null in place of the array", (ahead, answer.at("/access_profiles")))


def _default_shows(evidence: Evidence) -> bool:
    least = 1 if max_limit_is_one(evidence) else 2
    return any(len(pair.second.profiles) >= least for pair in evidence.select(defaulted))


@check(
    "PAGE-DEFAULT", defaulted, needs=_TWO, exercised=_default_shows, requires=("PAGE-LIMIT", "WALK-REPEAT")
)
def defaults_are_answered_as_if_requested(pair: PagePair) -> Iterator[Violation]:
    """The same items at the same positions; an unpaged response may go on where a page ends."""
    explicit, implicit = pair.first, pair.second
    length = min(len(implicit.ids), len(explicit.ids))
    rule = "the same page whether a default is requested or left out"
    if implicit.ids[:length] != explicit.ids[:length]:
        index = first_difference(explicit.ids, implicit.ids)
        sides = (item_at(page, index) for page in (explicit, implicit))
        yield disagreement(rule, *sides)
    elif len(implicit.ids) != len(explicit.ids) and not _may_go_on(explicit, implicit):
        sides = ((page.at("items", "limit"), f"{len(page.ids)} items") for page in (explicit, implicit))
        yield disagreement(rule, *sides, min_writes=abs(len(implicit.ids) - len(explicit.ids)))


def _may_go_on(explicit: Page, implicit: Page) -> bool:
    return implicit.everything or implicit.limit != explicit.limit
