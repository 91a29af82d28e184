"""What option values stand for, the same for all front ends: credentials, certificates, how to report.

No message repeats what was given where a token was expected: people paste the token itself.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from contracts.files import read_file, read_text, shown
from contracts.model import UserError
from contracts.reports.curl import TOKEN_VARIABLE, Secret
from contracts.reports.text import did_you_mean

if TYPE_CHECKING:
    from contracts.transport import Secrets

INSECURE = "WARNING: TLS certificates are not verified. Others may read the token or change the responses."

_HEADERS_LIMIT = 64 * 1024  # bytes
_CERTIFICATES_LIMIT = 16 * 2**20
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class CredentialSources:
    """Where the user keeps the secrets: names of environment variables and files."""

    token_env: str | None = None
    token_file: str | None = None
    basic_env: str | None = None
    narrow_token_env: str | None = None
    headers_env: str | None = None
    headers_file: str | None = None

    def secrets(self) -> Secrets:
        """The secrets; none without a source and if the default variable is not set. Raises UserError."""
        from contracts.transport import Secrets

        self._refuse_two("token_env", "token_file", "basic_env")
        self._refuse_two("headers_env", "headers_file")
        return Secrets(
            token=self._token(),
            basic=None if self.basic_env is None else _basic(self.basic_env),
            narrow=None
            if self.narrow_token_env is None
            else _token("--narrow-token-env", self.narrow_token_env),
            headers=self._headers(),
        )

    def secret(self) -> Secret | None:
        """How curl lines write the place of the secret; None where there is none."""
        if self.basic_env is not None:
            return Secret(self.basic_env, basic=True)
        if self.token_env is None and self.token_file is None and TOKEN_VARIABLE not in os.environ:
            return None
        return Secret(self.token_env or TOKEN_VARIABLE)

    def _refuse_two(self, *keys: str) -> None:
        given = [f"--{key.replace('_', '-')}" for key in keys if getattr(self, key) is not None]
        if len(given) > 1:
            raise UserError(f"{' and '.join(given)} are mutually exclusive.")

    def _headers(self) -> tuple[tuple[str, str], ...]:
        if self.headers_env is not None:
            text = _variable("--headers-env", self.headers_env)
            return header_lines("The variable of --headers-env", text)
        if self.headers_file is not None:
            what = "The file of --headers-file"
            return header_lines(what, read_text(self.headers_file, what, at_most=_HEADERS_LIMIT))
        return ()

    def _token(self) -> str | None:
        from contracts.transport import token_from_file

        if self.token_file is not None:
            return token_from_file(self.token_file)
        if self.token_env is not None:
            return _token("--token-env", self.token_env)
        if self.basic_env is not None or TOKEN_VARIABLE not in os.environ:
            return None
        return _token("", TOKEN_VARIABLE)


def credential_sources(given: Mapping[str, Any]) -> CredentialSources:
    """Where the secrets are kept, according to the option values."""
    return CredentialSources(**{field.name: given[field.name] for field in fields(CredentialSources)})


def verification(ca: str | None, *, insecure: bool) -> bool | str:
    """How to verify TLS: True with the usual CA certificates, a file of others, or False not at all."""
    if ca is None:
        return not insecure
    if insecure:
        raise UserError("--ca and --insecure are mutually exclusive.")
    read_file(ca, f"--ca {shown(ca)}", at_most=_CERTIFICATES_LIMIT)
    return ca


def client_certificate(certificate: str | None, key: str | None) -> tuple[str, str | None] | None:
    """The files of the client's certificate and of its key; None for the key if both are in one file."""
    if certificate is None:
        if key is not None:
            raise UserError("--client-key requires --client-cert.")
        return None
    for option, name in (("--client-cert", certificate), ("--client-key", key)):
        if name is not None:
            read_file(name, f"{option} {shown(name)}", at_most=_CERTIFICATES_LIMIT)
    return certificate, key


def header_lines(what: str, text: str) -> tuple[tuple[str, str], ...]:
    """The header fields of a text with one `Name: value` per line; blank lines and `#` lines are ignored.

    No error quotes the text, because the values may be secrets.
    """
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise UserError(f"{what} contains no header field.")
    found = [line.partition(":") for line in lines]
    if not all(name.strip() and colon for name, colon, _ in found):
        raise UserError(f"{what} must contain one `Name: value` per line.")
    return tuple((name.strip(), value.strip()) for name, _, value in found)


def require_url(value: str) -> str:
    """The URL, which an unset variable of a CI system would leave empty."""
    if not value.strip():
        raise UserError("The URL is empty. Is a variable unset?")
    return value


def requirement_ids(values: Iterable[str]) -> frozenset[str]:
    """The ids in repeated, comma-separated values; empty only if no value was given."""
    given = list(values)
    found = frozenset(item.strip() for value in given for item in value.split(",") if item.strip())
    if given and not found:
        raise UserError("--only names no requirement. Is a variable unset?")
    return found


def require_known(kind: str, name: str | None, known: Iterable[str]) -> None:
    """UserError for a name that is not known."""
    names = list(known)
    if name is not None and name not in names:
        hint = did_you_mean(name, names) or "--list prints all."
        raise UserError(f"There is no {kind} {name!r}. {hint}")


def bug(error: Exception) -> str:
    """One sentence on an internal error, without the values and the text that it carries."""
    return (
        f"internal error of bifrost-contracts ({type(error).__name__}) at {_place(error)}; "
        "this is not a verdict on the deployment; please report it"
    )


def _place(error: Exception) -> str:
    """Module and line where it happened: the innermost frame of the suite, never values or locals."""
    frames = traceback.walk_tb(error.__traceback__)
    named = [(str(frame.f_globals.get("__name__", "")), number) for frame, number in frames]
    ours = [(module, number) for module, number in named if module.partition(".")[0] == "contracts"]
    return "{}:{}".format(*(ours or named or [("an unknown place", 0)])[-1])


def _token(option: str, name: str) -> str:
    from contracts.transport import token_from_env

    _variable(option, name)
    return token_from_env(name)


def _basic(name: str) -> tuple[str, str]:
    user, colon, password = _variable("--basic-env", name).partition(":")
    if not colon:
        raise UserError("The variable of --basic-env does not contain user:password.")
    return user, password


def _variable(option: str, name: str) -> str:
    """The value of the variable that the option names, or of the default one without an option."""
    if not _VARIABLE.fullmatch(name):
        raise UserError(f"{option} takes the name of an environment variable, not the secret itself.")
    which = f"The variable of {option}" if option else f"The variable {name}"
    if name not in os.environ:
        raise UserError(f"{which} is not set.")
    if not os.environ[name].strip():
        raise UserError(f"{which} is empty. Unset it to send no credentials.")
    return os.environ[name]
