"""Which of several legal behaviours the deployment shows; for the report, not for a verdict."""

from __future__ import annotations

from collections.abc import Callable

from contracts.model import Reading
from contracts.subjects.answer import Page
from contracts.subjects.evidence import Evidence
from contracts.subjects.relations import FirstAnswer, TagListing

Inference = Callable[[Evidence], "Reading | None"]


def readings(evidence: Evidence) -> tuple[Reading, ...]:
    """Every reading that the evidence shows."""
    found = (infer(evidence) for infer in _INFERENCES)
    return tuple(reading for reading in found if reading is not None)


def _no_query(evidence: Evidence) -> Reading | None:
    page = next((p for p in evidence.unfiltered if not p.asked.parameters), None)
    if page is None or page.total == 0:
        return None
    if page.everything and page.total > 1:
        return Reading("no query", f"unpaged, or a default limit of {page.limit}", page.number)
    return Reading("no query", f"paged, default limit {page.limit}", page.number)


def _filter_only(evidence: Evidence) -> Reading | None:
    pages = [p for p in evidence.plain if not p.selection.unfiltered and _without_page(p)]
    page = max(pages, key=lambda p: p.total, default=None)
    if page is None or page.total == 0:
        return None
    value = "unpaged" if page.everything else f"paged, default limit {page.limit}"
    return Reading("filter only", value, page.number)


def _without_page(page: Page) -> bool:
    return page.asked.limit is None and page.asked.offset is None


def _over_maximum(evidence: Evidence) -> Reading | None:
    clamped = next((p for p in evidence.plain if 0 < p.limit < (p.asked.limit or 0)), None)
    if clamped is not None:
        return Reading("over the maximum", f"clamped to {clamped.limit}", clamped.number)
    for answer in evidence.regular:
        if answer.asked.plain and (answer.asked.limit or 0) > 1 and 400 <= answer.status < 500:
            return Reading("over the maximum", f"refused with {answer.status}", answer.number)
    largest = max(evidence.plain, key=lambda p: p.asked.limit or 0, default=None)
    if largest is None or not largest.asked.limit:
        return None
    return Reading("over the maximum", f"no maximum up to {largest.asked.limit}", largest.number)


def _limit_zero(evidence: Evidence) -> Reading | None:
    for answer in evidence.regular:
        if answer.asked.plain and answer.asked.limit == 0:
            page = answer.page
            if 400 <= answer.status < 500:
                return Reading("limit 0", f"refused with {answer.status}", answer.number)
            if page is not None and page.total:
                value = "empty" if page.limit == 0 else f"the default, {page.limit}"
                return Reading("limit 0", value, answer.number)
    return None


def _several_tags(evidence: Evidence) -> Reading | None:
    for subject in evidence.subjects(TagListing):
        listing = subject.listing
        wanted = listing.selection.wanted
        if len(wanted) < 2:
            continue
        number = listing.walk.pages[0].number
        if any(not all(p.carries_folded(t) for t in wanted) for _, p in listing.profiles.values()):
            return Reading("several tags", "any of them", number)
        if any(any(p.carries(t) for t in wanted) for _, p in listing.missing()):
            return Reading("several tags", "all of them", number)
    return None


def _letter_case(evidence: Evidence) -> Reading | None:
    for page in evidence.plain:
        wanted = page.selection.wanted
        if page.selection.by_tags and len(wanted) == 1 and wanted[0] not in evidence.tags:
            if not any(wanted[0].casefold() == tag.casefold() for tag in evidence.tags):
                continue
            return Reading("letter case of tags", "ignored" if page.profiles else "counts", page.number)
    return None


def _authentication(evidence: Evidence) -> Reading | None:
    first = next(iter(evidence.subjects(FirstAnswer)), None)
    if first is not None and first.answer.status == 200 and not evidence.conditions.token:
        return Reading("authentication", "open: it answers without credentials", first.answer.number)
    return None


_INFERENCES: tuple[Inference, ...] = (
    _authentication,
    _no_query,
    _filter_only,
    _over_maximum,
    _limit_zero,
    _several_tags,
    _letter_case,
)
