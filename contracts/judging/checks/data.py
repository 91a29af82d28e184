"""What profiles say of themselves: the DATA requirements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from contracts.document.document import is_rfc3339
from contracts.evidence.answers import Page, Profile
from contracts.evidence.data import Names
from contracts.judging.check import check
from contracts.model import Evidence as Class
from contracts.model import Violation

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


@check("DATA-NAMES", needs="a list that is not empty", exercised=lambda e: bool(e.known_profiles))
def names_are_unique_and_trimmed(names: Names) -> Iterator[Violation]:
    """1 to 255 characters."""
    seen: dict[str, tuple[Page, Profile]] = {}
    for page, profile in names.profiles:
        name = profile.raw.get("name")
        if not isinstance(name, str):
            continue
        if name != name.strip() or not 1 <= len(name) <= 255:
            got = f"a name of {len(name)} characters" + (
                " with spaces round it" if name != name.strip() else ""
            )
            expected = f"a trimmed name of 1 to 255 characters for profile {profile.id}"
            yield Violation(
                expected, got, (page.number,), _place(page, profile, "name"), evidence=Class.ONE, writes=0
            )
        first = seen.setdefault(name, (page, profile))
        if first[1].id != profile.id:
            got = f"profiles {first[1].id} and {profile.id} of the same name"
            numbers = tuple(sorted({first[0].number, page.number}))
            yield Violation("every name once", got, numbers, _place(page, profile, "name"))


def _place(page: Page, profile: Profile, member: str) -> str:
    return f"/access_profiles/{page.ids.index(profile.id)}/{member}"


@check(
    "DATA-TIMES",
    needs="a profile with times",
    exercised=lambda e: any(_timed(p) for p in e.profiles),
    sampled="profiles",
    exhaustive="page",
)
def times_are_in_order(page: Page) -> Iterator[Violation]:
    """`created_at` up to `updated_at`, and neither more than a day after the deployment's own `Date`."""
    horizon = _horizon(page)
    for position, profile in enumerate(page.profiles):
        if _surely_in_order(profile.raw, horizon):
            continue
        created, updated = _time(profile.raw.get("created_at")), _time(profile.raw.get("updated_at"))
        if created and updated and _ZERO_TIME not in (created, updated) and created > updated:
            got = f"created_at {profile.raw['created_at']} after updated_at {profile.raw['updated_at']}"
            pointer = f"/access_profiles/{position}/updated_at"
            yield Violation("created_at ≤ updated_at", got[:160], (page.number,), pointer, writes=0)
            return
        late = next((t for t in (created, updated) if t and horizon and t > horizon), None)
        if late:
            expected = f"no time after {horizon:%Y-%m-%dT%H:%M:%SZ}, a day after the deployment's Date"
            pointer = f"/access_profiles/{position}"
            yield Violation(expected, f"{late:%Y-%m-%dT%H:%M:%SZ}", (page.number,), pointer, writes=0)
            return


def _surely_in_order(raw: dict[str, object], horizon: datetime | None) -> bool:
    """Whether both times are in order already by Python's own reading, which is quick.

    It reads every RFC 3339 time right or not at all; what else it reads, being in order, is no violation.
    """
    try:
        created = datetime.fromisoformat(raw["created_at"])  # type: ignore[arg-type]
        updated = datetime.fromisoformat(raw["updated_at"])  # type: ignore[arg-type]
        in_order = created <= updated and (horizon is None or updated <= horizon)
    except (KeyError, TypeError, ValueError):
        return False
    return in_order


def _timed(profile: Profile) -> bool:
    return (
        _time(profile.raw.get("created_at")) is not None and _time(profile.raw.get("updated_at")) is not None
    )


def _horizon(page: Page) -> datetime | None:
    try:
        date = parsedate_to_datetime(page.answer.exchange.header("date") or "")
    except (ValueError, TypeError):
        return None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)) + timedelta(days=1)


def _time(value: object) -> datetime | None:
    """An RFC 3339 time to the microsecond; None for anything else."""
    if not isinstance(value, str) or not is_rfc3339(value):
        return None
    text = _FRACTION.sub(lambda m: m.group()[:7].ljust(7, "0"), value.upper().replace("Z", "+00:00"))
    try:
        return datetime.fromisoformat(text.replace(":60", ":59")).astimezone(UTC)
    except (ValueError, OverflowError):  # the year 0, or 0001 with an offset
        return None


@check(
    "DATA-USAGE",
    needs="a profile with budgets or limits",
    exercised=lambda e: any(map(_limited, e.profiles)),
    sampled="profiles",
    exhaustive="page",
)
def usage_is_not_negative(page: Page) -> Iterator[Violation]:
    """And a scope `provider:<name>` names a provider of that profile."""
    for position, profile in enumerate(page.profiles):
        if not _surely_sound(profile.raw):
            yield from _unsound(page, position, profile)


def _unsound(page: Page, position: int, profile: Profile) -> Iterator[Violation]:
    for pointer, holder in _holders(profile.raw, f"/access_profiles/{position}"):
        yield from _negative(holder, page, pointer)
        yield from _foreign_scope(holder, profile, page, pointer)


def _surely_sound(raw: dict[str, object]) -> bool:
    """Whether budgets and limits are beyond doubt right: quicker than looking for what is wrong."""
    configs = _objects(raw.get("provider_configs"))
    scopes = {f"provider:{name}" for one in configs if isinstance(name := one.get("provider_name"), str)}
    for part in (raw, *configs):
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


def _limited(profile: Profile) -> bool:
    return any(True for _ in _holders(profile.raw, ""))


def _holders(raw: dict[str, object], place: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The budgets and rate limits of a profile and of its providers, with their places."""
    yield from _own(raw, place)
    for index, config in enumerate(_objects(raw.get("provider_configs"))):
        if config:
            yield from _own(config, f"{place}/provider_configs/{index}")


def _own(raw: dict[str, object], place: str) -> Iterator[tuple[str, dict[str, object]]]:
    limit = raw.get("rate_limit")
    if isinstance(limit, dict):
        yield f"{place}/rate_limit", limit
    for index, budget in enumerate(_objects(raw.get("budgets"))):
        if budget:
            yield f"{place}/budgets/{index}", budget


def _objects(items: object) -> list[dict[str, object]]:
    """The items of an array, an empty object in the place of each that is none."""
    return [item if type(item) is dict else {} for item in items] if items and type(items) is list else []


def _negative(holder: dict[str, object], page: Page, place: str) -> Iterator[Violation]:
    for name, value in holder.items():
        if type(value) in _NUMBERS and value < 0 and name in _COUNTERS:  # type: ignore[operator]
            yield Violation(
                f"{name} of 0 or more", f"{value}"[:40], (page.number,), f"{place}/{name}", writes=0
            )


def _foreign_scope(
    holder: dict[str, object], profile: Profile, page: Page, place: str
) -> Iterator[Violation]:
    scope = holder.get("scope")
    if not isinstance(scope, str) or not scope.startswith("provider:"):
        return
    configs = profile.raw.get("provider_configs")
    known = (
        {c.get("provider_name") for c in configs if isinstance(c, dict)}
        if isinstance(configs, list)
        else set()
    )
    if scope.removeprefix("provider:") not in known:
        expected = f"a scope that names a provider of profile {profile.id}"
        yield Violation(expected, f"scope {scope[:60]!r}", (page.number,), f"{place}/scope", writes=0)
