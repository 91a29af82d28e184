"""Subjects that relate several answers: walks, overlaps, repeats, listings of a selection."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from contracts.subjects import samples
from contracts.subjects.answer import ACCEPTED_INTEGER_MAX, Answer, Asked, Page, Profile, Selection
from contracts.subjects.evidence import Evidence, builder

# Tags asked for that nothing carries begin so; what follows is drawn from the seed.
UNKNOWN_TAG = "no-such-"


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The first answer of the path, which tells whether the API is there at all."""

    answer: Answer


@builder(FirstAnswer)
def first_answer(evidence: Evidence) -> Iterator[FirstAnswer]:
    """The first answer that is no passing trouble."""
    for answer in evidence.regular[:1]:
        yield FirstAnswer(answer)


@builder(Answer)
def every_answer(evidence: Evidence) -> Iterable[Answer]:
    """Every answer of the judged operation."""
    return evidence.regular


@builder(Page)
def every_page(evidence: Evidence) -> Iterable[Page]:
    """Every well-formed page."""
    return evidence.pages


@dataclass(frozen=True, slots=True)
class Success:
    """An answer with status 200."""

    answer: Answer


@builder(Success)
def successes(evidence: Evidence) -> Iterator[Success]:
    """Every 200 of the judged operation."""
    return (Success(answer) for answer in evidence.regular if answer.status == 200)


@dataclass(frozen=True, slots=True)
class Content:
    """The JSON value of a 200."""

    answer: Answer


@builder(Content)
def contents(evidence: Evidence) -> Iterator[Content]:
    """Every 200 whose content is a JSON text."""
    for answer in evidence.regular:
        if answer.status == 200 and answer.problem is None and answer.beyond is None:
            yield Content(answer)


@dataclass(frozen=True, slots=True)
class WellFormed:
    """The answer to a request that must be answered 200.

    Beside a refusal of the credentials, `served` is a later answer that shows them to be good; beside a
    search, one to a search, for a deployment may refuse all of them.
    """

    answer: Answer
    served: Answer | None


_ORDINARY_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{1,62}[A-Za-z0-9]")


@builder(WellFormed)
def well_formed(evidence: Evidence) -> Iterator[WellFormed]:
    """Answers to plain requests, legal refusals of a limit and refused credentials aside."""
    served = [a for a in evidence.regular if a.status == 200]
    accepted = _accepted(evidence)
    searched = next((a for a in served if a.asked.plain and a.asked.selection.search is not None), None)
    for answer in evidence.regular:
        if searched is not None and _searches_plainly(answer.asked) and not _limit_refused(answer, accepted):
            yield WellFormed(answer, searched)
            continue
        refused = answer.status in (401, 403)
        later = next((a for a in served if a.number > answer.number), None) if refused else None
        if must_be_served(answer) and not (_limit_refused(answer, accepted) or (refused and later is None)):
            yield WellFormed(answer, later)


def _accepted(evidence: Evidence) -> int:
    """The largest limit that was asked for and answered 200."""
    served = (a for a in evidence.regular if a.status == 200 and a.asked.plain)
    return max((a.asked.limit or 0 for a in served), default=0)


def must_be_served(answer: Answer) -> bool:
    """Whether no reading of the contract lets a deployment refuse what was asked."""
    return is_well_formed(answer.asked)


def is_well_formed(asked: Asked) -> bool:
    """Whether no reading of the contract lets a deployment refuse this query."""
    items = asked.selection.items
    clean = all(item and item == item.strip() for item in items)
    # `search` is missing from the older reference page, so an older deployment may refuse it as unknown.
    small = max(asked.limit or 0, asked.offset or 0) <= ACCEPTED_INTEGER_MAX
    return asked.plain and clean and small and asked.limit != 0 and asked.selection.search is None


