"""The catalogue: sentences and checks fit together, and a run does not start where they do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from contracts.document.document import document_path
from contracts.evidence.answers import Page
from contracts.evidence.responses import every_page
from contracts.judging import catalogue as module
from contracts.judging.catalogue import Catalogue, load_catalogue
from contracts.judging.check import CatalogueError, Check, check
from contracts.model import OLD_PATH, UserError, Violation

REAL = load_catalogue()
Checks = dict[str, Check]


def test_the_real_catalogue_has_a_check_or_a_reason_for_each_sentence() -> None:
    ids = [requirement.id for requirement in REAL.requirements]
    assert len(ids) == len(set(ids)) == len(REAL.by_id)
    assert REAL.checks.keys() == {r.id for r in REAL.requirements if not r.untested}
    assert list(REAL.checks) == [id_ for id_ in ids if id_ in REAL.checks]


def test_each_check_says_what_it_is_and_what_it_needs() -> None:
    assert {c.id for c in REAL.checks.values() if not (c.function.__doc__ and c.needs)} == set()
    names = [c.function.__name__ for c in REAL.checks.values()]
    assert len(names) == len(set(names))


# --- refusals -------------------------------------------------------------------------------------


def nothing_wrong(_page: Page) -> Iterator[Violation]:
    """A check that is not in the catalogue."""
    return iter(())


def without(id_: str) -> Callable[[Checks], None]:
    return lambda checks: checks.__delitem__(id_)


def with_check(id_: str) -> Callable[[Checks], None]:
    return lambda checks: checks.__setitem__(id_, replace(checks["PAGE-COUNT"], id=id_))


def requiring(id_: str, *required: str) -> Callable[[Checks], None]:
    return lambda checks: checks.__setitem__(id_, replace(checks[id_], requires=required))


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (dict.clear, "no check is registered"),
        (with_check("PAGE-COUTN"), "the check of PAGE-COUTN has no sentence in the document"),
        (without("PAGE-COUNT"), "PAGE-COUNT has neither a check nor a reason why it is untested"),
        (requiring("PAGE-COUNT", "PAGE-COUTN"), "PAGE-COUNT requires PAGE-COUTN, which has no check"),
        (requiring("PAGE-COUNT", "PAGE-COUNT"), "go round in a circle"),
        (requiring("PAGE-LIMIT", "PAGE-FILL"), "go round in a circle"),
        (requiring("SERVED", "WALK-SPLIT", "RESP-JSON"), "go round in a circle"),
        (requiring("PAGE-LIMIT", "FILTER-PAGED"), "go round in a circle"),
    ],
)
def test_it_refuses_to_start_when_checks_and_sentences_do_not_fit(
    monkeypatch: pytest.MonkeyPatch, edit: Callable[[Checks], None], sentence: str
) -> None:
    checks = dict(REAL.checks)
    edit(checks)
    monkeypatch.setattr(module, "CHECKS", checks)
    with pytest.raises(CatalogueError, match=sentence):
        load_catalogue()


def test_prerequisites_must_not_go_round_in_a_circle_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = dict(REAL.checks)
    for id_, required in (("SERVED", "DATA-USAGE"), ("DATA-USAGE", "DATA-TIMES"), ("DATA-TIMES", "SERVED")):
        checks[id_] = replace(checks[id_], requires=(required,))
    monkeypatch.setattr(module, "CHECKS", checks)
    with pytest.raises(CatalogueError, match="go round in a circle"):
        load_catalogue()


def edited(tmp_path: Path, edit: Callable[[list[dict[str, Any]]], object]) -> Path:
    """A document of one's own, with other sentences."""
    raw = yaml.safe_load(document_path().read_text(encoding="utf-8"))
    edit(raw["paths"][OLD_PATH]["get"]["x-requirements"])
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump(raw, sort_keys=False))
    return file


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (lambda entries: entries.pop(), "the check of GEN-DOCUMENT has no sentence in the document"),
        (lambda entries: entries[0].update(untested="later"), "SERVED is marked untested but has a check"),
        (
            lambda entries: entries.append({**entries[0], "id": "PAGE-COLOUR"}),
            "PAGE-COLOUR has neither a check nor a reason",
        ),
        (lambda entries: entries.append(dict(entries[0])), "SERVED"),
        (lambda entries: entries.clear(), "x-requirements"),
    ],
)
def test_a_document_of_the_users_own_that_does_not_fit_is_the_users_mistake(
    tmp_path: Path, edit: Callable[[list[dict[str, Any]]], object], sentence: str
) -> None:
    file = edited(tmp_path, edit)
    with pytest.raises(UserError, match=sentence) as refused:
        load_catalogue(file)
    assert file.name in str(refused.value)


def test_a_sentence_that_is_untested_needs_no_check(tmp_path: Path) -> None:
    colour = {"id": "PAGE-COLOUR", "level": "SHOULD", "text": "x.", "source": "y", "evidence": "response"}
    file = edited(tmp_path, lambda entries: entries.append({**colour, "untested": "nobody looks"}))
    loaded = load_catalogue(file)
    assert loaded.by_id["PAGE-COLOUR"].untested == "nobody looks"
    with pytest.raises(UserError, match="PAGE-COLOUR has no check yet: nobody looks"):
        loaded.select(["PAGE-COLOUR"])


# --- registration ---------------------------------------------------------------------------------


def test_a_requirement_has_one_check() -> None:
    with pytest.raises(CatalogueError, match="PAGE-COUNT has two checks"):
        check("PAGE-COUNT", every_page)(nothing_wrong)


# --- selection ------------------------------------------------------------------------------------


def test_known_ids_are_selected() -> None:
    assert REAL.select(["PAGE-COUNT", "SERVED"]) == {"PAGE-COUNT", "SERVED"}


@pytest.mark.parametrize(
    ("name", "hint"), [("PAGE-COUTN", "PAGE-COUNT"), ("page-count", "PAGE-COUNT"), ("xyz", "no requirement")]
)
def test_an_unknown_id_is_the_users_mistake_with_a_hint(name: str, hint: str) -> None:
    with pytest.raises(UserError, match=hint):
        REAL.select([name])


def test_a_catalogue_is_read_only_data() -> None:
    assert isinstance(REAL, Catalogue)
    with pytest.raises(AttributeError):
        REAL.checks = MappingProxyType({})  # type: ignore[misc,assignment]
