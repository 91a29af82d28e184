"""When the next request may leave, and how long to wait before a repetition."""

from __future__ import annotations

import math
import random
import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from contracts.model import Exchange

_FIRST_WAIT = 0.2
_MAX_INTERVAL = 3.0  # seconds between two requests, however often a deployment answers 429
_MIN_INTERVAL_AFTER_429 = 0.05
_NEGLIGIBLE = 0.01


class Pace:
    """A token bucket of size one: the user's rate, and slower after a 429. Threads may share it."""

    def __init__(
        self, rate: float | None, clock: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._user_interval = 1 / rate if rate else 0.0
        self._interval: float = self._user_interval
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[float] = deque(maxlen=10)
        self._slowed_at = -math.inf
        self._lock = threading.Lock()

    def next_turn(self) -> float:
        """The time at which the next request may leave."""
        return self._sent[-1] + self._interval if self._sent else self._clock()

    def wait(self) -> None:
        """Take the next turn, and wait for it."""
        with self._lock:
            now = self._clock()
            turn = max(now, self.next_turn())
            self._sent.append(turn)
        if turn > now:
            self._sleep(turn - now)

    def slow_down(self, sent: float) -> None:
        """Halve the observed pace after a 429 to a request sent at that time.

        A request sent before the last slowdown says nothing about the slower pace.
        """
        if sent <= self._slowed_at:
            return
        self._slowed_at = self._clock()
        slower = max(2 * self._interval, 2 * self._observed(), _MIN_INTERVAL_AFTER_429)
        self._interval = min(slower, _MAX_INTERVAL)

    def speed_up(self) -> None:
        """Return slowly to the user's pace after a response."""
        shorter = 0.95 * self._interval
        self._interval = max(shorter if shorter > _NEGLIGIBLE else 0.0, self._user_interval)

    def _observed(self) -> float:
        if len(self._sent) < 2:
            return 0.0
        return (self._sent[-1] - self._sent[0]) / (len(self._sent) - 1)


def back_off(tries: int, generator: random.Random) -> float:
    """Seconds before try number `tries` + 2: doubled each time, plus or minus a half."""
    return _FIRST_WAIT * 2.0**tries * generator.uniform(0.5, 1.5)


def retry_after(exchange: Exchange, now: float) -> float | None:
    """The seconds that `Retry-After` asks for, a date by the deployment's own clock; None without one."""
    value = (exchange.header("Retry-After") or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:10])
    date, own_clock = _timestamp(value), _timestamp(exchange.header("Date") or "")
    return None if date is None else max(0.0, date - (now if own_clock is None else own_clock))


def _timestamp(value: str) -> float | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return (date if date.tzinfo else datetime.replace(date, tzinfo=UTC)).timestamp()
