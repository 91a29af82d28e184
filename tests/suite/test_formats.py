"""Every format says the same, opens in what reads it, and takes no orders from a deployment's text."""

from __future__ import annotations

import io
import json
import os
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from contracts.model import Level, Outcome, Place, Result, UserError, Violation
from contracts.reports import badge, ctrf, files, github, html, json_report, junit, sarif
from contracts.reports.summary import ReportOptions
from contracts.reports.view import ReportView, view
from tests.support.samples import HOSTILE, broken, of_every_outcome, result, verdict

OPTIONS = ReportOptions()


def shown(text: str = "24") -> ReportView:
    return view(of_every_outcome(text), OPTIONS)


COMMANDS = "x\n::error::pwned\r\n::set-output name=a::b ::warning file=a,line=1::y %0A::debug::z ##[error]"
MARKDOWN = (
    "| `a` <img src=x onerror=alert(1)> [l](javascript:x) **b**\n# H\n```\n@me https://evil.example &lt;"
)
TEXTS = ["24", HOSTILE, COMMANDS, MARKDOWN]
# Schemas that come as npm packages; `.ci/run` says where they are.
MODULES = os.environ.get("BIFROST_TEST_NODE_MODULES")
# The schema of Jenkins's xUnit plugin, which `.ci/run` takes from the source distribution of pytest.
JUNIT_SCHEMA = os.environ.get("BIFROST_TEST_JUNIT_SCHEMA")


def schema(path: str) -> object:
    if not MODULES:
        pytest.skip("BIFROST_TEST_NODE_MODULES names no directory with ctrf and @microsoft/jest-sarif in it")
    return json.loads((Path(MODULES) / path).read_text("utf-8"))


# --- all say the same -------------------------------------------------------------------------------

Said = dict[str, str]


def from_json(shown: ReportView) -> Said:
    return {v["id"]: v["outcome"] for v in json.loads(json_report.text(shown))["verdicts"]}


def from_junit(shown: ReportView) -> Said:
    said = {}
    for case in ElementTree.fromstring(junit.text(shown)).iter("testcase"):
        properties = {p.attrib["name"]: p.attrib["value"] for p in case.iter("property")}
        said[case.attrib["name"]] = properties["outcome"]
    return said


def from_sarif(shown: ReportView) -> Said:
    [run] = json.loads(sarif.text(shown))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[found["ruleIndex"]]["id"] == found["ruleId"] for found in run["results"])
    said = {rule["id"]: rule["properties"]["outcome"] for rule in rules}
    failed = {id_ for id_, outcome in said.items() if outcome in ("fail", "warning")}
    assert {found["ruleId"] for found in run["results"]} == failed
    return said


def from_ctrf(shown: ReportView) -> Said:
    return {test["name"]: test["rawStatus"] for test in json.loads(ctrf.text(shown))["results"]["tests"]}


class Rows(HTMLParser):
    """The table of requirements: id and outcome of each row."""

    def __init__(self) -> None:
        super().__init__()
        self.said: Said = {}
        self.outcome = ""
        self.wants = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "tr" and "data-outcome" in given:
            self.outcome = str(given["data-outcome"])
        self.wants = self.wants or (tag == "th" and bool(self.outcome))

    def handle_data(self, data: str) -> None:
        if self.wants and data.strip():
            self.said[data.strip()] = self.outcome
            self.wants, self.outcome = False, ""


def from_html(shown: ReportView) -> Said:
    parser = Rows()
    parser.feed(html.text(shown))
    return parser.said


@pytest.mark.parametrize("read", [from_json, from_junit, from_sarif, from_ctrf, from_html])
@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    ("options", "broken_should"), [(OPTIONS, "warning"), (ReportOptions(level=Level.SHOULD), "fail")]
)
def test_every_format_has_the_same_outcome_for_each_id(
    read: Callable[[ReportView], Said], text: str, options: ReportOptions, broken_should: str
) -> None:
    shown = of_every_outcome(text)
    wanted = {v.requirement.id: v.outcome.value for v in shown.verdicts} | {"FILTER-ORDER": broken_should}
    assert read(view(shown, options)) == wanted


@pytest.mark.parametrize("options", [OPTIONS, ReportOptions(level=Level.SHOULD)])
def test_every_format_counts_alike(options: ReportOptions) -> None:
    shown = view(of_every_outcome(), options)
    suite = ElementTree.fromstring(junit.text(shown)).find("testsuite")
    assert suite is not None
    counted = json.loads(ctrf.text(shown))["results"]["summary"]
    [run] = json.loads(sarif.text(shown))["runs"]
    levels = Counter(found["level"] for found in run["results"])
    assert int(suite.attrib["failures"]) == counted["failed"] == levels["error"] == shown.counts["fail"]
    assert counted["other"] == levels["warning"] == shown.counts["warning"]
    assert int(suite.attrib["skipped"]) == counted["skipped"]
    assert int(suite.attrib["tests"]) == counted["tests"] == len(shown.rows) == sum(shown.counts.values())
    assert json.loads(json_report.text(shown))["counts"] == shown.counts
    assert run["invocations"][0]["exitCode"] == shown.exit_status


# --- what reads them --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
def test_junit_meets_its_schema(text: str) -> None:
    xmlschema = pytest.importorskip("xmlschema")
    rules = xmlschema.XMLSchema(Path(__file__).with_name("junit.xsd"))
    written = junit.text(shown(text))
    rules.validate(ElementTree.fromstring(written))
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        rules.validate(ElementTree.fromstring(written.replace('classname="', 'class="')))


