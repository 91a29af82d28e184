"""The credentials of each request, where they come from, and which are refused."""

from __future__ import annotations

import re
import traceback
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.evidence.access import WRONG
from contracts.model import Credentials, Request, UserError
from contracts.transport import Bounds, BudgetSpent, Refused, Secrets, token_from_env, token_from_file
from tests.support.transport import TOKEN, fake

QUICK = settings(derandomize=True, max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def test_authorization_for_every_kind_of_credentials() -> None:
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


def test_altered_basic_credentials_alter_the_password() -> None:
    secrets = Secrets(basic=("admin", "Passw0rd9"))
    assert secrets.authorization(Credentials.GIVEN) == "Basic " + b64encode(b"admin:Passw0rd9").decode()
    assert secrets.authorization(Credentials.TRUNCATED) == "Basic " + b64encode(b"admin:Passw0rd").decode()
    assert secrets.authorization(Credentials.EMPTY) == "Basic "
    assert (
        secrets.authorization(Credentials.LOWER_CASE_SCHEME)
        == "basic " + b64encode(b"admin:Passw0rd9").decode()
    )


def test_without_secrets_only_made_up_credentials_exist() -> None:
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
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40), st.integers(0, 99)
)
def test_wrong_credentials_never_equal_the_right_ones(token: str, seed: int) -> None:
    secrets = Secrets(token=token)
    for name in WRONG:
        assert secrets.authorization(name, seed) != secrets.authorization(Credentials.GIVEN)


def test_headers_are_the_credentials_only_without_token_and_basic() -> None:
    headers = (("X-Api-Key", "k" * 20),)
    assert Secrets(headers=headers).headers_for(Credentials.GIVEN) == headers
    assert Secrets(headers=headers).headers_for(Credentials.NONE) == ()
    assert Secrets(token=TOKEN, headers=headers).headers_for(Credentials.NONE) == headers


def test_repr_shows_no_secret() -> None:
    secrets = Secrets(token=TOKEN, narrow="narrow-secret", headers=(("X-Api-Key", "header-secret"),))
    assert repr(secrets) == "Secrets(token=***, narrow=***, headers=***)"
    assert repr(Secrets(basic=("admin", "hunter2222"))) == "Secrets(basic=***)"


@pytest.mark.parametrize(
    "token", ["", "a b", "a\n", "a\x00", "a\x7f", "\xe9", "\u20ac", "\ud800", "a" * 70_000]
)
def test_a_token_that_cannot_be_sent_is_refused_without_being_shown(token: str, tmp_path: Path) -> None:
    for make in (lambda: Secrets(token=token), lambda: Secrets(narrow=token)):
        with pytest.raises(UserError, match=r"is empty|contains a|holds a|longer") as caught:
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
    with pytest.raises(UserError, match=r"cannot be read|is not a regular file"):
        token_from_file(tmp_path)
    with pytest.raises(UserError, match=r"cannot be read|is not a regular file") as caught:
        token_from_file(TOKEN)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", "x"),
        ("HOST", "x"),
        ("Transfer_Encoding", "chunked"),
        ("Accept-Encoding", "br"),
        ("X Y", "x"),
        ("", "x"),
        ("X", "a\r\nb"),
        ("X", " a"),
        ("X", "\u20ac"),
    ],
)
def test_reserved_and_malformed_headers_are_refused(name: str, value: str) -> None:
    with pytest.raises(UserError):
        Secrets(headers=((name, value),))


@pytest.mark.parametrize(
    "name",
    [
        "X-HTTP-Method-Override",
        "x-http-method-override",
        "X_HTTP_Method_Override",
        "X-HTTP_METHOD-override",
        "HTTP-Method-Override",
        "X-HTTP-Method",
        "X-Method-Override",
        "X_METHOD_OVERRIDE",
        "x.method",
    ],
)
def test_headers_that_override_the_method_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="another method"):
        Secrets(headers=((name, "DELETE"),))


@pytest.mark.parametrize(
    "options",
    [
        {"token": "abc1234"},
        {"narrow": "abc1234"},
        {"basic": ("administrator", "abc1234")},
        {"headers": (("X-Api-Key", "abc1234"),)},
    ],
)
def test_a_secret_too_short_to_hide_is_refused_without_being_shown(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="fewer than 8 characters") as caught:
        Secrets(**options)
    assert "abc1234" not in str(caught.value)


@pytest.mark.parametrize(
    "basic", [("a:b", "secret"), ("a", ""), ("a", "b\n"), ("a\x00", "b"), ("a", "\udcff")]
)
def test_basic_credentials_that_cannot_be_sent_are_refused(basic: tuple[str, str]) -> None:
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
