"""Recordings without the vendor's words: strings and ids become keyed tokens, and every verdict stays.

A token replaces a word (letters and digits) by another of the same length, letter case and kinds of
characters, the same for the same word wherever it stands, in contents and queries alike. So equality stays,
and so do length, punctuation, letter case and, for what was asked for, that it is a part of a tag or name.
The key is drawn for one recording and thrown away.

What the probes choose depends on the words themselves, so nobody can ask them again afterwards: the exchanges
of the probes are checked as they are, and completeness is then the vendor's word. The repetitions follow from
the responses alone, so they are derived again as in any recording.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from contracts.evidence.recording import Part, Recording
from contracts.evidence.search import UNKNOWN_WORD
from contracts.evidence.tagged import UNKNOWN_TAG
from contracts.judging.catalogue import Catalogue
from contracts.model import Exchange, Request, Result, UserError
from contracts.runs import replay

_KEYS = 20  # tried at most: tokens of short words may, by accident, stand in a relation that the words do not
_TRIES = 5_000

_WORD = re.compile(r"[A-Za-z0-9]+|(?:(?![\x00-\x7f])\w)+")
_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?', re.DOTALL)
_COLON = re.compile(r"\s*:")
_ESCAPES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]|\\", re.DOTALL
)
_WHOLE = re.compile(r"-?([0-9]+)(?:\.0+)?")
_SCOPE = re.compile(r"total$|provider:")

_ID = re.compile(r"(?:.*_)?ids?")
# Times, durations and words of the documentation: nobody's names, and checks read what they say.
_KEPT = re.compile(r".*_at|.*last_reset|.*reset_duration|action")
_KEPT_HEADERS = frozenset(
    {
        "allow",
        "cache-control",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "deprecation",
        "link",
        "location",
        "retry-after",
        "vary",
        "www-authenticate",
    }
)
_LIST = b'"access_profiles"'
_SMALL = "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþ"
_CASELESS = "".join(map(chr, range(0x4E00, 0x4E00 + 2_000)))
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"


def redacted(
    recording: Recording, result: Result, catalogue: Catalogue, key: bytes | None = None
) -> tuple[Recording, Result]:
    """The recording with tokens in it, and its result, which has the same verdicts. Raises UserError."""
    probed = replay.with_probed(recording, catalogue)
    wanted = _outcomes(result)
    for attempt in range(_KEYS):
        own = secrets.token_bytes(32) if key is None else key + bytes([attempt])
        made = _with_tokens(probed, own)
        again = None if made is None else _replayed(made, catalogue)
        if made is not None and again is not None and _outcomes(again) == wanted:
            return made, again
    raise UserError(
        "The words of this deployment cannot be replaced without changing a verdict: no --redact."
    )


def _replayed(recording: Recording, catalogue: Catalogue) -> Result | None:
    """None where tokens lead to other repetitions than words."""
    try:
        return replay.replay(recording, catalogue)
    except replay.Diverged:
        return None


def _outcomes(result: Result) -> list[tuple[str, str, str | None]]:
    return [(v.requirement.id, v.outcome.value, v.blocked_by) for v in result.verdicts]


def _with_tokens(recording: Recording, key: bytes) -> Recording | None:
    """None where the tokens of this key run out."""
    exchanges = [exchange for part in recording.parts for exchange in part.exchanges]
    words = _collected(exchanges)
    tokens = _Tokens(key)
    if not tokens.assign(words):
        return None
    parts = tuple(_part(part, tokens) for part in recording.parts)
    return replace(recording, redacted=True, parts=parts)


def _part(part: Part, tokens: _Tokens) -> Part:
    return replace(part, exchanges=tuple(_exchange(exchange, tokens) for exchange in part.exchanges))


def _exchange(exchange: Exchange, tokens: _Tokens) -> Exchange:
    headers = tuple((n, v if n.lower() in _KEPT_HEADERS else tokens.alone(v)) for n, v in exchange.headers)
    return replace(
        exchange,
        request=_request(exchange.request, tokens),
        headers=headers,
        content=_content(exchange.content, tokens),
    )


# --- words and tokens ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Words:
    """The words of a recording: all of the data, those of tags and names, and those asked for."""

    data: dict[str, None] = field(default_factory=dict)
    found_by: dict[str, None] = field(default_factory=dict)
    first: dict[str, None] = field(default_factory=dict)  # with which a tag begins
    asked: dict[str, None] = field(default_factory=dict)
    ids: dict[str, None] = field(default_factory=dict)


def _fold(word: str) -> str:
    lower = word.lower()
    return lower if len(lower) == len(word) else word


def _words(text: str) -> Iterator[str]:
    return (_fold(found[0]) for found in _WORD.finditer(text))


def _collected(exchanges: Iterable[Exchange]) -> _Words:
    words = _Words()
    for exchange in exchanges:
        if _LIST in exchange.content:
            _rewritten(
                _text(exchange.content), lambda key, text: _note(words, key, text), words.ids.setdefault
            )
        for value in _values(exchange.request.query):
            for item in value.split(","):
                if not item.startswith((UNKNOWN_TAG, UNKNOWN_WORD)):
                    words.asked |= dict.fromkeys(_words(item))
    return words


def _note(words: _Words, key: str, text: str) -> str:
    found = dict.fromkeys(_words(text))
    words.data |= found
    if key in ("tags", "name"):
        words.found_by |= found
    if key == "tags":
        words.first |= dict.fromkeys(itertools.islice(found, 1))
    return text


class _Tokens:
    """The token of each word and of each id, all different where the words are."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._tokens: dict[str, str] = {}
        self._ids: dict[str, str] = {}

    def assign(self, words: _Words) -> bool:
        """Gives a token to all words that come from the data; False where there are too few."""
        links = _Links()
        for word in words.data:
            links.add(word)
        for word in words.asked:
            _link(word, words, links)
        used: set[str] = set(words.asked) - links.words  # the suite's own words stay as they are
        groups = sorted(links.groups(), key=lambda group: (len(min(group, key=len)), group))
        return all(self._assign_group(group, links, used) for group in groups) and self._assign_ids(words)

    def _assign_group(self, group: list[str], links: _Links, used: set[str]) -> bool:
        for attempt in range(_TRIES):
            made = [self._made(word, links, attempt) for word in group]
            if len({*made}) == len(made) and used.isdisjoint(made):
                used.update(made)
                self._tokens |= dict(zip(group, made, strict=True))
                return True
        return False

    def _assign_ids(self, words: _Words) -> bool:
        used: set[str] = set()
        for digits in words.ids:
            made = (self._id(digits, attempt) for attempt in range(_TRIES))
            token = next((one for one in made if one not in used), None)
            if token is None:
                return False
            used.add(token)
            self._ids[digits] = token
        return True

    def _id(self, digits: str, attempt: int) -> str:
        """As many digits, none of them leading zeros, and no number beyond 64 bits that was none before."""
        if digits == "0":
            return digits
        firsts = "12345678" if len(digits) == 19 else "123456789"
        kept = digits[:4] if len(digits) > 19 else self._pick(firsts, "id", digits, attempt, 0)
        rest = (self._pick(_DIGITS, "id", digits, attempt, n) for n in range(len(kept), len(digits)))
        return kept + "".join(rest)

    def _made(self, word: str, links: _Links, attempt: int) -> str:
        made = []
        for position, character in enumerate(word):
            root, place = links.root((word, position))
            made.append(self._pick(_alphabet(character), "word", root, attempt, place))
        return "".join(made)

    def _pick(self, alphabet: str, *what: object) -> str:
        digest = hmac.digest(self._key, repr(what).encode("utf-8", "surrogatepass"), hashlib.sha256)
        return alphabet[int.from_bytes(digest[:8], "big") % len(alphabet)]

    def id(self, digits: str) -> str:
        """The token of a whole number that is an id."""
        return self._ids.get(digits, digits)

    def text(self, text: str) -> str:
        """The text with a token for each word of the data, of the same length."""
        return _WORD.sub(lambda found: self._word(found[0]), text)

    def alone(self, text: str) -> str:
        """The text with nothing left but the tokens of the data's words: a header may name a profile."""
        if not any(_fold(word) in self._tokens for word in _WORD.findall(text)):
            return "redacted"
        return _WORD.sub(lambda found: self._word(found[0], unknown="x" * len(found[0])), text)

    def _word(self, word: str, unknown: str | None = None) -> str:
        token = self._tokens.get(_fold(word))
        if token is None:
            return word if unknown is None else unknown
        return "".join(n.upper() if o.isupper() else n for o, n in zip(word, token, strict=True))


