"""Real sockets: name lookup, TLS and proxies."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from contracts.model import Request, UserError
from contracts.transport import Bounds, Transport
from tests.support import hostile
from tests.support.transport import (
    CONNECT,
    CUT,
    PROTOCOL,
    TIMEOUT,
    TLS,
    TOKEN,
    Time,
    ask,
    line,
    ok,
    outcome,
    to,
)


@contextmanager
def listening(
    reply: bytes = ok(),
    host: str = "127.0.0.1",
    context: ssl.SSLContext | None = None,
) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives this reply to each request, and the requests that it saw."""
    requests: list[bytes] = []

    def converse(plain: socket.socket) -> None:
        with ExitStack() as stack, suppress(OSError):
            stack.enter_context(plain).settimeout(2)
            stream = stack.enter_context(context.wrap_socket(plain, server_side=True)) if context else plain
            while raw := stream.recv(65536):
                requests.append(raw)
                stream.sendall(reply)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=converse, args=(listener.accept()[0],), daemon=True).start()

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.create_server((host, 0), family=family)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        name = "localhost" if context else f"[{host}]" if ":" in host else host
        yield f"http{'s' if context else ''}://{name}:{listener.getsockname()[1]}", requests
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def status(transport: Transport, query: str = "") -> object:
    """The status of one request, or the kind of its failure."""
    with transport:
        return outcome(transport.send(Request(query)))


def unused_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        return int(unused.getsockname()[1])


def has_ipv6() -> bool:
    try:
        with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)):
            return True
    except OSError:
        return False


# Names and addresses


def test_a_closed_port_is_tried_twice_and_reported() -> None:
    port, time = unused_port(), Time()
    with to(f"http://127.0.0.1:{port}", bounds=Bounds(), sleep=time.sleep) as transport:
        exchange = transport.send(Request())
    assert exchange.failure is not None
    assert (exchange.failure.kind, len(exchange.attempts)) == (CONNECT, 1)
    assert f"Nothing listens at 127.0.0.1:{port}" in exchange.failure.text
    assert sum(time.slept) < 1


def test_an_unknown_name_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    exchange = ask("http://gateway.invalid")
    assert exchange.failure is not None
    assert exchange.failure.kind is CONNECT
    assert "gateway.invalid does not resolve" in exchange.failure.text


def test_a_name_lookup_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(5) and [])
    assert outcome(ask("http://gateway.invalid", Bounds(timeout=0.05, retries=0))) is CONNECT
    release.set()


