"""The settings of a run, and the functions that turn option values into them and into report options."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contracts.files import require_writable
from contracts.judging import waivers
from contracts.judging.catalogue import Catalogue
from contracts.judging.waivers import Waiving
from contracts.model import OLD_PATH, Level, UserError
from contracts.reports.curl import Secret
from contracts.reports.summary import ReportOptions
from contracts.runs import option_values
from contracts.runs.options import DEFAULTS
from contracts.transport import Bounds, Secrets, Target

_BOUNDS = ("max_requests", "rate", "timeout", "deadline", "concurrency")

# For a walk of the complete list, however long it is.
_NO_LIMIT: dict[str, Any] = {"max_requests": 10**9, "deadline": 604_800.0, "max_total_content": 2**60}


@dataclass(frozen=True, slots=True)
class Settings:
    """What to check, and how. Raises UserError for settings that contradict each other."""

    base_url: str
    path: str | None = None  # None: the older path, or the governance path where only that is served
    secrets: Secrets = field(default_factory=Secrets)
    bounds: Bounds = field(default_factory=Bounds)
    seed: int = 0
    only: frozenset[str] = frozenset()  # empty: all
    open: bool = False  # authentication is disabled on purpose
    skip_hostile: bool = False  # do not send values that can crash a process
    examples: int | None = None  # number of generated queries; None: the usual one
    exhaustive: bool = False  # also read every page of the list
    resume: Path | None = None  # checkpoint of an exhaustive walk
    no_concurrent_writes: bool = False  # nothing writes during the run
    verify: bool | str = True  # False, or a file of CA certificates
    cert: tuple[str, str | None] | None = None  # a client certificate and its key, if in another file
    http2: bool = False  # where the deployment supports it

    def __post_init__(self) -> None:
        if self.exhaustive and self.only:
            raise UserError("--exhaustive checks the whole contract: do not select requirements.")
        if self.resume is not None and not self.exhaustive:
            raise UserError("--resume requires --exhaustive.")


def settings(url: str, given: Mapping[str, Any], secrets: Secrets | None = None) -> Settings:
    """The settings for the deployment at the URL; without `secrets` the options name them. Raises UserError.

    `given` holds option values by key; those of `DEFAULTS` fill it up.
    """
    given = {**DEFAULTS, **given}
    if given["resume"] is not None:
        require_writable(Path(given["resume"]))
    if given["exhaustive"] and any(given[name] is not None for name in ("record", "har", "out")):
        raise UserError("--exhaustive keeps no exchanges, so there is nothing to record or to certify.")
    Target.parse(option_values.require_url(url), given["path"] or OLD_PATH)
    return Settings(
        base_url=url,
        path=given["path"],
        secrets=option_values.credential_sources(given).secrets() if secrets is None else secrets,
        bounds=_bounds(given),
        seed=given["seed"],
        only=option_values.requirement_ids(given["only"]),
        open=given["open"],
        skip_hostile=given["skip_hostile"],
        examples=given["examples"],
        exhaustive=given["exhaustive"],
        resume=None if given["resume"] is None else Path(given["resume"]),
        no_concurrent_writes=given["no_concurrent_writes"],
        verify=option_values.verification(given["ca"], insecure=given["insecure"]),
        cert=option_values.client_certificate(given["client_cert"], given["client_key"]),
        http2=given["http2"],
    )


def report_options(
    settings: Settings, given: Mapping[str, Any], secret: Secret | None, catalogue: Catalogue
) -> ReportOptions:
    """How verdicts count and are shown; `secret` is how curl lines write the place of the token."""
    return ReportOptions(
        level=Level(given["level"].upper()),
        allow_unexercised=given["allow_unexercised"],
        untested=tuple(r for r in catalogue.requirements if r.id not in catalogue.tested),
        secret=secret,
        only=settings.only,
        prefix=urlsplit(settings.base_url).path.rstrip("/"),
        redact=settings.secrets.redact,
    )


def waiving(given: Mapping[str, Any], catalogue: Catalogue) -> Waiving:
    """The waivers to apply today. Raises UserError."""
    strict = given.get("strict_waivers", False)
    if given["waivers"] is None and strict:
        raise UserError("--strict-waivers requires --waivers.")
    return waivers.waiving(given["waivers"], catalogue.tested, strict=strict)


def exhaustive_bounds(bounds: Bounds, chosen: Collection[str] = ()) -> Bounds:
    """The bounds without the limits of a run as a whole, except those that the user has chosen."""
    return replace(bounds, **{name: value for name, value in _NO_LIMIT.items() if name not in chosen})


def _bounds(given: Mapping[str, Any]) -> Bounds:
    """The limits that the options set, and the transport's own for the rest."""
    chosen = {name: given[name] for name in _BOUNDS if given[name] is not None}
    bounds = replace(Bounds(), **chosen)
    return exhaustive_bounds(bounds, chosen) if given["exhaustive"] else bounds
