"""Options in TOML files: the keys are names of options, with the same values and the same limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from contracts.model import UserError
from contracts.reports.text import did_you_mean
from contracts.runs.options import Option

_SECRETS = frozenset({"token", "password", "basic", "narrow_token", "secret"})


def values_of(table: Mapping[str, object], options: Iterable[Option], path: Path) -> dict[str, object]:
    """The values by key of a table in that file; names of files are relative to it. Raises UserError."""
    known = {option.key: option for option in options}
    return dict(_value(key, value, known, path) for key, value in table.items())


def _value(key: str, value: object, known: Mapping[str, Option], path: Path) -> tuple[str, object]:
    option = known.get(key.replace("-", "_"))
    if option is None:
        raise UserError(f"{path}: {_unknown(key, known)}")
    found = option.read(value, f"{path}: {key}")
    return option.key, str(path.parent / str(found)) if option.is_path else found


def _unknown(key: str, known: Mapping[str, Option]) -> str:
    plain = key.replace("-", "_").lower()
    if plain in _SECRETS:
        return f"There is no key {key!r}. A file never holds a secret: token_env names its variable."
    hint = did_you_mean(plain, known) or f"Known keys are {', '.join(sorted(known))}."
    return f"There is no key {key[:100]!r}. {hint}"
