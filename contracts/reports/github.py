"""What GitHub Actions shows of a run: annotations beside the log, and a summary on the page of the job.

A deployment's text must neither give orders to the runner (`::set-output …`) nor write Markdown of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from contracts.model import ExitStatus
from contracts.reports import failure_text
from contracts.reports.failure_view import FailureView
from contracts.reports.text import visible
from contracts.reports.view import ReportView

_SHOWN = 9  # GitHub shows ten annotations of a kind in a step; the last is for the verdict
_BLOCKS = 40
_CURL = 1200
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def commands(view: ReportView) -> str:
    """Workflow commands, a line each: an error for each failure, a warning for each broken SHOULD."""
    kind = "notice" if view.exit_status == ExitStatus.CONFORMING else "error"
    verdict = command(kind, view.verdict, f"{view.deployment}: {view.reason}")
    return "".join(f"{line}\n" for line in (*map(_annotation, view.failures[:_SHOWN]), verdict))


def command(kind: str, title: str, message: str) -> str:
    """One workflow command; whatever is in title and message is data to it."""
    return f"::{kind} title={_property(title)}::{_data(message)}"


def step_summary(view: ReportView) -> str:
    """The summary as Markdown."""
    lines = [
        f"## {'✅' if view.exit_status == ExitStatus.CONFORMING else '❌'} {view.verdict}",
        "",
        f"{markdown(view.deployment)}: {markdown(view.reason)}",
        "",
        "| Outcome | Requirements |",
        "|---|---|",
        *(f"| {word} | {count} |" for word, count in view.tally.items()),
        "",
    ]
    for failure in view.failures[:_BLOCKS]:
        lines.extend(_block(failure))
    lines.extend(_undecided(view))
    return "\n".join(lines) + "\n"


def markdown(text: str) -> str:
    """The text as Markdown that shows it as it is: no mark-up, no link, no HTML."""
    return _PUNCTUATION.sub(r"\\\1", visible(text))


def fenced(text: str, language: str = "sh") -> str:
    """The text as a block of code that it cannot end itself."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _annotation(failure: FailureView) -> str:
    lines = [failure.requirement.text, f"Expected {failure.expected}", f"Got {failure.got}"]
    lines += [visible(place.curl, at_most=_CURL) for place in failure.places[-1:]]
    kind = "warning" if failure.word == "warning" else "error"
    return command(kind, failure.title, "\n".join(lines))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _block(failure: FailureView) -> Iterator[str]:
    yield f"### {failure.word} {markdown(failure.requirement.id)} ({failure.requirement.level})"
    yield ""
    for line in failure_text.lines(failure):
        if line.hanging is None:
            yield from ("", fenced(visible(line.text, at_most=_CURL)), "")
        else:
            yield f"{markdown(str(line).strip())}  "
    yield ""


def _undecided(view: ReportView) -> Iterator[str]:
    reasons = view.waived | view.undecided
    if reasons:
        yield from ("<details><summary>Waived or not decided</summary>", "")
        for (word, why), ids in reasons.items():
            yield f"- {word}: {markdown(', '.join(ids))}: {markdown(why)}"
        yield from ("", "</details>")
