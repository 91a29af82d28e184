"""What profiles say of themselves: the DATA requirements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from contracts.catalogue import check
from contracts.document import is_rfc3339
from contracts.model import Evidence as Class
from contracts.model import Violation
from contracts.subjects.answer import Page, Profile
from contracts.subjects.data import Names

_ZERO_TIME = datetime(1, 1, 1, tzinfo=UTC)
_FRACTION = re.compile(r"\.[0-9]+")
_COUNTERS = (
    "max_limit",
    "current_usage",
    "token_max_limit",
    "request_max_limit",
    "token_current_usage",
    "request_current_usage",
)


@check("DATA-NAMES", needs="a list that is not empty", exercised=lambda e: bool(e.universe))
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


@check("DATA-TIMES", needs="a profile with times", exercised=lambda e: any(_timed(p) for p in e.profiles))
def times_are_in_order(page: Page) -> Iterator[Violation]:
    """`created_at` up to `updated_at`, and neither more than a day after the deployment's own `Date`."""
    horizon = _horizon(page)
    for position, profile in enumerate(page.profiles):
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
    "DATA-USAGE", needs="a profile with budgets or limits", exercised=lambda e: any(map(_limited, e.profiles))
)
def usage_is_not_negative(page: Page) -> Iterator[Violation]:
    """And a scope `provider:<name>` names a provider of that profile."""
    for position, profile in enumerate(page.profiles):
        place = f"/access_profiles/{position}"
        for pointer, budget in _holders(profile.raw, place):
            yield from _negative(budget, page, pointer)
            yield from _foreign_scope(budget, profile, page, pointer)


def _limited(profile: Profile) -> bool:
    return any(True for _ in _holders(profile.raw, ""))


def _holders(raw: dict[str, object], place: str) -> Iterator[tuple[str, dict[str, object]]]:
    """The budgets and rate limits of a profile and of its providers, with their places."""
    limit = raw.get("rate_limit")
    if isinstance(limit, dict):
        yield f"{place}/rate_limit", limit
    for name in ("budgets", "provider_configs"):
        items = raw.get(name)
        for index, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, dict) and name == "budgets":
                yield f"{place}/budgets/{index}", item
            elif isinstance(item, dict):
                yield from _holders(item, f"{place}/provider_configs/{index}")


def _negative(holder: dict[str, object], page: Page, place: str) -> Iterator[Violation]:
    for name in _COUNTERS:
        value = holder.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
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
