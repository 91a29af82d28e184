"""The table of options that click, pytest, TOML files, environment variables and README follow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import partial

from contracts.model import UserError

VARIABLES = "BIFROST_CONTRACTS_"
"""Prefix of the environment variables that stand for options of `check`."""


class Kind(Enum):
    """What an option takes; the value is the word for it in help texts."""

    FLAG = ""
    TEXT = "TEXT"
    FILE = "FILE"
    DIRECTORY = "DIR"
    INTEGER = "N"
    NUMBER = "S"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the commands and, where `commands` has "pytest", of the plugin.

    `low` and `high` bound a number. `default_text` describes a default that is not a value. `per_deployment`
    options describe one deployment: they need one, and a target of `--targets` may have its own. `once`
    options make sense for a single run only, so no file has them.
    """

    name: str
    kind: Kind
    help: str
    commands: frozenset[str]
    metavar: str = ""
    default: str | int | None = None
    default_text: str = ""
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    short: str = ""
    multiple: bool = False
    required: bool = False
    per_deployment: bool = False
    once: bool = False

    @property
    def key(self) -> str:
        """The name as a key of Python and TOML: `max_requests`."""
        return self.name.replace("-", "_")

    @property
    def flag(self) -> str:
        """The name as it is typed: `--max-requests`."""
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that stands for the option: `BIFROST_CONTRACTS_MAX_REQUESTS`."""
        return VARIABLES + self.key.upper()

    @property
    def placeholder(self) -> str:
        """What stands for the value in help texts: `FILE`, `must|should`; empty for a flag."""
        return "|".join(self.choices) or self.metavar or self.kind.value

    @property
    def description(self) -> str:
        """The help text with the default."""
        default = self.default_text or ("" if self.default is None else str(self.default))
        return f"{self.help} [default: {default}]" if default else self.help

    @property
    def is_path(self) -> bool:
        """Whether the value names a file or a directory."""
        return self.kind in (Kind.FILE, Kind.DIRECTORY)

    def parse(self, text: str, label: str = "") -> str | int | float:
        """The value of a text from the command line or a variable. Raises UserError that says `label`."""
        label = label or self.flag
        if not text.strip():
            raise UserError(f"{label} is empty. Is a variable unset?")
        if self.kind is Kind.INTEGER:
            return self._bounded(_number(int, text), label)
        if self.kind is Kind.NUMBER:
            return self._bounded(_number(float, text), label)
        if self.choices and text not in self.choices:
            raise UserError(f"{label} takes {' or '.join(self.choices)}.")
        return text

    def read(self, value: object, label: str) -> object:
        """The value of a TOML file. Raises UserError."""
        if self.kind is Kind.FLAG:
            if not isinstance(value, bool):
                raise UserError(f"{label} takes true or false.")
            return value
        if self.multiple:
            return tuple(
                self._read_one(one, label) for one in (value if isinstance(value, list) else [value])
            )
        return self._read_one(value, label)

    def _read_one(self, value: object, label: str) -> str | int | float:
        if self.kind in (Kind.INTEGER, Kind.NUMBER):
            fitting = int if self.kind is Kind.INTEGER else (int, float)
            number = value if isinstance(value, fitting) and not isinstance(value, bool) else None
            return self._bounded(number, label)
        if not isinstance(value, str):
            raise UserError(f"{label} takes a string{' or a list of strings' if self.multiple else ''}.")
        return self.parse(value, label)

    def _bounded(self, number: float | None, label: str) -> int | float:
        if number is None or not self.low <= number <= self.high:
            kind = "a whole number" if self.kind is Kind.INTEGER else "a number"
            upper = "" if math.isinf(self.high) else f" to {self.high}"
            raise UserError(f"{label} takes {kind} from {self.low}{upper}.")
        return number


def _number(convert: type[int] | type[float], text: str) -> int | float | None:
    try:
        return convert(text)
    except ValueError:
        return None


_LIVE = frozenset({"check", "certify", "pytest"})
_RUNS = _LIVE | {"demo"}
_JUDGING = frozenset({"check", "demo", "pytest"})

_deployment = partial(Option, commands=_LIVE, per_deployment=True)
_run = partial(Option, commands=_RUNS)
_judging = partial(Option, commands=_JUDGING)
_output = partial(Option, commands=frozenset({"check", "demo"}))
_reference = partial(Option, commands=frozenset({"demo", "serve"}))
_serve = partial(Option, commands=frozenset({"serve"}))
_certify = partial(Option, commands=frozenset({"certify"}))
_verify = partial(Option, commands=frozenset({"verify"}))
_score = partial(Option, commands=frozenset({"score"}))
_requirements = partial(Option, commands=frozenset({"requirements"}))

URL = Option("url", Kind.TEXT, "Base URL of the deployment.", frozenset({"init"}), metavar="URL")
NAME = Option("name", Kind.TEXT, "Name of a target in reports.", frozenset())

OPTIONS = (
    Option("targets", Kind.FILE, "File of deployments to check (TOML).", frozenset({"check", "pytest"})),
    _deployment("path", Kind.TEXT, "Path of the operation.", metavar="PATH", default_text="the one served"),
    _deployment(
        "token-env",
        Kind.TEXT,
        "Environment variable that holds the bearer token.",
        commands=_LIVE | {"init"},
        metavar="NAME",
        default_text="BIFROST_TOKEN, if set",
    ),
    _deployment("token-file", Kind.FILE, "File that holds the bearer token."),
    _deployment("basic-env", Kind.TEXT, "Environment variable that holds user:password.", metavar="NAME"),
    _deployment(
        "narrow-token-env",
        Kind.TEXT,
        "Environment variable that holds the token of a caller who sees fewer profiles.",
        metavar="NAME",
    ),
    _deployment("open", Kind.FLAG, "Authentication is disabled on purpose."),
    _deployment("no-concurrent-writes", Kind.FLAG, "Nothing writes to the deployment during the run."),
    _deployment(
        "headers-env",
        Kind.TEXT,
        "Environment variable that holds header fields, one per line.",
        metavar="NAME",
    ),
    _deployment("headers-file", Kind.FILE, "File that holds header fields, one per line."),
    _deployment("ca", Kind.FILE, "CA certificates to trust (PEM)."),
    _deployment("client-cert", Kind.FILE, "Client certificate (PEM)."),
    _deployment("client-key", Kind.FILE, "Private key of the client certificate, if in a separate file."),
    _deployment("insecure", Kind.FLAG, "Do not verify TLS certificates. Others may read the token."),
    _deployment("http2", Kind.FLAG, "Use HTTP/2 if the deployment supports it (HTTPS only)."),
    _run("seed", Kind.INTEGER, "Seed for all random choices.", default=0, low=0, high=2**63 - 1),
    _run("max-requests", Kind.INTEGER, "Maximum number of requests.", low=1, high=10**9),
    _run(
        "rate", Kind.NUMBER, "Maximum number of requests per second.", metavar="N", low=0.001, high=1_000_000
    ),
    _run(
        "concurrency",
        Kind.INTEGER,
        "Maximum number of requests in flight where their order does not matter.",
        default_text="1",
        low=1,
        high=8,
    ),
    _run("timeout", Kind.NUMBER, "Time limit for one exchange in seconds.", low=0.001, high=86_400),
    _run("deadline", Kind.NUMBER, "Time limit for the whole run in seconds.", low=0.001, high=604_800),
    _run("skip-hostile", Kind.FLAG, "Do not send values that can crash a process."),
    _run(
        "examples",
        Kind.INTEGER,
        "Number of queries to generate from the document.",
        default_text="10",
        low=0,
        high=10_000,
    ),
    _run("exhaustive", Kind.FLAG, "Also read every page of the list."),
    _run("resume", Kind.FILE, "Checkpoint file for resuming --exhaustive."),
    _run(
        "plan",
        Kind.FLAG,
        "Print the maximum number of requests; send none.",
        commands=frozenset({"check", "certify", "demo"}),
        once=True,
    ),
    _output("only", Kind.TEXT, "Check only these requirements.", metavar="ID[,ID]", multiple=True),
    _output(
        "document",
        Kind.FILE,
        "OpenAPI document to use instead of the built-in one.",
        commands=frozenset({"check", "demo", "requirements", "explain"}),
    ),
    _judging(
        "level",
        Kind.TEXT,
        "Lowest level that decides the exit status.",
        choices=("must", "should"),
        default="must",
    ),
    _judging("allow-unexercised", Kind.FLAG, "Accept requirements that the data does not exercise."),
    _run("waivers", Kind.FILE, "File of failures that are accepted for a limited time (TOML)."),
    _judging("strict-waivers", Kind.FLAG, "Fail if a waiver has expired or is not needed."),
    _output("report", Kind.DIRECTORY, "Write the report to this directory in every format."),
    _output("badge", Kind.FILE, "Write a badge that shows the verdict (SVG)."),
    _output("record", Kind.FILE, "Record every exchange (JSON Lines with a hash chain)."),
    _output("har", Kind.FILE, "Record every exchange (HAR 1.2)."),
    _output(
        "json",
        Kind.FLAG,
        "Print JSON and nothing else.",
        commands=frozenset({"check", "demo", "verify", "score", "requirements"}),
        once=True,
    ),
    _output("quiet", Kind.FLAG, "Print only failures and the conclusion.", short="-q"),
    _output("verbose", Kind.FLAG, "Also print every exchange.", short="-v"),
    _reference("fault", Kind.TEXT, "Fault to inject; --list prints all.", metavar="NAME"),
    _reference("variant", Kind.TEXT, "Correct variant to serve; --list prints all.", metavar="NAME"),
    _reference("profiles", Kind.INTEGER, "Number of profiles.", default=137, low=0, high=1_000_000),
    _reference("list", Kind.FLAG, "Print all faults and variants; serve nothing."),
    _serve("host", Kind.TEXT, "Loopback address to listen on.", default="127.0.0.1"),
    _serve("port", Kind.INTEGER, "Port to listen on; 0 is any free one.", default=0, low=0, high=65_535),
    _certify("vendor", Kind.TEXT, "Vendor of the product.", required=True),
    _certify("product", Kind.TEXT, "Name of the product.", required=True),
    _certify("version", Kind.TEXT, "Version of the product.", required=True),
    _certify("out", Kind.FILE, "Bundle to write (ZIP).", required=True),
    _certify("key", Kind.FILE, "Private key that signs the bundle; keygen creates one."),
    _certify(
        "challenge",
        Kind.TEXT,
        "Challenge from the verifier, which determines the seed.",
        commands=frozenset({"certify", "verify"}),
        metavar="NONCE",
    ),
    _certify("valid-days", Kind.INTEGER, "Days until the bundle expires.", default=90, low=1, high=3_650),
    _certify("redact", Kind.FLAG, "Replace names, tags, other strings and ids with tokens."),
    _verify("public-key", Kind.FILE, "Public key that must have signed the bundle (PEM)."),
    _verify("max-age", Kind.INTEGER, "Maximum age of the bundle.", metavar="DAYS", low=0, high=36_500),
    _score(
        "faults",
        Kind.TEXT,
        "Faults to inject.",
        metavar="PATTERN",
        default_text="all, or none with --variants",
    ),
    _score(
        "variants",
        Kind.TEXT,
        "Variants to serve.",
        metavar="PATTERN",
        default_text="all, or none with --faults",
    ),
    _score("seeds", Kind.INTEGER, "Number of seeds per variant.", default=1, low=1, high=1_000),
    _score("jobs", Kind.INTEGER, "Number of processes.", default_text="one per core", low=1, high=256),
    _requirements(
        "format",
        Kind.TEXT,
        "Form of the list; md and html also contain what explain prints.",
        choices=("table", "md", "html", "json"),
    ),
    _requirements("markdown", Kind.FLAG, "Print the table as Markdown."),
    URL,
)
"""In the order in which `--help` and README show them."""

DEFAULTS: dict[str, object] = {
    option.key: False if option.kind is Kind.FLAG else () if option.multiple else option.default
    for option in OPTIONS
}
"""The value by key of each option that is not given."""


def options_of(command: str) -> tuple[Option, ...]:
    """The options of a command, or of "pytest"."""
    return tuple(option for option in OPTIONS if command in option.commands)
