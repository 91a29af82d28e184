"""One short function for each requirement; importing this package registers them all."""

from contracts.judging.checks import (
    access,
    alias,
    data,
    filters,
    generated,
    inputs,
    page,
    response,
    search,
    tags,
    walk,
)

__all__ = [
    "access",
    "alias",
    "data",
    "filters",
    "generated",
    "inputs",
    "page",
    "response",
    "search",
    "tags",
    "walk",
]
