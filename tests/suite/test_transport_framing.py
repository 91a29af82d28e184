"""Where a response ends: header sections, bodies, codings, and what follows them on the connection."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.model import FailureKind, Purpose, Request
from contracts.transport import Bounds
from contracts.transport.content import BodyDecoder
from tests.support.transport import PROTOCOL, SPLIT, TOO_LARGE, connected, line, ok, outcome, replied

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
QUICK = settings(derandomize=True, max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("leftover", [b"leftover", ok(b"leftover")])
@pytest.mark.parametrize("lengths", [b"Content-Length: %d", b"Content-Length: %d, %d"])
def test_what_follows_a_body_is_not_the_next_response(leftover: bytes, lengths: bytes) -> None:
    def too_much(_: int, raw: bytes) -> bytes:
        length = lengths % ((len(line(raw)),) * lengths.count(b"%"))
        return b"HTTP/1.1 200 OK\r\n" + length + b"\r\n\r\n" + line(raw) + leftover

    transport, server = connected(too_much)
    for query in ("limit=1", "limit=2", "limit=3"):
        assert query.encode() in transport.send(Request(query=query)).content
    assert len(server.connections) == 3


def test_a_header_section_in_two_parts_ends_where_it_ends() -> None:
    def halves(_: int, raw: bytes) -> bytes:
        status = b"201" if b"limit=2" in raw else b"200"
        return (
            b"HTTP/1.1 " + status + b" OK\r\nContent-Length: 0\r\n\r" + SPLIT + b"\nHTTP/1.1 500 No\r\n\r\n"
        )

    transport, server = connected(halves)
    assert [transport.send(Request(query=f"limit={n}")).status for n in (1, 2)] == [200, 201]
    assert len(server.connections) == 2


@pytest.mark.parametrize(("length", "expected"), [(60_000, 200), (70_000, TOO_LARGE)])
def test_the_header_section_is_bounded(length: int, expected: int | FailureKind) -> None:
    assert outcome(replied(ok(b"{}", b"X-Long: " + b"a" * length))) == expected


def test_received_bytes_are_bounded_where_the_body_is_small() -> None:
    chunks = (b"1;" + b"x" * 5000 + b"\r\n \r\n") * 400 + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert outcome(replied(head + chunks)) is TOO_LARGE


@pytest.mark.parametrize("extra", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"])
def test_a_chunked_body_ends_where_it_ends(extra: bytes) -> None:
    def chunked(_: int, raw: bytes) -> bytes:
        asked = line(raw)
        body = b"%x;ext=1\r\n%b\r\n4\r\n\n\n\r\n\r\n0\r\nTrailer: 1\r\n\r\n" % (len(asked), asked)
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + extra

    transport, server = connected(chunked)
    for query in ("limit=1", "limit=2"):
        content = transport.send(Request(query=query)).content
        assert query.encode() in content
        assert content.endswith(b"\n\n\r\n")
    assert len(server.connections) == (2 if extra else 1)


# Which connections are reused


@pytest.mark.parametrize(
    ("reply", "content"),
    [
        (ok(b"GET")[:-3], b""),
        (ok(b"GET"), b"GET"),
        (ok(b"GET")[:-3] + SPLIT + b"GET", b"GET"),
        (CHUNKED + b"3\r\nGET\r\n0\r\n\r\n", b"3\r\nGET\r\n0\r\n\r\n"),
    ],
)
def test_what_follows_a_head_response_is_shown_and_its_connection_is_not_reused(
    reply: bytes, content: bytes
) -> None:
    transport, server = connected(lambda _, raw: reply if raw.startswith(b"HEAD") else ok(b"{}"))
    head, get = transport.send(Request(method="HEAD")), transport.send(Request())
    assert (head.status, head.content) == (200, content)
    assert (get.content, get.attempts) == (b"{}", ())
    assert len(server.connections) == 2


def test_a_late_body_after_head_does_not_reach_the_next_request() -> None:
    transport, server = connected(lambda _, raw: ok(line(raw)[:3])[: -3 if raw.startswith(b"HEAD") else None])
    transport.send(Request(method="HEAD"))
    server.connections[0].push(b"late body")
    assert transport.send(Request()).content == b"GET"


@pytest.mark.parametrize(
    ("status", "length", "connections"), [(431, 5_000, 2), (400, 5_000, 2), (200, 5_000, 1), (400, 50, 1)]
)
def test_a_connection_is_not_reused_after_an_early_refusal(
    status: int, length: int, connections: int
) -> None:
    reply = b"HTTP/1.1 %d Status\r\nContent-Length: 0\r\n\r\n" % status
    transport, server = connected(lambda *_: reply)
    assert [transport.send(Request(query="q" * length)).status for _ in range(2)] == [status, status]
    assert len(server.connections) == connections


def test_a_connection_is_not_reused_after_a_failed_write() -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"
    transport, server = connected(lambda *_: refusal, fails_after=8_192)
    assert [transport.send(Request(query="q" * 9_000)).status for _ in range(2)] == [413, 413]
    assert len(server.connections) == 2


LATE = [ok(b"extra"), b"late body", b"5\r\nchunk\r\n0\r\n\r\n", b"\r\n", b"HTTP/1.1 408 Timeout\r\n\r\n"]


@pytest.mark.parametrize("late", LATE)
def test_bytes_before_the_next_request_close_the_connection(late: bytes) -> None:
    transport, server = connected(lambda *_: ok(b"{}"))
    transport.send(Request())
    server.connections[0].push(late)
    assert transport.send(Request()).content == b"{}"
    assert len(server.connections) == 2


@pytest.mark.parametrize("second", [None, b"late body", b"\x00\x01", b"HTT", b"HTTP/1.1 200"])
def test_a_stale_connection_is_replaced_before_it_counts_as_trouble(second: bytes | None) -> None:
    def answer(number: int, _: bytes) -> bytes | None:
        return ok(b"{}") if number == 1 else second

    transport, server = connected(answer, hangs_up_after=2)
    first, repeated = transport.send(Request()), transport.send(Request())
    assert (first.attempts, repeated.content) == ((), b"{}")
    assert [(a.why, a.waited) for a in repeated.attempts] == [("stale connection", 0.0)]
    assert transport.send(Request(purpose=Purpose.HOSTILE)).attempts == ()
    assert len(server.connections) == 3


def test_a_new_connection_that_fails_is_trouble() -> None:
    transport, server = connected(lambda *_: b"late body")
    exchange = transport.send(Request())
    assert (outcome(exchange), exchange.attempts, len(server.connections)) == (PROTOCOL, (), 1)


# Codings


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip", gzip.compress(b"[1, 2]", mtime=0)),
        ("x-gzip", gzip.compress(b"[1, ", mtime=0) + gzip.compress(b"2]", mtime=0)),
        ("GZIP", gzip.compress(b"[1, 2]", mtime=0) + b"\0\0\0"),
        ("deflate", zlib.compress(b"[1, 2]")),
        ("deflate", zlib.compress(b"[1, 2]")[2:-4]),
        ("identity", b"[1, 2]"),
        ("", b"[1, 2]"),
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
def test_a_coding_is_undone(coding: str, content: bytes, step: int) -> None:
    parts = [content[at : at + step] for at in range(0, len(content), step)]
    body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert replied(head.encode() + body + b"0\r\n\r\n").content == b"[1, 2]"


def test_tiny_pieces_take_no_more_memory_than_large_ones() -> None:
    decoder = BodyDecoder([], 2**30, "gateway.example")
    tracemalloc.start()
    assert len(decoder.decode(b"ab" for _ in range(500_000))) == 1_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_empty_body_needs_no_decoding(method: str) -> None:
    assert replied(ok(b"", b"Content-Encoding: gzip"), request=Request(method=method)).status == 200


def test_headers_are_latin_1() -> None:
    assert replied(ok(b"", b"X-Name: caf\xe9")).header("x-name") == "caf\xe9"


@QUICK
@given(st.binary(max_size=300), st.randoms())
def test_no_bytes_raise(junk: bytes, draw: random.Random) -> None:
    good = bytearray(ok(gzip.compress(b"{}", mtime=0), b"Content-Encoding: gzip", b"X: y"))
    for _ in range(draw.randrange(4)):
        good[draw.randrange(len(good))] = draw.randrange(256)
    for reply in (junk, b"HTTP/1.1 200 OK\r\n" + junk, bytes(good)):
        exchange = replied(reply, bounds=Bounds(timeout=0.05, retries=0))
        assert (exchange.status is None) == (exchange.failure is not None)
