"""Options for the network, through the front ends; and the bounds over HTTP/2."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from contracts.cli import app as cli
from contracts.model import OLD_PATH, FailureKind, Request
from contracts.reference import REFERENCE_TOKEN, build_app
from contracts.reference.background import asgi
from contracts.transport import Bounds, Target, Transport
from tests.support import http2, local
from tests.support.fake import Deployment, rows

JUDGED = ("--only", "PAGE-COUNT", "--examples", "0", "--max-requests", "60")
VALUE = "header-secret-4711"


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "BIFROST_TOKEN"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(ca: trustme.CA, tmp_path: Path) -> str:
    """The file of the authority's certificate."""
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


@pytest.fixture
def client(ca: trustme.CA, tmp_path: Path) -> tuple[str, str]:
    """The files of a client's certificate and key."""
    made = ca.issue_cert("client.example")
    made.cert_chain_pems[0].write_to_path(str(tmp_path / "client.pem"))
    made.private_key_pem.write_to_path(str(tmp_path / "client.key"))
    return str(tmp_path / "client.pem"), str(tmp_path / "client.key")


@pytest.fixture
def secured(ca: trustme.CA) -> Iterator[str]:
    """A deployment on HTTP/1.1 over TLS."""
    with local.serving(Deployment(rows(20)), context=http2.context(ca, protocols=["http/1.1"])) as server:
        yield server.url.replace("127.0.0.1", "localhost")


def check(*arguments: str, judged: tuple[str, ...] = JUDGED) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["check", *arguments, *judged])
    assert isinstance(ended.value.code, int)
    return ended.value.code


# --- TLS ------------------------------------------------------------------------------------------


def test_an_own_authority_is_trusted_where_it_is_named(secured: str, trusted: str) -> None:
    assert check(secured, "--ca", trusted) == 0


