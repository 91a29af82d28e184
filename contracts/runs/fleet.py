"""Several deployments in one run: which there are, and checking them at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from contracts.files import read_toml
from contracts.judging.catalogue import Catalogue
from contracts.model import UserError
from contracts.reports.fleet import Judged, unique_names
from contracts.reports.summary import ReportOptions
from contracts.runs import run
from contracts.runs.option_files import values_of
from contracts.runs.option_values import CredentialSources, credential_sources, require_url
from contracts.runs.options import NAME, OPTIONS, URL
from contracts.runs.run import Progress
from contracts.runs.settings import Settings, report_options, settings

AT_ONCE = 8
"""Deployments that are checked at the same time; the others wait."""

OnProgress = Callable[[int], None]
"""Called with the number of requests sent to all deployments so far."""

_OF_A_TARGET = (URL, NAME, *(option for option in OPTIONS if option.per_deployment))
_CREDENTIALS = dict.fromkeys(field.name for field in fields(CredentialSources))


@dataclass(frozen=True, slots=True)
class FleetMember:
    """One deployment to check: its name in reports, and its own settings and report options."""

    name: str
    settings: Settings
    report_options: ReportOptions


def read_targets(path: Path) -> tuple[dict[str, Any], ...]:
    """The option values of each `[[target]]` in a TOML file. Raises UserError."""
    tables = read_toml(path)
    listed = tables.pop("target", None)
    if tables or not isinstance(listed, list) or not listed:
        raise UserError(f"{path} must contain a table [[target]] per deployment and nothing else.")
    return tuple(_target(one, path) for one in listed)


def members(
    targets: Iterable[Mapping[str, Any]], given: Mapping[str, Any], catalogue: Catalogue
) -> tuple[FleetMember, ...]:
    """The deployments to check: each target's own values, and `given` for the rest. Raises UserError."""
    listed = list(targets)
    if len(listed) > 1 and given["resume"] is not None:
        raise UserError("--resume requires a single deployment.")
    names = unique_names([one.get("name") or require_url(one["url"]) for one in listed])
    return tuple(_member(name, one, given, catalogue) for name, one in zip(names, listed, strict=True))


def check_all(
    fleet: Sequence[FleetMember], catalogue: Catalogue, on_progress: OnProgress = lambda _: None
) -> tuple[Judged, ...]:
    """The results in the order of the fleet; after Ctrl-C each has what was received until then."""
    stop = threading.Event()
    counter = _Counter(on_progress)

    def check_one(member: FleetMember) -> Judged:
        def advance(_: Progress) -> None:
            if stop.is_set():
                raise KeyboardInterrupt  # as if it had come to this thread: the run keeps what it has
            counter.add()

        result = run.check(member.settings, catalogue=catalogue, progress=advance)
        return Judged(member.name, result, member.report_options)

    with ThreadPoolExecutor(min(AT_ONCE, len(fleet))) as pool:
        futures = [pool.submit(check_one, member) for member in fleet]
        try:
            with suppress(KeyboardInterrupt):
                wait_for(futures)
        finally:
            stop.set()  # whatever ended the waiting, no run continues behind it
        return tuple(future.result() for future in futures)


class _Counter:
    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self._sent = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self._sent += 1
            self._on_progress(self._sent)


def _target(table: object, path: Path) -> dict[str, Any]:
    if not isinstance(table, dict):
        raise UserError(f"{path}: each target must be a table [[target]].")
    found = values_of(table, _OF_A_TARGET, path)
    if "url" not in found:
        raise UserError(f"{path}: each target needs a url.")
    return found


def _member(name: str, own: Mapping[str, Any], given: Mapping[str, Any], catalogue: Catalogue) -> FleetMember:
    # A target that names any credentials of its own gets none of the others.
    cleared = _CREDENTIALS if _CREDENTIALS.keys() & own.keys() else {}
    values = {**given, **cleared, **own}
    meant = settings(own["url"], values)
    shown = report_options(meant, values, credential_sources(values).secret(), catalogue)
    return FleetMember(name, meant, shown)
