"""What the two paths of the operation are to each other: the ALIAS requirements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from contracts.evidence.access import AliasPair, OldPathAnswer, other_path, other_path_served
from contracts.evidence.answers import fingerprint
from contracts.evidence.evidence import Evidence
from contracts.judging.check import check
from contracts.judging.checks.response import media_type
from contracts.model import Purpose, Violation

_SUCCESSOR = re.compile(
    r";\s*rel\s*=\s*(?:\"[^\"]*\bsuccessor-version\b[^\"]*\"|successor-version\b)", re.IGNORECASE
)


def _one_path(evidence: Evidence) -> str:
    asked = any(a.request.purpose is Purpose.ALIAS for a in evidence.answers)
    known = other_path(evidence.conditions.path) is not None
    if other_path_served(evidence) or (known and not asked):
        return ""
    return "only one of the two paths is served"


@check("ALIAS-PARITY", inapplicable=_one_path, requires=("WALK-REPEAT", "RESP-STATUS"))
def both_paths_answer_alike(pair: AliasPair) -> Iterator[Violation]:
    """The same status, and the same page, what moves by itself aside."""
    judged, other = pair.judged, pair.other
    if fingerprint(judged) != fingerprint(other):
        expected = f"the same as exchange {judged.number} on the judged path: {_shape(judged)}"
        yield Violation(expected, f"{_shape(other)} at {other.request.path}", (judged.number, other.number))
    elif judged.status == 200 and media_type(judged) != media_type(other):
        expected = (
            f"Content-Type: {media_type(judged)[:60]}, as exchange {judged.number} has on the judged path"
        )
        got = f"Content-Type: {media_type(other)[:60]} at {other.request.path}"
        yield Violation(expected, got, (judged.number, other.number))


def _shape(answer: object) -> str:
    page = getattr(answer, "page", None)
    if page is None:
        return f"status {getattr(answer, 'status', '?')}"
    return f"{len(page.ids)} profiles, total_count {page.total}"


@check("ALIAS-HEADERS", inapplicable=_one_path, requires=("SERVED",))
def older_path_names_its_successor(subject: OldPathAnswer) -> Iterator[Violation]:
    """`Deprecation`, and `Link` with `rel="successor-version"` (RFC 9745, RFC 5829)."""
    exchange = subject.answer.exchange
    links = ", ".join(value for name, value in exchange.headers if name.lower() == "link")
    lacking = [] if exchange.header("deprecation") else ["Deprecation"]
    if not _SUCCESSOR.search(links):
        lacking.append('Link with rel="successor-version"')
    if lacking:
        got = f"no {' and no '.join(lacking)}"
        numbers = (subject.other.number, exchange.number)
        yield Violation("Deprecation and Link on the older path", got, numbers, writes=0)
