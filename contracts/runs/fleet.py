"""Several deployments in one run: which there are, and judging them at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from contracts.judging.catalogue import Catalogue
from contracts.model import UserError
from contracts.reports.fleet import Judged
from contracts.reports.summary import ReportOptions
from contracts.runs import run
from contracts.runs.run import Progress, Settings

AT_ONCE = 8
"""Deployments that are judged at the same time; the others wait."""

_TEXTS = frozenset({"name", "url", "path", "token_env", "token_file", "basic_env", "narrow_token_env", "ca"})
_FLAGS = frozenset({"open", "insecure"})
_FILES = frozenset({"token_file", "ca"})


@dataclass(frozen=True, slots=True)
class Goal:
    """One deployment to judge: what people call it, how to ask it, and how to weigh what it says."""

    name: str
    settings: Settings
    terms: ReportOptions


def read_targets(path: Path) -> tuple[Mapping[str, Any], ...]:
    """The targets of a TOML file with a table `[[target]]` each; UserError for what makes no sense."""
    import tomllib

    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"Cannot read {path}: {error}.") from error
    listed = raw.pop("target", None)
    if raw or not isinstance(listed, list) or not listed or not all(isinstance(one, dict) for one in listed):
        raise UserError(f"{path}: a file of targets has a table [[target]] for each, and nothing else.")
    return tuple(_target(one, path) for one in listed)


def named(names: Sequence[str]) -> tuple[str, ...]:
    """The names with numbers behind those that stand twice, so that each is one of a kind."""
    found: list[str] = []
    for name in names:
        number, unique = 1, name
        while unique in found:
            number += 1
            unique = f"{name} ({number})"
        found.append(unique)
    return tuple(found)


def judge(
    goals: Sequence[Goal], catalogue: Catalogue, told: Callable[[int], None] | None = None
) -> tuple[Judged, ...]:
    """The results in the order of the goals; after Ctrl-C each has what came until then.

    `told` is called with the number of requests that were sent in all.
    """
    stop = threading.Event()
    counter = _Counter(told)

    def one(goal: Goal) -> Judged:
        def advance(_: Progress) -> None:
            if stop.is_set():
                raise KeyboardInterrupt  # as if it had come to this very thread: the run keeps what it has
            counter.add()

        return Judged(goal.name, run.check(goal.settings, catalogue=catalogue, progress=advance), goal.terms)

    with ThreadPoolExecutor(min(AT_ONCE, len(goals))) as pool:
        futures = [pool.submit(one, goal) for goal in goals]
        try:
            with suppress(KeyboardInterrupt):
                wait_for(futures)
        finally:
            stop.set()  # whatever ended the waiting, no run goes on behind it
        return tuple(future.result() for future in futures)


class _Counter:
    def __init__(self, told: Callable[[int], None] | None) -> None:
        self._told = told
        self._sent = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self._sent += 1
            if self._told is not None:
                self._told(self._sent)


def _target(entry: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    plain = {key.replace("-", "_"): value for key, value in entry.items()}
    for key, value in plain.items():
        if key not in _TEXTS | _FLAGS:
            close = get_close_matches(key, _TEXTS | _FLAGS, n=1)
            hint = (
                f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(_TEXTS | _FLAGS))}."
            )
            raise UserError(f"{path}: a target has no key {key!r}; {hint}")
        if not isinstance(value, str if key in _TEXTS else bool):
            raise UserError(f"{path}: {key} takes {'a text' if key in _TEXTS else 'true or false'}.")
    if not plain.get("url", "").strip():
        raise UserError(f"{path}: each target needs a url.")
    return {key: str(path.parent / value) if key in _FILES else value for key, value in plain.items()}
