"""What the options of a session mean: what is judged, how it is asked, and how to weigh what is found."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from contracts import options
from contracts.model import OLD_PATH, Level, UserError
from contracts.plugin.contract import Contract
from contracts.plugin.options import PREFIX
from contracts.reports.curl import Secret
from contracts.reports.summary import Terms

if TYPE_CHECKING:
    from contracts.run import Settings
    from contracts.waivers import Waiving

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
_BOUNDS = ("max_requests", "rate", "timeout", "deadline", "concurrency")
_WALK = ("exhaustive", "resume")


def contract(config: pytest.Config) -> Contract:
    """The contract as the options have it judged. Raises UserError."""
    base_url = _base_url(config)
    given = {name: getattr(config.option, PREFIX + name) for name in _OF_A_DEPLOYMENT}
    if base_url is None:
        _refuse_without_deployment(given)
        return Contract(None, _terms(config, Secret()), _waiving(config))
    keys = _keys(config)
    asked = replace(
        settings(config, base_url),
        path=given["path"],
        secrets=keys.secrets(),
        open=given["open"],
        unwritten=config.option.contract_writes == "none",
        verify=options.verification(given["ca"], insecure=given["insecure"]),
        cert=options.client_certificate(given["client_cert"], given["client_key"]),
        http2=given["http2"],
    )
    _parse_target(base_url, given["path"])
    return Contract(asked, _terms(config, keys.secret()), _waiving(config))


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


def _refuse_without_deployment(given: dict[str, Any]) -> None:
    for name, value in given.items():
        if value:
            option = "--" + name.replace("_", "-")
            raise UserError(f"{option} is of use with --base-url alone.")


def _parse_target(base_url: str, path: str | None) -> None:
    from contracts.transport import Target

    Target.parse(base_url, path or OLD_PATH)


def _keys(config: pytest.Config) -> options.Keys:
    names = [one.name for one in fields(options.Keys)]
    return options.Keys(**{name: getattr(config.option, PREFIX + name) for name in names})


def settings(config: pytest.Config, base_url: str) -> Settings:
    """How the deployment at the URL is asked, without credentials. Raises UserError."""
    from contracts.run import Settings

    given = {name: getattr(config.option, PREFIX + name) for name in (*_BOUNDS, *_WALK)}
    if (config.option.contract_examples or 0) < 0:
        raise UserError("--examples takes a number from 0 on.")
    return Settings(
        base_url=base_url,
        bounds=options.of_a_walk(options.bounds(**{name: given[name] for name in _BOUNDS}), given),
        exhaustive=given["exhaustive"],
        resume=None if given["resume"] is None else Path(given["resume"]),
        seed=config.option.contract_seed,
        gentle=config.option.contract_gentle,
        examples=config.option.contract_examples,
    )


def _terms(config: pytest.Config, secret: Secret | None) -> Terms:
    return Terms(
        level=Level(config.option.contract_level.upper()),
        allow_unexercised=config.option.contract_allow_unexercised,
        secret=secret,
    )


def _waiving(config: pytest.Config) -> Waiving | None:
    file, strict = config.option.contract_waivers, config.option.contract_strict_waivers
    if file is None:
        if strict:
            raise UserError("--strict-waivers is of use with --waivers alone.")
        return None
    from contracts import waivers
    from contracts.catalogue import load_catalogue

    return waivers.waiving(file, load_catalogue().tested, strict=strict)
