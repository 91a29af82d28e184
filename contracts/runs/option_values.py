"""What the user may ask for, the same for every face: credentials, bounds, names; refused in one sentence.

Nothing here ever repeats what was given where a token was expected: people paste the token itself.
"""

from __future__ import annotations

import math
import os
import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from contracts.model import UserError
from contracts.reports.curl import TOKEN_VARIABLE, Secret

if TYPE_CHECKING:
    from contracts.transport import Bounds, Secrets

_Bound = TypeVar("_Bound", int, float, float | None)
INSECURE = "WARNING: TLS is not verified; the token and the verdicts can be tampered with."

# Each may hold content up to the bound at the same time.
MOST_CONCURRENT = 8

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class CredentialSources:
    """Where the user keeps the secrets: names of environment variables, or a file."""

    token_env: str | None = None
    token_file: str | None = None
    basic_env: str | None = None
    narrow_token_env: str | None = None
    headers_env: str | None = None
    headers_file: str | None = None

    def secrets(self) -> Secrets:
        """The secrets themselves; none where nothing is given and the default variable is unset."""
        from contracts import transport

        self._require_one()
        return transport.Secrets(
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

    def _require_one(self) -> None:
        given = {
            "--token-env": self.token_env,
            "--token-file": self.token_file,
            "--basic-env": self.basic_env,
        }
        names = [name for name, value in given.items() if value is not None]
        if len(names) > 1:
            raise UserError(f"{' and '.join(names)} exclude each other; give one.")

    def _headers(self) -> tuple[tuple[str, str], ...]:
        if self.headers_env is not None and self.headers_file is not None:
            raise UserError("--headers-env and --headers-file exclude each other; give one.")
        if self.headers_env is not None:
            _require_variable("--headers-env", self.headers_env)
            return header_lines("The variable that --headers-env names", os.environ[self.headers_env])
        if self.headers_file is not None:
            return header_lines("The file of --headers-file", _text_of("--headers-file", self.headers_file))
        return ()

    def _token(self) -> str | None:
        if self.token_file is not None:
            return _token_in_file(self.token_file)
        if self.token_env is not None:
            return _token("--token-env", self.token_env)
        if self.basic_env is not None or TOKEN_VARIABLE not in os.environ:
            return None
        return _token(None, TOKEN_VARIABLE)


def bounds(
    max_requests: int | None,
    rate: float | None,
    timeout: float | None,
    deadline: float | None,
    concurrency: int | None = None,
) -> Bounds:
    """The bounds that the user asks for, the transport's own where nothing is asked."""
    from contracts.transport import Bounds

    own = Bounds()
    if concurrency is not None and not 1 <= concurrency <= MOST_CONCURRENT:
        raise UserError(f"--concurrency takes a number from 1 to {MOST_CONCURRENT}.")
    return replace(
        own,
        max_requests=_positive("--max-requests", max_requests, own.max_requests),
        rate=_positive("--rate", rate, own.rate),
        timeout=_positive("--timeout", timeout, own.timeout),
        deadline=_positive("--deadline", deadline, own.deadline),
        concurrency=own.concurrency if concurrency is None else concurrency,
    )


def lifted(bounds: Bounds, asked: Iterable[str] = ()) -> Bounds:
    """The bounds for a walk of everything: those on a run as a whole are off, unless they were asked for."""
    whole: dict[str, Any] = {"max_requests": 10**9, "deadline": 7 * 86_400.0, "max_total_content": 2**60}
    return replace(bounds, **{name: value for name, value in whole.items() if name not in set(asked)})


def of_a_walk(bounds: Bounds, given: Mapping[str, Any]) -> Bounds:
    """The bounds, lifted where --exhaustive is given; UserError for --resume without it."""
    if given["exhaustive"]:
        return lifted(bounds, [name for name in ("max_requests", "deadline") if given[name] is not None])
    if given["resume"] is not None:
        raise UserError("--resume goes with --exhaustive.")
    return bounds


def verification(ca: str | None, *, insecure: bool) -> bool | str:
    """How TLS is verified: True by the usual certificates, a file of others, or False not at all."""
    if ca is not None and insecure:
        raise UserError("--ca and --insecure exclude each other; give one.")
    if ca is not None and not Path(ca).is_file():
        raise UserError(f"--ca takes a file of certificates, and there is no file {ca}.")
    return not insecure if ca is None else ca


def client_certificate(certificate: str | None, key: str | None) -> tuple[str, str | None] | None:
    """The files of the client's certificate and of its key (None: both are in one file)."""
    if certificate is None:
        if key is not None:
            raise UserError("--client-key is of use with --client-cert alone.")
        return None
    for option, name in (("--client-cert", certificate), ("--client-key", key)):
        if name is not None and not Path(name).is_file():
            raise UserError(f"{option} takes a PEM file, and there is no file {name}.")
    return certificate, key


def header_lines(what: str, text: str) -> tuple[tuple[str, str], ...]:
    """The header fields of a text with one `Name: value` a line; blank lines and lines with `#` do not count.

    No error quotes the text, for the values may be secrets.
    """
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        raise UserError(f"{what} holds no header field.")
    found = [line.partition(":") for line in lines]
    if not all(name.strip() and colon for name, colon, _ in found):
        raise UserError(f"{what} does not hold one `Name: value` a line.")
    return tuple((name.strip(), value.strip()) for name, _, value in found)


def require_url(value: str) -> str:
    """The URL, which an unset variable of a CI system would leave empty."""
    if not value.strip():
        raise UserError("The URL is empty; is a variable unset?")
    return value


def ids(values: Iterable[str]) -> frozenset[str]:
    """Requirement ids from repeated, comma-separated values; empty only where no value was given."""
    given = list(values)
    found = frozenset(item.strip() for value in given for item in value.split(",") if item.strip())
    if given and not found:
        raise UserError("--only names no requirement; is a variable unset?")
    return found


def require_known(kind: str, name: str | None, known: Iterable[str]) -> str | None:
    """The name, which must be one of those known; the error offers the closest."""
    names = sorted(known)
    if name is None or name in names:
        return name
    close = get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(close)}?" if close else "--list shows all."
    raise UserError(f"There is no {kind} {name!r}; {hint}")


