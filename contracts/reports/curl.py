"""A request as a curl line that a person can paste: the same bytes, with variables where secrets stand."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from contracts.model import MADE_UP_BASIC, NEW_PATH, OLD_PATH, Credentials, Request

TOKEN_VARIABLE = "BIFROST_TOKEN"  # noqa: S105 - the name of a variable, not a secret
"""The shell variable that stands for the token unless the user keeps it in another one."""

# What curl would tidy up on its way: doubled slashes, dot segments (plain or encoded).
_ODD_PATH = re.compile(r"//|(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)
_PLAIN = re.compile(r"[\x20-\x7e]*")

_UNALTERED = (Credentials.GIVEN, Credentials.LOWER_CASE_SCHEME)  # the secret itself is sent


@dataclass(frozen=True, slots=True)
class Secret:
    """Where the user keeps a secret: the variable, and whether it holds `user:password` (Basic)."""

    variable: str = TOKEN_VARIABLE
    basic: bool = False


@dataclass(frozen=True, slots=True)
class Site:
    """What stays the same from request to request.

    `deployment` is the URL of the operation, `prefix` the path of the base URL; None is for a URL that ends
    with a known path. `secret` is None where the run had no credentials.
    """

    deployment: str
    prefix: str | None = None
    secret: Secret | None = field(default_factory=Secret)
    narrow: str = f"{TOKEN_VARIABLE}_NARROW"


def line(request: Request, site: Site) -> str:
    """The request as one curl line."""
    address = url(request, site)
    parts = ["curl", "-g", *_method(request.method)]
    if _ODD_PATH.search(urlsplit(address).path):
        parts.append("--path-as-is")
    return " ".join([*parts, *_authorization(request.credentials, site), _quoted(address)])


def url(request: Request, site: Site) -> str:
    """The URL that the request went to, its query byte for byte."""
    base = urlsplit(site.deployment)
    return f"{base.scheme}://{base.netloc}{target(request, site)}"


def target(request: Request, site: Site) -> str:
    """The request target as it went over the wire: path and query."""
    path = _operation(site) if request.path is None else _prefix(site) + request.path
    return f"{path}?{request.query}" if request.query else path


def _operation(site: Site) -> str:
    return urlsplit(site.deployment).path


def _prefix(site: Site) -> str:
    if site.prefix is not None:
        return site.prefix
    path = _operation(site)
    known = next((known for known in (OLD_PATH, NEW_PATH) if path.endswith(known)), "")
    return path.removesuffix(known) if known else ""


def _method(method: str) -> list[str]:
    # -X HEAD would wait for content that never comes; -I asks for the headers alone.
    return {"GET": ["-i"], "HEAD": ["-I"]}.get(method, ["-i", "-X", _quoted(method)])


def _authorization(credentials: Credentials, site: Site) -> list[str]:
    secret = site.secret or Secret()
    if credentials is Credentials.NONE or (site.secret is None and credentials is Credentials.GIVEN):
        return []
    if credentials is Credentials.OTHER_SCHEME:
        return ["-H", """'Authorization: Digest username="contracts"'"""]
    if credentials is Credentials.MADE_UP_BASIC:
        return ["-u", MADE_UP_BASIC]
    if credentials is Credentials.NARROW:
        return _header(f"Bearer ${site.narrow}")
    if credentials is Credentials.EMPTY:
        return _header("Basic " if secret.basic else "Bearer ")
    variable = f"${secret.variable}" + ("" if credentials in _UNALTERED else f"_{credentials.name}")
    return _with_secret(variable, secret, lower=credentials is Credentials.LOWER_CASE_SCHEME)


def _with_secret(variable: str, secret: Secret, *, lower: bool) -> list[str]:
    if secret.basic and not lower:
        return ["-u", f'"{variable}"']
    value = f"Basic $(printf %s {variable} | base64 -w0)" if secret.basic else f"Bearer {variable}"
    return _header(value[0].lower() + value[1:] if lower else value)


def _header(value: str) -> list[str]:
    return ["-H", f'"Authorization: {value}"']


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return shlex.quote(text)
    return "$'" + "".join(_ansi_c(byte) for byte in text.encode("utf-8", "surrogatepass")) + "'"


def _ansi_c(byte: int) -> str:
    character = chr(byte)
    return character if 0x20 <= byte <= 0x7E and character not in "'\\" else f"\\x{byte:02x}"
