"""The endpoint as a chain of small stages, from a request to a reply.

The variant parametrizes the stages; a fault wraps one of them. Stages call each other through `site.stages`,
so every caller gets the wrapped one.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

from contracts.reference.conditions import NOTHING, ORDERS, Condition, Row, all_of, any_of
from contracts.reference.store import Store
from contracts.reference.variants import MAX_INT64, Variant

OLD_PATH = "/api/access-profiles"
NEW_PATH = "/api/governance/access-profiles"
MANY_TAGS = 50
PARAMETERS = ("limit", "offset", "search", "tags", "is_active")
WEB_PAGE = b"<!doctype html><html><head><title>Bifrost</title></head><body><div id=root></div></body></html>"

Pairs = tuple[tuple[str, str], ...]
Caller = Literal["full", "narrow"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A raw request: `target` and `query` are not decoded, header names are in lower case."""

    method: str
    path: str
    target: str
    query: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reply:
    """A response; with `cut`, the connection is closed before the body is complete."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    cut: bool = False

    def with_header(self, name: str, value: str | None) -> Reply:
        """The reply with that header replaced, or removed if the value is None."""
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
    """The parsed query; None where a parameter is absent."""

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
class Call:
    """A valid request, parsed: who calls, what is selected, and which part of it."""

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
        """The tags requested; none where there is no filter by tags."""
        return self.parameters.tags or ()

    @property
    def first_page(self) -> bool:
        """Whether the window starts at the beginning."""
        return self.window.offset == 0

    def given(self, name: str) -> bool:
        """Whether the query has that parameter, with whatever value."""
        return any(key == name for key, _ in self.pairs)

    def replacing(self, **changes: Any) -> Call:
        """The call with other parameters."""
        return replace(self, parameters=replace(self.parameters, **changes))

    def at(self, *, offset: int | None = None, limit: int | None = None) -> Call:
        """The call with another window."""
        old = self.window
        window = Window(old.limit if limit is None else limit, old.offset if offset is None else offset)
        return replace(self, window=window)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The body before it is serialised: `items` are JSON texts, `members` follow the list."""

    items: list[str] | None
    members: dict[str, Any]
    list_name: str = "access_profiles"

    def having(self, **members: Any) -> Envelope:
        """The envelope with other members."""
        return replace(self, members=self.members | members)

    def without(self, name: str) -> Envelope:
        """The envelope without one member."""
        return replace(self, members={k: v for k, v in self.members.items() if k != name})


