"""What one page must be, and what it is beside the defaults and the end: the PAGE requirements."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.evidence.answers import Page
from contracts.evidence.evidence import Evidence
from contracts.evidence.responses import Defaulted, LimitInForce, PastEnd, max_limit_is_one
from contracts.judging.check import check
from contracts.model import Evidence as Class
from contracts.model import Violation

_TWO = "a list of at least two profiles"


def _full_and_short_pages(evidence: Evidence) -> bool:
    pages = [p for p in evidence.plain if p.profiles]
    return (
        any(len(p.profiles) != p.limit for p in evidence.plain)
        and any(len(p.profiles) != p.total for p in evidence.plain)
        and bool(pages)
    )


@check("PAGE-COUNT", needs="a list that is not empty", exercised=_full_and_short_pages, exhaustive="page")
def count_is_page_length(page: Page) -> Iterator[Violation]:
    """`count` is the number of profiles on the page."""
    if page.count != len(page.profiles):
        expected = f"count {len(page.profiles)}, as many profiles as the page holds"
        yield Violation(expected, f"count {page.count}", (page.number,), "/count")


def _limit_binds(evidence: Evidence) -> bool:
    return any(p.asked.limit and p.total - p.offset > p.asked.limit for p in evidence.plain)


@check("PAGE-LIMIT", needs=_TWO, exercised=_limit_binds, exhaustive="page")
def page_holds_at_most_limit(page: Page) -> Iterator[Violation]:
    """The limit asked for; where none or 0 is, the one that the page states."""
    bound = page.asked.limit or page.limit
    if len(page.profiles) > bound:
        got = f"{len(page.profiles)} profiles"
        yield Violation(f"at most {bound} profiles", got, (page.number,), f"/access_profiles/{bound}")


@check("PAGE-LIMIT-ECHO", exhaustive="page")
def limit_is_the_limit_in_force(subject: LimitInForce) -> Iterator[Violation]:
    """The limit asked for, the deployment's one maximum above it, its one default without."""
    asked = subject.page.asked.limit
    if asked is None:
        yield from _default_echo(subject.page, subject.default)
    elif asked == 0:
        yield from _zero_echo(subject.page, subject.default)
    else:
        yield from _asked_echo(subject.page, asked, subject.clamped)
        yield from _silent_clamp(subject.page, asked, subject.alike)


def _asked_echo(page: Page, asked: int, clamped: Page | None) -> Iterator[Violation]:
    if page.limit < len(page.profiles) <= asked:
        yield _echo(page, f"limit {asked}, since the page holds {len(page.profiles)} profiles")
    elif page.limit > asked or page.limit == 0:
        yield _echo(page, f"limit {asked}, as asked (or a maximum below it)")
    elif clamped is not None and page.limit not in (asked, clamped.limit):
        expected = f"limit {clamped.limit}, the maximum that exchange {clamped.number} shows"
        yield _echo(page, expected, clamped)
    elif clamped is not None and page.limit == asked > clamped.limit:
        expected = f"limit {clamped.limit}: exchange {clamped.number} shows that this is the maximum"
        yield _echo(page, expected, clamped)


def _silent_clamp(page: Page, asked: int, alike: Page | None) -> Iterator[Violation]:
    """More is asked for and remains, and yet the page is the one that a smaller limit brings."""
    held, remaining = len(page.profiles), page.total - page.offset
    if alike is not None and page.limit == asked and 0 < held < min(asked, remaining):
        expected = f"limit {held}: the page holds {held} of {remaining}, as exchange {alike.number} does"
        yield _echo(page, expected, alike, writes=remaining - held, evidence=Class.QUIET)


def _default_echo(page: Page, default: Page | None) -> Iterator[Violation]:
    if default is None or page.limit == default.limit or (_unpaged(page) and _unpaged(default)):
        return
    expected = f"limit {default.limit}, the default that exchange {default.number} shows"
    yield _echo(page, expected, default, evidence=Class.QUIET)


def _zero_echo(page: Page, default: Page | None) -> Iterator[Violation]:
    as_default = default is None or page.limit == default.limit or (_unpaged(page) and _unpaged(default))
    if page.limit != 0 and not as_default:
        expected = f"limit 0 or the default {default.limit if default else ''}"
        others = (default,) if default else ()
        yield _echo(page, expected, *others, evidence=Class.QUIET)


def _unpaged(page: Page) -> bool:
    """Everything from the offset on, `limit` being the number of profiles."""
    return page.end >= page.total and page.limit in (len(page.profiles), page.total)


def _echo(
    page: Page, expected: str, *others: Page, writes: int = 0, evidence: Class | None = None
) -> Violation:
    numbers = tuple(sorted({page.number, *(other.number for other in others)} - {page.number}))
    return Violation(
        expected, f"limit {page.limit}", (*numbers, page.number), "/limit", evidence=evidence, writes=writes
    )


def _deep_page(evidence: Evidence) -> bool:
    return any(page.asked.offset for page in evidence.plain)


@check("PAGE-OFFSET-ECHO", exercised=_deep_page, exhaustive="page")
def offset_is_the_offset_in_force(page: Page) -> Iterator[Violation]:
    """The offset asked for; 0 without one."""
    wanted = page.asked.offset or 0
    if page.asked.plain and page.offset != wanted:
        yield Violation(f"offset {wanted}", f"offset {page.offset}", (page.number,), "/offset")


