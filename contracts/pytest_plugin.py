"""The face for pytest: options, one run a session, and what each outcome means to pytest.

`tests/test_contract.py` has one test for each requirement; the first that runs starts the one run that all
of them read. Without `--base-url` the embedded reference deployment is judged, and the output says so.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from contracts import options, pytest_workers, signals
from contracts.model import (
    OLD_PATH,
    Evidence,
    ExitStatus,
    Level,
    Outcome,
    Requirement,
    Result,
    UserError,
    Verdict,
    exit_status,
)
from contracts.reports import failure, summary
from contracts.reports.curl import Secret
from contracts.reports.summary import Terms
from contracts.reports.text import visible

if TYPE_CHECKING:
    from contracts.run import Settings
    from contracts.waivers import Waiving

UNJUDGED = 30
"""Exit status of a session in which nothing failed but a MUST requirement was not judged.

The command exits with 3 then; pytest keeps 0 to 6 for itself, and 3 is its own internal error.
"""

_PREFIX = "contract_"
_CONTRACT = pytest.StashKey["Contract"]()
_OUTCOME = "contract_outcome"
_LEVEL = "contract_level"

_OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"metavar": "PATH", "help": "Path of the operation; else whichever is served."},
    "token-env": {
        "metavar": "NAME",
        "help": "Environment variable that holds the token (BIFROST_TOKEN, if set).",
    },
    # pytest takes the value of an option that it does not know yet for a path, hence the "=".
    "token-file": {"metavar": "FILE", "help": "File that holds the token; write --token-file=FILE."},
    "basic-env": {"metavar": "NAME", "help": "Variable that holds user:password, for Basic."},
    "narrow-token-env": {"metavar": "NAME", "help": "Variable with a token of a caller who sees less."},
    "open": {"action": "store_true", "help": "Authentication is switched off on purpose."},
    "writes": {
        "choices": ["none", "some"],
        "default": "some",
        "help": "Whether others may write meanwhile (some); with none, less is asked again.",
    },
    "headers-env": {"metavar": "NAME", "help": "Variable with more header fields, one a line."},
    "headers-file": {"metavar": "FILE", "help": "File with more header fields; write --headers-file=FILE."},
    "ca": {"metavar": "FILE", "help": "Certificates to trust (PEM); write --ca=FILE."},
    "client-cert": {"metavar": "FILE", "help": "Client certificate (PEM); write --client-cert=FILE."},
    "client-key": {"metavar": "FILE", "help": "Its key, if in another file; write --client-key=FILE."},
    "insecure": {"action": "store_true", "help": "Do not verify TLS."},
    "http2": {"action": "store_true", "help": "Speak HTTP/2 where the deployment does (https alone)."},
    "seed": {"type": int, "default": 0, "metavar": "N", "help": "Seed of all random choices (0)."},
    "max-requests": {"type": int, "metavar": "N", "help": "Most requests to send."},
    "rate": {"type": float, "metavar": "N", "help": "Most requests a second."},
    "concurrency": {
        "type": int,
        "metavar": "N",
        "help": "Requests under way at a time, where order does not matter (1).",
    },
    "timeout": {"type": float, "metavar": "S", "help": "Seconds for each exchange as a whole."},
    "deadline": {"type": float, "metavar": "S", "help": "Seconds for the whole run."},
    "gentle": {"action": "store_true", "help": "Leave out values that can take a process down."},
    "examples": {"type": int, "metavar": "N", "help": "Most generated queries to ask (default 10)."},
    "exhaustive": {"action": "store_true", "help": "Walk the whole list too, however long it is."},
    "resume": {
        "metavar": "FILE",
        "help": "Where an interrupted --exhaustive is kept and goes on; write --resume=FILE.",
    },
    "level": {"choices": ["must", "should"], "default": "must", "help": "What fails the session (must)."},
    "allow-unexercised": {
        "action": "store_true",
        "help": "Accept requirements that the data cannot exercise.",
    },
    "waivers": {
        "metavar": "FILE",
        "help": "Broken requirements that are accepted for a time (TOML); write --waivers=FILE.",
    },
    "strict-waivers": {"action": "store_true", "help": "Fail for waivers that are expired or not used."},
}
_OF_A_DEPLOYMENT = (
    "path",
    "token_env",
    "token_file",
    "basic_env",
    "narrow_token_env",
    "headers_env",
    "headers_file",
    "open",
    "ca",
    "client_cert",
    "client_key",
    "insecure",
    "http2",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; one whose name another plugin has taken is `--contract-NAME` alone."""
    group = parser.getgroup("contract", "contract of GET /api/access-profiles (with --base-url)")
    for name, attributes in _OPTIONS.items():
        dest = _PREFIX + name.replace("-", "_")
        try:
            group.addoption(f"--{name}", dest=dest, **attributes)
        except (ValueError, argparse.ArgumentError):  # pytest-timeout has --timeout, for example
            group.addoption(f"--contract-{name}", dest=dest, **attributes)


