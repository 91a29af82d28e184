"""Reports: the same verdicts in a terminal, as JSON and as JUnit, whatever text a deployment sends."""

from __future__ import annotations

import io
import json
import shlex
from xml.etree import ElementTree

import jsonschema
import pytest

from contracts.model import Credentials, Evidence, ExitStatus, Level, Outcome, Request, Result, Violation
from contracts.reports import curl, failure, json_report, junit, summary, terminal
from contracts.reports.progress import live
from contracts.reports.summary import ReportOptions
from contracts.reports.text import visible
from tests.support.samples import HOSTILE, URL, broken, of_every_outcome, requirement, result, verdict

TERMS = ReportOptions()


def printed(shown: Result, terms: ReportOptions = TERMS, width: int = 80) -> str:
    stream = io.StringIO()
    terminal.render(shown, terminal.console_for(stream, width=width), terms)
    return stream.getvalue()


# --- conclusion -------------------------------------------------------------------------------------

SHOULD = ReportOptions(level=Level.SHOULD)
LENIENT = ReportOptions(allow_unexercised=True)
PASSES = verdict("SERVED")


@pytest.mark.parametrize(
    ("verdicts", "terms", "word", "status"),
    [
        ([PASSES], TERMS, "CONFORMS", 0),
        ([PASSES, broken("PAGE-COUNT")], TERMS, "DOES NOT CONFORM", 1),
        ([PASSES, broken("FILTER-ORDER", level=Level.SHOULD)], TERMS, "CONFORMS", 0),
        ([PASSES, broken("FILTER-ORDER", level=Level.SHOULD)], SHOULD, "DOES NOT CONFORM", 1),
        ([PASSES, verdict("WALK-ONCE", Outcome.INCONCLUSIVE)], TERMS, "INCONCLUSIVE", 3),
        ([PASSES, verdict("WALK-ONCE", Outcome.NOT_EXERCISED)], TERMS, "INCONCLUSIVE", 3),
        ([PASSES, verdict("WALK-ONCE", Outcome.NOT_EXERCISED)], LENIENT, "CONFORMS", 0),
        ([PASSES, verdict("WALK-ONCE", Outcome.WAIVED)], TERMS, "CONFORMS", 0),
        ([], TERMS, "INCONCLUSIVE", 3),
    ],
)
def test_conclusion_has_one_word_for_each_status(
    verdicts: list[object], terms: ReportOptions, word: str, status: int
) -> None:
    conclusion = summary.conclude(result(*verdicts), terms)  # type: ignore[arg-type]
    assert (conclusion.word, conclusion.status) == (word, status)


def test_the_reason_of_not_judged_names_the_requirement_that_is_open() -> None:
    shown = result(PASSES, verdict("WALK-ONCE", Outcome.INCONCLUSIVE, reason="it never held still"))
    assert summary.conclude(shown, TERMS).reason == "WALK-ONCE inconclusive: it never held still"


def test_the_reason_says_when_only_a_few_were_asked_for() -> None:
    reason = summary.conclude(result(PASSES), ReportOptions(only=frozenset({"SERVED"}))).reason
    assert reason == "1 requirement passed, of the 1 asked for; the others were not judged"


# --- terminal ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 60, 120])
def test_no_line_is_wider_than_the_window_but_requests_and_the_last(width: int) -> None:
    lines = printed(of_every_outcome("wide " * 60), width=width).splitlines()
    prose = [line for line in lines[:-1] if not line.startswith("  Request")]
    assert max(map(len, prose)) <= min(width, 100)


def test_ids_and_words_are_never_cut() -> None:
    shown = of_every_outcome()
    text = printed(shown)
    assert all(v.requirement.id in text for v in shown.verdicts)
    for word in ("pass", "FAIL", "warn", "inconclusive", "not exercised", "n/a", "blocked", "waived"):
        assert word in text


def test_a_failure_shows_sentence_expected_got_place_request_and_what_it_blocks() -> None:
    text = printed(of_every_outcome())
    block = text[text.index("FAIL  PAGE-COUNT (MUST)") :]
    for piece in (
        "The sentence of PAGE-COUNT.",
        "Expected  25 of 24",
        "Got       24",
        "Place     /count",
        f"Request   curl -g -i -H \"Authorization: Bearer $BIFROST_TOKEN\" '{URL}?limit=25'",
        f"Request   curl -g -i '{URL}?limit=25&offset=25'",
        "Writes    at least 1 write by others",
        "Confirmed asked again 2 times",
        "Further   2 more violations",
        "Blocks    1 more blocked by it: WALK-TOTAL",
    ):
        assert piece in block