def _alphabet(character: str) -> str:
    if character.isascii():
        return _DIGITS if character.isdigit() else _LETTERS
    return _SMALL if character.lower() != character.upper() else _CASELESS


def _link(word: str, words: _Words, links: _Links) -> None:
    """What was asked for stays a part of the tags and names that it is a part of."""
    if len(word) == 1:
        for other in words.first:  # asked for as a pattern: the first letter and a wildcard
            if other.startswith(word):
                links.join((word, 0), (other, 0))
        return
    for other in words.found_by:
        start = other.find(word)
        while start >= 0 and other != word:
            for position in range(len(word)):
                links.join((word, position), (other, start + position))
            start = other.find(word, start + 1)


_Place = tuple[str, int]


class _Links:
    """Which places of which words must have the same character (union and find)."""

    def __init__(self) -> None:
        self.words: set[str] = set()
        self._parent: dict[_Place, _Place] = {}

    def add(self, word: str) -> None:
        self.words.add(word)

    def root(self, place: _Place) -> _Place:
        while place in self._parent:
            place = self._parent[place]
        return place

    def join(self, one: _Place, other: _Place) -> None:
        self.words |= {one[0], other[0]}
        first, second = sorted((self.root(one), self.root(other)))
        if first != second:
            self._parent[second] = first

    def groups(self) -> Iterator[list[str]]:
        """Words that hang together, directly or through others."""
        by_root: defaultdict[_Place, list[str]] = defaultdict(list)
        for word in sorted(self.words):
            for position in range(len(word)):
                by_root[self.root((word, position))].append(word)
        near: defaultdict[str, set[str]] = defaultdict(set)
        for together in by_root.values():
            for one in together:
                near[one].update(together)
        seen: set[str] = set()
        for word in sorted(self.words):
            if word not in seen:
                group = _reachable(word, near)
                seen |= group
                yield sorted(group)


