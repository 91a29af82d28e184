"""Deployments that each have one vice, on 127.0.0.1, to show what the suite makes of them.

`with serving("body-drip") as url:` starts one and stops it. `BEHAVIOURS` maps every name to the function
that answers one request on a raw connection; its docstring is the vice.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs

MIB = 1024 * 1024
_LIFETIME = 20.0  # seconds after which a connection ends, whatever its vice
_MOST_BYTES = 512 * MIB
_MOST_REQUEST = 256 * 1024


@dataclass(slots=True)
class Peer:
    """The connection to one client: sends, and never longer or more than a test can bear."""

    socket: socket.socket
    stop: threading.Event
    sent: int = 0

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.sent += len(part)
            if self.stop.is_set() or self.sent > _MOST_BYTES:
                raise ConnectionAbortedError
            self.socket.sendall(part)

    def drip(self, content: bytes, pause: float = 0.02) -> None:
        for byte in content:
            self.send(bytes([byte]))
            self.stop.wait(pause)

    def wait(self, seconds: float = _LIFETIME) -> None:
        """Until the client hangs up, the server stops, or the time is over."""
        self.socket.settimeout(seconds)
        with suppress(OSError):
            while self.socket.recv(4096):
                pass

    def reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a behaviour may want to know of the request."""

    raw: bytes
    query: dict[str, list[str]] = field(default_factory=dict)

    def number(self, name: str, default: int) -> int:
        value = self.query.get(name, [""])[-1]
        return int(value) if re.fullmatch(r"-?[0-9]{1,18}", value) else default


Behaviour = Callable[[Peer, Asked], None]
BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(function: Behaviour) -> Behaviour:
    BEHAVIOURS[function.__name__.replace("_", "-")] = function
    return function


@contextmanager
def serving(name: str) -> Iterator[str]:
    """The base URL of a deployment with that vice; stopped, with all its connections, at the end."""
    stop = threading.Event()
    open_sockets: set[socket.socket] = set()
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        accepting = threading.Thread(
            target=_accept, args=(listener, BEHAVIOURS[name], stop, open_sockets), daemon=True
        )
        accepting.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            stop.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for connection in list(open_sockets):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            accepting.join(5)


def _accept(
    listener: socket.socket, answer: Behaviour, stop: threading.Event, open_sockets: set[socket.socket]
) -> None:
    workers: list[threading.Thread] = []
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            break
        open_sockets.add(connection)
        worker = threading.Thread(
            target=_converse, args=(Peer(connection, stop), answer, open_sockets), daemon=True
        )
        workers.append(worker)
        worker.start()
    for worker in workers:
        worker.join(5)


def _converse(peer: Peer, answer: Behaviour, open_sockets: set[socket.socket]) -> None:
    with peer.socket, suppress(OSError):
        peer.socket.settimeout(_LIFETIME)
        raw = _request(peer.socket)
        if raw:
            answer(peer, Asked(raw, _query(raw)))
            with suppress(OSError):
                peer.socket.shutdown(socket.SHUT_WR)
                peer.wait(1.0)  # so that bytes the client still sends do not turn FIN into RST
    open_sockets.discard(peer.socket)


def _request(connection: socket.socket) -> bytes:
    raw = b""
    while b"\r\n\r\n" not in raw and len(raw) < _MOST_REQUEST:
        data = connection.recv(65536)
        if not data:
            return b""
        raw += data
        if not raw[:1].isalpha():  # no HTTP: answer at once, as a web server does to a TLS handshake
            break
    return raw


def _query(raw: bytes) -> dict[str, list[str]]:
    target = raw.partition(b" ")[2].partition(b" ")[0].decode("latin-1")
    return parse_qs(target.partition("?")[2], keep_blank_values=True)


# What behaviours are made of


def head(status: str = "200 OK", *lines: str, kind: str = "application/json") -> bytes:
    """A status line and header fields, with the blank line."""
    fields = (f"Content-Type: {kind}", "Connection: close", *lines)
    return "\r\n".join((f"HTTP/1.1 {status}", *fields, "", "")).encode("latin-1")


def reply(
    peer: Peer, content: bytes | str, status: str = "200 OK", *lines: str, kind: str = "application/json"
) -> None:
    """A whole, well-framed response."""
    body = content.encode() if isinstance(content, str) else content
    peer.send(head(status, f"Content-Length: {len(body)}", *lines, kind=kind), body)


