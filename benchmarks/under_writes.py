"""How many faults are still found while others write to the reference deployment.

`python -m benchmarks.under_writes` checks the reference deployment with each fault while others write 5 times
a second (the variant `writes-5`), and prints how many are reported by a requirement that they break, how many
remain inconclusive, and which pass. `--sample N` takes N faults drawn from the seed.
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
    given = _arguments()
    faults = _chosen(given.sample, given.seed)
    trials = measured(faults, given.variant, given.jobs)
    found = [trial for trial in trials if trial.caught_as_expected]
    left = [trial for trial in trials if not trial.caught_as_expected]
    print(f"{len(found)} of {len(trials)} faults found (variant {given.variant}): {_share(found, trials)}")
    for trial in left:
        kind = "INCONCLUSIVE" if is_open(trial) else "PASSED      "
        print(f"  {kind}  {trial.name}  (breaks {', '.join(trial.expected)})")


def measured(faults: Sequence[str], variant: str, jobs: int) -> list[Trial]:
    """A run with each of these faults."""
    tasks = [score.Task(fault=name, variant=variant) for name in faults]
    return score.attempts(tasks, jobs=jobs, on_progress=_on_progress)


def is_open(trial: Trial) -> bool:
    """Whether what the fault breaks remained undecided, so that the run does not conform."""
    return trial.status != ExitStatus.CONFORMING and (
        trial.caught or not set(trial.expected).isdisjoint(trial.undecided)
    )


def _chosen(sample: int | None, seed: int) -> list[str]:
    names = list(reference.FAULTS)
    if sample is None:
        return names
    return random.Random(seed).sample(names, min(sample, len(names)))  # noqa: S311


def _share(part: Sequence[Trial], whole: Sequence[Trial]) -> str:
    return f"{100 * len(part) / max(1, len(whole)):.1f} %"


def _on_progress(done: int, total: int) -> None:
    if done % 20 == 0:
        print(f"{done} of {total}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, metavar="N", help="faults drawn from the seed (default: all)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the sample (0)")
    parser.add_argument(
        "--variant", default="writes-5", choices=sorted(reference.VARIANTS), help="variant to serve"
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="runs at a time (1)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
