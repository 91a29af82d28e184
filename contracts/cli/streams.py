"""Standard output and error: readers that go away early, and text that the terminal cannot write."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


@contextmanager
def closed_output_ignored() -> Iterator[None]:
    """`check … | head` must neither complain nor change the verdict's exit status."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Let whatever is still to be written go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def flush() -> None:
    """Write what is still held back."""
    with closed_output_ignored():
        pass


def make_printable(stream: TextIO) -> None:
    """In a C locale, text of a deployment must not end the report with an encoding error."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
