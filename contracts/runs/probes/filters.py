"""What to ask with `is_active` and `tags`; the tags come from what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations, islice

from contracts.evidence.answers import Profile, Selection
from contracts.evidence.tagged import UNKNOWN_TAG
from contracts.model import Purpose
from contracts.runs.flow import Flow
from contracts.runs.probes.context import ProbeContext, co_prime, query

AT_MOST = 130
_PURPOSE = Purpose.FILTER
_SPECIAL = 9  # tags with characters that must be encoded
_PLAIN = 4
_MANY_BYTES = frozenset(f"{number} bytes" for number in (2, 3, 4))
_MANY = 20  # tags in the longest list that is asked for
_PAGES = 45  # of the whole list, up to which what is active and what is not are walked whole


def filters(ctx: ProbeContext) -> Flow[None]:
    """Everything that the FILTER requirements are judged on."""
    for value in (True, False):  # side by side, and next to a read of the whole list: they must add up
        yield from ctx.ask(query(limit=5, offset=0, is_active=value), purpose=_PURPOSE)
    tags = seen_tags(ctx)
    yield from _single_tags(ctx, tags)
    yield from _inexact(ctx, tags)
    yield from _several_tags(ctx, tags)
    yield from _odd_lists(ctx, tags)
    yield from _pages_of_a_tag(ctx, tags)
    yield from _combined(ctx, tags)
    yield from _active(ctx, tags)  # last: on a long list with small pages it may take all that is left


@dataclass(frozen=True)
class Tags:
    """The tags that were seen, and which of them tell most.

    `most` is how many of the profiles seen may carry a tag for all that carry it to be read in few pages.
    """

    profiles: tuple[Profile, ...]
    most: float = float("inf")

    @cached_property
    def counts(self) -> Counter[str]:
        """How many profiles carry each tag that can be asked for."""
        return Counter(tag for p in self.profiles for tag in set(p.tags) if can_be_asked(tag))

    @cached_property
    def ranked(self) -> list[str]:
        """The tags, most frequent first; of a long list only those that few profiles carry, if any."""
        found = sorted(self.counts.items(), key=lambda c: (-c[1], c[0]))
        rare = [tag for tag, count in found if count <= self.most]
        return rare or [tag for tag, _ in found]

    @cached_property
    def plain(self) -> list[str]:
        """Tags of ASCII letters, digits, dot, underscore and hyphen, most frequent first."""
        return [tag for tag in self.ranked if is_plain(tag)]

    @cached_property
    def special(self) -> list[str]:
        """Tags with other characters, chosen so that each new character is covered early."""
        rest = [tag for tag in self.ranked if not is_plain(tag)]
        chosen: list[str] = []
        covered: set[str] = set()
        while rest and any(_odd_characters(tag) - covered for tag in rest):
            best = max(rest, key=lambda tag: _news(tag, covered))
            rest.remove(best)
            chosen.append(best)
            covered |= _odd_characters(best)
        return chosen

    @cached_property
    def nested(self) -> tuple[str, str] | None:
        """A tag and a longer one that contains it, `prod` and `production`; on one profile where possible."""
        pairs = [(a, b) for a in self.plain for b in self.ranked if a != b and a in b]
        return next((pair for pair in pairs if self.carried_with(*pair)), pairs[0] if pairs else None)

    def carried_with(self, *tags: str) -> list[Profile]:
        """The profiles that carry all of these."""
        return [p for p in self.profiles if all(p.carries(tag) for tag in tags)]

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Two tags of one profile, and two tags that are on no profile together, as far as there are."""
        found = list(combinations(self.plain[:6] or self.ranked[:6], 2))
        overlapping = [
            p for p in found if self.carried_with(*p) and len(self._any(p)) > len(self.carried_with(*p))
        ]
        disjoint = [p for p in found if not self.carried_with(*p)]
        overlapping.sort(key=lambda p: len({one.active for one in self.carried_with(*p)}) < 2)
        return [*overlapping[:1], *disjoint[:1]] or found[:1]

    def _any(self, tags: Iterable[str]) -> list[Profile]:
        wanted = tuple(tags)
        return [p for p in self.profiles if any(p.carries(tag) for tag in wanted)]

    @cached_property
    def few(self) -> str | None:
        """A tag with two to six profiles, the better the more."""
        fitting = [tag for tag in self.ranked if 2 <= self.counts[tag] <= 6]
        return max(fitting, key=lambda tag: self.counts[tag], default=None)

    @cached_property
    def of_both_kinds(self) -> str | None:
        """The tag that divides best between active and inactive profiles."""
        active = Counter(tag for p in self.profiles if p.active is True for tag in set(p.tags))
        inactive = Counter(tag for p in self.profiles if p.active is False for tag in set(p.tags))
        fitting = [tag for tag in self.ranked if active[tag] and inactive[tag]]
        return max(fitting, key=lambda tag: min(active[tag], inactive[tag]), default=None)


