"""Flows: driven by anything that answers a batch, interrupted by throwing, and closed when done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contracts.model import Batch, BudgetSpent, Exchange, Request
from contracts.runs.flow import Flow, Interrupted, Send, drive, filtered, one_by_one, received

BATCH: Batch = (Request("a"), Request("b"), Request("c"))


def answer(request: Request) -> Exchange:
    return Exchange(1, request, 200)


def until(count: int, interruption: BaseException) -> Send:
    """Answers so many requests and is interrupted then."""
    left = iter(range(count))

    def send(batch: Batch) -> Iterator[Exchange]:
        for request in batch:
            if next(left, None) is None:
                raise interruption
            yield answer(request)

    return send


class Probe:
    """Notes what it received, and whether it was closed."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.closed = False

    def flow(self) -> Flow[int]:
        try:
            yield from received(BATCH, self._see)
            yield from received(BATCH[:1], self._see)
            return len(self.seen)
        finally:
            self.closed = True

    def _see(self, exchange: Exchange) -> None:
        self.seen.append(exchange.request.query)


def test_a_flow_returns_what_it_makes_of_all_exchanges() -> None:
    probe = Probe()
    assert drive(probe.flow(), one_by_one(answer)) == 4
    assert probe.seen == ["a", "b", "c", "a"]
    assert probe.closed


@pytest.mark.parametrize("count", range(4))
@pytest.mark.parametrize(
    ("interruption", "why"),
    [(BudgetSpent("no time is left"), "no time is left"), (KeyboardInterrupt(), "interrupted by the user")],
)
def test_an_interrupted_flow_receives_what_came_before(
    count: int, interruption: BaseException, why: str
) -> None:
    probe = Probe()
    with pytest.raises(Interrupted, match=why):
        drive(probe.flow(), until(count, interruption))
    assert probe.seen == ["a", "b", "c"][:count]
    assert probe.closed


def test_an_error_of_the_network_closes_the_flow_and_is_raised() -> None:
    probe = Probe()
    with pytest.raises(ZeroDivisionError):
        drive(probe.flow(), until(2, ZeroDivisionError()))
    assert probe.closed


def test_a_filtered_flow_ends_where_nothing_is_left_to_send() -> None:
    probe = Probe()
    batches = [BATCH[:2], ()]
    assert drive(filtered(probe.flow(), lambda _: batches.pop(0)), one_by_one(answer)) is None
    assert probe.seen == ["a", "b"]
    assert probe.closed


@pytest.mark.parametrize("count", range(4))
def test_an_interruption_reaches_a_filtered_flow(count: int) -> None:
    probe = Probe()
    with pytest.raises(Interrupted):
        drive(filtered(probe.flow(), lambda batch: batch), until(count, BudgetSpent("")))
    assert probe.seen == ["a", "b", "c"][:count]
    assert probe.closed
