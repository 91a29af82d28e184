"""The report for machines: the view as JSON, in the form that `report.schema.json` describes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import resources

from contracts import __version__
from contracts.model import Exchange, Requirement, Violation
from contracts.reports import curl, fact_text, summary
from contracts.reports.curl import Site
from contracts.reports.view import ReportView, Row

SCHEMA_VERSION = 1
"""Raised when a reader of older reports would misread a new one; added members do not raise it."""

Json = dict[str, object]


def render(view: ReportView) -> Json:
    """The report as plain values."""
    result, options = view.result, view.options
    site = options.site(result)
    exchanges = {exchange.number: exchange for exchange in result.exchanges}
    return {
        "schema_version": SCHEMA_VERSION,
        "suite": {"name": "bifrost-contracts", "version": __version__},
        **view.facts,
        "seconds": round(result.seconds, 3),
        "interrupted": result.interrupted,
        "options": {
            "level": options.level.value,
            "allow_unexercised": options.allow_unexercised,
            "only": sorted(options.only),
        },
        "counts": view.counts,
        "verdicts": [_verdict(row, exchanges, site) for row in view.rows],
        "untested": [_untested(requirement) for requirement in options.untested],
        "behaviours": [{"name": b.name, "value": b.value, "exchange": b.exchange} for b in result.behaviours],
        "notes": list(result.notes),
        "requests_sent": sum(1 + len(exchange.attempts) for exchange in result.exchanges),
        "exchanges": [_exchange(exchange, site) for exchange in result.exchanges],
    }


def text(view: ReportView) -> str:
    """The report as JSON text in ASCII alone, so that no reader and no terminal can be led astray."""
    return dumps(render(view))


def dumps(value: object) -> str:
    """JSON text in ASCII, as every report is written."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, indent=2) + "\n"


def schema() -> Json:
    """The JSON Schema (2020-12) of the report."""
    content = resources.files("contracts.reports").joinpath("report.schema.json").read_text("utf-8")
    loaded: Json = json.loads(content)
    return loaded


def _verdict(row: Row, exchanges: Mapping[int, Exchange], site: Site) -> Json:
    verdict, requirement = row.verdict, row.requirement
    return {
        "id": requirement.id,
        **row.facts,
        "text": requirement.text,
        "checked": verdict.checked,
        "reason": verdict.reason,
        "blocked_by": verdict.blocked_by,
        "reproduced": verdict.reproduced,
        "repetitions": verdict.repetitions,
        "mutations_detected": verdict.mutations_detected,
        "violations_total": summary.violations_of(verdict),
        "violations": [_violation(v, requirement, exchanges, site) for v in verdict.violations],
    }


def _violation(
    violation: Violation, requirement: Requirement, exchanges: Mapping[int, Exchange], site: Site
) -> Json:
    return {
        "expected": violation.expected,
        "got": violation.got,
        "pointer": violation.pointer,
        "min_writes": violation.min_writes,
        "evidence": (violation.evidence or requirement.evidence).value,
        "at": list(_places(violation, exchanges, site)),
    }


def _places(violation: Violation, exchanges: Mapping[int, Exchange], site: Site) -> Iterator[Json]:
    for place in violation.at:
        exchange = exchanges.get(place.exchange)
        if exchange is not None:
            yield {
                "number": exchange.number,
                "method": exchange.request.method,
                "url": curl.url(exchange.request, site),
                "curl": curl.line(exchange.request, site),
                "status": exchange.status,
                "facts": fact_text.values(place, exchange),
            }


def _exchange(exchange: Exchange, site: Site) -> Json:
    failure = exchange.failure
    return {
        "number": exchange.number,
        "method": exchange.request.method,
        "target": curl.target(exchange.request, site),
        "credentials": exchange.request.credentials.value,
        "status": exchange.status,
        "elapsed": round(exchange.elapsed, 4),
        "attempts": [{"why": a.why, "waited": round(a.waited, 3)} for a in exchange.attempts],
        "failure": None if failure is None else {"kind": failure.kind.value, "text": failure.text},
    }


def _untested(requirement: Requirement) -> Json:
    return {
        "id": requirement.id,
        "level": requirement.level.value,
        "text": requirement.text,
        "reason": requirement.untested or "",
    }
