"""The bundle as a ZIP file that can be written in one way only, so that every changed byte shows.

Members are stored as they are and in the order of their names, with the same time and no comments. A reader
writes what it has read once more and compares: bytes outside the members count like those inside.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

LARGEST = 24 * 1024 * 1024
"""Maximum size of a bundle in bytes."""

EXPANDED = 64 * 1024 * 1024
"""Maximum size of the unpacked recording in bytes."""

_MAX_MEMBERS = 32
_MAX_MEMBER = 1024 * 1024  # bytes of a member that is parsed, without the recording and the reports
_MAX_DIRECTORY = 8 * 1024  # bytes of the central directory
_END = struct.Struct("<4s4H2LH")  # the end of the central directory; bundles have no comment after it
_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest that ZIP can express; the manifest has the real one
_UNREADABLE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    OverflowError,
    struct.error,
)


class Invalid(Exception):  # noqa: N818 - says what the bundle is
    """The bundle is not what it says it is; the message is one sentence that names the place."""


def pack(members: Mapping[str, bytes]) -> bytes:
    """The members as the content of a ZIP file: the same members give the same bytes everywhere."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as file:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _TIME)
            info.create_system = 3  # the same on every system
            info.external_attr = 0o644 << 16
            file.writestr(info, members[name])
    return out.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """The members of a bundle. Raises Invalid for anything that `pack` does not write."""
    if len(content) > LARGEST:
        raise Invalid(f"The bundle is larger than {LARGEST // 1024 // 1024} MiB.")
    _check_directory(content)
    try:
        members = _members(content)
    except _UNREADABLE as error:
        raise Invalid("The file is no ZIP file that can be read: it is damaged or incomplete.") from error
    if pack(members) != content:
        raise Invalid("The ZIP file is not written as bundles are: something was changed around its members.")
    return members


def _check_directory(content: bytes) -> None:
    """Bounds the list of members before it is read: each becomes an object."""
    end = content[-_END.size :]
    if len(end) < _END.size or not end.startswith(b"PK\5\6") or content[: -_END.size][-20:-16] == b"PK\6\7":
        raise Invalid("The file is no ZIP file as bundles are: it is damaged or incomplete.")
    count, size = _END.unpack(end)[4:6]
    if count > _MAX_MEMBERS or size > _MAX_DIRECTORY:
        raise Invalid(f"The bundle has more than {_MAX_MEMBERS} members.")


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        entries = file.infolist()
        names = [entry.filename for entry in entries]
        if len(set(names)) != len(names):
            raise Invalid("The bundle has two members of the same name.")
        # Stored members cannot be larger than the file: no bomb. Names are looked up, never used as paths.
        if any(e.compress_type != zipfile.ZIP_STORED or e.flag_bits & 1 for e in entries):
            raise Invalid("The bundle has a member that is compressed or encrypted.")
        if sum(entry.file_size for entry in entries) > len(content):
            raise Invalid("The bundle has members that overlap.")
        for entry in entries:
            if entry.file_size > _MAX_MEMBER and not entry.filename.startswith(("recording.", "report.")):
                raise Invalid(f"The member {entry.filename!r} is larger than {_MAX_MEMBER:,} bytes.")
        return {entry.filename: file.read(entry) for entry in entries}


def compress(content: bytes) -> bytes:
    """The content as gzip, without time and name."""
    return gzip.compress(content, 6, mtime=0)


def expand(name: str, content: bytes) -> bytes:
    """The content of a gzip member, never more than the bound. Raises Invalid."""
    try:
        inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        expanded = inflater.decompress(content, EXPANDED)
    except zlib.error:
        raise Invalid(f"{name} is damaged.") from None
    if not inflater.eof:
        raise Invalid(f"{name} is larger than {EXPANDED // 1024 // 1024} MiB unpacked, or not complete.")
    if inflater.unused_data:
        raise Invalid(f"{name} goes on after its end.")
    return expanded
