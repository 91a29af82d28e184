"""A flow: what to request next, decided from the responses so far, without a network.

A flow is a generator. It yields a batch of requests whose order does not matter and is sent their exchanges
in the same order. The network, a recording or a test drives it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from contracts.model import Batch, BudgetSpent, Exchange, Request

T = TypeVar("T")
A = TypeVar("A")

Flow = Generator[Batch, tuple[Exchange, ...], T]
Send = Callable[[Batch], Iterable[Exchange]]


class Interrupted(Exception):  # noqa: N818 - no error: the run ends and judges what it has
    """Thrown into a flow whose batch could not be sent to its end. `exchanges` are those that came before."""

    def __init__(self, why: str, exchanges: tuple[Exchange, ...]) -> None:
        super().__init__(why)
        self.why = why
        self.exchanges = exchanges


def drive(flow: Flow[T], send: Send) -> T:
    """What the flow returns. Throws `Interrupted` into it when the budget or the user ends the run."""
    try:
        batch = next(flow)
        while True:
            batch = _step(flow, batch, send)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        flow.close()


def _step(flow: Flow[T], batch: Batch, send: Send) -> Batch:
    came: list[Exchange] = []
    try:
        for exchange in send(batch):
            came.append(exchange)
    except BudgetSpent as spent:
        return flow.throw(Interrupted(spent.why, tuple(came)))
    except KeyboardInterrupt as interruption:
        return flow.throw(Interrupted(str(interruption) or "interrupted by the user", tuple(came)))
    return flow.send(tuple(came))


def one_by_one(send: Callable[[Request], Exchange]) -> Send:
    """Sends the requests of a batch one after the other."""
    return lambda batch: map(send, batch)


def received(batch: Batch, receive: Callable[[Exchange], A]) -> Flow[tuple[A, ...]]:
    """What `receive` returns for each exchange of the batch. It also sees those before an interruption."""
    try:
        exchanges = yield batch
    except Interrupted as interruption:
        for exchange in interruption.exchanges:
            receive(exchange)
        raise
    return tuple(map(receive, exchanges))


def filtered(flow: Flow[T], outgoing: Callable[[Batch], Batch]) -> Flow[T | None]:
    """The flow with each batch replaced by what `outgoing` returns; it ends where that is empty."""
    try:
        batch = outgoing(next(flow))
        while batch:
            try:
                exchanges = yield batch
            except Interrupted as interruption:
                flow.throw(interruption)
                raise
            batch = outgoing(flow.send(exchanges))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        flow.close()
    return None