def _searches_plainly(asked: Asked) -> bool:
    """Whether the query is well-formed but for its `search`, and that is an ordinary word."""
    search, rest = asked.selection.search, replace(asked.selection, search=None)
    ordinary = search is not None and _ORDINARY_WORD.fullmatch(search)
    return bool(ordinary) and is_well_formed(replace(asked, selection=rest))


def _limit_refused(answer: Answer, accepted: int) -> bool:
    """Reading *refused* of a limit over the maximum: legal only above every limit that was accepted."""
    limit = answer.asked.limit
    return 400 <= answer.status < 500 and limit is not None and 0 < accepted < limit


@dataclass(frozen=True, slots=True)
class LimitInForce:
    """A page whose `limit` is judged, beside pages that show the maximum, the default, or the same."""

    page: Page
    clamped: Page | None
    default: Page | None
    alike: Page | None


@builder(LimitInForce)
def limits_in_force(evidence: Evidence) -> Iterator[LimitInForce]:
    """Every plain page, with the first clamped one and the first of the same kind without a limit."""
    clamped = next((p for p in evidence.plain if 0 < p.limit < (p.asked.limit or 0)), None)
    defaults: dict[tuple[bool, bool, str], Page] = {}
    for page in evidence.plain:
        if page.asked.limit is None:
            defaults.setdefault(_kind(page), page)
    for page in evidence.plain:
        yield LimitInForce(page, clamped, defaults.get(_kind(page)), _alike(page, evidence.unfiltered))


def _alike(page: Page, others: tuple[Page, ...]) -> Page | None:
    """Another page with the same profiles that was asked for with another limit."""
    if not page.profiles or not page.selection.unfiltered:
        return None
    same = (p for p in others if p.ids == page.ids and p.asked.limit and p.asked.limit != page.asked.limit)
    return next(same, None)


def _kind(page: Page) -> tuple[bool, bool, str]:
    """No query at all, only filters, or an offset asked for: unpaged readings tell these apart.

    Whether `search` counts as a filter is a reading too, so such queries compare with their like alone.
    """
    selection = page.selection
    names = " ".join(sorted(name for name, _ in page.asked.parameters))
    return (selection.unfiltered, page.asked.offset is None, names if selection.search is not None else "")


@dataclass(frozen=True, slots=True)
class PastEnd:
    """The answer to an offset at or after the end that an earlier page of the same selection states."""

    answer: Answer
    before: Page


@builder(PastEnd)
def past_ends(evidence: Evidence) -> Iterator[PastEnd]:
    """Every answer that must be an empty page; a legal refusal of its limit need not be."""
    accepted = _accepted(evidence)
    for answer in evidence.regular:
        asked = answer.asked
        if _limit_refused(answer, accepted):
            continue
        served = must_be_served(answer) or (answer.page is not None and asked.plain and asked.limit != 0)
        if not served or not asked.offset:
            continue
        before = _latest_before(answer, evidence.by_selection.get(asked.selection, ()))
        if before is not None and before.total <= asked.offset:
            yield PastEnd(answer, before)


def _latest_before(answer: Answer, pages: tuple[Page, ...]) -> Page | None:
    inside = [p for p in pages if not p.past_end or p.offset == 0]
    earlier = [p for p in inside if p.number < answer.number]
    return earlier[-1] if earlier else next(iter(inside), None)


def within(pages: Iterable[Page]) -> list[Page]:
    """The pages of one selection that begin before the furthest end that any of them states."""
    known = list(pages)
    end = max((p.total for p in known), default=0)
    return [p for p in known if p.offset == 0 or p.offset < end]


def stand_alone(*pages: Page) -> bool:
    """Whether all of these begin before the end that they state: no other page is needed to tell."""
    return len(within(pages)) == len(pages)


@dataclass(frozen=True, slots=True)
class Defaulted:
    """A page asked for without `limit` or `offset`, and the page with the values that it echoes."""

    implicit: Page
    explicit: Page


