"""Queries generated from the document by Schemathesis: the same for the same document, seed and number."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlencode

from contracts.model import OLD_PATH
from contracts.probes.knowledge import Knowledge, Steps
from contracts.subjects.relations import GENERATED

DEFAULT_EXAMPLES = 12

# What can take a process down or bring a flood of profiles is asked elsewhere, last and with care.
_LARGEST_LIMIT = 1_000
_LONGEST_QUERY = 2_000
_LONG_NUMBER = re.compile(r"[0-9]{10,}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def generated(know: Knowledge, document: Path) -> Steps:
    """Asks the generated queries, half of them meant to be valid and half not."""
    count = DEFAULT_EXAMPLES if know.examples is None else know.examples
    for query in queries(document, know.seed, count):
        yield from know.ask(query, purpose=GENERATED)


@lru_cache(maxsize=4)
def queries(document: Path, seed: int, count: int) -> tuple[str, ...]:
    """That many different harmless queries, positive and negative by turns, as far as there are."""
    if count <= 0:
        return ()
    positive, negative = (_generated(document, seed, 4 * count + 20, positive=p) for p in (True, False))
    half = (count + 1) // 2
    chosen = dict.fromkeys(q for pair in zip(positive[:half], negative[:half], strict=False) for q in pair)
    rest = (q for q in [*positive[half:], *negative[half:]] if q not in chosen)
    return (*chosen, *rest)[:count]


def _generated(document: Path, seed: int, count: int, *, positive: bool) -> list[str]:
    """What Hypothesis draws from the strategy of the operation; only the query of each case is used.

    Cases come with other methods and with credentials of their own: neither ever leaves.
    """
    import hypothesis
    import schemathesis
    from schemathesis.generation import GenerationMode

    operation = schemathesis.openapi.from_path(document)[OLD_PATH]["GET"]
    mode = GenerationMode.POSITIVE if positive else GenerationMode.NEGATIVE
    found: dict[str, None] = {}

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def collect(case: schemathesis.Case) -> None:
        found.setdefault(encoded(case.query or {}))

    collect()
    return [query for query in found if is_harmless(query)]


def encoded(query: Mapping[str, object]) -> str:
    """A generated query as a query string."""
    return urlencode(list(_pairs(query)), errors="replace")


def _pairs(query: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        for one in value if isinstance(value, list) else [value]:
            yield name, str(one).lower() if isinstance(one, bool) else str(one)


def is_harmless(query: str) -> bool:
    """Whether no server can be hurt by it: no huge numbers or lengths, no control characters."""
    limits = re.findall(r"(?:^|&)limit=([0-9]+)", query)
    return (
        len(query) <= _LONGEST_QUERY
        and not _LONG_NUMBER.search(query)
        and not _CONTROL.search(unquote_to_bytes(query))
        and all(int(limit) <= _LARGEST_LIMIT for limit in limits)
    )
