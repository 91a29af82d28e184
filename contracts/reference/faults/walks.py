"""Faults that only several pages show: what a walk misses, repeats, reorders or tells differently."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from contracts.reference.conditions import Condition, Row, all_of
from contracts.reference.faults.registry import crash, fault, profile_fault
from contracts.reference.pipeline import Ask, Envelope, Parameters, Reply, Site, Window

Envelopes = Callable[[Ask, int, list[str]], Envelope]
Orders = Callable[[Ask], str]
Replies = Callable[[Ask], Reply]
Rows = Callable[[Ask], list[Row]]
Totals = Callable[[Ask], int]
Windows = Callable[[Site, Parameters], Window]
Profile = dict[str, Any]


@fault("rows", "WALK-COMPLETE", "WALK-SPLIT", "PAGE-FILL")
def boundary_skips_one(right: Rows, ask: Ask) -> list[Row]:
    """From the second page on each page starts one profile too late."""
    return right(ask.at(offset=ask.offset + (not ask.first_page)))


@fault("rows", "WALK-COMPLETE", "WALK-SPLIT", "PAGE-FILL", "WALK-ORDER")
def skips_one_from_offset_60(right: Rows, ask: Ask) -> list[Row]:
    """Pages that start at 60 or later start one profile too late."""
    return right(ask.at(offset=ask.offset + (ask.offset >= 60)))


@fault("rows", "WALK-COMPLETE", "WALK-SPLIT", "PAGE-FILL")
def hole_at_place_77(right: Rows, ask: Ask) -> list[Row]:
    """The profile at place 77 is on no page, whatever the page size."""
    return [row for place, row in enumerate(right(ask), ask.offset) if place != 77]


@fault("rows", "PAGE-FILL", "WALK-COMPLETE", "WALK-SPLIT")
def last_profile_never_shown(right: Rows, ask: Ask) -> list[Row]:
    """The very last profile is counted but stands on no page."""
    left = ask.site.stages.total(ask) - 1 - ask.offset
    return right(ask)[: max(left, 0)]


@fault("rows", "WALK-COMPLETE", "WALK-SPLIT", "PAGE-FILL", "WALK-ORDER")
def round_offset_skips_one(right: Rows, ask: Ask) -> list[Row]:
    """A page that starts at a multiple of 50 starts one profile too late."""
    round_one = ask.offset > 0 and ask.offset % 50 == 0
    return right(ask.at(offset=ask.offset + round_one))


@fault("rows", "WALK-SPLIT", "WALK-ORDER", "WALK-COMPLETE", "PAGE-FILL")
def offset_64_skips_one(right: Rows, ask: Ask) -> list[Row]:
    """Only a page that starts at exactly 64 starts one profile too late."""
    return right(ask.at(offset=65 if ask.offset == 64 else ask.offset))


@fault("total", "WALK-COMPLETE", "PAGE-FILL")
def total_one_too_high(right: Totals, ask: Ask) -> int:
    """`total_count` is one more than there are."""
    return right(ask) + 1


@fault("total", "WALK-COMPLETE", "PAGE-FILL", "PAGE-PAST-END")
def total_one_too_low(right: Totals, ask: Ask) -> int:
    """`total_count` is one less than there are."""
    return max(right(ask) - 1, 0)


@fault("total", "WALK-COMPLETE", "PAGE-FILL", "PAGE-PAST-END")
def total_capped_at_100(right: Totals, ask: Ask) -> int:
    """`total_count` never exceeds 100."""
    return min(right(ask), 100)


@fault("total", "WALK-COMPLETE", "PAGE-FILL")
def total_counts_joined_rows(right: Totals, ask: Ask) -> int:
    """`total_count` counts a profile once for each of its tags."""
    sql = "SELECT COUNT(*) FROM tags"
    return right(ask) if ask.parameters.filtered else int(ask.site.store.query(sql)[0][0])


@fault("total", "WALK-COMPLETE", "PAGE-FILL", "PAGE-PAST-END", "FILTER-TOTAL")
def total_rounded_to_ten(right: Totals, ask: Ask) -> int:
    """`total_count` is an estimate, rounded down to a multiple of ten."""
    return right(ask) // 10 * 10


@fault("total", "WALK-TOTAL", "PAGE-FILL")
def total_shrinks_with_offset(right: Totals, ask: Ask) -> int:
    """`total_count` is what is left from the offset on."""
    return max(right(ask) - ask.offset, 0)


@fault("total", "WALK-TOTAL", "PAGE-FILL")
def total_is_known_so_far(right: Totals, ask: Ask) -> int:
    """`total_count` reaches one profile past the page, as long as more follow."""
    return min(right(ask), ask.offset + ask.limit + 1)


@fault("total", "WALK-TOTAL", "PAGE-FILL")
def total_only_on_first_page(right: Totals, ask: Ask) -> int:
    """From the second page on `total_count` is 0."""
    return right(ask) if ask.first_page else 0


@fault("total", "WALK-TOTAL", "PAGE-FILL", "WALK-COMPLETE")
def total_drops_from_offset_100(right: Totals, ask: Ask) -> int:
    """From offset 100 on `total_count` is one too low."""
    return right(ask) - (ask.offset >= 100)


@fault("total", "WALK-TOTAL", "WALK-REPEAT", "PAGE-FILL", "FILTER-TOTAL")
def total_wavers(right: Totals, ask: Ask) -> int:
    """Every third answer gives a `total_count` one too high, as from a replica that lags."""
    ask.site.memory["totals"] += 1
    return right(ask) + (ask.site.memory["totals"] % 3 == 0)


@fault("rows", "WALK-ONCE", "WALK-SPLIT", "PAGE-FILL", "WALK-ORDER")
def boundary_repeats_one(right: Rows, ask: Ask) -> list[Row]:
    """From the second page on each page starts with the last profile of the one before."""
    return right(ask.at(offset=max(ask.offset - 1, 0)))


@fault("rows", "WALK-ONCE", "WALK-SPLIT", "PAGE-FILL", "WALK-ORDER")
def third_page_repeats_one(right: Rows, ask: Ask) -> list[Row]:
    """Only from the third page on each page starts one profile too early."""
    return right(ask.at(offset=ask.offset - (ask.offset >= 2 * ask.limit > 0)))


@fault("rows", "WALK-COMPLETE", "PAGE-FILL", "WALK-SPLIT", "PAGE-PAST-END")
def offset_is_page_number(right: Rows, ask: Ask) -> list[Row]:
    """`offset` is taken for the number of the page."""
    return right(ask.at(offset=ask.offset * ask.limit))


@fault("rows", "WALK-ONCE", "PAGE-FILL", "WALK-SPLIT", "PAGE-PAST-END")
def offset_counts_from_one(right: Rows, ask: Ask) -> list[Row]:
    """Offsets 0 and 1 are the same place: the list is counted from one."""
    return right(ask.at(offset=max(ask.offset - 1, 0)))


@fault("rows", "WALK-ONCE", "PAGE-FILL", "PAGE-PAST-END", "WALK-SPLIT")
def offset_capped_at_100(right: Rows, ask: Ask) -> list[Row]:
    """An offset above 100 is taken for 100."""
    return right(ask.at(offset=min(ask.offset, 100)))


@fault("rows", "WALK-ONCE", "PAGE-PAST-END", "WALK-SPLIT", "PAGE-FILL")
def offset_wraps_at_128(right: Rows, ask: Ask) -> list[Row]:
    """The offset is kept in seven bits, so that from 128 on the list starts anew."""
    return right(ask.at(offset=ask.offset % 128))


@fault("rows", "WALK-SPLIT", "PAGE-FILL", "PAGE-PAST-END")
def offset_rounded_to_page(right: Rows, ask: Ask) -> list[Row]:
    """The offset is rounded down to a multiple of the limit."""
    return right(ask.at(offset=ask.offset - ask.offset % max(ask.limit, 1)))


@fault("rows", "WALK-SPLIT", "WALK-ORDER", "WALK-COMPLETE")
def swaps_across_page_boundary(right: Rows, ask: Ask) -> list[Row]:
    """The last profile of a page changes places with the one after it, which is then never shown."""
    rows, after = right(ask), right(ask.at(offset=ask.offset + ask.limit, limit=1))
    return [*rows[:-1], *after] if len(rows) > 1 and after else rows


@fault("order", "WALK-ORDER", "WALK-SPLIT")
def order_depends_on_page_size(_right: Orders, ask: Ask) -> str:
    """Even limits are ordered by creation, odd ones by id."""
    return "p.ident" if ask.limit % 2 else "p.created, p.ident"


@fault("order", "WALK-ORDER", "WALK-SPLIT")
def large_pages_newest_first(right: Orders, ask: Ask) -> str:
    """Pages of more than 50 are ordered the newest first."""
    return "p.created DESC, p.ident DESC" if ask.limit > 50 else right(ask)


@fault("order", "WALK-ORDER", "WALK-SPLIT", "WALK-ONCE", "WALK-COMPLETE")
def no_tie_break(_right: Orders, ask: Ask) -> str:
    """Profiles of one instant stand in an order that depends on the size of the page."""
    return f"p.created, (p.key * 7919) % {ask.limit % 61 + 3}, p.key"


@fault("order", "WALK-ONCE", "WALK-COMPLETE", "WALK-SPLIT", "WALK-ORDER")
def ties_ordered_by_offset(_right: Orders, ask: Ask) -> str:
    """Profiles of one instant stand in an order that depends on the offset."""
    return f"p.created, (p.key * 7919) % {ask.offset % 59 + 2}, p.key"


@fault("rows", "WALK-ORDER", "WALK-SPLIT")
def sorted_within_page(right: Rows, ask: Ask) -> list[Row]:
    """Each page is sorted by name after it was cut."""
    return sorted(right(ask), key=lambda row: str(json.loads(row.text)["name"]))


@fault("rows", "WALK-ORDER", "WALK-SPLIT")
def maximum_page_reversed(right: Rows, ask: Ask) -> list[Row]:
    """Only at the maximum limit the page stands upside down."""
    return right(ask)[:: -1 if ask.limit == 100 else 1]


@fault("rows", "WALK-ORDER", "WALK-SPLIT")
def deep_pages_reversed(right: Rows, ask: Ask) -> list[Row]:
    """Pages that start at 90 or later stand upside down."""
    return right(ask)[:: -1 if ask.offset >= 90 else 1]


@fault("order", "WALK-REPEAT", "WALK-ONCE", "WALK-COMPLETE", "WALK-ORDER", "WALK-SPLIT")
def ties_ordered_at_random(_right: Orders, ask: Ask) -> str:
    """Profiles of one instant stand in another order at every read."""
    return f"p.created, (p.key * {ask.site.dice.randrange(1, 10**6)}) % 10007"


@fault("order", "WALK-REPEAT", "WALK-ORDER", "WALK-ONCE", "WALK-COMPLETE", "WALK-SPLIT")
def order_depends_on_earlier_reads(right: Orders, ask: Ask) -> str:
    """After every fifth read the order turns round until the next one."""
    ask.site.memory["orders"] += 1
    return "p.created DESC, p.ident DESC" if ask.site.memory["orders"] % 5 == 0 else right(ask)


@fault("rows", "WALK-REPEAT", "WALK-ORDER", "WALK-SPLIT", "WALK-ONCE", "WALK-COMPLETE")
def one_answer_in_ten_shuffled(right: Rows, ask: Ask) -> list[Row]:
    """One answer in ten, by chance, has its profiles in disorder."""
    rows = right(ask)
    if ask.site.dice.random() < 0.1:
        ask.site.dice.shuffle(rows)
    return rows


@fault("rows", "WALK-REPEAT", "PAGE-FILL", "WALK-COMPLETE", "WALK-ONCE", "WALK-SPLIT")
def two_nodes_disagree(right: Rows, ask: Ask) -> list[Row]:
    """Every other answer comes from a node that starts one profile later."""
    ask.site.memory["reads"] += 1
    return right(ask.at(offset=ask.offset + ask.site.memory["reads"] % 2))


@fault("rows", "WALK-REPEAT", "PAGE-DEFAULT", "PAGE-FILL", "WALK-SPLIT", "FILTER-TOTAL")
def page_cached_by_limit_alone(right: Rows, ask: Ask) -> list[Row]:
    """Within ten reads the same limit gives the page that it gave first, whatever the offset."""
    memory = ask.site.memory
    memory["reads"] += 1
    key = f"{memory['reads'] // 10}/{ask.limit}"
    memory.setdefault(f"offset {key}", ask.offset)
    return right(ask.at(offset=memory[f"offset {key}"]))


@fault("reply", "RESP-STATUS", "INPUT-NO-5XX", "WALK-COMPLETE", "GEN-DOCUMENT")
def deep_pages_500(right: Replies, ask: Ask) -> Reply:
    """Pages that start at 110 or later are 500."""
    if ask.offset >= 110 and ask.offset < ask.site.stages.total(ask):
        raise crash()
    return right(ask)


@fault("reply", "RESP-STATUS", "INPUT-NO-5XX", "GEN-DOCUMENT")
def one_answer_in_ten_500(right: Replies, ask: Ask) -> Reply:
    """One answer in ten, by chance, is 500."""
    if ask.site.dice.random() < 0.1:
        raise crash()
    return right(ask)


@profile_fault("WALK-CONTENT", "WALK-SPLIT", "WALK-REPEAT")
def nested_lists_cut_on_later_pages(ask: Ask, profile: Profile) -> None:
    """From the second page on budgets and providers are left out."""
    if not ask.first_page:
        profile.update(budgets=[], provider_configs=[])


@profile_fault("WALK-CONTENT", "WALK-SPLIT", "PAGE-DEFAULT")
def nested_lists_only_without_paging(ask: Ask, profile: Profile) -> None:
    """Nested lists are complete only where neither `limit` nor `offset` is given."""
    if ask.given("limit") or ask.given("offset"):
        profile.update(provider_configs=profile["provider_configs"][:1], budgets=[])


@profile_fault("WALK-CONTENT", "WALK-SPLIT")
def large_pages_brief(ask: Ask, profile: Profile) -> None:
    """Pages of more than 40 leave out descriptions."""
    if ask.limit > 40:
        profile.pop("description", None)


@profile_fault("WALK-CONTENT", "WALK-SPLIT")
def one_tag_on_maximum_page(ask: Ask, profile: Profile) -> None:
    """At the maximum limit each profile shows its first tag alone."""
    if ask.limit == 100 and profile.get("tags"):
        profile["tags"] = profile["tags"][:1]


@profile_fault("WALK-CONTENT", "WALK-SPLIT")
def limit_one_changes_version(ask: Ask, profile: Profile) -> None:
    """Only with `limit=1` the version is one higher."""
    profile["version"] += ask.limit == 1


@fault("rows", "WALK-CONTENT", "WALK-SPLIT", "WALK-ORDER")
def neighbours_swap_tags_on_large_pages(right: Rows, ask: Ask) -> list[Row]:
    """On pages of more than 30 the tags belong to the profile before."""
    rows = right(ask)
    if ask.limit <= 30:
        return rows
    profiles = [json.loads(row.text) for row in rows]
    tags = [profile.get("tags", []) for profile in profiles]
    shifted = zip(rows, profiles, tags[-1:] + tags[:-1], strict=True)
    return [Row(row.key, json.dumps({**profile, "tags": other})) for row, profile, other in shifted]


@fault("rows", "WALK-ONCE", "PAGE-UNIQUE", "WALK-SPLIT", "WALK-COMPLETE")
def one_profile_shown_twice(right: Rows, ask: Ask) -> list[Row]:
    """The profile at place 31 stands again at place 88, where another belongs."""
    again = right(ask.at(offset=31, limit=1))
    places = enumerate(right(ask), ask.offset)
    return [again[0] if place == 88 else row for place, row in places]


@fault("rows", "PAGE-FILL", "WALK-COMPLETE", "FILTER-TAGS-COMPLETE", "FILTER-ACTIVE-COMPLETE")
def one_profile_never_shown(_right: Rows, ask: Ask) -> list[Row]:
    """One profile in the middle is counted but stands on no page; those behind it move up."""
    stages = ask.site.stages
    others = all_of([stages.select(ask), Condition("p.key <> 78")])
    return ask.site.store.rows(others, stages.order(ask), ask.limit, ask.offset)
