"""The property tests as QA runs them: what passes, what a failure shows, what leaves, and what never does."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import schemathesis

from contracts import reference
from contracts.document.document import document_path, is_rfc3339, load
from contracts.evidence.answers import read
from contracts.model import NEW_PATH, OLD_PATH, Exchange, Request
from contracts.pytest_plugin import INCONCLUSIVE
from contracts.reference import Deployment
from contracts.runs.probes.generated import DEFAULT_EXAMPLES, queries
from contracts.runs.run import Settings, check

TESTS = Path(__file__).parents[1]
SECRET = "reference-token-of-this-test"
NOTHING_LISTENS = "http://127.0.0.1:9"

# The survey, and one or more repetitions of a few witnesses, which are the run's and not the property's.
SURVEY = 14
WITNESSES = 40
FURTHER = 30

Run = Callable[..., pytest.RunResult]


@pytest.fixture(scope="module", autouse=True)
def everything_imported() -> None:
    """Uses all once, since pytester forgets modules that are first imported while a test of it runs."""
    with reference.serving(fault="filtered-pages-203", token=None) as served:
        check(Settings(served.url, only=frozenset({"GEN-DOCUMENT"}), examples=6))
        response = httpx.get(served.url + OLD_PATH)
    operation = schemathesis.openapi.from_dict(dict(load().raw))[OLD_PATH]["GET"]
    schemathesis.checks.load_all_checks()
    conforms = schemathesis.checks.CHECKS.get_one("response_schema_conformance")
    operation.Case().validate_response(response, checks=[conforms])


@pytest.fixture
def judge(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs pytest where the property tests are, and the requirements where these are asked for."""
    for name in ("PYTEST_BASE_URL", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BIFROST_TOKEN", SECRET)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PYTHONPATH", str(TESTS.parent))  # for those that run in a process of their own
    pytester.makeconftest('pytest_plugins = ["contracts.pytest_plugin"]')
    pytester.makepyprojecttoml(
        '[tool.pytest.ini_options]\ntestpaths = ["tests"]\nfilterwarnings = ["error"]\n'
        'addopts = ["-ra", "--strict-markers", "-p", "no:cacheprovider"]'
    )
    pytester.mkdir("tests")
    for name in ("test_contract.py", "test_properties.py"):
        shutil.copy(TESTS / name, pytester.path / "tests")
    return pytester.runpytest_inprocess


@contextmanager
def serving(**options: object) -> Iterator[Deployment]:
    with reference.serving(token=SECRET, **options) as served:  # type: ignore[arg-type]
        yield served


def properties(judge: Run, served: Deployment, *options: str) -> pytest.RunResult:
    ran = judge("tests/test_properties.py", "--base-url", served.url, *options)
    for printed in (ran.stdout.str(), ran.stderr.str()):
        assert SECRET not in printed
        assert "Traceback" not in printed
        assert "Falsifying" not in printed
        assert "schemathesis.errors" not in printed
    return ran


def asked(served: Deployment) -> list[str]:
    return [target.partition("?")[2] for _, target, _ in served.requests]


# --- a correct deployment ---------------------------------------------------------------------------


def test_a_correct_deployment_passes(judge: Run) -> None:
    with serving() as served:
        ran = properties(judge, served, "-v")
        ran.assert_outcomes(passed=2)
        assert ran.ret == 0
        assert "[GEN-DOCUMENT-positive] PASSED" in ran.stdout.str()
        assert "[GEN-DOCUMENT-negative] PASSED" in ran.stdout.str()
        assert ran.outlines[-1] == f"contract: checked {served.url}: 2 pass"
        assert set(queries(document_path(), 0, DEFAULT_EXAMPLES)) <= set(asked(served))
        assert len(served.requests) <= DEFAULT_EXAMPLES + SURVEY


VARIANTS = (
    "django-like",
    "fastapi-like",
    "go-like",
    "new-path",
    "over-maximum-refused",
    "rate-limited",
    "unpaged-both",
    "words-absent",
)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_legal_variant_passes(judge: Run, variant: str) -> None:
    with serving(variant=variant) as served:
        properties(judge, served, "--seed", "1").assert_outcomes(passed=2)


def test_without_a_base_url_the_reference_deployment_is_judged(judge: Run) -> None:
    judge("tests/test_properties.py").assert_outcomes(passed=2)


