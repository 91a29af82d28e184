"""Subjects of lists filtered by `tags`: pages, listings, pairs of listings, odd spellings of lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.evidence.answers import Answer, Page
from contracts.evidence.evidence import Evidence
from contracts.evidence.filtered import Listing, listings_and_stretches
from contracts.evidence.responses import largest_accepted, limit_refused, must_be_served

# Requested tags that no item carries begin with this; the rest is drawn from the seed.
UNKNOWN_TAG = "no-such-"


def tag_pages(evidence: Evidence) -> Iterator[Page]:
    """Pages filtered by tags alone that name at least one."""
    for page in evidence.plain:
        if page.selection.by_tags and page.selection.wanted:
            yield page


def tag_listings(evidence: Evidence) -> Iterator[Listing]:
    """Listings by clean lists of tags: none empty, none padded, none twice."""
    for listing in evidence.select(listings_and_stretches):
        selection = listing.selection
        if selection.by_tags and selection.items == selection.wanted:
            yield listing


@dataclass(frozen=True, slots=True)
class TagListingPair:
    """Two listings by several tags each."""

    first: Listing
    second: Listing


def tag_listing_pairs(evidence: Evidence) -> Iterator[TagListingPair]:
    """Every pair of listings by two tags or more, or by one in another letter case than it has."""
    found = evidence.select(tag_listings)
    several = [one for one in found if len(one.selection.wanted) > 1 or recased(one, evidence)]
    for index, first in enumerate(several):
        for second in several[index + 1 :]:
            if first.extent == second.extent:
                yield TagListingPair(first, second)


def recased(listing: Listing, evidence: Evidence) -> bool:
    """Whether every requested tag is known only in another letter case."""
    folded = {tag.casefold() for tag in evidence.tags}
    wanted = listing.selection.wanted
    return bool(wanted) and all(tag not in evidence.tags and tag.casefold() in folded for tag in wanted)


def unknown_tags(evidence: Evidence) -> Iterator[Answer]:
    """Responses for tags that the suite made up."""
    accepted = largest_accepted(evidence)
    for answer in evidence.regular:
        wanted = answer.query.selection.wanted
        if (
            must_be_served(answer)
            and not limit_refused(answer, accepted)
            and len(wanted) == 1
            and wanted[0].startswith(UNKNOWN_TAG)
        ):
            yield answer


@dataclass(frozen=True, slots=True)
class TagList:
    """A listing by a list with repeated or empty items, and the listing by the clean list."""

    odd: Listing
    clean: Listing


def tag_lists(evidence: Evidence) -> Iterator[TagList]:
    """Odd spellings of lists of tags beside clean ones."""
    clean = {(one.selection.wanted, one.extent): one for one in evidence.select(tag_listings)}
    for listing in evidence.select(listings_and_stretches):
        selection = listing.selection
        padded = any(item != item.strip() for item in selection.items)
        if selection.by_tags and selection.items != selection.wanted and not padded:
            twin = clean.get((selection.wanted, listing.extent))
            if twin is not None:
                yield TagList(listing, twin)
