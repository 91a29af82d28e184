"""The face for pytest in company: options of pytest itself, and plugins that people use beside it."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from contracts import reference
from contracts.judging.catalogue import load_catalogue
from contracts.pytest_plugin import INCONCLUSIVE, workers
from contracts.reference.server import Deployment

TESTS = Path(__file__).parents[1]
CATALOGUE = load_catalogue()  # before pytester takes note of what is loaded
FAULT = "count-is-total"  # breaks PAGE-COUNT


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    with reference.serving(profiles=30, fault=FAULT) as deployment:
        monkeypatch.setenv("BIFROST_TOKEN", str(deployment.token))
        monkeypatch.setenv("PYTHONWARNINGS", "ignore")
        for name in ("PYTEST_BASE_URL", "PYTEST_ADDOPTS"):
            monkeypatch.delenv(name, raising=False)
        yield deployment


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """What QA has: the contract's two test files, and the plugin."""
    pytester.makeconftest('pytest_plugins = ["contracts.pytest_plugin"]')
    pytester.makeini("[pytest]\naddopts = -ra --strict-markers --import-mode=importlib\n")
    for name in ("test_contract.py", "test_properties.py"):
        shutil.copy(TESTS / name, pytester.path)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess("-p", "no:randomly", *arguments, timeout=100)


def test_with_workers_the_deployment_is_checked_once(project: pytest.Pytester, served: Deployment) -> None:
    pytest.importorskip("xdist")
    chosen = ("--base-url", served.url, "-k", "SERVED or PAGE-COUNT or PAGE-LIMIT", "test_contract.py")
    alone = run(project, *chosen)
    asked = [one[:-1] for one in served.requests]
    served.requests.clear()
    shared = run(project, *chosen, "-n", "2")
    assert [one[:-1] for one in served.requests] == asked
    assert len(asked) > 20
    for ran in (alone, shared):
        counted = ran.parseoutcomes()
        assert (counted["passed"], counted["failed"]) == (3, 1)
    assert shared.ret == alone.ret == pytest.ExitCode.TESTS_FAILED
    printed = shared.stdout.str()
    assert "expected count 25" in printed
    assert f"contract: checked {served.url}: " in printed
    assert "behaviour: " in printed
    assert str(served.token) not in printed + shared.stderr.str()


