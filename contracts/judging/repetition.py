"""Counterexamples that are sent again, to distinguish concurrent writes from faults."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from contracts.evidence.answers import fingerprint
from contracts.evidence.evidence import Conditions, Evidence
from contracts.evidence.exhaustive import ExhaustiveSummary
from contracts.evidence.walks import repeats
from contracts.judging.catalogue import Catalogue
from contracts.judging.check import Check
from contracts.judging.shrink import PLAUSIBLE_WRITES, class_of, shrink, strongest
from contracts.model import Batch, EvidenceClass, Exchange, Purpose, Request, Requirement, Violation

# Equal repetitions in a row that convict where nothing was seen to change, and where something was. To
# explain n repetitions of a counterexample, writes would have to undo each other between all of its requests.
REPETITIONS_WHEN_STABLE = 3
REPETITIONS_WHEN_CHANGING = 8

# Where the user states that there are no concurrent writes, one repetition convicts.
REPETITIONS_WITHOUT_WRITES = 1

MAX_REPETITIONS = 12

# How often something has to show that no write explains but an accident might.
RECURRING = 3

# Repetitions between reads of the whole list, all of these equal. Somebody who adds and removes an item for
# a share p of the time breaks 7 of 21 repetitions of one request and shows in none of the 22 reads with a
# probability of at most C(21,7) p^7 (1-p)^36 < 1 in 1,000, whatever p. A repetition of two requests breaks
# where just one of them meets that item: 10 of 21 come to the same bound.
BRACKETED_REPETITIONS = 21
BRACKETED_BROKEN = {1: 7, 2: 10}  # by the number of requests in the counterexample
_SHORT = 2

# Counterexamples that are repeated for one requirement, and the maximum number of requests in one.
_COUNTEREXAMPLES = 3
_LONGEST = 40

_PLAUSIBLE_RATE = 60  # writes a second


@dataclass(frozen=True)
class Repetition:
    """A counterexample sent again: its exchanges, parsed once, and what each check says of them alone."""

    exchanges: tuple[Exchange, ...]
    conditions: Conditions
    _broken: dict[str, tuple[Violation, ...]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def evidence(self) -> Evidence:
        """The repetition as evidence."""
        return Evidence.of(self.exchanges, self.conditions)

    @cached_property
    def fingerprint(self) -> tuple[object, ...]:
        """What two equal repetitions have in common."""
        return tuple(fingerprint(answer) for answer in self.evidence.answers)

    def violations(self, catalogue: Catalogue, check: Check) -> tuple[Violation, ...]:
        """What the check says of this repetition alone."""
        if check.id not in self._broken:
            self._broken[check.id] = tuple(check.find(self.evidence, catalogue.document))
        return self._broken[check.id]


Repetitions = Mapping[Batch, Sequence[Repetition]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of the evidence.

    `checked` is the number of subjects. `violations` are all that it found, strongest first;
    `counterexamples` are a few of them, shrunk, that are worth repeating.
    """

    requirement: Requirement
    check: Check
    checked: int
    violations: tuple[Violation, ...] = ()
    counterexamples: tuple[Violation, ...] = ()

    def convicts_alone(self, violation: Violation) -> bool:
        """Whether no concurrent write can explain the violation."""
        return class_of(self.requirement, violation) is not EvidenceClass.STABLE


@dataclass(frozen=True, slots=True)
class JudgingState:
    """Evidence, what the checks find in it, and the repetitions so far."""

    catalogue: Catalogue
    evidence: Evidence
    findings: Mapping[str, Finding]
    repetitions: Repetitions
    bracketed: Repetitions = field(default_factory=dict)  # between reads of the whole list, all equal
    ended_early: bool = False  # not everything was requested that should have been
    exhaustive: ExhaustiveSummary | None = None  # what an exhaustive walk came to, where there was one

    @property
    def unrepeatable(self) -> frozenset[Request]:
        """Hostile requests that cut the connection: sent again, they might take the process down."""
        return frozenset(e.request for e in self.evidence.failed if e.request.purpose is Purpose.HOSTILE)

    def of(self, violation: Violation) -> Sequence[Repetition]:
        """The repetitions of a counterexample."""
        return self.repetitions.get(requests_of(self.evidence, violation), ())


