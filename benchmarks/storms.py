"""How often a correct deployment is accused while others write: never, it is hoped.

`python -m benchmarks.storms --runs 10000` judges as many correct deployments in memory, each in a legal
style and in a write storm drawn from the run's number, and prints the runs in which anything was reported as
broken. The first 30 are those of the tests. It needs the clone and the extra `dev`, for the storms are part
of the tests.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Iterable, Iterator
from multiprocessing import get_context
from pathlib import Path

_SUITE = str(Path(__file__).resolve().parents[1] / "tests" / "suite")
Accusation = tuple[int, tuple[str, ...]]


def accused(seed: int) -> Accusation:
    """The number of the run, and what was reported as broken."""
    if _SUITE not in sys.path:
        sys.path.insert(0, _SUITE)
    return seed, tuple(importlib.import_module("storms").accused(seed))


def main() -> None:
    """Run the storms and print; exit status 1 if anybody was accused."""
    asked = _arguments()
    began = time.monotonic()
    seeds = range(asked.first, asked.first + asked.runs)
    with get_context("spawn").Pool(asked.jobs) as pool:
        wrong = sum(_told(pool.imap_unordered(accused, seeds, chunksize=20), asked.runs))
    print(
        f"{wrong} of {asked.runs} runs accused a correct deployment ({time.monotonic() - began:.0f} s)"
    )
    sys.exit(1 if wrong else 0)


def _told(runs: Iterable[Accusation], total: int) -> Iterator[bool]:
    """Whether each run accused anybody; what it said is printed at once, for the whole takes long."""
    for done, (seed, ids) in enumerate(runs, 1):
        if ids:
            print(f"accused in run {seed}: {', '.join(ids)}", flush=True)
        yield bool(ids)
        if done % 500 == 0:
            print(f"{done} of {total}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000, metavar="N", help="runs to make (1000)")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first run (0)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
