"""The connections to the deployment, or to the proxy before it, as an httpx transport."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
from h2.exceptions import H2Error

from contracts.model import UserError
from contracts.transport.faults import Fault, not_http
from contracts.transport.stream import Backend, Meter
from contracts.transport.target import Target

_KEEP_ALIVE = 5.0

Certificate = str | tuple[str, str | None]


class _Pieces(httpx.SyncByteStream):
    """Content as httpcore gives it."""

    def __init__(self, response: httpcore.Response, meter: Meter) -> None:
        self._response = response
        self._meter = meter

    def __iter__(self) -> Iterator[bytes]:
        with _well_framed(self._meter):
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class Wire(httpx.BaseTransport):
    """Sends the raw target of a request over connections that keep to the meter's bounds.

    httpx's own transport would tidy up the target and knows no time-out for a whole exchange. Nothing here
    follows redirects or keeps cookies.
    """

    def __init__(
        self,
        target: Target,
        meter: Meter,
        verify: bool | str,
        cert: Certificate | None,
        *,
        http2: bool = False,
    ) -> None:
        if http2 and not target.secure:
            raise UserError("HTTP/2 is agreed on within TLS: with --http2 the base URL begins with https://.")
        context = _context(verify, cert) if target.secure else None
        proxy = _proxy(target)
        self._meter = meter
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            proxy=proxy,
            keepalive_expiry=_KEEP_ALIVE,
            http2=http2,
            network_backend=Backend(meter, proxied=proxy is not None),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response with its content still to be read."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.extensions["target"],
        )
        with _well_framed(self._meter):
            response = self._pool.handle_request(
                httpcore.Request(request.method, url, headers=request.headers.raw, content=b"")
            )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Pieces(response, self._meter)
        )

    def close(self) -> None:
        """Closes all connections; the next request opens a new one."""
        self._pool.close()


@contextmanager
def _well_framed(meter: Meter) -> Iterator[None]:
    """Malformed HTTP/2 as a `Fault`: the library raises for it what it raises for mistakes of its caller."""
    try:
        yield
    except (httpcore.LocalProtocolError, H2Error, ValueError, KeyError) as error:
        if not meter.framed:
            raise
        raise Fault(not_http(meter.place, f"its HTTP/2 is malformed: {type(error).__name__}")) from None


def _context(verify: bool | str, cert: Certificate | None) -> ssl.SSLContext:
    try:
        context = _trusting(verify)
    except OSError as error:  # ssl.SSLError is one
        raise UserError(f"The certificates cannot be read: {error.strerror or 'no PEM file'}.") from None
    if cert is not None:
        _identify(context, *((cert, None) if isinstance(cert, str) else cert))
    return context


def _identify(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    def no_password() -> str:  # without this, OpenSSL would ask at the terminal
        raise UserError("The key of the client certificate is encrypted: give one that is not.")

    try:
        context.load_cert_chain(certificate, key, no_password)
    except ssl.SSLError:
        raise UserError("The client certificate and its key are no PEM files that belong together.") from None
    except OSError as error:
        raise UserError(f"The client certificate cannot be read: {error.strerror}.") from None


def _trusting(verify: bool | str) -> ssl.SSLContext:
    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify=verify)
    if Path(verify).is_dir():
        return ssl.create_default_context(capath=verify)
    return ssl.create_default_context(cafile=verify)


def _proxy(target: Target) -> httpcore.Proxy | None:
    """The proxy that the environment names for the target; loopback addresses never go through one."""
    scheme = "https" if target.secure else "http"
    proxies = getproxies()
    address = proxies.get(scheme) or proxies.get("all")
    if not address or _loopback(target.authority) or proxy_bypass(target.authority):
        return None
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL):
        raise UserError("The proxy in the environment is no URL that can be used.") from None
    if proxy.url.scheme not in ("http", "https"):
        raise UserError("The proxy in the environment is no HTTP proxy, the only kind that is supported.")
    return _as_core(proxy)


def _loopback(authority: str) -> bool:
    host = httpx.URL(f"http://{authority}").host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _as_core(proxy: httpx.Proxy) -> httpcore.Proxy:
    url = httpcore.URL(scheme=proxy.url.raw_scheme, host=proxy.url.raw_host, port=proxy.url.port, target=b"/")
    return httpcore.Proxy(url, auth=proxy.raw_auth)
