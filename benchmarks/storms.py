"""How often a correct deployment gets a false positive while others write: never, it is hoped.

`python -m benchmarks.storms --runs 10000` checks as many correct deployments in memory, each with choices and
a write storm drawn from the number of the run, and prints the runs with a false positive. The first 30 are
those of the tests.

`python -m benchmarks.storms --faults --runs 3` checks the reference deployment in memory with each fault in
three storms, and prints the runs in which everything that the fault breaks passed. Both need the clone and
the extra `dev`, because the storms are part of the tests.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import product
from multiprocessing import get_context

from contracts.reference import FAULTS
from tests.support import storms, stormy

Found = str | None


def judged_wrongly(task: tuple[str | None, int]) -> Found:
    """What is wrong about the verdicts in the storm of that seed, on a correct deployment or on a fault."""
    fault, seed = task
    if fault is not None:
        return f"passed in storm {seed}: {fault}" if stormy.passed(fault, seed) else None
    ids = storms.false_positives(seed)
    return f"false positive in run {seed}: {', '.join(ids)}" if ids else None


def main() -> None:
    """Run the storms and print; exit status 1 if any verdict is wrong."""
    given = _arguments()
    began = time.monotonic()
    faults = list(FAULTS) if given.faults else [None]
    tasks = list(product(faults, range(given.first, given.first + given.runs)))
    with get_context("spawn").Pool(given.jobs) as pool:
        wrong = sum(_reported(pool.imap_unordered(judged_wrongly, tasks, chunksize=20), len(tasks)))
    print(f"{wrong} of {len(tasks)} runs had a wrong verdict ({time.monotonic() - began:.0f} s)")
    sys.exit(1 if wrong else 0)


def _reported(runs: Iterable[Found], total: int) -> Iterator[bool]:
    """Whether each run went wrong; prints at once what was wrong, because all runs take long."""
    for done, found in enumerate(runs, 1):
        if found:
            print(found, flush=True)
        yield bool(found)
        if done % 500 == 0:
            print(f"{done} of {total}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000, metavar="N", help="runs to make (1000)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first run (0)")
    parser.add_argument("--faults", action="store_true", help="each fault in that many storms")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
