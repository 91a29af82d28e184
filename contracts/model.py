"""The words of the suite as frozen values: requirement, request, exchange, violation, verdict.

This module does no I/O and knows nothing of the other modules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

OLD_PATH = "/api/access-profiles"
NEW_PATH = "/api/governance/access-profiles"

# Volatile members of a live gateway, which change without a write; items are compared without them.
VOLATILE = frozenset(
    {
        "current_usage",
        "token_current_usage",
        "request_current_usage",
        "last_reset",
        "token_last_reset",
        "request_last_reset",
        "next_rotation_at",
        "last_rotation_at",
    }
)


class Level(StrEnum):
    """How binding a requirement is (RFC 2119)."""

    MUST = "MUST"
    SHOULD = "SHOULD"


class EvidenceClass(StrEnum):
    """What it takes to convict a deployment of breaking a requirement.

    `RESPONSE`: a single response. `ORDER`: the relative order of items that did not change between two
    reads. `STABLE`: several responses, unless concurrent writes can explain them.
    """

    RESPONSE = "response"
    ORDER = "order"
    STABLE = "stable"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence of the contract, as the OpenAPI document's `x-requirements` has it."""

    id: str
    level: Level
    text: str
    source: str
    evidence: EvidenceClass
    behaviours: tuple[str, ...] = ()
    untested: str | None = None

    @property
    def area(self) -> str:
        """The part of the id before the first hyphen: `PAGE` of `PAGE-COUNT`."""
        return self.id.partition("-")[0]


class Credentials(StrEnum):
    """Which credentials a request carries; the transport alone knows the secrets behind the names."""

    GIVEN = "given"
    NONE = "none"
    EMPTY = "empty"
    OTHER_SCHEME = "other scheme"
    RANDOM = "random"
    TRUNCATED = "truncated"
    EXTENDED = "extended"
    ALTERED = "altered"
    ALTERED_START = "altered at the start"
    OTHER_CASE = "in another letter case"
    MADE_UP_BASIC = "made-up Basic"
    LOWER_CASE_SCHEME = "lower-case scheme"
    NARROW = "narrow"


class Purpose(StrEnum):
    """What a request is for. Evidence selects by it where the request alone does not tell."""

    UNSTATED = ""
    SURVEY = "survey"
    WALK = "walk"
    DRAWN_PAGE = "page drawn at random"
    FILTER = "filter"
    SEARCH = "search"
    HEAD = "head"
    ACCESS = "access"
    SPELLING = "path"  # another spelling of the path
    ALIAS = "alias"  # the other path of the operation
    GENERATED = "generated"  # drawn from the document
    INPUT = "input"
    HOSTILE = "hostile"  # can take a process down
    WHOLE_LIST_AGAIN = "the whole list again"
    EXHAUSTIVE_WALK = "exhaustive walk"  # the exchange is dropped once it is checked
    EXHAUSTIVE_WALK_AGAIN = "exhaustive walk again"


# The user and password that no deployment knows.
MADE_UP_BASIC = "contracts:contracts0000000000000000"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it leaves: `query` is raw, already percent-encoded, and sent byte for byte.

    `path` is raw too; None means the path of the operation. `purpose` takes no part in
    equality.
    """

    query: str = ""
    path: str | None = None
    method: str = "GET"
    credentials: Credentials = Credentials.GIVEN
    purpose: Purpose = field(default=Purpose.UNSTATED, compare=False)


Batch = tuple[Request, ...]
"""Requests whose order does not matter, so that several may be in flight together."""


class FailureKind(StrEnum):
    """Why an exchange has no complete response."""

    CONNECT = "connect"  # nothing listens there, or the name does not resolve
    TLS = "tls"  # no trusted secure connection
    TIMEOUT = "time-out"  # the whole exchange took longer than allowed
    CUT = "cut connection"  # closed or reset before the response was complete
    PROTOCOL = "not HTTP"  # the response is not well-formed HTTP
    TOO_LARGE = "too large"  # headers or content above the bounds of the suite


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an exchange has no complete response, for people: `text` is one sentence without secrets."""

    kind: FailureKind
    text: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """An earlier try of the same request that was waited for and repeated."""

    why: str  # "429", "503", "time-out", "cut connection" ...
    waited: float  # seconds until the next try


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its response. `status` is None exactly when `failure` is set.

    `number` counts from 1 in the order of sending. `content` is decoded (gzip undone), never more than
    the bound; for HEAD it is what followed the header section, where nothing may. `started` is in seconds
    since the run began, `elapsed` in seconds.
    """

    number: int
    request: Request
    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    failure: Failure | None = None
    started: float = 0.0
    elapsed: float = 0.0
    attempts: tuple[Attempt, ...] = ()

    def header(self, name: str) -> str | None:
        """The first header of that name, whatever its letter case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Place:
    """What to look at in one exchange.

    A fact is a JSON Pointer (RFC 6901) into the body, `status`, `headers/<lower-case name>`, `body`,
    `request` or `failure`.
    """

    exchange: int
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Violation:
    """That one subject breaks one requirement, and where that can be seen.

    The last place of `at` is where it shows. `evidence` overrides the requirement's class where this very
    violation is stronger or weaker. `min_writes` is the smallest number of concurrent writes, between or
    during these exchanges, that could explain it; 0 where none can.
    """

    expected: str
    got: str
    at: tuple[Place, ...]
    evidence: EvidenceClass | None = None
    min_writes: int = 1

    @property
    def exchanges(self) -> tuple[int, ...]:
        """The numbers of the exchanges, each once, in the order of `at`."""
        return tuple(dict.fromkeys(place.exchange for place in self.at))

    @property
    def pointer(self) -> str:
        """The first JSON Pointer of the last place; empty where it has none."""
        return next((fact for fact in self.at[-1].facts if fact.startswith("/")), "")


