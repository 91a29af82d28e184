"""The one place that decides: from recorded exchanges to the outcome of every requirement.

It knows nothing of the network, of the ways of probes or of formats. Evidence is what was asked once;
rounds are witnesses that were asked again, so that writes by others can be told from faults.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from contracts.evidence.answers import fingerprint
from contracts.evidence.evidence import Conditions, Evidence
from contracts.evidence.exhaustive import ExhaustiveSummary
from contracts.evidence.samples import describe_sample
from contracts.evidence.walks import Repeat
from contracts.judging.catalogue import Catalogue
from contracts.judging.check import Check
from contracts.judging.vacuity import detected_mutations
from contracts.judging.witness.cutting import cut
from contracts.judging.witness.excerpts import excerpts
from contracts.judging.witness.proof import proves
from contracts.model import Evidence as Class
from contracts.model import Excerpt, Exchange, Outcome, Purpose, Request, Requirement, Verdict, Violation

Witness = tuple[Request, ...]

# Equal rounds that convict where nothing was seen to move, and where something was. To excuse n rounds of
# a witness, writes would have to undo each other between all neighbouring requests.
CALM_ROUNDS = 3
MOVING_ROUNDS = 8

# Where the user states that nothing writes, what is seen again once has no excuse.
UNWRITTEN_ROUNDS = 1

MOST_ROUNDS = 12

# How often something has to be seen that no write excuses but an accident might.
RECURRING = 3

# Rounds by turns with reads of the whole list, all of them equal. Somebody who adds and removes a profile for
# a share p of the time breaks 7 of 21 rounds of one request and shows in none of the 22 reads with a
# probability of at most C(21,7) p^7 (1-p)^36 < 1 in 1,000, whatever p. A round of two requests breaks where
# just one of them meets that profile: 10 of 21 come to the same bound.
STILL_ROUNDS = 21
STILL_BROKEN = {1: 7, 2: 10}  # by the requests in the witness
_SHORT_WITNESS = 2

# Witnesses asked again for one requirement, and the most requests in one of them.
_WITNESSES = 3
_LONGEST_WITNESS = 40

# More writes than this inside one witness, at any plausible rate, are no excuse when they recur.
_PLAUSIBLE_WRITES = 40
_PLAUSIBLE_RATE = 60  # writes a second

# Where one of these fails, a requirement that has nothing to be judged on is blocked by it.
BASE = ("SERVED", "RESP-STATUS", "RESP-JSON", "RESP-SCHEMA", "RESP-NESTED-NULL")

_KEPT_VIOLATIONS = 5

# Violations of which the one with the smallest proof is shown.
_CUT = 3


@dataclass(frozen=True)
class Round:
    """A witness asked once more: its exchanges, parsed once, and what each check says of them alone."""

    exchanges: tuple[Exchange, ...]
    conditions: Conditions
    _found: dict[str, tuple[Violation, ...]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def evidence(self) -> Evidence:
        """The round as evidence."""
        return Evidence.of(self.exchanges, self.conditions)

    @cached_property
    def fingerprint(self) -> tuple[object, ...]:
        """What two equal rounds have in common."""
        return tuple(fingerprint(answer) for answer in self.evidence.answers)

    def violations(self, catalogue: Catalogue, check: Check) -> tuple[Violation, ...]:
        """What the check says of this round alone."""
        if check.id not in self._found:
            self._found[check.id] = _find(catalogue, check, self.evidence).violations
        return self._found[check.id]


Rounds = Mapping[Witness, Sequence[Round]]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of the evidence: how many subjects it judged, and what it found."""

    requirement: Requirement
    check: Check
    judged: int
    violations: tuple[Violation, ...]

    def evidence_class(self, violation: Violation) -> Class:
        """What can convict by this violation."""
        return violation.evidence or self.requirement.evidence

    @property
    def candidates(self) -> tuple[Violation, ...]:
        """The violations worth asking again: one where it convicts by itself, a few otherwise."""
        by_itself = any(self.evidence_class(v) is not Class.QUIET for v in self.violations)
        return self.violations[: 1 if by_itself else _WITNESSES]


