"""Somebody else who writes meanwhile: inserts, deletes, changes and switches, at a steady rate."""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING

from contracts.reference.data import Profile, generate
from contracts.reference.times import rfc3339

if TYPE_CHECKING:
    import threading

    from contracts.reference.store import Store


class Writer:
    """Writes to a store, now this way, now that, so that its size stays about the same."""

    def __init__(self, store: Store, seed: int) -> None:
        self._store = store
        self._rng = random.Random(seed)  # noqa: S311
        self._spare = generate(50, seed + 1)
        self._written = 0

    def write_until(self, stop: threading.Event, pause: float) -> None:
        """Write, and wait `pause` seconds, until told to stop."""
        while not stop.wait(pause):
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
