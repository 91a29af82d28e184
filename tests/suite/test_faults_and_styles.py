"""Every fault of the reference deployment is caught by what it breaks; no legal style is accused.

Each is a run of its own, so several at a time (`-n 2`) are worth their while.
"""

from __future__ import annotations

import pytest

from contracts.model import ExitStatus
from contracts.reference import FAULTS, STYLES
from contracts.score import Task, attempt

# Legal styles in which not everything can be judged, and what remains open for which reason.
UNSETTLED = {
    "open": {"ACCESS-REJECTED"},
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught_by_what_it_breaks(name: str) -> None:
    trial = attempt(Task(fault=name))
    assert set(trial.expected) & set(trial.reported), trial


@pytest.mark.parametrize("name", STYLES)
def test_style_is_accepted(name: str) -> None:
    trial = attempt(Task(style=name))
    assert trial.broken == ()
    if trial.status != ExitStatus.CONFORMING:
        assert set(trial.unsettled) <= UNSETTLED.get(name, set()), trial
