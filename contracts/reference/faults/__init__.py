"""Named faults: deployments with one defect each."""

from contracts.reference.faults import (
    access,
    data,
    filters,
    inputs,
    pages,
    responses,
    tags,
    walks,
)
from contracts.reference.faults.registry import FAULTS, Fault, named_fault, stages_with

__all__ = [
    "FAULTS",
    "Fault",
    "access",
    "data",
    "filters",
    "inputs",
    "named_fault",
    "pages",
    "responses",
    "stages_with",
    "tags",
    "walks",
]
