"""RFC 3339 times as whole nanoseconds, and back, without loss for any number of digits and any offset."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

ZERO_TIME = "0001-01-01T00:00:00Z"
SECOND = 10**9

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", flags=re.ASCII
)


def instant(text: object) -> int | None:
    """Nanoseconds since 1970; None if the text is not an RFC 3339 time."""
    match = _RFC_3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    date, clock, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{zone.upper()}")
    except ValueError:
        return None
    whole = (moment - _EPOCH) // timedelta(seconds=1)
    return whole * SECOND + int((fraction or "").ljust(9, "0"))


def rfc3339(nanoseconds: int, *, digits: int = 0, offset: int = 0) -> str:
    """The time as text, with that many decimals, at `offset` minutes from UTC."""
    seconds, fraction = divmod(nanoseconds, SECOND)
    local = _EPOCH + timedelta(seconds=seconds, minutes=offset)
    decimals = f".{fraction:09d}"[: digits + 1] if digits else ""
    return f"{local:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + decimals + _zone(offset)


def _zone(offset: int) -> str:
    if not offset:
        return "Z"
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"
