"""How a variant writes a profile: its optional members, and the form of its times."""

from __future__ import annotations

from typing import Any

from contracts.reference.times import ZERO_TIME, instant, rfc3339
from contracts.reference.variants import Variant

_ALWAYS = {
    *("id", "name", "is_active", "created_at", "updated_at"),
    *("provider_name", "max_limit", "tool_group_id", "mcp_server_id", "virtual_mcp_id"),
    *("mcp_client_id", "tool_name", "action"),
}
_OPTIONAL: dict[str, Any] = {
    "description": None,
    "tags": [],
    "provider_configs": [],
    "budgets": [],
    "rate_limit": None,
    "mcp_tool_groups": [],
    "mcp_servers": [],
    "mcp_tool_overrides": [],
    "virtual_mcps": [],
    "auto_rotation_interval": 0,
    "next_rotation_at": None,
    "last_rotation_at": None,
}
_TIMES: dict[str, tuple[int, int]] = {  # decimals, minutes from UTC
    "seconds": (0, 0),
    "microseconds": (6, 0),
    "nanoseconds": (9, 0),
    "offset": (0, 330),
}


def as_written(profile: dict[str, Any], variant: Variant) -> dict[str, Any]:
    """The profile as a deployment of that variant writes it."""
    if variant.members == "present":
        profile = {**profile, **{k: v for k, v in _OPTIONAL.items() if k not in profile}}
    if variant.members == "omitted":
        profile = _without_empty(profile)
    if variant.times != "mixed":
        profile = _with_times(profile, *_TIMES[variant.times])
    if variant.extra_members:
        profile = {**profile, "owner_team": "platform", "x_labels": {"tier": 1, "notes": []}}
    return profile


def _without_empty(value: Any) -> Any:
    """The value after Go's `omitempty`: without optional members that are null, zero, false or empty."""
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {k: _without_empty(v) for k, v in value.items() if v or k in _ALWAYS}


def _with_times(value: Any, digits: int, offset: int) -> Any:
    if isinstance(value, list):
        return [_with_times(item, digits, offset) for item in value]
    if isinstance(value, dict):
        return {k: _with_times(v, digits, offset) for k, v in value.items()}
    moment = None if value == ZERO_TIME else instant(value)
    return value if moment is None else rfc3339(moment, digits=digits, offset=offset)