@dataclass(frozen=True, slots=True)
class Case:
    """Evidence, what the checks find in it, and the rounds asked so far."""

    catalogue: Catalogue
    evidence: Evidence
    findings: Mapping[str, Finding]
    rounds: Rounds
    still: Rounds = field(default_factory=dict)  # rounds between reads of the whole list, all equal
    ended_early: bool = False  # not all was asked that should have been
    exhaustive: ExhaustiveSummary | None = None  # what an exhaustive walk came to, where there was one
    cuts: dict[tuple[str, tuple[int, ...]], tuple[Excerpt, ...]] = field(default_factory=dict)  # found so far

    @property
    def unrepeatable(self) -> frozenset[Request]:
        """Hostile requests that cut the connection: asked again, they might take the process down."""
        return frozenset(e.request for e in self.evidence.failed if e.request.purpose is Purpose.HOSTILE)


def examine(catalogue: Catalogue, evidence: Evidence, ids: Iterable[str] = ()) -> dict[str, Finding]:
    """Runs the checks (all, or those named) over the evidence."""
    wanted = set(ids) or set(catalogue.checks)
    return {id_: _find(catalogue, one, evidence) for id_, one in catalogue.checks.items() if id_ in wanted}


def _find(catalogue: Catalogue, check: Check, evidence: Evidence) -> Finding:
    requirement = catalogue.by_id[check.id]
    subjects: tuple[object, ...] = evidence.subjects(check.subject)
    found = [v for subject in subjects for v in check.violations(subject, catalogue.document)]
    finding = Finding(requirement, check, len(subjects), ())
    strongest_first = sorted(found, key=lambda v: _weakness(finding, v))
    return Finding(requirement, check, len(subjects), tuple(strongest_first))


def _weakness(finding: Finding, violation: Violation) -> tuple[bool, int, int]:
    """Those that convict by themselves first, then the shortest, then the earliest."""
    quiet = finding.evidence_class(violation) is Class.QUIET
    return (quiet, len(violation.exchanges), violation.exchanges[0])


# --- witnesses to ask again ----------------------------------------------------------------------


def witnesses(case: Case) -> list[Witness]:
    """What should be asked again, the shortest first: the requests of violations, each list once."""
    found: dict[Witness, None] = {}
    for finding in case.findings.values():
        for violation in finding.candidates:
            found.setdefault(witness(case.evidence, violation))
    return sorted((w for w in found if 0 < len(w) <= _LONGEST_WITNESS), key=len)


def witness(evidence: Evidence, violation: Violation) -> Witness:
    """The requests whose exchanges show a violation."""
    return tuple(evidence.requests[number] for number in violation.exchanges)


def wants_round(case: Case, requests: Witness) -> bool:
    """Whether asking the witness once more can still change a verdict or is its first confirmation."""
    rounds = case.rounds.get(requests, ())
    if not case.unrepeatable.isdisjoint(requests):
        return False
    quiet = _quiet_findings(case, requests)
    if not rounds or not quiet or len(rounds) >= MOST_ROUNDS:
        return not rounds
    if len(rounds) < CALM_ROUNDS:
        return True
    return any(_is_open(case, finding, rounds) for finding in quiet)


def is_broken_again(case: Case, requests: Witness) -> bool:
    """Whether a round of the witness broke a requirement that it is a witness of."""
    rounds = case.rounds.get(requests, ())
    return any(
        _violations_of(case, finding.check, one)
        for finding in _quiet_findings(case, requests)
        for one in rounds
    )


def open_witnesses(case: Case) -> list[Witness]:
    """Short witnesses of the requirements in doubt that a quarter of their rounds broke, the shortest first.

    These are worth rounds between reads of the whole list.
    """
    found: dict[Witness, None] = {}
    for finding in case.findings.values():
        if not any(_convicts(case, finding, v) for v in finding.candidates):
            short = (witness(case.evidence, v) for v in finding.candidates)
            found |= dict.fromkeys(w for w in short if len(w) <= _SHORT_WITNESS and _often(case, finding, w))
    return sorted(found, key=len)


def _often(case: Case, finding: Finding, requests: Witness) -> bool:
    """Whether at least a quarter of the rounds of a witness broke the requirement."""
    rounds = case.rounds.get(requests, ())
    return 0 < len(rounds) <= 4 * sum(1 for one in rounds if _violations_of(case, finding.check, one))


