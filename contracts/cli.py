"""The command `bifrost-contracts`: parse what is asked, call the run, print, and exit with its status.

Only click and the model are imported at the top: `--help` and `--version` must not load an HTTP client.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar
from urllib.parse import urlsplit

import click

from contracts import __version__, config, evidence_commands, merge_command, options, signals
from contracts.model import ExitStatus, Level, Outcome, Result, UserError
from contracts.reports.curl import Secret
from contracts.reports.text import visible

if TYPE_CHECKING:
    from contracts.catalogue import Catalogue
    from contracts.certificate.bundle import Product
    from contracts.certificate.signing import Signer
    from contracts.fleet import Goal
    from contracts.recorder import Recorder
    from contracts.reports.fleet import Judged
    from contracts.reports.progress import Advance
    from contracts.reports.summary import Terms
    from contracts.run import Progress, Settings
    from contracts.waivers import Waiver, Waiving

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
    badge: Path | None = None
    record: Path | None = None
    har: Path | None = None


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
    except (click.Abort, KeyboardInterrupt) as interruption:
        click.echo("Interrupted.", err=True)
        return getattr(interruption, "status", INTERRUPTED)
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
    click.option(
        "--writes",
        type=click.Choice(["none", "some"]),
        default="some",
        show_default=True,
        help="Whether others may write meanwhile; with none, less is asked again.",
    ),
    click.option("--headers-env", metavar="NAME", help="Variable with more header fields, one a line."),
    click.option("--headers-file", metavar="FILE", help="File with more header fields, one a line."),
    click.option("--ca", metavar="FILE", help="Certificates to trust (PEM)."),
    click.option("--client-cert", metavar="FILE", help="Client certificate (PEM)."),
    click.option("--client-key", metavar="FILE", help="Key of the client certificate, if not in its file."),
    click.option("--insecure", is_flag=True, help="Do not verify TLS; the token may be read by others."),
    click.option("--http2", is_flag=True, help="Speak HTTP/2 where the deployment does (https alone)."),
)

_asking_options = _stacked(
    click.option("--seed", type=int, default=0, metavar="N", help="Seed of all random choices. [default: 0]"),
    click.option("--max-requests", type=click.IntRange(min=1), metavar="N", help="Most requests to send."),
    click.option("--rate", type=float, metavar="N", help="Most requests a second."),
    click.option(
        "--concurrency",
        type=click.IntRange(1, options.MOST_CONCURRENT),
        metavar="N",
        help="Requests under way at a time, where order does not matter. [default: 1]",
    ),
    click.option("--timeout", type=float, metavar="S", help="Seconds for each exchange as a whole."),
    click.option("--deadline", type=float, metavar="S", help="Seconds for the whole run."),
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
    click.option(
        "--part", metavar="K/N", help="Walk the K-th of N shares of the pages; merge puts them together."
    ),
    click.option("--plan", is_flag=True, help="Print the most requests of each probe; send nothing."),
)

_request_options = _stacked(
    _asking_options,
    click.option("--only", multiple=True, metavar="ID[,ID]", help="Judge these requirements alone."),
    click.option("--document", metavar="FILE", help="Another OpenAPI document with x-requirements."),
)

_waiver_options = _stacked(
    click.option(
        "--waivers", metavar="FILE", help="Broken requirements that are accepted for a time (TOML)."
    ),
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
    _waiver_options,
    click.option("--strict-waivers", is_flag=True, help="Fail for waivers that are expired or not used."),
)

_output_options = _stacked(
    click.option("--report", metavar="DIR", help="Write the report there, in every format."),
    click.option("--badge", metavar="FILE", help="Write a badge (SVG) that says the verdict."),
    click.option("--record", metavar="FILE", help="Write every exchange to FILE (JSON Lines, hash chain)."),
    click.option("--har", metavar="FILE", help="Write every exchange to FILE (HAR 1.2)."),
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

    Exit status: 0 every MUST requirement passed or is waived; 1 one is broken; 2 usage error; 3 not judged;
    70 internal error of the suite; 130 and 143 after Ctrl-C and SIGTERM, with a report of what came by then.
    """


# --- commands --------------------------------------------------------------------------------------


