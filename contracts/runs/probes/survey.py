"""The first questions: is it there, how much is there, which limits are in force."""

from __future__ import annotations

from contracts.model import Purpose
from contracts.runs.flow import Flow
from contracts.runs.probes.context import SMALLER_LIMITS, USUAL_LIMIT, ProbeContext, query

AT_MOST = 14


def survey(ctx: ProbeContext) -> Flow[None]:
    """Asks without a query, for the usual page, and for more than any maximum."""
    bare = yield from ctx.ask("", purpose=Purpose.SURVEY)
    ctx.total = ctx.stated_total(bare) or 0
    if bare is not None and bare.page is not None:
        ctx.default = bare.page.limit
    yield from _usual_page(ctx)
    yield from _over_the_maximum(ctx)
    for limit in (1, 0):
        yield from ctx.ask(query(limit=limit, offset=0), purpose=Purpose.SURVEY)


def _usual_page(ctx: ProbeContext) -> Flow[None]:
    """The largest usual limit that is accepted: a maximum below 100 may clamp it or refuse it."""
    known = [ctx.default] if 0 < ctx.default < USUAL_LIMIT else []
    for limit in dict.fromkeys((USUAL_LIMIT, *sorted({*SMALLER_LIMITS, *known}, reverse=True))):
        answer = yield from ctx.ask(query(limit=limit, offset=0), purpose=Purpose.SURVEY)
        ctx.total = ctx.stated_total(answer) or ctx.total
        if answer is not None and answer.page is not None and answer.page.limit > 0:
            ctx.max_page_size = min(limit, answer.page.limit)
            return
        if answer is None or not 400 <= answer.status < 500:
            ctx.max_page_size = min(limit, USUAL_LIMIT)
            return


def _over_the_maximum(ctx: ProbeContext) -> Flow[None]:
    """Near the end, so that a deployment without a maximum sends a few profiles and not all."""
    if ctx.total > ctx.max_page_size:
        answer = yield from ctx.ask(query(limit=1000, offset=0), purpose=Purpose.SURVEY)
        page = answer.page if answer is not None else None
        if page is not None and ctx.max_page_size < page.limit < 1000:
            ctx.max_page_size = page.limit  # a maximum between 100 and 1000
    if ctx.total > 100:
        yield from ctx.ask(query(limit=ctx.max_page_size + 1, offset=1), purpose=Purpose.SURVEY)
    near_end = max(0, ctx.total - 3)
    yield from ctx.ask(query(limit=100_000, offset=near_end), purpose=Purpose.SURVEY)
