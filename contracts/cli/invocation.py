"""What one invocation of a command shares with the shell around it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

from contracts.runs.signals import Watch


@dataclass(slots=True)
class Invocation:
    """The signals of one invocation, and how to take its secrets out of a text."""

    watch: Watch
    redact: Callable[[str], str] = str

    def hide(self, redactions: Iterable[Callable[[str], str]]) -> None:
        """Take these secrets out of every error message from now on."""
        known = tuple(redactions)
        self.redact = lambda text: reduce(lambda shown, redact: redact(shown), known, text)
