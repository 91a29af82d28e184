"""Start-up: nothing heavy is loaded before it is used, and the version is there at once."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

HEAVY = {
    "contracts.judging.catalogue", "contracts.document.document", "contracts.runs.run", "contracts.transport",
    "httpcore", "httpx",
    "hypothesis", "jinja2", "jsonschema", "jsonschema_rs", "pytest", "rich", "schemathesis", "starlette",
    "uvicorn", "yaml",
}  # fmt: skip


def loaded(*arguments: str) -> set[str]:
    program = (
        "import sys\nfrom contracts.cli import app as cli\n"
        f"try: cli.main({list(arguments)!r})\nexcept SystemExit: pass\n"
        "print('\\n' + ' '.join(sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(ran.stderr.split())


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["check", "--help"], ["init", "--help"]])
def test_nothing_heavy_is_loaded_to_say_what_there_is(arguments: list[str]) -> None:
    assert loaded(*arguments) & HEAVY == set()


def test_what_is_not_asked_for_is_not_loaded() -> None:
    found = loaded("explain", "PAGE-COUNT")
    assert found & {"httpx", "httpcore", "hypothesis", "schemathesis", "starlette", "uvicorn"} == set()
    assert "contracts.judging.catalogue" in found  # so this test can see what is loaded


def test_the_version_is_there_within_two_and_a_half_times_an_import_of_httpx() -> None:
    def seconds(*command: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, *command], capture_output=True, check=True)
        return time.perf_counter() - began

    # By turns, and the best of each: others use this machine too.
    pairs = [(seconds("-c", "import httpx"), seconds("-m", "contracts", "--version")) for _ in range(5)]
    httpx, version = (min(times) for times in zip(*pairs, strict=True))
    assert version < 2.5 * httpx