@dataclass(slots=True)
class Site:
    """One deployment: its data, credentials, behaviour and memory.

    `between_statements` runs between the two statements of a page, which share no transaction.
    """

    store: Store
    variant: Variant
    stages: Stages
    token: str | None
    narrow_token: str | None = None
    basic: tuple[str, str] | None = None
    dice: random.Random = field(default_factory=random.Random)
    memory: Counter[str] = field(default_factory=Counter)
    between_statements: Callable[[], None] = lambda: None

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths that are served."""
        return {"both": (OLD_PATH, NEW_PATH), "old": (OLD_PATH,), "new": (NEW_PATH,)}[self.variant.paths]


def handle(site: Site, incoming: Incoming) -> Reply:
    """The reply to any request."""
    if incoming.path not in site.paths:
        return Reply(200, (("content-type", "text/html; charset=utf-8"),), WEB_PAGE)
    try:
        reply = site.stages.reply(parse(site, incoming))
    except Refusal as refusal:
        reply = site.stages.refuse(site, incoming, refusal)
    return site.stages.mark(site, incoming, reply)


def parse(site: Site, incoming: Incoming) -> Call:
    """The parsed request. Checks the method, then the credentials, then the query; raises Refusal."""
    refuse_method(site, incoming)
    caller = site.stages.access(site, incoming)
    pairs = site.stages.split(site, incoming.query)
    parameters = site.stages.read(site, pairs)
    window = site.stages.window(site, parameters)
    return Call(site, incoming, caller, pairs, parameters, window)


def refuse_method(site: Site, incoming: Incoming) -> None:
    """Refuse all methods but GET, and HEAD where the variant serves it."""
    if incoming.method == "OPTIONS":
        raise Refusal(403, "origin not allowed")
    heads = site.variant.head == "as-get" and incoming.method == "HEAD"
    if incoming.method != "GET" and not heads:
        raise Refusal(405, f"method {incoming.method} not allowed")


def access(site: Site, incoming: Incoming) -> Caller:
    """Whose credentials the request carries; raises Refusal if they are missing or wrong."""
    if site.token is None or site.variant.access == "open":
        return "full"
    presented = incoming.headers.get("authorization", "")
    if site.narrow_token is not None and presented == f"Bearer {site.narrow_token}":
        return "narrow"
    if presented != f"Bearer {site.token}" and not _basic(site, presented):
        raise Refusal(site.variant.unauthorised, "missing or invalid credentials")
    return "full"


def _basic(site: Site, presented: str) -> bool:
    """Whether the header holds the user and password of this deployment (RFC 7617)."""
    if site.basic is None:
        return False
    from base64 import b64encode

    return presented == "Basic " + b64encode(":".join(site.basic).encode()).decode("ascii")


def split(_site: Site, query: str) -> Pairs:
    """Names and values of the raw query; accepts invalid percent-encoding and invalid UTF-8."""
    parts = [part.partition("=") for part in query.split("&") if part]
    return tuple((decoded(name), decoded(value)) for name, _, value in parts)


def decoded(text: str) -> str:
    """Form decoding: `+` is a space, invalid UTF-8 becomes U+FFFD."""
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("utf-8", "replace")


def read(site: Site, pairs: Pairs) -> Parameters:
    """The parsed parameters; an empty value counts as absent."""
    variant = site.variant
    if variant.unknown == "refused" and (names := {name for name, _ in pairs} - set(PARAMETERS)):
        raise Refusal(variant.refusal_status, f"unknown parameter {min(names)!r}")
    values = {name: _one(variant, name, pairs) for name in PARAMETERS}
    return Parameters(
        limit=integer(variant, "limit", values["limit"]),
        offset=integer(variant, "offset", values["offset"]),
        is_active=boolean(variant, values["is_active"]),
        tags=tag_list(variant, values["tags"]),
        search=None if variant.search == "ignored" else values["search"] or None,
    )


def _one(variant: Variant, name: str, pairs: Pairs) -> str:
    """The value that counts; empty where there is none."""
    values = [value for key, value in pairs if key == name]
    if len(values) > 1 and variant.repeated == "refused":
        raise Refusal(variant.refusal_status, f"{name} is given {len(values)} times")
    if not values:
        return ""
    return values[-1] if variant.repeated == "last" else values[0]


def integer(variant: Variant, name: str, text: str) -> int | None:
    """The number in the text; refused or absent if there is none."""
    if not text:
        return None
    number = _lenient_integer(text) if variant.integers == "lenient" else _integer(text)
    if number is None and variant.words == "refused":
        raise Refusal(variant.refusal_status, f"{name} must be an integer")
    return number


def _integer(text: str) -> int | None:
    """Digits with an optional minus; more than 400 digits are cut off."""
    if not re.fullmatch(r"-?[0-9]+", text):
        return None
    return int(text[:400])


def _lenient_integer(text: str) -> int | None:
    """As frameworks parse it: spaces, a plus, underscores, other scripts, a fraction of zeros."""
    try:
        return int(re.sub(r"\.0+$", "", text.strip()[:400]))
    except ValueError:
        return None


_TRUE = frozenset(("true", "t", "yes", "y", "on", "1"))
_FALSE = frozenset(("false", "f", "no", "n", "off", "0"))


def boolean(variant: Variant, text: str) -> bool | None:
    """The boolean in the text; refused or absent if there is none."""
    if variant.booleans == "lenient":
        text = text.strip().lower()
    words = (_TRUE, _FALSE) if variant.booleans == "lenient" else ({"true"}, {"false"})
    for value, spellings in zip((True, False), words, strict=True):
        if text in spellings:
            return value
    if not text or variant.booleans == "equals-true" or variant.words == "absent":
        return None
    raise Refusal(variant.refusal_status, "is_active must be true or false")


def tag_list(variant: Variant, text: str) -> tuple[str, ...] | None:
    """The distinct tags requested; None where there is no filter."""
    if not text:
        return None
    items = text.split(",")
    if variant.tag_spaces == "trimmed":
        items = [item.strip(" ") for item in items]
    if variant.empty_tags == "refused" and "" in items:
        raise Refusal(variant.refusal_status, "tags has an empty item")
    if variant.empty_tags == "dropped":
        items = [item for item in items if item]
    return tuple(dict.fromkeys(items)) or None


def window(site: Site, parameters: Parameters) -> Window:
    """The limit and the offset in force."""
    variant = site.variant
    if parameters.limit is None and parameters.offset is None and _unpaged(variant, parameters):
        return Window(None, 0)
    offset = parameters.offset or 0
    if offset < 0:
        _refuse_negative(variant, "offset")
    if offset > variant.largest_offset:
        raise Refusal(variant.refusal_status, "offset is too large")
    return Window(_limit(variant, parameters.limit), max(offset, 0))


def _unpaged(variant: Variant, parameters: Parameters) -> bool:
    choices = {"no-limit": True, "only-filters": parameters.filtered, "no-query": not parameters.filtered}
    return choices.get(variant.unpaged, False)


def _limit(variant: Variant, requested: int | None) -> int:
    if requested is None or (requested == 0 and variant.zero_limit == "default"):
        return variant.default_limit
    if requested == 0 and variant.zero_limit == "refused":
        raise Refusal(variant.refusal_status, "limit must be positive")
    if requested < 0:
        _refuse_negative(variant, "limit")
        return 1 if variant.negative == "one" else variant.default_limit
    if variant.maximum is None or requested <= variant.maximum:
        return requested
    if variant.over_maximum == "refused":
        raise Refusal(variant.refusal_status, f"limit must be at most {variant.maximum}")
    return variant.maximum


def _refuse_negative(variant: Variant, name: str) -> None:
    if variant.negative == "refused":
        raise Refusal(variant.refusal_status, f"{name} must not be negative")


def carries(call: Call, tag: str) -> Condition:
    """The condition that a profile has one tag."""
    fold = " COLLATE NOCASE" if call.site.variant.tag_case == "ignored" else ""
    sql = f"EXISTS (SELECT 1 FROM tags t WHERE t.profile = p.key AND t.tag = ?{fold})"  # noqa: S608
    return Condition(sql, (tag,))


def tagged(call: Call) -> Condition:
    """The condition that a profile has any, or all, of the tags requested."""
    every = call.site.variant.tags == "all"
    tags = call.tags if len(call.tags) <= MANY_TAGS else _in_use(call)
    if every and len(tags) < len(call.tags):
        return NOTHING
    conditions = [call.site.stages.carries(call, tag) for tag in tags]
    return all_of(conditions) if every else any_of(conditions)


def _in_use(call: Call) -> list[str]:
    """The tags that any profile may have: SQLite is slow with thousands of conditions."""
    used = {tag.lower() for (tag,) in call.site.store.query("SELECT DISTINCT tag FROM tags")}
    return [tag for tag in call.tags if tag.lower() in used]


def found(call: Call) -> Condition:
    """The condition that the name or the description contains the search text."""
    needle = (call.parameters.search or "").casefold()
    fields = ["folded_name", "folded_description"][: 1 if call.site.variant.search == "name-only" else 2]
    return any_of([Condition(f"instr(p.{name}, ?) > 0", (needle,)) for name in fields])


def visible(call: Call) -> Condition:
    """The condition that the caller may see a profile."""
    return Condition("p.narrow" if call.caller == "narrow" else "1")


def filters(call: Call) -> list[Condition]:
    """One condition for each filter that is given."""
    conditions, parameters = [], call.parameters
    if parameters.is_active is not None:
        conditions.append(Condition("p.is_active = ?", (parameters.is_active,)))
    if parameters.tags is not None:
        conditions.append(call.site.stages.tagged(call))
    if parameters.search is not None:
        conditions.append(call.site.stages.found(call))
    return conditions


def select(call: Call) -> Condition:
    """The condition that selects the whole list of this call."""
    return all_of([call.site.stages.visible(call), *filters(call)])


def order(call: Call) -> str:
    """The SQL order of the list: total, and the same for every call."""
    return ORDERS[call.site.variant.order]


def total(call: Call) -> int:
    """How many profiles the call selects."""
    return call.site.store.total(call.site.stages.select(call))


def rows(call: Call) -> list[Row]:
    """The profiles of the page."""
    stages = call.site.stages
    return call.site.store.rows(stages.select(call), stages.order(call), call.limit, call.offset)


def write(call: Call, row: Row) -> str:
    """One profile as JSON text."""
    if not call.site.variant.moving_counters:
        return row.text
    call.site.memory["reads"] += 1
    return json.dumps(_moved(json.loads(row.text), call.site.memory["reads"]), ensure_ascii=False)


def _moved(value: Any, by: int) -> Any:
    """The counters after that many more uses."""
    if isinstance(value, list):
        return [_moved(item, by) for item in value]
    if not isinstance(value, dict):
        return value
    return {k: v + by if k.endswith("current_usage") else _moved(v, by) for k, v in value.items()}


def envelope(call: Call, number: int, texts: list[str]) -> Envelope:
    """The page with its five members."""
    limit = len(texts) if call.window.limit is None else call.window.limit
    members: dict[str, Any] = {
        "count": len(texts),
        "total_count": number,
        "limit": limit,
        "offset": call.offset,
    }
    if call.site.variant.extra_members:
        members |= {"has_more": call.offset + len(texts) < number, "served_by": "node-1"}
    return Envelope(texts, members)


def content(_call: Call, page: Envelope) -> bytes:
    """The bytes of the page."""
    items = "null" if page.items is None else f"[{','.join(page.items)}]"
    members = {page.list_name: items} | {k: json.dumps(v) for k, v in page.members.items()}
    return ("{" + ",".join(f'"{name}":{text}' for name, text in members.items()) + "}").encode()


def reply(call: Call) -> Reply:
    """The page as a 200: first the total, then the rows, in two statements without a transaction."""
    stages = call.site.stages
    number = stages.total(call)
    call.site.between_statements()
    texts = [stages.write(call, row) for row in stages.rows(call)]
    page = stages.envelope(call, number, texts)
    return Reply(200, (("content-type", call.site.variant.media_type),), stages.content(call, page))


def refuse(site: Site, _incoming: Incoming, refusal: Refusal) -> Reply:
    """An error in the gateway's form."""
    error: dict[str, Any] = {"message": refusal.message, "type": "invalid_request_error"}
    body: dict[str, Any] = {"is_bifrost_error": False, "status_code": refusal.status, "error": error}
    if site.variant.error_form == "full":
        error |= {"code": "invalid_request", "param": "", "event_id": "evt-1"}
        body |= {"type": "invalid_request_error", "event_id": "evt-1", "extra_fields": {}}
    headers: tuple[tuple[str, str], ...] = (("content-type", site.variant.media_type),)
    if refusal.status == 401:
        headers += (("www-authenticate", "Bearer"),)
    if refusal.status == 405:
        headers += (("allow", "GET"),)
    return Reply(refusal.status, headers, json.dumps(body).encode())


