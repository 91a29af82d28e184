"""Writes by others: inserts, deletes and changes at a steady rate."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

from contracts.reference.data import Profile, generate
from contracts.reference.store import Store
from contracts.reference.times import rfc3339

_MOST_AT_ONCE = 1000  # after a long time without a request


class Writer:
    """Writes to a store so many times a second; its size stays about the same."""

    def __init__(self, store: Store, seed: int, rate: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._rng = random.Random(seed)  # noqa: S311
        self._spare = generate(50, seed + 1)
        self._rate, self._clock = rate, clock
        self._caught_up = clock()
        self._written = 0

    def catch_up(self) -> None:
        """Make the writes that are due: only a request can see that they come late."""
        due = int((self._clock() - self._caught_up) * self._rate)
        self._caught_up += due / self._rate
        for _ in range(min(due, _MOST_AT_ONCE)):
            self.write()

    def write(self) -> None:
        """One write of a random kind."""
        self._written += 1
        kind = self._rng.choice((self._insert, self._delete, self._rename, self._switch, self._retag))
        kind()

    def _key(self) -> int | None:
        keys = [key for (key,) in self._store.query("SELECT key FROM profiles")]
        return self._rng.choice(keys) if keys else None

    def _insert(self) -> None:
        spare = self._spare[self._written % len(self._spare)]
        now = rfc3339(time.time_ns(), digits=9)
        name = f"{spare['name']} (written {self._written})"
        fresh = {"id": 10**6 + self._written, "name": name, "created_at": now, "updated_at": now}
        self._store.add(spare | fresh)

    def _delete(self) -> None:
        key = self._key()
        if key is not None:
            self._store.remove(key)

    def _rename(self) -> None:
        self._change({"name": f"Renamed {self._written}"})

    def _switch(self) -> None:
        key = self._key()
        text = self._store.query("SELECT text FROM profiles WHERE key = ?", (key,))
        if text:
            profile: Profile = json.loads(text[0][0])
            self._change({"is_active": not profile["is_active"]}, key)

    def _retag(self) -> None:
        self._change({"tags": self._rng.choice((["prod"], ["dev", "beta"], []))})

    def _change(self, members: Profile, key: int | None = None) -> None:
        key = self._key() if key is None else key
        if key is not None:
            self._store.change(key, members | {"updated_at": rfc3339(time.time_ns(), digits=6)})
