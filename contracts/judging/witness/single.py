"""What a single response can prove."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from contracts.judging.witness.seen import Seen
from contracts.model import Credentials

_NOWHERE = object()


def known(*values: object) -> bool:
    """Whether none of the values is missing."""
    return all(value is not None for value in values)


def let_in(s: Seen) -> bool:
    """Something else than a refusal to who has no right to ask."""
    status = s.status
    unusable = (Credentials.EMPTY, Credentials.OTHER_SCHEME, Credentials.MADE_UP_BASIC)
    refused = status in (401, 403) or (
        s.excerpt.request.credentials in unusable and status is not None and 400 <= status < 500
    )
    return status is not None and s.excerpt.request.credentials is not Credentials.GIVEN and not refused


def shown_to_a_stranger(s: Seen) -> bool:
    """Profiles without credentials."""
    return s.status == 200 and bool(s.length) and s.excerpt.request.credentials is Credentials.NONE


def leaks(s: Seen) -> bool:
    """Profile data in a refusal."""
    refused = s.status is not None and 400 <= s.status < 500
    return refused and (bool(s.length) or bool(s.facts.get("named")))


def not_served(s: Seen) -> bool:
    """A redirect, a missing route or a web page."""
    status, start = s.status, str(s.facts.get("start", ""))
    moved = status is not None and (300 <= status < 400 or status in (404, 405, 410))
    return moved or start.lstrip().startswith("<") or "html" in str(s.media_type)


def other_media_type(s: Seen) -> bool:
    """Content that is not stated to be JSON."""
    return "headers/content-type" in s.facts and s.media_type != "application/json"


def no_json(s: Seen) -> bool:
    """A text that no continuation makes JSON, or a piece of one that I-JSON forbids (RFC 7493)."""
    members = s.facts.get("members")
    if isinstance(members, list):
        return len({str(name) for name in members}) < len(members)
    if "token" in s.facts:
        return s.facts["token"] in ("NaN", "Infinity", "-Infinity")
    return "text" in s.facts and is_no_json(str(s.facts["text"]))


def is_no_json(text: str) -> bool:
    """Whether the text, cut or not, is no JSON text."""
    if re.search("[\ud800-\udfff]", text):
        return True
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return True
    return bool(re.search(r"\\u[dD][89abAB]", text)) and "\\ud" in ascii(value)


def breaks_schema(s: Seen) -> bool:
    """The value at a place does not meet the one keyword that is demanded there."""
    return any(_breaks(breach["value"], breach["demanded"]) for breach in s.breaches)


def _breaks(value: object, demanded: object) -> bool:
    from jsonschema import Draft202012Validator

    if not isinstance(demanded, dict):
        return False
    if "format" in demanded:
        return not is_date_time(value)
    return not Draft202012Validator(demanded).is_valid(value)


def is_date_time(value: object) -> bool:
    """RFC 3339, section 5.6, and a day that exists."""
    match = re.fullmatch(
        r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
        r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])",
        str(value),
    )
    try:
        return match is not None and (match[1].startswith("0000") or bool(datetime.fromisoformat(match[1])))
    except ValueError:
        return False


def null_array(s: Seen) -> bool:
    """Null in the place of an array."""
    return any(b["value"] is None and _breaks(None, b["demanded"]) for b in s.breaches)


def miscounted(s: Seen) -> bool:
    """`count` and the length of the page differ."""
    return known(s.number("/count"), s.length) and s.number("/count") != s.length


def too_many(s: Seen) -> bool:
    """More profiles than the limit."""
    bound = s.asked_number("limit") or s.number("/limit")
    return bound is not None and s.length is not None and s.length > bound


def wrong_offset(s: Seen) -> bool:
    """Another offset than asked for."""
    stated = s.number("/offset")
    return stated is not None and stated != (s.asked_number("offset") or 0)


def not_filled(s: Seen) -> bool:
    """Fewer or more profiles than limit, offset and total make."""
    limit, total, offset = s.number("/limit"), s.number("/total_count"), s.number("/offset")
    if limit is None or total is None or offset is None or s.length is None:
        return False
    return s.length != min(limit, max(0, total - offset))


def not_filled_for_narrow(s: Seen) -> bool:
    """The same on a page under the narrower credential."""
    return s.narrow and not_filled(s)


def twice_on_a_page(s: Seen) -> bool:
    """An id at two places of one page."""
    ids = [profile["id"] for profile in s.profiles.values() if "id" in profile]
    return len(set(ids)) < len(ids)


def wrong_limit(s: Seen) -> bool:
    """A limit that was not asked for, or that the page exceeds."""
    asked, stated = s.asked_number("limit"), s.number("/limit")
    if not asked or stated is None:
        return False
    return stated > asked or stated == 0 or (s.length is not None and stated < s.length <= asked)


def wrong_active(s: Seen) -> bool:
    """A profile with the other value of `is_active`."""
    wanted = {"true": True, "false": False}.get(s.asked.get("is_active", ""))
    shown = (p.get("is_active", wanted) for p in s.profiles.values())
    return wanted is not None and any(value is not wanted for value in shown)


def without_tags(s: Seen) -> bool:
    """A profile with none of the tags, letter case aside."""
    asked = [value for name, value in s.pairs if name == "tags"]
    wanted = {
        form.casefold() for value in asked for item in value.split(",") for form in (item, item.strip())
    } - {""}
    shown = (p["tags"] for p in s.profiles.values() if "tags" in p)
    return bool(wanted) and any(not (wanted & {tag.casefold() for tag in tags_of(tags)}) for tags in shown)


def tags_of(value: object) -> list[str]:
    """The tags of a profile."""
    return [tag for tag in value if isinstance(tag, str)] if isinstance(value, list) else []


def counts_nothing(s: Seen) -> bool:
    """A total of profiles beyond the offset where the page of the same answer has room and none of them."""
    limit, total, offset = (s.number(name) for name in ("/limit", "/total_count", "/offset"))
    if not limit or total is None or offset is None:
        return False
    return s.length == 0 and total > offset


def wrong_end(s: Seen) -> bool:
    """A last page whose end is not the total."""
    limit, total, offset, length = (s.number(k) for k in ("/limit", "/total_count", "/offset", "length"))
    if limit is None or total is None or offset is None or not length:
        return False
    return offset + length > total or (length < limit and offset + length != total)


def bad_name(s: Seen) -> bool:
    """A name that is not trimmed, empty or too long."""
    names = (p["name"] for p in s.profiles.values() if isinstance(p.get("name"), str))
    return any(name != str(name).strip() or not 1 <= len(str(name)) <= 255 for name in names)


def bad_times(s: Seen) -> bool:
    """Created after updated, or more than a day after the `Date`."""
    horizon = date(s.facts.get("headers/date"))
    for profile in s.profiles.values():
        created, updated = (instant(profile.get(name)) for name in ("created_at", "updated_at"))
        if created and updated and updated.year > 1 and created > updated:
            return True
        if horizon and any(one and one > horizon + timedelta(days=1) for one in (created, updated)):
            return True
    return False


def instant(value: object) -> datetime | None:
    """An RFC 3339 time; None for anything else or before the year 1."""
    if not is_date_time(value):
        return None
    text = re.sub(r"\.([0-9]{1,6})[0-9]*", lambda m: "." + m[1].ljust(6, "0"), str(value).upper())
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00").replace(":60", ":59")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def date(value: object) -> datetime | None:
    """An HTTP date; None for anything else."""
    try:
        found = parsedate_to_datetime(str(value))
    except (ValueError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def bad_usage(s: Seen) -> bool:
    """A profile with a negative counter or the scope of a provider that it does not have."""
    return any(usage(profile, profile) for profile in s.profiles.values())


def usage(value: object, profile: Mapping[str, object]) -> bool:
    """A negative counter, or the scope of a provider that the profile does not have."""
    if isinstance(value, list):
        return any(usage(item, profile) for item in value)
    if not isinstance(value, Mapping):
        return False
    for name, item in value.items():
        if name.endswith(("usage", "max_limit")) and isinstance(item, int | float) and item < 0:
            return True
        if name == "scope" and str(item).startswith("provider:") and is_foreign(str(item)[9:], profile):
            return True
        if name in ("budgets", "rate_limit", "provider_configs") and usage(item, profile):
            return True
    return False


def is_foreign(provider: str, profile: Mapping[str, object]) -> bool:
    """Whether the profile, as far as shown, has no such provider."""
    configs = profile.get("provider_configs", _NOWHERE)
    known = configs if isinstance(configs, list) else []
    return configs is not _NOWHERE and all(c.get("provider_name") != provider for c in known)


def bad_head(s: Seen) -> bool:
    """HEAD answered neither as GET nor 405."""
    if s.status is None or s.excerpt.request.method != "HEAD":
        return False
    stated = s.media_type
    return s.status not in (200, 405) or (s.status == 200 and stated not in (None, "", "application/json"))


def no_challenge(s: Seen) -> bool:
    """A 401 without a challenge."""
    return s.status == 401 and not str(s.facts.get("headers/www-authenticate", "there")).strip()


def trouble(s: Seen) -> bool:
    """A 5xx or a cut connection."""
    return (s.status or 0) >= 500 or s.facts.get("failure") == "cut connection"


def wrong_status_code(s: Seen) -> bool:
    """A `status_code` that is not the HTTP status."""
    return known(s.status) and "/status_code" in s.facts and s.facts["/status_code"] != s.status