def error(peer: Peer, code: int, *lines: str) -> None:
    text = json.dumps({"is_bifrost_error": True, "status_code": code, "error": {"message": f"always {code}"}})
    reply(peer, text, f"{code} Always", *lines)


def profile(number: int, **members: object) -> dict[str, object]:
    """A profile as small as the contract allows, with whatever else is given."""
    return {"id": number, "name": f"profile {number}", "is_active": True, **members}


def page(profiles: list[dict[str, object]], **members: object) -> str:
    """A conforming page of these profiles, unless the members say otherwise."""
    envelope = {
        "access_profiles": profiles,
        "count": len(profiles),
        "total_count": len(profiles),
        "limit": 20,
        "offset": 0,
    }
    return json.dumps({**envelope, **members})


_PAGE = page([profile(1), profile(2)])


# Connections


@behaviour
def close_at_once(peer: Peer, _: Asked) -> None:
    """Closes the connection without an answer."""


@behaviour
def reset_at_once(peer: Peer, _: Asked) -> None:
    """Resets the connection without an answer."""
    peer.reset()


@behaviour
def silence(peer: Peer, _: Asked) -> None:
    """Keeps the connection open and says nothing."""
    peer.wait()


@behaviour
def tls_garbage(peer: Peer, _: Asked) -> None:
    """Answers plain HTTP with a TLS alert, as a TLS port may."""
    peer.send(b"\x15\x03\x03\x00\x02\x02\x28")


@behaviour
def binary_garbage(peer: Peer, _: Asked) -> None:
    """Answers with bytes that belong to no protocol."""
    peer.send(bytes(range(256)) * 16)


# Status line and header section


@behaviour
def header_drip(peer: Peer, _: Asked) -> None:
    """Sends its header section byte by byte, for ever."""
    peer.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: very\r\n" * 10_000)


@behaviour
def malformed_status_line(peer: Peer, _: Asked) -> None:
    """Begins with a status line whose status is no number."""
    peer.send(b"HTTP/1.1 two-hundred Fine\r\nContent-Length: 0\r\n\r\n")


@behaviour
def http_0_9(peer: Peer, _: Asked) -> None:
    """Answers with content alone, as HTTP/0.9 did."""
    peer.send(_PAGE.encode())


@behaviour
def headers_without_end(peer: Peer, _: Asked) -> None:
    """Closes in the middle of the header section."""
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")


@behaviour
def flood_of_1xx(peer: Peer, _: Asked) -> None:
    """Sends interim responses without end."""
    while True:
        peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n" * 100)


@behaviour
def slow_1xx(peer: Peer, _: Asked) -> None:
    """Sends one interim response after the other, slowly."""
    while True:
        peer.send(b"HTTP/1.1 102 Processing\r\n\r\n")
        peer.stop.wait(0.05)


@behaviour
def switching_protocols(peer: Peer, _: Asked) -> None:
    """Switches to a protocol that nobody asked for."""
    peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n")
    peer.send(b"\x81\x05hello")


@behaviour
def flood_of_headers(peer: Peer, _: Asked) -> None:
    """Sends header fields without end."""
    peer.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        peer.send(b"X-More: and more\r\n" * 1000)


@behaviour
def many_headers(peer: Peer, _: Asked) -> None:
    """Sends a thousand short header fields before a good page."""
    reply(peer, _PAGE, "200 OK", *(f"X-{number}: 1" for number in range(1000)))


@behaviour
def giant_header(peer: Peer, _: Asked) -> None:
    """Sends one header field of a megabyte."""
    reply(peer, _PAGE, "200 OK", "X-Giant: " + "a" * MIB)


@behaviour
def set_cookie_flood(peer: Peer, _: Asked) -> None:
    """Sets a hundred cookies with each answer."""
    reply(peer, _PAGE, "200 OK", *(f"Set-Cookie: c{number}={'v' * 200}" for number in range(100)))


@behaviour
def escapes_in_headers(peer: Peer, _: Asked) -> None:
    """Hides terminal escape sequences and markup in header fields."""
    reply(peer, _PAGE, "200 \x1b[31mred", "X-Note: \x1b]0;owned\x07<script>alert(1)</script>\xff")


