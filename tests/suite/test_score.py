"""The score: its arithmetic on made-up trials, what it prints, and a few real runs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace

import pytest
from rich.console import Console

from contracts import reference
from contracts.cli import scoring as score
from contracts.cli.scoring import CONTROL_FAULT, CONTROL_VARIANT, Task
from contracts.judging.catalogue import load_catalogue
from contracts.model import ExitStatus, Outcome, UserError
from contracts.reports import score as report
from contracts.reports.score import Score, Trial
from contracts.reports.terminal import console_for
from contracts.runs import run


def of_fault(name: str, *broken: str, breaks: str = "PAGE-COUNT", reported: Iterable[str] = ()) -> Trial:
    status = ExitStatus.FAILED if broken else ExitStatus.CONFORMING
    return Trial(name, 0, (breaks,), broken, tuple(reported) or broken, (), status, 200)


def of_variant(name: str, *broken: str, status: int = ExitStatus.CONFORMING, seed: int = 0) -> Trial:
    undecided = ("WALK-ONCE",) if status == ExitStatus.INCONCLUSIVE else ()
    return Trial(name, seed, (), broken, broken, undecided, status, 210)


GOOD = Score(
    of_fault("control-fault", "PAGE-COUNT"),
    of_variant("control-variant"),
    (of_fault("one", "PAGE-COUNT"), of_fault("two", "PAGE-COUNT", "PAGE-FILL")),
    (of_variant("legal"),),
    ("PAGE-COUNT", "PAGE-FILL", "WALK-ONCE"),
)
MISSED = of_fault("silent")
MISATTRIBUTED = of_fault("odd", "WALK-ONCE")
FALSE_POSITIVE = of_variant("legal", "DATA-NAMES", seed=3)
INCONCLUSIVE = of_variant("writing", status=ExitStatus.INCONCLUSIVE)
BAD = replace(
    GOOD,
    faults=(*GOOD.faults, MISSED, MISATTRIBUTED),
    variants=(*GOOD.variants, FALSE_POSITIVE, INCONCLUSIVE),
)


def printed(one: Score, width: int = 80) -> str:
    stream = io.StringIO()
    console = console_for(stream)
    console.width = width
    report.render(one, console)
    return stream.getvalue()


# --- arithmetic -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "status"),
    [
        (GOOD, 0),
        (replace(GOOD, faults=(MISSED,)), 1),
        (replace(GOOD, faults=(MISATTRIBUTED,)), 1),
        (replace(GOOD, variants=(FALSE_POSITIVE,)), 1),
        (replace(GOOD, variants=(INCONCLUSIVE,)), 0),
        (replace(GOOD, control_fault=MISSED), 1),
        (replace(GOOD, control_fault=MISATTRIBUTED), 1),
        (replace(GOOD, control_variant=FALSE_POSITIVE), 1),
        (replace(GOOD, control_variant=INCONCLUSIVE), 1),
    ],
)
def test_status_is_zero_only_where_all_is_well(one: Score, status: int) -> None:
    assert one.status == status


def test_every_kind_of_wrong_is_told_apart() -> None:
    assert (BAD.missed, BAD.misattributed) == ((MISSED,), (MISATTRIBUTED,))
    assert (BAD.false_positives, BAD.inconclusive) == ((FALSE_POSITIVE,), (INCONCLUSIVE,))


def test_a_should_fault_is_caught_by_its_should() -> None:
    assert of_fault("names", "DATA-NAMES", breaks="DATA-NAMES").caught_as_expected


def test_a_broken_requirement_that_is_only_blocked_names_no_fault() -> None:
    trial = of_fault("hidden", "PAGE-COUNT", "SERVED", reported=("SERVED",))
    assert trial.caught
    assert not trial.caught_as_expected


def test_without_the_only_check_that_shows_it_a_fault_would_be_missed() -> None:
    assert GOOD.ablation() == {"PAGE-COUNT": ["one"], "PAGE-FILL": [], "WALK-ONCE": []}


def test_without_a_check_those_that_it_blocks_would_still_show_the_fault() -> None:
    blocked = of_fault("blocked", "PAGE-COUNT", "PAGE-FILL", reported=("PAGE-COUNT",))
    assert not any(replace(GOOD, faults=(blocked,)).ablation().values())


def test_a_missed_fault_rests_on_no_check() -> None:
    assert not any(replace(GOOD, faults=(MISSED,)).ablation().values())


# --- what is printed --------------------------------------------------------------------------------


def test_a_good_score_says_so_last() -> None:
    lines = printed(GOOD).splitlines()
    assert lines[0].split() == ["Caught", "2", "of", "2", "faults"]
    assert lines[-1] == "GOOD  every fault caught by a requirement that it breaks, no false positive"
    assert "  PAGE-COUNT 1: one" in lines
    assert "  PAGE-FILL, WALK-ONCE" in lines


def test_a_bad_score_names_each_fault_and_each_variant() -> None:
    text = printed(BAD)
    assert "silent: breaks PAGE-COUNT\n" in text
    assert "odd: breaks PAGE-COUNT, reported WALK-ONCE\n" in text
    assert "legal (seed 3): DATA-NAMES\n" in text
    assert "writing (seed 0): exit status 3, WALK-ONCE\n" in text
    assert text.endswith("NOT GOOD  2 faults missed or misattributed, 1 false positive\n")


def test_a_void_score_gives_its_reason_and_no_number() -> None:
    text = printed(replace(BAD, control_fault=MISSED))
    sentence = "VOID the control fault silent is not caught: the other numbers would mean nothing"
    assert " ".join(text.split()) == sentence
    assert "control variant legal is not accepted" in printed(replace(GOOD, control_variant=FALSE_POSITIVE))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_lines_fit_and_carry_no_escape_sequence_when_piped(width: int) -> None:
    many = tuple(of_fault(f"a-fault-with-the-number-{n}", "PAGE-COUNT") for n in range(100))
    text = printed(replace(BAD, faults=(*BAD.faults, *many)), width)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines()[4:])) <= width


def test_json_holds_the_same() -> None:
    values = json.loads(report.as_json(BAD))
    assert values["exit_status"] == 1
    assert values["void"] is None
    assert (values["missed"], values["misattributed"]) == (["silent"], ["odd"])
    assert [(one["name"], one["seed"]) for one in values["false_positives"]] == [("legal", 3)]
    assert values["missed_without"]["PAGE-COUNT"] == ["one"]
    assert len(values["trials"]["faults"]) == values["faults"] == 4


def test_a_score_of_variants_alone_is_printed_without_an_ablation() -> None:
    assert "without" not in printed(replace(GOOD, faults=()))


# --- which runs are made ----------------------------------------------------------------------------


def test_all_faults_and_variants_are_tried_unless_patterns_say_otherwise() -> None:
    everything = score.tasks(None, None, 1)
    assert {task.fault for task in everything} == {None, *reference.FAULTS}
    assert {task.variant for task in everything} == {None, *reference.VARIANTS}


def test_one_pattern_alone_leaves_the_other_kind_out() -> None:
    assert {task.variant for task in score.tasks("count-*", None, 2)} == {None}
    assert score.tasks(None, "op*n", 2) == (Task(variant="open"), Task(variant="open", seed=1))


@pytest.mark.parametrize(("faults", "variants"), [("none-such-*", None), (None, "none-such-*"), ("", "*")])
def test_a_pattern_that_matches_nothing_is_refused(faults: str | None, variants: str | None) -> None:
    with pytest.raises(UserError, match=r"There is no (fault|variant) that matches"):
        score.tasks(faults, variants, 1)


def test_where_a_control_goes_wrong_nothing_else_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def attempt(task: Task) -> Trial:
        assert task in (Task(fault=CONTROL_FAULT), Task(variant=CONTROL_VARIANT))
        return of_variant(CONTROL_VARIANT) if task.fault is None else of_fault(CONTROL_FAULT)

    monkeypatch.setattr(score, "attempt", attempt)
    reached = score.score(score.tasks(None, None, 1))
    assert reached.void == f"the control fault {CONTROL_FAULT} is not caught"
    assert (reached.faults, reached.variants) == ((), ())


# --- real runs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        "offset-ignored",
        "trailing-comma",
        "web-page-instead",
        "total-ignores-tags",
        "tag-matched-as-substring",
        "nobody-checked",
    ],
)
def test_what_is_reported_is_what_the_judge_reports(fault: str) -> None:
    with score.deployed(fault=fault) as settings:
        verdicts = run.check(settings).verdicts
    trial = score.attempt(Task(fault=fault))
    blocked = {v.requirement.id for v in verdicts if v.outcome is Outcome.BLOCKED}
    assert list(trial.reported) == [v.requirement.id for v in verdicts if v.outcome is Outcome.FAIL]
    assert set(trial.broken) - set(trial.reported) <= blocked
    assert trial.caught_as_expected


def test_causes_are_found_through_others() -> None:
    catalogue = load_catalogue()
    for id_, one in catalogue.checks.items():
        expected = set(one.requires).union(*map(catalogue.prerequisites, one.requires))
        assert set(catalogue.prerequisites(id_)) == expected


def test_the_command_scores_a_few() -> None:
    ran = command("score", "--faults", "count-is-*", "--variants", "by-id*", "--jobs", "2")
    assert (ran.returncode, ran.stderr) == (ExitStatus.CONFORMING, "")
    assert ran.stdout.startswith("Caught                       2 of 2 faults\n")
    assert "False positives              0 in 2 runs of variants\n" in ran.stdout


def test_the_command_refuses_a_pattern_that_matches_nothing() -> None:
    ran = command("score", "--faults", "no-such-fault")
    assert (ran.returncode, ran.stdout) == (ExitStatus.USAGE, "")
    assert "There is no fault that matches 'no-such-fault'" in ran.stderr


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"BIFROST_TOKEN", "FORCE_COLOR"}}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "contracts", *arguments],
        env=environment | {"COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_progress_is_shown_on_a_terminal_alone() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((io.StringIO(), False), (Terminal(), True)):
        with report.progress_bar(stream) as on_progress:
            on_progress(1, 2)
        assert bool(stream.getvalue()) is shown


def test_a_terminal_gets_colours() -> None:
    stream = io.StringIO()
    report.render(GOOD, Console(file=stream, force_terminal=True, color_system="standard"))
    assert "\x1b[1;32mGOOD" in stream.getvalue()
