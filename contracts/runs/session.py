"""One run without its network: what to request, in which order, and what the responses come to.

Everything here is pure. The run is a flow, which the network, a recording or a test drives. The same
parameters and the same responses give the same requests and the same verdicts.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from contracts.evidence.answers import TRANSIENT, Answer, Page
from contracts.evidence.evidence import Conditions, Evidence
from contracts.evidence.exhaustive import ExhaustiveSummary
from contracts.evidence.recording import RunParameters
from contracts.evidence.responses import first_answer
from contracts.evidence.walks import whole_walks
from contracts.judging import repetition as repeating
from contracts.judging.behaviours import behaviours
from contracts.judging.catalogue import Catalogue
from contracts.judging.check import Blocks, prerequisites
from contracts.judging.judge import judge
from contracts.judging.repetition import Finding, JudgingState, Repetition, examine
from contracts.model import (
    NEW_PATH,
    OLD_PATH,
    Batch,
    Exchange,
    FailureKind,
    Outcome,
    Purpose,
    Request,
    Result,
)
from contracts.runs.exhaustive import ExhaustiveState, ExhaustiveWalk, is_clean
from contracts.runs.flow import Flow, Interrupted, Send, drive, filtered
from contracts.runs.probes.access import AT_MOST as ACCESS_AT_MOST
from contracts.runs.probes.access import access, alias
from contracts.runs.probes.context import ProbeContext, query
from contracts.runs.probes.filters import AT_MOST as FILTERS_AT_MOST
from contracts.runs.probes.filters import filters
from contracts.runs.probes.generated import DEFAULT_EXAMPLES, generated
from contracts.runs.probes.inputs import AT_MOST as INPUTS_AT_MOST
from contracts.runs.probes.inputs import inputs
from contracts.runs.probes.sampling import filters as sampled_filters
from contracts.runs.probes.search import AT_MOST as SEARCH_AT_MOST
from contracts.runs.probes.search import search
from contracts.runs.probes.survey import AT_MOST as SURVEY_AT_MOST
from contracts.runs.probes.survey import survey
from contracts.runs.probes.walks import AT_MOST as WALKS_AT_MOST
from contracts.runs.probes.walks import walks

# Maximum number of requests for repetitions.
REPETITIONS_AT_MOST = 160

# Maximum number of requests for repetitions between reads of the whole list.
BRACKETED_AT_MOST = 160

# So many exchanges in a row without a response, retries included, say that the deployment is gone.
_GONE = 3

# Where so many of the last ten exchanges took more than half of the time-out each, asking on takes too long.
_SLOW = 5

# Nor is it of use to go on where none of so many requests was answered 200.
_NO_SUCCESS = 8


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    probe: str
    sent: int
    at_most: int
    seconds_left: float | None = None  # where that can be told


@dataclass(frozen=True, slots=True)
class Probe:
    """A part of a run: the requirement areas that it feeds, and its budget in requests."""

    name: str
    feeds: frozenset[str]
    at_most: int
    flow: Callable[[ProbeContext, Path], Flow[None]]


_ACCESS = frozenset({"ACCESS", "HTTP", "INPUT"})
_LISTED = frozenset({"RESP", "PAGE", "WALK", "FILTER", "SEARCH", "DATA", "ALIAS", "INPUT"})


def probes(parameters: RunParameters) -> tuple[Probe, ...]:
    """The probes that the selected requirements need, in the order in which they run."""
    examples = DEFAULT_EXAMPLES if parameters.examples is None else parameters.examples
    every = (
        Probe("survey", frozenset(), SURVEY_AT_MOST, lambda ctx, _: survey(ctx)),
        Probe("walks", _LISTED, WALKS_AT_MOST, lambda ctx, _: walks(ctx)),
        Probe("filters", frozenset({"RESP", "FILTER"}), FILTERS_AT_MOST, _filters),
        Probe("search", frozenset({"SEARCH"}), SEARCH_AT_MOST, lambda ctx, _: search(ctx)),
        Probe("access", _ACCESS, ACCESS_AT_MOST, lambda ctx, _: access(ctx)),
        Probe("the other path", frozenset({"ALIAS", "ACCESS"}), 6, lambda ctx, _: alias(ctx)),
        Probe("generated queries", frozenset({"GEN"}), examples, generated),
        Probe("odd queries", frozenset({"INPUT"}), INPUTS_AT_MOST, lambda ctx, _: inputs(ctx)),
    )
    areas = {id_.partition("-")[0] for id_ in parameters.only}
    return tuple(p for p in every if not parameters.only or not p.feeds or p.feeds & areas)


def _filters(ctx: ProbeContext, _document: Path) -> Flow[None]:
    return filters(ctx) if ctx.small else sampled_filters(ctx)


def plan(parameters: RunParameters) -> tuple[tuple[str, int], ...]:
    """Each probe with the maximum number of its requests; retries come on top."""
    asked = [(probe.name, probe.at_most) for probe in probes(parameters)]
    again = (
        ("repetitions of what fails, if any", REPETITIONS_AT_MOST),
        ("the whole list between these, in doubt", BRACKETED_AT_MOST),
    )
    return (*asked, *again)


def on_served_path(path: str | None, judge: Callable[[str], Result]) -> Result:
    """The result for that path; for None the older one counts, or the newer one where only that is served."""
    result = judge(path or OLD_PATH)
    if path is None and _not_served(result):
        other = judge(NEW_PATH)
        if not _not_served(other):
            note = f"{OLD_PATH} is not served; judged {NEW_PATH} instead"
            return replace(other, notes=(note, *other.notes))
    return result


def _not_served(result: Result) -> bool:
    return any(
        (v.requirement.id == "SERVED" and v.outcome is Outcome.FAIL) or v.blocked_by == "SERVED"
        for v in result.verdicts
    )


def conditions(parameters: RunParameters, path: str) -> Conditions:
    """What the user stated about the deployment."""
    return Conditions(
        token=parameters.token,
        narrow=parameters.narrow,
        open=parameters.open,
        path=path,
        no_concurrent_writes=parameters.no_concurrent_writes,
    )


class Run:
    """One run on one path: what is known, what was asked again, and why it ended early if it did.

    `exhaustive` is how far the exhaustive walk is, where there is to be one.
    """

    def __init__(
        self,
        parameters: RunParameters,
        path: str,
        catalogue: Catalogue,
        *,
        progress: Callable[[Progress], None] = lambda _: None,
        exhaustive: ExhaustiveState | None = None,
    ) -> None:
        self.parameters = parameters
        self.catalogue = catalogue
        self.progress = progress
        self.exhaustive = exhaustive
        self.ctx = ProbeContext(
            seed=parameters.seed,
            conditions=conditions(parameters, path),
            skip_hostile=parameters.skip_hostile,
            examples=parameters.examples,
            concurrency=parameters.concurrency,
        )
        self.exchanges: list[Exchange] = []
        self.repetitions: dict[Batch, list[Repetition]] = {}
        self.bracketed: dict[Batch, list[Repetition]] = {}
        self.interrupted: str | None = None
        self.remarks: list[str] = []
        self._examined: tuple[int, Evidence, dict[str, Finding]] | None = None

    def drive(self, send: Send, flow: Flow[None] | None = None) -> None:
        """Sends everything (or what that flow requests); what came before an interruption is kept."""
        try:
            drive(flow or self.flow(), lambda batch: map(self._keep, send(batch)))
        except Interrupted as interruption:
            self.interrupted = interruption.why
        except KeyboardInterrupt as interruption:  # between two batches
            self.interrupted = str(interruption) or "interrupted by the user"

    def _keep(self, exchange: Exchange) -> Exchange:
        if exchange.request.purpose is not Purpose.EXHAUSTIVE_WALK:  # those are too many to keep
            self.exchanges.append(exchange)
        return exchange

    def flow(self) -> Flow[None]:
        """The probes, the exhaustive walk, and the repetitions of what was found."""
        for probe in probes(self.parameters):
            yield from self._limited(
                probe.name, probe.flow(self.ctx, self.catalogue.document.path), probe.at_most
            )
            if self._hopeless():
                return
        if self.exhaustive is not None and not self.parameters.only:
            yield from self._exhaustive_walk(self.exhaustive)
        yield from self._repetitions()

    def rest(self, probed: Iterable[Exchange], *, finished: bool) -> Flow[None]:
        """What follows after the probes, whose exchanges are given: nothing unless they were finished."""
        for exchange in probed:
            self.ctx.hear(self._keep(exchange))
        if finished and not self._hopeless():
            yield from self._repetitions()

    def _repetitions(self) -> Flow[None]:
        """The repetitions of what was found."""
        yield from self._limited("repetitions", self._repeat(), REPETITIONS_AT_MOST)
        yield from self._limited("repetitions between reads", self._repeat_between_reads(), BRACKETED_AT_MOST)

    def _exhaustive_walk(self, state: ExhaustiveState) -> Flow[None]:
        """The exhaustive walk, with the time that it will still take."""
        clean = partial(is_clean, self.catalogue, self.ctx.conditions)
        walk = ExhaustiveWalk(self.ctx, state, clean, self.exchanges.append)
        began, start = time.monotonic(), state.offset

        def outgoing(batch: Batch) -> Batch:
            left = _left(time.monotonic() - began, state.offset - start, state.total - state.offset)
            pages = -(-state.total // max(1, state.limit))
            self.progress(Progress(Purpose.EXHAUSTIVE_WALK, state.pages, pages, left))
            return batch

        yield from filtered(walk.flow(), outgoing)

    def _limited(self, name: str, flow: Flow[None], at_most: int) -> Flow[None]:
        """The flow, cut off at its budget or when the deployment is gone."""
        sent = 0

        def outgoing(batch: Batch) -> Batch:
            nonlocal sent
            batch = () if self._hopeless() else batch[: at_most - sent]
            for _ in batch:
                self.progress(Progress(name, sent, at_most))
                sent += 1
            return batch

        yield from filtered(flow, outgoing)

    def _hopeless(self) -> bool:
        """Whether asking on is of no use: nothing answers, or not the API, or not to these credentials."""
        first = next(iter(self.ctx.evidence().select(first_answer)), None) if self.ctx.answers else None
        if first is None:
            return bool(self.exchanges)
        gone = _gone(self.exchanges)
        if gone:
            self.interrupted = f"the deployment stopped answering: {_trouble(self.exchanges[-1])}"
        slow = _slow(self.exchanges, self.parameters.timeout)
        if slow:
            self.interrupted = f"{_SLOW} of the last 10 answers took more than half of --timeout"
        refused = first.status in (401, 403)
        if len(self.exchanges) >= _NO_SUCCESS and not any(e.status == 200 for e in self.exchanges):
            self.interrupted = f"none of {len(self.exchanges)} requests was answered 200"
            return True
        return gone or slow or refused or self._is_not_served(first)

    def _is_not_served(self, first: Answer) -> bool:
        gate = self.catalogue.checks[self.catalogue.gate]
        return any(True for _ in gate.violations(first, self.catalogue.document))

    def _repeat(self) -> Flow[None]:
        """Short counterexamples once; then all, as long as it matters, those first that showed again."""
        state = self._state()
        counterexamples = repeating.to_repeat(state)
        for requests, total in zip(
            counterexamples, itertools.accumulate(map(len, counterexamples)), strict=True
        ):
            if total <= REPETITIONS_AT_MOST // 2 and repeating.wants_repetition(state, requests):
                yield from self._repeat_once(state, requests)
        # Concurrent changes can reopen settled findings, so repeat until none needs another repetition.
        while pending := [one for one in counterexamples if repeating.wants_repetition(state, one)]:
            for requests in sorted(pending, key=lambda one: not repeating.is_broken_again(state, one)):
                while repeating.wants_repetition(state, requests):
                    yield from self._repeat_once(state, requests)

    def _repeat_once(self, state: JudgingState, requests: Batch) -> Flow[None]:
        one = yield from _repetition(state, requests)
        self.repetitions.setdefault(requests, []).append(one)

    def _repeat_between_reads(self) -> Flow[None]:
        """The whole list and the counterexamples in doubt by turns, as long as the list stays the same."""
        state = self._state()
        whole = first_whole_read(state.evidence)
        pending = _fitting(repeating.open_counterexamples(state), len(whole) + 1) if whole else []
        found: dict[Batch, list[Repetition]] = {requests: [] for requests in pending}
        for _ in range(repeating.BRACKETED_REPETITIONS if pending else 0):
            if not (yield from _reads_the_same(whole)):
                return
            for requests in pending:
                found[requests].append((yield from _repetition(state, requests)))
        if pending and (yield from _reads_the_same(whole)):
            self.bracketed = found

    def _state(self) -> JudgingState:
        """What was found; examined again only when there is more than repetitions."""
        heard = len(self.ctx.answers) + len(self.ctx.failed)
        if self._examined is None or self._examined[0] != heard:
            evidence = self.ctx.evidence()
            ids = _with_prerequisites(self.catalogue, self.parameters.only)
            self._examined = (heard, evidence, examine(self.catalogue, evidence, ids))
        _, evidence, findings = self._examined
        return JudgingState(
            self.catalogue,
            evidence,
            findings,
            self.repetitions,
            self.bracketed,
            ended_early=bool(self.interrupted),
        )

    def result(self, deployment: str, seconds: float) -> Result:
        """What the run came to."""
        walked = None if self.exhaustive is None else self.exhaustive.summary()
        state = replace(self._state(), exhaustive=walked)
        return Result(
            deployment=deployment,
            seed=self.parameters.seed,
            verdicts=judge(state, self.parameters.only),
            behaviours=behaviours(state.evidence),
            exchanges=tuple(self.exchanges),
            notes=tuple(self._notes(walked)),
            seconds=seconds,
            interrupted=self.interrupted,
        )

    def _notes(self, walked: ExhaustiveSummary | None) -> Iterable[str]:
        if walked is not None:
            yield walked.describe()
        if self.interrupted:
            yield f"ended early: {self.interrupted}"
        yield from self.remarks
        if self.ctx.conditions.no_concurrent_writes:
            yield "it was stated that nothing writes meanwhile (--writes none)"
        waited = [e for e in self.exchanges if e.attempts]
        if waited:
            first = waited[0].attempts[0].why
            yield f"requests that were repeated after passing trouble ({first} first): {len(waited)}"


def _repetition(state: JudgingState, requests: Batch) -> Flow[Repetition]:
    """The requests of a counterexample once more, one after the other."""
    return Repetition((yield from _in_turn(requests)), state.evidence.conditions)


def _in_turn(requests: Iterable[Request]) -> Flow[tuple[Exchange, ...]]:
    exchanges: list[Exchange] = []
    for request in requests:
        exchanges += yield (request,)
    return tuple(exchanges)


def _left(seconds: float, done: int, to_do: int) -> float | None:
    return seconds / done * max(0, to_do) if done > 0 else None


def first_whole_read(evidence: Evidence) -> tuple[Page, ...]:
    """The pages of the complete unfiltered walk with the largest pages; none where there is no such."""
    whole = evidence.select(whole_walks)
    return max(whole, key=lambda walk: walk.limit).pages if whole else ()


def _fitting(counterexamples: list[Batch], reads: int) -> list[Batch]:
    """As many of the counterexamples, the shortest first, as leave room for all repetitions and reads."""
    room = (BRACKETED_AT_MOST - reads) // repeating.BRACKETED_REPETITIONS - reads
    lengths = itertools.accumulate(map(len, counterexamples))
    return [one for one, length in zip(counterexamples, lengths, strict=True) if length <= room]


def _reads_the_same(pages: tuple[Page, ...]) -> Flow[bool]:
    """Whether the pages hold the same profiles when they are asked for again, and none came after them."""
    last = pages[-1]
    after = Request(query(limit=last.limit, offset=last.end))
    requests = (*(page.answer.request for page in pages), after)
    exchanges = yield from _in_turn(replace(r, purpose=Purpose.WHOLE_LIST_AGAIN) for r in requests)
    return _contents(Evidence.of(exchanges).pages) == _contents(pages)


def _contents(pages: tuple[Page, ...]) -> list[str]:
    return [profile.stable_json for page in pages for profile in page.profiles]


def _gone(exchanges: list[Exchange]) -> bool:
    """Whether the last exchanges say that asking on is of no use; time-outs cost most, so two suffice."""
    last = exchanges[-_GONE:]
    slow = [e for e in exchanges[-2:] if e.failure is not None and e.failure.kind is FailureKind.TIMEOUT]
    return len(slow) == 2 or (
        len(last) == _GONE and all(e.status is None or e.status in TRANSIENT for e in last)
    )


def _slow(exchanges: list[Exchange], timeout: float) -> bool:
    """Whether answers keep taking most of the time that they may take: by intent or not, this has no end."""
    return sum(1 for e in exchanges[-10:] if e.elapsed > timeout / 2) >= _SLOW


def _trouble(exchange: Exchange) -> str:
    return exchange.failure.text if exchange.failure is not None else f"status {exchange.status}"


def _with_prerequisites(catalogue: Catalogue, ids: frozenset[str]) -> frozenset[str]:
    """The ids, and all that could be the cause of their failing."""
    if not ids:
        return frozenset()
    blocking = {one.id for one in catalogue.checks.values() if one.blocks is not Blocks.DEPENDENTS}
    wanted = ids | blocking
    return wanted | frozenset(prerequisites(catalogue.checks, wanted))
