"""What the answer to a generated query must be: GEN-DOCUMENT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contracts.document.document import Document
from contracts.evidence.answers import Answer, Page
from contracts.evidence.inputs import SERVERS_OWN
from contracts.evidence.responses import Generated
from contracts.judging.check import check
from contracts.judging.checks.page import (
    count_is_page_length,
    no_id_stands_twice_on_a_page,
    offset_is_the_offset_in_force,
    page_holds_at_most_limit,
)
from contracts.judging.checks.response import media_type, schema_violations
from contracts.model import Evidence, Violation

_PAGE_RULES = (
    count_is_page_length,
    page_holds_at_most_limit,
    offset_is_the_offset_in_force,
    no_id_stands_twice_on_a_page,
)


@check(
    "GEN-DOCUMENT",
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
def generated_query_is_answered_as_documented(subject: Generated, document: Document) -> Iterator[Violation]:
    """A documented status, its content type, its schema, and the rules for one page."""
    answer = subject.answer
    if answer.status >= 500:
        evidence = Evidence.QUIET  # has to recur: it may be a passing accident
        got = f"status {answer.status}"
        yield Violation("200 or a refusal with 4xx", got, (answer.number,), evidence=evidence, writes=0)
    elif not document.documents(answer.status):
        yield Violation("a documented status", f"status {answer.status}", (answer.number,))
    elif answer.status not in SERVERS_OWN:
        yield from _content(answer, document)


def _content(answer: Answer, document: Document) -> Iterator[Violation]:
    if media_type(answer) != "application/json":
        stated = answer.exchange.header("content-type") or "none"
        yield Violation("Content-Type: application/json", f"Content-Type: {stated[:100]}", (answer.number,))
    elif answer.problem is not None:
        yield Violation("one JSON text", answer.problem, (answer.number,))
    elif answer.beyond is None:
        schema = document.success() if answer.status == 200 else document.error()
        problems = answer.problems(schema)
        yield from schema_violations(answer, problems)
        if not problems and answer.page is not None:
            yield from _page(answer.page)


def _page(page: Page) -> Iterator[Violation]:
    for rule in _PAGE_RULES:
        yield from (replace(v, got=f"{v.got} ({rule.__name__} is broken)") for v in rule(page))