@builder(Defaulted)
def defaulted(evidence: Evidence) -> Iterator[Defaulted]:
    """Every implicit page that has an explicit twin at the same place."""
    for implicit in evidence.plain:
        if implicit.asked.implicit and implicit.asked.limit != 0:
            explicit = _twin(implicit, evidence.by_selection[implicit.selection])
            if explicit is not None:
                yield Defaulted(implicit, explicit)


def _twin(implicit: Page, pages: tuple[Page, ...]) -> Page | None:
    place = implicit.asked.offset or 0
    here = [
        p for p in pages if not p.asked.implicit and p.offset == place == p.asked.offset and p.asked.limit
    ]
    same = [p for p in here if p.limit == implicit.limit == p.asked.limit]
    if same or not implicit.everything:
        return next(iter(same), None)
    return max(here, key=lambda p: len(p.profiles), default=None)


def pages_of_one(evidence: Evidence) -> str:
    """That the maximum limit is 1, in words, where it is: what needs two profiles on a page is empty then."""
    held = [page for page in evidence.plain if page.profiles]
    more = [a for a in evidence.regular if a.asked.plain and (a.asked.limit or 0) > 1]
    cut = [a for a in more if 400 <= a.status < 500 or (a.page is not None and a.page.limit == 1)]
    many = any(page.total > 1 for page in held) and all(len(page.profiles) == 1 for page in held)
    return "no page may hold more than one profile" if many and more and len(cut) == len(more) else ""


@dataclass(frozen=True, slots=True)
class TotalPair:
    """Two pages of the unfiltered list, read one after the other."""

    first: Page
    second: Page


@builder(TotalPair)
def total_pairs(evidence: Evidence) -> Iterator[TotalPair]:
    """Neighbours in time; pages past the end have their own requirement."""
    pairs = itertools.pairwise(within(evidence.unfiltered))
    return (TotalPair(first, second) for first, second in pairs if stand_alone(first, second))


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
    def due(self) -> int:
        """How many profiles it must have met: all positions that it covers, up to the end."""
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

    @property
    def total(self) -> int:
        """The total that its last page states."""
        return self.pages[-1].total


@builder(Walk)
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
        if page.limit > 0 and page.asked.limit != 0:
            sizes[(page.asked.limit, page.limit)].setdefault(page.offset, page)
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


@dataclass(frozen=True, slots=True)
class ListWalk:
    """A walk of the unfiltered list, complete or not."""

    walk: Walk


@builder(ListWalk)
def list_walks(evidence: Evidence) -> Iterator[ListWalk]:
    """Walks of two pages or more without a filter."""
    for walk in evidence.subjects(Walk):
        if walk.selection.unfiltered and len(walk.pages) > 1:
            yield ListWalk(walk)


@dataclass(frozen=True, slots=True)
class Visits:
    """Pages of the unfiltered list that hold different positions: a walk, or two pages far apart."""

    walk: Walk


@builder(Visits)
def visits(evidence: Evidence) -> Iterator[Visits]:
    """Every walk; and pairs of pages that share a profile although they do not overlap."""
    yield from (Visits(subject.walk) for subject in evidence.subjects(ListWalk))
    latest = {(page.limit, page.offset): page for page in evidence.unfiltered if page.profiles}
    first: dict[int, Page] = {}
    for page in sorted(latest.values(), key=lambda p: p.offset):
        for other in {
            first.setdefault(identity, page).number: first[identity] for identity in page.ids
        }.values():
            if other.end <= page.offset and other.offset + other.limit <= page.offset:
                yield Visits(Walk((other, page)))


@dataclass(frozen=True, slots=True)
class WholeWalk:
    """A complete walk of the unfiltered list."""

    walk: Walk


@builder(WholeWalk)
def whole_walks(evidence: Evidence) -> Iterator[WholeWalk]:
    """Complete walks without a filter."""
    for walk in evidence.subjects(Walk):
        if walk.complete and walk.selection.unfiltered:
            yield WholeWalk(walk)


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


