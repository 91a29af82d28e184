"""pytest-xdist: the controller asks the deployment once, and the workers read what came of it.

It asks when the first worker has told what it will run, before any test starts, so no worker has to wait
or to lock anything. The result lies in a directory of this session alone, which nobody else can read.
"""

from __future__ import annotations

import pickle
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

import pytest

from contracts.model import Result

_KEY = "contract_result"
_NAMES = re.compile(r"\[([^\]]*)\]$")


def has_workers(config: pytest.Config) -> bool:
    """Whether this process hands its tests out to others."""
    return bool(getattr(config.option, "tx", None)) and not hasattr(config, "workerinput")


def received(config: pytest.Config) -> Result | None:
    """What the controller asked; None where this process is no worker, or the controller asked nothing."""
    path = getattr(config, "workerinput", {}).get(_KEY)
    if path is None or not Path(path).is_file():
        return None
    found: Result = pickle.loads(Path(path).read_bytes())  # noqa: S301 - written by our own controller
    return found


class Controller:
    """The part of the plugin that runs where the tests do not. `ask` gets the ids to judge, empty for all."""

    def __init__(self, tested: Collection[str], ask: Callable[[frozenset[str]], Result]) -> None:
        self._tested = frozenset(tested)
        self._ask = ask
        self._directory = Path(tempfile.mkdtemp(prefix="bifrost-contracts-"))
        self._asked = False

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell each worker where the result will lie."""
        node.workerinput[_KEY] = str(self._directory / "result")

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Iterable[str]) -> None:
        """Ask for what the first worker has selected; the others have selected the same."""
        chosen = selected(ids, self._tested)
        if self._asked or not chosen:
            return
        self._asked = True
        result = self._ask(frozenset() if chosen == self._tested else chosen)
        (self._directory / "result").write_bytes(pickle.dumps(result))

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._directory, ignore_errors=True)


def selected(ids: Iterable[str], tested: Collection[str]) -> frozenset[str]:
    """The requirements that tests are for: `…[PAGE-COUNT]`, or `…[GEN-DOCUMENT-positive]`."""
    names = (found[1] for found in map(_NAMES.search, ids) if found is not None)
    fitting = ([id_ for id_ in tested if name == id_ or name.startswith(f"{id_}-")] for name in names)
    return frozenset(max(found, key=len) for found in fitting if found)
