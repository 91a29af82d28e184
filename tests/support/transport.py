"""Networks that take the place of HTTP or of sockets, and a clock that only sleeping moves."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpcore
import httpx

from contracts.model import Exchange, FailureKind, Request
from contracts.transport import Bounds, Secrets, Target, Transport

TOKEN = "sk-bf-abc/d+12345=xyz"
PATH = "/api/access-profiles"
URL = "http://127.0.0.1:8080"
SHORT = Bounds(timeout=0.3, max_content=2**20, max_wire=2**20, retries=0)

CONNECT, TLS, TIMEOUT = FailureKind.CONNECT, FailureKind.TLS, FailureKind.TIMEOUT
CUT, PROTOCOL, TOO_LARGE = FailureKind.CUT, FailureKind.PROTOCOL, FailureKind.TOO_LARGE


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


# --- in the place of HTTP ---------------------------------------------------------------------------


def answering(*answers: httpx.Response | Exception | int) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A client that gives these answers, the last one for ever, and the requests that it saw."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        answer = answers[min(len(seen), len(answers) - 1)]
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, json={}) if isinstance(answer, int) else answer

    return httpx.MockTransport(handle), seen


def fake(
    *answers: httpx.Response | Exception | int, bounds: Bounds | None = None, **options: Any
) -> tuple[Transport, Time, list[httpx.Request]]:
    """A transport without network and without waiting."""
    client, seen = answering(*answers)
    time = Time()
    transport = Transport(
        Target.parse("http://gateway.example", PATH),
        options.pop("secrets", Secrets()),
        bounds or Bounds(),
        client=client,
        clock=time.clock,
        sleep=time.sleep,
        now=lambda: 1_700_000_000.0,
        **options,
    )
    return transport, time, seen


# --- in the place of sockets ------------------------------------------------------------------------

SPLIT = b"<split>"
Answer = Callable[[int, bytes], bytes | None]
"""Given the number of the request on its connection, from 1, and the request: the reply; None hangs up.

`SPLIT` in the reply is where the network splits it.
"""


def ok(content: bytes = b"{}", *lines: bytes) -> bytes:
    """A well-framed 200."""
    fields = b"".join(line + b"\r\n" for line in lines)
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(content), content)


def line(raw: bytes) -> bytes:
    """The request line."""
    return raw.partition(b"\r\n")[0]


@dataclass
class Server(httpcore.NetworkBackend):
    """A server in memory that keeps connections open, with the raw requests and connections it saw."""

    answer: Answer
    hangs_up_after: int = 1_000  # replies on a connection
    fails_after: int = 1_000_000  # bytes of a request, of which the rest cannot be written
    requests: list[bytes] = field(default_factory=list)
    connections: list[Stream] = field(default_factory=list)

    def connect_tcp(self, *_: Any, **__: Any) -> httpcore.NetworkStream:
        self.connections.append(Stream(self))
        return self.connections[-1]


class Stream(httpcore.NetworkStream):
    """One connection to the server in memory."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._raw = b""
        self._number = 0
        self._pieces: deque[bytes] = deque()
        self._is_closed = False

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        self._raw += buffer
        if len(self._raw) > self._server.fails_after:
            self._reply()
            raise httpcore.WriteError
        if not self._is_closed and b"\r\n\r\n" in self._raw:
            self._reply()

    def _reply(self) -> None:
        self._number += 1
        self._server.requests.append(self._raw)
        reply = self._server.answer(self._number, self._raw)
        self._raw = b""
        self._is_closed = reply is None or self._number >= self._server.hangs_up_after
        self.push(*(reply or b"").split(SPLIT))

    def push(self, *pieces: bytes) -> None:
        """Let these bytes arrive."""
        self._pieces.extend(piece for piece in pieces if piece)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        if self._pieces:
            piece = self._pieces.popleft()
            if piece[max_bytes:]:
                self._pieces.appendleft(piece[max_bytes:])
            return piece[:max_bytes]
        if self._is_closed:
            return b""
        raise httpcore.ReadTimeout

    def close(self) -> None:
        self._is_closed = True

    def get_extra_info(self, info: str) -> Any:
        return bool(self._pieces) or self._is_closed if info == "is_readable" else None


def to(
    url: str,
    secrets: Secrets = Secrets(),  # noqa: B008
    bounds: Bounds = SHORT,
    **options: Any,
) -> Transport:
    """A transport to that URL."""
    return Transport(Target.parse(url, PATH), secrets, bounds, **options)


def connected(
    answer: Answer,
    secrets: Secrets = Secrets(),  # noqa: B008
    bounds: Bounds = SHORT,
    *,
    url: str = URL,
    **manner: int,
) -> tuple[Transport, Server]:
    """A transport to a server in memory."""
    server = Server(answer, **manner)
    return to(url, secrets, bounds, backend=server), server


def ask(url: str, bounds: Bounds = SHORT, request: Request = Request()) -> Exchange:  # noqa: B008
    """The exchange for one request with the token."""
    with to(url, Secrets(token=TOKEN), bounds) as transport:
        return transport.send(request)


def outcome(exchange: Exchange) -> int | FailureKind | None:
    """The status, or the kind of failure."""
    return exchange.failure.kind if exchange.failure else exchange.status


def replied(
    *replies: bytes,
    bounds: Bounds = SHORT,
    request: Request = Request(),  # noqa: B008
    secrets: Secrets = Secrets(),  # noqa: B008
) -> Exchange:
    """The last exchange, where each request on a connection gets the next of these replies."""

    def answer(number: int, _: bytes) -> bytes:
        return replies[min(number, len(replies)) - 1]

    transport, _ = connected(answer, secrets, bounds)
    with transport:
        return [transport.send(request) for _ in replies][-1]
