"""Several requests under way at a time: numbers, budget and pace are as if they were sent one by one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import httpx
import pytest

from contracts import reference
from contracts.model import OLD_PATH, Batch, Exchange, Outcome, Request, Result
from contracts.runs.run import Settings, check, parameters
from contracts.runs.session import Run
from contracts.transport import Bounds, BudgetSpent, Refused, Secrets, Target, Transport
from contracts.transport.pace import Pace
from tests.support.fake import CATALOGUE, Deployment, rows


class Network:
    """Answers each request with its query; the first ones take longest. Notes how many were under way."""

    def __init__(self, *statuses: int, delay: float | None = None) -> None:
        self.statuses = list(statuses)
        self.delay = delay
        self.under_way = self.most = 0
        self.sent: list[float] = []
        self.lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.sent.append(time.monotonic())
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            status = self.statuses.pop(0) if self.statuses else 200
            delay = self.delay or 0.03 / len(self.sent)
        time.sleep(delay)
        with self.lock:
            self.under_way -= 1
        return httpx.Response(status, content=request.url.query)


@contextmanager
def transport(network: Network, **bounds: object) -> Iterator[Transport]:
    given = replace(Bounds(concurrency=4), **bounds)  # type: ignore[arg-type]
    target = Target.parse("http://gateway.example", OLD_PATH)
    with Transport(target, bounds=given, client=httpx.MockTransport(network)) as opened:
        yield opened


def batch(count: int) -> Batch:
    return tuple(Request(f"offset={number}") for number in range(count))


def test_exchanges_come_in_the_order_asked_however_long_each_takes() -> None:
    network = Network()
    with transport(network) as opened:
        first = opened.send(Request())
        exchanges = list(opened.send_all(batch(12)))
    assert [e.content for e in exchanges] == [b"offset=%d" % n for n in range(12)]
    assert [e.number for e in (first, *exchanges)] == list(range(1, 14))
    assert 1 < network.most <= 4


def test_one_lane_sends_one_by_one() -> None:
    network = Network()
    with transport(network, concurrency=1) as opened:
        assert [e.number for e in opened.send_all(batch(5))] == [1, 2, 3, 4, 5]
    assert network.most == 1


def test_the_budget_holds_to_the_request_repetitions_included() -> None:
    network = Network(200, 503, 200, 200)
    with transport(network, max_requests=7) as opened, pytest.raises(BudgetSpent, match="7 requests"):
        list(opened.send_all(batch(20)))
    assert len(network.sent) == opened.sent == 7


def test_what_came_before_the_budget_was_spent_is_given() -> None:
    with transport(Network(), max_requests=6) as opened:
        exchanges = opened.send_all(batch(20))
        assert [next(exchanges).number for _ in range(6)] == [1, 2, 3, 4, 5, 6]
        with pytest.raises(BudgetSpent):
            next(exchanges)


def test_all_lanes_share_one_pace() -> None:
    network = Network()
    with transport(network, rate=50) as opened:
        list(opened.send_all(batch(8)))
    gaps = [later - earlier for earlier, later in zip(network.sent, network.sent[1:], strict=False)]
    assert sum(gaps) >= 0.13  # seven intervals of 0.02 s, and the inexactness of sleep


def test_a_429_in_all_lanes_at_once_slows_them_down_once() -> None:
    now = [100.0]
    pace = Pace(None, lambda: now[0], lambda seconds: now.__setitem__(0, now[0] + seconds))
    for _ in range(4):
        pace.wait()
    for _ in range(4):
        pace.slow_down(sent=100.0)
        now[0] += 0.001
    assert pace.next_turn() == pytest.approx(100.05)
    pace.slow_down(sent=now[0])
    assert pace.next_turn() == pytest.approx(100.1)


def test_nothing_of_a_batch_leaves_where_a_part_must_not() -> None:
    network = Network()
    with transport(network) as opened, pytest.raises(Refused):
        list(opened.send_all((*batch(3), Request(method="DELETE"))))
    assert network.sent == []


def test_after_an_interruption_nothing_more_is_claimed() -> None:
    network = Network(delay=0.02)
    with transport(network) as opened:
        exchanges = opened.send_all(batch(100))
        next(exchanges)
        exchanges.close()  # type: ignore[attr-defined]
        sent = len(network.sent)
    time.sleep(0.1)
    assert len(network.sent) <= sent + 4 < 100


def test_an_interrupted_wait_sends_nothing_afterwards() -> None:
    network = Network(200, 503, 503, 503, 503)
    with transport(network, retries=4) as opened:
        opened.send(Request())

        def take() -> None:
            with suppress(BudgetSpent):
                list(opened.send_all(batch(4)))

        threading.Thread(target=take, daemon=True).start()
        time.sleep(0.05)
    sent = len(network.sent)
    time.sleep(0.4)
    assert len(network.sent) == sent == 5


# --- whole runs -----------------------------------------------------------------------------------


class Together(Deployment):
    """Answers batches too, and notes how long they were."""

    def __init__(self, count: int, interrupted_at: int | None = None) -> None:
        super().__init__(rows(count))
        self.lengths: list[int] = []
        self.interrupted_at = interrupted_at

    def all(self, requests: Batch) -> Iterator[Exchange]:
        self.lengths.append(len(requests))
        for request in requests:
            if len(self.exchanges) == self.interrupted_at:
                raise KeyboardInterrupt
            yield self(request)


def ran(deployment: Together, concurrency: int) -> Result:
    bounds = Bounds(concurrency=concurrency)
    settings = Settings("http://fake.invalid", bounds=bounds, examples=0)
    run = Run(parameters(settings), OLD_PATH, CATALOGUE)
    run.drive(deployment.all)
    return run.result("http://fake.invalid", 0.0)


def test_a_correct_deployment_is_asked_the_same_in_the_same_order() -> None:
    single, several = Together(250), Together(250)
    results = ran(single, 1), ran(several, 4)
    assert [e.request for e in several.exchanges] == [e.request for e in single.exchanges]
    assert results[0].verdicts == results[1].verdicts
    assert set(single.lengths) == {1}
    assert max(several.lengths) == 4


def test_what_came_of_a_batch_before_an_interruption_is_judged() -> None:
    whole = Together(250)
    ran(whole, 4)
    at = whole.lengths.index(4)
    deployment = Together(250, interrupted_at=sum(whole.lengths[:at]) + 2)
    result = ran(deployment, 4)
    assert result.interrupted == "interrupted by the user"
    assert len(result.exchanges) == len(deployment.exchanges) == deployment.interrupted_at
    assert any(v.outcome is Outcome.PASS for v in result.verdicts)


def test_the_reference_deployment_conforms_with_several_lanes() -> None:
    with reference.serving() as served:
        settings = Settings(served.url, secrets=Secrets(served.token), bounds=Bounds(concurrency=4))
        result = check(settings)
    assert [v.requirement.id for v in result.verdicts if v.outcome is Outcome.FAIL] == []
    assert [e.number for e in result.exchanges] == list(range(1, len(result.exchanges) + 1))
