"""Why an exchange has no complete response, in one sentence that says what to do."""

from __future__ import annotations

import re
import socket
import ssl

import httpcore
import httpx

from contracts.model import Failure, FailureKind

# What a network library raises for something that the peer or the network did. A local protocol error is
# not among them: that is a fault of this suite.
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

# What OpenSSL says of bytes that are no TLS.
_PLAIN_ANSWERS = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL"}
)


class Fault(Exception):  # noqa: N818 - carries a Failure out of the depths of the library
    """The peer or the network ended this exchange; `failure` says how."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


def failure_of(error: Exception, place: str) -> Failure:
    """The failure that a `Fault` or one of `NETWORK_ERRORS` stands for."""
    if isinstance(error, Fault):
        return error.failure
    if isinstance(error, httpcore.ProxyError | httpx.ProxyError):
        text = f"The proxy gave no connection to {place} ({_plain(error)}): check the proxy."
        return Failure(FailureKind.CONNECT, text)
    if isinstance(error, httpcore.ConnectError | httpx.ConnectError):
        return Failure(FailureKind.CONNECT, f"No connection to {place}: check the URL and the network.")
    if isinstance(error, httpcore.TimeoutException | httpx.TimeoutException):
        return Failure(FailureKind.TIMEOUT, f"{place} gave no complete response in time.")
    if isinstance(error, httpcore.NetworkError | httpx.NetworkError):
        return cut(place, "before the response was complete")
    return _protocol_failure(error, place)


def _protocol_failure(error: Exception, place: str) -> Failure:
    text = str(error)
    if "closed connection" in text or "disconnected" in text or "incomplete chunked" in text:
        return cut(place, "before the response was complete")
    if "buffer too long" in text:
        return too_large(place, "sent a header or chunk line that does not end")
    return not_http(place, _plain(error))


def cut(place: str, when: str, advice: str = "look into its log and that of proxies before it") -> Failure:
    """The connection ended too early."""
    return Failure(FailureKind.CUT, f"{place} closed the connection {when}: {advice}.")


def not_http(
    place: str, why: str, advice: str = "check that the URL names an HTTP server, and its log"
) -> Failure:
    """What came is no HTTP/1.1."""
    text = f"What {place} sent is no well-formed HTTP response ({why}): {advice}."
    return Failure(FailureKind.PROTOCOL, text)


def late(place: str, seconds: float, received: int) -> Failure:
    """The time of the exchange is over."""
    came = f"{received:,} bytes came" if received else "nothing came"
    text = f"{place} gave no complete response within {seconds:.3g} s ({came})"
    return Failure(FailureKind.TIMEOUT, f"{text}: raise --timeout, or find out why it is slow.")


def too_large(place: str, what: str) -> Failure:
    """More came than the suite reads."""
    return Failure(FailureKind.TOO_LARGE, f"{place} {what}: the suite reads no further.")


def connect_failure(error: BaseException | None, host: str, place: str, seconds: float) -> Failure:
    """Why no connection came about."""
    if isinstance(error, socket.gaierror | UnicodeError):
        text = f"The name {host} does not resolve: check the URL and DNS."
    elif isinstance(error, ConnectionRefusedError):
        text = f"Nothing listens at {place}: check host and port, and that the deployment is up."
    elif isinstance(error, TimeoutError):
        text = f"No connection to {place} within {seconds:.3g} s: check the URL, firewalls and VPN."
    else:
        why = getattr(error, "strerror", None) or "no reason given"
        text = f"No connection to {place} ({why}): check the URL and the network."
    return Failure(FailureKind.CONNECT, text)


def tls_failure(error: BaseException | None, place: str) -> Failure:
    """Why no trusted secure connection came about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        text = f"The certificate of {place} is not trusted ({why}): name its authority with --ca FILE."
    elif isinstance(error, ssl.SSLError) and error.reason in _PLAIN_ANSWERS:
        text = f"{place} answers without TLS: write http:// if it is meant to be plain, or mend the port."
    elif isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError) and error.reason:
        text = f"No secure connection to {place} ({error.reason}): check its TLS settings."
    else:
        text = f"{place} ended the TLS handshake: write http:// if it is meant to be plain."
    return Failure(FailureKind.TLS, text)


def _plain(error: Exception) -> str:
    # h11 quotes what the peer sent after a colon; only its own words before it are safe to show.
    return re.sub(r"[^ -~]", "?", str(error).partition(":")[0])[:80]
