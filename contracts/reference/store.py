"""The profiles in SQLite: the schema, and the two statements that a page takes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from contracts.reference.conditions import Condition, Row
from contracts.reference.members import as_written
from contracts.reference.times import instant
from contracts.reference.variants import MAX_INT64, Variant

_SCHEMA = """
CREATE TABLE profiles (
  key INTEGER PRIMARY KEY, ident TEXT, name TEXT, created TEXT, is_active INTEGER, narrow INTEGER,
  folded_name TEXT, folded_description TEXT, text TEXT
);
CREATE TABLE tags (profile INTEGER, tag TEXT);
CREATE INDEX tags_of_profile ON tags (profile, tag);
CREATE INDEX by_created ON profiles (created, ident);
"""
_LONG_AGO = 10**20  # makes nanoseconds since the zero time a positive number of 21 digits at most


class Store:
    """A collection of profiles, for one thread at a time."""

    def __init__(self, profiles: Iterable[dict[str, Any]], variant: Variant) -> None:
        self._variant = variant
        self._database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._last_key = 0
        self._database.execute("BEGIN")
        for profile in profiles:
            self.add(profile)
        self._database.execute("COMMIT")

    def total(self, condition: Condition) -> int:
        """How many profiles the condition selects."""
        sql = f"SELECT COUNT(*) FROM profiles p WHERE {condition.sql}"  # noqa: S608
        return int(self.query(sql, condition.values)[0][0])

    def rows(self, condition: Condition, order: str, limit: int, offset: int) -> list[Row]:
        """One page of the profiles that the condition selects."""
        sql = f"SELECT p.key, p.text FROM profiles p WHERE {condition.sql} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
        cut = (min(limit, MAX_INT64), min(offset, MAX_INT64))
        return [Row(*row) for row in self.query(sql, (*condition.values, *cut))]

    def query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one statement."""
        return self._database.execute(sql, values).fetchall()

    def add(self, profile: dict[str, Any]) -> None:
        """Add a profile."""
        self._last_key += 1
        self._insert(profile, self._last_key)

    def remove(self, key: int) -> None:
        """Remove a profile."""
        self.query("DELETE FROM profiles WHERE key = ?", (key,))
        self.query("DELETE FROM tags WHERE profile = ?", (key,))

    def change(self, key: int, members: dict[str, Any]) -> None:
        """Replace members of a profile; nothing happens if it was removed."""
        for (text,) in self.query("SELECT text FROM profiles WHERE key = ?", (key,)):
            self.remove(key)
            self._insert(json.loads(text) | members, key)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _insert(self, profile: dict[str, Any], key: int) -> None:
        text = json.dumps(as_written(profile, self._variant), ensure_ascii=False)
        name, description = str(profile.get("name")), profile.get("description") or ""
        created = (instant(profile.get("created_at")) or 0) + _LONG_AGO
        values = (
            f"{profile.get('id'):>020}",
            name,
            f"{created:021d}",
            profile.get("is_active"),
            key % 3 != 0,
        )
        folded = (name.casefold(), str(description).casefold())
        self._database.execute(
            "INSERT INTO profiles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (key, *values, *folded, text)
        )
        tags = [(key, tag) for tag in dict.fromkeys(profile.get("tags") or ())]
        self._database.executemany("INSERT INTO tags VALUES (?, ?)", tags)
