"""The only HTTP client of the suite: turns a `Request` into an `Exchange`.

`Transport.send` lets only safe methods leave, only to one origin and within `Bounds`, and returns an exchange
whatever the deployment does. It knows nothing of probes, checks or verdicts.
"""

from contracts.model import BudgetSpent
from contracts.transport.bounds import Bounds
from contracts.transport.credentials import Secrets, token_from_env, token_from_file
from contracts.transport.sender import Transport
from contracts.transport.target import Refused, Target

__all__ = [
    "Bounds",
    "BudgetSpent",
    "Refused",
    "Secrets",
    "Target",
    "Transport",
    "token_from_env",
    "token_from_file",
]
