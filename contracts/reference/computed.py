"""A list of any length that is computed when it is asked for: for lists that nobody wants to store.

Profiles repeat in a period but for their ids, names and times, so that what a filter selects, how many that
are, and which of them comes at a place, follow by arithmetic.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from contracts.reference.app import Application, build_app
from contracts.reference.conditions import Row
from contracts.reference.data import generate
from contracts.reference.pipeline import Ask, Caller
from contracts.reference.times import SECOND, instant, rfc3339

PERIOD = 840
_START = instant("2024-01-01T00:00:00Z") or 0
_OWN = ("id", "name", "created_at", "updated_at")

Positions = Callable[[Ask, range], list[int]]
"""Which places of what a request selects are shown for those of its page; a fault shows others."""


def right_places(_ask: Ask, places: range) -> list[int]:
    """Those of the page."""
    return list(places)


def build_long_app(count: int, *, positions: Positions = right_places, **options: Any) -> Application:
    """A deployment that holds that many profiles, in order of creation; options are those of `build_app`."""
    app = build_app(profiles=(), **options)
    listed = _Computed(count, app.site.style.tags == "all")

    def rows(ask: Ask) -> list[Row]:
        end = min(ask.offset + ask.limit, listed.total(ask))
        return [listed.row(ask, place) for place in positions(ask, range(min(ask.offset, end), end))]

    app.site.stages = replace(app.site.stages, total=listed.total, rows=rows)
    return app


class _Computed:
    """The list; `every` is whether a profile has to carry all the tags asked for."""

    def __init__(self, count: int, every: bool) -> None:
        self._count = count
        self._every = every
        profiles = generate(PERIOD)
        self._models = [{k: v for k, v in p.items() if k not in _OWN} for p in profiles]
        self._names = [f"{str(p['name']).rpartition(' ')[0]} squad{n % 70}" for n, p in enumerate(profiles)]
        self._texts = [_compact(model)[1:] for model in self._models]
        self._chosen = lru_cache(maxsize=256)(self._residues)

    def total(self, ask: Ask) -> int:
        """How many profiles the request selects."""
        single = self._named(ask)
        if single is not None:
            return len(single)
        chosen = self._selected(ask)
        whole, rest = divmod(self._count, PERIOD)
        return whole * len(chosen) + bisect_left(chosen, rest)

    def row(self, ask: Ask, place: int) -> Row:
        """The profile at that place of what the request selects."""
        single = self._named(ask)
        if single is not None:
            return self._row(single[place])
        chosen = self._selected(ask)
        rounds, index = divmod(place, len(chosen))
        return self._row(rounds * PERIOD + chosen[index])

    def _selected(self, ask: Ask) -> list[int]:
        parameters = ask.parameters
        word = (parameters.search or "").casefold()
        return self._chosen(ask.caller, parameters.is_active, parameters.tags, word)

    def _residues(
        self, caller: Caller, active: bool | None, tags: tuple[str, ...] | None, word: str
    ) -> list[int]:
        enough = all if self._every else any
        return [
            n
            for n, model in enumerate(self._models)
            if (caller == "full" or n % 3 < 2)
            and (active is None or model["is_active"] is active)
            and (tags is None or enough(tag in model.get("tags", ()) for tag in tags))
            and word in f"{self._names[n]} ".casefold()
        ]

    def _named(self, ask: Ask) -> list[int] | None:
        """The place of the one profile whose whole name is searched for; None for any other request."""
        digits = (ask.parameters.search or "").rpartition(" ")[2].replace("-", "")
        number = int(digits) if digits.isdecimal() and len(digits) < 12 else 0
        if not 0 < number <= self._count or self._name(number - 1) != ask.parameters.search:
            return None
        chosen = self._chosen(ask.caller, ask.parameters.is_active, ask.parameters.tags, "")
        return [number - 1] if (number - 1) % PERIOD in chosen else []

    def _name(self, number: int) -> str:
        """No word in it tells the number: a search for a word selects the same in every period."""
        return f"{self._names[number % PERIOD]} {'-'.join(str(number + 1))}"

    def _row(self, number: int) -> Row:
        moment = _START + number * 7 * SECOND
        times = f'"created_at":"{rfc3339(moment)}","updated_at":"{rfc3339(moment + SECOND)}"'
        name = json.dumps(self._name(number), ensure_ascii=False)
        text = f'{{"id":{3 * number + 7},"name":{name},{times},{self._texts[number % PERIOD]}'
        return Row(number, text)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
