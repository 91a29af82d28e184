"""What the transport lets out, what it lets in, and when it gives up."""

from __future__ import annotations

import gzip
import random
import re
import socket
import ssl
import threading
import time
import traceback
import tracemalloc
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.evidence.access import WRONG
from contracts.model import Credentials, Exchange, FailureKind, Purpose, Request, UserError
from contracts.transport import (
    Bounds,
    BudgetSpent,
    Refused,
    Secrets,
    Target,
    Transport,
    token_from_env,
    token_from_file,
)
from contracts.transport.bounds import MIB
from contracts.transport.content import Content
from contracts.transport.pace import retry_after
from tests.support import hostile

TOKEN = "sk-bf-abc/d+12345=xyz"
PATH = "/api/access-profiles"
SHORT = Bounds(timeout=0.8, max_content=2**20, max_wire=2**20, retries=0)
QUICK = settings(derandomize=True, max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def answering(*answers: httpx.Response | Exception | int) -> tuple[httpx.MockTransport, list[httpx.Request]]:
    """A network that gives these answers, the last one for ever, and the requests that it saw."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        answer = answers[min(len(seen), len(answers) - 1)]
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, json={}) if isinstance(answer, int) else answer

    return httpx.MockTransport(handle), seen


def fake(
    *answers: httpx.Response | Exception | int, bounds: Bounds | None = None, **options: Any
) -> tuple[Transport, Time, list[httpx.Request]]:
    """A transport without network and without waiting."""
    client, seen = answering(*answers)
    moment = Time()
    transport = Transport(
        Target.parse("http://gateway.example", PATH),
        options.pop("secrets", Secrets()),
        bounds or Bounds(),
        client=client,
        clock=moment.clock,
        sleep=moment.sleep,
        now=lambda: 1_700_000_000.0,
        **options,
    )
    return transport, moment, seen


Answer = Callable[[int, bytes], bytes | None]


def ok(content: bytes = b"{}", *lines: bytes) -> bytes:
    fields = b"".join(line + b"\r\n" for line in lines)
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (fields, len(content), content)


@contextmanager
def recording(answer: Answer, host: str = "127.0.0.1") -> Iterator[tuple[str, list[bytes], list[int]]]:
    """A server that keeps connections open, with the raw requests and the connections that it saw.

    `answer` gets the number of the request on its connection, from 1, and the request; None hangs up.
    """
    requests: list[bytes] = []
    connections: list[int] = []

    def converse(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(5)
            number, raw = 0, b""
            while data := connection.recv(65536):
                raw += data
                if b"\r\n\r\n" not in raw:
                    continue
                number += 1
                requests.append(raw)
                reply = answer(number, raw)
                if reply is None:
                    return
                raw = b""
                for part in reply.split(b"|"):  # a bar is where the network tears the reply
                    connection.sendall(part)
                    time.sleep(0.05 if part != reply else 0)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.append(1)
                threading.Thread(target=converse, args=(connection,), daemon=True).start()

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.create_server((host, 0), family=family)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield (
            f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}",
            requests,
            connections,
        )
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(2)


def line(raw: bytes) -> bytes:
    return raw.partition(b"\r\n")[0]


# Hostile deployments

CONNECT, TLS, TIMEOUT = FailureKind.CONNECT, FailureKind.TLS, FailureKind.TIMEOUT
CUT, PROTOCOL, TOO_LARGE = FailureKind.CUT, FailureKind.PROTOCOL, FailureKind.TOO_LARGE

EXPECTED: dict[str, int | FailureKind] = {
    "close-at-once": CUT,
    "reset-at-once": CUT,
    "silence": TIMEOUT,
    "tls-garbage": PROTOCOL,
    "binary-garbage": PROTOCOL,
    "header-drip": TIMEOUT,
    "malformed-status-line": PROTOCOL,
    "http-0-9": PROTOCOL,
    "headers-without-end": CUT,
    "flood-of-1xx": TOO_LARGE,
    "slow-1xx": TIMEOUT,
    "switching-protocols": PROTOCOL,
    "flood-of-headers": TOO_LARGE,
    "many-headers": TOO_LARGE,
    "giant-header": TOO_LARGE,
    "set-cookie-flood": 200,
    "escapes-in-headers": 200,
    "body-drip": TIMEOUT,
    "chunk-drip": TIMEOUT,
    "endless-body": TOO_LARGE,
    "endless-chunks": TOO_LARGE,
    "endless-chunk-line": TOO_LARGE,
    "endless-trailers": TOO_LARGE,
    "bad-chunk-size": PROTOCOL,
    "negative-chunk-size": PROTOCOL,
    "chunks-cut-off": CUT,
    "length-too-long": CUT,
    "length-too-short": 200,
    "two-lengths": PROTOCOL,
    "length-no-number": PROTOCOL,
    "length-astronomic": CUT,
    "reset-in-body": CUT,
    "doubled-answer": 200,
    "gzip-bomb": TOO_LARGE,
    "deflate-bomb": TOO_LARGE,
    "gzip-in-gzip": PROTOCOL,
    "gzip-cut-off": PROTOCOL,
    "gzip-untrue": PROTOCOL,
    "unknown-coding": PROTOCOL,
    "page-of-50-mb": TOO_LARGE,
    "redirect-loop": 302,
    "redirect-to-other-origin": 307,
    "redirect-to-script": 302,
    "always-429-for-an-hour": 429,
    "always-429-with-date": 429,
    "always-429-with-nonsense": 429,
    "always-500": 500,
    "always-503": 503,
    "html-page": 200,
    "deep-json": 200,
    "giant-number": 200,
    "giant-exponent": 200,
    "duplicate-keys": 200,
    "nan": 200,
    "not-json": 200,
    "json-null": 200,
    "empty-content": 200,
    "utf-16": 200,
    "latin-1": 200,
    "byte-order-mark": 200,
    "lone-surrogate": 200,
    "escapes-in-names": 200,
    "wide-object": TOO_LARGE,
    "endless-pages": 200,
    "total-of-a-quadrillion": 200,
    "token-echoed": 200,
    "token-in-status-line": PROTOCOL,
}


def to(url: str, secrets: Secrets = Secrets(), bounds: Bounds = SHORT, **options: Any) -> Transport:  # noqa: B008
    return Transport(Target.parse(url, PATH), secrets, bounds, **options)


def ask(url: str, bounds: Bounds = SHORT, request: Request = Request()) -> Exchange:  # noqa: B008
    with Transport(Target.parse(url, PATH), Secrets(token=TOKEN), bounds) as transport:
        return transport.send(request)


def test_every_behaviour_is_described_and_expected() -> None:
    assert set(EXPECTED) == set(hostile.BEHAVIOURS)
    assert all((function.__doc__ or "").endswith(".") for function in hostile.BEHAVIOURS.values())


@pytest.mark.parametrize("name", hostile.BEHAVIOURS)
def test_a_hostile_deployment_ends_in_an_exchange_within_its_bounds(name: str) -> None:
    with hostile.serving(name) as url:
        exchange = ask(url)
    outcome = exchange.failure.kind if exchange.failure else exchange.status
    assert outcome == EXPECTED[name]
    assert exchange.elapsed < SHORT.timeout + 2
    assert len(exchange.content) <= SHORT.max_content
    assert TOKEN not in repr(exchange)
    if exchange.failure:
        assert re.fullmatch(r"[ -~]+: [ -~]+\.", exchange.failure.text), "a sentence that says what to do"


@pytest.mark.parametrize("name", ["gzip-bomb", "deflate-bomb", "endless-body", "endless-chunk-line"])
def test_a_bomb_takes_little_memory(name: str) -> None:
    with hostile.serving(name) as url:
        tracemalloc.start()
        ask(url)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 8 * 2**20


def test_a_large_page_within_the_bounds_comes_whole() -> None:
    with hostile.serving("page-of-50-mb") as url:
        exchange = ask(url, Bounds(timeout=10, max_content=64 * MIB, max_wire=64 * MIB))
    assert exchange.status == 200
    assert len(exchange.content) > 50_000_000


@pytest.mark.parametrize("leftover", [b"leftover", ok(b"leftover")])
@pytest.mark.parametrize("lengths", [b"Content-Length: %d", b"Content-Length: %d, %d"])
def test_what_follows_the_content_is_not_taken_for_the_next_answer(leftover: bytes, lengths: bytes) -> None:
    def too_much(_: int, raw: bytes) -> bytes:
        content = line(raw)
        length = lengths % ((len(content),) * lengths.count(b"%"))
        return b"HTTP/1.1 200 OK\r\n" + length + b"\r\n\r\n" + content + leftover

    with recording(too_much) as (url, _, connections), to(url) as transport:
        for query in ("limit=1", "limit=2", "limit=3"):
            assert query.encode() in transport.send(Request(query=query)).content
    assert len(connections) == 3


def test_a_header_section_that_comes_in_two_parts_ends_where_it_ends() -> None:
    def halves(_: int, raw: bytes) -> bytes:
        status = b"201" if b"limit=2" in raw else b"200"
        return b"HTTP/1.1 " + status + b" OK\r\nContent-Length: 0\r\n\r|\nHTTP/1.1 500 No\r\n\r\n"

    with recording(halves) as (url, _, connections), to(url) as transport:
        assert [transport.send(Request(query=f"limit={n}")).status for n in (1, 2)] == [200, 201]
    assert len(connections) == 2


@pytest.mark.parametrize(("length", "kind"), [(60_000, None), (70_000, TOO_LARGE)])
def test_header_fields_are_bounded_to_the_byte(length: int, kind: FailureKind | None) -> None:
    with recording(lambda *_: ok(b"{}", b"X-Long: " + b"a" * length)) as (url, _, _):
        failure = ask(url).failure
    assert (failure.kind if failure else None) == kind


def test_what_comes_over_the_wire_is_bounded_where_the_content_is_small() -> None:
    chunks = (b"1;" + b"x" * 5000 + b"\r\n \r\n") * 400 + b"0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with recording(lambda *_: head + chunks) as (url, _, _):
        failure = ask(url).failure
    assert failure is not None
    assert failure.kind is TOO_LARGE


@pytest.mark.parametrize("extra", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"])
def test_chunked_content_ends_where_it_ends(extra: bytes) -> None:
    def chunked(_: int, raw: bytes) -> bytes:
        asked = line(raw)
        body = b"%x;ext=1\r\n%b\r\n4\r\n\n\n\r\n\r\n0\r\nTrailer: 1\r\n\r\n" % (len(asked), asked)
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + extra

    with recording(chunked) as (url, _, connections), to(url) as transport:
        for query in ("limit=1", "limit=2"):
            content = transport.send(Request(query=query)).content
            assert query.encode() in content
            assert content.endswith(b"\n\n\r\n")
    assert len(connections) == (2 if extra else 1)


def test_a_body_after_head_is_not_taken_for_the_next_answer() -> None:
    with recording(lambda _, raw: ok(line(raw))) as (url, _, _), to(url) as transport:
        assert transport.send(Request(method="HEAD")).content == b""
        assert transport.send(Request(query="limit=7")).content.startswith(b"GET")


# What leaves


RAW = [
    (Request(), b"GET /pre/api/access-profiles HTTP/1.1"),
    (Request(query="tags=a%zz&b=%00&c=%C3%A9&d=[]|^`\"'<>"), None),
    (Request(query="limit=1&limit=2&&=;"), None),
    (Request(path="/API/Access-Profiles"), None),
    (Request(path="//api/./access-profiles"), None),
    (Request(path="/%61pi/..%2faccess-profiles/"), None),
    (Request(path="/x/../api/access-profiles", query="?/?"), None),
    (Request(method="HEAD"), None),
    (Request(method="OPTIONS", path="/a;b=c,d"), None),
]


def test_the_raw_target_leaves_byte_for_byte() -> None:
    with recording(lambda *_: ok(b"")) as (url, requests, _), to(url + "/pre/") as transport:
        for request, _ in RAW:
            transport.send(request)
    for raw, (request, expected) in zip(requests, RAW, strict=True):
        target = f"/pre{request.path or PATH}" + (f"?{request.query}" if request.query else "")
        assert line(raw) == (expected or f"{request.method} {target} HTTP/1.1".encode())


def test_headers_are_the_documented_ones_and_cookies_are_not_kept() -> None:
    reply = ok(b"{}", b"Set-Cookie: a=b; Path=/")
    secrets = Secrets(token=TOKEN, headers=(("X-Tenant", "t\xe9"), ("accept", "application/json;v=1")))
    with recording(lambda *_: reply) as (url, requests, connections), to(url, secrets) as transport:
        transport.send(Request())
        transport.send(Request(credentials=Credentials.EMPTY))
    first, second = (raw.decode("latin-1").lower() for raw in requests)
    assert f"host: {url.removeprefix('http://')}\r\n" in first
    assert "accept-encoding: gzip\r\n" in first
    assert "user-agent: bifrost-contracts/" in first
    assert "x-tenant: t\xe9\r\n" in first
    assert first.count("accept: ") == 1
    assert f"authorization: bearer {TOKEN}\r\n" in first
    assert "authorization: bearer\r\n" in second
    assert "cookie" not in first + second
    assert len(connections) == 1


def test_a_redirect_is_the_answer_and_is_not_followed() -> None:
    with hostile.serving("redirect-to-other-origin") as url, to(url) as transport:
        exchange = transport.send(Request())
        assert exchange.status == 307
        assert exchange.header("location") == "http://collector.example/steal"
        assert transport.sent == 1


methods = st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "DELETE", "get", "GET ", "PATCH", "G\r\nET", ""])
texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["/a", "//evil.example/x", "http://evil.example/", "evil.example:80", "*", "/a b", "/a\r\nX: y"]
    ),
)


@QUICK
@given(method=methods, path=st.none() | texts | texts.map("/".__add__), query=texts)
def test_only_safe_methods_to_the_origin_leave(method: str, path: str | None, query: str) -> None:
    transport, _, seen = fake(200)
    request = Request(method=method, path=path, query=query)
    with suppress(Refused):
        transport.send(request)
    assert transport.sent == len(seen)
    for sent in seen:
        assert sent.method in {"GET", "HEAD", "OPTIONS"}
        assert (sent.url.scheme, sent.url.host) == ("http", "gateway.example")
        wanted = (PATH if path is None else path) + (f"?{query}" if query else "")
        assert sent.extensions["target"] == wanted.encode("ascii")
        assert re.fullmatch(rb"/[!-~]*", sent.extensions["target"])


@pytest.mark.parametrize(
    "request_",
    [
        Request(method="POST"),
        Request(method="get"),
        Request(path="http://evil.example/"),
        Request(path=""),
        Request(path="*"),
        Request(path="/a?b"),
        Request(path="/a#b"),
        Request(path="/a\r\nHost: b"),
        Request(query="a b"),
        Request(query="a\x00"),
        Request(query="\xe9"),
    ],
)
def test_what_must_not_leave_is_refused(request_: Request) -> None:
    transport, _, seen = fake(200)
    with pytest.raises(Refused):
        transport.send(request_)
    assert not seen


# Target


@pytest.mark.parametrize(
    ("given_url", "url"),
    [
        ("https://Gateway.Example", "https://gateway.example/p"),
        ("https://gateway.example:443/", "https://gateway.example/p"),
        ("http://gateway.example:8080/prefix/", "http://gateway.example:8080/prefix/p"),
        ("http://[::1]:80/a//b", "http://[::1]/a//b/p"),
        ("http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080/p"),
        ("http://127.0.0.1:1", "http://127.0.0.1:1/p"),
        ("http://my_service.", "http://my_service./p"),
    ],
)
def test_good_base_urls(given_url: str, url: str) -> None:
    assert Target.parse(given_url, "/p").url == url


@pytest.mark.parametrize(
    ("given_url", "why"),
    [
        ("", "empty"),
        ("gateway.example", "no scheme"),
        ("localhost:8080", "no scheme"),
        ("ftp://gateway.example", "only http and https"),
        ("file:///etc/passwd", "only http and https"),
        ("https://", "no host"),
        ("https://:8080", "no host"),
        ("https://a:99999", "port"),
        ("https://a:0", "port"),
        ("https://a:x", "port"),
        ("https://user:hunter22@a", "secrets belong"),
        ("https://a?x=hunter22", "query or fragment"),
        ("https://a/#", "query or fragment"),
        ("https://a b", "space"),
        ("https://a\n", "control"),
        ("https://a\\b", "backslash"),
        ("https://caf\xe9.example", "non-ASCII"),
        ("https://[::1", "malformed"),
        ("https://a..b", "no name"),
        ("https://a%20b", "no name"),
        ("https://a/p", "without the path"),
        ("https://a/x/p/", "without the path"),
    ],
)
def test_bad_base_urls(given_url: str, why: str) -> None:
    with pytest.raises(UserError, match=why) as caught:
        Target.parse(given_url, "/p")
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("path", ["", "api", "/a?b", "/a#b", "/a b", "/\xe9", "/a\r\n"])
def test_bad_paths(path: str) -> None:
    with pytest.raises(UserError, match="path"):
        Target.parse("https://a", path)


@QUICK
@given(st.text(max_size=30) | st.text(max_size=20).map("http://".__add__))
def test_any_base_url_is_parsed_or_refused_in_words(given_url: str) -> None:
    with suppress(UserError):
        assert Target.parse(given_url, "/p").url.endswith("/p")


# Secrets


def test_credentials_of_every_name() -> None:
    secrets = Secrets(token="sk-bf-Abc123", narrow="narrow-token")
    values = {name: secrets.authorization(name, seed=1) for name in Credentials}
    random_ = values.pop(Credentials.RANDOM)
    assert values == {
        Credentials.GIVEN: "Bearer sk-bf-Abc123",
        Credentials.NONE: None,
        Credentials.EMPTY: "Bearer ",
        Credentials.OTHER_SCHEME: 'Digest username="contracts"',
        Credentials.TRUNCATED: "Bearer sk-bf-Abc12",
        Credentials.EXTENDED: "Bearer sk-bf-Abc1230",
        Credentials.ALTERED: "Bearer sk-bf-Bbc123",
        Credentials.ALTERED_START: "Bearer tk-bf-Abc123",
        Credentials.OTHER_CASE: "Bearer SK-BF-aBC123",
        Credentials.MADE_UP_BASIC: "Basic " + b64encode(b"contracts:contracts0000000000000000").decode(),
        Credentials.LOWER_CASE_SCHEME: "bearer sk-bf-Abc123",
        Credentials.NARROW: "Bearer narrow-token",
    }
    assert re.fullmatch(r"Bearer [a-z]{2}-[a-z]{2}-[A-Z][a-z]{2}[0-9]{3}", random_ or "")
    assert random_ == secrets.authorization(Credentials.RANDOM, seed=1)
    assert random_ != secrets.authorization(Credentials.RANDOM, seed=2)


def test_basic_alters_the_password() -> None:
    secrets = Secrets(basic=("admin", "Pass9"))
    assert secrets.authorization(Credentials.GIVEN) == "Basic " + b64encode(b"admin:Pass9").decode()
    assert secrets.authorization(Credentials.TRUNCATED) == "Basic " + b64encode(b"admin:Pass").decode()
    assert secrets.authorization(Credentials.EMPTY) == "Basic "
    assert (
        secrets.authorization(Credentials.LOWER_CASE_SCHEME) == "basic " + b64encode(b"admin:Pass9").decode()
    )


def test_without_secrets_only_made_up_credentials_remain() -> None:
    values = {name: Secrets().authorization(name) for name in Credentials}
    made_up = {
        Credentials.EMPTY,
        Credentials.OTHER_SCHEME,
        Credentials.MADE_UP_BASIC,
        Credentials.RANDOM,
    }
    assert {name for name, value in values.items() if value is not None} == made_up


@QUICK
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40), st.integers(0, 99)
)
def test_wrong_credentials_are_never_the_right_ones(token: str, seed: int) -> None:
    secrets = Secrets(token=token)
    for name in WRONG:
        assert secrets.authorization(name, seed) != secrets.authorization(Credentials.GIVEN)


def test_headers_are_credentials_only_where_they_are_alone() -> None:
    headers = (("X-Api-Key", "k" * 20),)
    assert Secrets(headers=headers).headers_for(Credentials.GIVEN) == headers
    assert Secrets(headers=headers).headers_for(Credentials.NONE) == ()
    assert Secrets(token=TOKEN, headers=headers).headers_for(Credentials.NONE) == headers


def test_no_representation_shows_a_secret() -> None:
    secrets = Secrets(token=TOKEN, narrow="narrow-secret", headers=(("X-Api-Key", "header-secret"),))
    assert repr(secrets) == "Secrets(token=***, narrow=***, headers=***)"
    assert repr(Secrets(basic=("admin", "hunter2222"))) == "Secrets(basic=***)"


@pytest.mark.parametrize(
    "text",
    [
        TOKEN,
        "sk-bf-abc%2Fd%2B12345%3Dxyz",
        "sk-bf-abc%2fd%2b12345%3dxyz",
        "sk-bf-abc%2fd%2B12345=xyz",
        "sk-bf-abc\\/d+12345=xyz",
        "sk\\u002dbf\\u002Dabc/d\\u002b12345=xyz",
        "sk-bf-abc&#x2f;d&#43;12345=xyz",
        TOKEN[:-1],
        TOKEN + "0",
        b64encode(TOKEN.encode()).decode(),
        Secrets(token=TOKEN).authorization(Credentials.ALTERED),
        "narrow-secret",
        "header-secret",
    ],
)
def test_redaction_finds_every_spelling(text: str) -> None:
    secrets = Secrets(token=TOKEN, narrow="narrow-secret", headers=(("X-Api-Key", "header-secret"),))
    shown = secrets.redact(f"before {text} after")
    assert re.fullmatch(r"before (Bearer )?\*\*\*0? after", shown)
    assert secrets.redact_bytes(f"before {text} after".encode()) == shown.encode()


def test_redaction_of_basic_and_of_escaped_passwords() -> None:
    secrets = Secrets(basic=("admin", 'pa"ss<word>\xe9'))
    for text in ('pa"ss<word>\xe9', 'pa\\"ss<word>\\u00e9', "pa&quot;ss&lt;word&gt;\xe9"):
        assert secrets.redact(text) == "***"
    for name in (Credentials.GIVEN, Credentials.TRUNCATED, Credentials.EXTENDED, Credentials.ALTERED):
        assert secrets.redact(secrets.authorization(name) or "") == "Basic ***"


def test_short_secrets_do_not_falsify_the_evidence() -> None:
    content = b'{"limit": 20, "name": "admin"}'
    assert Secrets(basic=("admin", "limit")).redact_bytes(content) == content


@pytest.mark.parametrize("credentials", Credentials)
def test_an_echoed_token_is_nowhere_in_the_exchange(credentials: Credentials) -> None:
    with hostile.serving("token-echoed") as url:
        exchange = ask(url, request=Request(credentials=credentials))
    assert exchange.status == 200
    assert "sk-bf-abc" not in repr(exchange)
    assert "12345=xy" not in repr(exchange)


@pytest.mark.parametrize(
    "token", ["", "a b", "a\n", "a\x00", "a\x7f", "\xe9", "\u20ac", "\ud800", "a" * 70_000]
)
def test_a_token_that_cannot_be_sent_is_an_error_that_does_not_show_it(token: str, tmp_path: Path) -> None:
    for make in (lambda: Secrets(token=token), lambda: Secrets(narrow=token)):
        with pytest.raises(UserError, match=r"is empty|holds a|longer") as caught:
            make()
        assert len(token) < 3 or token not in str(caught.value)
    file = tmp_path / "token"
    file.write_bytes(token.encode("utf-8", "surrogatepass") + b"\n")
    with pytest.raises(UserError):
        token_from_file(file)


def test_token_from_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_TOKEN", TOKEN)
    monkeypatch.setenv("EMPTY_TOKEN", "")
    assert token_from_env("GATEWAY_TOKEN") == TOKEN
    with pytest.raises(UserError, match="EMPTY_TOKEN is empty"):
        token_from_env("EMPTY_TOKEN")
    with pytest.raises(UserError, match="MISSING_TOKEN is not set"):
        token_from_env("MISSING_TOKEN")
    with pytest.raises(UserError, match="never the token itself") as caught:
        token_from_env(TOKEN)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_token_from_file(tmp_path: Path, ending: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(f"{TOKEN}{ending}".encode())
    assert token_from_file(file) == TOKEN
    file.write_bytes(f"{TOKEN}\n\n".encode())
    with pytest.raises(UserError, match="line break"):
        token_from_file(file)
    with pytest.raises(UserError, match="is not a regular file"):
        token_from_file(tmp_path)
    with pytest.raises(UserError, match="cannot be read") as caught:
        token_from_file(TOKEN)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "x"),
        ("HOST", "x"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Transfer-Encoding", "chunked"),
        ("Accept-Encoding", "br"),
        ("X Y", "x"),
        ("", "x"),
        ("X", "a\r\nb"),
        ("X", " a"),
        ("X", "\u20ac"),
    ],
)
def test_headers_that_must_not_be_set(name: str, value: str) -> None:
    with pytest.raises(UserError):
        Secrets(headers=((name, value),))


@pytest.mark.parametrize(
    "basic", [("a:b", "secret"), ("a", ""), ("a", "b\n"), ("a\x00", "b"), ("a", "\udcff")]
)
def test_basic_credentials_that_cannot_be_sent(basic: tuple[str, str]) -> None:
    with pytest.raises(UserError):
        Secrets(basic=basic)
    with pytest.raises(UserError, match="not both"):
        Secrets(token=TOKEN, basic=("a", "b"))


def test_tracebacks_show_no_secret() -> None:
    secrets = Secrets(token=TOKEN)
    transport, _, _ = fake(200, secrets=secrets, bounds=Bounds(max_requests=1))
    transport.send(Request())
    for request in (Request(), Request(method="POST")):
        with pytest.raises((BudgetSpent, Refused)) as caught:
            transport.send(request)
        assert TOKEN not in "".join(traceback.format_exception(caught.value))


# Patience


def test_busy_answers_are_repeated_and_recorded() -> None:
    transport, moment, seen = fake(503, 502, 504, 200)
    exchange = transport.send(Request())
    assert exchange.status == 200
    assert [attempt.why for attempt in exchange.attempts] == ["503", "502", "504"]
    assert [attempt.waited for attempt in exchange.attempts] == moment.slept
    assert all(0.1 * 2**n <= waited <= 0.3 * 2**n for n, waited in enumerate(moment.slept))
    assert transport.sent == len(seen) == 4
    assert (exchange.number, transport.send(Request()).number) == (1, 2)


def test_the_last_answer_counts_when_it_persists() -> None:
    transport, _, seen = fake(503)
    exchange = transport.send(Request())
    assert (exchange.status, len(exchange.attempts), len(seen)) == (503, 4, 5)


def test_the_same_seed_waits_as_long() -> None:
    slept = []
    for seed in (1, 1, 2):
        transport, moment, _ = fake(503, seed=seed)
        transport.send(Request())
        slept.append(moment.slept)
    assert slept[0] == slept[1] != slept[2]


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 500, 501])
def test_other_answers_are_not_repeated(status: int) -> None:
    transport, moment, seen = fake(status)
    assert transport.send(Request()).attempts == ()
    assert (len(seen), moment.slept) == (1, [])


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.1),
        ({"Retry-After": "3600"}, 30.0),
        ({"Retry-After": "9" * 400}, 30.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:25 GMT"}, 5.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:25 GMT", "Date": "Tue, 14 Nov 2023 22:13:23 GMT"}, 2.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:25 -0000", "Date": "soon"}, 5.0),
        ({"Retry-After": "Mon, 02 Jan 2006 15:04:05 GMT"}, 0.1),
    ],
)
def test_retry_after_is_heeded_within_bounds(headers: dict[str, str], waited: float) -> None:
    transport, moment, _ = fake(httpx.Response(429, headers=headers), 200)
    assert transport.send(Request()).status == 200
    assert moment.slept[0] == pytest.approx(waited)


@pytest.mark.parametrize(
    "value", ["soon", "-5", "1.5", "\xb2", "", "99 Nov 99999", "Tue, 14 Nov 0000 99:99:99 GMT"]
)
def test_nonsense_in_retry_after_means_backing_off(value: str) -> None:
    transport, moment, _ = fake(httpx.Response(429, headers=[("Retry-After", value.encode("latin-1"))]), 200)
    transport.send(Request())
    assert 0.1 <= moment.slept[0] <= 0.3


@QUICK
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_retry_after_raises(value: str, date: str) -> None:
    exchange = Exchange(1, Request(), 429, (("Retry-After", value), ("Date", date)))
    seconds = retry_after(exchange, 0.0)
    assert seconds is None or seconds >= 0


def test_waiting_in_vain_has_an_end_for_the_whole_run() -> None:
    hour = httpx.Response(429, headers={"Retry-After": "3600"})
    transport, moment, _ = fake(hour)
    for _ in range(5):
        assert transport.send(Request()).status == 429
    assert 0 < sum(wait for wait in moment.slept if wait > 10) <= Bounds().max_total_wait


def test_a_good_answer_renews_the_patience() -> None:
    busy = httpx.Response(503, headers={"Retry-After": "25"})
    transport, moment, _ = fake(busy, 200, busy, 200, busy, 200, bounds=Bounds(max_total_wait=30))
    assert [transport.send(Request()).status for _ in range(3)] == [200, 200, 200]
    assert moment.slept == [25.0, 25.0, 25.0]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ReadError("x"), CUT),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), CUT),
        (httpx.ConnectError("x"), CONNECT),
    ],
)
def test_network_faults_are_repeated_once_something_has_answered(error: Exception, kind: FailureKind) -> None:
    transport, _, _ = fake(200, error, error, 200)
    transport.send(Request())
    exchange = transport.send(Request())
    assert exchange.status == 200
    assert [attempt.why for attempt in exchange.attempts] == [kind, kind]


def test_a_time_out_is_repeated_once_since_each_costs_all_its_time() -> None:
    transport, _, _ = fake(200, httpx.ReadTimeout("x"), httpx.ReadTimeout("x"), 200)
    transport.send(Request())
    exchange = transport.send(Request())
    assert exchange.failure is not None
    assert [attempt.why for attempt in exchange.attempts] == [TIMEOUT]


def test_a_run_reads_no_more_than_its_share_of_content() -> None:
    transport, _, _ = fake(httpx.Response(200, content=b"x" * 600), bounds=Bounds(max_total_content=1_000))
    assert [transport.send(Request()).status for _ in range(2)] == [200, 200]
    with pytest.raises(BudgetSpent, match="1,200 bytes"):
        transport.send(Request())


@pytest.mark.parametrize("error", [httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.ConnectError("x")])
def test_where_nothing_ever_answered_one_repetition_is_enough(error: Exception) -> None:
    transport, moment, seen = fake(error)
    assert len(transport.send(Request()).attempts) == 1
    assert (len(seen), sum(moment.slept) < 1) == (2, True)


def test_protocol_faults_are_not_repeated() -> None:
    transport, _, _ = fake(200, httpx.RemoteProtocolError("illegal status line: b'...'"))
    transport.send(Request())
    exchange = transport.send(Request())
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.attempts) == (PROTOCOL, ())


@pytest.mark.parametrize("answer", [httpx.ReadTimeout("x"), httpx.ReadError("x"), 502, 503, 504])
def test_a_hostile_value_is_never_sent_twice_where_it_may_have_done_harm(answer: Exception | int) -> None:
    transport, _, seen = fake(200, answer)
    transport.send(Request())
    assert transport.send(Request(purpose=Purpose.HOSTILE)).attempts == ()
    assert len(seen) == 2


@pytest.mark.parametrize(
    "answer", [httpx.ConnectError("x"), 429, httpx.Response(503, headers={"Retry-After": "1"})]
)
def test_a_hostile_value_is_sent_again_where_it_was_not_read(answer: Any) -> None:
    transport, _, _ = fake(200, answer, 400)
    transport.send(Request())
    assert transport.send(Request(purpose=Purpose.HOSTILE)).status == 400


def test_a_kept_connection_that_was_closed_is_nobodys_fault() -> None:
    def once(number: int, _: bytes) -> bytes | None:
        return ok() if number == 1 else None

    with recording(once) as (url, requests, _), to(url) as transport:
        transport.send(Request())
        exchange = transport.send(Request(query="limit=1"))
        assert exchange.status == 200
        assert [(a.why, a.waited) for a in exchange.attempts] == [("stale connection", 0.0)]
        assert transport.send(Request(query="limit=2", purpose=Purpose.HOSTILE)).attempts == ()
    assert len(requests) == 4


def test_an_idle_connection_that_was_closed_costs_nothing() -> None:
    with hostile.serving("always-500") as url, to(url) as transport:
        for _ in range(3):
            assert transport.send(Request()).attempts == ()
        assert transport.sent == 3


# Budget and pace


def test_every_attempt_counts_against_the_budget() -> None:
    transport, _, seen = fake(503, bounds=Bounds(max_requests=3))
    assert transport.send(Request()).status == 503
    assert len(seen) == 3
    with pytest.raises(BudgetSpent, match="3 requests") as caught:
        transport.send(Request())
    assert caught.value.why.endswith(".")
    assert len(seen) == 3


def test_the_time_of_the_run_is_bounded() -> None:
    transport, moment, seen = fake(
        200, httpx.Response(503, headers={"Retry-After": "20"}), bounds=Bounds(deadline=30)
    )
    transport.send(Request())
    moment.now += 15
    exchange = transport.send(Request())
    assert (exchange.status, exchange.attempts) == (503, ())
    assert (exchange.started, moment.slept) == (15.0, [])
    moment.now += 15
    with pytest.raises(BudgetSpent, match="30 s"):
        transport.send(Request())
    assert len(seen) == 2


def test_the_last_exchange_gets_no_more_time_than_the_run_has() -> None:
    with hostile.serving("silence") as url, to(url, bounds=Bounds(deadline=0.4, retries=0)) as transport:
        exchange = transport.send(Request())
    assert exchange.failure is not None
    assert exchange.elapsed < 1


def test_the_rate_is_kept() -> None:
    transport, moment, _ = fake(200, bounds=Bounds(rate=4))
    for _ in range(5):
        transport.send(Request())
    assert moment.now == pytest.approx(1001.0)


def test_a_429_slows_down_and_good_answers_recover() -> None:
    transport, moment, _ = fake(200, 429, 429, 429, 200)
    transport.send(Request())
    transport.send(Request())
    slow = moment.now
    transport.send(Request())
    first = moment.now - slow
    for _ in range(200):
        transport.send(Request())
    fast = moment.now
    transport.send(Request())
    assert first >= 0.2
    assert moment.now == fast


# Content


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip", gzip.compress(b"[1, 2]", mtime=0)),
        ("x-gzip", gzip.compress(b"[1, ", mtime=0) + gzip.compress(b"2]", mtime=0)),
        ("GZIP", gzip.compress(b"[1, 2]", mtime=0) + b"\0\0\0"),
        ("deflate", zlib.compress(b"[1, 2]")),
        ("deflate", zlib.compress(b"[1, 2]")[2:-4]),
        ("identity", b"[1, 2]"),
        ("", b"[1, 2]"),
    ],
)
@pytest.mark.parametrize("step", [1, 1000])
def test_content_is_decoded(coding: str, content: bytes, step: int) -> None:
    def chunked(*_: object) -> bytes:
        parts = [content[at : at + step] for at in range(0, len(content), step)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nTransfer-Encoding: chunked\r\n\r\n"
        return head.encode() + body + b"0\r\n\r\n"

    with recording(chunked) as (url, _, _):
        assert ask(url).content == b"[1, 2]"


def test_tiny_pieces_take_no_more_room_than_large_ones() -> None:
    content = Content([], 2**30, "gateway.example")
    tracemalloc.start()
    assert len(content.take(b"ab" for _ in range(500_000))) == 1_000_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000


def test_empty_content_needs_no_decoding() -> None:
    with recording(lambda *_: ok(b"", b"Content-Encoding: gzip")) as (url, _, _):
        assert ask(url).status == 200
        assert ask(url, request=Request(method="HEAD")).status == 200


def test_headers_are_latin_1() -> None:
    with recording(lambda *_: ok(b"", b"X-Name: caf\xe9")) as (url, _, _):
        assert ask(url).header("x-name") == "caf\xe9"


@QUICK
@given(st.binary(max_size=300), st.randoms())
def test_no_bytes_raise(junk: bytes, draw: random.Random) -> None:
    good = bytearray(ok(gzip.compress(b"{}", mtime=0), b"Content-Encoding: gzip", b"X: y"))
    for _ in range(draw.randrange(4)):
        good[draw.randrange(len(good))] = draw.randrange(256)
    for reply in (junk, b"HTTP/1.1 200 OK\r\n" + junk, bytes(good)):
        content = reply

        def once(number: int, _: bytes, content: bytes = content) -> bytes | None:
            return content if number == 1 else None

        with recording(once) as (url, _, _):
            ask(url, Bounds(timeout=0.05, retries=0))


# Connections


def test_nothing_listening_is_reported_soon() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    began = time.monotonic()
    exchange = ask(f"http://127.0.0.1:{port}", Bounds())
    assert exchange.failure is not None
    assert (exchange.failure.kind, len(exchange.attempts)) == (CONNECT, 1)
    assert f"Nothing listens at 127.0.0.1:{port}" in exchange.failure.text
    assert time.monotonic() - began < 2


def test_an_unknown_name_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    exchange = ask("http://gateway.invalid")
    assert exchange.failure is not None
    assert exchange.failure.kind is CONNECT
    assert "gateway.invalid does not resolve" in exchange.failure.text


def test_a_name_look_up_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(5) and [])
    exchange = ask("http://gateway.invalid", Bounds(timeout=0.2, retries=0))
    release.set()
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.elapsed < 1) == (CONNECT, True)


def test_the_next_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with recording(lambda *_: ok()) as (url, _, _):
        port = int(url.rpartition(":")[2])
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")
        ]
        look_up = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *a, **k: found if host == "two.test" else look_up(host, *a, **k),
        )
        monkeypatch.setenv("no_proxy", "*")
        assert ask(f"http://two.test:{port}").status == 200


def test_ipv6_addresses_work() -> None:
    try:
        with recording(lambda *_: ok(), "::1") as (url, requests, _):
            assert ask(url).status == 200
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert f"Host: {url.removeprefix('http://')}".encode() in requests[0]


def test_tls_to_a_plain_port_says_so() -> None:
    with hostile.serving("http-0-9") as url:
        exchange = ask(url.replace("http:", "https:"))
    assert exchange.failure is not None
    assert exchange.failure.kind is TLS
    assert "http://" in exchange.failure.text


def certificate(folder: Path) -> Path:
    """A self-signed certificate for localhost with its key."""
    pytest.importorskip("cryptography")
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("*.gateway.invalid")]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(pem))
    return file


@contextmanager
def secured(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server that answers over TLS with that certificate."""
    file = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=converse, args=(connection,), daemon=True).start()

    def converse(connection: socket.socket) -> None:
        with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as stream:
            stream.settimeout(2)
            while stream.recv(65536):
                stream.sendall(ok())

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"https://localhost:{listener.getsockname()[1]}", file
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        thread.join(2)


