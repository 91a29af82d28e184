"""Parts of one exhaustive walk, and JSON reports, from several machines: read, compared, merged.

Nothing is asked of the deployment here, so what only asking again could settle stays open.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from contracts.catalogue import Catalogue
from contracts.everything import told
from contracts.model import Outcome, UserError, Verdict
from contracts.probes.exhaustive import Walked, twice
from contracts.reports import json_report
from contracts.reports.merged import Merged, Part, Reported, Walk
from contracts.reports.summary import Conclusion
from contracts.reports.text import number_of

LARGEST = 1024 * 1024 * 1024
"""Bytes of a file, at most: more than a part of fifty million profiles has."""

_COMPLETE, _ONCE = "WALK-COMPLETE", "WALK-ONCE"
_MOST = 10**12  # requests, or seconds, of any run that there can have been
_SHOWN = 3  # pairs of pages that are named


@dataclass(frozen=True, slots=True)
class Held:
    """A part of a walk, and the file that it is from."""

    file: str
    walked: Walked


@dataclass(frozen=True, slots=True)
class Noted:
    """A report, and the notes in it."""

    reported: Reported
    notes: frozenset[str]


def merge(files: Sequence[str], catalogue: Catalogue) -> Merged:
    """What all the files come to together. Raises UserError for one that is no part and no report."""
    found = [one for file in files for one in _read(file)]
    reports = [one for one in found if isinstance(one, Noted)]
    parts = sorted(
        (one for one in found if isinstance(one, Held)),
        key=lambda one: (one.walked.first, one.walked.until),
    )
    walk = _walk(parts, frozenset().union(*(one.notes for one in reports)), catalogue) if parts else None
    return Merged(walk, tuple(one.reported for one in reports))


# --- files -----------------------------------------------------------------------------------------


def _read(file: str) -> list[Held | Noted]:
    content = _content(file)
    try:
        value = json.loads(content, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise UserError(_neither(file)) from None
    if isinstance(value, dict) and "buckets" in value:
        return [Held(file, _part(file, content))]
    reports = value if isinstance(value, list) else [value]
    if not reports:
        raise UserError(_neither(file))
    return [_report(file, one) for one in reports]


def _content(file: str) -> str:
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise UserError(f"{file} is larger than {LARGEST:,} bytes.")
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(_neither(file)) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such name of a file"
        raise UserError(f"{file} cannot be read: {why}.") from None


def _neither(file: str) -> str:
    return f"{file} is neither a part of an exhaustive walk nor a JSON report that this version can read."


def _no_number(text: str) -> float:
    raise ValueError(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _part(file: str, content: str) -> Walked:
    try:
        return Walked.load(content)
    except UserError:
        raise UserError(
            f"{file} looks like a part of an exhaustive walk, but does not fit together."
        ) from None


def _report(file: str, report: Any) -> Noted:
    name, plain = _without_name(report)
    if not _is_report(plain):
        raise UserError(_neither(file))
    shown = Reported(
        file=file,
        name=name or f"{file}: {plain['deployment']}",
        conclusion=Conclusion(plain["verdict"], int(plain["exit_status"]), plain["reason"]),
        requests=int(plain["requests_sent"]),
        seconds=plain["seconds"],
    )
    return Noted(shown, frozenset(plain["notes"]))


def _without_name(report: Any) -> tuple[str, Any]:
    """The name that a fleet's report has, and the report as it is without; the name is empty in others."""
    name = report.get("name") if isinstance(report, dict) else None
    if not isinstance(name, str):
        return "", report
    return name, {member: value for member, value in report.items() if member != "name"}


def _is_report(value: Any) -> bool:
    from jsonschema import Draft202012Validator

    valid = Draft202012Validator(json_report.schema()).is_valid(value)
    return valid and all(value[member] < _MOST for member in ("requests_sent", "seconds"))


# --- the walk --------------------------------------------------------------------------------------


def _walk(parts: Sequence[Held], notes: frozenset[str], catalogue: Catalogue) -> Walk:
    return Walk(
        parts=tuple(_shown(held) for held in parts),
        verdicts=_verdicts(parts, catalogue),
        unexplained=next(_unexplained(parts, notes), ""),
    )


