"""Why an exchange has no complete response, in one sentence that says what to do."""

from __future__ import annotations

import re
import socket
import ssl

import httpcore
import httpx

from contracts.model import Failure, FailureKind

# What the HTTP libraries raise for mistakes of the peer or the network. LocalProtocolError is not among
# them: that would be a bug of this suite.
NETWORK_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.RemoteProtocolError,
    httpcore.ProxyError,
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.ProxyError,
)

# OpenSSL's reasons for bytes that are not TLS.
_NOT_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL"})
_CHECK_SERVER = "check that the URL names an HTTP server, and read its log"
_CHECK_LOGS = "read its log and those of proxies in front of it"


class PeerError(Exception):
    """The peer or the network ended an exchange; `failure` says how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


def failure_of(error: Exception, place: str) -> Failure:
    """The failure that a `PeerError` or one of `NETWORK_ERRORS` stands for."""
    if isinstance(error, PeerError):
        return error.failure
    if isinstance(error, httpcore.ProxyError | httpx.ProxyError):
        text = f"The proxy did not connect to {place} ({_own_words(error)}): check the proxy."
        return Failure(FailureKind.CONNECT, text)
    if isinstance(error, httpcore.ConnectError | httpx.ConnectError):
        return Failure(FailureKind.CONNECT, f"No connection to {place}: check the URL and the network.")
    if isinstance(error, httpcore.TimeoutException | httpx.TimeoutException):
        return Failure(FailureKind.TIMEOUT, f"{place} sent no complete response in time.")
    if isinstance(error, httpcore.NetworkError | httpx.NetworkError):
        return cut(place, "before the response was complete")
    return _protocol_failure(error, place)


def _protocol_failure(error: Exception, place: str) -> Failure:
    text = str(error)
    if "closed connection" in text or "disconnected" in text or "incomplete chunked" in text:
        return cut(place, "before the response was complete")
    if "buffer too long" in text:
        return too_large(place, "sent a header or chunk line that does not end")
    return not_http(place, _own_words(error))


def cut(place: str, when: str, advice: str = _CHECK_LOGS) -> Failure:
    """The failure for a connection that ended too early."""
    return Failure(FailureKind.CUT, f"{place} closed the connection {when}: {advice}.")


def not_http(place: str, why: str, advice: str = _CHECK_SERVER) -> Failure:
    """The failure for bytes that are not a well-formed HTTP response."""
    text = f"{place} did not send a well-formed HTTP response ({why}): {advice}."
    return Failure(FailureKind.PROTOCOL, text)


def late(place: str, seconds: float, received: int) -> Failure:
    """The failure for an exchange whose time is over."""
    progress = f"{received:,} bytes received" if received else "nothing received"
    text = f"{place} sent no complete response within {seconds:.3g} s ({progress})"
    return Failure(FailureKind.TIMEOUT, f"{text}: raise --timeout, or find out why it is slow.")


def too_large(place: str, what: str) -> Failure:
    """The failure for a response beyond the bounds of the suite."""
    return Failure(FailureKind.TOO_LARGE, f"{place} {what}: the suite reads no further.")


def connect_failure(error: BaseException | None, host: str, place: str, seconds: float) -> Failure:
    """The failure for a connection that was not established."""
    if isinstance(error, socket.gaierror | UnicodeError):
        text = f"The name {host} does not resolve: check the URL and DNS."
    elif isinstance(error, ConnectionRefusedError):
        text = f"Nothing listens at {place}: check host and port, and that the deployment is up."
    elif isinstance(error, TimeoutError):
        text = f"No connection to {place} within {seconds:.3g} s: check the URL, firewalls and VPN."
    else:
        reason = getattr(error, "strerror", None) or "no reason given"
        text = f"No connection to {place} ({reason}): check the URL and the network."
    return Failure(FailureKind.CONNECT, text)


def tls_failure(error: BaseException | None, place: str) -> Failure:
    """The failure for a connection that could not be secured."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message.rstrip(".")
        text = f"The certificate of {place} is not trusted ({reason}): name its authority with --ca FILE."
    elif isinstance(error, ssl.SSLError) and error.reason in _NOT_TLS:
        text = f"{place} answers without TLS: write http:// if that is intended, or correct the port."
    elif isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError) and error.reason:
        text = f"No secure connection to {place} ({error.reason}): check its TLS settings."
    else:
        text = f"{place} ended the TLS handshake: write http:// if it is not meant to use TLS."
    return Failure(FailureKind.TLS, text)


def _own_words(error: Exception) -> str:
    """The library's part of a message: h11 quotes what the peer sent after a colon."""
    return re.sub(r"[^ -~]", "?", str(error).partition(":")[0])[:80]
