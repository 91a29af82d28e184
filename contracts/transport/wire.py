"""The connections to the deployment, or to the proxy before it, as an httpx transport."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from contracts.model import UserError
from contracts.transport.stream import Backend, Meter
from contracts.transport.target import Target

_KEEP_ALIVE = 5.0

Certificate = str | tuple[str, str]


class _Pieces(httpx.SyncByteStream):
    """Content as httpcore gives it."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class Wire(httpx.BaseTransport):
    """Sends the raw target of a request over connections that keep to the meter's bounds.

    httpx's own transport would tidy up the target and knows no time-out for a whole exchange. Nothing here
    follows redirects or keeps cookies.
    """

    def __init__(self, target: Target, meter: Meter, verify: bool | str, cert: Certificate | None) -> None:
        context = _context(verify, cert) if target.secure else None
        proxy = _proxy(target)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            proxy=proxy,
            keepalive_expiry=_KEEP_ALIVE,
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
        response = self._pool.handle_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, content=b"")
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Pieces(response))

    def close(self) -> None:
        """Closes all connections; the next request opens a new one."""
        self._pool.close()


def _context(verify: bool | str, cert: Certificate | None) -> ssl.SSLContext:
    try:
        context = _trusting(verify)
        if cert is not None:
            context.load_cert_chain(*((cert,) if isinstance(cert, str) else cert))
    except OSError as error:  # ssl.SSLError is one
        what = "client certificate" if cert and isinstance(verify, bool) else "certificates"
        raise UserError(f"The {what} cannot be read: {error.strerror or 'no PEM file'}.") from None
    return context


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
