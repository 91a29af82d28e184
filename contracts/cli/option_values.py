"""What the options of a command mean: how to ask, how to weigh what is found, and where the report goes.

Whatever makes no sense is refused here, before the first request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from contracts.cli.files import require_directory, require_writable
from contracts.model import Level, UserError
from contracts.reports.curl import Secret
from contracts.runs import option_values as options
from contracts.runs import settings as asked

if TYPE_CHECKING:
    from contracts.judging.catalogue import Catalogue
    from contracts.judging.waivers import Waiving
    from contracts.reports.summary import ReportOptions
    from contracts.runs.run import Settings


@dataclass(slots=True)
class Session:
    """What one invocation knows that its error handling needs: how to take secrets out of a text."""

    redact: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Output:
    """Where the report goes, and how much of it."""

    directory: Path | None
    as_json: bool
    quiet: bool
    verbose: bool
    badge: Path | None = None
    record: Path | None = None
    har: Path | None = None


def output(given: dict[str, Any]) -> Output:
    """Where the report goes; the directory and the files are tried out. Raises UserError."""
    if given["quiet"] and given["verbose"]:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    directory = None if given["report"] is None else require_directory(given["report"])
    files = {
        name: None if given[name] is None else require_writable(given[name], f"--{name}")
        for name in ("record", "har")
    }
    badge = _badge(given["badge"])
    return Output(directory, given["as_json"], given["quiet"], given["verbose"], badge, **files)


def settings(url: str, given: dict[str, Any]) -> Settings:
    """How the deployment at the URL is asked, without credentials. Raises UserError."""
    from contracts.runs.exhaustive import refuse_a_part

    if given["exhaustive"] and any(given.get(name) for name in ("record", "har", "out")):
        raise UserError("--exhaustive keeps no exchanges: there is nothing to record or to certify.")
    if given["resume"] is not None:  # before hours of walking
        require_writable(given["resume"], "--resume")
    meant = replace(asked.settings(url, given), only=options.ids(given["only"]))
    refuse_a_part(meant)
    return meant


def live_settings(session: Session, url: str, given: dict[str, Any]) -> Settings:
    """The same for a deployment out there, with credentials, which the session learns to redact."""
    meant = settings(url, given)
    secrets = asked.keys(given).secrets()
    session.redact = secrets.redact
    return asked.reaching(meant, given, secrets)


def catalogue(document: str | None, settings: Settings) -> Catalogue:
    """The catalogue of the document, the project's own without one. Raises UserError for an unknown id."""
    from contracts.judging.catalogue import load_catalogue

    loaded = load_catalogue(None if document is None else Path(document))
    if settings.only:
        loaded.select(settings.only)  # refuses unknown ids before anything is sent
    return loaded


def terms(
    given: dict[str, Any], settings: Settings, catalogue: Catalogue, secret: Secret | None
) -> ReportOptions:
    """How the verdicts are weighed and shown; `secret` is how curl lines write the place of the token."""
    from contracts.reports.summary import ReportOptions

    return ReportOptions(
        level=Level(given["level"].upper()),
        allow_unexercised=given["allow_unexercised"],
        untested=tuple(r for r in catalogue.requirements if r.id not in catalogue.tested),
        secret=secret,
        only=settings.only,
        prefix=urlsplit(settings.base_url).path.rstrip("/"),
        redact=settings.secrets.redact,
    )


def waiving(given: dict[str, Any], catalogue: Catalogue) -> Waiving:
    """The waivers that hold today. Raises UserError."""
    from contracts.judging import waivers

    if given["waivers"] is None and given["strict_waivers"]:
        raise UserError("--strict-waivers is of use with --waivers alone.")
    return waivers.waiving(given["waivers"], catalogue.tested, strict=given["strict_waivers"])


def _badge(name: str | None) -> Path | None:
    if name is None:
        return None
    if not name.strip() or Path(name).is_dir() or not Path(name).parent.is_dir():
        raise UserError("--badge takes the name of a file, in a directory that exists.")
    return Path(name)
