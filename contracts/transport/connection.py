"""A connection that serves one exchange at a time, and the result of one attempt on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import httpx

from contracts import __version__
from contracts.model import Exchange, Failure, FailureKind, Request
from contracts.transport.bounds import Bounds
from contracts.transport.content import ACCEPTED, BodyDecoder, codings
from contracts.transport.credentials import Secrets
from contracts.transport.failures import NETWORK_ERRORS, PeerError, failure_of, too_large
from contracts.transport.limits import ExchangeLimits
from contracts.transport.network import BoundedTransport
from contracts.transport.stream import BoundedStream
from contracts.transport.target import Target

_HEADERS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", ACCEPTED),
    ("User-Agent", f"bifrost-contracts/{__version__}"),
)

_HEAD_WAIT = 0.02  # seconds for a body after HEAD
_LONG_TARGET = 4096  # bytes; servers refuse longer ones before they have read them
_FIRST_ERROR = 400
_BROKEN = (FailureKind.CUT, FailureKind.PROTOCOL)

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The exchange that one attempt produced.

    `is_stale`: a reused connection failed before a response began, so a new one may well work.
    """

    exchange: Exchange
    is_stale: bool


class Connection:
    """Sends one request after the other. Connections share nothing, so each can have its own thread."""

    def __init__(
        self,
        target: Target,
        secrets: Secrets,
        bounds: Bounds,
        seed: int,
        connect: Callable[[ExchangeLimits], httpx.BaseTransport],
        clock: Callable[[], float],
    ) -> None:
        self._target, self._secrets, self._bounds, self._seed = target, secrets, bounds, seed
        self._limits = ExchangeLimits(bounds, target.authority, clock)
        self._network = connect(self._limits)
        self.spoke_http2 = False

    def attempt(self, number: int, request: Request, raw_target: bytes, seconds: float) -> AttemptResult:
        """The result of sending the request once, within that many seconds."""
        self._limits.begin(seconds)
        exchange = self._exchange(number, request, raw_target)
        return AttemptResult(exchange, self._is_stale(exchange))

    def disconnect(self) -> None:
        """Close the network connection; the next attempt opens a new one."""
        if isinstance(self._network, BoundedTransport):
            self._network.close()

    def close(self) -> None:
        """Close everything."""
        self._network.close()

    def _exchange(self, number: int, request: Request, raw_target: bytes) -> Exchange:
        try:
            status, headers, content = self._response(request, raw_target)
        except (PeerError, *NETWORK_ERRORS) as error:
            self.disconnect()
            failure = failure_of(error, self._target.authority)
            redacted = Failure(failure.kind, self._secrets.redact(failure.text))
            return Exchange(number, request, None, failure=redacted)
        if not self._may_be_reused(request, status, raw_target):
            self.disconnect()
        headers, content = self._redacted_headers(headers), self._secrets.redact_bytes(content)
        return Exchange(number, request, status, headers, content)

    def _may_be_reused(self, request: Request, status: int, raw_target: bytes) -> bool:
        """Whether nothing but the next response can follow on the network connection.

        Some servers send a body after HEAD, late; one that refuses a long request early may not have read all
        of it. Bytes that arrive before the next request make the connection look closed (`BoundedStream`).
        """
        may_be_early = status >= _FIRST_ERROR and len(raw_target) > _LONG_TARGET
        return request.method != "HEAD" and self._limits.is_sent and not may_be_early

    def _redacted_headers(self, headers: Headers) -> Headers:
        joined = "\n".join(itertools.chain.from_iterable(headers)).encode("latin-1")
        if self._secrets.redact_bytes(joined) is joined:  # quicker than each by itself
            return headers

        def redacted(text: str) -> str:
            return self._secrets.redact_bytes(text.encode("latin-1")).decode("latin-1")

        return tuple((redacted(name), redacted(value)) for name, value in headers)

    def _response(self, request: Request, raw_target: bytes) -> tuple[int, Headers, bytes]:
        response = self._network.handle_request(self._http_request(request, raw_target))
        try:
            headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw)
            self._limits.end_header(_body_length(headers))
            self.spoke_http2 = self.spoke_http2 or self._limits.is_http2
            if len(headers) > self._bounds.max_headers:
                what = f"sent more than {self._bounds.max_headers} header fields"
                raise PeerError(too_large(self._target.authority, what))
            return response.status_code, headers, self._content(request, response, headers)
        finally:
            response.close()

    def _content(self, request: Request, response: httpx.Response, headers: Headers) -> bytes:
        is_head = request.method == "HEAD"
        names = [] if is_head else codings(headers)
        decoder = BodyDecoder(names, self._bounds.max_content, self._target.authority)
        content = decoder.decode(self._timely(response))
        return _unread(response) if is_head else content

    def _timely(self, response: httpx.Response) -> Iterator[bytes]:
        for piece in cast("Iterable[bytes]", response.stream):
            self._limits.remaining()
            yield piece

    def _http_request(self, request: Request, raw_target: bytes) -> httpx.Request:
        own = self._secrets.headers_for(request.credentials)
        names = {name.lower() for name, _ in own}
        headers = [*(pair for pair in _HEADERS if pair[0].lower() not in names), *own]
        authorization = self._secrets.authorization(request.credentials, self._seed)
        if authorization is not None:
            headers.append(("Authorization", authorization.rstrip()))  # HTTP forbids trailing white space
        encoded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
        url = _httpx_url(self._target.origin, raw_target)
        return httpx.Request(request.method, url, headers=encoded, extensions={"target": raw_target})

    def _is_stale(self, exchange: Exchange) -> bool:
        is_broken = exchange.failure is not None and exchange.failure.kind in _BROKEN
        is_reused = isinstance(self._network, BoundedTransport) and not self._limits.is_new_connection
        return is_broken and is_reused and self._limits.in_header


def _unread(response: httpx.Response) -> bytes:
    """What followed the response to HEAD, as it came: nothing, if the server keeps to the standard."""
    stream = response.extensions.get("network_stream")
    return stream.unread(_HEAD_WAIT) if isinstance(stream, BoundedStream) else b""


def _body_length(headers: Headers) -> float | None:
    """The length that the headers state: infinite where they state none, None for a chunked body."""
    values = {name.lower(): value for name, value in reversed(headers)}
    if "transfer-encoding" in values:
        return None
    first = values.get("content-length", "").partition(",")[0].strip()
    return float(first) if first.isascii() and first.isdigit() else float("inf")


def _httpx_url(origin: str, raw_target: bytes) -> httpx.URL:
    """The URL as httpx normalises it, for network stand-ins; the network gets the raw target."""
    try:
        return httpx.URL(origin).copy_with(raw_path=raw_target)
    except httpx.InvalidURL:
        return httpx.URL(origin)
