"""The command: exit statuses, error sentences, and what must never be printed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from contracts.cli import app as cli
from contracts.model import Level, Outcome, Result, UserError
from contracts.reports import files, json_report
from tests.support.samples import HOSTILE, SECRET, broken, of_every_outcome, result, verdict

ROOT = Path(cli.__file__).parents[2]
URL = "http://127.0.0.1:9"
Judging = Callable[..., Result]


class FakeCatalogue:
    """Enough of a catalogue for the command: what there is, what has a check, what may be selected."""

    def __init__(self, document: Path | None = None) -> None:
        self.requirements = tuple(v.requirement for v in of_every_outcome().verdicts)
        self.tested = frozenset(found.id for found in self.requirements)
        if document is not None and not document.exists():
            raise UserError(f"there is no document {document}")

    def select(self, ids: frozenset[str]) -> frozenset[str]:
        for unknown in sorted(ids - self.tested):
            raise UserError(f"There is no requirement {unknown!r}. Did you mean PAGE-COUNT?")
        return ids


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("BIFROST_TOKEN", "BIFROST_CONTRACTS_DEBUG", "FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("contracts.judging.catalogue.load_catalogue", FakeCatalogue)
    before = signal.getsignal(signal.SIGINT)
    yield
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Settings of the runs that were started; each gives a result with every outcome."""
    return judging(monkeypatch, of_every_outcome())


def judging(monkeypatch: pytest.MonkeyPatch, gives: Result | BaseException) -> list[Any]:
    settings: list[Any] = []

    def check(given: Any, **_: object) -> Result:
        settings.append(given)
        if isinstance(gives, BaseException):
            raise gives
        return gives

    monkeypatch.setattr("contracts.runs.run.check", check)
    return settings


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


# --- exit statuses ----------------------------------------------------------------------------------

PASSES = verdict("SERVED")


