"""Documented responses with random mutations, taken through everything that reads a response.

By hand: `python -m tests.support.fuzz --cases 100000 --seed 7`, or `--runs 1000` for whole runs.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

import httpx
from rich.console import Console

from contracts.cli import scoring
from contracts.evidence import recording as recordings
from contracts.evidence.answers import share_profiles
from contracts.evidence.evidence import Conditions, Evidence
from contracts.evidence.recording import Part, Recording, RunParameters
from contracts.judging import repetition as repeating
from contracts.judging.behaviours import behaviours
from contracts.judging.examples import exchange as example
from contracts.judging.examples import load_examples
from contracts.judging.judge import judge
from contracts.judging.repetition import JudgingState, Repetition, examine
from contracts.model import Exchange, Failure, FailureKind, Request, Result
from contracts.reference import REFERENCE_TOKEN
from contracts.reference.memory import InMemory, in_memory
from contracts.reports import badge, ctrf, github, har, html, json_report, junit, sarif, terminal
from contracts.reports.summary import ReportOptions
from contracts.reports.view import ReportView, view
from contracts.runs import run
from contracts.runs.settings import Settings
from contracts.transport import Secrets
from tests.support.fake import CATALOGUE

WRITTEN = 5
"""One of so many cases goes through every report writer."""
IN_FULL = 20
"""One of so many cases is judged in full, the others by a few requirements, which are drawn."""

_URL = "http://fuzz.invalid/api/access-profiles"
_DATE = ("date", "Sat, 28 Nov 2026 12:00:00 GMT")
_NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
_MEMORY = 2 * 2**30  # bytes; what needs more is a crash, and does not exhaust the machine
_JUDGED_IN_PART = 3  # requirements
_SECRET = "a-token-that-no-report-may-show"
_REDACTING = Secrets(_SECRET)


@dataclass(frozen=True)
class Crash:
    """A case that raised, with what repeats it."""

    number: int
    text: str


# --- mutations ---------------------------------------------------------------------------------------


def _nested(depth: int) -> Any:
    value: Any = {}
    for _ in range(depth):
        value = {"x": [value]}
    return value


ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**64), 10**400, 10**4299),
    *(0.0, -0.0, 0.5, 5.0, 1e16, 1e308, -1e308, float("inf"), float("-inf"), float("nan")),
    *("", " ", "0", "true", "x", "\x00", "\ud800", "\udfff\ud800", "\u202e", "é" * 300, "x" * 5_000, "😀"),
    *("9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00+99:99"),
    *("2026-01-01T00:00:00.999999999999Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"),
    *("1h", "99999999999999999999Y", "-1d", "1.5h", "total", "provider:", "provider:openai", "a,b", "100%"),
    *([], {}, [[]], [None], ["x"], [{}], {"x": None}, {"id": 1}, {"": ""}, [1, "x", None, [], {}]),
    *(_nested(20), _nested(120), {"$ref": "#"}, ["x"] * 50, {"access_profiles": []}),
)

ODD_HEADERS: dict[str, tuple[str, ...]] = {
    "date": (
        *("Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT", "Sat, 00 Jan 0000 00:00:00 GMT"),
        *("Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359", "0", "now", "", ","),
        *("Sat, 28 Nov 2026 25:61:61 GMT", "Sat, 28 Nov 99999999999 00:00:00 GMT", "28 Nov 26 12:00 UT"),
        *("Sat, 28 Nov 2026 12:00:00 +99999999999999", "Sat, 28 Nov 2026 12:00:00 +9999"),
    ),
    "content-type": (
        *("", ";", "/", "text/html", "application/json;", "application/json; charset", "application/json;;="),
        *("application/json; charset=utf-16", "application/json; charset=\x00", "APPLICATION/JSON"),
        *('application/json; charset="', "application/json; charset=rot13", "application/problem+json"),
        *("application/json, text/html", "multipart/mixed; boundary=", "é/ü", "application/json; a*=x''%ZZ"),
    ),
    "content-length": ("-1", "0", "", "x", "1, 2", "1e3", "9" * 40, "9" * 5_000, " 5 ", "٣", "+5"),
    "link": (
        *("", "<", "<>", '<>; rel="next"', "<http://[>; rel=next", "<//>; rel=next", ",,,;;;", "<x>; rel"),
        *('<?offset=x>; rel="next"', '<http://x:99999999/>; rel="next"', '<%>; rel="', "<é>; rel=next"),
    ),
    "www-authenticate": ("", "Bearer", 'Bearer realm="', "=", ",", "Basic realm=é", "Bearer " * 500),
    "retry-after": ("", "-1", "1e9", "9" * 400, "nan", "inf", "Fri, 31 Dec 9999 23:59:59 GMT", "٣", "x"),
    "cache-control": ("", "max-age=", "max-age=-1", "max-age=" + "9" * 5_000, "no-store,,", '="', "public"),
    "age": ("-1", "x", "9" * 5_000, ""),
    "expires": ("0", "-1", "Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 00 Jan 0000 00:00:00 GMT"),
    "last-modified": ("Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 +2359", "x"),
    "etag": ("", '"', "W/", "é", "*"),
    "vary": ("*", "", ",", "é"),
    "allow": ("", ",", "GET", "é,\x00", "GET," * 500),
    "location": ("", "http://[", "//", "http://x:99999999/", "http://é", "\x00", "?%ZZ"),
    "content-encoding": ("gzip", "br", "", "gzip, gzip", "é", "identity"),
    "transfer-encoding": ("chunked", "gzip, chunked", "x"),
    "connection": ("close", "", "upgrade"),
    "server": ("", "é", "x" * 5_000, "\x1b[31m"),
    "x-é": ("x",),
    "": ("x",),
}

ODD_STATUSES = (
    *(0, -1, 99, 100, 101, 103, 199, 200, 201, 202, 204, 205, 206, 207, 226, 299, 300, 301, 302, 304, 307),
    *(400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 413, 414, 415, 416, 418, 422, 429, 431, 451, 499),
    *(500, 501, 502, 503, 504, 505, 511, 599, 600, 999, 1_000),
)

Draw = random.Random
Mutation = Callable[[Draw, Exchange], Exchange]


def _containers(value: Any) -> Iterator[Any]:
    """Every object and array of a value that is not empty."""
    if isinstance(value, dict | list) and value:
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _containers(inner)


def _changed_value(draw: Draw, value: Any) -> Any:
    """The value with one place in it replaced, deleted, duplicated, moved or renamed."""
    containers = list(_containers(value))
    if not containers or draw.random() < 0.03:
        return draw.choice(ODD_VALUES)
    held = draw.choice(containers)
    key = draw.choice(list(held)) if isinstance(held, dict) else draw.randrange(len(held))
    kind = draw.choice(("replace", "replace", "replace", "delete", "duplicate", "wrap", "transplant"))
    if kind == "delete":
        del held[key]
    elif kind == "duplicate":
        _duplicate(draw, held, key)
    elif kind == "wrap":
        held[key] = draw.choice(([held[key]], {"x": held[key]}, json.dumps(held[key])))
    else:
        held[key] = draw.choice(ODD_VALUES) if kind == "replace" else _copied(draw.choice(containers))
    return value


def _duplicate(draw: Draw, held: Any, key: Any) -> None:
    if isinstance(held, dict):
        held[draw.choice(("", "x", "é", "id", "\ud800", key.upper(), key + "\x00"))] = held[key]
    else:
        held.insert(draw.randrange(len(held) + 1), _copied(held[key]))


def _copied(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _body_value(draw: Draw, exchange: Exchange) -> Exchange:
    try:
        value = json.loads(exchange.content)
        changed = json.dumps(_changed_value(draw, value), ensure_ascii=draw.random() < 0.7)
        return replace(exchange, content=changed.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):  # after another mutation
        return replace(exchange, content=json.dumps(draw.choice(ODD_VALUES)).encode())


def _body_bytes(draw: Draw, exchange: Exchange) -> Exchange:
    content = exchange.content
    at = draw.randrange(len(content) + 1)
    changed = draw.choice(
        (
            content[:at],
            content[:at] + draw.randbytes(3) + content[at:],
            content[:at] + b"\x00\xff"[draw.randrange(2) :] + content[at + 1 :],
            b"\xef\xbb\xbf" + content,
            content + content,
            content.decode("utf-8", "replace").encode(draw.choice(("utf-16", "utf-32", "utf-16-le"))),
            content.replace(b'"id":', b'"id": 1, "id":'),
            content.replace(b'"count":', b'"count": 0, "count":'),
            b"[" * draw.choice((150, 5_000)),
            b"9" * draw.choice((400, 5_000)),
            b"1e" + b"9" * draw.choice((3, 30)),
            b"",
            b"null",
        )
    )
    return replace(exchange, content=changed)


def _header(draw: Draw, exchange: Exchange) -> Exchange:
    name = draw.choice(list(ODD_HEADERS))
    added = (draw.choice((name, name.title(), name.upper())), draw.choice(ODD_HEADERS[name]))
    kept = tuple(pair for pair in exchange.headers if pair[0].lower() != name or draw.random() < 0.2)
    return replace(exchange, headers=draw.choice(((*kept, added), (added, *kept), kept)))


def _status(draw: Draw, exchange: Exchange) -> Exchange:
    return replace(exchange, status=draw.choice(ODD_STATUSES))


def _lost(draw: Draw, exchange: Exchange) -> Exchange:
    kind = draw.choice(list(FailureKind))
    return replace(exchange, status=None, headers=(), content=b"", failure=Failure(kind, kind.value))


_MUTATIONS: tuple[tuple[int, Mutation], ...] = (
    *((60, _body_value), (10, _body_bytes), (20, _header)),
    *((8, _status), (2, _lost)),
)


def mutated(
    draw: Draw, exchange: Exchange, mutations: Sequence[tuple[int, Mutation]] = _MUTATIONS
) -> Exchange:
    """The exchange with one mutation of its response; one without a response stays as it is."""
    if exchange.status is None:
        return exchange
    (chosen,) = draw.choices([m for _, m in mutations], [weight for weight, _ in mutations])
    return chosen(draw, exchange)


# --- cases -------------------------------------------------------------------------------------------


@cache
def documented() -> tuple[tuple[Exchange, ...], ...]:
    """Small groups of exchanges as documented: of a run on the reference deployment, and all examples."""
    with scoring.deployed_in_memory(profiles=3) as (settings, connect):
        made = run.check(settings, catalogue=CATALOGUE, connect=connect).exchanges
    dated = [
        replace(e, headers=tuple(_DATE if n.lower() == "date" else (n, v) for n, v in e.headers))
        for e in made
    ]
    of_run = [(dated[0], *dated[at : at + 4]) for at in range(1, len(dated), 2)]
    examples = [part for one in load_examples().values() for part in (one.good, one.bad)]
    return tuple(tuple(group[:6]) for group in (*of_run, *examples))


def exchanges_of(seed: int, number: int) -> tuple[Exchange, ...]:
    """The exchanges of one case: one to three random mutations of documented ones."""
    draw = random.Random(f"{seed}/{number}")
    group = list(draw.choice(documented()))
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(group))
        group[at] = mutated(draw, group[at])
    return tuple(replace(one, number=n) for n, one in enumerate(group, 1))


def pages(item: dict[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> tuple[Exchange, ...]:
    """Pages of this item and another one, with these header fields beside or instead of the usual ones."""
    other = {"id": 2, "name": "b", "is_active": False, "tags": ["x"]}
    shown = {"profiles": [item, other], "headers": {"content-type": "application/json"} | dict(headers)}
    queries = ("", "limit=2&offset=0", "is_active=true", "is_active=false", "tags=x", "limit=2&offset=0")
    return tuple(example(n, {"ask": query, **shown}) for n, query in enumerate(queries, 1))


def attempt(seed: int, number: int) -> None:
    """Take one case through everything; raises what the code under test raises."""
    draw = random.Random(f"judge/{seed}/{number}")
    exchanges = exchanges_of(seed, number)
    survive(exchanges, draw, in_full=number % IN_FULL == 0, written=number % WRITTEN == 0)


def survive(
    exchanges: tuple[Exchange, ...], draw: Draw, *, in_full: bool = False, written: bool = False
) -> None:
    """Parse, check and judge these exchanges, by every requirement if `in_full`, and write the reports."""
    conditions = Conditions(
        token=draw.random() < 0.8,
        narrow=draw.random() < 0.5,
        open=draw.random() < 0.1,
        no_concurrent_writes=draw.random() < 0.5,
    )
    state = _state(exchanges, conditions, draw, in_full=in_full)
    for requests in repeating.to_repeat(state):
        repeating.wants_repetition(state, requests)
        repeating.is_broken_again(state, requests)
    repeating.open_counterexamples(state)
    shown = behaviours(state.evidence)
    verdicts = judge(state)
    if written:
        result = Result(_URL, 0, verdicts, shown, exchanges, seconds=1.0)
        _write_reports(result, draw)
        _record(exchanges)
    for answer in state.evidence.answers:  # last, as it changes the values
        share_profiles(answer, {})


def _state(
    exchanges: tuple[Exchange, ...], conditions: Conditions, draw: Draw, *, in_full: bool
) -> JudgingState:
    """What the checks find, each counterexample repeated with the same responses."""
    evidence = Evidence.of(exchanges, conditions)
    findings = examine(CATALOGUE, evidence)
    state = JudgingState(CATALOGUE, evidence, findings, {})
    by_requests = {
        requests: [Repetition(tuple(e for e in exchanges if e.request in requests), conditions)] * 3
        for requests in repeating.to_repeat(state)
    }
    if not in_full:  # the vacuity checks behind a pass take most of the time
        chosen = {CATALOGUE.gate, *draw.sample(sorted(findings), _JUDGED_IN_PART)}
        findings = {id_: found for id_, found in findings.items() if id_ in chosen}
    return replace(state, findings=findings, repetitions=by_requests)


def _write_reports(result: Result, draw: Draw) -> None:
    redact = draw.choice((None, _REDACTING.redact))
    options = ReportOptions() if redact is None else ReportOptions(redact=redact)
    shown = view(result, options)
    for write in WRITERS.values():
        write(shown)


def _terminal(shown: ReportView) -> None:
    console = Console(file=io.StringIO(), width=60, markup=False)
    terminal.render_requests(shown, console)
    terminal.render(shown, console, verbose=True)


WRITERS: dict[str, Callable[[ReportView], object]] = {
    "html": html.text,
    "json": json_report.text,
    "junit": junit.text,
    "sarif": sarif.text,
    "ctrf": ctrf.text,
    "badge": badge.text,
    "annotations": github.commands,
    "step summary": github.step_summary,
    "har": partial(har.text, began=_NOW),
    "terminal": _terminal,
}


def _record(exchanges: tuple[Exchange, ...]) -> None:
    """Write and read a recording of these exchanges, which must be the same afterwards."""
    if not all(exchange.status is None or 100 <= exchange.status <= 999 for exchange in exchanges):
        return  # no HTTP status, so the transport never returns it
    part = Part("/api/access-profiles", _URL, _NOW.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), exchanges)
    made = Recording("0", "0" * 64, "http://fuzz.invalid", RunParameters(), (part,))
    assert recordings.loads(recordings.dumps(made)) == made


# --- whole runs --------------------------------------------------------------------------------------


_OF_RESPONSES = tuple(pair for pair in _MUTATIONS if pair[1] is not _lost)


class Mutating(httpx.BaseTransport):
    """The deployment in memory, some of whose responses are mutated."""

    def __init__(self, deployment: InMemory, draw: Draw, share: float) -> None:
        self.deployment = deployment
        self.clock = deployment.clock
        self._draw = draw
        self._share = share

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, mutated or not."""
        response = self.deployment.handle_request(request)
        if self._draw.random() >= self._share:
            return response
        return self._mutated(response)

    def _mutated(self, response: httpx.Response) -> httpx.Response:
        headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw)
        one = Exchange(1, Request(), response.status_code, headers, response.read())
        for _ in range(self._draw.randint(1, 3)):
            one = mutated(self._draw, one, _OF_RESPONSES)
        status = one.status if one.status and 200 <= one.status <= 999 else 200
        raw = [(n.encode("ascii"), v.encode()) for n, v in one.headers if n.isascii() and n]
        return httpx.Response(status, headers=raw, stream=httpx.ByteStream(one.content))


