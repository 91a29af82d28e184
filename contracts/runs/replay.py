"""Verdicts from a recording: the flow of a live run, driven by what was recorded of it.

A recording fits only if each request is the one that the flow sends next, and if it ends where the flow ends.
So nothing can be left out of it, put into it or moved without being noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from contracts.evidence.access import UNUSABLE, WRONG, other_path
from contracts.evidence.evidence import Conditions
from contracts.evidence.recording import Part, Recording, RunParameters
from contracts.judging.catalogue import Catalogue
from contracts.model import BudgetSpent, Credentials, Exchange, Purpose, Request, Result
from contracts.runs.flow import one_by_one
from contracts.runs.probes.access import spellings
from contracts.runs.session import Run, on_served_path, probes


class Diverged(Exception):  # noqa: N818 - says what happened
    """The recording is not what the run asks for; the message is one sentence that names the exchange."""


def replay(recording: Recording, catalogue: Catalogue, tick: Callable[[], None] = lambda: None) -> Result:
    """What the recorded run came to, derived again. `tick` is called for each exchange. Raises Diverged."""
    left = iter(recording.parts)

    def judge(path: str) -> Result:
        part = next(left, None)
        if part is None or part.path != path:
            raise Diverged(f"The recording has no run on {path}, which must come next.")
        return _result(rerun(recording.parameters, part, catalogue, tick), part)

    result = on_served_path(recording.parameters.path, judge)
    more = next(left, None)
    if more is not None:
        raise Diverged(f"The recording has a run on {more.path} that nothing asks for.")
    return result


def rerun(
    parameters: RunParameters, part: Part, catalogue: Catalogue, tick: Callable[[], None] = lambda: None
) -> Run:
    """The run on one path, at its end. `tick` is called for each exchange. Raises Diverged."""
    run = Run(parameters, part.path, catalogue)
    run.remarks = list(part.remarks)
    left = _ticking(part.exchanges, tick)
    if part.probed is None:
        run.drive(one_by_one(_answering(part, left)))
    else:
        _drive_rest(run, part, part.probed, left)
    extra = next(left, None)
    if extra is not None:
        raise Diverged(f"Exchange {extra.number} on {part.path} is one that the run does not ask for.")
    if run.interrupted != part.interrupted:
        raise Diverged(f"The run on {part.path} does not end for the reason recorded.")
    return run


def _ticking(exchanges: Iterable[Exchange], tick: Callable[[], None]) -> Iterator[Exchange]:
    for exchange in exchanges:
        tick()
        yield exchange


def _result(run: Run, part: Part) -> Result:
    return run.result(part.deployment, part.seconds)


def _described(request: Request) -> str:
    return f"{request.purpose}: {request.method} {request.query[:200] or 'without a query'}"


def _answering(part: Part, left: Iterator[Exchange]) -> Callable[[Request], Exchange]:
    def send(request: Request) -> Exchange:
        exchange = next(left, None)
        if exchange is None and part.interrupted is not None:
            raise BudgetSpent(part.interrupted)
        if exchange is None:
            count = len(part.exchanges)
            raise Diverged(f"The run on {part.path} goes on after exchange {count}, the last recorded.")
        if exchange.request != request or exchange.request.purpose != request.purpose:
            raise Diverged(
                f"Exchange {exchange.number} on {part.path} is not what the run asks for there "
                f"({_described(request)})."
            )
        return exchange

    return send


# --- recordings whose strings were replaced --------------------------------------------------------


def with_probed(recording: Recording, catalogue: Catalogue) -> Recording:
    """The same recording, which says how many exchanges of each part are the probes'. Raises Diverged."""
    parts = (replace(p, probed=_probed(rerun(recording.parameters, p, catalogue))) for p in recording.parts)
    return replace(recording, parts=tuple(parts))


def _probed(run: Run) -> int:
    return len(run.ctx.answers) + len(run.ctx.failed)


def _drive_rest(run: Run, part: Part, probed: int, left: Iterator[Exchange]) -> None:
    """Takes the exchanges of the probes as they are and drives what follows from the responses alone."""
    _check_probed(run, part.exchanges[:probed])
    cut = part.interrupted is not None and probed == len(part.exchanges)
    if not (probed or cut):
        raise Diverged(f"The recording has no exchange of the probes on {part.path}.")
    run.drive(one_by_one(_answering(part, left)), run.rest(islice(left, probed), finished=not cut))
    if cut:
        run.interrupted = part.interrupted


def _check_probed(run: Run, exchanges: Sequence[Exchange]) -> None:
    """Raises Diverged for an exchange that no probe asks for: there might be no check that looks at it."""
    if len(exchanges) > sum(probe.at_most for probe in probes(run.parameters)):
        raise Diverged("The recording has more exchanges than the probes may ask for.")
    allowed = _forms(run.ctx.conditions)
    once: set[Request] = set()
    for exchange in exchanges:
        request = exchange.request
        form = (request.method, request.path, request.credentials)
        again = request.purpose in _ONCE and request in once
        once.add(request)
        if form not in allowed.get(request.purpose, ()) or again:
            raise Diverged(
                f"Exchange {exchange.number} is none that a probe asks for: {_described(request)}."
            )


_Form = tuple[str, str | None, Credentials]
_ONCE = (Purpose.HEAD, Purpose.SPELLING)
_ORDINARY = (
    Purpose.SURVEY,
    Purpose.WALK,
    Purpose.DRAWN_PAGE,
    Purpose.FILTER,
    Purpose.SEARCH,
    Purpose.GENERATED,
    Purpose.INPUT,
    Purpose.HOSTILE,
)


def _forms(conditions: Conditions) -> dict[Purpose, set[_Form]]:
    """Which method, path and credentials the probes use for each purpose."""
    given = conditions.token and not conditions.open
    unusable = {*UNUSABLE, *WRONG, Credentials.NONE} if given else set()
    narrow = {Credentials.NARROW} if conditions.narrow else set()
    alias = {Credentials.GIVEN, Credentials.NONE} if given else {Credentials.GIVEN}
    return {
        **{purpose: {("GET", None, Credentials.GIVEN)} for purpose in _ORDINARY},
        Purpose.HEAD: {("HEAD", None, Credentials.GIVEN)},
        Purpose.ACCESS: {("GET", None, one) for one in unusable | narrow},
        Purpose.SPELLING: {("GET", path, Credentials.NONE) for path in spellings(conditions.path) if given},
        Purpose.ALIAS: {("GET", other_path(conditions.path), one) for one in alias},
    }
