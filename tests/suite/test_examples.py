"""Each check passes on a good answer and fails on a bad one, and each violation stands by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from contracts.evidence.evidence import Evidence
from contracts.judging import examples as module
from contracts.judging.catalogue import Catalogue, load_catalogue
from contracts.judging.check import CatalogueError
from contracts.judging.examples import Example, load_examples
from contracts.model import Exchange, Violation

CATALOGUE = load_catalogue()
EXAMPLES = load_examples()
FILE = Path(module.__file__).with_name("examples.yaml")
IDS = sorted(CATALOGUE.checks)


def violations(id_: str, evidence: Evidence, catalogue: Catalogue = CATALOGUE) -> list[Violation]:
    check = catalogue.checks[id_]
    return list(check.find(evidence, catalogue.document))


def broken(exchanges: tuple[Exchange, ...]) -> set[str]:
    evidence = Evidence.of(exchanges)
    return {id_ for id_ in IDS if violations(id_, evidence)}


@pytest.mark.parametrize("id_", IDS)
def test_the_good_example_is_judged_and_breaks_nothing(id_: str) -> None:
    good = EXAMPLES[id_].good
    assert Evidence.of(good).select(CATALOGUE.checks[id_].of)
    assert broken(good) == set()


@pytest.mark.parametrize("id_", IDS)
def test_the_bad_example_breaks_its_requirement(id_: str) -> None:
    bad = EXAMPLES[id_].bad
    found = violations(id_, Evidence.of(bad))
    assert found
    assert {number for v in found for number in v.exchanges} <= {exchange.number for exchange in bad}


@pytest.mark.parametrize("id_", IDS)
def test_the_bad_example_breaks_nothing_that_would_block_its_requirement(id_: str) -> None:
    prerequisites = set(CATALOGUE.checks[id_].requires)
    assert not broken(EXAMPLES[id_].bad) & prerequisites


@pytest.mark.parametrize("id_", IDS)
def test_a_violation_reproduces_on_its_own_exchanges_alone(id_: str) -> None:
    evidence = Evidence.of(EXAMPLES[id_].bad)
    for violation in violations(id_, evidence):
        again = violations(id_, evidence.only(violation.exchanges))
        assert violation.expected in [v.expected for v in again]


@pytest.mark.parametrize("id_", IDS)
def test_why_is_one_short_sentence(id_: str) -> None:
    why = EXAMPLES[id_].why
    assert why.endswith(".")
    assert len(why) <= 80


# --- a file that does not fit is refused ----------------------------------------------------------

RAW = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVED = RAW["SERVED"]


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"PAGE-COUTN": SERVED}, "PAGE-COUTN has examples but no check"),
        ({"PAGE-COUNT": None}, "the examples of PAGE-COUNT need"),
        ({"PAGE-COUNT": {**SERVED, "god": []}}, "the examples of PAGE-COUNT need"),
        ({"PAGE-COUNT": {**SERVED, "bad": []}}, "the bad example of PAGE-COUNT is no list of exchanges"),
        ({"PAGE-COUNT": {**SERVED, "good": [{"query": ""}]}}, "has an unknown key: query"),
        ({"PAGE-COUNT": {**SERVED, "good": [{"ask": ""}]}}, "needs one of body, profiles, text"),
        ({"PAGE-COUNT": {**SERVED, "good": [{"text": "", "body": 1}]}}, "needs one of"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path: Path, edit: dict[str, object], sentence: str) -> None:
    file = tmp_path / "examples.yaml"
    file.write_text(yaml.safe_dump({**RAW, **edit}))
    with pytest.raises(CatalogueError, match=sentence):
        load_examples(file)


def test_a_check_without_examples_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "examples.yaml"
    file.write_text(yaml.safe_dump({id_: entry for id_, entry in RAW.items() if id_ != "PAGE-COUNT"}))
    with pytest.raises(CatalogueError, match="PAGE-COUNT has a check but no examples"):
        load_examples(file)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("SERVED: {}\nSERVED: {}\n", "SERVED stands twice"), ("- SERVED\n", "is no mapping")],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "examples.yaml"
    file.write_text(text)
    with pytest.raises(CatalogueError, match=sentence):
        load_examples(file)


def test_an_example_is_data() -> None:
    assert all(isinstance(example, Example) for example in EXAMPLES.values())
    assert EXAMPLES.keys() == CATALOGUE.checks.keys()
