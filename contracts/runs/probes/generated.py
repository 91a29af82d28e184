"""Queries generated from the document by Schemathesis: the same for the same document, seed and number.

More of them begin with the fewer: the first 12 of 25 are the 12 that are generated where 12 are wanted. They
depend on nothing else, neither on the process nor on the settings of Hypothesis or Schemathesis around it.
"""

from __future__ import annotations

import math
import random
import re
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlencode

from contracts.document import document as openapi
from contracts.model import OLD_PATH, Purpose
from contracts.runs.flow import Flow
from contracts.runs.probes.context import ProbeContext

if TYPE_CHECKING:
    from schemathesis.schemas import APIOperation

DEFAULT_EXAMPLES = 8

# What can take a process down or bring a flood of profiles is asked elsewhere, last and with care.
_LARGEST_LIMIT = 1_000
_LONGEST_QUERY = 2_000
_LONG_NUMBER = re.compile(r"[0-9]{10,}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_WITHOUT_CONTROL = dict.fromkeys([*range(0x20), 0x7F])

# Half of the texts are readable, half are in any script (None).
_ALPHABETS = ("ascii", None)

# Bytes that one case is made of, more than the longest needs; and cases drawn at most for one query.
_BYTES = 1_500
_DRAWS = 40


@dataclass(frozen=True, slots=True)
class Generated:
    """A query, and whether it is meant to be valid by the document."""

    query: str
    valid: bool


def generated(ctx: ProbeContext, document: Path) -> Flow[None]:
    """Asks the generated queries, half of them meant to be valid and half not."""
    count = DEFAULT_EXAMPLES if ctx.examples is None else ctx.examples
    yield from ctx.ask_all(queries(document, ctx.seed, count), purpose=Purpose.GENERATED)


def queries(document: Path, seed: int, count: int) -> tuple[str, ...]:
    """That many different harmless queries, as far as there are."""
    return tuple(one.query for one in cases(document, seed, count))


@lru_cache(maxsize=4)
def cases(document: Path, seed: int, count: int) -> tuple[Generated, ...]:
    """The same with what they are meant to be: valid and invalid by turns."""
    if count <= 0:
        return ()
    with _ALONE, _without_traces():
        drawing = [_draw(each, valid=valid) for each in _operations(document) for valid in (True, False)]
        found = _different(drawing, random.Random(seed), most=_DRAWS * count)  # noqa: S311 - no secret
        return tuple(islice(found, count))


# Hypothesis keeps state for the whole process; runs in other threads wait here, a second at most.
_ALONE = threading.Lock()

Draw = Callable[[bytes], list[Generated]]


def _different(drawing: list[Draw], source: random.Random, *, most: int) -> Iterator[Generated]:
    """The harmless cases that the draws give by turns, each query once."""
    seen: set[str] = set()
    for _ in range(most // len(drawing)):
        for one in chain.from_iterable(draw(source.randbytes(_BYTES)) for draw in drawing):
            if one.query not in seen and is_harmless(one.query):
                seen.add(one.query)
                yield one


def _operations(document: Path) -> list[APIOperation[Any, Any, Any, Any]]:
    """The operation once for each alphabet, configured by nothing that lies about."""
    import schemathesis
    from schemathesis.config import GenerationConfig

    raw = dict(openapi.load(document).raw)
    found = []
    for alphabet in _ALPHABETS:
        config = schemathesis.Config()
        config.projects.default.generation = GenerationConfig(codec=alphabet, with_security_parameters=False)
        found.append(schemathesis.openapi.from_dict(raw, config=config)[OLD_PATH]["GET"])
    return found


def _draw(operation: APIOperation[Any, Any, Any, Any], *, valid: bool) -> Draw:
    """Makes a case of bytes; only its query is used, so that no other method and no header ever leaves.

    Hypothesis runs it as a fuzz target: the case is a function of the bytes. In its usual way of drawing,
    constants in whichever modules are loaded and options such as `--hypothesis-seed` would count as well.
    """
    import hypothesis
    import schemathesis
    from schemathesis.generation import GenerationMode

    mode = GenerationMode.POSITIVE if valid else GenerationMode.NEGATIVE
    made: list[Generated] = []

    @hypothesis.settings(database=None, verbosity=hypothesis.Verbosity.quiet)
    @hypothesis.given(operation.as_strategy(generation_mode=mode))
    def collect(case: schemathesis.Case[Any]) -> None:
        made.append(Generated(encoded(tame(case.query or {})), valid))

    target: Any = collect

    def draw(content: bytes) -> list[Generated]:
        made.clear()
        target.hypothesis.fuzz_one_input(content)
        return list(made)

    return draw


@contextmanager
def _without_traces() -> Iterator[None]:
    """No warnings of the tools on anyone's terminal, and no new directory `.hypothesis` where it runs."""
    from hypothesis import configuration

    home = configuration.storage_directory(intent_to_write=False).home_directory
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as elsewhere:
        warnings.simplefilter("ignore")
        configuration.set_hypothesis_home_dir(home if home.exists() else elsewhere)
        try:
            yield
        finally:
            configuration.set_hypothesis_home_dir(home)


def tame(query: Mapping[str, object]) -> dict[str, object]:
    """The generated query without what could do harm: control characters and huge numbers.

    A number keeps its sign, its type and, from a thousand on, its last three digits.
    """
    return {_tame_text(name): _tame(value) for name, value in query.items()}


def _tame(value: object) -> object:
    if isinstance(value, list):
        return [_tame(item) for item in value]
    if isinstance(value, str):
        return _tame_text(value)
    if isinstance(value, float) and math.isfinite(value):
        return round(math.fmod(value, 1_000), 2)
    if isinstance(value, int) and not isinstance(value, bool):
        return abs(value) % 1_000 * (-1 if value < 0 else 1)
    return value


def _tame_text(text: str) -> str:
    return text.translate(_WITHOUT_CONTROL)


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
