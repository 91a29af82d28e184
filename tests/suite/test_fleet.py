"""Several deployments in one run: concurrent, side by side, each its own token, one exit status."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from contracts.cli import app as cli
from contracts.cli import config, scoring
from contracts.judging.catalogue import load_catalogue
from contracts.model import Outcome, Result, UserError
from contracts.reports import fleet as report
from contracts.reports.summary import ReportOptions
from contracts.runs import fleet, run
from contracts.runs.probes.generated import cases
from contracts.runs.run import Settings
from tests.support.browser import Visit, chromium
from tests.support.samples import HOSTILE, broken, of_every_outcome, result, verdict

ONE, TWO, THREE = "http://127.0.0.1:7", "http://127.0.0.1:8", "http://127.0.0.1:9"
CONFORMING = result(verdict("SERVED"))
BROKEN = result(verdict("SERVED"), broken("PAGE-COUNT"))
OPEN = result(verdict("SERVED", Outcome.INCONCLUSIVE))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Settings by URL of the runs that were started; what they give depends on the port."""
    settings: dict[str, Any] = {}

    def check(given: Any, **_: object) -> Result:
        settings[given.base_url] = given
        gives = {ONE: CONFORMING, TWO: BROKEN, THREE: OPEN}[given.base_url]
        return replace(gives, deployment=f"{given.base_url}/api/access-profiles")

    monkeypatch.setattr("contracts.runs.run.check", check)
    monkeypatch.chdir(tmp_path)
    for name in ("BIFROST_TOKEN", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return settings


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("urls", "status"), [([ONE, ONE], 0), ([ONE, THREE], 3), ([ONE, THREE, TWO], 1), ([TWO, ONE], 1)]
)
@pytest.mark.parametrize("form", [[], ["--json"], ["--quiet"]])
@pytest.mark.usefixtures("asked")
def test_the_exit_status_is_the_worst(urls: list[str], status: int, form: list[str]) -> None:
    assert command("check", *urls, *form) == status


@pytest.mark.usefixtures("asked")
def test_the_table_has_a_line_for_each_and_the_failures(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("check", ONE, TWO, THREE) == 1
    printed = capsys.readouterr().out
    assert f"== {TWO}\n\nFAIL  PAGE-COUNT (MUST)" in printed
    assert "1 of 3 deployments conform; exit status 1" in printed.splitlines()[-1]
    assert "Not passed everywhere" in printed


@pytest.mark.usefixtures("asked")
def test_json_is_an_array_in_the_order_given(capsys: pytest.CaptureFixture[str]) -> None:
    command("check", TWO, ONE, "--json")
    reports = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["exit_status"]) for one in reports] == [(TWO, 1), (ONE, 0)]


def test_each_target_has_its_own_token(asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "FIRST": "first-secret-123",
        "SECOND": "second-secret-1",
        "SHARED": "shared-123456",
    }.items():
        monkeypatch.setenv(name, value)
    Path("targets.toml").write_text(
        f'[[target]]\nurl = "{ONE}"\nname = "east"\ntoken_env = "FIRST"\n'
        f'[[target]]\nurl = "{TWO}"\ntoken-env = "SECOND"\npath = "/x"\n'
        f'[[target]]\nurl = "{THREE}"\nopen = true\n'
    )
    assert command("check", "--targets", "targets.toml", "--token-env", "SHARED", "--report", "out") == 1
    tokens = {url: settings.secrets.token for url, settings in asked.items()}
    assert tokens == {ONE: "first-secret-123", TWO: "second-secret-1", THREE: "shared-123456"}
    assert (asked[TWO].path, asked[THREE].open, asked[ONE].open) == ("/x", True, False)
    page = Path("out/east/report.html").read_text()
    assert "$FIRST" not in Path("out/http-127-0-0-1-8/report.html").read_text()
    assert "CONFORMS" in page
    written = [path.read_text("utf-8") for path in Path("out").rglob("*") if path.is_file()]
    assert len(written) == 2 + 3 * 5
    assert not any("secret" in text for text in written)
    assert [one["name"] for one in json.loads(Path("out/fleet.json").read_text())] == ["east", TWO, THREE]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must contain a table"),
        ("target = []", "must contain a table"),
        ("target = 5", "must contain a table"),
        ("target = [5]", "each target must be a table"),
        ('x = 1\n[[target]]\nurl = "http://h"', "must contain a table"),
        ("[[target]]\n", "needs a url"),
        ('[[target]]\nurl = " "', "url is empty"),
        ('[[target]]\nurll = "x"', "no key 'urll'. Did you mean 'url'?"),
        ('[[target]]\nzzzzz = "x"', "Known keys are"),
        ("[[target]]\nurl = 5", "url takes a string"),
        ('[[target]]\nurl = "x"\nopen = "no"', "open takes true or false"),
        ("[", "is not valid TOML"),
    ],
)
def test_a_file_of_targets_that_makes_no_sense_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "targets.toml").write_text(text)
    with pytest.raises(UserError, match=said.replace("?", r"\?")):
        fleet.read_targets(tmp_path / "targets.toml")
    with pytest.raises(UserError, match="cannot be read"):
        fleet.read_targets(tmp_path / "missing.toml")


