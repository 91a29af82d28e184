"""Small servers on loopback addresses that answer as the deployment in memory does."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from contracts.model import OLD_PATH, Request
from tests.support.fake import Deployment

Reply = Callable[["Server"], tuple[int, dict[str, str]] | None]


class Server(ThreadingHTTPServer):
    """Serves a deployment at one path; `instead` may give another status and header fields."""

    daemon_threads = True
    request_queue_size = 50

    def __init__(self, host: str, deployment: Deployment, prefix: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, 0), _Handler)
        self.deployment = deployment
        self.prefix = prefix
        self.asked: list[tuple[str, dict[str, str]]] = []  # targets and header fields
        self.instead: Reply = lambda _: None
        self.delay = 0.0

    @property
    def url(self) -> str:
        """Where it listens, with the prefix."""
        host, port = self.server_address[:2]
        shown = f"[{host!s}]" if ":" in str(host) else str(host)
        scheme = "https" if isinstance(self.socket, ssl.SSLSocket) else "http"
        return f"{scheme}://{shown}:{port}{self.prefix}"

    def wait_for(self, count: int) -> None:
        """Waits until so many requests have come."""
        end = time.monotonic() + 60
        while len(self.asked) < count:
            assert time.monotonic() < end, f"only {len(self.asked)} requests came"
            time.sleep(0.01)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and content leave separately
    server: Server

    def do_GET(self) -> None:
        server = self.server
        server.asked.append((self.path, dict(self.headers.items())))
        time.sleep(server.delay)
        instead = server.instead(server)
        status, fields = instead or (200, {})
        value: object = {"error": {"message": "busy"}, "status_code": status}
        if instead is None:
            path, _, query = self.path.removeprefix("http://gateway.example").partition("?")
            found = path == server.prefix + OLD_PATH
            status, value = server.deployment.answer(Request(query, None if found else path))
        self._send(status, fields, json.dumps(value).encode())

    do_HEAD = do_GET  # noqa: N815

    def _send(self, status: int, fields: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **fields}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def serving(
    deployment: Deployment,
    *,
    host: str = "127.0.0.1",
    prefix: str = "",
    context: ssl.SSLContext | None = None,
) -> Iterator[Server]:
    """The server, while the block runs."""
    server = Server(host, deployment, prefix)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
