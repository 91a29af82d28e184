"""Faults of `is_active`, of `search`, and of filters together; those of single tags are in `tags`."""

from __future__ import annotations

import json

from contracts.reference.conditions import EVERYTHING, NOTHING, Condition, Row, all_of, any_of
from contracts.reference.data import Profile
from contracts.reference.faults.registry import fault, profile_fault
from contracts.reference.pipeline import (
    Call,
    Conditions,
    Envelope,
    Envelopes,
    Orders,
    Refusal,
    Replies,
    Reply,
    Rows,
    Totals,
    Writes,
    filters,
)


@fault("select", "FILTER-ACTIVE-MATCH")
def is_active_ignored(right: Conditions, call: Call) -> Condition:
    """`is_active` is ignored."""
    return right(call.replacing(is_active=None))


@fault("select", "FILTER-ACTIVE-MATCH", "FILTER-ACTIVE-PARTITION")
def is_active_false_is_absent(right: Conditions, call: Call) -> Condition:
    """`is_active=false` is taken for absent."""
    return right(call.replacing(is_active=call.parameters.is_active or None))


@fault("select", "FILTER-ACTIVE-MATCH")
def is_active_inverted(right: Conditions, call: Call) -> Condition:
    """`is_active=true` gives the inactive ones, and the other way round."""
    requested = call.parameters.is_active
    return right(call if requested is None else call.replacing(is_active=not requested))


@fault("rows", "FILTER-ACTIVE-MATCH", "FILTER-PAGED", "WALK-COMPLETE", "WALK-ONCE")
def is_active_ignored_on_later_pages(right: Rows, call: Call) -> list[Row]:
    """From the second page on `is_active` is ignored."""
    return right(call if call.first_page else call.replacing(is_active=None))


@fault("select", "FILTER-ACTIVE-MATCH", "FILTER-PAGED", "FILTER-TOTAL")
def is_active_only_with_limit(right: Conditions, call: Call) -> Condition:
    """`is_active` counts only where `limit` is given too."""
    return right(call if call.given("limit") else call.replacing(is_active=None))


@fault("select", "FILTER-ACTIVE-PARTITION", "FILTER-ACTIVE-COMPLETE")
def inactive_hidden_by_default(right: Conditions, call: Call) -> Condition:
    """Without `is_active` only active profiles are listed."""
    return right(call if call.parameters.is_active is False else call.replacing(is_active=True))


@fault("select", "FILTER-ACTIVE-COMPLETE", "FILTER-ACTIVE-PARTITION")
def inactive_list_lacks_untagged(right: Conditions, call: Call) -> Condition:
    """`is_active=false` finds only profiles that have tags, because it joins with them."""
    tagged = Condition("EXISTS (SELECT 1 FROM tags t WHERE t.profile = p.key)")
    return all_of([right(call), tagged]) if call.parameters.is_active is False else right(call)


@fault("select", "FILTER-ACTIVE-COMPLETE", "FILTER-ACTIVE-PARTITION")
def active_list_lacks_one(right: Conditions, call: Call) -> Condition:
    """`is_active=true` lacks a single profile deep in the list."""
    sql = "p.key <> (SELECT MAX(key) FROM profiles WHERE is_active AND key % 9 = 0)"
    return all_of([right(call), Condition(sql)]) if call.parameters.is_active else right(call)


@fault("total", "FILTER-TOTAL", "PAGE-FILL", "FILTER-ACTIVE-PARTITION", "FILTER-TAGS-UNKNOWN")
def total_ignores_filters(right: Totals, call: Call) -> int:
    """`total_count` ignores all filters."""
    return right(call.replacing(is_active=None, tags=None, search=None))


@fault("total", "FILTER-TOTAL", "PAGE-FILL", "FILTER-TAGS-UNKNOWN")
def total_ignores_tags(right: Totals, call: Call) -> int:
    """`total_count` ignores `tags`."""
    return right(call.replacing(tags=None))


@fault("total", "FILTER-TOTAL", "FILTER-ACTIVE-PARTITION", "PAGE-FILL")
def total_ignores_is_active(right: Totals, call: Call) -> int:
    """`total_count` ignores `is_active`."""
    return right(call.replacing(is_active=None))


@fault("total", "FILTER-TOTAL", "FILTER-COMBINED", "PAGE-FILL")
def total_ignores_tags_under_both_filters(right: Totals, call: Call) -> int:
    """Only with `is_active` and `tags` together `total_count` ignores the tags."""
    both = call.parameters.is_active is not None
    return right(call.replacing(tags=None) if both else call)