@pytest.mark.parametrize("options", [{"variant": "new-path"}, {}])
def test_a_failure_is_looked_into_at_the_path_that_is_judged(judge: Run, options: dict[str, str]) -> None:
    with serving(fault="partial-pages-206", **options) as served:
        path = NEW_PATH if options else OLD_PATH
        printed = properties(judge, served).stdout.str()
        assert f"{served.url}{path}" in printed
        assert " more requests (at most 30) confirmed it" in printed
        last = served.requests[-FURTHER // 3 :]
        assert {target.partition("?")[0] for _, target, _ in last} == {path}


# --- failures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "kind", "got"),
    [
        ("count-is-total", "positive", "count 137 (count_is_page_length is broken)"),
        ("negative-500", "negative", "status 500"),
        ("error-with-302", "negative", "status 302"),
        ("partial-pages-206", "positive", "status 206"),
    ],
)
def test_a_fault_is_shown_with_the_sentence_and_the_request(
    judge: Run, fault: str, kind: str, got: str
) -> None:
    with serving(fault=fault) as served:
        ran = properties(judge, served)
        assert ran.ret == pytest.ExitCode.TESTS_FAILED
        printed = ran.stdout.str()
        block = printed[printed.index(f"GEN-DOCUMENT-{kind}]") :]
        assert "  Every query generated from this document, valid or not, MUST be answered as" in block
        assert re.search(r"^  Expected  \S", block, re.MULTILINE)
        assert f"  Got       {got}\n" in block
        assert re.search(rf"^\s+curl -g -i .*\$BIFROST_TOKEN.*{OLD_PATH}", block, re.MULTILINE)
        assert "Reproduced 2/2" in block
        assert len(served.requests) <= 25 + SURVEY + WITNESSES + 2 * FURTHER
        assert {method for method, _, _ in served.requests} == {"GET"}


def test_the_request_shown_is_shorter_than_the_one_that_was_generated(judge: Run) -> None:
    with serving(fault="negative-500") as served:
        printed = properties(judge, served, "-k", "negative").stdout.str()
        shown = re.search(r"^\s+curl .*\?([^'\s]*)", printed, re.MULTILINE)
        found = re.search(r"^found with \?(.*)$", printed, re.MULTILINE)
        assert shown is not None
        assert found is not None
        assert re.fullmatch(r"(limit|offset)=-[0-9]+", shown[1])
        assert len(shown[1]) < len(found[1])
        further = re.search(r"^(\d+) more requests \(at most 30\)", printed, re.MULTILINE)
        assert further is not None
        assert int(further[1]) <= FURTHER


def test_the_request_shown_shows_it(judge: Run) -> None:
    with serving(fault="error-with-302") as served:
        printed = properties(judge, served, "--seed", "4").stdout.str()
        shown = re.search(r"^\s+curl .*\?([^'\s]*)", printed, re.MULTILINE)
        assert shown is not None
        assert shown[1] in asked(served)


def test_one_cause_is_one_red_line(judge: Run) -> None:
    with serving(fault="count-is-total") as served:
        ran = judge("--base-url", served.url, "-k", "PAGE-COUNT or GEN-DOCUMENT")
        outcomes = ran.parseoutcomes()
        assert (outcomes["failed"], outcomes["skipped"]) == (1, 3)
        ran.stdout.fnmatch_lines(["*SKIPPED*3*blocked*PAGE-COUNT*", "FAILED*PAGE-COUNT*"], consecutive=False)


@pytest.mark.parametrize("fault", [None, "negative-500", "filtered-pages-203"])
@pytest.mark.parametrize("seed", ["0", "1"])
def test_it_agrees_with_gen_document(judge: Run, fault: str | None, seed: str) -> None:
    with serving(fault=fault) as served:
        ran = judge("--base-url", served.url, "-k", "GEN-DOCUMENT", "--seed", seed, "--examples", "10", "-v")
        verdicts = re.findall(r"^tests/\S+GEN-DOCUMENT\S* (\w+)", ran.stdout.str(), re.MULTILINE)
        assert len(verdicts) == 3
        of_the_run, *of_the_properties = verdicts
        assert (of_the_run == "PASSED") == (of_the_properties == ["PASSED", "PASSED"])
        assert (of_the_run != "PASSED") == ("FAILED" in of_the_properties)


# --- not judged -------------------------------------------------------------------------------------


def test_nothing_listens(judge: Run) -> None:
    ran = judge("tests/test_properties.py", "--base-url", NOTHING_LISTENS)
    ran.assert_outcomes(skipped=2)
    assert ran.ret == INCONCLUSIVE
    assert "Nothing listens at 127.0.0.1:9" in ran.stdout.str()
    assert "INCONCLUSIVE: 2 inconclusive" in ran.stdout.str()


def test_the_credentials_are_refused(judge: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIFROST_TOKEN", "not-the-token-of-this-test")
    with serving() as served:
        ran = properties(judge, served)
        ran.assert_outcomes(skipped=2)
        assert ran.ret == INCONCLUSIVE
        assert "the deployment refuses the given credentials (401)" in ran.stdout.str()
        assert len(served.requests) <= 2


def test_the_path_is_not_served(judge: Run) -> None:
    with serving() as served:
        ran = judge("tests/test_properties.py", "--base-url", f"{served.url}/elsewhere")
        ran.assert_outcomes(skipped=2)
        assert ran.ret == INCONCLUSIVE
        assert "blocked: by SERVED" in ran.stdout.str()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--max-requests", "8"], "All 8 requests of this run are spent"),
        (["--examples", "0"], "needs a generated query of this kind"),
        (["--examples", "1"], "needs a generated query of this kind"),
    ],
)
def test_too_little_was_asked(judge: Run, options: list[str], reason: str) -> None:
    with serving() as served:
        ran = properties(judge, served, *options)
        assert ran.parseoutcomes()["skipped"] >= 1
        assert ran.ret == INCONCLUSIVE
        assert reason in ran.stdout.str()


