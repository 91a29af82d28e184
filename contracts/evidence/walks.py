"""Subjects that are stretches of the list: walks, overlapping pages, repeated requests."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from contracts.evidence.answers import Page, Selection
from contracts.evidence.evidence import Evidence
from contracts.evidence.responses import PagePair
from contracts.model import Place


@dataclass(frozen=True)
class Walk:
    """Pages of one selection and size that follow on each other; `complete` ones go from 0 to the end."""

    pages: tuple[Page, ...]

    @property
    def selection(self) -> Selection:
        """The filters."""
        return self.pages[0].selection

    @property
    def limit(self) -> int:
        """The page size."""
        return self.pages[0].limit

    @cached_property
    def ids(self) -> tuple[int, ...]:
        """The ids in the order met."""
        return tuple(i for page in self.pages for i in page.ids)

    @property
    def start(self) -> int:
        """The position of its first profile."""
        return self.pages[0].offset

    def between(self, start: int, end: int) -> tuple[int, ...]:
        """The ids from one position up to another."""
        return self.ids[start - self.start : max(start, end) - self.start]

    @property
    def expected_count(self) -> int:
        """How many profiles it must show: all positions that it covers, up to the end."""
        last = self.pages[-1]
        return max(0, min(last.offset + last.limit, last.total) - self.start)

    @property
    def complete(self) -> bool:
        """Whether it began at the start and reached the end that its last page states."""
        last = self.pages[-1]
        return self.pages[0].offset == 0 and last.offset + last.limit >= last.total

    @property
    def numbers(self) -> tuple[int, ...]:
        """The exchanges."""
        return tuple(page.number for page in self.pages)

    def at(self, *roles: str) -> tuple[Place, ...]:
        """The same members of the envelope on every page."""
        return tuple(page.at(*roles) for page in self.pages)

    @property
    def total(self) -> int:
        """The total that its last page states."""
        return self.pages[-1].total


def walks(evidence: Evidence) -> Iterator[Walk]:
    """All longest chains of pages; a chain of one page counts where it is complete."""
    for pages in evidence.by_selection.values():
        for chain in chains(pages):
            walk = Walk(chain)
            if len(chain) > 1 or walk.complete:
                yield walk


def chains(pages: tuple[Page, ...]) -> Iterator[tuple[Page, ...]]:
    """Pages of one selection and size that follow on each other."""
    sizes: defaultdict[tuple[int | None, int], dict[int, Page]] = defaultdict(dict)
    for page in pages:
        if page.limit > 0 and page.query.limit != 0:
            sizes[(page.query.limit, page.limit)].setdefault(page.offset, page)
    for (_, limit), by_offset in sizes.items():
        for offset in sorted(by_offset):
            if offset - limit not in by_offset:
                yield tuple(_chain(by_offset, offset, limit))


def _chain(by_offset: dict[int, Page], offset: int, limit: int) -> Iterator[Page]:
    while offset in by_offset:
        yield by_offset[offset]
        if by_offset[offset].past_end:
            return
        offset += limit


def list_walks(evidence: Evidence) -> Iterator[Walk]:
    """Walks of two pages or more without a filter."""
    for walk in evidence.select(walks):
        if walk.selection.unfiltered and len(walk.pages) > 1:
            yield walk


def visits(evidence: Evidence) -> Iterator[Walk]:
    """Every walk; and pairs of pages that share a profile although they do not overlap."""
    yield from evidence.select(list_walks)
    latest = {(page.limit, page.offset): page for page in evidence.unfiltered if page.profiles}
    first: dict[int, Page] = {}
    for page in sorted(latest.values(), key=lambda p: p.offset):
        for other in {
            first.setdefault(identity, page).number: first[identity] for identity in page.ids
        }.values():
            if other.end <= page.offset and other.offset + other.limit <= page.offset:
                yield Walk((other, page))


def whole_walks(evidence: Evidence) -> Iterator[Walk]:
    """Complete walks without a filter."""
    for walk in evidence.select(walks):
        if walk.complete and walk.selection.unfiltered:
            yield walk


@dataclass(frozen=True, slots=True)
class WalkPair:
    """Two walks of the unfiltered list with different page sizes that cover common positions."""

    first: Walk
    second: Walk

    @property
    def sequences(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What both show at the positions that both cover."""
        start = max(self.first.start, self.second.start)
        end = min(self.first.start + len(self.first.ids), self.second.start + len(self.second.ids))
        return self.first.between(start, end), self.second.between(start, end)

    @property
    def pages(self) -> Iterator[tuple[Page, Page]]:
        """A page of each, as far as they cover two common positions or more."""
        for first, second in itertools.product(self.first.pages, self.second.pages):
            if min(first.end, second.end) - max(first.offset, second.offset) > 1:
                yield first, second


def walk_pairs(evidence: Evidence) -> Iterator[WalkPair]:
    """Each stretch of the list beside the longest of another page size that overlaps with it."""
    stretches = [Walk(chain) for chain in chains(evidence.unfiltered)]
    stretches.sort(key=lambda walk: (-len(walk.ids), -walk.limit))
    for index, other in enumerate(stretches):
        for first in stretches[:index]:
            pair = WalkPair(first, other)
            if first.limit != other.limit and len(pair.sequences[0]) > 1:
                yield pair
                break


_OVERLAPS_FOR_A_PAGE = 3


def overlaps(evidence: Evidence) -> Iterator[PagePair]:
    """Each page beside the largest that overlap with it."""
    return _overlaps(evidence.unfiltered)


def _overlaps(pages: tuple[Page, ...]) -> Iterator[PagePair]:
    by_size = sorted(pages, key=lambda p: (-len(p.profiles), p.number))
    for index, page in enumerate(by_size):
        found = 0
        for larger in by_size[:index]:
            if found == _OVERLAPS_FOR_A_PAGE:
                break
            if _differ(page, larger) and page.offset < larger.end and larger.offset < page.end:
                found += 1
                yield PagePair(*sorted((page, larger), key=lambda p: p.number))


def _differ(page: Page, other: Page) -> bool:
    return (page.limit, page.offset) != (other.limit, other.offset) or page.query != other.query


def repeats(evidence: Evidence) -> Iterator[PagePair]:
    """Neighbours among equal requests."""
    seen: dict[str, Page] = {}
    for page in evidence.plain:
        query = page.answer.request.query
        if query in seen:
            yield PagePair(seen[query], page)
        seen[query] = page
