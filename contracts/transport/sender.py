"""The transport itself: safe, bounded, patient, and silent about secrets."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import httpx

from contracts.model import Attempt, BudgetSpent, Exchange, FailureKind, Purpose, Request
from contracts.transport.bounds import Bounds, size
from contracts.transport.credentials import Secrets
from contracts.transport.lane import Lane, Tried
from contracts.transport.pace import Pace, back_off, retry_after
from contracts.transport.parallel import in_order
from contracts.transport.stream import Meter
from contracts.transport.target import Target
from contracts.transport.wire import Certificate, Wire

_TOO_MANY = 429
_UNAVAILABLE = 503
_BUSY = frozenset({_TOO_MANY, 502, _UNAVAILABLE, 504})
_PASSING = frozenset({FailureKind.TIMEOUT, FailureKind.CUT, FailureKind.CONNECT, FailureKind.TLS})
# A value that may have brought the deployment down is not sent twice: see the panic in the product's notes.
_MOMENT = 0.01  # where the pace let a request leave at the very end
_LEAST_WAIT = 0.1  # for `Retry-After: 0`
_STALE = "stale connection"
_ENDED = "The run has ended."


class Transport:
    """Sends requests to one target and gives an exchange for each: one after the other, or a batch of them
    in so many lanes as `Bounds.concurrency` says. All lanes share one budget and one pace.

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
        http2: bool = False,
        client: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.time,
        seed: int = 0,
    ) -> None:
        self.target = target
        self.sent = 0  # requests that left so far, repetitions included
        self._bounds = bounds
        self._clock, self._sleep, self._now = clock, sleep, now
        self._draw = random.Random(seed)  # noqa: S311 - jitter that the same seed gives again

        def connect(meter: Meter) -> httpx.BaseTransport:
            return client or Wire(target, meter, verify, cert, http2=http2)

        lanes = range(bounds.concurrency)
        self._lanes = [Lane(target, secrets, bounds, seed, connect, clock) for _ in lanes]
        self._pace = Pace(bounds.rate, clock, sleep)
        self._began = clock()
        self._number = 0
        self._waited = 0.0  # seconds since an answer that needed no repetition
        self._taken = 0  # bytes of content since the run began
        self._answered = False
        self._closed = False
        self._state = threading.RLock()  # held for each look at, and change of, what lanes share

    @property
    def spoke_http2(self) -> bool:
        """Whether HTTP/2 was ever agreed on."""
        return any(lane.framed for lane in self._lanes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        for lane in self._lanes:
            lane.close()

    def send(self, request: Request) -> Exchange:
        """What came back, after repetitions where the deployment was busy or out of reach.

        `Refused` for a request that must not leave, `BudgetSpent` if the run's requests or time are spent.
        """
        raw = self.target.raw(request)
        return self._sent(self._lanes[0], self._claim(), request, raw)

    def send_all(self, requests: Sequence[Request]) -> Iterator[Exchange]:
        """The exchanges of requests whose order does not matter, numbered and given in the order asked.

        Errors as with `send`, once everything that left before has been given; `Refused` before any leaves.
        """
        raws = [self.target.raw(request) for request in requests]
        if len(self._lanes) == 1 or len(requests) == 1:
            yield from map(self.send, requests)
            return
        todo = iter(zip(requests, raws, strict=True))

        def claim() -> tuple[int, Request, bytes]:
            return (self._claim(), *next(todo))

        def work(lane: Lane, claimed: tuple[int, Request, bytes]) -> Exchange:
            return self._sent(lane, *claimed)

        yield from in_order(len(requests), self._lanes, claim, work)

    def _claim(self) -> int:
        """The number of the next exchange, whose request counts as sent; `BudgetSpent` if none may leave."""
        with self._state:
            why = self._spent(0.0)
            if why:
                raise BudgetSpent(why)
            self._number += 1
            self.sent += 1
            return self._number

    def _sent(self, lane: Lane, number: int, request: Request, raw: bytes) -> Exchange:
        attempts: list[Attempt] = []
        while True:
            tried = self._attempt(lane, number, request, raw)
            with self._state:
                attempt = self._repetition(tried, attempts)
                if attempt is None:
                    return replace(tried.exchange, attempts=tuple(attempts))
                self.sent += 1
            attempts.append(attempt)
            self._sleep(attempt.waited)
            if self._closed:  # meanwhile, by an interruption
                raise BudgetSpent(_ENDED)

    def _attempt(self, lane: Lane, number: int, request: Request, raw: bytes) -> Tried:
        self._pace.wait()
        if request.purpose is Purpose.HOSTILE:
            lane.drop()  # so that a cut connection has no other explanation
        started = self._clock()
        left = max(self._began + self._bounds.deadline - started, _MOMENT)
        tried = lane.attempt(number, request, raw, min(self._bounds.timeout, left))
        self._learn(tried.exchange, started)
        elapsed = self._clock() - started
        exchange = replace(tried.exchange, started=started - self._began, elapsed=elapsed)
        return replace(tried, exchange=exchange)

    def _learn(self, exchange: Exchange, started: float) -> None:
        with self._state:
            self._taken += len(exchange.content)
            self._answered = self._answered or exchange.status is not None
            if exchange.status == _TOO_MANY:
                self._pace.slow(started)
            elif exchange.status is not None and exchange.status not in _BUSY:
                self._pace.quicken()
                self._waited = 0.0

    def _repetition(self, tried: Tried, attempts: list[Attempt]) -> Attempt | None:
        """The attempt that this exchange becomes if it is to be repeated."""
        exchange = tried.exchange
        if tried.stale and not attempts:
            return Attempt(_STALE, 0.0) if not self._spent(0.0) else None
        tries = sum(attempt.why != _STALE for attempt in attempts)
        if tries >= self._bounds.retries or not self._passing(exchange, tries):
            return None
        wait = self._pause(exchange, tries)
        if self._spent(wait) or self._waited + wait > self._bounds.max_total_wait:
            return None
        self._waited += wait
        return Attempt(str(exchange.failure.kind if exchange.failure else exchange.status), wait)

    def _passing(self, exchange: Exchange, tries: int) -> bool:
        """Whether the same request may well get another answer, and may be sent again."""
        hostile = exchange.request.purpose is Purpose.HOSTILE
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
        if self._closed:
            return _ENDED
        if self.sent >= self._bounds.max_requests:
            return f"All {self._bounds.max_requests} requests of this run are spent: raise --max-requests."
        if self._taken >= self._bounds.max_total_content:
            return f"The deployment has sent {size(self._taken)}, more than a run reads."
        if max(self._clock() + wait, self._pace.due()) - self._began >= self._bounds.deadline:
            return f"The {self._bounds.deadline:g} s that this run may take are over."
        return None
