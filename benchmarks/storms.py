"""How often a correct deployment is accused while others write: never, it is hoped.

`python -m benchmarks.storms --runs 10000` judges as many correct deployments in memory, each in a legal
style and in a write storm drawn from the run's number, and prints the runs in which anything was reported as
broken. The first 30 are those of the tests.

`python -m benchmarks.storms --faults --runs 3` judges the reference deployment, in memory too, with each
fault of the catalogue in three storms, and prints those in which all that it breaks was said to be right.
Both need the clone and the extra `dev`, for the storms are part of the tests.
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
    """What the storm of that seed makes the judge say wrongly: of a correct deployment, or of a fault."""
    fault, seed = task
    if fault is not None:
        return f"passed in storm {seed}: {fault}" if stormy.passed(fault, seed) else None
    ids = storms.accused(seed)
    return f"accused in run {seed}: {', '.join(ids)}" if ids else None


def main() -> None:
    """Run the storms and print; exit status 1 if anything was judged wrongly."""
    asked = _arguments()
    began = time.monotonic()
    faults = list(FAULTS) if asked.faults else [None]
    tasks = list(product(faults, range(asked.first, asked.first + asked.runs)))
    with get_context("spawn").Pool(asked.jobs) as pool:
        wrong = sum(_told(pool.imap_unordered(judged_wrongly, tasks, chunksize=20), len(tasks)))
    print(f"{wrong} of {len(tasks)} runs were judged wrongly ({time.monotonic() - began:.0f} s)")
    sys.exit(1 if wrong else 0)


def _told(runs: Iterable[Found], total: int) -> Iterator[bool]:
    """Whether each run went wrong; what was wrong is printed at once, for the whole takes long."""
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
    parser.add_argument("--faults", action="store_true", help="each fault of the catalogue in so many storms")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