@builder(WalkPair)
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


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two pages of the unfiltered list that cover common positions in different ways."""

    first: Page
    second: Page

    @property
    def positions(self) -> range:
        """The positions that both show."""
        return range(max(self.first.offset, self.second.offset), min(self.first.end, self.second.end))


_OVERLAPS_FOR_A_PAGE = 3


@builder(Overlap)
def overlaps(evidence: Evidence) -> Iterator[Overlap]:
    """Each page beside the largest that overlap with it."""
    return _overlaps(evidence.unfiltered)


def _overlaps(pages: tuple[Page, ...]) -> Iterator[Overlap]:
    by_size = sorted(pages, key=lambda p: (-len(p.profiles), p.number))
    for index, page in enumerate(by_size):
        found = 0
        for larger in by_size[:index]:
            if found == _OVERLAPS_FOR_A_PAGE:
                break
            if _differ(page, larger) and page.offset < larger.end and larger.offset < page.end:
                found += 1
                yield Overlap(*sorted((page, larger), key=lambda p: p.number))


def _differ(page: Page, other: Page) -> bool:
    return (page.limit, page.offset) != (other.limit, other.offset) or page.asked != other.asked


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same request, answered twice."""

    first: Page
    second: Page


@builder(Repeat)
def repeats(evidence: Evidence) -> Iterator[Repeat]:
    """Neighbours among equal requests."""
    seen: dict[str, Page] = {}
    for page in evidence.plain:
        query = page.answer.request.query
        if query in seen:
            yield Repeat(seen[query], page)
        seen[query] = page


@dataclass(frozen=True)
class Listing:
    """The whole of one selection, from the complete walk with the fewest pages.

    Of a selection that is too long for that, a stretch: `universe` is then what the stretch would have to
    show of what was seen without a filter, and `basis` the exchanges that say so.
    """

    selection: Selection
    walk: Walk
    universe: dict[int, tuple[Page, Profile]]
    basis: tuple[int, ...] = ()

    @property
    def extent(self) -> tuple[int, ...]:
        """What two listings must have in common for their ids to be compared; empty for whole ones."""
        walk = self.walk
        return () if walk.complete else (walk.start, walk.limit, len(walk.pages))

    def numbers(self, page: Page) -> tuple[int, ...]:
        """The exchanges which show that a profile of that page should be listed."""
        return (*(self.basis or (page.number,)), *self.walk.numbers)

    def writes(self, different: int) -> int:
        """How many writes it takes at least for so many profiles to differ: one may move all of a stretch."""
        return different if self.walk.complete else min(1, different)

    @cached_property
    def ids(self) -> frozenset[int]:
        """The ids that the selection holds."""
        return frozenset(self.walk.ids)

    @cached_property
    def profiles(self) -> dict[int, tuple[Page, Profile]]:
        """Its profiles by id, with their pages."""
        return {p.id: (page, p) for page in self.walk.pages for p in page.profiles}

    def missing(self) -> Iterator[tuple[Page, Profile]]:
        """What was seen without a filter but not here."""
        return (found for i, found in self.universe.items() if i not in self.ids)