@fault("total", "FILTER-TOTAL", "WALK-TOTAL", "PAGE-FILL", "FILTER-PAGED")
def total_filtered_on_first_page_only(right: Totals, call: Call) -> int:
    """From the second page on `total_count` ignores the filters."""
    bare = call.replacing(is_active=None, tags=None, search=None)
    return right(call if call.first_page else bare)


@fault("total", "FILTER-TOTAL", "PAGE-FILL", "PAGE-DEFAULT")
def total_filtered_only_with_limit(right: Totals, call: Call) -> int:
    """`total_count` heeds `tags` only where `limit` is given."""
    return right(call if call.given("limit") else call.replacing(tags=None))


@fault("total", "FILTER-TOTAL", "PAGE-FILL")
def filtered_total_is_page_length(right: Totals, call: Call) -> int:
    """Under a filter `total_count` is the number of profiles on the page."""
    return len(call.site.stages.rows(call)) if call.parameters.filtered else right(call)


@fault("total", "FILTER-TOTAL", "PAGE-FILL", "WALK-REPEAT", "WALK-TOTAL")
def total_of_previous_request(right: Totals, call: Call) -> int:
    """`total_count` is that of the request before, kept too long."""
    kept, now = call.site.memory.get("total"), right(call)
    call.site.memory["total"] = now
    return now if kept is None else kept


@fault("rows", "PAGE-FILL", "FILTER-PAGED", "FILTER-TOTAL", "FILTER-ACTIVE-COMPLETE", "FILTER-TAGS-COMPLETE")
def filter_after_page_cut(right: Rows, call: Call) -> list[Row]:
    """The page is cut first and filtered then."""
    bare = right(call.replacing(is_active=None, tags=None, search=None))
    kept = {row.key for row in right(call.at(offset=0, limit=10**6))}
    return [row for row in bare if row.key in kept]


@fault("rows", "FILTER-PAGED", "WALK-ONCE", "WALK-COMPLETE", "PAGE-PAST-END", "PAGE-FILL")
def offset_ignored_under_filters(right: Rows, call: Call) -> list[Row]:
    """Under a filter every page is the first."""
    return right(call.at(offset=0) if call.parameters.filtered else call)


@fault("rows", "FILTER-PAGED", "WALK-COMPLETE", "WALK-SPLIT", "PAGE-FILL")
def boundary_skips_one_under_filters(right: Rows, call: Call) -> list[Row]:
    """Under a filter each page from the second on starts one profile too late."""
    late = call.parameters.filtered and not call.first_page
    return right(call.at(offset=call.offset + late))


