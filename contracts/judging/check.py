"""The decorator that makes a function the check of a requirement."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from contracts.document.document import Document
from contracts.evidence.evidence import Evidence, has_builder
from contracts.evidence.exhaustive import Exhaustive
from contracts.evidence.samples import Sampled
from contracts.model import Violation

F = TypeVar("F", bound=Callable[..., Iterable[Violation]])


class CatalogueError(Exception):
    """Sentences and functions do not fit together: a fault of the suite (or of an edited document)."""


@dataclass(frozen=True, slots=True)
class Check:
    """The function of one requirement.

    `subject` is the kind of thing that it judges. `needs` says in words which data exercises it and
    `exercised` whether the evidence has such data: a pass without is no pass. `inapplicable` says which
    legal choice of the deployment makes the requirement empty, if one does. `requires` names the
    requirements whose failure explains a failure of this one. `sampled` is what it looks at in a list that
    was read in part, and `exhaustive` what it learns from an exhaustive walk.
    """

    id: str
    function: Callable[..., Iterable[Violation]]
    subject: type
    needs: str
    exercised: Callable[[Evidence], bool]
    inapplicable: Callable[[Evidence], str]
    requires: tuple[str, ...]
    takes_document: bool
    sampled: Sampled | None = None
    exhaustive: Exhaustive | None = None

    def violations(self, subject: object, document: Document) -> Iterable[Violation]:
        """What is wrong with one subject."""
        return self.function(subject, document) if self.takes_document else self.function(subject)

    def refuses(self, subject: object, document: Document) -> bool:
        """Whether anything is wrong with one subject."""
        return next(iter(self.violations(subject, document)), None) is not None

    def refuses_any(self, evidence: Evidence, document: Document) -> bool:
        """Whether anything is wrong with a subject of the evidence."""
        subjects: tuple[object, ...] = evidence.subjects(self.subject)
        return any(self.refuses(subject, document) for subject in subjects)


CHECKS: dict[str, Check] = {}


def check(
    requirement: str,
    *,
    needs: str = "an answer to judge",
    exercised: Callable[[Evidence], bool] = lambda _: True,
    inapplicable: Callable[[Evidence], str] = lambda _: "",
    requires: tuple[str, ...] = (),
    sampled: Sampled | None = None,
    exhaustive: Exhaustive | None = None,
) -> Callable[[F], F]:
    """Registers the function that checks a requirement; its first parameter's type is what it judges."""

    def register(function: F) -> F:
        if requirement in CHECKS:
            raise CatalogueError(f"{requirement} has two checks")
        subject, takes_document = _signature(function)
        CHECKS[requirement] = Check(
            requirement,
            function,
            subject,
            needs,
            exercised,
            inapplicable,
            requires,
            takes_document,
            sampled,
            exhaustive,
        )
        return function

    return register


def _signature(function: Callable[..., Any]) -> tuple[type, bool]:
    names = list(inspect.signature(function).parameters)
    subject = get_type_hints(function).get(names[0]) if names else None
    if not isinstance(subject, type) or not has_builder(subject):
        raise CatalogueError(f"{function.__name__}: its first parameter is no kind of subject")
    return subject, len(names) > 1
