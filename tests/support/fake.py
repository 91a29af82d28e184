"""A correct deployment in memory, for driving sessions without a network; writes and faults can be put in."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from contracts.evidence.answers import read_query
from contracts.judging.catalogue import load_catalogue
from contracts.model import OLD_PATH, Credentials, Exchange, Request, Result
from contracts.runs.flow import one_by_one
from contracts.runs.run import Settings, parameters
from contracts.runs.session import Run

CATALOGUE = load_catalogue()
Row = dict[str, Any]
TAGS = ("prod", "production", "dev", "eu west", "a&b", "größe", "100%", "x_y")
WORDS = ("alpha", "beta", "gamma", "delta")
_INTEGERS = ("limit", "offset")
_SECONDS = 0.02  # what a request takes


@dataclass(frozen=True)
class Variant:
    """The legal choices of a deployment."""

    any_tag: bool = True
    order: str = "id"  # or -id, name, updated
    maximum: int = 100
    default: int = 25  # 0: everything at once
    refuses: bool = True  # limits over the maximum, words for numbers; else they are clamped or absent
    searches: bool = True
    token: bool = False


def row(identity: int, draw: random.Random | None = None) -> Row:
    """A profile; its members are drawn where a source is given."""
    draw = draw or random.Random(identity)
    return {
        "id": identity,
        "name": f"{draw.choice(WORDS)} {draw.choice(WORDS)} {identity}",
        "description": None,
        "is_active": draw.random() < 0.6,
        "tags": draw.sample(TAGS, draw.randint(0, 3)),
        "budgets": [{"max_limit": 5, "current_usage": draw.randint(0, 5)}],
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": f"2026-01-01T00:00:00.{identity:09d}Z",
    }


def rows(count: int, seed: int = 0) -> list[Row]:
    """That many profiles."""
    draw = random.Random(seed)
    return [row(identity, draw) for identity in range(1, count + 1)]


_ORDERS: dict[str, Callable[[Row], Any]] = {
    "id": lambda r: r["id"],
    "-id": lambda r: -r["id"],
    "name": lambda r: (r["name"], r["id"]),
    "updated": lambda r: (r["updated_at"], r["id"]),
}


class Refused(Exception):  # noqa: N818
    """The query is answered 400."""


class Deployment:
    """Answers requests from `rows`. `meanwhile` runs before each request, and between page and total."""

    def __init__(
        self,
        rows: list[Row],
        variant: Variant = Variant(),
        meanwhile: Callable[[list[Row]], None] = lambda _: None,
    ) -> None:
        self.rows = rows
        self.variant = variant
        self.meanwhile = meanwhile
        self.exchanges: list[Exchange] = []

    def __call__(self, request: Request) -> Exchange:
        """The answer to one request."""
        self.meanwhile(self.rows)
        status, value = self.answer(request)
        number = len(self.exchanges) + 1
        headers = (("Content-Type", "application/json"),)
        if status == 401:
            headers += (("WWW-Authenticate", "Bearer"),)
        content = json.dumps(value).encode()
        started = number * _SECONDS
        exchange = Exchange(number, request, status, headers, content, started=started, elapsed=_SECONDS)
        self.exchanges.append(exchange)
        return exchange

    def answer(self, request: Request) -> tuple[int, Row]:
        """Status and content."""
        if request.path is not None:
            return _error(404)
        if self.variant.token and request.credentials is not Credentials.GIVEN:
            return _error(401)
        if request.method != "GET":
            return _error(405)
        try:
            return 200, self.page(self._read(request.query))
        except Refused:
            return _error(400)

    def _read(self, query: str) -> Row:
        """The parameters that count: of a repeated one the first."""
        found: Row = {}
        for name, value in read_query(query).parameters:
            found.setdefault(name, value)
        for name in _INTEGERS:
            if name in found:
                found[name] = self._integer(name, found[name])
        if "is_active" in found:
            found["is_active"] = self._boolean(found["is_active"])
        return {name: value for name, value in found.items() if value not in (None, "")}

    def _integer(self, name: str, text: str) -> int | None:
        try:
            value = int(text)
        except ValueError:
            return self._odd(text)
        over = name == "limit" and value > self.variant.maximum
        if value < 0 or over or value >= 2**63:
            return self._odd(text, self.variant.maximum if over else 0)
        return value

    def _boolean(self, text: str) -> bool | None:
        return {"true": True, "false": False}[text] if text in ("true", "false") else self._odd(text)

    def _odd(self, text: str, instead: Any = None) -> Any:
        if text and self.variant.refuses:
            raise Refused
        return instead

    def selected(self, asked: Row) -> list[Row]:
        """What the filters select, in order."""
        tests = list(self._tests(asked))
        found = [r for r in self.rows if all(test(r) for test in tests)]
        return sorted(found, key=_ORDERS[self.variant.order])

    def _tests(self, asked: Row) -> Iterator[Callable[[Row], bool]]:
        if "is_active" in asked:
            yield lambda r: r["is_active"] is asked["is_active"]
        wanted = [item.strip() for item in asked.get("tags", "").split(",") if item.strip()]
        enough = any if self.variant.any_tag else all
        if wanted:
            yield lambda r: enough(tag in r["tags"] for tag in wanted)
        elif "tags" in asked:
            yield lambda _: False
        if self.variant.searches and "search" in asked:
            yield lambda r: asked["search"].casefold() in r["name"].casefold()

    def limit(self, asked: Row, total: int) -> int:
        """The limit in force."""
        return int(asked.get("limit", self.variant.default or total))

    def page(self, asked: Row) -> Row:
        """One page; the total is counted by a second statement."""
        offset = asked.get("offset", 0)
        first = self.selected(asked)
        limit = self.limit(asked, len(first))
        shown = [dict(r) for r in first[offset : offset + limit]]
        everything = "limit" not in asked and not self.variant.default
        if not everything:
            self.meanwhile(self.rows)
        total = len(first) if everything else len(self.selected(asked))
        return {
            "access_profiles": shown,
            "count": len(shown),
            "total_count": total,
            "limit": limit,
            "offset": offset,
        }


def _error(status: int) -> tuple[int, Row]:
    return status, {"error": {"message": "no"}, "status_code": status, "is_bifrost_error": True}


# --- writes by others -----------------------------------------------------------------------------


class Storm:
    """Writes that hit a deployment between and within requests, each with a probability; `kinds` by name."""

    def __init__(
        self,
        seed: int,
        probability: float,
        *,
        burst: int = 1,
        kinds: tuple[str, ...],
        most: int = 90,
        make: Callable[[int, random.Random], Row] = row,
    ) -> None:
        self._draw = random.Random(f"storm/{seed}")
        self._probability = probability
        self._burst = burst
        self._kinds = kinds
        self._most, self._make = most, make
        self._fresh = 1_000
        self._guest: Row | None = None
        self.writes = 0

    def __call__(self, rows: list[Row]) -> None:
        """A burst of writes, or none."""
        if self._draw.random() < self._probability:
            for _ in range(self._draw.randint(1, self._burst)):
                getattr(self, self._draw.choice(self._kinds))(rows)
                self.writes += 1

    def insert(self, rows: list[Row]) -> None:
        """A new profile, up to a size that stays quick."""
        if len(rows) < self._most:
            self._fresh += 1
            rows.append(self._make(self._fresh, self._draw))

    def delete(self, rows: list[Row]) -> None:
        """One profile less."""
        if rows:
            rows.pop(self._draw.randrange(len(rows)))

    def change(self, rows: list[Row]) -> None:
        """One profile changed in one member, and that shown by its time."""
        if rows:
            changed = self._draw.choice(rows)
            member = self._draw.choice(("name", "description", "is_active", "tags"))
            self._fresh += 1
            changed[member] = self._make(changed["id"], self._draw)[member]
            changed["updated_at"] = f"2026-01-02T00:00:00.{self._fresh:09d}Z"

    def blink(self, rows: list[Row]) -> None:
        """The first profile is switched on or off, without another trace."""
        if rows:
            rows[0]["is_active"] = not rows[0]["is_active"]

    def visit(self, rows: list[Row]) -> None:
        """A profile of the visitor's own comes, or goes again: the list is as before."""
        if self._guest is None:
            self._fresh += 1
            self._guest = self._make(self._fresh, self._draw)
            rows.append(self._guest)
        else:
            rows[:] = [r for r in rows if r is not self._guest]
            self._guest = None

    def return_(self, rows: list[Row]) -> None:
        """The same profile is put in and taken out, again and again."""
        if any(r["id"] == 999 for r in rows):
            rows[:] = [r for r in rows if r["id"] != 999]
        else:
            rows.append(self._make(999, random.Random(999)))

    def reload(self, rows: list[Row]) -> None:
        """Everything is replaced, as by the synchronisation with a configuration file."""
        rows[:] = [self._make(identity, self._draw) for identity in range(1, self._draw.randint(1, 60))]


# --- sessions -------------------------------------------------------------------------------------


def session(send: Callable[[Request], Exchange], **options: Any) -> Result:
    """The result of a run in which `send` is the network; options are those of `Settings`."""
    settings = Settings("http://fake.invalid", **{"examples": 0, **options})
    run = Run(parameters(settings), OLD_PATH, CATALOGUE)
    run.drive(one_by_one(send))
    return run.result(settings.base_url, 0.0)
