"""Ctrl-C and SIGTERM: both end a run early, and neither loses what the run has found by then."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_WORDS = {signal.SIGINT: "interrupted by the user", signal.SIGTERM: "terminated by SIGTERM"}


class Interrupted(KeyboardInterrupt):
    """A signal came that ends the run; `status` is the exit status, as shells have it: 128 + its number."""

    def __init__(self, number: int) -> None:
        super().__init__(_WORDS[signal.Signals(number)])
        self.status = 128 + number


class Watch:
    """What came so far. `asking` is whether a signal interrupts at once or, the first time, is only noted."""

    def __init__(self) -> None:
        self.asking = True
        self.seen: list[int] = []

    @property
    def status(self) -> int | None:
        """The exit status that the first signal asks for; None where none came."""
        return 128 + self.seen[0] if self.seen else None

    def note(self, number: int, _frame: FrameType | None = None) -> None:
        """Remembers the signal; `Interrupted` where it does not leave it at that."""
        self.seen.append(number)
        if self.asking or len(self.seen) > 1:
            raise Interrupted(number)


@contextmanager
def watched() -> Iterator[Watch]:
    """Notes the signals that arrive while the block runs; none arrive outside the main thread."""
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
