"""One deployment: its site, and what happens around the endpoint (load, writes by others, encodings)."""

from __future__ import annotations

import gzip
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256

from contracts.reference.data import Profile, generate
from contracts.reference.faults import Fault, named_fault, stages_with
from contracts.reference.pipeline import Incoming, Refusal, Reply, Site, refuse
from contracts.reference.store import Store
from contracts.reference.variants import Variant, named_variant
from contracts.reference.writer import Writer

REFERENCE_TOKEN = "reference-token"  # noqa: S105

RecordedRequest = tuple[str, str, dict[str, str]]
"""Method, raw target and headers of a request."""


class Application:
    """A deployment that answers one request at a time; `requests` grows with every request.

    `clock` and `sleep` are its time: a rate limit and the writes by others follow it.
    """

    def __init__(
        self, site: Site, seed: int, clock: Callable[[], float], sleep: Callable[[float], object]
    ) -> None:
        self.site = site
        self.requests: list[RecordedRequest] = []
        self._clock, self._sleep = clock, sleep
        self._recent: deque[float] = deque()
        if site.variant.writes:
            self._writer = Writer(site.store, seed, site.variant.writes, clock)
            site.between_statements = self._write_meanwhile

    def respond(self, incoming: Incoming) -> Reply:
        """The reply to one request."""
        target = incoming.target + (f"?{incoming.query}" if incoming.query else "")
        self.requests.append((incoming.method, target, incoming.headers))
        if self.site.variant.writes:
            self._writer.catch_up()
        reply = self._turned_away(incoming) or self.site.stages.handle(self.site, incoming)
        return _framed(_encoded(self.site.variant, incoming, reply))

    def close(self) -> None:
        """Close the store."""
        self.site.store.close()

    def _write_meanwhile(self) -> None:
        self._sleep(0.001)
        self._writer.catch_up()

    def _turned_away(self, incoming: Incoming) -> Reply | None:
        """The refusal of a deployment under load, which says when to retry."""
        variant = self.site.variant
        if variant.busy and self.site.dice.random() < variant.busy:
            refusal = Refusal(503, "busy, please try again")
            return refuse(self.site, incoming, refusal).with_header("Retry-After", "0")
        if variant.rate and self._above(variant.rate):
            refusal = Refusal(429, "too many requests")
            return refuse(self.site, incoming, refusal).with_header("Retry-After", "1")
        return None

    def _above(self, rate: int) -> bool:
        """Whether that many requests arrived within the last second."""
        now = self._clock()
        while self._recent and self._recent[0] < now - 1:
            self._recent.popleft()
        if len(self._recent) >= rate:
            return True
        self._recent.append(now)
        return False


def _encoded(variant: Variant, incoming: Incoming, reply: Reply) -> Reply:
    """The reply with the ETag and the compression that the variant adds."""
    if variant.etag and reply.status == 200:
        tag = f'"{sha256(reply.content).hexdigest()[:16]}"'
        unchanged = incoming.headers.get("if-none-match") == tag
        reply = (Reply(304, (), b"") if unchanged else reply).with_header("ETag", tag)
    if variant.compression and "gzip" in incoming.headers.get("accept-encoding", "") and reply.content:
        reply = replace(reply, content=gzip.compress(reply.content, compresslevel=1))
        reply = reply.with_header("Content-Encoding", "gzip").with_header("Vary", "Accept-Encoding")
    return reply


def _framed(reply: Reply) -> Reply:
    """The reply with its length, and header names in lower case; a cut one promises one byte too many."""
    headers = [(name.lower(), value) for name, value in reply.headers]
    if reply.status not in (204, 304):
        headers.append(("content-length", str(len(reply.content) + reply.cut)))
    return replace(reply, headers=tuple(headers))


def build_app(
    *,
    profiles: int | Sequence[Profile] = 137,
    fault: str | Fault | None = None,
    variant: str | Variant | None = None,
    seed: int = 0,
    token: str | None = REFERENCE_TOKEN,
    narrow_token: str | None = None,
    basic: tuple[str, str] | None = None,
    collection: str = "mixed",
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Application:
    """The deployment with that fault, in that variant.

    `profiles` is their number or the profiles themselves. Without a token, everyone has access. Raises
    ValueError for an unknown fault, variant or collection.
    """
    chosen, broken = named_variant(variant), named_fault(fault)
    held = generate(profiles, seed, collection) if isinstance(profiles, int) else profiles
    site = Site(
        store=Store(held, chosen),
        variant=chosen,
        stages=stages_with(broken),
        token=token,
        narrow_token=narrow_token,
        basic=basic,
        dice=random.Random(seed),  # noqa: S311
    )
    return Application(site, seed, clock, sleep)
