"""The table of options as pytest has it, and the contracts that they ask for."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.model import UserError
from contracts.pytest_plugin.contract import Contract
from contracts.reports.curl import Secret
from contracts.runs.option_values import require_url
from contracts.runs.options import DEFAULTS, Kind, Option, options_of

_OPTIONS = options_of("pytest")
_PREFIX = "contract_"  # of the names among pytest's own


def add_options(parser: pytest.Parser) -> None:
    """Add the options; one whose name another plugin has taken is `--contract-NAME` alone."""
    group = parser.getgroup("contract", "contract of GET /api/access-profiles (with --base-url or --targets)")
    for option in _OPTIONS:
        attributes = _attributes(option)
        try:
            group.addoption(option.flag, **attributes)
        except (ValueError, argparse.ArgumentError):  # pytest-timeout has --timeout, for example
            group.addoption(f"--contract-{option.name}", **attributes)


def _attributes(option: Option) -> dict[str, Any]:
    dest = _PREFIX + option.key
    if option.kind is Kind.FLAG:
        return {"dest": dest, "action": "store_true", "help": option.description}
    # pytest takes the value of an option that it does not know yet for a path of tests, hence the "=".
    hint = f" Write {option.flag}={option.placeholder}." if option.is_path else ""
    return {"dest": dest, "metavar": option.placeholder, "help": option.description + hint}


def values(config: pytest.Config) -> dict[str, Any]:
    """The option values by key. Raises UserError."""
    return {option.key: _value(option, getattr(config.option, _PREFIX + option.key)) for option in _OPTIONS}


def _value(option: Option, given: str | bool | None) -> object:
    if given is None:
        return DEFAULTS[option.key]
    return option.parse(given) if isinstance(given, str) else given


def contracts(config: pytest.Config) -> tuple[Contract, ...]:
    """The contract of each deployment to check. Raises UserError."""
    given, base_url = values(config), _base_url(config)
    if given["targets"] is not None:
        if base_url is not None:
            raise UserError("--targets and --base-url are mutually exclusive.")
        return _of_targets(given)
    if base_url is None:
        return (_of_reference(given),)
    (found,) = _of_deployments(({"url": base_url},), given)
    return (replace(found, name=""),)  # test ids need no name where there is only one deployment


def _of_reference(given: dict[str, Any]) -> Contract:
    from contracts.judging.catalogue import load_catalogue
    from contracts.runs.settings import report_options, settings, waiving
    from contracts.transport import Secrets

    for option in _OPTIONS:
        if option.per_deployment and given[option.key] != DEFAULTS[option.key]:
            raise UserError(f"{option.flag} requires --base-url or --targets.")
    catalogue = load_catalogue()
    meant = settings("http://127.0.0.1", given, Secrets())
    shown = report_options(meant, given, Secret(), catalogue)
    return Contract("", None, shown, waiving(given, catalogue))


def _of_targets(given: dict[str, Any]) -> tuple[Contract, ...]:
    from contracts.runs import fleet

    return _of_deployments(fleet.read_targets(Path(given["targets"])), given)


def _of_deployments(targets: tuple[dict[str, Any], ...], given: dict[str, Any]) -> tuple[Contract, ...]:
    from contracts.judging.catalogue import load_catalogue
    from contracts.reports.fleet import directories
    from contracts.runs import fleet
    from contracts.runs.settings import waiving

    catalogue = load_catalogue()
    members = fleet.members(targets, given, catalogue)
    accepted = waiving(given, catalogue)
    return tuple(
        Contract(slug, member.settings, member.report_options, accepted)
        for slug, member in zip(directories([one.name for one in members]), members, strict=True)
    )


def _base_url(config: pytest.Config) -> str | None:
    value = config.getoption("base_url", None)
    if value is None:
        value = _configured(config)
    # Without any value the reference deployment is checked; an unset CI variable must not end there.
    return None if value is None else require_url(value)


def _configured(config: pytest.Config) -> str | None:
    """The `base_url` of the configuration, which is empty where it is not set at all."""
    value = str(config.getini("base_url"))
    overrides = (str(item).partition("=")[0].strip() for item in config.getoption("override_ini") or ())
    return value if value or "base_url" in overrides else None
