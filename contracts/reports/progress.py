"""How far a run is, shown live on a terminal and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from contracts.reports.text import visible

Advance = Callable[..., None]
"""Called with the probe's name, the requests sent, the most to be sent, and the seconds left, if known."""


@contextmanager
def live(stream: TextIO) -> Iterator[Advance | None]:
    """A status line while the block runs; None where the stream is no terminal."""
    if not stream.isatty():
        yield None
        return
    from contracts.reports.terminal import console_for

    with console_for(stream).status("connecting") as status:
        yield lambda *how_far: status.update(line(*how_far))


def line(probe: str, sent: int, most: int, left: float | None = None) -> str:
    """How far a run is, in a line."""
    said = f"{visible(probe)}: {sent:,} of at most {most:,} requests"
    return said if left is None else f"{said}, {_time(left)} left"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
