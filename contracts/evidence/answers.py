"""One response, parsed once: the query, the response, and the page if it is well formed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

from contracts.document.document import Problem, SchemaJudge
from contracts.evidence import strict_json as strictjson
from contracts.model import VOLATILE, Credentials, Exchange, Place, Request

# These come from proxies, limiters and restarts; the transport has waited and repeated the request.
TRANSIENT = frozenset({429, 502, 503, 504})

# Integers up to the first must be accepted; above, servers may refuse them (facts: 2^53, 2^63). Up to the
# second every server that accepts them must read them alike; above, a double cannot tell neighbours apart.
ACCEPTED_INTEGER_MAX = 2**31 - 1
PLAIN_INTEGER_MAX = 2**53 - 1

# Where the members of the envelope stand, by their roles.
POINTERS = {
    "items": "/access_profiles",
    "count": "/count",
    "total": "/total_count",
    "limit": "/limit",
    "offset": "/offset",
}

_CANONICAL_INTEGER = re.compile(r"0|[1-9][0-9]{0,15}")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NEEDLESS = re.compile(r"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which profiles a request selects: the filters, without the page."""

    is_active: bool | None = None
    tags: str | None = None
    search: str | None = None
    spelling: str = ""  # the raw value of `tags` where letters are percent-encoded that need not be

    @property
    def unfiltered(self) -> bool:
        """Whether no filter is given."""
        return self == Selection()

    @property
    def by_tags(self) -> bool:
        """Whether tags are the only filter."""
        return self.tags is not None and self.is_active is None and self.search is None

    @property
    def by_active(self) -> bool:
        """Whether `is_active` is the only filter."""
        return self.is_active is not None and self.tags is None and self.search is None

    @property
    def items(self) -> tuple[str, ...]:
        """The requested tags as they are between the commas, empty ones included."""
        return tuple(self.tags.split(",")) if self.tags is not None else ()

    @property
    def wanted(self) -> tuple[str, ...]:
        """The requested tags: trimmed, without empty ones, each once, in the order given."""
        return tuple(dict.fromkeys(item.strip() for item in self.items if item.strip()))

    def __str__(self) -> str:
        parts = []
        if self.is_active is not None:
            parts.append(f"is_active={str(self.is_active).lower()}")
        if self.tags is not None:
            parts.append(f"tags={self.spelling or self.tags}")
        if self.search is not None:
            parts.append(f"search={self.search}")
        return "&".join(parts) or "no filter"


@dataclass(frozen=True, slots=True)
class Query:
    """The query of a request as every server must read it.

    `plain` is False where servers may differ: values that are no canonical integer or boolean, empty,
    repeated or unknown parameters, control characters, invalid percent-encoding.
    """

    limit: int | None = None
    offset: int | None = None
    selection: Selection = Selection()
    plain: bool = True
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def implicit(self) -> bool:
        """Whether `limit` or `offset` is left to the deployment's default."""
        return self.limit is None or self.offset is None


def read_query(query: str) -> Query:
    """What a raw query asks for."""
    parameters = tuple(_parameters(query))
    names = [name for name, _ in parameters]
    values = dict(parameters)
    plain = (
        len(set(names)) == len(names)
        and not _BAD_PERCENT.search(query)
        and all(_plain(name, value) for name, value in parameters)
    )
    if not plain:
        return Query(plain=False, parameters=parameters)
    limit, offset, active = values.get("limit"), values.get("offset"), values.get("is_active")
    selection = Selection(
        is_active=None if active is None else active == "true",
        tags=values.get("tags"),
        search=values.get("search"),
        spelling=_needless_encoding(query),
    )
    return Query(
        limit=None if limit is None else int(limit),
        offset=None if offset is None else int(offset),
        selection=selection,
        parameters=parameters,
    )


def _needless_encoding(query: str) -> str:
    raw = next((part[5:] for part in query.split("&") if part.startswith("tags=")), "")
    return raw if _NEEDLESS.search(raw) else ""


