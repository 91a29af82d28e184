"""Subjects made of odd queries: values that are no integer or boolean, repeated and unknown parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.evidence.answers import Answer, Page, Query, Selection, read_query
from contracts.evidence.evidence import Evidence
from contracts.evidence.responses import is_well_formed
from contracts.model import Credentials, Exchange, Purpose

# Unknown parameters that the suite sends begin so; what follows is drawn from the seed.
UNKNOWN_PARAMETER = "nosuch"

# Words that no framework takes for a number or a boolean (facts: `t y yes on`, `inf`, `1_0` may be).
_WORD = re.compile(r"abc|maybe|perhaps|1\.5\.2|0x1z")
_NEGATIVE = re.compile(r"-[1-9][0-9]{0,8}")
_HARMLESS = re.compile(r"[A-Za-z0-9._,=&-]*")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODED_CONTROL = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff])")
_LONG = 2_000


@dataclass(frozen=True, slots=True)
class OddQuery:
    """A query that may trouble a server: its response, and whether the deployment went on answering."""

    exchange: Exchange
    answer: Answer | None
    before: int | None
    after: Exchange | None


def odd_queries(evidence: Evidence) -> Iterator[OddQuery]:
    """Every query of the operation with more in it than plain letters and digits, or with large numbers."""
    exchanges = [*(a.exchange for a in evidence.answers), *evidence.failed]
    ordered = sorted(exchanges, key=lambda e: e.number)
    answers = {a.number: a for a in evidence.answers}
    for index, exchange in enumerate(ordered):
        if _regular(exchange) and _may_trouble(exchange):
            after = ordered[index + 1] if index + 1 < len(ordered) else None
            before = ordered[index - 1].number if index else None
            yield OddQuery(exchange, answers.get(exchange.number), before, after)


def _regular(exchange: Exchange) -> bool:
    request = exchange.request
    return request.method == "GET" and request.path is None and request.credentials is Credentials.GIVEN


def _may_trouble(exchange: Exchange) -> bool:
    request = exchange.request
    return is_odd(request.query) or request.purpose is Purpose.HOSTILE


def is_odd(query: str) -> bool:
    """Whether a query is more than plain parameters with plain values that must be served."""
    return not is_well_formed(read_query(query)) or not _HARMLESS.fullmatch(query)


@dataclass(frozen=True, slots=True)
class OddValue:
    """The response to one word or negative number in the place of an integer or boolean.

    `twin` is a page for the same query without that parameter; `defaults` are the limits in force seen
    where none was requested; `inactive` is a page with `is_active=false` and the same other parameters.
    """

    answer: Answer
    parameter: str
    kind: str  # "word" or "negative"
    twin: Page | None
    defaults: tuple[Page, ...]
    inactive: Page | None


def odd_values(evidence: Evidence) -> Iterator[OddValue]:
    """Responses to queries in which exactly one value is odd."""
    implicit = tuple(p for p in evidence.plain if p.query.limit is None)
    for answer in evidence.regular:
        found = odd_parameter(answer.query)
        if found is not None and answer.request.purpose is not Purpose.HOSTILE:
            name, kind = found
            rest = _without(answer.query, name)
            twin = _page_for(evidence, rest)
            inactive = _inactive(evidence, rest) if name == "is_active" else None
            yield OddValue(answer, name, kind, twin, implicit, inactive)


def odd_parameter(query: Query) -> tuple[str, str] | None:
    """The one parameter of a query that is a word or negative where it must not be, and which of both."""
    odd = [(name, value) for name, value in query.parameters if not read_query(f"{name}={value}").plain]
    names = [name for name, _ in query.parameters]
    if len(odd) != 1 or len(set(names)) != len(names) or odd[0][0] not in ("limit", "offset", "is_active"):
        return None
    name, value = odd[0]
    if _WORD.fullmatch(value):
        return name, "word"
    return (name, "negative") if name != "is_active" and _NEGATIVE.fullmatch(value) else None


def _without(query: Query, name: str) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in query.parameters if pair[0] != name)


def _page_for(evidence: Evidence, parameters: tuple[tuple[str, str], ...]) -> Page | None:
    wanted = sorted(parameters)
    return next((p for p in evidence.plain if sorted(p.query.parameters) == wanted), None)


def _inactive(evidence: Evidence, rest: tuple[tuple[str, str], ...]) -> Page | None:
    """The first page of the inactive profiles, under the other filters of the query."""
    tags = dict(rest).get("tags")
    pages = evidence.by_selection.get(Selection(is_active=False, tags=tags), ())
    return max((p for p in pages if p.offset == 0), key=lambda p: len(p.profiles), default=None)


@dataclass(frozen=True, slots=True)
class OddReading:
    """The response to an odd value, beside the first of the same kind for the same parameter."""

    odd: OddValue
    first: OddValue


def odd_readings(evidence: Evidence) -> Iterator[OddReading]:
    """Each odd value, beside the first of its parameter and kind."""
    seen: dict[tuple[str, str], OddValue] = {}
    for odd in evidence.select(odd_values):
        yield OddReading(odd, seen.setdefault((odd.parameter, odd.kind), odd))


@dataclass(frozen=True, slots=True)
class Repeated:
    """The response to a parameter given twice, with pages for the first and for the last value alone."""

    answer: Answer
    name: str
    values: tuple[str, str]
    singles: tuple[Page | None, Page | None]


def repeated(evidence: Evidence) -> Iterator[Repeated]:
    """Responses to queries in which one parameter has two plain values."""
    for answer in evidence.regular:
        parameters = answer.query.parameters
        names = [name for name, _ in parameters]
        twice = {name for name in names if names.count(name) == 2}
        if len(twice) == 1 and len(names) == len(set(names)) + 1:
            name = twice.pop()
            rest = tuple(pair for pair in parameters if pair[0] != name)
            values = tuple(value for n, value in parameters if n == name)
            singles = tuple(_page_for(evidence, (*rest, (name, value))) for value in values)
            yield Repeated(answer, name, (values[0], values[1]), (singles[0], singles[1]))


@dataclass(frozen=True, slots=True)
class UnknownParameter:
    """The response to a query with an unknown parameter, and the page without it."""

    answer: Answer
    twin: Page


def unknown_parameters(evidence: Evidence) -> Iterator[UnknownParameter]:
    """Responses to parameters that the suite made up."""
    for answer in evidence.regular:
        unknown = [n for n, _ in answer.query.parameters if n.startswith(UNKNOWN_PARAMETER)]
        if unknown:
            twin = _page_for(evidence, _without(answer.query, unknown[0]))
            if twin is not None:
                yield UnknownParameter(answer, twin)


# The web server in front answers these, in any form that it likes (facts: 405, 413, 414, 431).
SERVERS_OWN = frozenset({405, 413, 414, 431})


def client_errors(evidence: Evidence) -> Iterator[Answer]:
    """Refusals by the API; those that the web server below it may have sent are left out."""
    for answer in evidence.answers:
        request = answer.request
        by_the_api = request.path is None and not may_be_refused_below(request.query)
        refused = 400 <= answer.status < 500 and not answer.transient and answer.status not in SERVERS_OWN
        if request.method == "GET" and by_the_api and refused:
            yield answer


def may_be_refused_below(query: str) -> bool:
    """Whether a web server may refuse the query before the application sees it."""
    return len(query) > _LONG or bool(_BAD_PERCENT.search(query) or _ENCODED_CONTROL.search(query))
