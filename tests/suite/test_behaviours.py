"""Every reading that the catalogue names is inferred and told, as the deployment shows it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from contracts.cli import scoring
from contracts.judging.catalogue import load_catalogue

DEFAULT = {
    "authentication": "required, else 401",
    "no query": "paged, default limit 25",
    "filter only": "paged, default limit 25",
    "over the maximum": "clamped to 100",
    "limit 0": "the default, 25",
    "several tags": "any of them",
    "letter case of tags": "counts",
    "spaces round a comma": "do not count",
    "search": "honoured",
    "no integer": "refused with 400",
    "no boolean": "refused with 400",
    "negative number": "refused with 400",
    "repeated parameter": "the first counts",
    "unknown parameter": "ignored",
}
OTHERS: list[tuple[str, dict[str, str]]] = [
    ("open", {"authentication": "open, as you say"}),
    ("unpaged", {"no query": "unpaged, or a default limit of 137"}),
    ("unpaged-filters", {"filter only": "unpaged"}),
    ("over-maximum-refused", {"over the maximum": "refused with 400"}),
    ("tags-all", {"several tags": "all of them"}),
    ("tags-ignore-case", {"letter case of tags": "ignored"}),
    ("tag-spaces-count", {"spaces round a comma": "count"}),
    ("search-ignored", {"search": "ignored"}),
    ("words-absent", {"no integer": "absent", "no boolean": "absent"}),
    ("boolean-equals-true", {"no boolean": "absent"}),
    ("negative-clamped", {"negative number": "clamped, limit 25"}),
    ("zero-limit-empty", {"limit 0": "empty"}),
    ("last-counts", {"repeated parameter": "the last counts"}),
    ("repeated-refused", {"repeated parameter": "refused with 400"}),
    ("unknown-refused", {"unknown parameter": "refused with 400"}),
]


def told(**deployment: Any) -> dict[str, str]:
    result = scoring.checked(scoring.Task(**deployment))
    return {reading.name: reading.value for reading in result.behaviours}


def test_the_default_shows_all_of_them() -> None:
    assert told() == DEFAULT


def test_the_catalogue_names_as_many_as_are_told() -> None:
    named = [name for found in load_catalogue().requirements for name in found.behaviours]
    assert len({re.sub(":.*", "", name) for name in named}) == len(DEFAULT)


@pytest.mark.parametrize(("variant", "shown"), OTHERS, ids=[variant for variant, _ in OTHERS])
def test_another_variant_shows_another_reading(variant: str, shown: dict[str, str]) -> None:
    assert shown.items() <= told(variant=variant).items()
    assert not shown.items() & DEFAULT.items()


def test_what_a_broken_list_shows_is_no_refusal() -> None:
    assert "limit 0" not in told(fault="id-string")