@pytest.mark.usefixtures("served")
def test_with_workers_an_inconclusive_session_is_no_success(project: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    with reference.serving(profiles=0) as empty:
        chosen = ("--base-url", empty.url, "-k", "PAGE-COUNT or SERVED", "test_contract.py")
        ran = run(project, *chosen, "-n", "2")
    assert ran.ret == INCONCLUSIVE
    assert "INCONCLUSIVE: 1 not exercised" in ran.stdout.str()


def test_with_workers_a_mistake_of_the_user_ends_the_session(
    project: pytest.Pytester, served: Deployment
) -> None:
    pytest.importorskip("xdist")
    ran = run(project, "--base-url", served.url, "--max-requests", "0", "-n", "2")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    assert served.requests == []


def test_with_workers_waivers_hold_too(project: pytest.Pytester, served: Deployment) -> None:
    pytest.importorskip("xdist")
    waivers = project.path / "waivers.toml"
    waivers.write_text(
        """[[waiver]]
id = "PAGE-COUNT"
reason = "known"
owner = "QA"
expires = 2999-01-01

[[waiver]]
id = "PAGE-LIMIT"
reason = "not broken"
owner = "QA"
expires = 2999-01-01
"""
    )
    chosen = ("--base-url", served.url, "-k", "PAGE-COUNT or SERVED or PAGE-LIMIT", "test_contract.py")
    waived = run(project, *chosen, "-n", "2", f"--waivers={waivers}")
    assert waived.ret == pytest.ExitCode.OK
    assert waived.parseoutcomes()["xfailed"] == 1
    strict = run(project, *chosen, "-n", "2", f"--waivers={waivers}", "--strict-waivers")
    assert strict.ret == pytest.ExitCode.TESTS_FAILED
    assert "PAGE-LIMIT" in strict.stdout.str().rsplit("waivers out of date", 1)[1]


def test_pytests_own_options_do_what_they_say(project: pytest.Pytester, served: Deployment) -> None:
    chosen = ("--base-url", served.url, "-k", "PAGE-COUNT or PAGE-LIMIT or SERVED", "test_contract.py")
    report = project.path / "junit.xml"
    first = run(project, *chosen, "-x", f"--junitxml={report}")
    first.assert_outcomes(passed=1, failed=1, deselected=len(CATALOGUE.requirements) - 4)
    suite = ElementTree.parse(report).find("testsuite")
    assert suite is not None
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("2", "1")
    outcomes = {p.attrib["value"] for p in suite.iter("property") if p.attrib["name"] == "contract_outcome"}
    assert outcomes == {"pass", "fail"}
    again = run(project, *chosen, "--lf")
    again.assert_outcomes(failed=1, deselected=len(CATALOGUE.requirements) - 1)
    musts = run(project, "--base-url", served.url, "-m", "must", "-k", "FILTER-ORDER or SERVED", "-q")
    musts.assert_outcomes(passed=1, deselected=len(CATALOGUE.requirements) + 1)
    short = re.findall(r"^FAILED .*$", first.stdout.str(), re.MULTILINE)
    assert [line.split(" - ")[1].startswith("expected count 25") for line in short] == [True]


def test_pytest_html_writes_its_page(project: pytest.Pytester, served: Deployment) -> None:
    pytest.importorskip("pytest_html")
    page = project.path / "page.html"
    chosen = ("--base-url", served.url, "-k", "PAGE-COUNT or SERVED", "test_contract.py")
    ran = run(project, *chosen, f"--html={page}", "--self-contained-html")
    ran.assert_outcomes(passed=1, failed=1, deselected=len(CATALOGUE.requirements) - 2)
    text = page.read_text("utf-8")
    assert "test_requirement[PAGE-COUNT]" in text
    assert "expected count 25" in text
    assert str(served.token) not in text


def test_allure_gets_a_result_for_each(project: pytest.Pytester, served: Deployment) -> None:
    pytest.importorskip("allure_pytest")
    chosen = ("--base-url", served.url, "-k", "PAGE-COUNT or SERVED", "test_contract.py")
    ran = run(project, *chosen, f"--alluredir={project.path / 'allure'}")
    ran.assert_outcomes(passed=1, failed=1, deselected=len(CATALOGUE.requirements) - 2)
    written = [path.read_text("utf-8") for path in (project.path / "allure").glob("*-result.json")]
    assert len(written) == 2
    assert any('"status": "failed"' in text and "expected count 25" in text for text in written)
    assert not any(str(served.token) in text for text in written)


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("test_contract.py::test_requirement[PAGE-LIMIT]", ""),
        ("test_contract.py::test_requirement[east-PAGE-LIMIT-ECHO]", "east"),
        ("test_contract.py::test_requirement[http-127-0-0-1-8-SERVED]", "http-127-0-0-1-8"),
        ("test_properties.py::test_generated[east-2-GEN-DOCUMENT-positive]", "east-2"),
        ("test_other.py::test_it[1]", None),
        ("test_other.py::test_it[east-west]", None),
        ("test_other.py::test_it", None),
    ],
)
def test_a_test_id_tells_the_deployment(nodeid: str, name: str | None) -> None:
    assert workers.deployment_of(nodeid) == name


# --- several deployments ----------------------------------------------------------------------------


