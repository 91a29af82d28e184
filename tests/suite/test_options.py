"""The table of options: the values that each takes, and that all front ends take the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from contracts.cli import app
from contracts.cli.config import FILE, defaults
from contracts.model import UserError
from contracts.runs.option_files import values_of
from contracts.runs.options import DEFAULTS, OPTIONS, Kind, Option, options_of

BY_KEY = {option.key: option for option in OPTIONS}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("seed", "7", 7),
        ("seed", "0", 0),
        ("max_requests", "1", 1),
        ("rate", "0.5", 0.5),
        ("timeout", "86400", 86_400.0),
        ("concurrency", "8", 8),
        ("level", "should", "should"),
        ("path", "/p", "/p"),
        ("ca", "a file.pem", "a file.pem"),
    ],
)
def test_a_text_has_a_value(key: str, text: str, value: object) -> None:
    found = BY_KEY[key].parse(text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("key", "text", "takes"),
    [
        ("seed", "-1", "a whole number from 0 to 9223372036854775807"),
        ("seed", "9" * 5_000, "a whole number"),
        ("seed", "1.0", "a whole number"),
        ("max_requests", "0", "a whole number from 1 to 1000000000"),
        ("concurrency", "9", "a whole number from 1 to 8"),
        ("rate", "0", "a number from 0.001"),
        ("timeout", "nan", "a number from 0.001 to 86400"),
        ("deadline", "inf", "a number from 0.001 to 604800"),
        ("deadline", "1e400", "a number"),
        ("max_age", "99999999999", "a whole number from 0 to 36500"),
        ("level", "MUST", "must or should"),
    ],
)
def test_a_text_out_of_range_is_refused(key: str, text: str, takes: str) -> None:
    with pytest.raises(UserError) as refused:
        BY_KEY[key].parse(text)
    assert str(refused.value).startswith(f"{BY_KEY[key].flag} takes {takes}")


@pytest.mark.parametrize("option", [one for one in OPTIONS if one.kind is not Kind.FLAG], ids=lambda o: o.key)
def test_an_empty_value_is_refused(option: Option) -> None:
    with pytest.raises(UserError, match=f"^{option.flag} is empty. Is a variable unset"):
        option.parse("  ")


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
@pytest.mark.parametrize("value", [None, [], {}, [[]], float("inf"), float("nan"), {"a": 1}])
def test_a_value_of_another_type_in_a_file_is_refused(option: Option, value: Any) -> None:
    if option.multiple and value == []:
        return
    with pytest.raises(UserError, match=r"^FILE: key takes "):
        option.read(value, "FILE: key")


def test_the_table_is_complete() -> None:
    for option in OPTIONS:
        assert option.help.endswith("."), option.name
        assert len(option.description) <= 110, option.name
        assert not (option.once and option.per_deployment), option.name
        assert DEFAULTS[option.key] == option.default or option.kind is Kind.FLAG or option.multiple
        if option.default is not None:
            assert option.parse(str(option.default)) == option.default


def test_no_command_has_two_options_of_one_name() -> None:
    for command in {command for option in OPTIONS for command in option.commands}:
        names = [one for option in options_of(command) for one in (option.flag, option.short) if one]
        assert len(names) == len(set(names)), command


@pytest.mark.parametrize("command", app.commands.commands)
def test_click_has_the_defaults_of_the_table(command: str) -> None:
    context = click.Context(app.commands.commands[command])
    for param in app.commands.commands[command].params:
        if isinstance(param, click.Option):
            assert param.get_default(context) in (DEFAULTS[str(param.name)], None, ())


EXAMPLES: dict[Kind, object] = {Kind.FLAG: True, Kind.TEXT: "x", Kind.FILE: "f", Kind.DIRECTORY: "d"}


def test_every_option_that_is_not_for_once_may_be_in_the_file(tmp_path: Path) -> None:
    wanted = [option for option in options_of("check") if not option.once]
    lines = []
    for option in wanted:
        value = option.choices[0] if option.choices else EXAMPLES.get(option.kind, 5)
        lines.append(f"{option.name} = {str(value).lower() if value is True else repr(value)}")
    (tmp_path / FILE).write_text("\n".join(lines))
    found = defaults(tmp_path)
    assert found.keys() == {option.key for option in wanted}
    assert found["ca"] == str(tmp_path / "f")
    assert (found["only"], found["open"], found["rate"]) == (("x",), True, 5)


def test_names_in_a_file_are_those_of_the_command_line() -> None:
    found = values_of({"no-concurrent-writes": True, "token_env": "A"}, OPTIONS, Path("dir/file"))
    assert found == {"no_concurrent_writes": True, "token_env": "A"}
