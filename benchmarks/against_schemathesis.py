"""One run of the suite beside one run of the Schemathesis command, on the reference deployment.

`python -m benchmarks.against_schemathesis` prints a table of medians and ratios. The two are no rivals: the
suite uses Schemathesis for a part of its queries. The comparison says what the cross-request checks cost.

Schemathesis sends other methods than GET as well, which is of no harm here: the deployment is on 127.0.0.1
and made for this.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from contracts.document.document import document_path
from contracts.model import OLD_PATH
from contracts.reference import Deployment, serving

PROFILES = 137
_VARIABLE = "BENCHMARK_TOKEN"


@dataclass
class Contestant:
    """A command, and what each of its runs took."""

    name: str
    command: list[str]
    legal: tuple[int, ...] = (0,)
    seconds: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)

    def run(self, environment: dict[str, str], deployment: Deployment | None = None) -> None:
        """Run it once; an exit status that is not legal ends the benchmark."""
        before = len(deployment.requests) if deployment else 0
        with tempfile.TemporaryDirectory() as directory:
            began = time.perf_counter()
            ran = subprocess.run(
                self.command, cwd=directory, env=environment, capture_output=True, text=True, check=False
            )
            self.seconds.append(time.perf_counter() - began)
        if ran.returncode not in self.legal:
            raise SystemExit(f"{self.name}: exit status {ran.returncode}\n{ran.stdout}{ran.stderr}")
        if deployment:
            sent = deployment.requests[before:]
            self.requests.append(len(sent))
            self.methods |= {method for method, _, _ in sent}


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="Runs of each. [default: 7]")
    rounds: int = parser.parse_args().rounds
    with serving(profiles=PROFILES) as deployment:
        suite, other = judging(deployment)
        interleaved([suite, other], rounds, deployment)
    start, client = starting()
    interleaved([start, client], 2 * rounds)
    print(table("One run", suite, other))
    print()
    print(table("Start-up", start, client))
    print()
    for one in (suite, other):
        print(f"Methods that `{one.name}` sent: {', '.join(sorted(one.methods))}.")


def judging(deployment: Deployment) -> tuple[Contestant, Contestant]:
    """The suite, and Schemathesis with the same document, path and token and its default phases."""
    suite = Contestant("bifrost-contracts check", [installed("bifrost-contracts"), "check", deployment.url])
    suite.command += ["--token-env", _VARIABLE, "--quiet"]
    other = Contestant("st run", [installed("st"), "run", str(document_path())], legal=(0, 1))
    other.command += ["--url", deployment.url, "--include-path", OLD_PATH]
    other.command += ["--header", f"Authorization: Bearer {deployment.token}", "--seed", "1", "--no-color"]
    return suite, other


def starting() -> tuple[Contestant, Contestant]:
    """The suite that prints its version, and the least that any HTTP client has to import."""
    suite = Contestant("bifrost-contracts --version", [installed("bifrost-contracts"), "--version"])
    client = Contestant("python -c 'import httpx'", [sys.executable, "-c", "import httpx"])
    return suite, client


def installed(name: str) -> str:
    """The command of that name beside this Python."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    if found is None:
        raise SystemExit(f"{name} is not installed beside {sys.executable}; install the project first.")
    return found


def interleaved(contestants: list[Contestant], rounds: int, deployment: Deployment | None = None) -> None:
    """Run each in turn, so that what slows the machine slows all of them; one round first to warm up."""
    environment = environment_for(deployment)
    for number in range(rounds + 1):
        for one in contestants:
            one.run(environment, deployment)
            if number == 0:
                one.seconds.clear()
                one.requests.clear()


def environment_for(deployment: Deployment | None) -> dict[str, str]:
    """A plain environment: the token, and nothing that makes either of them behave unlike elsewhere."""
    token = {_VARIABLE: deployment.token or ""} if deployment else {}
    return {"PATH": str(Path(sys.executable).parent), "LC_ALL": "C.UTF-8", "COLUMNS": "100", **token}


def table(title: str, first: Contestant, second: Contestant) -> str:
    """Medians of both and the ratio of the first to the second, as Markdown."""
    rows: list[tuple[str, Callable[[Contestant], float], str]] = [
        ("seconds", lambda one: median(one.seconds), ".2f")
    ]
    if first.requests:
        rows.append(("requests", lambda one: median(one.requests), ".0f"))
        rows.append(("requests a second", lambda one: median(one.requests) / median(one.seconds), ".0f"))
    lines = [f"| {title} (median) | `{first.name}` | `{second.name}` | ratio |", "|---|---|---|---|"]
    for label, value, form in rows:
        left, right = value(first), value(second)
        lines.append(f"| {label} | {left:{form}} | {right:{form}} | {left / right:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
