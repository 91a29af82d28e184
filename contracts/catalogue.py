"""Joins each sentence of the document with the function that checks it; any mismatch stops the run."""

from __future__ import annotations

import difflib
import graphlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from contracts import document as openapi
from contracts.model import Requirement, UserError, Violation
from contracts.subjects.evidence import Evidence, has_builder

F = TypeVar("F", bound=Callable[..., Iterable[Violation]])


class CatalogueError(Exception):
    """Sentences and functions do not fit together: a fault of the suite (or of an edited document)."""


@dataclass(frozen=True, slots=True)
class Check:
    """The function of one requirement.

    `subject` is the kind of thing that it judges. `needs` says in words which data exercises it and
    `exercised` whether the evidence has such data: a pass without is no pass. `inapplicable` says which
    legal choice of the deployment makes the requirement empty, if one does. `requires` names the
    requirements whose failure explains a failure of this one.
    """

    id: str
    function: Callable[..., Iterable[Violation]]
    subject: type
    needs: str
    exercised: Callable[[Evidence], bool]
    inapplicable: Callable[[Evidence], str]
    requires: tuple[str, ...]
    takes_document: bool

    def violations(self, subject: object, document: openapi.Document) -> Iterable[Violation]:
        """What is wrong with one subject."""
        return self.function(subject, document) if self.takes_document else self.function(subject)

    def refuses(self, subject: object, document: openapi.Document) -> bool:
        """Whether anything is wrong with one subject."""
        return next(iter(self.violations(subject, document)), None) is not None


_CHECKS: dict[str, Check] = {}


def check(
    requirement: str,
    *,
    needs: str = "an answer to judge",
    exercised: Callable[[Evidence], bool] = lambda _: True,
    inapplicable: Callable[[Evidence], str] = lambda _: "",
    requires: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Registers the function that checks a requirement; its first parameter's type is what it judges."""

    def register(function: F) -> F:
        if requirement in _CHECKS:
            raise CatalogueError(f"{requirement} has two checks")
        subject, takes_document = _signature(function)
        _CHECKS[requirement] = Check(
            requirement, function, subject, needs, exercised, inapplicable, requires, takes_document
        )
        return function

    return register


def _signature(function: Callable[..., Any]) -> tuple[type, bool]:
    names = list(inspect.signature(function).parameters)
    subject = get_type_hints(function).get(names[0]) if names else None
    if not isinstance(subject, type) or not has_builder(subject):
        raise CatalogueError(f"{function.__name__}: its first parameter is no kind of subject")
    return subject, len(names) > 1


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

    def select(self, ids: Iterable[str]) -> frozenset[str]:
        """These ids; raises UserError for one that is unknown or has no check."""
        wanted = frozenset(ids)
        for unknown in sorted(wanted - self.by_id.keys()):
            close = difflib.get_close_matches(unknown.upper(), self.by_id, n=3)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            raise UserError(f"there is no requirement {unknown!r}{hint}")
        for untested in sorted(wanted - self.tested):
            raise UserError(f"{untested} has no check yet: {self.by_id[untested].untested}")
        return wanted


def load_catalogue(document_path: Path | None = None) -> Catalogue:
    """The catalogue of a document (the project's own without a path).

    Raises UserError for a document that is wrong, CatalogueError where sentences and checks of the
    project's own document do not fit together.
    """
    _import_checks()
    document = openapi.load(document_path)
    catalogue = Catalogue(document, dict(_CHECKS))
    problem = _mismatch(catalogue)
    if problem and document_path is not None:
        raise UserError(f"{document_path}: {problem}")
    if problem:
        raise CatalogueError(problem)
    return _ordered(catalogue)


def _import_checks() -> None:
    package = importlib.import_module("contracts.checks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"contracts.checks.{module.name}")


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


def _wrong_prerequisite(checks: dict[str, Check]) -> str | None:
    for one in checks.values():
        for required in one.requires:
            if required not in checks:
                return f"{one.id} requires {required}, which has no check"
    try:
        graphlib.TopologicalSorter({one.id: one.requires for one in checks.values()}).prepare()
    except graphlib.CycleError as error:
        return f"prerequisites go round in a circle: {', '.join(error.args[1])}"
    return None


def _ordered(catalogue: Catalogue) -> Catalogue:
    ordered = {r.id: catalogue.checks[r.id] for r in catalogue.requirements if r.id in catalogue.checks}
    return replace(catalogue, checks=ordered)
