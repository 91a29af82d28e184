"""The contract of one deployment in a session: each verdict becomes what pytest calls an outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import pytest

from contracts.model import ExitStatus, Outcome, Requirement, Result, UserError, Verdict
from contracts.reports import failure_text
from contracts.reports.failure_view import FailureView
from contracts.reports.summary import ReportOptions
from contracts.reports.text import visible
from contracts.reports.view import ReportView, Row, view
from contracts.runs import option_values

if TYPE_CHECKING:
    from contracts.judging.waivers import Waiving
    from contracts.runs.exhaustive import ExhaustiveState
    from contracts.runs.settings import Settings

OUTCOME = "contract_outcome"
LEVEL = "contract_level"
"""Properties of a test's report, by which the session and JUnit know the verdict."""

Record = Callable[[str, object], None]


@dataclass
class Contract:
    """One deployment to check: how, which requirements were selected, and the result once there is one.

    `name` is its part of test ids, empty for the deployment at `--base-url` and the embedded one.
    """

    name: str
    settings: Settings | None  # None: the reference deployment
    report_options: ReportOptions
    waiving: Waiving
    selected: frozenset[str] = frozenset()
    result: Result | None = None
    _view: tuple[Result, ReportView] | None = None  # of the last result that was shown
    walk: ExhaustiveState | None = None  # of an exhaustive run, not saved yet

    def keep(self, walk: ExhaustiveState) -> None:
        """Remember the state of an exhaustive walk."""
        self.walk = walk

    def save_checkpoint(self) -> None:
        """Save that state where the settings say. Raises UserError."""
        from contracts.runs.exhaustive import save_state

        if self.walk is not None and self.settings is not None:
            save_state(self.walk, self.settings.resume)

    @property
    def deployment(self) -> str:
        """What is checked, for people."""
        if self.settings is None:
            return "the embedded reference deployment (no --base-url given)"
        url = visible(self.settings.base_url)
        return f"{self.name} ({url})" if self.name else url

    def apply_waivers(self, result: Result) -> Result:
        """The result with the user's waivers applied."""
        from contracts.judging import waivers

        applied = waivers.apply(result, self.waiving.waivers, self.waiving.today)
        stale = applied.troubles if self.waiving.strict else ()
        self.report_options = replace(self.report_options, waivers_amiss=stale)
        return applied.result

    def view(self, result: Result) -> ReportView:
        """What reports state of a result: of the run, or of what a property test makes of it."""
        if self._view is None or self._view[0] is not result:
            self._view = result, view(result, self.report_options)
        return self._view[1]

    def require(self, requirement: Requirement, result: Callable[[], Result], record: Record) -> None:
        """Pass, fail, skip or xfail as the requirement's verdict says; the run starts if need be."""
        if requirement.untested:
            pytest.skip(f"{requirement.id} has no check: {visible(requirement.untested)}")
        row = _row(requirement, self.view(result()))
        record(LEVEL, requirement.level.value)
        record(OUTCOME, row.verdict.outcome.value)
        if row.failure is not None:
            _fail(row.failure)
        if row.verdict.outcome is Outcome.WAIVED and row.verdict.violations:
            pytest.xfail(f"{requirement.id} waived: {row.why}")
        if row.verdict.outcome is not Outcome.PASS:
            pytest.skip(f"{requirement.id} {row.word}: {row.why}")

    def remarks(self) -> Iterator[str]:
        """The lines at the end of the session that no single test prints: warnings, behaviours and notes."""
        if self.result is None:
            return
        shown = self.view(self.result)
        for failure in shown.failures:
            if failure.word == "warning":
                yield f"warning: {failure.title}: {block(failure)}"
        yield from (f"behaviour: {one.name}: {one.value}" for one in shown.behaviours)
        yield from (f"note: {one}" for one in shown.notes)


def _row(requirement: Requirement, found: ReportView) -> Row:
    without = Verdict(requirement, Outcome.INCONCLUSIVE, reason="the run gave no verdict on it")
    rows = (row for row in found.rows if row.requirement.id == requirement.id)
    return next(rows, Row(without, without.outcome.value, without.reason, None))


def _fail(failure: FailureView) -> NoReturn:
    if failure.word == "warning":
        pytest.xfail(failure.headline)
    pytest.fail(block(failure), pytrace=False)


def block(failure: FailureView) -> str:
    """A failure in pytest's output: what was expected and received, and then the details."""
    return f"{failure.headline}\n{failure_text.text(failure)}"


def guarded(run: Callable[[], Result]) -> Result:
    """The result of `run`; a usage error or an internal error ends the session, without a traceback."""
    try:
        return run()
    except UserError as error:
        pytest.exit(visible(str(error)), returncode=pytest.ExitCode.USAGE_ERROR)
    except Exception as error:
        # No traceback: with --showlocals it would print what the transport holds.
        pytest.exit(option_values.bug(error), returncode=ExitStatus.INTERNAL)
