"""What the two paths of the operation are to each other: the ALIAS requirements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from contracts.evidence.access import (
    AliasPair,
    OldPathAnswer,
    alias_pairs,
    old_path_answers,
    other_path,
    other_path_served,
)
from contracts.evidence.answers import Answer, fingerprint
from contracts.evidence.evidence import Evidence
from contracts.judging.check import check
from contracts.judging.checks.response import media_type, stated_type
from contracts.judging.relations import ENVELOPE, disagreement, same_content, same_page, shape, succeeded
from contracts.model import Place, Purpose, Violation

_SUCCESSOR = re.compile(
    r";\s*rel\s*=\s*(?:\"[^\"]*\bsuccessor-version\b[^\"]*\"|successor-version\b)", re.IGNORECASE
)


def _one_path(evidence: Evidence) -> str:
    requested = any(a.request.purpose is Purpose.ALIAS for a in evidence.answers)
    known = other_path(evidence.conditions.path) is not None
    if other_path_served(evidence) or (known and not requested):
        return ""
    return "only one of the two paths is served"


@check("ALIAS-PARITY", alias_pairs, inapplicable=_one_path, requires=("WALK-REPEAT", "RESP-STATUS"))
def both_paths_answer_alike(pair: AliasPair) -> Iterator[Violation]:
    """The same status, and the same page, volatile members aside."""
    answers = (pair.own, pair.other)
    rule = "both paths to give the same response"
    one, other = (answer.page for answer in answers)
    if fingerprint(pair.own) == fingerprint(pair.other):
        if succeeded(pair.own) and media_type(pair.own) != media_type(pair.other):
            sides = ((answer.at("headers/content-type"), stated_type(answer)) for answer in answers)
            yield disagreement(rule, *sides)
    elif one is not None and other is not None and same_page(one, other):
        yield from same_content(one, other, rule)
    else:
        yield disagreement(rule, *map(_shown, answers))


def _shown(answer: Answer) -> tuple[Place, str]:
    page = answer.page
    if page is None:
        return answer.at("status", "body"), f"status {answer.status}"
    return page.at(*ENVELOPE), shape(page)


@check("ALIAS-HEADERS", old_path_answers, inapplicable=_one_path, requires=("SERVED",))
def older_path_names_its_successor(subject: OldPathAnswer) -> Iterator[Violation]:
    """`Deprecation`, and `Link` with `rel="successor-version"` (RFC 9745, RFC 5829)."""
    exchange = subject.answer.exchange
    links = ", ".join(value for name, value in exchange.headers if name.lower() == "link")
    lacking = [] if exchange.header("deprecation") else ["Deprecation"]
    if not _SUCCESSOR.search(links):
        lacking.append('Link with rel="successor-version"')
    if lacking:
        at = (subject.other.at("status"), subject.answer.at("headers/deprecation", "headers/link"))
        got = f"no {' and no '.join(lacking)}"
        yield Violation("Deprecation and Link on the older path", got, at, min_writes=0)
