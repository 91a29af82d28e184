"""The command `bifrost-contracts`: parse what is asked, call the run, print, and exit with its status.

Only click and the model are imported at the top: `--help` and `--version` must not load an HTTP client.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO, TypeVar
from urllib.parse import urlsplit

import click

from contracts import __version__, options
from contracts.model import ExitStatus, Level, Result, UserError
from contracts.reports.curl import Secret
from contracts.reports.text import visible

if TYPE_CHECKING:
    from contracts.catalogue import Catalogue
    from contracts.reports.progress import Advance
    from contracts.reports.summary import Terms
    from contracts.run import Progress, Settings

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it (128 + SIGINT)."""

_DEBUG = "BIFROST_CONTRACTS_DEBUG"
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(slots=True)
class Session:
    """What one invocation knows that its error handling needs: how to take secrets out of a text."""

    redact: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Output:
    """Where the report goes, and how much of it."""

    directory: Path | None
    as_json: bool
    quiet: bool
    verbose: bool


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its status; never anything but the documented ones."""
    _make_printable(sys.stdout)
    _make_printable(sys.stderr)
    session = Session()
    status = _guarded(arguments, session)
    _flush()
    sys.exit(status)


def _guarded(arguments: list[str] | None, session: Session) -> int:
    try:
        returned = commands.main(arguments, "bifrost-contracts", standalone_mode=False, obj=session)
        return returned if isinstance(returned, int) else ExitStatus.CONFORMING
    except click.ClickException as error:
        error.show()
        return ExitStatus.USAGE
    except UserError as error:
        click.echo(f"Error: {visible(str(error))}", err=True)
        return ExitStatus.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return INTERRUPTED
    except Exception as error:  # the suite's own bug must not look like a verdict
        _report_bug(error, session)
        return ExitStatus.INTERNAL


# --- options ---------------------------------------------------------------------------------------


def _stacked(*decorators: Callable[[_Function], _Function]) -> Callable[[_Function], _Function]:
    def decorate(function: _Function) -> _Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


_deployment_options = _stacked(
    click.option("--path", metavar="PATH", help="Path of the operation. [default: whichever is served]"),
    click.option(
        "--token-env",
        metavar="NAME",
        help="Environment variable that holds the token. [default: BIFROST_TOKEN, if set]",
    ),
    click.option("--token-file", metavar="FILE", help="File that holds the token."),
    click.option("--basic-env", metavar="NAME", help="Variable that holds user:password, for Basic."),
    click.option(
        "--narrow-token-env", metavar="NAME", help="Variable with a token of a caller who sees less."
    ),
    click.option("--open", "is_open", is_flag=True, help="Authentication is switched off on purpose."),
    click.option("--ca", metavar="FILE", help="Certificates to trust (PEM)."),
    click.option("--insecure", is_flag=True, help="Do not verify TLS; the token may be read by others."),
)

_request_options = _stacked(
    click.option("--seed", type=int, default=0, metavar="N", help="Seed of all random choices. [default: 0]"),
    click.option("--max-requests", type=click.IntRange(min=1), metavar="N", help="Most requests to send."),
    click.option("--rate", type=float, metavar="N", help="Most requests a second."),
    click.option("--timeout", type=float, metavar="S", help="Seconds for each exchange as a whole."),
    click.option("--deadline", type=float, metavar="S", help="Seconds for the whole run."),
    click.option("--only", multiple=True, metavar="ID[,ID]", help="Judge these requirements alone."),
    click.option("--gentle", is_flag=True, help="Leave out values that can take a process down."),
    click.option(
        "--examples",
        type=click.IntRange(min=0),
        metavar="N",
        help="Queries generated from the document. [default: a small share]",
    ),
    click.option("--exhaustive", is_flag=True, help="Walk the whole list too, however long it is."),
    click.option(
        "--resume",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Where an interrupted --exhaustive is kept and goes on.",
    ),
    click.option("--document", metavar="FILE", help="Another OpenAPI document with x-requirements."),
    click.option("--plan", is_flag=True, help="Print the most requests of each probe; send nothing."),
)

_judging_options = _stacked(
    click.option(
        "--level",
        type=click.Choice(["must", "should"]),
        default="must",
        show_default=True,
        help="What decides the exit status.",
    ),
    click.option(
        "--allow-unexercised", is_flag=True, help="Accept requirements that the data cannot exercise."
    ),
)

_output_options = _stacked(
    click.option("--report", metavar="DIR", help="Write report.json and junit.xml there."),
    click.option("--json", "as_json", is_flag=True, help="Print the report as JSON and nothing else."),
    click.option("--quiet", "-q", is_flag=True, help="Print failures and the conclusion alone."),
    click.option("--verbose", "-v", is_flag=True, help="Print every exchange too."),
)

_reference_options = _stacked(
    click.option("--fault", metavar="NAME", help="Fault to switch on; --list shows them."),
    click.option("--style", metavar="NAME", help="Legal style to follow; --list shows them."),
    click.option("--profiles", type=click.IntRange(min=0), default=137, show_default=True, metavar="N"),
    click.option("--list", "is_list", is_flag=True, help="List faults and styles; serve nothing."),
)


class _Commands(click.Group):
    """A group that takes a reader which goes away (`… | head`) for no error; click would exit with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _discard_output()
            return ExitStatus.CONFORMING


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="bifrost-contracts")
def commands() -> None:
    """Judge a deployment of GET /api/access-profiles by its contract.

    Exit status: 0 every MUST requirement passed; 1 one is broken; 2 usage error; 3 not judged; 70 internal
    error of the suite.
    """


