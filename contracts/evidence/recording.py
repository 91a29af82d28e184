"""Exchanges as a file: JSON Lines in a hash chain; what is partial, doubled, re-ordered or edited is refused.

Each line is canonical JSON with the SHA-256 of the line before it; the first has the parameters of the run,
the last how many exchanges there are. Secrets are never in it: a request names its kind of credentials alone,
and the transport has struck secrets out of whatever a deployment sent back. That is why content is kept as it
was checked, with a gzip coding undone; the header fields are as received.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from contracts.model import Attempt, Credentials, Exchange, Failure, FailureKind, Purpose, Request

FORMAT = "bifrost-contracts recording"
VERSION = 1

Entry = dict[str, Any]
_STATED = ("suite", "document", "base_url", "redacted")  # of the header, besides the parameters
_T = TypeVar("_T")


class BadRecording(ValueError):  # noqa: N818 - says what the file is
    """The file is no complete recording; the message is one sentence that names the place."""


@dataclass(frozen=True, slots=True)
class RunParameters:
    """What decides, together with the responses, what a run requests and what its verdicts are."""

    path: str | None = None  # None: whichever of the two known paths is served
    seed: int = 0
    only: frozenset[str] = frozenset()  # ids of requirements; empty: all
    examples: int | None = None  # generated queries; None: the usual number
    skip_hostile: bool = False
    open: bool = False
    token: bool = False
    narrow: bool = False
    no_concurrent_writes: bool = False
    concurrency: int = 1
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class Part:
    """The run on one path. `began` is the time of day as RFC 3339, `interrupted` why it ended early.

    `probed` is how many exchanges, the first ones, are the probes'. Only a redacted recording says so: its
    queries can no longer be derived.
    """

    path: str
    deployment: str
    began: str
    exchanges: tuple[Exchange, ...]
    seconds: float = 0.0
    interrupted: str | None = None
    remarks: tuple[str, ...] = ()
    probed: int | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Everything that verdicts are derived from."""

    suite: str  # the version that made the recording
    document: str  # SHA-256 of the document whose requirements were checked
    base_url: str
    parameters: RunParameters
    parts: tuple[Part, ...] = ()
    redacted: bool = False


def canonical(value: object) -> bytes:
    """The value as JSON in the one way in which hashes are reckoned: ASCII, sorted, without white space."""
    return json.dumps(
        value, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":")
    ).encode("ascii")


