"""A list of any length, computed on request instead of stored.

Profiles repeat periodically, except for their ids, names and times. So arithmetic tells how many profiles a
filter selects, and which one is at a position.
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
from contracts.reference.pipeline import Call, Caller
from contracts.reference.times import SECOND, instant, rfc3339

PERIOD = 840
_START = instant("2024-01-01T00:00:00Z") or 0
_OWN = ("id", "name", "created_at", "updated_at")

Positions = Callable[[Call, range], list[int]]
"""The positions that a page shows, given those that it should show; a fault shows others."""


def right_places(_call: Call, places: range) -> list[int]:
    """The positions of the page itself."""
    return list(places)


def build_long_app(count: int, *, positions: Positions = right_places, **options: Any) -> Application:
    """A deployment with that many profiles, in order of creation; options are those of `build_app`."""
    app = build_app(profiles=(), **options)
    listed = _Computed(count, app.site.variant.tags == "all")

    def rows(call: Call) -> list[Row]:
        end = min(call.offset + call.limit, listed.total(call))
        return [listed.row(call, place) for place in positions(call, range(min(call.offset, end), end))]

    app.site.stages = replace(app.site.stages, total=listed.total, rows=rows)
    return app


class _Computed:
    """The list; with `every`, a profile must have all the tags requested."""

    def __init__(self, count: int, every: bool) -> None:
        self._count = count
        self._every = every
        profiles = generate(PERIOD)
        self._models = [{k: v for k, v in p.items() if k not in _OWN} for p in profiles]
        self._names = [f"{str(p['name']).rpartition(' ')[0]} squad{n % 70}" for n, p in enumerate(profiles)]
        self._texts = [_compact(model)[1:] for model in self._models]
        self._chosen = lru_cache(maxsize=256)(self._residues)

    def total(self, call: Call) -> int:
        """How many profiles the call selects."""
        single = self._named(call)
        if single is not None:
            return len(single)
        chosen = self._selected(call)
        whole, rest = divmod(self._count, PERIOD)
        return whole * len(chosen) + bisect_left(chosen, rest)

    def row(self, call: Call, place: int) -> Row:
        """The profile at that position of what the call selects."""
        single = self._named(call)
        if single is not None:
            return self._row(single[place])
        chosen = self._selected(call)
        rounds, index = divmod(place, len(chosen))
        return self._row(rounds * PERIOD + chosen[index])

    def _selected(self, call: Call) -> list[int]:
        parameters = call.parameters
        word = (parameters.search or "").casefold()
        return self._chosen(call.caller, parameters.is_active, parameters.tags, word)

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

    def _named(self, call: Call) -> list[int] | None:
        """The position of the one profile whose whole name is searched for; None for any other call."""
        digits = (call.parameters.search or "").rpartition(" ")[2].replace("-", "")
        number = int(digits) if digits.isdecimal() and len(digits) < 12 else 0
        if not 0 < number <= self._count or self._name(number - 1) != call.parameters.search:
            return None
        chosen = self._chosen(call.caller, call.parameters.is_active, call.parameters.tags, "")
        return [number - 1] if (number - 1) % PERIOD in chosen else []

    def _name(self, number: int) -> str:
        """No word in it contains the number, so a search for a word selects the same in every period."""
        return f"{self._names[number % PERIOD]} {'-'.join(str(number + 1))}"

    def _row(self, number: int) -> Row:
        moment = _START + number * 7 * SECOND
        times = f'"created_at":"{rfc3339(moment)}","updated_at":"{rfc3339(moment + SECOND)}"'
        name = json.dumps(self._name(number), ensure_ascii=False)
        text = f'{{"id":{3 * number + 7},"name":{name},{times},{self._texts[number % PERIOD]}'
        return Row(number, text)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
