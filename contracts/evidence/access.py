"""Subjects made of other credentials, other spellings of the path, other methods, the other path."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.evidence.answers import Answer, Page, Profile
from contracts.evidence.evidence import Evidence
from contracts.evidence.walks import Walk, whole_walks
from contracts.model import NEW_PATH, OLD_PATH, Credentials, Purpose

WRONG = (
    Credentials.RANDOM,
    Credentials.TRUNCATED,
    Credentials.EXTENDED,
    Credentials.ALTERED,
    Credentials.ALTERED_START,
    Credentials.OTHER_CASE,
)
UNUSABLE = (Credentials.EMPTY, Credentials.OTHER_SCHEME, Credentials.MADE_UP_BASIC)


def without_credentials(evidence: Evidence) -> Iterator[Answer]:
    """Responses of the operation, and of its other path, to requests without credentials."""
    on_the_other = (a for a in evidence.answers if a.request.purpose is Purpose.ALIAS and not a.transient)
    for answer in (*_operation(evidence), *on_the_other):
        if answer.request.credentials is Credentials.NONE and answer.query.plain:
            yield answer


def _operation(evidence: Evidence) -> Iterator[Answer]:
    for answer in evidence.answers:
        if answer.request.method == "GET" and answer.request.path is None and not answer.transient:
            yield answer


def malformed_without_credentials(evidence: Evidence) -> Iterator[Answer]:
    """Responses to malformed queries without credentials."""
    for answer in _operation(evidence):
        if answer.request.credentials is Credentials.NONE and not answer.query.plain:
            yield answer


def wrong_credentials(evidence: Evidence) -> Iterator[Answer]:
    """Responses to altered and to unusable credentials."""
    for answer in _operation(evidence):
        if answer.request.credentials in (*WRONG, *UNUSABLE):
            yield answer


def other_spellings(evidence: Evidence) -> Iterator[Answer]:
    """Responses to other spellings of the path."""
    for answer in evidence.answers:
        request = answer.request
        if (
            request.purpose is Purpose.SPELLING
            and request.credentials is Credentials.NONE
            and not answer.transient
        ):
            yield answer


@dataclass(frozen=True, slots=True)
class Refusal:
    """A 4xx, whatever was requested, and the items seen elsewhere whose names would give something away."""

    answer: Answer
    items: dict[str, tuple[Page, Profile]]

    @property
    def leak(self) -> tuple[str, Page, Profile] | None:
        """The fact of the refusal that holds a name, and the item with that name."""
        for name in self.items:  # in the order of the list, which redaction keeps
            for fact, text in self._texts():
                if name in text:
                    return fact, *self.items[name]
        return None

    def _texts(self) -> Iterator[tuple[str, str]]:
        exchange = self.answer.exchange
        yield from ((f"headers/{name.lower()}", value) for name, value in exchange.headers)
        yield "body", exchange.content.decode("utf-8", errors="replace")


def refusals(evidence: Evidence) -> Iterator[Refusal]:
    """Every 4xx of the deployment."""
    named = ((p.raw.get("name"), (page, p)) for page, p in evidence.known_profiles.values())
    telling = {name: found for name, found in named if isinstance(name, str) and _tells(name)}
    for answer in evidence.answers:
        if 400 <= answer.status < 500 and answer.request.method == "GET":
            echoed = " ".join(value for _, value in answer.query.parameters)
            own = {name for name in telling if name in echoed}
            yield Refusal(
                answer, {n: found for n, found in telling.items() if n not in own} if own else telling
            )


def _tells(name: str) -> bool:
    """Whether a name is too particular to stand in an error message by chance."""
    return len(name) > 7 and any(not c.isalpha() and c not in " -_" for c in name)


def challenges(evidence: Evidence) -> Iterator[Answer]:
    """Every 401 of the deployment."""
    return (a for a in evidence.answers if a.status == 401 and a.request.method == "GET")


def heads(evidence: Evidence) -> Iterator[Answer]:
    """Responses to HEAD of the operation."""
    return (a for a in evidence.answers if a.request.method == "HEAD" and not a.transient)


@dataclass(frozen=True, slots=True)
class NarrowList:
    """What a narrower credential sees without a filter and with, beside what the full one sees.

    `full` is the list of the full credential where that was not read whole: the pages that share a profile
    with these, and one that states its total.
    """

    pages: tuple[Page, ...]
    whole: Walk | None
    filtered: tuple[Page, ...]
    full: tuple[Page, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether page follows on page from the start to the end that the last one states."""
        ends = [0, *(page.offset + page.limit for page in self.pages)]
        follow = all(page.offset == end for page, end in zip(self.pages, ends, strict=False))
        return follow and ends[-1] >= self.pages[-1].total

    @property
    def ids(self) -> tuple[int, ...]:
        """The ids that are seen without a filter, in order."""
        return tuple(identity for page in self.pages for identity in page.ids)

    def page_of(self, identity: int) -> Page:
        """The page that shows an id without a filter."""
        return next(page for page in self.pages if identity in page.by_id)

    @property
    def total_of_all(self) -> int | None:
        """How many items the full credential sees; None if that was not requested."""
        last = self.full[-1].total if self.full else None
        return last if self.whole is None else self.whole.total

    @property
    def meeting(self) -> Iterator[tuple[Page, Page, tuple[int, ...]]]:
        """Pages of this list and of the full one that share profiles, with the ids that both must show."""
        for page, other in itertools.product(self.pages, self.full):
            if not other.by_id.keys().isdisjoint(page.ids):
                yield page, other, expected_ids(page, other)


