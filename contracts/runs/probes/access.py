"""Other credentials, other spellings of the path, HEAD, and the other path of the operation."""

from __future__ import annotations

from collections.abc import Iterator

from contracts.evidence.access import ALIAS, SPELLING, UNUSABLE, WRONG, other_path
from contracts.model import Credentials
from contracts.runs.probes.context import AskPage, Knowledge, Steps, query
from contracts.runs.probes.filters import seen_tags

AT_MOST = 40
_PURPOSE = "access"
_PLAIN = "limit=5&offset=0"


def access(know: Knowledge) -> Steps:
    """Who is let in, and how; without credentials there is nothing to compare with."""
    yield from know.ask("", purpose="head", method="HEAD")
    if know.conditions.token and not know.conditions.open:
        tags = seen_tags(know).ranked[:1]
        deep = query(limit=know.most, offset=know.total // 2)
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
            yield from know.ask(one, purpose=_PURPOSE, credentials=credentials)
        for one in ("", deep, *_filtered(tags or ["a"])):
            yield from know.ask(one, purpose=_PURPOSE, credentials=Credentials.NONE)
        malformed = "limit=abc&offset=abc&is_active=maybe"
        yield from know.ask(malformed, purpose=_PURPOSE, credentials=Credentials.NONE)
        for path in spellings(know.conditions.path):
            yield from know.ask(_PLAIN, purpose=SPELLING, path=path, credentials=Credentials.NONE)
    if know.conditions.narrow:
        yield from _narrow(know)


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


def _narrow(know: Knowledge) -> Steps:
    yield from _narrow_walk(know) if know.small else _narrow_ends(know)


def _narrow_ends(know: Knowledge) -> Steps:
    """Of a long list the start, the end with a place after it, and the totals that filters divide it into."""
    page = yield from _narrow_page(know, query(limit=know.most, offset=0))
    if page is not None and page.total > know.most:
        yield from _narrow_page(know, query(limit=know.most, offset=page.total - max(1, know.most - 1)))
    for value in (True, False):
        yield from _narrow_page(know, query(limit=1, offset=0, is_active=value))


def _narrow_page(know: Knowledge, query: str) -> AskPage:
    answer = yield from know.ask(query, purpose=_PURPOSE, credentials=Credentials.NARROW)
    return answer.page if answer is not None else None


def _narrow_walk(know: Knowledge) -> Steps:
    offset = 0
    for _ in range(6):
        # Spelled as nobody asked before, so that a cache that forgets whose answer it holds has none.
        page = yield from _narrow_page(know, f"offset={offset}&limit={know.most}")
        if page is None or page.limit < 1 or page.offset + page.limit >= page.total:
            break
        offset += page.limit
    tags = seen_tags(know)
    tag = tags.of_both_kinds or next(iter(tags.ranked), None)
    asked_before = query(limit=know.most, offset=0, is_active=True, tags=[tag] if tag else None)
    yield from _narrow_page(know, asked_before)


def alias(know: Knowledge) -> Steps:
    """The same queries on the other path; one suffices where it is not served."""
    path = other_path(know.conditions.path)
    if path is None:
        return
    tags = seen_tags(know).ranked[:1]
    filtered = query(limit=know.most, offset=0, is_active=True, tags=tags or None)
    queries = [query(limit=know.most, offset=0), "", filtered]
    if know.total > know.most:
        queries.insert(1, query(limit=know.most, offset=know.most))
    for one in queries:
        answer = yield from know.ask(one, purpose=ALIAS, path=path)
        if answer is None or not isinstance(answer.value, dict) or answer.status in (404, 410):
            return
    if know.conditions.token and not know.conditions.open:
        yield from know.ask(_PLAIN, purpose=ALIAS, path=path, credentials=Credentials.NONE)
