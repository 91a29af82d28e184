"""Cuts a violation down to the smallest part of its evidence on which the check itself still objects."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

from contracts.document.document import Document
from contracts.evidence.evidence import Evidence
from contracts.judging.check import Check
from contracts.model import EvidenceClass, Requirement, Violation

Numbers = tuple[int, ...]
Find = Callable[[Sequence[int]], Violation | None]

# Up to so many exchanges, every pair of them is tried.
_FEW = 12

# More concurrent writes than this within one counterexample are implausible: what needs more stays so.
PLAUSIBLE_WRITES = 40


def class_of(requirement: Requirement, violation: Violation) -> EvidenceClass:
    """What it takes to convict by this violation."""
    return violation.evidence or requirement.evidence


def strongest(
    requirement: Requirement, evidence: Evidence, violations: Iterable[Violation]
) -> list[Violation]:
    """Those that convict by themselves first, then the fewest requests, the shortest, the earliest."""

    def weakness(violation: Violation) -> tuple[bool, bool, int, int, int]:
        stable = class_of(requirement, violation) is EvidenceClass.STABLE
        numbers = violation.exchanges
        length = sum(len(evidence.requests[number].query) for number in numbers)
        return (stable, violation.min_writes != 0, len(numbers), length, numbers[0])

    return sorted(violations, key=weakness)


def shrink(
    check: Check, requirement: Requirement, evidence: Evidence, found: Violation, document: Document
) -> Violation:
    """The violation of the smallest part of the exchanges that is no weaker evidence; else the one given.

    Minimal means that the check no longer objects without any one exchange of it.
    """

    def find(numbers: Sequence[int]) -> Violation | None:
        part = evidence.only(numbers)
        objections = strongest(requirement, part, check.find(part, document))
        return next((v for v in objections if _is_no_weaker(requirement, v, found)), None)

    return _of_few(found.exchanges, find) or _of_fewer(found.exchanges, find) or found


def _is_no_weaker(requirement: Requirement, violation: Violation, than: Violation) -> bool:
    stable = class_of(requirement, violation) is EvidenceClass.STABLE
    if stable and class_of(requirement, than) is not EvidenceClass.STABLE:
        return False
    if than.min_writes == 0 or violation.min_writes == 0:
        return violation.min_writes == 0
    return violation.min_writes >= min(than.min_writes, PLAUSIBLE_WRITES + 1)


def _of_few(numbers: Numbers, find: Find) -> Violation | None:
    """What one exchange shows, or two of a few."""
    sizes = (1, 2) if len(numbers) <= _FEW else (1,)
    parts = itertools.chain.from_iterable(itertools.combinations(numbers, size) for size in sizes)
    return next((v for part in parts if (v := find(part)) is not None), None)


def _of_fewer(numbers: Numbers, find: Find) -> Violation | None:
    """What is left when all is taken away that can be: half at first, then less at a time."""
    kept, best = list(numbers), find(numbers)
    size = max(1, len(kept) // 2)
    while best is not None:
        before = len(kept)
        start = 0
        while start < len(kept):
            rest = kept[:start] + kept[start + size :]
            smaller = find(rest)
            kept, best, start = (rest, smaller, start) if smaller is not None else (kept, best, start + size)
        if size == 1 and len(kept) == before:
            break
        size = max(1, size // 2)
    return best
