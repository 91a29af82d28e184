"""Several pieces of work at the same time, with their results in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

Worker = TypeVar("Worker")
Claim = TypeVar("Claim")
Output = TypeVar("Output")


def in_order(
    count: int,
    workers: Sequence[Worker],
    claim: Callable[[], Claim],
    work: Callable[[Worker, Claim], Output],
) -> Iterator[Output]:
    """The results of `count` pieces of work; a thread for each worker claims a piece and works on it.

    Whatever `claim` or `work` raises is raised in place of the result. When the caller stops early, nothing
    more is claimed, and what is in progress ends by itself in daemon threads.
    """
    results: list[Future[Output]] = [Future() for _ in range(count)]
    places = iter(results)
    turn = threading.Lock()
    is_over = threading.Event()

    def run(worker: Worker) -> None:
        while not is_over.is_set():
            with turn:  # pieces are claimed in the order of their places
                place = next(places, None)
                if place is None:
                    return
                try:
                    piece = claim()
                except BaseException as error:
                    place.set_exception(error)
                    continue
            try:
                place.set_result(work(worker, piece))
            except BaseException as error:
                place.set_exception(error)

    for worker in workers[:count]:
        threading.Thread(target=run, args=(worker,), daemon=True).start()
    try:
        for result in results:
            yield result.result()
    finally:
        is_over.set()
