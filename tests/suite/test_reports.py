"""Reports: one view of the verdicts in a terminal, as JSON and as JUnit, whatever text a deployment sends."""

from __future__ import annotations

import io
import json
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import jsonschema
import pytest

from contracts.model import (
    Credentials,
    EvidenceClass,
    Exchange,
    ExitStatus,
    Level,
    Outcome,
    Place,
    Request,
    Result,
    Verdict,
    Violation,
)
from contracts.reports import ctrf, curl, github, har, html, json_report, junit, sarif, terminal
from contracts.reports.progress import live
from contracts.reports.summary import ReportOptions
from contracts.reports.text import visible
from contracts.reports.view import view
from tests.support.samples import HOSTILE, URL, broken, of_every_outcome, requirement, result, verdict

OPTIONS = ReportOptions()


def printed(
    shown: Result, options: ReportOptions = OPTIONS, width: int = 80, *, verbose: bool = False
) -> str:
    stream = io.StringIO()
    terminal.render(view(shown, options), terminal.console_for(stream, width=width), verbose=verbose)
    return stream.getvalue()


# --- the verdict ------------------------------------------------------------------------------------

SHOULD = ReportOptions(level=Level.SHOULD)
LENIENT = ReportOptions(allow_unexercised=True)
STALE = ReportOptions(waivers_amiss=("X expired",))
PASSES = verdict("SERVED")
PASSING_SHOULD = verdict("DATA-NAMES", level=Level.SHOULD)
BROKEN_SHOULD = broken("FILTER-ORDER", level=Level.SHOULD)


@pytest.mark.parametrize(
    ("verdicts", "options", "word", "status"),
    [
        ([PASSES], OPTIONS, "CONFORMS", 0),
        ([PASSES, broken("PAGE-COUNT")], OPTIONS, "DOES NOT CONFORM", 1),
        ([PASSES, BROKEN_SHOULD], OPTIONS, "CONFORMS", 0),
        ([PASSES, BROKEN_SHOULD], SHOULD, "DOES NOT CONFORM", 1),
        ([PASSES, verdict("WALK-ONCE", Outcome.INCONCLUSIVE)], OPTIONS, "INCONCLUSIVE", 3),
        ([PASSES, verdict("WALK-ONCE", Outcome.NOT_EXERCISED)], OPTIONS, "INCONCLUSIVE", 3),
        ([PASSES, verdict("WALK-ONCE", Outcome.NOT_EXERCISED)], LENIENT, "CONFORMS", 0),
        ([PASSES, verdict("WALK-ONCE", Outcome.WAIVED)], OPTIONS, "CONFORMS", 0),
        ([PASSES], STALE, "CONFORMS", 1),
        ([verdict("WALK-ONCE", Outcome.INCONCLUSIVE)], STALE, "INCONCLUSIVE", 1),
        ([broken("PAGE-COUNT")], STALE, "DOES NOT CONFORM", 1),
        ([], OPTIONS, "INCONCLUSIVE", 3),
    ],
)
def test_verdicts_and_options_decide_word_and_exit_status(
    verdicts: list[Verdict], options: ReportOptions, word: str, status: int
) -> None:
    shown = view(result(*verdicts), options)
    assert (shown.verdict, shown.exit_status) == (word, status)
    validator(json_report.schema()).validate(json_report.render(shown))


@pytest.mark.parametrize(
    ("verdicts", "options", "reason"),
    [
        (
            [PASSES, verdict("WALK-ONCE", Outcome.INCONCLUSIVE, reason="it was not stable")],
            OPTIONS,
            "WALK-ONCE inconclusive: it was not stable",
        ),
        ([PASSES, PASSING_SHOULD, BROKEN_SHOULD], OPTIONS, "1 MUST and 1 SHOULD requirements passed"),
        ([PASSES, BROKEN_SHOULD], SHOULD, "1 SHOULD requirement failed"),
        ([broken("PAGE-COUNT"), BROKEN_SHOULD], OPTIONS, "1 MUST requirement failed"),
        (
            [PASSES],
            ReportOptions(only=frozenset({"SERVED"})),
            "1 MUST requirement passed, of 1 selected; the others were not checked",
        ),
        (
            [PASSES],
            STALE,
            "gate failed: 1 stale waiver: X expired",
        ),
        ([], OPTIONS, "no requirement of that level was checked"),
    ],
)
def test_the_reason_says_what_decided(verdicts: list[Verdict], options: ReportOptions, reason: str) -> None:
    assert view(result(*verdicts), options).reason == reason


# --- terminal ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 60, 120])
def test_no_line_is_wider_than_the_window_but_requests_and_the_last(width: int) -> None:
    lines = printed(of_every_outcome("wide " * 60), width=width).splitlines()
    prose = [line for line in lines[:-1] if not line.startswith("    curl ")]
    assert max(map(len, prose)) <= min(width, 100)


