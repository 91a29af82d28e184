"""What a single answer must be, whatever page it holds: SERVED and the RESP requirements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contracts.document.document import Document, Problem
from contracts.evidence.answers import Answer
from contracts.evidence.responses import Content, FirstAnswer, Success, WellFormed
from contracts.judging.check import check
from contracts.model import NEW_PATH, OLD_PATH, Evidence, Violation


def media_type(answer: Answer) -> str:
    """The media type of the content, lower case, without parameters; empty where none is stated."""
    return (answer.exchange.header("content-type") or "").partition(";")[0].strip().lower()


@check("SERVED")
def path_answers_as_the_api(first: FirstAnswer) -> Iterator[Violation]:
    """The API answers JSON, be it an error; a web page, a redirect, 404 or 410 means: not served here."""
    answer = first.answer
    expected = f"the API's JSON; {OLD_PATH} or {NEW_PATH} served under the base URL"
    if 300 <= answer.status < 400:
        place = answer.exchange.header("location") or "nowhere"
        yield Violation(expected, f"{answer.status}, a redirect to {place[:120]}", (answer.number,))
    elif answer.status in (404, 410) or (answer.status == 405 and answer.problem):
        yield Violation(expected, f"{answer.status}: no such route", (answer.number,))
    elif _is_web_page(answer):
        yield Violation(expected, f"{answer.status} with a web page", (answer.number,))


def _is_web_page(answer: Answer) -> bool:
    """By its content; one that calls itself HTML and holds a JSON object is an answer with a wrong header."""
    is_markup = answer.exchange.content.lstrip()[:1] == b"<"
    return is_markup or ("html" in media_type(answer) and not isinstance(answer.value, dict))


@check("RESP-STATUS", requires=("SERVED",), exhaustive="page")
def well_formed_request_is_answered_200(subject: WellFormed) -> Iterator[Violation]:
    """A 5xx may be a passing accident, so it has to recur; any other status convicts."""
    answer = subject.answer
    if answer.status != 200:
        evidence = Evidence.QUIET if answer.status >= 500 else Evidence.ONE
        got = f"status {answer.status}{_said(answer)}"
        numbers = (answer.number,) if subject.served is None else (answer.number, subject.served.number)
        yield Violation("status 200", got, numbers, evidence=evidence, writes=0)


def _said(answer: Answer) -> str:
    """What an error says of itself, cut short."""
    value = answer.value
    error = value.get("error") if isinstance(value, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return f" ({message[:120]})" if isinstance(message, str) else ""


@check("RESP-MEDIA-TYPE", requires=("SERVED",), exhaustive="page")
def success_is_application_json(success: Success) -> Iterator[Violation]:
    """Parameters such as charset are allowed (RFC 9110, section 8.3)."""
    answer = success.answer
    if media_type(answer) != "application/json":
        stated = answer.exchange.header("content-type")
        got = "no Content-Type" if stated is None else f"Content-Type: {stated[:100]}"
        yield Violation("Content-Type: application/json", got, (answer.number,))


@check("RESP-JSON", requires=("SERVED",), exhaustive="page")
def content_is_one_json_text(success: Success) -> Iterator[Violation]:
    """RFC 8259 and I-JSON (RFC 7493)."""
    answer = success.answer
    if answer.problem is not None:
        yield Violation("one JSON text", f"no JSON text: {answer.problem}", (answer.number,))


def schema_violations(answer: Answer, problems: Iterable[Problem]) -> Iterator[Violation]:
    """Problems of a schema as violations of the answer."""
    for problem in problems:
        place = problem.pointer or "the whole content"
        yield Violation(problem.expected, f"{problem.got} at {place}", (answer.number,), problem.pointer)


@check("RESP-SCHEMA", requires=("SERVED", "RESP-JSON"), sampled="profiles", exhaustive="page")
def content_conforms_to_the_schema(content: Content, document: Document) -> Iterator[Violation]:
    """Nested arrays that are null have a requirement of their own, so that they can be waived alone."""
    problems = [p for p in content.answer.problems(document.success()) if not nested_null(p)]
    yield from schema_violations(content.answer, problems)


@check("RESP-NESTED-NULL", requires=("SERVED", "RESP-JSON"), sampled="profiles", exhaustive="page")
def nested_arrays_are_never_null(content: Content, document: Document) -> Iterator[Violation]:
    """A Go server writes a nil slice as null."""
    problems = [p for p in content.answer.problems(document.success()) if nested_null(p)]
    yield from schema_violations(content.answer, problems)


def nested_null(problem: Problem) -> bool:
    """Whether it is null in the place of an array inside a profile."""
    return problem.is_null_array and problem.pointer.count("/") > 1
