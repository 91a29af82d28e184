"""Files that the user names: read, written whole or not at all, tried out before a long run."""

from __future__ import annotations

import os
from pathlib import Path

from contracts.model import UserError


def read_file(name: str) -> bytes:
    """The content of a file that the user names. Raises UserError."""
    from contracts.certificate.archive import LARGEST

    try:
        with Path(name).open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"{name} cannot be read: {error.strerror}.") from None


def write_file(path: Path, content: bytes) -> None:
    """Writes the file whole or not at all. Raises UserError."""
    unfinished = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UserError(f"Cannot write {path}: {error.strerror}.") from None


def require_writable(name: str, option: str) -> Path:
    """The file that the user wants written, tried out before the first request. Raises UserError."""
    path = Path(name)
    if not name.strip() or path.is_dir():
        raise UserError(f"{option} takes the name of a file.")
    trial = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise UserError(f"Cannot write {name}: {error.strerror}.") from None
    return path


def require_directory(name: str) -> Path:
    """The directory for the reports, made and tried out before the first request is sent."""
    if not name.strip():
        raise UserError("--report names no directory; is a variable unset?")
    directory = Path(name)
    if directory.exists() and not directory.is_dir():
        raise UserError(f"--report takes a directory, and {name} is a file.")
    trial = directory / f".report-{os.getpid()}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise UserError(f"Cannot write to the report directory {name}: {error.strerror}.") from error
    return directory


def write_new_key(path: Path, content: bytes, mode: int) -> None:
    """Writes a key to a file that is not there yet and has this mode from the start. Raises UserError."""
    try:
        # Nobody else may read it at any moment, and no older key may be lost.
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
    except FileExistsError:
        raise UserError(f"{path} is there already; a key is never overwritten.") from None
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from None
