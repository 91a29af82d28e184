"""Work of which several pieces are under way at a time, with the results in the order of claiming."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

L = TypeVar("L")
C = TypeVar("C")
R = TypeVar("R")


def in_order(
    count: int, lanes: Sequence[L], claim: Callable[[], C], work: Callable[[L, C], R]
) -> Iterator[R]:
    """The results of `count` pieces of work; each lane's thread claims the next piece and works on it.

    What `claim` or `work` raises is raised in place of the result. Where the results are not taken to their
    end, nothing more is claimed; what is under way ends by itself, in threads that hold nothing up.
    """
    results: list[Future[R]] = [Future() for _ in range(count)]
    places = iter(results)
    turn = threading.Lock()
    over = threading.Event()

    def run(lane: L) -> None:
        while not over.is_set():
            with turn:  # so that pieces are claimed in the order of their places
                place = next(places, None)
                if place is None:
                    return
                try:
                    piece = claim()
                except BaseException as error:
                    place.set_exception(error)
                    continue
            try:
                place.set_result(work(lane, piece))
            except BaseException as error:
                place.set_exception(error)

    for lane in lanes[:count]:
        threading.Thread(target=run, args=(lane,), daemon=True).start()
    try:
        for result in results:
            yield result.result()
    finally:
        over.set()