def test_a_mistake_in_one_target_stops_all_before_anything_is_asked(asked: dict[str, Any]) -> None:
    Path("targets.toml").write_text(
        f'[[target]]\nurl = "{ONE}"\n[[target]]\nurl = "{TWO}"\ntoken_env = "UNSET"\n'
    )
    assert command("check", "--targets", "targets.toml") == 2
    assert asked == {}


def test_the_file_of_options_may_name_urls_or_targets(asked: dict[str, Any]) -> None:
    Path("targets.toml").write_text(f'[[target]]\nurl = "{THREE}"\n')
    Path(config.FILE).write_text(f'url = ["{ONE}", "{TWO}"]\n')
    assert command("check") == 1
    assert command("check", "--targets", "targets.toml") == 3
    Path(config.FILE).write_text('targets = "targets.toml"\n')
    assert command("check") == 3
    assert command("check", ONE) == 0
    assert set(asked) == {ONE, TWO, THREE}


@pytest.mark.usefixtures("asked")
def test_a_plan_asks_nothing_and_names_each(
    capsys: pytest.CaptureFixture[str], asked: dict[str, Any]
) -> None:
    assert command("check", ONE, TWO, "--plan") == 0
    assert asked == {}
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()][:2] == [ONE, TWO]


@pytest.mark.usefixtures("asked")
def test_the_badge_counts(tmp_path: Path) -> None:
    command("check", ONE, TWO, "--badge", "all.svg")
    drawn = ElementTree.fromstring((tmp_path / "all.svg").read_text())
    assert drawn.attrib["aria-label"].endswith("1 of 2 conform")


def test_names_and_directories_are_each_one_of_a_kind() -> None:
    assert report.unique_names(["a", "b", "a", "a"]) == ("a", "b", "a (2)", "a (3)")
    assert report.directories(["../..", "A b", "a-b", "é", "x" * 99]) == (
        "deployment", "a-b", "a-b-2", "deployment-2", "x" * 60,
    )  # fmt: skip


def test_the_overview_opens_quietly_whatever_a_deployment_sends(tmp_path: Path) -> None:
    shown = [
        report.Judged("east", CONFORMING, ReportOptions()),
        report.Judged(HOSTILE + "<script>alert(1)</script>", of_every_outcome(HOSTILE), ReportOptions()),
    ]
    report.prepare(tmp_path, [one.name for one in shown])
    report.write(shown, tmp_path)
    with chromium() as browser:
        visit = Visit(browser, tmp_path / "index.html", viewport={"width": 400, "height": 800})
        assert (visit.said, visit.foreign) == ([], [])
        assert visit.page.locator("header .word").inner_text() == "1 of 2 deployments conform"
        visit.page.get_by_role("link", name="east").click()
        assert visit.page.locator("header .word").inner_text() == "CONFORMS"


# --- at the same time -------------------------------------------------------------------------------


def members(*settings: Settings) -> list[fleet.FleetMember]:
    return [fleet.FleetMember(str(at), one, ReportOptions()) for at, one in enumerate(settings)]


def test_they_are_checked_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(3, timeout=10)

    def check(*_: object, **__: object) -> Result:
        together.wait()
        return CONFORMING

    monkeypatch.setattr("contracts.runs.run.check", check)
    judged = fleet.check_all(members(*[Settings(ONE)] * 3), load_catalogue())
    assert [one.name for one in judged] == ["0", "1", "2"]


def test_ctrl_c_ends_every_run_with_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    def check(*_: object, progress: Callable[[object], None], **__: object) -> Result:
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                progress(object())
        return OPEN

    monkeypatch.setattr("contracts.runs.run.check", check)
    monkeypatch.setattr(fleet, "wait_for", interrupted)
    judged = fleet.check_all(members(Settings(ONE), Settings(TWO)), load_catalogue())
    assert [one.result for one in judged] == [OPEN, OPEN]


def test_queries_are_generated_by_one_thread_at_a_time() -> None:
    path = load_catalogue().document.path
    cases.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: cases(path, seed, 6), range(4)))
    cases.cache_clear()
    assert together == [cases(path, seed, 6) for seed in range(4)]


def test_verdicts_are_those_of_a_run_alone() -> None:
    catalogue = load_catalogue()
    with (
        scoring.deployed(fault="total-ignores-tags", variant=None, seed=0, profiles=40) as first,
        scoring.deployed(fault=None, variant=None, seed=0, profiles=40) as second,
    ):
        settings = [Settings(one.base_url, secrets=one.secrets, open=one.open) for one in (first, second)]
        alone = [run.check(one, catalogue=catalogue) for one in settings]
        cases.cache_clear()  # so that both threads generate queries
        together = fleet.check_all(members(*settings), catalogue)
    for one, other in zip(alone, together, strict=True):
        assert [v.outcome for v in other.result.verdicts] == [v.outcome for v in one.verdicts]
        assert [e.request for e in other.result.exchanges] == [e.request for e in one.exchanges]
    assert report.status(together) == 1
