"""The transport itself: sends requests safely, within bounds, patiently, and without showing secrets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import httpcore
import httpx

from contracts.model import Attempt, BudgetSpent, Exchange, Request
from contracts.transport.bounds import Bounds, size
from contracts.transport.connection import AttemptResult, Connection
from contracts.transport.credentials import Secrets
from contracts.transport.limits import ExchangeLimits
from contracts.transport.network import BoundedTransport
from contracts.transport.pace import Pace
from contracts.transport.parallel import in_order
from contracts.transport.retries import BUSY, TOO_MANY_REQUESTS, Retries, is_hostile
from contracts.transport.target import Target
from contracts.transport.tls import ClientCertificate

_MIN_TIME = 0.01  # for a request that may still leave at the very end of the run
_ENDED = "The run has ended."


class Transport:
    """Sends requests to one target and returns an exchange for each.

    A batch uses `Bounds.concurrency` connections, which share one budget and one pace. Redirects are not
    followed, cookies are not kept, and proxies come from the environment. Tests replace HTTP (`client`), the
    sockets below it (`backend`) and the time (`clock`, `sleep`, `now`). Raises `UserError` for certificates
    or proxies that cannot be used.
    """

    def __init__(
        self,
        target: Target,
        secrets: Secrets = Secrets(),  # noqa: B008 - frozen
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
        *,
        verify: bool | str = True,
        cert: ClientCertificate | None = None,
        http2: bool = False,
        client: httpx.BaseTransport | None = None,
        backend: httpcore.NetworkBackend | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        now: Callable[[], float] = time.time,
        seed: int = 0,
    ) -> None:
        def connect(limits: ExchangeLimits) -> httpx.BaseTransport:
            return client or BoundedTransport(target, limits, verify, cert, http2=http2, backend=backend)

        self.target = target
        self.sent = 0  # requests sent so far, repetitions included
        self._bounds = bounds
        self._clock, self._sleep = clock, sleep
        count = range(bounds.concurrency)
        self._connections = [Connection(target, secrets, bounds, seed, connect, clock) for _ in count]
        self._pace = Pace(bounds.rate, clock, sleep)
        self._retries = Retries(bounds, now, seed)
        self._began = clock()
        self._exchanges = 0
        self._content_bytes = 0  # of all bodies so far
        self._is_closed = False
        self._lock = threading.RLock()  # guards everything that the connections share

    @property
    def spoke_http2(self) -> bool:
        """Whether HTTP/2 was ever negotiated."""
        return any(connection.spoke_http2 for connection in self._connections)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_closed = True
        for connection in self._connections:
            connection.close()

    def send(self, request: Request) -> Exchange:
        """The exchange, after repetitions where the deployment was busy or out of reach.

        Raises `Refused` for a request that must not leave, `BudgetSpent` when the run has no requests or time
        left.
        """
        raw_target = self.target.raw(request)
        return self._exchange(self._connections[0], self._claim(), request, raw_target)

    def send_all(self, requests: Sequence[Request]) -> Iterator[Exchange]:
        """The exchanges of requests whose order does not matter, numbered and returned in the order given.

        Raises as `send` does, after all exchanges that were completed; `Refused` before anything is sent.
        """
        raw_targets = [self.target.raw(request) for request in requests]
        if len(self._connections) == 1 or len(requests) == 1:
            yield from map(self.send, requests)
            return
        pending = iter(zip(requests, raw_targets, strict=True))

        def claim() -> tuple[int, Request, bytes]:
            return (self._claim(), *next(pending))

        def work(connection: Connection, claimed: tuple[int, Request, bytes]) -> Exchange:
            return self._exchange(connection, *claimed)

        yield from in_order(len(requests), self._connections, claim, work)

    def _claim(self) -> int:
        """The number of the next exchange; raises `BudgetSpent` if nothing more may be sent."""
        with self._lock:
            why = self._why_spent()
            if why:
                raise BudgetSpent(why)
            self._exchanges += 1
            self.sent += 1
            return self._exchanges

    def _exchange(self, connection: Connection, number: int, request: Request, raw_target: bytes) -> Exchange:
        attempts: list[Attempt] = []
        while True:
            result = self._attempt(connection, number, request, raw_target)
            attempt = self._claim_repetition(result, attempts)
            if attempt is None:
                return replace(result.exchange, attempts=tuple(attempts))
            attempts.append(attempt)
            self._sleep(attempt.waited)
            if self._is_closed:  # the run was interrupted during the wait
                raise BudgetSpent(_ENDED)

    def _attempt(
        self, connection: Connection, number: int, request: Request, raw_target: bytes
    ) -> AttemptResult:
        self._pace.wait()
        if is_hostile(request):
            connection.disconnect()  # then only this request can be the cause of a cut connection
        started = self._clock()
        left = max(self._began + self._bounds.deadline - started, _MIN_TIME)
        result = connection.attempt(number, request, raw_target, min(self._bounds.timeout, left))
        self._learn(result.exchange, started)
        elapsed = self._clock() - started
        exchange = replace(result.exchange, started=started - self._began, elapsed=elapsed)
        return replace(result, exchange=exchange)

    def _learn(self, exchange: Exchange, started: float) -> None:
        with self._lock:
            self._content_bytes += len(exchange.content)
            self._retries.learn(exchange)
            if exchange.status == TOO_MANY_REQUESTS:
                self._pace.slow_down(started)
            elif exchange.status is not None and exchange.status not in BUSY:
                self._pace.speed_up()

    def _claim_repetition(self, result: AttemptResult, attempts: Sequence[Attempt]) -> Attempt | None:
        """The attempt that this result becomes, whose repetition counts as sent; None if it is final."""
        with self._lock:
            attempt = self._retries.next_attempt(result, attempts)
            if attempt is None or self._why_spent(attempt.waited):
                return None
            self._retries.count_wait(attempt.waited)
            self.sent += 1
            return attempt

    def _why_spent(self, wait: float = 0.0) -> str | None:
        """Why nothing more may be sent after that wait; None if it may."""
        if self._is_closed:
            return _ENDED
        if self.sent >= self._bounds.max_requests:
            return f"All {self._bounds.max_requests} requests of this run are spent: raise --max-requests."
        if self._content_bytes >= self._bounds.max_total_content:
            return f"The deployment has sent {size(self._content_bytes)}, more than a run reads."
        if max(self._clock() + wait, self._pace.next_turn()) - self._began >= self._bounds.deadline:
            return f"The {self._bounds.deadline:g} s of this run are over: raise --deadline."
        return None
