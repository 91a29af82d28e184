"""The decorator that makes a function the check of a requirement."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

from contracts.document.document import Document
from contracts.evidence.evidence import Evidence
from contracts.evidence.exhaustive import Exhaustive
from contracts.evidence.samples import Sampled
from contracts.model import Violation

F = TypeVar("F", bound=Callable[..., Iterable[Violation]])
Selector = Callable[[Evidence], Iterable[object]]


class CatalogueError(Exception):
    """Sentences and functions do not fit together: a fault of the suite (or of an edited document)."""


class Blocks(Enum):
    """What the failure of a requirement blocks.

    `DEPENDENTS`: the failures of those that require it. `NO_DATA`: also all that had nothing to check.
    `EVERYTHING`: also what passes; one requirement does, the gate.
    """

    DEPENDENTS = auto()
    NO_DATA = auto()
    EVERYTHING = auto()


@dataclass(frozen=True, slots=True)
class Check:
    """The function of one requirement.

    `of` selects its subjects from the evidence. `needs` says in words which data exercises it and
    `exercised` whether the evidence has such data: a pass without is no pass. `inapplicable` says which
    legal choice of the deployment makes the requirement empty, if one does. `in_doubt` says why the absence
    of violations means nothing, if it does. `requires` names the requirements whose failure explains a
    failure of this one. `sampled` is what it looks at in a list that was read in part, and `exhaustive`
    what it learns from an exhaustive walk.
    """

    id: str
    function: Callable[..., Iterable[Violation]]
    of: Selector
    needs: str
    exercised: Callable[[Evidence], bool]
    inapplicable: Callable[[Evidence], str]
    in_doubt: Callable[[Evidence], str]
    requires: tuple[str, ...]
    blocks: Blocks
    takes_document: bool
    sampled: Sampled | None = None
    exhaustive: Exhaustive | None = None

    def violations(self, subject: object, document: Document) -> Iterable[Violation]:
        """What is wrong with one subject."""
        return self.function(subject, document) if self.takes_document else self.function(subject)

    def find(self, evidence: Evidence, document: Document) -> Iterable[Violation]:
        """What is wrong with the evidence."""
        for subject in evidence.select(self.of):
            yield from self.violations(subject, document)

    def objects(self, evidence: Evidence, document: Document) -> bool:
        """Whether anything is wrong with the evidence."""
        return next(iter(self.find(evidence, document)), None) is not None


CHECKS: dict[str, Check] = {}


def check(
    requirement: str,
    of: Selector,
    *,
    needs: str = "a response",
    exercised: Callable[[Evidence], bool] = lambda _: True,
    inapplicable: Callable[[Evidence], str] = lambda _: "",
    in_doubt: Callable[[Evidence], str] = lambda _: "",
    requires: tuple[str, ...] = (),
    blocks: Blocks = Blocks.DEPENDENTS,
    sampled: Sampled | None = None,
    exhaustive: Exhaustive | None = None,
) -> Callable[[F], F]:
    """Registers the function that checks one requirement on each subject that `of` selects.

    A second parameter of the function, if it has one, is the document.
    """

    def register(function: F) -> F:
        if requirement in CHECKS:
            raise CatalogueError(f"{requirement} has two checks")
        takes_document = len(inspect.signature(function).parameters) > 1
        CHECKS[requirement] = Check(
            requirement,
            function,
            of,
            needs,
            exercised,
            inapplicable,
            in_doubt,
            requires,
            blocks,
            takes_document,
            sampled,
            exhaustive,
        )
        return function

    return register


def prerequisites(checks: dict[str, Check], ids: Iterable[str]) -> list[str]:
    """All that these ids require, directly or not, each once, nearest first."""
    found: list[str] = []
    pending = [required for id_ in ids for required in checks[id_].requires]
    while pending:
        one = pending.pop(0)
        if one not in found:
            found.append(one)
            pending.extend(checks[one].requires)
    return found
