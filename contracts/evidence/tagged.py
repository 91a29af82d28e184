"""Subjects of lists filtered by `tags`: pages, listings, pairs of listings, odd spellings of lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.evidence.answers import Answer, Page
from contracts.evidence.evidence import Evidence, builder
from contracts.evidence.filtered import Listing, ListingOrStretch
from contracts.evidence.responses import largest_accepted, limit_refused, must_be_served

# Tags asked for that nothing carries begin so; what follows is drawn from the seed.
UNKNOWN_TAG = "no-such-"


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
    for subject in evidence.subjects(ListingOrStretch):
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
    accepted = largest_accepted(evidence)
    for answer in evidence.regular:
        wanted = answer.asked.selection.wanted
        if (
            must_be_served(answer)
            and not limit_refused(answer, accepted)
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
    for listing in (subject.listing for subject in evidence.subjects(ListingOrStretch)):
        selection = listing.selection
        padded = any(item != item.strip() for item in selection.items)
        if selection.by_tags and selection.items != selection.wanted and not padded:
            twin = clean.get((selection.wanted, listing.extent))
            if twin is not None:
                yield TagList(listing, twin)
