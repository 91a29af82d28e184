"""The credentials of a run: what requests carry, where it comes from, and what must be hidden."""

from __future__ import annotations

import os
import random
import re
import string
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from contracts.files import read_text
from contracts.model import MADE_UP_BASIC, Credentials, UserError
from contracts.transport.redaction import HIDDEN, Redactor

# To hide a shorter secret would also hide ordinary words ("limit", "admin"), and so falsify responses.
MIN_SECRET = 8
_LONG = 20  # characters that no ordinary word has
_MAX_TOKEN_BYTES = 16 * 1024
_ALTERED = (
    Credentials.TRUNCATED,
    Credentials.EXTENDED,
    Credentials.ALTERED,
    Credentials.ALTERED_START,
    Credentials.OTHER_CASE,
)
_PLACEHOLDER = "contracts0000000000000000"
# Headers that frame the message or carry the credentials.
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
    }
)
_CREDENTIAL_NAME = re.compile("auth|cookie|key|passw|secret|session|signature|token")


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """The credentials of a run: a bearer `token` or a `basic` user and password, a token of a caller who sees
    less (`narrow`), and extra `headers`.

    With a token or basic, the headers go with every request. Without either they are the credentials, and go
    with `Credentials.GIVEN` alone. Raises `UserError` for what cannot be sent or hidden.
    """

    token: str | None = None
    basic: tuple[str, str] | None = None
    narrow: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    _redactor: Redactor = field(init=False, compare=False)

    def __post_init__(self) -> None:
        _check(self)
        object.__setattr__(self, "_redactor", Redactor(_hidden_groups(self)))

    def __repr__(self) -> str:
        kinds = ("token", "basic", "narrow", "headers")
        return "Secrets(" + ", ".join(f"{kind}={HIDDEN}" for kind in kinds if getattr(self, kind)) + ")"

    def authorization(self, credentials: Credentials, seed: int = 0) -> str | None:
        """The value of `Authorization` for these credentials; None where the header is omitted.

        Altered forms need a secret to alter (with basic, the password). Without one they are None, except
        RANDOM, which is then a made-up token.
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
        return () if self._headers_alone and credentials is not Credentials.GIVEN else self.headers

    def redact(self, text: str) -> str:
        """The text with `***` for every secret and its altered forms, however they are spelled."""
        return self._redactor.text(text)

    def redact_bytes(self, content: bytes) -> bytes:
        """As `redact`, for bytes in any encoding."""
        return self._redactor.content(content)

    @property
    def _headers_alone(self) -> bool:
        return self.token is None and self.basic is None

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
    """The token in that environment variable; raises `UserError` without a usable one."""
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
        if len(value) < MIN_SECRET and secrets._headers_alone and _CREDENTIAL_NAME.search(name.lower()):
            raise _too_short(f"The value of the header {name}")


def _check_value(what: str, value: str) -> None:
    # Never quotes the value. White space in a token comes from careless copying.
    if not value:
        raise UserError(f"{what} is empty.")
    if len(value) > _MAX_TOKEN_BYTES:
        raise UserError(f"{what} is longer than 16 KiB.")
    if not re.fullmatch(r"[!-~]+", value):
        raise UserError(f"{what} contains a space, line break, control or non-ASCII character.")
    if len(value) < MIN_SECRET:
        raise _too_short(what)


def _too_short(what: str) -> UserError:
    return UserError(
        f"{what} has fewer than {MIN_SECRET} characters: such a short secret cannot be told from ordinary "
        "words, and so not be kept out of reports. Use a longer one."
    )


def _check_basic(user: str, password: str) -> None:
    if ":" in user:
        raise UserError("The user name contains a colon, which Basic credentials cannot carry.")
    if not password:
        raise UserError("The password is empty.")
    if re.search("[\x00-\x1f\x7f\ud800-\udfff]", user + password):
        raise UserError("The user name or password contains a control character.")
    if len(password) < MIN_SECRET:
        raise _too_short("The password")


def _check_header(name: str, value: str) -> None:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
        raise UserError("A header name contains a character that is not allowed there.")
    if "method" in re.sub("[^a-z]", "", name.lower()):  # gateways treat `_` like `-`
        raise UserError(f"The header {name} could turn a GET into another method: it is never sent.")
    if name.lower().replace("_", "-") in _RESERVED:
        raise UserError(f"The header {name} is set by the suite alone.")
    if not re.fullmatch(r"([!-~\xa1-\xff]([ \t!-~\xa0-\xff]*[!-~\xa1-\xff])?)?", value):
        raise UserError(f"The value of the header {name} contains a character that cannot be sent.")


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
    if credentials is Credentials.OTHER_CASE and secret.swapcase() == secret:  # no letters
        return changed[Credentials.ALTERED]
    return changed.get(credentials, secret)


def _altered_at(secret: str, place: int) -> str:
    return secret[:place] + _neighbour(secret[place]) + secret[place + 1 :]


def _random_like(secret: str, seed: int) -> str:
    draw = random.Random(seed)  # noqa: S311 - a wrong token that the same seed repeats
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


def _hidden_groups(secrets: Secrets) -> Iterator[tuple[str, ...]]:
    """Each text that must not be shown, with its altered forms, which give most of it away."""
    for secret in (secrets.token, secrets.basic and secrets.basic[1]):
        if secret:
            yield (secret, *(_change(secret, kind, 0) for kind in _ALTERED))
    if secrets.narrow:
        yield (secrets.narrow,)
    for name, value in secrets.headers:
        is_credential = _CREDENTIAL_NAME.search(name.lower()) is not None
        for part in (value, *re.split("[\\s;,=]+", value)):
            if len(part) >= MIN_SECRET and (_looks_secret(part) or (is_credential and part == value)):
                yield (part,)


def _looks_secret(value: str) -> bool:
    """Whether it is no ordinary word such as `production`, which responses may contain."""
    return len(value) >= _LONG or not value.isalpha()
