"""What a run costs against the size of the list: requests, seconds, memory; and the speed of judging.

`python -m benchmarks.at_size` prints tables; `--plot FILE` draws requests and memory as SVG. The lists are
computed when they are asked for, by a server in a process of its own. Each ratio is of two things measured by
turns in one run, the least of several rounds each, so that what else the machine does weighs on both.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from contracts.model import OLD_PATH, Exchange, Request
from contracts.reference import REFERENCE_TOKEN

SIZES = (10, 100, 1_000, 10_000, 100_000, 1_000_000)
# How servers write JSON: without spaces, or as Python's `json.dumps` does.
WRITTEN: dict[str, dict[str, Any]] = {
    "without spaces": {"ensure_ascii": False, "separators": (",", ":")},
    "as `json.dumps` writes it": {},
}
_CONTEXT = multiprocessing.get_context("spawn")
_MIB = 1024


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took: memory is the most of the whole process, in MiB."""

    requests: int
    seconds: float
    memory: float
    status: int = 0


def main() -> None:
    """Measure, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--walked", type=int, default=100_000, metavar="N", help="Profiles walked exhaustively."
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="Rounds of each ratio.")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="Where to draw the costs as SVG.")
    asked = parser.parse_args()
    for written, style in WRITTEN.items():
        print(page_table(written, *judged_page(30 * asked.rounds, **style)), end="\n\n")
    costs = {size: run_at(size) for size in SIZES}
    print(size_table(costs), end="\n\n")
    print(walk_table(*exhaustive_beside_bare(asked.walked, asked.rounds)))
    if asked.plot is not None:
        asked.plot.write_text(plot(costs), encoding="utf-8")


# --- one page -------------------------------------------------------------------------------------


def judged_page(rounds: int, **style: Any) -> tuple[float, float, float]:
    """Seconds of `json.loads` of a page of 100 profiles, of judging it, of proving that this could fail.

    `style` is how `json.dumps` writes the page.
    """
    from contracts.evidence.answers import read
    from contracts.evidence.evidence import Conditions, Evidence
    from contracts.judging.catalogue import load_catalogue
    from contracts.judging.vacuity import detected_mutations
    from contracts.reference.data import generate
    from contracts.runs.exhaustive import is_clean

    value: dict[str, Any] = {"access_profiles": generate(400)[100:200], "count": 100, "total_count": 400}
    text = json.dumps({**value, "limit": 100, "offset": 100}, **style)
    headers = (("Content-Type", "application/json"), ("Date", "Tue, 24 Nov 2026 00:00:00 GMT"))
    exchange = Exchange(1, Request("limit=100&offset=100"), 200, headers, text.encode())
    catalogue = load_catalogue()

    def judge() -> None:
        answer = read(exchange)
        if answer is None or not is_clean(catalogue, Conditions(), answer):
            raise SystemExit("a right page is judged wrong")

    def prove() -> None:
        for id_ in ("RESP-SCHEMA", "PAGE-COUNT", "DATA-USAGE"):
            detected_mutations(catalogue.checks[id_], Evidence.of([exchange]), catalogue.document)

    timed = ((lambda: json.loads(exchange.content)), judge, prove)
    seconds = [[elapsed(one) for one in timed] for _ in range(rounds)]
    least = [min(column) for column in zip(*seconds, strict=True)]
    return least[0], least[1], least[2]


def elapsed(function: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


# --- whole runs -----------------------------------------------------------------------------------


@contextmanager
def served(size: int) -> Iterator[str]:
    """The URL of a list of that size, computed by another process."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    server = _CONTEXT.Process(target=_serve, args=(size, sender), daemon=True)
    server.start()
    try:
        yield receiver.recv()
    finally:
        server.terminate()
        server.join()


def _serve(size: int, sender: Connection) -> None:
    from contracts.reference import serving
    from contracts.reference.computed import build_long_app

    with serving(build_long_app(size)) as deployment:
        sender.send(deployment.url)
        while True:
            time.sleep(3_600)


def apart(function: Callable[[str], Cost], url: str) -> Cost:
    """The cost of a call in a new process, whose memory is its own."""
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_tell, args=(function, url, sender))
    process.start()
    cost: Cost = receiver.recv()
    process.join()
    return cost


def _tell(function: Callable[[str], Cost], url: str, sender: Connection) -> None:
    sender.send(function(url))


