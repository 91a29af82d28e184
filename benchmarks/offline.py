"""Whether offline verification gives the live verdicts, for every fault and variant, raw and redacted.

`python -m benchmarks.offline` checks the reference deployment with each fault and in each variant, makes two
bundles of each run, one of them redacted, and verifies both. It prints where verdicts differ, where a fault
is verified as conforming, and where a token or a name is left. `--sample N` takes N of them. It needs the
clone and the extra `dev`.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from multiprocessing import get_context

from contracts.cli import scoring as score
from contracts.model import UserError
from tests.support import offline

Found = tuple[str, tuple[str, ...]]


def compared(task: score.Task) -> Found:
    """The name of a fault or variant, and what is wrong."""
    name = task.fault or task.variant or ""
    try:
        kept = offline.kept(fault=task.fault, variant=task.variant)
    except UserError as error:
        return name, (str(error),)
    return name, tuple(kept.differences(task.fault))


def main() -> None:
    """Compare and print; exit status 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sample", type=int, metavar="N", help="faults and variants to try (all)")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes (1)")
    asked = parser.parse_args()
    tasks = list(score.tasks(None, None, 1))
    chosen = tasks if asked.sample is None else random.Random(0).sample(tasks, asked.sample)  # noqa: S311
    wrong, began = 0, time.monotonic()
    with get_context("spawn").Pool(asked.jobs) as pool:
        for done, (name, differences) in enumerate(pool.imap_unordered(compared, chosen), 1):
            wrong += bool(differences)
            for difference in differences:
                print(f"{name}: {difference}", flush=True)
            if done % 50 == 0:
                print(f"{done} of {len(chosen)}", file=sys.stderr, flush=True)
    print(f"{wrong} of {len(chosen)} faults and variants differ ({time.monotonic() - began:.0f} s)")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
