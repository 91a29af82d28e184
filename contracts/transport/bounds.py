"""The limits of a run: time, bytes and number of requests."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits that the transport never exceeds; times in seconds, sizes in bytes."""

    # One exchange
    timeout: float = 10.0  # from the name lookup to the last byte
    max_header_bytes: int = 64 * KIB
    max_headers: int = 200
    max_wire: int = 8 * MIB  # a response as received
    max_content: int = 8 * MIB  # a body after decoding

    # The whole run
    max_requests: int = 560  # repetitions included
    deadline: float = 600.0
    max_total_content: int = 36 * MIB  # all bodies after decoding
    rate: float | None = None  # requests per second
    concurrency: int = 1  # requests in progress at the same time, where their order does not matter

    # Repetitions of a request after a temporary failure
    retries: int = 4
    max_wait: float = 30.0  # before one repetition
    max_total_wait: float = 45.0  # since the last response that needed no repetition


def size(count: int) -> str:
    """A number of bytes for people: `64 MiB`, `100 KiB`, `7 bytes`."""
    for unit, name in ((MIB, "MiB"), (KIB, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count:,} bytes"