@builder(Listing)
def listings(evidence: Evidence) -> Iterator[Listing]:
    """One listing for each selection that has a filter."""
    best: dict[Selection, Walk] = {}
    for walk in evidence.subjects(Walk):
        known = best.get(walk.selection)
        if walk.complete and (known is None or len(walk.pages) < len(known.pages)):
            best[walk.selection] = walk
    for selection, walk in best.items():
        if not selection.unfiltered:
            yield Listing(selection, walk, evidence.universe)


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing of a selection that has a filter, or stretches of it where there is no listing."""

    listing: Listing


@builder(Listed)
def listed(evidence: Evidence) -> Iterator[Listed]:
    """Listings; of the other selections each stretch that tells something."""
    whole = {listing.selection for listing in evidence.subjects(Listing)}
    yield from map(Listed, evidence.subjects(Listing))
    unfiltered = _widest(Walk(chain) for chain in chains(evidence.unfiltered))
    for selection, pages in evidence.by_selection.items():
        if selection not in whole and not selection.unfiltered and selection.search is None:
            for chain in chains(pages):
                yield from map(Listed, _stretches(Walk(chain), unfiltered))


def _widest(walks: Iterable[Walk]) -> list[Walk]:
    """The walk of the whole list in the fewest pages; all stretches where there is none."""
    known = list(walks)
    whole = [walk for walk in known if walk.complete]
    return [min(whole, key=lambda walk: len(walk.pages))] if whole else known


def _stretches(part: Walk, unfiltered: list[Walk]) -> Iterator[Listing]:
    for walk in unfiltered:
        known = samples.due(part, walk)
        if known:
            universe = {profile.id: (page, profile) for page, profile in known}
            yield Listing(part.selection, part, universe, tuple(dict.fromkeys(p.number for p, _ in known)))


@dataclass(frozen=True, slots=True)
class ActivePage:
    """A page asked for with `is_active` alone."""

    page: Page


@builder(ActivePage)
def active_pages(evidence: Evidence) -> Iterator[ActivePage]:
    """Pages filtered by is_active alone."""
    for page in evidence.plain:
        if page.selection.by_active:
            yield ActivePage(page)


@dataclass(frozen=True, slots=True)
class ActiveListing:
    """All that `is_active` alone selects."""

    listing: Listing


@builder(ActiveListing)
def active_listings(evidence: Evidence) -> Iterator[ActiveListing]:
    """Listings by is_active alone."""
    for subject in evidence.subjects(Listed):
        if subject.listing.selection.by_active:
            yield ActiveListing(subject.listing)


@dataclass(frozen=True, slots=True)
class Partition:
    """Pages that state the totals of all, of the active and of the inactive, with the same tags or none."""

    every: Page
    active: Page
    inactive: Page


@builder(Partition)
def partitions(evidence: Evidence) -> Iterator[Partition]:
    """For each list of tags, and for none, the three totals, read as close together as there are."""
    for selection in evidence.by_selection:
        if selection.is_active is None and selection.search is None and selection.items == selection.wanted:
            every, active, inactive = (
                _within(evidence, replace(selection, is_active=value)) for value in (None, True, False)
            )
            triples = [
                Partition(_nearest(every, one), _nearest(active, one), one)
                for one in inactive
                if every and active
            ]
            if triples:
                yield min(triples, key=_spread)


def _spread(parts: Partition) -> int:
    numbers = (parts.every.number, parts.active.number, parts.inactive.number)
    return max(numbers) - min(numbers)


def _within(evidence: Evidence, selection: Selection) -> list[Page]:
    return [p for p in evidence.by_selection.get(selection, ()) if p.offset == 0 and p.asked.limit != 0]


def _nearest(pages: list[Page], to: Page) -> Page:
    return min(pages, key=lambda page: abs(page.number - to.number))


@dataclass(frozen=True, slots=True)
class TagPage:
    """A page asked for with `tags` alone."""

    page: Page


@builder(TagPage)
def tag_pages(evidence: Evidence) -> Iterator[TagPage]:
    """Pages filtered by tags alone that name at least one."""
    for page in evidence.plain:
        if page.selection.by_tags and page.selection.wanted:
            yield TagPage(page)


@dataclass(frozen=True, slots=True)
class TagListing:
    """All that `tags` alone selects."""

    listing: Listing


@builder(TagListing)
def tag_listings(evidence: Evidence) -> Iterator[TagListing]:
    """Listings by clean lists of tags: none empty, none padded, none twice."""
    for subject in evidence.subjects(Listed):
        selection = subject.listing.selection
        if selection.by_tags and selection.items == selection.wanted:
            yield TagListing(subject.listing)


@dataclass(frozen=True, slots=True)
class TagListingPair:
    """Two listings by several tags each."""

    first: Listing
    second: Listing


@builder(TagListingPair)
def tag_listing_pairs(evidence: Evidence) -> Iterator[TagListingPair]:
    """Every pair of listings by two tags or more, or by one in another letter case than it has."""
    listings = (t.listing for t in evidence.subjects(TagListing))
    several = [one for one in listings if len(one.selection.wanted) > 1 or recased(one, evidence)]
    for index, first in enumerate(several):
        for second in several[index + 1 :]:
            if first.extent == second.extent:
                yield TagListingPair(first, second)


def recased(listing: Listing, evidence: Evidence) -> bool:
    """Whether every tag asked for is known in another letter case alone."""
    folded = {tag.casefold() for tag in evidence.tags}
    wanted = listing.selection.wanted
    return bool(wanted) and all(tag not in evidence.tags and tag.casefold() in folded for tag in wanted)


@dataclass(frozen=True, slots=True)
class UnknownTag:
    """The answer to a tag that no profile carries."""

    answer: Answer


@builder(UnknownTag)
def unknown_tags(evidence: Evidence) -> Iterator[UnknownTag]:
    """Answers for tags that the suite made up."""
    accepted = _accepted(evidence)
    for answer in evidence.regular:
        wanted = answer.asked.selection.wanted
        if (
            must_be_served(answer)
            and not _limit_refused(answer, accepted)
            and len(wanted) == 1
            and wanted[0].startswith(UNKNOWN_TAG)
        ):
            yield UnknownTag(answer)


@dataclass(frozen=True, slots=True)
class TagList:
    """A listing by a list with repeated or empty items, and the listing by the clean list."""

    odd: Listing
    clean: Listing


@builder(TagList)
def tag_lists(evidence: Evidence) -> Iterator[TagList]:
    """Odd spellings of lists of tags beside clean ones."""
    listings = [t.listing for t in evidence.subjects(TagListing)]
    clean = {(one.selection.wanted, one.extent): one for one in listings}
    for listing in (subject.listing for subject in evidence.subjects(Listed)):
        selection = listing.selection
        padded = any(item != item.strip() for item in selection.items)
        if selection.by_tags and selection.items != selection.wanted and not padded:
            twin = clean.get((selection.wanted, listing.extent))
            if twin is not None:
                yield TagList(listing, twin)


@dataclass(frozen=True, slots=True)
class Combined:
    """All that `is_active` and `tags` together select, and every page read of it.

    `alone` is all that the same tags select without `is_active`, where both were read whole.
    """

    listing: Listing
    pages: tuple[Page, ...]
    alone: Listing | None = None


@builder(Combined)
def combined(evidence: Evidence) -> Iterator[Combined]:
    """Listings under both filters."""
    listings = {listing.selection: listing for listing in evidence.subjects(Listing)}
    for listing in (subject.listing for subject in evidence.subjects(Listed)):
        selection = listing.selection
        both = selection.is_active is not None and selection.items and selection.search is None
        if both and selection.items == selection.wanted:
            alone = listings.get(replace(selection, is_active=None)) if selection in listings else None
            yield Combined(listing, evidence.by_selection[selection], alone)


@dataclass(frozen=True, slots=True)
class FilteredPages:
    """All pages of one filtered selection that were read within its bounds, in the order asked.

    Where it is by two tags, `single` is a page of each of them alone, asked near the first of these.
    """

    pages: tuple[Page, ...]
    single: tuple[Page, ...] = ()


@builder(FilteredPages)
def filtered_pages(evidence: Evidence) -> Iterator[FilteredPages]:
    """The pages of each filtered selection; those past the end have their own requirement."""
    for selection, pages in evidence.by_selection.items():
        inside = within(pages)
        if inside and selection != Selection(search=selection.search):  # that has its own requirement
            yield FilteredPages(tuple(inside), _of_single_tags(evidence, inside[0]))


def _of_single_tags(evidence: Evidence, page: Page) -> tuple[Page, ...]:
    selection = page.selection
    if len(selection.items) != 2 or selection.items != selection.wanted or selection.spelling:
        return ()
    single = (within(evidence.by_selection.get(replace(selection, tags=t), ())) for t in selection.wanted)
    found = tuple(_nearest(pages, page) for pages in single if pages)
    return found if len(found) == len(selection.wanted) else ()


@dataclass(frozen=True, slots=True)
class FilteredWalk:
    """A walk of a filtered list, beside the listing with the fewest pages where there is one.

    Where there is none, `other` is a stretch in pages of another size.
    """

    walk: Walk
    listing: Listing | None
    other: Walk | None = None

    @property
    def sequences(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What the walk and the other stretch show at the positions that both cover."""
        return ((), ()) if self.other is None else WalkPair(self.walk, self.other).sequences