# Content and its framing


@behaviour
def body_drip(peer: Peer, _: Asked) -> None:
    """Sends its content byte by byte, too slowly ever to end."""
    peer.send(head("200 OK", "Content-Length: 1000000"))
    peer.drip(b" " * 1_000_000)


@behaviour
def chunk_drip(peer: Peer, _: Asked) -> None:
    """Sends chunks of one byte, slowly and for ever."""
    peer.send(head("200 OK", "Transfer-Encoding: chunked"))
    while True:
        peer.send(b"1\r\n \r\n")
        peer.stop.wait(0.02)


@behaviour
def endless_body(peer: Peer, _: Asked) -> None:
    """Sends content without length and without end."""
    peer.send(head())
    while True:
        peer.send(b" " * MIB)


@behaviour
def endless_chunks(peer: Peer, _: Asked) -> None:
    """Sends chunks without end."""
    peer.send(head("200 OK", "Transfer-Encoding: chunked"))
    while True:
        peer.send(b"10000\r\n" + b" " * 0x10000 + b"\r\n")


@behaviour
def endless_chunk_line(peer: Peer, _: Asked) -> None:
    """Sends a chunk size with an extension that does not end."""
    peer.send(head("200 OK", "Transfer-Encoding: chunked"), b"1;")
    while True:
        peer.send(b"x" * MIB)


@behaviour
def endless_trailers(peer: Peer, _: Asked) -> None:
    """Ends its chunks with trailer fields that do not end."""
    peer.send(head("200 OK", "Transfer-Encoding: chunked"), b"2\r\n{}\r\n0\r\n")
    while True:
        peer.send(b"X-Trailer: and more\r\n" * 1000)


@behaviour
def bad_chunk_size(peer: Peer, _: Asked) -> None:
    """Sends a chunk whose size is no number."""
    peer.send(head("200 OK", "Transfer-Encoding: chunked"), b"many\r\n{}\r\n0\r\n\r\n")


@behaviour
def negative_chunk_size(peer: Peer, _: Asked) -> None:
    """Sends a chunk of negative size."""
    peer.send(head("200 OK", "Transfer-Encoding: chunked"), b"-2\r\n{}\r\n0\r\n\r\n")


@behaviour
def chunks_cut_off(peer: Peer, _: Asked) -> None:
    """Closes before the last chunk."""
    peer.send(head("200 OK", "Transfer-Encoding: chunked"), b"2\r\n{}\r\n")


@behaviour
def length_too_long(peer: Peer, _: Asked) -> None:
    """Promises more content than it sends."""
    peer.send(head("200 OK", f"Content-Length: {len(_PAGE) + 100}"), _PAGE.encode())


@behaviour
def length_too_short(peer: Peer, _: Asked) -> None:
    """Sends more content than it promised."""
    peer.send(head("200 OK", f"Content-Length: {len(_PAGE) - 10}"), _PAGE.encode())


@behaviour
def two_lengths(peer: Peer, _: Asked) -> None:
    """Promises two different lengths."""
    peer.send(head("200 OK", f"Content-Length: {len(_PAGE)}", "Content-Length: 7"), _PAGE.encode())


@behaviour
def length_no_number(peer: Peer, _: Asked) -> None:
    """Promises a length that is no number."""
    peer.send(head("200 OK", "Content-Length: lots"), _PAGE.encode())


@behaviour
def length_astronomic(peer: Peer, _: Asked) -> None:
    """Promises more content than any client can hold, and closes."""
    peer.send(head("200 OK", "Content-Length: 99999999999999999999"), _PAGE.encode())


@behaviour
def reset_in_body(peer: Peer, _: Asked) -> None:
    """Resets the connection in the middle of its content."""
    peer.send(head("200 OK", "Content-Length: 1000000"), b"[" * 1000)
    peer.stop.wait(0.1)
    peer.reset()


@behaviour
def doubled_answer(peer: Peer, _: Asked) -> None:
    """Answers every request twice on a connection that it keeps open."""
    once = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(_PAGE)}\r\n\r\n{_PAGE}"
    peer.send(once.encode() * 2)
    peer.wait(5.0)


@behaviour
def gzip_bomb(peer: Peer, _: Asked) -> None:
    """Sends a gigabyte of spaces as a few megabytes of gzip."""
    _explode(peer, "gzip", 16 + zlib.MAX_WBITS)


