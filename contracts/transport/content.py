"""Content as it was meant: gzip and deflate undone, piece by piece, never beyond the bound."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from contracts.transport.bounds import size
from contracts.transport.faults import Fault, not_http, too_large

ACCEPTED = "gzip"
_GZIP = 16 + zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


class Content:
    """Takes content as it comes over the wire and keeps it decoded; a `Fault` at the bound."""

    def __init__(self, codings: Sequence[str], bound: int, place: str) -> None:
        self._bound = bound
        self._place = place
        self._kept = bytearray()  # a list of pieces would take forty times the room of tiny chunks
        self._left = bound
        self._coding = _single(codings, place)
        self._member = zlib.decompressobj(_WINDOWS[self._coding]) if self._coding else None
        self._came = False

    def feed(self, data: bytes) -> None:
        """Takes the next bytes from the wire."""
        if self._member is None:
            self._keep(data)
            return
        while data:
            data = self._decode(data)

    def take(self, pieces: Iterable[bytes]) -> bytes:
        """All of the pieces, decoded; a `Fault` where a coding ends too early."""
        for piece in pieces:
            self.feed(piece)
        if self._member is not None and self._came and not self._member.eof:
            raise Fault(not_http(self._place, f"its {self._coding} content ends too early"))
        return bytes(self._kept)

    def _decode(self, data: bytes) -> bytes:
        """Decodes into one gzip member; gives what lies behind its end."""
        if self._member is None or (self._member.eof and not data.startswith(b"\x1f")):
            return b""  # padding behind the last member, which every client passes over
        if self._member.eof:
            self._member = zlib.decompressobj(_GZIP)
        self._keep(self._decompress(data))
        self._came = True
        return self._member.unused_data if self._member.eof else b""

    def _decompress(self, data: bytes) -> bytes:
        if self._coding == "deflate" and not self._came and data[0] & 0x0F != zlib.DEFLATED:
            self._member = zlib.decompressobj(_RAW)  # many servers send deflate without its header
        if self._member is None:
            return b""
        try:
            return self._member.decompress(data, self._left + 1)
        except zlib.error:
            raise Fault(not_http(self._place, f"its {self._coding} content is damaged")) from None

    def _keep(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            what = f"sent content of more than {size(self._bound)}"
            raise Fault(too_large(self._place, what + (" decoded" if self._coding else "")))
        self._kept += data


def codings(headers: Iterable[tuple[str, str]]) -> list[str]:
    """The values of all Content-Encoding headers."""
    return [value for name, value in headers if name.lower() == "content-encoding"]


def _single(codings: Sequence[str], place: str) -> str | None:
    """The one coding that has to be undone, or none."""
    names = [name for value in codings for name in value.lower().replace(" ", "").split(",") if name]
    names = [name for name in names if name != "identity"]
    if not names:
        return None
    if len(names) > 1 or names[0] not in _WINDOWS:
        why = "its Content-Encoding is none that was offered"
        raise Fault(not_http(place, why, "let it answer in gzip or without coding"))
    return names[0]
