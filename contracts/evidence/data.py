"""Subjects made of the profiles themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.evidence.answers import Page, Profile
from contracts.evidence.evidence import Evidence, builder


@dataclass(frozen=True, slots=True)
class Names:
    """Every profile seen without a filter, with a page that shows it."""

    profiles: tuple[tuple[Page, Profile], ...]


@builder(Names)
def names(evidence: Evidence) -> Iterator[Names]:
    """All profiles at once: names are unique among all."""
    if evidence.known_profiles:
        yield Names(tuple(evidence.known_profiles.values()))
