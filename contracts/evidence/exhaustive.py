"""What an exhaustive walk shows: every page was checked when it came, and only the sums are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What a check learns from an exhaustive walk: whether the list is complete, or what is on each page.
Exhaustive = Literal["list", "page"]


@dataclass(frozen=True, slots=True)
class ExhaustiveSummary:
    """Sums over the pages of an exhaustive walk. `seen` counts profiles, `distinct` their ids."""

    limit: int
    pages: int
    seen: int
    distinct: int
    total: int  # as the last page states it
    totals: frozenset[int]  # a few of those stated
    done: bool  # whether the walk came to the end

    @property
    def extent(self) -> str:
        """How far it came: `20,000 profiles on 200 pages`."""
        return f"{self.seen:,} profiles on {self.pages:,} pages"

    @property
    def doubt(self) -> str:
        """Why a walk to the end does not show a complete list; empty where each profile came once."""
        if len(self.totals) > 1:
            stated = " and ".join(map(str, sorted(self.totals)))
            return f"total_count changed during the walk ({stated}); run again while nothing writes"
        if self.distinct == self.total:
            return ""
        return (
            f"the walk met {self.distinct:,} profiles of {self.total:,}; "
            "requested again, no two pages showed why"
        )

    def describe(self) -> str:
        """The walk in a sentence, for the notes of a result."""
        if self.done:
            return f"exhaustive walk: {self.extent} of {self.limit}"
        return f"exhaustive walk: {self.seen:,} of {self.total:,} profiles; resume it with --resume FILE"
