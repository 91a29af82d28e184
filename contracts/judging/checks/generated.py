"""What the response to a generated query must be: GEN-DOCUMENT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contracts.document.document import Document
from contracts.evidence.answers import Answer, Page
from contracts.evidence.inputs import SERVERS_OWN
from contracts.evidence.responses import generated_answers
from contracts.judging.check import check
from contracts.judging.checks.page import (
    count_is_page_length,
    offset_is_the_offset_in_force,
    page_holds_at_most_limit,
    page_holds_every_id_once,
)
from contracts.judging.checks.response import JSON, media_type, schema_violations, stated_type
from contracts.model import EvidenceClass, Violation

_PAGE_RULES = (
    count_is_page_length,
    page_holds_at_most_limit,
    offset_is_the_offset_in_force,
    page_holds_every_id_once,
)


@check(
    "GEN-DOCUMENT",
    generated_answers,
    needs="generated queries that were answered",
    requires=(
        "SERVED",
        "RESP-STATUS",
        "RESP-MEDIA-TYPE",
        "RESP-JSON",
        "RESP-SCHEMA",
        "RESP-NESTED-NULL",
        "PAGE-COUNT",
        "PAGE-LIMIT",
        "PAGE-LIMIT-ECHO",
        "PAGE-OFFSET-ECHO",
        "PAGE-UNIQUE",
    ),
)
def generated_query_is_answered_as_documented(answer: Answer, document: Document) -> Iterator[Violation]:
    """A documented status, its content type, its schema, and the rules for one page."""
    got = f"status {answer.status}"
    at = (answer.at("status", "request"),)
    if answer.status >= 500:  # has to recur: it may be temporary
        yield Violation("200, or 4xx", got, at, EvidenceClass.STABLE, min_writes=0)
    elif not document.documents(answer.status):
        yield Violation("a documented status", got, at)
    elif answer.status not in SERVERS_OWN:
        yield from _body(answer, document)


def _body(answer: Answer, document: Document) -> Iterator[Violation]:
    if media_type(answer) != JSON:
        yield Violation(f"Content-Type: {JSON}", stated_type(answer), (answer.at("headers/content-type"),))
    elif answer.problem is not None:
        yield Violation("one JSON text", answer.problem, (answer.at("body"),))
    elif answer.beyond is None:
        schema = document.success() if answer.status == 200 else document.error()
        problems = answer.problems(schema)
        yield from schema_violations(answer, problems)
        if not problems and answer.page is not None:
            yield from _page(answer.page)


def _page(page: Page) -> Iterator[Violation]:
    for rule in _PAGE_RULES:
        yield from (replace(v, got=f"{v.got} ({rule.__name__} is broken)") for v in rule(page))