@commands.command("check", cls=config.Configured, short_help="Judge a live deployment.")
@click.argument("url", nargs=-1, envvar="BIFROST_CONTRACTS_URL")
@click.option("--targets", metavar="FILE", help="Deployments to judge side by side (TOML).")
@_deployment_options
@_request_options
@_judging_options
@_output_options
@click.pass_obj
def check(session: Session, /, url: tuple[str, ...], targets: str | None, **given: Any) -> int:
    """Judge the deployment at URL (scheme, host, and a prefix if there is one), or several side by side.

    The token is read from a variable or a file, never from the command line, where others can see it.
    """
    url, targets = config.nearer(click.get_current_context(), url, targets)
    if targets is not None or len(url) > 1:
        return _check_fleet(session, url, targets, given)
    if not url:
        raise click.UsageError(
            "Missing argument 'URL': on the command line, in the environment or in a file."
        )
    return _check_one(session, url[0], given)


def _check_one(session: Session, url: str, given: dict[str, Any]) -> int:
    options.require_url(url)
    from contracts import run

    asked = _asked(given)
    settings = replace(_settings(url, given), **_credentials(session, given))
    catalogue = _catalogue(given["document"], settings)
    if given["plan"]:
        return _print_plan(run.plan(settings), given)
    if given["insecure"]:
        click.echo(options.INSECURE, err=True)
    terms = _terms(given, settings, catalogue, _keys(given).secret())
    return _judge(settings, catalogue, asked, terms, _waiving(given, catalogue))


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
            return _print_plan(run.plan(settings), given)
        click.echo(_demo_line(fault, style), err=asked.as_json)
        terms = _terms(given, settings, catalogue, Secret())
        return _judge(settings, catalogue, asked, terms, _waiving(given, catalogue))


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
@click.option(
    "--format",
    "written",
    type=click.Choice(["table", "md", "html", "json"]),
    help="As a table, or in full as a document: Markdown or HTML.",
)
@click.option("--markdown", "form", flag_value="markdown", help="As a Markdown table.")
@click.option("--json", "form", flag_value="json", help="As JSON.")
@click.option("--document", metavar="FILE", help="Another OpenAPI document with x-requirements.")
def requirements(form: str | None, written: str | None, document: str | None) -> int:
    """List the requirements: level, evidence class, and whether there is a check."""
    if written in ("md", "html"):
        return _print_guide(written, document)
    form = "json" if written == "json" else form
    from contracts.catalogue import load_catalogue
    from contracts.reports import requirements as listing

    catalogue = load_catalogue(None if document is None else Path(document))
    rows = listing.rows(catalogue.requirements, catalogue.tested)
    if form is None:
        listing.print_table(rows, sys.stdout)
    else:
        click.echo(listing.markdown(rows) if form == "markdown" else listing.as_json(rows))
    return ExitStatus.CONFORMING


@commands.command("certify", short_help="Judge a deployment and write a bundle of evidence.")
@click.argument("url")
@click.option("--vendor", required=True, metavar="TEXT", help="Who makes the product.")
@click.option("--product", required=True, metavar="TEXT", help="What it is called.")
@click.option("--version", required=True, metavar="TEXT", help="Which version of it is judged.")
@click.option("--out", required=True, metavar="FILE", help="The bundle to write (ZIP).")
@click.option("--key", metavar="FILE", help="Private key to sign with; keygen makes one.")
@click.option("--challenge", metavar="NONCE", help="What the verifier wants the seed to be derived from.")
@click.option(
    "--valid-days",
    type=click.IntRange(1, 3650),
    default=90,
    show_default=True,
    metavar="N",
    help="Days after which it expires.",
)
@click.option("--redact", is_flag=True, help="Replace names, tags, other strings and ids by tokens.")
@_waiver_options
@_deployment_options
@_asking_options
@click.pass_obj
def certify(session: Session, /, url: str, **given: Any) -> int:
    """Judge the deployment at URL by the whole contract and write a bundle that anyone can verify.

    Exit status as of check: 0 conforming; 1 not conforming; 2 usage error; 3 not judged. The bundle is
    written in each of these cases but the second last. Secrets are never in it.
    """
    from contracts import run

    settings = replace(_settings(url, {**given, "only": ()}), **_credentials(session, given))
    settings, wish = _wish(given, settings)
    if given["plan"]:
        return _print_plan(run.plan(settings), given)
    catalogue = _catalogue(None, settings)
    waiving = _waiving({**given, "strict_waivers": False}, catalogue)
    return _certify(settings, catalogue, wish, waiving.waivers)