class Outcome(StrEnum):
    """What the judge says of a requirement."""

    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_EXERCISED = "not exercised"
    NOT_APPLICABLE = "not applicable"
    BLOCKED = "blocked"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says of one requirement.

    `checked` is the number of subjects. `violations` are those of a fail, strongest first; the first is the
    counterexample, cut to the minimum. `reason` says why it is inconclusive or not applicable, or which
    data or option would exercise it. `blocked_by` is the id of the requirement whose failure is the cause.
    `reproduced` says in how many of the `repetitions` of the counterexample the violation showed again.
    `mutations_detected` is how many mutations of the evidence of a pass made the check fail.
    """

    requirement: Requirement
    outcome: Outcome
    checked: int = 0
    violations: tuple[Violation, ...] = ()
    violations_total: int = 0
    reason: str = ""
    blocked_by: str | None = None
    reproduced: int = 0
    repetitions: int = 0
    mutations_detected: int = 0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Which of several legal behaviours the deployment shows, and the exchange that shows it first."""

    name: str
    value: str
    exchange: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that a report may say of one run."""

    deployment: str  # URL of the operation that was checked, without secrets
    seed: int
    verdicts: tuple[Verdict, ...]
    behaviours: tuple[Behaviour, ...]
    exchanges: tuple[Exchange, ...]
    notes: tuple[str, ...] = ()  # what a reader must know: open deployment, extra members, interruption
    seconds: float = 0.0
    interrupted: str | None = None  # why the run ended early


class ExitStatus:
    """Exit statuses, the same for every face and command."""

    CONFORMING = 0
    FAILED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INVALID = 4  # of verify and diff: the bundle is not what it says it is
    INTERNAL = 70


class UserError(Exception):
    """Something that the user can mend: a bad option, document, file. Ends a command with status 2."""


class BudgetSpent(Exception):  # noqa: N818 - no error: the run ends and checks what it has
    """The run's requests or its time are spent, so this request did not leave; `why` is one sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def exit_status(
    verdicts: tuple[Verdict, ...], *, allow_unexercised: bool = False, level: Level = Level.MUST
) -> int:
    """The exit status that verdicts come to; with `level` SHOULD, broken SHOULDs count as MUSTs do."""
    weighty = [v for v in verdicts if level is Level.SHOULD or v.requirement.level is Level.MUST]
    if not weighty:
        return ExitStatus.INCONCLUSIVE
    outcomes = {v.outcome for v in weighty}
    if Outcome.FAIL in outcomes:
        return ExitStatus.FAILED
    unsettled = {Outcome.INCONCLUSIVE, Outcome.BLOCKED}
    if not allow_unexercised:
        unsettled.add(Outcome.NOT_EXERCISED)
    if outcomes & unsettled or outcomes <= {Outcome.NOT_APPLICABLE, Outcome.NOT_EXERCISED}:
        return ExitStatus.INCONCLUSIVE
    if Outcome.PASS not in outcomes and any(v.blocked_by for v in weighty):
        return ExitStatus.INCONCLUSIVE  # one waived cause, and nothing else that could be checked
    return ExitStatus.CONFORMING
