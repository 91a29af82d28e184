"""Odd queries: each class that servers get wrong, beside valid twins; the dangerous ones last."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.evidence.inputs import UNKNOWN_PARAMETER
from contracts.model import Purpose
from contracts.runs.flow import Flow
from contracts.runs.probes.context import ProbeContext, query
from contracts.runs.probes.filters import seen_tags

AT_MOST = 60
_TWIN = "limit=5&offset=0"


def inputs(ctx: ProbeContext) -> Flow[None]:
    """Odd values beside valid requests; then those that may take a process down, one by one."""
    tags = seen_tags(ctx).plain
    for one in (*_odd(ctx, tags), _TWIN):
        answer = yield from ctx.ask(one, purpose=Purpose.INPUT)
        if answer is None or answer.transient:  # is it this query, or the deployment as a whole?
            yield from ctx.ask(_TWIN, purpose=Purpose.INPUT)
    if not ctx.skip_hostile:
        yield from _hostile(ctx)


def _odd(ctx: ProbeContext, tags: list[str]) -> Iterator[str]:
    """Their valid twins are pages that other probes asked for."""
    yield from ("limit=abc", "is_active=true&limit=1.5.2")
    yield from ("limit=5&offset=0x1z", "offset=abc")
    yield from ("is_active=maybe", "is_active=perhaps&limit=5")
    yield from ("limit=-1", "limit=-7", "limit=5&offset=-1", "offset=-1000")
    yield from ("limit=", "limit=5&offset=&is_active=&tags=&search=", "limit=5.5&tags=,", "is_active=2")
    yield from ("limit=1&limit=5&offset=0", f"limit=1&offset={_two_places(ctx.total)}")
    yield "is_active=true&is_active=false&limit=5&offset=0"
    twice = "&".join(f"tags={tag}" for tag in (tags or ["a"])[:1] + (tags[1:2] or ["b"]))
    yield f"limit={ctx.max_page_size}&offset=0&{twice}"
    shown = str(any(profile.active is True for profile in ctx.evidence().profiles)).lower()
    unknown = f"{UNKNOWN_PARAMETER}{ctx.draw('unknown').getrandbits(40):010x}"
    yield f"is_active={shown}&limit=5&offset=0&{unknown}=1"
    # Quotes, patterns and percent signs in tags, encoded as they should be and as they should not.
    yield from (
        "tags=%27+%22%60%3B--%5C",
        "tags=%25%5F%2A&is_active=false",
        "tags=%zz",
        "tags=%ff%fe%ED%A0%80",
    )
    yield from ("search=%27%22%25%5F%28%F0%9F%98%80%5C", "limit=5&%zz=%zz&=&&flag&tags[]=a")
    yield f"tags={'x' * 4_000}{',no-such-tag' * 330}"


def _two_places(total: int) -> str:
    """Two offsets, each asked for by itself elsewhere, whose sum is a third place."""
    first, last = (1, total - 1) if total > 2 else (0, 1)
    return f"{first}&offset={last}"


def _hostile(ctx: ProbeContext) -> Flow[None]:
    """Overflowing numbers, NUL and control characters: never again what cut the connection.

    Limits over every maximum are asked near the end, so that a deployment without one sends little.
    """
    near_end = max(0, ctx.total - 3)
    values = [f"limit={value}&offset={near_end}" for value in (2**32 + 5, 2**64)]
    values.append(f"limit={-(2**63)}&offset={-(2**63)}")
    values += [f"limit=1&offset={value}" for value in (2**31, 2**32 + 5, 2**63 - 1, 2**63, 2**64)]
    values += ["tags=%0D%0A%00", "search=%0D%0A%1B%7F%00", f"limit=1&offset={'9' * 400}"]
    for value in values:
        answer = yield from ctx.ask(value, purpose=Purpose.HOSTILE)
        if answer is None:  # did it go on answering? the proof is on a connection of its own
            yield from ctx.ask(query(limit=1, offset=0), purpose=Purpose.INPUT)
