"""The reference deployment in memory, with any of its faults, in a write storm between any two statements."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from email.utils import formatdate

import httpx
import pytest

from contracts import reference
from contracts.model import Outcome
from contracts.reference.app import build_app
from contracts.reference.data import generate
from contracts.reference.pipeline import Ask, Incoming
from contracts.runs import run
from contracts.transport import Secrets, Target, Transport
from tests.support.fake import CATALOGUE, Row, Storm
from tests.support.storms import KINDS, STRONGEST

_NARROW = "narrow-token"
_PROFILES = 137
_SPARE = [row for row in generate(100, seed=1) if row.keys() >= {"description", "is_active", "tags"}]


def fresh(identity: int, draw: random.Random) -> Row:
    """A profile as the reference deployment holds them, whose members are drawn."""
    return draw.choice(_SPARE) | {"id": identity, "name": f"Written {identity} {draw.randrange(1_000)}"}


def storm(seed: int) -> Storm:
    """A storm drawn from the seed, as correct deployments are judged in; but nobody replaces everything.

    For then what was broken about the profiles may be gone with them.
    """
    draw = random.Random(f"stormy/{seed}")
    kinds = draw.choice([kinds for kinds in KINDS if "reload" not in kinds])
    probability = min(draw.choice((0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0)), STRONGEST.get(kinds, 1.0))
    return Storm(
        seed, probability, burst=draw.choice((1, 1, 2, 5)), kinds=kinds, most=_PROFILES + 20, make=fresh
    )


class Stormy(httpx.BaseTransport):
    """Stands for the network before the reference deployment; the storm writes to its profiles."""

    def __init__(self, fault: str, storm: Storm, seed: int = 0) -> None:
        self._rows: list[Row] = deepcopy(list(generate(_PROFILES, seed)))
        self._app = build_app(profiles=self._rows, fault=fault, seed=seed, narrow_token=_NARROW)
        self._keys = {row["id"]: key for key, row in enumerate(self._rows, 1)}
        self._added = len(self._rows)
        self._stored = {row["id"]: deepcopy(row) for row in self._rows}
        self._storm = storm
        self._written = 0
        self._site = site = self._app.site
        site.stages = replace(site.stages, total=self._between(site.stages.total))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the deployment."""
        self._write()
        target, _, query = request.extensions["target"].decode("latin-1").partition("?")
        headers = {name.lower(): value for name, value in request.headers.items()}
        incoming = Incoming(request.method, target, target, query, headers)
        reply = self._site.stages.handle(self._site, incoming)
        if reply.cut:
            raise httpx.RemoteProtocolError("peer closed connection")
        dated = [("date", formatdate(usegmt=True)), *reply.headers]
        return httpx.Response(reply.status, headers=dated, content=reply.content)

    def opened(self, settings: run.Settings, target: Target) -> Transport:
        """The way to this deployment, without pauses."""
        bounds = replace(settings.bounds, rate=1e9)
        return Transport(target, settings.secrets, bounds, client=self, sleep=lambda _: None)

    def close(self) -> None:
        """Nothing: a run drops connections, and the deployment outlives them."""

    def _between(self, total: Callable[[Ask], int]) -> Callable[[Ask], int]:
        def counted_later(ask: Ask) -> int:
            self._write()
            return total(ask)

        return counted_later

    def _write(self) -> None:
        """Lets others write, and takes over into the store what they did."""
        self._storm(self._rows)
        if self._storm.writes > self._written:
            self._written = self._storm.writes
            self._take_over({row["id"]: row for row in self._rows})

    def _take_over(self, rows: dict[int, Row]) -> None:
        for identity in self._stored.keys() - rows.keys():
            self._site.store.remove(self._keys.pop(identity))
        for identity, row in rows.items():
            if identity not in self._stored:
                self._added += 1
                self._keys[identity] = self._added
                self._site.store.add(row)
            elif row != self._stored[identity]:
                self._site.store.change(self._keys[identity], row)
        self._stored = {i: self._kept(i, row) for i, row in rows.items()}

    def _kept(self, identity: int, row: Row) -> Row:
        stored = self._stored.get(identity)
        return stored if stored == row else deepcopy(row)


def outcomes(fault: str, seed: int) -> dict[str, Outcome]:
    """What is said of each requirement that the fault breaks, in the storm of that seed."""
    network = Stormy(fault, storm(seed))
    secrets = Secrets(reference.REFERENCE_TOKEN, narrow=_NARROW)
    settings = run.Settings("http://fake.invalid", secrets=secrets, seed=seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "open_transport", network.opened)
        result = run.check(settings, catalogue=CATALOGUE)
    known = reference.FAULTS[fault]
    wanted = {known.breaks, *known.also}
    return {v.requirement.id: v.outcome for v in result.verdicts if v.requirement.id in wanted}


def passed(fault: str, seed: int) -> bool:
    """Whether somebody who reads the verdicts would think that the deployment has no such fault."""
    return set(outcomes(fault, seed).values()) <= {Outcome.PASS, Outcome.NOT_APPLICABLE}