@pytest.hookimpl(tryfirst=True)  # before pytest-base-url turns "not given" into an empty string
def pytest_configure(config: pytest.Config) -> None:
    """Refuse what cannot be meant, and prepare the session."""
    for level in Level:
        config.addinivalue_line(
            "markers", f"{level.value.lower()}: a {level.value} requirement of the contract"
        )
    if _CONTRACT in config.stash:
        return
    try:
        contract = _prepared(config)
    except UserError as error:
        raise pytest.UsageError(visible(str(error))) from None
    config.stash[_CONTRACT] = contract
    config.pluginmanager.register(contract, "bifrost-contract-session")
    if contract.settings is not None and pytest_workers.has_workers(config):
        config.pluginmanager.register(_controller(contract), "bifrost-contract-controller")


def _controller(contract: Contract) -> pytest_workers.Controller:
    from contracts.catalogue import load_catalogue

    def ask(ids: frozenset[str]) -> Result:
        assert contract.settings is not None  # noqa: S101 - only then there is a controller
        contract.result = _run(replace(contract.settings, only=ids))
        return contract.result

    return pytest_workers.Controller(load_catalogue().tested, ask)


def cases() -> list[Any]:
    """The requirements as parameters of a test: id, and a mark for the level."""
    from contracts.catalogue import load_catalogue

    return [
        pytest.param(found, id=found.id, marks=getattr(pytest.mark, found.level.value.lower()))
        for found in load_catalogue().requirements
    ]


@pytest.fixture(scope="session")
def contract(request: pytest.FixtureRequest) -> Contract:
    """The contract as this session judges it."""
    judging = request.config.stash[_CONTRACT]
    judging.selected = _selected(request.session.items)
    return judging


@pytest.fixture(scope="session")
def contract_settings(request: pytest.FixtureRequest) -> Iterator[Settings]:
    """What to judge and how: the deployment at `--base-url`, else a reference deployment while tests run."""
    judging = request.config.stash[_CONTRACT]
    if judging.settings is not None:
        yield judging.settings
        return
    from contracts import reference
    from contracts.transport import Secrets

    with reference.serving(narrow_token="reference-narrow-token") as served:  # noqa: S106 - fake
        secrets = Secrets(served.token, narrow=served.narrow_token)
        yield replace(_settings(request.config, served.url), secrets=secrets)


@pytest.fixture(scope="session")
def contract_result(
    contract: Contract, contract_settings: Settings, pytestconfig: pytest.Config
) -> Callable[[], Result]:
    """Gives the result of the session's one run, which the first call starts."""

    def once() -> Result:
        if contract.result is None:
            received = pytest_workers.received(pytestconfig)
            contract.result = received or contract.waived(
                _run(replace(contract_settings, only=contract.selected))
            )
        return contract.result

    return once


