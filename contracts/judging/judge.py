"""The one place that decides: from findings and repetitions to the outcome of every requirement.

It knows nothing of the network, of probes or of report formats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from contracts.evidence.evidence import Evidence, unanswered
from contracts.evidence.exhaustive import ExhaustiveSummary
from contracts.evidence.samples import describe_sample
from contracts.judging.check import Blocks, Check, prerequisites
from contracts.judging.repetition import (
    REPETITIONS_WHEN_STABLE,
    Finding,
    JudgingState,
    broken_in,
    convicts,
    duration,
    is_stable,
)
from contracts.judging.vacuity import detected_mutations
from contracts.model import Outcome, Verdict, Violation

_KEPT_VIOLATIONS = 5


def judge(state: JudgingState, ids: Iterable[str] = ()) -> tuple[Verdict, ...]:
    """The verdict on every requirement examined (or on those named), in the document's order."""
    wanted = set(ids) or set(state.findings)
    alone = {id_: _alone(state, finding) for id_, finding in state.findings.items()}
    caused = {id_: _with_cause(state, alone, verdict) for id_, verdict in alone.items() if id_ in wanted}
    # What is broken is not hidden behind a cause that nobody requested and that therefore is not shown.
    hidden = {id_ for id_, verdict in caused.items() if verdict.blocked_by not in {None, *wanted}}
    shown = (
        alone[id_] if id_ in hidden and alone[id_].outcome is Outcome.FAIL else verdict
        for id_, verdict in caused.items()
    )
    gate = caused.get(state.catalogue.gate)
    return tuple(_said_once(gate, verdict) for verdict in shown)


def _said_once(gate: Verdict | None, verdict: Verdict) -> Verdict:
    """The same verdict, without the long reason where the gate gives it already."""
    if gate is None or verdict is gate or verdict.outcome is not Outcome.INCONCLUSIVE:
        return verdict
    same = (gate.outcome, gate.reason) == (verdict.outcome, verdict.reason)
    return replace(verdict, reason=f"as {gate.requirement.id}") if same else verdict


def _alone(state: JudgingState, finding: Finding) -> Verdict:
    """The verdict as if there were no other requirement."""
    convicting = [v for v in finding.counterexamples if convicts(state, finding, v)]
    if convicting:
        return _fail(state, finding, convicting)
    if finding.violations and not _explained_by_writes(state, finding):
        return _in_doubt(state, finding)
    return _without_violation(state, finding)


def _fail(state: JudgingState, finding: Finding, convicting: list[Violation]) -> Verdict:
    first = convicting[0]
    more = (v for v in (*convicting[1:], *finding.violations) if _is_another(finding, v, first))
    repetitions = state.of(first)
    return Verdict(
        finding.requirement,
        Outcome.FAIL,
        checked=finding.checked,
        violations=(first, *list(dict.fromkeys(more))[: _KEPT_VIOLATIONS - 1]),
        violations_total=len(finding.violations),
        reproduced=broken_in(state, finding, repetitions),
        repetitions=len(repetitions),
    )


def _is_another(finding: Finding, violation: Violation, first: Violation) -> bool:
    """Whether a violation convicts by itself, at another place than the counterexample."""
    elsewhere = set(violation.exchanges) != set(first.exchanges) or violation.pointer != first.pointer
    return finding.convicts_alone(violation) and elsewhere


def _explained_by_writes(state: JudgingState, finding: Finding) -> bool:
    """Whether writes were seen and every counterexample held when it was repeated: its doubt is settled."""
    if state.evidence.conditions.no_concurrent_writes or is_stable(state):
        return False
    if len(finding.violations) > len(finding.counterexamples):
        return False
    repeated = [state.of(v) for v in finding.counterexamples]
    return all(
        len(found) >= REPETITIONS_WHEN_STABLE and not broken_in(state, finding, found) for found in repeated
    )


def _in_doubt(state: JudgingState, finding: Finding) -> Verdict:
    repetitions = state.of(finding.counterexamples[0])
    again = broken_in(state, finding, repetitions)
    changes = _changes(state.evidence) if not is_stable(state) else "nothing else was seen to change"
    advice = "run again while nothing writes"
    if not state.evidence.conditions.no_concurrent_writes:
        advice += ", or state that with --no-concurrent-writes"
    reason = (
        f"seen {len(finding.violations)} times, and in {again} of {len(repetitions)} repetitions: "
        f"too few to rule out concurrent writes ({changes}); {advice}"
    )
    return Verdict(
        finding.requirement,
        Outcome.INCONCLUSIVE,
        checked=finding.checked,
        violations=finding.counterexamples[:_KEPT_VIOLATIONS],
        violations_total=len(finding.violations),
        reason=reason,
        reproduced=again,
        repetitions=len(repetitions),
    )


def _changes(evidence: Evidence) -> str:
    """How much the list was seen to change: items that read otherwise than before, and other totals."""
    seen = 0
    items: dict[int, str] = {}
    total: int | None = None
    for page in evidence.unfiltered:
        seen += sum(1 for p in page.profiles if items.get(p.id, p.stable_json) != p.stable_json)
        seen += total not in (None, page.total)
        items |= {p.id: p.stable_json for p in page.profiles}
        total = page.total
    seconds = duration([page.answer.exchange for page in evidence.unfiltered])
    if not seen or seconds <= 0:
        return "the list changed during the run"
    return f"the list changed during the run: {seen} changes were seen in {seconds:.1f} s"


