"""Faults that only several pages show: what a walk misses, repeats, reorders or tells differently."""

from __future__ import annotations

import json

from contracts.reference.conditions import Condition, Row, all_of
from contracts.reference.data import Profile
from contracts.reference.faults.registry import crash, fault, profile_fault
from contracts.reference.pipeline import (
    Call,
    Orders,
    Replies,
    Reply,
    Rows,
    Totals,
)


@fault("rows", "WALK-COMPLETE", "WALK-SPLIT", "PAGE-FILL")
def boundary_skips_one(right: Rows, call: Call) -> list[Row]:
    """From the second page on each page starts one profile too late."""
    return right(call.at(offset=call.offset + (not call.first_page)))


@fault("rows", "WALK-COMPLETE", "WALK-SPLIT", "PAGE-FILL", "WALK-ORDER")
def skips_one_from_offset_60(right: Rows, call: Call) -> list[Row]:
    """Pages that start at 60 or later start one profile too late."""
    return right(call.at(offset=call.offset + (call.offset >= 60)))


@fault("rows", "WALK-COMPLETE", "WALK-SPLIT", "PAGE-FILL")
def hole_at_place_77(right: Rows, call: Call) -> list[Row]:
    """The profile at place 77 is on no page, whatever the page size."""
    return [row for place, row in enumerate(right(call), call.offset) if place != 77]


@fault("rows", "PAGE-FILL", "WALK-COMPLETE", "WALK-SPLIT")
def last_profile_never_shown(right: Rows, call: Call) -> list[Row]:
    """The very last profile is counted but stands on no page."""
    left = call.site.stages.total(call) - 1 - call.offset
    return right(call)[: max(left, 0)]


@fault("rows", "WALK-COMPLETE", "WALK-SPLIT", "PAGE-FILL", "WALK-ORDER")
def round_offset_skips_one(right: Rows, call: Call) -> list[Row]:
    """A page that starts at a multiple of 50 starts one profile too late."""
    round_one = call.offset > 0 and call.offset % 50 == 0
    return right(call.at(offset=call.offset + round_one))


@fault("rows", "WALK-SPLIT", "WALK-ORDER", "WALK-COMPLETE", "PAGE-FILL")
def offset_64_skips_one(right: Rows, call: Call) -> list[Row]:
    """Only a page that starts at exactly 64 starts one profile too late."""
    return right(call.at(offset=65 if call.offset == 64 else call.offset))


@fault("total", "WALK-COMPLETE", "PAGE-FILL")
def total_one_too_high(right: Totals, call: Call) -> int:
    """`total_count` is one more than there are."""
    return right(call) + 1


@fault("total", "WALK-COMPLETE", "PAGE-FILL", "PAGE-PAST-END")
def total_one_too_low(right: Totals, call: Call) -> int:
    """`total_count` is one less than there are."""
    return max(right(call) - 1, 0)


@fault("total", "WALK-COMPLETE", "PAGE-FILL", "PAGE-PAST-END")
def total_capped_at_100(right: Totals, call: Call) -> int:
    """`total_count` never exceeds 100."""
    return min(right(call), 100)


@fault("total", "WALK-COMPLETE", "PAGE-FILL")
def total_counts_joined_rows(right: Totals, call: Call) -> int:
    """`total_count` counts a profile once for each of its tags."""
    sql = "SELECT COUNT(*) FROM tags"
    return right(call) if call.parameters.filtered else int(call.site.store.query(sql)[0][0])


@fault("total", "WALK-COMPLETE", "PAGE-FILL", "PAGE-PAST-END", "FILTER-TOTAL")
def total_rounded_to_ten(right: Totals, call: Call) -> int:
    """`total_count` is an estimate, rounded down to a multiple of ten."""
    return right(call) // 10 * 10


@fault("total", "WALK-TOTAL", "PAGE-FILL")
def total_shrinks_with_offset(right: Totals, call: Call) -> int:
    """`total_count` is what is left from the offset on."""
    return max(right(call) - call.offset, 0)


