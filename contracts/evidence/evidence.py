"""The responses of a run, indexed once; every subject is selected from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from contracts.evidence.answers import Answer, Page, Profile, Selection, read
from contracts.model import OLD_PATH, Exchange, Purpose, Request

S = TypeVar("S")
Known = dict[int, tuple[Page, Profile]]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the user stated; part of the evidence, since verdicts depend on it."""

    token: bool = False  # credentials were given
    narrow: bool = False  # a second, narrower credential was given
    open: bool = False  # authentication is switched off on purpose
    path: str = OLD_PATH  # the path that is checked
    no_concurrent_writes: bool = False  # nothing writes during the run


class Evidence:
    """The responses of a run in the order of the requests, and what can be found in them."""

    def __init__(
        self,
        answers: Sequence[Answer],
        failed: Sequence[Exchange] = (),
        conditions: Conditions = Conditions(),
    ) -> None:
        self.answers = tuple(answers)
        self.failed = tuple(failed)
        self.conditions = conditions
        self._selected: dict[Callable[[Evidence], Iterable[object]], tuple[object, ...]] = {}

    @classmethod
    def of(cls, exchanges: Iterable[Exchange], conditions: Conditions = Conditions()) -> Evidence:
        """The evidence that recorded exchanges are."""
        pairs = [(exchange, read(exchange)) for exchange in exchanges]
        return cls(
            [answer for _, answer in pairs if answer is not None],
            [exchange for exchange, answer in pairs if answer is None],
            conditions,
        )

    def only(self, numbers: Iterable[int]) -> Evidence:
        """The part of the evidence that these exchanges are."""
        wanted = set(numbers)
        return Evidence(
            [a for a in self.answers if a.number in wanted],
            [e for e in self.failed if e.number in wanted],
            self.conditions,
        )

    def replacing(self, answers: Iterable[Answer]) -> Evidence:
        """The same evidence with these answers in the place of those with the same numbers."""
        new = {answer.number: answer for answer in answers}
        return Evidence([new.get(a.number, a) for a in self.answers], self.failed, self.conditions)

    def select(self, selector: Callable[[Evidence], Iterable[S]]) -> tuple[S, ...]:
        """What a selector finds here; found once, however many checks ask."""
        if selector not in self._selected:
            self._selected[selector] = tuple(selector(self))
        return self._selected[selector]  # type: ignore[return-value]

    @cached_property
    def exchanges(self) -> dict[int, Exchange]:
        """Every exchange by its number."""
        return {e.number: e for e in (*(a.exchange for a in self.answers), *self.failed)}

    @cached_property
    def requests(self) -> dict[int, Request]:
        """The requests by the number of the exchange."""
        return {number: exchange.request for number, exchange in self.exchanges.items()}

    @cached_property
    def regular(self) -> tuple[Answer, ...]:
        """Responses of the operation under the given credentials, except temporary trouble."""
        return tuple(a for a in self.answers if a.regular and not a.transient)

    @cached_property
    def pages(self) -> tuple[Page, ...]:
        """All well-formed pages of the operation."""
        return tuple(a.page for a in self.regular if a.page is not None)

    @cached_property
    def plain(self) -> tuple[Page, ...]:
        """The pages whose query every server must read alike."""
        return tuple(page for page in self.pages if page.query.plain)

    @cached_property
    def by_selection(self) -> dict[Selection, tuple[Page, ...]]:
        """The plain pages of each selection, in the order of the requests."""
        found: defaultdict[Selection, list[Page]] = defaultdict(list)
        for page in self.plain:
            found[page.selection].append(page)
        return {selection: tuple(pages) for selection, pages in found.items()}

    @cached_property
    def unfiltered(self) -> tuple[Page, ...]:
        """The plain pages without a filter."""
        return self.by_selection.get(Selection(), ())

    @cached_property
    def known_profiles(self) -> Known:
        """Every profile seen without a filter, by id, with the smallest page that shows it."""
        found: Known = {}
        for page in sorted(self.unfiltered, key=lambda p: len(p.profiles)):
            for profile in page.profiles:
                found.setdefault(profile.id, (page, profile))
        return found

    @cached_property
    def ids(self) -> frozenset[int]:
        """The ids of every profile seen without a filter."""
        return frozenset(self.known_profiles)

    @cached_property
    def profiles(self) -> tuple[Profile, ...]:
        """Every profile seen without a filter."""
        return tuple(profile for _, profile in self.known_profiles.values())

    @cached_property
    def tags(self) -> frozenset[str]:
        """Every tag seen without a filter."""
        return frozenset(tag for profile in self.profiles for tag in profile.tags)


def known_items(evidence: Evidence) -> Iterable[Known]:
    """Every item seen without a filter, all at once."""
    return [evidence.known_profiles] if evidence.known_profiles else []


def unanswered(evidence: Evidence) -> str:
    """Requests that only ever met trouble which says nothing of the contract; empty where there are none."""
    failed = [e.failure for e in evidence.failed if e.failure and e.request.purpose is not Purpose.HOSTILE]
    if failed:
        return f"{_requests(len(failed))} got no response: {failed[0].text}"
    statuses = [answer.status for answer in evidence.regular]
    if 200 in statuses and statuses[-1] in (401, 403):
        return f"the credentials were refused from some request on ({statuses[-1]}): have they expired?"
    transient = [a for a in evidence.answers if a.transient]
    if transient:
        return f"{_requests(len(transient))} got no response but {transient[0].status}"
    return ""


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count:,} requests"
