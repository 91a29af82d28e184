"""The report as SARIF 2.1.0 for code-scanning dashboards: a rule a requirement, a result a broken one."""

from __future__ import annotations

import json

from contracts import __version__
from contracts.model import Level, Outcome, Result, Verdict
from contracts.reports import failure, summary
from contracts.reports.summary import ReportOptions
from contracts.reports.text import visible

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

# A dashboard wants a file of the repository; the sentences stand in this one.
_PLACE = "openapi/access-profiles.yaml"

Json = dict[str, object]


def text(result: Result, terms: ReportOptions) -> str:
    """The report as SARIF in ASCII."""
    return terms.redact(
        json.dumps(render(result, terms), ensure_ascii=True, allow_nan=False, indent=2) + "\n"
    )


def render(result: Result, terms: ReportOptions) -> Json:
    """The report as plain values. Other outcomes than broken stand with the rules: dashboards know none."""
    conclusion = summary.conclude(result, terms)
    index = {verdict.requirement.id: at for at, verdict in enumerate(result.verdicts)}
    run: Json = {
        "tool": {
            "driver": {
                "name": "bifrost-contracts",
                "semanticVersion": __version__,
                "rules": [_rule(verdict, terms) for verdict in result.verdicts],
            }
        },
        "invocations": [{"executionSuccessful": True, "exitCode": conclusion.status}],
        "results": [
            _result(verdict, index[verdict.requirement.id], result, terms)
            for verdict in summary.broken(result, terms)
        ],
        "properties": {
            "deployment": visible(result.deployment),
            "verdict": conclusion.word,
            "reason": visible(conclusion.reason),
            "seed": result.seed,
        },
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(verdict: Verdict, terms: ReportOptions) -> Json:
    found = verdict.requirement
    binding = found.level is Level.MUST or terms.level is Level.SHOULD
    return {
        "id": found.id,
        "shortDescription": {"text": found.text},
        "defaultConfiguration": {"level": "error" if binding else "warning"},
        "properties": {
            "level": found.level.value,
            "evidence": found.evidence.value,
            "outcome": verdict.outcome.value,
            "reason": visible(summary.why(verdict)),
        },
    }


def _result(verdict: Verdict, at: int, result: Result, terms: ReportOptions) -> Json:
    found = verdict.requirement
    pointer = verdict.violations[0].pointer if verdict.violations else ""
    said = [f"{label}: {line}" if label else line for label, line in failure.explain(verdict, result, terms)]
    return {
        "ruleId": found.id,
        "ruleIndex": at,
        "kind": "fail",
        "level": "warning" if summary.is_warning(verdict, terms) else "error",
        "message": {"text": "\n".join(map(visible, (failure.headline(verdict), *said)))},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _PLACE}, "region": {"startLine": 1}},
                "logicalLocations": [
                    {"fullyQualifiedName": visible(f"{result.deployment}#{pointer}"), "kind": "resource"}
                ],
            }
        ],
        # The same requirement of the same deployment is the same alert in the next run.
        "partialFingerprints": {"requirement/v1": visible(f"{found.id} {result.deployment}")},
        "properties": {"outcome": Outcome.FAIL.value, "level": found.level.value},
    }