# --- commands --------------------------------------------------------------------------------------


@commands.command("check", short_help="Judge a live deployment.")
@click.argument("url")
@_deployment_options
@_request_options
@_judging_options
@_output_options
@click.pass_obj
def check(session: Session, /, url: str, **given: Any) -> int:
    """Judge the deployment at URL (scheme, host, and a prefix if there is one).

    The token is read from a variable or a file, never from the command line, where others can see it.
    """
    options.require_url(url)
    from contracts import run

    asked = _asked(given)
    settings = replace(_settings(url, given), **_credentials(session, given))
    catalogue = _catalogue(given["document"], settings)
    if given["plan"]:
        return _print_plan(run.plan(settings))
    if given["insecure"]:
        click.echo("WARNING: TLS is not verified; the token and the verdicts can be tampered with.", err=True)
    return _judge(settings, catalogue, asked, _terms(given, settings, catalogue, _keys(given).secret()))


@commands.command("demo", short_help="Judge the embedded reference deployment.")
@_reference_options
@_request_options
@_judging_options
@_output_options
@click.pass_obj
def demo(session: Session, /, fault: str | None, style: str | None, profiles: int, **given: Any) -> int:
    """Start the embedded reference deployment, judge it, stop it."""
    if given.pop("is_list"):
        return _print_names()
    from contracts import run, score

    _require_names(fault, style)
    asked = _asked(given)
    with score.deployed(fault=fault, style=style, seed=given["seed"], profiles=profiles) as served:
        session.redact = served.secrets.redact
        settings = replace(_settings(served.base_url, given), secrets=served.secrets, open=served.open)
        catalogue = _catalogue(given["document"], settings)
        if given["plan"]:
            return _print_plan(run.plan(settings))
        click.echo(_demo_line(fault, style), err=asked.as_json)
        return _judge(settings, catalogue, asked, _terms(given, settings, catalogue, Secret()))


@commands.command("score", short_help="Score the suite on its reference deployment.")
@click.option("--faults", metavar="PATTERN", help="Faults to try. [default: all, or none with --styles]")
@click.option("--styles", metavar="PATTERN", help="Styles to try. [default: all, or none with --faults]")
@click.option(
    "--seeds", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Seeds a style."
)
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Runs at a time. [default: one a core]")
@click.option("--json", "as_json", is_flag=True, help="Print the score as JSON and nothing else.")
def score(faults: str | None, styles: str | None, seeds: int, jobs: int | None, *, as_json: bool) -> int:
    """Judge the embedded reference deployment with every fault and in every legal style.

    Exit status: 0 every fault was caught by a requirement that it breaks, and no style accused of anything;
    1 otherwise; 2 usage error. A PATTERN is as in a shell: total-*.
    """
    from contracts import score as scoring
    from contracts.reports import score as report
    from contracts.reports.terminal import console_for

    wanted = scoring.tasks(faults, styles, seeds)
    with report.live(sys.stderr) as told:
        reached = scoring.score(wanted, jobs=jobs, told=told)
    with _closed_output_ignored():
        if as_json:
            sys.stdout.write(report.as_json(reached))
        else:
            report.render(reached, console_for(sys.stdout))
    return reached.status


