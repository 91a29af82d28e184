"""Faults of access: who is let in, by which path, and what a refusal tells."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import unquote

from contracts.reference.conditions import EVERYTHING, Condition, Row
from contracts.reference.faults.registry import crash, fault
from contracts.reference.pipeline import (
    NEW_PATH,
    OLD_PATH,
    Access,
    Call,
    Caller,
    Conditions,
    Handles,
    Incoming,
    Orders,
    Refusal,
    Refuses,
    Replies,
    Reply,
    Rows,
    Site,
    Stages,
    Totals,
)


def _presented(incoming: Incoming) -> str:
    return incoming.headers.get("authorization", "")


@fault("access", "ACCESS-REQUIRED", "ACCESS-REJECTED")
def nobody_checked(_right: Access, _site: Site, _incoming: Incoming) -> Caller:
    """Everyone is let in, whatever the credentials."""
    return "full"


@fault("access", "ACCESS-REQUIRED")
def missing_credentials_pass(right: Access, site: Site, incoming: Incoming) -> Caller:
    """Wrong credentials are rejected, missing ones are not."""
    return right(site, incoming) if _presented(incoming) else "full"


@fault("handle", "ACCESS-REQUIRED")
def missing_credentials_see_empty_list(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """Without credentials the list is there, but empty."""
    reply = right(site, incoming)
    if reply.status != 401 or _presented(incoming):
        return reply
    body = {"access_profiles": [], "count": 0, "total_count": 0, "limit": 25, "offset": 0}
    return replace(reply, status=200, content=json.dumps(body).encode())


@fault("refuse", "ACCESS-REQUIRED", "ACCESS-REJECTED")
def missing_credentials_404(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """Without valid credentials the answer is 404."""
    return right(site, incoming, Refusal(404, "not found") if refusal.status == 401 else refusal)


@fault("refuse", "ACCESS-REQUIRED", "ACCESS-REJECTED", "INPUT-NO-5XX")
def missing_credentials_500(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """Without valid credentials the answer is 500."""
    return right(site, incoming, crash() if refusal.status == 401 else refusal)


@fault("access", "ACCESS-REQUIRED")
def later_pages_open(right: Access, site: Site, incoming: Incoming) -> Caller:
    """From the second page on nobody asks for credentials."""
    return "full" if re.search(r"offset=[1-9]", incoming.query) else right(site, incoming)


@fault("access", "ACCESS-REQUIRED")
def filtered_list_open(right: Access, site: Site, incoming: Incoming) -> Caller:
    """With a filter nobody asks for credentials."""
    return "full" if re.search(r"(tags|is_active)=", incoming.query) else right(site, incoming)


@fault("access", "ACCESS-REJECTED")
def any_token_passes(right: Access, site: Site, incoming: Incoming) -> Caller:
    """Any bearer token is as good as the right one."""
    return "full" if _presented(incoming).startswith("Bearer ") else right(site, incoming)


@fault("access", "ACCESS-REJECTED")
def token_cut_short_passes(right: Access, site: Site, incoming: Incoming) -> Caller:
    """A token passes where the right one starts with it."""
    token = _presented(incoming).removeprefix("Bearer ")
    return "full" if token and f"{site.token}".startswith(token) else right(site, incoming)


@fault("access", "ACCESS-REJECTED")
def token_extended_passes(right: Access, site: Site, incoming: Incoming) -> Caller:
    """A token passes where it starts with the right one."""
    extended = _presented(incoming).startswith(f"Bearer {site.token}")
    return "full" if extended else right(site, incoming)


@fault("access", "ACCESS-REJECTED")
def token_of_same_length_passes(right: Access, site: Site, incoming: Incoming) -> Caller:
    """Only the length and the first character of the token are compared."""
    token = _presented(incoming).removeprefix("Bearer ")
    alike = len(token) == len(f"{site.token}") and token[0] == f"{site.token}"[0]
    return "full" if alike else right(site, incoming)


@fault("access", "ACCESS-REJECTED")
def token_compared_from_its_second_character(right: Access, site: Site, incoming: Incoming) -> Caller:
    """The first character of the token is not compared."""
    presented = _presented(incoming)
    alike = presented.startswith("Bearer ") and presented[8:] == f"{site.token}"[1:]
    return "full" if alike else right(site, incoming)


@fault("access", "ACCESS-REJECTED")
def token_compared_without_case(right: Access, site: Site, incoming: Incoming) -> Caller:
    """Tokens are compared without regard to letter case."""
    alike = _presented(incoming).casefold() == f"bearer {site.token}".casefold()
    return "full" if alike else right(site, incoming)


@fault("access", "ACCESS-REJECTED")
def any_basic_passes(right: Access, site: Site, incoming: Incoming) -> Caller:
    """Whatever user and password come with Basic, they are let in."""
    return "full" if _presented(incoming).startswith("Basic ") else right(site, incoming)


@fault("access", "ACCESS-REQUIRED")
def both_filters_open(right: Access, site: Site, incoming: Incoming) -> Caller:
    """With both filters nobody asks for credentials."""
    both = all(f"{name}=" in incoming.query for name in ("tags", "is_active"))
    return "full" if both else right(site, incoming)


@fault("access", "ACCESS-REJECTED")
def empty_token_passes(right: Access, site: Site, incoming: Incoming) -> Caller:
    """`Bearer` without a token is let in."""
    return "full" if _presented(incoming).strip() == "Bearer" else right(site, incoming)


@fault("access", "ACCESS-REJECTED")
def other_scheme_passes(right: Access, site: Site, incoming: Incoming) -> Caller:
    """Credentials of any scheme but Bearer are let in unread."""
    scheme = _presented(incoming).partition(" ")[0]
    return "full" if scheme and scheme.lower() != "bearer" else right(site, incoming)


def _path_fault(site: Site, incoming: Incoming, canonical: str) -> Reply | None:
    """The open reply, where the path is a known one spelled differently."""
    odd = incoming.target not in (OLD_PATH, NEW_PATH) and canonical in site.paths
    if not odd:
        return None
    bare = Stages()
    opened = replace(bare, access=lambda _site, _incoming: "full")
    return bare.handle(replace(site, stages=opened), replace(incoming, path=canonical, target=canonical))


@fault("handle", "ACCESS-PATH")
def doubled_slash_open(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """A doubled slash in the path passes the guard and reaches the list."""
    return _path_fault(site, incoming, re.sub("//+", "/", incoming.target)) or right(site, incoming)


@fault("handle", "ACCESS-PATH")
def dot_segment_open(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """A dot segment in the path passes the guard and reaches the list."""
    path = re.sub(r"/[^/]+/\.\.(?=/)", "", re.sub(r"/\.(?=/)", "", incoming.target))
    return _path_fault(site, incoming, path) or right(site, incoming)


@fault("handle", "ACCESS-PATH")
def encoded_letter_open(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """A percent-encoded letter in the path passes the guard and reaches the list."""
    letters = "%2f" not in incoming.target.lower()
    return (letters and _path_fault(site, incoming, unquote(incoming.target))) or right(site, incoming)


@fault("handle", "ACCESS-PATH")
def encoded_slash_open(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """A percent-encoded slash in the path passes the guard and reaches the list."""
    path = re.sub("%2f", "/", incoming.target, flags=re.IGNORECASE)
    return _path_fault(site, incoming, path) or right(site, incoming)


@fault("handle", "ACCESS-PATH")
def letter_case_open(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """Another letter case in the path passes the guard and reaches the list."""
    return _path_fault(site, incoming, incoming.target.lower()) or right(site, incoming)


@fault("handle", "ACCESS-PATH")
def trailing_slash_open(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """A slash at the end of the path passes the guard and reaches the list."""
    return _path_fault(site, incoming, incoming.target.rstrip("/")) or right(site, incoming)


@fault("access", "ACCESS-FIRST")
def query_checked_before_access(right: Access, site: Site, incoming: Incoming) -> Caller:
    """A malformed query is refused with 400 before anyone looks at the credentials."""
    site.stages.window(site, site.stages.read(site, site.stages.split(site, incoming.query)))
    return right(site, incoming)


@fault("visible", "ACCESS-SCOPE")
def narrow_credential_sees_all_under_filters(right: Conditions, call: Call) -> Condition:
    """Under a filter a narrower credential sees everything."""
    return EVERYTHING if call.parameters.filtered else right(call)


@fault("total", "ACCESS-SCOPE", "PAGE-FILL")
def narrow_total_counts_all(right: Totals, call: Call) -> int:
    """For a narrower credential `total_count` counts what it may not see."""
    return right(replace(call, caller="full"))


@fault("order", "ACCESS-SCOPE")
def narrow_order_differs(right: Orders, call: Call) -> str:
    """For a narrower credential the newest come first."""
    return "p.created DESC, p.ident DESC" if call.caller == "narrow" else right(call)


@fault("visible", "ACCESS-SCOPE")
def narrow_sees_what_full_does_not(_right: Conditions, call: Call) -> Condition:
    """A narrower credential sees profiles that the full one does not see."""
    return Condition("p.key % 5 = 0" if call.caller == "narrow" else "p.key % 5 > 0")


@fault("refuse", "ACCESS-NO-LEAK")
def refusal_carries_profiles(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """A refusal for want of credentials has the first profiles in it."""
    reply = right(site, incoming, refusal)
    if refusal.status != 401:
        return reply
    texts = [text for (text,) in site.store.query("SELECT text FROM profiles LIMIT 3")]
    leak = {"access_profiles": [json.loads(text) for text in texts]}
    return replace(reply, content=json.dumps(json.loads(reply.content) | leak).encode())


@fault("refuse", "ACCESS-NO-LEAK")
def refusal_names_a_profile(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """A refusal for want of credentials tells the total and a profile in its extra fields."""
    reply = right(site, incoming, refusal)
    if refusal.status != 401:
        return reply
    text = site.store.query("SELECT text FROM profiles ORDER BY key LIMIT 1")[0][0]
    leak = {"extra_fields": {"last_seen": json.loads(text)}}
    return replace(reply, content=json.dumps(json.loads(reply.content) | leak).encode())


@fault("handle", "HTTP-HEAD")
def head_500(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """HEAD is 500."""
    reply = right(site, incoming)
    return replace(reply, status=500) if incoming.method == "HEAD" else reply


@fault("handle", "HTTP-HEAD")
def head_204(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """HEAD is 204."""
    if incoming.method != "HEAD":
        return right(site, incoming)
    return Reply(204, (), b"")


@fault("handle", "HTTP-HEAD")
def head_404(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """HEAD is 404."""
    reply = right(site, incoming)
    return replace(reply, status=404) if incoming.method == "HEAD" else reply


@fault("refuse", "HTTP-CHALLENGE")
def challenge_missing(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """A 401 has no WWW-Authenticate."""
    return right(site, incoming, refusal).with_header("www-authenticate", None)


def _new(call: Call) -> bool:
    return call.incoming.path == NEW_PATH


@fault("rows", "ALIAS-PARITY", "PAGE-FILL")
def newer_path_lacks_one(right: Rows, call: Call) -> list[Row]:
    """The newer path leaves the first profile out of its pages."""
    return right(call)[1:] if _new(call) else right(call)


@fault("total", "ALIAS-PARITY", "PAGE-FILL")
def newer_path_counts_active_only(right: Totals, call: Call) -> int:
    """On the newer path `total_count` counts active profiles alone."""
    return right(call.replacing(is_active=True) if _new(call) else call)


@fault("order", "ALIAS-PARITY")
def newer_path_newest_first(right: Orders, call: Call) -> str:
    """The newer path lists the newest first."""
    return "p.created DESC, p.ident DESC" if _new(call) else right(call)


@fault("handle", "ALIAS-PARITY", "ACCESS-REQUIRED")
def newer_path_open(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """The newer path asks nobody for credentials."""
    if incoming.path != NEW_PATH:
        return right(site, incoming)
    return right(replace(site, stages=replace(site.stages, access=lambda _s, _i: "full")), incoming)


@fault("reply", "ALIAS-PARITY", "RESP-STATUS")
def newer_path_500(right: Replies, call: Call) -> Reply:
    """The newer path is there, but always 500."""
    if _new(call):
        raise crash()
    return right(call)


@fault("access", "ACCESS-REQUIRED")
def open_without_a_query(right: Access, site: Site, incoming: Incoming) -> Caller:
    """A request without any query needs no credentials."""
    return "full" if not incoming.query and not _presented(incoming) else right(site, incoming)


@fault("handle", "ACCESS-PATH")
def parameter_of_the_path_is_open(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """A path with a parameter, `;x`, passes the guard and reaches the list."""
    path = re.sub(";[^/]*", "", incoming.target)
    return _path_fault(site, incoming, path) or right(site, incoming)


@fault("handle", "ACCESS-FIRST")
def offset_checked_before_access(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """Whether the offset is a number is checked before the credentials are."""
    if re.search("(?:^|&)offset=[a-z]", incoming.query) and not _presented(incoming):
        return site.stages.refuse(site, incoming, Refusal(400, "offset must be an integer"))
    return right(site, incoming)


@fault("refuse", "ACCESS-NO-LEAK")
def refusal_names_profiles_in_a_header(
    right: Refuses, site: Site, incoming: Incoming, refusal: Refusal
) -> Reply:
    """A refusal for want of credentials names profiles in a header field."""
    reply = right(site, incoming, refusal)
    if refusal.status != 401:
        return reply
    rows = site.store.query("SELECT name FROM profiles ORDER BY key LIMIT 30")
    names = ", ".join(name for (name,) in rows if name.isascii())
    return reply.with_header("X-Profiles", names)


@fault("visible", "ACCESS-SCOPE")
def narrow_sees_all_with_tags(right: Conditions, call: Call) -> Condition:
    """With `tags` a narrower credential finds what it must not see."""
    return EVERYTHING if call.tags else right(call)


@fault("total", "ACCESS-SCOPE")
def narrow_total_of_all_with_tags(right: Totals, call: Call) -> int:
    """With `tags` the total for a narrower credential counts what that must not see."""
    return right(replace(call, caller="full") if call.tags else call)


@fault("reply", "ALIAS-PARITY")
def newer_path_sends_text(right: Replies, call: Call) -> Reply:
    """The newer path sends its JSON as text/plain."""
    return right(call).with_header("content-type", "text/plain") if _new(call) else right(call)


@fault("visible", "ACCESS-SCOPE")
def cache_shared_by_callers(right: Conditions, call: Call) -> Condition:
    """A cache keeps answers by their query alone, whoever sent the request."""
    first = call.site.memory.setdefault(f"cached {call.incoming.query}", 1 if call.caller == "full" else 2)
    return right(replace(call, caller="full" if first == 1 else "narrow"))
