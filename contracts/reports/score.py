"""The score of the suite itself: what it caught, whom it accused, and which check that rests on."""

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
    """One run over the reference deployment: with a fault, or in a legal style.

    `expected` are the requirements that the fault may rightly be reported under; a style has none. `broken`
    are all that the answers break; `reported` are those that no other broken one explains. `unsettled` are
    the MUST requirements that were not judged to the end.
    `long` are those reported whose counterexample takes more than four requests.
    """

    name: str
    seed: int
    expected: tuple[str, ...]
    broken: tuple[str, ...]
    reported: tuple[str, ...]
    unsettled: tuple[str, ...]
    status: int
    requests: int
    long: tuple[str, ...] = ()

    @property
    def caught(self) -> bool:
        """Whether any requirement is reported as broken, a SHOULD too."""
        return bool(self.reported)

    @property
    def caught_rightly(self) -> bool:
        """Whether one of those is what the fault breaks."""
        return not set(self.expected).isdisjoint(self.reported)

    @property
    def accepted(self) -> bool:
        """Whether nothing is broken and everything was judged."""
        return not self.broken and self.status == ExitStatus.CONFORMING


@dataclass(frozen=True, slots=True)
class Score:
    """The trials of all faults and styles, those of the two controls, and the ids of the checks."""

    control_fault: Trial
    control_style: Trial
    faults: tuple[Trial, ...]
    styles: tuple[Trial, ...]
    checks: tuple[str, ...]

    @property
    def void(self) -> str:
        """Why nothing can be said: a suite that passes all, or fails all, would else score well."""
        if not self.control_fault.caught_rightly:
            return f"the control fault {self.control_fault.name} is not caught"
        if not self.control_style.accepted:
            return f"the control style {self.control_style.name} is not accepted"
        return ""

    @property
    def missed(self) -> tuple[Trial, ...]:
        """The faults that nothing shows."""
        return tuple(trial for trial in self.faults if not trial.caught)

    @property
    def misnamed(self) -> tuple[Trial, ...]:
        """The faults that are caught, but under none of the requirements that they break."""
        return tuple(trial for trial in self.faults if trial.caught and not trial.caught_rightly)

    @property
    def accused(self) -> tuple[Trial, ...]:
        """The runs in a legal style of which any requirement, a SHOULD too, is reported as broken."""
        return tuple(trial for trial in self.styles if trial.broken)

    @property
    def unsettled(self) -> tuple[Trial, ...]:
        """The runs in a legal style that accuse nobody and yet do not end with status 0."""
        return tuple(trial for trial in self.styles if not trial.broken and not trial.accepted)

    @property
    def status(self) -> int:
        """0 where all is caught rightly and nobody accused; 1 otherwise.

        A void score is 1 too: it says that the suite does not do its work, and not that it fell over (70).
        """
        wrong = self.void or self.missed or self.misnamed or self.accused
        return ExitStatus.BROKEN if wrong else ExitStatus.CONFORMING

    def ablation(self) -> dict[str, list[str]]:
        """For each check, the faults that would go unnoticed without it.

        Those are the faults that break no other requirement. One that is only blocked by the check counts
        as another: without the check it would be reported.
        """
        lost: dict[str, list[str]] = {id_: [] for id_ in self.checks}
        for trial in self.faults:
            if len(trial.broken) == 1:
                lost[trial.broken[0]].append(trial.name)
        return lost


# --- for people --------------------------------------------------------------------------------------


def render(score: Score, console: Console) -> None:
    """Print the score: the numbers, what went wrong, and what each check is good for."""
    if not score.void:
        _numbers(score, console)
        _section(console, "Missed", (_missed(trial) for trial in score.missed))
        _section(console, "Caught, but by none of the requirements broken", map(_missed, score.misnamed))
        _section(console, "False accusations", (_accused(trial) for trial in score.accused))
        _section(console, "Legal styles not judged to the end", map(_unsettled, score.unsettled))
        _ablation(score, console)
    _wrapped(_conclusion(score), console, first="", style="bold red" if score.status else "bold green")


