"""Repetitions, waits, the budget and the pace, without network and without waiting."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.model import Exchange, FailureKind, Purpose, Request
from contracts.transport import Bounds, BudgetSpent
from contracts.transport.pace import retry_after
from tests.support.transport import CONNECT, CUT, PROTOCOL, TIMEOUT, connected, fake, ok

QUICK = settings(derandomize=True, max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def test_busy_responses_are_repeated_and_recorded() -> None:
    transport, time, seen = fake(503, 502, 504, 200)
    exchange = transport.send(Request())
    assert exchange.status == 200
    assert [attempt.why for attempt in exchange.attempts] == ["503", "502", "504"]
    assert [attempt.waited for attempt in exchange.attempts] == time.slept
    assert all(0.1 * 2**n <= waited <= 0.3 * 2**n for n, waited in enumerate(time.slept))
    assert transport.sent == len(seen) == 4
    assert (exchange.number, transport.send(Request()).number) == (1, 2)


def test_the_last_response_counts_when_the_deployment_stays_busy() -> None:
    transport, _, seen = fake(503)
    exchange = transport.send(Request())
    assert (exchange.status, len(exchange.attempts), len(seen)) == (503, 4, 5)


def test_the_same_seed_waits_equally_long() -> None:
    slept = []
    for seed in (1, 1, 2):
        transport, time, _ = fake(503, seed=seed)
        transport.send(Request())
        slept.append(time.slept)
    assert slept[0] == slept[1] != slept[2]


@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 500, 501])
def test_other_responses_are_not_repeated(status: int) -> None:
    transport, time, seen = fake(status)
    assert transport.send(Request()).attempts == ()
    assert (len(seen), time.slept) == (1, [])


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.1),
        ({"Retry-After": "3600"}, 30.0),
        ({"Retry-After": "9" * 400}, 30.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:25 GMT"}, 5.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:25 GMT", "Date": "Tue, 14 Nov 2023 22:13:23 GMT"}, 2.0),
        ({"Retry-After": "Tue, 14 Nov 2023 22:13:25 -0000", "Date": "soon"}, 5.0),
        ({"Retry-After": "Mon, 02 Jan 2006 15:04:05 GMT"}, 0.1),
    ],
)
def test_retry_after_is_honoured_within_bounds(headers: dict[str, str], waited: float) -> None:
    transport, time, _ = fake(httpx.Response(429, headers=headers), 200)
    assert transport.send(Request()).status == 200
    assert time.slept[0] == pytest.approx(waited)


@pytest.mark.parametrize(
    "value", ["soon", "-5", "1.5", "\xb2", "", "99 Nov 99999", "Tue, 14 Nov 0000 99:99:99 GMT"]
)
def test_a_malformed_retry_after_means_backing_off(value: str) -> None:
    transport, time, _ = fake(httpx.Response(429, headers=[("Retry-After", value.encode("latin-1"))]), 200)
    transport.send(Request())
    assert 0.1 <= time.slept[0] <= 0.3


@QUICK
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_retry_after_raises(value: str, date: str) -> None:
    exchange = Exchange(1, Request(), 429, (("Retry-After", value), ("Date", date)))
    seconds = retry_after(exchange, 0.0)
    assert seconds is None or seconds >= 0


def test_waiting_without_success_is_bounded_for_the_whole_run() -> None:
    hour = httpx.Response(429, headers={"Retry-After": "3600"})
    transport, time, _ = fake(hour)
    for _ in range(5):
        assert transport.send(Request()).status == 429
    assert 0 < sum(wait for wait in time.slept if wait > 10) <= Bounds().max_total_wait


def test_a_good_response_resets_the_wait() -> None:
    busy = httpx.Response(503, headers={"Retry-After": "25"})
    transport, time, _ = fake(busy, 200, busy, 200, busy, 200, bounds=Bounds(max_total_wait=30))
    assert [transport.send(Request()).status for _ in range(3)] == [200, 200, 200]
    assert time.slept == [25.0, 25.0, 25.0]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ReadError("x"), CUT),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), CUT),
        (httpx.ConnectError("x"), CONNECT),
    ],
)
def test_network_errors_are_repeated_once_something_answered(error: Exception, kind: FailureKind) -> None:
    transport, _, _ = fake(200, error, error, 200)
    transport.send(Request())
    exchange = transport.send(Request())
    assert exchange.status == 200
    assert [attempt.why for attempt in exchange.attempts] == [kind, kind]


def test_a_timeout_is_repeated_once_because_each_costs_its_whole_time() -> None:
    transport, _, _ = fake(200, httpx.ReadTimeout("x"), httpx.ReadTimeout("x"), 200)
    transport.send(Request())
    exchange = transport.send(Request())
    assert exchange.failure is not None
    assert [attempt.why for attempt in exchange.attempts] == [TIMEOUT]


def test_the_bodies_of_a_run_are_bounded_together() -> None:
    transport, _, _ = fake(httpx.Response(200, content=b"x" * 600), bounds=Bounds(max_total_content=1_000))
    assert [transport.send(Request()).status for _ in range(2)] == [200, 200]
    with pytest.raises(BudgetSpent, match="1,200 bytes"):
        transport.send(Request())


@pytest.mark.parametrize("error", [httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.ConnectError("x")])
def test_one_repetition_is_enough_where_nothing_ever_answered(error: Exception) -> None:
    transport, time, seen = fake(error)
    assert len(transport.send(Request()).attempts) == 1
    assert (len(seen), sum(time.slept) < 1) == (2, True)


def test_protocol_errors_are_not_repeated() -> None:
    transport, _, _ = fake(200, httpx.RemoteProtocolError("illegal status line: b'...'"))
    transport.send(Request())
    exchange = transport.send(Request())
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.attempts) == (PROTOCOL, ())


@pytest.mark.parametrize("answer", [httpx.ReadTimeout("x"), httpx.ReadError("x"), 502, 503, 504])
def test_a_hostile_value_is_not_repeated_where_it_may_have_done_harm(answer: Exception | int) -> None:
    transport, _, seen = fake(200, answer)
    transport.send(Request())
    assert transport.send(Request(purpose=Purpose.HOSTILE)).attempts == ()
    assert len(seen) == 2


@pytest.mark.parametrize(
    "answer", [httpx.ConnectError("x"), 429, httpx.Response(503, headers={"Retry-After": "1"})]
)
def test_a_hostile_value_is_repeated_where_it_was_not_read(answer: Any) -> None:
    transport, _, _ = fake(200, answer, 400)
    transport.send(Request())
    assert transport.send(Request(purpose=Purpose.HOSTILE)).status == 400


def test_an_idle_connection_that_was_closed_costs_nothing() -> None:
    transport, server = connected(lambda *_: ok(), hangs_up_after=1)
    assert [transport.send(Request()).attempts for _ in range(3)] == [()] * 3
    assert (transport.sent, len(server.connections)) == (3, 3)


# Budget and pace


def test_every_attempt_counts_against_the_budget() -> None:
    transport, _, seen = fake(503, bounds=Bounds(max_requests=3))
    assert transport.send(Request()).status == 503
    assert len(seen) == 3
    with pytest.raises(BudgetSpent, match="3 requests") as caught:
        transport.send(Request())
    assert caught.value.why.endswith(".")
    assert len(seen) == 3


def test_the_time_of_the_run_is_bounded() -> None:
    transport, time, seen = fake(
        200, httpx.Response(503, headers={"Retry-After": "20"}), bounds=Bounds(deadline=30)
    )
    transport.send(Request())
    time.now += 15
    exchange = transport.send(Request())
    assert (exchange.status, exchange.attempts) == (503, ())
    assert (exchange.started, time.slept) == (15.0, [])
    time.now += 15
    with pytest.raises(BudgetSpent, match="30 s"):
        transport.send(Request())
    assert len(seen) == 2


def test_the_rate_is_kept() -> None:
    transport, time, _ = fake(200, bounds=Bounds(rate=4))
    for _ in range(5):
        transport.send(Request())
    assert time.now == pytest.approx(1001.0)


def test_a_429_slows_down_and_good_responses_recover() -> None:
    transport, time, _ = fake(200, 429, 429, 429, 200)
    transport.send(Request())
    transport.send(Request())
    slow = time.now
    transport.send(Request())
    first = time.now - slow
    for _ in range(200):
        transport.send(Request())
    fast = time.now
    transport.send(Request())
    assert first >= 0.2
    assert time.now == fast
