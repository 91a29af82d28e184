"""The session around the tests: what stays out, what Ctrl-C ends, and what is said at the end."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from contracts.model import (
    Evidence,
    ExitStatus,
    Level,
    Outcome,
    Requirement,
    Result,
    Verdict,
    exit_status,
)
from contracts.pytest_plugin.contract import LEVEL, OUTCOME, Contract, block
from contracts.reports import summary
from contracts.reports.summary import ReportOptions
from contracts.reports.text import visible
from contracts.runs import option_values as options
from contracts.runs import signals

UNJUDGED = 30
"""Exit status of a session in which nothing failed but a MUST requirement was not judged.

The command exits with 3 then; pytest keeps 0 to 6 for itself, and 3 is its own internal error.
"""


class Session:
    """Hooks of one session that judges the contract."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._seen: dict[str, tuple[Level, Outcome]] = {}
        self._interrupted: int | None = None  # the exit status after Ctrl-C or SIGTERM

    def pytest_report_header(self) -> str:
        """Say what is judged."""
        insecure = self._contract.settings is not None and self._contract.settings.verify is False
        return f"contract: judges {self._contract.judged}" + (f"\n{options.INSECURE}" if insecure else "")

    def pytest_ignore_collect(self, collection_path: Any, config: pytest.Config) -> bool | None:
        """With a deployment to judge, the suite's own tests stay out."""
        return True if self._contract.settings is not None and _is_own(collection_path, config) else None

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """The same for tests that were named on the command line."""
        own = [item for item in items if self._contract.settings is not None and _is_own(item.path, config)]
        if own:
            config.hook.pytest_deselected(items=own)
            items[:] = [item for item in items if item not in own]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, Any, Any]:
        """Ctrl-C and SIGTERM end the run, not the session: what came until then is judged and reported."""
        if self._contract.settings is None:
            return (yield)
        with signals.watched() as watch:
            try:
                return (yield)
            finally:
                self._interrupted = watch.status

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """The failure as it is, without the name of pytest's exception before it."""
        report = yield
        if OUTCOME in dict(item.user_properties):
            _strip_exception_name(report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of each requirement, wherever it was judged."""
        noted = dict(report.user_properties)
        if report.when == "call" and OUTCOME in noted:
            level, outcome = Level(str(noted[LEVEL])), Outcome(str(noted[OUTCOME]))
            self._seen[report.nodeid] = (level, outcome)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what no single test tells: warnings in full, behaviours and notes."""
        if self._contract.result is None:
            return
        redact = self._contract.terms.redact
        terminalreporter.section(redact(f"contract of {visible(self._contract.result.deployment)}"))
        for line in _remarks(self._contract.result, self._contract.terms):
            terminalreporter.line(redact(line))

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # around the terminal reporter: its last line comes first
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Say at the very end what was judged, and do not let an unjudged MUST look like success."""
        passed = session.exitstatus == pytest.ExitCode.OK and self._interrupted is None
        if passed and self._contract.terms.waivers_amiss:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        unjudged = session.exitstatus == pytest.ExitCode.OK and self._status() == ExitStatus.NOT_JUDGED
        unjudged = unjudged and self._interrupted is None
        if unjudged:
            session.exitstatus = UNJUDGED
        if self._interrupted is not None:
            session.exitstatus = self._interrupted
        finished = yield
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self._seen:
            self._print_end(reporter, unjudged=unjudged)
        return finished

    def _print_end(self, reporter: pytest.TerminalReporter, *, unjudged: bool) -> None:
        if unjudged:
            reporter.write_line(f"NOT JUDGED: {self._open()}; exit status {UNJUDGED}", yellow=True)
        if self._interrupted is not None:
            reporter.write_line(f"INTERRUPTED; exit status {self._interrupted}", yellow=True)
        if broken_offsets := self._contract.terms.waivers_amiss:
            reporter.write_line(f"waivers amiss: {visible('; '.join(broken_offsets))}", red=True)
        outcomes = [outcome for _, outcome in self._seen.values()]
        tally = ", ".join(f"{outcomes.count(one)} {one}" for one in Outcome if one in outcomes)
        reporter.write_line(f"contract: judged {self._contract.judged}: {tally}")

    def _status(self) -> int:
        if not self._seen:
            return ExitStatus.CONFORMING
        verdicts = tuple(_bare(level, outcome) for level, outcome in self._seen.values())
        terms = self._contract.terms
        return exit_status(verdicts, allow_unexercised=terms.allow_unexercised, level=terms.level)

    def _open(self) -> str:
        """How many requirements have each outcome that leaves the contract unjudged."""
        outcomes = [outcome for _, outcome in self._seen.values()]
        open_ones = (Outcome.INCONCLUSIVE, Outcome.BLOCKED, Outcome.NOT_EXERCISED)
        found = [f"{outcomes.count(one)} {one}" for one in open_ones if one in outcomes]
        return ", ".join(found) or "no requirement that decides"


def _bare(level: Level, outcome: Outcome) -> Verdict:
    return Verdict(Requirement("", level, "", "", Evidence.ONE), outcome)


def _is_own(path: Any, config: pytest.Config) -> bool:
    own = config.rootpath / "tests" / "suite"
    return bool(path == own or own in path.parents)


def _strip_exception_name(report: Any) -> None:
    """Let the block stand without `Failed: `, and the short summary have its first line alone."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None or not crash.message.startswith("Failed: "):
        return
    crash.message = crash.message.removeprefix("Failed: ").partition("\n")[0]
    for entry in report.longrepr.reprtraceback.reprentries:
        entry.lines[:] = [line.removeprefix("Failed: ") for line in entry.lines]


def _remarks(result: Result, terms: ReportOptions) -> Iterator[str]:
    for verdict in result.verdicts:
        if summary.is_warning(verdict, terms):
            yield f"warning: {block(verdict, result, terms)}"
    yield from (f"reading: {visible(one.name)}: {visible(one.value)}" for one in result.behaviours)
    yield from (f"note: {visible(one)}" for one in summary.notes(result))
