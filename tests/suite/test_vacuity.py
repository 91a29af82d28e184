"""A pass must have been able to fail: which corruptions show it, and which evidence shows nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.evidence.answers import Page
from contracts.evidence.evidence import Evidence
from contracts.evidence.walks import walk_pairs, walks
from contracts.judging.catalogue import load_catalogue
from contracts.judging.check import Check
from contracts.judging.examples import exchange, load_examples
from contracts.judging.vacuity import MUTATIONS, answers_of, detected_mutations
from contracts.model import Violation

CATALOGUE = load_catalogue()
EXAMPLES = load_examples()


def mutations_detected(check: Check, evidence: Evidence) -> int:
    return detected_mutations(check, evidence, CATALOGUE.document)


@pytest.mark.parametrize("id_", sorted(CATALOGUE.checks))
def test_each_check_can_be_made_to_fail_on_its_good_example(id_: str) -> None:
    assert mutations_detected(CATALOGUE.checks[id_], Evidence.of(EXAMPLES[id_].good)) > 0


def never(_page: Page) -> tuple[Violation, ...]:
    """A check that cannot fail."""
    return ()


def test_a_check_that_cannot_fail_is_found_out() -> None:
    useless = replace(CATALOGUE.checks["PAGE-COUNT"], function=never)
    assert mutations_detected(useless, Evidence.of(EXAMPLES["PAGE-COUNT"].good)) == 0


@pytest.mark.parametrize(
    "id_", ["WALK-ORDER", "WALK-REPEAT", "FILTER-TAGS-LIST", "FILTER-ORDER", "DATA-NAMES"]
)
def test_an_empty_list_could_have_broken_nothing(id_: str) -> None:
    assert mutations_detected(CATALOGUE.checks[id_], Evidence.of([exchange(1, {"profiles": []})])) == 0


def test_nothing_judged_is_nothing_shown() -> None:
    assert {
        id_ for id_, check in CATALOGUE.checks.items() if mutations_detected(check, Evidence([]))
    } == set()


def test_a_corruption_changes_the_answer_or_says_that_it_does_not_apply() -> None:
    profiles = [{"id": 1, "tags": ["a"], "provider_configs": []}, {"id": 2, "is_active": False}]
    (answer,) = Evidence.of([exchange(1, {"profiles": profiles})]).answers
    changed = [corrupt(answer) for corrupt in MUTATIONS]
    unchanged = [index for index, one in enumerate(changed) if one == answer]
    assert [MUTATIONS[index] is MUTATIONS[-2] for index in unchanged] == [True]  # the status is 200
    assert sum(one is None for one in changed) == 1  # there is no member `error`


@pytest.mark.parametrize(
    "content", [{"text": ""}, {"text": "<html>"}, {"body": []}, {"body": {"count": True}}]
)
def test_corruptions_put_up_with_any_content(content: dict[str, object]) -> None:
    (answer,) = Evidence.of([exchange(1, content)]).answers
    assert any(corrupt(answer) for corrupt in MUTATIONS)


def test_the_answers_of_a_subject_are_all_that_it_is_made_of() -> None:
    evidence = Evidence.of(EXAMPLES["WALK-ORDER"].good)
    (pair,) = evidence.select(walk_pairs)
    assert {answer.number for answer in answers_of(pair)} == {1, 2}
    assert [answer.number for answer in answers_of(evidence.select(walks)[0])] == [1]
    assert [answer.number for answer in answers_of({"x": (evidence.answers[0], "text", None)})] == [1]
