"""Who may read the list, and what HTTP asks of the answers: the ACCESS and HTTP requirements."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contracts.evidence.access import (
    UNUSABLE,
    Challenge,
    Head,
    MalformedWithoutCredentials,
    NarrowList,
    OtherSpelling,
    Refusal,
    WithoutCredentials,
    WrongCredentials,
)
from contracts.evidence.answers import Page
from contracts.evidence.evidence import Evidence
from contracts.evidence.responses import within
from contracts.judging.check import check
from contracts.judging.checks.filters import end_of_list
from contracts.judging.checks.response import media_type
from contracts.model import Violation

_REFUSED = "401 or 403"
OPEN = "authentication is switched off: the deployment answers without credentials"


def _open(evidence: Evidence) -> str:
    """Why access is no matter here: it is open on purpose, or no credentials were given to compare with."""
    if evidence.conditions.token and not evidence.conditions.open:
        return ""
    answered = any(a.status == 200 for a in evidence.regular)
    if evidence.conditions.open or answered:
        return OPEN
    return ""


@check("ACCESS-REQUIRED", needs="credentials (--token-env)", inapplicable=_open, requires=("SERVED",))
def credentials_are_required(subject: WithoutCredentials) -> Iterator[Violation]:
    """401 or 403 without credentials."""
    answer = subject.answer
    if answer.status not in (401, 403):
        yield Violation(
            f"{_REFUSED} without credentials (or --open, where that is intended)",
            f"status {answer.status}{_with_profiles(answer.value)}",
            (answer.number,),
            writes=0,
        )


def _with_profiles(value: object) -> str:
    listed = value.get("access_profiles") if isinstance(value, dict) else None
    return f" with {len(listed)} profiles" if isinstance(listed, list) else ""


@check(
    "ACCESS-REJECTED", needs="credentials (--token-env)", inapplicable=_open, requires=("ACCESS-REQUIRED",)
)
def wrong_credentials_are_rejected(subject: WrongCredentials) -> Iterator[Violation]:
    """401 or 403; a header that is no credentials at all may be called malformed with another 4xx."""
    answer = subject.answer
    unusable = answer.request.credentials in UNUSABLE and 400 <= answer.status < 500
    if answer.status not in (401, 403) and not unusable:
        expected = f"{_REFUSED} for {answer.request.credentials.value} credentials"
        got = f"status {answer.status}{_with_profiles(answer.value)}"
        yield Violation(expected, got, (answer.number,), writes=0)


@check("ACCESS-PATH", needs="credentials (--token-env)", inapplicable=_open, requires=("ACCESS-REQUIRED",))
def no_spelling_of_the_path_is_open(subject: OtherSpelling) -> Iterator[Violation]:
    """Judged by profile data alone: another status or a web page is harmless."""
    answer = subject.answer
    listed = answer.value.get("access_profiles") if isinstance(answer.value, dict) else None
    if answer.status == 200 and isinstance(listed, list) and listed:
        got = f"{len(listed)} profiles without credentials at {answer.request.path}"
        yield Violation("no profile data", got, (answer.number,), "/access_profiles/0", writes=0)


@check("ACCESS-FIRST", needs="credentials (--token-env)", inapplicable=_open, requires=("ACCESS-REQUIRED",))
def access_is_checked_before_the_query(subject: MalformedWithoutCredentials) -> Iterator[Violation]:
    """Who may not read the list learns nothing of what it takes."""
    answer = subject.answer
    if answer.status not in (401, 403):
        got = f"status {answer.status}"
        yield Violation(
            f"{_REFUSED} for a malformed query without credentials", got, (answer.number,), writes=0
        )


@check(
    "ACCESS-NO-LEAK",
    needs="a request that is refused",
    inapplicable=lambda e: "" if e.subjects(Refusal) else "nothing that was asked is refused",
    requires=("SERVED",),
)
def refusal_carries_no_profile(refusal: Refusal) -> Iterator[Violation]:
    """No list of profiles in it, and no name of one, in content or header fields."""
    answer = refusal.answer
    listed = answer.value.get("access_profiles") if isinstance(answer.value, dict) else None
    named = refusal.named
    if isinstance(listed, list) and listed:
        got = f"{answer.status} with {len(listed)} profiles"
        yield Violation("no profile data in a refusal", got, (answer.number,), "/access_profiles/0", writes=0)
    elif named:
        got = f"{answer.status} with the name of a profile, {named[:60]!r}"
        yield Violation("no profile data in a refusal", got, (answer.number,), writes=0)


def _no_narrow_credential(evidence: Evidence) -> str:
    """Why there is no narrower view to compare with."""
    given = evidence.conditions.narrow
    return _open(evidence) if given else "no second, narrower credential was given (--narrow-token-env)"


@check(
    "ACCESS-SCOPE",
    needs="a narrower credential that sees at least one profile less, and of a long list some that were read",
    inapplicable=_no_narrow_credential,
    exercised=lambda e: any(map(_compares, e.subjects(NarrowList))),
    requires=("WALK-COMPLETE", "WALK-ORDER"),
    sampled="scope",
)
def narrower_credential_sees_a_part(narrow: NarrowList) -> Iterator[Violation]:
    """A subset in the same order, with a total that counts only that."""
    seen = [i for page in narrow.pages for i in page.ids]
    numbers = tuple(page.number for page in narrow.pages)
    last = narrow.pages[-1]
    if narrow.complete and last.total != len(set(seen)):
        expected = f"total_count {len(set(seen))}, the number of profiles that it lists"
        got = f"total_count {last.total}"
        yield Violation(expected, got, numbers, "/total_count", writes=abs(last.total - len(set(seen))))
    if narrow.whole is not None:
        yield from _part_of(narrow, seen, numbers)
    yield from _sampled(narrow)
    for page in within(narrow.filtered):
        for violation in end_of_list(page):
            yield replace(violation, exchanges=(narrow.pages[0].number, *violation.exchanges))
    for page in narrow.filtered if narrow.complete else ():
        foreign = [i for i in page.ids if i not in seen]
        if foreign:
            got = f"profile {foreign[0]} with {page.selection}"
            yield Violation(
                "only what it sees without a filter", got, (*numbers, page.number), "/access_profiles"
            )
            return


def _compares(narrow: NarrowList) -> bool:
    """Whether it is shorter than the full list, and something on it had to be on what was read of that."""
    total = narrow.total_of_all
    compared = narrow.whole is not None or any(len(ids) > 1 for _, _, ids in narrow.meeting)
    return compared and total is not None and narrow.pages[0].total < total


def _sampled(narrow: NarrowList) -> Iterator[Violation]:
    """What ends, totals, and pages that meet can show where one of the lists was not read whole."""
    for page in () if narrow.complete else narrow.pages:
        filled = min(page.limit, max(0, page.total - page.offset))
        if len(page.profiles) != filled:
            expected = f"{filled} profiles, for total_count {page.total} counts what it sees"
            writes = abs(len(page.profiles) - filled)
            got = f"{len(page.profiles)}"
            yield Violation(expected, got, (page.number,), "/access_profiles", writes=writes)
    yield from _parts(narrow)
    if narrow.full:
        yield from _no_more_than(narrow.full[-1], narrow.pages[0])
    for page, full, due in narrow.meeting:
        yield from _meeting(page, full, due)


def _parts(narrow: NarrowList) -> Iterator[Violation]:
    """The totals of true and of false, of which each filter of this credential selects a part."""
    every = narrow.pages[0]
    parts = {page.selection.is_active: page for page in narrow.filtered if page.selection.by_active}
    if parts.keys() == {True, False}:
        total = parts[True].total + parts[False].total
        if total != every.total:
            expected = (
                f"totals of true and false that add up to {every.total}, which it sees without a filter"
            )
            got = f"{parts[True].total} + {parts[False].total} = {total}"
            numbers = (every.number, parts[True].number, parts[False].number)
            yield Violation(expected, got, numbers, "/total_count", writes=abs(total - every.total))


def _no_more_than(full: Page, page: Page) -> Iterator[Violation]:
    if page.total > full.total:
        expected = f"total_count {full.total} at most, which the full credential sees"
        got = f"total_count {page.total}"
        writes = page.total - full.total
        yield Violation(expected, got, (full.number, page.number), "/total_count", writes=writes)


def _meeting(page: Page, full: Page, due: tuple[int, ...]) -> Iterator[Violation]:
    both = (full.number, page.number)
    missing = [identity for identity in due if identity not in full.by_id]
    if missing:
        got = f"profile {missing[0]}, which exchange {full.number} does not show where it would stand"
        expected = "a part of the list that the full credential sees"
        yield Violation(expected, got, both, "/access_profiles", writes=len(missing))
    rank = {identity: place for place, identity in enumerate(full.ids)}
    ranks = [rank[identity] for identity in page.ids if identity in rank]
    if ranks != sorted(ranks):
        yield Violation("the order of the full list", "another order", both, "/access_profiles")


def _part_of(narrow: NarrowList, seen: list[int], numbers: tuple[int, ...]) -> Iterator[Violation]:
    whole = narrow.whole
    assert whole is not None  # noqa: S101 - the caller has looked
    rank = {identity: position for position, identity in enumerate(whole.ids)}
    both = (*whole.numbers, *numbers)
    foreign = [i for i in seen if i not in rank]
    if foreign:
        got = f"profile {foreign[0]}, which is not in it"
        yield Violation("a part of the list that the full credential sees", got, both, "/access_profiles")
    ranks = [rank[i] for i in seen if i in rank]
    if ranks != sorted(ranks):
        yield Violation("the order of the full list", "another order", both, "/access_profiles")


# --- HTTP ----------------------------------------------------------------------------------------


@check("HTTP-HEAD", requires=("SERVED",))
def head_is_answered_as_get_or_405(head: Head) -> Iterator[Violation]:
    """RFC 9110, section 9.3.2."""
    answer = head.answer
    expected = "200 with the header fields of GET, or 405"
    stated = media_type(answer)
    if answer.status not in (200, 405):
        yield Violation(expected, f"status {answer.status}", (answer.number,), writes=0)
    elif answer.status == 200 and stated not in ("", "application/json"):
        yield Violation(expected, f"200 with Content-Type: {stated[:80]}", (answer.number,), writes=0)


@check(
    "HTTP-CHALLENGE",
    inapplicable=lambda e: "" if e.subjects(Challenge) else "nothing was answered 401",
    requires=("SERVED",),
)
def unauthorized_carries_a_challenge(challenge: Challenge) -> Iterator[Violation]:
    """RFC 9110, section 11.6.1."""
    answer = challenge.answer
    if not (answer.exchange.header("www-authenticate") or "").strip():
        yield Violation("a 401 with WWW-Authenticate", "a 401 without", (answer.number,), writes=0)
