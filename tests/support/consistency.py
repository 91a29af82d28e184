"""Whether what a failure states is at the places that it names, and its curl lines are theirs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from urllib.parse import unquote, unquote_plus

from contracts.model import Exchange, Outcome, Place, Request, Requirement, Result, Violation
from contracts.reports import curl
from contracts.reports.fact_text import ABSENT, body_of, items_in, resolved, steps_of
from contracts.reports.summary import ReportOptions
from contracts.reports.view import view

Exchanges = Mapping[int, Exchange]

# --- what a text states -----------------------------------------------------------------------------

REQUEST = re.compile(r"request #(\d+)")
POSITION = re.compile(r"(?:at character|byte) \d+")
SHOWN_BY = re.compile(r"request #(\d+)(?:, without it,)? shows (.*?)(?=,? request #|; request #|$)")
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)")
QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
NUMBER = re.compile(r"(?<![\w.+-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w:]|\.\d|-\d)")

# Numbers that a text expects of any deployment, besides those in the requirement itself.
NORMS = frozenset({"0", "1", "200", "400", "401", "403", "404", "405"})
# What these expect is in a schema of the document.
FROM_SCHEMA = frozenset({"RESP-SCHEMA", "INPUT-ERROR-FORM", "GEN-DOCUMENT"})
ABSENCE = re.compile(r"\b(?:no|without|lacks?|missing|absent|neither|not)\b")


def stated(text: str, facts: Iterable[str]) -> Iterator[str]:
    """The data in a text: times, quoted texts and numbers, but not where in a body they are."""
    text = POSITION.sub("", REQUEST.sub("", text))
    for fact in sorted(facts, key=len, reverse=True):
        text = text.replace(fact, "")
    for found in QUOTED.findall(text):
        yield str(ast.literal_eval(found))
    rest = QUOTED.sub(" ", text)
    yield from TIME.findall(rest)
    yield from NUMBER.findall(TIME.sub(" ", rest))


def by_request(got: str) -> Iterator[tuple[int | None, str]]:
    """The parts of a text, each with the request that shows it; None: any of them."""
    for number, part in SHOWN_BY.findall(got):
        yield int(number), part
    yield None, SHOWN_BY.sub("", got)


# --- what an exchange shows -------------------------------------------------------------------------


def shown_at(place: Place, exchange: Exchange) -> set[str]:
    """The facts of a place, what its request says, and where on the list its items are."""
    facts = resolved(place, exchange).values()
    found = {text for value in facts if value is not ABSENT for text in texts_of(value)}
    if "body" in place.facts:
        found |= set(body_texts(exchange))
    return found | said_by(exchange.request) | set(positions(place, exchange))


def body_texts(exchange: Exchange) -> Iterator[str]:
    """The whole body, and the number of items if it is an array."""
    yield exchange.content.decode("utf-8", "backslashreplace")
    yield from texts_of(body_of(exchange))


def texts_of(value: object) -> Iterator[str]:
    """A value as texts: items by their ids, texts and lists by their length too."""
    if isinstance(value, list):
        yield str(len(value))
        for one in value:
            yield from texts_of(one.get("id") if isinstance(one, dict) else one)
    elif isinstance(value, str):
        yield from (value, str(len(value)))
    elif isinstance(value, dict):
        yield str(len(value))
    else:
        yield json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def said_by(request: Request) -> set[str]:
    """Path, method and query of a request, decoded and as sent."""
    values = [part.partition("=")[2] for part in request.query.split("&")]
    decoded = [unquote_plus(value) for value in values]
    path = request.path or ""
    return {path, unquote(path), request.method, *values, *decoded, *",".join(decoded).split(",")}


def positions(place: Place, exchange: Exchange) -> Iterator[str]:
    """The indices in the pointers, the same as positions in the list, and where the page ends."""
    body = body_of(exchange)
    offset = body.get("offset") if isinstance(body, dict) else None
    for steps in (steps_of(fact) for fact in place.facts if fact.startswith("/access_profiles")):
        for index in [*map(int, steps[1:2])] or [len(items_in(body))]:
            yield str(index)
            if isinstance(offset, int):
                yield str(offset + index)


def sums(violation: Violation, exchanges: Exchanges) -> set[str]:
    """Requests, items, distinct items, positions covered and remaining at all places; sums of two totals."""
    facts = [pair for p in violation.at for pair in resolved(p, exchanges[p.exchange]).items()]
    lists = [value for _, value in facts if isinstance(value, list)]
    totals = [value for fact, value in facts if fact == "/total_count" and isinstance(value, int)]
    distinct = {one["id"] for value in lists for one in value if isinstance(one, dict) and "id" in one}
    covered = [len(violation.at) * v for fact, v in facts if fact == "/limit" and isinstance(v, int)]
    offsets = [value for fact, value in facts if fact == "/offset" and isinstance(value, int)]
    remaining = [total - offset for total in totals for offset in offsets]
    counts = [len(violation.at), sum(map(len, lists)), len(distinct), *covered, *remaining]
    return {str(number) for number in (*counts, *map(sum, combinations(totals, 2)))}


# --- whether both agree -----------------------------------------------------------------------------


def inconsistencies(found: Requirement, violation: Violation, exchanges: Exchanges) -> Iterator[str]:
    """What the texts of a violation state that its places do not show, and places that show nothing."""
    if not set(violation.exchanges) <= exchanges.keys():
        yield "a place names no exchange of the result"
        return
    text = f"{violation.expected} {violation.got}"
    yield from (
        f"request #{number} is no place"
        for number in REQUEST.findall(text)
        if int(number) not in violation.exchanges
    )
    yield from absent(violation, exchanges, text)
    yield from not_shown(found, violation, exchanges)


def absent(violation: Violation, exchanges: Exchanges, text: str) -> Iterator[str]:
    """Facts that point to nothing, though nothing is said to be missing."""
    if not violation.at[-1].facts:
        yield "the last place shows nothing"
    for place in violation.at:
        for fact, value in resolved(place, exchanges[place.exchange]).items():
            if value is None and fact in ("status", "failure"):
                yield f"request #{place.exchange} has no {fact}"
            if value is ABSENT and not ABSENCE.search(text):
                yield f"request #{place.exchange} has no {fact}"


def not_shown(found: Requirement, violation: Violation, exchanges: Exchanges) -> Iterator[str]:
    """Data in the texts that is at none of the places, or not in the response that is said to show it."""
    shown = {place.exchange: shown_at(place, exchanges[place.exchange]) for place in violation.at}
    anywhere = set().union(*shown.values()) | sums(violation, exchanges)
    facts = [fact for place in violation.at for fact in place.facts if fact.startswith("/")]
    norms = NORMS | set(re.findall(r"[\w-]+", found.text))
    for number, part in by_request(violation.got):
        at = anywhere if number is None else shown.get(number, set())
        data = (one for one in stated(part, facts) if not is_in(one, at) and one not in norms - NORMS)
        yield from (f"got {one}" for one in data)
    if found.id not in FROM_SCHEMA:
        data = (one for one in stated(violation.expected, facts) if not is_in(one, anywhere))
        yield from (f"expected {one}" for one in data if one not in norms)


def is_in(data: str, shown: Iterable[str]) -> bool:
    """Whether a number is one of those shown, and a text a part of one."""
    if NUMBER.fullmatch(data):
        return any(data == one or data in NUMBER.findall(one) for one in shown)
    return any(data in one for one in shown)


def problems_of(result: Result) -> list[str]:
    """What is inconsistent in the failures of a result, a line for each problem."""
    exchanges = {exchange.number: exchange for exchange in result.exchanges}
    failed = [verdict for verdict in result.verdicts if verdict.outcome is Outcome.FAIL]
    stated = [
        f"{verdict.requirement.id}: {problem}: {violation.expected} | {violation.got}"
        for verdict in failed
        for violation in verdict.violations
        for problem in inconsistencies(verdict.requirement, violation, exchanges)
    ]
    return [*stated, *other_reproducers(result, exchanges)]


def other_reproducers(result: Result, exchanges: Exchanges) -> Iterator[str]:
    """Failures whose curl lines are not those of the places of their first violation."""
    options = ReportOptions()
    site = options.site(result)
    for row in view(result, options).rows:
        if row.failure is not None:
            places = row.verdict.violations[0].at
            lines = [curl.line(exchanges[place.exchange].request, site) for place in places]
            shown = [place.curl for place in row.failure.places]
            if shown != (lines if len(shown) == len(lines) else [*lines[: len(shown) - 1], lines[-1]]):
                yield f"{row.requirement.id}: other curl lines"
