"""Whether a request is repeated after a temporary failure, and after which wait."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from contracts.model import Attempt, Exchange, FailureKind, Purpose, Request
from contracts.transport.bounds import Bounds
from contracts.transport.connection import AttemptResult
from contracts.transport.pace import back_off, retry_after

TOO_MANY_REQUESTS = 429
BUSY = frozenset({TOO_MANY_REQUESTS, 502, 503, 504})
STALE = "stale connection"

_TEMPORARY = frozenset({FailureKind.TIMEOUT, FailureKind.CUT, FailureKind.CONNECT, FailureKind.TLS})
_MIN_WAIT = 0.1  # for `Retry-After: 0`


class Retries:
    """Decides on repetitions, and counts how long the run has waited for them."""

    def __init__(self, bounds: Bounds, now: Callable[[], float], seed: int) -> None:
        self._bounds = bounds
        self._now = now
        self._random = random.Random(seed)  # noqa: S311 - jitter that the same seed repeats
        self._waited = 0.0  # seconds since a response that needed no repetition
        self._has_answered = False

    def learn(self, exchange: Exchange) -> None:
        """Take note of what came of an attempt."""
        if exchange.status is None:
            return
        self._has_answered = True
        if exchange.status not in BUSY:
            self._waited = 0.0

    def next_attempt(self, result: AttemptResult, attempts: Sequence[Attempt]) -> Attempt | None:
        """The attempt that this result becomes when its request is repeated; None if it is final."""
        if result.is_stale and not attempts:
            return Attempt(STALE, 0.0)
        exchange = result.exchange
        tries = sum(attempt.why != STALE for attempt in attempts)
        if tries >= self._bounds.retries or not self._may_repeat(exchange, tries):
            return None
        wait = self._wait(exchange, tries)
        if self._waited + wait > self._bounds.max_total_wait:
            return None
        return Attempt(str(exchange.failure.kind if exchange.failure else exchange.status), wait)

    def count_wait(self, seconds: float) -> None:
        """Count the wait before a repetition."""
        self._waited += seconds

    def _may_repeat(self, exchange: Exchange, tries: int) -> bool:
        hostile = is_hostile(exchange.request)
        if exchange.failure is None:
            is_invited = exchange.status == TOO_MANY_REQUESTS or exchange.header("Retry-After") is not None
            return exchange.status in BUSY and (is_invited or not hostile)
        kind = exchange.failure.kind
        if not self._has_answered:  # report a wrong URL within two seconds
            return kind in _TEMPORARY - {FailureKind.TLS} and not (tries or hostile or exchange.elapsed > 1)
        if kind is FailureKind.TIMEOUT and tries:  # each one costs the whole time-out
            return False
        return kind in _TEMPORARY and not (hostile and kind in (FailureKind.CUT, FailureKind.TIMEOUT))

    def _wait(self, exchange: Exchange, tries: int) -> float:
        requested = retry_after(exchange, self._now())
        if requested is None:
            return min(back_off(tries, self._random), self._bounds.max_wait)
        return min(max(requested, _MIN_WAIT), self._bounds.max_wait)


def is_hostile(request: Request) -> bool:
    """Whether the request may bring the deployment down, and so must not be repeated."""
    return request.purpose is Purpose.HOSTILE
