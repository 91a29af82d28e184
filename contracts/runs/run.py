"""The whole flow in a screenful: ask, judge, ask witnesses again, judge, and hand out the result.

A newcomer starts here. The session in `contracts.runs.session` is pure: it asks by yielding requests, so the
network, a recording or a test can answer. `check` puts the transport behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from contracts.evidence.evidence import Conditions
from contracts.judging.catalogue import Catalogue, load_catalogue
from contracts.model import Result
from contracts.runs.exhaustive import saved, started
from contracts.runs.session import Progress, Run, on_served_path, plan, probes
from contracts.runs.settings import Settings
from contracts.transport import Target, Transport

__all__ = ["Progress", "Settings", "check", "conditions", "plan", "probes"]


Record = Callable[[str, Result, tuple[str, ...]], None]


Connect = Callable[[Settings, Target], Transport]


def check(
    settings: Settings,
    *,
    catalogue: Catalogue | None = None,
    progress: Callable[[Progress], None] | None = None,
    record: Record = lambda _path, _result, _remarks: None,
    connect: Connect | None = None,
) -> Result:
    """Judges a deployment. Raises UserError for the user's mistakes; all else is in the result.

    `record` is told what came of each path that was asked, with remarks that are not in the exchanges.
    `connect` opens the way to the deployment (`open_transport` by default); tests pass one without a network.
    """
    catalogue = catalogue or load_catalogue()
    catalogue.select(settings.only)

    def judge(path: str) -> Result:
        result, remarks = _check_path(settings, path, catalogue, progress, connect or open_transport)
        record(path, result, remarks)
        return result

    return on_served_path(settings.path, judge)


def _check_path(
    settings: Settings,
    path: str,
    catalogue: Catalogue,
    progress: Callable[[Progress], None] | None,
    connect: Connect,
) -> tuple[Result, tuple[str, ...]]:
    target = Target.parse(settings.base_url, path)
    run = Run(settings, conditions(settings, path), catalogue, progress or (lambda _: None))
    run.ctx.concurrency = settings.bounds.concurrency
    run.timeout = settings.bounds.timeout
    run.walked = started(settings) if settings.exhaustive else None
    began = time.monotonic()
    with connect(settings, target) as transport:
        run.drive(transport.send, transport.send_all)
        if settings.http2 and not transport.spoke_http2:
            run.remarks.append(
                "HTTP/2 was asked for, and the deployment does not speak it: this was HTTP/1.1"
            )
    if run.walked is not None:
        saved(settings, run.walked)
    try:
        result = run.result(target.url, time.monotonic() - began)
    except KeyboardInterrupt:  # the first one must not lose what was asked
        if run.interrupted:
            raise
        result = run.result(target.url, time.monotonic() - began)
    return result, tuple(run.remarks)


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


def conditions(settings: Settings, path: str) -> Conditions:
    """What the settings state about the deployment."""
    secrets = settings.secrets
    return Conditions(
        token=secrets.token is not None or secrets.basic is not None,
        narrow=secrets.narrow is not None,
        open=settings.open,
        path=path,
        no_concurrent_writes=settings.no_concurrent_writes,
    )
