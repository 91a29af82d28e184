"""Connections on which every read and write stays within the limits of its exchange.

The time-outs of httpcore hold for a single read, so a response that drips would last for ever. Here each
operation gets what is left of the whole exchange's time.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Iterable
from typing import Any

import httpcore

from contracts.transport.failures import PeerError, connect_failure, cut, not_http, tls_failure
from contracts.transport.limits import ExchangeLimits

_BLANK_LINE = re.compile(rb"\n(?:(?<=\n\n)|(?<=\n\r\n))")
_HTTP = b"HTTP/"
_TLS_RECORDS = (b"\x15", b"\x16")  # alert and handshake
_WRITE_BYTES = 4096
_FRAME_BYTES = 4096


class BoundedStream(httpcore.NetworkStream):
    """One connection within the limits of the current exchange.

    The parser must never receive bytes beyond the end of a response: they would pass for the next one. So
    HTTP/1.1 is handed on in pieces that end with the body, or with a blank line where its length is not
    known (a header section and a chunked body both end with one). What is left over makes the
    connection look closed, and it is not used again. HTTP/2 frames have lengths of their own.
    """

    def __init__(
        self, inner: httpcore.NetworkStream, limits: ExchangeLimits, *, is_tls: bool = False
    ) -> None:
        self._inner = inner
        self._limits = limits
        self._is_tls = is_tls
        self._is_http2 = is_tls and inner.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        self._buffer = b""
        self._at = 0  # the parser has everything in the buffer before this position
        self._start = b""  # the first bytes of the response

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - see limits
        """The next piece; empty at the end of the connection."""
        if self._is_http2:
            return self._read_frames(max_bytes)
        if self._at == len(self._buffer) and not self._fill(max_bytes):
            return b""
        piece = self._buffer[self._at : self._piece_end(max_bytes)]
        self._at += len(piece)
        self._limits.count_parsed(len(piece))
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - see limits
        """Send all of it."""
        self._start = b""
        self._limits.is_http2 = self._is_http2
        for at in range(0, len(buffer), _WRITE_BYTES):
            self._write_piece(buffer[at : at + _WRITE_BYTES])

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - see limits
    ) -> httpcore.NetworkStream:
        """The same connection, secured."""
        try:
            inner = self._inner.start_tls(ssl_context, server_hostname, self._limits.remaining())
        except httpcore.ConnectTimeout:
            raise self._limits.too_late() from None
        except httpcore.ConnectError as error:
            raise PeerError(tls_failure(error.__cause__, self._limits.place)) from None
        return BoundedStream(inner, self._limits, is_tls=True)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore wants to know of a connection; bytes left over make it look closed."""
        if info == "is_readable" and self._at < len(self._buffer):
            return True
        return self._inner.get_extra_info(info)

    def unread(self, seconds: float) -> bytes:
        """What followed the response, waiting that long for its first bytes."""
        if self._is_http2:
            return b""
        if self._at < len(self._buffer):
            return self._buffer[self._at :]
        try:
            return self._inner.read(_FRAME_BYTES, seconds)
        except (httpcore.ReadTimeout, httpcore.ReadError):
            return b""

    def _piece_end(self, max_bytes: int) -> int:
        end = min(len(self._buffer), self._at + max_bytes)
        if not self._limits.in_header and self._limits.body_left is not None:
            return int(min(end, self._at + self._limits.body_left))
        blank = _BLANK_LINE.search(self._buffer, self._at, end)
        return blank.end() if blank else end

    def _fill(self, max_bytes: int) -> bool:
        data = self._receive(max_bytes)
        if not data:
            if self._limits.in_header:
                raise self._ended()
            return False
        self._limits.count_received(len(data))
        self._check_start(data)
        tail = self._buffer[-2:]  # a blank line may start there
        self._buffer, self._at = tail + data, len(tail)
        return True

    def _read_frames(self, max_bytes: int) -> bytes:
        # Few bytes at a time until the header section ends, so that no body counts as header.
        data = self._receive(min(max_bytes, _FRAME_BYTES) if self._limits.in_header else max_bytes)
        if not data:
            raise self._ended()
        self._limits.count_received(len(data))
        self._limits.count_parsed(len(data))
        return data

    def _write_piece(self, piece: bytes) -> None:
        try:
            self._inner.write(piece, self._limits.remaining())
        except httpcore.WriteTimeout:
            raise self._limits.too_late() from None
        except httpcore.WriteError:
            self._limits.is_sent = False
            raise

    def _receive(self, max_bytes: int) -> bytes:
        try:
            return self._inner.read(max_bytes, self._limits.remaining())
        except httpcore.ReadTimeout:
            raise self._limits.too_late() from None
        except httpcore.ReadError:
            raise self._ended() from None

    def _ended(self) -> PeerError:
        place, received = self._limits.place, self._limits.received
        if received:
            return PeerError(cut(place, f"after {received:,} bytes of an incomplete response"))
        advice = "read its log" if self._is_tls else "read its log; if it serves TLS, write https://"
        return PeerError(cut(place, "without a response", advice))

    def _check_start(self, data: bytes) -> None:
        # Otherwise text that is not HTTP at all would be read until it ends.
        if len(self._start) >= len(_HTTP):
            return
        self._start = (self._start + data)[: len(_HTTP)]
        if _HTTP.startswith(self._start):
            return
        if self._start[:1] in _TLS_RECORDS and self._start[1:2] in (b"", b"\x03"):
            raise PeerError(not_http(self._limits.place, "it speaks TLS", "write https://"))
        raise PeerError(not_http(self._limits.place, "it does not begin with HTTP/"))


class BoundedBackend(httpcore.NetworkBackend):
    """Opens bounded connections, to the deployment or to the proxy in front of it."""

    def __init__(self, inner: httpcore.NetworkBackend, limits: ExchangeLimits, *, is_proxied: bool) -> None:
        self._inner = inner
        self._limits = limits
        self._role = "the proxy " if is_proxied else ""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - see limits
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address of the host that accepts one."""
        place = f"{self._role}{f'[{host}]' if ':' in host else host}:{port}"
        if self._limits.is_new_connection:  # httpcore would try again and again
            raise PeerError(cut(place, "repeatedly without a response"))
        addresses = _addresses(host, port, place, self._limits)
        cause: BaseException | None = None
        for number, address in enumerate(addresses):
            share = self._limits.remaining() / (len(addresses) - number)
            try:
                inner = self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                cause = error.__cause__
            else:
                self._limits.is_new_connection = True
                return BoundedStream(inner, self._limits)
        raise PeerError(connect_failure(cause, host, place, self._limits.seconds))


def _addresses(host: str, port: int, place: str, limits: ExchangeLimits) -> list[str]:
    """The addresses of a host. The system's lookup has no time-out, so it runs in a thread of its own."""
    found: list[str] = []
    errors: list[Exception] = []

    def look_up() -> None:
        try:
            for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                found.append(str(address[0]))
        except (OSError, UnicodeError) as error:
            errors.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(limits.remaining())
    if errors or not found:
        error = errors[0] if errors else TimeoutError()
        raise PeerError(connect_failure(error, host, place, limits.seconds))
    return list(dict.fromkeys(found))
