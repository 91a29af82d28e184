"""One run without its network: what to ask, in which order, and what the answers come to.

Everything here is pure: a session asks by yielding requests, and the network, a recording or a test answers
them. The same choices and the same answers give the same requests and the same verdicts.
"""

from __future__ import annotations

import gc
import itertools
import math
import time
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from contracts.evidence.answers import TRANSIENT, Page
from contracts.evidence.evidence import Conditions, Evidence
from contracts.evidence.responses import FirstAnswer
from contracts.evidence.walks import WholeWalk
from contracts.judging import judge as judging
from contracts.judging.behaviours import behaviours
from contracts.judging.catalogue import Catalogue
from contracts.judging.judge import Case, Finding, Round, Witness
from contracts.model import (
    NEW_PATH,
    OLD_PATH,
    Batch,
    BudgetSpent,
    Excerpt,
    Exchange,
    FailureKind,
    Outcome,
    Request,
    Result,
)
from contracts.runs.exhaustive import is_clean, told, with_walk
from contracts.runs.probes.access import AT_MOST as ACCESS_AT_MOST
from contracts.runs.probes.access import access, alias
from contracts.runs.probes.context import ProbeContext, Steps, query
from contracts.runs.probes.exhaustive import WALKED, ExhaustiveState, exhaustive
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

# Requests spent at most on asking witnesses again.
CONFIRMING_AT_MOST = 160

# Requests spent at most on reading the whole list again between witnesses that are still in doubt.
STILL_AT_MOST = 160

# Requests spent at most on asking what is left of witnesses that were cut down.
CUT_AT_MOST = 30

# So many exchanges in a row without a response, retries included, say that the deployment is gone.
_GONE = 3

# Where so many of the last ten exchanges took more than half of the time-out each, asking on takes too long.
_SLOW = 5

# Nor is it of use to go on where none of so many requests was answered 200.
_NO_SUCCESS = 8

# Yields a request and is sent its exchange, or yields a batch and is sent its exchanges as a tuple.
Session = Generator[Request | Batch, Any, Any]
SendAll = Callable[[Batch], Iterable[Exchange]]


