"""Bodies without their content coding: gzip and deflate are undone piece by piece, up to a bound."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

from contracts.transport.bounds import size
from contracts.transport.failures import PeerError, not_http, too_large

ACCEPTED = "gzip"
_GZIP = 16 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}
_MAX_MEMBERS = 1_000  # of one gzip stream; parallel compressors write one per 64 KiB or more


class BodyDecoder:
    """Collects a body of at most `bound` bytes; raises `PeerError` for more, or for a damaged coding."""

    def __init__(self, codings: Sequence[str], bound: int, place: str) -> None:
        self._bound = bound
        self._place = place
        self._body = bytearray()  # a list of tiny chunks would take forty times the memory
        self._coding = _single(codings, place)
        self._member = zlib.decompressobj(_WINDOWS[self._coding]) if self._coding else None
        self._members = 1
        self._is_started = False

    def decode(self, pieces: Iterable[bytes]) -> bytes:
        """The whole body."""
        for piece in pieces:
            self._feed(piece)
        if self._member is not None and self._is_started and not self._member.eof:
            raise self._damaged("ends too early")
        return bytes(self._body)

    def _feed(self, data: bytes) -> None:
        if self._member is None:
            self._keep(data)
            return
        while data:
            data = self._decode_member(data)

    def _decode_member(self, data: bytes) -> bytes:
        """Decodes up to the end of one gzip member, and returns the rest."""
        if self._member is None or (self._member.eof and not data.startswith(b"\x1f")):
            return b""  # padding after the last member, which every client ignores
        if self._member.eof:
            self._begin_member()
        self._keep(self._decompress(data))
        self._is_started = True
        return self._member.unused_data if self._member.eof else b""

    def _begin_member(self) -> None:
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise PeerError(too_large(self._place, f"sent gzip in more than {_MAX_MEMBERS:,} members"))
        self._member = zlib.decompressobj(_GZIP)

    def _decompress(self, data: bytes) -> bytes:
        if self._coding == "deflate" and not self._is_started and data[0] & 0x0F != zlib.DEFLATED:
            self._member = zlib.decompressobj(_RAW_DEFLATE)  # many servers omit the zlib header
        if self._member is None:
            return b""
        try:
            return self._member.decompress(data, self._bound - len(self._body) + 1)
        except zlib.error:
            raise self._damaged("is damaged") from None

    def _damaged(self, how: str) -> PeerError:
        return PeerError(not_http(self._place, f"its {self._coding} body {how}"))

    def _keep(self, data: bytes) -> None:
        if len(self._body) + len(data) > self._bound:
            decoded = " decoded" if self._coding else ""
            raise PeerError(too_large(self._place, f"sent a body of more than {size(self._bound)}{decoded}"))
        self._body += data


def codings(headers: Iterable[tuple[str, str]]) -> list[str]:
    """The values of all Content-Encoding headers."""
    return [value for name, value in headers if name.lower() == "content-encoding"]


def _single(codings: Sequence[str], place: str) -> str | None:
    """The one coding to undo, or None."""
    names = [name for value in codings for name in value.lower().replace(" ", "").split(",") if name]
    names = [name for name in names if name != "identity"]
    if not names:
        return None
    if len(names) > 1 or names[0] not in _WINDOWS:
        why = "its Content-Encoding was not offered"
        raise PeerError(not_http(place, why, "let it answer with gzip or without a coding"))
    return names[0]
