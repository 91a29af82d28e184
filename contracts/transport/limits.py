"""What one exchange has used of its bounds."""

from __future__ import annotations

from collections.abc import Callable

from contracts.transport.bounds import Bounds, size
from contracts.transport.failures import PeerError, late, too_large


class ExchangeLimits:
    """Time and bytes left to the current exchange; its connection reports to it."""

    def __init__(self, bounds: Bounds, place: str, clock: Callable[[], float]) -> None:
        self._bounds = bounds
        self.place = place
        self._clock = clock
        self.begin(bounds.timeout)

    def begin(self, seconds: float) -> None:
        """Start an exchange that may take that many seconds."""
        self.seconds = seconds
        self._end = self._clock() + seconds
        self.is_new_connection = False  # opened for this exchange
        self.is_http2 = False
        self.in_header = True  # the final header section is not complete
        self.is_sent = True  # no write failed
        self.received = 0  # bytes from the network
        self.body_left: float | None = None  # infinite up to the end of the connection, None for chunks
        self._header_bytes = 0

    def end_header(self, body_length: float | None) -> None:
        """Note that the header section is complete and what it says of the length of the body."""
        self.in_header = False
        self.body_left = body_length

    def remaining(self) -> float:
        """Seconds left; raises `PeerError` if there are none."""
        left = self._end - self._clock()
        if left <= 0:
            raise self.too_late()
        return left

    def too_late(self) -> PeerError:
        """The error that the time is over."""
        return PeerError(late(self.place, self.seconds, self.received))

    def count_received(self, count: int) -> None:
        """Count bytes from the network; raises `PeerError` if there are too many."""
        self.received += count
        if self.received > self._bounds.max_wire + self._bounds.max_header_bytes:
            raise self._too_large("sent more than", self._bounds.max_wire)

    def count_parsed(self, count: int) -> None:
        """Count bytes given to the parser; raises `PeerError` if the header section grows too large."""
        if not self.in_header:
            self.body_left = None if self.body_left is None else self.body_left - count
            return
        self._header_bytes += count
        if self._header_bytes > self._bounds.max_header_bytes:
            raise self._too_large("sent header fields of more than", self._bounds.max_header_bytes)

    def _too_large(self, what: str, bound: int) -> PeerError:
        return PeerError(too_large(self.place, f"{what} {size(bound)}"))
