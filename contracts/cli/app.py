"""The command `bifrost-contracts`: the shell around its commands, which turns every end into an exit status.

Only click and the model are imported at the top: `--help` and `--version` must not load an HTTP client.
"""

from __future__ import annotations

import os
import sys
import traceback

import click

from contracts import __version__
from contracts.cli.certify import certify
from contracts.cli.check import check
from contracts.cli.evidence import diff, keygen, verify
from contracts.cli.explain import explain, init, requirements
from contracts.cli.invocation import Invocation
from contracts.cli.reference import demo, serve
from contracts.cli.score import score
from contracts.cli.streams import forgiving
from contracts.model import ExitStatus, UserError
from contracts.reports.text import visible
from contracts.runs import option_values, signals

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it (128 + SIGINT)."""

_DEBUG = "BIFROST_CONTRACTS_DEBUG"


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its status, which is always one of the documented ones."""
    with signals.watched() as watch:
        try:
            with forgiving():
                status = _guarded(arguments, Invocation(watch))
                watch.interrupts = False  # what is printed so far is still to be flushed
        except signals.Interrupted as interruption:
            status = interruption.status
    sys.exit(status)


def _guarded(arguments: list[str] | None, invocation: Invocation) -> int:
    try:
        returned = commands.main(arguments, "bifrost-contracts", standalone_mode=False, obj=invocation)
        return returned if isinstance(returned, int) else ExitStatus.CONFORMING
    except click.ClickException as error:
        error.show()
        return ExitStatus.USAGE
    except UserError as error:
        click.echo(f"Error: {visible(invocation.redact(str(error)))}", err=True)
        return ExitStatus.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return invocation.watch.status or INTERRUPTED
    except Exception as error:  # the suite's own bug must not look like a verdict
        _report_bug(error, invocation)
        return ExitStatus.INTERNAL


def _report_bug(error: Exception, invocation: Invocation) -> None:
    click.echo(option_values.bug(error), err=True)
    if os.environ.get(_DEBUG) == "1":
        click.echo(invocation.redact("".join(traceback.format_exception(error))), err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="bifrost-contracts")
def commands() -> None:
    """Check a deployment of GET /api/access-profiles against its contract.

    Exit status: 0 every MUST requirement passed or is waived; 1 a MUST requirement failed; 2 usage error;
    3 inconclusive; 70 internal error; 130 and 143 after Ctrl-C and SIGTERM, with a report of what was
    received by then.
    """


for _command in (
    check,
    demo,
    certify,
    verify,
    diff,
    keygen,
    requirements,
    explain,
    init,
    score,
    serve,
):
    commands.add_command(_command)
