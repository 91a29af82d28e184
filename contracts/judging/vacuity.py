"""Vacuity check: shows that a pass could have failed, by mutating the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import islice

from contracts.document.document import Document
from contracts.evidence.answers import Answer, Page, Profile, Selection
from contracts.evidence.evidence import Evidence
from contracts.judging.check import Check

# Changes an answer in one way, given all answers of the subject; None where the way does not apply.
Mutation = Callable[[Answer], Answer | None]

# An answer to mutate, and the evidence of its subject.
Target = tuple[Answer, Evidence]

# More subjects and answers would show nothing new.
_SUBJECTS = 60
_ANSWERS = 2
_FIRST = 8


def detected_mutations(check: Check, evidence: Evidence, document: Document) -> int:
    """1 if a mutation of one subject makes the check fail; 0 says that its pass proves nothing."""
    return int(any(check.objects(mutated, document) for mutated in _mutated(check, evidence)))


def _mutated(check: Check, evidence: Evidence) -> Iterator[Evidence]:
    """The evidence of one subject at a time, with one answer mutated in one way."""
    for answer, basis, mutate in _attempts(_targets(evidence.select(check.of), evidence)):
        changed = mutate(answer)
        if changed is not None:
            yield basis.replacing([changed])


def _attempts(targets: Iterator[Target]) -> Iterator[tuple[Answer, Evidence, Mutation]]:
    """A few answers in every way, then each way on all others.

    Some checks need the right mutation, others the right subject; this order finds either soon.
    """
    for target in islice(targets, _FIRST):
        yield from ((*target, mutate) for mutate in _mutations(*target))
    rest = [(target, _mutations(*target)) for target in targets]
    for at in range(max((len(mutations) for _, mutations in rest), default=0)):
        yield from ((*target, mutations[at]) for target, mutations in rest if at < len(mutations))


def _targets(subjects: tuple[object, ...], evidence: Evidence) -> Iterator[Target]:
    """The first answers of each subject, the last subjects first: they stand on the most evidence."""
    step = max(1, len(subjects) // _SUBJECTS)
    for subject in subjects[::-step]:
        answers = {answer.number: answer for answer in answers_of(subject)}
        basis = evidence.only(answers)
        yield from ((answer, basis) for answer in list(answers.values())[:_ANSWERS])


def _mutations(answer: Answer, basis: Evidence) -> tuple[Mutation, ...]:
    return (*MUTATIONS, *_intruders(answer, basis))


def _intruders(answer: Answer, basis: Evidence) -> Iterator[Mutation]:
    """Puts in profiles that belong elsewhere: one of another page, and one whose tag is merely similar."""
    other = next((p for p in basis.pages if p.answer is not answer and p.profiles), None)
    if other is not None:
        raw = other.profiles[-1].raw
        yield _profiles(lambda profiles: [*profiles[:-1], raw] if profiles else None)
    wanted = answer.query.selection.wanted
    if wanted:
        alike = {"id": 2**62 + 3, "name": "x", "is_active": True, "tags": [f"{wanted[0]}x"]}
        yield _profiles(lambda profiles: [*profiles, alike])


def answers_of(subject: object) -> Iterator[Answer]:
    """The answers that a subject is made of."""
    if isinstance(subject, Answer):
        yield subject
    elif isinstance(subject, Page):
        yield subject.answer
    elif isinstance(subject, Profile | Selection):
        return
    elif isinstance(subject, Mapping):
        yield from (answer for value in subject.values() for answer in answers_of(value))
    elif isinstance(subject, tuple | list):
        yield from (answer for value in subject for answer in answers_of(value))
    elif is_dataclass(subject):
        values = (getattr(subject, f.name) for f in fields(subject))
        yield from (answer for value in values for answer in answers_of(value))


def _status(status: int) -> Mutation:
    return lambda answer: replace(answer, exchange=replace(answer.exchange, status=status))


def _headers(answer: Answer) -> Answer:
    return replace(answer, exchange=replace(answer.exchange, headers=(("Content-Type", "text/html"),)))


def _not_json(answer: Answer) -> Answer:
    return replace(answer, value=None, problem="corrupted")


def _without(name: str) -> Mutation:
    def corrupt(answer: Answer) -> Answer | None:
        if not isinstance(answer.value, dict) or name not in answer.value:
            return None
        return replace(answer, value={k: v for k, v in answer.value.items() if k != name})

    return corrupt


def _more(name: str, by: int) -> Mutation:
    def corrupt(answer: Answer) -> Answer | None:
        value = answer.value
        if not isinstance(value, dict) or not isinstance(value.get(name), int):
            return None
        return replace(answer, value={**value, name: value[name] + by})

    return corrupt


def _profiles(change: Callable[[list[object]], list[object] | None]) -> Mutation:
    def corrupt(answer: Answer) -> Answer | None:
        value = answer.value
        if not isinstance(value, dict) or not isinstance(value.get("access_profiles"), list):
            return None
        changed = change(list(value["access_profiles"]))
        return None if changed is None else replace(answer, value={**value, "access_profiles": changed})

    return corrupt


def _member(name: str, change: Callable[[object], object], position: int = 0) -> Mutation:
    """Changes one member of one profile."""

    def changed(profiles: list[object]) -> list[object] | None:
        profile = profiles[position] if profiles else None
        if not isinstance(profile, dict):
            return None
        profiles[position] = {**profile, name: change(profile.get(name))}
        return profiles

    return _profiles(changed)


def _leaking(status: int | None) -> Mutation:
    """A page of one profile, whatever was answered."""
    page: dict[str, object] = {"access_profiles": [{"id": 1, "name": "x", "is_active": True}]}
    page |= {"count": 1, "total_count": 1, "limit": 1, "offset": 0}

    def corrupt(answer: Answer) -> Answer:
        exchange = replace(answer.exchange, status=status or answer.status)
        return replace(answer, value=page, problem=None, exchange=exchange)

    return corrupt


def _foreign(profiles: list[object]) -> list[object]:
    """A profile that is nowhere else, active or not as the first is not."""
    first = profiles[0] if profiles else None
    model = dict(first) if isinstance(first, dict) else {}
    stranger = {**model, "id": 2**62 + 1, "name": "x", "tags": [], "is_active": not model.get("is_active")}
    return [*profiles, stranger]


def _swapped(profiles: list[object]) -> list[object] | None:
    if len(profiles) < 2:
        return None
    return [profiles[1], profiles[0], *profiles[2:]]


MUTATIONS: tuple[Mutation, ...] = (
    _profiles(lambda profiles: profiles[1:] if profiles else None),
    _profiles(lambda profiles: profiles[:-1] if profiles else None),
    _profiles(lambda profiles: [*profiles, profiles[0]] if profiles else None),
    _profiles(lambda profiles: [profiles[-1], *profiles[1:]] if len(profiles) > 1 else None),
    _profiles(_swapped),
    _profiles(_foreign),
    _more("total_count", 1),
    _more("total_count", -1),
    _more("count", 1),
    _more("limit", 1),
    _more("offset", 1),
    _member("is_active", lambda value: not value),
    _member("tags", lambda _: []),
    _member("tags", lambda _: ["corrupted"]),
    _member("description", lambda value: f"{value} corrupted"),
    _member("name", lambda _: " corrupted "),
    _member("id", lambda _: 2**62 + 2),
    _member("id", str),
    _member("provider_configs", lambda _: None),
    _member("tags", lambda _: None),
    _member("created_at", lambda _: "2999-01-01T00:00:00Z"),
    _member("budgets", lambda _: [{"max_limit": -1, "scope": "provider:corrupted"}]),
    _profiles(lambda _: []),
    _without("access_profiles"),
    _without("total_count"),
    _without("error"),
    _leaking(None),
    _leaking(200),
    _not_json,
    _headers,
    _status(500),
    _status(404),
    _status(200),
    _status(418),
)
