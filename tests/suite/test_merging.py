"""An exhaustive walk split over machines, and what merging its parts and JSON reports comes to."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from fake import CATALOGUE, Deployment, Style, rows
from samples import HOSTILE, broken, result, verdict
from test_exhaustive import Broken, outcome, reason, shown, walk
from test_sampling import LONG, long_list

from contracts import cli, merging, score
from contracts.everything import told
from contracts.model import Exchange, ExitStatus, Outcome, Request, Result, UserError
from contracts.probes.exhaustive import WALKED, Share, Walked
from contracts.reports import fleet, json_report
from contracts.reports.merged import Merged
from contracts.reports.summary import Terms
from contracts.session import Run
from contracts.subjects.answer import Page
from contracts.transport import Bounds

ROOT = Path(__file__).parents[2]
FIVES = Style(maximum=5, default=5)
Send = Callable[[Request], Exchange]


def part(send: Send, number: int, of: int, file: Path, **options: Any) -> tuple[Run, Result]:
    run, found, _ = walk(send, part=Share(number, of), resume=file, **options)
    return run, found


def in_parts(send: Callable[[], Send], of: int, directory: Path, **options: Any) -> list[Path]:
    files = [directory / f"part-{number}.json" for number in range(1, of + 1)]
    for number, file in enumerate(files, 1):
        part(send(), number, of, file, **options)
    return files


def merged(*files: Path) -> Merged:
    return merging.merge([str(file) for file in files], CATALOGUE)


def outcomes(found: Merged) -> dict[str, Outcome]:
    assert found.walk is not None
    return {v.requirement.id: v.outcome for v in found.walk.verdicts}


def reasons(found: Merged) -> list[str]:
    assert found.walk is not None
    return [v.reason for v in found.walk.verdicts]


def entries(walked: Sequence[Walked]) -> Counter[int]:
    return Counter(chain.from_iterable(bucket for one in walked for bucket in one.buckets))


# --- parts by walking -------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [1, 2, 3, 7, 9])
def test_parts_are_the_whole_walk(of: int, tmp_path: Path) -> None:
    """33 profiles are 7 pages of 5; of 9 parts some have no page."""
    whole, _, _ = walk(Deployment(rows(33), FIVES))
    files = in_parts(lambda: Deployment(rows(33), FIVES), of, tmp_path)
    found = merged(*reversed(files))
    assert outcomes(found) == {"WALK-COMPLETE": Outcome.PASS, "WALK-ONCE": Outcome.PASS}
    assert found.conclusion.status == ExitStatus.CONFORMING
    parts = [Walked.load(file.read_text()) for file in files]
    assert entries(parts) == entries([whole.walked])
    assert sum(one.pages for one in parts) == whole.walked.pages == 7
    assert [one.first for one in parts[1:]] == [one.until for one in parts[:-1]]


def test_parts_of_an_empty_list_are_whole(tmp_path: Path) -> None:
    assert merged(*in_parts(lambda: Deployment([]), 2, tmp_path)).conclusion.status == ExitStatus.CONFORMING


def test_parts_are_whole_with_several_requests_at_a_time(tmp_path: Path) -> None:
    several = {"bounds": Bounds(concurrency=4)}
    files = in_parts(lambda: Deployment(rows(33), FIVES), 2, tmp_path, **several)
    assert merged(*files).conclusion.status == ExitStatus.CONFORMING
    assert [Walked.load(file.read_text()).until for file in files] == [15, 35]


def test_a_part_asks_for_its_own_pages_and_says_so(tmp_path: Path) -> None:
    asked: list[str] = []
    deployment = Deployment(rows(33), FIVES)

    def send(request: Request) -> Exchange:
        asked.extend([request.query] * (request.purpose == WALKED))
        return deployment(request)

    _, found = part(send, 2, 3, tmp_path / "two")
    assert asked == ["limit=5&offset=10", "limit=5&offset=15"]
    assert "exhaustive walk, part 2/3: 10 profiles on 2 pages of 5, from offset 10" in found.notes
    assert reason(found, "WALK-ONCE") == "10 profiles on 2 pages, part 2/3; merge tells of all parts"


def test_a_profile_on_pages_of_two_parts_is_reported(tmp_path: Path) -> None:
    twice = shown(at=5_242, instead=1_317)
    files = [tmp_path / "one", tmp_path / "two"]
    for number, file in enumerate(files, 1):
        _, found = part(long_list(6_000, twice), number, 2, file, **LONG)
        assert outcome(found, "WALK-ONCE") is Outcome.PASS  # neither part can know
    both = merged(*files)
    assert outcomes(both) == {"WALK-COMPLETE": Outcome.INCONCLUSIVE, "WALK-ONCE": Outcome.INCONCLUSIVE}
    assert reasons(both)[0] == "the parts met 5,999 profiles of 6,000"
    assert reasons(both)[1].endswith("limit=100&offset=1300 and limit=100&offset=5200")
    assert both.conclusion.status == ExitStatus.NOT_JUDGED


def interrupted(deployment: Send, pages: int) -> Send:
    """The deployment, with Ctrl-C after so many pages of the walk."""
    seen: list[str] = []

    def send(request: Request) -> Exchange:
        if request.purpose == WALKED:
            if len(seen) == pages:
                raise KeyboardInterrupt
            seen.append(request.query)
        return deployment(request)

    return send


def test_an_interrupted_part_is_refused_until_it_went_on(tmp_path: Path) -> None:
    one, two = in_parts(lambda: Deployment(rows(33), FIVES), 2, tmp_path)
    two.unlink()
    part(interrupted(Deployment(rows(33), FIVES), 1), 2, 2, two)
    found = merged(one, two)
    assert found.conclusion.status == ExitStatus.NOT_JUDGED
    assert f"{two} is not finished: it came to offset 20 of 35" in found.conclusion.reason
    part(Deployment(rows(33), FIVES), 2, 2, two)
    assert merged(one, two).conclusion.status == ExitStatus.CONFORMING


def test_a_file_of_another_part_and_a_finished_one_are_refused(tmp_path: Path) -> None:
    one, two = in_parts(lambda: Deployment(rows(33), FIVES), 2, tmp_path)
    with pytest.raises(UserError, match="holds part 1/2, which is not what"):
        part(Deployment(rows(33), FIVES), 2, 2, one)
    with pytest.raises(UserError, match="holds part 2/2, which is not what"):
        walk(Deployment(rows(33), FIVES), resume=two)
    with pytest.raises(UserError, match="holds part 1/2, walked to its end; remove it"):
        part(Deployment(rows(33), FIVES), 1, 2, one)


def test_a_list_that_moved_between_the_parts(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    part(Deployment(rows(33), FIVES), 1, 2, one)
    part(Deployment(rows(36), FIVES), 2, 2, two)
    found = merged(one, two)
    assert found.conclusion.status == ExitStatus.NOT_JUDGED
    assert f"{two} is of 36 profiles, {one} of 33: the list moved" in found.conclusion.reason


# --- pages that break something by themselves -------------------------------------------------------


def test_broken_pages_need_the_report_of_their_part(tmp_path: Path) -> None:
    one, two, report = tmp_path / "one", tmp_path / "two", tmp_path / "two-report.json"
    part(Broken(rows(600), FIVES), 1, 2, one)
    _, found = part(Broken(rows(600), FIVES), 2, 2, two)
    assert outcome(found, "RESP-SCHEMA") is Outcome.FAIL
    without = merged(one, two)
    assert without.conclusion.status == ExitStatus.NOT_JUDGED
    assert f"{two}: 1 page broke something" in without.conclusion.reason
    report.write_text(json_report.text(found, Terms()))
    told_of = merged(one, two, report)
    assert told_of.conclusion.status == ExitStatus.BROKEN
    assert told_of.walk is not None
    assert told_of.walk.unexplained == ""


def test_what_was_broken_before_an_interruption_is_broken_after_it(tmp_path: Path) -> None:
    file = tmp_path / "walk"
    walk(interrupted(Broken(rows(600), FIVES), 80), resume=file)
    run, found, _ = walk(Broken(rows(600), FIVES), resume=file)
    assert run.walked.done
    assert outcome(found, "RESP-SCHEMA") is Outcome.FAIL


# --- parts made by hand -----------------------------------------------------------------------------


def made(number: int, of: int, *, limit: int = 10, total: int = 95, finished: bool = True) -> Walked:
    walked = Walked(share=Share(number, of))
    walked.begin(limit, total)
    assert walked.end is not None
    while walked.offset < (walked.end if finished else walked.end - limit):
        ids = range(walked.offset, min(total, walked.offset + limit))
        walked.note(cast(Page, SimpleNamespace(ids=list(ids), total=total)))
        walked.offset += limit
    return walked


def put(directory: Path, **walked: Walked) -> list[Path]:
    for name, one in walked.items():
        (directory / name).write_text(one.dump())
    return [directory / name for name in walked]


def moved() -> Walked:
    walked = made(2, 2)
    walked.totals.add(96)
    return walked


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"a": made(1, 2)}, "offsets 50 to 95 are in no file: a part is missing after DIR/a"),
        ({"b": made(2, 2)}, "offsets 0 to 50 are in no file: a part is missing before DIR/b"),
        (
            {"a": made(1, 3), "c": made(3, 3)},
            "offsets 30 to 60 are in no file: a part is missing before DIR/c",
        ),
        ({"a": made(1, 2), "b": made(2, 3)}, "DIR/b begins at offset 30, DIR/a goes on to 50: an overlap"),
        ({"a": made(1, 1), "b": made(1, 1)}, "begins at offset 0, DIR/"),
        ({"a": made(1, 2), "b": made(2, 2, limit=5)}, "DIR/b has pages of 5, DIR/a has pages of 10"),
        (
            {"a": made(1, 2), "b": made(2, 2, total=96)},
            "DIR/b is of 96 profiles, DIR/a of 95: the list moved",
        ),
        ({"a": made(1, 2), "b": moved()}, "DIR/b: total_count moved during the walk (95 and 96)"),
        ({"a": made(1, 2), "b": made(2, 2, finished=False)}, "DIR/b is not finished: it came to offset 90"),
    ],
)
def test_parts_that_make_no_whole_walk(parts: dict[str, Walked], said: str, tmp_path: Path) -> None:
    found = merged(*put(tmp_path, **parts))
    assert found.conclusion.status == ExitStatus.NOT_JUDGED
    assert set(outcomes(found).values()) == {Outcome.INCONCLUSIVE}
    assert said in reasons(found)[0].replace(str(tmp_path), "DIR")


def test_parts_made_by_hand_are_whole_where_nothing_is_wrong(tmp_path: Path) -> None:
    parts = put(tmp_path, a=made(1, 3), b=made(2, 3), c=made(3, 3))
    assert merged(*parts).conclusion.status == ExitStatus.CONFORMING


def test_many_pairs_are_named_in_part_alone(tmp_path: Path) -> None:
    two = made(2, 2)
    for bucket, alike in zip(two.buckets, made(1, 2).buckets, strict=True):
        bucket[:] = array("Q", (entry + 5 for entry in alike))  # the same ids, five pages on
    two.met = sum(map(len, two.buckets))
    [_, once] = reasons(merged(*put(tmp_path, a=made(1, 2), b=two)))
    assert once.endswith("; and 47 more pairs")
    assert once.count("limit=10") == 6


@pytest.mark.parametrize("byteorder", ["little", "big"])
def test_every_machine_reads_what_any_other_wrote(byteorder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "byteorder", byteorder)
    walked = made(2, 3)
    assert Walked.load(walked.dump()) == walked


# --- files that are neither -------------------------------------------------------------------------


def state(**instead: object) -> str:
    return json.dumps({**json.loads(made(1, 1).dump()), **instead})


WRONG = {
    "nothing": "",
    "no JSON": "{",
    "another object": "{}",
    "an empty array": "[]",
    "a number": "1e999",
    "no number": "NaN",
    "many digits": "9" * 5_000,
    "deep": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "array of texts": '["\\ud800", null]',
    "a whole state of the wrong version": state(version=2),
    "buckets of another kind": state(buckets={"a": 1}),
    "too few buckets": state(buckets=[]),
    "no base64": state(buckets=["?"] * 256),
    "half an entry": state(buckets=["AAAA"] * 256),
    "more met than held": state(met=96),
    "a limit of nothing": state(limit=0),
    "a text for a number": state(limit="10"),
    "true for a number": state(limit=True),
    "a number too large": state(total=10**30),
    "a number below nothing": state(first=-10),
    "a share that is none": state(share=[3, 2]),
    "a share of one number": state(share=[1]),
    "a share of texts": state(share=["1", "2"]),
    "an end before the beginning": state(first=50, end=10),
    "totals that are lists": state(totals=[[1]]),
    "a report of nothing": '{"schema_version": 1}',
    "a report with a name": '{"name": "\\u001b[31m", "schema_version": 1}',
}


@pytest.mark.parametrize("name", WRONG)
def test_files_that_are_neither_are_a_usage_error(name: str, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text(WRONG[name])
    assert command("merge", str(file)) == ExitStatus.USAGE


def test_files_that_cannot_be_read_are_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe{}")
    for file in ("bytes", "absent", ".", "a\0b"):
        assert command("merge", str(tmp_path / file)) == ExitStatus.USAGE
    assert command("merge") == ExitStatus.USAGE


# --- reports ----------------------------------------------------------------------------------------

GOOD = result(verdict("SERVED"))
BAD = result(verdict("SERVED"), broken("PAGE-COUNT"))
OPEN = result(verdict("SERVED", Outcome.INCONCLUSIVE, reason="a reason"))


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def report(directory: Path, name: str, found: Result) -> str:
    (directory / name).write_text(json_report.text(found, Terms()))
    return str(directory / name)


@pytest.mark.parametrize(
    ("results", "status"), [([GOOD, GOOD], 0), ([GOOD, OPEN], 3), ([GOOD, OPEN, BAD], 1), ([BAD], 1)]
)
def test_reports_of_several_targets_come_to_the_worst(
    results: list[Result], status: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [report(tmp_path, f"{at}.json", found) for at, found in enumerate(results)]
    assert command("merge", *files) == status
    printed = capsys.readouterr().out
    assert printed.splitlines()[-1].endswith(f"  {len(files)} report{'s' * (len(files) > 1)}")
    assert command("merge", *files, "--json") == status
    value = json.loads(capsys.readouterr().out)
    assert value["exit_status"] == status
    assert value["walk"] is None
    assert [one["file"] for one in value["reports"]] == files


def test_reports_and_those_of_a_fleet_go_with_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = list(map(str, put(tmp_path, a=made(1, 2), b=made(2, 2))))
    several = tmp_path / "fleet.json"
    several.write_text(fleet.text([fleet.Judged("east", GOOD, Terms()), fleet.Judged("west", GOOD, Terms())]))
    single = report(tmp_path, "one.json", GOOD)
    assert command("merge", *parts, single, str(several)) == ExitStatus.CONFORMING
    printed = capsys.readouterr().out
    assert "✓ pass          WALK-ONCE                95 judged" in printed
    assert "west" in printed
    assert printed.splitlines()[-1] == "CONFORMS  2 parts, 3 reports"
    assert command("merge", parts[0], report(tmp_path, "one.json", BAD), "--json") == ExitStatus.BROKEN
    value = json.loads(capsys.readouterr().out)
    assert {one["outcome"] for one in value["walk"]["verdicts"]} == {"inconclusive"}


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_text_in_a_report_is_data(
    form: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replace(OPEN, deployment=HOSTILE, verdicts=(replace(OPEN.verdicts[0], reason=HOSTILE),))
    assert command("merge", report(tmp_path, "hostile.json", found), *form) == ExitStatus.NOT_JUDGED
    printed = capsys.readouterr().out
    assert not set(printed) & {"\x1b", "\x07", "\x00", "\r", "\u202e"}
    assert "\\x1b" in printed or "\\u001b" in printed


@pytest.mark.parametrize("member", ["requests_sent", "seconds"])
def test_numbers_of_no_run_are_refused_and_others_are_not(member: str, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    for number, status in ((10**11, ExitStatus.CONFORMING), (10**4_000, ExitStatus.USAGE)):
        file.write_text(json.dumps(json_report.render(GOOD, Terms()) | {member: number, "seed": 10**4_000}))
        assert command("merge", str(file)) == status


# --- the commands -----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "0/2", "3/2", "1", "1/0", "-1/2", "a/b", "1/2/3", "9" * 5_000, "١/٢"])
def test_parts_that_are_none_are_a_usage_error(given: str, tmp_path: Path) -> None:
    keeping = ("--exhaustive", "--resume", str(tmp_path / "part"))
    assert command("check", "http://127.0.0.1:9", *keeping, "--part", given) == ExitStatus.USAGE


@pytest.mark.parametrize(
    "options", [[], ["--exhaustive"], ["--exhaustive", "--resume", "F", "--only", "PAGE-COUNT"]]
)
def test_a_part_needs_a_walk_and_a_file(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("check", "http://127.0.0.1:9", "--part", "1/2", *options) == ExitStatus.USAGE


def test_a_part_needs_a_file_that_can_be_written(tmp_path: Path) -> None:
    file = str(tmp_path / "absent" / "part")
    options = ("--exhaustive", "--part", "1/2", "--resume", file)
    assert command("check", "http://127.0.0.1:9", *options) == ExitStatus.USAGE


def test_one_file_is_for_one_deployment(tmp_path: Path) -> None:
    urls = ("http://127.0.0.1:9", "http://127.0.0.1:10")
    assert command("check", *urls, "--exhaustive", "--resume", str(tmp_path / "F")) == ExitStatus.USAGE


def started(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    unset = {"BIFROST_TOKEN", "GITHUB_ACTIONS"}
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "contracts", *arguments],
        cwd=ROOT,
        env=kept | {"PYTHONUTF8": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_matrix_of_two_jobs_at_once_and_one_that_merges(tmp_path: Path) -> None:
    """As CI does it: each job has its part from a variable and hands on its directory."""
    states = [tmp_path / f"part-{number}.json" for number in (1, 2)]
    reports = [tmp_path / f"report-{number}" for number in (1, 2)]
    with score.deployed(profiles=250) as settings:
        token = settings.secrets.token or ""
        jobs = [
            started(
                *("check", settings.base_url, "--exhaustive", "--quiet", "--allow-unexercised"),
                *("--examples", "1", "--resume", str(kept), "--report", str(directory)),
                BIFROST_TOKEN=token,
                BIFROST_CONTRACTS_PART=f"{number}/2",
            )
            for number, kept, directory in zip((1, 2), states, reports, strict=True)
        ]
        said = [job.communicate(timeout=100) for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], said
    files = [*map(str, states), *(str(directory / "report.json") for directory in reports)]
    merging_job = started("merge", *files)
    printed, complained = merging_job.communicate(timeout=60)
    assert (merging_job.returncode, complained) == (0, "")
    assert printed.splitlines()[-1] == "CONFORMS  2 parts, 2 reports"
    walked = [Walked.load(kept.read_text()) for kept in states]
    assert [(one.first, one.until, one.met) for one in walked] == [(0, 100, 100), (100, 300, 150)]
    assert told(walked[0]) in json.loads((reports[0] / "report.json").read_text())["notes"]
    assert token not in printed + "".join(kept.read_text() for kept in states)
    lone = started("merge", files[0])
    assert "a part is missing after" in lone.communicate(timeout=60)[0].replace("\n", " ")
    assert lone.returncode == ExitStatus.NOT_JUDGED


def test_the_matrix_in_the_readme_has_all_parts() -> None:
    [block] = re.findall(r"^```yaml\n(jobs:.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    jobs = yaml.safe_load(block)["jobs"]
    numbers = jobs["walk"]["strategy"]["matrix"]["part"]
    given = jobs["walk"]["env"]["BIFROST_CONTRACTS_PART"]
    shares = [Share.parse(given.replace("${{ matrix.part }}", str(number))) for number in numbers]
    assert shares == [Share(number, len(numbers)) for number in range(1, len(numbers) + 1)]
    assert jobs["verdict"]["steps"][-1]["run"].startswith("bifrost-contracts merge walk-*/part.json")


def test_targets_are_split_by_jobs_and_merged_by_their_reports(tmp_path: Path) -> None:
    for name, fault in (("east", None), ("west", "count-is-total")):
        with score.deployed(fault=fault) as settings:
            job = started(
                *("check", settings.base_url, "--json", "--only", "PAGE-COUNT"),
                BIFROST_TOKEN=settings.secrets.token or "",
            )
            (tmp_path / name).write_text(job.communicate(timeout=100)[0])
    good, bad = str(tmp_path / "east"), str(tmp_path / "west")
    assert command("merge", good) == ExitStatus.CONFORMING
    assert command("merge", good, bad) == ExitStatus.BROKEN


def test_a_reader_that_goes_away_does_not_change_the_exit_status(tmp_path: Path) -> None:
    [file] = put(tmp_path, a=made(1, 2))
    for form in ([], ["--json"]):
        job = started("merge", str(file), *form)
        assert job.stdout is not None
        job.stdout.close()
        assert job.wait(60) == ExitStatus.NOT_JUDGED
        assert job.stderr is not None
        assert job.stderr.read() == ""
        job.stderr.close()
