"""The exhaustive walk: every page is checked when it comes and then dropped. Also its checkpoint file."""

from __future__ import annotations

import gc
import json
import os
import sys
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from contracts.evidence.answers import Answer, Page, read
from contracts.evidence.evidence import Conditions, Evidence
from contracts.evidence.exhaustive import ExhaustiveSummary
from contracts.files import read_text, write_file
from contracts.judging.catalogue import Catalogue
from contracts.model import Batch, Exchange, Purpose, Request, UserError
from contracts.runs.flow import Flow, received
from contracts.runs.probes.context import ProbeContext, query

_BUCKETS = 256
_PAGE_BITS = 24
_MULTIPLIER = 0x9E3779B97F4A7C15  # 2^64 by the golden ratio: spreads consecutive ids over all bits
_KEPT = 40  # pages with something wrong, beyond which more of them would show nothing new
_PAIRS_AGAIN = 10
AGAIN_AT_MOST = 2 * _PAIRS_AGAIN
_LARGEST_FILE = 128 * 2**20  # bytes: more than ten million profiles
_MOST_VALUES = 1_000  # in a checkpoint file
_LARGEST = 2**63  # number in a checkpoint file; no offset goes beyond it

_NUMBERS = ("limit", "offset", "total", "pages", "seen", "broken")


@dataclass
class ExhaustiveState:
    """How far the walk is, and 8 bytes for each profile: 40 bits of its id, 24 of the number of its page."""

    limit: int = 0
    offset: int = 0  # of the next page
    total: int = 0  # as the last page states it
    totals: set[int] = field(default_factory=set)  # a few of those stated
    pages: int = 0
    seen: int = 0  # profiles
    broken: int = 0  # pages that are wrong by themselves
    broken_offsets: list[int] = field(default_factory=list)  # of the first of those
    buckets: list[array[int]] = field(default_factory=lambda: [array("Q") for _ in range(_BUCKETS)])

    def begin(self, limit: int, total: int) -> None:
        """Sets the page size and the total that the survey saw, unless an interrupted walk has set them."""
        self.limit = self.limit or limit
        self.total = self.total or total

    def note(self, page: Page) -> None:
        """Counts a page and its profiles."""
        number = min(self.offset // max(1, self.limit), 2**_PAGE_BITS - 1)
        for identity in page.ids:
            mixed = (identity * _MULTIPLIER & 2**64 - 1) >> 16
            self.buckets[mixed % _BUCKETS].append(mixed >> 8 << _PAGE_BITS | number)
        self.pages += 1
        self.seen += len(page.ids)
        self.total = page.total
        if len(self.totals) < 3:
            self.totals.add(page.total)

    def repeated(self) -> Iterator[tuple[int, int]]:
        """Offsets of pairs of pages that seem to show the same profile; 40 bits may be equal by chance."""
        for bucket in self.buckets:
            for one, other in pairwise(sorted(bucket)):
                if one >> _PAGE_BITS == other >> _PAGE_BITS:
                    first, second = (entry & (2**_PAGE_BITS - 1) for entry in (one, other))
                    yield first * self.limit, second * self.limit

    @property
    def done(self) -> bool:
        """Whether the end was reached."""
        return self.offset >= self.total and self.pages > 0

    def summary(self) -> ExhaustiveSummary:
        """What the judge has to know of the walk."""
        return ExhaustiveSummary(
            limit=self.limit,
            pages=self.pages,
            seen=self.seen,
            distinct=self.seen - sum(1 for _ in self.repeated()),
            total=self.total,
            totals=frozenset(self.totals),
            done=self.done,
        )

    def dump(self) -> str:
        """The state as the content of a checkpoint file."""
        numbers = {name: getattr(self, name) for name in _NUMBERS}
        held = [b64encode(_portable(bucket).tobytes()).decode("ascii") for bucket in self.buckets]
        lists = {"totals": sorted(self.totals), "broken_offsets": self.broken_offsets, "buckets": held}
        return json.dumps({"version": 1, **numbers, **lists})

    @classmethod
    def load(cls, text: str) -> ExhaustiveState:
        """The state in the content of a checkpoint file. Raises UserError where there is none."""
        try:
            state = _parsed(text)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UserError("the file given with --resume holds no state of an exhaustive walk") from error
        if sum(map(len, state.buckets)) != state.seen or state.limit <= 0:
            raise UserError("the file given with --resume contradicts itself; start again without it")
        return state


def _parsed(text: str) -> ExhaustiveState:
    """The state; raises Python's own errors where members are missing or of other types."""
    if max(map(text.count, ",[{")) > _MOST_VALUES:  # before they take memory
        raise ValueError
    raw: dict[str, Any] = json.loads(text)
    if raw["version"] != 1 or len(raw["buckets"]) != _BUCKETS:
        raise ValueError
    numbers: dict[str, Any] = {name: _number(raw[name]) for name in _NUMBERS}
    return ExhaustiveState(
        **numbers,
        totals=set(map(_number, raw["totals"])),
        broken_offsets=list(map(_number, raw["broken_offsets"])),
        buckets=[_portable(array("Q", b64decode(held, validate=True))) for held in raw["buckets"]],
    )


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < _LARGEST:
        raise ValueError
    return value


def _portable(bucket: array[int]) -> array[int]:
    """The entries with the lowest byte first, as in a file, or back again."""
    if sys.byteorder == "little":
        return bucket
    swapped = bucket[:]
    swapped.byteswap()
    return swapped


# --- the checkpoint file ---------------------------------------------------------------------------


def load_state(file: Path | None) -> ExhaustiveState:
    """The state of an interrupted walk, or that of a new one. Raises UserError for a file that holds none."""
    if file is None or not os.path.lexists(file):
        return ExhaustiveState()
    return ExhaustiveState.load(read_text(file, at_most=_LARGEST_FILE))


def save_state(state: ExhaustiveState, file: Path | None) -> None:
    """Writes the state of an interrupted walk, and removes the file of a finished one. Raises UserError."""
    if file is None or not state.pages:
        return
    if not state.done:
        write_file(file, state.dump().encode("ascii"))
        return
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"Cannot remove {file}: {error.strerror}.") from error


