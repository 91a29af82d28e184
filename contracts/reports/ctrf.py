"""The report as CTRF (Common Test Report Format): one test for each requirement."""

from __future__ import annotations

import json
from collections import Counter

from contracts import __version__
from contracts.model import Outcome, Result, Verdict
from contracts.reports import failure, summary
from contracts.reports.summary import ReportOptions
from contracts.reports.text import visible

_STATUSES = ("passed", "failed", "pending", "skipped", "other")

Json = dict[str, object]


def text(result: Result, terms: ReportOptions) -> str:
    """The report as JSON text in ASCII."""
    return terms.redact(
        json.dumps(render(result, terms), ensure_ascii=True, allow_nan=False, indent=2) + "\n"
    )


def render(result: Result, terms: ReportOptions) -> Json:
    """The report as plain values. A run knows no date: it starts at 0, in milliseconds."""
    conclusion = summary.conclude(result, terms)
    counted = Counter(status(verdict, terms) for verdict in result.verdicts)
    return {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {
            "tool": {"name": "bifrost-contracts", "version": __version__},
            "summary": {
                "tests": len(result.verdicts),
                **{name: counted[name] for name in _STATUSES},
                "start": 0,
                "stop": round(result.seconds * 1000),
            },
            "tests": [_test(verdict, result, terms) for verdict in result.verdicts],
            "environment": {
                "testEnvironment": visible(result.deployment),
                "extra": {
                    "verdict": conclusion.word,
                    "exit_status": conclusion.status,
                    "reason": visible(conclusion.reason),
                    "seed": result.seed,
                },
            },
        },
    }


def status(verdict: Verdict, terms: ReportOptions) -> str:
    """CTRF's word: what was not judged is skipped, and a broken SHOULD is neither passed nor failed."""
    if verdict.outcome is Outcome.FAIL:
        return "other" if summary.is_warning(verdict, terms) else "failed"
    return "passed" if verdict.outcome is Outcome.PASS else "skipped"


def _test(verdict: Verdict, result: Result, terms: ReportOptions) -> Json:
    found = verdict.requirement
    test: Json = {
        "name": found.id,
        "status": status(verdict, terms),
        "duration": 0,
        "suite": [found.area],
        "rawStatus": verdict.outcome.value,
        "tags": [found.level.value],
        "message": visible(
            failure.headline(verdict) if verdict.outcome is Outcome.FAIL else summary.why(verdict)
        ),
        "extra": {"level": found.level.value, "evidence": found.evidence.value},
    }
    if verdict.outcome is Outcome.FAIL:
        lines = failure.explain(verdict, result, terms)
        test["trace"] = "\n".join(visible(f"{label}: {line}" if label else line) for label, line in lines)
    return test
