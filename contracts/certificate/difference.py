"""Two bundles or reports side by side: for each verdict that differs, what has changed.

Bundles are judged again with this version, so that a changed check cannot be taken for a changed deployment.
JSON reports hold no exchanges to judge again: a difference that they cannot explain is shown as unexplained.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts import __version__
from contracts.certificate import bundle, verification
from contracts.certificate.archive import Invalid
from contracts.certificate.verification import Opened
from contracts.evidence.evidence import Evidence
from contracts.evidence.recording import canonical, sha256
from contracts.judging.catalogue import Catalogue
from contracts.model import Result, UserError
from contracts.reports import json_report
from contracts.reports.text import visible
from contracts.runs import replay

_ABSENT = "absent"
_MOST = 200


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two. `again` are the verdicts that this version derives, None where it cannot.

    `data` is a hash of the profiles seen without a filter, `requirements` the sentences by id, both None
    where the file does not tell.
    """

    deployment: str
    suite: str
    stated: Mapping[str, str]
    requirements: Mapping[str, str]
    again: Mapping[str, str] | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that differs, and what has changed."""

    id: str
    old: str
    new: str
    why: str


@dataclass(frozen=True, slots=True)
class Difference:
    """All of it."""

    old: Side
    new: Side
    changes: tuple[Change, ...]


def side(content: bytes, catalogue: Catalogue) -> Side:
    """A bundle or a JSON report. Raises Invalid for a bad bundle and UserError for a bad report."""
    if content.startswith(b"PK"):
        tick = verification.time_limit()
        opened = verification.open_bundle(content, tick)
        return _bundle(opened, verification.limited(catalogue, tick), tick)
    return _report(content)


def _bundle(opened: Opened, catalogue: Catalogue, tick: verification.Tick) -> Side:
    stated = _stated(opened.members[bundle.VERDICTS])
    parts = opened.recording.parts
    try:
        result = replay.replay(opened.recording, catalogue, tick)
    except replay.Diverged:
        result = None
    return Side(
        deployment=parts[-1].deployment if parts else "",
        suite=opened.manifest.suite,
        stated=stated,
        requirements=_texts(opened.members[bundle.REQUIREMENTS]),
        again=None if result is None else _outcomes(opened, result),
        data=None if result is None else _data(result),
    )


_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


def _stated(content: bytes) -> dict[str, str]:
    try:
        return {str(id_): str(outcome) for id_, outcome in json.loads(content)["verdicts"].items()}
    except _MALFORMED:
        raise Invalid(f"{bundle.VERDICTS} holds no verdicts.") from None


def _texts(content: bytes) -> dict[str, str]:
    try:
        return {str(one["id"]): str(one["text"]) for one in json.loads(content)}
    except _MALFORMED:
        raise Invalid(f"{bundle.REQUIREMENTS} holds no requirements.") from None


def _outcomes(opened: Opened, result: Result) -> dict[str, str]:
    shown = bundle.waived(result, opened.manifest.waivers, opened.manifest.issued.date())
    return {v.requirement.id: v.outcome.value for v in shown.verdicts}


def _data(result: Result) -> str:
    """A hash of the profiles, what moves by itself aside."""
    evidence = Evidence.of(result.exchanges)
    return sha256(canonical(sorted(profile.stable_json for profile in evidence.profiles)))


def _report(content: bytes) -> Side:
    from jsonschema import Draft202012Validator

    try:
        report = json.loads(content)
    except (ValueError, RecursionError):
        raise UserError("The file is neither a bundle nor a JSON report.") from None
    if not Draft202012Validator(json_report.schema()).is_valid(report):
        raise UserError("The file is no JSON report of bifrost-contracts that this version can read.")
    return Side(
        deployment=report["deployment"],
        suite=report["suite"]["version"],
        # A report calls a broken SHOULD a warning; in a bundle it is a fail.
        stated={one["id"]: one["outcome"].replace("warning", "fail") for one in report["verdicts"]},
        requirements={one["id"]: one["text"] for one in report["verdicts"]},
    )


def compare(old: Side, new: Side) -> Difference:
    """Every verdict that differs, as stated or as derived again."""
    ids = dict.fromkeys([*old.stated, *new.stated])
    changes = (_change(old, new, id_) for id_ in ids)
    return Difference(old, new, tuple(change for change in changes if change is not None))


def _change(old: Side, new: Side, id_: str) -> Change | None:
    before, after = old.stated.get(id_, _ABSENT), new.stated.get(id_, _ABSENT)
    if before == after:
        return None
    return Change(id_, before, after, _why(old, new, id_))


def _why(old: Side, new: Side, id_: str) -> str:
    if old.requirements.get(id_) != new.requirements.get(id_):
        return "the requirement set: its sentence is not the same, or was not there"
    if old.again is None or new.again is None:
        cause = "the data, the deployment or the check"
        if old.suite == new.suite:
            cause = "the data or the deployment, or the seed and options of the run"
        return f"{cause}: this cannot be told without two bundles that this version can judge"
    if old.again.get(id_) == new.again.get(id_):
        return f"the check: judged with {__version__}, both are {old.again.get(id_, _ABSENT)}"
    if old.deployment != new.deployment:
        return "the deployment: it is another one"
    if old.data != new.data:
        return "the data, or the deployment too: the profiles are not the same"
    return "the deployment: the profiles are the same, and it answers otherwise"


def lines(found: Difference) -> Iterator[str]:
    """The difference for people."""
    for name, one in (("Old", found.old), ("New", found.new)):
        judged = "" if one.again is not None else " (as stated; not judged again)"
        yield f"{name}  {visible(one.deployment)}  bifrost-contracts {visible(one.suite)}{judged}"
    for change in found.changes[:_MOST]:
        yield f"{visible(change.id)}: {visible(change.old)} -> {visible(change.new)}"
        yield f"    changed: {visible(change.why)}"
    count = len(found.changes)
    yield f"{count} verdict{'' if count == 1 else 's'} changed" if count else "No verdict differs."