def _both_bounds_bind(evidence: Evidence) -> bool:
    pages = [p for p in evidence.unfiltered if p.profiles]
    return any(p.end < p.total for p in pages) and any(p.offset + p.limit >= p.total for p in pages)


@check(
    "PAGE-FILL",
    needs=_TWO,
    exercised=_both_bounds_bind,
    requires=("PAGE-LIMIT", "PAGE-LIMIT-ECHO", "PAGE-OFFSET-ECHO"),
    sampled="profiles",
    exhaustive="page",
)
def page_is_filled(page: Page) -> Iterator[Violation]:
    """Under filters, FILTER-TOTAL and FILTER-PAGED say the same; past the end, PAGE-PAST-END."""
    if not page.asked.plain or not page.selection.unfiltered or (page.past_end and page.offset):
        return
    full = min(page.limit, max(0, page.total - page.offset))
    if len(page.profiles) != full:
        expected = (
            f"{full} profiles: min(limit {page.limit}, total_count {page.total} − offset {page.offset})"
        )
        got = f"{len(page.profiles)} profiles"
        writes = abs(page.total - page.end)
        yield Violation(expected, got, (page.number,), "/access_profiles", writes=max(1, writes))


@check(
    "PAGE-UNIQUE",
    needs=_TWO,
    exercised=lambda e: any(len(p.profiles) > 1 for p in e.pages),
    inapplicable=max_limit_is_one,
    sampled="profiles",
    exhaustive="page",
)
def no_id_stands_twice_on_a_page(page: Page) -> Iterator[Violation]:
    """Duplicates inside one answer need no quiet."""
    seen: dict[int, int] = {}
    for position, identity in enumerate(page.ids):
        if identity in seen:
            place = f"/access_profiles/{seen[identity]} and /access_profiles/{position}"
            pointer = f"/access_profiles/{position}/id"
            yield Violation("every id once", f"id {identity} at {place}", (page.number,), pointer)
            return
        seen[identity] = position


def _something_before_the_end(evidence: Evidence) -> bool:
    return any(subject.before.total > 0 for subject in evidence.subjects(PastEnd))


@check(
    "PAGE-PAST-END",
    needs="a list that is not empty",
    exercised=_something_before_the_end,
    requires=("PAGE-OFFSET-ECHO",),
)
def page_past_the_end_is_empty(subject: PastEnd) -> Iterator[Violation]:
    """200, an empty array, and `total_count` as before."""
    answer, before = subject.answer, subject.before
    place = f"offset {answer.asked.offset} is past the end"
    expected = f"200 with an empty array and total_count {before.total}, since {place}"
    numbers = (before.number, answer.number)
    page = answer.page
    if page is None:
        got = _no_page(subject)
        if got:
            yield Violation(expected, got, numbers, "/access_profiles")
    elif page.profiles and page.total <= page.offset:
        got = f"{len(page.profiles)} profiles, the first with id {page.ids[0]}"
        yield Violation(expected, got, numbers, "/access_profiles/0", writes=len(page.profiles))
    elif page.total != before.total:
        writes = abs(page.total - before.total)
        yield Violation(expected, f"total_count {page.total}", numbers, "/total_count", writes=writes)


def _no_page(subject: PastEnd) -> str:
    """What came in the place of a page; empty where the RESP requirements say it already."""
    answer = subject.answer
    if answer.status != 200:
        return f"status {answer.status}"
    value = answer.value
    nothing = isinstance(value, dict) and value.get("access_profiles", 0) is None
    return "null in the place of the array" if nothing else ""


def _default_shows(evidence: Evidence) -> bool:
    least = 1 if max_limit_is_one(evidence) else 2
    return any(len(s.implicit.profiles) >= least for s in evidence.subjects(Defaulted))


@check("PAGE-DEFAULT", needs=_TWO, exercised=_default_shows, requires=("PAGE-LIMIT", "WALK-REPEAT"))
def defaults_are_answered_as_if_asked(subject: Defaulted) -> Iterator[Violation]:
    """The same profiles at the same places; an unpaged answer may go on where a page ends."""
    implicit, explicit = subject.implicit, subject.explicit
    length = min(len(implicit.ids), len(explicit.ids))
    same_length = (
        len(implicit.ids) == len(explicit.ids) or implicit.everything or implicit.limit != explicit.limit
    )
    numbers = (explicit.number, implicit.number)
    if implicit.ids[:length] != explicit.ids[:length]:
        at = next(i for i in range(length) if implicit.ids[i] != explicit.ids[i])
        query = f"limit={explicit.asked.limit}&offset={explicit.asked.offset}"
        expected = f"id {explicit.ids[at]} at position {at}, as with {query}"
        yield Violation(expected, f"id {implicit.ids[at]}", numbers, f"/access_profiles/{at}/id")
    elif not same_length:
        expected = f"{len(explicit.ids)} profiles, as with the echoed limit and offset asked for"
        got = f"{len(implicit.ids)} profiles"
        writes = abs(len(implicit.ids) - len(explicit.ids))
        yield Violation(expected, got, numbers, "/access_profiles", writes=writes)
