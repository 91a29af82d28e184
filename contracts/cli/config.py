"""The file that saves long command lines: `bifrost-contracts.toml`, or a table of `pyproject.toml`.

An option wins over an environment variable (`BIFROST_CONTRACTS_MAX_REQUESTS`), and that over the file. Every
option of a command may stand in the file; what would be a secret has no option, so it cannot.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from contracts.model import UserError

FILE = "bifrost-contracts.toml"
TABLE = "bifrost-contracts"
PREFIX = "BIFROST_CONTRACTS_"

# What one wants for a single run alone.
_NOT_IN_A_FILE = frozenset({"plan", "as_json"})
_SECRETS = frozenset({"token", "password", "basic", "narrow_token", "secret"})
_GOALS = ("url", "targets")
_PATHS = frozenset({"FILE", "DIR"})

STARTER = """\
# What `bifrost-contracts check` does here without options. An option on the command line wins over an
# environment variable (BIFROST_CONTRACTS_URL, BIFROST_CONTRACTS_LEVEL, ...), and that over this file.
# Every option of `check` may stand here, with _ in the place of -. A token never does: name its variable.

url = {url}
{token}

# path = "/api/access-profiles"     # else whichever is served
# open = true                       # authentication is switched off on purpose
# level = "must"                    # or "should": what decides the exit status
# allow_unexercised = true          # accept requirements that the data cannot exercise
# max_requests = 1000
# deadline = 300                    # seconds
# report = "bifrost-report"         # HTML, JSON, JUnit, SARIF and CTRF
# badge = "bifrost-contract.svg"
"""


class Configured(click.Command):
    """A command whose options may stand in the environment or in the file."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context, with what the file says as defaults."""
        for option in self.params:
            if isinstance(option, click.Option) and option.envvar is None:
                option.envvar = variable(option)
        if not {"-h", "--help"} & set(args):
            refuse_empty(self)
            extra.setdefault("default_map", defaults(self, Path.cwd()))
        return super().make_context(info_name, args, parent, **extra)


def variable(option: click.Parameter) -> str:
    """The environment variable of an option."""
    return PREFIX + key_of(option).upper()


def key_of(option: click.Parameter) -> str:
    """The key of an option in the file: its longest spelling, with _ in the place of -."""
    return max(option.opts, key=len).lstrip("-").replace("-", "_")


def refuse_empty(command: click.Command) -> None:
    """UserError for a variable that is set to nothing, as a CI system leaves one whose secret is missing."""
    for option in command.params:
        if os.environ.get(variable(option)) == "":
            raise UserError(f"The variable {variable(option)} is set, but empty.")


def defaults(command: click.Command, start: Path) -> dict[str, Any]:
    """What the nearest file says, by the names of the parameters; UserError for what makes no sense."""
    found = find(start)
    if found is None:
        return {}
    path, table = found
    known = {key_of(one): one for one in command.params if one.name not in _NOT_IN_A_FILE}
    return dict(_entry(key, value, known, path) for key, value in table.items())


def nearer(
    context: click.Context, url: tuple[str, ...], targets: str | None
) -> tuple[tuple[str, ...], str | None]:
    """What to judge: where only one of the two is asked for nearby, the file's word on the other is void."""
    in_file = {name: context.get_parameter_source(name) is ParameterSource.DEFAULT_MAP for name in _GOALS}
    if in_file["url"] and targets is not None and not in_file["targets"]:
        return (), targets
    if in_file["targets"] and url and not in_file["url"]:
        return url, None
    return url, targets


def find(start: Path) -> tuple[Path, Mapping[str, Any]] | None:
    """The nearest file in this directory or above, and its table; None where there is none."""
    for directory in (start, *start.parents):
        own, project = directory / FILE, directory / "pyproject.toml"
        if own.is_file():
            return own, _read(own)
        if project.is_file():
            table = _read(project).get("tool", {}).get(TABLE)
            if table is not None:
                return project, table
    return None


def write_starter(directory: Path, url: str | None, token_env: str | None) -> Path:
    """Write a file to begin with; UserError where there is one already, or it cannot be written."""
    import json

    path = directory / FILE
    project = directory / "pyproject.toml"
    if project.is_file() and TABLE in _read(project).get("tool", {}):
        raise UserError(f"{project} has a table [tool.{TABLE}] already.")
    token = f"token_env = {json.dumps(token_env or 'BIFROST_TOKEN')}"
    text = STARTER.format(
        url=json.dumps(url or "https://gateway.example"), token=token if token_env else f"# {token}"
    )
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path} is there already; edit it, or take it away first.") from None
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error
    return path


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"Cannot read {path}: {error}.") from error


def _entry(key: str, value: object, known: Mapping[str, click.Parameter], path: Path) -> tuple[str, Any]:
    option = known.get(key.replace("-", "_"))
    if option is None:
        raise UserError(f"{path}: {_unknown(key, known)}")
    name = str(option.name)
    if isinstance(option, click.Option) and option.is_flag:
        return name, _checked(value, bool, "true or false", key, path)
    if option.multiple or option.nargs == -1:
        listed = [value] if isinstance(value, str) else value
        items = _checked(listed, list, "a text or a list of texts", key, path)
        return name, [_checked(item, str, "a list of texts", key, path) for item in items]
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UserError(f"{path}: {key} takes a text or a number.")
    return name, _from_here(value, option, path)


def _checked(value: Any, kind: type, words: str, key: str, path: Path) -> Any:
    if not isinstance(value, kind):
        raise UserError(f"{path}: {key} takes {words}.")
    return value


def _from_here(value: str | int | float, option: click.Parameter, path: Path) -> str | int | float:
    """File names in the file are relative to the file, not to where the command runs."""
    if isinstance(value, str) and value.strip() and getattr(option, "metavar", None) in _PATHS:
        return str(path.parent / value)
    return value


def _unknown(key: str, known: Mapping[str, click.Parameter]) -> str:
    plain = key.replace("-", "_").lower()
    if plain in _SECRETS:
        return f"there is no key {key!r}: a secret never stands in a file; token_env names its variable."
    close = get_close_matches(plain, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(sorted(known))}."
    return f"there is no key {key!r}; {hint}"
