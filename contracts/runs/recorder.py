"""Keeps what a live run asked and heard, so that a recording of it can be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contracts import __version__
from contracts.evidence.recording import Asked, Part, Recording
from contracts.judging.catalogue import Catalogue
from contracts.model import Result
from contracts.runs.run import Settings, conditions


@dataclass
class Recorder:
    """Told of each path of one run (`run.check(..., record=recorder)`)."""

    settings: Settings
    catalogue: Catalogue
    parts: list[Part] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))  # the last run

    def __call__(self, path: str, result: Result, remarks: tuple[str, ...] = ()) -> None:
        """Remember what came of a path."""
        redact = self.settings.secrets.redact
        began = self.began = datetime.now(UTC) - timedelta(seconds=result.seconds)
        self.parts.append(
            Part(
                path=redact(path),
                deployment=redact(result.deployment),
                began=began.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                exchanges=result.exchanges,
                seconds=result.seconds,
                interrupted=None if result.interrupted is None else redact(result.interrupted),
                remarks=tuple(map(redact, remarks)),
            )
        )

    def recording(self) -> Recording:
        """Everything so far; the secrets of the settings are not in it."""
        settings = self.settings
        stated = conditions(settings, settings.path or "")
        asked = Asked(
            suite=__version__,
            document=self.catalogue.document.sha256,
            base_url=self.parts[0].deployment.removesuffix(self.parts[0].path),
            path=None if settings.path is None else settings.secrets.redact(settings.path),
            seed=settings.seed,
            only=tuple(sorted(settings.only)),
            examples=settings.examples,
            gentle=settings.gentle,
            open=stated.open,
            token=stated.token,
            narrow=stated.narrow,
            no_concurrent_writes=stated.no_concurrent_writes,
            concurrency=settings.bounds.concurrency,
            timeout=float(settings.bounds.timeout),
        )
        return Recording(asked, tuple(self.parts))
