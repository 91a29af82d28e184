"""Standard output and error that cannot fail: a reader that goes away changes no file and no status."""

from __future__ import annotations

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


class _Forgiving(io.RawIOBase):
    """Writes to a file descriptor; what cannot be written (closed, full) is dropped."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._broken = False

    def write(self, content: Any, /) -> int:
        """Write as much as the descriptor takes at once."""
        while not self._broken:
            try:
                return os.write(self._descriptor, content)
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError:
                self._broken = True
        return len(content)

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a terminal shows it."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """Always."""
        return True


@contextmanager
def forgiving() -> Iterator[None]:
    """Standard output and error take any text while the block runs, and never raise."""
    before = sys.stdout, sys.stderr
    sys.stdout = _forgiving(sys.stdout, sys.__stdout__, 1)
    sys.stderr = _forgiving(sys.stderr, sys.__stderr__, 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _forgiving(stream: TextIO | None, own: TextIO | None, descriptor: int) -> TextIO:
    if stream is None:  # closed before we started: nothing else may take its descriptor
        return os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    if stream is not own or not isinstance(stream, io.TextIOWrapper):  # somebody captures it
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Forgiving(descriptor)),
        encoding=stream.encoding,
        errors="backslashreplace",  # text of a deployment must not end the report in a C locale
        line_buffering=stream.line_buffering,
    )
