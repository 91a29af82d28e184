"""The report as one HTML file that needs nothing else: no network, no fonts, no script from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from contracts import __version__
from contracts.model import Exchange, Outcome, Result, Verdict, Violation
from contracts.reports import charts as pictures
from contracts.reports import curl, failure, summary
from contracts.reports import failure_view as proof
from contracts.reports.summary import ReportOptions
from contracts.reports.text import number_of, visible

if TYPE_CHECKING:
    from jinja2 import Environment

_TEXT = 250  # characters of one text that a deployment can have written
_LINE = 120  # and of one of many
_FURTHER = 3  # more violations of a requirement, in a line each
_REQUESTS = 400  # in the list of requests; the JSON report has all


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken requirement, ready to be shown."""

    id: str
    level: str
    word: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    expected: str
    got: str
    proof: proof.Proof | None
    further: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement in the table."""

    id: str
    area: str
    level: str
    word: str
    sentence: str
    why: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One request in the list of all."""

    number: int
    target: str
    came: str
    took: str


def text(result: Result, terms: ReportOptions) -> str:
    """The report as an HTML document in ASCII and numeric references."""
    conclusion = summary.conclude(result, terms)
    page = render_page(
        "report.html.j2",
        title=f"{conclusion.word}: {visible(result.deployment, at_most=_TEXT)}",
        conclusion=conclusion,
        reason=visible(conclusion.reason, at_most=_TEXT),
        look={0: "pass", 1: "fail"}.get(conclusion.status, "open"),
        deployment=visible(result.deployment, at_most=_TEXT),
        facts=_facts(result),
        tally=_tally(result, terms),
        broken=tuple(_failures(result, terms)),
        unsettled=tuple(_unsettled(result, terms)),
        rows=tuple(_rows(result, terms)),
        map=pictures.collection(result),
        time_line=pictures.time_line(result),
        width=pictures.WIDTH,
        behaviours=[
            (visible(r.name), visible(r.value, at_most=_TEXT), r.exchange) for r in result.behaviours
        ],
        notes=[visible(note, at_most=_TEXT) for note in summary.notes(result)],
        sent=tuple(_sent(one, result, terms) for one in result.exchanges[:_REQUESTS]),
        sent_total=len(result.exchanges),
    )
    return terms.redact(page)


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
    environment.filters["coded"] = _coded
    return environment


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
    # In ASCII, for the hash is one of bytes and the page is written as such.
    return resources.files("contracts.reports").joinpath("templates", name).read_text("ascii")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode("ascii")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


# --- what is shown ----------------------------------------------------------------------------------


def _facts(result: Result) -> tuple[tuple[str, str], ...]:
    return (
        ("Requests", f"{len(result.exchanges):,}"),
        ("Seconds", f"{result.seconds:.1f}"),
        ("Seed", str(result.seed)),
        ("Suite", f"bifrost-contracts {__version__}"),
    )


def _tally(result: Result, terms: ReportOptions) -> tuple[tuple[str, int], ...]:
    words = [summary.word(verdict, terms) for verdict in result.verdicts]
    return tuple((word, words.count(word)) for word in summary.WORDS if word in words)


def _failures(result: Result, terms: ReportOptions) -> Iterator[Broken]:
    room = proof.Room()
    for verdict in summary.broken(result, terms):
        first = verdict.violations[0] if verdict.violations else Violation("", "", ())
        yield Broken(
            id=verdict.requirement.id,
            level=verdict.requirement.level.value,
            word=summary.word(verdict, terms),
            sentence=verdict.requirement.text,
            facts=tuple(_explained(verdict, result, terms)),
            expected=visible(first.expected, at_most=_TEXT),
            got=visible(first.got, at_most=_TEXT),
            proof=proof.prove(first, result, terms, room, verdict.witness) if verdict.violations else None,
            further=tuple(map(_one_line, verdict.violations[1 : 1 + _FURTHER])),
        )


_SHOWN_APART = frozenset({"", "Expected", "Got", "Request", "Shows"})


def _explained(verdict: Verdict, result: Result, terms: ReportOptions) -> Iterator[tuple[str, str]]:
    for label, said in failure.explain(verdict, result, terms):
        if label not in _SHOWN_APART:
            yield label, visible(said, at_most=_LINE if label == "Place" else _TEXT)


def _one_line(violation: Violation) -> str:
    numbers = ", ".join(map(str, violation.exchanges[:4]))
    said = visible(f"expected {violation.expected}, got {violation.got}", at_most=_LINE)
    return f"{said} (request {numbers})"


def _unsettled(result: Result, terms: ReportOptions) -> Iterator[tuple[str, str, str]]:
    open_ones = (Outcome.INCONCLUSIVE, Outcome.BLOCKED, Outcome.NOT_EXERCISED)
    for verdict in result.verdicts:
        if verdict.outcome in open_ones:
            why = visible(summary.why(verdict), at_most=_TEXT)
            yield verdict.requirement.id, summary.word(verdict, terms), why


def _rows(result: Result, terms: ReportOptions) -> Iterator[Row]:
    for area, verdicts in summary.in_areas(result.verdicts).items():
        for verdict in verdicts:
            found = verdict.requirement
            word, why = summary.word(verdict, terms), visible(summary.why(verdict), at_most=_TEXT)
            yield Row(found.id, area, found.level.value, word, found.text, why)
    for found in terms.untested:
        reason = visible(found.untested or "", at_most=_TEXT)
        yield Row(found.id, found.area, found.level.value, "no check", found.text, reason)


def _sent(one: Exchange, result: Result, terms: ReportOptions) -> Sent:
    came = one.failure.kind.value if one.failure else str(one.status)
    again = f", after {number_of(len(one.attempts), 'repetition')}" if one.attempts else ""
    target = visible(curl.target(one.request, terms.site(result)), at_most=_LINE)
    return Sent(one.number, f"{one.request.method} {target}", came + again, f"{one.elapsed * 1000:.0f} ms")