def cut_witnesses(case: Case) -> list[Witness]:
    """The requests of the witnesses as cut down that were not asked alone so far, each once.

    Only of what is broken by itself: what another requirement blocks is not reported.
    """
    found: dict[Witness, None] = {}
    convicting = {id_: _convicting(case, finding) for id_, finding in case.findings.items()}
    broken = {id_ for id_, violations in convicting.items() if violations}
    for id_ in broken:
        if broken.isdisjoint(_required(case.catalogue, id_)):
            _, proof = _smallest(case, case.findings[id_], convicting[id_])
            requests = tuple(excerpt.request for excerpt in proof)
            if requests and requests not in case.rounds and case.unrepeatable.isdisjoint(requests):
                found.setdefault(requests)
    return sorted(found, key=len)


def _convicting(case: Case, finding: Finding) -> list[Violation]:
    return [v for v in finding.violations if _convicts(case, finding, v)]


def _smallest(
    case: Case, finding: Finding, convicting: Sequence[Violation]
) -> tuple[Violation, tuple[Excerpt, ...]]:
    """The violation with the smallest proof, and that proof; the first without one where none has any."""
    proofs = ((violation, _proof(case, finding, violation)) for violation in convicting[:_CUT])
    proved = [(violation, proof) for violation, proof in proofs if proof]
    if not proved:
        return convicting[0], ()
    return min(proved, key=lambda p: (len(p[1]), sum(len(excerpt.facts) for excerpt in p[1])))


def _proof(case: Case, finding: Finding, violation: Violation) -> tuple[Excerpt, ...]:
    key = (finding.requirement.id, violation.exchanges)
    if key not in case.cuts:
        exchanges = case.evidence.exchanges
        shown = [exchanges[number] for number in violation.exchanges]
        document = case.catalogue.document
        case.cuts[key] = cut(key[0], excerpts(key[0], shown, case.evidence, document))
    return case.cuts[key]


def _reproduced(case: Case, finding: Finding, proof: Sequence[Excerpt]) -> bool:
    """Whether its requests alone, asked once more, proved the same again."""
    id_, document = finding.requirement.id, case.catalogue.document
    rounds = case.rounds.get(tuple(excerpt.request for excerpt in proof), ())
    return any(proves(id_, excerpts(id_, r.exchanges, case.evidence, document)) for r in rounds)


def _quiet_findings(case: Case, requests: Witness) -> list[Finding]:
    return [
        finding
        for finding in case.findings.values()
        for violation in finding.candidates
        if finding.evidence_class(violation) is Class.QUIET and witness(case.evidence, violation) == requests
    ]


def _is_open(case: Case, finding: Finding, rounds: Sequence[Round]) -> bool:
    """Whether the rounds so far neither convict nor hold throughout, and those left could still convict."""
    runs = _equal_runs(case, finding.check, rounds)
    needed = _needed(case)
    return any(runs) and max(runs) < needed <= runs[-1] + MOST_ROUNDS - len(rounds)


def _needed(case: Case) -> int:
    if case.evidence.conditions.no_concurrent_writes:
        return UNWRITTEN_ROUNDS
    return CALM_ROUNDS if is_calm(case) else MOVING_ROUNDS


def is_calm(case: Case) -> bool:
    """Whether every request that was repeated got an equal answer each time."""
    repeats = case.evidence.subjects(Repeat)
    if any(r.first.fingerprint != r.second.fingerprint for r in repeats):
        return False
    pairs = (pair for rounds in case.rounds.values() for pair in itertools.pairwise(rounds))
    return all(one.fingerprint == other.fingerprint for one, other in pairs)


def _violations_of(case: Case, check: Check, one: Round) -> tuple[Violation, ...]:
    return one.violations(case.catalogue, check)


def _equal_runs(case: Case, check: Check, rounds: Sequence[Round]) -> list[int]:
    """After each round: how many up to it equal each other and all break the requirement."""
    runs: list[int] = []
    for before, one in zip((None, *rounds), rounds, strict=False):
        goes_on = before is not None and bool(runs[-1]) and before.fingerprint == one.fingerprint
        broken = bool(_violations_of(case, check, one))
        runs.append((runs[-1] + 1 if goes_on else 1) if broken else 0)
    return runs


# --- outcomes ------------------------------------------------------------------------------------


