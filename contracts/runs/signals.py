"""Ctrl-C and SIGTERM: both end a run early, and neither loses what the run has found by then."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

GRACE = 5.0
"""Seconds after the first signal in which another one does not interrupt the report."""

_WORDS = {signal.SIGINT: "interrupted by the user", signal.SIGTERM: "terminated by SIGTERM"}


class Interrupted(KeyboardInterrupt):
    """A signal ends the run; `status` is the exit status, as shells have it: 128 plus its number."""

    def __init__(self, number: int) -> None:
        super().__init__(_WORDS[signal.Signals(number)])
        self.status = 128 + number


class Watch:
    """The signals so far.

    With `interrupts` the first one raises `Interrupted` at once. Without, it is only noted, so that a report
    is finished, and `when_noted` is called. Wrappers and CI systems often send a second one right away,
    which is noted too. Only after `GRACE` seconds does a further one raise `Interrupted`.
    """

    def __init__(self) -> None:
        self.interrupts = True
        self.when_noted: Callable[[], None] = lambda: None
        self.first: int | None = None
        self._first_at = 0.0

    @property
    def status(self) -> int | None:
        """The exit status that the first signal asks for; None without one."""
        return None if self.first is None else 128 + self.first

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Handle a signal."""
        if self.first is None:
            self.first, self._first_at = number, time.monotonic()
            if self.interrupts:
                raise Interrupted(number)
            self.when_noted()
        elif time.monotonic() - self._first_at > GRACE:
            raise Interrupted(self.first)


@contextmanager
def watched() -> Iterator[Watch]:
    """Handles signals while the block runs; outside the main thread there are none."""
    watch = Watch()
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    before = {number: signal.signal(number, watch.note) for number in _WORDS}
    try:
        yield watch
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