@fault("total", "WALK-TOTAL", "PAGE-FILL")
def total_is_known_so_far(right: Totals, call: Call) -> int:
    """`total_count` reaches one profile past the page, as long as more follow."""
    return min(right(call), call.offset + call.limit + 1)


@fault("total", "WALK-TOTAL", "PAGE-FILL")
def total_only_on_first_page(right: Totals, call: Call) -> int:
    """From the second page on `total_count` is 0."""
    return right(call) if call.first_page else 0


@fault("total", "WALK-TOTAL", "PAGE-FILL", "WALK-COMPLETE")
def total_drops_from_offset_100(right: Totals, call: Call) -> int:
    """From offset 100 on `total_count` is one too low."""
    return right(call) - (call.offset >= 100)


@fault("total", "WALK-TOTAL", "WALK-REPEAT", "PAGE-FILL", "FILTER-TOTAL")
def total_wavers(right: Totals, call: Call) -> int:
    """Every third answer gives a `total_count` one too high, as from a replica that lags."""
    call.site.memory["totals"] += 1
    return right(call) + (call.site.memory["totals"] % 3 == 0)


@fault("rows", "WALK-ONCE", "WALK-SPLIT", "PAGE-FILL", "WALK-ORDER")
def boundary_repeats_one(right: Rows, call: Call) -> list[Row]:
    """From the second page on each page starts with the last profile of the one before."""
    return right(call.at(offset=max(call.offset - 1, 0)))


@fault("rows", "WALK-ONCE", "WALK-SPLIT", "PAGE-FILL", "WALK-ORDER")
def third_page_repeats_one(right: Rows, call: Call) -> list[Row]:
    """Only from the third page on each page starts one profile too early."""
    return right(call.at(offset=call.offset - (call.offset >= 2 * call.limit > 0)))


@fault("rows", "WALK-COMPLETE", "PAGE-FILL", "WALK-SPLIT", "PAGE-PAST-END")
def offset_is_page_number(right: Rows, call: Call) -> list[Row]:
    """`offset` is taken for the number of the page."""
    return right(call.at(offset=call.offset * call.limit))


@fault("rows", "WALK-ONCE", "PAGE-FILL", "WALK-SPLIT", "PAGE-PAST-END")
def offset_counts_from_one(right: Rows, call: Call) -> list[Row]:
    """Offsets 0 and 1 are the same place: the list is counted from one."""
    return right(call.at(offset=max(call.offset - 1, 0)))


@fault("rows", "WALK-ONCE", "PAGE-FILL", "PAGE-PAST-END", "WALK-SPLIT")
def offset_capped_at_100(right: Rows, call: Call) -> list[Row]:
    """An offset above 100 is taken for 100."""
    return right(call.at(offset=min(call.offset, 100)))


@fault("rows", "WALK-ONCE", "PAGE-PAST-END", "WALK-SPLIT", "PAGE-FILL")
def offset_wraps_at_128(right: Rows, call: Call) -> list[Row]:
    """The offset is kept in seven bits, so that from 128 on the list starts anew."""
    return right(call.at(offset=call.offset % 128))


@fault("rows", "WALK-SPLIT", "PAGE-FILL", "PAGE-PAST-END")
def offset_rounded_to_page(right: Rows, call: Call) -> list[Row]:
    """The offset is rounded down to a multiple of the limit."""
    return right(call.at(offset=call.offset - call.offset % max(call.limit, 1)))


@fault("rows", "WALK-SPLIT", "WALK-ORDER", "WALK-COMPLETE")
def swaps_across_page_boundary(right: Rows, call: Call) -> list[Row]:
    """The last profile of a page changes places with the one after it, which is then never shown."""
    rows, after = right(call), right(call.at(offset=call.offset + call.limit, limit=1))
    return [*rows[:-1], *after] if len(rows) > 1 and after else rows


