"""One lane: connections on which one exchange takes place at a time, and what one attempt comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import httpx

from contracts import __version__
from contracts.model import Exchange, Failure, FailureKind, Request
from contracts.transport.bounds import Bounds
from contracts.transport.content import ACCEPTED, Content, codings
from contracts.transport.credentials import Secrets
from contracts.transport.faults import NETWORK_ERRORS, Fault, failure_of, too_large
from contracts.transport.stream import Meter
from contracts.transport.target import Target
from contracts.transport.wire import Wire

_HEADERS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", ACCEPTED),
    ("User-Agent", f"bifrost-contracts/{__version__}"),
)


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt: its exchange, and whether a kept connection had been closed before the request came."""

    exchange: Exchange
    stale: bool


class Lane:
    """Where requests go one after the other. Lanes share nothing, so each may have a thread of its own."""

    def __init__(
        self,
        target: Target,
        secrets: Secrets,
        bounds: Bounds,
        seed: int,
        connect: Callable[[Meter], httpx.BaseTransport],
        clock: Callable[[], float],
    ) -> None:
        self._target, self._secrets, self._bounds, self._seed = target, secrets, bounds, seed
        self._meter = Meter(bounds, target.authority, clock)
        self._client = connect(self._meter)
        self.framed = False  # whether HTTP/2 was ever spoken

    def attempt(self, number: int, request: Request, raw: bytes, seconds: float) -> Tried:
        """Sends the request once and gives what came, within so many seconds."""
        self._meter.begin(seconds)
        exchange = self._outcome(number, request, raw)
        return Tried(exchange, self._stale(exchange))

    def drop(self) -> None:
        """Closes the kept connections."""
        if isinstance(self._client, Wire):
            self._client.close()

    def close(self) -> None:
        """Closes everything."""
        self._client.close()

    def _outcome(self, number: int, request: Request, raw: bytes) -> Exchange:
        try:
            status, headers, content = self._exchange(request, raw)
        except (Fault, *NETWORK_ERRORS) as error:
            self.drop()
            failure = failure_of(error, self._target.authority)
            hidden = Failure(failure.kind, self._secrets.redact(failure.text))
            return Exchange(number, request, None, failure=hidden)
        shown = tuple((self._secrets.redact(name), self._secrets.redact(value)) for name, value in headers)
        return Exchange(number, request, status, shown, self._secrets.redact_bytes(content))

    def _exchange(self, request: Request, raw: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        response = self._client.handle_request(self._prepared(request, raw))
        try:
            self._meter.head_done()
            self.framed = self.framed or self._meter.framed
            headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw]
            if len(headers) > self._bounds.max_headers:
                what = f"sent more than {self._bounds.max_headers} header fields"
                raise Fault(too_large(self._target.authority, what))
            content = self._content(request, response, headers)
        finally:
            response.close()
        return response.status_code, headers, content

    def _content(self, request: Request, response: httpx.Response, headers: list[tuple[str, str]]) -> bytes:
        bodiless = request.method == "HEAD"
        kept = Content([] if bodiless else codings(headers), self._bounds.max_content, self._target.authority)
        content = kept.take(self._timely(response))
        if not self._meter.framed and self._meter.handed > _length(headers):
            self.drop()  # bytes beyond the content would pass for the next response
        return b"" if bodiless else content

    def _timely(self, response: httpx.Response) -> Iterator[bytes]:
        for piece in cast("Iterable[bytes]", response.stream):
            self._meter.remaining()
            yield piece

    def _prepared(self, request: Request, raw: bytes) -> httpx.Request:
        extra = self._secrets.headers_for(request.credentials)
        given = {name.lower() for name, _ in extra}
        headers = [pair for pair in _HEADERS if pair[0].lower() not in given]
        headers += extra
        authorization = self._secrets.authorization(request.credentials, self._seed)
        if authorization is not None:
            headers.append(("Authorization", authorization.rstrip()))  # HTTP has no white space at the end
        coded = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]
        url = _tidy(self._target.origin, raw)
        return httpx.Request(request.method, url, headers=coded, extensions={"target": raw})

    def _stale(self, exchange: Exchange) -> bool:
        """Whether a kept connection had been closed before this request came: no fault of anyone."""
        cut = exchange.failure is not None and exchange.failure.kind is FailureKind.CUT
        kept = isinstance(self._client, Wire) and not self._meter.connected
        return cut and kept and not self._meter.received


def _length(headers: list[tuple[str, str]]) -> float:
    """The length that the headers promise; infinite where they promise none."""
    values = (value for name, value in headers if name.lower() == "content-length")
    first = next(values, "").partition(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() else float("inf")


def _tidy(origin: str, raw: bytes) -> httpx.URL:
    """The URL as httpx spells it, for stand-ins of the network; the wire sends the raw target."""
    try:
        return httpx.URL(origin).copy_with(raw_path=raw)
    except httpx.InvalidURL:
        return httpx.URL(origin)
