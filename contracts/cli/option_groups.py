"""Groups of options for the commands that ask a deployment: each stands in one place, in one order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from contracts.cli.common_options import document_option, json_option
from contracts.runs import option_values as options

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _stacked(*decorators: Callable[[_Function], _Function]) -> Callable[[_Function], _Function]:
    def decorate(function: _Function) -> _Function:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


deployment_options = _stacked(
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
    click.option("--open", is_flag=True, help="Authentication is switched off on purpose."),
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


asking_options = _stacked(
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
    click.option("--plan", is_flag=True, help="Print the most requests of each probe; send nothing."),
)


request_options = _stacked(
    asking_options,
    click.option("--only", multiple=True, metavar="ID[,ID]", help="Judge these requirements alone."),
    document_option,
)


waivers_option = click.option(
    "--waivers", metavar="FILE", help="Broken requirements that are accepted for a time (TOML)."
)


judging_options = _stacked(
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
    waivers_option,
    click.option("--strict-waivers", is_flag=True, help="Fail for waivers that are expired or not used."),
)


output_options = _stacked(
    click.option("--report", metavar="DIR", help="Write the report there, in every format."),
    click.option("--badge", metavar="FILE", help="Write a badge (SVG) that says the verdict."),
    click.option("--record", metavar="FILE", help="Write every exchange to FILE (JSON Lines, hash chain)."),
    click.option("--har", metavar="FILE", help="Write every exchange to FILE (HAR 1.2)."),
    json_option("the report"),
    click.option("--quiet", "-q", is_flag=True, help="Print failures and the conclusion alone."),
    click.option("--verbose", "-v", is_flag=True, help="Print every exchange too."),
)


reference_options = _stacked(
    click.option("--fault", metavar="NAME", help="Fault to switch on; --list shows them."),
    click.option("--variant", metavar="NAME", help="Correct variant to serve; --list prints all."),
    click.option("--profiles", type=click.IntRange(min=0), default=137, show_default=True, metavar="N"),
    click.option("--list", "is_list", is_flag=True, help="Print all faults and variants; serve nothing."),
)
