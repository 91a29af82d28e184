"""The walk of everything: page by page, judged as it comes, of which only what matters is kept."""

from __future__ import annotations

import json
import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from contracts.evidence.answers import Answer, Page, read
from contracts.model import Batch, Exchange, Request, UserError
from contracts.runs.probes.context import ProbeContext, Steps, query, together

# The purpose of requests whose exchanges are dropped once they are judged.
WALKED = "exhaustive walk"
_AGAIN = "exhaustive walk again"

_BUCKETS = 256
_PAGE_BITS = 24
_ODD = 0x9E3779B97F4A7C15  # 2^64 by the golden ratio: spreads ids that follow on each other over all bits
_KEPT = 40  # pages with something wrong, beyond which more of them would show nothing new
_ASKED_AGAIN = 10  # pairs of pages
AGAIN_AT_MOST = 2 * _ASKED_AGAIN
_MOST = 2**63  # of any number in a file; no offset goes beyond it

_NUMBERS = ("limit", "offset", "total", "pages", "met", "broken")


@dataclass
class ExhaustiveState:
    """How far the walk is, and of every profile 8 bytes: 40 bits of its id, 24 of the number of its page."""

    limit: int = 0
    offset: int = 0  # of the next page
    total: int = 0  # as the last page states it
    totals: set[int] = field(default_factory=set)  # a few of those stated
    pages: int = 0
    met: int = 0
    broken: int = 0  # pages that break something by themselves
    broken_offsets: list[int] = field(default_factory=list)  # offsets of the first of those
    buckets: list[array[int]] = field(default_factory=lambda: [array("Q") for _ in range(_BUCKETS)])

    def begin(self, limit: int, total: int) -> None:
        """Takes the pages to be walked from what the survey saw, unless an interrupted walk knows them."""
        self.limit = self.limit or limit
        self.total = self.total or total

    def note(self, page: Page) -> None:
        """Takes down what is on a page."""
        number = min(self.offset // max(1, self.limit), 2**_PAGE_BITS - 1)
        for identity in page.ids:
            mixed = (identity * _ODD & 2**64 - 1) >> 16
            self.buckets[mixed % _BUCKETS].append(mixed >> 8 << _PAGE_BITS | number)
        self.pages += 1
        self.met += len(page.ids)
        self.total = page.total
        self._heard(page.total)

    def _heard(self, total: int) -> None:
        if len(self.totals) < 3:
            self.totals.add(total)

    def twice(self) -> Iterator[tuple[int, int]]:
        """Offsets of pairs of pages that seem to show the same profile; 40 bits may be alike by chance."""
        for alike in self.buckets:
            for one, other in pairwise(sorted(alike)):
                if one >> _PAGE_BITS == other >> _PAGE_BITS:
                    first, second = (entry & (2**_PAGE_BITS - 1) for entry in (one, other))
                    yield first * self.limit, second * self.limit

    @property
    def done(self) -> bool:
        """Whether the end was reached."""
        return self.offset >= self.total and self.pages > 0

    def dump(self) -> str:
        """The state as text, for a file from which to go on."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        held = [b64encode(_portable(bucket).tobytes()).decode("ascii") for bucket in self.buckets]
        lists = {"totals": sorted(self.totals), "amiss": self.broken_offsets, "buckets": held}
        return json.dumps({"version": 1, **numbers, **lists})

    @classmethod
    def load(cls, text: str) -> ExhaustiveState:
        """The state that a file holds; UserError where it holds none."""
        try:
            walked = _walked(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UserError("the file given with --resume holds no state of an exhaustive walk") from error
        if not _is_sound(walked):
            raise UserError("the file given with --resume does not fit together; begin anew without it")
        return walked


def _walked(state: dict[str, Any]) -> ExhaustiveState:
    """The state that was read; raises the errors of Python where members are missing or of other types."""
    if state["version"] != 1 or len(state["buckets"]) != _BUCKETS:
        raise ValueError
    numbers: dict[str, Any] = {name: _number(state[name]) for name in _NUMBERS}
    return ExhaustiveState(
        **numbers,
        totals=set(map(_number, state["totals"])),
        broken_offsets=list(map(_number, state.get("amiss", []))),
        buckets=[_portable(array("Q", b64decode(held, validate=True))) for held in state["buckets"]],
    )


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < _MOST:
        raise ValueError
    return value


def _is_sound(walked: ExhaustiveState) -> bool:
    held = sum(map(len, walked.buckets)) == walked.met
    return held and walked.limit > 0


def _portable(bucket: array[int]) -> array[int]:
    """The entries as every machine reads them, lowest byte first, or back again."""
    if sys.byteorder == "little":
        return bucket
    swapped = bucket[:]
    swapped.byteswap()
    return swapped


def exhaustive(
    ctx: ProbeContext,
    walked: ExhaustiveState,
    is_clean: Callable[[Answer], bool],
    keep: Callable[[Exchange], None],
) -> Steps:
    """Every page from where the walk is to the end; then again what seems to be there twice."""
    walked.begin(ctx.max_page_size, ctx.total)
    for offset in walked.broken_offsets:  # met before an interruption: this run has to show them as well
        yield from ctx.ask(query(limit=walked.limit, offset=offset), purpose=_AGAIN)
    while walked.offset < walked.total:
        requests = _coming(walked, ctx.concurrency)
        for exchange in (yield from together(requests)):
            answer = read(exchange)
            if answer is None or answer.transient:
                return  # the walk is to be resumed from here
            page = answer.page
            moved = page is not None and page.total != walked.total
            if page is None or moved or not is_clean(answer):
                _keep(ctx, walked, exchange, answer, keep)
            if page is not None:
                walked.note(page)
            walked.offset += walked.limit
    yield from _again(ctx, walked)


def _coming(walked: ExhaustiveState, number: int) -> Batch:
    """The next pages, as many as may be under way at a time."""
    end = min(walked.total, walked.offset + number * walked.limit)
    offsets = range(walked.offset, end, walked.limit)
    return tuple(Request(query(limit=walked.limit, offset=offset), purpose=WALKED) for offset in offsets)


def _keep(
    ctx: ProbeContext,
    walked: ExhaustiveState,
    exchange: Exchange,
    answer: Answer,
    keep: Callable[[Exchange], None],
) -> None:
    walked.broken += 1
    if walked.broken <= _KEPT:
        walked.broken_offsets.append(walked.offset)
        ctx.answers.append(answer)
        keep(exchange)


def _again(ctx: ProbeContext, walked: ExhaustiveState) -> Steps:
    """Both pages of each pair, now as evidence: whether it is the same profile, and still so, they tell."""
    for number, pair in enumerate(walked.twice()):
        if number == _ASKED_AGAIN:
            return
        for offset in dict.fromkeys(pair):
            yield from ctx.ask(query(limit=walked.limit, offset=offset), purpose=_AGAIN)