def examine(catalogue: Catalogue, evidence: Evidence, ids: Iterable[str] = ()) -> dict[str, Finding]:
    """Runs the checks (all, or those named) over the evidence."""
    wanted = set(ids) or set(catalogue.checks)
    return {id_: _examine(catalogue, one, evidence) for id_, one in catalogue.checks.items() if id_ in wanted}


def _examine(catalogue: Catalogue, check: Check, evidence: Evidence) -> Finding:
    requirement, document = catalogue.by_id[check.id], catalogue.document
    violations = strongest(requirement, evidence, check.find(evidence, document))
    found = Finding(requirement, check, len(evidence.select(check.of)), tuple(violations))
    if not violations:
        return found
    few = 1 if found.convicts_alone(violations[0]) else _COUNTEREXAMPLES
    shrunk = (shrink(check, requirement, evidence, v, document) for v in violations[:few])
    counterexamples = strongest(requirement, evidence, dict.fromkeys(shrunk))
    return Finding(requirement, check, found.checked, found.violations, tuple(counterexamples))


# --- what to repeat ---------------------------------------------------------------------------------


def requests_of(evidence: Evidence, violation: Violation) -> Batch:
    """The requests of a counterexample, in the order in which they were sent."""
    return tuple(evidence.requests[number] for number in sorted(violation.exchanges))


def to_repeat(state: JudgingState) -> list[Batch]:
    """The requests of all counterexamples, each once: the best of every requirement first, then the short."""
    ranks: dict[Batch, tuple[int, int]] = {}
    for finding in state.findings.values():
        for rank, violation in enumerate(finding.counterexamples):
            requests = requests_of(state.evidence, violation)
            ranks[requests] = min(ranks.get(requests, (rank, len(requests))), (rank, len(requests)))
    return sorted((one for one in ranks if len(one) <= _LONGEST), key=lambda one: ranks[one])


def wants_repetition(state: JudgingState, requests: Batch) -> bool:
    """Whether repeating them once more can still change a verdict, or confirms it for the first time."""
    repetitions = state.repetitions.get(requests, ())
    findings = _undecided(state, requests)
    if not findings or not state.unrepeatable.isdisjoint(requests):
        return False
    stable = [finding for finding, violation in findings if not finding.convicts_alone(violation)]
    if not repetitions or not stable or len(repetitions) >= MAX_REPETITIONS:
        return not repetitions
    if len(repetitions) < REPETITIONS_WHEN_STABLE:
        return True
    return any(_is_open(state, finding, repetitions) for finding in stable)


def is_broken_again(state: JudgingState, requests: Batch) -> bool:
    """Whether a repetition broke a requirement that this is a counterexample of."""
    repetitions = state.repetitions.get(requests, ())
    return any(broken_in(state, finding, repetitions) for finding, _ in _undecided(state, requests))


def open_counterexamples(state: JudgingState) -> list[Batch]:
    """Short counterexamples in doubt that a quarter of their repetitions broke, the shortest first.

    These are worth repetitions between reads of the whole list.
    """
    found: dict[Batch, None] = {}
    for finding in state.findings.values():
        if not any(convicts(state, finding, v) for v in finding.counterexamples):
            for violation in finding.counterexamples:
                repetitions = state.of(violation)
                often = 0 < len(repetitions) <= 4 * broken_in(state, finding, repetitions)
                if often and len(violation.exchanges) <= _SHORT:
                    found.setdefault(requests_of(state.evidence, violation))
    return sorted(found, key=len)


def _undecided(state: JudgingState, requests: Batch) -> list[tuple[Finding, Violation]]:
    """The findings with these requests as a counterexample, unless another one of theirs convicts already."""
    found = []
    for finding in state.findings.values():
        by_requests = {requests_of(state.evidence, v): v for v in finding.counterexamples}
        violation = by_requests.pop(requests, None)
        if violation is not None and not any(convicts(state, finding, v) for v in by_requests.values()):
            found.append((finding, violation))
    return found