@behaviour
def deflate_bomb(peer: Peer, _: Asked) -> None:
    """Sends a gigabyte of spaces as a few megabytes of deflate."""
    _explode(peer, "deflate", zlib.MAX_WBITS)


def _explode(peer: Peer, coding: str, window: int) -> None:
    peer.send(head("200 OK", f"Content-Encoding: {coding}"))
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    for _ in range(1024):
        peer.send(packer.compress(b" " * MIB))
    peer.send(packer.flush())


@behaviour
def gzip_in_gzip(peer: Peer, _: Asked) -> None:
    """Packs its content twice."""
    packed = gzip.compress(gzip.compress(_PAGE.encode()))
    reply(peer, packed, "200 OK", "Content-Encoding: gzip, gzip")


@behaviour
def gzip_cut_off(peer: Peer, _: Asked) -> None:
    """Sends gzip that ends too early, with a length that fits."""
    reply(peer, gzip.compress(_PAGE.encode())[:-12], "200 OK", "Content-Encoding: gzip")


@behaviour
def gzip_untrue(peer: Peer, _: Asked) -> None:
    """Calls plain content gzip."""
    reply(peer, _PAGE, "200 OK", "Content-Encoding: gzip")


@behaviour
def unknown_coding(peer: Peer, _: Asked) -> None:
    """Encodes its content in a way that nobody offered."""
    reply(peer, b"\x8b\x03\x80{}\x03", "200 OK", "Content-Encoding: br")


@behaviour
def page_of_50_mb(peer: Peer, _: Asked) -> None:
    """Sends a page with one description of 50 MB."""
    start, end = page([profile(1, description="@")]).encode().split(b"@")
    reply(peer, start + b"a" * 50_000_000 + end)


# Redirects and statuses


@behaviour
def redirect_loop(peer: Peer, asked: Asked) -> None:
    """Redirects every request to where it went."""
    location = asked.raw.split(b" ", 2)[1].decode("latin-1")
    reply(peer, "", "302 Found", f"Location: {location}")


@behaviour
def redirect_to_other_origin(peer: Peer, _: Asked) -> None:
    """Redirects to another host, which would receive the token."""
    reply(peer, "", "307 Temporary Redirect", "Location: http://collector.example/steal")


@behaviour
def redirect_to_script(peer: Peer, _: Asked) -> None:
    """Redirects to a javascript URL."""
    reply(peer, "", "302 Found", "Location: javascript:alert(document.cookie)")


@behaviour
def always_429_for_an_hour(peer: Peer, _: Asked) -> None:
    """Answers 429 and asks to come back in an hour."""
    error(peer, 429, "Retry-After: 3600")


@behaviour
def always_429_with_date(peer: Peer, _: Asked) -> None:
    """Answers 429 and asks to come back at a date ten seconds ahead of its own clock."""
    error(peer, 429, "Date: Mon, 02 Jan 2023 00:00:00 GMT", "Retry-After: Mon, 02 Jan 2023 00:00:10 GMT")


@behaviour
def always_429_with_nonsense(peer: Peer, _: Asked) -> None:
    """Answers 429 with a Retry-After that is neither a number nor a date."""
    error(peer, 429, "Retry-After: soon, -5 \xb2")


@behaviour
def always_500(peer: Peer, _: Asked) -> None:
    """Answers every request with a well-formed 500."""
    error(peer, 500)


@behaviour
def always_503(peer: Peer, _: Asked) -> None:
    """Answers every request with 503."""
    error(peer, 503)


@behaviour
def html_page(peer: Peer, _: Asked) -> None:
    """Answers 200 with the web application, as where the operation is not served."""
    reply(peer, "<!doctype html><title>Gateway</title><div id=root></div>", kind="text/html")


# JSON


@behaviour
def deep_json(peer: Peer, _: Asked) -> None:
    """Nests arrays 100,000 levels deep."""
    reply(peer, '{"access_profiles": ' + "[" * 100_000 + "]" * 100_000 + "}")


@behaviour
def giant_number(peer: Peer, _: Asked) -> None:
    """Has a total of 100,000 digits."""
    reply(peer, page([]).replace('"total_count": 0', '"total_count": 1' + "0" * 99_999))


