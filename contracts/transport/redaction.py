"""Hides secrets in text and bytes: the one module that knows how a secret can be spelled.

Text is folded first: letter case, white space and NUL (UTF-16, UTF-32) do not count. Then its escapes are
decoded up to `_ROUNDS` times, and each result is searched for the secret: plain, reversed, in hex, in base64.
A quick test tells whether there can be anything; only then does the exact search map each match to its place.
"""

from __future__ import annotations

import re
import sys
from array import array
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from html.entities import html5
from itertools import compress

HIDDEN = "***"

_SHORT = 16  # bytes of an escape whose meaning is remembered
_ROUNDS = 4  # of decoding: escapes within escapes
_MANY = 10_000  # escapes: then looking for ranges without any takes longer than decoding all
_PASSES = 3  # of hiding, before a text is hidden as a whole
_IGNORED = b"\0\t\n\v\f\r "
_LOWER = bytes(range(256)).lower()
_KEPT = bytes(byte not in _IGNORED for byte in range(256))
_CHUNK, _OVERLAP = 256 * 1024, 32 * 1024  # bytes searched at a time, for the sake of memory
_MIN_LENGTH = 6  # of what is searched for; shorter texts occur by accident

# Escapes in folded text, each of any depth: \\u0041, %252541, &amp;#65;
_BACKSLASH = (
    rb"\\\\*(?:u(?P<high>d[89ab][0-9a-f]{2})\\+u(?P<low>d[c-f][0-9a-f]{2})"
    rb"|u(?P<u>[0-9a-f]{4})|x(?P<x>[0-9a-f]{2})|(?P<char>.))"
)
_PERCENT = rb"%(?:25)*(?:u(?P<pu>[0-9a-f]{4})|(?P<byte>[0-9a-f]{2}))"
_ENTITY = (
    rb"&(?:amp;)*(?:#0*(?P<decimal>[0-9]{1,7});?|#x0*(?P<hex>[0-9a-f]{1,6});?|(?P<name>[a-z][a-z0-9]{1,30});)"
)
_ESCAPE = re.compile(b"|".join((_BACKSLASH, _PERCENT, _ENTITY)))
# One after the other these are five times as fast, for each begins with a literal.
_ESCAPES_BY_START = tuple(
    (start, re.compile(pattern))
    for start, pattern in ((b"\\", _BACKSLASH), (b"%", _PERCENT), (b"&", _ENTITY))
)
_NAMED = {name.rstrip(";").lower().encode(): char for name, char in html5.items()}


class Redactor:
    """Replaces secrets by `***`.

    Each group holds one secret and its altered forms, which give most of it away.
    """

    def __init__(self, groups: Iterable[Sequence[str]]) -> None:
        kept = [tuple(dict.fromkeys(group)) for group in groups if group]
        self._needles = tuple({needle for group in kept for text in group for needle in _needles(text)})
        self._stems = _without_longer(
            needle for group in kept for text in _stems(group) for needle in _needles(text)
        )
        self._reach = max(map(len, self._needles), default=0)

    def text(self, text: str) -> str:
        """The text without secrets."""
        content = text.encode("utf-8", "surrogatepass")
        redacted = self.content(content)
        return text if redacted is content else redacted.decode("utf-8", "replace")

    def content(self, content: bytes) -> bytes:
        """The bytes without secrets; the same object where there are none."""
        for _ in range(_PASSES):
            mask = bytearray()
            for start in range(0, len(content) if self._stems else 0, _CHUNK):
                chunk = content[start : start + _CHUNK + _OVERLAP]
                if self._may_find(chunk):
                    mask = mask or bytearray(len(content))
                    self._mark(chunk, start, mask)
            if 1 not in mask:
                return content
            content = b"".join(_hidden(content, mask))
        return HIDDEN.encode()

    def _may_find(self, content: bytes) -> bool:
        """Whether a secret may be in the bytes: never wrong with a no."""
        text = _folded(content)
        for _ in range(_ROUNDS):
            if any(stem in text for stem in self._stems):
                return True
            text = _decoded_around_escapes(text, self._reach)
            if not text:
                return False
        return any(stem in text for stem in self._stems)

    def _mark(self, content: bytes, start: int, mask: bytearray) -> None:
        """Set the mask to 1 wherever a secret stands in this content, which begins at `start`."""
        view: _View | None = _View.of(content)
        for _ in range(_ROUNDS + 1):
            if view is not None:
                view.mark(self._needles, start, mask)
                view = view.decoded()


# --- spellings of a secret --------------------------------------------------------------------------


def _needles(secret: str) -> Iterator[bytes]:
    """What to search for in folded text."""
    for text in dict.fromkeys((secret.encode("utf-8"), *_latin_1(secret), secret.replace(" ", "+").encode())):
        for encoded in _encodings(text):
            needle = _folded(encoded)
            yield needle
            for _ in range(2):  # where the secret itself looks like an escape
                needle = _decoded(needle)
                if len(needle) >= _MIN_LENGTH:
                    yield needle


def _latin_1(secret: str) -> Iterator[bytes]:
    with suppress(UnicodeEncodeError):
        yield secret.encode("latin-1")


def _encodings(text: bytes) -> Iterator[bytes]:
    """The text plain, reversed, in hex, as decimal numbers, and in base64."""
    yield text
    yield text[::-1]
    for separator in (b"", b":", b"00"):  # the last is hex of UTF-16
        yield separator.join(b"%02x" % byte for byte in text)
    yield b",".join(b"%d" % byte for byte in text)
    yield from _base64(text)
    yield from _base64(b"\0".join(bytes([byte]) for byte in text))  # UTF-16


