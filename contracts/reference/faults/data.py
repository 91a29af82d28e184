"""Faults of what the profiles say: names, times, usage."""

from __future__ import annotations

import json
import time

from contracts.reference.conditions import Row
from contracts.reference.data import Profile
from contracts.reference.faults.registry import fault, profile_fault
from contracts.reference.pipeline import Call, Writes
from contracts.reference.times import ZERO_TIME, rfc3339


@fault("write", "DATA-NAMES")
def one_name_twice(right: Writes, call: Call, row: Row) -> str:
    """Two profiles far apart have the same name."""
    if row.key not in (9, 121):
        return right(call, row)
    return json.dumps(json.loads(right(call, row)) | {"name": "Shared name"})


@profile_fault("DATA-NAMES")
def names_padded(profile: Profile) -> None:
    """Names that end in 7 have a space after them."""
    if str(profile["name"]).endswith("7"):
        profile["name"] += " "


@profile_fault("DATA-NAMES", "RESP-SCHEMA")
def name_too_long(profile: Profile) -> None:
    """One name in a hundred has more than 255 characters."""
    if str(profile["name"]).endswith("33"):
        profile["name"] += "x" * 255


@profile_fault("DATA-NAMES", "RESP-SCHEMA")
def name_empty(profile: Profile) -> None:
    """One name in a hundred is empty."""
    if str(profile["name"]).endswith("71"):
        profile["name"] = ""


@profile_fault("DATA-TIMES")
def updated_before_created(profile: Profile) -> None:
    """Inactive profiles were last changed before they were created."""
    if not profile["is_active"]:
        profile["updated_at"] = "2019-05-01T00:00:00Z"


@profile_fault("DATA-TIMES")
def updated_at_loses_its_offset(profile: Profile) -> None:
    """`updated_at` is the local clock time of creation with the offset of another zone."""
    if profile["created_at"] != ZERO_TIME:
        profile["updated_at"] = profile["created_at"][:19] + "+14:00"


@profile_fault("DATA-TIMES")
def changed_in_the_future(profile: Profile) -> None:
    """One profile in ten was changed three days from now."""
    if str(profile["name"]).endswith("4"):
        profile["updated_at"] = rfc3339(time.time_ns() // 10**9 * 10**9 + 3 * 86_400 * 10**9)


@profile_fault("DATA-USAGE", "RESP-SCHEMA")
def usage_negative(profile: Profile) -> None:
    """The usage of a budget is negative: what is left, not what was used."""
    for budget in profile.get("budgets", ()):
        budget["current_usage"] = budget["current_usage"] - budget["max_limit"]


@profile_fault("DATA-USAGE", "RESP-SCHEMA")
def unlimited_is_minus_one(profile: Profile) -> None:
    """A rate limit without a bound is -1."""
    limits = profile.get("rate_limit") or {}
    for name in ("token_max_limit", "request_max_limit"):
        if name in limits and limits[name] is None:
            limits[name] = -1


@profile_fault("DATA-USAGE", "RESP-SCHEMA")
def provider_usage_negative(profile: Profile) -> None:
    """The requests counted for a provider are negative."""
    for provider in profile.get("provider_configs", ()):
        if provider.get("rate_limit"):
            provider["rate_limit"]["request_current_usage"] = -1


@profile_fault("DATA-USAGE")
def scope_names_removed_provider(profile: Profile) -> None:
    """The scope of a budget names a provider that the profile no longer has."""
    for budget in profile.get("budgets", ()):
        if budget["scope"].startswith("provider:"):
            budget["scope"] = "provider:cohere"