@pytest.mark.parametrize("text", TEXTS)
def test_junit_meets_the_published_schema_but_for_properties_of_a_test_case(text: str) -> None:
    """That schema knows them of a suite alone; pytest, Surefire and those who read them know them of both."""
    xmlschema = pytest.importorskip("xmlschema")
    if not JUNIT_SCHEMA:
        pytest.skip("BIFROST_TEST_JUNIT_SCHEMA names no copy of junit-10.xsd")
    rules = xmlschema.XMLSchema(JUNIT_SCHEMA)
    suites = ElementTree.fromstring(junit.text(shown(text)))
    for case in suites.iter("testcase"):
        case.remove(case.find("properties"))  # type: ignore[arg-type]
    rules.validate(suites)
    suites[0].set("verdict", "a word that the schema does not have")
    with pytest.raises(xmlschema.XMLSchemaValidationError):
        rules.validate(suites)


@pytest.mark.parametrize("text", TEXTS)
def test_sarif_is_read_by_a_library_of_its_own(text: str) -> None:
    library = pytest.importorskip("sarif_pydantic")
    read = library.Sarif.model_validate_json(sarif.text(shown(text)))
    assert [found.rule_id for found in read.runs[0].results] == ["PAGE-COUNT", "FILTER-ORDER"]


@pytest.mark.parametrize("text", TEXTS)
def test_sarif_meets_the_published_schema(text: str) -> None:
    rules = schema("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json")
    jsonschema.validate(sarif.render(shown(text)), rules)  # type: ignore[arg-type]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"version": "2.1.0", "runs": [{}]}, rules)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", TEXTS)
def test_ctrf_meets_the_published_schema(text: str) -> None:
    rules = schema("ctrf/src/ctrf-schema-0.0.json")
    jsonschema.validate(ctrf.render(shown(text)), rules)  # type: ignore[arg-type]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"reportFormat": "CTRF"}, rules)  # type: ignore[arg-type]


# --- GitHub -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS)
def test_each_line_for_the_runner_is_one_of_ours(text: str) -> None:
    lines = github.commands(shown(text)).splitlines()
    titles = [
        "error title=PAGE-COUNT (MUST)",
        "warning title=FILTER-ORDER (SHOULD)",
        "error title=DOES NOT CONFORM",
    ]
    assert [line.split("::")[1] for line in lines] == titles
    messages = [line.split("::", 2)[2] for line in lines]
    assert [message for message in messages if re.search(r"::[\w-]+(?: |::)", message)] == []
    assert all("\r" not in line and "##[" not in line for line in lines)


def test_lines_and_percents_of_a_message_are_data() -> None:
    assert github.command("error", "a:b,c", "1%\n2\r") == "::error title=a%3Ab%2Cc::1%25%0A2%0D"


def test_of_many_failures_the_first_are_annotated_and_the_conclusion_always() -> None:
    lines = github.commands(view(result(*(broken(f"PAGE-{n}") for n in range(30))), OPTIONS)).splitlines()
    assert len(lines) == 10
    assert lines[-1].endswith("30 MUST requirements failed")


@pytest.mark.parametrize("text", TEXTS)
def test_the_step_summary_renders_as_text(text: str) -> None:
    markdown = pytest.importorskip("markdown_it")
    page = github.step_summary(shown(text))
    rendered = markdown.MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(page)
    assert re.findall(r"<(img|script|a|em)\b", rendered) == []
    assert rendered.count("<h2") == 1
    assert rendered.count("<h3") == 2
    assert rendered.count("<pre>") == 4
    assert rendered.count("<table>") == 1


def test_a_fence_is_longer_than_any_in_the_text() -> None:
    assert github.fenced("a ````` b").startswith("``````sh\n")


def test_outside_of_github_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page"))
    log = io.StringIO()
    files.print_annotations(shown(), log)
    files.write_step_summary(shown())
    assert log.getvalue() == ""
    assert not (tmp_path / "page").exists()


def test_in_github_the_page_is_added_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page"))
    (tmp_path / "page").write_text("before\n")
    log = io.StringIO()
    files.print_annotations(shown(), log)
    files.write_step_summary(shown())
    assert log.getvalue().startswith("::error title=PAGE-COUNT")
    assert (tmp_path / "page").read_text("utf-8").startswith("before\n## ❌ DOES NOT CONFORM")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    with pytest.raises(UserError, match="is not a regular file"):
        files.write_step_summary(shown())


# --- badge ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (result(verdict("SERVED")), "conforms, 1 passed"),
        (of_every_outcome(HOSTILE), "1 failed"),
        (result(verdict("SERVED", Outcome.INCONCLUSIVE)), "inconclusive"),
    ],
)
def test_the_badge_says_the_verdict(found: Result, said: str) -> None:
    drawn = ElementTree.fromstring(badge.text(view(found, OPTIONS)))
    assert drawn.attrib["aria-label"] == f"access-profiles contract: {said}"
    assert [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")][1] == said


def test_no_format_shows_more_than_it_should_of_a_long_text() -> None:
    found = Violation("x" * 100_000, "y" * 100_000, (Place(1, ("/z",)),))
    long = view(result(verdict("PAGE-COUNT", Outcome.FAIL, violations=(found,))), OPTIONS)
    for written in (sarif.text, ctrf.text, github.commands, github.step_summary, html.text):
        assert len(written(long)) < 60_000
    assert "x" * 100_000 in json_report.text(long)
