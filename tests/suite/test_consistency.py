"""A failure states what its places show; `test_faults_and_variants` holds every fault to that."""

from __future__ import annotations

import re

import pytest

from contracts.cli.scoring import Task, checked
from contracts.model import Exchange, Place, Request, Violation
from contracts.reports import failure_text
from contracts.reports.summary import ReportOptions
from contracts.reports.view import view
from tests.support.consistency import inconsistencies, problems_of
from tests.support.samples import requirement

# --- failures that once contradicted themselves -----------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "id_", "pattern"),
    [
        (
            "is-active-only-with-limit",
            "FILTER-ACTIVE-MATCH",
            r"Got +id (\d+) .*\n +Where +request #(\d+): /access_profiles/(\d+)/is_active.*\n"
            r" +Request #\2 shows /access_profiles/\3/is_active: false, /access_profiles/\3/id: \1\n",
        ),
        (
            "is-active-only-with-limit",
            "FILTER-PAGED",
            r"Got +request #(\d+) shows id (\d+) .*, request #(\d+) shows id (\d+) .*\n(?:.*\n)*"
            r" +Request #\1 shows .*/id: \2\n.*\n +Request #\3 shows .*/id: \4\n",
        ),
        ("names-padded", "DATA-NAMES", r"for id (\d+)\n(?:.*\n)* +Request #\d+ shows .*/id: \1\n"),
        ("total-ignores-tags", "INPUT-REPEATED", r"Got +(\d+) items .*(?:\n.*)*: \1 items"),
        ("boundary-skips-one-under-filters", "FILTER-TOTAL", r"a page shorter than its limit to be the last"),
        ("error-plain-text", "INPUT-ERROR-FORM", r"a body that begins with \"limit must not be negative\""),
    ],
)
def test_a_failure_agrees_with_itself(fault: str, id_: str, pattern: str) -> None:
    result = checked(Task(fault=fault))
    shown = {one.requirement.id: one for one in view(result, ReportOptions()).failures}
    assert re.search(pattern, failure_text.text(shown[id_]))
    assert problems_of(result) == []


# --- the test itself --------------------------------------------------------------------------------

ITEMS = b'[{"id": 7, "name": "seven"}, {"id": 9, "name": "nine"}]'
BODY = b'{"access_profiles": ' + ITEMS + b', "total_count": 5, "offset": 3}'
SENT = {
    1: Exchange(1, Request("limit=2&tags=a%2Cb"), 200, content=BODY),
    2: Exchange(2, Request("limit=2"), 200, content=BODY.replace(b"5", b"6")),
}


@pytest.mark.parametrize(
    ("expected", "got", "at", "problems"),
    [
        ("total_count 5", "total_count 6", [Place(1, ("/total_count",)), Place(2, ("/total_count",))], []),
        ("total_count 5", "total_count 6", [Place(2, ("/total_count",))], ["expected 5"]),
        ("one", "request #1 shows 6, request #2 shows 6", [Place(1, ("/total_count",))], [
            "request #2 is no place", "got 6", "got 6"]),
        ("one", "id 9 at position 4", [Place(1, ("/access_profiles/1/id",))], []),
        ("one", "id 7 at position 4", [Place(1, ("/access_profiles/1/id",))], ["got 7"]),
        ("tags 'b'", "'seven', 5 characters", [Place(1, ("/access_profiles/0/name",))], []),
        ("tags 'c'", "'nine'", [Place(1, ("/access_profiles/0/name",))], ["got nine", "expected c"]),
        ("one", "4 items, 2 of them distinct", [Place(n, ("/access_profiles",)) for n in (1, 2)], []),
        ("one", "3 items", [Place(n, ("/access_profiles",)) for n in (1, 2)], ["got 3"]),
        ("a Link", "none", [Place(1, ("headers/link",))], ["request #1 has no headers/link"]),
        ("a Link", "no Link", [Place(1, ("headers/link",))], []),
        ("a", "b", [Place(1, ("/total_count",)), Place(2)], ["the last place shows nothing"]),
        ("a", "b", [Place(3, ("status",))], ["a place names no exchange of the result"]),
    ],
)  # fmt: skip
def test_an_inconsistent_violation_is_found(
    expected: str, got: str, at: list[Place], problems: list[str]
) -> None:
    violation = Violation(expected, got, tuple(at))
    assert list(inconsistencies(requirement("PAGE-COUNT"), violation, SENT)) == problems
