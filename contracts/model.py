"""The words of the suite as frozen values: requirement, request, exchange, violation, verdict.

This module does no I/O and knows nothing of the other modules.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

OLD_PATH = "/api/access-profiles"
NEW_PATH = "/api/governance/access-profiles"

# What moves by itself on a live gateway; profiles are compared without these.
MOVING = frozenset(
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


class Evidence(StrEnum):
    """What can convict a deployment of breaking a requirement.

    `ONE`: a single response. `ORDER`: the relative order of profiles that did not change between two
    reads. `QUIET`: several responses, and only where writes by others cannot explain what was seen.
    """

    ONE = "one"
    ORDER = "order"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One sentence of the contract, as the OpenAPI document's `x-requirements` has it."""

    id: str
    level: Level
    text: str
    source: str
    evidence: Evidence
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


# The user and password that no deployment knows.
MADE_UP_BASIC = "contracts:contracts0000000000000000"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it leaves: `query` is raw, already percent-encoded, and sent byte for byte.

    `path` is raw too; None means the path of the operation that is judged. `purpose` names the probe
    that asked and takes no part in equality.
    """

    query: str = ""
    path: str | None = None
    method: str = "GET"
    credentials: Credentials = Credentials.GIVEN
    purpose: str = field(default="", compare=False)


Batch = tuple[Request, ...]
"""Requests whose order does not matter: a session that yields them may have them under way together."""


class FailureKind(StrEnum):
    """Why an exchange has no complete response."""

    CONNECT = "connect"  # nothing listens there, or the name does not resolve
    TLS = "tls"  # no trusted secure connection
    TIMEOUT = "time-out"  # the whole exchange took longer than allowed
    CUT = "cut connection"  # closed or reset before the response was complete
    PROTOCOL = "not HTTP"  # what came is no well-formed HTTP response
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
    """A request and what came back. `status` is None exactly when `failure` is set.

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
class Violation:
    """That one subject breaks one requirement, with the exchanges that show it.

    `exchanges` are numbers of exchanges; the check run on these alone finds a violation again.
    `pointer` is a JSON Pointer (RFC 6901) into the content of the last of them. `evidence` overrides the
    requirement's class where this very violation is stronger. `writes` is the least number of writes by
    others, between or during these exchanges, that would excuse it; 0 where none can.
    """

    expected: str
    got: str
    exchanges: tuple[int, ...]
    pointer: str = ""
    evidence: Evidence | None = None
    writes: int = 1


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What has to be seen of one exchange, cut down to the facts that prove the point.

    A fact has a name and a JSON value. Names: `status`; `failure`; `headers/<lower-case name>`, empty where
    there is none; a JSON Pointer into the content; `length` and `ids` of the array of profiles; `text`,
    `start`, `members`, `token`, `named` and `schema` for what is wrong with a text.
    """

    exchange: int
    request: Request
    facts: tuple[tuple[str, object], ...]


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

    `judged` is the number of subjects. `violations` are the witnesses of a fail, strongest first.
    `reason` says why it is inconclusive or not applicable, or which data or option would exercise it.
    `blocked_by` is the id of the requirement whose failure is the cause. `confirmed` is how often the
    first witness was asked again and gave the same. `killed` is how many corruptions of the evidence of a
    pass made the check fail. `witness` is what proves the first violation, cut down to the facts that it
    takes; `reproduced` is whether its requests alone gave a proof again.
    """

    requirement: Requirement
    outcome: Outcome
    judged: int = 0
    violations: tuple[Violation, ...] = ()
    violations_total: int = 0
    reason: str = ""
    blocked_by: str | None = None
    confirmed: int = 0
    mutations_detected: int = 0
    witness: tuple[Excerpt, ...] = ()
    reproduced: bool = False


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Which of several legal behaviours the deployment shows, and the exchange that shows it first."""

    name: str
    value: str
    exchange: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that a report may say of one run."""

    deployment: str  # URL of the operation that was judged, without secrets
    seed: int
    verdicts: tuple[Verdict, ...]
    behaviours: tuple[Behaviour, ...]
    exchanges: tuple[Exchange, ...]
    notes: tuple[str, ...] = ()  # what a reader must know: open deployment, extra members, interruption
    seconds: float = 0.0
    interrupted: str | None = None  # why the run ended before all was asked


class ExitStatus:
    """Exit statuses, the same for every face and command."""

    CONFORMING = 0
    BROKEN = 1
    USAGE = 2
    NOT_JUDGED = 3
    INVALID = 4  # of verify and diff: the bundle is not what it says it is
    INTERNAL = 70


class UserError(Exception):
    """Something that the user can mend: a bad option, document, file. Ends a command with status 2."""


class BudgetSpent(Exception):  # noqa: N818 - no error: the run ends and judges what it has
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
        return ExitStatus.NOT_JUDGED
    outcomes = {v.outcome for v in weighty}
    if Outcome.FAIL in outcomes:
        return ExitStatus.BROKEN
    unsettled = {Outcome.INCONCLUSIVE, Outcome.BLOCKED}
    if not allow_unexercised:
        unsettled.add(Outcome.NOT_EXERCISED)
    if outcomes & unsettled or outcomes <= {Outcome.NOT_APPLICABLE, Outcome.NOT_EXERCISED}:
        return ExitStatus.NOT_JUDGED
    if Outcome.PASS not in outcomes and any(v.blocked_by for v in weighty):
        return ExitStatus.NOT_JUDGED  # one waived cause, and nothing that could be judged beside it
    return ExitStatus.CONFORMING
