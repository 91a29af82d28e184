"""The endpoint as a chain of small stages, from a request to a reply; styles steer them, faults wrap one.

A stage finds the others in `site.stages`, so that a wrapped stage is the one that everybody calls.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote_to_bytes

from contracts.reference.conditions import NOTHING, ORDERS, Condition, Row, all_of, any_of
from contracts.reference.variants import MAX_INT64, Variant

if TYPE_CHECKING:
    from contracts.reference.store import Store

OLD_PATH = "/api/access-profiles"
NEW_PATH = "/api/governance/access-profiles"
MANY_TAGS = 50
PARAMETERS = ("limit", "offset", "search", "tags", "is_active")
WEB_PAGE = b"<!doctype html><html><head><title>Bifrost</title></head><body><div id=root></div></body></html>"

Pairs = tuple[tuple[str, str], ...]
Caller = Literal["full", "narrow"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came: `target` is the raw path, `query` the raw query, header names in lower case."""

    method: str
    path: str
    target: str
    query: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out; with `cut`, the connection is closed before the content is complete."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    cut: bool = False

    def with_header(self, name: str, value: str | None) -> Reply:
        """The reply with that header instead of the one it had; without it where the value is None."""
        others = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=others if value is None else (*others, (name, value)))


class Refusal(Exception):  # noqa: N818
    """The request is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Parameters:
    """The query, read; None where a parameter is absent."""

    limit: int | None = None
    offset: int | None = None
    is_active: bool | None = None
    tags: tuple[str, ...] | None = None
    search: str | None = None

    @property
    def filtered(self) -> bool:
        """Whether any filter is given."""
        return any(value is not None for value in (self.is_active, self.tags, self.search))


@dataclass(frozen=True, slots=True)
class Window:
    """The limit and the offset in force; no limit where everything is returned."""

    limit: int | None
    offset: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Everything known of a request that is going to be answered 200."""

    site: Site
    incoming: Incoming
    caller: Caller
    pairs: Pairs
    parameters: Parameters
    window: Window

    @property
    def limit(self) -> int:
        """The limit in force, as a number."""
        return MAX_INT64 if self.window.limit is None else self.window.limit

    @property
    def offset(self) -> int:
        """The offset in force."""
        return self.window.offset

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags asked for; none where there is no filter by tags."""
        return self.parameters.tags or ()

    @property
    def first_page(self) -> bool:
        """Whether the window starts at the beginning."""
        return self.window.offset == 0

    def given(self, name: str) -> bool:
        """Whether the query has that parameter, with whatever value."""
        return any(key == name for key, _ in self.pairs)

    def asking(self, **changes: Any) -> Ask:
        """The same with other parameters."""
        return replace(self, parameters=replace(self.parameters, **changes))

    def at(self, *, offset: int | None = None, limit: int | None = None) -> Ask:
        """The same with another window."""
        old = self.window
        window = Window(old.limit if limit is None else limit, old.offset if offset is None else offset)
        return replace(self, window=window)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The content before it is written down: `items` are JSON texts, `members` come after the list."""

    items: list[str] | None
    members: dict[str, Any]
    list_name: str = "access_profiles"

    def having(self, **members: Any) -> Envelope:
        """The same with other members."""
        return replace(self, members=self.members | members)

    def without(self, name: str) -> Envelope:
        """The same without one member."""
        return replace(self, members={k: v for k, v in self.members.items() if k != name})


