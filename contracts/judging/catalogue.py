"""Joins each sentence of the document with the function that checks it; any mismatch stops the run."""

from __future__ import annotations

import graphlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from contracts.document import document as openapi
from contracts.judging import checks  # noqa: F401 - registers them
from contracts.judging.check import CHECKS, Blocks, CatalogueError, Check
from contracts.model import Requirement, UserError
from contracts.reports.text import did_you_mean


@dataclass(frozen=True)
class Catalogue:
    """All requirements of the document, with their checks and the document itself."""

    document: openapi.Document
    checks: dict[str, Check]

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        """All requirements, in the document's order."""
        return self.document.requirements

    @cached_property
    def by_id(self) -> dict[str, Requirement]:
        """Requirements by id."""
        return {requirement.id: requirement for requirement in self.requirements}

    @property
    def tested(self) -> frozenset[str]:
        """The ids that have a check."""
        return frozenset(self.checks)

    @cached_property
    def gate(self) -> str:
        """The requirement without which nothing can be checked."""
        return next(id_ for id_, one in self.checks.items() if one.blocks is Blocks.EVERYTHING)

    def select(self, ids: Iterable[str]) -> frozenset[str]:
        """These ids; raises UserError for one that is unknown or has no check."""
        wanted = frozenset(ids)
        for unknown in sorted(wanted - self.by_id.keys()):
            hint = did_you_mean(unknown.upper(), self.by_id) or "`requirements` lists all."
            raise UserError(f"There is no requirement {unknown!r}. {hint}")
        for untested in sorted(wanted - self.tested):
            raise UserError(f"{untested} has no check yet: {self.by_id[untested].untested}")
        return wanted

    def prerequisites(self, id_: str) -> tuple[str, ...]:
        """The requirements whose failure explains one of this requirement, the closest first."""
        found: list[str] = []
        pending = list(self.checks[id_].requires)
        while pending:
            one = pending.pop(0)
            if one not in found:
                found.append(one)
                pending.extend(self.checks[one].requires)
        return tuple(found)


def load_catalogue(document_path: Path | None = None) -> Catalogue:
    """The catalogue of a document (the project's own without a path).

    Raises UserError for a document that is wrong, CatalogueError where sentences and checks of the
    project's own document do not fit together.
    """
    document = openapi.load(document_path)
    catalogue = Catalogue(document, dict(CHECKS))
    problem = _mismatch(catalogue)
    if problem and document_path is not None:
        raise UserError(f"{document_path}: {problem}")
    if problem:
        raise CatalogueError(problem)
    return _ordered(catalogue)


def _mismatch(catalogue: Catalogue) -> str | None:
    """The first place where sentences and functions do not fit, as a sentence."""
    if not catalogue.checks:
        return "no check is registered"
    for id_ in sorted(catalogue.checks.keys() - catalogue.by_id.keys()):
        return f"the check of {id_} has no sentence in the document"
    for requirement in catalogue.requirements:
        has_check = requirement.id in catalogue.checks
        if has_check and requirement.untested:
            return f"{requirement.id} is marked untested but has a check"
        if not has_check and not requirement.untested:
            return f"{requirement.id} has neither a check nor a reason why it is untested"
    return _wrong_prerequisite(catalogue.checks)


def _wrong_prerequisite(known: dict[str, Check]) -> str | None:
    for one in known.values():
        for required in one.requires:
            if required not in known:
                return f"{one.id} requires {required}, which has no check"
    try:
        graphlib.TopologicalSorter({one.id: one.requires for one in known.values()}).prepare()
    except graphlib.CycleError as error:
        return f"prerequisites go round in a circle: {', '.join(error.args[1])}"
    return None


def _ordered(catalogue: Catalogue) -> Catalogue:
    ordered = {r.id: catalogue.checks[r.id] for r in catalogue.requirements if r.id in catalogue.checks}
    return replace(catalogue, checks=ordered)