def sha256(content: bytes) -> str:
    """The SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


# --- writing ---------------------------------------------------------------------------------------


def dumps(recording: Recording) -> bytes:
    """The recording as the content of a file."""
    lines: list[bytes] = []
    for entry in _entries(recording):
        lines.append(canonical({**entry, "previous": sha256(lines[-1]) if lines else ""}))
    return b"".join(line + b"\n" for line in lines)


def _entries(recording: Recording) -> Iterator[Entry]:
    stated = {name: getattr(recording, name) for name in _STATED}
    parameters = {**asdict(recording.parameters), "only": sorted(recording.parameters.only)}
    yield {"type": "header", "format": FORMAT, "version": VERSION, **stated, **parameters}
    for part in recording.parts:
        yield {"type": "path", "path": part.path, "deployment": part.deployment, "began": part.began}
        yield from map(_exchange_entry, part.exchanges)
        end: Entry = {"type": "end", "seconds": part.seconds, "interrupted": part.interrupted}
        end["remarks"] = list(part.remarks)
        yield {**end, "exchanges": len(part.exchanges), "probed": part.probed}
    count = sum(len(part.exchanges) for part in recording.parts)
    yield {"type": "close", "paths": len(recording.parts), "exchanges": count}


def _exchange_entry(exchange: Exchange) -> Entry:
    request, failure = exchange.request, exchange.failure
    return {
        "type": "exchange",
        "number": exchange.number,
        "request": asdict(request),
        "status": exchange.status,
        "headers": [list(pair) for pair in exchange.headers],
        **_content_entry(exchange.content),
        "failure": None if failure is None else {"kind": failure.kind.value, "text": failure.text},
        "started": exchange.started,
        "elapsed": exchange.elapsed,
        "attempts": [asdict(attempt) for attempt in exchange.attempts],
    }


def _content_entry(content: bytes) -> Entry:
    try:
        return {"content": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"content_base64": base64.b64encode(content).decode("ascii")}


# --- reading ---------------------------------------------------------------------------------------


def load(path: Path) -> Recording:
    """The recording in that file. Raises BadRecording, and OSError if the file cannot be read."""
    return loads(path.read_bytes())


def loads(content: bytes) -> Recording:
    """The recording that is the content of a file; BadRecording names the line that is wrong."""
    entries = list(_chained(content))
    if not entries:
        raise BadRecording("The recording is empty.")
    reader = _Reader(entries)
    found = reader.recording()
    if dumps(found) != content:  # a reader must not pass over anything that it does not understand
        raise BadRecording("The recording holds something that is not written as recordings are.")
    return found


def _chained(content: bytes) -> Iterator[tuple[int, Entry]]:
    """The entries with the numbers of their lines, each link of the chain checked."""
    before = ""
    lines = content.split(b"\n")
    if lines.pop() != b"":
        raise BadRecording(f"Line {len(lines) + 1} is cut off: the recording is not complete.")
    for number, line in enumerate(lines, 1):
        entry = _parsed(number, line)
        if entry.pop("previous", None) != before:
            raise BadRecording(
                f"Line {number} does not follow on line {number - 1}: "
                "something was edited, left out, doubled or moved here."
            )
        before = sha256(line)
        yield number, entry


def _parsed(number: int, line: bytes) -> Entry:
    try:
        entry = json.loads(line.decode("ascii"))
        exact = isinstance(entry, dict) and canonical(entry) == line
    except (ValueError, RecursionError):
        exact = False
    if not exact:
        raise BadRecording(f"Line {number} is no line of a recording: it is damaged or was edited.")
    return dict(entry)


class _Reader:
    """Takes entries one after the other, each of the type that must come next."""

    def __init__(self, entries: list[tuple[int, Entry]]) -> None:
        self._entries = entries
        self._next = 0

    def recording(self) -> Recording:
        header = self._take("header")
        if (header.pop("format", None), header.pop("version", None)) != (FORMAT, VERSION):
            raise self._wrong("is not the header of a recording in format 1")
        opened = self._built(lambda: _opened(header))
        parts = []
        while self._kind() == "path":
            parts.append(self._part())
        close = self._take("close")
        count = sum(len(part.exchanges) for part in parts)
        if close != {"paths": len(parts), "exchanges": count}:
            raise self._wrong(f"closes the recording with other counts than {count} exchanges")
        if self._next != len(self._entries):
            raise BadRecording(f"Line {self._line()} comes after the end of the recording.")
        return replace(opened, parts=tuple(parts))

    def _part(self) -> Part:
        opening = self._take("path")
        exchanges: list[Exchange] = []
        while self._kind() == "exchange":
            entry = self._take("exchange")
            exchange = self._built(lambda entry=entry: _exchange(entry))  # type: ignore[misc]
            if exchange.number != len(exchanges) + 1:
                raise self._wrong(f"holds exchange {exchange.number} where {len(exchanges) + 1} must come")
            exchanges.append(exchange)
        end = self._take("end")
        if end.pop("exchanges", None) != len(exchanges):
            raise self._wrong(f"ends after another number of exchanges than the {len(exchanges)} before it")
        return self._built(lambda: _part(opening, tuple(exchanges), end))

    def _kind(self) -> str:
        return str(self._entries[self._next][1].get("type")) if self._next < len(self._entries) else ""

    def _line(self) -> int:
        return self._entries[self._next][0]

    def _take(self, kind: str) -> Entry:
        if self._next == len(self._entries):
            raise BadRecording(f"The recording ends after line {self._next}: it is not complete.")
        if self._kind() != kind:
            raise BadRecording(f"Line {self._line()} is not the {kind} entry that must come there.")
        entry = dict(self._entries[self._next][1])
        self._next += 1
        del entry["type"]
        return entry

    def _built(self, build: Callable[[], _T]) -> _T:
        try:
            return build()
        except (KeyError, TypeError, ValueError, AttributeError):
            raise self._wrong("does not hold what it must") from None

    def _wrong(self, what: str) -> BadRecording:
        return BadRecording(f"Line {self._entries[self._next - 1][0]} {what}.")


_TYPES: dict[str, Any] = {
    **dict.fromkeys(("suite", "document", "base_url"), str),
    **dict.fromkeys(("redacted", "skip_hostile", "open", "token", "narrow", "no_concurrent_writes"), bool),
    **dict.fromkeys(("seed", "concurrency"), int),
    "path": str | None,
    "only": list,
    "examples": int | None,
    "timeout": float,
}


def _opened(header: Entry) -> Recording:
    """The recording that a header begins, without its parts."""
    _require_keys(header, _TYPES)
    for name, kind in _TYPES.items():
        _require(header[name], kind)
    stated = {name: header.pop(name) for name in _STATED}
    parameters = RunParameters(**{**header, "only": frozenset(_texts(header["only"]))})
    return Recording(parameters=parameters, **stated)


def _part(opening: Entry, exchanges: tuple[Exchange, ...], end: Entry) -> Part:
    _require_keys(opening, ("path", "deployment", "began"))
    _require_keys(end, ("seconds", "interrupted", "remarks", "probed"))
    list(_texts(list(opening.values())))
    _require(end["seconds"], float)
    _require(end["interrupted"], str | None)
    _require(end["probed"], int | None)
    if not 0 <= (end["probed"] or 0) <= len(exchanges):
        raise ValueError
    remarks = tuple(_texts(end["remarks"]))
    return Part(**opening, exchanges=exchanges, **{**end, "remarks": remarks})


def _exchange(entry: Entry) -> Exchange:
    request = dict(entry["request"])
    _require_keys(request, (f.name for f in fields(Request)))
    list(_texts([request[name] for name in ("query", "method")]))
    purpose, credentials = Purpose(request["purpose"]), Credentials(request["credentials"])
    _require(request["path"], str | None)
    _require(entry["status"], int | None)
    _require(entry["started"], float)
    _require(entry["elapsed"], float)
    failure = entry["failure"]
    if (failure is None) == (entry["status"] is None):
        raise ValueError
    return Exchange(
        number=entry["number"],
        request=Request(**{**request, "purpose": purpose, "credentials": credentials}),
        status=entry["status"],
        headers=tuple((name, value) for name, value in map(_texts, entry["headers"])),
        content=_content(entry),
        failure=None if failure is None else Failure(FailureKind(failure["kind"]), str(failure["text"])),
        started=entry["started"],
        elapsed=entry["elapsed"],
        attempts=tuple(Attempt(str(a["why"]), float(a["waited"])) for a in entry["attempts"]),
    )


def _content(entry: Entry) -> bytes:
    if "content" in entry:
        return str(entry["content"]).encode("utf-8")
    return base64.b64decode(entry["content_base64"], validate=True)


def _require(value: object, kind: Any) -> None:
    # `True` is an int to Python, and a whole number of seconds a float to nobody else.
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not fits:
        raise TypeError


def _require_keys(entry: Mapping[str, Any], names: Iterable[str]) -> None:
    if set(entry) != set(names):
        raise KeyError


def _texts(values: list[Any]) -> Iterator[str]:
    for value in values:
        _require(value, str)
        yield value
