"""Faults of one page: its five members, and how many profiles it holds."""

from __future__ import annotations

from collections.abc import Callable

from contracts.reference.conditions import Row
from contracts.reference.faults.registry import crash, fault
from contracts.reference.pipeline import (
    Call,
    Envelope,
    Envelopes,
    Parameters,
    Refusal,
    Replies,
    Reply,
    Rows,
    Site,
    Window,
    Windows,
)


@fault("envelope", "PAGE-COUNT")
def count_is_total(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`count` is the number of all profiles, not of those on the page."""
    return right(call, total, texts).having(count=total)


@fault("envelope", "PAGE-COUNT")
def count_is_limit(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`count` is the limit, even where fewer profiles are left."""
    return right(call, total, texts).having(count=call.limit)


@fault("envelope", "PAGE-COUNT")
def count_includes_look_ahead(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`count` includes the row that was read only to see whether more follow."""
    more = call.offset + len(texts) < total
    return right(call, total, texts).having(count=len(texts) + more)


@fault("envelope", "PAGE-COUNT")
def count_ignores_filters(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`count` is what the page would hold without filters."""
    bare = call.replacing(is_active=None, tags=None, search=None)
    return right(call, total, texts).having(count=len(call.site.stages.rows(bare)))


@fault("envelope", "PAGE-COUNT")
def count_missing_from_last_page(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """On the last page `count` is one too low."""
    last = 0 < len(texts) < call.limit and not call.first_page
    return right(call, total, texts).having(count=len(texts) - last)


@fault("envelope", "PAGE-COUNT")
def count_counts_active_only(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`count` leaves out the inactive profiles that stand on the page."""
    return right(call, total, texts).having(count=sum('"is_active": true' in text for text in texts))


@fault("rows", "PAGE-LIMIT")
def look_ahead_row_kept(right: Rows, call: Call) -> list[Row]:
    """The page holds one profile more than `limit`, the one read to see whether more follow."""
    return right(call.at(limit=call.limit + 1))


@fault("rows", "PAGE-LIMIT")
def limit_ignored(right: Rows, call: Call) -> list[Row]:
    """Every page holds up to 25 profiles, whatever `limit` says."""
    return right(call.at(limit=25))


@fault("rows", "PAGE-LIMIT")
def limit_one_gives_two(right: Rows, call: Call) -> list[Row]:
    """Only with `limit=1` the page holds two profiles."""
    return right(call.at(limit=2 if call.limit == 1 else call.limit))


@fault("rows", "PAGE-LIMIT")
def limit_ignored_under_tags(right: Rows, call: Call) -> list[Row]:
    """With `tags` everything found is on one page."""
    return right(call.at(limit=1000) if call.tags else call)


@fault("rows", "PAGE-LIMIT")
def limit_is_last_place(right: Rows, call: Call) -> list[Row]:
    """`limit` is added to `offset` before the page is cut, so that deep pages are too long."""
    return right(call.at(limit=call.limit + call.offset))


@fault("envelope", "PAGE-LIMIT-ECHO")
def silent_clamp(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """A limit over the maximum is clamped, but `limit` echoes what was requested."""
    return right(call, total, texts).having(limit=max(call.parameters.limit or 0, call.limit))


@fault("envelope", "PAGE-LIMIT-ECHO")
def limit_echo_is_default(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`limit` is 25, whatever was requested and given."""
    return right(call, total, texts).having(limit=25)


@fault("envelope", "PAGE-LIMIT-ECHO")
def limit_echo_is_count(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`limit` is the number of profiles on the page."""
    return right(call, total, texts).having(limit=len(texts))


@fault("envelope", "PAGE-LIMIT-ECHO", "PAGE-LIMIT", "PAGE-DEFAULT")
def limit_echo_zero_when_absent(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """Where no limit was requested, `limit` is 0 though the page holds 25."""
    absent = call.parameters.limit is None
    return right(call, total, texts).having(limit=0 if absent else call.limit)


@fault("envelope", "PAGE-OFFSET-ECHO")
def offset_echo_zero(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`offset` is always 0."""
    return right(call, total, texts).having(offset=0)


@fault("envelope", "PAGE-OFFSET-ECHO")
def offset_echo_is_next(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`offset` is where the next page starts."""
    return right(call, total, texts).having(offset=call.offset + len(texts))


@fault("envelope", "PAGE-OFFSET-ECHO")
def offset_echo_is_page_number(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """`offset` is the number of the page."""
    return right(call, total, texts).having(offset=call.offset // max(call.limit, 1))


@fault("envelope", "PAGE-OFFSET-ECHO")
def offset_echo_clamped_to_total(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """Past the end `offset` is the total, not what was requested."""
    return right(call, total, texts).having(offset=min(call.offset, total))


@fault("window", "PAGE-LIMIT-ECHO")
def maximum_lower_under_filters(right: Windows, site: Site, parameters: Parameters) -> Window:
    """The maximum limit is 100, with a filter 50."""
    window = right(site, parameters)
    return Window(min(window.limit or 0, 50), window.offset) if parameters.filtered else window


@fault("window", "PAGE-LIMIT-ECHO")
def maximum_lower_at_offset(right: Windows, site: Site, parameters: Parameters) -> Window:
    """The maximum limit is 100, from the second page on 60."""
    window = right(site, parameters)
    return Window(min(window.limit or 0, 60), window.offset) if window.offset else window


@fault("reply", "PAGE-PAST-END", "RESP-STATUS")
def past_end_404(right: Replies, call: Call) -> Reply:
    """A page past the end is 404."""
    if call.offset >= max(call.site.stages.total(call), 1):
        raise Refusal(404, "no such page")
    return right(call)


@fault("reply", "PAGE-PAST-END", "RESP-STATUS", "INPUT-NO-5XX")
def past_end_500(right: Replies, call: Call) -> Reply:
    """A page past the end is 500."""
    if call.offset >= max(call.site.stages.total(call), 1):
        raise crash()
    return right(call)


@fault("reply", "PAGE-PAST-END", "RESP-STATUS", "GEN-DOCUMENT")
def far_past_end_404(right: Replies, call: Call) -> Reply:
    """Only an offset of a thousand or more past the end is 404."""
    if call.offset >= call.site.stages.total(call) + 1000:
        raise Refusal(404, "no such page")
    return right(call)


@fault("reply", "PAGE-PAST-END", "RESP-STATUS")
def exactly_at_end_404(right: Replies, call: Call) -> Reply:
    """Only the offset that equals the total is 404; beyond it all is well."""
    if 0 < call.offset == call.site.stages.total(call):
        raise Refusal(404, "no such page")
    return right(call)


@fault("envelope", "PAGE-PAST-END", "RESP-SCHEMA")
def past_end_list_null(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """A page past the end has null for its list."""
    page = right(call, total, texts)
    return Envelope(None, page.members) if not texts and call.offset else page


@fault("envelope", "RESP-SCHEMA", "PAGE-PAST-END", "FILTER-TAGS-UNKNOWN")
def empty_list_null(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """An empty list is null, wherever it occurs."""
    page = right(call, total, texts)
    return page if texts else Envelope(None, page.members)


@fault("rows", "PAGE-PAST-END", "PAGE-FILL")
def past_end_last_page(right: Rows, call: Call) -> list[Row]:
    """Past the end the last page comes again."""
    last = max(call.site.stages.total(call) - call.limit, 0)
    return right(call) or right(call.at(offset=last))


@fault("rows", "PAGE-PAST-END", "PAGE-FILL")
def past_end_first_page(right: Rows, call: Call) -> list[Row]:
    """Past the end the list starts anew."""
    return right(call) or right(call.at(offset=0))


@fault("envelope", "PAGE-PAST-END", "WALK-TOTAL")
def past_end_total_zero(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """Past the end `total_count` is 0, as it is read from the rows."""
    return right(call, total if texts else 0, texts)


@fault("rows", "PAGE-FILL", "WALK-COMPLETE", "WALK-SPLIT")
def page_short_by_one(right: Rows, call: Call) -> list[Row]:
    """Every full page lacks its last profile, which no other page brings."""
    rows = right(call)
    return rows[:-1] if len(rows) == call.limit > 1 else rows


@fault("rows", "PAGE-FILL", "WALK-COMPLETE", "WALK-SPLIT")
def maximum_page_short(right: Rows, call: Call) -> list[Row]:
    """Only at the maximum limit the last profile of the page is missing."""
    rows = right(call)
    return rows[:99] if call.limit == 100 else rows


@fault("rows", "PAGE-FILL", "WALK-COMPLETE", "FILTER-PAGED")
def limit_one_gives_none(right: Rows, call: Call) -> list[Row]:
    """Only with `limit=1` pages are empty from the second on."""
    return [] if call.limit == 1 and call.offset else right(call)


@fault("rows", "PAGE-FILL", "WALK-COMPLETE", "PAGE-LIMIT-ECHO")
def maximum_fifty_unannounced(right: Rows, call: Call) -> list[Row]:
    """A page holds at most 50 profiles, though `limit` echoes up to 100."""
    return right(call.at(limit=min(call.limit, 50)))


@fault("rows", "PAGE-FILL", "WALK-COMPLETE", "FILTER-PAGED")
def limit_applied_to_joined_rows(right: Rows, call: Call) -> list[Row]:
    """The limit cuts the join with tags before its doubles are removed, so pages come out short."""
    rows = right(call)
    joined = [row for row in rows for _ in range(max(len(_tags_of(call, row)), 1))]
    return list(dict.fromkeys(joined[: call.limit]))


def _tags_of(call: Call, row: Row) -> list[tuple[str, ...]]:
    return call.site.store.query("SELECT tag FROM tags WHERE profile = ?", (row.key,))


@fault("rows", "PAGE-UNIQUE", "FILTER-PAGED", "PAGE-FILL")
def join_repeats_rows(right: Rows, call: Call) -> list[Row]:
    """A profile that carries two of the tags requested stands twice on the page."""
    rows = [row for row in right(call) for _ in range(_matches(call, row))]
    return rows[: call.limit]


def _matches(call: Call, row: Row) -> int:
    return max(sum(tag in call.tags for (tag,) in _tags_of(call, row)), 1)


@fault("rows", "PAGE-UNIQUE", "PAGE-FILL", "WALK-ONCE")
def unfiltered_join_repeats_rows(right: Rows, call: Call) -> list[Row]:
    """Without filters a profile stands on the page once for each of its tags."""
    if call.parameters.filtered:
        return right(call)
    return [row for row in right(call) for _ in range(max(len(_tags_of(call, row)), 1))][: call.limit]


@fault("rows", "PAGE-UNIQUE", "WALK-COMPLETE", "WALK-SPLIT", "WALK-ORDER")
def last_row_replaced_by_first(right: Rows, call: Call) -> list[Row]:
    """On a full page the first profile stands again in the place of the last."""
    rows = right(call)
    return [*rows[:-1], rows[0]] if len(rows) == call.limit > 1 else rows


@fault("rows", "PAGE-DEFAULT", "WALK-SPLIT")
def default_page_starts_at_one(right: Rows, call: Call) -> list[Row]:
    """Where no offset is given the page starts at the second profile, echoing 0."""
    return right(call if call.given("offset") else call.at(offset=call.offset + 1))


@fault("order", "PAGE-DEFAULT", "WALK-ORDER")
def default_page_newest_first(right: Callable[[Call], str], call: Call) -> str:
    """Without `limit` and `offset` the newest come first, with them the oldest."""
    paged = call.given("limit") or call.given("offset")
    return right(call) if paged else "p.created DESC, p.ident DESC"


@fault("rows", "PAGE-FILL", "PAGE-DEFAULT")
def default_page_of_twenty(right: Rows, call: Call) -> list[Row]:
    """Where no limit is given the page holds 20 profiles, echoing 25."""
    return right(call.at(limit=20) if call.parameters.limit is None else call)


@fault("rows", "PAGE-DEFAULT", "PAGE-FILL", "WALK-SPLIT", "PAGE-PAST-END")
def offset_ignored_without_limit(right: Rows, call: Call) -> list[Row]:
    """Without `limit`, `offset` is echoed and ignored."""
    return right(call.at(offset=0) if call.parameters.limit is None else call)


@fault("rows", "PAGE-LIMIT", "PAGE-DEFAULT")
def unpaged_echoes_default(right: Rows, call: Call) -> list[Row]:
    """Without any query everything is returned, but `limit` says 25."""
    return right(call if call.pairs else call.at(limit=10_000))


@fault("window", "PAGE-LIMIT-ECHO", "PAGE-DEFAULT", "PAGE-LIMIT")
def limit_swapped_with_offset(right: Windows, site: Site, parameters: Parameters) -> Window:
    """`limit` is taken for the offset and `offset` for the limit."""
    swapped = Parameters(limit=parameters.offset, offset=parameters.limit)
    return right(site, swapped)


@fault("window", "PAGE-OFFSET-ECHO", "PAGE-PAST-END", "WALK-ONCE")
def offset_ignored(right: Windows, site: Site, parameters: Parameters) -> Window:
    """`offset` is ignored: every page is the first."""
    return Window(right(site, parameters).limit, 0)


@fault("window", "PAGE-LIMIT-ECHO")
def small_limit_is_default(right: Windows, site: Site, parameters: Parameters) -> Window:
    """A limit below ten is replaced by the default, echoed as such."""
    window = right(site, parameters)
    small = 0 < (parameters.limit or 0) < 10
    return Window(25, window.offset) if small else window


@fault("window", "PAGE-LIMIT-ECHO", "PAGE-LIMIT", "RESP-SCHEMA", "INPUT-READING", "GEN-DOCUMENT")
def zero_limit_is_no_limit(right: Windows, site: Site, parameters: Parameters) -> Window:
    """`limit=0` reaches SQLite as -1, for which that is none: everything comes, and -1 is echoed."""
    window = right(site, parameters)
    return Window(-1, window.offset) if parameters.limit == 0 else window
