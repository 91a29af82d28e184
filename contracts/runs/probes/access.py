"""Other credentials, other spellings of the path, HEAD, and the other path of the operation."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.evidence.access import UNUSABLE, WRONG, other_path
from contracts.evidence.answers import Page
from contracts.model import Credentials, Purpose
from contracts.runs.flow import Flow
from contracts.runs.probes.context import ProbeContext, query
from contracts.runs.probes.filters import seen_tags

AT_MOST = 40
_PLAIN = "limit=5&offset=0"


def access(ctx: ProbeContext) -> Flow[None]:
    """Who is let in, and how; without credentials there is nothing to compare with."""
    yield from ctx.ask("", purpose=Purpose.HEAD, method="HEAD")
    if ctx.conditions.token and not ctx.conditions.open:
        tags = seen_tags(ctx).ranked[:1]
        deep = query(limit=ctx.max_page_size, offset=ctx.total // 2)
        queries = (
            _PLAIN,
            "",
            _PLAIN,
            _PLAIN,
            deep,
            query(is_active=True),
            query(limit=1, offset=0, tags=tags or None),
            _PLAIN,
            _PLAIN,
        )
        for credentials, one in zip((*UNUSABLE, *WRONG), queries, strict=True):
            yield from ctx.ask(one, purpose=Purpose.ACCESS, credentials=credentials)
        for one in ("", deep, *_filtered(tags or ["a"])):
            yield from ctx.ask(one, purpose=Purpose.ACCESS, credentials=Credentials.NONE)
        malformed = "limit=abc&offset=abc&is_active=maybe"
        yield from ctx.ask(malformed, purpose=Purpose.ACCESS, credentials=Credentials.NONE)
        for path in spellings(ctx.conditions.path):
            yield from ctx.ask(_PLAIN, purpose=Purpose.SPELLING, path=path, credentials=Credentials.NONE)
    if ctx.conditions.narrow:
        yield from _narrow(ctx)


def _filtered(tags: list[str]) -> Iterator[str]:
    yield query(is_active=True)
    yield query(limit=1, tags=tags)
    yield query(limit=5, is_active=False, tags=tags)
    yield "search=a"


def spellings(path: str) -> Iterator[str]:
    """Other ways to write the path, which a router and a check of access may read differently."""
    head, _, last = path.rpartition("/")
    yield "/" + path  # a doubled slash at the start
    yield f"{head}//{last}"
    yield f"{head}/./{last}"
    yield f"{head}/x/%2e%2e/{last}"
    yield f"{head}/%{ord(last[0]):02X}{last[1:]}"
    yield f"{head}/%25{ord(last[0]):02X}{last[1:]}"
    yield f"{head}%2F{last}"
    yield path.upper()
    yield f"{path}/"
    yield f"{path};x"  # a path parameter, which some routers drop


def _narrow(ctx: ProbeContext) -> Flow[None]:
    yield from _narrow_walk(ctx) if ctx.small else _narrow_ends(ctx)


def _narrow_ends(ctx: ProbeContext) -> Flow[None]:
    """Of a long list the start, the end with a place after it, and the totals that filters divide it into."""
    page = yield from _narrow_page(ctx, query(limit=ctx.max_page_size, offset=0))
    if page is not None and page.total > ctx.max_page_size:
        yield from _narrow_page(
            ctx, query(limit=ctx.max_page_size, offset=page.total - max(1, ctx.max_page_size - 1))
        )
    for value in (True, False):
        yield from _narrow_page(ctx, query(limit=1, offset=0, is_active=value))


def _narrow_page(ctx: ProbeContext, query: str) -> Flow[Page | None]:
    answer = yield from ctx.ask(query, purpose=Purpose.ACCESS, credentials=Credentials.NARROW)
    return answer.page if answer is not None else None


def _narrow_walk(ctx: ProbeContext) -> Flow[None]:
    offset = 0
    for _ in range(6):
        # Spelled as nobody asked before, so that a cache that forgets whose answer it holds has none.
        page = yield from _narrow_page(ctx, f"offset={offset}&limit={ctx.max_page_size}")
        if page is None or page.limit < 1 or page.offset + page.limit >= page.total:
            break
        offset += page.limit
    tags = seen_tags(ctx)
    tag = tags.of_both_kinds or next(iter(tags.ranked), None)
    asked_before = query(limit=ctx.max_page_size, offset=0, is_active=True, tags=[tag] if tag else None)
    yield from _narrow_page(ctx, asked_before)


def alias(ctx: ProbeContext) -> Flow[None]:
    """The same queries on the other path; one suffices where it is not served."""
    path = other_path(ctx.conditions.path)
    if path is None:
        return
    tags = seen_tags(ctx).ranked[:1]
    filtered = query(limit=ctx.max_page_size, offset=0, is_active=True, tags=tags or None)
    queries = [query(limit=ctx.max_page_size, offset=0), "", filtered]
    if ctx.total > ctx.max_page_size:
        queries.insert(1, query(limit=ctx.max_page_size, offset=ctx.max_page_size))
    for one in queries:
        answer = yield from ctx.ask(one, purpose=Purpose.ALIAS, path=path)
        if answer is None or not isinstance(answer.value, dict) or answer.status in (404, 410):
            return
    if ctx.conditions.token and not ctx.conditions.open:
        yield from ctx.ask(_PLAIN, purpose=Purpose.ALIAS, path=path, credentials=Credentials.NONE)
