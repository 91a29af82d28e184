"""The session around the tests: what stays out, what Ctrl-C ends, and what is printed at the end."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest

from contracts.model import (
    EvidenceClass,
    ExitStatus,
    Level,
    Outcome,
    Requirement,
    UserError,
    Verdict,
    exit_status,
)
from contracts.pytest_plugin import workers
from contracts.pytest_plugin.contract import LEVEL, OUTCOME, Contract
from contracts.pytest_plugin.workers import Controller, Section, WorkerReport
from contracts.reports.text import visible
from contracts.runs import option_values, signals

INCONCLUSIVE = 30
"""Exit status of a session in which nothing failed but a MUST requirement is inconclusive.

The command exits with 3 then; pytest keeps 0 to 6 for itself, and 3 is its own internal error.
"""


class SessionHooks:
    """Hooks of one session that checks the contract of one or more deployments."""

    def __init__(self, contracts: tuple[Contract, ...], controller: Controller | None) -> None:
        self._contracts = contracts
        self._controller = controller
        self._live = contracts[0].settings is not None
        self._outcomes: dict[str, tuple[Level, Outcome]] = {}  # by test id
        self._watch = signals.Watch()
        self._handlers = ExitStack()

    def pytest_report_header(self) -> str:
        """Say what is checked."""
        insecure = any(one.settings and one.settings.verify is False for one in self._contracts)
        lines = [f"contract: checks {self._deployments()}"]
        return "\n".join([*lines, *([option_values.INSECURE] if insecure else [])])

    def pytest_ignore_collect(self, collection_path: Any, config: pytest.Config) -> bool | None:
        """With a deployment to check, the suite's own tests stay out."""
        return True if self._live and _is_own(collection_path, config) else None

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """The same for tests that were named on the command line."""
        own = [item for item in items if self._live and _is_own(item.path, config)]
        if own:
            config.hook.pytest_deselected(items=own)
            items[:] = [item for item in items if item not in own]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Ctrl-C and SIGTERM end the run, not the session: what was received until then is reported."""
        if not self._live:
            return (yield)
        self._watch = self._handlers.enter_context(signals.watched())
        if self._controller is not None:
            self._watch.when_noted = self._controller.stop
        # With workers it is the controller that tells them to stop.
        self._watch.interrupts = self._controller is None and not workers.is_worker(session.config)
        try:
            return (yield)
        finally:
            self._watch.interrupts = False  # from here on a signal waits until the reports are written

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """In a worker, what ends the session has to end that of the controller."""
        try:
            return (yield)
        except pytest.exit.Exception as ended:
            if not workers.is_worker(item.config):
                raise
            workers.report_exit(item.config, str(ended), int(ended.returncode or 0))
            item.session.shouldstop = str(ended)
            return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """The failure as it is, without the name of pytest's exception before it."""
        report = yield
        if OUTCOME in dict(item.user_properties):
            _strip_exception_name(report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of each requirement, in whichever process it was checked."""
        noted = dict(report.user_properties)
        if report.when == "call" and OUTCOME in noted:
            level, outcome = Level(str(noted[LEVEL])), Outcome(str(noted[OUTCOME]))
            self._outcomes[report.nodeid] = (level, outcome)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what no single test tells: warnings in full, behaviours and notes."""
        for title, lines in (section for report in self._reports() for section in report.sections):
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.line(line)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # around the terminal reporter: its last line comes first
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Say at the very end what was checked, and do not let an inconclusive MUST look like success."""
        if workers.is_worker(session.config):
            workers.report(session.config, self._own_report())
        else:
            ended = next((report.exit for report in self._reports() if report.exit is not None), None)
            session.exitstatus = self._exit_status(session.exitstatus, ended)
        finished = yield
        self._save_checkpoints(session)
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self._outcomes:
            self._print_end(reporter, session.exitstatus)
        return finished

    def pytest_unconfigure(self) -> None:
        """Leave signals to whoever had them before."""
        self._handlers.close()

    def _save_checkpoints(self, session: pytest.Session) -> None:
        """Save exhaustive walks: after the reports, which a walk that goes on would not write again."""
        for contract in self._contracts:
            try:
                contract.save_checkpoint()
            except UserError as error:
                print(visible(str(error)), file=sys.stderr)
                session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def _exit_status(self, status: int, ended: tuple[str, int] | None) -> int:
        if self._watch.status is not None:
            return self._watch.status
        if ended is not None:
            return ended[1]
        if status != pytest.ExitCode.OK:
            return status
        if self._stale_waivers():
            return pytest.ExitCode.TESTS_FAILED
        return (
            INCONCLUSIVE if ExitStatus.INCONCLUSIVE in map(self._verdict, self._by_deployment()) else status
        )

    def _print_end(self, reporter: pytest.TerminalReporter, status: int) -> None:
        if status == INCONCLUSIVE:
            reporter.write_line(f"INCONCLUSIVE: {self._undecided()}; exit status {status}", yellow=True)
        if self._watch.status is not None:
            reporter.write_line(f"INTERRUPTED; exit status {status}", yellow=True)
        if stale := self._stale_waivers():
            reporter.write_line(f"waivers out of date: {visible('; '.join(stale))}", red=True)
        outcomes = [outcome for _, outcome in self._outcomes.values()]
        tally = ", ".join(f"{outcomes.count(one)} {one}" for one in Outcome if one in outcomes)
        reporter.write_line(f"contract: checked {self._deployments()}: {tally}")

    def _deployments(self) -> str:
        return ", ".join(contract.deployment for contract in self._contracts)

    def _own_report(self) -> WorkerReport:
        """What the runs of this process have to say at the end."""
        sections: list[Section] = [
            (f"contract of {visible(one.result.deployment)}", tuple(one.remarks()))
            for one in self._contracts
            if one.result is not None
        ]
        stale = [waiver for one in self._contracts for waiver in one.report_options.waivers_amiss]
        return WorkerReport(tuple(sections), tuple(stale))

    def _reports(self) -> list[WorkerReport]:
        return [self._own_report()] if self._controller is None else self._controller.reports

    def _stale_waivers(self) -> list[str]:
        return list(dict.fromkeys(waiver for report in self._reports() for waiver in report.stale_waivers))

    def _by_deployment(self) -> list[list[tuple[Level, Outcome]]]:
        found: dict[str | None, list[tuple[Level, Outcome]]] = {}
        for nodeid, outcome in self._outcomes.items():
            found.setdefault(workers.deployment_of(nodeid), []).append(outcome)
        return list(found.values())

    def _verdict(self, outcomes: list[tuple[Level, Outcome]]) -> int:
        verdicts = tuple(_bare(level, outcome) for level, outcome in outcomes)
        options = self._contracts[0].report_options
        return exit_status(verdicts, allow_unexercised=options.allow_unexercised, level=options.level)

    def _undecided(self) -> str:
        """How many requirements have each outcome that leaves the verdict inconclusive."""
        outcomes = [outcome for _, outcome in self._outcomes.values()]
        undecided = (Outcome.INCONCLUSIVE, Outcome.BLOCKED, Outcome.NOT_EXERCISED)
        found = [f"{outcomes.count(one)} {one}" for one in undecided if one in outcomes]
        return ", ".join(found) or "no requirement that decides"


def _bare(level: Level, outcome: Outcome) -> Verdict:
    return Verdict(Requirement("", level, "", "", EvidenceClass.RESPONSE), outcome)


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