def seen_tags(ctx: ProbeContext) -> Tags:
    """The tags that were seen without a filter."""
    profiles = ctx.evidence().profiles
    return Tags(profiles, most=2 * ctx.max_page_size * len(profiles) / max(1, ctx.total))


def can_be_asked(tag: str) -> bool:
    """Whether a tag survives being an item of a comma-separated list."""
    return bool(tag) and "," not in tag and tag == tag.strip() and tag.isprintable() and len(tag) < 200


def is_plain(tag: str) -> bool:
    """Whether a tag needs no percent-encoding."""
    return all(c.isascii() and (c.isalnum() or c in "._-") for c in tag)


def _odd_characters(tag: str) -> set[str]:
    return {_kind(c) for c in tag if not is_plain(c)}


def _kind(character: str) -> str:
    """The character itself, or how many bytes UTF-8 takes for it."""
    return character if character.isascii() else f"{len(character.encode('utf-8', 'replace'))} bytes"


def _news(tag: str, covered: set[str]) -> tuple[bool, int]:
    """How much a tag adds to the characters covered; those that go wrong most often come first."""
    new = _odd_characters(tag) - covered
    return (bool(new & {*_MANY_BYTES, " ", "&", "+", "%"}), len(new))


def encoded_letters(tag: str) -> str:
    """A tag with a letter percent-encoded although it need not be (RFC 3986, section 2.3).

    In hexadecimal digits of lower case where a letter has such, for they mean the same (section 2.1).
    """
    place = next((n for n, letter in enumerate(tag) if f"{ord(letter):02x}" != f"{ord(letter):02X}"), 0)
    return f"{tag[:place]}%{ord(tag[place]):02x}{tag[place + 1 :]}"


def _active(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    whole = -(-ctx.total // ctx.max_page_size)
    at_most = whole + 1 if whole <= _PAGES else 3  # no walk that would not come to its end
    for value in (True, False):
        pages = yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, is_active=value, at_most=at_most)
        yield from ctx.ask(query(is_active=value), purpose=_PURPOSE)
        total = pages[-1].total if pages else 0
        if total > 1 and ctx.small:
            parts = 3 if value else 2
            size = co_prime(max(2, -(-total // parts)), total) if total > 3 else 1
            yield from ctx.walk(min(size, ctx.max_page_size), purpose=_PURPOSE, is_active=value, at_most=8)
    yield from ctx.ask(
        query(limit=min(10, ctx.max_page_size), offset=total, is_active=False), purpose=_PURPOSE
    )
    yield from ctx.ask(query(limit=1, offset=1, is_active=False), purpose=_PURPOSE)
    both = tags.ranked[:1] if tags.of_both_kinds is None else [tags.of_both_kinds]
    yield from ctx.ask(query(offset=1, is_active=True, tags=both or None), purpose=_PURPOSE)
    yield from ctx.ask(query(limit=0, offset=0, is_active=True), purpose=_PURPOSE)


def _single_tags(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    few = [tags.few] if tags.few is not None else []
    asked = [*tags.plain[:2], *(tags.nested or ()), *few, *tags.special[:_SPECIAL], *tags.plain[-1:]]
    for tag in list(dict.fromkeys(asked))[: _SPECIAL + _PLAIN]:
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, tags=[tag], at_most=4)
    for tag in tags.plain[:1]:
        yield from ctx.ask(query(tags=[tag]), purpose=_PURPOSE)
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, tags=encoded_letters(tag), at_most=4)


def _inexact(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    """Fragments and patterns of known tags, other letter case, and a tag that nothing carries."""
    for value in dict.fromkeys(inexact_tags(tags)):
        yield from ctx.ask(query(limit=ctx.max_page_size, offset=0, tags=[value]), purpose=_PURPOSE)
    unknown = f"{UNKNOWN_TAG}{ctx.draw('unknown').getrandbits(40):010x}"
    yield from ctx.ask(query(limit=ctx.max_page_size, offset=0, tags=[unknown]), purpose=_PURPOSE)
    for known in tags.plain[:1]:
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, tags=[known, unknown], at_most=4)
    for pair in tags.pairs[:1]:  # is letter case read the same beside another tag?
        recased = [tag.swapcase() for tag in pair]
        if not tags.counts.keys() & {*recased}:
            yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, tags=recased, at_most=2)


def inexact_tags(tags: Tags) -> Iterator[str]:
    """What would find a known tag only if tags were matched by part, by pattern or without their case."""
    folded = {tag.casefold() for tag in tags.counts}
    long = max(tags.plain or tags.ranked, key=lambda t: (min(len(t), 4), tags.counts[t]), default="")
    if len(long) < 2:
        return
    whole = long
    longest = max(tags.ranked, key=len)  # for tags that are cut before they are compared
    fragments = [
        longest[:-1],
        whole[1:],
        whole[:-1] + "_",
        whole[:1] + "%",
        whole[:1] + "*",
        whole.swapcase(),
    ]
    for value in fragments:
        if value.strip() and (value.casefold() not in folded or value == whole.swapcase()):
            yield value


def _several_tags(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    for pair in tags.pairs:
        for order in (pair, pair[::-1]):
            yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, tags=list(order), at_most=4)
    for three in triples(tags):
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, tags=list(three), at_most=4)
    if tags.ranked:
        many = [*(tags.plain or tags.ranked)[:_MANY], *(f"{UNKNOWN_TAG}{n}" for n in range(_MANY + 1))]
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, tags=many[: _MANY + 1], at_most=3)
    for pair in _encoded_pair(tags):
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, tags=list(pair), at_most=4)


