"""The connections to the deployment, or to the proxy in front of it, as an httpx transport."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpcore
import httpx
from h2.exceptions import H2Error

from contracts.model import UserError
from contracts.transport.failures import PeerError, not_http
from contracts.transport.limits import ExchangeLimits
from contracts.transport.proxies import proxy_for
from contracts.transport.stream import BoundedBackend
from contracts.transport.target import Target
from contracts.transport.tls import ClientCertificate, tls_context

_KEEP_ALIVE = 5.0


class _Body(httpx.SyncByteStream):
    """The body in the pieces that httpcore reads."""

    def __init__(self, response: httpcore.Response, limits: ExchangeLimits) -> None:
        self._response = response
        self._limits = limits

    def __iter__(self) -> Iterator[bytes]:
        with _http2_errors(self._limits):
            yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class BoundedTransport(httpx.BaseTransport):
    """Sends the raw target of a request, within the limits of its exchange.

    httpx's own transport would normalise the target and has no time-out for a whole exchange. Redirects are
    not followed and cookies are not kept.
    """

    def __init__(
        self,
        target: Target,
        limits: ExchangeLimits,
        verify: bool | str,
        certificate: ClientCertificate | None,
        *,
        http2: bool = False,
        backend: httpcore.NetworkBackend | None = None,
    ) -> None:
        if http2 and not target.secure:
            raise UserError(
                "HTTP/2 is negotiated within TLS: with --http2 the base URL begins with https://."
            )
        proxy = proxy_for(target)
        self._limits = limits
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(verify, certificate) if target.secure else None,
            proxy=proxy,
            keepalive_expiry=_KEEP_ALIVE,
            http2=http2,
            network_backend=BoundedBackend(
                backend or httpcore.SyncBackend(), limits, is_proxied=proxy is not None
            ),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response, with its body still to be read."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.extensions["target"],
        )
        with _http2_errors(self._limits):
            response = self._pool.handle_request(
                httpcore.Request(request.method, url, headers=request.headers.raw, content=b"")
            )
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response, self._limits),
            extensions={"network_stream": response.extensions.get("network_stream")},
        )

    def close(self) -> None:
        """Close all connections; the next request opens a new one."""
        self._pool.close()


@contextmanager
def _http2_errors(limits: ExchangeLimits) -> Iterator[None]:
    """Raises `PeerError` for malformed HTTP/2, where the library raises its errors for callers."""
    try:
        yield
    except (httpcore.LocalProtocolError, H2Error, ValueError, KeyError) as error:
        if not limits.is_http2:
            raise
        text = f"its HTTP/2 is malformed: {type(error).__name__}"
        raise PeerError(not_http(limits.place, text)) from None