def test_certificates_are_verified(tmp_path: Path) -> None:
    with secured(tmp_path) as (url, file):
        with to(url, verify=str(file)) as transport:
            assert [transport.send(Request()).status for _ in range(2)] == [200, 200]
        with to(url, verify=False) as transport:
            assert transport.send(Request()).status == 200
        exchange = ask(url)
        assert exchange.failure is not None
        assert exchange.failure.kind is TLS
        assert "--ca" in exchange.failure.text
        with to(url.replace("localhost", "127.0.0.1"), verify=str(file)) as transport:
            wrong_name = transport.send(Request())
        assert wrong_name.failure is not None
        assert wrong_name.failure.kind is TLS
        plain = ask(url.replace("https:", "http:"))
        assert plain.failure is not None
        assert plain.failure.kind in (CUT, PROTOCOL)
        assert "https://" in plain.failure.text


def test_a_tls_handshake_is_bounded() -> None:
    with hostile.serving("silence") as url:
        exchange = ask(url.replace("http:", "https:"), Bounds(timeout=0.3, retries=0))
    assert exchange.failure is not None
    assert exchange.failure.kind is TIMEOUT


@pytest.mark.parametrize("options", [{"verify": "/no/such.pem"}, {"cert": "/no/such.pem"}])
def test_certificates_that_cannot_be_read_are_the_users_to_mend(options: dict[str, str]) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        to("https://localhost", **options)


