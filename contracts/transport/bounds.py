"""How much time, content and how many requests a run may take."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the transport never exceeds. Times in seconds, sizes in bytes.

    `timeout` covers an exchange as a whole, from the name look-up to the last byte. `max_wire` counts what
    comes over the connection, `max_content` what is left after decoding, `max_total_content` the same over
    the whole run. `max_requests` counts every
    attempt. `max_wait` bounds one wait before a repetition, `max_total_wait` all waits since the deployment
    last gave an answer that needed no repetition. `rate` is in requests per second, `concurrency` in requests
    under way at a time, where their order does not matter.
    """

    timeout: float = 10.0
    max_content: int = 8 * MIB
    max_wire: int = 8 * MIB
    max_total_content: int = 36 * MIB
    max_header_bytes: int = 64 * KIB
    max_headers: int = 200
    max_requests: int = 560
    deadline: float = 600.0
    rate: float | None = None
    concurrency: int = 1
    retries: int = 4
    max_wait: float = 30.0
    max_total_wait: float = 45.0


def size(count: int) -> str:
    """A number of bytes for people: `64 MiB`, `100 KiB`, `7 bytes`."""
    for unit, name in ((MIB, "MiB"), (KIB, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count:,} bytes"
