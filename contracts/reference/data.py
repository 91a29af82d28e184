"""Access profiles like those of a gateway in use; the same seed and number give the same list."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from contracts.reference.lookup import pick
from contracts.reference.times import SECOND, ZERO_TIME, instant, rfc3339

Profile = dict[str, Any]

_START = instant("2024-01-08T06:00:00Z") or 0
_SPAN = 500 * 86_400 * SECOND
_COMMON_TAGS = ("prod", "production", "pre-prod", "staging", "dev", "beta")
_RARE_TAGS = (
    *("team a", "R&D", "c++", "100%", "100% remote", "it's", 'say "hi"', "back\\slash", "snake_case"),
    *("snakeXcase", "<b>", "équipe", "日本", "🚀", "eu,us", "Prod", "a/b?c=d#e", "tier*", "tier1", "BETA"),
)
_PROVIDERS = ("openai", "anthropic", "bedrock", "vertex", "azure", "mistral")
_MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4", "claude-haiku", "mistral-large", "gemini-2.0-flash")
_TEAMS = ("Platform", "Data", "Équipe Paris", "R&D", "Support", "東京", "Growth", "Zürich", "QA", "Legal")
_USES = ("chat", "batch", "evaluation", "agents", "notebooks", "search", "“preview”", "crawler")
_DURATIONS = ("1h", "1d", "1w", "1M", "1Q", "1Y", "30s")
_OFFSETS = (0, 0, 0, 60, 330, -480)
_HUGE_IDS = (2**53, 2**53 + 1, 2**53 + 4096, 2**63 + 11)


@lru_cache(maxsize=16)
def generate(count: int, seed: int = 0, collection: str = "mixed") -> tuple[Profile, ...]:
    """That many profiles in order of creation, not to be changed; `collection` is one of `COLLECTIONS`.

    Raises ValueError for an unknown collection.
    """
    amend = pick("collection", COLLECTIONS, collection)
    rng = random.Random(f"{seed}/{count}")  # noqa: S311
    ids, moments = _ids(rng, count), _moments(rng, count)
    profiles = [_profile(rng, n, ids[n], moments[n]) for n in range(count)]
    for profile in profiles:
        amend(profile)
    return tuple(profiles)


def _ids(rng: random.Random, count: int) -> list[int]:
    """Ids with gaps, mostly ascending; a long list has some that a double cannot represent."""
    ids, last = [], 0
    for _ in range(count):
        last += rng.choice((1, 1, 2, 3, 17))
        ids.append(last)
    for n in range(5, count - 1, 11):
        ids[n], ids[n + 1] = ids[n + 1], ids[n]
    if count > 60:
        ids[40:42] = _HUGE_IDS[:2]
        ids[23], ids[53] = _HUGE_IDS[2:]
    return ids


def _moments(rng: random.Random, count: int) -> list[int]:
    """Times of creation: some profiles share one, those at positions 60 to 75 all do."""
    moments, now = [], _START
    step = _SPAN // max(count, 1)
    for n in range(count):
        if not (60 < n < 76) and rng.random() > 0.35:
            now += rng.randrange(step // 2, step) // 1000 * 1000
        moments.append(now)
    return moments


def _profile(rng: random.Random, n: int, ident: int, moment: int) -> Profile:
    providers = rng.sample(_PROVIDERS, rng.choice((0, 1, 1, 2, 3)))
    return {
        "id": ident,
        "name": f"{rng.choice(_TEAMS)} {rng.choice(_USES)} {n + 1}",
        **_description(rng, n),
        "is_active": n == 0 or (n != 1 and rng.random() < 0.8),
        "version": rng.randrange(1, 9),
        **_tags(rng, n),
        "provider_configs": [_provider(rng, name) for name in providers],
        "budgets": _budgets(rng, ["total", *(f"provider:{name}" for name in providers)]),
        **_rate_limit(rng),
        "calendar_aligned": rng.random() < 0.3,
        **_tools(rng),
        **_rotation(rng),
        **_times(rng, n, moment),
    }


def _description(rng: random.Random, n: int) -> Profile:
    kind = n % 5
    if kind == 3:
        return {}
    text = f"Access for {rng.choice(_USES)} — ticket #{rng.randrange(10_000)}, owner {rng.choice(_TEAMS)}"
    return {"description": None if kind == 4 else text}


def _tags(rng: random.Random, n: int) -> Profile:
    """The first three are fixed, so that a short list has tags; every third profile has a rare tag too."""
    fixed: dict[int, list[str]] = {0: ["prod", "team a"], 1: ["beta"], 2: ["prod", "beta", "staging"]}
    if n in fixed:
        return {"tags": fixed[n]}
    tags = rng.sample(_COMMON_TAGS, rng.choice((0, 0, 1, 1, 2, 2, 3)))
    if n % 3 == 1:
        tags.append(_RARE_TAGS[n // 3 % len(_RARE_TAGS)])
    return {} if not tags and n % 2 else {"tags": tags}


def _provider(rng: random.Random, name: str) -> Profile:
    every = rng.random() < 0.4
    config: Profile = {
        "provider_name": name,
        "id": rng.randrange(1, 500),
        "all_models_allowed": every,
        "allowed_models": [] if every else rng.sample(_MODELS, rng.randrange(0, 4)),
        "budgets": _budgets(rng, ["total"]),
    }
    return config | _rate_limit(rng)


def _budgets(rng: random.Random, scopes: list[str]) -> list[Profile]:
    return [_budget(rng, scope) for scope in scopes if rng.random() < 0.5]


def _budget(rng: random.Random, scope: str) -> Profile:
    limit = rng.choice((50, 100, 250.5, 1000, 12_000))
    budget: Profile = {
        "id": f"bud-{rng.getrandbits(40):010x}",
        "max_limit": limit,
        "reset_duration": rng.choice(_DURATIONS),
        "scope": scope,
        "current_usage": round(limit * rng.random(), 4),
        "last_reset": rfc3339(_START + rng.randrange(_SPAN), digits=rng.choice((0, 3, 6))),
    }
    if budget["reset_duration"] == "1Q":
        budget["reset_config"] = {"quarter_start_month": rng.randrange(1, 13)}
    return budget


def _rate_limit(rng: random.Random) -> Profile:
    """Absent, null or an object, as on gateways whose profiles differ in age."""
    kind = rng.random()
    if kind < 0.6:
        return {} if kind < 0.3 else {"rate_limit": None}
    tokens = rng.choice((None, 100_000, 2_000_000))
    limits: Profile = {
        "id": f"rl-{rng.getrandbits(40):010x}",
        "token_max_limit": tokens,
        "request_max_limit": rng.choice((None, 60, 600)),
        "token_current_usage": rng.randrange(100_000),
        "request_current_usage": rng.randrange(600),
        "token_reset_duration": rng.choice(_DURATIONS),
        "request_reset_duration": rng.choice(_DURATIONS),
    }
    return {"rate_limit": limits}


def _tools(rng: random.Random) -> Profile:
    kinds: tuple[tuple[str, Callable[[], Profile]], ...] = (
        ("mcp_tool_groups", lambda: {"tool_group_id": rng.randrange(1, 60)}),
        ("mcp_servers", lambda: {"mcp_server_id": f"mcp-{rng.randrange(40):02d}"}),
        ("mcp_tool_overrides", lambda: _override(rng)),
        ("virtual_mcps", lambda: {"virtual_mcp_id": f"vmcp-{rng.randrange(20):02d}"}),
    )
    members = {name: [item() for _ in range(rng.choice((0, 0, 1, 2)))] for name, item in kinds}
    return {name: items for name, items in members.items() if items or rng.random() < 0.5}


def _override(rng: random.Random) -> Profile:
    return {
        "mcp_client_id": f"client-{rng.randrange(30):02d}",
        "tool_name": rng.choice(("read_file", "web.search", "sql/query", "送信")),
        "action": rng.choice(("include", "exclude")),
    }


def _rotation(rng: random.Random) -> Profile:
    if rng.random() < 0.5:
        return {"allow_all_providers": rng.random() < 0.2}
    interval = rng.choice((0, 0, 86_400 * SECOND))
    last = rfc3339(_START + rng.randrange(_SPAN)) if interval else None
    rotation: Profile = {"auto_rotation_interval": interval, "last_rotation_at": last}
    return rotation | {"next_rotation_at": None, "allow_all_providers": rng.random() < 0.2}


def _times(rng: random.Random, n: int, moment: int) -> Profile:
    created = rfc3339(moment, digits=rng.choice((0, 6, 6, 7, 9)), offset=rng.choice(_OFFSETS))
    if moment % SECOND == 0:
        created = rfc3339(moment, offset=rng.choice(_OFFSETS))
    updated = moment + rng.choice((0, 1, 60, 86_400 * 30)) * rng.randrange(1, 4 * SECOND)
    digits = 9 if updated % 1000 else 6
    return {
        "created_at": ZERO_TIME if n == 4 else _exact(moment, created),
        "updated_at": rfc3339(updated, digits=digits, offset=rng.choice(_OFFSETS)),
    }


def _exact(moment: int, text: str) -> str:
    """The text if it still is the exact moment, otherwise the moment with all its digits."""
    return text if instant(text) == moment else rfc3339(moment, digits=9)


def _unchanged(profile: Profile) -> None:
    """Leaves the profile as it is."""


def _active(profile: Profile) -> None:
    profile["is_active"] = True


def _inactive(profile: Profile) -> None:
    profile["is_active"] = False


def _untagged(profile: Profile) -> None:
    profile.pop("tags", None)


def _one_tag(profile: Profile) -> None:
    profile["tags"] = ["prod"]


def _plain(profile: Profile) -> None:
    """Without nested objects, as before anyone set up a provider."""
    for name in ("provider_configs", "budgets"):
        profile[name] = []
    for name in ("rate_limit", "mcp_tool_groups", "mcp_servers", "mcp_tool_overrides", "virtual_mcps"):
        profile.pop(name, None)


COLLECTIONS: dict[str, Callable[[Profile], None]] = {
    "mixed": _unchanged,
    "all-active": _active,
    "all-inactive": _inactive,
    "no-tags": _untagged,
    "one-tag": _one_tag,
    "plain": _plain,
}
