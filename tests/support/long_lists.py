"""Long lists that are computed and answer without a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from contracts.model import Exchange, Request
from contracts.reference import REFERENCE_TOKEN
from contracts.reference.computed import Positions, build_long_app, right_places
from contracts.reference.pipeline import OLD_PATH, Call, Incoming
from contracts.transport import Secrets

NARROW_TOKEN = "narrow-reference-token"
LONG = {"secrets": Secrets(token=REFERENCE_TOKEN)}
Totals = Callable[[Call, int], int]


def long_list(
    count: int,
    positions: Positions = right_places,
    *,
    totals: Totals = lambda _, right: right,
    **options: Any,
) -> Callable[[Request], Exchange]:
    """A computed list that answers without a network."""
    site = build_long_app(count, positions=positions, narrow_token=NARROW_TOKEN, **options).site
    right = site.stages.total
    site.stages = replace(site.stages, total=lambda call: totals(call, right(call)))
    numbers = iter(range(1, 10_000))
    tokens = {"given": REFERENCE_TOKEN, "narrow": NARROW_TOKEN}

    def send(request: Request) -> Exchange:
        path = request.path or OLD_PATH
        token = tokens.get(request.credentials.value)
        headers = {"authorization": f"Bearer {token}"} if token else {}
        reply = site.stages.handle(site, Incoming(request.method, path, path, request.query, headers))
        return Exchange(next(numbers), request, reply.status, reply.headers, reply.content, elapsed=0.001)

    return send