class Choices(Protocol):
    """What the user chose that decides what is asked, whatever the network is."""

    @property
    def seed(self) -> int:
        """The seed of all random choices."""

    @property
    def only(self) -> frozenset[str]:
        """The requirements to judge; empty: all."""

    @property
    def skip_hostile(self) -> bool:
        """Whether values that can take a process down are left out."""

    @property
    def examples(self) -> int | None:
        """The number of generated queries; None: the usual share."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    probe: str
    sent: int
    at_most: int
    seconds_left: float | None = None  # where that can be told


@dataclass(frozen=True, slots=True)
class Probe:
    """A part of the asking: the requirement areas that it feeds, and its budget in requests."""

    name: str
    feeds: frozenset[str]
    at_most: int
    steps: Callable[[ProbeContext, Path], Steps]


_ACCESS = frozenset({"ACCESS", "HTTP", "INPUT"})
_LISTED = frozenset({"RESP", "PAGE", "WALK", "FILTER", "SEARCH", "DATA", "ALIAS", "INPUT"})


def probes(choices: Choices) -> tuple[Probe, ...]:
    """The probes that the wanted requirements need, in the order asked."""
    examples = DEFAULT_EXAMPLES if choices.examples is None else choices.examples
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
    areas = {id_.partition("-")[0] for id_ in choices.only}
    return tuple(p for p in every if not choices.only or not p.feeds or p.feeds & areas)


def _filters(ctx: ProbeContext, _document: Path) -> Steps:
    return filters(ctx) if ctx.small else sampled_filters(ctx)


def plan(choices: Choices) -> tuple[tuple[str, int], ...]:
    """Each probe with the most requests that it sends; retries of passing trouble come on top."""
    asked = [(probe.name, probe.at_most) for probe in probes(choices)]
    again = (
        ("witnesses asked again, if any", CONFIRMING_AT_MOST),
        ("the whole list again, in doubt", STILL_AT_MOST),
        ("witnesses cut down, if any", CUT_AT_MOST),
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


class Run:
    """One run: what is known, what was asked again, and why it ended early if it did."""

    def __init__(
        self,
        choices: Choices,
        conditions: Conditions,
        catalogue: Catalogue,
        progress: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self.choices = choices
        self.catalogue = catalogue
        self.progress = progress
        self.ctx = ProbeContext(choices.seed, conditions, choices.skip_hostile, choices.examples)
        self.exchanges: list[Exchange] = []
        self.rounds: dict[Witness, list[Round]] = {}
        self.still: dict[Witness, list[Round]] = {}
        self.interrupted: str | None = None
        self.timeout = math.inf  # seconds that an exchange may take
        self.remarks: list[str] = []
        self.walked: ExhaustiveState | None = None  # how far the exhaustive walk is, where one was asked for
        self._cuts: dict[tuple[str, tuple[int, ...]], tuple[Excerpt, ...]] = {}
        self._examined: tuple[int, Evidence, dict[str, Finding]] | None = None

    def drive(self, send: Callable[[Request], Exchange], send_all: SendAll | None = None) -> None:
        """Asks everything; what came until an interruption is kept. Without `send_all`, one by one."""
        try:
            self._answer(self._session(), send_all or (lambda batch: map(send, batch)))
        except BudgetSpent as spent:
            self.interrupted = spent.why
        except KeyboardInterrupt as interruption:
            self.interrupted = str(interruption) or "interrupted by the user"

    def _answer(self, session: Session, send_all: SendAll) -> None:
        asked = next(session, None)
        while asked is not None:
            batch = (asked,) if isinstance(asked, Request) else asked
            came: list[Exchange] = []
            try:
                for exchange in send_all(batch):
                    came.append(exchange)
                    if exchange.request.purpose != WALKED:  # those are too many to keep
                        self.exchanges.append(exchange)
            except (BudgetSpent, KeyboardInterrupt):
                if came:  # a part of a batch, to be judged as far as it came
                    _next(session, tuple(came))
                raise
            asked = _next(session, came[0] if isinstance(asked, Request) else tuple(came))

    def _session(self) -> Session:
        for probe in probes(self.choices):
            steps = probe.steps(self.ctx, self.catalogue.document.path)
            yield from self._limited(probe.name, steps, probe.at_most)
            if self._hopeless():
                return
        if self.walked is not None and not self.choices.only:
            yield from self._everything(self.walked)
        yield from self._limited("witnesses", self._ask_again(), CONFIRMING_AT_MOST)
        yield from self._limited("the whole list again", self._between_reads(), STILL_AT_MOST)
        yield from self._limited("witnesses cut down", self._ask_cut_witnesses(), CUT_AT_MOST)

    def _everything(self, walked: ExhaustiveState) -> Session:
        """The exhaustive walk, with the time that it will still take."""
        clean = partial(is_clean, self.catalogue, self.ctx.conditions)
        steps = exhaustive(self.ctx, walked, clean, self.exchanges.append)
        began, offset = time.monotonic(), walked.offset
        asked = next(steps, None)
        gc.freeze()  # what is there stays: looking through it again and again takes as long as the judging
        try:
            while asked is not None:
                left = _left(time.monotonic() - began, walked.offset - offset, walked.total - walked.offset)
                pages = -(-walked.total // max(1, walked.limit))
                self.progress(Progress(WALKED, walked.pages, pages, left))
                asked = _next(steps, (yield asked))
        finally:
            gc.unfreeze()

    def _limited(self, name: str, steps: Session, at_most: int) -> Session:
        """The steps of a probe, cut off at its budget or when the deployment is gone."""
        sent = 0
        asked = next(steps, None)
        while asked is not None and sent < at_most and not self._hopeless():
            room = at_most - sent
            asked = asked if isinstance(asked, Request) else asked[:room]
            for _ in range(_number_of(asked)):
                self.progress(Progress(name, sent, at_most))
                sent += 1
            asked = _next(steps, (yield asked))

    def _hopeless(self) -> bool:
        """Whether asking on is of no use: nothing answers, or not the API, or not to these credentials."""
        first = next(iter(self.ctx.evidence().subjects(FirstAnswer)), None) if self.ctx.answers else None
        if first is None:
            return bool(self.exchanges)
        gone = _gone(self.exchanges)
        if gone:
            self.interrupted = f"the deployment stopped answering: {_trouble(self.exchanges[-1])}"
        slow = _slow(self.exchanges, self.timeout)
        if slow:
            self.interrupted = f"{_SLOW} of the last 10 answers took more than half of --timeout"
        refused = first.answer.status in (401, 403)
        if len(self.exchanges) >= _NO_SUCCESS and not any(e.status == 200 for e in self.exchanges):
            self.interrupted = f"none of {len(self.exchanges)} requests was answered 200"
            return True
        return gone or slow or refused or self._is_not_served(first)

    def _is_not_served(self, first: FirstAnswer) -> bool:
        return self.catalogue.checks["SERVED"].refuses(first, self.catalogue.document)

    def _ask_again(self) -> Session:
        """The short witnesses once; then all, as long as it matters, those first that were broken again."""
        case = self._case()
        asked = judging.witnesses(case)
        for requests, total in zip(asked, itertools.accumulate(map(len, asked)), strict=True):
            if total <= CONFIRMING_AT_MOST // 2 and judging.wants_round(case, requests):
                yield from self._ask_round(case, requests)
        # What is seen to move meanwhile makes those that were settled want more rounds: so until none does.
        while pending := [requests for requests in asked if judging.wants_round(case, requests)]:
            for requests in sorted(pending, key=lambda one: not judging.is_broken_again(case, one)):
                while judging.wants_round(case, requests):
                    yield from self._ask_round(case, requests)

    def _ask_round(self, case: Case, requests: Witness) -> Session:
        one = yield from _round(case, requests)
        self.rounds.setdefault(requests, []).append(one)

    def _ask_cut_witnesses(self) -> Session:
        """What is left of each witness, once, to see that it takes no more than that."""
        case = self._case()
        for requests in judging.cut_witnesses(case):
            yield from self._ask_round(case, requests)

    def _between_reads(self) -> Session:
        """The whole list and the witnesses in doubt by turns, as long as the list stays the same."""
        case = self._case()
        whole = first_whole_read(case.evidence)
        asked = _fitting(judging.open_witnesses(case), len(whole) + 1) if whole else []
        rounds: dict[Witness, list[Round]] = {requests: [] for requests in asked}
        for _ in range(judging.STILL_ROUNDS if asked else 0):
            if not (yield from _reads_the_same(whole)):
                return
            for requests in asked:
                rounds[requests].append((yield from _round(case, requests)))
        if asked and (yield from _reads_the_same(whole)):
            self.still = rounds

    def _case(self) -> Case:
        """What was found; examined again only when more has been asked than witnesses."""
        heard = len(self.ctx.answers) + len(self.ctx.failed)
        if self._examined is None or self._examined[0] != heard:
            evidence = self.ctx.evidence()
            ids = _with_prerequisites(self.catalogue, self.choices.only)
            self._examined = (heard, evidence, judging.examine(self.catalogue, evidence, ids))
        _, evidence, findings = self._examined
        return Case(
            self.catalogue, evidence, findings, self.rounds, self.still, bool(self.interrupted), self._cuts
        )

    def result(self, deployment: str, seconds: float) -> Result:
        """What the run came to."""
        case = self._case()
        verdicts = judging.judge(case, self.choices.only)
        return Result(
            deployment=deployment,
            seed=self.choices.seed,
            verdicts=verdicts if self.walked is None else with_walk(verdicts, self.walked),
            behaviours=behaviours(case.evidence),
            exchanges=tuple(self.exchanges),
            notes=tuple(self._notes()),
            seconds=seconds,
            interrupted=self.interrupted,
        )

    def _notes(self) -> Iterable[str]:
        if self.walked is not None:
            yield told(self.walked)
        if self.interrupted:
            yield f"ended early: {self.interrupted}"
        yield from self.remarks
        if self.ctx.conditions.no_concurrent_writes:
            yield "it was stated that nothing writes meanwhile (--writes none)"
        waited = [e for e in self.exchanges if e.attempts]
        if waited:
            first = waited[0].attempts[0].why
            yield f"requests that were repeated after passing trouble ({first} first): {len(waited)}"


def _round(case: Case, requests: Witness) -> Generator[Request | Batch, Any, Round]:
    """The requests of a witness once more, one after the other."""
    exchanges: list[Exchange] = []
    for request in requests:
        exchanges.append((yield request))
    return Round(tuple(exchanges), case.evidence.conditions)


def _left(seconds: float, done: int, to_do: int) -> float | None:
    return seconds / done * max(0, to_do) if done > 0 else None


def first_whole_read(evidence: Evidence) -> tuple[Page, ...]:
    """The pages of the complete unfiltered walk with the largest pages; none where there is no such."""
    whole = [w.walk for w in evidence.subjects(WholeWalk)]
    return max(whole, key=lambda walk: walk.limit).pages if whole else ()


def _fitting(witnesses: list[Witness], reads: int) -> list[Witness]:
    """As many of the witnesses, the shortest first, as leave room for all rounds and reads."""
    room = (STILL_AT_MOST - reads) // judging.STILL_ROUNDS - reads
    lengths = itertools.accumulate(map(len, witnesses))
    return [one for one, length in zip(witnesses, lengths, strict=True) if length <= room]


def _reads_the_same(pages: tuple[Page, ...]) -> Generator[Request | Batch, Any, bool]:
    """Whether the pages hold the same profiles when they are asked for again, and none came after them."""
    last = pages[-1]
    after = Request(query(limit=last.limit, offset=last.end))
    exchanges = []
    for request in (*(page.answer.request for page in pages), after):
        exchanges.append((yield replace(request, purpose="the whole list again")))
    return _contents(Evidence.of(exchanges).pages) == _contents(pages)


def _contents(pages: tuple[Page, ...]) -> list[str]:
    return [profile.still for page in pages for profile in page.profiles]


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


def _next(session: Session, came: Exchange | tuple[Exchange, ...]) -> Request | Batch | None:
    """What the session asks next, now that it is told what came; None at its end."""
    try:
        return session.send(came)
    except StopIteration:
        return None


def _number_of(asked: Request | Batch) -> int:
    return 1 if isinstance(asked, Request) else len(asked)


def _trouble(exchange: Exchange) -> str:
    return exchange.failure.text if exchange.failure is not None else f"status {exchange.status}"


def _with_prerequisites(catalogue: Catalogue, ids: frozenset[str]) -> frozenset[str]:
    """The ids, and all that could be the cause of their failing."""
    if not ids:
        return frozenset()
    found = {*ids, *judging.BASE}
    pending = list(found)
    while pending:
        for required in catalogue.checks[pending.pop()].requires:
            if required not in found:
                found.add(required)
                pending.append(required)
    return frozenset(found)