def test_insecure_is_loud(secured: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(secured, "--insecure") == 0
    assert capsys.readouterr().err.startswith("WARNING: TLS certificates are not verified")


def mutual(ca: trustme.CA) -> ssl.SSLContext:
    tls = http2.context(ca, protocols=["http/1.1"])
    ca.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    return tls


def test_pytest_takes_the_same_network_options(
    ca: trustme.CA, trusted: str, client: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIELDS", f"X-Edge-Key: {VALUE}")
    with local.serving(Deployment(rows(20)), context=mutual(ca), prefix="/edge") as server:
        url = server.url.replace("127.0.0.1", "localhost")
        options = [f"--ca={trusted}", f"--client-cert={client[0]}", f"--client-key={client[1]}"]
        options += [
            "--headers-env",
            "FIELDS",
            "--no-concurrent-writes",
            "--concurrency",
            "3",
            "-k",
            "PAGE-COUNT",
        ]
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--base-url", url, *options]
        command += ["-k", "PAGE-COUNT"]
        ran = subprocess.run(
            command,
            cwd=Path(cli.__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (ran.returncode, server.asked[0][1]["X-Edge-Key"]) == (0, VALUE), ran.stdout[-2000:]
    assert "1 passed" in ran.stdout
    assert VALUE not in ran.stdout


def test_an_encrypted_key_is_refused_without_asking_for_a_password(
    ca: trustme.CA, trusted: str, client: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = serialization.load_pem_private_key(Path(client[1]).read_bytes(), None)
    form = serialization.PrivateFormat.PKCS8
    locked = key.private_bytes(
        serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"hunter22")
    )
    (tmp_path / "locked.key").write_bytes(locked)
    with local.serving(Deployment(rows(2)), context=mutual(ca)) as server:
        options = ("--client-cert", client[0], "--client-key", str(tmp_path / "locked.key"))
        assert check(server.url, "--ca", trusted, *options) == 2
    assert "is encrypted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--client-key", "{key}"], "--client-key requires --client-cert."),
        (["--client-cert", "/no/such.pem"], "--client-cert /no/such.pem cannot be read"),
        (
            ["--client-cert", "{cert}", "--client-key", "/no/such.pem"],
            "--client-key /no/such.pem cannot be read",
        ),
        (["--client-cert", "{ca}", "--client-key", "{key}"], "belong together"),
        (["--ca", "{key}"], "cannot be read"),
        (["--headers-env", "NO_SUCH"], "is not set"),
        (["--headers-env", "EMPTY"], "is empty"),
        (["--headers-env", "NOT_A_FIELD"], "one `Name: value` per line"),
        (["--headers-env", "RESERVED"], "set by the suite alone"),
        (["--headers-env", VALUE], "the name of an environment variable"),
        (["--headers-file", "/no/such/file"], "The file of --headers-file cannot be read"),
        (["--headers-env", "FIELDS", "--headers-file", "{key}"], "are mutually exclusive"),
    ],
)
def test_contradictory_network_options_are_usage_errors(
    options: list[str],
    words: str,
    trusted: str,
    client: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in {
        "EMPTY": "",
        "NOT_A_FIELD": VALUE,
        "RESERVED": f"Authorization: {VALUE}",
        "FIELDS": f"X-Key: {VALUE}",
    }.items():
        monkeypatch.setenv(name, value)
    given = [one.format(ca=trusted, cert=client[0], key=client[1]) for one in options]
    assert check("https://127.0.0.1:9", *given) == 2
    printed = capsys.readouterr().err
    assert words in printed
    assert VALUE not in printed


# --- prefixes, proxies, header fields ------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "/"])
def test_a_base_url_may_have_a_prefix(end: str, capsys: pytest.CaptureFixture[str]) -> None:
    with local.serving(Deployment(rows(20)), prefix="/edge/bifrost") as server:
        assert check(server.url + end, "--verbose") == 0
        assert {target.partition("?")[0] for target, _ in server.asked} == {"/edge/bifrost" + OLD_PATH}
        assert f"{server.url}{OLD_PATH}" in capsys.readouterr().out


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with local.serving(Deployment(rows(20))) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert check("http://gateway.example") == 0
        assert all(target.startswith("http://gateway.example/") for target, _ in proxy.asked)


@pytest.mark.parametrize("source", ["--headers-env", "--headers-file"])
def test_header_fields_are_sent_and_redacted(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fields = f"# for the edge\nX-Edge-Key: {VALUE}\n\nCookie: session={VALUE}-2; theme=dark\n"
    monkeypatch.setenv("FIELDS", fields)
    (tmp_path / "fields").write_text(fields)
    given = "FIELDS" if source == "--headers-env" else str(tmp_path / "fields")

    class Telltale(Deployment):
        def page(self, asked: dict[str, Any]) -> dict[str, Any]:
            return {**super().page(asked), "count": f"{VALUE}-2"}

    with local.serving(Telltale(rows(20))) as server:
        judged = ("--only", "RESP-SCHEMA", "--examples", "0", "--report", str(tmp_path), "--verbose")
        assert check(server.url, source, given, judged=judged) == 1
        seen = server.asked[0][1]
    assert seen["X-Edge-Key"] == VALUE
    assert seen["Cookie"] == f"session={VALUE}-2; theme=dark"
    printed = capsys.readouterr()
    written = (tmp_path / "report.json").read_text() + (tmp_path / "junit.xml").read_text()
    assert VALUE not in printed.out + printed.err + written
    assert "***" in printed.out


def test_an_ordinary_word_in_a_header_field_is_not_redacted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIELDS", "X-Environment: production")
    with local.serving(Deployment(rows(20))) as server:
        assert check(server.url, "--headers-env", "FIELDS", "--json") == 0
    assert "***" not in capsys.readouterr().out


# --- HTTP/2 ---------------------------------------------------------------------------------------


@pytest.fixture
def modern(ca: trustme.CA, tmp_path: Path) -> Iterator[str]:
    """The reference deployment on HTTP/2."""
    made = ca.issue_cert("localhost")
    made.cert_chain_pems[0].write_to_path(str(tmp_path / "server.pem"))
    made.private_key_pem.write_to_path(str(tmp_path / "server.key"))
    app = build_app()
    with (
        closing(app),
        http2.serving_app(asgi(app), str(tmp_path / "server.pem"), str(tmp_path / "server.key")) as url,
    ):
        yield url


def report_of(directory: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((directory / "report.json").read_text())
    return found


def test_http2_is_used_when_requested_and_offered(
    modern: str, trusted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIFROST_TOKEN", REFERENCE_TOKEN)
    with pytest.raises(SystemExit) as ended:
        cli.main(["check", modern, "--ca", trusted, "--http2", "--report", str(tmp_path), *JUDGED])
    report = report_of(tmp_path)
    broken = [v["id"] for v in report["verdicts"] if v["outcome"] == "fail"]
    assert (broken, [n for n in report["notes"] if "HTTP/2" in n]) == ([], [])
    assert ended.value.code == 0


def test_a_report_says_that_http2_is_not_offered(secured: str, trusted: str, tmp_path: Path) -> None:
    assert check(secured, "--ca", trusted, "--http2", "--report", str(tmp_path)) == 0
    assert [note for note in report_of(tmp_path)["notes"] if "HTTP/1.1" in note]


def test_http2_needs_tls(capsys: pytest.CaptureFixture[str]) -> None:
    assert check("http://127.0.0.1:9", "--http2") == 2
    assert "https://" in capsys.readouterr().err


@pytest.fixture
def over_http2(trusted: str) -> Callable[..., Transport]:
    def opened(url: str, **bounds: Any) -> Transport:
        given = Bounds(**{"timeout": 0.3, "max_content": 2**20, "max_wire": 2**20, "retries": 0, **bounds})
        return Transport(Target.parse(url, OLD_PATH), bounds=given, verify=trusted, http2=True)

    return opened


TIMEOUT, TOO_LARGE, CUT, PROTOCOL = (
    FailureKind.TIMEOUT,
    FailureKind.TOO_LARGE,
    FailureKind.CUT,
    FailureKind.PROTOCOL,
)
EXPECTED = {
    "silence": {TIMEOUT},
    "endless_body": {TOO_LARGE},
    "dripping_body": {TIMEOUT},
    "empty_frames": {TOO_LARGE, TIMEOUT},  # as fast as the machine is
    "pings": {TOO_LARGE, TIMEOUT},
    "many_fields": {TOO_LARGE},
    "large_fields": {TOO_LARGE},
    "repeated_field": {PROTOCOL},
    "no_frames": {PROTOCOL, TIMEOUT},  # a frame whose length is never reached
    "wrong_status": {PROTOCOL},
    "goes_away": {CUT, PROTOCOL},
    "reset": {PROTOCOL},
    "half_body": {CUT},
}


@pytest.mark.parametrize("name", http2.BEHAVIOURS)
def test_bounds_hold_over_http2(name: str, ca: trustme.CA, over_http2: Callable[..., Transport]) -> None:
    tls = http2.context(ca, protocols=["h2"])
    timeout = 0.3 if TIMEOUT in EXPECTED[name] else 5.0
    with (
        http2.hostile(http2.BEHAVIOURS[name], tls) as (url, connections),
        over_http2(url, timeout=timeout) as transport,
    ):
        exchange = transport.send(Request())
        assert transport.sent == 1
    assert exchange.failure is not None
    assert exchange.failure.kind in EXPECTED[name], exchange.failure
    assert len(connections) == 1


def test_a_connection_is_kept_over_http2(ca: trustme.CA, over_http2: Callable[..., Transport]) -> None:
    def answers(state: Any, id_: int, _stream: Any) -> None:
        state.send_headers(id_, [*http2.OK, ("content-length", "2")])
        state.send_data(id_, b"{}", end_stream=True)

    tls = http2.context(ca, protocols=["h2"])
    with http2.hostile(answers, tls) as (url, connections), over_http2(url) as transport:
        exchanges = [transport.send(Request(query=f"offset={n}")) for n in range(5)]
        assert transport.spoke_http2
    assert [(e.status, e.content) for e in exchanges] == [(200, b"{}")] * 5
    assert len(connections) == 1
