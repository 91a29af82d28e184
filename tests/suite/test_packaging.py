"""The package as users get it: built, installed elsewhere, and run from there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts import __version__
from contracts.document.document import document_path
from contracts.judging.catalogue import load_catalogue

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

pytest.importorskip("build")
pytest.importorskip("hatchling")


def run(*command: str | Path, cwd: Path) -> str:
    """What the command prints; it must not fail, and must not warn."""
    unset = {"BIFROST_TOKEN", "GITHUB_ACTIONS", "PYTHONPATH", "PYTHONWARNINGS", "VIRTUAL_ENV"}
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    ran = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@dataclass(frozen=True)
class Built:
    """The two files that `python -m build` makes; the wheel is made from the sdist."""

    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, cwd=ROOT)
    (sdist,), (wheel,) = out.glob("*.tar.gz"), out.glob("*.whl")
    return Built(sdist, wheel)


@pytest.fixture(scope="module")
def elsewhere(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it; what it depends on comes from this one, without a network."""
    pytest.importorskip("pip")
    home = tmp_path_factory.mktemp("elsewhere")
    venv.create(home / "env", with_pip=False, symlinks=True)
    python = home / "env" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check", "--no-cache-dir")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", built.wheel, cwd=home)
    [packages] = (home / "env" / "lib").glob("python*/site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    return home


def members(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_has_all_that_runs_and_nothing_else(built: Built) -> None:
    held = {name for name in members(built.wheel) if ".dist-info/" not in name}
    kept = {".py", ".json", ".yaml", ".typed", ".css", ".j2", ".js"}
    modules = {
        path.relative_to(ROOT).as_posix() for path in (ROOT / "contracts").rglob("*") if path.suffix in kept
    }
    assert held == modules | {"contracts/openapi/access-profiles.yaml"}


def test_the_wheel_carries_the_licence_and_the_description(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        [metadata] = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        [licence] = (name for name in archive.namelist() if name.endswith("/LICENSE"))
        described = archive.read(metadata).decode("utf-8")
        assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()
    assert "License-Expression: Apache-2.0" in described
    assert "# bifrost-contracts" in described
    assert f"Version: {__version__}\n" in described


def test_the_sdist_has_what_is_needed_to_test_it(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    wanted = ["openapi", "tests", "benchmarks", "contracts", ".ci"]
    files = {
        path.relative_to(ROOT).as_posix()
        for name in wanted
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }
    top = {"pyproject.toml", "conftest.py", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md"}
    assert (files | top) - held == set()


def test_versions_agree() -> None:
    assert PROJECT["project"]["version"] == __version__


def test_the_installed_command_uses_its_own_files(elsewhere: Path) -> None:
    python = elsewhere / "env" / "bin" / "python"
    program = "import contracts.document.document as d; print(d.document_path())"
    found = Path(run(python, "-W", "error", "-c", program, cwd=elsewhere).strip())
    assert found.is_relative_to(elsewhere)
    assert found.read_bytes() == document_path().read_bytes()


def test_the_installed_command_states_its_version(elsewhere: Path) -> None:
    printed = run(elsewhere / "env" / "bin" / "bifrost-contracts", "--version", cwd=elsewhere)
    assert re.search(rf"\b{re.escape(__version__)}$", printed.strip())


def test_the_installed_command_lists_the_requirements(elsewhere: Path) -> None:
    printed = run(elsewhere / "env" / "bin" / "bifrost-contracts", "requirements", "--json", cwd=elsewhere)
    assert [entry["id"] for entry in json.loads(printed)] == [r.id for r in load_catalogue().requirements]


def test_the_installed_command_judges(elsewhere: Path) -> None:
    command = elsewhere / "env" / "bin" / "bifrost-contracts"
    printed = run(
        command, "demo", "--only", "PAGE-COUNT", "--json", "--report", elsewhere / "report", cwd=elsewhere
    )
    [verdict] = json.loads(printed)["verdicts"]
    assert verdict["outcome"] == "pass"
    assert (elsewhere / "report" / "junit.xml").is_file()


def test_imports_run_one_way() -> None:
    """`lint-imports` holds the contracts in `pyproject.toml`."""
    pytest.importorskip("importlinter")
    program = "from importlinter.cli import lint_imports_command as lint; lint()"
    run(sys.executable, "-c", program, "--no-cache", cwd=ROOT)


# What may reach a network, or holds the options for it.
NETWORKED = {
    *("__main__", "cli", "pytest_plugin", "reference", "runs", "transport"),
    *(f"runs.{name}" for name in ("fleet", "option_files", "option_values", "options")),
    *(f"runs.{name}" for name in ("recorder", "run", "settings")),
}


def test_the_linter_keeps_every_other_module_from_the_network() -> None:
    """The layers force a new module to get its place there; it must not be forgotten here."""
    contracts = {contract["id"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]}
    modules = {
        f"{contracts[id_]['containers'][0]}.{module}"
        for id_ in ("one-way", "runs")
        for layer in contracts[id_]["layers"]
        for module in layer.split(" | ")
    }
    apart = modules - {f"contracts.{module}" for module in NETWORKED}
    assert set(contracts["no-network"]["source_modules"]) == apart