@pytest.fixture
def fleet(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Deployment]]:
    """Three deployments with a token each and a file of targets; the one called west has a fault."""
    faults = {"east": None, "west": FAULT, "north": None}
    with contextlib.ExitStack() as running:
        served = {}
        for name, fault in faults.items():
            served[name] = running.enter_context(
                reference.serving(profiles=30, fault=fault, token=f"reference-token-of-{name}")
            )
            monkeypatch.setenv(f"{name.upper()}_TOKEN", f"reference-token-of-{name}")
        lines = [
            f'[[target]]\nname = "{name}"\nurl = "{one.url}"\ntoken_env = "{name.upper()}_TOKEN"\n'
            for name, one in served.items()
        ]
        (project.path / "targets.toml").write_text("\n".join(lines))
        monkeypatch.setenv("PYTHONWARNINGS", "ignore")
        for name in ("PYTEST_BASE_URL", "PYTEST_ADDOPTS", "BIFROST_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        yield served


CHOSEN = ("-k", "SERVED or PAGE-COUNT or PAGE-LIMIT", "--targets=targets.toml", "test_contract.py", "-v")


@pytest.mark.parametrize("processes", [[], ["-n", "2", "--dist", "load"], ["-n", "4"]])
def test_each_target_is_checked_once_in_one_process(
    project: pytest.Pytester, fleet: dict[str, Deployment], processes: list[str]
) -> None:
    if processes:
        pytest.importorskip("xdist")
    ran = run(project, *CHOSEN, *processes)
    counted = ran.parseoutcomes()
    assert (counted["passed"], counted["failed"], ran.ret) == (11, 1, pytest.ExitCode.TESTS_FAILED)
    printed = ran.stdout.str()
    assert "reference-token-of" not in printed + ran.stderr.str()
    tests = re.findall(r"^(\[gw\d\])?.*?test_requirement\[(east|west|north)-[A-Z-]+\]", printed, re.MULTILINE)
    assert {name for _, name in tests} == set(fleet)
    if processes:
        used = {(worker, name) for worker, name in tests if worker}
        assert len(used) == len(fleet)
        assert len({worker for worker, _ in used}) > 1
    for one in fleet.values():
        assert f"contract of {one.url}/api/access-profiles" in printed
    asked = {name: [target for _, target, *_ in one.requests] for name, one in fleet.items()}
    assert asked["east"] == asked["north"]
    assert len(asked["east"]) > 20
    assert min(map(asked["east"].count, asked["east"])) == 1


def test_what_one_target_lacks_is_no_success_of_all(
    project: pytest.Pytester, fleet: dict[str, Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEST_TOKEN", "not-its-token-at-all")
    ran = run(project, *CHOSEN)
    assert ran.ret == INCONCLUSIVE
    assert ran.parseoutcomes()["skipped"] == 3
    assert len(fleet["west"].requests) <= 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--base-url", "http://127.0.0.1:9"], "--targets and --base-url are mutually exclusive."),
        (["--exhaustive", "--resume=walk.json"], "--resume requires a single deployment."),
        (["--token-env", "UNSET"], ""),
    ],
)
@pytest.mark.usefixtures("fleet")
def test_targets_exclude_what_is_for_one_deployment(
    project: pytest.Pytester, options: list[str], sentence: str
) -> None:
    ran = run(project, *CHOSEN, "--collect-only", *options)
    assert (ran.ret == pytest.ExitCode.USAGE_ERROR) == bool(sentence)
    assert sentence in ran.stderr.str()


@pytest.mark.parametrize("processes", [[], ["-n", "2"]])
def test_an_error_of_the_suite_is_70_whatever_process_it_is_in(
    project: pytest.Pytester, served: Deployment, processes: list[str]
) -> None:
    project.makeconftest(
        'pytest_plugins = ["contracts.pytest_plugin"]\n'
        "from contracts.runs import run\n"
        "def broken(*_, **__): raise KeyError('a value')\n"
        "run.check = broken\n"
    )
    ran = run(project, "--base-url", served.url, "-k", "SERVED or PAGE-COUNT", "test_contract.py", *processes)
    assert ran.ret == 70
    assert "internal error of bifrost-contracts (KeyError)" in ran.stdout.str()
    assert "a value" not in ran.stdout.str()
