"""The exchanges of a run as HAR 1.2, which browsers' tools open, without any credentials."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from urllib.parse import unquote_plus

from contracts import __version__
from contracts.model import Exchange
from contracts.reports import curl
from contracts.reports.curl import Site
from contracts.reports.json_report import Json
from contracts.reports.view import ReportView


def text(view: ReportView, began: datetime) -> str:
    """All exchanges as JSON in ASCII; `began` is the time at which the run began."""
    site = view.options.site(view.result)
    log = {
        "version": "1.2",
        "creator": {"name": "bifrost-contracts", "version": __version__},
        "entries": [_entry(exchange, site, began) for exchange in view.result.exchanges],
    }
    return json.dumps({"log": log}, ensure_ascii=True, allow_nan=False, indent=1) + "\n"


def _entry(exchange: Exchange, site: Site, began: datetime) -> Json:
    started = began + timedelta(seconds=exchange.started)
    took = round(exchange.elapsed * 1000, 3)
    failure = exchange.failure
    entry: Json = {
        "startedDateTime": started.isoformat(timespec="milliseconds"),
        "time": took,
        "request": _request(exchange, site),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": took, "receive": 0},
        "comment": f"request #{exchange.number}, credentials: {exchange.request.credentials.value}",
    }
    return entry if failure is None else {**entry, "_error": failure.text}


def _request(exchange: Exchange, site: Site) -> Json:
    request = exchange.request
    pairs = [part.partition("=") for part in request.query.split("&") if part]
    return {
        "method": request.method,
        "url": curl.url(request, site),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": "Accept", "value": "application/json"}],
        "queryString": [{"name": unquote_plus(n), "value": unquote_plus(v)} for n, _, v in pairs],
        "headersSize": -1,
        "bodySize": 0,
    }


def _response(exchange: Exchange) -> Json:
    content = exchange.content
    kept: Json = {"size": len(content), "mimeType": exchange.header("content-type") or ""}
    try:
        kept["text"] = content.decode("utf-8")
    except UnicodeDecodeError:
        kept |= {"text": base64.b64encode(content).decode("ascii"), "encoding": "base64"}
    return {
        "status": exchange.status or 0,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": name, "value": value} for name, value in exchange.headers],
        "content": kept,
        "redirectURL": exchange.header("location") or "",
        "headersSize": -1,
        "bodySize": -1,
    }