def judge(case: Case, ids: Iterable[str] = ()) -> tuple[Verdict, ...]:
    """The verdict on every requirement examined (or on those named), in the document's order."""
    wanted = set(ids) or set(case.findings)
    alone = {id_: _alone(case, finding) for id_, finding in case.findings.items()}
    judged = {id_: _with_cause(case, alone, verdict) for id_, verdict in alone.items() if id_ in wanted}
    # What is broken is not hidden behind a cause that nobody asked for and that therefore is not shown.
    hidden = {id_ for id_, verdict in judged.items() if verdict.blocked_by not in {None, *wanted}}
    shown = (
        alone[id_] if id_ in hidden and alone[id_].outcome is Outcome.FAIL else verdict
        for id_, verdict in judged.items()
    )
    return tuple(_said_once(judged.get("SERVED"), verdict) for verdict in shown)


def _said_once(served: Verdict | None, verdict: Verdict) -> Verdict:
    """The same verdict, without the long reason where SERVED gives it already."""
    if served is None or verdict is served or verdict.outcome is not Outcome.INCONCLUSIVE:
        return verdict
    same = (served.outcome, served.reason) == (verdict.outcome, verdict.reason)
    return replace(verdict, reason="as SERVED") if same else verdict


def _alone(case: Case, finding: Finding) -> Verdict:
    """The verdict as if there were no other requirement."""
    convicting = _convicting(case, finding)
    if convicting:
        return _fail(case, finding, convicting)
    if finding.violations and not _excused(case, finding):
        return _unsettled(case, finding)
    return _without_violation(case, finding)


def _convicts(case: Case, finding: Finding, violation: Violation) -> bool:
    if finding.evidence_class(violation) is not Class.QUIET:
        return True
    rounds = case.rounds.get(witness(case.evidence, violation), ())
    if max(_equal_runs(case, finding.check, rounds), default=0) >= _needed(case):
        return True
    again = sum(1 for one in rounds if _violations_of(case, finding.check, one))
    if violation.writes == 0:
        return again + sum(1 for v in finding.violations if v.writes == 0) >= RECURRING
    if _implausible_in_single_responses(case, finding):
        return True
    return _recurs_while_still(case, finding, violation) or _implausible(case, finding, rounds)


def _implausible_in_single_responses(case: Case, finding: Finding) -> bool:
    """Whether several single responses contradict themselves by more writes than one can contain.

    A burst of writes between the page and the total of a response could excuse one of them, not several.
    """
    exchanges = {a.number: a.exchange for a in case.evidence.answers}
    alone = [(exchanges[v.exchanges[0]], v) for v in finding.violations if len(v.exchanges) == 1]
    beyond = [v for e, v in alone if v.writes > _PLAUSIBLE_WRITES + _PLAUSIBLE_RATE * e.elapsed]
    return len(beyond) >= RECURRING


def _recurs_while_still(case: Case, finding: Finding, violation: Violation) -> bool:
    """Whether it recurs although the whole list, read time and again in between, shows no trace of writes."""
    requests = witness(case.evidence, violation)
    broken = sum(1 for one in case.still.get(requests, ()) if _violations_of(case, finding.check, one))
    return bool(broken) and broken >= STILL_BROKEN[len(requests)]


def _implausible(case: Case, finding: Finding, rounds: Sequence[Round]) -> bool:
    """Whether each round breaks it, and more writes than plausible would be needed to excuse each."""
    return len(rounds) >= RECURRING and all(
        any(
            v.writes > _PLAUSIBLE_WRITES + _PLAUSIBLE_RATE * _seconds(one.exchanges)
            for v in _violations_of(case, finding.check, one)
        )
        for one in rounds
    )


def _seconds(one: tuple[Exchange, ...]) -> float:
    return max((e.started + e.elapsed for e in one), default=0.0) - min((e.started for e in one), default=0.0)


def _fail(case: Case, finding: Finding, convicting: list[Violation]) -> Verdict:
    first, proof = _smallest(case, finding, convicting)
    rounds = case.rounds.get(witness(case.evidence, first), ())
    others = [violation for violation in convicting if violation is not first]
    return Verdict(
        finding.requirement,
        Outcome.FAIL,
        judged=finding.judged,
        violations=(first, *others[: _KEPT_VIOLATIONS - 1]),
        violations_total=len(finding.violations),
        confirmed=sum(1 for one in rounds if _violations_of(case, finding.check, one)),
        witness=proof,
        reproduced=bool(proof) and _reproduced(case, finding, proof),
    )


