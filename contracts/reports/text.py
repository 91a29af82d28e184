"""Text of unknown origin made inert: whatever a deployment sends, a terminal or a log shows it as data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import accumulate

AT_MOST = 1000
"""Characters of one text that a person is shown; machine-readable reports are not cut."""

# Control, format (bidi, zero width), surrogate, private, unassigned; line, paragraph and odd spaces.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
# A mark combines with what stands before it; more than this many in a row are there to smear the screen.
_MARKS_IN_A_ROW = 4
# What CI systems take for orders wherever it stands in a log: `##vso[…]`, `##[…]`, `::error …::`.
_ORDER = re.compile(r"(?<=#)#|(?<=:):(?=[A-Za-z][\w-]*(?: |::))")


def visible(text: str, *, at_most: int = AT_MOST) -> str:
    r"""The text on one line, with everything that a terminal obeys or hides written out (`\x1b`).

    It is cut where it would be longer than `at_most` characters, escapes included.
    """
    pieces = _pieces(text[:at_most])
    fitting = sum(size <= at_most for size in accumulate(map(len, pieces)))
    shown = _ORDER.sub(lambda found: escaped(found[0]), "".join(pieces[:fitting]))
    return shown if fitting == len(text) else f"{shown}… ({len(text):,} characters)"


def escaped(character: str) -> str:
    r"""One character as `\xNN`, `\uNNNN` or `\UNNNNNNNN`, the shortest that holds it."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def number_of(count: int, noun: str) -> str:
    """`1 request`, `2 requests`, `1,200 requests`."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`Did you mean 'url' or 'urls'?`, with the known names that are closest; empty where none is close."""
    from difflib import get_close_matches  # slow to import, and rarely needed

    close = get_close_matches(name, sorted(known), n=3, cutoff=0.6)
    return f"Did you mean {' or '.join(map(repr, close))}?" if close else ""


def _pieces(text: str) -> list[str]:
    pieces = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        hidden = category in _HIDDEN and character != " "
        pieces.append(escaped(character) if hidden or marks > _MARKS_IN_A_ROW else character)
    return pieces
