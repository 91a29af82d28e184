"""Every fault of the reference deployment is caught as expected; no variant gets a false positive."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from contracts.cli.scoring import Task, attempt
from contracts.model import ExitStatus
from contracts.reference import FAULTS, VARIANTS

# Faults that a run of the default size does not encounter, or cannot distinguish from writes by others.
OUT_OF_REACH: dict[str, str] = {}

# Variants in which a requirement may remain undecided, so that the run may end with status 3.
INCONCLUSIVE = {
    "open": "everyone sees everything, so no credential is narrower than another",
    "writes-5": "writes by others may explain a contradiction",
    "writes-50": "writes by others may explain a contradiction",
}

README = Path(__file__).parents[2] / "README.md"


def _faults() -> list[object]:
    expected = {name: pytest.mark.xfail(reason=reason, strict=True) for name, reason in OUT_OF_REACH.items()}
    return [pytest.param(name, marks=expected.get(name, ())) for name in FAULTS]


@pytest.mark.parametrize("name", _faults())
def test_fault_is_caught_as_expected(name: str) -> None:
    found = attempt(Task(fault=name))
    assert found.caught_as_expected, found
    assert not set(found.long) & set(found.reported), found


@pytest.mark.parametrize("name", VARIANTS)
def test_variant_is_accepted(name: str) -> None:
    found = attempt(Task(variant=name))
    accepted = {ExitStatus.CONFORMING, *([ExitStatus.INCONCLUSIVE] if name in INCONCLUSIVE else [])}
    assert not found.broken, found
    assert found.status in accepted, found


def test_exceptions_are_names_that_exist() -> None:
    assert OUT_OF_REACH.keys() <= FAULTS.keys()
    assert INCONCLUSIVE.keys() <= VARIANTS.keys()


def test_the_readme_states_the_score() -> None:
    # The tests above hold for each fault and variant, so this one only compares the numbers.
    stated = re.search(r"<!-- score:begin -->\n(.*)<!-- score:end -->", README.read_text("utf-8"), re.DOTALL)
    assert stated is not None
    cells = dict(re.findall(r"^\| (.+) \| ([0-9]+) \|$", stated[1], re.MULTILINE))
    assert {label: int(number) for label, number in cells.items()} == {
        "Faults": len(FAULTS),
        "caught by a requirement that they break": len(FAULTS) - len(OUT_OF_REACH),
        "Variants": len(VARIANTS),
        "false positives": 0,
    }
    assert set(re.findall(r"`([a-z0-9-]+)`", stated[1].rpartition("|")[2])) == OUT_OF_REACH.keys()
