"""Requirements explained: in the terminal, as Markdown and as HTML."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.cli import app as cli
from contracts.judging import explain as guide
from contracts.judging.catalogue import load_catalogue
from contracts.model import UserError
from contracts.reports import guide as report
from tests.support.browser import Visit, chromium


@pytest.fixture(scope="module")
def entries() -> tuple[report.Entry, ...]:
    return guide.entries()


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(arguments))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_requirement_is_explained_with_a_response_that_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("explain", "page-count") == 0
    printed = capsys.readouterr().out
    for piece in (
        "PAGE-COUNT (MUST)\n  `count` MUST be the number of profiles",
        "  Source    Reference page",
        "  Evidence  response: a single response proves a violation",
        "  Needs     a list that is not empty",
        "  Fails: `count` is the number of all profiles.\n    GET /api/access-profiles?limit=2\n",
    ):
        assert piece in printed
    assert max(map(len, printed.splitlines())) <= 100


def test_an_unknown_id_is_refused_with_the_closest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "PAGE-CUONT") == 2
    assert "Did you mean 'PAGE-COUNT' or" in capsys.readouterr().err
    with pytest.raises(UserError, match="`requirements` lists all"):
        guide.entry("\x1b[31m")


def test_every_requirement_has_an_entry(entries: tuple[report.Entry, ...]) -> None:
    catalogue = load_catalogue()
    assert [one.requirement for one in entries] == list(catalogue.requirements)
    assert all(
        one.needs and one.good and one.bad and one.why for one in entries if not one.requirement.untested
    )


def test_the_document_in_markdown_has_every_sentence(entries: tuple[report.Entry, ...]) -> None:
    text = report.markdown(entries)
    for entry in entries:
        assert f"## {entry.requirement.id} ({entry.requirement.level})\n\n{entry.requirement.text}\n" in text
        assert f"Fails: {entry.why}" in text


def test_behaviours_are_named(entries: tuple[report.Entry, ...]) -> None:
    several = next(one for one in entries if one.requirement.behaviours)
    assert [said for label, said in report.facts(several) if label == "Behaviour"] == list(
        several.requirement.behaviours
    )


def test_the_command_prints_documents(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("requirements", "--format", "md") == 0
    assert capsys.readouterr().out.startswith("# Requirements of GET /api/access-profiles\n")
    assert run("requirements", "--format", "html") == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_html_opens_quietly_and_filters(
    entries: tuple[report.Entry, ...], tmp_path: Path, scheme: str
) -> None:
    path = tmp_path / "requirements.html"
    path.write_text(report.html(entries), "ascii")
    with chromium() as browser:
        visit = Visit(browser, path, color_scheme=scheme, viewport={"width": 400, "height": 800})
        visit.page.locator("#filters [name=area]").select_option("WALK")
        shown = visit.page.locator("#table tbody tr:visible").count()
        assert shown == sum(one.requirement.area == "WALK" for one in entries)
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= 400
        axe = pytest.importorskip("axe_playwright_python.sync_playwright")
        visit.page.evaluate(Path(axe.__file__).with_name("axe.min.js").read_text("utf-8") + "; 0")
        found = visit.page.evaluate("axe.run()")["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        assert (visit.said, visit.foreign) == ([], [])
