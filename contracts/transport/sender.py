"""The transport itself: safe, bounded, patient, and silent about secrets."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self, cast

import httpx

from contracts import __version__
from contracts.model import Attempt, BudgetSpent, Exchange, Failure, FailureKind, Request
from contracts.transport.bounds import Bounds, size
from contracts.transport.content import ACCEPTED, Content, codings
from contracts.transport.credentials import Secrets
from contracts.transport.faults import NETWORK_ERRORS, Fault, failure_of, too_large
from contracts.transport.pace import Pace, back_off, retry_after
from contracts.transport.stream import Meter
from contracts.transport.target import Target
from contracts.transport.wire import Certificate, Wire

_TOO_MANY = 429
_UNAVAILABLE = 503
_BUSY = frozenset({_TOO_MANY, 502, _UNAVAILABLE, 504})
_PASSING = frozenset({FailureKind.TIMEOUT, FailureKind.CUT, FailureKind.CONNECT, FailureKind.TLS})
# A value that may have brought the deployment down is not sent twice: see the panic in the product's notes.
_HOSTILE = "hostile"
_LEAST_WAIT = 0.1  # for `Retry-After: 0`
_HEADERS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", ACCEPTED),
    ("User-Agent", f"bifrost-contracts/{__version__}"),
)
_STALE = "stale connection"


class Transport:
    """Sends requests to one target, one after the other, and gives an exchange for each.

    Redirects are not followed and cookies are not kept. Proxies come from the environment. `client`
    replaces the network in tests, `clock`, `sleep` and `now` the time. `UserError` for certificate files
    or proxies that cannot be used.
    """

    def __init__(
        self,
        target: Target,
        secrets: Secrets = Secrets(),  # noqa: B008 - frozen
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
        *,
        verify: bool | str = True,
        cert: Certificate | None = None,
        client: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.time,
        seed: int = 0,
    ) -> None:
        self.target = target
        self.sent = 0  # requests that left so far, repetitions included
        self._secrets = secrets
        self._bounds = bounds
        self._clock, self._sleep, self._now = clock, sleep, now
        self._seed = seed
        self._draw = random.Random(seed)  # noqa: S311 - jitter that the same seed gives again
        self._meter = Meter(bounds, target.authority, clock)
        self._client = client or Wire(target, self._meter, verify, cert)
        self._pace = Pace(bounds.rate, clock, sleep)
        self._began = clock()
        self._number = 0
        self._waited = 0.0  # seconds since an answer that needed no repetition
        self._taken = 0  # bytes of content since the run began
        self._answered = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def send(self, request: Request) -> Exchange:
        """What came back, after repetitions where the deployment was busy or out of reach.

        `Refused` for a request that must not leave, `BudgetSpent` if the run's requests or time are spent.
        """
        raw = self.target.raw(request)
        why = self._spent(0.0)
        if why:
            raise BudgetSpent(why)
        self._number += 1
        attempts: list[Attempt] = []
        while True:
            exchange = self._attempt(request, raw)
            attempt = self._repetition(exchange, attempts)
            if attempt is None:
                return replace(exchange, attempts=tuple(attempts))
            attempts.append(attempt)
            self._sleep(attempt.waited)

    def _attempt(self, request: Request, raw: bytes) -> Exchange:
        self._pace.wait()
        self.sent += 1
        if request.purpose.startswith(_HOSTILE):
            self._drop()  # so that a cut connection has no other explanation
        started = self._clock()
        self._meter.begin(min(self._bounds.timeout, self._began + self._bounds.deadline - started))
        exchange = self._outcome(request, raw)
        self._learn(exchange)
        return replace(exchange, started=started - self._began, elapsed=self._clock() - started)

    def _outcome(self, request: Request, raw: bytes) -> Exchange:
        try:
            status, headers, content = self._exchange(request, raw)
        except (Fault, *NETWORK_ERRORS) as error:
            self._drop()
            failure = failure_of(error, self.target.authority)
            hidden = Failure(failure.kind, self._secrets.redact(failure.text))
            return Exchange(self._number, request, None, failure=hidden)
        shown = tuple((self._secrets.redact(name), self._secrets.redact(value)) for name, value in headers)
        return Exchange(self._number, request, status, shown, self._secrets.redact_bytes(content))

    def _exchange(self, request: Request, raw: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        response = self._client.handle_request(self._prepared(request, raw))
        try:
            self._meter.head_done()
            headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw]
            if len(headers) > self._bounds.max_headers:
                what = f"sent more than {self._bounds.max_headers} header fields"
                raise Fault(too_large(self.target.authority, what))
            content = self._content(request, response, headers)
        finally:
            response.close()
        return response.status_code, headers, content

    def _content(self, request: Request, response: httpx.Response, headers: list[tuple[str, str]]) -> bytes:
        bodiless = request.method == "HEAD"
        kept = Content([] if bodiless else codings(headers), self._bounds.max_content, self.target.authority)
        content = kept.take(self._timely(response))
        self._taken += len(content)
        if self._meter.handed > _length(headers):
            self._drop()  # bytes beyond the content would pass for the next response
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
        url = _tidy(self.target.origin, raw)
        return httpx.Request(request.method, url, headers=coded, extensions={"target": raw})

    def _learn(self, exchange: Exchange) -> None:
        self._answered = self._answered or exchange.status is not None
        if exchange.status == _TOO_MANY:
            self._pace.slow()
        elif exchange.status is not None and exchange.status not in _BUSY:
            self._pace.quicken()
            self._waited = 0.0

    def _repetition(self, exchange: Exchange, attempts: list[Attempt]) -> Attempt | None:
        """The attempt that this exchange becomes if it is to be repeated."""
        if self._stale(exchange) and not attempts:
            return Attempt(_STALE, 0.0) if not self._spent(0.0) else None
        tries = sum(attempt.why != _STALE for attempt in attempts)
        if tries >= self._bounds.retries or not self._passing(exchange, tries):
            return None
        wait = self._pause(exchange, tries)
        if self._spent(wait) or self._waited + wait > self._bounds.max_total_wait:
            return None
        self._waited += wait
        return Attempt(str(exchange.failure.kind if exchange.failure else exchange.status), wait)

    def _stale(self, exchange: Exchange) -> bool:
        """Whether a kept connection had been closed before this request came: no fault of anyone."""
        cut = exchange.failure is not None and exchange.failure.kind is FailureKind.CUT
        kept = isinstance(self._client, Wire) and not self._meter.connected
        return cut and kept and not self._meter.received

    def _passing(self, exchange: Exchange, tries: int) -> bool:
        """Whether the same request may well get another answer, and may be sent again."""
        hostile = exchange.request.purpose.startswith(_HOSTILE)
        if exchange.failure is None:
            invited = exchange.status == _TOO_MANY or exchange.header("Retry-After") is not None
            return exchange.status in _BUSY and (invited or not hostile)
        kind = exchange.failure.kind
        if not self._answered:  # a wrong URL is to be reported within two seconds
            return kind in _PASSING - {FailureKind.TLS} and not (tries or hostile or exchange.elapsed > 1)
        if kind is FailureKind.TIMEOUT and tries:  # each costs the whole time-out
            return False
        return kind in _PASSING and not (hostile and kind in (FailureKind.CUT, FailureKind.TIMEOUT))

    def _pause(self, exchange: Exchange, tries: int) -> float:
        asked = retry_after(exchange, self._now())
        own = back_off(tries, self._draw)
        return min(own if asked is None else max(asked, _LEAST_WAIT), self._bounds.max_wait)

    def _spent(self, wait: float) -> str | None:
        """Why no further request may leave after that wait; None if one may."""
        if self.sent >= self._bounds.max_requests:
            return f"All {self._bounds.max_requests} requests of this run are spent: raise --max-requests."
        if self._taken >= self._bounds.max_total_content:
            return f"The deployment has sent {size(self._taken)}, more than a run reads."
        if max(self._clock() + wait, self._pace.due()) - self._began >= self._bounds.deadline:
            return f"The {self._bounds.deadline:g} s that this run may take are over."
        return None

    def _drop(self) -> None:
        """Closes the kept connections."""
        if isinstance(self._client, Wire):
            self._client.close()


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
