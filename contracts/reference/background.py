"""The application as ASGI, and uvicorn in a thread: quiet, ready at once, and gone when the block ends."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any

import uvicorn

from contracts.reference.app import Application
from contracts.reference.pipeline import Incoming, Reply

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Callable[[], Awaitable[Message]], Send], Awaitable[None]]

_GRACE = 1.0  # seconds for pending replies when the server stops


def asgi(app: Application) -> Asgi:
    """The application as an ASGI callable."""

    async def answer(scope: Message, _receive: object, send: Send) -> None:
        await asyncio.sleep(app.site.variant.latency)
        await _send(app.respond(_incoming(scope)), send)

    return answer


def _incoming(scope: Message) -> Incoming:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    target, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    return Incoming(scope["method"], scope["path"], target, query, headers)


async def _send(reply: Reply, send: Send) -> None:
    """After a body that is incomplete, the server closes the connection."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.content, "more_body": reply.cut})


def configured(app: Application) -> uvicorn.Server:
    """A server for the main thread, which ends on an interrupt."""
    return uvicorn.Server(_config(app))


def _config(app: Application) -> uvicorn.Config:
    return uvicorn.Config(
        asgi(app),
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )


class _PromptServer(uvicorn.Server):
    """Ends within milliseconds; uvicorn itself checks only ten times a second whether it should."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        ticking = asyncio.create_task(super().main_loop())
        self.ready.set()
        await self._stop.wait()
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        state, deadline = self.server_state, time.monotonic() + _GRACE
        for connection in list(state.connections):
            connection.shutdown()
        while (state.connections or state.tasks) and time.monotonic() < deadline:
            await asyncio.sleep(0.002)
        await self._drop(state)
        for listener in sockets or ():
            listener.close()

    async def _drop(self, state: Any) -> None:
        """Cut what did not end in time."""
        for task in list(state.tasks):
            task.cancel()
        for connection in list(state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)

    def stop(self) -> None:
        """End the server, from another thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)


class BackgroundServer:
    """A server in a thread of its own, for as long as the block runs."""

    def __init__(self, app: Application, listener: socket.socket) -> None:
        self._server = _PromptServer(_config(app))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="reference-server", daemon=True
        )

    def __enter__(self) -> BackgroundServer:
        self._thread.start()
        self._server.ready.wait(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self._thread.join()
