"""Several deployments at once: what to judge of each, and one report of all."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.cli import judging
from contracts.cli import option_values as meaning
from contracts.cli import output as showing
from contracts.cli.streams import closed_output_ignored
from contracts.model import UserError
from contracts.runs import option_values as options
from contracts.runs import settings as asked
from contracts.runs import signals

if TYPE_CHECKING:
    from contracts.judging.catalogue import Catalogue
    from contracts.judging.waivers import Waiving
    from contracts.reports.fleet import Judged
    from contracts.runs.fleet import Goal


def check_fleet(
    session: meaning.Session, urls: tuple[str, ...], targets: str | None, given: dict[str, Any]
) -> int:
    """Judge the deployments at these URLs and those in the file of targets at the same time."""
    from contracts.runs import fleet, run

    entries = [{"url": url} for url in urls]
    entries += [dict(one) for one in fleet.read_targets(Path(targets))] if targets is not None else []
    output = meaning.output(given)
    goals, catalogue = _goals(session, entries, given)
    if given["plan"]:
        return showing.print_plan(
            tuple((goal.name, sum(most for _, most in run.plan(goal.settings))) for goal in goals), given
        )
    if output.record is not None or output.har is not None:
        raise UserError("--record and --har are for one deployment at a time.")
    if given["resume"] is not None:
        raise UserError("--resume is for one deployment at a time.")
    return _judge_fleet(goals, catalogue, output, meaning.waiving(given, catalogue))


def _goals(
    session: meaning.Session, entries: list[dict[str, Any]], given: dict[str, Any]
) -> tuple[list[Goal], Catalogue]:
    """What to judge: each target's own credentials, where it names any, and else those of the command."""
    from contracts.runs import fleet

    names = fleet.named([entry.get("name") or options.require_url(entry["url"]) for entry in entries])
    goals, redactions = [], []
    for name, entry in zip(names, entries, strict=True):
        own = _own(entry, given)
        settings = meaning.live_settings(session, entry["url"], own)
        redactions.append(session.redact)
        catalogue = meaning.catalogue(given["document"], settings)
        terms = meaning.terms(own, settings, catalogue, asked.keys(own).secret())
        goals.append(fleet.Goal(name, settings, terms))
    session.redact = lambda text: functools.reduce(lambda shown, redact: redact(shown), redactions, text)
    goals = [replace(goal, terms=replace(goal.terms, redact=session.redact)) for goal in goals]
    return goals, catalogue


def _own(entry: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    keys = {field.name for field in fields(options.CredentialSources)}
    cleared = dict.fromkeys(keys) if keys & entry.keys() else {}
    return {**given, **cleared, **entry}


def _judge_fleet(goals: list[Goal], catalogue: Catalogue, output: meaning.Output, waiving: Waiving) -> int:
    from contracts.reports import fleet as report
    from contracts.reports import progress
    from contracts.runs import fleet, run

    if output.directory is not None:
        report.prepare(output.directory, [goal.name for goal in goals])
    most = sum(count for goal in goals for _, count in run.plan(goal.settings))
    with signals.watched() as watch:
        with progress.live(sys.stderr) as advance:
            name = f"{len(goals)} deployments"
            told = None if advance is None else functools.partial(_advance, advance, name, most)
            judged = fleet.judge(goals, catalogue, told)
        watch.asking = False
        judged = tuple(_waived_one(one, waiving) for one in judged)
        _show_fleet(judged, output)
    return watch.status or report.status(judged)


def _waived_one(judged: Judged, waiving: Waiving) -> Judged:
    result, terms = judging.waived(judged.result, judged.terms, waiving)
    return replace(judged, result=result, terms=terms)


def _show_fleet(judged: tuple[Judged, ...], output: meaning.Output) -> None:
    from contracts.reports import files, terminal
    from contracts.reports import fleet as report

    with closed_output_ignored():
        if output.as_json:
            sys.stdout.write(report.text(judged))
        else:
            with terminal.redacted_console(sys.stdout, judged[0].terms.redact) as console:
                report.render(judged, console, quiet=output.quiet)
    if output.directory is not None:
        report.write(judged, output.directory)
    if output.badge is not None:
        files.write(output.badge, report.badge_text(judged))
    for one in judged:
        files.tell_github(one.result, one.terms, sys.stderr)


def _advance(advance: Callable[[str, int, int], None], name: str, most: int, sent: int) -> None:
    advance(name, sent, most)
