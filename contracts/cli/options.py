"""The table of options as click has it, and what one invocation of a command needs to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from contracts.runs.options import Kind, Option, options_of

_Function = TypeVar("_Function", bound=Callable[..., Any])


def options(command: str, *, variables: bool = False) -> Callable[[_Function], _Function]:
    """Adds the options of a command to its function, with their environment variables if wanted."""

    def decorate(function: _Function) -> _Function:
        for option in reversed(options_of(command)):
            function = _decorator(option, option.variable if variables else None)(function)
        return function

    return decorate


class _Value(click.ParamType[Any]):
    """The value of an option; a file of options has read its own already."""

    def __init__(self, option: Option) -> None:
        self.name = option.kind.name.lower()
        self._option = option

    def convert(self, value: Any, *_: Any) -> Any:
        """The value of the text. Raises UserError."""
        return self._option.parse(value) if isinstance(value, str) else value


def _decorator(option: Option, variable: str | None) -> Callable[[_Function], _Function]:
    names = [option.flag, *([option.short] if option.short else [])]
    if option.kind is Kind.FLAG:
        return click.option(*names, is_flag=True, envvar=variable, help=option.description)
    return click.option(
        *names,
        type=_Value(option),
        metavar=option.placeholder,
        default=option.default,
        multiple=option.multiple,
        required=option.required,
        envvar=variable,
        help=option.description,
    )
