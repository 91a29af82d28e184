"""How many faults are still found, over HTTP, while others write to the reference deployment.

`python -m benchmarks.under_writes` judges the reference deployment with each fault while others write five
times a second (the style `writes-5`), and prints how many are reported by a requirement that they break, how
many stay open, and which pass. `--sample N` takes N faults drawn from the seed instead of all.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence

from contracts import reference
from contracts.cli import scoring as score
from contracts.model import ExitStatus
from contracts.reports.score import Trial


def main() -> None:
    """Measure and print."""
    asked = _arguments()
    faults = _chosen(asked.sample, asked.seed)
    trials = measured(faults, asked.style, asked.jobs)
    found = [trial for trial in trials if trial.caught_rightly]
    left = [trial for trial in trials if not trial.caught_rightly]
    print(f"{len(found)} of {len(trials)} faults found in the style {asked.style}: {_share(found, trials)}")
    for trial in left:
        kind = "open  " if is_open(trial) else "PASSED"
        print(f"  {kind}  {trial.name}  (breaks {', '.join(trial.expected)})")


def measured(faults: Sequence[str], style: str, jobs: int) -> list[Trial]:
    """A run with each of these faults."""
    tasks = [score.Task(fault=name, variant=style) for name in faults]
    return score.attempts(tasks, jobs=jobs, on_progress=_told)


def is_open(trial: Trial) -> bool:
    """Whether what the fault breaks was not judged to the end, so that nobody was told that all is well."""
    return trial.status != ExitStatus.CONFORMING and (
        trial.caught or not set(trial.expected).isdisjoint(trial.unsettled)
    )


def _chosen(sample: int | None, seed: int) -> list[str]:
    names = list(reference.FAULTS)
    if sample is None:
        return names
    return random.Random(seed).sample(names, min(sample, len(names)))  # noqa: S311


def _share(part: Sequence[Trial], whole: Sequence[Trial]) -> str:
    return f"{100 * len(part) / max(1, len(whole)):.1f} %"


def _told(done: int, total: int) -> None:
    if done % 20 == 0:
        print(f"{done} of {total}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, metavar="N", help="faults drawn from the seed (default: all)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the sample (0)")
    parser.add_argument(
        "--style", default="writes-5", choices=sorted(reference.VARIANTS), help="style to follow"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="runs at a time (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
