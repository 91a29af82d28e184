"""What there is to know of each requirement: its sentence, what its check needs, a good and a bad example."""

from __future__ import annotations

from pathlib import Path

from contracts.judging.catalogue import Catalogue, load_catalogue
from contracts.judging.examples import Example, load_examples
from contracts.model import UserError
from contracts.reports.guide import Entry
from contracts.reports.text import did_you_mean


def entries(document: Path | None = None) -> tuple[Entry, ...]:
    """Every requirement of a document (the project's own without a path), in its order."""
    catalogue, examples = load_catalogue(document), load_examples()
    return tuple(_entry(found.id, catalogue, examples) for found in catalogue.requirements)


def entry(id_: str, document: Path | None = None) -> Entry:
    """One requirement, in any letter case; UserError with the closest ids for an unknown one."""
    found = {one.requirement.id: one for one in entries(document)}
    wanted = id_.strip().upper()
    if wanted not in found:
        hint = did_you_mean(wanted, found) or "`requirements` lists all."
        raise UserError(f"There is no requirement {id_!r}. {hint}")
    return found[wanted]


def _entry(id_: str, catalogue: Catalogue, examples: dict[str, Example]) -> Entry:
    check, example = catalogue.checks.get(id_), examples.get(id_)
    return Entry(
        requirement=catalogue.by_id[id_],
        needs=check.needs if check else "",
        requires=check.requires if check else (),
        good=example.good if example else (),
        bad=example.bad if example else (),
        why=example.why if example else "",
    )