def memory() -> float:
    """The most that this process has held, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _MIB


def run_at(size: int) -> Cost:
    """A whole default run on a list of that size."""
    with served(size) as url:
        return apart(whole_run, url)


def whole_run(url: str) -> Cost:
    """A default run."""
    from contracts.model import exit_status
    from contracts.runs.run import Settings, check
    from contracts.transport import Secrets

    began = time.perf_counter()
    result = check(Settings(url, secrets=Secrets(token=REFERENCE_TOKEN)))
    seconds = time.perf_counter() - began
    return Cost(len(result.exchanges), seconds, memory(), exit_status(result.verdicts))


def exhaustive_beside_bare(size: int, rounds: int) -> tuple[Cost, Cost]:
    """The exhaustive walk, and the same pages by httpx and `json.loads`: the least of each."""
    with served(size) as url:
        both = [(apart(partial(walk, size), url), apart(partial(bare, size), url)) for _ in range(rounds)]
    first, second = (min(costs, key=lambda cost: cost.seconds) for costs in zip(*both, strict=True))
    return first, second


def walk(size: int, url: str) -> Cost:
    """The exhaustive walk alone, judging included."""
    from contracts.evidence.evidence import Conditions
    from contracts.judging.catalogue import load_catalogue
    from contracts.runs.exhaustive import ExhaustiveState, ExhaustiveWalk, is_clean
    from contracts.runs.flow import drive
    from contracts.runs.probes.context import ProbeContext
    from contracts.runs.settings import exhaustive_bounds
    from contracts.transport import Bounds, Secrets, Target, Transport

    clean = partial(is_clean, load_catalogue(), Conditions())
    state = ExhaustiveState()
    whole = ExhaustiveWalk(ProbeContext(total=size, max_page_size=100), state, clean, lambda _: None)
    secrets = Secrets(token=REFERENCE_TOKEN)
    with Transport(Target.parse(url, OLD_PATH), secrets, exhaustive_bounds(Bounds())) as transport:
        seconds = elapsed(lambda: drive(whole.flow(), transport.send_all))
    if state.seen != size:
        raise SystemExit(f"{state.seen} of {size} profiles were met")
    return Cost(state.pages, seconds, memory())


def bare(size: int, url: str) -> Cost:
    """The same pages without judging anything."""
    import httpx  # noqa: TID251 - measured for itself

    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {REFERENCE_TOKEN}"}) as client:
        queries = [f"{OLD_PATH}?limit=100&offset={offset}" for offset in range(0, size, 100)]
        seconds = elapsed(lambda: [len(json.loads(client.get(query).content)) for query in queries])
    return Cost(len(queries), seconds, memory())


# --- what is shown --------------------------------------------------------------------------------


def page_table(written: str, loads: float, judging: float, proof: float) -> str:
    """The speed of judging."""
    return "\n".join(
        [
            f"| A page of 100 profiles, {written} | milliseconds | beside `json.loads` |",
            "|---|---|---|",
            f"| `json.loads` | {1_000 * loads:.2f} | 1.00 |",
            f"| parse, schema, all checks of one response | {1_000 * judging:.2f} | {judging / loads:.2f} |",
            f"| proof that three of these could have failed | {1_000 * proof:.2f} | {proof / loads:.2f} |",
            "",
            f"Judged pages a second: {1 / judging:,.0f}.",
        ]
    )


def size_table(costs: dict[int, Cost]) -> str:
    """What a default run takes at each size."""
    lines = ["| Profiles | requests | seconds | memory, MiB | exit status |", "|---|---|---|---|---|"]
    for size, cost in costs.items():
        lines.append(
            f"| {size:,} | {cost.requests} | {cost.seconds:.1f} | {cost.memory:.0f} | {cost.status} |"
        )
    return "\n".join(lines)


def walk_table(walked: Cost, fetched: Cost) -> str:
    """The exhaustive walk beside the bare fetch."""
    ratio = walked.seconds / fetched.seconds
    return "\n".join(
        [
            f"| {walked.requests:,} pages | exhaustive | httpx and `json.loads` | ratio |",
            "|---|---|---|---|",
            f"| seconds | {walked.seconds:.1f} | {fetched.seconds:.1f} | {ratio:.2f} |",
            f"| memory, MiB | {walked.memory:.0f} | {fetched.memory:.0f} | |",
        ]
    )


_WIDTH, _HEIGHT, _LEFT, _TOP = 560, 240, 50, 30


def plot(costs: dict[int, Cost]) -> str:
    """Requests and memory against the size, which grows by tens, as SVG."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 90} {_HEIGHT + 80}" role="img" '
        'font-family="sans-serif" font-size="12">',
        "<title>Requests and memory of a run against the size of the list</title>",
        f'<rect width="{_WIDTH + 90}" height="{_HEIGHT + 80}" fill="#ffffff"/>',
    ]
    for value in (0, 100, 200, 300):
        lines.append(
            f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{_y(value)}" y2="{_y(value)}" stroke="#ddd"/>'
        )
        lines.append(f'<text x="{_LEFT - 8}" y="{_y(value) + 4}" text-anchor="end">{value}</text>')
    for number, size in enumerate(costs):
        x = _x(number, len(costs))
        lines.append(f'<text x="{x}" y="{_TOP + _HEIGHT + 20}" text-anchor="middle">{size:,}</text>')
    lines.append(
        f'<text x="{_LEFT + _WIDTH / 2}" y="{_TOP + _HEIGHT + 42}" text-anchor="middle">profiles</text>'
    )
    lines += _line([cost.requests for cost in costs.values()], "requests", "#1f5fa8")
    lines += _line([cost.memory for cost in costs.values()], "memory, MiB", "#b3541e")
    return "\n".join([*lines, "</svg>", ""])


def _line(values: list[float], name: str, colour: str) -> list[str]:
    points = [(_x(n, len(values)), _y(value)) for n, value in enumerate(values)]
    path = " ".join(f"{x},{y}" for x, y in points)
    dots = [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in points]
    x, y = points[-1]
    label = f'<text x="{x}" y="{y - 9}" text-anchor="end" fill="{colour}">{name}</text>'
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots, label]


def _x(number: int, of: int) -> float:
    return round(_LEFT + (number + 0.5) * _WIDTH / of, 1)


def _y(value: float) -> float:
    return round(_TOP + _HEIGHT * (1 - value / 320), 1)


if __name__ == "__main__":
    main()
