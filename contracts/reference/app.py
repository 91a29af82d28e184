"""The ASGI application: requests in, replies out, and what happens round the endpoint (load, writes)."""

from __future__ import annotations

import asyncio
import gzip
import random
import time
from collections import deque
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from contracts.reference.data import Profile, generate
from contracts.reference.faults import Fault, named_fault, stages_with
from contracts.reference.pipeline import Incoming, Refusal, Reply, Site, refuse
from contracts.reference.server import REFERENCE_TOKEN
from contracts.reference.store import Store
from contracts.reference.variants import Variant, named_style

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


RecordedRequest = tuple[str, str, dict[str, str]]
"""Method, raw target and headers of a request, as it came."""


class Endpoint:
    """One deployment as an ASGI callable; it keeps what it was asked in `requests`."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.requests: list[RecordedRequest] = []
        self._times: deque[float] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        incoming = _incoming(scope)
        target = incoming.target + (f"?{incoming.query}" if scope["query_string"] else "")
        self.requests.append((incoming.method, target, incoming.headers))
        if self.site.style.latency:
            await asyncio.sleep(self.site.style.latency)
        reply = self._turned_away(incoming) or self.site.stages.handle(self.site, incoming)
        if reply.cut:
            await _cut(reply, send)
        else:
            await _response(self.site.style, incoming, reply)(scope, receive, send)

    def _turned_away(self, incoming: Incoming) -> Reply | None:
        """A refusal of a deployment under load, which says when to come again."""
        style = self.site.style
        if style.busy and self.site.dice.random() < style.busy:
            refusal = Refusal(503, "busy, please try again")
            return refuse(self.site, incoming, refusal).with_header("Retry-After", "0")
        if style.rate and self._above(style.rate):
            refusal = Refusal(429, "too many requests")
            return refuse(self.site, incoming, refusal).with_header("Retry-After", "1")
        return None

    def _above(self, rate: int) -> bool:
        """Whether the last second already holds that many requests."""
        now = time.monotonic()
        while self._times and self._times[0] < now - 1:
            self._times.popleft()
        if len(self._times) >= rate:
            return True
        self._times.append(now)
        return False


def _incoming(scope: Scope) -> Incoming:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    target = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"].decode("latin-1")
    return Incoming(scope["method"], scope["path"], target.decode("latin-1"), query, headers)


def _response(style: Variant, incoming: Incoming, reply: Reply) -> Response:
    """The reply with what the style adds: an ETag, compression."""
    if style.etag and reply.status == 200:
        tag = f'"{sha256(reply.content).hexdigest()[:16]}"'
        fresh = incoming.headers.get("if-none-match") == tag
        reply = Reply(304, (), b"") if fresh else reply
        reply = reply.with_header("ETag", tag)
    if style.compression and "gzip" in incoming.headers.get("accept-encoding", "") and reply.content:
        packed = gzip.compress(reply.content, compresslevel=1)
        reply = Reply(reply.status, reply.headers, packed).with_header("Content-Encoding", "gzip")
        reply = reply.with_header("Vary", "Accept-Encoding")
    response = Response(reply.content, reply.status)
    response.raw_headers += [(n.lower().encode(), v.encode("latin-1")) for n, v in reply.headers]
    return response


async def _cut(reply: Reply, send: Send) -> None:
    """Promise one byte more than is sent; the server then closes the connection."""
    headers = [(b"content-length", str(len(reply.content) + 1).encode())]
    start: Message = {"type": "http.response.start", "status": reply.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": reply.content, "more_body": True})


class Application:
    """The ASGI application with the site behind it; `close` gives its memory back."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.site = endpoint.site
        self.requests = endpoint.requests
        self._starlette = Starlette(routes=[Route("/{path:path}", endpoint)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._starlette(scope, receive, send)

    def close(self) -> None:
        """Close the store."""
        self.site.store.close()


def build_app(
    *,
    profiles: int | Sequence[Profile] = 137,
    fault: str | Fault | None = None,
    style: str | Variant | None = None,
    seed: int = 0,
    token: str | None = REFERENCE_TOKEN,
    narrow_token: str | None = None,
    basic: tuple[str, str] | None = None,
    collection: str = "mixed",
) -> Application:
    """The deployment as an ASGI application.

    `profiles` is their number or the profiles themselves. Without a token, everyone is answered. Raises
    ValueError for an unknown fault, style or collection.
    """
    chosen, broken = named_style(style), named_fault(fault)
    held = generate(profiles, seed, collection) if isinstance(profiles, int) else profiles
    site = Site(
        store=Store(held, chosen),
        style=chosen,
        stages=stages_with(broken),
        token=token,
        narrow_token=narrow_token,
        basic=basic,
        dice=random.Random(seed),  # noqa: S311
    )
    return Application(Endpoint(site))
