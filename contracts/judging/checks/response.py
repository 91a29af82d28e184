"""What a single response must be, whatever page it holds: SERVED and the RESP requirements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from contracts.document.document import Document, Problem
from contracts.evidence.answers import Answer
from contracts.evidence.evidence import Evidence, unanswered
from contracts.evidence.responses import WellFormed, contents, first_answer, successes, well_formed
from contracts.judging.check import Blocks, check
from contracts.judging.relations import succeeded
from contracts.model import NEW_PATH, OLD_PATH, EvidenceClass, Violation

JSON = "application/json"


def media_type(answer: Answer) -> str:
    """The media type of the body, lower case, without parameters; empty where none is stated."""
    return (answer.exchange.header("content-type") or "").partition(";")[0].strip().lower()


def stated_type(answer: Answer) -> str:
    """The Content-Type in words, cut short."""
    stated = answer.exchange.header("content-type")
    return "no Content-Type" if stated is None else f"Content-Type: {stated[:100]}"


@check("SERVED", first_answer, blocks=Blocks.EVERYTHING)
def path_is_served_by_the_api(answer: Answer) -> Iterator[Violation]:
    """The API answers JSON, be it an error; a web page, a redirect, 404 or 410 means: not served here."""
    expected = f"JSON from the API: {OLD_PATH} or {NEW_PATH} served under the base URL"
    if 300 <= answer.status < 400:
        target = answer.exchange.header("location") or "nowhere"
        got = f"{answer.status}, a redirect to {target[:120]}"
        yield Violation(expected, got, (answer.at("status", "headers/location"),))
    elif answer.status in (404, 410) or (answer.status == 405 and answer.problem):
        yield Violation(expected, f"{answer.status}: no such route", (answer.at("status", "body"),))
    elif _is_web_page(answer):
        got = f"{answer.status} with a web page"
        yield Violation(expected, got, (answer.at("status", "headers/content-type", "body"),))


def _is_web_page(answer: Answer) -> bool:
    """By its body; one that calls itself HTML and holds a JSON object is a response with a wrong header."""
    is_markup = answer.exchange.content.lstrip()[:1] == b"<"
    return is_markup or ("html" in media_type(answer) and not isinstance(answer.value, dict))


@check(
    "RESP-STATUS",
    well_formed,
    in_doubt=unanswered,
    requires=("SERVED",),
    blocks=Blocks.NO_DATA,
    exhaustive="page",
)
def well_formed_request_is_answered_200(subject: WellFormed) -> Iterator[Violation]:
    """A 5xx may be temporary, so it has to recur; any other status convicts."""
    answer = subject.answer
    if not succeeded(answer):
        evidence = EvidenceClass.STABLE if answer.status >= 500 else EvidenceClass.RESPONSE
        later = () if subject.served is None else (subject.served.at("status"),)
        at = (*later, answer.at("status", *_message_pointer(answer)))
        yield Violation("status 200", f"status {answer.status}{_message(answer)}", at, evidence, min_writes=0)


def _message_pointer(answer: Answer) -> tuple[str, ...]:
    return ("/error/message",) if _message(answer) else ("body",)


def _message(answer: Answer) -> str:
    """What an error says of itself, cut short."""
    value = answer.value
    error = value.get("error") if isinstance(value, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return f" ({message[:120]})" if isinstance(message, str) else ""


@check("RESP-MEDIA-TYPE", successes, requires=("SERVED",), exhaustive="page")
def success_is_application_json(answer: Answer) -> Iterator[Violation]:
    """Parameters such as charset are allowed (RFC 9110, section 8.3)."""
    if media_type(answer) != JSON:
        at = (answer.at("headers/content-type"),)
        yield Violation(f"Content-Type: {JSON}", stated_type(answer), at)


def _beyond(evidence: Evidence) -> str:
    """That a response is larger or deeper than the suite reads; empty where none is."""
    beyond = next((a for a in evidence.regular if a.beyond), None)
    return f"request #{beyond.number} is beyond what the suite reads: {beyond.beyond}" if beyond else ""


@check(
    "RESP-JSON", successes, in_doubt=_beyond, requires=("SERVED",), blocks=Blocks.NO_DATA, exhaustive="page"
)
def body_is_one_json_text(answer: Answer) -> Iterator[Violation]:
    """RFC 8259 and I-JSON (RFC 7493)."""
    if answer.problem is not None:
        yield Violation("one JSON text", f"no JSON text: {answer.problem}", (answer.at("body"),))


def schema_violations(answer: Answer, problems: Iterable[Problem]) -> Iterator[Violation]:
    """Problems of a schema as violations of the response."""
    for problem in problems:
        where = problem.pointer or "the whole body"
        at = (answer.at(problem.pointer or "body"),)
        yield Violation(problem.expected, f"{problem.got} at {where}", at)


@check(
    "RESP-SCHEMA",
    contents,
    requires=("SERVED", "RESP-JSON"),
    blocks=Blocks.NO_DATA,
    sampled="profiles",
    exhaustive="page",
)
def body_conforms_to_the_schema(answer: Answer, document: Document) -> Iterator[Violation]:
    """Nested arrays that are null have a requirement of their own, so that they can be waived alone."""
    problems = answer.problems(document.success())
    yield from schema_violations(answer, (p for p in problems if not is_nested_null(p)))


@check(
    "RESP-NESTED-NULL",
    contents,
    requires=("SERVED", "RESP-JSON"),
    blocks=Blocks.NO_DATA,
    sampled="profiles",
    exhaustive="page",
)
def nested_arrays_are_never_null(answer: Answer, document: Document) -> Iterator[Violation]:
    """A Go server writes a nil slice as null."""
    problems = answer.problems(document.success())
    yield from schema_violations(answer, (p for p in problems if is_nested_null(p)))


def is_nested_null(problem: Problem) -> bool:
    """Whether it is null in place of an array inside an item."""
    return problem.is_null_array and problem.pointer.count("/") > 1
