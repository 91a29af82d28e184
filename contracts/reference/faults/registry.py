"""What a fault is, and the decorators that register one: each replaces a single stage of the pipeline."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, TypeVar

from contracts.reference.conditions import Row
from contracts.reference.data import Profile
from contracts.reference.lookup import pick
from contracts.reference.pipeline import Call, Refusal, Reply, Stages, Writes

Function = TypeVar("Function", bound=Callable[..., Any])
Change = Callable[[Profile], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One defect of a deployment.

    `breaks` is the requirement that it breaks, `also` are others under which it may rightly be reported.
    `wrap` replaces the stage; its first argument is the right stage.
    """

    name: str
    description: str
    breaks: str
    also: tuple[str, ...]
    stage: str
    wrap: Callable[..., Any]


FAULTS: dict[str, Fault] = {}


def fault(stage: str, breaks: str, *also: str) -> Callable[[Function], Function]:
    """Registers the function as a fault of that stage: its name and its docstring are the fault's."""

    def register(function: Function) -> Function:
        _add(function, stage, breaks, also, function)
        return function

    return register


def profile_fault(
    breaks: str, *also: str, when: Callable[[Call], object] = lambda _call: True
) -> Callable[[Change], Change]:
    """Registers a fault of how a profile is written: the function changes it, in such calls."""

    def register(function: Change) -> Change:
        @lru_cache(maxsize=1024)
        def changed(text: str) -> str:
            profile = json.loads(text)
            function(profile)
            return json.dumps(profile, ensure_ascii=False)

        def wrap(right: Writes, call: Call, row: Row) -> str:
            return changed(right(call, row)) if when(call) else right(call, row)

        _add(function, "write", breaks, also, wrap)
        return function

    return register


def _add(
    function: Callable[..., Any], stage: str, breaks: str, also: tuple[str, ...], wrap: Callable[..., Any]
) -> None:
    """Registers a fault; an error of its author stops the import."""
    name, description = function.__name__.replace("_", "-"), (function.__doc__ or "").strip()
    if name in FAULTS or stage not in Stages.__dataclass_fields__ or breaks in also:
        raise ValueError(f"fault {name!r} is registered twice, names a requirement twice, or no stage")
    if not description.endswith(".") or "\n" in description:
        raise ValueError(f"the docstring of fault {name!r} is not one line that ends with a full stop")
    FAULTS[name] = Fault(name, description, breaks, also, stage, wrap)


def named_fault(fault: str | Fault | None) -> Fault | None:
    """The fault of that name; otherwise a ValueError that suggests close matches."""
    return pick("fault", FAULTS, fault) if isinstance(fault, str) else fault


def stages_with(fault: Fault | None) -> Stages:
    """The pipeline with the fault in its stage."""
    stages = Stages()
    if fault is None:
        return stages
    wrapped: Any = partial(fault.wrap, getattr(stages, fault.stage))
    return replace(stages, **{fault.stage: wrapped})


def plain(status: int, text: str, media_type: str = "text/plain; charset=utf-8") -> Reply:
    """A reply of another program than the gateway."""
    return Reply(status, (("content-type", media_type),), text.encode())


def crash() -> Refusal:
    """The error of a handler that crashed."""
    return Refusal(500, "internal server error")