@dataclass(slots=True)
class Site:
    """One deployment: what it holds, whom it knows, how it behaves and what it remembers."""

    store: Store
    style: Variant
    stages: Stages
    token: str | None
    narrow_token: str | None = None
    basic: tuple[str, str] | None = None
    dice: random.Random = field(default_factory=random.Random)
    memory: Counter[str] = field(default_factory=Counter)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that are served."""
        return {"both": (OLD_PATH, NEW_PATH), "old": (OLD_PATH,), "new": (NEW_PATH,)}[self.style.paths]


def handle(site: Site, incoming: Incoming) -> Reply:
    """Any request, answered."""
    if incoming.path not in site.paths:
        return Reply(200, (("content-type", "text/html; charset=utf-8"),), WEB_PAGE)
    try:
        reply = site.stages.reply(ask(site, incoming))
    except Refusal as refusal:
        reply = site.stages.refuse(site, incoming, refusal)
    return site.stages.mark(site, incoming, reply)


def ask(site: Site, incoming: Incoming) -> Ask:
    """The request understood, or refused: first the method, then the caller, then the query."""
    refuse_method(site, incoming)
    caller = site.stages.access(site, incoming)
    pairs = site.stages.split(site, incoming.query)
    parameters = site.stages.read(site, pairs)
    window = site.stages.window(site, parameters)
    return Ask(site, incoming, caller, pairs, parameters, window)


def refuse_method(site: Site, incoming: Incoming) -> None:
    """Only GET is served, and HEAD where the style says so."""
    if incoming.method == "OPTIONS":
        raise Refusal(403, "origin not allowed")
    heads = site.style.head == "as-get" and incoming.method == "HEAD"
    if incoming.method != "GET" and not heads:
        raise Refusal(405, f"method {incoming.method} not allowed")


def access(site: Site, incoming: Incoming) -> Caller:
    """Whose credentials came; refuses where they are missing or wrong."""
    if site.token is None or site.style.access == "open":
        return "full"
    presented = incoming.headers.get("authorization", "")
    if site.narrow_token is not None and presented == f"Bearer {site.narrow_token}":
        return "narrow"
    if presented != f"Bearer {site.token}" and not _basic(site, presented):
        raise Refusal(site.style.unauthorised, "missing or invalid credentials")
    return "full"


def _basic(site: Site, presented: str) -> bool:
    """Whether the header holds the user and the password of this deployment (RFC 7617)."""
    if site.basic is None:
        return False
    from base64 import b64encode

    return presented == "Basic " + b64encode(":".join(site.basic).encode()).decode("ascii")


def split(_site: Site, query: str) -> Pairs:
    """Names and values of the raw query; what is no percent-encoding or no UTF-8 never stops it."""
    parts = [part.partition("=") for part in query.split("&") if part]
    return tuple((decoded(name), decoded(value)) for name, _, value in parts)


def decoded(text: str) -> str:
    """Form decoding: `+` is a space; what is no UTF-8 becomes U+FFFD."""
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("utf-8", "replace")


def read(site: Site, pairs: Pairs) -> Parameters:
    """The parameters that count; an empty value is an absent one."""
    style = site.style
    if style.unknown == "refused" and (names := {name for name, _ in pairs} - set(PARAMETERS)):
        raise Refusal(style.refusal_status, f"unknown parameter {min(names)!r}")
    values = {name: _one(style, name, pairs) for name in PARAMETERS}
    return Parameters(
        limit=integer(style, "limit", values["limit"]),
        offset=integer(style, "offset", values["offset"]),
        is_active=boolean(style, values["is_active"]),
        tags=tag_list(style, values["tags"]),
        search=None if style.search == "ignored" else values["search"] or None,
    )


def _one(style: Variant, name: str, pairs: Pairs) -> str:
    """The value that counts, empty where there is none."""
    values = [value for key, value in pairs if key == name]
    if len(values) > 1 and style.repeated == "refused":
        raise Refusal(style.refusal_status, f"{name} is given {len(values)} times")
    if not values:
        return ""
    return values[-1] if style.repeated == "last" else values[0]


def integer(style: Variant, name: str, text: str) -> int | None:
    """The number that a text spells; refused, or absent, where it spells none."""
    if not text:
        return None
    number = _lenient_integer(text) if style.integers == "lenient" else _integer(text)
    if number is None and style.words == "refused":
        raise Refusal(style.refusal_status, f"{name} must be an integer")
    return number


def _integer(text: str) -> int | None:
    """Digits with at most a minus; beyond 400 digits just a very large number."""
    if not re.fullmatch(r"-?[0-9]+", text):
        return None
    return int(text[:400])


def _lenient_integer(text: str) -> int | None:
    """As frameworks do: spaces, a plus, underscores, other scripts, a fraction of zeros."""
    try:
        return int(re.sub(r"\.0+$", "", text.strip()[:400]))
    except ValueError:
        return None


_TRUE = frozenset(("true", "t", "yes", "y", "on", "1"))
_FALSE = frozenset(("false", "f", "no", "n", "off", "0"))


def boolean(style: Variant, text: str) -> bool | None:
    """The truth value that a text spells; refused, or absent, where it spells none."""
    if style.booleans == "lenient":
        text = text.strip().lower()
    words = (_TRUE, _FALSE) if style.booleans == "lenient" else ({"true"}, {"false"})
    for value, spellings in zip((True, False), words, strict=True):
        if text in spellings:
            return value
    if not text or style.booleans == "equals-true" or style.words == "absent":
        return None
    raise Refusal(style.refusal_status, "is_active must be true or false")


def tag_list(style: Variant, text: str) -> tuple[str, ...] | None:
    """The tags asked for, each once; None where there is no filter."""
    if not text:
        return None
    items = text.split(",")
    if style.tag_spaces == "trimmed":
        items = [item.strip(" ") for item in items]
    if style.empty_tags == "refused" and "" in items:
        raise Refusal(style.refusal_status, "tags has an empty item")
    if style.empty_tags == "dropped":
        items = [item for item in items if item]
    return tuple(dict.fromkeys(items)) or None


def window(site: Site, parameters: Parameters) -> Window:
    """The limit and the offset in force."""
    style = site.style
    if parameters.limit is None and parameters.offset is None and _unpaged(style, parameters):
        return Window(None, 0)
    offset = parameters.offset or 0
    if offset < 0:
        _refuse_negative(style, "offset")
    if offset > style.largest_offset:
        raise Refusal(style.refusal_status, "offset is too large")
    return Window(_limit(style, parameters.limit), max(offset, 0))


def _unpaged(style: Variant, parameters: Parameters) -> bool:
    choices = {"no-limit": True, "only-filters": parameters.filtered, "no-query": not parameters.filtered}
    return choices.get(style.unpaged, False)


def _limit(style: Variant, asked: int | None) -> int:
    if asked is None or (asked == 0 and style.zero_limit == "default"):
        return style.default_limit
    if asked == 0 and style.zero_limit == "refused":
        raise Refusal(style.refusal_status, "limit must be positive")
    if asked < 0:
        _refuse_negative(style, "limit")
        return 1 if style.negative == "one" else style.default_limit
    if style.maximum is None or asked <= style.maximum:
        return asked
    if style.over_maximum == "refused":
        raise Refusal(style.refusal_status, f"limit must be at most {style.maximum}")
    return style.maximum


def _refuse_negative(style: Variant, name: str) -> None:
    if style.negative == "refused":
        raise Refusal(style.refusal_status, f"{name} must not be negative")


def carries(ask: Ask, tag: str) -> Condition:
    """That a profile carries one tag."""
    fold = " COLLATE NOCASE" if ask.site.style.tag_case == "ignored" else ""
    sql = f"EXISTS (SELECT 1 FROM tags t WHERE t.profile = p.key AND t.tag = ?{fold})"  # noqa: S608
    return Condition(sql, (tag,))


def tagged(ask: Ask) -> Condition:
    """That a profile carries the tags asked for: any or all of them."""
    every = ask.site.style.tags == "all"
    tags = ask.tags if len(ask.tags) <= MANY_TAGS else _in_use(ask)
    if every and len(tags) < len(ask.tags):
        return NOTHING
    conditions = [ask.site.stages.carries(ask, tag) for tag in tags]
    return all_of(conditions) if every else any_of(conditions)


def _in_use(ask: Ask) -> list[str]:
    """Those of many tags that any profile may carry: SQLite is slow with thousands of conditions."""
    used = {tag.lower() for (tag,) in ask.site.store.query("SELECT DISTINCT tag FROM tags")}
    return [tag for tag in ask.tags if tag.lower() in used]


def found(ask: Ask) -> Condition:
    """That the text searched for stands in the name or in the description."""
    needle = (ask.parameters.search or "").casefold()
    fields = ["folded_name", "folded_description"][: 1 if ask.site.style.search == "name-only" else 2]
    return any_of([Condition(f"instr(p.{name}, ?) > 0", (needle,)) for name in fields])


def visible(ask: Ask) -> Condition:
    """That the caller may see a profile."""
    return Condition("p.narrow" if ask.caller == "narrow" else "1")


def filters(ask: Ask) -> list[Condition]:
    """One condition for each filter that is given."""
    conditions, parameters = [], ask.parameters
    if parameters.is_active is not None:
        conditions.append(Condition("p.is_active = ?", (parameters.is_active,)))
    if parameters.tags is not None:
        conditions.append(ask.site.stages.tagged(ask))
    if parameters.search is not None:
        conditions.append(ask.site.stages.found(ask))
    return conditions


def select(ask: Ask) -> Condition:
    """What the list holds for this request, before it is cut to a page."""
    return all_of([ask.site.stages.visible(ask), *filters(ask)])


def order(ask: Ask) -> str:
    """The SQL order of the list: total, the same for every request."""
    return ORDERS[ask.site.style.order]


def total(ask: Ask) -> int:
    """How many profiles the request selects."""
    return ask.site.store.total(ask.site.stages.select(ask))


def rows(ask: Ask) -> list[Row]:
    """The profiles of the page."""
    stages = ask.site.stages
    return ask.site.store.rows(stages.select(ask), stages.order(ask), ask.limit, ask.offset)


def write(ask: Ask, row: Row) -> str:
    """One profile as JSON text."""
    if not ask.site.style.moving_counters:
        return row.text
    ask.site.memory["reads"] += 1
    return json.dumps(_moved(json.loads(row.text), ask.site.memory["reads"]), ensure_ascii=False)


def _moved(value: Any, by: int) -> Any:
    """The counters after that many more uses."""
    if isinstance(value, list):
        return [_moved(item, by) for item in value]
    if not isinstance(value, dict):
        return value
    return {k: v + by if k.endswith("current_usage") else _moved(v, by) for k, v in value.items()}


def envelope(ask: Ask, number: int, texts: list[str]) -> Envelope:
    """The page with its five members."""
    limit = len(texts) if ask.window.limit is None else ask.window.limit
    members: dict[str, Any] = {
        "count": len(texts),
        "total_count": number,
        "limit": limit,
        "offset": ask.offset,
    }
    if ask.site.style.extra_members:
        members |= {"has_more": ask.offset + len(texts) < number, "served_by": "node-1"}
    return Envelope(texts, members)


def content(_ask: Ask, page: Envelope) -> bytes:
    """The bytes of the page."""
    items = "null" if page.items is None else f"[{','.join(page.items)}]"
    members = {page.list_name: items} | {k: json.dumps(v) for k, v in page.members.items()}
    return ("{" + ",".join(f'"{name}":{text}' for name, text in members.items()) + "}").encode()


def reply(ask: Ask) -> Reply:
    """The page as a 200: the total first, then the page, by two statements without a transaction."""
    stages = ask.site.stages
    number = stages.total(ask)
    if ask.site.style.writes:
        time.sleep(0.001)
    texts = [stages.write(ask, row) for row in stages.rows(ask)]
    page = stages.envelope(ask, number, texts)
    return Reply(200, (("content-type", ask.site.style.media_type),), stages.content(ask, page))


def refuse(site: Site, _incoming: Incoming, refusal: Refusal) -> Reply:
    """An error as the gateway writes it."""
    error: dict[str, Any] = {"message": refusal.message, "type": "invalid_request_error"}
    body: dict[str, Any] = {"is_bifrost_error": False, "status_code": refusal.status, "error": error}
    if site.style.error_form == "full":
        error |= {"code": "invalid_request", "param": "", "event_id": "evt-1"}
        body |= {"type": "invalid_request_error", "event_id": "evt-1", "extra_fields": {}}
    headers: tuple[tuple[str, str], ...] = (("content-type", site.style.media_type),)
    if refusal.status == 401:
        headers += (("www-authenticate", "Bearer"),)
    if refusal.status == 405:
        headers += (("allow", "GET"),)
    return Reply(refusal.status, headers, json.dumps(body).encode())


def mark(site: Site, incoming: Incoming, reply: Reply) -> Reply:
    """The older path says that it has a successor, where that is served."""
    if incoming.path != OLD_PATH or NEW_PATH not in site.paths:
        return reply
    link = f'<{NEW_PATH}>; rel="successor-version"'
    return reply.with_header("Deprecation", "true").with_header("Link", link)


@dataclass(frozen=True, slots=True)
class Stages:
    """The chain; a fault puts something else in one place."""

    handle: Callable[[Site, Incoming], Reply] = handle
    access: Callable[[Site, Incoming], Caller] = access
    split: Callable[[Site, str], Pairs] = split
    read: Callable[[Site, Pairs], Parameters] = read
    window: Callable[[Site, Parameters], Window] = window
    carries: Callable[[Ask, str], Condition] = carries
    tagged: Callable[[Ask], Condition] = tagged
    found: Callable[[Ask], Condition] = found
    visible: Callable[[Ask], Condition] = visible
    select: Callable[[Ask], Condition] = select
    order: Callable[[Ask], str] = order
    total: Callable[[Ask], int] = total
    rows: Callable[[Ask], list[Row]] = rows
    write: Callable[[Ask, Row], str] = write
    envelope: Callable[[Ask, int, list[str]], Envelope] = envelope
    content: Callable[[Ask, Envelope], bytes] = content
    reply: Callable[[Ask], Reply] = reply
    refuse: Callable[[Site, Incoming, Refusal], Reply] = refuse
    mark: Callable[[Site, Incoming, Reply], Reply] = mark
