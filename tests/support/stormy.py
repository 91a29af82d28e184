"""The reference deployment in memory, with any of its faults, in a write storm between any two statements."""

from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import replace

from contracts import reference
from contracts.cli.scoring import connected
from contracts.model import Outcome
from contracts.reference.data import generate
from contracts.reference.memory import in_memory
from contracts.reference.pipeline import Incoming, Reply, Site
from contracts.runs import run
from contracts.transport import Secrets
from tests.support.fake import CATALOGUE, Row, Storm
from tests.support.storms import KINDS, STRONGEST

_NARROW = "narrow-token"
_PROFILES = 137
_SPARE = [row for row in generate(100, seed=1) if row.keys() >= {"description", "is_active", "tags"}]


def fresh(identity: int, draw: random.Random) -> Row:
    """A profile like those of the reference deployment, with random members."""
    return draw.choice(_SPARE) | {"id": identity, "name": f"Written {identity} {draw.randrange(1_000)}"}


def storm(seed: int) -> Storm:
    """A storm drawn from the seed, like those for correct deployments, but one that never replaces the list.

    That could remove the defect together with the profiles.
    """
    draw = random.Random(f"stormy/{seed}")
    kinds = draw.choice([kinds for kinds in KINDS if "reload" not in kinds])
    probability = min(draw.choice((0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0)), STRONGEST.get(kinds, 1.0))
    return Storm(
        seed, probability, burst=draw.choice((1, 1, 2, 5)), kinds=kinds, most=_PROFILES + 20, make=fresh
    )


class Writes:
    """Lets a storm write to the profiles of a site, before each request and between its statements."""

    def __init__(self, site: Site, rows: list[Row], storm: Storm) -> None:
        self._store, self._rows, self._storm = site.store, rows, storm
        self._keys = {row["id"]: key for key, row in enumerate(rows, 1)}
        self._added = len(rows)
        self._stored = {row["id"]: deepcopy(row) for row in rows}
        self._written = 0
        self._right = site.stages.handle
        site.stages = replace(site.stages, handle=self._handle)
        site.between_statements = self._write

    def _handle(self, site: Site, incoming: Incoming) -> Reply:
        self._write()
        return self._right(site, incoming)

    def _write(self) -> None:
        """Copies what the storm wrote into the store."""
        self._storm(self._rows)
        if self._storm.writes > self._written:
            self._written = self._storm.writes
            self._copy({row["id"]: row for row in self._rows})

    def _copy(self, rows: dict[int, Row]) -> None:
        for identity in self._stored.keys() - rows.keys():
            self._store.remove(self._keys.pop(identity))
        for identity, row in rows.items():
            if identity not in self._stored:
                self._added += 1
                self._keys[identity] = self._added
                self._store.add(row)
            elif row != self._stored[identity]:
                self._store.change(self._keys[identity], row)
        self._stored = {i: self._kept(i, row) for i, row in rows.items()}

    def _kept(self, identity: int, row: Row) -> Row:
        stored = self._stored.get(identity)
        return stored if stored == row else deepcopy(row)


def outcomes(fault: str, seed: int) -> dict[str, Outcome]:
    """The outcome of each requirement that the fault breaks, in the storm of that seed."""
    rows: list[Row] = deepcopy(list(generate(_PROFILES, seed)))
    secrets = Secrets(reference.REFERENCE_TOKEN, narrow=_NARROW)
    settings = run.Settings("http://fake.invalid", secrets=secrets, seed=seed)
    with in_memory(profiles=rows, fault=fault, seed=seed, narrow_token=_NARROW) as deployment:
        Writes(deployment.app.site, rows, storm(seed))
        result = run.check(settings, catalogue=CATALOGUE, connect=connected(deployment))
    known = reference.FAULTS[fault]
    wanted = {known.breaks, *known.also}
    return {v.requirement.id: v.outcome for v in result.verdicts if v.requirement.id in wanted}


def passed(fault: str, seed: int) -> bool:
    """Whether a reader of the verdicts would believe that the deployment has no such fault."""
    return set(outcomes(fault, seed).values()) <= {Outcome.PASS, Outcome.NOT_APPLICABLE}