@fault("order", "WALK-ORDER", "WALK-SPLIT")
def order_depends_on_page_size(_right: Orders, call: Call) -> str:
    """Even limits are ordered by creation, odd ones by id."""
    return "p.ident" if call.limit % 2 else "p.created, p.ident"


@fault("order", "WALK-ORDER", "WALK-SPLIT")
def large_pages_newest_first(right: Orders, call: Call) -> str:
    """Pages of more than 50 are ordered the newest first."""
    return "p.created DESC, p.ident DESC" if call.limit > 50 else right(call)


@fault("order", "WALK-ORDER", "WALK-SPLIT", "WALK-ONCE", "WALK-COMPLETE")
def no_tie_break(_right: Orders, call: Call) -> str:
    """Profiles of one instant stand in an order that depends on the size of the page."""
    return f"p.created, (p.key * 7919) % {call.limit % 61 + 3}, p.key"


@fault("order", "WALK-ONCE", "WALK-COMPLETE", "WALK-SPLIT", "WALK-ORDER")
def ties_ordered_by_offset(_right: Orders, call: Call) -> str:
    """Profiles of one instant stand in an order that depends on the offset."""
    return f"p.created, (p.key * 7919) % {call.offset % 59 + 2}, p.key"


@fault("rows", "WALK-ORDER", "WALK-SPLIT")
def sorted_within_page(right: Rows, call: Call) -> list[Row]:
    """Each page is sorted by name after it was cut."""
    return sorted(right(call), key=lambda row: str(json.loads(row.text)["name"]))


@fault("rows", "WALK-ORDER", "WALK-SPLIT")
def maximum_page_reversed(right: Rows, call: Call) -> list[Row]:
    """Only at the maximum limit the page stands upside down."""
    return right(call)[:: -1 if call.limit == 100 else 1]


@fault("rows", "WALK-ORDER", "WALK-SPLIT")
def deep_pages_reversed(right: Rows, call: Call) -> list[Row]:
    """Pages that start at 90 or later stand upside down."""
    return right(call)[:: -1 if call.offset >= 90 else 1]


@fault("order", "WALK-REPEAT", "WALK-ONCE", "WALK-COMPLETE", "WALK-ORDER", "WALK-SPLIT")
def ties_ordered_at_random(_right: Orders, call: Call) -> str:
    """Profiles of one instant stand in another order at every read."""
    return f"p.created, (p.key * {call.site.dice.randrange(1, 10**6)}) % 10007"


@fault("order", "WALK-REPEAT", "WALK-ORDER", "WALK-ONCE", "WALK-COMPLETE", "WALK-SPLIT")
def order_depends_on_earlier_reads(right: Orders, call: Call) -> str:
    """After every fifth read the order turns round until the next one."""
    call.site.memory["orders"] += 1
    return "p.created DESC, p.ident DESC" if call.site.memory["orders"] % 5 == 0 else right(call)


@fault("rows", "WALK-REPEAT", "WALK-ORDER", "WALK-SPLIT", "WALK-ONCE", "WALK-COMPLETE")
def one_answer_in_ten_shuffled(right: Rows, call: Call) -> list[Row]:
    """One answer in ten, by chance, has its profiles in disorder."""
    rows = right(call)
    if call.site.dice.random() < 0.1:
        call.site.dice.shuffle(rows)
    return rows


@fault("rows", "WALK-REPEAT", "PAGE-FILL", "WALK-COMPLETE", "WALK-ONCE", "WALK-SPLIT")
def two_nodes_disagree(right: Rows, call: Call) -> list[Row]:
    """Every other answer comes from a node that starts one profile later."""
    call.site.memory["reads"] += 1
    return right(call.at(offset=call.offset + call.site.memory["reads"] % 2))


@fault("rows", "WALK-REPEAT", "PAGE-DEFAULT", "PAGE-FILL", "WALK-SPLIT", "FILTER-TOTAL")
def page_cached_by_limit_alone(right: Rows, call: Call) -> list[Row]:
    """Within ten reads the same limit gives the page that it gave first, whatever the offset."""
    memory = call.site.memory
    memory["reads"] += 1
    key = f"{memory['reads'] // 10}/{call.limit}"
    memory.setdefault(f"offset {key}", call.offset)
    return right(call.at(offset=memory[f"offset {key}"]))


