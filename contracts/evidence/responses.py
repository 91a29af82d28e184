"""Subjects that are one answer or two of one kind: what is well formed, limits in force, ends, defaults."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from contracts.evidence.answers import ACCEPTED_INTEGER_MAX, Answer, Page, Query
from contracts.evidence.evidence import Evidence
from contracts.model import Purpose


@dataclass(frozen=True, slots=True)
class PagePair:
    """Two pages that are compared."""

    first: Page
    second: Page

    @property
    def positions(self) -> range:
        """The positions that both show."""
        return range(max(self.first.offset, self.second.offset), min(self.first.end, self.second.end))

    @property
    def common(self) -> list[int]:
        """The ids on both, in the order of the second page."""
        return [i for i in self.second.ids if i in self.first.by_id]


def first_answer(evidence: Evidence) -> Iterable[Answer]:
    """The first response that is not temporary trouble, if there is one."""
    return evidence.regular[:1]


def every_answer(evidence: Evidence) -> Iterable[Answer]:
    """Every response of the operation."""
    return evidence.regular


def every_page(evidence: Evidence) -> Iterable[Page]:
    """Every well-formed page."""
    return evidence.pages


def successes(evidence: Evidence) -> Iterator[Answer]:
    """Every 200 of the operation."""
    return (answer for answer in evidence.regular if answer.status == 200)


def contents(evidence: Evidence) -> Iterator[Answer]:
    """Every 200 whose content is a JSON text."""
    for answer in evidence.regular:
        if answer.status == 200 and answer.problem is None and answer.beyond is None:
            yield answer


@dataclass(frozen=True, slots=True)
class WellFormed:
    """The response to a request that must be answered 200.

    Beside a refusal of the credentials, `served` is a later answer that shows them to be good; beside a
    search, one to a search, for a deployment may refuse all of them.
    """

    answer: Answer
    served: Answer | None


_ORDINARY_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{1,62}[A-Za-z0-9]")


def well_formed(evidence: Evidence) -> Iterator[WellFormed]:
    """Responses to plain requests, except legal refusals of a limit and of credentials."""
    served = [a for a in evidence.regular if a.status == 200]
    accepted = largest_accepted(evidence)
    searched = next((a for a in served if a.query.plain and a.query.selection.search is not None), None)
    for answer in evidence.regular:
        if searched is not None and _searches_plainly(answer.query) and not limit_refused(answer, accepted):
            yield WellFormed(answer, searched)
            continue
        refused = answer.status in (401, 403)
        later = next((a for a in served if a.number > answer.number), None) if refused else None
        if must_be_served(answer) and not (limit_refused(answer, accepted) or (refused and later is None)):
            yield WellFormed(answer, later)


def largest_accepted(evidence: Evidence) -> int:
    """The largest limit that was requested and answered 200."""
    served = (a for a in evidence.regular if a.status == 200 and a.query.plain)
    return max((a.query.limit or 0 for a in served), default=0)


def must_be_served(answer: Answer) -> bool:
    """Whether the contract lets no deployment refuse the request."""
    return is_well_formed(answer.query)


def is_well_formed(query: Query) -> bool:
    """Whether the contract lets no deployment refuse this query."""
    items = query.selection.items
    clean = all(item and item == item.strip() for item in items)
    # `search` is missing from the older reference page, so an older deployment may refuse it as unknown.
    small = max(query.limit or 0, query.offset or 0) <= ACCEPTED_INTEGER_MAX
    return query.plain and clean and small and query.limit != 0 and query.selection.search is None


def _searches_plainly(query: Query) -> bool:
    """Whether the query is well-formed but for its `search`, and that is an ordinary word."""
    search, rest = query.selection.search, replace(query.selection, search=None)
    ordinary = search is not None and _ORDINARY_WORD.fullmatch(search)
    return bool(ordinary) and is_well_formed(replace(query, selection=rest))


def limit_refused(answer: Answer, accepted: int) -> bool:
    """Reading *refused* of a limit over the maximum: legal only above every limit that was accepted."""
    limit = answer.query.limit
    return 400 <= answer.status < 500 and limit is not None and 0 < accepted < limit


@dataclass(frozen=True, slots=True)
class LimitInForce:
    """A page whose `limit` is checked, with pages that show the maximum, the default, or the same items."""

    page: Page
    clamped: Page | None
    default: Page | None
    same_page_other_limit: Page | None


def limits_in_force(evidence: Evidence) -> Iterator[LimitInForce]:
    """Every plain page, with the first clamped one and the first of the same kind without a limit."""
    clamped = next((p for p in evidence.plain if 0 < p.limit < (p.query.limit or 0)), None)
    defaults: dict[tuple[bool, bool, str], Page] = {}
    for page in evidence.plain:
        if page.query.limit is None:
            defaults.setdefault(_kind(page), page)
    for page in evidence.plain:
        yield LimitInForce(
            page, clamped, defaults.get(_kind(page)), _same_page_other_limit(page, evidence.unfiltered)
        )


def _same_page_other_limit(page: Page, others: tuple[Page, ...]) -> Page | None:
    """Another page with the same items that was requested with another limit."""
    if not page.profiles or not page.selection.unfiltered:
        return None
    same = (p for p in others if p.ids == page.ids and p.query.limit and p.query.limit != page.query.limit)
    return next(same, None)


def _kind(page: Page) -> tuple[bool, bool, str]:
    """No query at all, only filters, or an offset: deployments that may answer unpaged distinguish these.

    Whether `search` counts as a filter is implementation-defined: such queries are compared with each other.
    """
    selection = page.selection
    names = " ".join(sorted(name for name, _ in page.query.parameters))
    return (selection.unfiltered, page.query.offset is None, names if selection.search is not None else "")


@dataclass(frozen=True, slots=True)
class PastEnd:
    """The response to an offset at or after the end that an earlier page of the same selection states."""

    answer: Answer
    before: Page


def past_ends(evidence: Evidence) -> Iterator[PastEnd]:
    """Every answer that must be an empty page; a legal refusal of its limit need not be."""
    accepted = largest_accepted(evidence)
    for answer in evidence.regular:
        query = answer.query
        if limit_refused(answer, accepted):
            continue
        served = must_be_served(answer) or (answer.page is not None and query.plain and query.limit != 0)
        if not served or not query.offset:
            continue
        before = _latest_before(answer, evidence.by_selection.get(query.selection, ()))
        if before is not None and before.total <= query.offset:
            yield PastEnd(answer, before)


def _latest_before(answer: Answer, pages: tuple[Page, ...]) -> Page | None:
    inside = [p for p in pages if not p.past_end or p.offset == 0]
    earlier = [p for p in inside if p.number < answer.number]
    return earlier[-1] if earlier else next(iter(inside), None)


def within(pages: Iterable[Page]) -> list[Page]:
    """The pages of one selection that begin before the furthest end that any of them states."""
    known = list(pages)
    end = max((p.total for p in known), default=0)
    return [p for p in known if p.offset == 0 or p.offset < end]


def stand_alone(*pages: Page) -> bool:
    """Whether all of these begin before the end that they state: no other page is needed to tell."""
    return len(within(pages)) == len(pages)


def defaulted(evidence: Evidence) -> Iterator[PagePair]:
    """A page requested with the limit and offset that a page without these echoes, and that page."""
    for implicit in evidence.plain:
        if implicit.query.implicit and implicit.query.limit != 0:
            explicit = _twin(implicit, evidence.by_selection[implicit.selection])
            if explicit is not None:
                yield PagePair(explicit, implicit)


def _twin(implicit: Page, pages: tuple[Page, ...]) -> Page | None:
    place = implicit.query.offset or 0
    here = [
        p for p in pages if not p.query.implicit and p.offset == place == p.query.offset and p.query.limit
    ]
    same = [p for p in here if p.limit == implicit.limit == p.query.limit]
    if same or not implicit.everything:
        return next(iter(same), None)
    return max(here, key=lambda p: len(p.profiles), default=None)


def max_limit_is_one(evidence: Evidence) -> str:
    """That the maximum limit is 1, in words, where it is: what needs two profiles on a page is empty then."""
    held = [page for page in evidence.plain if page.profiles]
    more = [a for a in evidence.regular if a.query.plain and (a.query.limit or 0) > 1]
    cut = [a for a in more if 400 <= a.status < 500 or (a.page is not None and a.page.limit == 1)]
    many = any(page.total > 1 for page in held) and all(len(page.profiles) == 1 for page in held)
    return "no page may hold more than one profile" if many and more and len(cut) == len(more) else ""


def total_pairs(evidence: Evidence) -> Iterator[PagePair]:
    """Neighbours in time on the unfiltered list; pages past the end have a requirement of their own."""
    pairs = itertools.pairwise(within(evidence.unfiltered))
    return (PagePair(first, second) for first, second in pairs if stand_alone(first, second))


def generated_answers(evidence: Evidence) -> Iterator[Answer]:
    """Responses to generated queries."""
    return (a for a in evidence.regular if a.request.purpose is Purpose.GENERATED)