def test_ids_and_words_are_never_cut() -> None:
    shown = of_every_outcome()
    text = printed(shown, verbose=True)
    assert all(v.requirement.id in text for v in shown.verdicts)
    assert all(word in text for word in view(shown, OPTIONS).counts)


def test_a_failure_reads_from_the_sentence_to_the_next_command() -> None:
    text = printed(of_every_outcome())
    assert (
        f"""
FAIL  PAGE-COUNT (MUST)
  The sentence of PAGE-COUNT.
  Expected  25 of 24
  Got       24
  Where     request #2: /count
  Request #1 (needed for context)
    curl -g -i -H "Authorization: Bearer $BIFROST_TOKEN" '{URL}?limit=25'
  Request #2 shows /count: 24
    curl -g -i '{URL}?limit=25&offset=25'
  Reproduced 3/3. Race ruled out: it would take at least 7 precisely timed
  concurrent writes.
  Blocks 1 requirement: WALK-TOTAL
  2 further violations of PAGE-COUNT
  Next: bifrost-contracts explain PAGE-COUNT
"""
        in text
    )


def test_failures_come_before_warnings() -> None:
    text = printed(result(broken("FILTER-ORDER", level=Level.SHOULD), broken("PAGE-COUNT")))
    assert text.index("FAIL  PAGE-COUNT") < text.index("WARNING  FILTER-ORDER")


def test_what_passes_is_counted_and_what_does_not_is_listed() -> None:
    shown = result(verdict("PAGE-FILL"), verdict("PAGE-LIMIT"), broken("WALK-TOTAL"), verdict("WALK-ONCE"))
    lines = [" ".join(line.split()) for line in printed(shown).splitlines()]
    assert lines[:3] == ["PAGE 2 passed", "WALK 1 of 2 passed", "✗ fail WALK-TOTAL 3 violations"]
    assert "PAGE-FILL" in printed(shown, verbose=True)


def test_behaviours_are_counted_and_listed_when_verbose() -> None:
    assert "1 implementation-defined behaviour of this deployment: --verbose and" in printed(result(PASSES))
    assert "  tags: any of them (request #2)" in printed(result(PASSES), verbose=True)


@pytest.mark.parametrize(
    ("shown", "last"),
    [
        (of_every_outcome(), "DOES NOT CONFORM (exit 1): PAGE-COUNT · 3 requests, 1.2 s, seed 0"),
        (
            result(*(broken(f"PAGE-{n}") for n in range(10))),
            "DOES NOT CONFORM (exit 1): PAGE-0, PAGE-1, PAGE-2, PAGE-3, PAGE-4, PAGE-5, PAGE-6, PAGE-7 "
            "and 2 more · 3 requests, 1.2 s, seed 0",
        ),
        (
            result(PASSES, BROKEN_SHOULD),
            "CONFORMS (exit 0): 1 MUST requirement passed · 3 requests, 1.2 s, seed 0",
        ),
        (
            result(verdict("WALK-ONCE", Outcome.INCONCLUSIVE, reason="it was not stable")),
            "INCONCLUSIVE (exit 3): WALK-ONCE inconclusive: it was not stable · 3 requests, 1.2 s, seed 0",
        ),
    ],
)
def test_the_last_line_has_the_verdict_and_what_decided(shown: Result, last: str) -> None:
    assert printed(shown).splitlines()[-1] == last


def test_the_line_before_has_the_deployment_and_the_counts() -> None:
    assert printed(result(PASSES, BROKEN_SHOULD)).splitlines()[-2] == f"{URL}: 1 pass, 1 warning"


AT = (Place(2, ("/count",)),)


@pytest.mark.parametrize(
    ("violation", "said"),
    [
        (Violation("a", "b", AT, EvidenceClass.RESPONSE), "Not a race: a single response shows it."),
        (Violation("a", "b", AT, EvidenceClass.ORDER), "Not a race: the order of unchanged items shows it."),
        (Violation("a", "b", AT, min_writes=0), "Not a race: no write explains it."),
        (
            Violation("a", "b", AT, min_writes=2),
            "Race ruled out: it would take at least 14 precisely timed concurrent writes.",
        ),
    ],
)
def test_a_failure_says_why_it_is_no_race(violation: Violation, said: str) -> None:
    failed = verdict("PAGE-FILL", Outcome.FAIL, violations=(violation,), reproduced=3, repetitions=3)
    [failure] = view(result(failed), OPTIONS).failures
    assert failure.certainty == f"Reproduced 3/3. {said}"


