"""What a part of a long list tells of the whole: stretches of filtered lists, bounds on what was not seen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from contracts.model import Purpose

if TYPE_CHECKING:
    from contracts.evidence.answers import Page, Profile
    from contracts.evidence.evidence import Evidence
    from contracts.evidence.walks import Walk

# What a check looks at in a list that was read in part: boundaries between pages, single profiles, the ends
# of filtered lists, or the list of the narrower credential.
Sampled = Literal["boundaries", "profiles", "filters", "scope"]

# So many profiles in a row that both lists show in the same order say that the order is the same.
_ANCHORS = 3

CONFIDENCE = 0.95


def rate_below(draws: int, confidence: float = CONFIDENCE) -> float:
    """The rate of faults above which that many draws would have met one, with this confidence."""
    return 1.0 if draws <= 0 else 1.0 - (1.0 - confidence) ** (1.0 / draws)


def draws_for(rate: float, confidence: float = CONFIDENCE) -> int:
    """How many draws it takes to say that faults are rarer than that."""
    draws = 1
    while rate_below(draws, confidence) > rate:
        draws += 1
    return draws


def due(part: Walk, whole: Walk) -> list[tuple[Page, Profile]]:
    """What a stretch of a filtered list has to show of a stretch of the whole list, as far as it matches.

    Where a filter keeps the order, everything that matches and stands between two profiles that both
    stretches show is on both. Nothing is due where it is not evident that the order is the same.
    """
    shown = [(page, profile) for page in whole.pages for profile in page.profiles]
    places = {profile.id: place for place, (_, profile) in enumerate(shown)}
    bounds = _common(part, shown, places)
    if bounds is None:
        return []
    first, last = bounds
    start, end = places[part.ids[first]], places[part.ids[last]] + 1
    if first == 0 and part.start == 0 == whole.start:
        start = 0
    if last == len(part.ids) - 1 and _ends(part) and _ends(whole):
        end = len(shown)
    return shown[start:end]


def _common(part: Walk, shown: list[tuple[Page, Profile]], places: dict[int, int]) -> tuple[int, int] | None:
    """The first and last place in the part between which all is in the whole too, unchanged, in order."""
    inside = [place for place, identity in enumerate(part.ids) if identity in places]
    if len(inside) < _ANCHORS or inside != list(range(inside[0], inside[-1] + 1)):
        return None
    ids = part.ids[inside[0] : inside[-1] + 1]
    order = [places[identity] for identity in ids]
    if any(before >= after for before, after in itertools.pairwise(order)):
        return None
    profiles = {profile.id: profile for page in part.pages for profile in page.profiles}
    alike = all(profiles[identity].reads_like(shown[places[identity]][1]) for identity in ids)
    return (inside[0], inside[-1]) if alike else None


def _ends(walk: Walk) -> bool:
    return walk.start + len(walk.ids) >= walk.total


def describe_sample(sampled: Sampled, evidence: Evidence) -> str:
    """What a pass says of a list that was read in part; empty where there is nothing to add."""
    if not _longer_than_read(evidence):
        return ""
    if sampled == "scope":
        return "checked at both ends of the narrower list, and where it overlaps the full one"
    return _DESCRIPTIONS[sampled](evidence.unfiltered) if drawn_pages(evidence.unfiltered) else ""


def _describe_profiles(pages: tuple[Page, ...]) -> str:
    drawn = drawn_pages(pages)
    ids = {profile.id for page in drawn for profile in page.profiles}
    rate = _rate(len(drawn), "pages")
    return f"nothing in {len(ids):,} profiles on {len(drawn)} pages drawn at random: {rate}"


def _describe_filters(_pages: tuple[Page, ...]) -> str:
    return "checked at both ends of what the filters select, not between them"


def _longer_than_read(evidence: Evidence) -> bool:
    return len(evidence.known_profiles) < max((page.total for page in evidence.unfiltered), default=0)


def drawn_pages(pages: Iterable[Page]) -> list[Page]:
    """The pages whose start was drawn at random, each once."""
    drawn = (page for page in pages if page.answer.request.purpose is Purpose.DRAWN_PAGE)
    return list({page.offset: page for page in drawn}.values())


def _describe_boundaries(pages: tuple[Page, ...]) -> str:
    drawn = drawn_pages(pages)
    of = max((-(-page.total // max(1, page.limit)) - 1 for page in drawn), default=0)
    if len(drawn) >= of:
        return f"no gap at any of {of:,} boundaries between pages"
    return f"no gap in {len(drawn):,} of {of:,} boundaries drawn at random: {_rate(len(drawn))}"


def _rate(draws: int, of: str = "") -> str:
    return f"rate {f'of {of} ' if of else ''}below {rate_below(draws):.1%} at {CONFIDENCE:.0%}"


_DESCRIPTIONS: dict[str, Callable[[tuple[Page, ...]], str]] = {
    "boundaries": _describe_boundaries,
    "profiles": _describe_profiles,
    "filters": _describe_filters,
}
