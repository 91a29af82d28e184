"""When the next request may leave, and how long to wait before the same one is repeated."""

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
_SLOWEST = 3.0  # seconds between two requests, however often a deployment answers 429
_SLOWED = 0.05  # seconds at least, after a 429
_NEGLIGIBLE = 0.01


class Pace:
    """A bucket of one token, filled once an interval: what the user's rate says, longer after a 429.

    May be shared by threads.
    """

    def __init__(
        self, rate: float | None, clock: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self._least = 1 / rate if rate else 0.0
        self._interval: float = self._least
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[float] = deque(maxlen=10)
        self._slowed = -math.inf  # when the interval was last made longer
        self._taking = threading.Lock()

    def due(self) -> float:
        """The moment from which on the next request may leave."""
        return self._sent[-1] + self._interval if self._sent else self._clock()

    def wait(self) -> None:
        """Takes the next token, and waits until it is there."""
        with self._taking:
            now = self._clock()
            turn = max(now, self.due())
            self._sent.append(turn)
        if turn > now:
            self._sleep(turn - now)

    def slow(self, sent: float) -> None:
        """After a 429 to a request sent then: half of the pace that was just seen to be too much.

        One that had left before the pace was last slowed says nothing of the slower pace.
        """
        if sent <= self._slowed:
            return
        self._slowed = self._clock()
        self._interval = min(max(2 * self._interval, 2 * self._observed(), _SLOWED), _SLOWEST)

    def quicken(self) -> None:
        """After an answer: slowly back to the pace that the user allows."""
        relaxed = 0.95 * self._interval
        self._interval = max(relaxed if relaxed > _NEGLIGIBLE else 0.0, self._least)

    def _observed(self) -> float:
        if len(self._sent) < 2:
            return 0.0
        return (self._sent[-1] - self._sent[0]) / (len(self._sent) - 1)


def back_off(tries: int, draw: random.Random) -> float:
    """Seconds before try number `tries` + 2: twice as long each time, give or take a half."""
    return _FIRST_WAIT * 2.0**tries * draw.uniform(0.5, 1.5)


def retry_after(exchange: Exchange, now: float) -> float | None:
    """The seconds that `Retry-After` asks for, a date reckoned by the deployment's own clock; else None."""
    value = (exchange.header("Retry-After") or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:10])
    date, own = _date(value), _date(exchange.header("Date") or "")
    return None if date is None else max(0.0, date - (now if own is None else own))


def _date(value: str) -> float | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return (date if date.tzinfo else datetime.replace(date, tzinfo=UTC)).timestamp()
