"""Checks the reference deployment with every fault and in every variant: the suite's own test.

Its faults must be caught and its variants accepted. `contracts.reports.score` shows the outcome.
"""

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
from contracts.model import Level, Outcome, Result, UserError, Verdict, exit_status
from contracts.reference.memory import InMemory, in_memory
from contracts.reports.score import Score, Trial
from contracts.runs import run
from contracts.runs.settings import Settings
from contracts.transport import Secrets, Target, Transport

# A suite that misses this fault, or reports this variant, is broken as a whole.
CONTROL_FAULT = "count-is-total"
CONTROL_VARIANT = "default"

_UNDECIDED = (Outcome.INCONCLUSIVE, Outcome.NOT_EXERCISED, Outcome.BLOCKED)
_NARROW = "reference-narrow-token"
_SECRETS = Secrets(reference.REFERENCE_TOKEN, narrow=_NARROW)

OnProgress = Callable[[int, int], None]
"""Called with the number of finished runs and the number of all runs."""


@dataclass(frozen=True, slots=True)
class Task:
    """A run to make; with neither a fault nor a variant, one of the default variant."""

    fault: str | None = None
    variant: str | None = None
    seed: int = 0


@contextmanager
def deployed(
    *, fault: str | None = None, variant: str | None = None, seed: int = 0, profiles: int = 137
) -> Iterator[Settings]:
    """The settings that check the reference deployment, which serves on a port while the block runs."""
    with reference.serving(
        profiles=profiles, fault=fault, variant=variant, seed=seed, narrow_token=_NARROW
    ) as served:
        yield _settings(served.url, variant, seed)


@contextmanager
def deployed_in_memory(
    *, fault: str | None = None, variant: str | None = None, seed: int = 0, profiles: int = 137
) -> Iterator[tuple[Settings, run.Connect]]:
    """The settings that check the reference deployment, and how to connect to it without a socket."""
    with in_memory(
        profiles=profiles, fault=fault, variant=variant, seed=seed, narrow_token=_NARROW
    ) as deployment:
        yield _settings("http://reference.invalid", variant, seed), connected(deployment)


def _settings(url: str, variant: str | None, seed: int) -> Settings:
    # A deployment that is open to everyone has to be declared so.
    is_open = variant is not None and reference.VARIANTS[variant].access == "open"
    return Settings(url, secrets=_SECRETS, seed=seed, open=is_open)


def connected(deployment: InMemory) -> run.Connect:
    """A `connect` that leads to this deployment, and whose time is that of the deployment."""

    def connect(settings: Settings, target: Target) -> Transport:
        return Transport(
            target,
            settings.secrets,
            settings.bounds,
            client=deployment,
            clock=deployment.clock,
            sleep=deployment.clock.sleep,
            seed=settings.seed,
        )

    return connect


def attempt(task: Task) -> Trial:
    """The trial of one run."""
    return trial(task, checked(task))


def checked(task: Task) -> Result:
    """The result of one run, in memory, in which no failure blocks another."""
    with deployed_in_memory(fault=task.fault, variant=task.variant, seed=task.seed) as (settings, connect):
        return run.check(settings, catalogue=_without_causes(_catalogue()), connect=connect)


def trial(task: Task, result: Result) -> Trial:
    """What a result says of the fault or the variant of that task."""
    broken = tuple(v.requirement.id for v in result.verdicts if v.outcome is Outcome.FAIL)
    fault = reference.FAULTS.get(task.fault or "")
    return Trial(
        name=task.fault or task.variant or CONTROL_VARIANT,
        seed=task.seed,
        expected=() if fault is None else (fault.breaks, *fault.also),
        broken=broken,
        reported=tuple(id_ for id_ in broken if set(broken).isdisjoint(_catalogue().prerequisites(id_))),
        undecided=tuple(_undecided(result)),
        status=exit_status(result.verdicts),
        requests=len(result.exchanges),
        long=tuple(v.requirement.id for v in result.verdicts if _is_long(v)),
    )


def _is_long(verdict: Verdict) -> bool:
    """Whether the counterexample takes more than four requests."""
    return bool(verdict.violations) and len(verdict.violations[0].exchanges) > 4


def _undecided(result: Result) -> Iterator[str]:
    musts = (v for v in result.verdicts if v.requirement.level is Level.MUST)
    return (v.requirement.id for v in musts if v.outcome in _UNDECIDED)


@cache
def _catalogue() -> Catalogue:
    """The project's own catalogue, read once per process."""
    return load_catalogue()


def _without_causes(catalogue: Catalogue) -> Catalogue:
    """The catalogue without prerequisites, so that no failure blocks another."""
    return replace(catalogue, checks={id_: replace(c, requires=()) for id_, c in catalogue.checks.items()})


def tasks(faults: str | None, variants: str | None, seeds: int) -> tuple[Task, ...]:
    """The runs for the names that match; if only one pattern is given, the other kind is left out."""
    if faults is None and variants is None:
        faults = variants = "*"
    chosen = [
        Task(variant=name, seed=seed)
        for name in _matching("variant", variants, reference.VARIANTS)
        for seed in range(seeds)
    ]
    return (*chosen, *(Task(fault=name) for name in _matching("fault", faults, reference.FAULTS)))


def _matching(kind: str, pattern: str | None, known: Iterable[str]) -> list[str]:
    found = [] if pattern is None else [name for name in known if fnmatchcase(name, pattern)]
    if pattern is not None and not found:
        raise UserError(f"There is no {kind} that matches {pattern!r}. `demo --list` prints all.")
    return found


def score(
    wanted: Sequence[Task],
    *,
    jobs: int | None = None,
    on_progress: OnProgress = lambda _done, _total: None,
) -> Score:
    """The score of these runs, or of the two controls alone if one of them goes wrong."""
    controls = attempt(Task(fault=CONTROL_FAULT)), attempt(Task(variant=CONTROL_VARIANT))
    alone = Score(*controls, (), (), tuple(_catalogue().checks))
    if alone.void:
        return alone
    trials = list(zip(wanted, attempts(wanted, jobs=jobs, on_progress=on_progress), strict=True))
    return replace(
        alone,
        faults=tuple(one for task, one in trials if task.fault is not None),
        variants=tuple(one for task, one in trials if task.fault is None),
    )


def attempts(wanted: Sequence[Task], *, jobs: int | None, on_progress: OnProgress) -> list[Trial]:
    """The trials of these tasks, in their order, made in that many processes (None: one per core)."""
    # Spawned, because a fork of a process with threads may hang.
    context = multiprocessing.get_context("spawn")
    workers = min(jobs or os.cpu_count() or 1, max(len(wanted), 1))
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_interrupts_to_parent)
    trials: list[Trial] = []
    try:
        for one in pool.map(attempt, wanted):
            trials.append(one)
            on_progress(len(trials), len(wanted))
    finally:
        pool.shutdown(cancel_futures=True)
    return trials


def _leave_interrupts_to_parent() -> None:
    # Otherwise a run that Ctrl-C interrupts would count as a missed fault.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
