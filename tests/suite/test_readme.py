"""The README is true: its blocks, commands, options, tables and example are compared with the suite itself.

`python -m tests.suite.test_readme` writes the generated parts of the README anew.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from textwrap import dedent

import click
import pytest

from contracts import pytest_plugin
from contracts.cli import app as cli
from contracts.judging.catalogue import load_catalogue
from contracts.model import ExitStatus
from contracts.reports import requirements as listing
from contracts.runs.options import OPTIONS, options_of

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")
FAILING = "demo --quiet --fault total-ignores-tags --only FILTER-TOTAL"
FRONT_ENDS = ("check", "certify", "demo", "serve", "pytest")

# What differs from run to run or grows with the suite, and is beside the point of the example.
PASSING = (
    (re.compile(r"127\.0\.0\.1:[0-9]+"), "127.0.0.1:PORT"),
    (re.compile(r"[0-9,]+ requests"), "N requests"),
    (re.compile(r"[0-9]+\.[0-9] s\b"), "N s"),
    (re.compile(r"[0-9,]+ more violations?"), "N more violations"),
)


# --- the generated parts ----------------------------------------------------------------------------


def failure() -> str:
    """What the suite prints of a broken requirement."""
    environment = {
        k: v for k, v in os.environ.items() if k not in {"BIFROST_TOKEN", "FORCE_COLOR", "GITHUB_ACTIONS"}
    }
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", "contracts", *FAILING.split()],
        cwd=ROOT,
        env=environment | {"COLUMNS": "88", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (ExitStatus.FAILED, "")
    return f"```console\n$ bifrost-contracts {FAILING}\n{ran.stdout.strip()}\n```"


def options() -> str:
    """Every option of the front ends that check or serve, and which of them has it."""
    lines = [f"| Option | Meaning | {' | '.join(FRONT_ENDS)} |", "|---" * (2 + len(FRONT_ENDS)) + "|"]
    for option in OPTIONS:
        if option.commands & set(FRONT_ENDS):
            value = f" {option.placeholder}" if option.placeholder else ""
            short = f", `{option.short}`" if option.short else ""
            ticks = ["✓" if name in option.commands else "" for name in FRONT_ENDS]
            cells = [f"`{option.flag}{value}`{short}", option.description, *ticks]
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def requirements() -> str:
    """The catalogue as a table."""
    catalogue = load_catalogue()
    return listing.markdown(catalogue.requirements, catalogue.tested)


GENERATED: dict[str, Callable[[], str]] = {
    "failure": failure,
    "options": options,
    "requirements": requirements,
}


@cache
def help_of_pytest() -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ran.stdout


def part(text: str, name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", text, re.DOTALL)
    assert found, f"the README has no part {name}"
    return found[1]


def settled(text: str) -> str:
    for pattern, word in PASSING:
        text = pattern.sub(word, text)
    return text


def written_anew(text: str) -> str:
    for name, generate in GENERATED.items():
        old, new = part(text, name), generate()
        if settled(old) != settled(new):
            text = text.replace(
                f"<!-- {name} -->\n{old}\n<!-- /{name} -->" if old else f"<!-- {name} -->\n<!-- /{name} -->",
                f"<!-- {name} -->\n{new}\n<!-- /{name} -->",
            )
    return text


# --- tests ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def text() -> str:
    return README.read_text("utf-8")


@pytest.mark.parametrize("name", GENERATED)
def test_generated_parts_are_up_to_date(text: str, name: str) -> None:
    hint = "out of date: run `python -m tests.suite.test_readme`"
    assert settled(part(text, name)) == settled(GENERATED[name]()), hint


def test_the_quick_start_is_two_blocks(text: str) -> None:
    install, tests = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert install.splitlines()[0] == "python3 -m venv .venv"
    assert install.splitlines()[-1] == ".venv/bin/bifrost-contracts demo"
    assert tests.splitlines()[-1] == ".venv/bin/python -m pytest -n auto"


def test_commands_exist(text: str) -> None:
    named = set(re.findall(r"bifrost-contracts ([a-z]+)\b", text))
    assert named >= set(cli.commands.commands)
    assert named <= {*cli.commands.commands, "tests"}


def test_options_exist(text: str) -> None:
    without_blocks = re.sub(r"^```sh\n.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]+", without_blocks))
    in_pytest = set(re.findall(r"--[a-z0-9-]+", help_of_pytest()))
    assert named - {option.flag for option in OPTIONS} - in_pytest == set()


@pytest.mark.parametrize("command", [*cli.commands.commands, "pytest"])
def test_front_ends_have_the_options_of_the_table(command: str) -> None:
    wanted = {option.flag for option in options_of(command)}
    if command == "pytest":
        _, _, ours = help_of_pytest().partition("contract of GET ")
        has = set(re.findall(r"^  (--[a-z0-9-]+)", ours.partition("\n\n")[0], re.MULTILINE))
    else:
        params = cli.commands.commands[command].params
        has = {max(one.opts, key=len) for one in params if isinstance(one, click.Option)}
    assert has == wanted


def test_exit_statuses_are_those_of_the_code(text: str) -> None:
    _, _, table = text.partition("| Exit status |")
    listed = re.findall(r"^\| ([0-9]+) \|", table, re.MULTILINE)
    own = [value for name, value in vars(ExitStatus).items() if not name.startswith("_")]
    assert [int(status) for status in listed] == [*own, 128 + signal.SIGINT, 128 + signal.SIGTERM]
    assert f"exits with {pytest_plugin.INCONCLUSIVE} in place of {ExitStatus.INCONCLUSIVE}" in text


def test_packages_in_the_table_exist(text: str) -> None:
    packages = re.findall(r"`((?:contracts|openapi)/[a-z_./-]+)`", text)
    assert {p.name for p in (ROOT / "contracts").iterdir() if p.is_dir() and p.name[0] != "_"} <= {
        Path(name).name for name in packages
    }
    assert [name for name in packages if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    document = ROOT / name
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_changelog_names_every_area() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    areas = {requirement.area for requirement in load_catalogue().requirements}
    assert {area for area in areas if not re.search(rf"\b{area}\b", changelog)} == set()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_python_examples_compile(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for _, block in re.findall(r"^( *)```python\n(.*?)^\1```$", text, re.DOTALL | re.MULTILINE):
        compile(dedent(block), name, "exec")


if __name__ == "__main__":
    README.write_text(written_anew(README.read_text("utf-8")), "utf-8")
