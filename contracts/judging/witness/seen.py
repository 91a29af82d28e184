"""An excerpt as the rules of proof read it. It imports nothing of the suite but the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl

from contracts.model import Credentials, Excerpt


@dataclass(frozen=True)
class Seen:
    """An excerpt, read for the rules below."""

    excerpt: Excerpt

    @cached_property
    def facts(self) -> Mapping[str, object]:
        """The facts by name."""
        return dict(self.excerpt.facts)

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The parameters of the query, decoded, in their order."""
        return tuple(parse_qsl(self.excerpt.request.query, keep_blank_values=True))

    @cached_property
    def asked(self) -> Mapping[str, str]:
        """The parameters by name."""
        return dict(self.pairs)

    @cached_property
    def filters(self) -> frozenset[tuple[str, str]]:
        """The parameters that select, without those of the page."""
        return frozenset(pair for pair in self.pairs if pair[0] not in ("limit", "offset"))

    @property
    def narrow(self) -> bool:
        """Whether the narrower credential asked."""
        return self.excerpt.request.credentials is Credentials.NARROW

    @cached_property
    def wanted(self) -> tuple[str, ...]:
        """The tags asked for."""
        items = (item.strip() for item in self.asked.get("tags", "").split(","))
        return tuple(dict.fromkeys(item for item in items if item))

    @cached_property
    def profiles(self) -> Mapping[int, Mapping[str, object]]:
        """What is shown of the profiles, by their place on the page."""
        found: dict[int, dict[str, object]] = {}
        for key, value in self.facts.items():
            match = re.fullmatch(r"/access_profiles/([0-9]+)/(.+)", key)
            if match:
                found.setdefault(int(match[1]), {})[match[2]] = value
        return found

    @cached_property
    def places(self) -> Mapping[object, int]:
        """The first place of each id that is shown."""
        found: dict[object, int] = {}
        for place, profile in sorted(self.profiles.items()):
            if "id" in profile:
                found.setdefault(profile["id"], place)
        return found

    @property
    def ids(self) -> list[object] | None:
        """All ids of the page, where they are shown."""
        value = self.facts.get("ids")
        return value if isinstance(value, list) else None

    @property
    def breaches(self) -> list[Mapping[str, object]]:
        """What breaks a schema, each with the value and what is demanded of it."""
        found = (value for name, value in self.facts.items() if name.startswith("schema"))
        return [value for value in found if isinstance(value, dict) and {"value", "demanded"} <= value.keys()]

    def number(self, key: str) -> int | None:
        """A fact that is an integer."""
        value = self.facts.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def asked_number(self, name: str) -> int | None:
        """A parameter that is a plain number and stands once."""
        values = [value for key, value in self.pairs if key == name]
        return int(values[0]) if len(values) == 1 and re.fullmatch("[0-9]{1,18}", values[0]) else None

    @property
    def status(self) -> int | None:
        """The HTTP status."""
        return self.number("status")

    @property
    def length(self) -> int | None:
        """How many profiles the page holds."""
        return self.number("length")

    @property
    def media_type(self) -> str | None:
        """The media type, lower case, without parameters."""
        value = self.facts.get("headers/content-type")
        return None if value is None else str(value).partition(";")[0].strip().lower()
