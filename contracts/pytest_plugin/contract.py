"""The contract as one session judges it: each verdict becomes what pytest calls an outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NoReturn

import pytest

from contracts.model import ExitStatus, Outcome, Requirement, Result, UserError, Verdict
from contracts.reports import failure, summary
from contracts.reports.summary import ReportOptions
from contracts.reports.text import visible
from contracts.runs import option_values as options

if TYPE_CHECKING:
    from contracts.judging.waivers import Waiving
    from contracts.runs.run import Settings

OUTCOME = "contract_outcome"
LEVEL = "contract_level"
"""Properties of a test's report, by which the session and JUnit learn what was judged."""

Record = Callable[[str, object], None]


@dataclass
class Contract:
    """One session's view of the contract: what is judged, what was selected, what came of it."""

    settings: Settings | None  # None: the reference deployment
    terms: ReportOptions
    waiving: Waiving | None = None
    selected: frozenset[str] = frozenset()
    result: Result | None = None

    @property
    def judged(self) -> str:
        """What is judged, for people."""
        if self.settings is None:
            return "the embedded reference deployment, for no --base-url was given"
        return self.terms.redact(visible(self.settings.base_url))

    def waived(self, result: Result) -> Result:
        """The result with the user's waivers applied."""
        if self.waiving is None:
            return result
        from contracts.judging import waivers

        applied = waivers.apply(result, self.waiving.waivers, self.waiving.today)
        self.terms = replace(self.terms, waivers_amiss=applied.troubles if self.waiving.strict else ())
        return applied.result

    def require(self, requirement: Requirement, result: Callable[[], Result], record: Record) -> None:
        """Pass, fail, skip or xfail as the requirement's verdict says; the run starts if need be."""
        if requirement.untested:
            pytest.skip(f"{requirement.id} has no check: {visible(requirement.untested)}")
        verdict = _verdict(requirement, result())
        record(LEVEL, requirement.level.value)
        record(OUTCOME, verdict.outcome.value)
        if verdict.outcome is Outcome.FAIL:
            self._fail(verdict, result())
        if verdict.outcome is Outcome.WAIVED and verdict.violations:
            pytest.xfail(self.terms.redact(f"{requirement.id} waived: {visible(verdict.reason)}"))
        if verdict.outcome is not Outcome.PASS:
            why = f"{requirement.id} {verdict.outcome}: {visible(summary.why(verdict))}"
            pytest.skip(self.terms.redact(why))

    def _fail(self, verdict: Verdict, result: Result) -> NoReturn:
        if summary.is_warning(verdict, self.terms):
            pytest.xfail(self.terms.redact(visible(failure.headline(verdict))))
        pytest.fail(block(verdict, result, self.terms), pytrace=False)


def _verdict(requirement: Requirement, result: Result) -> Verdict:
    found = next((v for v in result.verdicts if v.requirement.id == requirement.id), None)
    return found or Verdict(requirement, Outcome.INCONCLUSIVE, reason="the run gave no verdict on it")


def block(verdict: Verdict, result: Result, terms: ReportOptions) -> str:
    """A failure for pytest's output: the headline, the sentence, what was seen, and how to see it again."""
    lines = [visible(failure.headline(verdict))]
    for label, text in failure.explain(verdict, result, terms):
        shown = text if label == "Request" else visible(text)
        lines.append(f"  {label.ljust(9)} {shown}" if label else f"  {shown}")
    return terms.redact("\n".join(lines))


def guarded(ask: Callable[[], Result]) -> Result:
    """What `ask` gives; mistakes of the user and errors of the suite end the session, without a traceback."""
    try:
        return ask()
    except UserError as error:
        pytest.exit(visible(str(error)), returncode=pytest.ExitCode.USAGE_ERROR)
    except Exception as error:
        # No traceback: with --showlocals it would print what the transport holds.
        pytest.exit(options.bug(error), returncode=ExitStatus.INTERNAL)
