"""Contract validation suite for `GET /api/access-profiles` of the Bifrost AI gateway."""

__version__ = "0.1.0"