@dataclass
class Contract:
    """One session's view of the contract: what is judged, what was selected, what came of it."""

    settings: Settings | None  # None: the reference deployment
    terms: Terms
    waiving: Waiving | None = None
    selected: frozenset[str] = frozenset()
    result: Result | None = None
    seen: dict[str, tuple[Level, Outcome]] = field(default_factory=dict)
    interrupted: int | None = None  # the exit status after Ctrl-C or SIGTERM

    @property
    def judged(self) -> str:
        """What is judged, for people."""
        if self.settings is None:
            return "the embedded reference deployment, for no --base-url was given"
        return visible(self.settings.base_url)

    def waived(self, result: Result) -> Result:
        """The result with the user's waivers applied."""
        if self.waiving is None:
            return result
        from contracts import waivers

        applied = waivers.apply(result, self.waiving.waivers, self.waiving.today)
        self.terms = replace(self.terms, waivers_amiss=applied.troubles if self.waiving.strict else ())
        return applied.result

    def require(self, requirement: Requirement, result: Callable[[], Result], record: Record) -> None:
        """Pass, fail, skip or xfail as the requirement's verdict says; the run starts if need be."""
        if requirement.untested:
            pytest.skip(f"{requirement.id} has no check: {visible(requirement.untested)}")
        verdict = _verdict(requirement, result())
        record(_LEVEL, requirement.level.value)
        record(_OUTCOME, verdict.outcome.value)
        if verdict.outcome is Outcome.FAIL:
            self._fail(verdict, result())
        if verdict.outcome is Outcome.WAIVED and verdict.violations:
            pytest.xfail(f"{requirement.id} waived: {visible(verdict.reason)}")
        if verdict.outcome is not Outcome.PASS:
            pytest.skip(f"{requirement.id} {verdict.outcome}: {visible(summary.why(verdict))}")

    def _fail(self, verdict: Verdict, result: Result) -> NoReturn:
        if summary.is_warning(verdict, self.terms):
            pytest.xfail(visible(failure.headline(verdict)))
        pytest.fail(block(verdict, result, self.terms), pytrace=False)

    # --- hooks ---

    def pytest_report_header(self) -> str:
        """Say what is judged."""
        insecure = self.settings is not None and self.settings.verify is False
        return f"contract: judges {self.judged}" + (f"\n{options.INSECURE}" if insecure else "")

    def pytest_ignore_collect(self, collection_path: Any, config: pytest.Config) -> bool | None:
        """With a deployment to judge, the suite's own tests stay out."""
        return True if self.settings is not None and _is_own(collection_path, config) else None

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """The same for tests that were named on the command line."""
        own = [item for item in items if self.settings is not None and _is_own(item.path, config)]
        if own:
            config.hook.pytest_deselected(items=own)
            items[:] = [item for item in items if item not in own]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, Any, Any]:
        """Ctrl-C and SIGTERM end the run, not the session: what came until then is judged and reported."""
        if self.settings is None:
            return (yield)
        with signals.watched() as watch:
            try:
                return (yield)
            finally:
                self.interrupted = watch.status

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """The failure as it is, without the name of pytest's exception before it."""
        report = yield
        if _OUTCOME in dict(item.user_properties):
            _strip_exception_name(report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the outcome of each requirement, wherever it was judged."""
        noted = dict(report.user_properties)
        if report.when == "call" and _OUTCOME in noted:
            level, outcome = Level(str(noted[_LEVEL])), Outcome(str(noted[_OUTCOME]))
            self.seen[report.nodeid] = (level, outcome)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what no single test tells: warnings in full, readings and notes."""
        if self.result is None:
            return
        terminalreporter.section(f"contract of {visible(self.result.deployment)}")
        for line in _remarks(self.result, self.terms):
            terminalreporter.line(line)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # around the terminal reporter: its last line comes first
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, Any]:
        """Say at the very end what was judged, and do not let an unjudged MUST look like success."""
        passed = session.exitstatus == pytest.ExitCode.OK and self.interrupted is None
        if passed and self.terms.waivers_amiss:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        unjudged = session.exitstatus == pytest.ExitCode.OK and self._status() == ExitStatus.NOT_JUDGED
        unjudged = unjudged and self.interrupted is None
        if unjudged:
            session.exitstatus = UNJUDGED
        if self.interrupted is not None:
            session.exitstatus = self.interrupted
        finished = yield
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self.seen:
            self._print_end(reporter, unjudged=unjudged)
        return finished

    def _print_end(self, reporter: pytest.TerminalReporter, *, unjudged: bool) -> None:
        if unjudged:
            reporter.write_line(f"NOT JUDGED: {self._open()}; exit status {UNJUDGED}", yellow=True)
        if self.interrupted is not None:
            reporter.write_line(f"INTERRUPTED; exit status {self.interrupted}", yellow=True)
        if self.terms.waivers_amiss:
            reporter.write_line(f"waivers amiss: {visible('; '.join(self.terms.waivers_amiss))}", red=True)
        outcomes = [outcome for _, outcome in self.seen.values()]
        tally = ", ".join(f"{outcomes.count(one)} {one}" for one in Outcome if one in outcomes)
        reporter.write_line(f"contract: judged {self.judged}: {tally}")

    def _status(self) -> int:
        if not self.seen:
            return ExitStatus.CONFORMING
        verdicts = tuple(_bare(level, outcome) for level, outcome in self.seen.values())
        return exit_status(verdicts, allow_unexercised=self.terms.allow_unexercised, level=self.terms.level)

    def _open(self) -> str:
        """How many requirements have each outcome that leaves the contract unjudged."""
        outcomes = [outcome for _, outcome in self.seen.values()]
        open_ones = (Outcome.INCONCLUSIVE, Outcome.BLOCKED, Outcome.NOT_EXERCISED)
        found = [f"{outcomes.count(one)} {one}" for one in open_ones if one in outcomes]
        return ", ".join(found) or "no requirement that decides"