def _is_open(state: JudgingState, finding: Finding, repetitions: Sequence[Repetition]) -> bool:
    """Whether the repetitions so far decide nothing, and those left could still convict."""
    runs = _equal_runs(state, finding, repetitions)
    needed = _needed(state)
    return any(runs) and max(runs) < needed <= runs[-1] + MAX_REPETITIONS - len(repetitions)


# --- what repetitions show --------------------------------------------------------------------------


def is_stable(state: JudgingState) -> bool:
    """Whether every request that was repeated got an equal response each time."""
    pairs = state.evidence.select(repeats)
    if any(pair.first.fingerprint != pair.second.fingerprint for pair in pairs):
        return False
    neighbours = (pair for found in state.repetitions.values() for pair in itertools.pairwise(found))
    return all(one.fingerprint == other.fingerprint for one, other in neighbours)


def broken_in(state: JudgingState, finding: Finding, repetitions: Iterable[Repetition]) -> int:
    """In how many of the repetitions the requirement was broken again."""
    return sum(1 for one in repetitions if one.violations(state.catalogue, finding.check))


def convicts(state: JudgingState, finding: Finding, violation: Violation) -> bool:
    """Whether a counterexample, with its repetitions, shows that the requirement is broken."""
    if finding.convicts_alone(violation):
        return True
    repetitions = state.of(violation)
    if max(_equal_runs(state, finding, repetitions), default=0) >= _needed(state):
        return True
    if violation.min_writes == 0:
        sightings = sum(1 for v in finding.violations if v.min_writes == 0)
        return broken_in(state, finding, repetitions) + sightings >= RECURRING
    return (
        _implausible_in_single_responses(state, finding)
        or _recurs_between_equal_reads(state, finding, violation)
        or _implausible(state, finding, repetitions)
    )


def _needed(state: JudgingState) -> int:
    if state.evidence.conditions.no_concurrent_writes:
        return REPETITIONS_WITHOUT_WRITES
    return REPETITIONS_WHEN_STABLE if is_stable(state) else REPETITIONS_WHEN_CHANGING


def _equal_runs(state: JudgingState, finding: Finding, repetitions: Sequence[Repetition]) -> list[int]:
    """After each repetition: how many up to it equal each other and all break the requirement."""
    runs: list[int] = []
    for before, one in zip((None, *repetitions), repetitions, strict=False):
        goes_on = before is not None and bool(runs[-1]) and before.fingerprint == one.fingerprint
        broken = bool(one.violations(state.catalogue, finding.check))
        runs.append((runs[-1] + 1 if goes_on else 1) if broken else 0)
    return runs


def _implausible_in_single_responses(state: JudgingState, finding: Finding) -> bool:
    """Whether several single responses contradict themselves by more writes than one can contain.

    A burst of writes between the page and the total of a response could explain one of them, not several.
    """
    exchanges = state.evidence.exchanges
    alone = [(exchanges[v.exchanges[0]], v) for v in finding.violations if len(v.exchanges) == 1]
    beyond = [v for e, v in alone if _is_implausible(v, e.elapsed)]
    return len(beyond) >= RECURRING


def _is_implausible(violation: Violation, seconds: float) -> bool:
    return violation.min_writes > PLAUSIBLE_WRITES + _PLAUSIBLE_RATE * seconds


def _recurs_between_equal_reads(state: JudgingState, finding: Finding, violation: Violation) -> bool:
    """Whether it recurs although the whole list, read time and again in between, shows no trace of writes."""
    requests = requests_of(state.evidence, violation)
    broken = broken_in(state, finding, state.bracketed.get(requests, ()))
    return bool(broken) and broken >= BRACKETED_BROKEN[len(requests)]


def _implausible(state: JudgingState, finding: Finding, repetitions: Sequence[Repetition]) -> bool:
    """Whether each repetition breaks it, and more writes than plausible would be needed to explain each."""
    return len(repetitions) >= RECURRING and all(
        any(
            _is_implausible(v, duration(one.exchanges))
            for v in one.violations(state.catalogue, finding.check)
        )
        for one in repetitions
    )


def duration(exchanges: Sequence[Exchange]) -> float:
    """Seconds from the first request to the last response."""
    ends = max((e.started + e.elapsed for e in exchanges), default=0.0)
    return ends - min((e.started for e in exchanges), default=0.0)
