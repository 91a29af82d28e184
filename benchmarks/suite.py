"""The parts of the tests that benchmarks measure with: they are modules beside the tests, in no package."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

_FOLDER = str(Path(__file__).resolve().parents[1] / "tests" / "suite")


def part(name: str) -> Any:
    """The module of that name in `tests/suite`."""
    if _FOLDER not in sys.path:
        sys.path.insert(0, _FOLDER)
    return importlib.import_module(name)