def test_the_next_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as (url, _):
        port = int(url.rpartition(":")[2])
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")
        ]
        look_up = socket.getaddrinfo

        def two(host: str, *rest: object, **named: object) -> object:
            return found if host == "two.test" else look_up(host, *rest, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(socket, "getaddrinfo", two)
        monkeypatch.setenv("no_proxy", "*")
        assert ask(f"http://two.test:{port}").status == 200


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_ipv6_address_is_used_as_written() -> None:
    with listening(host="::1") as (url, requests):
        assert ask(url).status == 200
    assert f"Host: {url.removeprefix('http://')}".encode() in requests[0]


# TLS


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(ca: trustme.CA, tmp_path: Path) -> str:
    """The file of the authority's certificate."""
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def server_context(ca: trustme.CA, *, needs_client: bool = False) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost", "localhost.gateway.invalid").configure_cert(made)
    if needs_client:
        ca.configure_trust(made)
        made.verify_mode = ssl.CERT_REQUIRED
    return made


def test_certificates_are_verified(ca: trustme.CA, trusted: str) -> None:
    with listening(context=server_context(ca)) as (url, _):
        assert status(to(url, verify=trusted)) == 200
        assert status(to(url, verify=False)) == 200
        assert status(to(url.replace("localhost", "127.0.0.1"), verify=trusted)) is TLS
        unknown, plain = ask(url), ask(url.replace("https:", "http:"))
    assert unknown.failure is not None
    assert unknown.failure.kind is TLS
    assert "--ca" in unknown.failure.text
    assert plain.failure is not None
    assert plain.failure.kind in (CUT, PROTOCOL)
    assert "https://" in plain.failure.text


def test_a_client_certificate_is_presented(ca: trustme.CA, trusted: str, tmp_path: Path) -> None:
    made = ca.issue_cert("client.example")
    made.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    made.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
    made.private_key_pem.write_to_path(str(tmp_path / "client.key"))
    pair = (str(tmp_path / "client.pem"), str(tmp_path / "client.key"))
    with listening(context=server_context(ca, needs_client=True)) as (url, _):
        assert status(to(url, verify=trusted, cert=pair)) == 200
        assert status(to(url, verify=trusted, cert=str(tmp_path / "both.pem"))) == 200
        assert status(to(url, verify=trusted)) in (CUT, TLS)


def test_tls_to_a_plain_port_says_so() -> None:
    with hostile.serving("http-0-9") as url:
        exchange = ask(url.replace("http:", "https:"))
    assert exchange.failure is not None
    assert exchange.failure.kind is TLS
    assert "http://" in exchange.failure.text


def test_a_tls_handshake_is_bounded() -> None:
    with hostile.serving("silence") as url:
        assert outcome(ask(url.replace("http:", "https:"), Bounds(timeout=0.1, retries=0))) is TIMEOUT


@pytest.mark.parametrize("options", [{"verify": "/no/such.pem"}, {"cert": "/no/such.pem"}])
def test_unreadable_certificates_are_usage_errors(options: dict[str, str]) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        to("https://localhost", **options)


# Proxies


@pytest.fixture(autouse=True)
def proxied(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def use(url: str) -> None:
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.setenv("https_proxy", url)

    return use


def test_a_proxy_of_the_environment_is_used(proxied: Callable[[str], None]) -> None:
    with listening() as (url, requests):
        proxied(url.replace("://", "://user:hunter22@"))
        exchange = ask("http://gateway.invalid/pre", request=Request(path="//a/%7e", query="b=%zz"))
        assert exchange.status == 200
        assert line(requests[0]) == b"GET http://gateway.invalid/pre//a/%7e?b=%zz HTTP/1.1"
        assert outcome(ask("https://gateway.invalid")) is TLS
        assert line(requests[1]) == b"CONNECT gateway.invalid:443 HTTP/1.1"
        assert TOKEN.encode() not in requests[1]


@contextmanager
def tunnelling(port: int) -> Iterator[str]:
    """A proxy that connects its one client to that local port."""

    def relay(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection, socket.create_connection(("127.0.0.1", port)) as onward:
                assert connection.recv(65536).startswith(b"CONNECT localhost.gateway.invalid:443 ")
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                threading.Thread(target=relay, args=(onward, connection), daemon=True).start()
                relay(connection, onward)

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(2)


def test_tls_goes_through_a_tunnel(ca: trustme.CA, trusted: str, proxied: Callable[[str], None]) -> None:
    with (
        listening(context=server_context(ca)) as (url, _),
        tunnelling(int(url.rpartition(":")[2])) as proxy,
    ):
        proxied(proxy)
        with to("https://localhost.gateway.invalid", verify=trusted) as transport:
            assert [transport.send(Request(query="a=%zz")).status for _ in range(2)] == [200, 200]


def test_a_proxy_that_refuses_is_named(proxied: Callable[[str], None]) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with listening(refusal) as (url, _):
        proxied(url.replace("://", "://user:hunter22@"))
        exchange = ask("https://gateway.invalid")
    assert exchange.failure is not None
    assert exchange.failure.kind is CONNECT
    assert "407" in exchange.failure.text
    assert "hunter22" not in repr(exchange)


def test_an_unreachable_proxy_is_named(proxied: Callable[[str], None]) -> None:
    port = unused_port()
    proxied(f"http://user:hunter22@127.0.0.1:{port}")
    exchange = ask("https://gateway.invalid")
    assert exchange.failure is not None
    assert f"the proxy 127.0.0.1:{port}" in exchange.failure.text
    assert "hunter22" not in repr(exchange)


def test_loopback_addresses_use_no_proxy(proxied: Callable[[str], None]) -> None:
    proxied("http://proxy.invalid:3128")
    with listening() as (url, _):
        assert ask(url).status == 200


@pytest.mark.parametrize("url", ["socks5://user:hunter22@localhost:1080", "http://user:hunter22@[::1"])
def test_unusable_proxies_are_usage_errors(url: str, proxied: Callable[[str], None]) -> None:
    proxied(url)
    with pytest.raises(UserError, match="proxy") as caught:
        to("http://gateway.invalid")
    assert "hunter22" not in str(caught.value)
