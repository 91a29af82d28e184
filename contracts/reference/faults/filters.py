"""Faults of `is_active`, of `search`, and of filters together; those of single tags are in `tags`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.reference.conditions import EVERYTHING, NOTHING, Condition, Row, all_of, any_of
from contracts.reference.faults.registry import fault, profile_fault
from contracts.reference.pipeline import Ask, Envelope, Parameters, Refusal, Reply, Site, Window, filters

Conditions = Callable[[Ask], Condition]
Envelopes = Callable[[Ask, int, list[str]], Envelope]
Orders = Callable[[Ask], str]
Profile = dict[str, Any]
Replies = Callable[[Ask], Reply]
Rows = Callable[[Ask], list[Row]]
Totals = Callable[[Ask], int]
Windows = Callable[[Site, Parameters], Window]


@fault("select", "FILTER-ACTIVE-MATCH")
def is_active_ignored(right: Conditions, ask: Ask) -> Condition:
    """`is_active` is ignored."""
    return right(ask.asking(is_active=None))


@fault("select", "FILTER-ACTIVE-MATCH", "FILTER-ACTIVE-PARTITION")
def is_active_false_is_absent(right: Conditions, ask: Ask) -> Condition:
    """`is_active=false` is taken for absent."""
    return right(ask.asking(is_active=ask.parameters.is_active or None))


@fault("select", "FILTER-ACTIVE-MATCH")
def is_active_inverted(right: Conditions, ask: Ask) -> Condition:
    """`is_active=true` gives the inactive ones, and the other way round."""
    asked = ask.parameters.is_active
    return right(ask if asked is None else ask.asking(is_active=not asked))


@fault("rows", "FILTER-ACTIVE-MATCH", "FILTER-PAGED", "WALK-COMPLETE", "WALK-ONCE")
def is_active_ignored_on_later_pages(right: Rows, ask: Ask) -> list[Row]:
    """From the second page on `is_active` is ignored."""
    return right(ask if ask.first_page else ask.asking(is_active=None))


@fault("select", "FILTER-ACTIVE-MATCH", "FILTER-PAGED", "FILTER-TOTAL")
def is_active_only_with_limit(right: Conditions, ask: Ask) -> Condition:
    """`is_active` counts only where `limit` is given too."""
    return right(ask if ask.given("limit") else ask.asking(is_active=None))


@fault("select", "FILTER-ACTIVE-PARTITION", "FILTER-ACTIVE-COMPLETE")
def inactive_hidden_by_default(right: Conditions, ask: Ask) -> Condition:
    """Without `is_active` only active profiles are listed."""
    return right(ask if ask.parameters.is_active is False else ask.asking(is_active=True))


@fault("select", "FILTER-ACTIVE-COMPLETE", "FILTER-ACTIVE-PARTITION")
def inactive_list_lacks_untagged(right: Conditions, ask: Ask) -> Condition:
    """`is_active=false` finds only profiles that have tags, because it joins with them."""
    tagged = Condition("EXISTS (SELECT 1 FROM tags t WHERE t.profile = p.key)")
    return all_of([right(ask), tagged]) if ask.parameters.is_active is False else right(ask)


@fault("select", "FILTER-ACTIVE-COMPLETE", "FILTER-ACTIVE-PARTITION")
def active_list_lacks_one(right: Conditions, ask: Ask) -> Condition:
    """`is_active=true` lacks a single profile deep in the list."""
    sql = "p.key <> (SELECT MAX(key) FROM profiles WHERE is_active AND key % 9 = 0)"
    return all_of([right(ask), Condition(sql)]) if ask.parameters.is_active else right(ask)


@fault("total", "FILTER-TOTAL", "PAGE-FILL", "FILTER-ACTIVE-PARTITION", "FILTER-TAGS-UNKNOWN")
def total_ignores_filters(right: Totals, ask: Ask) -> int:
    """`total_count` ignores all filters."""
    return right(ask.asking(is_active=None, tags=None, search=None))


@fault("total", "FILTER-TOTAL", "PAGE-FILL", "FILTER-TAGS-UNKNOWN")
def total_ignores_tags(right: Totals, ask: Ask) -> int:
    """`total_count` ignores `tags`."""
    return right(ask.asking(tags=None))


@fault("total", "FILTER-TOTAL", "FILTER-ACTIVE-PARTITION", "PAGE-FILL")
def total_ignores_is_active(right: Totals, ask: Ask) -> int:
    """`total_count` ignores `is_active`."""
    return right(ask.asking(is_active=None))


@fault("total", "FILTER-TOTAL", "FILTER-COMBINED", "PAGE-FILL")
def total_ignores_tags_under_both_filters(right: Totals, ask: Ask) -> int:
    """Only with `is_active` and `tags` together `total_count` ignores the tags."""
    both = ask.parameters.is_active is not None
    return right(ask.asking(tags=None) if both else ask)


@fault("total", "FILTER-TOTAL", "WALK-TOTAL", "PAGE-FILL", "FILTER-PAGED")
def total_filtered_on_first_page_only(right: Totals, ask: Ask) -> int:
    """From the second page on `total_count` ignores the filters."""
    bare = ask.asking(is_active=None, tags=None, search=None)
    return right(ask if ask.first_page else bare)


@fault("total", "FILTER-TOTAL", "PAGE-FILL", "PAGE-DEFAULT")
def total_filtered_only_with_limit(right: Totals, ask: Ask) -> int:
    """`total_count` heeds `tags` only where `limit` is given."""
    return right(ask if ask.given("limit") else ask.asking(tags=None))


@fault("total", "FILTER-TOTAL", "PAGE-FILL")
def filtered_total_is_page_length(right: Totals, ask: Ask) -> int:
    """Under a filter `total_count` is the number of profiles on the page."""
    return len(ask.site.stages.rows(ask)) if ask.parameters.filtered else right(ask)


@fault("total", "FILTER-TOTAL", "PAGE-FILL", "WALK-REPEAT", "WALK-TOTAL")
def total_of_previous_request(right: Totals, ask: Ask) -> int:
    """`total_count` is that of the request before, kept too long."""
    kept, now = ask.site.memory.get("total"), right(ask)
    ask.site.memory["total"] = now
    return now if kept is None else kept


@fault("rows", "PAGE-FILL", "FILTER-PAGED", "FILTER-TOTAL", "FILTER-ACTIVE-COMPLETE", "FILTER-TAGS-COMPLETE")
def filter_after_page_cut(right: Rows, ask: Ask) -> list[Row]:
    """The page is cut first and filtered then."""
    bare = right(ask.asking(is_active=None, tags=None, search=None))
    kept = {row.key for row in right(ask.at(offset=0, limit=10**6))}
    return [row for row in bare if row.key in kept]


@fault("rows", "FILTER-PAGED", "WALK-ONCE", "WALK-COMPLETE", "PAGE-PAST-END", "PAGE-FILL")
def offset_ignored_under_filters(right: Rows, ask: Ask) -> list[Row]:
    """Under a filter every page is the first."""
    return right(ask.at(offset=0) if ask.parameters.filtered else ask)


@fault("rows", "FILTER-PAGED", "WALK-COMPLETE", "WALK-SPLIT", "PAGE-FILL")
def boundary_skips_one_under_filters(right: Rows, ask: Ask) -> list[Row]:
    """Under a filter each page from the second on starts one profile too late."""
    late = ask.parameters.filtered and not ask.first_page
    return right(ask.at(offset=ask.offset + late))


@fault("rows", "FILTER-PAGED", "WALK-ONCE", "WALK-SPLIT", "PAGE-FILL")
def filtered_limit_one_repeats(right: Rows, ask: Ask) -> list[Row]:
    """Only with `tags` and `limit=1` each profile comes twice."""
    once = ask.tags and ask.limit == 1
    return right(ask.at(offset=ask.offset // 2) if once else ask)


@fault("rows", "FILTER-PAGED", "FILTER-COMBINED", "WALK-ONCE", "WALK-SPLIT", "PAGE-FILL")
def both_filters_repeat_at_boundary(right: Rows, ask: Ask) -> list[Row]:
    """Only with `is_active` and `tags` together later pages start one profile too early."""
    both = ask.tags and ask.parameters.is_active is not None
    return right(ask.at(offset=max(ask.offset - 1, 0)) if both else ask)


@fault("select", "FILTER-COMBINED", "FILTER-ACTIVE-MATCH", "FILTER-TAGS-MATCH")
def filters_joined_by_or(_right: Conditions, ask: Ask) -> Condition:
    """A profile that passes one of several filters is listed."""
    given = filters(ask)
    return all_of([ask.site.stages.visible(ask), any_of(given) if given else EVERYTHING])


@fault("select", "FILTER-COMBINED", "FILTER-TAGS-MATCH")
def is_active_displaces_tags(right: Conditions, ask: Ask) -> Condition:
    """With `is_active` the tags are ignored."""
    return right(ask if ask.parameters.is_active is None else ask.asking(tags=None))


@fault("select", "FILTER-COMBINED", "FILTER-ACTIVE-MATCH")
def tags_displace_is_active(right: Conditions, ask: Ask) -> Condition:
    """With `tags`, `is_active` is ignored."""
    return right(ask.asking(is_active=None) if ask.tags else ask)


@fault("select", "FILTER-COMBINED", "FILTER-TAGS-COMPLETE", "FILTER-ACTIVE-COMPLETE")
def both_filters_lose_one(right: Conditions, ask: Ask) -> Condition:
    """Only with `is_active` and `tags` together a profile that matches is missing."""
    if not ask.tags or ask.parameters.is_active is None:
        return right(ask)
    return all_of([right(ask), Condition("p.key % 20 <> 3")])


@fault("order", "FILTER-ORDER", "WALK-ORDER")
def filtered_newest_first(right: Orders, ask: Ask) -> str:
    """A filtered list has the newest first, the unfiltered one the oldest."""
    return "p.created DESC, p.ident DESC" if ask.parameters.filtered else right(ask)


@fault("order", "FILTER-ORDER")
def tagged_by_name(right: Orders, ask: Ask) -> str:
    """With `tags` the list is ordered by name."""
    return "p.name, p.ident" if ask.tags else right(ask)


@profile_fault("FILTER-SAME-PROFILE", "FILTER-TAGS-MATCH")
def only_matching_tags_shown(ask: Ask, profile: Profile) -> None:
    """With `tags` a profile shows only those of its tags that were asked for."""
    if ask.tags:
        profile["tags"] = [tag for tag in profile["tags"] if tag in ask.tags]


@profile_fault("FILTER-SAME-PROFILE")
def budgets_left_out_under_filters(ask: Ask, profile: Profile) -> None:
    """Under a filter the budgets are not loaded."""
    if ask.parameters.filtered:
        profile["budgets"] = []


@profile_fault("FILTER-SAME-PROFILE", "FILTER-COMBINED")
def version_zero_under_both_filters(ask: Ask, profile: Profile) -> None:
    """Only with `is_active` and `tags` together the version is 0."""
    if ask.tags and ask.parameters.is_active is not None:
        profile["version"] = 0


@profile_fault("FILTER-SAME-PROFILE", "DATA-TIMES")
def updated_at_is_created_at_when_inactive_asked(ask: Ask, profile: Profile) -> None:
    """With `is_active=false` the time of the last change is that of creation."""
    if ask.parameters.is_active is False:
        profile["updated_at"] = profile["created_at"]


@fault("total", "SEARCH-SUBSET", "PAGE-FILL", "FILTER-TOTAL", "SEARCH-NAME")
def total_ignores_search(right: Totals, ask: Ask) -> int:
    """`total_count` ignores `search`."""
    return right(ask.asking(search=None))


@fault("rows", "SEARCH-SUBSET", "PAGE-LIMIT", "PAGE-FILL")
def search_unpaged(right: Rows, ask: Ask) -> list[Row]:
    """With `search` everything found comes at once, whatever `limit` and `offset` say."""
    return right(ask if ask.parameters.search is None else ask.at(offset=0, limit=10**6))


@fault("rows", "SEARCH-SUBSET", "WALK-ONCE", "PAGE-PAST-END", "PAGE-FILL")
def search_ignores_offset(right: Rows, ask: Ask) -> list[Row]:
    """With `search` every page is the first."""
    return right(ask if ask.parameters.search is None else ask.at(offset=0))


@profile_fault("SEARCH-SUBSET", "FILTER-SAME-PROFILE")
def search_finds_old_versions(ask: Ask, profile: Profile) -> None:
    """`search` finds profiles under ids that the list does not have."""
    if ask.parameters.search is not None:
        profile["id"] += 500_000


@fault("select", "SEARCH-COMBINED", "FILTER-ACTIVE-MATCH")
def search_displaces_is_active(right: Conditions, ask: Ask) -> Condition:
    """With `search`, `is_active` is ignored."""
    return right(ask if ask.parameters.search is None else ask.asking(is_active=None))


@fault("select", "SEARCH-COMBINED", "FILTER-TAGS-MATCH")
def search_or_tags(right: Conditions, ask: Ask) -> Condition:
    """`search` and `tags` together list what either finds."""
    if not ask.tags or ask.parameters.search is None:
        return right(ask)
    return any_of([right(ask.asking(tags=None)), right(ask.asking(search=None))])


@fault("select", "SEARCH-COMBINED", "FILTER-COMBINED")
def search_ignored_with_filters(right: Conditions, ask: Ask) -> Condition:
    """`search` is ignored where another filter is given."""
    other = ask.tags or ask.parameters.is_active is not None
    return right(ask.asking(search=None) if other else ask)


@fault("found", "SEARCH-NAME", "SEARCH-SUBSET")
def search_stops_at_space(right: Conditions, ask: Ask) -> Condition:
    """`search` finds nothing where the words have a space."""
    return NOTHING if " " in (ask.parameters.search or "") else right(ask)


@fault("found", "SEARCH-NAME")
def search_descriptions_only(_right: Conditions, ask: Ask) -> Condition:
    """`search` does not look at names."""
    return Condition("instr(p.folded_description, ?) > 0", ((ask.parameters.search or "").casefold(),))


@fault("select", "SEARCH-NAME")
def search_falls_back_to_everything(right: Conditions, ask: Ask) -> Condition:
    """Where `search` finds nothing, everything is listed."""
    if ask.parameters.search is None or ask.site.store.total(right(ask)):
        return right(ask)
    return right(ask.asking(search=None))


@fault("found", "SEARCH-NAME")
def search_matches_any_letter(_right: Conditions, ask: Ask) -> Condition:
    """`search` finds every name that has one of the letters asked for."""
    return any_of(
        [Condition("instr(p.folded_name, ?) > 0", (c,)) for c in dict.fromkeys(ask.parameters.search or "x")]
    )


@fault("rows", "GEN-DOCUMENT", "FILTER-TOTAL", "SEARCH-COMBINED", "FILTER-PAGED", "PAGE-FILL")
def all_parameters_lose_one(right: Rows, ask: Ask) -> list[Row]:
    """Only where all five parameters are given, the page lacks its first profile."""
    everything = {"limit", "offset", "search", "tags", "is_active"} <= {name for name, _ in ask.pairs}
    return right(ask)[1:] if everything else right(ask)


@fault("envelope", "GEN-DOCUMENT", "SEARCH-SUBSET", "PAGE-COUNT")
def short_search_miscounted(right: Envelopes, ask: Ask, total: int, texts: list[str]) -> Envelope:
    """A search for a single character gives a `count` of one too many."""
    short = len(ask.parameters.search or "") == 1
    return right(ask, total, texts).having(count=len(texts) + short)


@fault("reply", "RESP-STATUS", "FILTER-COMBINED", "INPUT-NO-5XX")
def inactive_with_no_match_404(right: Replies, ask: Ask) -> Reply:
    """Where `is_active=false` and `tags` together select nothing, the answer is 404."""
    together = ask.parameters.is_active is False and ask.tags
    if together and not ask.site.stages.total(ask):
        raise Refusal(404, "no profile matches")
    return right(ask)


@fault("rows", "FILTER-TOTAL", "FILTER-PAGED")
def inactive_in_pages_of_one_ends_early(right: Rows, ask: Ask) -> list[Row]:
    """With `is_active=false` pages of one hold nothing but for the first."""
    ends = ask.parameters.is_active is False and ask.limit == 1 and ask.offset > 0
    return [] if ends else right(ask)


@fault("rows", "FILTER-ACTIVE-MATCH")
def pages_of_one_are_the_opposite(right: Rows, ask: Ask) -> list[Row]:
    """On pages of one `is_active` selects the opposite."""
    asked = ask.parameters.is_active
    return right(ask if asked is None or ask.limit != 1 else ask.asking(is_active=not asked))


@fault("total", "FILTER-TOTAL", "SEARCH-COMBINED")
def total_under_tags_ignores_search(right: Totals, ask: Ask) -> int:
    """With `tags` the total ignores `search`."""
    return right(ask.asking(search=None) if ask.tags else ask)


@fault("reply", "RESP-STATUS", "SEARCH-COMBINED", "GEN-DOCUMENT")
def search_refused_with_tags(right: Replies, ask: Ask) -> Reply:
    """`search` together with `tags` is 400."""
    if ask.tags and ask.parameters.search is not None:
        raise Refusal(400, "search and tags exclude each other")
    return right(ask)


@fault("reply", "RESP-STATUS", "SEARCH-SUBSET")
def search_refused_past_the_first_page(right: Replies, ask: Ask) -> Reply:
    """With `search` an offset is 400."""
    if ask.offset and ask.parameters.search is not None:
        raise Refusal(400, "a search has one page")
    return right(ask)


@fault("rows", "FILTER-PAGED")
def active_in_pages_of_one_is_the_first(right: Rows, ask: Ask) -> list[Row]:
    """With `is_active` every page of one holds the first."""
    first = ask.parameters.is_active is not None and ask.limit == 1
    return right(ask.at(offset=0) if first else ask)
