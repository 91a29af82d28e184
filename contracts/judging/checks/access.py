"""Who may read the list, and what HTTP asks of the responses: the ACCESS and HTTP requirements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contracts.evidence.access import (
    UNUSABLE,
    NarrowList,
    Refusal,
    challenges,
    heads,
    malformed_without_credentials,
    narrow_lists,
    other_spellings,
    refusals,
    without_credentials,
    wrong_credentials,
)
from contracts.evidence.answers import Answer, Page
from contracts.evidence.evidence import Evidence
from contracts.evidence.responses import within
from contracts.evidence.walks import Walk
from contracts.judging.check import check
from contracts.judging.checks.response import JSON, media_type, stated_type
from contracts.judging.relations import ends_with_total, places, position_of, sums
from contracts.model import Place, Violation

_REFUSED = "401 or 403"
_CREDENTIALS = "credentials (--token-env)"
OPEN = "authentication is switched off: the deployment answers without credentials"


def _open(evidence: Evidence) -> str:
    """Why access does not matter: it is open on purpose, or there are no credentials to compare with."""
    if evidence.conditions.token and not evidence.conditions.open:
        return ""
    answered = any(a.status == 200 for a in evidence.regular)
    return OPEN if evidence.conditions.open or answered else ""


def _listed(answer: Answer) -> list[object]:
    """The items in a response that should have none."""
    listed = answer.value.get("access_profiles") if isinstance(answer.value, dict) else None
    return listed if isinstance(listed, list) else []


def _let_in(answer: Answer, expected: str) -> Violation:
    """A response that is no refusal."""
    listed = _listed(answer)
    got = f"status {answer.status}" + (f" with {len(listed)} items" if listed else "")
    facts = ("status", "request", *(("/access_profiles",) if listed else ()))
    return Violation(expected, got, (answer.at(*facts),), min_writes=0)


@check("ACCESS-REQUIRED", without_credentials, needs=_CREDENTIALS, inapplicable=_open, requires=("SERVED",))
def credentials_are_required(answer: Answer) -> Iterator[Violation]:
    """401 or 403 without credentials."""
    if answer.status not in (401, 403):
        yield _let_in(answer, f"{_REFUSED} without credentials (or --open, where that is intended)")


@check(
    "ACCESS-REJECTED",
    wrong_credentials,
    needs=_CREDENTIALS,
    inapplicable=_open,
    requires=("ACCESS-REQUIRED",),
)
def wrong_credentials_are_rejected(answer: Answer) -> Iterator[Violation]:
    """401 or 403; a header that is no credentials at all may be called malformed with another 4xx."""
    unusable = answer.request.credentials in UNUSABLE and 400 <= answer.status < 500
    if answer.status not in (401, 403) and not unusable:
        yield _let_in(answer, f"{_REFUSED} for {answer.request.credentials.value} credentials")


@check(
    "ACCESS-PATH",
    other_spellings,
    needs=_CREDENTIALS,
    inapplicable=_open,
    requires=("ACCESS-REQUIRED",),
)
def no_spelling_of_the_path_is_open(answer: Answer) -> Iterator[Violation]:
    """By list data alone: another status or a web page is harmless."""
    if answer.status == 200 and _listed(answer):
        yield _let_in(answer, f"no items without credentials at {answer.request.path}")


@check(
    "ACCESS-FIRST",
    malformed_without_credentials,
    needs=_CREDENTIALS,
    inapplicable=_open,
    requires=("ACCESS-REQUIRED",),
)
def access_is_checked_before_the_query(answer: Answer) -> Iterator[Violation]:
    """Who may not read the list learns nothing of what it takes."""
    if answer.status not in (401, 403):
        yield _let_in(answer, f"{_REFUSED} for a malformed query without credentials")


@check(
    "ACCESS-NO-LEAK",
    refusals,
    needs="a request that is refused",
    inapplicable=lambda e: "" if e.select(refusals) else "no request was refused",
    requires=("SERVED",),
)
def refusal_carries_no_item(refusal: Refusal) -> Iterator[Violation]:
    """No list of items in it, and no name of one, in body or header fields."""
    answer, leak = refusal.answer, refusal.leak
    expected = "no data of the list in a refusal"
    if _listed(answer):
        yield _let_in(answer, expected)
    elif leak is not None:
        fact, page, item = leak
        shown = page.at_item(position_of(page, item.id), "/id", "/name")
        got = f"{answer.status} with {item.raw['name']!r:.60}, the name of id {item.id}"
        yield Violation(expected, got, (shown, answer.at("status", fact)), min_writes=0)


# --- a narrower credential ----------------------------------------------------------------------------


def _no_narrow_credential(evidence: Evidence) -> str:
    """Why there is no narrower view to compare with."""
    given = evidence.conditions.narrow
    return _open(evidence) if given else "no second, narrower credential was given (--narrow-token-env)"


@check(
    "ACCESS-SCOPE",
    narrow_lists,
    needs="a narrower credential that sees at least one item less, and of a long list some that were read",
    inapplicable=_no_narrow_credential,
    exercised=lambda e: any(map(_compares, e.select(narrow_lists))),
    requires=("WALK-COMPLETE", "WALK-ORDER"),
    sampled="scope",
)
def narrower_credential_sees_a_part(narrow: NarrowList) -> Iterator[Violation]:
    """A subset in the same order, with a total that counts only that."""
    if narrow.complete:
        yield from _counts_itself(narrow)
        yield from _filtered_within(narrow)
    if narrow.whole is not None:
        yield from _part_of(narrow, narrow.whole)
    yield from _sampled(narrow)
    for page in within(narrow.filtered):
        for violation in ends_with_total(page):
            yield replace(violation, at=(narrow.pages[0].at(), *violation.at))


def _compares(narrow: NarrowList) -> bool:
    """Whether it is shorter than the full list, and something on it had to be on what was read of that."""
    total = narrow.total_of_all
    compared = narrow.whole is not None or any(len(ids) > 1 for _, _, ids in narrow.meeting)
    return compared and total is not None and narrow.pages[0].total < total


def _counts_itself(narrow: NarrowList) -> Iterator[Violation]:
    last, seen = narrow.pages[-1], len(set(narrow.ids))
    if last.total != seen:
        at = places(*(page.at("items") for page in narrow.pages), last.at("total"))
        expected = f"total_count {seen}, the number of items that this credential sees"
        yield Violation(expected, f"total_count {last.total}", at, min_writes=abs(last.total - seen))


def _filtered_within(narrow: NarrowList) -> Iterator[Violation]:
    seen = set(narrow.ids)
    foreign = ((page, i) for page in narrow.filtered for i in page.ids if i not in seen)
    for page, identity in foreign:
        got = f"id {identity} with {page.selection}, which is on none of them"
        expected = "under a filter only what this credential sees without one"
        at = (*(p.at("items") for p in narrow.pages), page.at_item(position_of(page, identity), "/id"))
        yield Violation(expected, got, at)
        return


def _part_of(narrow: NarrowList, whole: Walk) -> Iterator[Violation]:
    rank = {identity: position for position, identity in enumerate(whole.ids)}
    foreign = next((i for i in narrow.ids if i not in rank), None)
    full = whole.at("items")
    if foreign is not None:
        yield _not_in_full(narrow.page_of(foreign), foreign, full)
    ranks = [rank[i] for i in narrow.ids if i in rank]
    if ranks != sorted(ranks):
        yield _other_order((*full, *(page.at("items") for page in narrow.pages)))


def _not_in_full(page: Page, identity: int, full: tuple[Place, ...], writes: int = 1) -> Violation:
    expected = "only items that the full credential sees"
    shown = page.at_item(position_of(page, identity), "/id")
    return Violation(expected, f"id {identity}", (*full, shown), min_writes=writes)


def _other_order(at: tuple[Place, ...]) -> Violation:
    return Violation("the order that the full credential sees", "another order", at)


def _sampled(narrow: NarrowList) -> Iterator[Violation]:
    """What ends, totals, and pages that meet can show where one of the lists was not read whole."""
    for page in () if narrow.complete else narrow.pages:
        yield from _filled(page)
    yield from _parts(narrow)
    if narrow.full:
        yield from _no_more_than(narrow.full[-1], narrow.pages[0])
    for page, full, expected_ids in narrow.meeting:
        yield from _meeting(page, full, expected_ids)


def _filled(page: Page) -> Iterator[Violation]:
    filled = min(page.limit, max(0, page.total - page.offset))
    if len(page.profiles) != filled:
        expected = f"{filled} items, for total_count {page.total} counts what this credential sees"
        at = (page.at("items", "limit", "offset", "total"),)
        writes = abs(len(page.profiles) - filled)
        yield Violation(expected, f"{len(page.profiles)} items", at, min_writes=writes)


def _parts(narrow: NarrowList) -> Iterator[Violation]:
    """The totals of true and of false, of which each filter of this credential selects a part."""
    parts = {page.selection.is_active: page for page in narrow.filtered if page.selection.by_active}
    if parts.keys() == {True, False}:
        rule = "total_count of is_active=true and of is_active=false to add up, for the narrower credential"
        yield from sums(narrow.pages[0], (parts[True], parts[False]), rule)


def _no_more_than(full: Page, page: Page) -> Iterator[Violation]:
    if page.total > full.total:
        expected = f"total_count {full.total} at most, as the full credential sees in request #{full.number}"
        at = (full.at("total"), page.at("total"))
        writes = page.total - full.total
        yield Violation(expected, f"total_count {page.total}", at, min_writes=writes)


def _meeting(page: Page, full: Page, expected_ids: tuple[int, ...]) -> Iterator[Violation]:
    missing = [identity for identity in expected_ids if identity not in full.by_id]
    if missing:
        yield _not_in_full(page, missing[0], (full.at("items"),), writes=len(missing))
    rank = {identity: place for place, identity in enumerate(full.ids)}
    ranks = [rank[identity] for identity in page.ids if identity in rank]
    if ranks != sorted(ranks):
        yield _other_order((full.at("items"), page.at("items")))


# --- HTTP ---------------------------------------------------------------------------------------------


@check("HTTP-HEAD", heads, requires=("SERVED",))
def head_is_answered_as_get_or_405(answer: Answer) -> Iterator[Violation]:
    """RFC 9110, section 9.3.2."""
    expected = "200 with the header fields of GET, or 405"
    if answer.status not in (200, 405):
        yield Violation(expected, f"status {answer.status}", (answer.at("status"),), min_writes=0)
    elif answer.status == 200 and media_type(answer) not in ("", JSON):
        at = (answer.at("status", "headers/content-type"),)
        yield Violation(expected, f"200 with {stated_type(answer)}", at, min_writes=0)


@check(
    "HTTP-CHALLENGE",
    challenges,
    inapplicable=lambda e: "" if e.select(challenges) else "nothing was answered 401",
    requires=("SERVED",),
)
def unauthorized_carries_a_challenge(answer: Answer) -> Iterator[Violation]:
    """RFC 9110, section 11.6.1."""
    if not (answer.exchange.header("www-authenticate") or "").strip():
        at = (answer.at("status", "headers/www-authenticate"),)
        yield Violation("a 401 with WWW-Authenticate", "a 401 without", at, min_writes=0)