@commands.command("serve", short_help="Serve the embedded reference deployment.")
@_reference_options
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any free port. [default: 0]")
def serve(fault: str | None, style: str | None, profiles: int, host: str, port: int, *, is_list: bool) -> int:
    """Serve the embedded reference deployment on this machine until Ctrl-C."""

    if is_list:
        return _print_names()
    _require_names(fault, style)
    _require_loopback(host)
    _serve(host, port, {"profiles": profiles, "fault": fault, "style": style})
    click.echo("Stopped.", err=True)
    return ExitStatus.CONFORMING


@commands.command("requirements", short_help="List the requirements.")
@click.option("--markdown", "form", flag_value="markdown", help="As a Markdown table.")
@click.option("--json", "form", flag_value="json", help="As JSON.")
@click.option("--document", metavar="FILE", help="Another OpenAPI document with x-requirements.")
def requirements(form: str | None, document: str | None) -> int:
    """List the requirements: level, evidence class, and whether there is a check."""
    from contracts.catalogue import load_catalogue
    from contracts.reports import requirements as listing

    catalogue = load_catalogue(None if document is None else Path(document))
    rows = listing.rows(catalogue.requirements, catalogue.tested)
    if form is None:
        listing.print_table(rows, sys.stdout)
    else:
        click.echo(listing.markdown(rows) if form == "markdown" else listing.as_json(rows))
    return ExitStatus.CONFORMING


# --- steps of a command ----------------------------------------------------------------------------


def _asked(given: dict[str, Any]) -> Output:
    if given["quiet"] and given["verbose"]:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    directory = None if given["report"] is None else _require_directory(given["report"])
    return Output(directory, given["as_json"], given["quiet"], given["verbose"])


def _settings(url: str, given: dict[str, Any]) -> Settings:
    from contracts.run import Settings

    if given["resume"] is not None and not given["exhaustive"]:
        raise UserError("--resume goes with --exhaustive.")
    bounds = options.bounds(**{name: given[name] for name in ("max_requests", "rate", "timeout", "deadline")})
    if given["exhaustive"]:
        asked = {name for name in ("max_requests", "deadline") if given[name] is not None}
        bounds = options.lifted(bounds, asked)
    return Settings(
        base_url=options.require_url(url),
        bounds=bounds,
        exhaustive=given["exhaustive"],
        resume=None if given["resume"] is None else Path(given["resume"]),
        seed=given["seed"],
        only=options.ids(given["only"]),
        gentle=given["gentle"],
        examples=given["examples"],
    )


def _credentials(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    keys = _keys(given)
    secrets = keys.secrets()
    session.redact = secrets.redact
    return {
        "path": given["path"],
        "secrets": secrets,
        "open": given["is_open"],
        "verify": options.verification(given["ca"], insecure=given["insecure"]),
    }


def _catalogue(document: str | None, settings: Settings) -> Catalogue:
    from contracts.catalogue import load_catalogue

    catalogue = load_catalogue(None if document is None else Path(document))
    if settings.only:
        catalogue.select(settings.only)  # refuses unknown ids before anything is sent
    return catalogue


def _terms(given: dict[str, Any], settings: Settings, catalogue: Catalogue, secret: Secret | None) -> Terms:
    from contracts.reports.summary import Terms

    return Terms(
        level=Level(given["level"].upper()),
        allow_unexercised=given["allow_unexercised"],
        untested=tuple(r for r in catalogue.requirements if r.id not in catalogue.tested),
        secret=secret,
        only=settings.only,
        prefix=urlsplit(settings.base_url).path.rstrip("/"),
    )


def _keys(given: dict[str, Any]) -> options.Keys:
    return options.Keys(**{field.name: given[field.name] for field in fields(options.Keys)})


def _judge(settings: Settings, catalogue: Catalogue, asked: Output, terms: Terms) -> int:
    from contracts import run
    from contracts.reports import progress, summary

    _remove_old_reports(asked.directory)
    with _watched_interrupts() as interrupts, progress.live(sys.stderr) as advance:
        result = run.check(settings, catalogue=catalogue, progress=_told(advance))
    with _closed_output_ignored():
        _print_report(result, asked, terms)
    if asked.directory is not None:
        _write_reports(result, asked.directory, terms)
    return INTERRUPTED if interrupts else summary.conclude(result, terms).status


@contextmanager
def _watched_interrupts() -> Iterator[list[int]]:
    """Ctrl-C as always, and noted: the run may end early with what it has instead of raising."""
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)


def _told(advance: Advance | None) -> Callable[[Progress], None] | None:
    if advance is None:
        return None
    return lambda progress: advance(progress.probe, progress.sent, progress.at_most, progress.seconds_left)


