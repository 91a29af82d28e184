"""The face for pytest: what an outcome means to it, what it refuses, and what it must never print."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts import pytest_plugin, reference  # noqa: F401

# Imported here because pytester forgets modules that are first imported while a test of it runs.
from contracts.judging import catalogue
from contracts.model import Level, Outcome, Result, UserError
from contracts.runs import run
from contracts.runs.exhaustive import ExhaustiveState, load_state
from tests.support.samples import HOSTILE, SECRET, URL, broken, of_every_outcome, requirement, result, verdict

BASE_URL = "http://127.0.0.1:9"
CONTRACT = Path(__file__).parents[1] / "test_contract.py"
Run = Callable[..., pytest.RunResult]


class FakeCatalogue:
    """Enough of a catalogue for the plugin: the requirements of a result, and one without a check."""

    def __init__(self, gives: Result) -> None:
        checked = tuple(v.requirement for v in gives.verdicts)
        self.requirements = (*checked, requirement("ACCESS-SCOPE", untested="no second token"))
        self.tested = frozenset(found.id for found in checked)


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Settings of the runs that were started; they give one requirement of every outcome."""
    return judging(monkeypatch, of_every_outcome())


def judging(monkeypatch: pytest.MonkeyPatch, gives: Result, raises: BaseException | None = None) -> list[Any]:
    asked: list[Any] = []

    def check(given: Any, **_: object) -> Result:
        asked.append(given)
        if raises is not None:
            raise raises
        chosen = [v for v in gives.verdicts if not given.only or v.requirement.id in given.only]
        return replace(gives, verdicts=tuple(chosen))

    monkeypatch.setattr(run, "check", check)
    monkeypatch.setattr(catalogue, "load_catalogue", lambda: FakeCatalogue(gives))
    return asked


