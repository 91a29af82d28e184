"""Whether a witness proves that a requirement is broken, decided from its excerpts alone.

A second pair of eyes: it shares no code with the checks, so that a slip in one of them does not pass here.
It knows nothing of evidence classes and writes by others: the judge decides whether what is proved convicts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from contracts.judging.witness import several, single
from contracts.judging.witness.seen import Seen
from contracts.model import Excerpt

Rule = Callable[[tuple[Seen, ...]], bool]


def one(rule: Callable[[Seen], bool]) -> Rule:
    """A rule that some one exchange meets."""
    return lambda seen: any(rule(s) for s in seen)


def two(rule: Callable[[Seen, Seen], bool]) -> Rule:
    """A rule that two of the exchanges meet, in either order."""
    return lambda seen: any(rule(a, b) for a, b in itertools.permutations(seen, 2))


def three(rule: Callable[[Seen, Seen, Seen], bool]) -> Rule:
    """A rule that three of the exchanges meet, in some order."""
    return lambda seen: any(rule(a, b, c) for a, b, c in itertools.permutations(seen, 3))


def status(wrong: Callable[[int], bool]) -> Rule:
    """A status that is wrong."""
    return one(lambda s: s.status is not None and wrong(s.status))


def either(*rules: Rule) -> Rule:
    """Any of the rules."""
    return lambda seen: any(rule(seen) for rule in rules)


_WALK = either(
    two(several.twice_in_a_walk),
    one(single.not_filled),
    one(single.twice_on_a_page),
    two(several.totals_differ),
)
_PLACES = either(two(several.turned), two(several.other_at_a_place))
_LISTED = either(several.missing, several.listings_differ(several.same_list))
_SELECTION = either(one(single.without_tags), one(single.wrong_active))
_END = either(one(single.wrong_end), one(single.counts_nothing))
_TOTALS = either(two(several.totals_differ), _END)
_ACCESS = one(single.let_in)
_ONE_PAGE = either(
    one(single.miscounted), one(single.too_many), one(single.wrong_offset), one(single.twice_on_a_page)
)
_CONTENT = either(one(single.other_media_type), one(single.no_json), one(single.breaks_schema))

_FILTERED_WALK = either(two(several.twice_in_a_walk), two(several.other_at_a_place), one(single.not_filled))

_RULES: dict[str, Rule] = {
    "SERVED": one(single.not_served),
    "RESP-STATUS": status(lambda status: status != 200),
    "RESP-MEDIA-TYPE": one(single.other_media_type),
    "RESP-JSON": one(single.no_json),
    "RESP-SCHEMA": one(single.breaks_schema),
    "RESP-NESTED-NULL": one(single.null_array),
    "PAGE-COUNT": one(single.miscounted),
    "PAGE-LIMIT": one(single.too_many),
    "PAGE-LIMIT-ECHO": either(
        one(single.wrong_limit), two(several.limits_disagree), two(several.silently_clamped)
    ),
    "PAGE-OFFSET-ECHO": one(single.wrong_offset),
    "PAGE-FILL": one(single.not_filled),
    "PAGE-UNIQUE": one(single.twice_on_a_page),
    "PAGE-PAST-END": two(several.past_the_end),
    "PAGE-DEFAULT": two(several.default_differs),
    "WALK-COMPLETE": _WALK,
    "WALK-ONCE": two(several.twice_in_a_walk),
    "WALK-TOTAL": two(several.totals_differ),
    "WALK-ORDER": _PLACES,
    "WALK-SPLIT": _PLACES,
    "WALK-REPEAT": either(two(several.other_at_a_place), two(several.unlike)),
    "WALK-CONTENT": two(several.reads_otherwise),
    "FILTER-ACTIVE-MATCH": one(single.wrong_active),
    "FILTER-ACTIVE-COMPLETE": several.missing,
    "FILTER-ACTIVE-PARTITION": three(several.no_sum),
    "FILTER-TAGS-MATCH": one(single.without_tags),
    "FILTER-TAGS-COMPLETE": several.missing,
    "FILTER-TAGS-READING": either(
        several.listings_differ(several.same_tags), several.any_here_all_there, several.case_here_not_there
    ),
    "FILTER-TAGS-EXACT": one(single.without_tags),
    "FILTER-TAGS-ENCODING": several.missing,
    "FILTER-TAGS-UNKNOWN": either(
        one(single.without_tags), one(single.counts_nothing), status(lambda status: status != 200)
    ),
    "FILTER-TAGS-LIST": several.listings_differ(several.same_tags),
    "FILTER-COMBINED": either(_SELECTION, several.missing),
    "FILTER-TOTAL": either(_TOTALS, three(several.no_total_of_two)),
    "FILTER-PAGED": either(_FILTERED_WALK, _LISTED, _TOTALS),
    "FILTER-ORDER": two(several.turned),
    "FILTER-SAME-PROFILE": two(several.reads_otherwise),
    "SEARCH-SUBSET": either(_FILTERED_WALK, _TOTALS, _LISTED, several.foreign),
    "SEARCH-COMBINED": either(several.extra, several.missing, several.foreign),
    "SEARCH-NAME": either(several.missing, two(several.random_word_finds)),
    "INPUT-NO-5XX": one(single.trouble),
    "INPUT-READING": either(two(several.read_two_ways), two(several.odd_value_changes)),
    "INPUT-REPEATED": either(three(several.neither), one(single.without_tags), _END),
    "INPUT-UNKNOWN": two(several.unknown_changes),
    "INPUT-ERROR-FORM": either(_CONTENT, one(single.wrong_status_code)),
    "ACCESS-REQUIRED": _ACCESS,
    "ACCESS-REJECTED": _ACCESS,
    "ACCESS-PATH": one(single.shown_to_a_stranger),
    "ACCESS-FIRST": _ACCESS,
    "ACCESS-SCOPE": either(
        several.foreign,
        two(several.turned),
        several.miscounted_listing,
        one(single.not_filled_for_narrow),
        two(several.narrow_counts_more),
        two(several.narrow_between),
        three(several.no_sum_for_narrow),
        _END,
    ),
    "ACCESS-NO-LEAK": one(single.leaks),
    "HTTP-HEAD": one(single.bad_head),
    "HTTP-CHALLENGE": one(single.no_challenge),
    "DATA-NAMES": either(
        one(single.bad_name), two(several.one_name), lambda seen: any(several.one_name(s, s) for s in seen)
    ),
    "DATA-TIMES": one(single.bad_times),
    "DATA-USAGE": one(single.bad_usage),
    "ALIAS-PARITY": two(several.paths_differ),
    "ALIAS-HEADERS": two(several.no_successor),
    "GEN-DOCUMENT": either(_CONTENT, _ONE_PAGE, status(lambda s: s >= 500 or not (s == 200 or s >= 400))),
}


def proves(requirement: str, witness: Sequence[Excerpt]) -> bool:
    """Whether the excerpts show that the requirement (by its id) is broken. KeyError for an unknown id."""
    return _RULES[requirement](tuple(map(Seen, witness)))
