"""Every hostile deployment ends in an exchange, with the expected outcome, within its bounds."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace

import pytest

from contracts.model import FailureKind
from contracts.transport import Bounds
from contracts.transport.bounds import MIB
from tests.support import hostile
from tests.support.transport import CUT, PROTOCOL, SHORT, TIMEOUT, TOKEN, TOO_LARGE, ask, outcome

EXPECTED: dict[str, int | FailureKind] = {
    "close-at-once": CUT,
    "reset-at-once": CUT,
    "silence": TIMEOUT,
    "tls-garbage": PROTOCOL,
    "binary-garbage": PROTOCOL,
    "header-drip": TIMEOUT,
    "malformed-status-line": PROTOCOL,
    "http-0-9": PROTOCOL,
    "headers-without-end": CUT,
    "flood-of-1xx": TOO_LARGE,
    "slow-1xx": TIMEOUT,
    "switching-protocols": PROTOCOL,
    "flood-of-headers": TOO_LARGE,
    "many-headers": TOO_LARGE,
    "giant-header": TOO_LARGE,
    "set-cookie-flood": 200,
    "escapes-in-headers": 200,
    "body-drip": TIMEOUT,
    "chunk-drip": TIMEOUT,
    "endless-body": TOO_LARGE,
    "endless-chunks": TOO_LARGE,
    "endless-chunk-line": TOO_LARGE,
    "endless-trailers": TOO_LARGE,
    "bad-chunk-size": PROTOCOL,
    "negative-chunk-size": PROTOCOL,
    "chunks-cut-off": CUT,
    "length-too-long": CUT,
    "length-too-short": 200,
    "two-lengths": PROTOCOL,
    "length-no-number": PROTOCOL,
    "length-astronomic": CUT,
    "reset-in-body": CUT,
    "doubled-answer": 200,
    "gzip-bomb": TOO_LARGE,
    "deflate-bomb": TOO_LARGE,
    "gzip-in-gzip": PROTOCOL,
    "gzip-cut-off": PROTOCOL,
    "gzip-untrue": PROTOCOL,
    "unknown-coding": PROTOCOL,
    "page-of-50-mb": TOO_LARGE,
    "redirect-loop": 302,
    "redirect-to-other-origin": 307,
    "redirect-to-script": 302,
    "always-429-for-an-hour": 429,
    "always-429-with-date": 429,
    "always-429-with-nonsense": 429,
    "always-500": 500,
    "always-503": 503,
    "html-page": 200,
    "deep-json": 200,
    "giant-number": 200,
    "giant-exponent": 200,
    "duplicate-keys": 200,
    "nan": 200,
    "not-json": 200,
    "json-null": 200,
    "empty-content": 200,
    "utf-16": 200,
    "latin-1": 200,
    "byte-order-mark": 200,
    "lone-surrogate": 200,
    "escapes-in-names": 200,
    "wide-object": TOO_LARGE,
    "endless-pages": 200,
    "total-of-a-quadrillion": 200,
    "token-echoed": 200,
    "token-in-status-line": PROTOCOL,
}


def test_every_behaviour_is_described_and_expected() -> None:
    assert set(EXPECTED) == set(hostile.BEHAVIOURS)
    assert all((function.__doc__ or "").endswith(".") for function in hostile.BEHAVIOURS.values())


@pytest.mark.parametrize("name", hostile.BEHAVIOURS)
def test_a_hostile_deployment_ends_in_an_exchange_within_its_bounds(name: str) -> None:
    timeout = 0.3 if EXPECTED[name] is TIMEOUT else 5.0
    with hostile.serving(name) as url:
        exchange = ask(url, replace(SHORT, timeout=timeout))
    assert outcome(exchange) == EXPECTED[name]
    assert len(exchange.content) <= SHORT.max_content
    assert TOKEN not in repr(exchange)
    if exchange.failure:
        assert re.fullmatch(r"[ -~]+: [ -~]+\.", exchange.failure.text), "a sentence that says what to do"


@pytest.mark.parametrize("name", ["gzip-bomb", "deflate-bomb", "endless-body", "endless-chunk-line"])
def test_a_bomb_takes_little_memory(name: str) -> None:
    with hostile.serving(name) as url:
        tracemalloc.start()
        exchange = ask(url, replace(SHORT, timeout=5.0))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert outcome(exchange) is TOO_LARGE
    assert peak < 8 * 2**20


def test_a_large_page_within_the_bounds_comes_whole() -> None:
    with hostile.serving("page-of-50-mb") as url:
        exchange = ask(url, Bounds(timeout=10, max_content=64 * MIB, max_wire=64 * MIB))
    assert exchange.status == 200
    assert len(exchange.content) > 50_000_000