@commands.command("explain", short_help="Explain a requirement.")
@click.argument("id_", metavar="ID")
@click.option("--document", metavar="FILE", help="Another OpenAPI document with x-requirements.")
def explain(id_: str, document: str | None) -> int:
    """Say all there is to know of the requirement ID, with an answer that meets and one that breaks it."""
    from contracts import guide
    from contracts.reports import guide as report
    from contracts.reports.terminal import console_for

    entry = guide.entry(id_, None if document is None else Path(document))
    with _closed_output_ignored():
        report.explain(entry, console_for(sys.stdout))
    return ExitStatus.CONFORMING


@commands.command("init", short_help="Write a file of options to begin with.")
@click.option("--url", metavar="URL", help="The deployment to judge.")
@click.option("--token-env", metavar="NAME", help="Environment variable that holds the token.")
def init(url: str | None, token_env: str | None) -> int:
    """Write bifrost-contracts.toml here, so that `check` needs no options."""
    click.echo(f"Wrote {config.write_starter(Path.cwd(), url, token_env)}")
    return ExitStatus.CONFORMING


# --- several deployments ----------------------------------------------------------------------------


def _check_fleet(session: Session, urls: tuple[str, ...], targets: str | None, given: dict[str, Any]) -> int:
    from contracts import fleet, run

    entries = [{"url": url} for url in urls]
    entries += [dict(one) for one in fleet.read_targets(Path(targets))] if targets is not None else []
    asked = _asked(given)
    goals, catalogue = _goals(session, entries, given)
    if given["plan"]:
        return _print_plan(
            tuple((goal.name, sum(most for _, most in run.plan(goal.settings))) for goal in goals), given
        )
    if asked.record is not None or asked.har is not None:
        raise UserError("--record and --har are for one deployment at a time.")
    if given["resume"] is not None:
        raise UserError("--resume is for one deployment at a time.")
    return _judge_fleet(goals, catalogue, asked, _waiving(given, catalogue))


def _goals(
    session: Session, entries: list[dict[str, Any]], given: dict[str, Any]
) -> tuple[list[Goal], Catalogue]:
    """What to judge: each target's own credentials, where it names any, and else those of the command."""
    from contracts import fleet

    names = fleet.named([entry.get("name") or options.require_url(entry["url"]) for entry in entries])
    goals, redactions = [], []
    for name, entry in zip(names, entries, strict=True):
        own = _own(entry, given)
        settings = replace(_settings(entry["url"], own), **_credentials(session, own))
        redactions.append(session.redact)
        catalogue = _catalogue(given["document"], settings)
        goals.append(fleet.Goal(name, settings, _terms(own, settings, catalogue, _keys(own).secret())))
    session.redact = lambda text: functools.reduce(lambda shown, redact: redact(shown), redactions, text)
    return goals, catalogue


