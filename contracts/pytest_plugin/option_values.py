"""What the options of a session mean: what is judged, how it is asked, and how to weigh what is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from contracts.model import OLD_PATH, Level, UserError
from contracts.pytest_plugin.contract import Contract
from contracts.pytest_plugin.options import values
from contracts.reports.curl import Secret
from contracts.reports.summary import ReportOptions
from contracts.runs import option_values as options
from contracts.runs import settings as asked

if TYPE_CHECKING:
    from contracts.judging.waivers import Waiving
    from contracts.runs.run import Settings

_OF_A_DEPLOYMENT = (
    "path",
    "token_env",
    "token_file",
    "basic_env",
    "narrow_token_env",
    "headers_env",
    "headers_file",
    "open",
    "ca",
    "client_cert",
    "client_key",
    "insecure",
    "http2",
)


def contract(config: pytest.Config) -> Contract:
    """The contract as the options have it judged. Raises UserError."""
    given, base_url = values(config), _base_url(config)
    if base_url is None:
        _refuse_without_deployment(given)
        settings("http://127.0.0.1", given)  # refuses numbers that cannot be meant
        return Contract(None, _terms(given, Secret()), _waiving(given))
    keys = asked.keys(given)
    secrets = keys.secrets()
    meant = asked.reaching(settings(base_url, given), given, secrets)
    _parse_target(base_url, given["path"])
    terms = replace(_terms(given, keys.secret()), redact=secrets.redact)
    return Contract(meant, terms, _waiving(given))


def settings(base_url: str, given: Mapping[str, Any]) -> Settings:
    """How the deployment at the URL is asked, without credentials. Raises UserError."""
    if (given["examples"] or 0) < 0:
        raise UserError("--examples takes a number from 0 on.")
    return asked.settings(base_url, given)


def _base_url(config: pytest.Config) -> str | None:
    value = config.getoption("base_url", None)
    if value is None:
        value = _configured(config)
    # Without any value the reference deployment is judged; an unset CI variable must not end there.
    return None if value is None else options.require_url(value)


def _configured(config: pytest.Config) -> str | None:
    """The `base_url` of the configuration, which reads as empty where it is not set at all."""
    value = str(config.getini("base_url"))
    overrides = (str(item).partition("=")[0].strip() for item in config.getoption("override_ini") or ())
    return value if value or "base_url" in overrides else None


def _refuse_without_deployment(given: Mapping[str, Any]) -> None:
    for name in _OF_A_DEPLOYMENT:
        if given[name]:
            option = "--" + name.replace("_", "-")
            raise UserError(f"{option} is of use with --base-url alone.")


def _parse_target(base_url: str, path: str | None) -> None:
    from contracts.transport import Target

    Target.parse(base_url, path or OLD_PATH)


def _terms(given: Mapping[str, Any], secret: Secret | None) -> ReportOptions:
    level = Level(given["level"].upper())
    return ReportOptions(level=level, allow_unexercised=given["allow_unexercised"], secret=secret)


def _waiving(given: Mapping[str, Any]) -> Waiving | None:
    file, strict = given["waivers"], given["strict_waivers"]
    if file is None:
        if strict:
            raise UserError("--strict-waivers is of use with --waivers alone.")
        return None
    from contracts.judging import waivers
    from contracts.judging.catalogue import load_catalogue

    return waivers.waiving(file, load_catalogue().tested, strict=strict)
