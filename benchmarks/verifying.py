"""What evidence costs: a run that is recorded beside one that is not, and its bundle verified offline.

`python -m benchmarks.verifying` prints the medians and the ratios on the reference deployment; verifying
must not take longer than the run.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from statistics import median

from benchmarks.at_size import elapsed
from contracts.certificate import bundle, verification
from contracts.cli import scoring as score
from contracts.evidence import recording as recordings
from contracts.judging.catalogue import Catalogue, load_catalogue
from contracts.runs import run
from contracts.runs.recorder import Recorder


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    catalogue = load_catalogue()
    _round(catalogue)  # imports and caches do not count, on either side
    timed = [_round(catalogue) for _ in range(rounds)]
    plain, recorded, offline = (median(column) for column in zip(*timed, strict=True))
    print("| One run (median) | live | live, recorded | verified offline |\n|---|---|---|---|")
    print(f"| seconds | {plain:.2f} | {recorded:.2f} | {offline:.2f} |")
    print(f"| ratio | 1.00 | {recorded / plain:.2f} | {offline / plain:.2f} |")


def _round(catalogue: Catalogue) -> tuple[float, float, float]:
    """Seconds for a live run, for one with its recording, and for verifying what was recorded."""
    with score.deployed() as settings:
        plain = elapsed(lambda: run.check(settings, catalogue=catalogue))
    with score.deployed() as settings:
        began = time.perf_counter()
        recorder = Recorder(settings, catalogue)
        result = run.check(settings, catalogue=catalogue, record=recorder)
        recording = recorder.recording()
        recordings.dumps(recording)
        recorded = time.perf_counter() - began
    content = bundle.issue(
        recording,
        result,
        catalogue,
        product=bundle.Product("vendor", "product", "1"),
        issued=datetime.now(UTC).replace(microsecond=0),
        days=1,
    )
    return plain, recorded, elapsed(lambda: verification.verify(content, catalogue))


if __name__ == "__main__":
    main()
