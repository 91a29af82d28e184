"""How far a run is, shown live on a terminal and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from contracts.reports.text import visible

Advance = Callable[[str, int, int], None]
"""Called with the probe's name, the requests sent, and the most that will be sent."""


@contextmanager
def live(stream: TextIO) -> Iterator[Advance | None]:
    """A status line while the block runs; None where the stream is no terminal."""
    if not stream.isatty():
        yield None
        return
    from contracts.reports.terminal import console_for

    with console_for(stream).status("connecting") as status:
        yield lambda probe, sent, most: status.update(f"{visible(probe)}: {sent} of at most {most} requests")