def test_those_that_decide_come_before_warnings() -> None:
    text = printed(result(broken("FILTER-ORDER", level=Level.SHOULD), broken("PAGE-COUNT")))
    assert text.index("FAIL  PAGE-COUNT") < text.index("warn  FILTER-ORDER")


def test_the_last_line_says_what_was_judged_and_how() -> None:
    last = printed(of_every_outcome()).splitlines()[-1]
    assert last == f"DOES NOT CONFORM  {URL}  3 requests, 1.2 s, seed 0"


@pytest.mark.parametrize(
    ("violation", "said"),
    [
        (Violation("a", "b", (1,), evidence=Evidence.ONE), "a single response shows it"),
        (Violation("a", "b", (1,), evidence=Evidence.ORDER), "the order of unchanged profiles"),
        (Violation("a", "b", (1,), writes=0), "nothing else changed meanwhile"),
        (Violation("a", "b", (1,), writes=7), "at least 7 writes by others"),
    ],
)
def test_the_block_says_why_writes_by_others_are_no_excuse(violation: Violation, said: str) -> None:
    assert said in failure.excuse(violation, requirement("PAGE-FILL"))


def test_untested_requirements_are_one_line() -> None:
    terms = ReportOptions(untested=(requirement("ACCESS-SCOPE", untested="no second token"),))
    assert "Without a check, so not judged: ACCESS-SCOPE" in printed(of_every_outcome(), terms)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "unknown")])
def test_no_escape_sequences_where_none_are_wanted(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    stream = Terminal()
    terminal.render(of_every_outcome(), terminal.console_for(stream, width=80), TERMS)
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Terminal()
    terminal.render(of_every_outcome(), terminal.console_for(stream, width=80), TERMS)
    assert "\x1b[" in stream.getvalue()


def test_a_pipe_gets_no_escape_sequences() -> None:
    assert "\x1b" not in printed(of_every_outcome(HOSTILE))


def test_ascii_streams_get_ascii_marks() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    terminal.render(of_every_outcome(), terminal.console_for(stream, width=80), TERMS)
    stream.flush()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    with live(io.StringIO()) as advance:
        assert advance is None
    with live(Terminal()) as advance:
        assert advance is not None
        advance("walk", 3, 40)


# --- hostile text -----------------------------------------------------------------------------------


def test_hostile_text_is_shown_as_data_in_the_terminal() -> None:
    text = printed(of_every_outcome(HOSTILE), width=100)
    for character in "\x1b\x07\x9b\r\u202e\u2066\ud800":
        assert character not in text
    assert r"\x1b[31mred" in text
    assert "[bold]markup[/bold]" in text
    assert "##vso" not in text
    assert "::error" not in text


def test_hostile_text_adds_no_line() -> None:
    assert not [line for line in printed(of_every_outcome(HOSTILE)).splitlines() if line.startswith("next")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 漢", "plain é 漢"),
        ("a\tb\nc", r"a\x09b\x0ac"),
        ("\u200b\u00a0", r"\u200b\xa0"),
        ("\U000e0041", r"\U000e0041"),
        ("[red]x[/red] :smile:", "[red]x[/red] :smile:"),
        ("http://[::1]:80", "http://[::1]:80"),
        ("e" + "\u0301" * 6, "e" + "\u0301" * 4 + r"\u0301\u0301"),
    ],
)
def test_visible_writes_out_what_hides(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_visible_bounds_the_length() -> None:
    assert visible("x" * 5000) == "x" * 1000 + "… (5,000 characters)"


# --- JSON -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["24", HOSTILE])
def test_json_follows_the_published_schema_and_is_ascii(text: str) -> None:
    written = json_report.text(of_every_outcome(text), ReportOptions(untested=(requirement("X-Y"),)))
    assert written.isascii()
    assert "\x1b" not in written
    validator(json_report.schema()).validate(json.loads(written))


def test_the_schema_refuses_members_that_it_does_not_know() -> None:
    report = json.loads(json_report.text(of_every_outcome(), TERMS))
    report["verdicts"][0]["surprise"] = 1
    assert not validator(json_report.schema()).is_valid(report)


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(json_report.schema())


def test_json_and_terminal_agree() -> None:
    shown = of_every_outcome()
    report = json_report.render(shown, TERMS)
    text = printed(shown)
    assert text.splitlines()[-1].startswith(f"{report['verdict']}  {report['deployment']}")
    assert f"Reason: {report['reason']}" in text
    assert report["exit_status"] == ExitStatus.FAILED


def test_json_has_no_content_of_responses() -> None:
    assert '"{}"' not in json_report.text(of_every_outcome(), TERMS)


def validator(schema: object) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema)  # type: ignore[arg-type]


