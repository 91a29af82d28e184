"""The engine of `score`: checks the reference deployment with every fault and in every variant."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache

from contracts import reference
from contracts.judging.catalogue import Catalogue, load_catalogue
from contracts.judging.witness.proof import proves
from contracts.model import Level, Outcome, Result, UserError, Verdict, exit_status
from contracts.reports.score import Score, Trial
from contracts.runs import run
from contracts.runs.settings import Settings
from contracts.transport import Secrets

# A suite that misses this fault, or reports this variant, is broken as a whole.
CONTROL_FAULT = "count-is-total"
CONTROL_VARIANT = "default"

_UNSETTLED = (Outcome.INCONCLUSIVE, Outcome.NOT_EXERCISED, Outcome.BLOCKED)
_NARROW = "reference-narrow-token"

OnProgress = Callable[[int, int], None]
"""Called with the number of runs done and the number of all."""


@dataclass(frozen=True, slots=True)
class Task:
    """A run to make: with a fault, in a variant, or both."""

    fault: str | None = None
    variant: str | None = None
    seed: int = 0


@contextmanager
def deployed(
    *, fault: str | None = None, variant: str | None = None, seed: int = 0, profiles: int = 137
) -> Iterator[Settings]:
    """The settings for checking the reference deployment, which serves while the block runs."""
    with reference.serving(
        profiles=profiles, fault=fault, style=variant, seed=seed, narrow_token=_NARROW
    ) as served:
        yield Settings(
            served.url,
            secrets=Secrets(served.token, narrow=served.narrow_token),
            seed=seed,
            # A variant without authentication has to be declared.
            open=variant is not None and reference.VARIANTS[variant].access == "open",
        )


def attempt(task: Task) -> Trial:
    """What one run finds."""
    catalogue = _catalogue()
    with deployed(fault=task.fault, variant=task.variant, seed=task.seed) as settings:
        result = run.check(settings, catalogue=_without_causes(catalogue))
    failed = {v.requirement.id: v for v in result.verdicts if v.outcome is Outcome.FAIL}
    reported = tuple(id_ for id_ in failed if failed.keys().isdisjoint(catalogue.prerequisites(id_)))
    return Trial(
        name=task.fault or task.variant or CONTROL_VARIANT,
        seed=task.seed,
        expected=_expected(task),
        broken=tuple(failed),
        reported=reported,
        unsettled=_unsettled(result),
        status=exit_status(result.verdicts),
        requests=len(result.exchanges),
        unproved=tuple(id_ for id_ in reported if not _is_proved(failed[id_])),
    )


def _expected(task: Task) -> tuple[str, ...]:
    fault = reference.FAULTS.get(task.fault or "")
    return () if fault is None else (fault.breaks, *fault.also)


def _is_proved(verdict: Verdict) -> bool:
    """Whether one to three exchanges show the failure to the checker of witnesses."""
    return 1 <= len(verdict.witness) <= 3 and proves(verdict.requirement.id, verdict.witness)


def _unsettled(result: Result) -> tuple[str, ...]:
    musts = (v for v in result.verdicts if v.requirement.level is Level.MUST)
    return tuple(v.requirement.id for v in musts if v.outcome in _UNSETTLED)


@cache
def _catalogue() -> Catalogue:
    """The project's own catalogue, read once in a process."""
    return load_catalogue()


def _without_causes(catalogue: Catalogue) -> Catalogue:
    """The catalogue in which no failure blocks another, so that all of them are seen."""
    return replace(catalogue, checks={id_: replace(c, requires=()) for id_, c in catalogue.checks.items()})


def tasks(faults: str | None, variants: str | None, seeds: int) -> tuple[Task, ...]:
    """The runs for the names that match; with one pattern those alone. Raises UserError.

    Variants come first, because the slowest run is one of them.
    """
    if faults is None and variants is None:
        faults = variants = "*"
    chosen = _matching("variant", variants, reference.VARIANTS)
    return (
        *(Task(variant=name, seed=seed) for name in chosen for seed in range(seeds)),
        *(Task(fault=name) for name in _matching("fault", faults, reference.FAULTS)),
    )


def _matching(kind: str, pattern: str | None, known: Iterable[str]) -> list[str]:
    found = [] if pattern is None else [name for name in known if fnmatchcase(name, pattern)]
    if pattern is not None and not found:
        raise UserError(f"There is no {kind} that matches {pattern!r}. `demo --list` prints all.")
    return found


def score(
    wanted: Sequence[Task], *, jobs: int | None = None, on_progress: OnProgress = lambda _done, _total: None
) -> Score:
    """The score; if one of the two control runs goes wrong, the others are not made."""
    controls = attempt(Task(fault=CONTROL_FAULT)), attempt(Task(variant=CONTROL_VARIANT))
    alone = Score(*controls, (), (), tuple(_catalogue().checks))
    if alone.void:
        return alone
    trials = list(zip(wanted, attempts(wanted, jobs=jobs, on_progress=on_progress), strict=True))
    return replace(
        alone,
        faults=tuple(trial for task, trial in trials if task.fault is not None),
        variants=tuple(trial for task, trial in trials if task.fault is None),
    )


def attempts(wanted: Sequence[Task], *, jobs: int | None, on_progress: OnProgress) -> list[Trial]:
    """The trials of these tasks, in their order, made in so many processes (None: one per core)."""
    # Started afresh: a copy of a process in which threads run may hang.
    context = multiprocessing.get_context("spawn")
    workers = min(jobs or os.cpu_count() or 1, max(len(wanted), 1))
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_signals_to_parent)
    trials: list[Trial] = []
    try:
        for trial in pool.map(attempt, wanted):
            trials.append(trial)
            on_progress(len(trials), len(wanted))
    finally:
        pool.shutdown(cancel_futures=True)
    return trials


def _leave_signals_to_parent() -> None:
    # Otherwise a run that Ctrl-C cuts short would count as a missed fault.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
