"""What a fault is, and the decorators that register one: each replaces a single stage of the pipeline."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from contracts.reference.conditions import Row
from contracts.reference.lookup import pick
from contracts.reference.pipeline import Ask, Refusal, Reply, Stages

Function = TypeVar("Function", bound=Callable[..., Any])
Profile = dict[str, Any]
Write = Callable[[Ask, Row], str]


@dataclass(frozen=True, slots=True)
class Fault:
    """One documented vice of a deployment.

    `breaks` is the requirement that it breaks, `also` are others that may rightly be the one reported.
    `wrap` is called instead of the stage, with the right stage before its arguments.
    """

    name: str
    description: str
    breaks: str
    also: tuple[str, ...]
    stage: str
    wrap: Callable[..., Any]


FAULTS: dict[str, Fault] = {}


def fault(stage: str, breaks: str, *also: str) -> Callable[[Function], Function]:
    """Register the function as a fault of that stage: its name and its docstring are the fault's."""

    def register(function: Function) -> Function:
        add(function.__name__, function.__doc__ or "", stage, breaks, also, function)
        return function

    return register


def profile_fault(breaks: str, *also: str) -> Callable[[Function], Function]:
    """Register a fault of how a profile is written: the function gets the profile and changes it."""

    def register(function: Function) -> Function:
        def wrap(right: Write, ask: Ask, row: Row) -> str:
            profile: Profile = json.loads(right(ask, row))
            function(ask, profile)
            return json.dumps(profile, ensure_ascii=False)

        add(function.__name__, function.__doc__ or "", "write", breaks, also, wrap)
        return function

    return register


def add(
    name: str, description: str, stage: str, breaks: str, also: tuple[str, ...], wrap: Callable[..., Any]
) -> None:
    """Register a fault; a name that is taken, or a stage that is none, stops the import."""
    name = name.replace("_", "-")
    if name in FAULTS or stage not in Stages.__dataclass_fields__:
        raise ValueError(f"fault {name!r} is registered twice, or {stage!r} is no stage")
    FAULTS[name] = Fault(name, description.strip(), breaks, also, stage, wrap)


def named_fault(fault: str | Fault | None) -> Fault | None:
    """The fault of that name; ValueError names close matches."""
    return pick("fault", FAULTS, fault) if isinstance(fault, str) else fault


def stages_with(fault: Fault | None) -> Stages:
    """The pipeline, with the fault in its place."""
    stages = Stages()
    if fault is None:
        return stages
    wrapped: Any = partial(fault.wrap, getattr(stages, fault.stage))
    return replace(stages, **{fault.stage: wrapped})


def plain(status: int, text: str, media_type: str = "text/plain; charset=utf-8") -> Reply:
    """A reply that is not the gateway's."""
    return Reply(status, (("content-type", media_type),), text.encode())


def crash() -> Refusal:
    """The error of a handler that fell over."""
    return Refusal(500, "internal server error")
