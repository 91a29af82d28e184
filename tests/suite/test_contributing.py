"""CONTRIBUTING is true: its walk names real functions, and its model of a requirement is the code itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SOURCES = (
    "openapi/access-profiles.yaml",
    "contracts/judging/checks/page.py",
    "contracts/judging/examples.yaml",
    "contracts/reference/faults/pages.py",
)


def section(title: str) -> str:
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def defined_in(path: Path) -> set[str]:
    """The functions, classes and methods of a module: `view`, `Run.result`."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
    return found


STEPS = re.findall(r"^[0-9]+\. (.*(?:\n   .*)*)", section("From a socket to a failure message"), re.MULTILINE)


def test_the_walk_has_at_most_twelve_steps() -> None:
    assert 8 < len(STEPS) <= 12


@pytest.mark.parametrize("step", STEPS)
def test_each_step_names_functions_that_exist(step: str) -> None:
    named = re.findall(r"`([a-z_/]+\.py)`,? (?:with )?(?:`([A-Za-z_.]+)`)?", step)
    named += re.findall(r"`([a-z_/]+\.py)`\s+`([A-Za-z_.]+)`", step)
    assert named
    for file, name in named:
        path = ROOT / "contracts" / file
        assert path.is_file(), file
        assert not name or name in defined_in(path), (file, name)


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_a_requirement_touches_five_places() -> None:
    places = re.findall(r"^([0-9])\. \*\*", section("Add a requirement"), re.MULTILINE)
    assert places == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize("number", range(len(SOURCES)))
def test_the_example_of_a_requirement_is_the_code(number: int) -> None:
    blocks = re.findall(r"```(?:yaml|python)\n(.*?)```", section("Add a requirement"), re.DOTALL)
    assert len(blocks) == len(SOURCES)
    source = (ROOT / SOURCES[number]).read_text(encoding="utf-8")
    assert squeezed(dedent(blocks[number])).strip() in squeezed(source)
