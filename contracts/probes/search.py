"""What to ask with `search`; the words come from the names that were seen."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from contracts.probes.filters import Tags
from contracts.probes.knowledge import Knowledge, Steps, query
from contracts.subjects.answer import Profile
from contracts.subjects.search import UNKNOWN_WORD

AT_MOST = 30
_PURPOSE = "search"
_WORD = re.compile(r"[A-Za-z0-9]{3,}")


def search(know: Knowledge) -> Steps:
    """A name, a made-up word, and a word of several names: alone, in pages, with filters."""
    profiles = know.evidence().profiles
    for term in _terms(know, profiles):
        yield from know.walk(know.most, purpose=_PURPOSE, search=term, at_most=3)
    word = common_word(profiles)
    if word is None:
        return
    pages = yield from know.walk(know.most, purpose=_PURPOSE, search=word, at_most=3)
    total = pages[-1].total if pages else 0
    size = max(2, -(-total // 3)) if total else 2
    yield from know.walk(min(size, know.most), purpose=_PURPOSE, search=word, at_most=4)
    yield from know.ask(query(search=word), purpose=_PURPOSE)
    yield from know.ask(query(limit=2, offset=total, search=word), purpose=_PURPOSE)
    yield from _with_filters(know, profiles, word)


def _terms(know: Knowledge, profiles: tuple[Profile, ...]) -> Iterator[str]:
    names = [n for p in profiles if isinstance(n := p.raw.get("name"), str) and n.isprintable() and 2 < len(n) < 200]
    if names:
        yield know.draw("name").choice(sorted(names))
    yield f"{UNKNOWN_WORD}{know.draw('word').getrandbits(40):010x}"


def common_word(profiles: tuple[Profile, ...]) -> str | None:
    """The word that best divides the names into those that have it and those that do not."""
    counts: Counter[str] = Counter()
    for profile in profiles:
        name = profile.raw.get("name")
        counts.update(set(_WORD.findall(name)) if isinstance(name, str) else ())
    half = len(profiles) / 2
    fitting = [word for word, count in counts.items() if 1 < count < len(profiles)]
    return min(fitting, key=lambda word: (abs(counts[word] - half), word), default=None)


def _with_filters(know: Knowledge, profiles: tuple[Profile, ...], word: str) -> Steps:
    for value in (True, False):
        yield from know.walk(know.most, purpose=_PURPOSE, search=word, is_active=value, at_most=3)
    found = tuple(p for p in profiles if word.casefold() in str(p.raw.get("name")).casefold())
    tag = next(iter(Tags(found).ranked), None)
    if tag is not None:
        yield from know.walk(know.most, purpose=_PURPOSE, search=word, tags=[tag], at_most=3)
        yield from know.walk(know.most, purpose=_PURPOSE, search=word, tags=[tag], is_active=True, at_most=3)