def expected_ids(narrow: Page, full: Page) -> tuple[int, ...]:
    """The ids on a page of the narrower list that a page of the full one must show too.

    The order is the same, so what stands between two profiles that both pages show is on both; and before
    the first of them, where both lists begin there, and after the last, where both end there.
    """
    common = [place for place, identity in enumerate(narrow.ids) if identity in full.by_id]
    first = 0 if narrow.offset == full.offset == 0 else common[0]
    ended = narrow.end >= narrow.total and full.end >= full.total
    return narrow.ids[first:] if ended else narrow.ids[first : common[-1] + 1]


def narrow_lists(evidence: Evidence) -> Iterator[NarrowList]:
    """The lists under the narrower credential; under a filter, what it sees without must hold it too."""
    answers = (a for a in evidence.answers if a.request.credentials is Credentials.NARROW)
    pages = [a.page for a in answers if a.page is not None]
    bare = tuple(page for page in pages if page.selection.unfiltered)
    filtered = tuple(page for page in pages if not page.selection.unfiltered)
    whole = max(evidence.select(whole_walks), key=lambda w: w.limit, default=None)
    if bare:
        yield NarrowList(bare, whole, filtered, () if whole else _beside(evidence.unfiltered, bare))


def _beside(full: tuple[Page, ...], narrow: tuple[Page, ...]) -> tuple[Page, ...]:
    """The pages of the full list that share an item with the narrower one, and the nearest in time."""
    seen = {identity for page in narrow for identity in page.ids}
    meeting = [page for page in full if not seen.isdisjoint(page.ids)]
    telling = (page for page in full if not page.past_end)
    nearest = min(telling, key=lambda page: abs(page.number - narrow[0].number), default=None)
    return (*(page for page in meeting if page is not nearest), *([nearest] if nearest else []))


@dataclass(frozen=True, slots=True)
class AliasPair:
    """The same query on both paths."""

    own: Answer
    other: Answer


def alias_pairs(evidence: Evidence) -> Iterator[AliasPair]:
    """Responses of the other path, each with the latest earlier response of this one."""
    if other_path_served(evidence):
        for answer in evidence.answers:
            if _of_alias(answer) and not answer.transient:
                twins = [a for a in evidence.regular if a.request.query == answer.request.query]
                earlier = [a for a in twins if a.number < answer.number]
                if twins:
                    yield AliasPair((earlier or twins)[-1], answer)


def other_path_served(evidence: Evidence) -> bool:
    """Whether the other of the two paths answers as the API."""
    return _other_path_answer(evidence) is not None


def _other_path_answer(evidence: Evidence) -> Answer | None:
    answers = (a for a in evidence.answers if _of_alias(a))
    return next((a for a in answers if _as_the_api(a)), None)


def _of_alias(answer: Answer) -> bool:
    request = answer.request
    return request.purpose is Purpose.ALIAS and request.credentials is Credentials.GIVEN


def _as_the_api(answer: Answer) -> bool:
    absent = answer.status in (404, 405, 410)
    return answer.page is not None or (isinstance(answer.value, dict) and not absent)


@dataclass(frozen=True, slots=True)
class OldPathAnswer:
    """A 200 of the older path, and an answer that shows that the new one is served too."""

    answer: Answer
    other: Answer


def old_path_answers(evidence: Evidence) -> Iterator[OldPathAnswer]:
    """200s of the older path."""
    other = _other_path_answer(evidence)
    if other is None:
        return
    for answer in evidence.answers:
        if answer.status == 200 and answer.request.method == "GET" and _path_of(evidence, answer) == OLD_PATH:
            yield OldPathAnswer(answer, other)


def _path_of(evidence: Evidence, answer: Answer) -> str:
    path = answer.request.path
    return evidence.conditions.path if path is None else path


def other_path(path: str) -> str | None:
    """The other of the two paths of the operation; None for a path of the user's own."""
    return {OLD_PATH: NEW_PATH, NEW_PATH: OLD_PATH}.get(path)
