"""Which of several legal behaviours the deployment shows; for the report, not for a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from contracts.evidence.access import without_credentials
from contracts.evidence.answers import Answer, Page
from contracts.evidence.evidence import Evidence
from contracts.evidence.inputs import (
    OddValue,
    odd_values,
    repeated,
    unknown_parameters,
)
from contracts.evidence.responses import first_answer
from contracts.evidence.search import is_honoured
from contracts.evidence.tagged import tag_listings
from contracts.model import Behaviour

Inference = Callable[[Evidence], "Behaviour | None"]


def behaviours(evidence: Evidence) -> tuple[Behaviour, ...]:
    """Every implementation-defined behaviour that the evidence shows."""
    found = (infer(evidence) for infer in _INFERENCES)
    return tuple(behaviour for behaviour in found if behaviour is not None)


def _no_query(evidence: Evidence) -> Behaviour | None:
    page = next((p for p in evidence.unfiltered if not p.query.parameters), None)
    if page is None or page.total == 0:
        return None
    if page.everything and page.total > 1:
        return Behaviour("no query", f"unpaged, or a default limit of {page.limit}", page.number)
    return Behaviour("no query", f"paged, default limit {page.limit}", page.number)


def _filter_only(evidence: Evidence) -> Behaviour | None:
    pages = [p for p in evidence.plain if not p.selection.unfiltered and _without_page(p)]
    page = max(pages, key=lambda p: p.total, default=None)
    if page is None or page.total == 0:
        return None
    value = "unpaged" if page.everything else f"paged, default limit {page.limit}"
    return Behaviour("filter only", value, page.number)


def _without_page(page: Page) -> bool:
    return page.query.limit is None and page.query.offset is None


def _over_maximum(evidence: Evidence) -> Behaviour | None:
    clamped = next((p for p in evidence.plain if 0 < p.limit < (p.query.limit or 0)), None)
    if clamped is not None:
        return Behaviour("over the maximum", f"clamped to {clamped.limit}", clamped.number)
    for answer in evidence.regular:
        if answer.query.plain and (answer.query.limit or 0) > 1 and 400 <= answer.status < 500:
            return Behaviour("over the maximum", f"refused with {answer.status}", answer.number)
    largest = max(evidence.plain, key=lambda p: p.query.limit or 0, default=None)
    if largest is None or not largest.query.limit:
        return None
    return Behaviour("over the maximum", f"no maximum up to {largest.query.limit}", largest.number)


def _limit_zero(evidence: Evidence) -> Behaviour | None:
    for answer in evidence.regular:
        if answer.query.plain and answer.query.limit == 0:
            page = answer.page
            if 400 <= answer.status < 500:
                return Behaviour("limit 0", f"refused with {answer.status}", answer.number)
            if page is not None and page.total:
                value = "empty" if page.limit == 0 else f"the default, {page.limit}"
                return Behaviour("limit 0", value, answer.number)
    return None


def _several_tags(evidence: Evidence) -> Behaviour | None:
    for listing in evidence.select(tag_listings):
        wanted = listing.selection.wanted
        if len(wanted) < 2:
            continue
        number = listing.walk.pages[0].number
        if any(not all(p.carries_folded(t) for t in wanted) for _, p in listing.profiles.values()):
            return Behaviour("several tags", "any of them", number)
        if any(any(p.carries(t) for t in wanted) for _, p in listing.missing()):
            return Behaviour("several tags", "all of them", number)
    return None


def _letter_case(evidence: Evidence) -> Behaviour | None:
    for page in evidence.plain:
        wanted = page.selection.wanted
        if page.selection.by_tags and len(wanted) == 1 and wanted[0] not in evidence.tags:
            if not any(wanted[0].casefold() == tag.casefold() for tag in evidence.tags):
                continue
            return Behaviour("letter case of tags", "ignored" if page.profiles else "counts", page.number)
    return None


def _spaces(evidence: Evidence) -> Behaviour | None:
    """Whether a space after a comma counts, where the tag after it makes a difference."""
    for selection, pages in evidence.by_selection.items():
        bare = ",".join(item.strip() for item in selection.items)
        clean = evidence.by_selection.get(replace(selection, tags=bare, spelling=""), ())
        alone = evidence.by_selection.get(replace(selection, tags=bare.partition(",")[0], spelling=""), ())
        if selection.by_tags and selection.tags != bare and clean and alone:
            if clean[0].total == alone[0].total:
                continue
            value = "do not count" if pages[0].total == clean[0].total else "count"
            return Behaviour("spaces round a comma", value, pages[0].number)
    return None


def _search(evidence: Evidence) -> Behaviour | None:
    for answer in evidence.regular:
        if answer.query.plain and answer.query.selection.search is not None and not answer.transient:
            if 400 <= answer.status < 500:
                return Behaviour("search", f"refused with {answer.status}", answer.number)
            return Behaviour("search", "honoured" if is_honoured(evidence) else "ignored", answer.number)
    return None


def _odd_value(name: str, kind: str, parameters: tuple[str, ...]) -> Inference:
    """How a word or a negative number is read in the place of these parameters."""

    def infer(evidence: Evidence) -> Behaviour | None:
        for odd in evidence.select(odd_values):
            if odd.kind == kind and odd.parameter in parameters:
                value = _refused(odd.answer) or _taken_for(odd)
                if value:
                    return Behaviour(name, value, odd.answer.number)
        return None

    return infer


def _refused(answer: Answer) -> str:
    return f"refused with {answer.status}" if 400 <= answer.status < 500 else ""


def _taken_for(odd: OddValue) -> str:
    page = odd.answer.page
    if page is None:
        return ""
    if odd.kind == "negative":
        return f"clamped, {odd.parameter} {getattr(page, odd.parameter)}"
    false = odd.inactive is not None and page.total == odd.inactive.total
    as_without = odd.twin is None or page.total == odd.twin.total
    return "false" if false and not as_without else "absent"


def _repeated(evidence: Evidence) -> Behaviour | None:
    for subject in evidence.select(repeated):
        first, last = subject.singles
        page = subject.answer.page
        if _refused(subject.answer):
            return Behaviour("repeated parameter", _refused(subject.answer), subject.answer.number)
        if page is not None and first is not None and last is not None and first.ids != last.ids:
            value = {first.ids: "the first counts", last.ids: "the last counts"}.get(page.ids)
            if value is not None:
                return Behaviour("repeated parameter", value, page.number)
    return None


def _unknown(evidence: Evidence) -> Behaviour | None:
    for subject in evidence.select(unknown_parameters):
        value = _refused(subject.answer) or ("ignored" if subject.answer.status == 200 else "")
        if value:
            return Behaviour("unknown parameter", value, subject.answer.number)
    return None


def _authentication(evidence: Evidence) -> Behaviour | None:
    first = next(iter(evidence.select(first_answer)), None)
    if first is not None and first.status == 200 and evidence.conditions.open:
        return Behaviour("authentication", "open, as you say", first.number)
    if first is not None and first.status == 200 and not evidence.conditions.token:
        return Behaviour("authentication", "open: it answers without credentials", first.number)
    for answer in evidence.select(without_credentials):
        if answer.status in (401, 403):
            value = f"required, else {answer.status}"
            return Behaviour("authentication", value, answer.number)
    return None


_INFERENCES: tuple[Inference, ...] = (
    _authentication,
    _no_query,
    _filter_only,
    _over_maximum,
    _limit_zero,
    _several_tags,
    _letter_case,
    _spaces,
    _search,
    _odd_value("no integer", "word", ("limit", "offset")),
    _odd_value("no boolean", "word", ("is_active",)),
    _odd_value("negative number", "negative", ("limit", "offset")),
    _repeated,
    _unknown,
)