def _reachable(word: str, near: dict[str, set[str]]) -> set[str]:
    found, pending = {word}, [word]
    while pending:
        more = near[pending.pop()] - found
        found |= more
        pending.extend(more)
    return found


# --- contents --------------------------------------------------------------------------------------


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _content(content: bytes, tokens: _Tokens) -> bytes:
    text = _text(content)
    if text.lstrip()[:1] in ("{", "["):
        text = _rewritten(text, lambda _, found: tokens.text(found), lambda digits, _: tokens.id(digits))
    else:
        text = tokens.text(text)
    return text.encode("utf-8", "surrogateescape")


def _rewritten(
    text: str, change: Callable[[str, str], str], number: Callable[[str, None], str | None]
) -> str:
    """The JSON text with its strings and ids changed and all else byte for byte, well-formed or not."""
    made, last, key = [], 0, ""
    for found in _JSON.finditer(text):
        made.append(text[last : found.start()])
        last = found.end()
        lexeme = found[0]
        if lexeme[0] != '"':
            made.append(_number(lexeme, number) if _ID.fullmatch(key) else lexeme)
        elif _COLON.match(text, last):
            key = lexeme[1:-1]
            made.append(lexeme)
        else:
            made.append(lexeme if _KEPT.fullmatch(key) else f'"{_string(key, lexeme[1:-1], change)}"')
    return "".join([*made, text[last:]])