def bug(error: Exception) -> str:
    """One sentence on an error of the suite itself, without the values and the text that it carries."""
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


def _positive(name: str, value: _Bound | None, own: _Bound) -> _Bound:
    if value is None:
        return own
    if not (math.isfinite(value) and value > 0):
        raise UserError(f"{name} takes a number above 0.")
    return value


def _token(option: str | None, name: str) -> str:
    from contracts.transport import token_from_env

    _require_variable(option, name)
    return token_from_env(name)


def _token_in_file(name: str) -> str:
    from contracts.transport import token_from_file

    if not Path(name).is_file():
        raise UserError("--token-file takes the path of an existing file that holds the token.")
    return token_from_file(Path(name))


def _text_of(option: str, name: str) -> str:
    path = Path(name)
    if not path.is_file():
        raise UserError(f"{option} takes the path of an existing file.")
    try:
        return path.read_bytes()[: 64 * 1024].decode("utf-8")
    except OSError as error:
        raise UserError(f"The file of {option} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise UserError(f"The file of {option} holds no text.") from None


def _basic(name: str) -> tuple[str, str]:
    _require_variable("--basic-env", name)
    user, colon, password = os.environ[name].partition(":")
    if not colon:
        raise UserError("The variable that --basic-env names does not hold user:password.")
    return user, password


def _require_variable(option: str | None, name: str) -> None:
    if not _VARIABLE.fullmatch(name):
        raise UserError(f"{option} takes the name of an environment variable, not the secret itself.")
    which = f"The variable {name}" if option is None else f"The variable that {option} names"
    if name not in os.environ:
        raise UserError(f"{which} is not set.")
    if not os.environ[name].strip():
        raise UserError(f"{which} is empty; unset it to go without credentials.")