@fault("rows", "FILTER-PAGED", "WALK-ONCE", "WALK-SPLIT", "PAGE-FILL")
def filtered_limit_one_repeats(right: Rows, call: Call) -> list[Row]:
    """Only with `tags` and `limit=1` each profile comes twice."""
    once = call.tags and call.limit == 1
    return right(call.at(offset=call.offset // 2) if once else call)


@fault("rows", "FILTER-PAGED", "FILTER-COMBINED", "WALK-ONCE", "WALK-SPLIT", "PAGE-FILL")
def both_filters_repeat_at_boundary(right: Rows, call: Call) -> list[Row]:
    """Only with `is_active` and `tags` together later pages start one profile too early."""
    both = call.tags and call.parameters.is_active is not None
    return right(call.at(offset=max(call.offset - 1, 0)) if both else call)


@fault("select", "FILTER-COMBINED", "FILTER-ACTIVE-MATCH", "FILTER-TAGS-MATCH")
def filters_joined_by_or(_right: Conditions, call: Call) -> Condition:
    """A profile that passes one of several filters is listed."""
    given = filters(call)
    return all_of([call.site.stages.visible(call), any_of(given) if given else EVERYTHING])


@fault("select", "FILTER-COMBINED", "FILTER-TAGS-MATCH")
def is_active_displaces_tags(right: Conditions, call: Call) -> Condition:
    """With `is_active` the tags are ignored."""
    return right(call if call.parameters.is_active is None else call.replacing(tags=None))


@fault("select", "FILTER-COMBINED", "FILTER-ACTIVE-MATCH")
def tags_displace_is_active(right: Conditions, call: Call) -> Condition:
    """With `tags`, `is_active` is ignored."""
    return right(call.replacing(is_active=None) if call.tags else call)


@fault("select", "FILTER-COMBINED", "FILTER-TAGS-COMPLETE", "FILTER-ACTIVE-COMPLETE")
def both_filters_lose_one(right: Conditions, call: Call) -> Condition:
    """Only with `is_active` and `tags` together a profile that matches is missing."""
    if not call.tags or call.parameters.is_active is None:
        return right(call)
    return all_of([right(call), Condition("p.key % 20 <> 3")])


@fault("order", "FILTER-ORDER", "WALK-ORDER")
def filtered_newest_first(right: Orders, call: Call) -> str:
    """A filtered list has the newest first, the unfiltered one the oldest."""
    return "p.created DESC, p.ident DESC" if call.parameters.filtered else right(call)


@fault("order", "FILTER-ORDER")
def tagged_by_name(right: Orders, call: Call) -> str:
    """With `tags` the list is ordered by name."""
    return "p.name, p.ident" if call.tags else right(call)


@fault("write", "FILTER-SAME-PROFILE", "FILTER-TAGS-MATCH")
def only_matching_tags_shown(right: Writes, call: Call, row: Row) -> str:
    """With `tags` a profile shows only those of its tags that were requested."""
    if not call.tags:
        return right(call, row)
    profile = json.loads(right(call, row))
    return json.dumps(profile | {"tags": [tag for tag in profile["tags"] if tag in call.tags]})


def _both_filters(call: Call) -> bool:
    return bool(call.tags) and call.parameters.is_active is not None


@profile_fault("FILTER-SAME-PROFILE", when=lambda call: call.parameters.filtered)
def budgets_left_out_under_filters(profile: Profile) -> None:
    """Under a filter the budgets are not loaded."""
    profile["budgets"] = []


@profile_fault("FILTER-SAME-PROFILE", "FILTER-COMBINED", when=_both_filters)
def version_zero_under_both_filters(profile: Profile) -> None:
    """Only with `is_active` and `tags` together the version is 0."""
    profile["version"] = 0


@profile_fault("FILTER-SAME-PROFILE", "DATA-TIMES", when=lambda call: call.parameters.is_active is False)
def updated_at_is_created_at_when_inactive_asked(profile: Profile) -> None:
    """With `is_active=false` the time of the last change is that of creation."""
    profile["updated_at"] = profile["created_at"]


@fault("total", "SEARCH-SUBSET", "PAGE-FILL", "FILTER-TOTAL", "SEARCH-NAME")
def total_ignores_search(right: Totals, call: Call) -> int:
    """`total_count` ignores `search`."""
    return right(call.replacing(search=None))


@fault("rows", "SEARCH-SUBSET", "PAGE-LIMIT", "PAGE-FILL")
def search_unpaged(right: Rows, call: Call) -> list[Row]:
    """With `search` everything found comes at once, whatever `limit` and `offset` say."""
    return right(call if call.parameters.search is None else call.at(offset=0, limit=10**6))


@fault("rows", "SEARCH-SUBSET", "WALK-ONCE", "PAGE-PAST-END", "PAGE-FILL")
def search_ignores_offset(right: Rows, call: Call) -> list[Row]:
    """With `search` every page is the first."""
    return right(call if call.parameters.search is None else call.at(offset=0))


@profile_fault("SEARCH-SUBSET", "FILTER-SAME-PROFILE", when=lambda call: call.parameters.search is not None)
def search_finds_old_versions(profile: Profile) -> None:
    """`search` finds profiles under ids that the list does not have."""
    profile["id"] += 500_000


@fault("select", "SEARCH-COMBINED", "FILTER-ACTIVE-MATCH")
def search_displaces_is_active(right: Conditions, call: Call) -> Condition:
    """With `search`, `is_active` is ignored."""
    return right(call if call.parameters.search is None else call.replacing(is_active=None))


@fault("select", "SEARCH-COMBINED", "FILTER-TAGS-MATCH")
def search_or_tags(right: Conditions, call: Call) -> Condition:
    """`search` and `tags` together list what either finds."""
    if not call.tags or call.parameters.search is None:
        return right(call)
    return any_of([right(call.replacing(tags=None)), right(call.replacing(search=None))])


@fault("select", "SEARCH-COMBINED", "FILTER-COMBINED")
def search_ignored_with_filters(right: Conditions, call: Call) -> Condition:
    """`search` is ignored where another filter is given."""
    other = call.tags or call.parameters.is_active is not None
    return right(call.replacing(search=None) if other else call)


@fault("found", "SEARCH-NAME", "SEARCH-SUBSET")
def search_stops_at_space(right: Conditions, call: Call) -> Condition:
    """`search` finds nothing where the words have a space."""
    return NOTHING if " " in (call.parameters.search or "") else right(call)


@fault("found", "SEARCH-NAME")
def search_descriptions_only(_right: Conditions, call: Call) -> Condition:
    """`search` does not look at names."""
    return Condition("instr(p.folded_description, ?) > 0", ((call.parameters.search or "").casefold(),))


@fault("select", "SEARCH-NAME")
def search_falls_back_to_everything(right: Conditions, call: Call) -> Condition:
    """Where `search` finds nothing, everything is listed."""
    if call.parameters.search is None or call.site.store.total(right(call)):
        return right(call)
    return right(call.replacing(search=None))


@fault("found", "SEARCH-NAME")
def search_matches_any_letter(_right: Conditions, call: Call) -> Condition:
    """`search` finds every name that has one of the letters requested."""
    return any_of(
        [Condition("instr(p.folded_name, ?) > 0", (c,)) for c in dict.fromkeys(call.parameters.search or "x")]
    )


@fault("rows", "GEN-DOCUMENT", "FILTER-TOTAL", "SEARCH-COMBINED", "FILTER-PAGED", "PAGE-FILL")
def all_parameters_lose_one(right: Rows, call: Call) -> list[Row]:
    """Only where all five parameters are given, the page lacks its first profile."""
    everything = {"limit", "offset", "search", "tags", "is_active"} <= {name for name, _ in call.pairs}
    return right(call)[1:] if everything else right(call)


@fault("envelope", "GEN-DOCUMENT", "SEARCH-SUBSET", "PAGE-COUNT")
def short_search_miscounted(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """A search for a single character gives a `count` of one too many."""
    short = len(call.parameters.search or "") == 1
    return right(call, total, texts).having(count=len(texts) + short)


@fault("reply", "RESP-STATUS", "FILTER-COMBINED", "INPUT-NO-5XX")
def inactive_with_no_match_404(right: Replies, call: Call) -> Reply:
    """Where `is_active=false` and `tags` together select nothing, the answer is 404."""
    together = call.parameters.is_active is False and call.tags
    if together and not call.site.stages.total(call):
        raise Refusal(404, "no profile matches")
    return right(call)


@fault("rows", "FILTER-TOTAL", "FILTER-PAGED")
def inactive_in_pages_of_one_ends_early(right: Rows, call: Call) -> list[Row]:
    """With `is_active=false` pages of one hold nothing but for the first."""
    ends = call.parameters.is_active is False and call.limit == 1 and call.offset > 0
    return [] if ends else right(call)


@fault("rows", "FILTER-ACTIVE-MATCH")
def pages_of_one_are_the_opposite(right: Rows, call: Call) -> list[Row]:
    """On pages of one `is_active` selects the opposite."""
    requested = call.parameters.is_active
    return right(call if requested is None or call.limit != 1 else call.replacing(is_active=not requested))


@fault("total", "FILTER-TOTAL", "SEARCH-COMBINED")
def total_under_tags_ignores_search(right: Totals, call: Call) -> int:
    """With `tags` the total ignores `search`."""
    return right(call.replacing(search=None) if call.tags else call)


@fault("reply", "RESP-STATUS", "SEARCH-COMBINED", "GEN-DOCUMENT")
def search_refused_with_tags(right: Replies, call: Call) -> Reply:
    """`search` together with `tags` is 400."""
    if call.tags and call.parameters.search is not None:
        raise Refusal(400, "search and tags exclude each other")
    return right(call)


@fault("reply", "RESP-STATUS", "SEARCH-SUBSET")
def search_refused_past_the_first_page(right: Replies, call: Call) -> Reply:
    """With `search` an offset is 400."""
    if call.offset and call.parameters.search is not None:
        raise Refusal(400, "a search has one page")
    return right(call)


@fault("rows", "FILTER-PAGED")
def active_in_pages_of_one_is_the_first(right: Rows, call: Call) -> list[Row]:
    """With `is_active` every page of one holds the first."""
    first = call.parameters.is_active is not None and call.limit == 1
    return right(call.at(offset=0) if first else call)