def mark(site: Site, incoming: Incoming, reply: Reply) -> Reply:
    """The older path names its successor, where that is served."""
    if incoming.path != OLD_PATH or NEW_PATH not in site.paths:
        return reply
    link = f'<{NEW_PATH}>; rel="successor-version"'
    return reply.with_header("Deprecation", "true").with_header("Link", link)


Access = Callable[[Site, Incoming], Caller]
Carries = Callable[[Call, str], Condition]
Conditions = Callable[[Call], Condition]
Contents = Callable[[Call, Envelope], bytes]
Envelopes = Callable[[Call, int, list[str]], Envelope]
Handles = Callable[[Site, Incoming], Reply]
Marks = Callable[[Site, Incoming, Reply], Reply]
Orders = Callable[[Call], str]
Reads = Callable[[Site, Pairs], Parameters]
Refuses = Callable[[Site, Incoming, Refusal], Reply]
Replies = Callable[[Call], Reply]
Rows = Callable[[Call], list[Row]]
Splits = Callable[[Site, str], Pairs]
Totals = Callable[[Call], int]
Windows = Callable[[Site, Parameters], Window]
Writes = Callable[[Call, Row], str]


@dataclass(frozen=True, slots=True)
class Stages:
    """The chain; a fault replaces one of its stages."""

    handle: Handles = handle
    access: Access = access
    split: Splits = split
    read: Reads = read
    window: Windows = window
    carries: Carries = carries
    tagged: Conditions = tagged
    found: Conditions = found
    visible: Conditions = visible
    select: Conditions = select
    order: Orders = order
    total: Totals = total
    rows: Rows = rows
    write: Writes = write
    envelope: Envelopes = envelope
    content: Contents = content
    reply: Replies = reply
    refuse: Refuses = refuse
    mark: Marks = mark
