"""Verifying a bundle offline beside the live run that it was made of, on the reference deployment.

`python -m benchmarks.verifying` prints the medians and the ratio; verifying must not take longer.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from statistics import median

from contracts import run, score
from contracts.catalogue import Catalogue, load_catalogue
from contracts.certificate import bundle, verification
from contracts.recorder import Recorder


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    catalogue = load_catalogue()
    _round(catalogue)  # imports and caches do not count, on either side
    live, offline = zip(*(_round(catalogue) for _ in range(rounds)), strict=True)
    print("| One run (median) | live | verified offline | ratio |\n|---|---|---|---|")
    print(f"| seconds | {median(live):.2f} | {median(offline):.2f} | {median(offline) / median(live):.2f} |")


def _round(catalogue: Catalogue) -> tuple[float, float]:
    """Seconds for the live run and for verifying what was recorded of it."""
    with score.deployed() as settings:
        recorder = Recorder(settings, catalogue)
        began = time.perf_counter()
        result = run.check(settings, catalogue=catalogue, record=recorder)
        live = time.perf_counter() - began
    content = bundle.issue(
        recorder.recording(),
        result,
        catalogue,
        product=bundle.Product("vendor", "product", "1"),
        issued=datetime.now(UTC).replace(microsecond=0),
        days=1,
    )
    began = time.perf_counter()
    verification.verify(content, catalogue)
    return live, time.perf_counter() - began


if __name__ == "__main__":
    main()
