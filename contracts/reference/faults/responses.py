"""Faults of a single response: status, media type, JSON, the members of profiles, the headers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

from contracts.reference.conditions import Row
from contracts.reference.data import Profile
from contracts.reference.faults.registry import fault, plain, profile_fault
from contracts.reference.pipeline import (
    OLD_PATH,
    WEB_PAGE,
    Call,
    Contents,
    Envelope,
    Envelopes,
    Handles,
    Incoming,
    Marks,
    Replies,
    Reply,
    Site,
    Writes,
)


@fault("handle", "SERVED")
def web_page_instead(_right: Handles, _site: Site, _incoming: Incoming) -> Reply:
    """Every path answers with the page of the web application."""
    return Reply(200, (("content-type", "text/html; charset=utf-8"),), WEB_PAGE)


@fault("handle", "SERVED")
def no_such_route(_right: Handles, _site: Site, _incoming: Incoming) -> Reply:
    """Every path is 404."""
    return plain(404, "404 page not found\n")


@fault("handle", "SERVED", "RESP-STATUS")
def redirect_to_login(_right: Handles, _site: Site, _incoming: Incoming) -> Reply:
    """Every request is sent to a page where one signs in."""
    return plain(302, "").with_header("Location", "/login")


@fault("reply", "RESP-STATUS", "GEN-DOCUMENT")
def partial_pages_206(right: Replies, call: Call) -> Reply:
    """A page that is not the whole list is 206."""
    whole = call.limit >= call.site.stages.total(call)
    return right(call) if whole else replace(right(call), status=206)


@fault("reply", "RESP-STATUS", "GEN-DOCUMENT")
def filtered_pages_203(right: Replies, call: Call) -> Reply:
    """A filtered list is 203."""
    return replace(right(call), status=203) if call.parameters.filtered else right(call)


@fault("reply", "RESP-MEDIA-TYPE")
def media_type_text(right: Replies, call: Call) -> Reply:
    """The JSON is sent as text/plain."""
    return right(call).with_header("content-type", "text/plain; charset=utf-8")


@fault("reply", "RESP-MEDIA-TYPE")
def media_type_missing(right: Replies, call: Call) -> Reply:
    """There is no Content-Type."""
    return right(call).with_header("content-type", None)


@fault("reply", "RESP-MEDIA-TYPE", "PAGE-PAST-END", "FILTER-TAGS-UNKNOWN")
def media_type_html_when_empty(right: Replies, call: Call) -> Reply:
    """Only an empty page is sent as text/html."""
    reply = right(call)
    empty = b'"access_profiles":[]' in reply.content
    return reply.with_header("content-type", "text/html") if empty else reply


@fault("reply", "RESP-MEDIA-TYPE")
def older_path_html(right: Replies, call: Call) -> Reply:
    """On the older path the right JSON is sent as text/html."""
    reply = right(call)
    return reply.with_header("content-type", "text/html") if call.incoming.path == OLD_PATH else reply


@fault("content", "RESP-JSON")
def trailing_comma(right: Contents, call: Call, page: Envelope) -> bytes:
    """A comma stands before the closing brace."""
    return right(call, page)[:-1] + b",}"


@fault("content", "RESP-JSON")
def body_cut_short(right: Contents, call: Call, page: Envelope) -> bytes:
    """The last byte of the body is missing."""
    return right(call, page)[:-1]


@fault("content", "RESP-JSON")
def two_texts(right: Contents, call: Call, page: Envelope) -> bytes:
    """A second JSON text follows the first."""
    return right(call, page) + b"\n{}"


@fault("content", "RESP-JSON")
def byte_order_mark(right: Contents, call: Call, page: Envelope) -> bytes:
    """The body starts with a byte order mark."""
    return b"\xef\xbb\xbf" + right(call, page)


@fault("content", "RESP-JSON")
def body_in_latin_1(right: Contents, call: Call, page: Envelope) -> bytes:
    """The body is in ISO 8859-1."""
    return right(call, page).decode().encode("latin-1", "replace")


@fault("content", "RESP-JSON")
def body_in_utf_16(right: Contents, call: Call, page: Envelope) -> bytes:
    """The body is in UTF-16."""
    return right(call, page).decode().encode("utf-16")


@fault("content", "RESP-JSON")
def member_twice(right: Contents, call: Call, page: Envelope) -> bytes:
    """`total_count` stands twice in the object."""
    return right(call, page)[:-1] + f',"total_count":{page.members["total_count"]}}}'.encode()


@fault("write", "RESP-JSON")
def profile_member_twice(right: Writes, call: Call, row: Row) -> str:
    """In one profile in seven `name` stands twice."""
    text = right(call, row)
    return text[:-1] + ', "name": "other"}' if row.key % 7 == 3 else text


@fault("write", "RESP-JSON", "RESP-SCHEMA")
def usage_nan(right: Writes, call: Call, row: Row) -> str:
    """One profile in fifty has NaN for a member."""
    text = right(call, row)
    return text[:-1] + ', "ratio": NaN}' if row.key % 50 == 44 else text


@fault("write", "RESP-JSON", "RESP-SCHEMA")
def unpaired_surrogate(right: Writes, call: Call, row: Row) -> str:
    """One description is cut in the middle of an emoji, which leaves half a surrogate pair."""
    if row.key != 90:
        return right(call, row)
    return json.dumps(json.loads(right(call, row)) | {"description": "Launch \ud83d"})


@fault("content", "RESP-SCHEMA")
def bare_array(right: Contents, call: Call, page: Envelope) -> bytes:
    """The body is the list alone."""
    return json.dumps(json.loads(right(call, page))["access_profiles"]).encode()


@fault("envelope", "RESP-SCHEMA")
def list_renamed(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """The list is called `profiles`."""
    return replace(right(call, total, texts), list_name="profiles")


@fault("envelope", "RESP-SCHEMA")
def total_count_missing(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """There is no `total_count`."""
    return right(call, total, texts).without("total_count")


@fault("envelope", "RESP-SCHEMA")
def total_count_string(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`total_count` is a string."""
    return right(call, total, texts).having(total_count=str(total))


