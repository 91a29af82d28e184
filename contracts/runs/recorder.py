"""Keeps what a live run asked and heard, so that a recording of it can be written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contracts import __version__
from contracts.evidence.recording import Part, Recording
from contracts.judging.catalogue import Catalogue
from contracts.model import Result
from contracts.runs.exhaustive import ExhaustiveState, save_state
from contracts.runs.run import parameters
from contracts.runs.settings import Settings


@dataclass
class Recorder:
    """Told of each path of one run (`run.check(..., record=recorder)`)."""

    settings: Settings
    catalogue: Catalogue
    parts: list[Part] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))  # the last run
    walk: ExhaustiveState | None = None  # of an exhaustive run, not saved yet

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

    def keep(self, walk: ExhaustiveState) -> None:
        """Remember the state of an exhaustive walk (`run.check(..., checkpoint=recorder.keep)`)."""
        self.walk = walk

    def save_checkpoint(self) -> None:
        """Save that state where the settings say. Raises UserError."""
        if self.walk is not None:
            save_state(self.walk, self.settings.resume)

    def recording(self) -> Recording:
        """Everything so far; the secrets of the settings are not in it."""
        return Recording(
            suite=__version__,
            document=self.catalogue.document.sha256,
            base_url=self.parts[0].deployment.removesuffix(self.parts[0].path),
            parameters=parameters(self.settings),
            parts=tuple(self.parts),
        )
