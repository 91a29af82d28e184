"""Every fault of the reference deployment is caught by what it breaks; no legal style is accused.

Each is a run of its own, so several at a time (`-n 2`) are worth their while.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.cli.scoring import Task, attempt
from contracts.model import ExitStatus
from contracts.reference import FAULTS, VARIANTS

# Faults that a run of the usual size does not come across, or cannot tell from writes by others.
OUT_OF_REACH: dict[str, str] = {}

# Legal styles in which something may remain open, so that a run may end with status 3.
UNSETTLED = {
    "open": "everyone sees everything, so that no credentials are narrower than others",
    "writes-5": "what others wrote meanwhile may explain what contradicts itself",
    "writes-50": "what others wrote meanwhile may explain what contradicts itself",
}

README = Path(__file__).parents[2] / "README.md"


def _faults() -> list[object]:
    expected = {name: pytest.mark.xfail(reason=reason, strict=True) for name, reason in OUT_OF_REACH.items()}
    return [pytest.param(name, marks=expected.get(name, ())) for name in FAULTS]


@pytest.mark.parametrize("name", _faults())
def test_fault_is_caught_by_what_it_breaks(name: str) -> None:
    trial = attempt(Task(fault=name))
    assert trial.caught_rightly, trial
    assert not trial.long, trial


@pytest.mark.parametrize("name", VARIANTS)
def test_style_is_accepted(name: str) -> None:
    trial = attempt(Task(style=name))
    legal = {ExitStatus.CONFORMING, ExitStatus.NOT_JUDGED} if name in UNSETTLED else {ExitStatus.CONFORMING}
    assert not trial.broken, trial
    assert trial.status in legal, trial


def test_exceptions_are_names_that_exist() -> None:
    assert OUT_OF_REACH.keys() <= FAULTS.keys()
    assert UNSETTLED.keys() <= VARIANTS.keys()


def test_the_readme_states_the_score() -> None:
    # The tests above hold for each of them; so the numbers alone are compared here.
    stated = re.search(r"<!-- score:begin -->\n(.*)<!-- score:end -->", README.read_text("utf-8"), re.DOTALL)
    assert stated is not None
    cells = dict(re.findall(r"^\| (.+) \| ([0-9]+) \|$", stated[1], re.MULTILINE))
    assert {label: int(number) for label, number in cells.items()} == {
        "Faults tried": len(FAULTS),
        "caught, and by a requirement that they break": len(FAULTS) - len(OUT_OF_REACH),
        "Legal styles tried": len(VARIANTS),
        "accused of anything": 0,
    }
    assert set(re.findall(r"`([a-z0-9-]+)`", stated[1].rpartition("|")[2])) == OUT_OF_REACH.keys()
