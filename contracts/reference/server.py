"""The deployment on a port: in a thread for tests and demonstrations, or until interrupted."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from contracts.reference.app import Application, RecordedRequest, build_app


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment on a port; `requests` grows with every request."""

    url: str
    token: str | None
    narrow_token: str | None
    requests: list[RecordedRequest]


@contextlib.contextmanager
def serving(app: Application | None = None, *, port: int = 0, **options: Any) -> Iterator[Deployment]:
    """The application on 127.0.0.1 while the block runs; port 0 is any free one.

    Without an application, options are those of `build_app`, which may raise ValueError.
    """
    from contracts.reference.background import BackgroundServer

    app = app or build_app(**options)
    with (
        contextlib.closing(app),
        _listening("127.0.0.1", port) as listener,
        BackgroundServer(app, listener),
    ):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield Deployment(url, app.site.token, app.site.narrow_token, app.requests)


def serve_forever(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    on_ready: Callable[[str], None] = lambda _url: None,
    **options: Any,
) -> None:
    """Serve until interrupted; `on_ready` gets the URL, options are those of `build_app`."""
    from contracts.reference.background import configured

    app = build_app(**options)
    with contextlib.closing(app), _listening(host, port) as listener:
        name = f"[{host}]" if ":" in host else host
        on_ready(f"http://{name}:{listener.getsockname()[1]}")
        with contextlib.suppress(KeyboardInterrupt):
            configured(app).run(sockets=[listener])


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that accepts connections at once, even before the loop runs."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named: 40 ms a response otherwise.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(256)
        yield listener
