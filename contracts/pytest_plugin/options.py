"""The options of the plugin, and what they are called where another plugin has taken the name."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

_PREFIX = "contract_"  # of the names among pytest's own

_OPTIONS: dict[str, dict[str, Any]] = {
    "path": {"metavar": "PATH", "help": "Path of the operation; else whichever is served."},
    "token-env": {
        "metavar": "NAME",
        "help": "Environment variable that holds the token (BIFROST_TOKEN, if set).",
    },
    # pytest takes the value of an option that it does not know yet for a path, hence the "=".
    "token-file": {"metavar": "FILE", "help": "File that holds the token; write --token-file=FILE."},
    "basic-env": {"metavar": "NAME", "help": "Variable that holds user:password, for Basic."},
    "narrow-token-env": {"metavar": "NAME", "help": "Variable with a token of a caller who sees less."},
    "open": {"action": "store_true", "help": "Authentication is switched off on purpose."},
    "writes": {
        "choices": ["none", "some"],
        "default": "some",
        "help": "Whether others may write meanwhile (some); with none, less is asked again.",
    },
    "headers-env": {"metavar": "NAME", "help": "Variable with more header fields, one a line."},
    "headers-file": {"metavar": "FILE", "help": "File with more header fields; write --headers-file=FILE."},
    "ca": {"metavar": "FILE", "help": "Certificates to trust (PEM); write --ca=FILE."},
    "client-cert": {"metavar": "FILE", "help": "Client certificate (PEM); write --client-cert=FILE."},
    "client-key": {"metavar": "FILE", "help": "Its key, if in another file; write --client-key=FILE."},
    "insecure": {"action": "store_true", "help": "Do not verify TLS."},
    "http2": {"action": "store_true", "help": "Speak HTTP/2 where the deployment does (https alone)."},
    "seed": {"type": int, "default": 0, "metavar": "N", "help": "Seed of all random choices (0)."},
    "max-requests": {"type": int, "metavar": "N", "help": "Most requests to send."},
    "rate": {"type": float, "metavar": "N", "help": "Most requests a second."},
    "concurrency": {
        "type": int,
        "metavar": "N",
        "help": "Requests under way at a time, where order does not matter (1).",
    },
    "timeout": {"type": float, "metavar": "S", "help": "Seconds for each exchange as a whole."},
    "deadline": {"type": float, "metavar": "S", "help": "Seconds for the whole run."},
    "skip-hostile": {"action": "store_true", "help": "Leave out values that can take a process down."},
    "examples": {"type": int, "metavar": "N", "help": "Most generated queries to ask (default 10)."},
    "exhaustive": {"action": "store_true", "help": "Walk the whole list too, however long it is."},
    "resume": {
        "metavar": "FILE",
        "help": "Where an interrupted --exhaustive is kept and goes on; write --resume=FILE.",
    },
    "level": {"choices": ["must", "should"], "default": "must", "help": "What fails the session (must)."},
    "allow-unexercised": {
        "action": "store_true",
        "help": "Accept requirements that the data cannot exercise.",
    },
    "waivers": {
        "metavar": "FILE",
        "help": "Broken requirements that are accepted for a time (TOML); write --waivers=FILE.",
    },
    "strict-waivers": {"action": "store_true", "help": "Fail for waivers that are expired or not used."},
}


def add_options(parser: pytest.Parser) -> None:
    """Add the options; one whose name another plugin has taken is `--contract-NAME` alone."""
    group = parser.getgroup("contract", "contract of GET /api/access-profiles (with --base-url)")
    for name, attributes in _OPTIONS.items():
        dest = _PREFIX + _key(name)
        try:
            group.addoption(f"--{name}", dest=dest, **attributes)
        except (ValueError, argparse.ArgumentError):  # pytest-timeout has --timeout, for example
            group.addoption(f"--contract-{name}", dest=dest, **attributes)


def values(config: pytest.Config) -> dict[str, Any]:
    """What was given, by the names of the options with _ in the place of -."""
    return {_key(name): getattr(config.option, _PREFIX + _key(name)) for name in _OPTIONS}


def _key(name: str) -> str:
    return name.replace("-", "_")
