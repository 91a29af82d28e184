"""Verdicts from a recording: the flow of a live run, driven by what was recorded of it.

A recording fits only if each request is the one that the flow sends next, and if it ends where the flow ends.
So nothing can be left out of it, put into it or moved without being noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from contracts.evidence.recording import Grouping, Groups, Part, Recording, RunParameters
from contracts.judging.catalogue import Catalogue
from contracts.judging.repetition import Repetition
from contracts.model import Batch, BudgetSpent, Exchange, Request, Result
from contracts.runs.flow import one_by_one
from contracts.runs.session import Run, on_served_path


class Diverged(Exception):  # noqa: N818 - says what happened
    """The recording is not what the run asks for; the message is one sentence that names the exchange."""


def replay(recording: Recording, catalogue: Catalogue) -> Result:
    """What the recorded run came to, derived again. Raises Diverged."""
    left = iter(recording.parts)

    def judge(path: str) -> Result:
        part = next(left, None)
        if part is None or part.path != path:
            raise Diverged(f"The recording has no run on {path}, which must come next.")
        return _result(rerun(recording.parameters, part, catalogue), part)

    result = on_served_path(recording.parameters.path, judge)
    more = next(left, None)
    if more is not None:
        raise Diverged(f"The recording has a run on {more.path} that nothing asks for.")
    return result


def rerun(parameters: RunParameters, part: Part, catalogue: Catalogue) -> Run:
    """The run on one path, at its end. Raises Diverged."""
    run = Run(parameters, part.path, catalogue)
    run.remarks = list(part.remarks)
    if part.grouping is not None:
        _regroup(run, part, part.grouping)
        return run
    left = iter(part.exchanges)
    run.drive(one_by_one(_answering(part, left)))
    extra = next(left, None)
    if extra is not None:
        raise Diverged(f"Exchange {extra.number} on {part.path} is one that the run does not ask for.")
    if run.interrupted != part.interrupted:
        raise Diverged(f"The run on {part.path} does not end for the reason recorded.")
    return run


def _result(run: Run, part: Part) -> Result:
    return run.result(part.deployment, part.seconds)


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
                f"({request.purpose}: {request.method} {request.query[:200] or 'without a query'})."
            )
        return exchange

    return send


# --- recordings whose strings were replaced --------------------------------------------------------


def grouping(run: Run) -> Grouping:
    """Which of a run's exchanges belong together."""
    heard = [a.number for a in run.ctx.answers] + [e.number for e in run.ctx.failed]
    return Grouping(tuple(sorted(heard)), _numbers(run.repetitions), _numbers(run.bracketed))


def grouped(recording: Recording, catalogue: Catalogue) -> Recording:
    """The same recording with the grouping of its exchanges in it. Raises Diverged."""
    parts = (
        replace(part, grouping=grouping(rerun(recording.parameters, part, catalogue)))
        for part in recording.parts
    )
    return replace(recording, parts=tuple(parts))


def _numbers(rounds: dict[Batch, list[Repetition]]) -> Groups:
    return tuple(
        tuple(tuple(e.number for e in one.exchanges) for one in several) for several in rounds.values()
    )


def _regroup(run: Run, part: Part, groups: Grouping) -> None:
    """Puts the exchanges where the flow had put them, without driving it again."""
    by_number = {exchange.number: exchange for exchange in part.exchanges}
    run.exchanges = list(part.exchanges)
    run.interrupted = part.interrupted
    for number in groups.heard:
        run.ctx.hear(by_number[number])
    for into, witnesses in ((run.repetitions, groups.repetitions), (run.bracketed, groups.bracketed)):
        for rounds in witnesses:
            several = [tuple(by_number[number] for number in one) for one in rounds]
            asked = {tuple(exchange.request for exchange in one) for one in several}
            if len(asked) > 1:
                raise Diverged("The recording groups exchanges that do not ask for the same.")
            if several:
                requests = tuple(exchange.request for exchange in several[0])
                into[requests] = [Repetition(one, run.ctx.conditions) for one in several]
