"""Waivers: broken requirements that the user accepts for a time, each with a reason, an owner and a last day.

One pure function takes verdicts to verdicts, so that every face waives alike. A waived requirement keeps its
violations; what is blocked by it is waived with it, since nobody can say more of that until it is mended.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from contracts.files import read_toml, shown
from contracts.model import Outcome, Result, UserError, Verdict

_KEYS = ("id", "reason", "owner", "expires", "how")
NEVER = "SERVED"
"""The requirement that cannot be waived: without it nothing can be checked."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted failure; it holds up to and including the day `expires`.

    `how` is a text that each violation kept must contain, in what was expected or received: a failure of
    another kind is not accepted.
    """

    id: str
    reason: str
    owner: str
    expires: date
    how: str | None = None

    def fits(self, verdict: Verdict) -> bool:
        """Whether what was found is what was accepted."""
        how = self.how
        return how is None or all(how in v.got or how in v.expected for v in verdict.violations)


@dataclass(frozen=True, slots=True)
class Waived:
    """The result with waivers applied, and what is wrong with the waivers, a sentence each."""

    result: Result
    troubles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiving:
    """What the user asks for: waivers, the day that counts, and whether waivers amiss fail the run."""

    waivers: tuple[Waiver, ...]
    today: date
    strict: bool = False


def waiving(file: str | None, known: Collection[str], *, strict: bool) -> Waiving:
    """The waivers in that file, if one is given, as of today (UTC). Raises UserError."""
    found = () if file is None else load(Path(file), known)
    return Waiving(found, datetime.now(UTC).date(), strict)


def apply(result: Result, waivers: tuple[Waiver, ...], today: date) -> Waived:
    """Failures become waived where a waiver applies; expired and unused waivers are reported in the notes."""
    by_id = {waiver.id: waiver for waiver in waivers}
    held = {
        v.requirement.id: by_id[v.requirement.id]
        for v in result.verdicts
        if v.outcome is Outcome.FAIL and _holds(by_id.get(v.requirement.id), v, today)
    }
    verdicts = tuple(_waived(verdict, held) for verdict in result.verdicts)
    troubles = tuple(_troubles(waivers, result.verdicts, today))
    noted = tuple(f"waiver: {trouble}" for trouble in troubles)
    return Waived(replace(result, verdicts=verdicts, notes=(*result.notes, *noted)), troubles)


def _holds(waiver: Waiver | None, verdict: Verdict, today: date) -> bool:
    return waiver is not None and today <= waiver.expires and waiver.fits(verdict)


def _waived(verdict: Verdict, held: Mapping[str, Waiver]) -> Verdict:
    own = held.get(verdict.requirement.id)
    if own is not None:
        reason = f"{own.reason} ({own.owner}, up to {own.expires})"
        return replace(verdict, outcome=Outcome.WAIVED, reason=reason)
    cause = verdict.blocked_by
    if verdict.outcome is Outcome.BLOCKED and cause in held:
        return replace(verdict, outcome=Outcome.WAIVED, reason="its cause is waived")
    return verdict


def _troubles(waivers: tuple[Waiver, ...], verdicts: tuple[Verdict, ...], today: date) -> Iterator[str]:
    by_id = {verdict.requirement.id: verdict for verdict in verdicts}
    for waiver in waivers:
        verdict = by_id.get(waiver.id)
        if today > waiver.expires:
            yield f"{waiver.id} expired on {waiver.expires} ({waiver.owner})"
        elif verdict is not None and verdict.outcome in (Outcome.PASS, Outcome.NOT_APPLICABLE):
            yield f"{waiver.id} is not used: the requirement is not broken ({waiver.owner})"
        elif verdict is not None and verdict.outcome is Outcome.FAIL and not waiver.fits(verdict):
            yield f"{waiver.id} fails in another way than {waiver.how!r} ({waiver.owner})"


# --- files -----------------------------------------------------------------------------------------


def load(path: Path, known: Collection[str]) -> tuple[Waiver, ...]:
    """The waivers in a TOML file, an array of tables `waiver`; UserError names the entry that is wrong."""
    return parse(read_toml(path, f"The file of waivers {shown(path)}"), shown(path), known)


def parse(content: Mapping[str, object], place: str, known: Collection[str]) -> tuple[Waiver, ...]:
    """The waivers in the content of a file."""
    entries = content.get("waiver")
    if set(content) != {"waiver"} or not isinstance(entries, list):
        raise UserError(f"{place}: holds no array of tables [[waiver]], or something else beside it.")
    found = tuple(_waiver(entry, f"{place}: waiver {n}", known) for n, entry in enumerate(entries, 1))
    ids = [waiver.id for waiver in found]
    doubled = next((id_ for id_ in ids if ids.count(id_) > 1), None)
    if doubled is not None:
        raise UserError(f"{place}: {doubled} is waived twice.")
    return found


def _waiver(entry: object, place: str, known: Collection[str]) -> Waiver:
    if not isinstance(entry, dict):
        raise UserError(f"{place} is no table.")
    odd = next((key for key in entry if key not in _KEYS), None)
    if odd is not None:
        raise UserError(f"{place} has the unknown key {odd!r}; known are {', '.join(_KEYS)}.")
    id_ = _text(entry, "id", place)
    if id_ not in known:
        raise UserError(f"{place} names {id_!r}, and there is no such requirement with a check.")
    if id_ == NEVER:
        raise UserError(f"{place} waives {NEVER}, without which nothing can be checked.")
    return Waiver(
        id=id_,
        reason=_text(entry, "reason", place),
        owner=_text(entry, "owner", place),
        expires=_day(entry, place),
        how=_text(entry, "how", place) if "how" in entry else None,
    )


def _text(entry: Mapping[str, object], key: str, place: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{place} has no {key}.")
    return value


def _day(entry: Mapping[str, object], place: str) -> date:
    value = entry.get("expires")
    if type(value) is not date:  # a date-time is one too, to Python
        raise UserError(f"{place} has no expires, a day such as 2027-01-31 without quotes.")
    return value


def days_from_today(days: int) -> date:
    """The day (UTC) so many days from now."""
    return datetime.now(UTC).date() + timedelta(days=days)


def entry(verdict: Verdict, expires: date) -> str:
    """A waiver for that failure, ready to paste into a file; reason and owner are left to a person."""
    lines = [
        "[[waiver]]",
        f'id = "{verdict.requirement.id}"',
        'reason = "say why this is accepted"',
        'owner = "say who answers for it"',
        f"expires = {expires.isoformat()}",
    ]
    got = verdict.violations[0].got if verdict.violations else ""
    return "\n".join([*lines, *([f"# how = {_quoted(got)}"] if got else [])])


def _quoted(text: str) -> str:
    """The text as a TOML string in ASCII, cut where a text of the deployment would go on for long."""
    return '"' + "".join(map(_escaped, text[:200])) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    if 0x20 <= code < 0x7F:
        return character
    if 0xD800 <= code < 0xE000:  # no TOML string can hold half of a pair
        return "?"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
