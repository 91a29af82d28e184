"""Where requests may go: one origin, one path prefix, one operation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

from contracts.model import Request, UserError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Visible ASCII. A space or line break would end the request line; `?` and `#` end a path and a target.
_PATH = re.compile(r"/[!-\"$->@-~]*")
_QUERY = re.compile(r"[!-\"$-~]*")


class Refused(Exception):  # noqa: N818 - says what happened, as `BudgetSpent` does
    """A request that must never leave: a bug of the suite, not a mistake of the user or the deployment."""


@dataclass(frozen=True, slots=True)
class Target:
    """The operation under test: `origin` (`https://host:port`), `prefix` (empty or `/gateway`) and `path`."""

    origin: str
    prefix: str
    path: str

    @classmethod
    def parse(cls, base_url: str, path: str) -> Target:
        """The target for a base URL and a path; raises `UserError` for unusable ones."""
        parts = _split(base_url)
        prefix = parts.path.rstrip("/")
        _check_path(path)
        if path != "/" and (prefix + "/").endswith(path.rstrip("/") + "/"):
            raise UserError(f"The base URL already ends with {path}: give it without the path.")
        return cls(_origin(base_url, parts), prefix, path)

    @property
    def url(self) -> str:
        """The whole URL of the operation, for people."""
        return self.origin + self.prefix + self.path

    @property
    def authority(self) -> str:
        """Host and port of the origin, for messages."""
        return self.origin.partition("://")[2]

    @property
    def secure(self) -> bool:
        """Whether the origin uses TLS."""
        return self.origin.startswith("https:")

    def raw(self, request: Request) -> bytes:
        """The request target, byte for byte; raises `Refused` if it must not leave."""
        if request.method not in SAFE_METHODS:
            raise Refused(f"The method {request.method!r} could change the deployment.")
        path = self.path if request.path is None else request.path
        if not _PATH.fullmatch(path):
            raise Refused(f"The path {path!r} is not an absolute path of visible ASCII without '?' and '#'.")
        if not _QUERY.fullmatch(request.query):
            raise Refused(f"The query {request.query!r} is not percent-encoded.")
        return (self.prefix + path + ("?" + request.query if request.query else "")).encode("ascii")


def _split(base_url: str) -> SplitResult:
    if not base_url.strip():
        raise UserError("The base URL is empty: give one such as https://gateway.example.")
    if not re.fullmatch(r"[!-\[\]-~]+", base_url):  # before urlsplit, which drops line breaks
        raise UserError("The base URL contains a space, control character, backslash or non-ASCII character.")
    if "://" not in base_url:
        raise UserError("The base URL has no scheme: write https:// or http:// before the host.")
    try:
        parts = urlsplit(base_url)
    except ValueError as error:
        raise UserError(f"The base URL is malformed: {error}.") from None
    _check_parts(base_url, parts)
    return parts


def _check_parts(base_url: str, parts: SplitResult) -> None:
    # The URL itself is never quoted: it may contain a password.
    if parts.scheme not in ("http", "https"):
        raise UserError(f"The base URL has the scheme {parts.scheme!r}: only http and https are supported.")
    if "@" in parts.netloc:
        raise UserError("The base URL contains a user or password: secrets belong in --token-env.")
    if "?" in base_url or "#" in base_url:
        raise UserError("The base URL has a query or fragment: leave it out.")
    if not parts.hostname:
        raise UserError("The base URL has no host.")


def _origin(base_url: str, parts: SplitResult) -> str:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise UserError("The port of the base URL is not a number from 1 to 65535.")
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host or not _is_plausible(parts.hostname or ""):
        raise UserError("The host of the base URL is neither a name nor an address.")
    return f"{url.scheme}://{url.netloc.decode('ascii').lower()}"


def _is_plausible(host: str) -> bool:
    if ":" in host:  # an IPv6 address: urlsplit and httpx have checked it
        return True
    labels = host.removesuffix(".").split(".")
    return len(host) < 254 and all(re.fullmatch(r"[a-z0-9_-]{1,63}", label) for label in labels)


def _check_path(path: str) -> None:
    if not path.startswith("/"):
        raise UserError("The path of the operation must start with '/'.")
    if not _PATH.fullmatch(path):
        raise UserError(
            "The path of the operation contains a query, fragment, space, control or non-ASCII character."
        )
