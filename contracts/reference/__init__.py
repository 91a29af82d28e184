"""The embedded reference deployment: a correct implementation of the endpoint, its styles and faults.

It knows nothing of the suite that judges it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contracts.reference.faults import FAULTS, Fault
from contracts.reference.server import REFERENCE_TOKEN, Deployment, serve_forever, serving
from contracts.reference.variants import VARIANTS, Variant

if TYPE_CHECKING:
    from contracts.reference.app import build_app

__all__ = [
    "FAULTS",
    "REFERENCE_TOKEN",
    "VARIANTS",
    "Deployment",
    "Fault",
    "Variant",
    "build_app",
    "serve_forever",
    "serving",
]


def __getattr__(name: str) -> Any:
    """`build_app`, and with it the web framework, is imported only where somebody asks for it."""
    if name != "build_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from contracts.reference.app import build_app

    return build_app
