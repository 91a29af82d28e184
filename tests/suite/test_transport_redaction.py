"""No secret in what the transport returns, however the deployment spells it."""

from __future__ import annotations

import re
from base64 import b64encode

import pytest

from contracts.model import Credentials, Request
from contracts.transport import Secrets
from tests.support import hostile
from tests.support.transport import TOKEN, ask


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