def _print_report(result: Result, asked: Output, terms: Terms) -> None:
    from contracts.reports import json_report, terminal

    if asked.as_json:
        sys.stdout.write(json_report.text(result, terms))
        return
    console = terminal.console_for(sys.stdout)
    if asked.quiet:
        terminal.render_failures(result, console, terms)
        terminal.render_conclusion(result, console, terms)
        return
    if asked.verbose:
        terminal.render_exchanges(result, console, terms)
    terminal.render(result, console, terms)


def _print_plan(plan: tuple[tuple[str, int], ...]) -> int:
    widest = max((len(probe) for probe, _ in plan), default=0)
    for probe, most in plan:
        click.echo(f"{probe.ljust(widest)}  {most:>6,}")
    click.echo(f"{'At most, in all'.ljust(widest)}  {sum(most for _, most in plan):>6,}")
    return ExitStatus.CONFORMING


def _print_names() -> int:
    from contracts import reference

    for title, known in (("Faults", reference.FAULTS), ("Styles", reference.STYLES)):
        click.echo(f"{title}:")
        for name, entry in known.items():
            click.echo(f"  {name}: {entry.description}")
    return ExitStatus.CONFORMING


def _require_names(fault: str | None, style: str | None) -> None:
    from contracts import reference

    options.require_known("fault", fault, reference.FAULTS)
    options.require_known("style", style, reference.STYLES)


def _demo_line(fault: str | None, style: str | None) -> str:
    manner = "" if style is None else f" in the style {style}"
    return f"Judging the embedded reference deployment{manner}, with {_fault_words(fault)}."


def _fault_words(fault: str | None) -> str:
    return "no fault" if fault is None else f"the fault {fault}"


def _serve(host: str, port: int, manner: dict[str, Any]) -> None:
    from contracts import reference

    def announce(url: str) -> None:
        _announce(url, reference.REFERENCE_TOKEN)

    try:
        with suppress(KeyboardInterrupt):
            reference.serve_forever(host, port, on_ready=announce, **manner)
    except OSError as error:
        raise UserError(f"Cannot listen on {host}, port {port}: {error.strerror}.") from error


def _announce(url: str, token: str) -> None:
    click.echo(f"Serving {url}")
    click.echo(f"Token (fake, of use here alone): {token}")
    click.echo("Press Ctrl-C to stop.", err=True)
    sys.stdout.flush()


def _require_loopback(host: str) -> None:
    import ipaddress

    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        # Its token is printed and its faults are holes: nobody else should reach it.
        raise UserError("--host must be a loopback address: the reference deployment is for this machine.")


# --- files and streams -----------------------------------------------------------------------------


def _require_directory(name: str) -> Path:
    """The directory for the reports, made and tried out before the first request is sent."""
    if not name.strip():
        raise UserError("--report names no directory; is a variable unset?")
    directory = Path(name)
    if directory.exists() and not directory.is_dir():
        raise UserError(f"--report takes a directory, and {name} is a file.")
    trial = directory / f".report-{os.getpid()}"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise UserError(f"Cannot write to the report directory {name}: {error.strerror}.") from error
    return directory


_REPORTS = ("report.json", "junit.xml")


def _remove_old_reports(directory: Path | None) -> None:
    # A report of an earlier run must not pass for this one's, should this one end early.
    for name in _REPORTS if directory is not None else ():
        (directory / name).unlink(missing_ok=True)  # type: ignore[operator]


def _write_reports(result: Result, directory: Path, terms: Terms) -> None:
    from contracts.reports import json_report, junit

    for name, text in zip(
        _REPORTS, (json_report.text(result, terms), junit.text(result, terms)), strict=True
    ):
        unfinished = directory / f".{name}-{os.getpid()}"
        try:
            unfinished.write_text(text, "ascii")
            unfinished.replace(directory / name)
        except OSError as error:
            raise UserError(f"Cannot write {directory / name}: {error.strerror}.") from error


@contextmanager
def _closed_output_ignored() -> Iterator[None]:
    # `check … | head` must neither complain nor change the verdict's exit status.
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _flush() -> None:
    with _closed_output_ignored():
        pass


def _make_printable(stream: TextIO) -> None:
    # In a C locale, text of a deployment must not end the report with an encoding error.
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _report_bug(error: Exception, session: Session) -> None:
    click.echo(options.bug(error), err=True)
    if os.environ.get(_DEBUG) == "1":
        click.echo(session.redact("".join(traceback.format_exception(error))), err=True)
