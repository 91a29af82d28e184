"""The configuration file of `check`: `bifrost-contracts.toml`, or a table of `pyproject.toml`.

An option wins over an environment variable (`BIFROST_CONTRACTS_MAX_REQUESTS`), and that over the file.
There is no option for a secret, so no file holds one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from contracts.files import read_toml, write_new_file
from contracts.model import UserError
from contracts.runs.option_files import values_of
from contracts.runs.options import URL, options_of

FILE = "bifrost-contracts.toml"
TABLE = "bifrost-contracts"

_URLS = replace(URL, multiple=True)
_OPTIONS = (_URLS, *(option for option in options_of("check") if not option.once))

STARTER = """\
# Options of `bifrost-contracts check`. An option on the command line wins over an environment variable
# (BIFROST_CONTRACTS_URL, BIFROST_CONTRACTS_LEVEL, ...), and that over this file. Any option of `check` can be
# set here, with _ instead of -. Never write a token here: name the environment variable that holds it.

url = {url}
{token}

# path = "/api/access-profiles"     # default: the one served
# open = true                       # authentication is disabled on purpose
# level = "must"                    # or "should": lowest level that decides the exit status
# allow_unexercised = true          # accept requirements that the data does not exercise
# max_requests = 1000
# deadline = 300                    # seconds
# report = "bifrost-report"         # HTML, JSON, JUnit, SARIF and CTRF
# badge = "bifrost-contract.svg"
"""


class Configured(click.Command):
    """A command whose options may also be set by environment variables and by the file."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context, with the values of the file as defaults."""
        if not {"-h", "--help"} & set(args):
            _refuse_empty_variables()
            extra.setdefault("default_map", defaults(working_directory()))
        return super().make_context(info_name, args, parent, **extra)


def working_directory() -> Path:
    """Where the command runs. Raises UserError if the directory was removed."""
    try:
        return Path.cwd()
    except OSError as error:
        raise UserError(f"The working directory cannot be read: {error.strerror}.") from None


def defaults(start: Path) -> dict[str, Any]:
    """The option values in the file that holds for this directory, by the names of click's parameters."""
    found = find(start)
    return {} if found is None else values_of(found[1], _OPTIONS, found[0])


def closest(
    context: click.Context, urls: tuple[str, ...], targets: str | None
) -> tuple[tuple[str, ...], str | None]:
    """What to check: URLs or targets given for this call replace those in the configuration file."""
    in_file = {
        name: context.get_parameter_source(name) is ParameterSource.DEFAULT_MAP for name in ("url", "targets")
    }
    if in_file["url"] and targets is not None and not in_file["targets"]:
        return (), targets
    if in_file["targets"] and urls and not in_file["url"]:
        return urls, None
    return urls, targets


def find(start: Path) -> tuple[Path, Mapping[str, object]] | None:
    """The closest file in this directory or above, and its table; None if there is none."""
    for directory in (start, *start.parents):
        own, project = directory / FILE, directory / "pyproject.toml"
        if os.path.lexists(own):
            return own, read_toml(own)
        table = _project_table(project)
        if table is not None:
            return project, table
    return None


def write_starter(directory: Path, url: str | None, token_env: str | None) -> Path:
    """Write a file to begin with. Raises UserError if there is one already, or it cannot be written."""
    path, project = directory / FILE, directory / "pyproject.toml"
    if _project_table(project) is not None:
        raise UserError(f"{project} already has a table [tool.{TABLE}].")
    token = f"token_env = {json.dumps(token_env or 'BIFROST_TOKEN')}"
    text = STARTER.format(
        url=json.dumps(url or "https://gateway.example"), token=token if token_env else f"# {token}"
    )
    write_new_file(path, text.encode("utf-8"), 0o644)
    return path


def _project_table(project: Path) -> Mapping[str, object] | None:
    """The table in a `pyproject.toml`; None without the file or the table."""
    if not os.path.isfile(project):  # noqa: PTH113 - Path.is_file raises in a directory without access
        return None
    tool = read_toml(project).get("tool")
    table = tool.get(TABLE) if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise UserError(f"{project}: tool.{TABLE} must be a table.")
    return table


def _refuse_empty_variables() -> None:
    """UserError for a variable that is set but empty, as in a CI system whose secret is missing."""
    for option in _OPTIONS:
        if os.environ.get(option.variable) == "":
            raise UserError(f"The variable {option.variable} is set, but empty.")
