"""Everything that an exchange could contribute to a proof, as named facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from contracts.document.document import Document, Problem
from contracts.evidence.access import Refusal
from contracts.evidence.answers import Answer, Page, read
from contracts.evidence.evidence import Evidence
from contracts.model import Excerpt, Exchange

Fact = tuple[str, object]

_HEADERS = ("content-type", "date", "deprecation", "link", "location", "www-authenticate")
_MEMBERS = ("id", "is_active", "name", "tags")
# Requirements on what profiles say take all members; the others would only make the search longer.
_WHOLE = re.compile("WALK-CONTENT|FILTER-SAME-PROFILE|INPUT-UNKNOWN|ALIAS-PARITY|DATA-.*")
_MOST_TEXT = 100_000
_SHOWN_TEXT = 2_000


def excerpts(
    id_: str, exchanges: Sequence[Exchange], evidence: Evidence, document: Document
) -> list[Excerpt]:
    """The facts of exchanges, as far as they can bear on the requirement."""
    answers = {exchange.number: read(exchange) for exchange in exchanges}
    pages = [answer.page for answer in answers.values() if answer is not None and answer.page is not None]
    members = _members_of(pages) if _WHOLE.fullmatch(id_) else _MEMBERS
    found = []
    for exchange in exchanges:
        answer = answers[exchange.number]
        facts = _failed(exchange) if answer is None else _answered(answer, members, evidence, document)
        found.append(Excerpt(exchange.number, exchange.request, tuple(facts)))
    return found


def _members_of(pages: Sequence[Page]) -> tuple[str, ...]:
    return tuple(sorted({name for page in pages for profile in page.profiles for name in profile.raw}))


def _failed(exchange: Exchange) -> Iterator[Fact]:
    if exchange.failure is not None:
        yield "failure", exchange.failure.kind.value


def _answered(
    answer: Answer, members: Sequence[str], evidence: Evidence, document: Document
) -> Iterator[Fact]:
    yield "status", answer.status
    for name in _HEADERS:
        yield f"headers/{name}", ", ".join(v for n, v in answer.exchange.headers if n.lower() == name)
    if answer.page is not None:
        yield from _page(answer.page, members)
    else:
        yield from _other_content(answer)
    if 400 <= answer.status < 500:
        yield from _named(answer, evidence)
    if answer.problem is not None:
        yield from _no_json(answer)
    elif answer.beyond is None and answer.request.method == "GET":
        yield from _off_schema(answer, document)


def _page(page: Page, members: Sequence[str]) -> Iterator[Fact]:
    yield from (("/count", page.count), ("/total_count", page.total))
    yield from (("/limit", page.limit), ("/offset", page.offset))
    yield from (("length", len(page.profiles)), ("ids", list(page.ids)))
    for place, profile in enumerate(page.profiles):
        for name in members:
            yield f"/access_profiles/{place}/{name}", profile.raw.get(name, "(absent)")


def _other_content(answer: Answer) -> Iterator[Fact]:
    value = answer.value
    if isinstance(value, dict):
        listed = value.get("access_profiles", 0)
        if listed is None:
            yield "/access_profiles", None
        elif isinstance(listed, list):
            yield "length", len(listed)
        yield from ((f"/{name}", value[name]) for name in ("total_count", "status_code") if name in value)
    yield "start", answer.exchange.content[:80].decode("utf-8", errors="replace")


def _named(answer: Answer, evidence: Evidence) -> Iterator[Fact]:
    for refusal in evidence.subjects(Refusal):
        if refusal.answer.number == answer.number and refusal.named is not None:
            yield "named", refusal.named


def _no_json(answer: Answer) -> Iterator[Fact]:
    """The piece of the content that is no JSON: two members of one name, a token, or all up to the error."""
    text = answer.exchange.content[:_MOST_TEXT].decode("utf-8", errors="surrogateescape")
    pieces: list[Fact] = []

    def doubled(pairs: Sequence[tuple[str, object]]) -> Mapping[str, object]:
        names = [name for name, _ in pairs]
        twice = [name for name in names if names.count(name) > 1][:1]
        pieces.extend(("members", [[n, _short(v)] for n, v in pairs if n == name]) for name in twice)
        return {}

    def token(name: str) -> None:
        pieces.append(("token", name))

    try:
        json.loads(text, object_pairs_hook=doubled, parse_constant=token)
    except json.JSONDecodeError as error:
        pieces.insert(0, ("text", text[: error.pos + 1]))
    except (ValueError, RecursionError):
        pass
    yield pieces[0] if pieces else ("text", text)


def _short(value: object) -> object:
    return value if isinstance(value, int | float | bool | None) else f"{value}"[:40]


def _off_schema(answer: Answer, document: Document) -> Iterator[Fact]:
    """The first breach of the schema, and the first that is null in the place of an array."""
    schema = document.success() if answer.status == 200 else document.error()
    if not schema.accepts(answer.value):
        for problem in schema.problems(answer.value):
            yield f"schema{problem.pointer}", _breach(problem)


def _breach(problem: Problem) -> Mapping[str, object]:
    return {
        "pointer": problem.pointer,
        "value": _skeleton(problem.value),
        "demanded": {problem.keyword: problem.demanded},
    }


def _skeleton(value: object) -> object:
    """An object or array without what is in its members; a long text cut short."""
    if isinstance(value, dict):
        return dict.fromkeys(value)
    if isinstance(value, list):
        return []
    return value[:_SHOWN_TEXT] if isinstance(value, str) else value