def _number(lexeme: str, number: Callable[[str, None], str | None]) -> str:
    found = _WHOLE.fullmatch(lexeme)
    if found is None:
        return lexeme
    return lexeme[: found.start(1)] + (number(found[1], None) or found[1]) + lexeme[found.end(1) :]


def _string(key: str, raw: str, change: Callable[[str, str], str]) -> str:
    """A JSON string with its characters changed one for one, each escaped as the one that stood there."""
    if key == "scope":
        kept = _SCOPE.match(raw)
        head = kept[0] if kept else ""
        return head + _string("", raw[len(head) :], change)
    units = _ESCAPES.findall(raw)
    characters = [_character(unit) for unit in units]
    changed = change(key, "".join(characters))
    return "".join(map(_escaped_alike, units, characters, changed))


_SHORT = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _character(unit: str) -> str:
    if unit[:2] == "\\u":
        codes = [int(code, 16) for code in unit.split("\\u")[1:]]
        if len(codes) == 2:
            return chr(0x10000 + ((codes[0] - 0xD800) << 10) + (codes[1] - 0xDC00))
        return chr(codes[0])
    return _SHORT.get(unit[1], unit[1]) if len(unit) == 2 else unit


def _escaped_alike(unit: str, before: str, after: str) -> str:
    if before == after:
        return unit
    return f"\\u{ord(after):04x}" if unit.startswith("\\u") else after


# --- queries ---------------------------------------------------------------------------------------

_FILTERS = ("tags", "search")
_BYTE = re.compile(r"%[0-9A-Fa-f]{2}|[^%]")


def _request(request: Request, tokens: _Tokens) -> Request:
    parts = (part.partition("=") for part in request.query.split("&"))
    changed = (n + equals + (_value(v, tokens) if n in _FILTERS else v) for n, equals, v in parts)
    return replace(request, query="&".join(changed))


def _values(query: str) -> Iterator[str]:
    for name, _, value in (part.partition("=") for part in query.split("&")):
        units = _units(value) if name in _FILTERS else None
        if units is not None:
            yield "".join(character for _, character in units)


def _value(raw: str, tokens: _Tokens) -> str:
    units = _units(raw)
    if units is None:  # no text: the suite made it up
        return raw
    items = "".join(character for _, character in units).split(",")
    made = (one if one.startswith((UNKNOWN_TAG, UNKNOWN_WORD)) else tokens.text(one) for one in items)
    pairs = zip(units, ",".join(made), strict=True)
    return "".join(_encoded_alike(unit, before, after) for (unit, before), after in pairs)


def _units(raw: str) -> list[tuple[str, str]] | None:
    """The characters of a value, each with its spelling; None where it is not percent-encoded UTF-8."""
    pieces = _BYTE.findall(raw)
    if "".join(pieces) != raw:
        return None
    units: list[tuple[str, str]] = []
    pending: list[str] = []
    for piece in pieces:
        pending.append(piece)
        content = b"".join(map(_byte, pending))
        try:
            units.append(("".join(pending), content.decode("utf-8")))
        except UnicodeDecodeError:
            continue
        pending.clear()
    return None if pending else units


def _byte(piece: str) -> bytes:
    if piece[0] == "%":
        return bytes([int(piece[1:], 16)])
    return b" " if piece == "+" else piece.encode("utf-8")


def _encoded_alike(unit: str, before: str, after: str) -> str:
    if before == after:
        return unit
    if unit.startswith("%"):
        return "".join(f"%{byte:02X}" for byte in after.encode("utf-8"))
    return after
