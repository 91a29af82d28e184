"""How long a run by default takes, and how much memory, before each hostile server of the tests.

`python -m benchmarks.hostile` judges each of them by the command, in a process of its own and with the bounds
that users get, and prints a table; exit status 1 if one took more than 60 s or 300 MB, or ended without a
verdict. `--only PATTERN`, once or more, takes what matches. It needs the clone and the extra `dev`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.support import hostile

_LONGEST = 60.0  # seconds
_MOST = 300.0  # MB
_TOKEN = "hostile-token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: exit status, seconds, and the most memory that its process held, in MB.

    Linux counts for a new process what its parent held, so the memory is that of this process at least.
    """

    name: str
    status: int
    seconds: float
    memory: float

    @property
    def within_bounds(self) -> bool:
        """Whether it ended by itself, in time, in little memory, with a verdict."""
        return self.seconds <= _LONGEST and self.memory <= _MOST and self.status in (1, 3)


def behaviours() -> tuple[str, ...]:
    """The names of the hostile servers."""
    return tuple(hostile.BEHAVIOURS)


def ended(name: str) -> Ended:
    """A whole run of the command before that server, cut off only long after its time."""
    with hostile.serving(name) as url:
        began = time.monotonic()
        command = [sys.executable, "-m", "contracts", "check", url, "--quiet"]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "BIFROST_TOKEN": _TOKEN},
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        return Ended(name, process.returncode, time.monotonic() - began, used.ru_maxrss * 1024 / 1e6)


def all_ended(names: Sequence[str], jobs: int) -> Iterator[Ended]:
    """The runs against these servers, `jobs` at a time."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(ended, names)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", action="append", metavar="PATTERN", help="names to try (all)")
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="runs at a time (4)")
    asked = parser.parse_args()
    names = [name for name in behaviours() if any(fnmatchcase(name, one) for one in asked.only or ["*"])]
    wrong = 0
    print("| Server | exit status | seconds | memory, MB |\n|---|---|---|---|")
    for one in all_ended(names, asked.jobs):
        wrong += not one.within_bounds
        print(f"| {one.name} | {one.status} | {one.seconds:.1f} | {one.memory:.0f} |", flush=True)
    print(f"\n{wrong} of {len(names)} runs were out of bounds.")
    sys.exit(1 if wrong or not names else 0)


if __name__ == "__main__":
    main()