Record = Callable[[str, object], None]


def guarded(ask: Callable[[], Result]) -> Result:
    """What `ask` gives; mistakes of the user and errors of the suite end the session, without a traceback."""
    try:
        return ask()
    except UserError as error:
        pytest.exit(visible(str(error)), returncode=pytest.ExitCode.USAGE_ERROR)
    except Exception as error:
        # No traceback: with --showlocals it would print what the transport holds.
        pytest.exit(options.bug(error), returncode=ExitStatus.INTERNAL)


def block(verdict: Verdict, result: Result, terms: Terms) -> str:
    """A failure for pytest's output: the headline, the sentence, what was seen, and how to see it again."""
    lines = [visible(failure.headline(verdict))]
    for label, text in failure.explain(verdict, result, terms):
        shown = text if label == "Request" else visible(text)
        lines.append(f"  {label.ljust(9)} {shown}" if label else f"  {shown}")
    return "\n".join(lines)


def _prepared(config: pytest.Config) -> Contract:
    base_url = _base_url(config)
    given = {name: getattr(config.option, _PREFIX + name) for name in _OF_A_DEPLOYMENT}
    if base_url is None:
        _refuse_without_deployment(given)
        return Contract(None, _terms(config, Secret()), _waiving(config))
    keys = _keys(config)
    settings = replace(
        _settings(config, base_url),
        path=given["path"],
        secrets=keys.secrets(),
        open=given["open"],
        unwritten=config.option.contract_writes == "none",
        verify=options.verification(given["ca"], insecure=given["insecure"]),
        cert=options.client_certificate(given["client_cert"], given["client_key"]),
        http2=given["http2"],
    )
    _parse_target(base_url, given["path"])
    return Contract(settings, _terms(config, keys.secret()), _waiving(config))