@pytest.fixture
def judge(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest in a project that has the contract's test and one of the suite's own."""
    for name in ("PYTEST_BASE_URL", "BIFROST_TOKEN", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    pytester.makeconftest('pytest_plugins = ["contracts.pytest_plugin"]')
    pytester.makepyprojecttoml(
        '[tool.pytest.ini_options]\ntestpaths = ["tests"]\nfilterwarnings = ["error"]\n'
        'addopts = ["-ra", "--strict-markers", "-p", "no:cacheprovider"]'
    )
    (pytester.mkdir("tests") / "suite").mkdir()
    shutil.copy(CONTRACT, pytester.path / "tests")
    (pytester.path / "tests" / "suite" / "test_own.py").write_text("def test_own(): pass")
    return pytester.runpytest_inprocess


# --- outcomes ---------------------------------------------------------------------------------------


def test_every_outcome_is_what_pytest_has_for_it(judge: Run, settings: list[Any]) -> None:
    ran = judge("--base-url", BASE_URL)
    ran.assert_outcomes(passed=1, failed=1, xfailed=1, skipped=6)
    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    assert len(settings) == 1
    assert settings[0].only == frozenset()
    test = "tests/test_contract.py::test_requirement"
    assert f"FAILED {test}[PAGE-COUNT] - expected 25 of 24, got 24" in ran.outlines
    assert f"XFAIL {test}[FILTER-ORDER] - expected 25 of 24, got 24" in ran.stdout.str()


def test_a_failure_shows_the_block_and_no_traceback(judge: Run, settings: list[Any]) -> None:
    printed = judge("--base-url", BASE_URL, "-k", "PAGE-COUNT").stdout.str()
    assert "  The sentence of PAGE-COUNT.\n  Expected  25 of 24\n  Got       24\n" in printed
    assert f"curl -g -i '{URL}?limit=25'" in printed
    assert "contracts/pytest_plugin.py" not in printed
    assert "contracts/plugin/" not in printed
    assert "Failed: " not in printed
    assert settings[0].only == {"PAGE-COUNT"}


def test_level_should_makes_a_broken_should_fail(judge: Run, settings: list[Any]) -> None:
    judge("--base-url", BASE_URL, "--level", "should").assert_outcomes(passed=1, failed=2, skipped=6)
    assert len(settings) == 1


@pytest.mark.usefixtures("settings")
def test_marks_carry_the_level(judge: Run) -> None:
    judge("--base-url", BASE_URL, "-m", "should").assert_outcomes(xfailed=1, deselected=8)


def test_only_what_is_selected_is_asked_for(judge: Run, settings: list[Any]) -> None:
    judge("--base-url", BASE_URL, "-k", "SERVED or WALK-TOTAL or ACCESS-SCOPE")
    assert settings[0].only == {"SERVED", "WALK-TOTAL"}


def test_nothing_is_asked_for_requirements_without_a_check(judge: Run, settings: list[Any]) -> None:
    ran = judge("--base-url", BASE_URL, "-k", "ACCESS-SCOPE")
    ran.assert_outcomes(skipped=1, deselected=8)
    ran.stdout.fnmatch_lines(["*ACCESS-SCOPE has no check: no second token*"])
    assert settings == []


def test_collecting_asks_for_nothing(judge: Run, settings: list[Any]) -> None:
    ran = judge("--base-url", BASE_URL, "--collect-only", "-q")
    assert "tests/test_contract.py::test_requirement[PAGE-COUNT]" in ran.outlines
    assert settings == []


# --- exit status ------------------------------------------------------------------------------------

PASSES = verdict("SERVED")
BROKEN_SHOULD = broken("FILTER-ORDER", level=Level.SHOULD)


@pytest.mark.parametrize(
    ("verdicts", "options", "status"),
    [
        ([PASSES], [], 0),
        ([PASSES, BROKEN_SHOULD], [], 0),
        ([PASSES, BROKEN_SHOULD], ["--level=should"], 1),
        ([PASSES, broken("PAGE-COUNT")], [], 1),
        ([PASSES, verdict("WALK-ONCE", Outcome.INCONCLUSIVE)], [], pytest_plugin.INCONCLUSIVE),
        ([PASSES, verdict("WALK-ONCE", Outcome.BLOCKED)], [], pytest_plugin.INCONCLUSIVE),
        ([PASSES, verdict("WALK-ONCE", Outcome.NOT_EXERCISED)], [], pytest_plugin.INCONCLUSIVE),
        ([PASSES, verdict("WALK-ONCE", Outcome.NOT_EXERCISED)], ["--allow-unexercised"], 0),
        ([PASSES, verdict("WALK-ONCE", Outcome.INCONCLUSIVE)], ["-k", "SERVED"], 0),
        ([PASSES, verdict("WALK-ONCE", Outcome.NOT_APPLICABLE)], [], 0),
        ([broken("PAGE-COUNT"), verdict("WALK-ONCE", Outcome.INCONCLUSIVE)], [], 1),
    ],
)
def test_a_session_that_did_not_judge_is_no_success(
    judge: Run, verdicts: list[Any], options: list[str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging(monkeypatch, result(*verdicts))
    ran = judge("--base-url", BASE_URL, *options)
    assert ran.ret == status
    told = [line for line in ran.outlines if line.startswith("INCONCLUSIVE: 1 ")]
    assert bool(told) == (status == pytest_plugin.INCONCLUSIVE)


def test_unjudged_is_no_status_of_pytest() -> None:
    assert pytest_plugin.INCONCLUSIVE not in list(pytest.ExitCode)


# --- what is judged ---------------------------------------------------------------------------------


def test_with_a_base_url_the_suites_own_tests_never_run(judge: Run, settings: list[Any]) -> None:
    assert "test_own" not in judge("--base-url", BASE_URL, "-v").stdout.str()
    named = judge("--base-url", BASE_URL, "-v", "tests/suite/test_own.py", "tests/test_contract.py")
    assert "test_own" not in "\n".join(named.outlines)
    assert len(settings) == 2


def test_the_last_line_and_the_header_say_what_is_judged(judge: Run, settings: list[Any]) -> None:
    given = judge("--base-url", BASE_URL)
    assert f"contract: checks {BASE_URL}" in given.outlines
    assert given.outlines[-1].startswith(f"contract: checked {BASE_URL}: 1 pass, 2 fail, 1 inconclusive")
    served = judge()
    said = "the embedded reference deployment (no --base-url given)"
    assert f"contract: checks {said}" in served.outlines
    assert served.outlines[-1].startswith(f"contract: checked {said}: 1 pass, 2 fail")
    assert settings[1].base_url.startswith("http://127.0.0.1:")
    assert settings[1].secrets.token is not None


def test_the_base_url_may_come_from_the_variable_or_the_configuration(
    judge: Run, settings: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    judge("-o", f"base_url={BASE_URL}/a")
    monkeypatch.setenv("PYTEST_BASE_URL", f"{BASE_URL}/b")
    judge()
    assert [one.base_url for one in settings] == [f"{BASE_URL}/a", f"{BASE_URL}/b"]


def test_options_reach_the_run(judge: Run, settings: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", SECRET)
    given = (
        "--path /p --token-env MINE --open --seed 7 --max-requests 9 --rate 2 --timeout 3 --deadline 4 "
        "--skip-hostile --examples 5"
    )
    judge("--base-url", BASE_URL, *given.split())
    (one,) = settings
    assert (one.base_url, one.path, one.secrets.token, one.open) == (BASE_URL, "/p", SECRET, True)
    assert (one.seed, one.skip_hostile, one.examples) == (7, True, 5)
    bounds = one.bounds
    assert (bounds.max_requests, bounds.rate, bounds.timeout, bounds.deadline) == (9, 2.0, 3.0, 4.0)


def test_options_of_the_network_reach_the_run(
    judge: Run, settings: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = tmp_path / "any.pem"
    pem.touch()
    monkeypatch.setenv("FIELDS", f"X-Key: {SECRET}")
    given = f"--no-concurrent-writes --concurrency 3 --headers-env FIELDS --ca={pem}"
    given += f" --client-cert={pem} --client-key={pem}"
    judge("--base-url", BASE_URL, "--http2", *given.split())
    (one,) = settings
    assert (one.no_concurrent_writes, one.http2, one.verify) == (True, True, str(pem))
    assert (one.cert, one.bounds.concurrency) == ((str(pem), str(pem)), 3)
    assert one.secrets.headers == (("X-Key", SECRET),)


def test_everything_may_be_walked(judge: Run, settings: list[Any]) -> None:
    judge("--base-url", BASE_URL, "--exhaustive", "--resume=walk.json", "--deadline", "9")
    (one,) = settings
    assert (one.exhaustive, one.resume) == (True, Path("walk.json"))
    assert (one.bounds.deadline, one.bounds.max_requests >= 10**9) == (9.0, True)


def test_a_checkpoint_is_saved_after_the_reports(judge: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(given: Any, *, checkpoint: Callable[[ExhaustiveState], None], **_: object) -> Result:
        checkpoint(ExhaustiveState(limit=10, offset=20, total=100, pages=2))
        assert not given.resume.exists()
        return of_every_outcome()

    judging(monkeypatch, of_every_outcome())
    monkeypatch.setattr(run, "check", check)
    exhaustive = ("--base-url", BASE_URL, "--exhaustive", "--resume=walk.json")
    assert (
        judge(*exhaustive, "--junitxml=junit.xml", "-o", "junit_family=xunit1").ret
        == pytest.ExitCode.TESTS_FAILED
    )
    assert load_state(Path("walk.json")).offset == 20
    assert Path("junit.xml").stat().st_mtime_ns <= Path("walk.json").stat().st_mtime_ns
    refused = judge("--base-url", BASE_URL, "--exhaustive", "--resume=none/walk.json")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    assert "Cannot write none/walk.json" in refused.stderr.str()


def test_insecure_is_loud(judge: Run, settings: list[Any]) -> None:
    ran = judge("--base-url", BASE_URL, "--insecure")
    ran.stdout.fnmatch_lines(["WARNING: TLS certificates are not verified*"])
    assert settings[0].verify is False


def test_notes_and_behaviours_are_printed(judge: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    judging(monkeypatch, result(PASSES))
    printed = judge("--base-url", BASE_URL).stdout.str()
    assert "behaviour: tags: any of them" in printed
    assert "note: The list is empty." in printed


# --- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--base-url", ""], "The URL is empty"),
        (["--base-url="], "The URL is empty"),
        (["-o", "base_url="], "The URL is empty"),
        (["--base-url", "gateway.example"], "The base URL has no scheme"),
        (["--base-url", f"http://me:{SECRET}@gw.example"], "The base URL contains a user or password"),
        (
            ["--base-url", BASE_URL, "--token-env", "UNSET_VARIABLE"],
            "The variable of --token-env is not set.",
        ),
        (["--base-url", BASE_URL, "--token-env", SECRET], "takes the name of an environment variable"),
        (["--base-url", BASE_URL, f"--token-file={SECRET}"], "The token file cannot be read"),
        (["--base-url", BASE_URL, "--rate", "0"], "--rate takes a number from 0.001 to 1000000."),
        (["--base-url", BASE_URL, "--max-requests", "0"], "--max-requests takes a whole number from 1 to"),
        (["--base-url", BASE_URL, "--examples", "-1"], "--examples takes a whole number from 0 to"),
        (["--base-url", BASE_URL, "--insecure", "--ca=none.pem"], "mutually exclusive"),
        (["--base-url", BASE_URL, "--resume=walk.json"], "--resume requires --exhaustive."),
        (["--token-env", "MINE"], "--token-env requires --base-url or --targets."),
        (["--open"], "--open requires --base-url or --targets."),
        (["--rate", "-1"], "--rate takes a number from 0.001 to 1000000."),
        (["--examples", "-1"], "--examples takes a whole number from 0 to"),
        (["--level", "may"], "--level takes must or should."),
    ],
)
def test_usage_errors_are_one_sentence_and_status_4(
    judge: Run, settings: list[Any], options: list[str], sentence: str
) -> None:
    ran = judge(*options)
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert sentence in ran.stderr.str()
    assert SECRET not in ran.stderr.str() + ran.stdout.str()
    assert settings == []


def test_an_empty_variable_is_a_usage_error(
    judge: Run, settings: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_BASE_URL", "")
    assert judge().ret == pytest.ExitCode.USAGE_ERROR
    assert settings == []


def test_an_error_of_the_user_that_the_run_finds_is_a_usage_error(
    judge: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging(monkeypatch, of_every_outcome(), UserError("The path is wrong."))
    ran = judge("--base-url", BASE_URL)
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert "The path is wrong." in ran.stdout.str()
    assert "Traceback" not in ran.stdout.str()


def test_an_error_of_the_suite_is_70_and_shows_no_values(judge: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", SECRET)
    judging(monkeypatch, of_every_outcome(), KeyError(SECRET))
    ran = judge("--base-url", BASE_URL, "--token-env", "MINE", "--showlocals", "-vv")
    assert ran.ret == 70
    assert "internal error of bifrost-contracts (KeyError)" in ran.stdout.str()
    assert SECRET not in ran.stdout.str() + ran.stderr.str()


# --- secrets, hostile text, registration ------------------------------------------------------------


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize("options", [["--showlocals", "-vv"], ["--help"], ["-rA", "--tb=long"]])
def test_the_token_is_never_printed(judge: Run, options: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIFROST_TOKEN", SECRET)
    ran = judge("--base-url", BASE_URL, *options)
    assert SECRET not in ran.stdout.str() + ran.stderr.str()


def test_hostile_text_is_shown_as_data(judge: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    judging(monkeypatch, of_every_outcome(HOSTILE))
    printed = judge("--base-url", BASE_URL, "-rA").stdout.str()
    for character in "\x1b\x07\x9b\r\u202e\u2066":
        assert character not in printed
    assert r"\x1b[31mred" in printed


@pytest.mark.usefixtures("settings")
def test_registering_the_plugin_twice_does_no_harm(judge: Run) -> None:
    judge("-p", "contracts.pytest_plugin", "--base-url", BASE_URL).assert_outcomes(
        passed=1, failed=1, xfailed=1, skipped=6
    )


def test_an_option_that_another_plugin_has_taken_is_there_under_a_longer_name(
    judge: Run, settings: list[Any], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(other="def pytest_addoption(parser): parser.addoption('--timeout', type=float)")
    pytester.syspathinsert()
    judge("-p", "other", "--base-url", BASE_URL, "--timeout", "1", "--contract-timeout", "3")
    assert settings[0].bounds.timeout == 3.0


# --- waivers ----------------------------------------------------------------------------------------


def waiver(pytester: pytest.Pytester, id_: str, expires: str = "2999-01-01") -> str:
    file = pytester.path / "waivers.toml"
    file.write_text(
        f'[[waiver]]\nid = "{id_}"\nreason = "known"\nowner = "me"\nexpires = {expires}\n', "utf-8"
    )
    return f"--waivers={file}"


@pytest.mark.usefixtures("settings")
def test_a_waived_requirement_is_an_expected_failure(judge: Run, pytester: pytest.Pytester) -> None:
    ran = judge(
        "--base-url", BASE_URL, "-k", "PAGE-COUNT", waiver(pytester, "PAGE-COUNT"), "--strict-waivers"
    )
    ran.assert_outcomes(xfailed=1, deselected=8)
    assert ran.ret == pytest.ExitCode.OK
    assert "PAGE-COUNT waived: known (me, up to 2999-01-01)" in ran.stdout.str()


@pytest.mark.usefixtures("settings")
def test_an_expired_waiver_waives_nothing(judge: Run, pytester: pytest.Pytester) -> None:
    ran = judge("--base-url", BASE_URL, "-k", "PAGE-COUNT", waiver(pytester, "PAGE-COUNT", "2020-01-01"))
    ran.assert_outcomes(failed=1, deselected=8)
    assert "note: waiver: PAGE-COUNT expired on 2020-01-01" in ran.stdout.str()


def test_an_unused_waiver_fails_under_strict_waivers_alone(
    judge: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    judging(monkeypatch, result(verdict("PAGE-COUNT", Outcome.PASS, checked=1)))
    given = ("--base-url", BASE_URL, waiver(pytester, "PAGE-COUNT"))
    assert judge(*given).ret == pytest.ExitCode.OK
    strict = judge(*given, "--strict-waivers")
    assert strict.ret == pytest.ExitCode.TESTS_FAILED
    assert "waivers out of date: PAGE-COUNT is not used" in strict.stdout.str()


@pytest.mark.usefixtures("settings")
def test_waivers_that_cannot_be_meant_are_usage_errors(judge: Run, pytester: pytest.Pytester) -> None:
    for options in ((waiver(pytester, "PAGE-KOUNT"),), ("--strict-waivers",), ("--waivers=none.toml",)):
        assert judge("--base-url", BASE_URL, *options).ret == pytest.ExitCode.USAGE_ERROR
