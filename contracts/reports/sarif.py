"""The report as SARIF 2.1.0 for code-scanning dashboards: a rule per requirement, a result per failure."""

from __future__ import annotations

from contracts import __version__
from contracts.reports import failure_text
from contracts.reports.failure_view import FailureView
from contracts.reports.json_report import Json, dumps
from contracts.reports.view import ReportView, Row

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

# A dashboard wants a file of the repository; the requirements are in this one.
_FILE = "openapi/access-profiles.yaml"


def text(view: ReportView) -> str:
    """The report as SARIF in ASCII."""
    return dumps(render(view))


def render(view: ReportView) -> Json:
    """The report as plain values. Outcomes other than a failure are with the rules: dashboards know none."""
    index = {row.requirement.id: at for at, row in enumerate(view.rows)}
    run: Json = {
        "tool": {
            "driver": {
                "name": "bifrost-contracts",
                "semanticVersion": __version__,
                "rules": [_rule(row, view) for row in view.rows],
            }
        },
        "invocations": [{"executionSuccessful": True, "exitCode": view.exit_status}],
        "results": [
            _result(failure, index[failure.requirement.id], view.deployment) for failure in view.failures
        ],
        "properties": view.facts,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(row: Row, view: ReportView) -> Json:
    requirement = row.requirement
    return {
        "id": requirement.id,
        "shortDescription": {"text": requirement.text},
        "defaultConfiguration": {"level": "error" if view.options.counts(row.verdict) else "warning"},
        "properties": {**row.facts, "reason": row.why},
    }


def _result(failure: FailureView, index: int, deployment: str) -> Json:
    name = f"{deployment}#{failure.pointer}"
    return {
        "ruleId": failure.requirement.id,
        "ruleIndex": index,
        "kind": "fail",
        "level": "warning" if failure.word == "warning" else "error",
        "message": {"text": f"{failure.headline}\n{failure_text.text(failure)}"},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": _FILE}, "region": {"startLine": 1}},
                "logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}],
            }
        ],
        # The same requirement of the same deployment is the same alert in the next run.
        "partialFingerprints": {"requirement/v1": f"{failure.requirement.id} {deployment}"},
        "properties": {"outcome": failure.word, "level": failure.requirement.level.value},
    }