def _excused(case: Case, finding: Finding) -> bool:
    """Whether writes were seen and every witness held when it was asked again: its doubt is settled."""
    if case.evidence.conditions.no_concurrent_writes or is_calm(case):
        return False
    if len(finding.violations) > len(finding.candidates):
        return False
    asked_again = [case.rounds.get(witness(case.evidence, v), ()) for v in finding.candidates]
    return all(len(rounds) >= CALM_ROUNDS for rounds in asked_again) and not any(
        _violations_of(case, finding.check, one) for rounds in asked_again for one in rounds
    )


def _unsettled(case: Case, finding: Finding) -> Verdict:
    rounds = case.rounds.get(witness(case.evidence, finding.violations[0]), ())
    again = sum(1 for one in rounds if _violations_of(case, finding.check, one))
    moving = _movement(case.evidence) if not is_calm(case) else "nothing else was seen to move"
    settling = "a quiet hour would settle it"
    if not case.evidence.conditions.no_concurrent_writes:
        settling += ", or --writes none where nothing writes"
    reason = (
        f"seen {len(finding.violations)} times and in {again} of {len(rounds)} rounds when asked again, "
        f"too few to exclude writes by others ({moving}); {settling}"
    )
    return Verdict(
        finding.requirement,
        Outcome.INCONCLUSIVE,
        judged=finding.judged,
        violations=finding.violations[:_KEPT_VIOLATIONS],
        violations_total=len(finding.violations),
        reason=reason,
        confirmed=again,
    )


def _movement(evidence: Evidence) -> str:
    """How much the list was seen to change: profiles that read otherwise than before, and other totals."""
    seen = 0
    profiles: dict[int, str] = {}
    total: int | None = None
    for page in evidence.unfiltered:
        seen += sum(1 for p in page.profiles if profiles.get(p.id, p.still) != p.still)
        seen += total not in (None, page.total)
        profiles |= {p.id: p.still for p in page.profiles}
        total = page.total
    seconds = _seconds(tuple(page.answer.exchange for page in evidence.unfiltered))
    if not seen or seconds <= 0:
        return "the collection moved meanwhile"
    return f"the collection moved meanwhile: {seen} changes were seen in {seconds:.1f} s"


def _without_violation(case: Case, finding: Finding) -> Verdict:
    empty = finding.check.inapplicable(case.evidence) if case.evidence.regular else ""
    if empty and not case.ended_early:  # else it may only look so
        return Verdict(finding.requirement, Outcome.NOT_APPLICABLE, reason=empty)
    doubt = _doubt(case, finding)
    if doubt:
        return Verdict(finding.requirement, Outcome.INCONCLUSIVE, judged=finding.judged, reason=doubt)
    lacking = _lacking(case, finding)
    document = case.catalogue.document
    detected = 0 if lacking else detected_mutations(finding.check, case.evidence, document)
    if detected:
        return _pass(case, finding, detected)
    if case.ended_early:  # no want of data: nobody may accept it as such
        reason = "the run ended before enough was asked"
        return Verdict(finding.requirement, Outcome.INCONCLUSIVE, judged=finding.judged, reason=reason)
    reason = lacking or f"nothing that was read could have failed; needs {finding.check.needs}"
    return Verdict(finding.requirement, Outcome.NOT_EXERCISED, judged=finding.judged, reason=reason)


def _pass(case: Case, finding: Finding, mutations_detected: int) -> Verdict:
    sampled = finding.check.sampled
    verdict = Verdict(
        finding.requirement,
        Outcome.PASS,
        judged=finding.judged,
        reason=describe_sample(sampled, case.evidence) if sampled else "",
        mutations_detected=mutations_detected,
    )
    if case.exhaustive is None or finding.check.exhaustive is None:
        return verdict
    return _pass_of_walk(verdict, finding.check, case.exhaustive)


def _pass_of_walk(verdict: Verdict, check: Check, walk: ExhaustiveSummary) -> Verdict:
    """The pass with how far the exhaustive walk came; inconclusive where the walk contradicts it."""
    if not walk.done:
        reason = f"the exhaustive walk came to {walk.seen:,} of {walk.total:,} profiles"
        return replace(verdict, reason=f"{reason}; {verdict.reason}" if verdict.reason else reason)
    if check.exhaustive == "list" and walk.doubt:
        return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=walk.doubt, mutations_detected=0)
    return replace(verdict, reason=f"all {walk.extent}")


