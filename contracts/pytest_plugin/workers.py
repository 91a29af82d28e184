"""pytest-xdist: all tests of a deployment go to one worker, which checks it once and reports on it."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_STOP = "contract_stop"
_REPORT = "contract_report"
_TEST = re.compile(r"\[([^A-Z\[\]]*)[A-Z][A-Z-]{3,}[^\[\]]*\]$")


def deployment_of(nodeid: str) -> str | None:
    """The name of the target in a test id, empty without targets; None for a test of something else.

    Names of targets have no capitals and ids of requirements nothing else: `…[east-PAGE-COUNT]`.
    """
    found = _TEST.search(nodeid)
    return None if found is None else found[1].removesuffix("-")


Section = tuple[str, tuple[str, ...]]
"""A title, and the lines below it."""


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """What a worker tells the controller when it is done; `exit` is a message and an exit status."""

    sections: tuple[Section, ...] = ()
    stale_waivers: tuple[str, ...] = ()
    exit: tuple[str, int] | None = None


def controller(config: pytest.Config) -> Controller | None:
    """The part of the plugin for the process that hands out the tests; None in any other process."""
    distributes = bool(getattr(config.option, "tx", None)) and not is_worker(config)
    return Controller() if distributes else None


def is_worker(config: pytest.Config) -> bool:
    """Whether this process gets its tests from another one."""
    return hasattr(config, "workerinput")


def stopped(config: pytest.Config) -> Callable[[], bool]:
    """Whether the controller was interrupted, asked anew at each call."""
    path = getattr(config, "workerinput", {}).get(_STOP)
    return (lambda: False) if path is None else Path(path).exists


def report(config: pytest.Config, found: WorkerReport) -> None:
    """In a worker: what the controller is told."""
    _output(config).update(sections=found.sections, stale_waivers=found.stale_waivers)


def report_exit(config: pytest.Config, message: str, status: int) -> None:
    """In a worker: tell the controller to end with this status."""
    _output(config)["exit"] = (message, status)


def _output(config: pytest.Config) -> dict[str, Any]:
    output: dict[str, Any] = config.workeroutput  # type: ignore[attr-defined]
    found: dict[str, Any] = output.setdefault(_REPORT, {})
    return found


class Controller:
    """Hooks of the process that hands out the tests."""

    def __init__(self) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="bifrost-contracts-"))
        self.reports: list[WorkerReport] = []

    def stop(self) -> None:
        """Let the runs in all workers end with what they have."""
        (self._directory / "stop").touch()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell each worker where a sign to stop would be."""
        node.workerinput[_STOP] = str(self._directory / "stop")

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Keep the tests of a deployment together, whatever `--dist` says: it is to be checked once."""
        from xdist.scheduler import LoadScopeScheduling

        class ByDeployment(LoadScopeScheduling):  # type: ignore[misc]
            def _split_scope(self, nodeid: str) -> str:
                name = deployment_of(nodeid)
                return nodeid if name is None else name

        return ByDeployment(config, log)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Keep what a worker reports."""
        self.reports.append(WorkerReport(**getattr(node, "workeroutput", {}).get(_REPORT, {})))

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._directory, ignore_errors=True)
