"""The embedded reference deployment: a correct implementation of the endpoint, its variants and faults.

A variant is a correct deployment that differs, a fault is a deployment with one defect. Nothing here knows
of the suite that checks it.
"""

from contracts.reference.app import REFERENCE_TOKEN, Application, build_app
from contracts.reference.faults import FAULTS, Fault
from contracts.reference.server import Deployment, serve_forever, serving
from contracts.reference.variants import VARIANTS, Variant

__all__ = [
    "FAULTS",
    "REFERENCE_TOKEN",
    "VARIANTS",
    "Application",
    "Deployment",
    "Fault",
    "Variant",
    "build_app",
    "serve_forever",
    "serving",
]