def _lacking(case: Case, finding: Finding) -> str:
    if not finding.judged or not finding.check.exercised(case.evidence):
        return f"needs {finding.check.needs}{_part_read(case.evidence)}"
    return ""


def _part_read(evidence: Evidence) -> str:
    """How little of a long list was read; empty where it was read whole."""
    total = max((page.total for page in evidence.unfiltered), default=0)
    read = len(evidence.known_profiles)
    return f"; only {read:,} of {total:,} profiles were read" if 0 < read < total else ""


def _doubt(case: Case, finding: Finding) -> str:
    """Why the absence of violations says nothing: nothing came, or nothing that can be judged."""
    if finding.requirement.id == "RESP-JSON":
        beyond = next((a for a in case.evidence.regular if a.beyond), None)
        if beyond is not None:
            return f"the answer to exchange {beyond.number} is beyond what the suite reads: {beyond.beyond}"
    if finding.requirement.id == "RESP-STATUS" and case.evidence.regular:
        return _unanswered(case.evidence)
    if not finding.judged:
        return _silence(case.evidence)
    return ""


def _unanswered(evidence: Evidence) -> str:
    """Requests that only ever met trouble which says nothing of the contract."""
    failed = [
        e for e in evidence.failed if e.failure is not None and e.request.purpose is not Purpose.HOSTILE
    ]
    if failed and failed[0].failure is not None:
        return f"{_number(len(failed))} got no answer: {failed[0].failure.text}"
    statuses = [answer.status for answer in evidence.regular]
    if 200 in statuses and statuses[-1] in (401, 403):
        return f"the credentials were refused from some request on ({statuses[-1]}): have they expired?"
    transient = [a for a in evidence.answers if a.transient]
    if transient:
        return f"{_number(len(transient))} got no answer but {transient[0].status}"
    return ""


def _number(requests: int) -> str:
    return "1 request" if requests == 1 else f"{requests:,} requests"


def _silence(evidence: Evidence) -> str:
    """Why there is no answer at all to judge; empty where there are some."""
    if not evidence.regular:
        return _unanswered(evidence) or ("" if evidence.answers else "nothing was asked")
    refused = {a.status for a in evidence.regular} & {401, 403}
    if refused and not any(a.status == 200 for a in evidence.regular):
        status = min(refused)
        if evidence.conditions.token:
            refusing = f"the deployment refuses the credentials given ({status})"
            return f"{refusing}; check the token and its permissions"
        return f"the deployment wants credentials ({status}); name them with --token-env or --token-file"
    return ""


def _with_cause(case: Case, alone: Mapping[str, Verdict], verdict: Verdict) -> Verdict:
    """The same verdict, or *blocked* where another requirement's failure is the cause of it."""
    cause = _cause(case, alone, verdict)
    if cause is None:
        return verdict
    return Verdict(
        verdict.requirement,
        Outcome.BLOCKED,
        judged=verdict.judged,
        blocked_by=cause,
    )


def _cause(case: Case, alone: Mapping[str, Verdict], verdict: Verdict) -> str | None:
    id_ = verdict.requirement.id
    if id_ != "SERVED" and "SERVED" in alone and alone["SERVED"].outcome is Outcome.FAIL:
        return "SERVED"  # what passes on a web page passes in vain
    required = _required(case.catalogue, id_)
    if verdict.outcome is not Outcome.FAIL:
        required = [*BASE, *required]
    failed = [r for r in required if r != id_ and r in alone and alone[r].outcome is Outcome.FAIL]
    if not failed or verdict.outcome is Outcome.PASS:
        return None
    roots = [r for r in failed if not set(_required(case.catalogue, r)) & set(failed)]
    return (roots or failed)[0]


def _required(catalogue: Catalogue, id_: str) -> list[str]:
    """The prerequisites of a requirement, those of its prerequisites included."""
    found: list[str] = []
    pending = list(catalogue.checks[id_].requires)
    while pending:
        one = pending.pop(0)
        if one not in found:
            found.append(one)
            pending.extend(catalogue.checks[one].requires)
    return found