def _numbers(score: Score, console: Console) -> None:
    faults, caught = len(score.faults), len(score.faults) - len(score.missed)
    rows = [
        ("Caught", f"{caught} of {number_of(faults, 'fault')}"),
        ("By a requirement they break", f"{caught - len(score.misnamed)} of {number_of(faults, 'fault')}"),
        ("False accusations", f"{len(score.accused)} in {number_of(len(score.styles), 'run')} of styles"),
        ("Requests a run", _requests(score)),
    ]
    for label, text in rows:
        console.print(Text(f"{label.ljust(28)} {text}"), soft_wrap=True)
    console.print()


def _requests(score: Score) -> str:
    counts = [trial.requests for trial in (*score.faults, *score.styles)]
    return f"median {statistics.median_low(counts)}, most {max(counts)}"


def _missed(trial: Trial) -> str:
    found = f", reported {', '.join(trial.reported)}" if trial.reported else ""
    return f"{trial.name}: breaks {' or '.join(trial.expected)}{found}"


def _accused(trial: Trial) -> str:
    return f"{_run_of(trial)}: {', '.join(trial.broken)}"


def _unsettled(trial: Trial) -> str:
    return f"{_run_of(trial)}: exit status {trial.status}, {', '.join(trial.unsettled) or 'no reason given'}"


def _run_of(trial: Trial) -> str:
    return f"{trial.name} (seed {trial.seed})"


def _ablation(score: Score, console: Console) -> None:
    lost = score.ablation() if score.faults else {}
    needed = (f"{id_} {len(names)}: {', '.join(names)}" for id_, names in lost.items() if names)
    _section(console, "What would be missed without a check", needed)
    spare = [id_ for id_, names in lost.items() if not names]
    _section(
        console, "Checks without which nothing here would be missed", [", ".join(spare)] if spare else []
    )


def _section(console: Console, title: str, lines: Iterable[str]) -> None:
    found = list(lines)
    if not found:
        return
    console.print(Text(title, "bold"))
    for line in found:
        _wrapped(line, console)
    console.print()


def _wrapped(line: str, console: Console, *, first: str = "  ", style: str = "") -> None:
    # Names keep their hyphens on one line: they are there to be searched for.
    text = textwrap.fill(
        line, console.width, initial_indent=first, subsequent_indent=f"{first}  ", break_on_hyphens=False
    )
    console.print(Text(text, style), soft_wrap=True)


def _conclusion(score: Score) -> str:
    if score.void:
        return f"VOID  {score.void}: no other number would mean anything"
    wrong = len(score.missed) + len(score.misnamed)
    if not score.status:
        return "GOOD  every fault caught by what it breaks, nobody accused"
    accused = number_of(len(score.accused), "false accusation")
    return f"NOT GOOD  {number_of(wrong, 'fault')} not rightly caught, {accused}"


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
        "caught_by_another_requirement": [trial.name for trial in score.misnamed],
        "runs_of_styles": len(score.styles),
        "false_accusations": [_trial(trial) for trial in score.accused],
        "styles_not_judged_to_the_end": [_trial(trial) for trial in score.unsettled],
        "missed_without": {} if score.void else score.ablation(),
        "trials": {
            "controls": [_trial(score.control_fault), _trial(score.control_style)],
            "faults": [_trial(trial) for trial in score.faults],
            "styles": [_trial(trial) for trial in score.styles],
        },
    }


def _trial(trial: Trial) -> Json:
    return {
        "name": trial.name,
        "seed": trial.seed,
        "expected": list(trial.expected),
        "broken": list(trial.broken),
        "reported": list(trial.reported),
        "unsettled": list(trial.unsettled),
        "exit_status": trial.status,
        "requests": trial.requests,
    }


# --- while it lasts ----------------------------------------------------------------------------------


@contextmanager
def live(stream: TextIO) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal while the block runs, told how many runs are done and how many there are."""
    if not stream.isatty():
        yield lambda _done, _total: None
        return
    columns = (TextColumn("Runs"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console_for(stream), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