# --- what leaves ------------------------------------------------------------------------------------


def test_the_same_seed_asks_the_same_in_the_same_order(judge: Run, pytester: pytest.Pytester) -> None:
    other = ["--hypothesis-seed=2", "--hypothesis-verbosity=debug"]  # these stay set in their process
    sent = []
    for run, *options in ((judge, "6"), (pytester.runpytest_subprocess, "6", *other), (judge, "7")):
        with serving(fault="negative-500") as served:
            properties(run, served, "--seed", *options)
            sent.append(asked(served))
    assert sent[0] == sent[1] != sent[2]


@pytest.mark.parametrize("examples", [2, 9, 40])
def test_examples_bound_what_is_asked(judge: Run, examples: int) -> None:
    with serving() as served:
        properties(judge, served, "--examples", str(examples)).assert_outcomes(passed=2)
        assert len(served.requests) <= examples + SURVEY


def test_the_whole_session_asks_generated_queries_once(judge: Run) -> None:
    with serving() as served:
        ran = judge("--base-url", served.url, "-k", "GEN-DOCUMENT")
        assert ran.parseoutcomes()["passed"] == 3
        assert len(served.requests) <= 25 + SURVEY


def test_each_kind_can_be_asked_for_alone(judge: Run) -> None:
    with serving() as served:
        properties(judge, served, "-k", "positive").assert_outcomes(passed=1, deselected=1)


def test_max_requests_bounds_the_search_too(judge: Run) -> None:
    with serving(fault="partial-pages-206") as served:
        properties(judge, served, "--max-requests", "45").assert_outcomes(failed=1, passed=1)
        assert len(served.requests) <= 45 + 2


# --- the second opinion -----------------------------------------------------------------------------

JSON = (("Content-Type", "application/json"),)
HTML = (("Content-Type", "text/html"),)
ERROR = b'{"error": {"message": "no"}}'
EMPTY = b'{"access_profiles": [], "count": 0, "total_count": 0, "limit": 25, "offset": 0}'
TIME = b'{"access_profiles": [{"id": 1, "name": "a", "is_active": true, "created_at": "%s"}]}'


def opinion(status: int, headers: tuple[tuple[str, str], ...], content: bytes) -> str | None:
    """What Schemathesis says of an answer, as the property tests ask it."""
    spec = importlib.util.spec_from_file_location("properties", TESTS / "test_properties.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["properties"] = module  # where its dataclasses look for their types
    spec.loader.exec_module(module)
    answer = read(Exchange(1, Request(), status, headers, content))
    assert answer is not None
    violation = module.violation_by_schemathesis(answer)
    return None if violation is None else violation.got


@pytest.mark.parametrize(
    ("status", "headers", "content"),
    [
        (200, JSON, EMPTY),
        (200, (("Content-Type", "Application/JSON; charset=utf-8"), ("Content-Encoding", "gzip")), EMPTY),
        (400, JSON, ERROR),
        (422, JSON, ERROR),
        (404, JSON, ERROR),
        (414, (), b"too long"),
        (431, HTML, b"<p>"),
        (200, JSON, b"[" * 5_000 + b"]" * 5_000),
        (200, JSON, EMPTY.replace(b'"count": 0', b'"count": 1' + b"0" * 5_000)),
    ],
)
def test_schemathesis_accuses_nobody_falsely(
    status: int, headers: tuple[tuple[str, str], ...], content: bytes
) -> None:
    assert opinion(status, headers, content) is None


@pytest.mark.parametrize(
    ("status", "headers", "content", "said"),
    [
        (500, JSON, ERROR, "Server error"),
        (206, JSON, EMPTY, "Undocumented status code"),
        (200, HTML, b"<p>", "Undocumented Content-Type"),
        (200, (), EMPTY, "Missing Content-Type"),
        (200, JSON, b"{", "JSON deserialization error"),
        (200, JSON, EMPTY.replace(b"[]", b"null"), "Response violates schema"),
        (400, JSON, b"{}", "Response violates schema"),
    ],
)
def test_schemathesis_sees_what_breaks_the_document(
    status: int, headers: tuple[tuple[str, str], ...], content: bytes, said: str
) -> None:
    assert said in str(opinion(status, headers, content))


@pytest.mark.parametrize(
    "time",
    [
        "0001-01-01T00:00:00Z",
        "0000-02-29T00:00:00Z",
        "2024-01-01t00:00:00z",
        "2024-01-01T00:00:00.123456789012-23:59",
        "2016-12-31T23:59:60Z",
        "2017-01-01T08:59:60+09:00",
        "2016-12-31T18:29:60.5-05:30",
    ],
)
def test_schemathesis_knows_the_same_times(time: str) -> None:
    assert is_rfc3339(time)
    content = TIME % time.encode()
    said = str(opinion(200, JSON, content[:-1] + b", " + EMPTY.partition(b", ")[2]))
    assert "date-time" not in said
