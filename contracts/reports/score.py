"""The score of the suite itself: faults caught, false positives, and which check each fault depends on."""

from __future__ import annotations

import json
import statistics
import textwrap
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from contracts import __version__
from contracts.model import ExitStatus
from contracts.reports.terminal import console_for
from contracts.reports.text import number_of

SCHEMA_VERSION = 1

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of the reference deployment, with a fault or in a variant.

    `expected` are the requirements under which the fault may be reported; a variant has none. `broken` are
    all that fail, `reported` those that no other failure explains. `undecided` are the MUST requirements
    that neither pass nor fail. `long` are those whose counterexample takes more than four requests.
    """

    name: str
    seed: int
    expected: tuple[str, ...]
    broken: tuple[str, ...]
    reported: tuple[str, ...]
    undecided: tuple[str, ...]
    status: int
    requests: int
    long: tuple[str, ...] = ()

    @property
    def caught(self) -> bool:
        """Whether any requirement is reported as broken, SHOULDs included."""
        return bool(self.reported)

    @property
    def caught_as_expected(self) -> bool:
        """Whether a requirement that the fault breaks is reported."""
        return not set(self.expected).isdisjoint(self.reported)

    @property
    def accepted(self) -> bool:
        """Whether everything was decided, and nothing is broken."""
        return not self.broken and self.status == ExitStatus.CONFORMING


@dataclass(frozen=True, slots=True)
class Score:
    """The trials of the two controls, of all faults and of all variants, and the ids of the checks."""

    control_fault: Trial
    control_variant: Trial
    faults: tuple[Trial, ...]
    variants: tuple[Trial, ...]
    checks: tuple[str, ...]

    @property
    def void(self) -> str:
        """Why the score means nothing: a suite that fails everything would catch all faults."""
        if not self.control_fault.caught_as_expected:
            return f"the control fault {self.control_fault.name} is not caught"
        if not self.control_variant.accepted:
            return f"the control variant {self.control_variant.name} is not accepted"
        return ""

    @property
    def missed(self) -> tuple[Trial, ...]:
        """The faults that were not caught."""
        return tuple(trial for trial in self.faults if not trial.caught)

    @property
    def misattributed(self) -> tuple[Trial, ...]:
        """The faults that were caught, but under none of the requirements that they break."""
        return tuple(trial for trial in self.faults if trial.caught and not trial.caught_as_expected)

    @property
    def false_positives(self) -> tuple[Trial, ...]:
        """The runs of variants with any requirement reported as broken, SHOULDs included."""
        return tuple(trial for trial in self.variants if trial.broken)

    @property
    def inconclusive(self) -> tuple[Trial, ...]:
        """The runs of variants that report nothing as broken, but do not end with status 0."""
        return tuple(trial for trial in self.variants if not trial.broken and not trial.accepted)

    @property
    def status(self) -> int:
        """0 if every fault was caught as expected, without a false positive; otherwise 1."""
        wrong = self.void or self.missed or self.misattributed or self.false_positives
        return ExitStatus.FAILED if wrong else ExitStatus.CONFORMING

    def ablation(self) -> dict[str, list[str]]:
        """For each check, the faults that would be missed without it: those that break nothing else.

        A failure that the check blocks counts as another, because it would be reported without the check.
        """
        lost: dict[str, list[str]] = {id_: [] for id_ in self.checks}
        for trial in self.faults:
            if len(trial.broken) == 1:
                lost[trial.broken[0]].append(trial.name)
        return lost


# --- for people --------------------------------------------------------------------------------------


def render(score: Score, console: Console) -> None:
    """Print the score: the numbers, what went wrong, and the faults that depend on each check."""
    if not score.void:
        _numbers(score, console)
        _section(console, "Missed", (_missed(trial) for trial in score.missed))
        _section(
            console, "Caught, but not by a requirement that they break", map(_missed, score.misattributed)
        )
        _section(console, "False positives", (_false_positive(trial) for trial in score.false_positives))
        _section(console, "Inconclusive runs of variants", map(_inconclusive, score.inconclusive))
        _ablation(score, console)
    _wrapped(_conclusion(score), console, first="", style="bold red" if score.status else "bold green")


def _numbers(score: Score, console: Console) -> None:
    faults, caught = len(score.faults), len(score.faults) - len(score.missed)
    rows = [
        ("Caught", f"{caught} of {number_of(faults, 'fault')}"),
        (
            "By a requirement they break",
            f"{caught - len(score.misattributed)} of {number_of(faults, 'fault')}",
        ),
        (
            "False positives",
            f"{len(score.false_positives)} in {number_of(len(score.variants), 'run')} of variants",
        ),
        ("Requests per run", _requests(score)),
    ]
    for label, text in rows:
        console.print(Text(f"{label.ljust(28)} {text}"), soft_wrap=True)
    console.print()


def _requests(score: Score) -> str:
    counts = [trial.requests for trial in (*score.faults, *score.variants)]
    return f"median {statistics.median_low(counts)}, maximum {max(counts)}"


def _missed(trial: Trial) -> str:
    found = f", reported {', '.join(trial.reported)}" if trial.reported else ""
    return f"{trial.name}: breaks {' or '.join(trial.expected)}{found}"


def _false_positive(trial: Trial) -> str:
    return f"{_run_of(trial)}: {', '.join(trial.broken)}"


def _inconclusive(trial: Trial) -> str:
    return f"{_run_of(trial)}: exit status {trial.status}, {', '.join(trial.undecided) or 'no reason given'}"


def _run_of(trial: Trial) -> str:
    return f"{trial.name} (seed {trial.seed})"


def _ablation(score: Score, console: Console) -> None:
    lost = score.ablation() if score.faults else {}
    needed = (f"{id_} {len(names)}: {', '.join(names)}" for id_, names in lost.items() if names)
    _section(console, "Faults that would be missed without a check", needed)
    spare = [id_ for id_, names in lost.items() if not names]
    _section(console, "Checks without which no fault would be missed", [", ".join(spare)] if spare else [])


def _section(console: Console, title: str, lines: Iterable[str]) -> None:
    found = list(lines)
    if not found:
        return
    console.print(Text(title, "bold"))
    for line in found:
        _wrapped(line, console)
    console.print()


def _wrapped(line: str, console: Console, *, first: str = "  ", style: str = "") -> None:
    # Names are not broken at hyphens, so that a search finds them.
    text = textwrap.fill(
        line, console.width, initial_indent=first, subsequent_indent=f"{first}  ", break_on_hyphens=False
    )
    console.print(Text(text, style), soft_wrap=True)


def _conclusion(score: Score) -> str:
    if score.void:
        return f"VOID  {score.void}: the other numbers would mean nothing"
    wrong = len(score.missed) + len(score.misattributed)
    if not score.status:
        return "GOOD  every fault caught by a requirement that it breaks, no false positive"
    false_positives = number_of(len(score.false_positives), "false positive")
    return f"NOT GOOD  {number_of(wrong, 'fault')} missed or misattributed, {false_positives}"


# --- for machines ------------------------------------------------------------------------------------


def as_json(score: Score) -> str:
    """The score as JSON text."""
    return json.dumps(_values(score), indent=2) + "\n"


def _values(score: Score) -> Json:
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": {"name": "bifrost-contracts", "version": __version__},
        "exit_status": score.status,
        "void": score.void or None,
        "faults": len(score.faults),
        "missed": [trial.name for trial in score.missed],
        "misattributed": [trial.name for trial in score.misattributed],
        "runs_of_variants": len(score.variants),
        "false_positives": [_trial(trial) for trial in score.false_positives],
        "inconclusive": [_trial(trial) for trial in score.inconclusive],
        "missed_without": {} if score.void else score.ablation(),
        "trials": {
            "controls": [_trial(score.control_fault), _trial(score.control_variant)],
            "faults": [_trial(trial) for trial in score.faults],
            "variants": [_trial(trial) for trial in score.variants],
        },
    }


def _trial(trial: Trial) -> Json:
    return {
        "name": trial.name,
        "seed": trial.seed,
        "expected": list(trial.expected),
        "broken": list(trial.broken),
        "reported": list(trial.reported),
        "undecided": list(trial.undecided),
        "exit_status": trial.status,
        "requests": trial.requests,
    }


# --- while it lasts ----------------------------------------------------------------------------------


@contextmanager
def progress_bar(stream: TextIO) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal while the block runs; it is called with the finished and all runs."""
    if not stream.isatty():
        yield lambda _done, _total: None
        return
    columns = (TextColumn("Runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console_for(stream), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