def _base64(text: bytes) -> Iterator[bytes]:
    """The base64 digits that depend on the text alone, for each position at which it can begin."""
    for before in range(3):
        bits = 8 * (before + len(text))
        digits = b64encode(bytes(before) + text + bytes(2))[-(-8 * before // 6) : bits // 6]
        yield digits
        yield digits.replace(b"+", b"-").replace(b"/", b"_")


def _stems(group: Sequence[str]) -> Sequence[str]:
    """One text that all members of the group contain, if it is long enough, or else the members."""
    secret = group[0]
    stem = secret[len(secret) // 2 + 1 : -1]
    is_common = len(stem) >= _MIN_LENGTH and all(stem.lower() in member.lower() for member in group)
    return group if not is_common or _ESCAPE.search(_folded(secret.encode())) else [stem]


def _without_longer(needles: Iterable[bytes]) -> tuple[bytes, ...]:
    """The needles that contain no other needle: one that does cannot be missed."""
    kept: list[bytes] = []
    for needle in sorted(set(needles), key=len):
        if not any(shorter in needle for shorter in kept):
            kept.append(needle)
    return tuple(kept)


# --- folded and decoded text ------------------------------------------------------------------------


def _folded(content: bytes) -> bytes:
    return content.translate(_LOWER, _IGNORED)


def _decoded(text: bytes) -> bytes:
    """The folded text with its escapes decoded once."""
    return _ESCAPE.sub(_plain, text)


def _plain(escape: re.Match[bytes]) -> bytes:
    """What an escape stands for, folded."""
    text = escape[0]
    return _decode_cached(text) if len(text) <= _SHORT else _decode(text)


def _decode(text: bytes) -> bytes:
    escape = _ESCAPE.fullmatch(text)
    kind = escape and escape.lastgroup
    if escape is None or kind is None:
        return text
    value = escape[kind]
    if kind == "low":
        high, low = int(escape["high"], 16), int(value, 16)
        return _character(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)
    if kind == "char":
        return b"" if value in b"nrtbf" else value
    if kind == "byte":
        return _folded(bytes([int(value, 16)]))
    if kind == "name":
        return _folded(_NAMED[value].encode()) if value in _NAMED else text
    return _character(int(value, 10 if kind == "decimal" else 16))


_decode_cached = lru_cache(2_000)(_decode)


def _character(code: int) -> bytes:
    return _folded(chr(code).encode("utf-8", "surrogatepass")) if code <= sys.maxunicode else b""


def _decoded_around_escapes(text: bytes, reach: int) -> bytes:
    """The folded text decoded once, without what stands further than `reach` from all escapes."""
    count = sum(text.count(start) for start, _ in _ESCAPES_BY_START)
    if count > _MANY:
        return _decoded(text)
    parts = (_decoded(text[a:b]) for a, b in _around_escapes(text, reach))
    return b"\n".join(parts) if count else b""


def _around_escapes(text: bytes, reach: int) -> Iterator[tuple[int, int]]:
    """The ranges that hold all escapes and `reach` bytes on each side, none of which overlap."""
    escapes = sorted(
        match.span()
        for start, pattern in _ESCAPES_BY_START
        if start in text
        for match in pattern.finditer(text)
    )
    begin, end = 0, -1
    for first, last in escapes:
        if first - reach > end:
            if end >= 0:
                yield begin, end
            begin = max(0, first - reach)
        end = max(end, last + reach)
    if end >= 0:
        yield begin, end


@dataclass(frozen=True, slots=True)
class _View:
    """Folded text with the place in the original of each byte: from `starts` up to `ends`."""

    text: bytes
    starts: array[int]
    ends: array[int]

    @classmethod
    def of(cls, content: bytes) -> _View:
        """The content folded, its escapes as they are."""
        kept = content.translate(_KEPT)
        starts = array("I", compress(range(len(content)), kept))
        ends = array("I", compress(range(1, len(content) + 1), kept))
        return cls(_folded(content), starts, ends)

    def decoded(self) -> _View | None:
        """The same with its escapes decoded once; None where there are none."""
        text, starts, ends, at = bytearray(), array("I"), array("I"), 0
        for match in _ESCAPE.finditer(self.text):
            first, last = match.span()
            plain = _plain(match)
            text += self.text[at:first] + plain
            starts += self.starts[at:first] + self.starts[first : first + 1] * len(plain)
            ends += self.ends[at:first] + self.ends[last - 1 : last] * len(plain)
            at = last
        if not at:
            return None
        return _View(bytes(text + self.text[at:]), starts + self.starts[at:], ends + self.ends[at:])

    def mark(self, needles: Iterable[bytes], start: int, mask: bytearray) -> None:
        """Set the mask to 1 wherever a needle stands in the original, which begins at `start`."""
        for needle in needles:
            at = self.text.find(needle)
            while at >= 0:
                first, last = self.starts[at], self.ends[at + len(needle) - 1]
                mask[start + first : start + last] = b"\1" * (last - first)
                at = self.text.find(needle, at + len(needle))


def _hidden(content: bytes, mask: bytearray) -> Iterator[bytes]:
    """The content in pieces, each secret replaced."""
    at = 0
    for secret in re.finditer(rb"\x01+", mask):
        yield content[at : secret.start()]
        yield _mark(content[secret.start() : secret.end()])
        at = secret.end()
    yield content[at:]


def _mark(secret: bytes) -> bytes:
    """The mark in the encoding of the secret: UTF-16 and UTF-32 have NULs between characters."""
    gap = len(secret[1:]) - len(secret[1:].lstrip(b"\0"))
    return bytes(gap).join([b"*"] * len(HIDDEN))
