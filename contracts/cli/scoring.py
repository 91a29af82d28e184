"""Judges the reference deployment with every fault and in every legal style: the suite's own examination.

Its faults have to be found and its styles accepted. What comes of it is in `contracts.reports.score`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache

from contracts import reference
from contracts.judging.catalogue import Catalogue, load_catalogue
from contracts.model import Level, Outcome, Result, UserError, Verdict, exit_status
from contracts.reports.score import Score, Trial
from contracts.runs import run
from contracts.transport import Secrets

# Gross on purpose: a suite that misses the one or accuses the other is broken as a whole.
CONTROL_FAULT = "count-is-total"
CONTROL_STYLE = "default"

_UNSETTLED = (Outcome.INCONCLUSIVE, Outcome.NOT_EXERCISED, Outcome.BLOCKED)
_NARROW = "reference-narrow-token"

Told = Callable[[int, int], None]
"""Called with the number of runs done and the number of all."""


@dataclass(frozen=True, slots=True)
class Task:
    """A run to make: a fault or a style, never both."""

    fault: str | None = None
    style: str | None = None
    seed: int = 0


@contextmanager
def deployed(
    *, fault: str | None = None, style: str | None = None, seed: int = 0, profiles: int = 137
) -> Iterator[run.Settings]:
    """The settings by which to judge the reference deployment, which serves while the block runs."""
    with reference.serving(
        profiles=profiles, fault=fault, style=style, seed=seed, narrow_token=_NARROW
    ) as served:
        yield run.Settings(
            served.url,
            secrets=Secrets(served.token, narrow=served.narrow_token),
            seed=seed,
            # Where everyone is meant to be answered, that has to be declared.
            open=style is not None and reference.VARIANTS[style].access == "open",
        )


def attempt(task: Task) -> Trial:
    """Makes one run and says what was found."""
    catalogue = load_once()
    with deployed(fault=task.fault, style=task.style, seed=task.seed) as settings:
        result = run.check(settings, catalogue=_without_causes(catalogue))
    broken = tuple(v.requirement.id for v in result.verdicts if v.outcome is Outcome.FAIL)
    fault = reference.FAULTS.get(task.fault or "")
    reported = tuple(id_ for id_ in broken if not causes(catalogue, id_) & set(broken))
    return Trial(
        name=task.fault or task.style or CONTROL_STYLE,
        seed=task.seed,
        expected=() if fault is None else (fault.breaks, *fault.also),
        broken=broken,
        reported=reported,
        unsettled=tuple(_unsettled(result)),
        status=exit_status(result.verdicts),
        requests=len(result.exchanges),
        long=tuple(v.requirement.id for v in result.verdicts if v.requirement.id in reported and _is_long(v)),
    )


def _is_long(verdict: Verdict) -> bool:
    """Whether the counterexample takes more than four requests."""
    return len(verdict.violations[0].exchanges) > 4


def _unsettled(result: Result) -> Iterator[str]:
    weighty = (v for v in result.verdicts if v.requirement.level is Level.MUST)
    return (v.requirement.id for v in weighty if v.outcome in _UNSETTLED)


@cache
def load_once() -> Catalogue:
    """The project's own catalogue, read once in a process."""
    return load_catalogue()


def _without_causes(catalogue: Catalogue) -> Catalogue:
    """The catalogue in which no failure explains another, so that none hides another either.

    What is asked and what fails stays the same; only, that a failure is blocked is left to `causes`.
    """
    return replace(catalogue, checks={id_: replace(c, requires=()) for id_, c in catalogue.checks.items()})


def causes(catalogue: Catalogue, id_: str) -> frozenset[str]:
    """The requirements whose failure explains one of this requirement, directly or through others."""
    found: set[str] = set()
    pending = list(catalogue.checks[id_].requires)
    while pending:
        cause = pending.pop()
        if cause not in found:
            found.add(cause)
            pending.extend(catalogue.checks[cause].requires)
    return frozenset(found - {id_})


def tasks(faults: str | None, styles: str | None, seeds: int) -> tuple[Task, ...]:
    """The runs for the names that match; where only one pattern is given, those alone.

    Styles come first, for the slowest is among them.
    """
    if faults is None and styles is None:
        faults = styles = "*"
    chosen = [
        Task(style=name, seed=seed)
        for name in _matching("style", styles, reference.VARIANTS)
        for seed in range(seeds)
    ]
    return (*chosen, *(Task(fault=name) for name in _matching("fault", faults, reference.FAULTS)))


def _matching(kind: str, pattern: str | None, known: Iterable[str]) -> list[str]:
    found = [] if pattern is None else [name for name in known if fnmatchcase(name, pattern)]
    if pattern is not None and not found:
        raise UserError(f"There is no {kind} that matches {pattern!r}; `demo --list` shows all.")
    return found


def score(
    wanted: Sequence[Task], *, jobs: int | None = None, told: Told = lambda _done, _total: None
) -> Score:
    """Makes the runs, the two controls first: where these go wrong the others are not made."""
    controls = attempt(Task(fault=CONTROL_FAULT)), attempt(Task(style=CONTROL_STYLE))
    alone = Score(*controls, (), (), tuple(load_once().checks))
    if alone.void:
        return alone
    trials = list(zip(wanted, attempts(wanted, jobs=jobs, told=told), strict=True))
    return replace(
        alone,
        faults=tuple(trial for task, trial in trials if task.fault is not None),
        styles=tuple(trial for task, trial in trials if task.fault is None),
    )


def attempts(wanted: Sequence[Task], *, jobs: int | None, told: Told) -> list[Trial]:
    """The trials of these tasks, in their order, made in so many processes (None: one a core)."""
    # Started afresh: a copy of a process in which threads run may hang.
    context = multiprocessing.get_context("spawn")
    workers = min(jobs or os.cpu_count() or 1, max(len(wanted), 1))
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_interrupts_to_parent)
    try:
        futures = [pool.submit(attempt, task) for task in wanted]
        _follow(futures, told)
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)


def _follow(futures: Sequence[Future[Trial]], told: Told) -> None:
    told(0, len(futures))
    for done, future in enumerate(as_completed(futures), 1):
        future.result()  # an error of the suite ends it at once
        told(done, len(futures))


def _leave_interrupts_to_parent() -> None:
    # Otherwise a run that Ctrl-C cuts short would count as a missed fault.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
