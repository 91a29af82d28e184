"""Servers that speak HTTP/2, one of them as it should be done and the others each with one vice."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.settings
from hypercorn.asyncio import serve
from hypercorn.config import Config

Behaviour = Callable[[h2.connection.H2Connection, int, socket.socket], None]
OK = ((":status", "200"), ("content-type", "application/json"))


def context(ca: Any, *, protocols: list[str]) -> ssl.SSLContext:
    """TLS of a server for localhost, which offers these protocols."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(made)
    made.set_alpn_protocols(protocols)
    return made


@contextmanager
def serving_app(app: Any, certificate: str, key: str) -> Iterator[str]:
    """An application behind a server that speaks HTTP/2, while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.certfile, config.keyfile = certificate, key
    config.errorlog = config.accesslog = None
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve(app, config, shutdown_trigger=over.wait))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    _wait_for(port)
    try:
        yield f"https://localhost:{port}"
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError("the server does not listen")


@contextmanager
def hostile(behaviour: Behaviour, tls: ssl.SSLContext) -> Iterator[tuple[str, list[int]]]:
    """A server that treats each request so, and the connections that it saw."""
    connections: list[int] = []

    def converse(plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError), tls.wrap_socket(plain, server_side=True) as stream:
            stream.settimeout(5)
            state = h2.connection.H2Connection(
                h2.config.H2Configuration(
                    client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False
                )
            )
            state.initiate_connection()
            stream.sendall(state.data_to_send())
            while data := stream.recv(65536):
                for event in state.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        behaviour(state, event.stream_id or 1, stream)
                stream.sendall(state.data_to_send())

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(1)
                threading.Thread(target=converse, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield f"https://localhost:{listener.getsockname()[1]}", connections
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _send(state: h2.connection.H2Connection, stream: socket.socket) -> None:
    stream.sendall(state.data_to_send())


def silence(_state: h2.connection.H2Connection, _id: int, _stream: socket.socket) -> None:
    time.sleep(3)


def endless_body(state: h2.connection.H2Connection, id_: int, stream: socket.socket) -> None:
    state.send_headers(id_, OK)
    for _ in range(3000):  # 48 MB, as far as the client grants it
        with contextlib.suppress(Exception):
            state.send_data(id_, b" " * 16_000)
        _send(state, stream)


def dripping_body(state: h2.connection.H2Connection, id_: int, stream: socket.socket) -> None:
    state.send_headers(id_, OK)
    for _ in range(60):
        state.send_data(id_, b" ")
        _send(state, stream)
        time.sleep(0.05)


def empty_frames(state: h2.connection.H2Connection, id_: int, stream: socket.socket) -> None:
    state.send_headers(id_, OK)
    for _ in range(3_000_000):
        state.send_data(id_, b"")
        _send(state, stream)


def pings(state: h2.connection.H2Connection, _id: int, stream: socket.socket) -> None:
    for _ in range(3_000_000):
        state.ping(b"12345678")
        _send(state, stream)


def many_fields(state: h2.connection.H2Connection, id_: int, _stream: socket.socket) -> None:
    state.send_headers(id_, [*OK, *((f"x-{n}", "1") for n in range(900))], end_stream=True)


def large_fields(state: h2.connection.H2Connection, id_: int, _stream: socket.socket) -> None:
    state.send_headers(id_, [*OK, *((f"x-{n}", f"{n}" * 4_000) for n in range(40))], end_stream=True)


def repeated_field(state: h2.connection.H2Connection, id_: int, _stream: socket.socket) -> None:
    """A few bytes for each mention of a long field: a bomb."""
    state.send_headers(id_, [*OK, *([("x", "y" * 3_000)] * 1000)], end_stream=True)


def no_frames(_state: h2.connection.H2Connection, _id: int, stream: socket.socket) -> None:
    stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 10)


def wrong_status(state: h2.connection.H2Connection, id_: int, _stream: socket.socket) -> None:
    state.send_headers(id_, [(":status", "abc")], end_stream=True)


def goes_away(state: h2.connection.H2Connection, _id: int, stream: socket.socket) -> None:
    """Refuses the request with a last stream before it, so that a client would try again and again."""
    state.close_connection(last_stream_id=0)
    _send(state, stream)
    stream.close()


def reset(state: h2.connection.H2Connection, id_: int, _stream: socket.socket) -> None:
    state.reset_stream(id_)


def half_body(state: h2.connection.H2Connection, id_: int, stream: socket.socket) -> None:
    state.send_headers(id_, OK)
    state.send_data(id_, b'{"access_profiles"')
    _send(state, stream)
    stream.close()


BEHAVIOURS: dict[str, Behaviour] = {
    one.__name__: one
    for one in (
        silence,
        endless_body,
        dripping_body,
        empty_frames,
        pings,
        many_fields,
        large_fields,
        repeated_field,
        no_frames,
        wrong_status,
        goes_away,
        reset,
        half_body,
    )
}
