"""What items say of themselves: the DATA requirements, which are this endpoint's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from contracts.document.document import is_rfc3339
from contracts.evidence.answers import Page, Profile
from contracts.evidence.evidence import Known, known_items
from contracts.evidence.responses import every_page
from contracts.judging.check import check
from contracts.judging.relations import places, position_of
from contracts.model import EvidenceClass, Place, Violation

_ZERO_TIME = datetime(1, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"\.[0-9]+")
_NUMBERS = (int, float)  # and not bool, which is an int to isinstance
_COUNTERS = (
    "max_limit",
    "current_usage",
    "token_max_limit",
    "request_max_limit",
    "token_current_usage",
    "request_current_usage",
)


# --- names --------------------------------------------------------------------------------------------


@check(
    "DATA-NAMES",
    known_items,
    needs="a list that is not empty",
    exercised=lambda e: bool(e.known_profiles),
)
def names_are_unique_and_trimmed(known: Known) -> Iterator[Violation]:
    """1 to 255 characters."""
    seen: dict[str, tuple[Page, Profile]] = {}
    for page, item in known.values():
        name = item.raw.get("name")
        if isinstance(name, str):
            yield from _odd_name(page, item, name)
            first_page, first = seen.setdefault(name, (page, item))
            if first.id != item.id:
                got = f"ids {first.id} and {item.id} with the name {name[:60]!r}"
                at = places(_name_of(first_page, first), _name_of(page, item))
                yield Violation("every name once", got, at)


def _odd_name(page: Page, item: Profile, name: str) -> Iterator[Violation]:
    if name != name.strip() or not 1 <= len(name) <= 255:
        spaces = ", with spaces around it" if name != name.strip() else ""
        expected = f"a trimmed name of 1 to 255 characters for id {item.id}"
        got = f"{name[:60]!r}, {len(name)} characters{spaces}"
        yield Violation(expected, got, (_name_of(page, item),), EvidenceClass.RESPONSE, min_writes=0)


def _name_of(page: Page, item: Profile) -> Place:
    return page.at_item(position_of(page, item.id), "/name", "/id")


# --- times --------------------------------------------------------------------------------------------


@check(
    "DATA-TIMES",
    every_page,
    needs="an item with times",
    exercised=lambda e: any(_timed(p) for p in e.profiles),
    sampled="profiles",
    exhaustive="page",
)
def times_are_in_order(page: Page) -> Iterator[Violation]:
    """`created_at` up to `updated_at`, and neither more than a day after the deployment's own `Date`."""
    horizon = _horizon(page)
    for index, item in enumerate(page.profiles):
        found = None if _surely_in_order(item.raw, horizon) else _wrong_times(item.raw, horizon)
        if found is not None:
            expected, got = found
            at = (page.at_item(index, "/created_at", "/updated_at", "/id"),)
            yield Violation(expected, got, at, min_writes=0)
            return


def _wrong_times(raw: dict[str, object], horizon: datetime | None) -> tuple[str, str] | None:
    """What was expected of both times and what was received; None if they are in order."""
    created, updated = _time(raw.get("created_at")), _time(raw.get("updated_at"))
    if created and updated and _ZERO_TIME not in (created, updated) and created > updated:
        got = f"created_at {raw['created_at']} after updated_at {raw['updated_at']}"
        return "created_at ≤ updated_at", got[:160]
    late = next((t for t in (created, updated) if t and horizon and t > horizon), None)
    if late and horizon:
        expected = f"no time after {horizon:%Y-%m-%dT%H:%M:%SZ}, a day after the Date of the response"
        return expected, f"{late:%Y-%m-%dT%H:%M:%SZ}"
    return None


def _surely_in_order(raw: dict[str, object], horizon: datetime | None) -> bool:
    """Whether both times are in order by Python's own parser, which is quick.

    It parses every RFC 3339 time correctly or not at all; what else it accepts, in order, is no violation.
    """
    try:
        created = datetime.fromisoformat(raw["created_at"])  # type: ignore[arg-type]
        updated = datetime.fromisoformat(raw["updated_at"])  # type: ignore[arg-type]
        in_order = created <= updated and (horizon is None or updated <= horizon)
    except (KeyError, TypeError, ValueError, OverflowError):
        return False
    return in_order


def _timed(item: Profile) -> bool:
    return all(_time(item.raw.get(name)) is not None for name in ("created_at", "updated_at"))