# --- the walk --------------------------------------------------------------------------------------


def is_clean(catalogue: Catalogue, conditions: Conditions, answer: Answer) -> bool:
    """Whether a page passes every check that looks at one page."""
    evidence = Evidence([answer], (), conditions)
    checks = [check for check in catalogue.checks.values() if check.exhaustive == "page"]
    return not any(check.objects(evidence, catalogue.document) for check in checks)


@dataclass(frozen=True, slots=True)
class ExhaustiveWalk:
    """One walk: its state, and what becomes of a page that is wrong by itself."""

    ctx: ProbeContext
    state: ExhaustiveState
    is_clean: Callable[[Answer], bool]
    keep: Callable[[Exchange], None]

    def flow(self) -> Flow[None]:
        """Every page from where the walk is to the end; then those again that seem to share a profile."""
        gc.freeze()  # what is there stays: looking through it again and again takes as long as the checks
        try:
            yield from self._pages()
        finally:
            gc.unfreeze()

    def _pages(self) -> Flow[None]:
        state = self.state
        state.begin(self.ctx.max_page_size, self.ctx.total)
        yield from self._again(state.broken_offsets)  # found before an interruption: to be shown as well
        while state.offset < state.total:
            if not all((yield from received(self._next_pages(), self._receive))):
                return  # to be resumed from here
        for pair in islice(state.repeated(), _PAIRS_AGAIN):
            yield from self._again(dict.fromkeys(pair))

    def _next_pages(self) -> Batch:
        """As many pages as may be in flight together."""
        state = self.state
        end = min(state.total, state.offset + self.ctx.concurrency * state.limit)
        offsets = range(state.offset, end, state.limit)
        return tuple(self._request(offset, Purpose.EXHAUSTIVE_WALK) for offset in offsets)

    def _request(self, offset: int, purpose: Purpose) -> Request:
        return Request(query(limit=self.state.limit, offset=offset), purpose=purpose)

    def _receive(self, exchange: Exchange) -> bool:
        """Whether the walk can go on: counts the page, and keeps it where something is wrong with it."""
        answer = read(exchange)
        follows = exchange.request == self._request(self.state.offset, exchange.request.purpose)
        if answer is None or answer.transient or not follows:
            return False
        page = answer.page
        if page is None or page.total != self.state.total or not self.is_clean(answer):
            self._keep(exchange, answer)
        if page is not None:
            self.state.note(page)
        self.state.offset += self.state.limit
        return True

    def _keep(self, exchange: Exchange, answer: Answer) -> None:
        state = self.state
        state.broken += 1
        if state.broken <= _KEPT:
            state.broken_offsets.append(state.offset)
            self.ctx.answers.append(answer)
            self.keep(exchange)

    def _again(self, offsets: Iterable[int]) -> Flow[None]:
        for offset in offsets:
            yield from received((self._request(offset, Purpose.EXHAUSTIVE_WALK_AGAIN),), self.ctx.hear)