def _parameters(query: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [(_decoded(name), _decoded(value)) for name, _, value in pairs]


def _decoded(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", errors="replace")


def _plain(name: str, value: str) -> bool:
    if name in ("limit", "offset"):
        return bool(_CANONICAL_INTEGER.fullmatch(value)) and int(value) <= PLAIN_INTEGER_MAX
    if name == "is_active":
        return value in ("true", "false")
    if name == "tags" and not value.replace(",", "").strip():
        return False
    if name in ("tags", "search"):
        return bool(value) and "\ufffd" not in value and not _CONTROL.search(value) and len(value) <= 1000
    return False


@dataclass(frozen=True)
class Answer:
    """An exchange that got a response, with its content read as strict JSON.

    `value` is the JSON value, None where `problem` (not JSON) or `beyond` (above the suite's bounds)
    says why there is none.
    """

    exchange: Exchange
    query: Query
    value: object = None
    problem: str | None = None
    beyond: str | None = None
    _problems: dict[SchemaJudge, tuple[Problem, ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def problems(self, schema: SchemaJudge) -> tuple[Problem, ...]:
        """Where the value does not conform to a schema; explained once, however many checks ask."""
        if schema not in self._problems:
            accepted = schema.accepts(self.value)
            self._problems[schema] = () if accepted else tuple(schema.problems(self.value))
        return self._problems[schema]

    @property
    def number(self) -> int:
        """The number of the exchange."""
        return self.exchange.number

    @property
    def request(self) -> Request:
        """The request that was answered."""
        return self.exchange.request

    def at(self, *facts: str) -> Place:
        """A place in this response."""
        return Place(self.exchange.number, facts)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.exchange.status or 0

    @property
    def transient(self) -> bool:
        """Whether the status speaks of load or proxies rather than of the contract."""
        return self.status in TRANSIENT

    @property
    def regular(self) -> bool:
        """Whether this is the operation, read with the given credentials."""
        request = self.request
        return request.method == "GET" and request.path is None and request.credentials is Credentials.GIVEN

    @cached_property
    def page(self) -> Page | None:
        """The page, where the answer is a well-formed 200."""
        return _page(self) if self.status == 200 else None


def read(exchange: Exchange) -> Answer | None:
    """The answer of an exchange; None where no response came."""
    if exchange.status is None:
        return None
    query = read_query(exchange.request.query)
    try:
        return Answer(exchange, query, value=strictjson.parse(exchange.content))
    except strictjson.NotJson as error:
        return Answer(exchange, query, problem=str(error))
    except strictjson.BeyondBounds as error:
        return Answer(exchange, query, beyond=str(error))


def share_profiles(answer: Answer, known: dict[int, object]) -> None:
    """Lets pages that show the same profile hold it once, and profiles with the same texts hold those once:
    half of the memory of a run on a long list.

    `known` are the profiles by id as they were first read, and those of this answer afterwards.
    """
    value = answer.value
    items = value.get("access_profiles") if isinstance(value, dict) else None
    if not isinstance(items, list):
        return
    for place, item in enumerate(items):
        if isinstance(item, dict) and type(identity := item.get("id")) is int:
            first = known.setdefault(identity, item)
            if first is item:
                _share_texts(item)
            elif strictjson.written_alike(first, item):
                items[place] = first


def _share_texts(value: dict[str, object]) -> None:
    """Puts in the place of each text the one that is the same and was there before."""
    inside: list[dict[str, object] | list[object]] = [value]
    while inside:
        container = inside.pop()
        places: Any = list(container) if isinstance(container, dict) else range(len(container))
        held: Any = container
        for place in places:
            one = held[place]
            if isinstance(one, str):
                held[place] = sys.intern(one)
            elif isinstance(one, dict | list):
                inside.append(one)


@dataclass(frozen=True)
class Profile:
    """An access profile on a page; `raw` is its JSON object."""

    id: int
    raw: dict[str, object]

    @property
    def active(self) -> object:
        """`is_active` as it came."""
        return self.raw.get("is_active")

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """Its tags; an absent or null list is empty."""
        tags = self.raw.get("tags")
        return tuple(t for t in tags if isinstance(t, str)) if isinstance(tags, list) else ()

    def carries(self, tag: str) -> bool:
        """Whether it has exactly this tag."""
        return tag in self.tags

    def carries_folded(self, tag: str) -> bool:
        """Whether it has this tag, letter case aside."""
        return tag.casefold() in (own.casefold() for own in self.tags)

    def reads_like(self, other: Profile) -> bool:
        """Whether two reads show the same, volatile members aside."""
        return self.raw == other.raw or self.stable_json == other.stable_json

    @cached_property
    def stable_json(self) -> str:
        """Its content without volatile members; the order inside nested arrays does not count."""
        return _stable_json(json.dumps(self.raw))


@lru_cache(maxsize=256)  # most pages of a run show the same items
def _stable_json(text: str) -> str:
    return json.dumps(stable_value(json.loads(text)), sort_keys=True)


def stable_value(value: object) -> object:
    """A JSON value without volatile members, arrays in a canonical order."""
    if isinstance(value, dict):
        return {key: stable_value(inner) for key, inner in value.items() if key not in VOLATILE}
    if isinstance(value, list):
        return sorted((stable_value(inner) for inner in value), key=lambda v: json.dumps(v, sort_keys=True))
    return value


@dataclass(frozen=True)
class Page:
    """A well-formed 200: profiles with integer ids and the four numbers of the envelope."""

    answer: Answer
    profiles: tuple[Profile, ...]
    count: int
    total: int
    limit: int
    offset: int

    @property
    def number(self) -> int:
        """The number of the exchange."""
        return self.answer.number

    @property
    def query(self) -> Query:
        """The query of the request."""
        return self.answer.query

    def at(self, *roles: str) -> Place:
        """Members of the envelope by their roles: items, count, total, limit, offset."""
        return Place(self.number, tuple(POINTERS[role] for role in roles))

    def at_item(self, index: int, *pointers: str) -> Place:
        """Members of one item, or the item itself."""
        return Place(
            self.number, tuple(f"{POINTERS['items']}/{index}{pointer}" for pointer in pointers or ("",))
        )

    def at_items(self, indices: Iterable[int], pointer: str = "/id") -> Place:
        """The same member of several items."""
        return Place(self.number, tuple(f"{POINTERS['items']}/{index}{pointer}" for index in indices))

    @property
    def selection(self) -> Selection:
        """The filters of the request."""
        return self.answer.query.selection

    @cached_property
    def ids(self) -> tuple[int, ...]:
        """The ids on the page, in order."""
        return tuple(profile.id for profile in self.profiles)

    @cached_property
    def by_id(self) -> dict[int, Profile]:
        """Profiles by id; the first of a doubled id."""
        return {profile.id: profile for profile in reversed(self.profiles)}

    @property
    def end(self) -> int:
        """The position after the last profile."""
        return self.offset + len(self.profiles)

    @property
    def past_end(self) -> bool:
        """Whether it begins at or after the end that it states."""
        return self.offset >= self.total

    @property
    def everything(self) -> bool:
        """Whether it looks unpaged: all profiles, `limit` being their number."""
        return self.offset == 0 and len(self.profiles) == self.total == self.limit

    @cached_property
    def fingerprint(self) -> tuple[object, ...]:
        """What two equal reads have in common, volatile members aside."""
        return (self.count, self.total, self.limit, self.offset, *(p.stable_json for p in self.profiles))


def _page(answer: Answer) -> Page | None:
    value = answer.value
    if not isinstance(value, dict) or not isinstance(value.get("access_profiles"), list):
        return None
    profiles = tuple(profile for item in value["access_profiles"] if (profile := _profile(item)) is not None)
    numbers = [whole(value.get(name)) for name in ("count", "total_count", "limit", "offset")]
    if len(profiles) < len(value["access_profiles"]) or None in numbers:
        return None
    count, total, limit, offset = (n for n in numbers if n is not None)
    return Page(answer, profiles, count, total, limit, offset)


def _profile(item: object) -> Profile | None:
    if not isinstance(item, dict):
        return None
    identity = whole(item.get("id"))
    return None if identity is None else Profile(identity, item)


def whole(value: object) -> int | None:
    """A JSON number that is an integer (5 and 5.0 are; JSON Schema), else None."""
    if type(value) is int:
        return value
    if not isinstance(value, float):
        return None
    return int(value) if value.is_integer() else None


def fingerprint(answer: Answer | None) -> object:
    """What two equal reads have in common, for any answer: the page, else status and kind of content.

    Error contents may carry times and event ids, so they are not compared.
    """
    if answer is None:
        return None
    page = answer.page
    return page.fingerprint if page is not None else (answer.status, answer.problem is None)
