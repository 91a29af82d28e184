"""Faults of `tags`: how the list is read, how one tag is compared, and how several are joined."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape
from urllib.parse import unquote

from contracts.reference.conditions import EVERYTHING, NOTHING, Condition, Row, all_of, any_of
from contracts.reference.faults.registry import fault
from contracts.reference.pipeline import (
    Call,
    Carries,
    Conditions,
    Envelope,
    Envelopes,
    Pairs,
    Parameters,
    Reads,
    Refusal,
    Replies,
    Reply,
    Rows,
    Site,
    Splits,
    Totals,
)


def _some_tag(test: str, *values: object) -> Condition:
    """That a profile has a tag `t.tag` which passes the SQL test."""
    return Condition(f"EXISTS (SELECT 1 FROM tags t WHERE t.profile = p.key AND {test})", values)  # noqa: S608


def _number(pairs: Pairs) -> int:
    """How many items `tags` has in the query, doubled and empty ones among them."""
    return sum(len(value.split(",")) for name, value in pairs if name == "tags")


@fault("tagged", "FILTER-TAGS-MATCH")
def tags_ignored(_right: Conditions, _call: Call) -> Condition:
    """`tags` is ignored."""
    return EVERYTHING


@fault("tagged", "FILTER-TAGS-MATCH", "FILTER-TAGS-UNKNOWN")
def tags_exclude(right: Conditions, call: Call) -> Condition:
    """`tags` lists the profiles that do not carry them."""
    wanted = right(call)
    return replace(wanted, sql=f"NOT {wanted.sql}")


@fault(
    "rows", "FILTER-TAGS-MATCH", "FILTER-PAGED", "WALK-ONCE", "WALK-COMPLETE", "PAGE-FILL", "PAGE-PAST-END"
)
def tags_ignored_from_third_page(right: Rows, call: Call) -> list[Row]:
    """From the third page on `tags` is ignored."""
    return right(call.replacing(tags=None) if call.offset >= 2 * call.limit > 0 else call)


@fault("tagged", "FILTER-TAGS-MATCH", "FILTER-TOTAL", "PAGE-DEFAULT")
def tags_only_with_limit(right: Conditions, call: Call) -> Condition:
    """`tags` counts only where `limit` is given too."""
    return right(call) if call.given("limit") else EVERYTHING


@fault("tagged", "FILTER-TAGS-MATCH", "FILTER-TAGS-UNKNOWN")
def tags_list_newest_too(right: Conditions, call: Call) -> Condition:
    """With `tags` the newest five profiles are listed whatever they carry."""
    return any_of([right(call), Condition("p.key > (SELECT MAX(key) - 5 FROM profiles)")])


@fault("tagged", "FILTER-TAGS-COMPLETE")
def newest_not_in_tag_index(right: Conditions, call: Call) -> Condition:
    """The tags of the newest profiles are not indexed yet."""
    return all_of([right(call), Condition("p.key < (SELECT MAX(key) - 20 FROM profiles)")])


@fault("tagged", "FILTER-TAGS-COMPLETE", "FILTER-COMBINED")
def tags_hide_inactive(right: Conditions, call: Call) -> Condition:
    """With `tags` only active profiles are found."""
    return all_of([right(call), Condition("p.is_active")])


@fault("carries", "FILTER-TAGS-COMPLETE")
def only_first_tag_indexed(_right: Carries, _call: Call, tag: str) -> Condition:
    """A profile is found by the first of its tags alone."""
    first = "t.rowid = (SELECT MIN(u.rowid) FROM tags u WHERE u.profile = p.key)"
    return _some_tag(f"t.tag = ? AND {first}", tag)


@fault("carries", "FILTER-TAGS-COMPLETE", "FILTER-TAGS-EXACT")
def tag_hidden_by_longer_one(right: Carries, call: Call, tag: str) -> Condition:
    """A profile that also has a longer tag with the same beginning is not found by the shorter."""
    longer = _some_tag("length(t.tag) > length(?) AND instr(t.tag, ?) = 1", tag, tag)
    return all_of([right(call, tag), replace(longer, sql=f"NOT {longer.sql}")])


@fault("carries", "FILTER-TAGS-COMPLETE")
def last_of_three_tags_not_found(_right: Carries, _call: Call, tag: str) -> Condition:
    """A profile is not found by its last tag where it has three or more."""
    several = "(SELECT COUNT(*) FROM tags u WHERE u.profile = p.key) > 2"
    last = "t.rowid = (SELECT MAX(u.rowid) FROM tags u WHERE u.profile = p.key)"
    return _some_tag(f"t.tag = ? AND NOT ({several} AND {last})", tag)


@fault("tagged", "FILTER-TAGS-READING", "FILTER-TAGS-COMPLETE", "FILTER-TAGS-MATCH")
def only_first_tag_used(right: Conditions, call: Call) -> Condition:
    """Only the first of the tags requested counts."""
    return right(call.replacing(tags=call.tags[:1]))


@fault("tagged", "FILTER-TAGS-READING", "FILTER-TAGS-COMPLETE", "FILTER-TAGS-MATCH")
def only_last_tag_used(right: Conditions, call: Call) -> Condition:
    """Only the last of the tags requested counts."""
    return right(call.replacing(tags=call.tags[-1:]))


@fault("tagged", "FILTER-TAGS-READING", "FILTER-TAGS-COMPLETE", "FILTER-TAGS-MATCH")
def third_tag_ignored(right: Conditions, call: Call) -> Condition:
    """Of three or more tags only the first two count."""
    return right(call.replacing(tags=call.tags[:2]))


@fault("tagged", "FILTER-TAGS-READING", "FILTER-TAGS-COMPLETE", "FILTER-TAGS-MATCH")
def all_of_three_any_of_two(right: Conditions, call: Call) -> Condition:
    """Two tags mean any of them, three or more mean all of them."""
    if len(call.tags) < 3:
        return right(call)
    return all_of([call.site.stages.carries(call, tag) for tag in call.tags])


@fault("tagged", "FILTER-TAGS-READING", "FILTER-TAGS-COMPLETE", "FILTER-TAGS-MATCH")
def tags_in_order_only(right: Conditions, call: Call) -> Condition:
    """Tags that are not in alphabetical order must all be carried, otherwise any of them."""
    join = any_of if list(call.tags) == sorted(call.tags) else all_of
    return join([right(call.replacing(tags=(tag,))) for tag in call.tags])


@fault("tagged", "FILTER-TAGS-READING", "FILTER-TAGS-COMPLETE", "FILTER-TAGS-MATCH")
def two_tags_of_one_profile_excluded(right: Conditions, call: Call) -> Condition:
    """A profile that carries two of the tags requested is left out."""
    each = [right(call.replacing(tags=(tag,))) for tag in call.tags]
    number = " + ".join(condition.sql for condition in each)
    values = tuple(value for condition in each for value in condition.values)
    return Condition(f"({number}) = 1", values) if len(each) < 50 else right(call)


@fault("carries", "FILTER-TAGS-EXACT", "FILTER-TAGS-MATCH")
def tag_matched_as_substring(_right: Carries, _call: Call, tag: str) -> Condition:
    """A tag is found in any tag that holds it."""
    return _some_tag("instr(t.tag, ?) > 0", tag)


@fault("carries", "FILTER-TAGS-EXACT", "FILTER-TAGS-MATCH")
def tag_matched_as_prefix(_right: Carries, _call: Call, tag: str) -> Condition:
    """A tag is found in any tag that starts with it."""
    return _some_tag("instr(t.tag, ?) = 1", tag)


@fault("carries", "FILTER-TAGS-EXACT", "FILTER-TAGS-MATCH")
def tag_matched_as_suffix(_right: Carries, _call: Call, tag: str) -> Condition:
    """A tag is found in any tag that ends with it."""
    return _some_tag("substr(t.tag, -length(?)) = ?", tag, tag)


@fault("carries", "FILTER-TAGS-EXACT", "FILTER-TAGS-MATCH")
def tag_matched_by_like(_right: Carries, _call: Call, tag: str) -> Condition:
    """A tag is compared by LIKE with its case: `%` and `_` are wildcards."""
    return _some_tag("t.tag GLOB ?", _glob(tag))


def _glob(tag: str) -> str:
    """The LIKE pattern as a GLOB, which heeds letter case."""
    special = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(special.get(letter, letter) for letter in tag[:200])


@fault("carries", "FILTER-TAGS-EXACT", "FILTER-TAGS-MATCH")
def tag_matched_as_glob(right: Carries, call: Call, tag: str) -> Condition:
    """A star in a tag stands for anything."""
    return _some_tag("t.tag GLOB ?", tag[:200]) if "*" in tag else right(call, tag)


@fault("carries", "FILTER-TAGS-EXACT", "FILTER-TAGS-MATCH")
def tag_matched_in_joined_text(_right: Carries, _call: Call, tag: str) -> Condition:
    """The tags of a profile are one text in the database, and a tag is looked for in it."""
    return Condition(
        "instr((SELECT group_concat(t.tag, ' ') FROM tags t WHERE t.profile = p.key), ?) > 0", (tag,)
    )


@fault("carries", "FILTER-TAGS-READING")
def case_ignored_for_one_tag_alone(right: Carries, call: Call, tag: str) -> Condition:
    """A single tag is compared without letter case, several with it."""
    return right(call, tag) if len(call.tags) > 1 else _some_tag("t.tag = ? COLLATE NOCASE", tag)


@fault("carries", "FILTER-TAGS-ENCODING", "FILTER-TAGS-COMPLETE")
def tag_compared_in_json_form(_right: Carries, _call: Call, tag: str) -> Condition:
    """Tags are compared as JSON writes them, so that one with a quote or an accent is not found."""
    escaped = json.dumps(tag)[1:-1]
    return _some_tag("t.tag = ?", escaped)


@fault("carries", "FILTER-TAGS-ENCODING", "FILTER-TAGS-COMPLETE")
def tag_compared_in_html_form(_right: Carries, _call: Call, tag: str) -> Condition:
    """Tags are escaped as HTML before they are compared."""
    return _some_tag("t.tag = ?", escape(tag))


@fault("split", "FILTER-TAGS-ENCODING", "FILTER-TAGS-COMPLETE")
def query_not_decoded(right: Splits, site: Site, query: str) -> Pairs:
    """Percent-encoding in `tags` is not decoded."""
    raw = (part.partition("=") for part in query.split("&") if part.startswith("tags="))
    values = tuple((name, value) for name, _, value in raw)
    return values + tuple(pair for pair in right(site, query) if pair[0] != "tags")


@fault("split", "FILTER-TAGS-ENCODING", "FILTER-TAGS-COMPLETE")
def query_decoded_before_split(right: Splits, site: Site, query: str) -> Pairs:
    """The query is decoded before it is split, so that an encoded `&` cuts a tag."""
    return right(site, unquote(query, encoding="latin-1").replace("%", "%25"))


@fault("split", "FILTER-TAGS-ENCODING", "FILTER-TAGS-COMPLETE")
def query_decoded_as_latin_1(right: Splits, site: Site, query: str) -> Pairs:
    """Percent-encoded bytes are read as ISO 8859-1."""
    return tuple((name, value.encode().decode("latin-1")) for name, value in right(site, query))


@fault("read", "FILTER-TAGS-ENCODING", "FILTER-TAGS-COMPLETE", "FILTER-TAGS-MATCH", "FILTER-TAGS-EXACT")
def tags_split_at_spaces(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """Spaces separate tags as commas do."""
    return right(site, tuple((n, v.replace(" ", ",") if n == "tags" else v) for n, v in pairs))


@fault("read", "FILTER-TAGS-ENCODING", "FILTER-TAGS-COMPLETE", "FILTER-TAGS-MATCH")
def tags_stripped_of_punctuation(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """All but letters, digits, commas, spaces and hyphens is taken out of `tags`."""
    clean = ((n, "".join(c for c in v if c.isalnum() or c in ", -")) for n, v in pairs if n == "tags")
    return right(site, (*clean, *(pair for pair in pairs if pair[0] != "tags")))


@fault("reply", "FILTER-TAGS-UNKNOWN", "RESP-STATUS", "GEN-DOCUMENT")
def unknown_tag_404(right: Replies, call: Call) -> Reply:
    """Where no profile carries the tags, the answer is 404."""
    if call.tags and not call.site.stages.total(call):
        raise Refusal(404, "no profile with these tags")
    return right(call)


@fault("reply", "FILTER-TAGS-UNKNOWN", "RESP-STATUS", "GEN-DOCUMENT")
def unknown_tag_400(right: Replies, call: Call) -> Reply:
    """A tag that no profile carries is refused."""
    known = {tag for (tag,) in call.site.store.query("SELECT tag FROM tags")}
    if set(call.tags) - known:
        raise Refusal(400, "unknown tag")
    return right(call)


@fault("tagged", "FILTER-TAGS-UNKNOWN", "FILTER-TAGS-MATCH")
def unknown_tags_dropped(right: Conditions, call: Call) -> Condition:
    """Unknown tags are dropped from the list, and an empty list selects everything."""
    known = {tag for (tag,) in call.site.store.query("SELECT tag FROM tags")}
    tags = tuple(tag for tag in call.tags if tag in known)
    return right(call.replacing(tags=tags)) if tags else EVERYTHING


@fault("total", "FILTER-TAGS-UNKNOWN", "FILTER-TOTAL", "PAGE-FILL")
def unknown_tag_total_unfiltered(right: Totals, call: Call) -> int:
    """Where the tags find nothing, `total_count` is that of the whole list."""
    return right(call) or right(call.replacing(tags=None))


@fault("envelope", "FILTER-TAGS-UNKNOWN", "RESP-SCHEMA")
def unknown_tag_list_null(right: Envelopes, call: Call, total: int, texts: list[str]) -> Envelope:
    """Where the tags find nothing, the list is null."""
    page = right(call, total, texts)
    return replace(page, items=None) if call.tags and not total else page


@fault("tagged", "FILTER-TAGS-LIST", "FILTER-TAGS-READING", "FILTER-TAGS-COMPLETE")
def same_tag_twice_finds_nothing(right: Conditions, call: Call) -> Condition:
    """A tag requested twice would have to be carried twice."""
    return right(call) if _number(call.pairs) == len(set(call.tags)) else NOTHING


@fault("rows", "FILTER-TAGS-LIST", "PAGE-UNIQUE", "PAGE-FILL")
def same_tag_twice_repeats_rows(right: Rows, call: Call) -> list[Row]:
    """A tag requested twice brings each profile twice."""
    times = 2 if call.tags and _number(call.pairs) > len(call.tags) else 1
    return [row for row in right(call) for _ in range(times)][: call.limit]


@fault("total", "FILTER-TAGS-LIST", "FILTER-TOTAL", "PAGE-FILL")
def same_tag_twice_counts_twice(right: Totals, call: Call) -> int:
    """A tag requested twice doubles `total_count`."""
    items = [item for name, value in call.pairs if name == "tags" for item in value.split(",")]
    return right(call) * (2 if len(items) > len(set(items)) else 1)


@fault("tagged", "FILTER-TAGS-LIST", "FILTER-TAGS-MATCH")
def trailing_comma_selects_everything(right: Conditions, call: Call) -> Condition:
    """An empty item in `tags` selects everything."""
    empty = any("" in value.split(",") for name, value in call.pairs if name == "tags")
    return EVERYTHING if empty else right(call)


@fault("tagged", "FILTER-TAGS-LIST", "FILTER-TAGS-MATCH")
def doubled_comma_selects_untagged(right: Conditions, call: Call) -> Condition:
    """An empty item in `tags` selects the profiles without tags too."""
    empty = any("" in value.split(",") for name, value in call.pairs if name == "tags")
    untagged = Condition("NOT EXISTS (SELECT 1 FROM tags t WHERE t.profile = p.key)")
    return any_of([right(call), untagged]) if empty else right(call)


@fault("read", "FILTER-TAGS-LIST", "FILTER-TAGS-READING", "FILTER-TAGS-COMPLETE", "FILTER-TAGS-UNKNOWN")
def list_not_split(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """`tags` is one tag, commas and all."""
    whole = [value for name, value in pairs if name == "tags"]
    return replace(right(site, pairs), tags=(whole[0],) if whole and whole[0] else None)


@fault("carries", "FILTER-TAGS-EXACT", "FILTER-TAGS-MATCH")
def tags_cut_to_ten(_right: Carries, _call: Call, tag: str) -> Condition:
    """Of a tag the first ten characters count."""
    return _some_tag("substr(t.tag, 1, 10) = ?", tag[:10])


@fault("split", "FILTER-TAGS-ENCODING")
def lower_case_digits_not_decoded(right: Splits, site: Site, query: str) -> Pairs:
    """Percent-encoding with hexadecimal digits of lower case is not decoded."""
    return right(site, re.sub("%(?=[0-9A-F]?[a-f])", "%25", query))


@fault("tagged", "FILTER-COMBINED", "FILTER-TOTAL", "FILTER-TAGS-READING")
def all_of_two_tags_with_is_active(right: Conditions, call: Call) -> Condition:
    """Of several tags any is enough, but with `is_active` all are needed."""
    if call.parameters.is_active is None:
        return right(call)
    return all_of([call.site.stages.carries(call, tag) for tag in call.tags])
