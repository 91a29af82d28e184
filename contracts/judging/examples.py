"""One good and one bad example for each requirement: small exchanges, as `examples.yaml` writes them down."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from contracts.evidence.answers import read_query
from contracts.judging.catalogue import load_catalogue
from contracts.judging.check import CatalogueError
from contracts.model import Credentials, Exchange, Failure, FailureKind, Purpose, Request

_PATH = Path(__file__).with_name("examples.yaml")
_JSON = {"Content-Type": "application/json"}
_DEFAULT_LIMIT = 25

_KEYS = frozenset({"why", "good", "bad"})
_ASKED = frozenset({"ask", "path", "method", "credentials", "purpose"})
_CONTENT = frozenset({"profiles", "body", "text"})
_NUMBERS = frozenset({"count", "total", "limit", "offset"})
_EXCHANGE_KEYS = _ASKED | _CONTENT | _NUMBERS | {"status", "headers", "failure"}


@dataclass(frozen=True, slots=True)
class Example:
    """Exchanges that meet a requirement, exchanges that break it, and in a sentence what is wrong there."""

    good: tuple[Exchange, ...]
    bad: tuple[Exchange, ...]
    why: str


def load_examples(path: Path = _PATH) -> dict[str, Example]:
    """The examples of all requirements, by id.

    Raises CatalogueError where examples and checks do not fit together, or the file is not as it should be.
    """
    raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    if not isinstance(raw, dict):
        raise CatalogueError(f"{path.name} is no mapping of ids to examples")
    _refuse_misfits(set(raw), set(load_catalogue().checks))
    return {id_: _example(id_, entry) for id_, entry in raw.items()}


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, where YAML would let the last one win."""


def _unique(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise CatalogueError(f"{twice} stands twice in the examples")
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:map", _unique)


def _refuse_misfits(found: set[str], checked: set[str]) -> None:
    for id_ in sorted(found - checked):
        raise CatalogueError(f"{id_} has examples but no check")
    for id_ in sorted(checked - found):
        raise CatalogueError(f"{id_} has a check but no examples")


def _example(id_: str, entry: object) -> Example:
    if not isinstance(entry, dict) or entry.keys() != _KEYS:
        raise CatalogueError(f"the examples of {id_} need a good one, a bad one and why: {sorted(_KEYS)}")
    good, bad = (_exchanges(f"the {kind} example of {id_}", entry[kind]) for kind in ("good", "bad"))
    return Example(good, bad, str(entry["why"]))


def _exchanges(place: str, entries: object) -> tuple[Exchange, ...]:
    if not isinstance(entries, list) or not entries:
        raise CatalogueError(f"{place} is no list of exchanges")
    return tuple(exchange(number, entry, place) for number, entry in enumerate(entries, 1))


def exchange(number: int, entry: Mapping[str, Any], place: str = "the exchange") -> Exchange:
    """One exchange from its short form."""
    unknown = sorted(entry.keys() - _EXCHANGE_KEYS)
    if unknown:
        raise CatalogueError(f"{place} has an unknown key: {unknown[0]}")
    request = Request(
        entry.get("ask", ""),
        entry.get("path"),
        entry.get("method", "GET"),
        Credentials(entry.get("credentials", Credentials.GIVEN)),
        Purpose(entry.get("purpose", Purpose.UNSTATED)),
    )
    if "failure" in entry:
        kind = FailureKind(entry["failure"])
        return Exchange(number, request, None, failure=Failure(kind, kind.value))
    status = entry.get("status", 200)
    headers = tuple(entry.get("headers", _JSON).items())
    return Exchange(number, request, status, headers, _content(place, entry, request, status))


def _content(place: str, entry: Mapping[str, Any], request: Request, status: int) -> bytes:
    stated = sorted(_CONTENT & entry.keys())
    if len(stated) > 1 or (not stated and status == 200):
        raise CatalogueError(f"{place} needs one of {', '.join(sorted(_CONTENT))}; it has {stated}")
    if "text" in entry:
        return str(entry["text"]).encode()
    if "profiles" in entry:
        return json.dumps(page(entry, request.query), ensure_ascii=False).encode()
    return json.dumps(entry.get("body", {"error": {"message": "refused"}}), ensure_ascii=False).encode()


def page(entry: Mapping[str, Any], query: str = "") -> dict[str, object]:
    """The content of a page of `profiles`, with the numbers that are right where none are stated."""
    parsed = read_query(query)
    profiles = list(_profiles(entry["profiles"]))
    offset = parsed.offset or 0
    return {
        "access_profiles": profiles,
        "count": entry.get("count", len(profiles)),
        "total_count": entry.get("total", offset + len(profiles)),
        "limit": entry.get("limit", _DEFAULT_LIMIT if parsed.limit is None else parsed.limit),
        "offset": entry.get("offset", offset),
    }


def _profiles(entries: Iterable[object]) -> Iterator[dict[str, object]]:
    for entry in entries:
        members = entry if isinstance(entry, Mapping) else {"id": entry}
        yield {"name": f"profile {members['id']}", "is_active": True, **members}
