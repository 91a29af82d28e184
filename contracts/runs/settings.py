"""What the user asks for as the settings of a run, the same for both faces.

`given` has the options by their names, with _ in the place of -; an option that was not given is None or off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.runs import option_values as options

if TYPE_CHECKING:
    from contracts.runs.run import Settings
    from contracts.transport import Secrets

_BOUNDS = ("max_requests", "rate", "timeout", "deadline", "concurrency")


def settings(url: str, given: Mapping[str, Any]) -> Settings:
    """How the deployment at the URL is asked, without credentials. Raises UserError."""
    from contracts.runs.run import Settings

    bounds = options.bounds(**{name: given[name] for name in _BOUNDS})
    return Settings(
        base_url=options.require_url(url),
        bounds=options.of_a_walk(bounds, given),
        exhaustive=given["exhaustive"],
        resume=None if given["resume"] is None else Path(given["resume"]),
        seed=given["seed"],
        skip_hostile=given["skip_hostile"],
        examples=given["examples"],
    )


def keys(given: Mapping[str, Any]) -> options.CredentialSources:
    """Where the secrets are kept."""
    return options.CredentialSources(
        **{field.name: given[field.name] for field in fields(options.CredentialSources)}
    )


def reaching(settings: Settings, given: Mapping[str, Any], secrets: Secrets) -> Settings:
    """The settings for a deployment out there, with what it takes to get in. Raises UserError."""
    return replace(
        settings,
        path=given["path"],
        secrets=secrets,
        open=given["open"],
        no_concurrent_writes=given["writes"] == "none",
        verify=options.verification(given["ca"], insecure=given["insecure"]),
        cert=options.client_certificate(given["client_cert"], given["client_key"]),
        http2=given["http2"],
    )
