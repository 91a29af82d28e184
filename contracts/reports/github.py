"""What GitHub Actions shows of a run: annotations beside the log, and a summary on the page of the job.

A deployment's text must neither give orders to the runner (`::set-output …`) nor write Markdown of its own.
"""

import re
from collections.abc import Iterator

from contracts.model import ExitStatus, Outcome, Result, Verdict
from contracts.reports import curl, failure, summary
from contracts.reports.summary import ReportOptions
from contracts.reports.text import visible

_SHOWN = 9  # GitHub shows ten annotations of a kind in a step; the last is for the conclusion
_TEXT = 300
_BLOCKS = 40
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


def commands(result: Result, terms: ReportOptions) -> str:
    """Workflow commands, a line each: an error for each broken MUST, a warning for each broken SHOULD."""
    conclusion = summary.conclude(result, terms)
    lines = [_annotation(verdict, result, terms) for verdict in summary.broken(result, terms)[:_SHOWN]]
    kind = "notice" if conclusion.status == ExitStatus.CONFORMING else "error"
    said = visible(f"{result.deployment}: {conclusion.reason}", at_most=_TEXT)
    return terms.redact("".join(f"{line}\n" for line in (*lines, command(kind, conclusion.word, said))))


def command(kind: str, title: str, message: str) -> str:
    """One workflow command; whatever stands in title and message is data to it."""
    return f"::{kind} title={_property(title)}::{_data(message)}"


def step_summary(result: Result, terms: ReportOptions) -> str:
    """The summary as Markdown."""
    conclusion = summary.conclude(result, terms)
    lines = [
        f"## {'✅' if conclusion.status == ExitStatus.CONFORMING else '❌'} {conclusion.word}",
        "",
        f"{markdown(result.deployment)}: {markdown(conclusion.reason)}",
        "",
        "| Outcome | Requirements |",
        "|---|---|",
        *(f"| {outcome.value} | {count} |" for outcome, count in summary.counts(result).items() if count),
        "",
    ]
    for verdict in summary.broken(result, terms)[:_BLOCKS]:
        lines.extend(_block(verdict, result, terms))
    lines.extend(_open(result))
    return terms.redact("\n".join(lines) + "\n")


def markdown(text: str, *, at_most: int = _TEXT) -> str:
    """The text as Markdown that shows it as it is: no mark-up, no link, no HTML."""
    return _PUNCTUATION.sub(r"\\\1", visible(text, at_most=at_most))


def fenced(text: str) -> str:
    """The text as a block of code that it cannot end itself."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{text}\n{fence}"


def _annotation(verdict: Verdict, result: Result, terms: ReportOptions) -> str:
    kind = "warning" if summary.is_warning(verdict, terms) else "error"
    first = verdict.violations[0] if verdict.violations else None
    lines = [verdict.requirement.text]
    if first is not None:
        lines += [f"Expected {first.expected}", f"Got {first.got}"]
        lines += [
            curl.line(exchange.request, terms.site(result))
            for exchange in failure.witnesses(first, result)[-1:]
        ]
    message = "\n".join(visible(line, at_most=2 * _TEXT) for line in lines)
    title = f"{verdict.requirement.id} ({verdict.requirement.level})"
    return command(kind, title, message)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _block(verdict: Verdict, result: Result, terms: ReportOptions) -> Iterator[str]:
    word = summary.word(verdict, terms)
    yield f"### {word} {markdown(verdict.requirement.id)} ({verdict.requirement.level})"
    yield ""
    for label, said in failure.explain(verdict, result, terms):
        if label == "Request":
            yield from ("", fenced(visible(said, at_most=4 * _TEXT)), "")
        else:
            yield f"{f'**{label}** ' if label else ''}{markdown(said)}  "
    yield ""


def _open(result: Result) -> Iterator[str]:
    settled = (Outcome.PASS, Outcome.FAIL, Outcome.NOT_APPLICABLE)
    rest = [verdict for verdict in result.verdicts if verdict.outcome not in settled]
    if rest:
        yield from ("<details><summary>Not judged</summary>", "")
        yield from (
            f"- {markdown(v.requirement.id)} {v.outcome.value}: {markdown(summary.why(v))}" for v in rest
        )
        yield from ("", "</details>")
