"""The report as CTRF (Common Test Report Format): one test for each requirement."""

from __future__ import annotations

from collections import Counter

from contracts import __version__
from contracts.reports import failure_text
from contracts.reports.json_report import Json, dumps
from contracts.reports.view import ReportView, Row

_STATUSES = ("passed", "failed", "pending", "skipped", "other")

# What was not checked is skipped, and a broken SHOULD is neither passed nor failed.
_STATUS = {"pass": "passed", "fail": "failed", "warning": "other"}


def text(view: ReportView) -> str:
    """The report as JSON text in ASCII."""
    return dumps(render(view))


def render(view: ReportView) -> Json:
    """The report as plain values. A run knows no date: it starts at 0, in milliseconds."""
    tests = [_test(row) for row in view.rows]
    found = Counter(test["status"] for test in tests)
    return {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {
            "tool": {"name": "bifrost-contracts", "version": __version__},
            "summary": {
                "tests": len(tests),
                **{status: found[status] for status in _STATUSES},
                "start": 0,
                "stop": round(view.result.seconds * 1000),
            },
            "tests": tests,
            "environment": {"testEnvironment": view.deployment, "extra": view.facts},
        },
    }


def _test(row: Row) -> Json:
    requirement, failure = row.requirement, row.failure
    test: Json = {
        "name": requirement.id,
        "status": _STATUS.get(row.word, "skipped"),
        "duration": 0,
        "suite": [requirement.area],
        "rawStatus": row.word,
        "tags": [requirement.level.value],
        "message": row.why if failure is None else failure.headline,
        "extra": row.facts,
    }
    return test if failure is None else {**test, "trace": failure_text.text(failure)}
