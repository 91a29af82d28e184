"""The report as one HTML file that needs nothing else: no network, no fonts, no script from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from contracts import __version__
from contracts.reports import charts
from contracts.reports.failure_view import CURL
from contracts.reports.view import ReportView

if TYPE_CHECKING:
    from jinja2 import Environment

_LOOKS = {0: "pass", 1: "fail"}
_REQUESTS = 400  # in the list of requests; the JSON report has all


def text(view: ReportView) -> str:
    """The report as an HTML document in ASCII and numeric references."""
    result = view.result
    return render_page(
        "report.html.j2",
        view=view,
        look=look(view.exit_status),
        curl=CURL,
        facts=(
            ("Requests", f"{len(result.exchanges):,}"),
            ("Seconds", f"{result.seconds:.1f}"),
            ("Seed", str(result.seed)),
            ("Suite", f"bifrost-contracts {__version__}"),
            ("Exit status", str(view.exit_status)),
        ),
        map=charts.list_map(result),
        time_line=charts.time_line(result),
        requests=tuple(view.requests)[:_REQUESTS],
        requests_total=len(result.exchanges),
    )


def look(status: int) -> str:
    """The style of an exit status: pass, fail or open."""
    return _LOOKS.get(status, "open")


def render_page(template: str, **values: object) -> str:
    """A page from a template: escaped, with the only style and script that its policy allows."""
    style, script = _file("report.css"), _file("report.js")
    page = (
        _environment()
        .get_template(template)
        .render(
            style=_trusted(style),
            script=_trusted(script),
            policy=(
                f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
                "img-src data:; base-uri 'none'; form-action 'none'"
            ),
            version=__version__,
            **values,
        )
    )
    return page.encode("ascii", "xmlcharrefreplace").decode("ascii")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        loader=PackageLoader("contracts.reports"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"coded": _coded, "cut": _cut}
    return environment


def _cut(line: str, at_most: int) -> str:
    return line if len(line) <= at_most else f"{line[:at_most]}… ({len(line):,} characters, in report.json)"


def _coded(text: str) -> object:
    """What stands between backticks as code, everything escaped."""
    from markupsafe import Markup, escape

    pieces = [escape(piece) for piece in text.split("`")]
    for at in range(1, len(pieces) - 1, 2):
        pieces[at] = Markup("<code>{}</code>").format(pieces[at])
    return Markup("").join(pieces)


def _trusted(text: str) -> object:
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - our own file, never a value


def _file(name: str) -> str:
    # In ASCII, because the hash is one of bytes, and the page is written in ASCII.
    return resources.files("contracts.reports").joinpath("templates", name).read_text("ascii")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("ascii")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"