# Proxies


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def use(url: str) -> None:
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.setenv("https_proxy", url)

    return use


def test_a_proxy_of_the_environment_is_used(proxied: Callable[[str], None]) -> None:
    with recording(lambda *_: ok()) as (url, requests, _):
        proxied(url.replace("://", "://user:hunter22@"))
        exchange = ask("http://gateway.invalid/pre", request=Request(path="//a/%7e", query="b=%zz"))
        assert exchange.status == 200
        assert line(requests[0]) == b"GET http://gateway.invalid/pre//a/%7e?b=%zz HTTP/1.1"
        assert ask("https://gateway.invalid").failure is not None
        assert line(requests[-1]) == b"CONNECT gateway.invalid:443 HTTP/1.1"
        assert TOKEN.encode() not in requests[-1]


def relay(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)


@contextmanager
def tunnelling(port: int) -> Iterator[str]:
    """A proxy that connects whoever asks to that local port."""

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


def test_tls_goes_through_a_tunnel(tmp_path: Path, proxied: Callable[[str], None]) -> None:
    with secured(tmp_path) as (url, file), tunnelling(int(url.rpartition(":")[2])) as proxy:
        proxied(proxy)
        with to("https://localhost.gateway.invalid", verify=str(file)) as transport:
            assert [transport.send(Request(query="a=%zz")).status for _ in range(2)] == [200, 200]