@pytest.mark.parametrize(
    ("place", "exchange", "said"),
    [
        (Place(2, ("/count",)), 2, "Request #2 shows /count: 24"),
        (Place(2, ("/total_count", "status")), 2, "Request #2 shows no /total_count, status: 200"),
        (
            Place(2, ("headers/link", "body")),
            2,
            'Request #2 shows no Link, a body that begins with "{\\"count',
        ),
        (Place(3, ("failure", "request")), 3, "Request #3 shows no response: closed before the response"),
        (Place(1), 1, "Request #1 (needed for context)"),
    ],
)
def test_a_request_says_what_its_response_shows(place: Place, exchange: int, said: str) -> None:
    failed = verdict("PAGE-FILL", Outcome.FAIL, violations=(Violation("a", "b", (place,)),))
    [failure] = view(result(failed), OPTIONS).failures
    [shown] = failure.places
    assert shown.number == exchange
    assert shown.title.startswith(said)


def test_of_a_long_counterexample_the_last_request_is_kept() -> None:
    places = tuple(Place(number % 3 + 1) for number in range(19))
    failed = verdict("PAGE-FILL", Outcome.FAIL, violations=(Violation("a", "b", places),))
    [failure] = view(result(failed), OPTIONS).failures
    assert [place.number for place in failure.places] == [1, 2, 3, 1, 2, 1]
    assert "  … 13 more requests, in report.json\n  Request #1" in printed(result(failed))


def test_requirements_without_a_check_are_one_line() -> None:
    options = ReportOptions(untested=(requirement("ACCESS-SCOPE", untested="no second token"),))
    assert "No check exists for ACCESS-SCOPE\n" in printed(of_every_outcome(), options)


def test_every_text_of_a_report_is_redacted() -> None:
    shown = of_every_outcome("the token is s3cret")
    body = b'{"count": "s3cret", "access_profiles": [{"id": 1, "name": "\xff s3cret"}]}'
    found = Exchange(2, Request("tags=s3cret"), 200, (("Link", "<s3cret>"),), body)
    shown = replace(shown, exchanges=(*shown.exchanges[:1], found, *shown.exchanges[2:]))
    hidden = view(shown, ReportOptions(redact=lambda text: text.replace("s3cret", "***")))
    began = datetime(2026, 11, 24, tzinfo=UTC)
    writers = (html.text, json_report.text, junit.text, sarif.text, ctrf.text, github.step_summary)
    for text in (*(write(hidden) for write in writers), github.commands(hidden), har.text(hidden, began)):
        assert "s3cret" not in text
    assert "s3cret" in har.text(view(shown, OPTIONS), began)
    assert "the token is ***" in json_report.text(hidden)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "unknown")])
def test_no_escape_sequences_where_none_are_wanted(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    stream = Terminal()
    terminal.render(view(of_every_outcome(), OPTIONS), terminal.console_for(stream, width=80))
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = Terminal()
    terminal.render(view(of_every_outcome(), OPTIONS), terminal.console_for(stream, width=80))
    assert "\x1b[" in stream.getvalue()


def test_a_pipe_gets_no_escape_sequences() -> None:
    assert "\x1b" not in printed(of_every_outcome(HOSTILE))


def test_ascii_streams_get_ascii_marks() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    terminal.render(view(of_every_outcome(), OPTIONS), terminal.console_for(stream, width=80))
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
    written = json_report.text(view(of_every_outcome(text), ReportOptions(untested=(requirement("X-Y"),))))
    assert written.isascii()
    assert "\x1b" not in written
    validator(json_report.schema()).validate(json.loads(written))


def test_the_schema_refuses_members_that_it_does_not_know() -> None:
    report = json.loads(json_report.text(view(of_every_outcome(), OPTIONS)))
    report["verdicts"][0]["surprise"] = 1
    assert not validator(json_report.schema()).is_valid(report)


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(json_report.schema())


def test_json_and_terminal_agree() -> None:
    shown = of_every_outcome()
    report = json_report.render(view(shown, OPTIONS))
    text = printed(shown)
    assert text.splitlines()[-1].startswith(f"{report['verdict']} (exit {report['exit_status']})")
    assert f"\n{report['deployment']}: " in text
    assert report["exit_status"] == ExitStatus.FAILED


def test_json_has_no_content_of_responses() -> None:
    assert '"{}"' not in json_report.text(view(of_every_outcome(), OPTIONS))


def validator(schema: object) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema)  # type: ignore[arg-type]


# --- JUnit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["24", HOSTILE])
def test_junit_is_well_formed_and_has_one_case_a_requirement(text: str) -> None:
    shown = of_every_outcome(text)
    suite = junit_of(shown, OPTIONS)
    names = [case.get("name") for case in suite.iter("testcase")]
    assert names == [v.requirement.id for v in shown.verdicts]
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "5")


def test_a_broken_should_fails_junit_only_when_should_decides() -> None:
    shown = result(broken("FILTER-ORDER", level=Level.SHOULD))
    assert junit_of(shown, OPTIONS).get("failures") == "0"
    assert junit_of(shown, SHOULD).get("failures") == "1"


def junit_of(shown: Result, options: ReportOptions) -> ElementTree.Element:
    return ElementTree.fromstring(junit.text(view(shown, options)))[0]


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