# --- JUnit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["24", HOSTILE])
def test_junit_is_well_formed_and_has_one_case_a_requirement(text: str) -> None:
    shown = of_every_outcome(text)
    suite = junit_of(shown, TERMS)
    names = [case.get("name") for case in suite.iter("testcase")]
    assert names == [v.requirement.id for v in shown.verdicts]
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "5")


def test_a_broken_should_fails_junit_only_when_should_decides() -> None:
    shown = result(broken("FILTER-ORDER", level=Level.SHOULD))
    assert junit_of(shown, TERMS).get("failures") == "0"
    assert junit_of(shown, SHOULD).get("failures") == "1"


def junit_of(shown: Result, terms: ReportOptions) -> ElementTree.Element:
    return ElementTree.fromstring(junit.text(shown, terms))[0]


# --- curl -------------------------------------------------------------------------------------------

SITE = curl.Site(URL)
HEADER = '-H "Authorization: Bearer $BIFROST_TOKEN"'


@pytest.mark.parametrize(
    ("request_", "site", "line"),
    [
        (Request(), SITE, f"curl -g -i {HEADER} {URL}"),
        (Request("a=1&b=2"), SITE, f"curl -g -i {HEADER} '{URL}?a=1&b=2'"),
        (Request(method="HEAD"), SITE, f"curl -g -I {HEADER} {URL}"),
        (Request(method="OPTIONS"), SITE, f"curl -g -i -X OPTIONS {HEADER} {URL}"),
        (Request(credentials=Credentials.NONE), SITE, f"curl -g -i {URL}"),
        (
            Request(credentials=Credentials.TRUNCATED),
            SITE,
            f'curl -g -i -H "Authorization: Bearer $BIFROST_TOKEN_TRUNCATED" {URL}',
        ),
        (
            Request(credentials=Credentials.LOWER_CASE_SCHEME),
            SITE,
            f'curl -g -i -H "Authorization: bearer $BIFROST_TOKEN" {URL}',
        ),
        (Request(), curl.Site(URL, secret=None), f"curl -g -i {URL}"),
        (
            Request(),
            curl.Site(URL, secret=curl.Secret("MINE")),
            f'curl -g -i -H "Authorization: Bearer $MINE" {URL}',
        ),
        (Request(), curl.Site(URL, secret=curl.Secret("ME", basic=True)), f'curl -g -i -u "$ME" {URL}'),
        (
            Request(path="/api//access-profiles", credentials=Credentials.NONE),
            SITE,
            "curl -g -i --path-as-is http://127.0.0.1:8080/api//access-profiles",
        ),
        (
            Request(path="/api/%2e/access-profiles", credentials=Credentials.NONE),
            curl.Site("http://gw/bifrost/api/access-profiles"),
            "curl -g -i --path-as-is http://gw/bifrost/api/%2e/access-profiles",
        ),
        (
            Request(path="/other", credentials=Credentials.NONE),
            curl.Site("http://gw/mine/profiles", prefix="/mine"),
            "curl -g -i http://gw/mine/other",
        ),
    ],
)
def test_curl_lines(request_: Request, site: curl.Site, line: str) -> None:
    assert curl.line(request_, site) == line


@pytest.mark.parametrize("query", ["tags='; rm -rf /", "a=$(id)`id`", "a=b\nc"])
def test_curl_lines_cannot_run_anything_else(query: str) -> None:
    line = curl.line(Request(query, credentials=Credentials.NONE), SITE)
    assert "\n" not in line
    assert len(shlex.split(line)) == 4


@pytest.mark.parametrize("credentials", list(Credentials))
@pytest.mark.parametrize("basic", [True, False])
def test_curl_lines_exist_for_all_credentials(credentials: Credentials, *, basic: bool) -> None:
    line = curl.line(Request(credentials=credentials), curl.Site(URL, secret=curl.Secret("ME", basic)))
    assert line.startswith("curl ")
    assert len(shlex.split(line)) >= 4