def _shown(held: Held) -> Part:
    walked = held.walked
    share = "all" if walked.share is None else str(walked.share)
    return Part(held.file, share, walked.first, walked.until, walked.pages, walked.met, walked.broken)


def _verdicts(parts: Sequence[Held], catalogue: Catalogue) -> tuple[Verdict, ...]:
    lacking = next(_lacking(parts), "")
    reasons = {_COMPLETE: lacking, _ONCE: lacking} if lacking else _reasons([one.walked for one in parts])
    met = sum(one.walked.met for one in parts)
    return tuple(
        Verdict(
            requirement,
            Outcome.INCONCLUSIVE if reasons[requirement.id] else Outcome.PASS,
            judged=met,
            reason=reasons[requirement.id],
        )
        for requirement in catalogue.requirements
        if requirement.id in reasons
    )


def _lacking(parts: Sequence[Held]) -> Iterator[str]:
    """Why the parts do not make one whole walk, the causes first."""
    for held in parts:
        yield from _by_itself(held)
    for held in parts[1:]:
        yield from _unlike(parts[0], held)
    yield from _misplaced(parts)


def _by_itself(held: Held) -> Iterator[str]:
    walked = held.walked
    if not walked.done:
        yield (
            f"{held.file} is not finished: it came to offset {walked.offset} of {walked.until}; "
            "--resume goes on from there"
        )
    stated = walked.totals | {walked.total}
    if len(stated) > 1:
        yield f"{held.file}: total_count moved during the walk ({' and '.join(map(str, sorted(stated)))})"


def _unlike(first: Held, held: Held) -> Iterator[str]:
    one, other = first.walked, held.walked
    if one.limit != other.limit:
        yield f"{held.file} has pages of {other.limit}, {first.file} has pages of {one.limit}"
    if one.total != other.total:
        yield f"{held.file} is of {other.total:,} profiles, {first.file} of {one.total:,}: the list moved"


def _misplaced(parts: Sequence[Held]) -> Iterator[str]:
    """The first gap or overlap; parts without a page, where there are more parts than pages, do not count."""
    reached, before = 0, ""
    for held in parts:
        walked = held.walked
        if walked.first == walked.until:
            continue
        if walked.first > reached:
            yield f"offsets {reached} to {walked.first} are in no file: a part is missing before {held.file}"
        if walked.first < reached:
            yield f"{held.file} begins at offset {walked.first}, {before} goes on to {reached}: an overlap"
        reached, before = max(reached, walked.until), held.file
    total = parts[0].walked.total
    if reached < total:
        after = before or parts[0].file
        yield f"offsets {reached} to {total} are in no file: a part is missing after {after}"


def _reasons(parts: Sequence[Walked]) -> dict[str, str]:
    """What speaks against each requirement; no two pages can be asked again, so nothing is proved."""
    pairs = [tuple(sorted(pair)) for pair in twice(parts)]
    distinct = sum(part.met for part in parts) - len(pairs)
    total, limit = parts[0].total, parts[0].limit
    seen = "; ".join(_pair(limit, *pair) for pair in islice(pairs, _SHOWN))
    more = f"; and {number_of(len(pairs) - _SHOWN, 'more pair')}" if len(pairs) > _SHOWN else ""
    short = f"the parts met {distinct:,} profiles of {total:,}" if distinct != total else ""
    once = f"what looks like one profile is there twice; to see, ask for {seen}{more}" if pairs else ""
    return {_COMPLETE: short, _ONCE: once}


def _pair(limit: int, one: int, other: int) -> str:
    return " and ".join(f"limit={limit}&offset={offset}" for offset in dict.fromkeys((one, other)))


def _unexplained(parts: Sequence[Held], notes: frozenset[str]) -> Iterator[str]:
    """A part with broken pages whose own report, which tells what they break, is not among the files."""
    for held in parts:
        if held.walked.broken and told(held.walked) not in notes:
            pages = number_of(held.walked.broken, "page")
            yield f"{held.file}: {pages} broke something; this part's own JSON report says what, merge it too"