def _horizon(page: Page) -> datetime | None:
    """A day after the Date of the response; None where it has none, or none that can be counted with."""
    try:
        date = parsedate_to_datetime(page.answer.exchange.header("date") or "")
        aware = date if date.tzinfo else date.replace(tzinfo=UTC)
        return aware.astimezone(UTC) + timedelta(days=1)
    except (ValueError, TypeError, OverflowError):
        return None


def _time(value: object) -> datetime | None:
    """An RFC 3339 time to the microsecond; None for anything else."""
    if not isinstance(value, str) or not is_rfc3339(value):
        return None
    text = _FRACTION.sub(lambda m: m.group()[:7].ljust(7, "0"), value.upper().replace("Z", "+00:00"))
    try:
        return datetime.fromisoformat(text.replace(":60", ":59")).astimezone(UTC)
    except (ValueError, OverflowError):  # the year 0, or 0001 with an offset
        return None


# --- budgets and limits -------------------------------------------------------------------------------


@check(
    "DATA-USAGE",
    every_page,
    needs="an item with budgets or limits",
    exercised=lambda e: any(map(_limited, e.profiles)),
    sampled="profiles",
    exhaustive="page",
)
def usage_is_not_negative(page: Page) -> Iterator[Violation]:
    """And a scope `provider:<name>` names a provider of that item."""
    for index, item in enumerate(page.profiles):
        if not _surely_sound(item.raw):
            for pointer, holder in _holders(item.raw):
                yield from _negative(page, index, pointer, holder)
                yield from _foreign_scope(page, index, pointer, holder)


def _negative(page: Page, index: int, pointer: str, holder: dict[str, object]) -> Iterator[Violation]:
    for name in _COUNTERS:
        value = holder.get(name)
        if type(value) in _NUMBERS and value < 0:  # type: ignore[operator]
            at = (page.at_item(index, f"{pointer}/{name}", "/id"),)
            yield Violation(f"{name} of 0 or more", f"{value}"[:40], at, min_writes=0)


def _foreign_scope(page: Page, index: int, pointer: str, holder: dict[str, object]) -> Iterator[Violation]:
    scope, item = holder.get("scope"), page.profiles[index]
    if isinstance(scope, str) and scope.startswith("provider:") and scope not in _scopes(item.raw):
        expected = f"a scope that names a provider of id {item.id}"
        at = (page.at_item(index, f"{pointer}/scope", "/id"),)
        yield Violation(expected, f"scope {scope[:60]!r}", at, min_writes=0)


def _scopes(raw: dict[str, object]) -> set[str]:
    """The scopes that name the providers of an item."""
    names = (config.get("provider_name") for config in _objects(raw.get("provider_configs")))
    return {f"provider:{name}" for name in names if isinstance(name, str)}


def _surely_sound(raw: dict[str, object]) -> bool:
    """Whether budgets and limits are beyond doubt right: quicker than looking for what is wrong."""
    scopes = _scopes(raw)
    for part in (raw, *_objects(raw.get("provider_configs"))):
        limit = part.get("rate_limit")
        holders = _objects(part.get("budgets"))
        for holder in (*holders, limit) if type(limit) is dict else holders:
            scope = holder.get("scope")
            if type(scope) is str and scope not in scopes and scope.startswith("provider:"):
                return False
            for value in holder.values():
                if type(value) in _NUMBERS and value < 0:  # type: ignore[operator]
                    return False
    return True


def _limited(item: Profile) -> bool:
    return any(True for _ in _holders(item.raw))


def _holders(raw: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """The budgets and rate limits of an item and of its providers, with their JSON Pointers."""
    yield from _own(raw, "")
    for index, config in enumerate(_objects(raw.get("provider_configs"))):
        yield from _own(config, f"/provider_configs/{index}")


def _own(raw: dict[str, object], pointer: str) -> Iterator[tuple[str, dict[str, object]]]:
    limit = raw.get("rate_limit")
    if isinstance(limit, dict):
        yield f"{pointer}/rate_limit", limit
    for index, budget in enumerate(_objects(raw.get("budgets"))):
        if budget:
            yield f"{pointer}/budgets/{index}", budget


def _objects(items: object) -> list[dict[str, object]]:
    """The items of an array, an empty object in place of each that is none."""
    return [item if type(item) is dict else {} for item in items] if items and type(items) is list else []
