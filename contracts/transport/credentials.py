"""The secrets of a run: what they look like in a request, and how they are kept out of everything else."""

from __future__ import annotations

import html
import json
import os
import random
import re
import string
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from contracts.files import read_text
from contracts.model import MADE_UP_BASIC, Credentials, UserError

HIDDEN = "***"
# Shorter secrets are ordinary words ("limit", "admin"): to strike them out would falsify the evidence.
_LEAST_LENGTH = 8
_LONG = 20  # characters that no ordinary word has
_MAX_TOKEN_BYTES = 16 * 1024
_NEAR = (
    Credentials.TRUNCATED,
    Credentials.EXTENDED,
    Credentials.ALTERED,
    Credentials.ALTERED_START,
    Credentials.OTHER_CASE,
)
_PLACEHOLDER = "contracts0000000000000000"
# Headers that frame the message, choose the credentials, or make a safe method an unsafe one.
_RESERVED = frozenset(
    {
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "expect",
        "host",
        "proxy-authorization",
        "te",
        "transfer-encoding",
        "upgrade",
        "x-http-method",
        "x-http-method-override",
        "x-method-override",
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """The credentials of a run: a bearer `token` or a `basic` user and password, a token of a caller who sees
    less (`narrow`), and more `headers`.

    Headers go with every request when there is a token or basic, and only with `Credentials.GIVEN` when
    they are all there is: then they are the credentials. `UserError` if one cannot be sent.
    """

    token: str | None = None
    basic: tuple[str, str] | None = None
    narrow: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    _words: tuple[re.Pattern[str], ...] = field(init=False, compare=False)
    _bytes: tuple[re.Pattern[bytes], ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        _check(self)
        values = dict.fromkeys(value for value in _values(self) if len(value) >= _LEAST_LENGTH)
        words = sorted(values, key=len, reverse=True)  # a whole secret before the parts of it
        object.__setattr__(self, "_words", tuple(re.compile(_pattern(word)) for word in words))
        object.__setattr__(self, "_bytes", tuple(re.compile(_pattern(word).encode()) for word in words))

    def __repr__(self) -> str:
        kinds = ("token", "basic", "narrow", "headers")
        return "Secrets(" + ", ".join(f"{kind}={HIDDEN}" for kind in kinds if getattr(self, kind)) + ")"

    def authorization(self, credentials: Credentials, seed: int = 0) -> str | None:
        """The value of `Authorization` for these credentials; None where the header is left out.

        The altered forms need a secret to alter: without one they are None, except that RANDOM is then a
        made-up token. With basic, the password is what is altered.
        """
        if credentials is Credentials.NONE:
            return None
        if credentials is Credentials.OTHER_SCHEME:
            return 'Digest username="contracts"'
        if credentials is Credentials.MADE_UP_BASIC:
            return f"Basic {_pair(*MADE_UP_BASIC.split(':'))}"
        if credentials is Credentials.NARROW:
            return None if self.narrow is None else f"Bearer {self.narrow}"
        if credentials is Credentials.EMPTY:
            return "Basic " if self.basic else "Bearer "
        return self._altered(credentials, seed)

    def headers_for(self, credentials: Credentials) -> tuple[tuple[str, str], ...]:
        """The user's headers that go with these credentials."""
        alone = self.token is None and self.basic is None
        return () if alone and credentials is not Credentials.GIVEN else self.headers

    def redact(self, text: str) -> str:
        """The text with `***` for every secret, however it is spelled, and for its altered forms.

        Secrets of fewer than eight characters stay: struck out, they would falsify ordinary words.
        """
        for word in self._words:
            text = word.sub(HIDDEN, text)
        return text

    def redact_bytes(self, content: bytes) -> bytes:
        """As `redact`, for content of any encoding that keeps ASCII."""
        for word in self._bytes:
            content = word.sub(HIDDEN.encode(), content)
        return content

    def _altered(self, credentials: Credentials, seed: int) -> str | None:
        secret = self.basic[1] if self.basic else self.token
        if secret is None:
            secret = _PLACEHOLDER if credentials is Credentials.RANDOM else None
        if secret is None:
            return None
        changed = _change(secret, credentials, seed)
        scheme, value = ("Basic", _pair(self.basic[0], changed)) if self.basic else ("Bearer", changed)
        return f"{scheme.lower() if credentials is Credentials.LOWER_CASE_SCHEME else scheme} {value}"


def token_from_env(name: str) -> str:
    """The token in that environment variable; `UserError` if there is none that can be sent."""
    token = os.environ.get(name)
    if token is None and re.fullmatch("[A-Z_][A-Z0-9_]*", name):
        raise UserError(f"The environment variable {name} is not set.")
    if token is None:  # not quoted: people pass the token itself
        raise UserError("There is no environment variable of that name: give a name, never the token itself.")
    _check_value(f"The token in the environment variable {name}", token)
    return token


def token_from_file(path: Path | str) -> str:
    """The token in that file without its last line break; `UserError` if there is none that can be sent."""
    # The path is not quoted: people pass the token itself.
    text = read_text(path, "The token file", at_most=_MAX_TOKEN_BYTES + 2)
    token = text.removesuffix("\n").removesuffix("\r")
    _check_value("The token in the token file", token)
    return token


def _check(secrets: Secrets) -> None:
    if secrets.token is not None and secrets.basic is not None:
        raise UserError("Give a token or a user with password, not both.")
    for what, token in (("The token", secrets.token), ("The narrow token", secrets.narrow)):
        if token is not None:
            _check_value(what, token)
    if secrets.basic is not None:
        _check_basic(*secrets.basic)
    for name, value in secrets.headers:
        _check_header(name, value)


def _check_value(what: str, value: str) -> None:
    # Never quotes the value. White space at an end, or inside a token, comes from careless copying.
    if not value:
        raise UserError(f"{what} is empty.")
    if len(value) > _MAX_TOKEN_BYTES:
        raise UserError(f"{what} is longer than 16 KiB.")
    if not re.fullmatch(r"[!-~]+", value):
        raise UserError(f"{what} holds a space, line break, control or non-ASCII character.")


def _check_basic(user: str, password: str) -> None:
    if ":" in user:
        raise UserError("The user name holds a colon, which Basic credentials cannot carry.")
    if not password:
        raise UserError("The password is empty.")
    if re.search("[\x00-\x1f\x7f\ud800-\udfff]", user + password):
        raise UserError("The user name or password holds a control character.")


def _check_header(name: str, value: str) -> None:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise UserError("A header name holds a character that no header name may hold.")
    if name.lower() in _RESERVED:
        raise UserError(f"The header {name} is set by the suite alone.")
    if not re.fullmatch(r"([!-~\xa1-\xff]([ \t!-~\xa0-\xff]*[!-~\xa1-\xff])?)?", value):
        raise UserError(f"The value of the header {name} holds a character that cannot be sent.")


def _pair(user: str, password: str) -> str:
    return b64encode(f"{user}:{password}".encode()).decode("ascii")


def _change(secret: str, credentials: Credentials, seed: int) -> str:
    if credentials is Credentials.RANDOM:
        return _random_like(secret, seed)
    middle = len(secret) // 2
    changed = {
        Credentials.TRUNCATED: secret[:-1],
        Credentials.EXTENDED: secret + "0",
        Credentials.ALTERED: _altered_at(secret, middle),
        Credentials.ALTERED_START: _altered_at(secret, 0),
        Credentials.OTHER_CASE: secret.swapcase(),
    }
    if credentials is Credentials.OTHER_CASE and secret.swapcase() == secret:  # it has no letters
        return changed[Credentials.ALTERED]
    return changed.get(credentials, secret)


def _altered_at(secret: str, place: int) -> str:
    return secret[:place] + _neighbour(secret[place]) + secret[place + 1 :]


def _random_like(secret: str, seed: int) -> str:
    draw = random.Random(seed)  # noqa: S311 - a wrong token that the same seed gives again
    classes = (string.digits, string.ascii_lowercase, string.ascii_uppercase)
    made = "".join(
        next((draw.choice(known) for known in classes if character in known), character)
        for character in secret
    )
    return made if made != secret else _change(secret, Credentials.ALTERED, seed)


def _neighbour(character: str) -> str:
    for known in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if character in known:
            return known[(known.index(character) + 1) % len(known)]
    return "0"


def _values(secrets: Secrets) -> Iterator[str]:
    """What must not be shown: secrets, their base64, and the changed ones, which hold most of them."""
    for _, value in secrets.headers:
        yield from (part for part in (value, *re.split("[\\s;,=]+", value)) if _looks_secret(part))
    for token in (secrets.token, secrets.narrow):
        if token:
            yield from (token, b64encode(token.encode("utf-8")).decode("ascii"))
    if secrets.token:
        yield from (_change(secrets.token, kind, 0) for kind in _NEAR)
    if secrets.basic:
        user, password = secrets.basic
        words = (password, *(_change(password, kind, 0) for kind in _NEAR))
        yield from words
        yield from (_pair(user, word) for word in words)


def _looks_secret(value: str) -> bool:
    """Whether it is no ordinary word, which to strike out would falsify the evidence: `production`."""
    return len(value) >= _LONG or not value.isalpha()


def _pattern(value: str) -> str:
    """A pattern for the value however its special characters are spelled."""
    return "".join(c if c.isascii() and c.isalnum() else _any_spelling(c) for c in value)


def _any_spelling(character: str) -> str:
    """A pattern for a character as it is, percent-encoded, JSON-escaped, in HTML, or as UTF-8 misread."""
    number = ord(character)
    percent = quote(character, safe="") if not character.isascii() else f"%{number:02X}"
    spellings = [character, percent, f"\\u{number:04x}", f"&#{number};", f"&#x{number:x};"]
    spellings += [json.dumps(character, ensure_ascii=False)[1:-1], html.escape(character)]
    spellings += [f"\\{character}", character.encode("utf-8").decode("latin-1")]
    spellings.sort(key=len, reverse=True)  # so that no part of a longer spelling is left
    return "(?:" + "|".join(_any_case(spelling) for spelling in dict.fromkeys(spellings)) + ")"


def _any_case(spelling: str) -> str:
    escaped = re.escape(spelling)
    return escaped if len(spelling) == 1 else f"(?i:{escaped})"