def _without_violation(state: JudgingState, finding: Finding) -> Verdict:
    empty = finding.check.inapplicable(state.evidence) if state.evidence.regular else ""
    if empty and not state.ended_early:  # else it may only look so
        return Verdict(finding.requirement, Outcome.NOT_APPLICABLE, reason=empty)
    doubt = finding.check.in_doubt(state.evidence) if state.evidence.regular else ""
    doubt = doubt or ("" if finding.checked else _silence(state.evidence))
    if doubt:
        return Verdict(finding.requirement, Outcome.INCONCLUSIVE, checked=finding.checked, reason=doubt)
    lacking = _lacking(state, finding)
    detected = 0 if lacking else detected_mutations(finding.check, state.evidence, state.catalogue.document)
    if detected:
        return _pass(state, finding, detected)
    if state.ended_early:  # no want of data: nobody may accept it as such
        reason = "the run ended before enough was requested"
        return Verdict(finding.requirement, Outcome.INCONCLUSIVE, checked=finding.checked, reason=reason)
    reason = lacking or f"nothing that was read could have failed; needs {finding.check.needs}"
    return Verdict(finding.requirement, Outcome.NOT_EXERCISED, checked=finding.checked, reason=reason)


def _pass(state: JudgingState, finding: Finding, mutations_detected: int) -> Verdict:
    sampled = finding.check.sampled
    verdict = Verdict(
        finding.requirement,
        Outcome.PASS,
        checked=finding.checked,
        reason=describe_sample(sampled, state.evidence) if sampled else "",
        mutations_detected=mutations_detected,
    )
    if state.exhaustive is None or finding.check.exhaustive is None:
        return verdict
    return _pass_of_walk(verdict, finding.check, state.exhaustive)


def _pass_of_walk(verdict: Verdict, check: Check, walk: ExhaustiveSummary) -> Verdict:
    """The pass with how far the exhaustive walk came; inconclusive where the walk contradicts it."""
    if not walk.done:
        reason = f"the exhaustive walk came to {walk.seen:,} of {walk.total:,} items"
        return replace(verdict, reason=f"{reason}; {verdict.reason}" if verdict.reason else reason)
    if check.exhaustive == "list" and walk.doubt:
        return replace(verdict, outcome=Outcome.INCONCLUSIVE, reason=walk.doubt, mutations_detected=0)
    return replace(verdict, reason=f"all {walk.extent}")


def _lacking(state: JudgingState, finding: Finding) -> str:
    """Which data was missing; empty where the requirement was exercised."""
    if finding.checked and finding.check.exercised(state.evidence):
        return ""
    total = max((page.total for page in state.evidence.unfiltered), default=0)
    read = len(state.evidence.known_profiles)
    part = f"; only {read:,} of {total:,} items were read" if 0 < read < total else ""
    return f"needs {finding.check.needs}{part}"


# --- no response at all -----------------------------------------------------------------------------


def _silence(evidence: Evidence) -> str:
    """Why there is no response at all to check; empty where there are some."""
    if not evidence.regular:
        return unanswered(evidence) or ("" if evidence.answers else "nothing was requested")
    refused = {a.status for a in evidence.regular} & {401, 403}
    if refused and not any(a.status == 200 for a in evidence.regular):
        status = min(refused)
        if evidence.conditions.token:
            refusing = f"the deployment refuses the given credentials ({status})"
            return f"{refusing}; check the token and its permissions"
        return f"the deployment wants credentials ({status}); pass them with --token-env or --token-file"
    return ""


# --- causes -----------------------------------------------------------------------------------------


def _with_cause(state: JudgingState, alone: Mapping[str, Verdict], verdict: Verdict) -> Verdict:
    """The same verdict, or *blocked* where another requirement's failure is the cause of it."""
    cause = _cause(state, alone, verdict)
    if cause is None:
        return verdict
    return Verdict(verdict.requirement, Outcome.BLOCKED, checked=verdict.checked, blocked_by=cause)


def _cause(state: JudgingState, alone: Mapping[str, Verdict], verdict: Verdict) -> str | None:
    id_, gate, checks = verdict.requirement.id, state.catalogue.gate, state.catalogue.checks
    if id_ != gate and gate in alone and alone[gate].outcome is Outcome.FAIL:
        return gate  # what passes on a web page passes in vain
    if verdict.outcome is Outcome.PASS:
        return None
    required = prerequisites(checks, [id_])
    if verdict.outcome is not Outcome.FAIL:
        required = [*(c.id for c in checks.values() if c.blocks is not Blocks.DEPENDENTS), *required]
    failed = [r for r in required if r != id_ and r in alone and alone[r].outcome is Outcome.FAIL]
    roots = [r for r in failed if not set(prerequisites(checks, [r])) & set(failed)]
    return next(iter(roots or failed), None)
