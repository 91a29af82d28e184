"""What to ask with `search`; the words come from the names that were seen."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from contracts.evidence.answers import Profile
from contracts.evidence.search import UNKNOWN_WORD
from contracts.model import Purpose
from contracts.runs.flow import Flow
from contracts.runs.probes.context import ProbeContext, query
from contracts.runs.probes.filters import Tags

AT_MOST = 30
_PURPOSE = Purpose.SEARCH
_WORD = re.compile(r"[A-Za-z0-9]{3,}")


def search(ctx: ProbeContext) -> Flow[None]:
    """A name, a made-up word, and a word of several names: alone, in pages, with filters."""
    profiles = ctx.evidence().profiles
    terms = list(_terms(ctx, profiles))
    for term in terms:
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, search=term, at_most=3)
    word = common_word(profiles, most=2 * ctx.max_page_size)
    if word is None:
        return
    yield from _unusual_lengths(ctx, profiles)
    pages = yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, search=word, at_most=3)
    total = pages[-1].total if pages else 0
    if pages and not total:  # names are compared whole, it seems: the name must do
        word = terms[0]
    size = max(1, min(-(-total // 2), ctx.max_page_size - 1))
    yield from ctx.walk(size, purpose=_PURPOSE, search=word, at_most=4)
    yield from ctx.ask(query(search=word), purpose=_PURPOSE)
    yield from ctx.ask(query(limit=2, offset=total, search=word), purpose=_PURPOSE)
    yield from _with_filters(ctx, profiles, word)


def _terms(ctx: ProbeContext, profiles: tuple[Profile, ...]) -> Iterator[str]:
    names = [
        n
        for p in profiles
        if isinstance(n := p.raw.get("name"), str) and n.isprintable() and 2 < len(n) < 256
    ]
    if names:
        yield ctx.draw("name").choice(sorted(names))
    yield f"{UNKNOWN_WORD}{ctx.draw('word').getrandbits(40):010x}"


def _unusual_lengths(ctx: ProbeContext, profiles: tuple[Profile, ...]) -> Flow[None]:
    """The rarest letter or digit of the names, so that one page holds what it finds, and a very long word."""
    names = [str(profile.raw.get("name")).casefold() for profile in profiles]
    letters = Counter(c for name in names for c in set(name) if c.isascii() and c.isalnum())
    for letter in sorted(letters, key=lambda c: (letters[c] < 2, letters[c], c))[:1]:
        yield from ctx.ask(query(limit=ctx.max_page_size, offset=0, search=letter), purpose=_PURPOSE)
    yield from ctx.ask(query(limit=2, offset=0, search=UNKNOWN_WORD * 500), purpose=_PURPOSE)


def common_word(profiles: tuple[Profile, ...], *, most: int) -> str | None:
    """The word that best divides the names into those that have it (so many at most) and those without."""
    kinds: defaultdict[str, Counter[bool | None]] = defaultdict(Counter)
    for profile in profiles:
        name = profile.raw.get("name")
        for word in set(_WORD.findall(name)) if isinstance(name, str) else ():
            kinds[word][profile.active] += 1
    half = min(len(profiles) / 2, most)
    counts = {word: found.total() for word, found in kinds.items()}
    fitting = [word for word, count in counts.items() if count < len(profiles) and count <= most]

    def poverty(word: str) -> tuple[bool, bool, float, str]:
        return (len(kinds[word]) < 2, counts[word] < 2, abs(counts[word] - half), word)

    return min(fitting, key=poverty, default=None)


def _with_filters(ctx: ProbeContext, profiles: tuple[Profile, ...], word: str) -> Flow[None]:
    for value in (True, False):
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, search=word, is_active=value, at_most=3)
    found = tuple(p for p in profiles if word.casefold() in str(p.raw.get("name")).casefold())
    tag = next(iter(Tags(found).ranked), None)
    if tag is not None:
        yield from ctx.walk(ctx.max_page_size, purpose=_PURPOSE, search=word, tags=[tag], at_most=3)
        yield from ctx.walk(
            ctx.max_page_size, purpose=_PURPOSE, search=word, tags=[tag], is_active=True, at_most=3
        )
