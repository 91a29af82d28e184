"""The report for machines: the same verdicts as JSON, in the form that `report.schema.json` describes."""

from __future__ import annotations

import json
from importlib import resources

from contracts import __version__
from contracts.model import Excerpt, Exchange, Requirement, Result, Verdict, Violation
from contracts.reports import curl, failure, summary
from contracts.reports import fact_text as shown
from contracts.reports.summary import ReportOptions

SCHEMA_VERSION = 1
"""Raised when a reader of older reports would misread a new one; added members do not raise it."""

Json = dict[str, object]


def render(result: Result, terms: ReportOptions) -> Json:
    """The report as plain values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": {"name": "bifrost-contracts", "version": __version__},
        "deployment": result.deployment,
        "seed": result.seed,
        "seconds": round(result.seconds, 3),
        "interrupted": result.interrupted,
        **_conclusion(result, terms),
        "verdicts": [_verdict(verdict, result, terms) for verdict in result.verdicts],
        "untested": [_untested(requirement) for requirement in terms.untested],
        "behaviours": [{"name": r.name, "value": r.value, "exchange": r.exchange} for r in result.behaviours],
        "notes": list(result.notes),
        "requests_sent": sum(1 + len(exchange.attempts) for exchange in result.exchanges),
        "exchanges": [_exchange(exchange, result, terms) for exchange in result.exchanges],
    }


def text(result: Result, terms: ReportOptions) -> str:
    """The report as JSON text in ASCII alone, so that no reader and no terminal can be led astray."""
    return terms.redact(
        json.dumps(render(result, terms), ensure_ascii=True, allow_nan=False, indent=2) + "\n"
    )


def schema() -> Json:
    """The JSON Schema (2020-12) of the report."""
    content = resources.files("contracts.reports").joinpath("report.schema.json").read_text("utf-8")
    loaded: Json = json.loads(content)
    return loaded


def _conclusion(result: Result, terms: ReportOptions) -> Json:
    conclusion = summary.conclude(result, terms)
    return {
        "verdict": conclusion.word,
        "exit_status": conclusion.status,
        "reason": conclusion.reason,
        "terms": {
            "level": terms.level.value,
            "allow_unexercised": terms.allow_unexercised,
            "only": sorted(terms.only),
        },
        "counts": {outcome.value: count for outcome, count in summary.counts(result).items()},
    }


def _verdict(verdict: Verdict, result: Result, terms: ReportOptions) -> Json:
    requirement = verdict.requirement
    return {
        "id": requirement.id,
        "level": requirement.level.value,
        "evidence": requirement.evidence.value,
        "outcome": verdict.outcome.value,
        "text": requirement.text,
        "judged": verdict.judged,
        "reason": verdict.reason,
        "blocked_by": verdict.blocked_by,
        "confirmed": verdict.confirmed,
        "violations_total": max(verdict.violations_total, len(verdict.violations)),
        "violations": [_violation(v, requirement, result, terms) for v in verdict.violations],
        "witness": [_excerpt(excerpt, result, terms) for excerpt in verdict.witness],
        "reproduced": verdict.reproduced,
    }


def _violation(violation: Violation, requirement: Requirement, result: Result, terms: ReportOptions) -> Json:
    return {
        "expected": violation.expected,
        "got": violation.got,
        "pointer": violation.pointer,
        "writes": violation.writes,
        "evidence": (violation.evidence or requirement.evidence).value,
        "requests": [_request(e, result, terms) for e in failure.witnesses(violation, result)],
    }


def _excerpt(excerpt: Excerpt, result: Result, terms: ReportOptions) -> Json:
    return {
        "exchange": excerpt.exchange,
        "curl": curl.line(excerpt.request, terms.site(result)),
        "facts": shown.values(excerpt),
    }


def _request(exchange: Exchange, result: Result, terms: ReportOptions) -> Json:
    request, site = exchange.request, terms.site(result)
    return {
        "number": exchange.number,
        "method": request.method,
        "url": curl.url(request, site),
        "curl": curl.line(request, site),
        "status": exchange.status,
    }


def _exchange(exchange: Exchange, result: Result, terms: ReportOptions) -> Json:
    why = exchange.failure
    return {
        "number": exchange.number,
        "method": exchange.request.method,
        "target": curl.target(exchange.request, terms.site(result)),
        "credentials": exchange.request.credentials.value,
        "status": exchange.status,
        "elapsed": round(exchange.elapsed, 4),
        "attempts": [{"why": a.why, "waited": round(a.waited, 3)} for a in exchange.attempts],
        "failure": None if why is None else {"kind": why.kind.value, "text": why.text},
    }


def _untested(requirement: Requirement) -> Json:
    return {
        "id": requirement.id,
        "level": requirement.level.value,
        "text": requirement.text,
        "reason": requirement.untested or "",
    }
