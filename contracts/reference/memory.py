"""The deployment in memory: an httpx transport that answers without a socket, on a clock of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote

import httpx

from contracts.reference.app import Application, build_app
from contracts.reference.pipeline import Incoming

_SECONDS = 0.004  # that one response takes


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        """Seconds since the start."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


class InMemory(httpx.BaseTransport):
    """Takes the place of the network in front of an application, one request after the other."""

    def __init__(self, app: Application, clock: Clock) -> None:
        self.app = app
        self.clock = clock
        self._turn = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The response of the application."""
        with self._turn:
            self.clock.sleep(_SECONDS + self.app.site.variant.latency)
            reply = self.app.respond(_incoming(request))
        if reply.cut:
            raise httpx.ReadError("the deployment cut the connection")
        content = b"" if request.method == "HEAD" else reply.content
        headers = [("date", formatdate(usegmt=True)), *reply.headers]
        return httpx.Response(reply.status, headers=headers, content=content)


def _incoming(request: httpx.Request) -> Incoming:
    target, _, query = request.extensions["target"].decode("latin-1").partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Incoming(request.method, unquote(target), target, query, headers)


@contextmanager
def in_memory(**options: Any) -> Iterator[InMemory]:
    """The reference deployment in memory while the block runs; options are those of `build_app`."""
    clock = Clock()
    with closing(build_app(clock=clock, sleep=clock.sleep, **options)) as app:
        yield InMemory(app, clock)