def _waiving(config: pytest.Config) -> Waiving | None:
    file, strict = config.option.contract_waivers, config.option.contract_strict_waivers
    if file is None:
        if strict:
            raise UserError("--strict-waivers is of use with --waivers alone.")
        return None
    from contracts import waivers
    from contracts.catalogue import load_catalogue

    return waivers.waiving(file, load_catalogue().tested, strict=strict)


def _base_url(config: pytest.Config) -> str | None:
    value = config.getoption("base_url", None)
    if value is None:
        value = _configured(config)
    # Without any value the reference deployment is judged; an unset CI variable must not end there.
    return None if value is None else options.require_url(value)


def _configured(config: pytest.Config) -> str | None:
    """The `base_url` of the configuration, which reads as empty where it is not set at all."""
    value = str(config.getini("base_url"))
    overrides = (str(item).partition("=")[0].strip() for item in config.getoption("override_ini") or ())
    return value if value or "base_url" in overrides else None


def _refuse_without_deployment(given: dict[str, Any]) -> None:
    for name, value in given.items():
        if value:
            option = "--" + name.replace("_", "-")
            raise UserError(f"{option} is of use with --base-url alone.")


def _parse_target(base_url: str, path: str | None) -> None:
    from contracts.transport import Target

    Target.parse(base_url, path or OLD_PATH)


def _keys(config: pytest.Config) -> options.Keys:
    names = [one.name for one in fields(options.Keys)]
    return options.Keys(**{name: getattr(config.option, _PREFIX + name) for name in names})


def _settings(config: pytest.Config, base_url: str) -> Settings:
    from contracts.run import Settings

    given = {name: getattr(config.option, _PREFIX + name) for name in (*_BOUNDS, *_WALK)}
    if (config.option.contract_examples or 0) < 0:
        raise UserError("--examples takes a number from 0 on.")
    return Settings(
        base_url=base_url,
        bounds=options.of_a_walk(options.bounds(**{name: given[name] for name in _BOUNDS}), given),
        exhaustive=given["exhaustive"],
        resume=None if given["resume"] is None else Path(given["resume"]),
        seed=config.option.contract_seed,
        gentle=config.option.contract_gentle,
        examples=config.option.contract_examples,
    )


_BOUNDS = ("max_requests", "rate", "timeout", "deadline", "concurrency")
_WALK = ("exhaustive", "resume")


def _terms(config: pytest.Config, secret: Secret | None) -> Terms:
    return Terms(
        level=Level(config.option.contract_level.upper()),
        allow_unexercised=config.option.contract_allow_unexercised,
        secret=secret,
    )


def _selected(items: list[pytest.Item]) -> frozenset[str]:
    """Ids of the requirements whose tests will run; empty where these are all that have a check."""
    from contracts.catalogue import load_catalogue

    tested = load_catalogue().tested
    chosen = frozenset(one.id for item in items if (one := _requirement_of(item)) is not None) & tested
    return frozenset() if chosen == tested else chosen


def _requirement_of(item: pytest.Item) -> Requirement | None:
    """The requirement that a test is for; None for other tests."""
    callspec = getattr(item, "callspec", None)
    found = None if callspec is None else callspec.params.get("requirement")
    return found if isinstance(found, Requirement) else None


def _run(settings: Settings) -> Result:
    from contracts import run

    return guarded(lambda: run.check(settings))


def _verdict(requirement: Requirement, result: Result) -> Verdict:
    found = next((v for v in result.verdicts if v.requirement.id == requirement.id), None)
    return found or Verdict(requirement, Outcome.INCONCLUSIVE, reason="the run gave no verdict on it")


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


def _remarks(result: Result, terms: Terms) -> Iterator[str]:
    for verdict in result.verdicts:
        if summary.is_warning(verdict, terms):
            yield f"warning: {block(verdict, result, terms)}"
    yield from (f"reading: {visible(one.name)}: {visible(one.value)}" for one in result.readings)
    yield from (f"note: {visible(one)}" for one in summary.notes(result))
