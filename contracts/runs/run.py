"""The entry point of a run: `check` drives the flow of `contracts.runs.session` over the network.

A newcomer starts here. The flow itself is pure, so that a recording or a test can drive it as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from contracts.evidence.recording import RunParameters
from contracts.judging.catalogue import Catalogue, load_catalogue
from contracts.model import Result
from contracts.runs import session
from contracts.runs.exhaustive import ExhaustiveState, load_state, save_state
from contracts.runs.session import Progress, Run, on_served_path
from contracts.runs.settings import Settings
from contracts.transport import Target, Transport

__all__ = ["Progress", "Settings", "check", "parameters", "plan"]


Record = Callable[[str, Result, tuple[str, ...]], None]


Connect = Callable[[Settings, Target], Transport]
Checkpoint = Callable[[ExhaustiveState], None]


def check(
    settings: Settings,
    *,
    catalogue: Catalogue | None = None,
    progress: Callable[[Progress], None] | None = None,
    record: Record = lambda _path, _result, _remarks: None,
    connect: Connect | None = None,
    checkpoint: Checkpoint | None = None,
) -> Result:
    """Judges a deployment. Raises UserError for the user's mistakes; all else is in the result.

    `record` is told what came of each path that was asked, with remarks that are not in the exchanges.
    `checkpoint` gets the state of an exhaustive walk to save; by default it is saved at once.
    `connect` opens the way to the deployment (`open_transport` by default); tests pass one without a network.
    """
    catalogue = catalogue or load_catalogue()
    catalogue.select(settings.only)
    advance = progress or (lambda _: None)
    keep = checkpoint or partial(save_state, file=settings.resume)

    def judge(path: str) -> Result:
        walk = load_state(settings.resume) if settings.exhaustive else None
        run = Run(parameters(settings), path, catalogue, progress=advance, exhaustive=walk)
        try:
            result = _check_path(settings, path, run, connect or open_transport)
        finally:
            if walk is not None:
                keep(walk)
        record(path, result, tuple(run.remarks))
        return result

    return on_served_path(settings.path, judge)


def _check_path(settings: Settings, path: str, run: Run, connect: Connect) -> Result:
    target = Target.parse(settings.base_url, path)
    began = time.monotonic()
    with connect(settings, target) as transport:
        run.drive(transport.send_all)
        if settings.http2 and not transport.spoke_http2:
            run.remarks.append(
                "HTTP/2 was asked for, and the deployment does not speak it: this was HTTP/1.1"
            )
    try:
        return run.result(target.url, time.monotonic() - began)
    except KeyboardInterrupt:  # the first one must not lose what was asked
        if run.interrupted:
            raise
        return run.result(target.url, time.monotonic() - began)


def open_transport(settings: Settings, target: Target) -> Transport:
    """The way to the deployment that the settings describe."""
    return Transport(
        target,
        settings.secrets,
        settings.bounds,
        verify=settings.verify,
        cert=settings.cert,
        http2=settings.http2,
        seed=settings.seed,
    )


def parameters(settings: Settings) -> RunParameters:
    """The part of the settings that decides what is requested and what the verdicts are; no secrets."""
    secrets, bounds = settings.secrets, settings.bounds
    return RunParameters(
        path=settings.path,
        seed=settings.seed,
        only=settings.only,
        examples=settings.examples,
        skip_hostile=settings.skip_hostile,
        open=settings.open,
        token=secrets.token is not None or secrets.basic is not None,
        narrow=secrets.narrow is not None,
        no_concurrent_writes=settings.no_concurrent_writes,
        concurrency=bounds.concurrency,
        timeout=float(bounds.timeout),
    )


def plan(settings: Settings) -> tuple[tuple[str, int], ...]:
    """Each probe with the maximum number of its requests; retries come on top."""
    return session.plan(parameters(settings))