@fault("reply", "RESP-STATUS", "INPUT-NO-5XX", "WALK-COMPLETE", "GEN-DOCUMENT")
def deep_pages_500(right: Replies, call: Call) -> Reply:
    """Pages that start at 110 or later are 500."""
    if call.offset >= 110 and call.offset < call.site.stages.total(call):
        raise crash()
    return right(call)


@fault("reply", "RESP-STATUS", "INPUT-NO-5XX", "GEN-DOCUMENT")
def one_answer_in_ten_500(right: Replies, call: Call) -> Reply:
    """One answer in ten, by chance, is 500."""
    if call.site.dice.random() < 0.1:
        raise crash()
    return right(call)


@profile_fault("WALK-CONTENT", "WALK-SPLIT", "WALK-REPEAT", when=lambda call: not call.first_page)
def nested_lists_cut_on_later_pages(profile: Profile) -> None:
    """From the second page on budgets and providers are left out."""
    profile.update(budgets=[], provider_configs=[])


def _paged(call: Call) -> bool:
    return call.given("limit") or call.given("offset")


@profile_fault("WALK-CONTENT", "WALK-SPLIT", "PAGE-DEFAULT", when=_paged)
def nested_lists_only_without_paging(profile: Profile) -> None:
    """Nested lists are complete only where neither `limit` nor `offset` is given."""
    profile.update(provider_configs=profile["provider_configs"][:1], budgets=[])


@profile_fault("WALK-CONTENT", "WALK-SPLIT", when=lambda call: call.limit > 40)
def large_pages_brief(profile: Profile) -> None:
    """Pages of more than 40 leave out descriptions."""
    profile.pop("description", None)


@profile_fault("WALK-CONTENT", "WALK-SPLIT", when=lambda call: call.limit == 100)
def one_tag_on_maximum_page(profile: Profile) -> None:
    """At the maximum limit each profile shows its first tag alone."""
    if profile.get("tags"):
        profile["tags"] = profile["tags"][:1]


@profile_fault("WALK-CONTENT", "WALK-SPLIT", when=lambda call: call.limit == 1)
def limit_one_changes_version(profile: Profile) -> None:
    """Only with `limit=1` the version is one higher."""
    profile["version"] += 1


@fault("rows", "WALK-CONTENT", "WALK-SPLIT", "WALK-ORDER")
def neighbours_swap_tags_on_large_pages(right: Rows, call: Call) -> list[Row]:
    """On pages of more than 30 the tags belong to the profile before."""
    rows = right(call)
    if call.limit <= 30:
        return rows
    profiles = [json.loads(row.text) for row in rows]
    tags = [profile.get("tags", []) for profile in profiles]
    shifted = zip(rows, profiles, tags[-1:] + tags[:-1], strict=True)
    return [Row(row.key, json.dumps({**profile, "tags": other})) for row, profile, other in shifted]


@fault("rows", "WALK-ONCE", "PAGE-UNIQUE", "WALK-SPLIT", "WALK-COMPLETE")
def one_profile_shown_twice(right: Rows, call: Call) -> list[Row]:
    """The profile at place 31 stands again at place 88, where another belongs."""
    again = right(call.at(offset=31, limit=1))
    places = enumerate(right(call), call.offset)
    return [again[0] if place == 88 else row for place, row in places]


@fault("rows", "PAGE-FILL", "WALK-COMPLETE", "FILTER-TAGS-COMPLETE", "FILTER-ACTIVE-COMPLETE")
def one_profile_never_shown(_right: Rows, call: Call) -> list[Row]:
    """One profile in the middle is counted but stands on no page; those behind it move up."""
    stages = call.site.stages
    others = all_of([stages.select(call), Condition("p.key <> 78")])
    return call.site.store.rows(others, stages.order(call), call.limit, call.offset)