def _own(entry: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    keys = {field.name for field in fields(options.Keys)}
    cleared = dict.fromkeys(keys) if keys & entry.keys() else {}
    renamed = {"is_open" if key == "open" else key: value for key, value in entry.items()}
    return {**given, **cleared, **renamed}


def _judge_fleet(goals: list[Goal], catalogue: Catalogue, asked: Output, waiving: Waiving) -> int:
    from contracts import fleet, run
    from contracts.reports import fleet as report
    from contracts.reports import progress

    if asked.directory is not None:
        report.prepare(asked.directory, [goal.name for goal in goals])
    most = sum(count for goal in goals for _, count in run.plan(goal.settings))
    with signals.watched() as watch:
        with progress.live(sys.stderr) as advance:
            name = f"{len(goals)} deployments"
            told = None if advance is None else functools.partial(_advance, advance, name, most)
            judged = fleet.judge(goals, catalogue, told)
        watch.asking = False
        judged = tuple(_waived_one(one, waiving) for one in judged)
        _show_fleet(judged, asked)
    return watch.status or report.status(judged)


def _waived_one(judged: Judged, waiving: Waiving) -> Judged:
    result, terms = _waived(judged.result, judged.terms, waiving)
    return replace(judged, result=result, terms=terms)


def _show_fleet(judged: tuple[Judged, ...], asked: Output) -> None:
    from contracts.reports import files, terminal
    from contracts.reports import fleet as report

    with _closed_output_ignored():
        if asked.as_json:
            sys.stdout.write(report.text(judged))
        else:
            report.render(judged, terminal.console_for(sys.stdout), quiet=asked.quiet)
    if asked.directory is not None:
        report.write(judged, asked.directory)
    if asked.badge is not None:
        files.write(asked.badge, report.badge_text(judged))
    for one in judged:
        files.tell_github(one.result, one.terms, sys.stderr)


def _advance(advance: Callable[[str, int, int], None], name: str, most: int, sent: int) -> None:
    advance(name, sent, most)


# --- steps of a command ----------------------------------------------------------------------------


def _asked(given: dict[str, Any]) -> Output:
    if given["quiet"] and given["verbose"]:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    directory = None if given["report"] is None else _require_directory(given["report"])
    files = {
        name: None if given[name] is None else evidence_commands.require_writable(given[name], f"--{name}")
        for name in ("record", "har")
    }
    badge = _badge(given["badge"])
    return Output(directory, given["as_json"], given["quiet"], given["verbose"], badge, **files)


def _badge(name: str | None) -> Path | None:
    if name is None:
        return None
    if not name.strip() or Path(name).is_dir() or not Path(name).parent.is_dir():
        raise UserError("--badge takes the name of a file, in a directory that exists.")
    return Path(name)


def _waiving(given: dict[str, Any], catalogue: Catalogue) -> Waiving:
    from contracts import waivers

    if given["waivers"] is None and given["strict_waivers"]:
        raise UserError("--strict-waivers is of use with --waivers alone.")
    return waivers.waiving(given["waivers"], catalogue.tested, strict=given["strict_waivers"])


def _settings(url: str, given: dict[str, Any]) -> Settings:
    from contracts.everything import refuse_a_part
    from contracts.run import Settings

    if given["exhaustive"] and any(given.get(name) for name in ("record", "har", "out")):
        raise UserError("--exhaustive keeps no exchanges: there is nothing to record or to certify.")
    share = options.part(given)
    if share is not None:  # before hours of walking
        evidence_commands.require_writable(given["resume"], "--resume")
    bounds = options.bounds(
        **{name: given[name] for name in ("max_requests", "rate", "timeout", "deadline", "concurrency")}
    )
    settings = Settings(
        base_url=options.require_url(url),
        bounds=options.of_a_walk(bounds, given),
        exhaustive=given["exhaustive"],
        resume=None if given["resume"] is None else Path(given["resume"]),
        part=share,
        seed=given["seed"],
        only=options.ids(given["only"]),
        gentle=given["gentle"],
        examples=given["examples"],
    )
    refuse_a_part(settings)
    return settings


def _credentials(session: Session, given: dict[str, Any]) -> dict[str, Any]:
    keys = _keys(given)
    secrets = keys.secrets()
    session.redact = secrets.redact
    return {
        "path": given["path"],
        "secrets": secrets,
        "open": given["is_open"],
        "unwritten": given["writes"] == "none",
        "verify": options.verification(given["ca"], insecure=given["insecure"]),
        "cert": options.client_certificate(given["client_cert"], given["client_key"]),
        "http2": given["http2"],
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


def _judge(settings: Settings, catalogue: Catalogue, asked: Output, terms: Terms, waiving: Waiving) -> int:
    from contracts.reports import files, summary

    if asked.directory is not None:
        files.remove_old(asked.directory)
    with signals.watched() as watch:
        recorder, result = _run(settings, catalogue)
        watch.asking = False  # from here on a signal waits until the report is out
        result, terms = _waived(result, terms, waiving)
        with _closed_output_ignored():
            _print_report(result, asked, terms)
        _write_files(result, asked, terms)
        _write_recordings(recorder, result, asked, terms)
    return watch.status or summary.conclude(result, terms).status


def _run(settings: Settings, catalogue: Catalogue) -> tuple[Recorder, Result]:
    from contracts import run
    from contracts.recorder import Recorder
    from contracts.reports import progress

    recorder = Recorder(settings, catalogue)
    with progress.live(sys.stderr) as advance:
        return recorder, run.check(settings, catalogue=catalogue, progress=_told(advance), record=recorder)


def _write_recordings(recorder: Recorder, result: Result, asked: Output, terms: Terms) -> None:
    if asked.record is not None:
        from contracts import recording

        evidence_commands.write_file(asked.record, recording.dumps(recorder.recording()))
    if asked.har is not None:
        from contracts.reports import har

        content = har.text(result, terms, recorder.began).encode("ascii")
        evidence_commands.write_file(asked.har, content)


def _waived(result: Result, terms: Terms, waiving: Waiving) -> tuple[Result, Terms]:
    from contracts import waivers

    applied = waivers.apply(result, waiving.waivers, waiving.today)
    return applied.result, replace(terms, waivers_amiss=applied.troubles if waiving.strict else ())


@dataclass(frozen=True, slots=True)
class Wish:
    """The certificate that is asked for."""

    out: Path
    product: Product
    challenge: str | None
    days: int
    signer: Signer | None
    redact: bool


def _wish(given: dict[str, Any], settings: Settings) -> tuple[Settings, Wish]:
    from contracts.certificate import bundle, signing

    names = ("vendor", "product", "version")
    for name in (*names, "challenge"):
        if given[name] is not None and not given[name].strip():
            raise UserError(f"--{name} is empty; is a variable unset?")
    product = bundle.Product(*(given[name] for name in names))
    challenge = given["challenge"]
    if challenge is not None and given["seed"]:
        raise UserError("--challenge decides the seed; leave out --seed.")
    wish = Wish(
        out=evidence_commands.require_writable(given["out"], "--out"),
        product=product,
        challenge=challenge,
        days=given["valid_days"],
        signer=None if given["key"] is None else signing.load_signer(Path(given["key"])),
        redact=given["redact"],
    )
    if challenge is not None:
        settings = replace(settings, seed=bundle.seed_for(challenge, product))
    return settings, wish


def _certify(settings: Settings, catalogue: Catalogue, wish: Wish, waivers: tuple[Waiver, ...]) -> int:
    from contracts.certificate import certifying, words

    with signals.watched() as watch:
        recorder, result = _run(settings, catalogue)
    if watch.status is not None:
        raise signals.Interrupted(watch.seen[0])  # half a run is nothing to certify
    made = certifying.certify(
        recorder.recording(),
        result,
        catalogue,
        product=wish.product,
        challenge=wish.challenge,
        days=wish.days,
        waivers=waivers,
        signer=wish.signer,
        redact=wish.redact,
    )
    evidence_commands.write_file(wish.out, made.content)
    for line in words.conclusion(made.assessment):
        click.echo(line)
    click.echo(f"Wrote       {visible(str(wish.out))}")
    if wish.signer is None:
        click.echo("WARNING: the bundle is NOT SIGNED; give --key, or nobody can tell who made it.", err=True)
    return made.assessment.status


def _write_files(result: Result, asked: Output, terms: Terms) -> None:
    from contracts.reports import badge, files

    if asked.directory is not None:
        files.write_all(result, terms, asked.directory)
    if asked.badge is not None:
        files.write(asked.badge, badge.text(result, terms))
    files.tell_github(result, terms, sys.stderr)


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
    terminal.render(result, console, terms, _waiver_entry(result))


def _waiver_entry(result: Result) -> str:
    """A waiver for the first broken MUST, ready to paste; the others are written alike."""
    from contracts import waivers

    broken = (v for v in result.verdicts if v.outcome is Outcome.FAIL)
    first = next((v for v in broken if v.requirement.level is Level.MUST), None)
    if first is None or first.requirement.id == waivers.NEVER:
        return ""
    return waivers.entry(first, waivers.days_from_today(90))


def _print_guide(form: str, document: str | None) -> int:
    from contracts import guide
    from contracts.reports import guide as report

    entries = guide.entries(None if document is None else Path(document))
    click.echo(report.html(entries) if form == "html" else report.markdown(entries))
    return ExitStatus.CONFORMING


def _print_plan(plan: tuple[tuple[str, int], ...], given: dict[str, Any]) -> int:
    widest = max((len(probe) for probe, _ in plan), default=0)
    for probe, most in plan:
        click.echo(f"{probe.ljust(widest)}  {most:>6,}")
    click.echo(f"{'At most, in all'.ljust(widest)}  {sum(most for _, most in plan):>6,}")
    if given["exhaustive"]:
        from contracts.probes.exhaustive import AGAIN_AT_MOST

        click.echo(
            "On top, for the exhaustive walk: as many requests as the list has pages, and then "
            f"{AGAIN_AT_MOST} at most."
        )
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


evidence_commands.register(commands)
merge_command.register(commands)
