"""The judge: each outcome from evidence and repetitions made by hand, and what it never says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.evidence.evidence import Conditions, Evidence
from contracts.judging import repetition as repeating
from contracts.judging.catalogue import load_catalogue
from contracts.judging.examples import exchange, load_examples
from contracts.judging.judge import judge
from contracts.judging.repetition import (
    BRACKETED_BROKEN,
    BRACKETED_REPETITIONS,
    RECURRING,
    REPETITIONS_WHEN_CHANGING,
    REPETITIONS_WHEN_STABLE,
    JudgingState,
    Repetition,
    examine,
)
from contracts.model import (
    NEW_PATH,
    Batch,
    Credentials,
    Exchange,
    ExitStatus,
    Level,
    Outcome,
    Verdict,
    exit_status,
)

CATALOGUE = load_catalogue()
EXAMPLES = load_examples()
PLAIN = Conditions()
Entry = Mapping[str, Any]


def exchanges(entries: Iterable[Entry], first: int = 1) -> tuple[Exchange, ...]:
    return tuple(exchange(number, entry) for number, entry in enumerate(entries, first))


def state(
    asked: Iterable[Exchange],
    repetitions: Sequence[Sequence[Exchange]] = (),
    still: Sequence[Sequence[Exchange]] = (),
    conditions: Conditions = PLAIN,
    ids: Iterable[str] = (),
) -> JudgingState:
    """The case that exchanges make; repetitions belong to the witness that their requests are."""
    evidence = Evidence.of(asked, conditions)
    findings = examine(CATALOGUE, evidence, ids)
    return JudgingState(CATALOGUE, evidence, findings, _by_requests(repetitions), _by_requests(still))


def _by_requests(repetitions: Sequence[Sequence[Exchange]]) -> dict[Batch, list[Repetition]]:
    found: dict[Batch, list[Repetition]] = {}
    for one in repetitions:
        found.setdefault(tuple(e.request for e in one), []).append(Repetition(tuple(one), Conditions()))
    return found


def verdict(id_: str, judged: JudgingState) -> Verdict:
    return next(v for v in judge(judged) if v.requirement.id == id_)


FIRST = {"ask": "limit=2&offset=0", "profiles": [1, 2], "total": 4}
SECOND = {"ask": "limit=2&offset=2", "profiles": [3, 4]}
SKIPPING = {"ask": "limit=2&offset=2", "profiles": [4], "total": 4}
MOVED = {"ask": "limit=2&offset=0", "profiles": [1, 9], "total": 4}
WALK = (FIRST, SECOND)
SKIPPED = (FIRST, SKIPPING)


def again(walk: Iterable[Entry], times: int) -> list[tuple[Exchange, ...]]:
    return [exchanges(walk, 10 * number) for number in range(1, times + 1)]


def changing(times: int) -> list[tuple[Exchange, ...]]:
    """Rounds that break the same requirement, each with other profiles."""
    return [exchanges(({**FIRST, "profiles": [1, 100 + n]}, SKIPPING), 10 * n) for n in range(1, times + 1)]


# --- pass and fail by one exchange ----------------------------------------------------------------


def test_a_pass_says_how_much_was_judged_and_what_would_have_failed() -> None:
    passed = verdict("PAGE-COUNT", state(exchanges((*WALK, {"ask": "limit=5&offset=3", "profiles": [4]}))))
    assert (passed.outcome, passed.checked) == (Outcome.PASS, 3)
    assert passed.mutations_detected > 0


def test_one_exchange_fails_by_itself() -> None:
    failed = verdict("PAGE-COUNT", state(exchanges([{**FIRST, "count": 4}])))
    assert (failed.outcome, failed.violations_total) == (Outcome.FAIL, 1)
    assert failed.violations[0].exchanges == (1,)


def test_the_order_of_unchanged_profiles_fails_by_itself() -> None:
    assert verdict("WALK-REPEAT", state(EXAMPLES["WALK-REPEAT"].bad)).outcome is Outcome.FAIL


# --- quiet repetitions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repetitions", "outcome"),
    [
        ([], Outcome.INCONCLUSIVE),
        (again(SKIPPED, REPETITIONS_WHEN_STABLE - 1), Outcome.INCONCLUSIVE),
        (again(SKIPPED, REPETITIONS_WHEN_STABLE), Outcome.FAIL),
        (
            again(WALK, REPETITIONS_WHEN_STABLE),
            Outcome.INCONCLUSIVE,
        ),  # it held still, and so the first sight is odd
        ([*again(SKIPPED, 2), *again(WALK, 1), *again(SKIPPED, 2)], Outcome.INCONCLUSIVE),
        ([*again(WALK, 1), *again(SKIPPED, REPETITIONS_WHEN_STABLE)], Outcome.INCONCLUSIVE),
        ([*again(WALK, 1), *again(SKIPPED, REPETITIONS_WHEN_CHANGING - 1)], Outcome.INCONCLUSIVE),
        ([*again(WALK, 1), *again(SKIPPED, REPETITIONS_WHEN_CHANGING)], Outcome.FAIL),
        (changing(REPETITIONS_WHEN_CHANGING), Outcome.INCONCLUSIVE),
    ],
)
def test_equal_repetitions_convict_and_more_are_needed_where_something_moved(
    repetitions: list[tuple[Exchange, ...]], outcome: Outcome
) -> None:
    judged = verdict("WALK-COMPLETE", state(exchanges(SKIPPED), repetitions))
    assert judged.outcome is outcome
    assert judged.reproduced == sum(
        1 for one in repetitions if len(one[1].content) == len(exchanges(SKIPPED)[1].content)
    )


def test_a_doubt_is_settled_by_writes_that_were_seen_and_repetitions_that_held() -> None:
    seen = exchanges((*SKIPPED, MOVED, FIRST))
    assert (
        verdict("WALK-COMPLETE", state(seen, again(WALK, REPETITIONS_WHEN_STABLE - 1))).outcome
        is Outcome.INCONCLUSIVE
    )
    assert verdict("WALK-COMPLETE", state(seen, again(WALK, REPETITIONS_WHEN_STABLE))).outcome is Outcome.PASS


def test_a_doubt_names_the_way_to_settle_it() -> None:
    reason = verdict("WALK-COMPLETE", state(exchanges(SKIPPED))).reason
    assert "seen 1 times, and in 0 of 0 repetitions" in reason
    assert "run again while nothing writes" in reason


@pytest.mark.parametrize(
    ("broken", "outcome"),
    [
        (BRACKETED_REPETITIONS, Outcome.FAIL),
        (BRACKETED_BROKEN[2], Outcome.FAIL),
        (BRACKETED_BROKEN[2] - 1, Outcome.INCONCLUSIVE),
    ],
)
def test_repetitions_that_differ_convict_between_reads_of_a_list_that_stays_the_same(
    broken: int, outcome: Outcome
) -> None:
    still = [*changing(broken), *again(WALK, BRACKETED_REPETITIONS - broken)]
    assert verdict("WALK-COMPLETE", state(exchanges(SKIPPED), changing(4), still)).outcome is outcome


def test_only_short_witnesses_that_break_a_quarter_of_the_time_are_worth_such_repetitions() -> None:
    often = [*changing(1), *again(WALK, 3)]
    less = [*changing(1), *again(WALK, 4)]
    requests = tuple(e.request for e in exchanges(SKIPPED))
    ids = ["WALK-COMPLETE"]
    assert repeating.open_counterexamples(state(exchanges(SKIPPED), often, ids=ids)) == [requests]
    assert repeating.open_counterexamples(state(exchanges(SKIPPED), less, ids=ids)) == []
    assert repeating.open_counterexamples(state(exchanges(SKIPPED), ids=ids)) == []


def emptied(seconds: float, number: int, total: int) -> tuple[Exchange, ...]:
    """A walk that finds two of very many; its repetitions are never equal."""
    walk = exchanges(({**FIRST, "profiles": [1, number], "total": total}, {**SECOND, "profiles": []}), number)
    return (walk[0], replace(walk[1], started=seconds))


@pytest.mark.parametrize(
    ("totals", "seconds", "outcome"),
    [
        ([900, 901, 902], 0.1, Outcome.FAIL),
        ([], 0.1, Outcome.INCONCLUSIVE),
        ([900, 901], 0.1, Outcome.INCONCLUSIVE),  # too few
        ([900, 901, 12], 0.1, Outcome.INCONCLUSIVE),  # one of them is plausible
        ([900, 901, 902], 60.0, Outcome.INCONCLUSIVE),  # there was time for that many
    ],
)
def test_more_writes_than_plausible_are_no_excuse_when_every_round_needs_them(
    totals: list[int], seconds: float, outcome: Outcome
) -> None:
    repetitions = [emptied(seconds, 10 * n, total) for n, total in enumerate(totals, 1)]
    assert verdict("WALK-TOTAL", state(emptied(seconds, 1, 899), repetitions)).outcome is outcome


@pytest.mark.parametrize(
    ("again_500", "outcome"), [(0, Outcome.INCONCLUSIVE), (1, Outcome.INCONCLUSIVE), (2, Outcome.FAIL)]
)
def test_a_5xx_has_to_recur(again_500: int, outcome: Outcome) -> None:
    failing = {"ask": "limit=2&offset=2", "status": 500}
    repetitions = [*again([failing], again_500), *again([SECOND], 1)]
    assert again_500 + 1 < RECURRING or outcome is Outcome.FAIL
    assert verdict("RESP-STATUS", state(exchanges((FIRST, failing)), repetitions)).outcome is outcome


# --- nothing to judge -----------------------------------------------------------------------------


def test_what_lacks_data_is_not_exercised_and_says_what_it_needs() -> None:
    judged = verdict("FILTER-ACTIVE-PARTITION", state(exchanges(WALK)))
    assert (judged.outcome, judged.reason) == (
        Outcome.NOT_EXERCISED,
        "needs at least one active and one inactive item",
    )


def test_what_was_judged_but_could_not_have_failed_is_not_exercised() -> None:
    judged = verdict("PAGE-COUNT", state(exchanges([{"profiles": []}])))
    assert judged.outcome is Outcome.NOT_EXERCISED
    assert judged.checked == 1


def test_a_legal_choice_that_makes_it_empty_is_not_applicable() -> None:
    other = {"ask": "limit=2&offset=0", "path": NEW_PATH, "purpose": "alias", "status": 404}
    judged = verdict("ALIAS-PARITY", state(exchanges([*WALK, other])))
    assert (judged.outcome, judged.reason) == (
        Outcome.NOT_APPLICABLE,
        "only one of the two paths is served",
    )


REFUSED = [{"status": 401, "headers": {"Content-Type": "application/json", "WWW-Authenticate": "Basic"}}]


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        (Conditions(), "wants credentials (401); pass them with --token-env"),
        (Conditions(token=True), "refuses the given credentials (401)"),
    ],
)
def test_refused_credentials_are_no_fault(conditions: Conditions, words: str) -> None:
    verdicts = judge(state(exchanges(REFUSED), conditions=conditions))
    assert Outcome.FAIL not in {v.outcome for v in verdicts}
    assert words in next(v for v in verdicts if v.requirement.id == "PAGE-COUNT").reason
    assert exit_status(verdicts) == ExitStatus.INCONCLUSIVE


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "nothing was requested"),
        ([{"failure": "cut connection"}], "1 request got no response: "),
        ([{"status": 503}, {"status": 503}], "2 requests got no response but 503"),
    ],
)
def test_silence_is_inconclusive_and_said_once(entries: list[Entry], words: str) -> None:
    served, *others = judge(state(exchanges(entries)))
    assert {v.outcome for v in (served, *others)} == {Outcome.INCONCLUSIVE}
    assert words in served.reason
    assert {v.reason for v in others} == {"as SERVED"}


def test_what_an_early_end_left_unasked_is_inconclusive_and_never_merely_unexercised() -> None:
    early = replace(state(exchanges([{"profiles": [1]}])), ended_early=True)
    outcomes = {v.outcome for v in judge(early)}
    assert Outcome.INCONCLUSIVE in outcomes
    assert outcomes.isdisjoint({Outcome.NOT_APPLICABLE, Outcome.NOT_EXERCISED})


def test_content_beyond_the_bounds_is_inconclusive() -> None:
    judged = verdict("RESP-JSON", state(exchanges([{"text": "[" * 9_999}])))
    assert judged.outcome is Outcome.INCONCLUSIVE
    assert "request #1 is beyond what the suite reads" in judged.reason


# --- one cause ------------------------------------------------------------------------------------


def test_what_follows_is_blocked_by_the_root_cause() -> None:
    page = {"headers": {"Content-Type": "text/html"}, "text": "<html>"}
    verdicts = judge(state(exchanges([page])))
    assert [v.requirement.id for v in verdicts if v.outcome is Outcome.FAIL] == ["SERVED"]
    blocked = [v for v in verdicts if v.outcome is Outcome.BLOCKED]
    assert len(blocked) > 30
    assert {v.blocked_by for v in blocked} == {"SERVED"}


def test_what_fails_for_another_reason_is_not_blocked() -> None:
    bad = exchanges([{**FIRST, "count": 4}, SECOND, {**FIRST, "profiles": [2, 1]}])
    failed = {v.requirement.id for v in judge(state(bad)) if v.outcome is Outcome.FAIL}
    assert {"PAGE-COUNT", "WALK-REPEAT"} <= failed


# --- asking again ---------------------------------------------------------------------------------


def wanted(judged: JudgingState) -> bool:
    (requests,) = repeating.to_repeat(judged)
    return repeating.wants_repetition(judged, requests)


@pytest.mark.parametrize(
    ("repetitions", "more"),
    [
        ([], True),
        (again(SKIPPED, REPETITIONS_WHEN_STABLE - 1), True),
        (again(SKIPPED, REPETITIONS_WHEN_STABLE), False),
        (again(WALK, REPETITIONS_WHEN_STABLE), False),
        ([*again(WALK, 1), *again(SKIPPED, REPETITIONS_WHEN_STABLE)], True),
        ([*again(WALK, 1), *again(SKIPPED, REPETITIONS_WHEN_CHANGING)], False),
        (
            [*again(SKIPPED, 1), *again(WALK, 5)],
            False,
        ),  # the repetitions left are too few for so many equal ones
    ],
)
def test_a_witness_is_asked_again_as_long_as_that_can_settle_it(
    repetitions: list[tuple[Exchange, ...]], more: bool
) -> None:
    assert wanted(state(exchanges(SKIPPED), repetitions, ids=["WALK-COMPLETE"])) is more


def test_what_convicts_by_itself_is_confirmed_once() -> None:
    bad = {**FIRST, "count": 4}
    assert wanted(state(exchanges([bad]), ids=["PAGE-COUNT"]))
    assert not wanted(state(exchanges([bad]), again([bad], 1), ids=["PAGE-COUNT"]))


@pytest.mark.parametrize("query", ["tags=%00", "limit=1&offset=4294967296", f"limit={2**63}"])
def test_a_hostile_value_that_cut_the_connection_is_never_asked_again(query: str) -> None:
    cut = {"ask": query, "purpose": "hostile", "failure": "cut connection"}
    judged = state(exchanges((FIRST, cut, FIRST)), ids=["INPUT-NO-5XX"])
    assert judged.findings["INPUT-NO-5XX"].violations
    assert [one for one in repeating.to_repeat(judged) if repeating.wants_repetition(judged, one)] == []


# --- whatever comes -------------------------------------------------------------------------------

EVERY = [one for example in EXAMPLES.values() for one in (*example.good, *example.bad)]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(EVERY), max_size=8), st.booleans())
def test_a_pass_always_rests_on_something(picked: list[Exchange], token: bool) -> None:
    asked = [replace(one, number=number) for number, one in enumerate(picked, 1)]
    verdicts = judge(state(asked, conditions=Conditions(token=token)))
    assert [v.requirement.id for v in verdicts] == list(CATALOGUE.checks)
    for one in verdicts:
        assert (one.outcome is Outcome.PASS) <= (one.checked > 0 and one.mutations_detected > 0)
        assert (one.outcome is Outcome.FAIL) == bool(one.violations and not one.reason)
        assert (one.outcome is Outcome.BLOCKED) == (one.blocked_by is not None)


@pytest.mark.parametrize("id_", sorted(CATALOGUE.checks))
def test_a_bad_example_never_passes(id_: str) -> None:
    conditions = Conditions(token=True, narrow=True)
    judged = verdict(id_, state(EXAMPLES[id_].bad, conditions=conditions))
    assert judged.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE)


# --- exit status ----------------------------------------------------------------------------------


def of(outcome: Outcome, level: Level = Level.MUST) -> Verdict:
    requirement = next(r for r in CATALOGUE.requirements if r.level is level)
    return Verdict(requirement, outcome)


P, F, I, N = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.NOT_EXERCISED  # noqa: E741
A, B, W = Outcome.NOT_APPLICABLE, Outcome.BLOCKED, Outcome.WAIVED


@pytest.mark.parametrize(
    ("outcomes", "strict", "lenient"),
    [
        ([], 3, 3),
        ([P], 0, 0),
        ([P, W], 0, 0),
        ([P, A], 0, 0),
        ([P, N], 3, 0),
        ([P, I], 3, 3),
        ([P, B], 3, 3),
        ([P, F], 1, 1),
        ([F, I, N, B], 1, 1),
        ([N], 3, 3),
        ([A], 3, 3),
        ([A, N], 3, 3),
    ],
)
def test_exit_status(outcomes: list[Outcome], strict: int, lenient: int) -> None:
    verdicts = tuple(map(of, outcomes))
    assert exit_status(verdicts) == strict
    assert exit_status(verdicts, allow_unexercised=True) == lenient


@pytest.mark.parametrize(("outcome", "status"), [(F, 1), (I, 3), (P, 0)])
def test_should_counts_only_where_it_was_asked_for(outcome: Outcome, status: int) -> None:
    verdicts = (of(P), of(outcome, Level.SHOULD))
    assert exit_status(verdicts) == ExitStatus.CONFORMING
    assert exit_status(verdicts, level=Level.SHOULD) == status


def test_other_credentials_are_no_answer_of_the_list() -> None:
    answer = exchange(1, {"credentials": Credentials.NONE, "status": 401})
    assert verdict("RESP-STATUS", state([answer])).checked == 0
