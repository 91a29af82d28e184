"""Connections on which neither time nor bytes of one exchange can run out of hand.

httpcore's own time-outs hold for each read, so a response that drips would last for ever. Here every
operation gets what is left of the exchange's time.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any

import httpcore

from contracts.transport.bounds import Bounds, size
from contracts.transport.faults import Fault, connect_failure, cut, late, not_http, tls_failure, too_large

_BLANK_LINE = re.compile(b"\n\r?\n")
_HTTP = b"HTTP/"
_TLS_RECORDS = (b"\x15", b"\x16")  # alert and handshake
_WRITE_BYTES = 4096
_FRAME_BYTES = 4096


class Meter:
    """What the exchange under way has used of its bounds; the connections report to it."""

    def __init__(self, bounds: Bounds, place: str, clock: Callable[[], float]) -> None:
        self._bounds = bounds
        self.place = place
        self._clock = clock
        self.begin(bounds.timeout)

    def begin(self, seconds: float) -> None:
        """A new exchange begins, which may take that many seconds."""
        self.seconds = seconds
        self._end = self._clock() + seconds
        self.connected = False  # a connection was opened for this exchange
        self.framed = False  # HTTP/2 is spoken
        self.received = 0  # bytes that came over the wire
        self.handed = 0  # bytes handed to the parser since the header section ended
        self._head: int | None = 0  # bytes of the header sections; None once they are complete

    @property
    def in_head(self) -> bool:
        """Whether the final header section is still to come."""
        return self._head is not None

    def head_done(self) -> None:
        """The final header section is complete; what follows is content."""
        self._head = None

    def remaining(self) -> float:
        """Seconds that are left; a time-out `Fault` if none."""
        left = self._end - self._clock()
        if left <= 0:
            raise self.late()
        return left

    def late(self) -> Fault:
        """The fault that the time is over."""
        return Fault(late(self.place, self.seconds, self.received))

    def receive(self, count: int) -> None:
        """Counts bytes from the wire; a `Fault` if they are too many."""
        self.received += count
        if self.received > self._bounds.max_wire + self._bounds.max_header_bytes:
            raise self._too_large("sent more than", self._bounds.max_wire)

    def hand(self, count: int) -> None:
        """Counts bytes that go to the parser; a `Fault` if the header section grows too large."""
        if self._head is None:
            self.handed += count
            return
        self._head += count
        if self._head > self._bounds.max_header_bytes:
            raise self._too_large("sent header fields of more than", self._bounds.max_header_bytes)

    def _too_large(self, what: str, bound: int) -> Fault:
        return Fault(too_large(self.place, f"{what} {size(bound)}"))


class Stream(httpcore.NetworkStream):
    """One connection, bounded by the meter.

    It hands bytes on in pieces that end at blank lines. A header section ends with one, and so does chunked
    content, so no piece reaches beyond the end of a message: what is left in the buffer then belongs to no
    request, and the connection is not used again.

    HTTP/2 has frames of known length instead, so there bytes are handed on as they come.
    """

    def __init__(self, inner: httpcore.NetworkStream, meter: Meter, *, secure: bool = False) -> None:
        self._inner = inner
        self._meter = meter
        self._secure = secure
        self._framed = secure and inner.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        self._buffer = b""
        self._at = 0  # up to here the buffer has been handed on
        self._cut = 0  # up to here it has been searched for blank lines
        self._start = b""  # the first bytes of the response

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - see Meter
        """The next piece; empty at the end of the connection."""
        if self._framed:
            return self._read_frames(max_bytes)
        if self._at == len(self._buffer) and not self._fill(max_bytes):
            return b""
        blank = _BLANK_LINE.search(self._buffer, self._cut)
        end = min(blank.end() if blank else len(self._buffer), self._at + max_bytes)
        piece = self._buffer[self._at : end]
        self._at = end
        if blank and end == blank.end():
            self._cut = end
        self._meter.hand(len(piece))
        return piece

    def _read_frames(self, max_bytes: int) -> bytes:
        # Little at a time up to the end of the header section, lest content count as header.
        data = self._receive(min(max_bytes, _FRAME_BYTES) if self._meter.in_head else max_bytes)
        if not data:
            raise self._ended()
        self._meter.receive(len(data))
        self._meter.hand(len(data))
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - see Meter
        """Sends all of it."""
        self._start = b""
        self._meter.framed = self._framed
        for at in range(0, len(buffer), _WRITE_BYTES):
            try:
                self._inner.write(buffer[at : at + _WRITE_BYTES], self._meter.remaining())
            except httpcore.WriteTimeout:
                raise self._meter.late() from None

    def close(self) -> None:
        """Closes the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - see Meter
    ) -> httpcore.NetworkStream:
        """The same connection, secured."""
        try:
            inner = self._inner.start_tls(ssl_context, server_hostname, self._meter.remaining())
        except httpcore.ConnectTimeout:
            raise self._meter.late() from None
        except httpcore.ConnectError as error:
            raise Fault(tls_failure(error.__cause__, self._meter.place)) from None
        return Stream(inner, self._meter, secure=True)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks of a connection; bytes left over make it look closed, so that it is dropped."""
        if info == "is_readable" and self._at < len(self._buffer):
            return True
        return self._inner.get_extra_info(info)

    def _fill(self, max_bytes: int) -> bool:
        data = self._receive(max_bytes)
        if not data:
            if self._meter.in_head:
                raise self._ended()
            return False
        self._meter.receive(len(data))
        self._check_start(data)
        tail = self._buffer[self._cut :][-2:]  # a blank line may lie across two reads
        self._buffer, self._at, self._cut = tail + data, len(tail), 0
        return True

    def _receive(self, max_bytes: int) -> bytes:
        try:
            return self._inner.read(max_bytes, self._meter.remaining())
        except httpcore.ReadTimeout:
            raise self._meter.late() from None
        except httpcore.ReadError:
            raise self._ended() from None

    def _ended(self) -> Fault:
        meter = self._meter
        if meter.received:
            return Fault(cut(meter.place, f"after {meter.received:,} bytes of an incomplete response"))
        advice = "look into its log; if it serves TLS, write https://"
        return Fault(cut(meter.place, "without an answer", "look into its log" if self._secure else advice))

    def _check_start(self, data: bytes) -> None:
        # Without this, text that is no HTTP at all would be waited for until it ends.
        if len(self._start) >= len(_HTTP):
            return
        self._start = (self._start + data)[: len(_HTTP)]
        if _HTTP.startswith(self._start):
            return
        if self._start[:1] in _TLS_RECORDS and self._start[1:2] in (b"", b"\x03"):
            raise Fault(not_http(self._meter.place, "it speaks TLS", "write https://"))
        raise Fault(not_http(self._meter.place, "it does not begin with HTTP/"))


class Backend(httpcore.NetworkBackend):
    """Opens bounded connections, to the deployment or to the proxy before it."""

    def __init__(self, meter: Meter, *, proxied: bool) -> None:
        self._inner = httpcore.SyncBackend()
        self._meter = meter
        self._role = "the proxy " if proxied else ""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - see Meter
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address of the host that accepts one."""
        place = f"{self._role}{f'[{host}]' if ':' in host else host}:{port}"
        if self._meter.connected:  # the library would try for ever
            raise Fault(cut(place, "again and again without an answer"))
        addresses = self._resolve(host, port, place)
        cause: BaseException | None = None
        for number, address in enumerate(addresses):
            share = self._meter.remaining() / (len(addresses) - number)
            try:
                inner = self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                cause = error.__cause__
            else:
                self._meter.connected = True
                return Stream(inner, self._meter)
        raise Fault(connect_failure(cause, host, place, self._meter.seconds))

    def _resolve(self, host: str, port: int, place: str) -> list[str]:
        # The system's look-up knows no time-out, so it gets a thread that may be left behind.
        found: list[str] = []
        trouble: list[Exception] = []

        def look_up() -> None:
            try:
                for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                    found.append(str(address[0]))
            except (OSError, UnicodeError) as error:
                trouble.append(error)

        thread = threading.Thread(target=look_up, daemon=True)
        thread.start()
        thread.join(self._meter.remaining())
        if trouble or not found:
            error = trouble[0] if trouble else TimeoutError()
            raise Fault(connect_failure(error, host, place, self._meter.seconds))
        return list(dict.fromkeys(found))