def _encoded_pair(tags: Tags) -> Iterator[tuple[str, str]]:
    """A plain tag, and after it one that must be encoded; two of these where one profile carries both."""
    together = (pair for pair in combinations(tags.special, 2) if tags.carried_with(*pair))
    mixed = ((plain, special) for plain in tags.plain[:1] for special in tags.special[:1])
    yield from islice(chain(together, mixed), 1)


def triples(tags: Tags) -> list[tuple[str, ...]]:
    """Three tags of one profile, plain ones where there are such; else the three most frequent."""
    for usable in (tags.plain, tags.ranked):
        carried = ([t for t in usable if p.carries(t)] for p in tags.profiles)
        three = next((found[:3] for found in carried if len(found) > 2), None)
        if three is not None:
            return [tuple(three)]
    usable = tags.plain if len(tags.plain) > 2 else tags.ranked
    return [tuple(usable[:3])] if len(usable) > 2 else []


def _odd_lists(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    if not tags.ranked:
        return
    one = next(iter(tags.plain or tags.ranked))
    encoded = query(tags=[one]).removeprefix("tags=")
    other = query(tags=[tags.pairs[0][1]]).removeprefix("tags=") if tags.pairs else encoded
    first = query(tags=[tags.pairs[0][0]]).removeprefix("tags=") if tags.pairs else encoded
    twice = f"{first},{other},{first}" if tags.pairs else f"{encoded},{encoded}"
    lists = [twice, f"{encoded},,", f",{encoded}", f"{first},,{other}", f"{first},%20{other}"]
    for value in lists:
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, tags=value, at_most=4)


def _pages_of_a_tag(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    """A filtered list in pages of one and more, without a limit, from an offset, past its end."""
    if tags.few is not None:
        yield from ctx.walk(1, purpose=_PURPOSE, tags=[tags.few], at_most=8)
        yield from ctx.ask(query(limit=2, offset=tags.counts[tags.few], tags=[tags.few]), purpose=_PURPOSE)
    if tags.pairs and ctx.small:
        pair = list(tags.pairs[0])
        known = ctx.evidence().by_selection.get(Selection(tags=",".join(pair)), ())
        size = max(2, -(-max((page.total for page in known), default=2) // 2))
        yield from ctx.walk(min(size, ctx.max_page_size), purpose=_PURPOSE, tags=pair, at_most=6)
        yield from ctx.ask(query(tags=pair), purpose=_PURPOSE)


def _combined(ctx: ProbeContext, tags: Tags) -> Flow[None]:
    tag = tags.of_both_kinds or (tags.ranked[0] if tags.ranked else None)
    if tag is None:
        return
    for value in (True, False):
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, is_active=value, tags=[tag], at_most=4)
    tags_first = f"{query(tags=[tag])}&is_active=false"
    yield from ctx.ask(tags_first, purpose=_PURPOSE)
    size = max(1, -(-len([p for p in tags.carried_with(tag) if p.active is False]) // 2))
    yield from ctx.walk(
        min(size, ctx.max_page_size), purpose=_PURPOSE, is_active=False, tags=[tag], at_most=4
    )
    for pair in tags.pairs[:1]:
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, is_active=True, tags=list(pair), at_most=4)
