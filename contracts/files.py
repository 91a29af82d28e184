"""Files that the user names: read up to a limit, written completely or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from contracts.model import UserError

TEXT_LIMIT = 2**20
"""Bytes of a text file that a person writes: options, targets, waivers."""

_TRIAL = 16 * 1024  # bytes: what fits then is not what fits later, but a full disk shows
_DOTS = 200  # in one line of TOML
_SHOWN = 200  # characters of a path in a message


def read_file(path: str | Path, what: str = "", *, at_most: int = TEXT_LIMIT) -> bytes:
    """The content of a regular file. Raises UserError, which calls the file `what`, its path by default."""
    what = what or shown(path)
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):  # a device may be endless, a FIFO may wait for ever
            raise UserError(f"{what} is not a regular file.")
        with Path(path).open("rb") as file:
            content = file.read(at_most + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the path
        raise UserError(f"{what} cannot be read: {_reason(error)}.") from None
    if len(content) > at_most:
        raise UserError(f"{what} is larger than {at_most:,} bytes.")
    return content


def read_text(path: str | Path, what: str = "", *, at_most: int = TEXT_LIMIT) -> str:
    """The text of a regular file in UTF-8. Raises UserError."""
    try:
        return read_file(path, what, at_most=at_most).decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{what or shown(path)} is not UTF-8 text.") from None


def read_toml(path: str | Path, what: str = "") -> dict[str, object]:
    """The content of a TOML file. Raises UserError."""
    import tomllib

    text = read_text(path, what)
    # A key of many parts takes time that grows with the square of their number.
    if max(line.count(".") for line in text.split("\n")) > _DOTS:
        raise UserError(f"{what or shown(path)} has a line with more than {_DOTS} dots.")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise UserError(f"{what or shown(path)} is nested too deeply.") from None
    except ValueError as error:  # with line and column, where the parser has them
        raise UserError(f"{what or shown(path)} is not valid TOML: {str(error)[:_SHOWN]}.") from None


def write_file(path: Path, content: bytes) -> None:
    """Write the file completely or not at all; an older one stays until then. Raises UserError."""
    try:
        target = _target(path)
        unfinished = _unfinished(target)
        try:
            with unfinished.open("xb") as file:
                file.write(content)
            unfinished.replace(target)
        finally:  # an interruption leaves nothing behind either
            unfinished.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise UserError(f"Cannot write {shown(path)}: {_reason(error)}.") from None


def write_new_file(path: Path, content: bytes, mode: int) -> None:
    """Write a file that does not exist yet and has this mode from the start. Raises UserError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    except FileExistsError:
        raise UserError(f"{shown(path)} already exists and is not replaced.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"Cannot write {shown(path)}: {_reason(error)}.") from None


def append_file(path: Path, content: bytes) -> None:
    """Add to the end of a regular file. Raises UserError."""
    try:
        with _target(path).open("ab") as file:
            file.write(content)
    except (OSError, ValueError) as error:
        raise UserError(f"Cannot write {shown(path)}: {_reason(error)}.") from None


def require_writable(path: Path) -> None:
    """UserError if `write_file` could not write there, a full disk included."""
    try:
        unfinished = _unfinished(_target(path))
        try:
            unfinished.write_bytes(bytes(_TRIAL))
        finally:
            unfinished.unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise UserError(f"Cannot write {shown(path)}: {_reason(error)}.") from None


def shown(path: str | Path) -> str:
    """The path, cut where it is too long for a message."""
    text = str(path)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _target(path: Path) -> Path:
    """Where the file really is, past symbolic links; only a regular file is ever replaced."""
    target = Path(os.path.realpath(path))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return target
    if not stat.S_ISREG(mode):
        raise UserError(f"{shown(path)} is not a regular file, so it is not replaced.")
    return target


def _unfinished(target: Path) -> Path:
    return target.with_name(f".bifrost-contracts-{os.urandom(8).hex()}")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
