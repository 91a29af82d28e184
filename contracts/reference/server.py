"""The deployment on a port: in a thread for tests and demonstrations, or until interrupted."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contracts.reference.app import Application, RecordedRequest
    from contracts.reference.faults import Fault
    from contracts.reference.variants import Variant

REFERENCE_TOKEN = "reference-token"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment that answers; `requests` grows with every request that comes."""

    url: str
    token: str | None
    narrow_token: str | None
    requests: list[RecordedRequest]


@contextlib.contextmanager
def serving(
    *,
    profiles: int | Sequence[dict[str, Any]] = 137,
    fault: str | Fault | None = None,
    style: str | Variant | None = None,
    seed: int = 0,
    token: str | None = REFERENCE_TOKEN,
    port: int = 0,
    narrow_token: str | None = None,
    basic: tuple[str, str] | None = None,
    collection: str = "mixed",
) -> Iterator[Deployment]:
    """The reference deployment on 127.0.0.1 while the block runs; port 0 is any free one.

    The other arguments are those of `build_app`, whose ValueErrors it raises.
    """
    from contracts.reference.app import build_app

    app = build_app(
        profiles=profiles,
        fault=fault,
        style=style,
        seed=seed,
        token=token,
        narrow_token=narrow_token,
        basic=basic,
        collection=collection,
    )
    with _served(app, port, seed) as url:
        yield Deployment(url, token, narrow_token, app.requests)


@contextlib.contextmanager
def serving_long(
    count: int, *, token: str | None = REFERENCE_TOKEN, port: int = 0, **options: Any
) -> Iterator[Deployment]:
    """A deployment of that many profiles, which are computed; options are those of `build_long_app`."""
    from contracts.reference.computed import build_long_app

    app = build_long_app(count, token=token, **options)
    with _served(app, port, 0) as url:
        yield Deployment(url, token, None, app.requests)


@contextlib.contextmanager
def _served(app: Application, port: int, seed: int) -> Iterator[str]:
    """The URL of the application while the block runs."""
    from contracts.reference.background import BackgroundServer

    with (
        contextlib.closing(app),
        _listening("127.0.0.1", port) as listener,
        _writing(app, seed),
        BackgroundServer(app, listener),
    ):
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def serve_forever(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    on_ready: Callable[[str], None] = lambda _url: None,
    seed: int = 0,
    **options: Any,
) -> None:
    """Serve until interrupted; `on_ready` gets the URL, `options` are those of `build_app`."""
    from contracts.reference.app import build_app
    from contracts.reference.background import configured

    app = build_app(seed=seed, **options)
    with contextlib.closing(app), _listening(host, port) as listener, _writing(app, seed):
        name = f"[{host}]" if ":" in host else host
        on_ready(f"http://{name}:{listener.getsockname()[1]}")
        with contextlib.suppress(KeyboardInterrupt):
            configured(app).run(sockets=[listener])


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that already takes connections, so that nobody is turned away before the loop runs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named: 40 ms a response otherwise.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
        yield listener


@contextlib.contextmanager
def _writing(app: Application, seed: int) -> Iterator[None]:
    """Writes by others at the rate that the style has, while the block runs."""
    rate = app.site.style.writes
    if not rate:
        yield
        return
    from contracts.reference.writer import Writer

    stop = threading.Event()
    writer = Writer(app.site.store, seed)
    thread = threading.Thread(target=writer.write_until, args=(stop, 1 / rate), name="reference-writer")
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
