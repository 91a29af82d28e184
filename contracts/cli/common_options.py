"""Options of commands of all kinds, those without a deployment too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])


def json_option(what: str) -> Callable[[_Function], _Function]:
    """The option `--json` of a command that otherwise prints `what` for people."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what} as JSON and nothing else.")


document_option = click.option(
    "--document", metavar="FILE", help="Another OpenAPI document with x-requirements."
)