def test_a_proxy_that_refuses_is_named(proxied: Callable[[str], None]) -> None:
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with recording(lambda *_: refusal) as (url, _, _):
        proxied(url.replace("://", "://user:hunter22@"))
        exchange = ask("https://gateway.invalid")
    assert exchange.failure is not None
    assert exchange.failure.kind is CONNECT
    assert "407" in exchange.failure.text
    assert "hunter22" not in repr(exchange)


def test_a_proxy_out_of_reach_is_named(proxied: Callable[[str], None]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    proxied(f"http://user:hunter22@127.0.0.1:{port}")
    exchange = ask("https://gateway.invalid")
    assert exchange.failure is not None
    assert f"the proxy 127.0.0.1:{port}" in exchange.failure.text
    assert "hunter22" not in repr(exchange)


def test_loopback_needs_no_proxy(proxied: Callable[[str], None]) -> None:
    proxied("http://proxy.invalid:3128")
    with recording(lambda *_: ok()) as (url, _, _):
        assert ask(url).status == 200


@pytest.mark.parametrize("url", ["socks5://user:hunter22@localhost:1080", "http://user:hunter22@[::1"])
def test_proxies_that_cannot_be_used_are_the_users_to_mend(url: str, proxied: Callable[[str], None]) -> None:
    proxied(url)
    with pytest.raises(UserError, match="proxy") as caught:
        to("http://gateway.invalid")
    assert "hunter22" not in str(caught.value)
