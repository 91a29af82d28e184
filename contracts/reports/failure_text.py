"""A failure as lines of text, for terminals, pytest and the formats that have one text for a failure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.reports.failure_view import FailureView, PlaceView

_LABEL = 10


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `lead` stands before the text, `hanging` spaces where it is folded; None: never fold it."""

    text: str
    lead: str = "  "
    hanging: int | None = 2

    def __str__(self) -> str:
        return self.lead + self.text


def lines(failure: FailureView) -> Iterator[Line]:
    """The failure from the sentence to the next command to run, without a title."""
    yield Line(failure.requirement.text)
    yield _labelled("Expected", failure.expected)
    yield _labelled("Got", failure.got)
    yield _labelled("Where", failure.where)
    yield from reproducer(failure)
    for sentence in (failure.certainty, failure.blocks, failure.further):
        if sentence:
            yield Line(sentence)
    yield Line(f"Next: bifrost-contracts explain {failure.requirement.id}")


def reproducer(failure: FailureView) -> Iterator[Line]:
    """Each request of the counterexample: what its response shows, and the curl line."""
    for place in failure.places[:-1]:
        yield from _request(place)
    if failure.left_out:
        yield Line(f"… {failure.left_out:,} more requests, in report.json")
    for place in failure.places[-1:]:
        yield from _request(place)


def text(failure: FailureView) -> str:
    """The lines as one text."""
    return "\n".join(map(str, lines(failure)))


def _labelled(label: str, value: str) -> Line:
    lead = f"  {label.ljust(_LABEL)}"
    return Line(value, lead, hanging=len(lead))


def _request(place: PlaceView) -> Iterator[Line]:
    yield Line(place.title, hanging=4)
    yield Line(place.curl, "    ", hanging=None)
