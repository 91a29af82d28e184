"""What probes have learnt so far, and the ways in which they request pages."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from math import gcd
from urllib.parse import quote

from contracts.evidence.answers import Answer, Page, read, share_profiles, whole
from contracts.evidence.evidence import Conditions, Evidence
from contracts.model import Credentials, Exchange, Purpose, Request
from contracts.runs.flow import Flow, received

USUAL_LIMIT = 100
SMALLER_LIMITS = (50, 25, 10, 1)

# Up to so many profiles, and so many of the largest pages, a list is walked whole.
SMALL = 5_000
_SMALL_PAGES = 60


def query(
    *,
    limit: int | None = None,
    offset: int | None = None,
    is_active: bool | None = None,
    tags: Iterable[str] | str | None = None,
    search: str | None = None,
) -> str:
    """A query string; `tags` as a list is encoded item by item, as a string it is taken as it is."""
    parts = []
    if limit is not None:
        parts.append(f"limit={limit}")
    if offset is not None:
        parts.append(f"offset={offset}")
    if is_active is not None:
        parts.append(f"is_active={str(is_active).lower()}")
    if tags is not None:
        value = tags if isinstance(tags, str) else ",".join(quote(tag, safe="") for tag in tags)
        parts.append(f"tags={value}")
    if search is not None:
        parts.append(f"search={quote(search, safe='')}")
    return "&".join(parts)


@dataclass
class ProbeContext:
    """Answers so far, and what follows from them for what to ask next. The only mutable thing here."""

    seed: int = 0
    conditions: Conditions = field(default_factory=Conditions)
    skip_hostile: bool = False
    examples: int | None = None
    concurrency: int = 1  # requests that may be in flight together where their order does not matter
    answers: list[Answer] = field(default_factory=list)
    failed: list[Exchange] = field(default_factory=list)
    total: int = 0
    max_page_size: int = USUAL_LIMIT  # the largest limit that is known to be accepted and filled
    default: int = 0  # the limit in force where none is asked for
    _shown: dict[int, object] = field(default_factory=dict, repr=False)  # profiles as first read

    def draw(self, purpose: str) -> random.Random:
        """A source of random choices for one purpose: the same seed asks the same."""
        return random.Random(f"{self.seed}/{purpose}")  # noqa: S311 - no secret

    def evidence(self) -> Evidence:
        """All that was answered so far."""
        return Evidence(self.answers, self.failed, self.conditions)

    def hear(self, exchange: Exchange) -> Answer | None:
        """Remembers an exchange."""
        answer = read(exchange)
        if answer is None:
            self.failed.append(exchange)
        else:
            share_profiles(answer, self._shown)
            self.answers.append(answer)
        return answer

    def ask(
        self,
        query: str,
        *,
        purpose: Purpose,
        method: str = "GET",
        path: str | None = None,
        credentials: Credentials = Credentials.GIVEN,
    ) -> Flow[Answer | None]:
        """The answer to one request; None where no response came."""
        (answer,) = yield from received((Request(query, path, method, credentials, purpose),), self.hear)
        return answer

    def page(self, query: str, *, purpose: Purpose) -> Flow[Page | None]:
        """The page of one request; None where something else came."""
        answer = yield from self.ask(query, purpose=purpose)
        return None if answer is None else answer.page

    def ask_all(self, queries: Iterable[str], *, purpose: Purpose) -> Flow[list[Answer | None]]:
        """The answers to queries whose order does not matter, in the order given."""
        requests = tuple(Request(query, purpose=purpose) for query in queries)
        answers: list[Answer | None] = []
        for at in range(0, len(requests), self.concurrency):
            answers += yield from received(requests[at : at + self.concurrency], self.hear)
        return answers

    def stated_total(self, answer: Answer | None) -> int | None:
        """`total_count` even of an answer that is no well-formed page."""
        value = answer.value if answer is not None else None
        return whole(value.get("total_count")) if isinstance(value, dict) else None

    def walk(
        self,
        limit: int,
        *,
        purpose: Purpose,
        start: int = 0,
        at_most: int = 60,
        is_active: bool | None = None,
        tags: Iterable[str] | str | None = None,
        search: str | None = None,
    ) -> Flow[list[Page]]:
        """Page after page up to the end that the last page states; stops early where no page comes.

        Once a page has shown where the next ones begin and end, these are requested together.
        """
        pages: list[Page] = []
        offset, step, total = start, limit, 0
        while len(pages) < at_most:
            ahead = range(offset, total, step)[: min(self.concurrency, at_most - len(pages))] or [offset]
            asked = [
                query(limit=limit, offset=o, is_active=is_active, tags=tags, search=search) for o in ahead
            ]
            answers = yield from self.ask_all(asked, purpose=purpose)
            came = [answer.page for answer in answers if answer is not None and answer.page is not None]
            pages += came
            if len(came) < len(asked):
                break
            last = came[-1]
            step = last.limit if 0 < last.limit < limit else limit
            offset, total = ahead[-1] + step, last.total
            if offset >= total:
                break
        return pages

    @property
    def small(self) -> bool:
        """Whether the list is walked whole."""
        return self.total <= min(SMALL, _SMALL_PAGES * max(1, self.max_page_size))

    def sizes(self, total: int) -> list[int]:
        """Page sizes co-prime to the total, from small pages to large, without the largest."""
        wanted = {max(2, total // 6), max(2, total // 3)} if total > 3 else {1}
        found = [co_prime(min(size, self.max_page_size - 1), total) for size in sorted(wanted)]
        return sorted({size for size in found if 0 < size < min(self.max_page_size, max(2, total))})


def co_prime(size: int, total: int) -> int:
    """The next size from `size` on, or before it, that has no divisor in common with the total."""
    # Never a list: a deployment may state any total.
    candidates = chain(range(max(1, size), size + 20), range(size, 0, -1))
    return next((s for s in candidates if s > 0 and gcd(s, max(1, total)) == 1), 1)
