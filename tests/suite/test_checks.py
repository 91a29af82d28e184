"""Checks beside their examples: legal behaviours are not accused, and faults do not slip through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from contracts.evidence.evidence import Evidence
from contracts.judging.catalogue import load_catalogue
from contracts.judging.examples import exchange
from contracts.model import EvidenceClass as Class
from contracts.model import Violation

CATALOGUE = load_catalogue()
Entry = Mapping[str, Any]


def violations(id_: str, *entries: Entry) -> list[Violation]:
    evidence = Evidence.of(exchange(number, entry) for number, entry in enumerate(entries, 1))
    check = CATALOGUE.checks[id_]
    return list(check.find(evidence, CATALOGUE.document))


def tagged(identity: int, *tags: str, **members: object) -> dict[str, object]:
    return {"id": identity, "tags": list(tags), **members}


def inactive(identity: int) -> dict[str, object]:
    return {"id": identity, "is_active": False}


ALL = {"ask": "limit=9&offset=0", "profiles": [1, 2, 3]}
TAGS = {"ask": "limit=9&offset=0", "profiles": [tagged(1, "a", "b"), tagged(2, "a"), tagged(3, "b"), 4]}
JSON = "application/json"
ZERO = "0001-01-01T00:00:00Z"


def asked(query: str, *profiles: object, **more: object) -> Entry:
    return {"ask": query, "profiles": list(profiles), **more}


LEGAL: list[tuple[str, list[Entry]]] = [
    *(
        ("FILTER-TOTAL", [
            asked("limit=1&offset=0&tags=a", 1, total=6),
            asked("limit=1&offset=0&tags=b", 1, total=2),
            asked("limit=1&offset=0&tags=a,b", 1, total=total),
        ])
        for total in (1, 2, 6, 8)
    ),
    # The path and the response.
    ("SERVED", [{"status": 400}]),
    ("SERVED", [{"status": 405}]),
    ("RESP-STATUS", [ALL, {"ask": "limit=100000", "status": 400}]),
    ("RESP-STATUS", [ALL, {"ask": "search=x", "status": 400}]),
    ("RESP-STATUS", [{"status": 401}]),
    ("RESP-STATUS", [ALL, {"ask": "limit=5", "status": 401}]),  # expired meanwhile
    ("RESP-MEDIA-TYPE", [asked("", headers={"CONTENT-TYPE": "Application/JSON;charset=utf-8"})]),
    ("RESP-SCHEMA", [asked("", {"id": 2**60, "created_at": ZERO, "tags": ["a, b"], "later": {}})]),
    # The limit in force: clamped, the default, unpaged.
    ("PAGE-LIMIT-ECHO", [asked("limit=900", 1, limit=100), asked("limit=100000", 1, limit=100)]),
    ("PAGE-LIMIT-ECHO", [asked("", 1, 2, 3, limit=3), asked("offset=1", 2, 3, limit=2, total=3)]),
    ("PAGE-LIMIT-ECHO", [asked("limit=0", limit=0, total=3)]),
    ("PAGE-LIMIT-ECHO", [asked("", 1, 2, total=3, limit=2), asked("limit=0", 1, 2, limit=2, total=3)]),
    ("PAGE-DEFAULT", [asked("limit=2&offset=0", 1, 2, total=3), asked("", 1, 2, 3, limit=3)]),
    ("PAGE-PAST-END", [ALL, asked("limit=9&offset=3", total=3), asked("offset=900", total=3)]),
    # Other profiles came by a write: no matter of order.
    ("WALK-ORDER", [ALL, asked("limit=2&offset=0", 1, 3, total=2)]),
    ("WALK-CONTENT", [asked("limit=2&offset=0", {"id": 1, "last_reset": 1}), asked("limit=1&offset=0", 1)]),
    # Tags: any or all, letter case, odd lists.
    ("FILTER-TAGS-MATCH", [asked("tags=A", tagged(1, "a"))]),
    ("FILTER-TAGS-MATCH", [asked("tags=a, b", tagged(3, "b")), asked("tags=a, b", tagged(3, " b"))]),
    ("FILTER-TAGS-COMPLETE", [TAGS, asked("limit=9&offset=0&tags=a,b", tagged(1, "a", "b"))]),
    ("FILTER-TAGS-READING", [
        TAGS,
        asked("limit=9&offset=0&tags=a,b", tagged(1, "a", "b")),
        asked("limit=9&offset=0&tags=b,a", tagged(1, "a", "b")),
    ]),
    ("FILTER-TAGS-UNKNOWN", [asked("tags=no-such-1", tagged(1, "no-such-1"))]),  # it exists after all
    ("FILTER-TAGS-LIST", [
        asked("limit=9&offset=0&tags=a", tagged(1, "a")), asked("limit=9&offset=0&tags=a,"),
    ]),
    ("FILTER-COMBINED", [TAGS, asked("limit=9&offset=0&is_active=false&tags=a")]),
    ("FILTER-ORDER", [asked("limit=9", 1, 2), asked("limit=9&is_active=true", {"id": 2, "version": 2}, 1)]),
    ("FILTER-ORDER", [asked("limit=9", 1, 2), asked("limit=9&search=profile", 2, 1)]),  # a search may rank
    # `search` that is ignored.
    ("SEARCH-NAME", [ALL, asked("limit=9&offset=0&search=zqx1", 1, 2, 3)]),
    ("SEARCH-SUBSET", [ALL, asked("limit=9&offset=0&search=zqx1", 1, 2, 3)]),
    # Odd queries: refused, absent, clamped, false.
    ("INPUT-NO-5XX", [{"ask": "tags=%zz", "status": 400}]),
    ("INPUT-NO-5XX", [{"ask": "tags=%zz", "failure": "cut connection"}]),  # nothing shows that it lives on
    ("INPUT-NO-5XX", [{"ask": "limit=abc", "failure": "time-out"}, ALL]),
    ("INPUT-READING", [asked("offset=0", 1, 2), asked("limit=abc&offset=0", 1, 2)]),
    ("INPUT-READING", [asked("limit=5", 1, 2, limit=5), asked("limit=5&offset=-1", 1, 2, limit=5)]),
    ("INPUT-READING", [asked("", 1, 2), asked("limit=-1", 1, limit=1, total=2)]),
    ("INPUT-READING", [
        asked("", 1, inactive(2)),
        asked("limit=9&offset=0&is_active=false", inactive(2)),
        asked("is_active=maybe", inactive(2)),
    ]),
    ("INPUT-REPEATED", [{"ask": "limit=1&limit=2", "status": 400}]),
    ("INPUT-UNKNOWN", [asked("limit=2", 1), {"ask": "limit=2&nosuch1=1", "status": 422}]),
    ("INPUT-ERROR-FORM", [{"ask": "tags=%zz", "status": 400, "text": "Bad Request"}]),  # by the web server
    ("INPUT-ERROR-FORM", [{"ask": f"tags={'x' * 8_000}", "status": 414, "text": ""}]),
    # Access and HTTP.
    ("ACCESS-REJECTED", [{"credentials": "other scheme", "status": 400}]),
    ("ACCESS-PATH", [{"purpose": "path", "path": "//x", "credentials": "none", "text": "<html>"}]),
    ("ACCESS-PATH", [{"purpose": "path", "path": "//x", "credentials": "none", "profiles": []}]),
    ("ACCESS-NO-LEAK", [ALL, {"ask": "tags=profile%201", "status": 400, "text": "profile 1 is no tag"}]),
    ("HTTP-HEAD", [{"method": "HEAD", "text": ""}]),
    ("HTTP-CHALLENGE", [{"status": 403}]),
    # Data.
    ("DATA-NAMES", [asked("", {"id": 1, "name": "x" * 255}), asked("", {"id": 1, "name": "x" * 255})]),
    ("DATA-TIMES", [asked("", {"id": 1, "created_at": "0000-01-01T00:00:00Z", "updated_at": ZERO})]),
    ("DATA-TIMES", [
        asked("", {"id": 1, "created_at": "2026-06-30T23:59:60Z", "updated_at": "2026-07-01T00:00:00Z"}),
    ]),
    ("DATA-TIMES", [asked("", {"id": 1, "created_at": 5, "updated_at": "yesterday"})]),
    ("DATA-USAGE", [
        asked("", {"id": 1, "budgets": [{"max_limit": 0, "scope": "total"}], "rate_limit": None}),
    ]),
    ("ALIAS-PARITY", [ALL, {"ask": ALL["ask"], "purpose": "alias", "path": "/x", "status": 404}]),
    ("GEN-DOCUMENT", [{"purpose": "generated", "status": 431, "headers": {}, "text": "too large"}]),
    ("GEN-DOCUMENT", [asked("limit=-5", 1, purpose="generated", limit=25)]),
]  # fmt: skip


BROKEN: list[tuple[str, list[Entry]]] = [
    ("SERVED", [{"status": 302, "headers": {"Location": "https://elsewhere.example"}}]),
    ("SERVED", [{"status": 404}]),
    ("SERVED", [{"headers": {}, "text": "  <!DOCTYPE html>"}]),
    ("RESP-STATUS", [{"ask": "limit=5", "status": 401}, ALL]),
    ("RESP-MEDIA-TYPE", [asked("", headers={})]),
    ("RESP-SCHEMA", [{"body": {"access_profiles": []}}]),
    ("RESP-SCHEMA", [
        {"body": {"access_profiles": None, "count": 0, "total_count": 0, "limit": 1, "offset": 0}},
    ]),
    ("RESP-NESTED-NULL", [
        asked("", {"id": 1, "provider_configs": [{"provider_name": "x", "budgets": None}]}),
    ]),
    ("PAGE-LIMIT", [asked("", 1, 2, 3, limit=2)]),
    ("PAGE-LIMIT-ECHO", [asked("limit=900", 1, limit=100), asked("limit=500", 1, limit=500)]),
    ("PAGE-LIMIT-ECHO", [asked("limit=900", 1, limit=100), asked("limit=500", 1, limit=50)]),
    ("PAGE-LIMIT-ECHO", [asked("limit=5", 1, 2, limit=0)]),
    ("PAGE-LIMIT-ECHO", [asked("limit=1&offset=0", 1, total=9), asked("limit=9&offset=0", 1, total=9)]),
    ("PAGE-LIMIT-ECHO", [
        asked("", 1, total=9), asked("offset=0", 1, total=9, limit=20), asked("", 1, total=9, limit=20),
    ]),
    ("PAGE-OFFSET-ECHO", [asked("", 1, offset=1)]),
    ("PAGE-PAST-END", [ALL, {"ask": "limit=9&offset=3", "status": 500}]),
    ("PAGE-PAST-END", [ALL, asked("limit=9&offset=3", total=0)]),
    ("PAGE-PAST-END", [ALL, {"ask": "limit=9&offset=3", "body": {"access_profiles": None}}]),
    ("WALK-COMPLETE", [asked("limit=1&offset=0", 1, total=2), asked("limit=1&offset=1", 1, total=2)]),
    ("WALK-ORDER", [asked("limit=3&offset=0", 1, 2, 3), asked("limit=4&offset=0", 2, 1, 4)]),
    ("WALK-SPLIT", [asked("limit=2&offset=0", 1, 2, total=9), asked("limit=2&offset=1", 3, 4, total=9)]),
    ("FILTER-ACTIVE-MATCH", [asked("is_active=true", {"id": 1, "is_active": None})]),
    ("FILTER-TAGS-MATCH", [asked("tags=a", 1)]),
    *(
        ("FILTER-TAGS-EXACT", [asked(f"tags={wanted}", tagged(1, tag))])
        for wanted, tag in [("pro", "prod"), ("p%25", "prod"), ("pro_", "prod"), ("p*", "prod")]
    ),
    ("FILTER-TAGS-COMPLETE", [TAGS, asked("limit=9&offset=0&tags=a,b", tagged(2, "a"))]),
    ("FILTER-TAGS-READING", [
        TAGS,
        asked("limit=9&offset=0&tags=a,b", tagged(1, "a", "b"), tagged(2, "a"), tagged(3, "b")),
        asked("limit=9&offset=0&tags=a,b,c"),
    ]),
    ("FILTER-TAGS-ENCODING", [TAGS, asked("limit=9&offset=0&tags=%61")]),
    ("FILTER-TAGS-UNKNOWN", [{"ask": "tags=no-such-1", "status": 404}]),
    ("FILTER-TAGS-LIST", [
        asked("limit=9&offset=0&tags=a", tagged(1, "a")), asked("limit=9&offset=0&tags=a,", 1, 2),
    ]),
    *(
        ("FILTER-TOTAL", [
            asked("limit=1&offset=0&tags=a", 1, total=6),
            asked("limit=1&offset=0&tags=b", 1, total=2),
            asked("limit=1&offset=0&tags=a,b", 1, total=total),
        ])
        for total in (3, 5, 9)
    ),
    ("FILTER-ACTIVE-PARTITION", [
        ALL,
        asked("limit=1&offset=0&tags=a", 1, total=3),
        asked("limit=1&offset=0&is_active=true&tags=a", 1, total=1),
        asked("limit=1&offset=0&is_active=false&tags=a", inactive(2), total=1),
    ]),
    ("FILTER-COMBINED", [TAGS, asked("limit=9&offset=0&is_active=true&tags=a", tagged(1, "a", "b"))]),
    ("FILTER-TOTAL", [asked("limit=1&is_active=true", 1, total=9), asked("is_active=true", 1, total=1)]),
    ("FILTER-PAGED", [
        asked("limit=1&offset=0&tags=a", 1, total=2), asked("limit=1&offset=1&tags=a", 1, total=2),
    ]),
    ("SEARCH-SUBSET", [ALL, asked("limit=9&offset=0&search=x", 7)]),
    ("SEARCH-NAME", [ALL, asked("limit=9&offset=0&search=zqx1", 1)]),
    ("INPUT-NO-5XX", [{"ask": "tags=%00", "purpose": "hostile", "failure": "cut connection"}, ALL]),
    ("INPUT-NO-5XX", [
        {"ask": "limit=1&offset=4294967296", "purpose": "hostile", "failure": "cut connection"}, ALL,
    ]),
    ("INPUT-READING", [asked("offset=0", 1, 2), asked("limit=abc&offset=0", limit=0, total=2)]),
    ("INPUT-READING", [asked("limit=5", 1, 2, limit=5), asked("limit=5&offset=-1", 2, limit=5, offset=-1)]),
    ("INPUT-READING", [{"ask": "limit=-1", "status": 400}, asked("limit=-7", 1)]),
    ("INPUT-ERROR-FORM", [
        {"ask": "limit=abc", "status": 400, "body": {"error": {"message": "x"}, "status_code": 500}},
    ]),
    ("INPUT-ERROR-FORM", [{"ask": "limit=abc", "status": 422, "headers": {"Content-Type": "text/plain"}}]),
    ("ACCESS-REQUIRED", [{"credentials": "none", "status": 404}]),
    ("ACCESS-REJECTED", [{"credentials": "truncated", "status": 400}]),
    ("ACCESS-NO-LEAK", [
        asked("", {"id": 1, "name": "QA crawler 103"}), {"status": 403, "text": "not QA crawler 103"},
    ]),
    ("ACCESS-SCOPE", [ALL, asked("limit=9&offset=0", 2, 1, credentials="narrow")]),
    ("ACCESS-SCOPE", [ALL, asked("limit=9&offset=0", 7, credentials="narrow")]),
    ("DATA-NAMES", [asked("", {"id": 1, "name": " x"})]),
    ("DATA-NAMES", [asked("", {"id": 1, "name": "x" * 256})]),
    ("DATA-TIMES", [asked("", {"id": 1, "created_at": "2030-01-01T00:00:00Z"}, headers={
        "Content-Type": JSON, "Date": "Thu, 01 Jan 2026 00:00:00 GMT"})]),
    ("DATA-USAGE", [asked("", {"id": 1, "provider_configs": [{"rate_limit": {"token_max_limit": -1}}]})]),
    ("DATA-USAGE", [asked("", {"id": 1, "budgets": [{"scope": "provider:openai"}]})]),
    ("ALIAS-PARITY", [ALL, {"ask": ALL["ask"], "purpose": "alias", "path": "/x", "status": 500}]),
    ("GEN-DOCUMENT", [{"purpose": "generated", "status": 500}]),
    ("GEN-DOCUMENT", [{"purpose": "generated", "status": 400, "body": {}}]),
    ("GEN-DOCUMENT", [asked("limit=1", 1, 2, purpose="generated")]),
]  # fmt: skip


def _names(table: list[tuple[str, list[Entry]]]) -> list[str]:
    return [f"{id_}-{[one.get('ask', '')[:30] for one in entries][-1]}" for id_, entries in table]


@pytest.mark.parametrize(("id_", "entries"), LEGAL, ids=_names(LEGAL))
def test_a_legal_reading_is_not_accused(id_: str, entries: list[Entry]) -> None:
    assert violations(id_, *entries) == []


@pytest.mark.parametrize(("id_", "entries"), BROKEN, ids=_names(BROKEN))
def test_a_fault_is_found_and_its_exchanges_show_it_alone(id_: str, entries: list[Entry]) -> None:
    found = violations(id_, *entries)
    assert found
    for violation in found:
        shown = Evidence.of(exchange(n, entries[n - 1]) for n in violation.exchanges)
        check = CATALOGUE.checks[id_]
        assert check.objects(shown, CATALOGUE.document)


@pytest.mark.parametrize(
    ("id_", "entries", "evidence"),
    [
        ("WALK-ORDER", [ALL, asked("limit=2&offset=0", 2, 1, total=3)], Class.ORDER),
        ("WALK-SPLIT", [ALL, asked("limit=2&offset=0", 2, 1, total=3)], Class.ORDER),
        ("WALK-SPLIT", [ALL, asked("limit=2&offset=0", 1, 3, total=3)], None),
        ("WALK-REPEAT", [ALL, {**ALL, "profiles": [2, 1, 3]}], Class.ORDER),
        ("WALK-REPEAT", [ALL, {**ALL, "profiles": [1, 2, 4]}], Class.STABLE),
        ("RESP-STATUS", [ALL, {"ask": "limit=5", "status": 500}], Class.STABLE),
        ("RESP-STATUS", [ALL, {"ask": "limit=5", "status": 418}], Class.RESPONSE),
        ("FILTER-COMBINED", [asked("limit=9&offset=0&is_active=true&tags=a", inactive(1))], Class.RESPONSE),
    ],
)
def test_a_violation_says_what_can_convict(id_: str, entries: list[Entry], evidence: Class | None) -> None:
    assert {violation.evidence for violation in violations(id_, *entries)} == {evidence}


@pytest.mark.parametrize(
    ("id_", "entries", "writes"),
    [
        ("WALK-TOTAL", [asked("limit=1&offset=0", 1, total=9), asked("limit=1&offset=1", 2, total=4)], 5),
        ("PAGE-FILL", [asked("limit=5", 1, total=4)], 3),
        ("FILTER-TOTAL", [asked("limit=5&offset=0&tags=a", 1, total=40)], 39),
        ("SEARCH-NAME", [ALL, asked("limit=9&offset=0&search=zqx1", 1, 2, total=2)], 1),  # or ignored
    ],
)
def test_a_violation_says_how_many_writes_would_excuse_it(
    id_: str, entries: list[Entry], writes: int
) -> None:
    assert [violation.min_writes for violation in violations(id_, *entries)] == [writes]