def attempt_run(seed: int, number: int) -> None:
    """One whole run on a deployment that mutates its responses; raises what the code under test raises."""
    draw = random.Random(f"run/{seed}/{number}")
    share = draw.choice((0.01, 0.05, 0.3, 1.0))
    profiles = draw.choice((0, 1, 3, 9))
    secrets = Secrets(REFERENCE_TOKEN, narrow="a-narrower-token")
    settings = Settings("http://reference.invalid", secrets=secrets, seed=number)
    with in_memory(profiles=profiles, narrow_token=secrets.narrow) as deployment:
        connect = scoring.connected(Mutating(deployment, draw, share))  # type: ignore[arg-type]
        result = run.check(settings, catalogue=CATALOGUE, connect=connect)
    _write_reports(result, draw)
    _record(result.exchanges)


# --- by hand -----------------------------------------------------------------------------------------


def crashes(
    seed: int, numbers: Iterable[int], attempt: Callable[[int, int], None] = attempt
) -> Iterator[Crash]:
    """The cases that raise, each with its seed, its number and the traceback."""
    for number in numbers:
        try:
            attempt(seed, number)
        except Exception:
            yield Crash(number, f"seed {seed}, case {number}:\n{traceback.format_exc()}")


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.support.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=0, help="number of cases of a few exchanges")
    parser.add_argument("--runs", type=int, default=0, help="number of whole runs")
    parser.add_argument("--start", type=int, default=0, help="number of the first; to repeat one case")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    found = 0
    for count, tried in ((given.cases, attempt), (given.runs, attempt_run)):
        for crash in crashes(given.seed, range(given.start, given.start + count), tried):
            print(crash.text, flush=True)
            found += 1
    print(f"{given.cases:,} cases, {given.runs:,} whole runs, seed {given.seed}: {found} crashes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(_main())