@pytest.mark.parametrize(
    ("verdicts", "options", "status"),
    [
        ([PASSES], [], 0),
        ([PASSES, broken("PAGE-COUNT")], [], 1),
        ([PASSES, broken("FILTER-ORDER", level=Level.SHOULD)], [], 0),
        ([PASSES, broken("FILTER-ORDER", level=Level.SHOULD)], ["--level", "should"], 1),
        ([PASSES, verdict("WALK-ONCE", Outcome.INCONCLUSIVE)], [], 3),
        ([PASSES, verdict("WALK-ONCE", Outcome.NOT_EXERCISED)], [], 3),
        ([PASSES, verdict("WALK-ONCE", Outcome.NOT_EXERCISED)], ["--allow-unexercised"], 0),
        ([], [], 3),
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"], ["--quiet"], ["--verbose"]])
def test_exit_status_is_that_of_the_verdicts(
    verdicts: list[Any], options: list[str], status: int, form: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    judging(monkeypatch, result(*verdicts))
    assert run("check", URL, *options, *form) == status


def test_an_error_of_the_suite_is_70_and_shows_no_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judging(monkeypatch, KeyError(SECRET))
    assert run("check", URL) == 70
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "internal error of bifrost-contracts (KeyError) at contracts.cli.checking:" in printed.err
    assert "this is not a verdict on the deployment; please report" in printed.err
    assert SECRET not in printed.err


def test_the_traceback_is_shown_on_demand_without_the_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BIFROST_CONTRACTS_DEBUG", "1")
    monkeypatch.setenv("BIFROST_TOKEN", SECRET)
    judging(monkeypatch, KeyError(SECRET))
    assert run("check", URL) == 70
    printed = capsys.readouterr().err
    assert "Traceback" in printed
    assert SECRET not in printed


def test_ctrl_c_without_a_result_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judging(monkeypatch, KeyboardInterrupt())
    assert run("check", URL) == 130
    assert capsys.readouterr().err.strip() == "Interrupted."


def test_ctrl_c_with_a_partial_result_reports_it_and_is_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def check(*_: object, **__: object) -> Result:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            return result(PASSES, interrupted="Ctrl-C")
        raise AssertionError

    monkeypatch.setattr("contracts.runs.run.check", check)
    assert run("check", URL) == 130
    assert "The run ended early: Ctrl-C" in capsys.readouterr().out


# --- usage errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check"], "Missing argument 'URL'"),
        (["check", URL, "--exhaustive", "--only", "PAGE-COUNT"], "do not select requirements"),
        (["check", URL, "--exhaustive", "--plan", "--only", "PAGE-COUNT"], "do not select requirements"),
        (["check", URL, "--resume", "walk.json"], "--resume requires --exhaustive."),
        (["check", ""], "The URL is empty"),
        (["check", "  "], "The URL is empty"),
        (["check", URL, "--token", SECRET], "No such option '--token'"),
        (["check", URL, f"--token={SECRET}"], "No such option '--token'"),
        (["check", URL, "--token-env", "UNSET_VARIABLE"], "The variable of --token-env is not set."),
        (["check", URL, "--token-env", "EMPTY_VARIABLE"], "The variable of --token-env is empty"),
        (["check", URL, "--token-env", SECRET], "--token-env takes the name of an environment variable"),
        (["check", URL, "--token-file", SECRET], "The token file cannot be read: No such file"),
        (["check", URL, "--token-env", "A", "--token-file", "b"], "are mutually exclusive"),
        (["check", URL, "--basic-env", "A", "--token-file", "b"], "are mutually exclusive"),
        (["check", URL, "--basic-env", "NO_COLON"], "does not contain user:password"),
        (["check", URL, "--narrow-token-env", "UNSET_VARIABLE"], "of --narrow-token-env is not set."),
        (["check", URL, "--only", "PAGE-COUNTS"], "There is no requirement 'PAGE-COUNTS'. Did you mean"),
        (["check", URL, "--only", ""], "--only is empty. Is a variable unset?"),
        (["check", URL, "--only", " , "], "--only names no requirement"),
        (["check", URL, "--rate", "0"], "--rate takes a number from 0.001 to 1000000."),
        (["check", URL, "--timeout", "nan"], "--timeout takes a number from 0.001 to 86400."),
        (["check", URL, "--deadline", "inf"], "--deadline takes a number from 0.001 to 604800."),
        (["check", URL, "--max-requests", "0"], "--max-requests takes a whole number from 1 to"),
        (["check", URL, "--examples", "-1"], "--examples takes a whole number from 0 to"),
        (["check", URL, "--level", "may"], "--level takes must or should."),
        (["check", URL, "--quiet", "--verbose"], "--quiet and --verbose are mutually exclusive"),
        (["check", URL, "--ca", "none.pem"], "--ca none.pem cannot be read: No such file"),
        (["check", URL, "--ca", "none.pem", "--insecure"], "--ca and --insecure are mutually exclusive"),
        (["check", URL, "--document", "none.yaml"], "there is no document none.yaml"),
        (["check", URL, "--report", ""], "--report is empty. Is a variable unset?"),
        (["check", URL, "--report", __file__], "File exists"),
        (["check", URL, "--report", "/proc/none/here"], "Cannot write to the report directory"),
        (["demo", "--fault", "count-is-limits"], "There is no fault 'count-is-limits'. Did you mean"),
        (["demo", "--fault", "@"], "--list prints all."),
        (["demo", "--variant", "@"], "There is no variant '@'"),
        (["demo", "--profiles", "-1"], "--profiles takes a whole number from 0 to"),
        (["serve", "--host", "0.0.0.0"], "--host must be a loopback address"),
        (["serve", "--host", "example.org"], "--host must be a loopback address"),
        (["serve", "--port", "65536"], "--port takes a whole number from 0 to 65535."),
        (["requirements", "--document", "none.yaml"], "there is no document none.yaml"),
        (["chek", URL], "No such command 'chek'"),
    ],
)
def test_usage_errors_are_one_sentence_and_status_2(
    arguments: list[str],
    sentence: str,
    asked: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("EMPTY_VARIABLE", "")
    monkeypatch.setenv("NO_COLON", SECRET)
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert sentence in " ".join(printed.err.split())
    assert SECRET not in printed.err
    assert asked == []


def test_an_empty_default_variable_is_a_usage_error(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BIFROST_TOKEN", "")
    assert run("check", URL) == 2
    assert "The variable BIFROST_TOKEN is empty" in capsys.readouterr().err
    assert asked == []


def test_an_error_that_the_run_finds_is_a_usage_error_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judging(monkeypatch, UserError(f"The base URL is {HOSTILE}."))
    assert run("check", URL) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("Error: The base URL is \\x1b[31mred")
    assert "\x1b" not in printed


# --- what is asked for ------------------------------------------------------------------------------


def test_options_reach_the_run(asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", SECRET)
    certificates = tmp_path / "ca.pem"
    certificates.touch()
    given = (
        "--path /p --token-env MINE --open --seed 7 --max-requests 9 --rate 2 --timeout 3 --deadline 4 "
        f"--only PAGE-COUNT,SERVED --only WALK-TOTAL --skip-hostile --examples 5 --ca {certificates}"
    )
    run("check", URL, *given.split())
    (settings,) = asked
    assert (settings.base_url, settings.path, settings.secrets.token) == (URL, "/p", SECRET)
    assert (settings.open, settings.seed, settings.skip_hostile, settings.examples) == (True, 7, True, 5)
    bounds = settings.bounds
    assert (bounds.max_requests, bounds.rate, bounds.timeout, bounds.deadline) == (9, 2.0, 3.0, 4.0)
    assert settings.only == {"PAGE-COUNT", "SERVED", "WALK-TOTAL"}
    assert settings.verify == str(certificates)


def test_options_of_the_network_reach_the_run(
    asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = tmp_path / "any.pem"
    pem.touch()
    monkeypatch.setenv("FIELDS", f"X-Key: {SECRET}")
    given = f"--no-concurrent-writes --concurrency 3 --headers-env FIELDS --http2 --client-cert {pem}"
    given += f" --client-key {pem}"
    run("check", URL, *given.split())
    run("check", URL)
    assert [(one.no_concurrent_writes, one.http2, one.bounds.concurrency) for one in asked] == [
        (True, True, 3),
        (False, False, 1),
    ]
    assert [one.cert for one in asked] == [(str(pem), str(pem)), None]
    assert asked[0].secrets.headers == (("X-Key", SECRET),)


def test_the_token_comes_from_the_default_variable_or_a_file(
    asked: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("from-the-file-12345\n")
    run("check", URL)
    monkeypatch.setenv("BIFROST_TOKEN", SECRET)
    run("check", URL)
    run("check", URL, "--token-file", str(file))
    monkeypatch.setenv("PAIR", "me:pass:word")
    run("check", URL, "--basic-env", "PAIR")
    assert [one.secrets.token for one in asked] == [None, SECRET, "from-the-file-12345", None]
    assert asked[3].secrets.basic == ("me", "pass:word")


def test_insecure_warns(asked: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    run("check", URL, "--insecure", "--json")
    printed = capsys.readouterr()
    assert printed.err.startswith("WARNING: TLS certificates are not verified")
    assert json.loads(printed.out)
    assert asked[0].verify is False


def test_the_plan_of_an_exhaustive_run_says_that_each_page_comes_on_top(
    asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", URL, "--plan", "--exhaustive") == 0
    assert "one request per page of the list" in capsys.readouterr().out
    assert run("check", URL, "--plan") == 0
    assert "exhaustive" not in capsys.readouterr().out
    assert asked == []


def test_plan_sends_nothing(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("contracts.runs.run.plan", lambda _: (("walk", 40), ("inputs", 1060)))
    assert run("check", URL, "--plan") == 0
    assert capsys.readouterr().out.split() == [
        "walk",
        "40",
        "inputs",
        "1,060",
        *["Total", "at", "most", "1,100"],
    ]
    assert asked == []


# --- output -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("asked")
def test_json_is_all_of_the_output_and_agrees_with_the_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("check", URL, "--json", "--report", str(tmp_path / "a" / "b")) == 1
    printed = capsys.readouterr()
    assert printed.err == ""
    report = json.loads(printed.out)
    assert report == json.loads((tmp_path / "a" / "b" / "report.json").read_text())
    assert sorted(p.name for p in (tmp_path / "a" / "b").iterdir()) == sorted(files.FORMATS)


def test_an_old_report_stays_until_there_is_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text("{}")
    judging(monkeypatch, ZeroDivisionError())
    assert run("check", URL, "--report", str(tmp_path)) == 70
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("report.json", "{}")]


@pytest.mark.usefixtures("asked")
def test_quiet_prints_failures_and_the_conclusion(capsys: pytest.CaptureFixture[str]) -> None:
    run("check", URL, "-q")
    printed = capsys.readouterr().out
    assert "FAIL  PAGE-COUNT (MUST)" in printed
    assert "SERVED" not in printed
    assert "DOES NOT CONFORM" in printed.splitlines()[-1]


@pytest.mark.usefixtures("asked")
def test_verbose_prints_every_exchange(capsys: pytest.CaptureFixture[str]) -> None:
    run("check", URL, "-v")
    assert "GET /api/access-profiles?limit=25&offset=25" in capsys.readouterr().out


@pytest.mark.usefixtures("asked")
def test_curl_lines_name_the_users_own_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MINE", SECRET)
    run("check", URL, "--token-env", "MINE")
    printed = capsys.readouterr().out
    assert '-H "Authorization: Bearer $MINE"' in printed
    assert SECRET not in printed


def test_demo_says_that_it_checks_the_reference_deployment(
    asked: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run("demo", "--fault", "count-is-limit", "--profiles", "3")
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "Checking the embedded reference deployment, with the fault count-is-limit."
    run("demo", "--json", "--profiles", "3")
    printed = capsys.readouterr()
    assert printed.err.strip() == "Checking the embedded reference deployment, without a fault."
    assert json.loads(printed.out)
    assert asked[0].secrets.token is not None


def test_lists_name_every_fault_and_variant(capsys: pytest.CaptureFixture[str]) -> None:
    from contracts.reference import FAULTS, VARIANTS

    assert run("demo", "--list") == 0
    printed = capsys.readouterr().out
    assert all(f"  {name}: " in printed for name in (*FAULTS, *VARIANTS))


@pytest.mark.parametrize("form", [[], ["--markdown"], ["--json"]])
def test_requirements_list_every_id_whole(form: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("requirements", *form) == 0
    printed = capsys.readouterr().out
    assert all(found.id in printed for found in FakeCatalogue().requirements)
    assert form or max(map(len, printed.splitlines())) <= 100


# --- in a process of its own ------------------------------------------------------------------------


def command(*arguments: str, **more: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "contracts", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def test_help_and_version_import_nothing_heavy() -> None:
    code = (
        "import sys; from contracts.cli import app as cli\n"
        "for arguments in (['--version'], ['--help'], ['check', '--help'], ['check', '']):\n"
        "    try: cli.main(arguments)\n"
        "    except SystemExit: pass\n"
        "heavy = 'httpx schemathesis hypothesis jsonschema jsonschema_rs starlette rich yaml pytest'\n"
        "print([name for name in heavy.split() if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_serve_prints_url_and_token_and_ends_with_0_on_ctrl_c() -> None:
    with command("serve", "--profiles", "3") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Serving http://127.0.0.1:")
        assert process.stdout.readline().startswith("Token (fake")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_a_fault_of_the_reference_deployment_is_found_and_reported() -> None:
    with command("demo", "--fault", "count-is-limit", "--only", "PAGE-COUNT", "--json") as process:
        printed, errors = process.communicate(timeout=60)
    report = json.loads(printed)
    jsonschema.Draft202012Validator(json_report.schema()).validate(report)
    assert process.returncode == report["exit_status"] == 1
    assert errors == "Checking the embedded reference deployment, with the fault count-is-limit.\n"
    assert "reference-token" not in printed


def test_a_reader_that_goes_away_is_no_error() -> None:
    with command("demo", "--list") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        errors = process.stderr.read()
        process.wait(timeout=20)
    assert (process.returncode, errors) == (0, "")
