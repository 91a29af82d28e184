"""The embedded reference deployment: a correct implementation of the endpoint, its styles and faults.

It knows nothing of the suite that judges it.
"""

from contracts.reference.faults import FAULTS, Fault
from contracts.reference.server import REFERENCE_TOKEN, Deployment, serve_forever, serving
from contracts.reference.styles import STYLES, Style

__all__ = [
    "FAULTS",
    "REFERENCE_TOKEN",
    "STYLES",
    "Deployment",
    "Fault",
    "Style",
    "serve_forever",
    "serving",
]
