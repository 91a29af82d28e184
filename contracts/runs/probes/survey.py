"""The first questions: is it there, how much is there, which limits are in force."""

from __future__ import annotations

from contracts.runs.probes.context import SMALLER_LIMITS, USUAL_LIMIT, Knowledge, Steps, query

AT_MOST = 14
_PURPOSE = "survey"


def survey(know: Knowledge) -> Steps:
    """Asks without a query, for the usual page, and for more than any maximum."""
    bare = yield from know.ask("", purpose=_PURPOSE)
    know.total = know.stated_total(bare) or 0
    if bare is not None and bare.page is not None:
        know.default = bare.page.limit
    yield from _usual_page(know)
    yield from _over_the_maximum(know)
    for limit in (1, 0):
        yield from know.ask(query(limit=limit, offset=0), purpose=_PURPOSE)


def _usual_page(know: Knowledge) -> Steps:
    """The largest usual limit that is accepted: a maximum below 100 may clamp it or refuse it."""
    known = [know.default] if 0 < know.default < USUAL_LIMIT else []
    for limit in dict.fromkeys((USUAL_LIMIT, *sorted({*SMALLER_LIMITS, *known}, reverse=True))):
        answer = yield from know.ask(query(limit=limit, offset=0), purpose=_PURPOSE)
        know.total = know.stated_total(answer) or know.total
        if answer is not None and answer.page is not None and answer.page.limit > 0:
            know.most = min(limit, answer.page.limit)
            return
        if answer is None or not 400 <= answer.status < 500:
            know.most = min(limit, USUAL_LIMIT)
            return


def _over_the_maximum(know: Knowledge) -> Steps:
    """Near the end, so that a deployment without a maximum sends a few profiles and not all."""
    if know.total > know.most:
        answer = yield from know.ask(query(limit=1000, offset=0), purpose=_PURPOSE)
        page = answer.page if answer is not None else None
        if page is not None and know.most < page.limit < 1000:
            know.most = page.limit  # a maximum between 100 and 1000
    if know.total > 100:
        yield from know.ask(query(limit=know.most + 1, offset=1), purpose=_PURPOSE)
    near_end = max(0, know.total - 3)
    yield from know.ask(query(limit=100_000, offset=near_end), purpose=_PURPOSE)