@fault("envelope", "RESP-SCHEMA")
def total_count_null_on_later_pages(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """From the second page on `total_count` is null."""
    return right(call, total, texts).having(total_count=total if call.first_page else None)


@fault("envelope", "RESP-SCHEMA", "PAGE-OFFSET-ECHO", "PAGE-COUNT")
def zero_members_left_out(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """Members of the envelope that are zero are left out."""
    page = right(call, total, texts)
    return replace(page, members={k: v for k, v in page.members.items() if v})


@fault("envelope", "RESP-SCHEMA", "PAGE-LIMIT-ECHO", "PAGE-OFFSET-ECHO")
def echoes_missing(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`limit` and `offset` are left out where the query has neither."""
    page = right(call, total, texts)
    given = call.given("limit") or call.given("offset")
    return page if given else page.without("limit").without("offset")


@profile_fault("RESP-SCHEMA")
def id_string(profile: Profile) -> None:
    """Ids are strings."""
    profile["id"] = str(profile["id"])


@profile_fault("RESP-SCHEMA")
def huge_ids_strings(profile: Profile) -> None:
    """Ids above 2^53 are strings, as for a client that only has doubles."""
    if profile["id"] > 2**53:
        profile["id"] = str(profile["id"])


@profile_fault("RESP-SCHEMA")
def id_negative(profile: Profile) -> None:
    """Ids above 2^53 overflow and come out negative."""
    if profile["id"] > 2**53:
        profile["id"] -= 2**64


@profile_fault("PAGE-UNIQUE", "WALK-ONCE", "WALK-COMPLETE")
def ids_rounded_to_doubles(profile: Profile) -> None:
    """Ids pass through a double, so that two neighbours above 2^53 become the same."""
    profile["id"] = int(float(profile["id"]))


@profile_fault("RESP-SCHEMA")
def is_active_number(profile: Profile) -> None:
    """`is_active` is 0 or 1, as the database has it."""
    profile["is_active"] = int(profile["is_active"])


@profile_fault("RESP-SCHEMA", "FILTER-ACTIVE-MATCH")
def inactive_member_left_out(profile: Profile) -> None:
    """`is_active` is left out where it is false."""
    if not profile["is_active"]:
        del profile["is_active"]


@profile_fault("RESP-SCHEMA")
def name_null(profile: Profile) -> None:
    """One name in forty is null."""
    if profile["name"].endswith(("40", "80", "120")):
        profile["name"] = None


@profile_fault("RESP-SCHEMA", "FILTER-TAGS-MATCH")
def tags_joined(profile: Profile) -> None:
    """Tags are one string with commas."""
    profile["tags"] = ",".join(profile.get("tags", []))


@profile_fault("RESP-SCHEMA")
def description_number(profile: Profile) -> None:
    """A description that is missing is 0."""
    profile["description"] = profile.get("description") or 0


@profile_fault("RESP-SCHEMA")
def description_empty_object(profile: Profile) -> None:
    """A description that is missing is the object of a nullable column."""
    if not profile.get("description"):
        profile["description"] = {"String": "", "Valid": False}


@profile_fault("RESP-SCHEMA")
def times_without_zone(profile: Profile) -> None:
    """Times have no offset."""
    profile["updated_at"] = profile["updated_at"][:19]


@profile_fault("RESP-SCHEMA")
def times_with_space(profile: Profile) -> None:
    """A space stands between date and time, as databases print them, and no zone follows."""
    profile["created_at"] = profile["created_at"][:19].replace("T", " ")


@profile_fault("RESP-SCHEMA")
def times_in_seconds(profile: Profile) -> None:
    """`updated_at` is a number of seconds."""
    profile["updated_at"] = 1_735_689_600


@profile_fault("RESP-SCHEMA")
def thirtieth_of_february(profile: Profile) -> None:
    """One profile was created on a day that no calendar has."""
    if profile["name"].endswith(" 101"):
        profile["created_at"] = "2024-02-30T10:00:00Z"


@profile_fault("RESP-SCHEMA")
def rotation_time_empty(profile: Profile) -> None:
    """A rotation that is not planned has an empty string for its time."""
    if "next_rotation_at" in profile:
        profile["next_rotation_at"] = ""


def _budgets(profile: Profile) -> Iterator[Profile]:
    """All budgets of a profile, those of its providers too."""
    yield from profile.get("budgets", ())
    for provider in profile.get("provider_configs", ()):
        yield from provider.get("budgets", ())


@profile_fault("RESP-SCHEMA")
def budget_limit_string(profile: Profile) -> None:
    """Limits of budgets are decimal strings."""
    for budget in _budgets(profile):
        budget["max_limit"] = str(budget["max_limit"])


@profile_fault("RESP-SCHEMA")
def provider_budget_without_limit(profile: Profile) -> None:
    """The budgets of providers lack `max_limit`."""
    for provider in profile.get("provider_configs", ()):
        for budget in provider["budgets"]:
            del budget["max_limit"]


@profile_fault("RESP-SCHEMA")
def budget_duration_empty(profile: Profile) -> None:
    """A budget that is reset by the hour has an empty duration."""
    for budget in _budgets(profile):
        if budget["reset_duration"] == "1h":
            budget["reset_duration"] = ""


@profile_fault("RESP-SCHEMA")
def quarter_starts_in_month_zero(profile: Profile) -> None:
    """Months count from zero."""
    for budget in _budgets(profile):
        if "reset_config" in budget:
            budget["reset_config"]["quarter_start_month"] = 0


@profile_fault("RESP-SCHEMA")
def provider_name_missing(profile: Profile) -> None:
    """The last provider of a profile with three has no name."""
    for provider in profile.get("provider_configs", [])[2:]:
        del provider["provider_name"]


@profile_fault("RESP-SCHEMA")
def server_id_number(profile: Profile) -> None:
    """`mcp_server_id` is a number."""
    for server in profile.get("mcp_servers", ()):
        server["mcp_server_id"] = int(server["mcp_server_id"][4:])


@profile_fault("RESP-SCHEMA")
def override_action_unknown(profile: Profile) -> None:
    """An override may `allow`, which is no action."""
    for override in profile.get("mcp_tool_overrides", ()):
        override["action"] = override["action"].replace("include", "allow")


@profile_fault("RESP-SCHEMA")
def rate_limit_list(profile: Profile) -> None:
    """Where there is no rate limit, it is an empty array."""
    if not profile.get("rate_limit"):
        profile["rate_limit"] = []


@fault("write", "RESP-SCHEMA")
def one_in_a_thousand_malformed(right: Writes, call: Call, row: Row) -> str:
    """One profile in a thousand, deep in the list, has a version that is a string."""
    text = right(call, row)
    return json.dumps(json.loads(text) | {"version": "v1"}) if row.key % 1000 == 113 else text


@fault("write", "RESP-SCHEMA", "WALK-CONTENT")
def malformed_only_at_maximum(right: Writes, call: Call, row: Row) -> str:
    """Only on a page at the maximum limit the calendar member is a string."""
    text = right(call, row)
    return json.dumps(json.loads(text) | {"calendar_aligned": "no"}) if call.limit == 100 else text


@profile_fault("RESP-NESTED-NULL", "RESP-SCHEMA")
def tags_null(profile: Profile) -> None:
    """Where there are no tags, `tags` is null."""
    profile["tags"] = profile.get("tags") or None


@profile_fault("RESP-NESTED-NULL", "RESP-SCHEMA")
def budgets_null(profile: Profile) -> None:
    """Where there are no budgets, `budgets` is null."""
    profile["budgets"] = profile.get("budgets") or None


@profile_fault("RESP-NESTED-NULL", "RESP-SCHEMA")
def allowed_models_null(profile: Profile) -> None:
    """Where a provider has no models, `allowed_models` is null."""
    for provider in profile.get("provider_configs", ()):
        provider["allowed_models"] = provider["allowed_models"] or None


@fault("mark", "ALIAS-HEADERS")
def deprecation_missing(right: Marks, site: Site, incoming: Incoming, reply: Reply) -> Reply:
    """The older path does not say that it is deprecated."""
    return right(site, incoming, reply).with_header("Deprecation", None)


@fault("mark", "ALIAS-HEADERS")
def successor_missing(right: Marks, site: Site, incoming: Incoming, reply: Reply) -> Reply:
    """The older path does not name its successor."""
    return right(site, incoming, reply).with_header("Link", None)


@fault("mark", "ALIAS-HEADERS")
def successor_relation_wrong(right: Marks, site: Site, incoming: Incoming, reply: Reply) -> Reply:
    """The older path names its successor as `alternate`."""
    marked = right(site, incoming, reply)
    links = [value for name, value in marked.headers if name == "Link"]
    return marked.with_header("Link", links[0].replace("successor-version", "alternate")) if links else marked
