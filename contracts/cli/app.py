"""The command `bifrost-contracts`: the shell around its commands, which turns all that comes into a status.

Only click and the model are imported at the top: `--help` and `--version` must not load an HTTP client.
"""

from __future__ import annotations

import os
import sys
import traceback
from typing import Any

import click

from contracts import __version__
from contracts.cli.certify import certify
from contracts.cli.check import check
from contracts.cli.evidence import diff, keygen, verify
from contracts.cli.explain import explain, init, requirements
from contracts.cli.option_values import Session
from contracts.cli.reference import demo, serve
from contracts.cli.score import score
from contracts.cli.streams import discard_output, flush, make_printable
from contracts.model import ExitStatus, UserError
from contracts.reports.text import visible
from contracts.runs import option_values as options

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it (128 + SIGINT)."""

_DEBUG = "BIFROST_CONTRACTS_DEBUG"


def main(arguments: list[str] | None = None) -> None:
    """Run the command and exit with its status; never anything but the documented ones."""
    make_printable(sys.stdout)
    make_printable(sys.stderr)
    session = Session()
    status = _guarded(arguments, session)
    flush()
    sys.exit(status)


def _guarded(arguments: list[str] | None, session: Session) -> int:
    try:
        returned = commands.main(arguments, "bifrost-contracts", standalone_mode=False, obj=session)
        return returned if isinstance(returned, int) else ExitStatus.CONFORMING
    except click.ClickException as error:
        error.show()
        return ExitStatus.USAGE
    except UserError as error:
        click.echo(f"Error: {session.redact(visible(str(error)))}", err=True)
        return ExitStatus.USAGE
    except (click.Abort, KeyboardInterrupt) as interruption:
        click.echo("Interrupted.", err=True)
        return getattr(interruption, "status", INTERRUPTED)
    except Exception as error:  # the suite's own bug must not look like a verdict
        _report_bug(error, session)
        return ExitStatus.INTERNAL


def _report_bug(error: Exception, session: Session) -> None:
    click.echo(options.bug(error), err=True)
    if os.environ.get(_DEBUG) == "1":
        click.echo(session.redact("".join(traceback.format_exception(error))), err=True)


class _Commands(click.Group):
    """A group that takes a reader which goes away (`… | head`) for no error; click would exit with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            discard_output()
            return ExitStatus.CONFORMING


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="bifrost-contracts")
def commands() -> None:
    """Judge a deployment of GET /api/access-profiles by its contract.

    Exit status: 0 every MUST requirement passed or is waived; 1 one is broken; 2 usage error; 3 not judged;
    70 internal error of the suite; 130 and 143 after Ctrl-C and SIGTERM, with a report of what came by then.
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
