"""The whole flow in a screenful: ask, judge, ask witnesses again, judge, and hand out the result.

A newcomer starts here. The session in `contracts.session` is pure: it asks by yielding requests, so the
network, a recording or a test can answer. `check` puts the transport behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from contracts.catalogue import Catalogue, load_catalogue
from contracts.model import Result
from contracts.session import Progress, Run, on_served_path, plan, probes
from contracts.subjects.evidence import Conditions
from contracts.transport import Bounds, Secrets, Target, Transport

__all__ = ["Progress", "Settings", "check", "conditions", "plan", "probes"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user asked for."""

    base_url: str
    path: str | None = None  # None: the older path, or the governance path where only that is served
    secrets: Secrets = field(default_factory=Secrets)
    bounds: Bounds = field(default_factory=Bounds)
    seed: int = 0
    only: frozenset[str] = frozenset()  # empty: all
    open: bool = False  # authentication is switched off on purpose
    gentle: bool = False  # leave out values that can take a process down
    examples: int | None = None  # generated queries behind GEN-DOCUMENT; None: the usual share
    verify: bool | str = True  # False, or a file of certificate authorities


def check(
    settings: Settings,
    *,
    catalogue: Catalogue | None = None,
    progress: Callable[[Progress], None] | None = None,
    record: Callable[[str, Result], None] = lambda _path, _result: None,
) -> Result:
    """Judges a deployment. Raises UserError for the user's mistakes; all else is in the result.

    `record` is told what came of each path that was asked.
    """
    catalogue = catalogue or load_catalogue()
    catalogue.select(settings.only)

    def judge(path: str) -> Result:
        result = _check_path(settings, path, catalogue, progress)
        record(path, result)
        return result

    return on_served_path(settings.path, judge)


def _check_path(
    settings: Settings,
    path: str,
    catalogue: Catalogue,
    progress: Callable[[Progress], None] | None,
) -> Result:
    target = Target.parse(settings.base_url, path)
    run = Run(settings, conditions(settings, path), catalogue, progress or (lambda _: None))
    began = time.monotonic()
    with Transport(
        target, settings.secrets, settings.bounds, verify=settings.verify, seed=settings.seed
    ) as transport:
        run.drive(transport.send)
    return run.result(target.url, time.monotonic() - began)


def conditions(settings: Settings, path: str) -> Conditions:
    """What the settings state about the deployment."""
    secrets = settings.secrets
    return Conditions(
        token=secrets.token is not None or secrets.basic is not None,
        narrow=secrets.narrow is not None,
        open=settings.open,
        path=path,
    )
