"""Waivers: what they accept, what they do not, and what is said of those amiss."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from contracts.judging import waivers
from contracts.judging.waivers import Waiver
from contracts.model import ExitStatus, Level, Outcome, Place, UserError, Violation, exit_status
from contracts.reports import summary
from contracts.reports.summary import ReportOptions
from tests.support.samples import HOSTILE, broken, result, verdict

TODAY = date(2026, 11, 24)
WAIVER = Waiver("PAGE-COUNT", "the gateway is frozen", "platform team", date(2026, 12, 31))
FAILED = broken("PAGE-COUNT")
KNOWN = {"PAGE-COUNT", "PAGE-LIMIT", "SERVED"}


def applied(*found, waived: Waiver = WAIVER, today: date = TODAY):
    return waivers.apply(result(*found), (waived,), today)


def test_a_broken_requirement_that_is_waived_is_fine_and_keeps_its_violations():
    done = applied(FAILED, verdict("PAGE-LIMIT", Outcome.PASS, checked=1))
    first = done.result.verdicts[0]
    assert (first.outcome, first.violations) == (Outcome.WAIVED, FAILED.violations)
    assert first.reason == "the gateway is frozen (platform team, up to 2026-12-31)"
    assert done.troubles == ()
    assert exit_status(done.result.verdicts) == ExitStatus.CONFORMING
    assert "1 waived" in summary.conclude(done.result, ReportOptions()).reason


@pytest.mark.parametrize(
    ("waived", "today", "said"),
    [
        (WAIVER, date(2027, 1, 1), "expired on 2026-12-31"),
        (replace(WAIVER, how="another text"), TODAY, "fails in another way"),
    ],
)
def test_a_waiver_that_does_not_hold_waives_nothing_and_is_told(waived, today, said):
    done = applied(FAILED, waived=waived, today=today)
    assert done.result.verdicts == (FAILED,)
    assert said in done.troubles[0]
    assert any(said in note for note in done.result.notes)


def test_the_last_day_counts():
    assert applied(FAILED, today=WAIVER.expires).result.verdicts[0].outcome is Outcome.WAIVED


def test_how_must_fit_every_violation_kept():
    some = Violation("a", "total 5", (Place(1),))
    twice = replace(FAILED, violations=(some, replace(some, got="total 6")))
    assert applied(twice, waived=replace(WAIVER, how="total")).result.verdicts[0].outcome is Outcome.WAIVED
    assert applied(twice, waived=replace(WAIVER, how="total 5")).result.verdicts[0].outcome is Outcome.FAIL


def test_an_unused_waiver_is_told_and_fails_only_where_that_is_wanted():
    done = applied(verdict("PAGE-COUNT", Outcome.PASS, checked=3))
    assert "not used" in done.troubles[0]
    assert summary.conclude(done.result, ReportOptions()).status == ExitStatus.CONFORMING
    strict = summary.conclude(done.result, ReportOptions(waivers_amiss=done.troubles))
    assert (strict.status, strict.word) == (ExitStatus.FAILED, "CONFORMS")
    assert "not used" in strict.reason


@pytest.mark.parametrize("outcome", [Outcome.INCONCLUSIVE, Outcome.NOT_EXERCISED])
def test_what_was_not_judged_is_neither_waived_nor_called_unused(outcome):
    done = applied(verdict("PAGE-COUNT", outcome, reason="why"))
    assert (done.result.verdicts[0].outcome, done.troubles) == (outcome, ())


def test_what_a_waived_requirement_blocks_is_waived_with_it():
    blocked = verdict("PAGE-LIMIT", Outcome.BLOCKED, blocked_by="PAGE-COUNT")
    passed = verdict("WALK-ONCE", Outcome.PASS, checked=1)
    done = applied(FAILED, blocked, passed)
    assert [v.outcome for v in done.result.verdicts] == [Outcome.WAIVED, Outcome.WAIVED, Outcome.PASS]
    assert exit_status(done.result.verdicts) == ExitStatus.CONFORMING
    # Where nothing passed beside it, nothing was judged.
    assert exit_status(done.result.verdicts[:2]) == ExitStatus.INCONCLUSIVE


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


GOOD = '[[waiver]]\nid = "PAGE-COUNT"\nreason = "r"\nowner = "o"\nexpires = 2026-12-31\n'


def test_a_file_gives_its_waivers(tmp_path):
    found = waivers.load(write(tmp_path / "w.toml", GOOD + 'how = "x"\n'), KNOWN)
    assert found == (Waiver("PAGE-COUNT", "r", "o", date(2026, 12, 31), "x"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = \ny", "line 1"),
        ("", "no array of tables"),
        (f"a = 1\n{GOOD}", "something else"),
        (GOOD.replace("PAGE-COUNT", "PAGE-KOUNT"), "waiver 1 names 'PAGE-KOUNT'"),
        (GOOD.replace("PAGE-COUNT", "SERVED"), "nothing can be checked"),
        (GOOD.replace('"r"', '" "'), "waiver 1 has no reason"),
        (GOOD.replace('owner = "o"\n', ""), "waiver 1 has no owner"),
        (GOOD.replace("2026-12-31", '"2026-12-31"'), "waiver 1 has no expires"),
        (GOOD.replace("2026-12-31", "2026-12-31T00:00:00Z"), "waiver 1 has no expires"),
        (GOOD + "more = 1\n", "unknown key 'more'"),
        (GOOD + GOOD, "waived twice"),
        (GOOD + GOOD.replace('"r"', "5").replace("PAGE-COUNT", "PAGE-LIMIT"), "waiver 2 has no reason"),
    ],
)
def test_a_bad_file_is_a_users_error_that_names_the_entry(tmp_path, text, said):
    with pytest.raises(UserError, match=said):
        waivers.load(write(tmp_path / "w.toml", text), KNOWN)
    with pytest.raises(UserError, match="cannot be read"):
        waivers.load(tmp_path / "none.toml", KNOWN)


@pytest.mark.parametrize("got", ["count 5", 'a "quote" and \\', f"{HOSTILE}\ud800\x7f\n😀"])
def test_the_entry_to_paste_is_toml_and_fits_once_it_is_filled_in(tmp_path, got):
    failing = replace(FAILED, violations=(Violation("a", got, (Place(1),)),))
    text = waivers.entry(failing, date(2027, 2, 22))
    assert text.isascii()
    assert tomllib.loads(text)["waiver"][0]["expires"] == date(2027, 2, 22)
    (found,) = waivers.load(write(tmp_path / "w.toml", text.replace("# how", "how")), KNOWN)
    if "\ud800" not in got:
        assert found.fits(failing)


def test_levels_do_not_matter():
    lenient = replace(FAILED, requirement=replace(FAILED.requirement, level=Level.SHOULD))
    assert applied(lenient).result.verdicts[0].outcome is Outcome.WAIVED
