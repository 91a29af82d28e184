"""Results made by hand: one requirement of each outcome, and text as hostile deployments send it."""

from __future__ import annotations

from dataclasses import replace

from contracts.model import (
    Behaviour,
    Credentials,
    EvidenceClass,
    Exchange,
    Failure,
    FailureKind,
    Level,
    Outcome,
    Place,
    Request,
    Requirement,
    Result,
    Verdict,
    Violation,
)

URL = "http://127.0.0.1:8080/api/access-profiles"
SECRET = "sk-this-is-the-token-1234567890"
HOSTILE = (
    "\x1b[31mred\x1b]0;title\x07\x9b2J\r\nnext\u202eright-to-left\u2066\ud800"
    "[bold]markup[/bold]##vso[task.x]::error x::"
)


def requirement(id_: str, *, level: Level = Level.MUST, text: str = "", **more: object) -> Requirement:
    sentence = text or f"The sentence of {id_}."
    made = Requirement(id_, level, sentence, "facts", EvidenceClass.STABLE)
    return replace(made, **more)  # type: ignore[arg-type]


def verdict(id_: str, outcome: Outcome = Outcome.PASS, **more: object) -> Verdict:
    level = more.pop("level", Level.MUST)
    assert isinstance(level, Level)
    made = Verdict(requirement(id_, level=level), outcome, checked=12 if outcome is Outcome.PASS else 0)
    return replace(made, **more)  # type: ignore[arg-type]


def broken(id_: str, *, level: Level = Level.MUST, text: str = "24", **more: object) -> Verdict:
    found = Violation(f"25 of {text}", text, (Place(1), Place(2, ("/count",))))
    return verdict(id_, Outcome.FAIL, level=level, violations=(found,), violations_total=3, **more)


def result(*verdicts: Verdict, **more: object) -> Result:
    made = Result(
        URL,
        0,
        verdicts,
        (Behaviour("tags", "any of them", 2),),
        exchanges(),
        ("The list is empty.",),
        seconds=1.25,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def exchanges() -> tuple[Exchange, ...]:
    cut = Failure(FailureKind.CUT, "closed before the response was complete")
    return (
        Exchange(1, Request("limit=25"), 200, content=b"{}", elapsed=0.01),
        Exchange(
            2,
            Request("limit=25&offset=25", credentials=Credentials.NONE),
            200,
            content=b'{"count": 24}',
            elapsed=0.02,
        ),
        Exchange(3, Request("offset=9223372036854775808"), None, failure=cut),
    )


def of_every_outcome(text: str = "24") -> Result:
    """One requirement of each outcome, with the given text wherever a deployment's text can stand."""
    long = "a reason that is long enough to need a line of its own, and then some more of it, and more"
    return result(
        verdict("SERVED"),
        broken("PAGE-COUNT", text=text, reproduced=3, repetitions=3),
        verdict("PAGE-LIMIT-ECHO", Outcome.INCONCLUSIVE, reason=f"{long} {text}"),
        verdict("WALK-TOTAL", Outcome.BLOCKED, blocked_by="PAGE-COUNT", reason=text),
        broken("FILTER-ORDER", level=Level.SHOULD, text=text),
        verdict("FILTER-ACTIVE-PARTITION", Outcome.NOT_EXERCISED, reason="needs an inactive profile"),
        verdict("ALIAS-PARITY", Outcome.NOT_APPLICABLE, reason="only one path is served"),
        verdict("RESP-NESTED-NULL", Outcome.WAIVED, reason="until 2031-01-01, by the vendor"),
        notes=(f"note: {text}",),
        behaviours=(Behaviour("tags", text, 2),),
    )