@builder(FilteredWalk)
def filtered_walks(evidence: Evidence) -> Iterator[FilteredWalk]:
    """Filtered walks of two pages or more, and single pages from the middle of a filtered list."""
    known = {listing.selection: listing for listing in evidence.subjects(Listing)}
    for walk in evidence.subjects(Walk):
        selection = walk.selection
        if len(walk.pages) > 1 and not selection.unfiltered and selection.search is None:
            whole = walk.complete and selection in known
            other = None if whole else other_size(walk, evidence.by_selection[selection])
            yield FilteredWalk(walk, known.get(selection), other)
    for selection, pages in evidence.by_selection.items():
        if not selection.unfiltered and selection.search is None:
            yield from _pages_amid(pages)


def _pages_amid(pages: tuple[Page, ...]) -> Iterator[FilteredWalk]:
    """Single pages from the middle of a list, each beside a stretch that shows the same positions."""
    stretches = [Walk(chain) for chain in chains(pages)]
    for walk in stretches:
        if len(walk.pages) == 1 and walk.start and walk.ids:
            pairs = (WalkPair(walk, other) for other in stretches if other.limit != walk.limit)
            widest = max(pairs, key=lambda pair: len(pair.sequences[1]), default=None)
            if widest is not None and widest.sequences[1]:
                yield FilteredWalk(walk, None, widest.second)