@behaviour
def giant_exponent(peer: Peer, _: Asked) -> None:
    """Has a total with an exponent that no float holds."""
    reply(peer, page([]).replace('"total_count": 0', '"total_count": 1e999999999'))


@behaviour
def duplicate_keys(peer: Peer, _: Asked) -> None:
    """Names members twice, with different values."""
    reply(peer, _PAGE.replace('"count": 2', '"count": 2, "count": 3').replace('"id": 1', '"id": 1, "id": 9'))


@behaviour
def nan(peer: Peer, _: Asked) -> None:
    """Has NaN and Infinity, which are no JSON."""
    reply(peer, page([profile(1)], total_count=float("nan"), limit=float("inf")))


@behaviour
def not_json(peer: Peer, _: Asked) -> None:
    """Calls text JSON that is none."""
    reply(peer, "{'access_profiles': [],}")


@behaviour
def json_null(peer: Peer, _: Asked) -> None:
    """Answers with null."""
    reply(peer, "null")


@behaviour
def empty_content(peer: Peer, _: Asked) -> None:
    """Answers 200 without content."""
    reply(peer, "")


@behaviour
def utf_16(peer: Peer, _: Asked) -> None:
    """Sends its page in UTF-16."""
    reply(peer, _PAGE.encode("utf-16"))


@behaviour
def latin_1(peer: Peer, _: Asked) -> None:
    """Sends its page in Latin-1."""
    reply(peer, page([profile(1)]).replace("profile 1", "profil numéro").encode("latin-1"))


@behaviour
def byte_order_mark(peer: Peer, _: Asked) -> None:
    """Begins its page with a byte order mark."""
    reply(peer, _PAGE.encode("utf-8-sig"))


@behaviour
def lone_surrogate(peer: Peer, _: Asked) -> None:
    """Has half of a surrogate pair in a name and a tag."""
    reply(peer, page([profile(1, name="\ud800", tags=["\udfff"])]))


@behaviour
def escapes_in_names(peer: Peer, _: Asked) -> None:
    """Hides terminal escape sequences, markup and control characters in names."""
    names = ["\x1b[2J\x1b[31mPASS", "<script>alert(1)</script>", "]]>&\x00\x0b", "\u202egnp", "a\r\nb"]
    reply(peer, page([profile(number, name=name) for number, name in enumerate(names, 1)]))


@behaviour
def wide_object(peer: Peer, _: Asked) -> None:
    """Has 100,000 unknown members in one profile."""
    reply(peer, page([profile(1, **{f"extra_{number}": number for number in range(100_000)})]))


# Paging


@behaviour
def endless_pages(peer: Peer, asked: Asked) -> None:
    """Always has a next page: the total grows with the offset."""
    limit, offset = min(max(asked.number("limit", 20), 1), 100), max(asked.number("offset", 0), 0)
    profiles = [profile(offset + number) for number in range(1, limit + 1)]
    reply(peer, page(profiles, total_count=offset + limit + 100, limit=limit, offset=offset))


@behaviour
def total_of_a_quadrillion(peer: Peer, asked: Asked) -> None:
    """Claims 10^15 profiles, so that a walk through all would not end."""
    limit, offset = min(max(asked.number("limit", 20), 1), 100), max(asked.number("offset", 0), 0)
    profiles = [profile(offset + number) for number in range(1, limit + 1)]
    reply(peer, page(profiles, total_count=10**15, limit=limit, offset=offset))


# Secrets


@behaviour
def token_echoed(peer: Peer, asked: Asked) -> None:
    """Puts the request's credentials into its content and a header, plain and percent-encoded."""
    found = re.search(rb"(?i)authorization: (\S+) ?(\S*)", asked.raw)
    token = found[2].decode("latin-1") if found else "none"
    coded = token.replace("/", "%2f").replace("+", "%2B").replace("=", "%3D")
    reply(peer, page([profile(1, name=token, description=coded)]), "200 OK", f"X-Echo: Bearer {token}")


@behaviour
def token_in_status_line(peer: Peer, asked: Asked) -> None:
    """Puts the request's credentials into a malformed status line."""
    found = re.search(rb"(?i)authorization: \S+ ?(\S*)", asked.raw)
    peer.send(b"HTTP/1.1 " + (found[1] if found else b"none") + b"\r\n\r\n")
