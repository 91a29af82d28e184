"""Write storms round a correct or a broken deployment in memory, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from contracts.model import Outcome
from tests.support.fake import Deployment, Storm, Variant, rows, session

EDITS = ("insert", "delete", "change")
KINDS = (
    EDITS,
    EDITS,
    ("insert", "delete"),
    ("change",),
    ("visit",),
    ("blink",),
    ("return_",),
    ("blink", "return_"),
    (*EDITS, "visit", "blink"),
    ("reload",),
)
# Writes that are undone at every single request cannot be distinguished from a fault.
STRONGEST = {("reload",): 0.1, ("visit",): 0.6, ("blink",): 0.6, ("return_",): 0.6, ("blink", "return_"): 0.6}


@dataclass(frozen=True)
class Weather:
    """What happens round a deployment, drawn from a seed."""

    variant: Variant
    size: int
    probability: float
    burst: int
    kinds: tuple[str, ...]


def weather(seed: int) -> Weather:
    draw = random.Random(seed)
    variant = Variant(
        any_tag=draw.random() < 0.5,
        order=draw.choice(("id", "-id", "name", "updated")),
        maximum=draw.choice((10, 50, 100, 1_000)),
        default=draw.choice((0, 5, 25, 100)),
        refuses=draw.random() < 0.5,
        searches=draw.random() < 0.7,
    )
    kinds = draw.choice(KINDS)
    probability = min(draw.choice((0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0)), STRONGEST.get(kinds, 1.0))
    size = draw.choice((0, 1, 2, 3, 5, 8, 12, 20, 30, 45, 60))
    return Weather(variant, size, probability, draw.choice((1, 1, 2, 5)), kinds)


def storm(seed: int, around: Weather) -> Storm:
    return Storm(seed, around.probability, burst=around.burst, kinds=around.kinds)


def false_positives(seed: int) -> tuple[str, ...]:
    """The requirements that a correct deployment fails in the storm of that seed: none, it is hoped."""
    around = weather(seed)
    deployment = Deployment(rows(around.size, seed), around.variant, storm(seed, around))
    verdicts = session(deployment, seed=seed).verdicts
    return tuple(v.requirement.id for v in verdicts if v.outcome is Outcome.FAIL)