def other_size(walk: Walk, pages: tuple[Page, ...]) -> Walk | None:
    """The stretch in pages of another size that has most in common with the walk."""
    pairs = [WalkPair(walk, Walk(chain)) for chain in chains(pages)]
    pairs = [pair for pair in pairs if pair.second.limit != walk.limit and len(pair.sequences[0]) > 1]
    return max(pairs, key=lambda pair: len(pair.sequences[0])).second if pairs else None


@dataclass(frozen=True, slots=True)
class Beside:
    """A filtered page and an unfiltered page that share profiles."""

    filtered: Page
    unfiltered: Page

    @property
    def common(self) -> list[int]:
        """The ids on both, in the order of the filtered page."""
        return [i for i in self.filtered.ids if i in self.unfiltered.by_id]


@builder(Beside)
def beside(evidence: Evidence) -> Iterator[Beside]:
    """Every filtered page beside the unfiltered pages with the most profiles in common."""
    large = sorted(evidence.unfiltered, key=lambda p: -len(p.profiles))[:12]
    for page in evidence.plain:
        if not page.selection.unfiltered and page.profiles:
            yield from _beside(page, large)


def _beside(page: Page, candidates: list[Page]) -> Iterator[Beside]:
    remaining = set(page.ids)
    for other in candidates:
        if remaining & other.by_id.keys():
            remaining -= other.by_id.keys()
            yield Beside(page, other)


@dataclass(frozen=True, slots=True)
class Generated:
    """The answer to a query that was generated from the document."""

    answer: Answer


@builder(Generated)
def generated(evidence: Evidence) -> Iterator[Generated]:
    """Answers to generated queries."""
    return (Generated(a) for a in evidence.regular if a.request.purpose == GENERATED)


GENERATED = "generated"
