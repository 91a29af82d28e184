"""The HTML report in a real browser: it renders, filters, holds hostile text inert and asks for nothing."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.model import Attempt, Exchange, Outcome, Place, Request, Result, Verdict, Violation
from contracts.reports import charts, html, json_report
from contracts.reports.failure_view import Budget, failure_view
from contracts.reports.summary import ReportOptions
from contracts.reports.view import view
from tests.support.browser import Visit, chromium
from tests.support.samples import HOSTILE, URL, broken, exchanges, of_every_outcome, result, verdict

OPTIONS = ReportOptions()
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>{{ 7*7 }}"
MANNERS = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 400)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def text_of(shown: Result) -> str:
    return html.text(view(shown, OPTIONS))


def written(shown: Result, tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_text(text_of(shown), "ascii")
    return path


def page(number: int, query: str, *profiles: object, total: int = 9, **more: Any) -> Exchange:
    content = {"access_profiles": list(profiles), "count": len(profiles), "total_count": total}
    text = json.dumps(content).encode()
    return Exchange(number, Request(query), 200, content=text, started=number / 10, elapsed=0.01, **more)


def differing() -> Result:
    """One item that reads differently on another page, with a volatile counter that changed."""
    first = {"id": 7, "name": "seven", "tags": ["a"], "budgets": [{"current_usage": 1}]}
    second = {"id": 7, "name": "seven", "tags": ["b"], "budgets": [{"current_usage": 2}]}
    found = Violation("tags a", "tags b", (Place(1), Place(2, ("/access_profiles/1/tags/0",))))
    wrong = Verdict(verdict("WALK-CONTENT").requirement, Outcome.FAIL, violations=(found,))
    pages = (page(1, "limit=5&offset=0", first), page(2, "limit=2&offset=4", {"id": 5}, second))
    return result(verdict("SERVED"), wrong, exchanges=pages)


# --- in the browser ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "width"), MANNERS)
@pytest.mark.parametrize("make", [of_every_outcome, differing])
def test_it_renders_quietly_and_asks_for_nothing(
    browser: Any, tmp_path: Path, make: Any, scheme: str, width: int
) -> None:
    visit = Visit(
        browser,
        written(make(), tmp_path),
        color_scheme=scheme,
        viewport={"width": width, "height": 800},
    )
    assert visit.page.locator("header .word").inner_text() == "DOES NOT CONFORM"
    assert visit.page.locator("h1").inner_text() == URL
    assert visit.said == []
    assert visit.foreign == []
    # Nothing sticks out sideways: only what scrolls in a frame of its own may be wider.
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    visit.page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("make", [of_every_outcome, differing])
def test_axe_finds_nothing_serious(browser: Any, tmp_path: Path, make: Any, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    visit = Visit(browser, written(make(), tmp_path), color_scheme=scheme)
    source = Path(axe.__file__).with_name("axe.min.js").read_text("utf-8")
    # By the debugger, for the page's own policy lets no other script in.
    visit.page.evaluate(source + "; 0")
    found = visit.page.evaluate("axe.run()")
    assert found["passes"]
    serious = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in serious] == []
    visit.page.close()


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("outcome", "fail", ["PAGE-COUNT"]),
        ("level", "SHOULD", ["FILTER-ORDER"]),
        ("area", "WALK", ["WALK-TOTAL"]),
        ("text", "nested-null waived", ["RESP-NESTED-NULL"]),
        ("text", "no such words", []),
    ],
)
def test_filters_leave_what_was_asked_for(
    browser: Any, tmp_path: Path, name: str, value: str, shown: list[str]
) -> None:
    visit = Visit(browser, written(of_every_outcome(), tmp_path))
    visit.page.locator("#all summary").click()
    field = visit.page.locator(f"#filters [name={name}]")
    _ = field.fill(value) if name == "text" else field.select_option(value)
    rows = visit.page.locator("#table tbody tr:visible th").all_inner_texts()
    assert [row.split()[0] for row in rows] == shown
    assert visit.page.locator("#shown").inner_text() == f"{len(shown)} of 8 shown"
    visit.page.close()


@pytest.mark.parametrize("text", [SCRIPT, HOSTILE])
def test_hostile_text_is_inert(browser: Any, tmp_path: Path, text: str) -> None:
    shown = dataclasses.replace(
        of_every_outcome(text),
        exchanges=(page(1, "limit=25&tags=" + text, {"id": 1, "name": text}, text), *exchanges()[1:]),
    )
    visit = Visit(browser, written(shown, tmp_path))
    assert visit.said == []
    assert visit.foreign == []
    assert visit.page.locator("script").count() == 1
    assert visit.page.locator("main img, [onerror], [onload]").count() == 0
    assert "49" not in visit.page.locator(".against").first.inner_text()
    if text is SCRIPT:
        assert SCRIPT in visit.page.locator(".against").first.inner_text()
    visit.page.close()


def test_a_script_of_another_is_refused_by_the_policy(browser: Any, tmp_path: Path) -> None:
    path = written(of_every_outcome(), tmp_path)
    path.write_text(path.read_text("ascii").replace("</main>", "<script>alert(1)</script></main>"), "ascii")
    visit = Visit(browser, path)
    [refusal] = visit.said
    assert "Content Security Policy" in refusal
    visit.page.close()


def test_without_scripts_everything_is_there(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, written(of_every_outcome(), tmp_path), java_script_enabled=False)
    visit.page.locator("#all summary").click()
    assert visit.page.locator("#table tbody tr:visible").count() == 8
    assert visit.page.locator("#filters").is_hidden()
    visit.page.close()


def test_the_keyboard_reaches_the_failure(browser: Any, tmp_path: Path) -> None:
    visit = Visit(browser, written(of_every_outcome(), tmp_path))
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.textContent") == "Skip to the report"
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    assert visit.page.url.endswith("#failures")
    visit.page.close()


# --- the text itself --------------------------------------------------------------------------------


def test_differences_of_an_item_are_marked_but_for_volatile_members() -> None:
    text = text_of(differing())
    table = text[text.index('<table class="comparison') : text.index("</table>")]
    assert re.findall(r"<mark>(.*?)</mark>", table) == ["&#34;a&#34;", "&#34;b&#34;"]
    assert "<span>volatile</span>" in table
    assert "request #2, item 2" in table


def test_the_places_of_the_violation_are_marked_in_the_body() -> None:
    text = text_of(differing())
    body = text[text.index('aria-label="The lines of response 2') :]
    body = body[: body.index("</pre>")]
    assert re.findall(r"<mark>(.*?)</mark>", body) == ["0: &#34;b&#34;"]
    assert "    1: {\n" in body
    assert "&#8230; 1 more" in body


def test_a_token_never_stands_there_but_its_variable() -> None:
    text = text_of(of_every_outcome())
    assert "Bearer $BIFROST_TOKEN" in text
    assert "default-src &#39;none&#39;" in text


@pytest.mark.parametrize("text", [SCRIPT * 20, "\U000e0001" * 2_000, '"<&' * 1_000])
def test_the_file_stays_small_whatever_is_sent(text: str) -> None:
    places = tuple(Place(n, ("/access_profiles/0/" + text, "/access_profiles")) for n in range(1, 7))
    found = tuple(Violation(text, text, places) for _ in range(5))
    wrong = tuple(verdict(f"PAGE-{n}", Outcome.FAIL, violations=found, reason=text) for n in range(60))
    profiles = [{"id": n, "name": text, text[:50]: text, "tags": [text] * 9} for n in range(100)]
    sent = tuple(page(n, f"limit=5&tags={text}", *profiles) for n in range(1, 7))
    many = tuple(Exchange(n, Request(f"limit={n}&x={text[:500]}"), 500, elapsed=1.0) for n in range(7, 900))
    hostile = result(*wrong, exchanges=(*sent, *many), notes=(text,) * 5)
    assert len(text_of(hostile)) < 2_000_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 5000,
        b"[" * 900 + b"]" * 900,
        b'{"access_profiles": ' + b"[" * 900 + b"]" * 900 + b"}",
        b"1" * 5000,
        b"\xff\xfe",
        b'{"access_profiles": 5}',
        b"null",
        b"[]",
        b"NaN",
    ],
)
def test_any_content_can_be_shown(content: bytes) -> None:
    facts = ("/access_profiles/0", "/access_profiles", "body", "status", "headers/link")
    found = Violation("a list", "something else", (Place(1, facts),))
    wrong = verdict("RESP-JSON", Outcome.FAIL, violations=(found,))
    odd = Exchange(1, Request("limit=5"), 200, content=content)
    shown = view(result(wrong, exchanges=(odd,)), OPTIONS)
    assert "something else" in html.text(shown)
    assert "something else" in json_report.text(shown)


def test_evidence_that_was_not_kept_does_not_stop_the_report() -> None:
    assert "Failures" in text_of(result(broken("PAGE-COUNT"), exchanges=()))


def test_a_run_without_anything_is_a_page_too() -> None:
    text = text_of(result(exchanges=(), notes=(), behaviours=()))
    assert "INCONCLUSIVE" in text
    assert "<svg" not in text


# --- the charts -------------------------------------------------------------------------------------


def test_the_map_shows_where_it_broke() -> None:
    drawn, narrow = charts.list_map(differing())
    assert narrow.width < drawn.width
    looks = [shape.look for shape in drawn.shapes]
    assert (looks.count("read"), looks.count("broken"), looks.count("point")) == (1, 1, 1)
    [point] = [shape for shape in drawn.shapes if shape.look == "point"]
    assert point.title == "WALK-CONTENT: position 5"
    [wrong] = [shape for shape in drawn.shapes if shape.look == "broken"]
    assert wrong.x <= point.x <= wrong.x + wrong.width
    assert {"limit 5", "limit 2"} <= {label.text for label in drawn.labels}


def test_a_map_of_very_many_pages_stays_bounded() -> None:
    pages = tuple(page(n, f"limit=1&offset={n}", {"id": n}, total=9000) for n in range(1, 3000))
    drawn, narrow = charts.list_map(result(exchanges=pages))
    assert narrow.width < drawn.width
    assert len(drawn.shapes) < 20


def test_the_time_line_shows_repetitions_and_responses_that_changed() -> None:
    again = (
        page(1, "limit=5", {"id": 1}),
        page(2, "limit=5", {"id": 1}),
        page(3, "limit=5", {"id": 2}, attempts=(Attempt("429", 0.2),)),
        Exchange(4, Request("limit=6"), 503, started=0.5, elapsed=0.2),
    )
    drawn, narrow = charts.time_line(result(exchanges=again))
    assert narrow.width < drawn.width
    looks = [shape.look for shape in drawn.shapes]
    counted = {look: looks.count(look) for look in ("read", "trouble", "wait", "same", "other")}
    assert counted == {"read": 3, "trouble": 1, "wait": 1, "same": 1, "other": 1}
    assert "1 retried after a passing error" in drawn.words
    assert "2 requests repeated, 1 with another response" in drawn.words


def test_a_time_line_of_very_many_requests_stays_bounded() -> None:
    drawn, narrow = charts.time_line(result(exchanges=tuple(page(n, f"offset={n}") for n in range(1, 5000))))
    assert narrow.width < drawn.width
    assert len(drawn.shapes) < 900


def test_bodies_are_shown_as_far_as_the_budget_goes() -> None:
    shown = differing()
    full = failure_view(shown.verdicts[1], shown, OPTIONS, Budget())
    cut = failure_view(shown.verdicts[1], shown, OPTIONS, Budget(left=10))
    assert all(one.body for one in full.places)
    assert all(one.is_cut and not one.body for one in cut.places)
