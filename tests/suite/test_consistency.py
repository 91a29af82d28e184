"""For every fault: what a failure states is at the places that it names, and its curl lines are theirs."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate

import httpx
import pytest

from contracts import reference
from contracts.model import Exchange, Place, Request, Result, Violation
from contracts.reference.app import build_app
from contracts.reference.pipeline import Incoming
from contracts.reports import curl
from contracts.reports.summary import ReportOptions
from contracts.reports.view import view
from contracts.runs import run
from contracts.transport import Secrets, Target, Transport
from tests.support.consistency import inconsistencies, problems_of
from tests.support.fake import CATALOGUE
from tests.support.samples import requirement

NARROW = "narrow-token"

# --- every fault ------------------------------------------------------------------------------------


class InMemory(httpx.BaseTransport):
    """The reference deployment with a fault, without a socket."""

    def __init__(self, fault: str) -> None:
        self._site = build_app(profiles=137, fault=fault, narrow_token=NARROW).site

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        target, _, query = request.extensions["target"].decode("latin-1").partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = self._site.stages.handle(self._site, Incoming(request.method, target, target, query, headers))
        if reply.cut:
            raise httpx.RemoteProtocolError("peer closed connection")
        dated = [("date", formatdate(usegmt=True)), *reply.headers]
        return httpx.Response(reply.status, headers=dated, content=reply.content)

    def opened(self, settings: run.Settings, target: Target) -> Transport:
        bounds = replace(settings.bounds, rate=1e9)
        return Transport(target, settings.secrets, bounds, client=self, sleep=lambda _: None)


def checked(fault: str) -> Result:
    secrets = Secrets(reference.REFERENCE_TOKEN, narrow=NARROW)
    settings = run.Settings("http://fake.invalid", secrets=secrets)
    return run.check(settings, catalogue=CATALOGUE, connect=InMemory(fault).opened)


@pytest.mark.parametrize("fault", reference.FAULTS)
def test_what_a_failure_states_is_at_the_places_that_it_names(fault: str) -> None:
    result = checked(fault)
    assert problems_of(result) == []
    assert_reproducers(result)


def assert_reproducers(result: Result) -> None:
    """The curl lines of each failure are those of the places of its first violation."""
    options = ReportOptions()
    exchanges, site = {one.number: one for one in result.exchanges}, options.site(result)
    for row in view(result, options).rows:
        if row.failure is not None:
            first = row.verdict.violations[0]
            lines = [curl.line(exchanges[place.exchange].request, site) for place in first.at]
            shown = [place.curl for place in row.failure.places]
            assert shown == (lines if not row.failure.left_out else [*lines[: len(shown) - 1], lines[-1]])


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
