"""What leaves: safe methods, the raw target byte for byte, the documented headers, and only to the origin."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.model import Credentials, Request, UserError
from contracts.transport import Refused, Secrets, Target
from tests.support.transport import PATH, TOKEN, URL, connected, fake, line, ok

QUICK = settings(derandomize=True, max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


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
    transport, server = connected(lambda *_: ok(b""), url=URL + "/pre/")
    for request, _ in RAW:
        transport.send(request)
    for raw, (request, expected) in zip(server.requests, RAW, strict=True):
        target = f"/pre{request.path or PATH}" + (f"?{request.query}" if request.query else "")
        assert line(raw) == (expected or f"{request.method} {target} HTTP/1.1".encode())


def test_headers_are_the_documented_ones_and_cookies_are_not_kept() -> None:
    secrets = Secrets(token=TOKEN, headers=(("X-Tenant", "t\xe9"), ("accept", "application/json;v=1")))
    transport, server = connected(lambda *_: ok(b"{}", b"Set-Cookie: a=b; Path=/"), secrets)
    transport.send(Request())
    transport.send(Request(credentials=Credentials.EMPTY))
    first, second = (raw.decode("latin-1").lower() for raw in server.requests)
    assert f"host: {URL.removeprefix('http://')}\r\n" in first
    assert "accept-encoding: gzip\r\n" in first
    assert "user-agent: bifrost-contracts/" in first
    assert "x-tenant: t\xe9\r\n" in first
    assert first.count("accept: ") == 1
    assert f"authorization: bearer {TOKEN}\r\n" in first
    assert "authorization: bearer\r\n" in second
    assert "cookie" not in first + second
    assert len(server.connections) == 1


def test_a_redirect_is_not_followed() -> None:
    location = b"Location: http://collector.example/steal"
    reply = b"HTTP/1.1 307 Temporary Redirect\r\nContent-Length: 0\r\n%b\r\n\r\n" % location
    transport, server = connected(lambda *_: reply)
    exchange = transport.send(Request())
    assert (exchange.status, exchange.header("location")) == (307, "http://collector.example/steal")
    assert (transport.sent, len(server.requests)) == (1, 1)


texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["/a", "//evil.example/x", "http://evil.example/", "evil.example:80", "*", "/a b", "/a\r\nX: y"]
    ),
)


methods = st.sampled_from(["GET", "HEAD", "OPTIONS", "POST", "DELETE", "get", "GET ", "PATCH", "G\r\nET", ""])
texts = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["/a", "//evil.example/x", "http://evil.example/", "evil.example:80", "*", "/a b", "/a\r\nX: y"]
    ),
)


@QUICK
@given(method=methods, path=st.none() | texts | texts.map("/".__add__), query=texts)
def test_only_safe_methods_leave_and_only_to_the_origin(method: str, path: str | None, query: str) -> None:
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
def test_unsafe_requests_are_refused(request_: Request) -> None:
    transport, _, seen = fake(200)
    with pytest.raises(Refused):
        transport.send(request_)
    assert not seen


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
        ("https://a..b", "neither a name"),
        ("https://a%20b", "neither a name"),
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
def test_any_base_url_is_parsed_or_refused(given_url: str) -> None:
    with suppress(UserError):
        assert Target.parse(given_url, "/p").url.endswith("/p")
