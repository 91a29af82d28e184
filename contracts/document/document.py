"""The OpenAPI document: loads and validates it, hands out its sentences and its schemas.

This module knows no network. It refuses a document that cannot be used, with the place and the
fault, so that a typo stops the run before the first request and never weakens a verdict.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from contracts.files import read_file
from contracts.model import NEW_PATH, OLD_PATH, EvidenceClass, Level, Requirement, UserError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError
    from yaml import Node

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LONGEST_VALUE = 80  # characters of a value that a problem shows

_NEEDED_KEYS = ("id", "level", "text", "source", "evidence")
_OPTIONAL_KEYS = ("behaviours", "untested")
_ID = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")
_MOST_BYTES = 4 * 2**20
_MOST_NODES = 200_000
_MOST_BITS = 256  # of an integer that is shown in digits
_ABSENT = object()
_STRING_TAG = "tag:yaml.org,2002:str"
_JSON_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))
_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)

# Date-times that are legal beyond doubt; jsonschema-rs matches them without coming back to Python for each.
_USUAL_DATE_TIME = (
    "^(?:[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|"
    "(?:0[13578]|1[02])-31)|[0-9]{2}(?:0[48]|[2468][048]|[13579][26])-02-29)"
    "T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$"
)

_Choice = TypeVar("_Choice", bound=StrEnum)


class DocumentError(UserError):
    """The document cannot be used; the text says which file, where in it, and what is wrong."""


class _FaultError(Exception):
    """What is wrong at a place in the document; `load` adds the file."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"at {place}: {what}" if place else what)


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where an instance does not conform to a schema.

    `pointer` is a JSON Pointer (RFC 6901) into the instance, `schema_pointer` one into the document.
    `value` is the value at that place, `demanded` the value of the schema's keyword.
    """

    message: str
    pointer: str
    schema_pointer: str
    keyword: str
    expected: str
    got: str
    is_null_array: bool
    value: object = None
    demanded: object = None


@dataclass(frozen=True, slots=True)
class Document:
    """A valid document: its requirements in their order, and the validators of its response schemas."""

    raw: Mapping[str, object] = field(repr=False)
    requirements: tuple[Requirement, ...]
    path: Path
    sha256: str
    _success: SchemaJudge = field(repr=False, compare=False)
    _error: SchemaJudge = field(repr=False, compare=False)

    def success(self) -> SchemaJudge:
        """The judge of a 200's content."""
        return self._success

    def error(self) -> SchemaJudge:
        """The judge of a refusal's content, in the documented error form."""
        return self._error

    def statuses(self) -> frozenset[int | str]:
        """The documented statuses; a range such as `4XX` is a string."""
        names = map(str, _mapping(*_at(self.raw, ("paths", OLD_PATH, "get", "responses"))))
        return frozenset(int(name) if name.isdecimal() else name for name in names)

    def documents(self, status: int) -> bool:
        """Whether the document has that status, by itself or in a range."""
        return not self.statuses().isdisjoint({status, f"{status // 100}XX", "default"})


class SchemaJudge:
    """Judges instances by one schema of the document.

    jsonschema-rs accepts valid instances fast, jsonschema explains the invalid ones. Both see the same
    standalone schema and the same date-times. Instances whose date-times are all of the usual form are
    accepted faster still, by a schema that has a pattern instead of the format.
    """

    def __init__(self, raw: Mapping[str, object], place: str) -> None:
        import jsonschema_rs

        self._schema = _standalone(raw, place)
        self._usual = jsonschema_rs.Draft202012Validator(_with_usual_times(self._schema))
        self._fast = _fast_validator(self._schema)
        self._fast_by_ref: dict[str, Any] = {}

    @cached_property
    def _slow(self) -> Draft202012Validator:
        from jsonschema import Draft202012Validator, FormatChecker
        from jsonschema.validators import extend

        formats = FormatChecker(formats=())
        formats.checks("date-time")(lambda value: not isinstance(value, str) or is_rfc3339(value))
        keywords = {"items": partial(self._items, Draft202012Validator)}
        kind: type[Draft202012Validator] = extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
        return kind(self._schema, format_checker=formats)

    def _items(self, usual: Any, slow: Any, items: Any, instance: Any, schema: Any) -> Iterable[Any]:
        """The keyword `items`, which skips those that jsonschema-rs accepts: they have no problem."""
        refers = isinstance(items, dict) and items.keys() == {"$ref"} and "prefixItems" not in schema
        if not refers or not isinstance(instance, list):
            return usual.VALIDATORS["items"](slow, items, instance, schema)  # type: ignore[no-any-return]
        if items["$ref"] not in self._fast_by_ref:
            self._fast_by_ref[items["$ref"]] = _fast_validator({**self._schema, **items})
        fast = self._fast_by_ref[items["$ref"]]
        odd = ((at, item) for at, item in enumerate(instance) if not _is_valid(fast, item))
        return (error for at, item in odd for error in slow.descend(item, items, path=at))

    def accepts(self, instance: object) -> bool:
        """Whether the instance conforms to the schema.

        A no of jsonschema-rs counts only if jsonschema agrees: the former refuses what it cannot represent,
        such as integers of thousands of digits. So an instance that is not accepted always has problems.
        """
        return self._fast_accepts(instance) or bool(self._slow.is_valid(instance))

    def _fast_accepts(self, instance: object) -> bool:
        return _is_valid(self._usual, instance) or _is_valid(self._fast, instance)

    def problems(self, instance: object, limit: int = 20) -> list[Problem]:
        """Where the instance does not conform to the schema: the first `limit` places."""
        return [self._problem(error) for error in islice(self._slow.iter_errors(instance), limit)]

    def _problem(self, error: ValidationError) -> Problem:
        pointer = _pointer(error.absolute_path)
        expected, got = _expected(error), _got(error)
        return Problem(
            message=f"{pointer or 'the content'}: expected {expected}, got {got}",
            pointer=pointer,
            schema_pointer=_at(self._schema, error.absolute_schema_path)[0],
            keyword=str(error.validator),
            expected=expected,
            got=got,
            is_null_array=error.validator == "type" and error.instance is None and "array" in _types(error),
            value=error.instance,
            demanded=error.validator_value,
        )


def document_path() -> Path:
    """The file of the bundled document: package data where installed, `openapi/` in a checkout."""
    here = Path(__file__).resolve().parents[1]
    bundled = here / "openapi" / "access-profiles.yaml"
    return bundled if bundled.is_file() else here.parent / "openapi" / "access-profiles.yaml"


def load(path: Path | None = None) -> Document:
    """The document in that file, the bundled one by default, or DocumentError if it cannot be used."""
    path = path or document_path()
    content = read_file(path, at_most=_MOST_BYTES)
    try:
        return _document(_parse(content), path, hashlib.sha256(content).hexdigest())
    except RecursionError as error:
        raise DocumentError(f"{path}: nests too deeply, or something in it leads back to itself") from error
    except _FaultError as fault:
        raise DocumentError(f"{path}: {fault}") from fault


def is_rfc3339(text: str) -> bool:
    """Whether the text is a date-time as RFC 3339, section 5.6, has it.

    The year 0000, any number of decimals and lower-case `t` and `z` are legal, and so is the second 60 in
    the last minute of a day in UTC, where leap seconds are inserted.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return False
    year, month, day, hour, minute, second = map(int, match.group(1, 2, 3, 4, 5, 6))
    offset_hour, offset_minute = (int(part or 0) for part in match.group(8, 9))
    if not (1 <= month <= 12 and 1 <= day <= _days(year, month) and max(hour, offset_hour) <= 23):
        return False
    if max(minute, offset_minute) > 59 or second > 60:
        return False
    offset = (offset_hour * 60 + offset_minute) * (-1 if match[7] == "-" else 1)
    return second < 60 or (hour * 60 + minute - offset) % 1440 == 1439


def _days(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


# From bytes to a document.


def _parse(content: bytes) -> Mapping[str, object]:
    import yaml

    kind = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Counted first, because the nodes of a large document take much more memory than its text.
        if sum(1 for _ in islice(yaml.parse(content, kind), _MOST_NODES)) == _MOST_NODES:
            raise _FaultError("", f"has more than {_MOST_NODES:,} values")
        loader = kind(content)
        node = loader.get_single_node()
        if node is None:
            raise _FaultError("", "is empty")
        _check_node(node, "", iter(range(_MOST_NODES)))
        return _mapping("", loader.construct_document(node))
    except (yaml.YAMLError, ValueError) as error:
        raise _FaultError("", f"is no YAML: {_one_line(str(error))}") from error


def _check_node(node: Node, place: str, budget: Iterator[int]) -> None:
    """Refuses what JSON has no form for, and a key that stands twice, of which YAML loaders keep the last.

    Aliases are followed, so that `budget` ends for those that multiply.
    """
    import yaml

    if next(budget, None) is None:
        raise _FaultError(place, f"has more than {_MOST_NODES:,} values, those of its aliases included")
    if isinstance(node, yaml.MappingNode):
        _check_names([key for key, _ in node.value], place)
        for key, value in node.value:
            _check_reference(key, value, place)
            _check_node(value, _below(place, key.value), budget)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            _check_node(item, _below(place, number), budget)
    elif node.tag not in _JSON_TAGS:
        raise _FaultError(place, f"line {_line(node)}: `{_cut(node.value)}` must be quoted")


def _check_names(keys: Sequence[Node], place: str) -> None:
    seen: set[str] = set()
    for key in keys:
        if key.tag != _STRING_TAG:
            raise _FaultError(place, f"line {_line(key)}: the key `{_cut(str(key.value))}` must be quoted")
        if key.value in seen:
            raise _FaultError(place, f"line {_line(key)}: the key `{key.value}` stands twice")
        seen.add(key.value)


def _check_reference(key: Node, value: Node, place: str) -> None:
    """Refuses references to other files and hosts: nothing but this file is read."""
    if key.value == "$ref" and isinstance(value.value, str) and not value.value.startswith("#/"):
        raise _FaultError(place, f"line {_line(value)}: a reference has to start with `#/`")


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _document(raw: Mapping[str, object], path: Path, sha256: str) -> Document:
    _check_version(raw)
    for served in (OLD_PATH, NEW_PATH):
        _mapping(*_at(raw, ("paths", served, "get")))
    requirements = _requirements(*_at(raw, ("paths", OLD_PATH, "get", "x-requirements")))
    _check_schemas(raw)
    success, error = (_response_judge(raw, status) for status in ("200", "400"))
    return Document(raw, requirements, path, sha256, success, error)


def _check_version(raw: Mapping[str, object]) -> None:
    place, version = _at(raw, ("openapi",))
    if not (isinstance(version, str) and version.startswith("3.1.")):
        raise _FaultError(place, f"expected a version 3.1, got {_shown(version)}")


def _check_schemas(raw: Mapping[str, object]) -> None:
    import jsonschema_rs

    place, schemas = _at(raw, ("components", "schemas"))
    schema = {"$schema": DIALECT, "$defs": _mapping(place, schemas)}
    try:
        jsonschema_rs.meta.validate(schema)
    except jsonschema_rs.ValidationError as error:
        steps = tuple(error.instance_path)[1:]  # without `$defs`
        raise _no_schema(place + _pointer(steps), error.message) from error


def _response_judge(raw: Mapping[str, object], status: str) -> SchemaJudge:
    import jsonschema_rs

    response = ("paths", OLD_PATH, "get", "responses", status)
    place, schema = _at(raw, (*response, "content", "application/json", "schema"))
    _mapping(place, schema)
    try:
        return SchemaJudge(raw, place)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
        raise _no_schema(place, str(error)) from error


def _no_schema(place: str, why: str) -> _FaultError:
    return _FaultError(place, f"is no valid JSON Schema: {_cut(_one_line(why))}")


def _standalone(raw: Mapping[str, object], place: str) -> dict[str, object]:
    """A JSON Schema that is the one at that place, with all that it may refer to where it stood."""
    roots = {"components", place.split("/")[1]}
    return {"$schema": DIALECT, "$ref": f"#{place}", **{root: raw[root] for root in roots if root in raw}}


def _fast_validator(schema: dict[str, Any]) -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        schema, formats={"date-time": is_rfc3339}, validate_formats=True
    )


def _is_valid(fast: Any, instance: object) -> bool:
    """Whether jsonschema-rs accepts the instance; False for one that it cannot represent."""
    try:
        return bool(fast.is_valid(instance))
    except ValueError:
        return False


def _with_usual_times(schema: Any) -> Any:
    """The same schema, a pattern for the usual date-times in the place of their format.

    What it accepts, the schema accepts; `enum` and `const` hold values and no schemas.
    """
    if isinstance(schema, list):
        return [_with_usual_times(inner) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    changed = {
        key: value if key in ("enum", "const") else _with_usual_times(value) for key, value in schema.items()
    }
    if changed.get("format") == "date-time":
        changed["allOf"] = [*changed.get("allOf", ()), {"pattern": _USUAL_DATE_TIME}]
    return changed


# The catalogue.


def _requirements(place: str, entries: object) -> tuple[Requirement, ...]:
    if not isinstance(entries, list):
        raise _FaultError(place, f"expected a list, got {_shown(entries)}")
    if not entries:
        raise _FaultError(place, "has no requirement in it")
    requirements = tuple(_requirement(f"{place}/{n}", entry) for n, entry in enumerate(entries))
    seen: set[str] = set()
    for n, requirement in enumerate(requirements):
        if requirement.id in seen:
            raise _FaultError(f"{place}/{n}/id", f"the id {requirement.id} stands twice")
        seen.add(requirement.id)
    return requirements


def _requirement(place: str, entry: object) -> Requirement:
    item = _mapping(place, entry)
    _check_keys(place, item)
    return Requirement(
        id=_id(f"{place}/id", item["id"]),
        level=_choice(f"{place}/level", item["level"], Level),
        text=_text(f"{place}/text", item["text"]),
        source=_text(f"{place}/source", item["source"]),
        evidence=_choice(f"{place}/evidence", item["evidence"], EvidenceClass),
        behaviours=_behaviours(f"{place}/behaviours", item["behaviours"]) if "behaviours" in item else (),
        untested=_text(f"{place}/untested", item["untested"]) if "untested" in item else None,
    )


def _check_keys(place: str, item: Mapping[str, object]) -> None:
    for key in item:
        if key not in (*_NEEDED_KEYS, *_OPTIONAL_KEYS):
            raise _FaultError(_below(place, key), "no such key is known")
    for key in _NEEDED_KEYS:
        if key not in item:
            raise _FaultError(place, f"the key `{key}` is missing")


def _id(place: str, value: object) -> str:
    text = _text(place, value)
    if not _ID.fullmatch(text):
        raise _FaultError(place, f"expected capitals and digits joined by hyphens, got {_shown(value)}")
    return text


def _choice(place: str, value: object, kind: type[_Choice]) -> _Choice:
    for choice in kind:
        if value == choice.value:
            return choice
    raise _FaultError(place, f"expected {_either(kind)}, got {_shown(value)}")


def _behaviours(place: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise _FaultError(place, f"expected a list of behaviours, got {_shown(value)}")
    return tuple(_text(f"{place}/{n}", item) for n, item in enumerate(value))


def _text(place: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _FaultError(place, f"expected a text, got {_shown(value)}")
    return value.strip()


# Places: JSON Pointers, and what stands there.


def _at(raw: Mapping[str, object], steps: Iterable[str | int]) -> tuple[str, object]:
    """Where these steps lead from the top of the document, through references, and what stands there."""
    place: str = ""
    node: object = raw
    for step in steps:
        place, node = _behind_references(raw, place, node, step)
        place, node = _below(place, step), _child(node, step)
        if node is _ABSENT:
            raise _FaultError(place, "is missing")
    return place, node


def _behind_references(
    raw: Mapping[str, object], place: str, node: object, step: str | int
) -> tuple[str, object]:
    """The node that this one refers to, unless it refers to none or has the step itself."""
    reference = _child(node, "$ref")
    if not isinstance(reference, str) or _child(node, step) is not _ABSENT:
        return place, node
    target = [name.replace("~1", "/").replace("~0", "~") for name in reference[2:].split("/")]
    return _behind_references(raw, *_at(raw, target), step)


def _child(node: object, step: str | int) -> object:
    if isinstance(node, Mapping):
        return node.get(step, _ABSENT)
    if isinstance(node, list) and str(step).isdecimal() and int(step) < len(node):
        return node[int(step)]
    return _ABSENT


def _mapping(place: str, value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise _FaultError(place, f"expected a mapping, got {_shown(value)}")
    return value


def _pointer(steps: Iterable[str | int]) -> str:
    return "".join(_below("", step) for step in steps)


def _below(place: str, step: str | int) -> str:
    return f"{place}/{str(step).replace('~', '~0').replace('/', '~1')}"


# Texts for people: what was expected and received, without dumping it.

_KINDS = {
    "array": "an array",
    "boolean": "a boolean",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def _expected(error: ValidationError) -> str:
    value: Any = error.validator_value
    match error.validator:
        case "type":
            return _either(_KINDS.get(name, name) for name in _types(error))
        case "required":
            return f"member `{_missing_member(error)}` present"
        case "enum":
            return _either(_cut(json.dumps(choice, ensure_ascii=False)) for choice in value)
        case "minimum":
            return f"at least {value}"
        case "maximum":
            return f"at most {value}"
        case "minLength":
            return "a string that is not empty" if value == 1 else f"a string of at least {value} characters"
        case "format" if value == "date-time":
            return "a string in RFC 3339 date-time form"
    return f"{error.validator} {_shown(value)}"


def _got(error: ValidationError) -> str:
    return "none" if error.validator == "required" else _shown(error.instance)


def _types(error: ValidationError) -> Sequence[str]:
    value = error.validator_value
    return [value] if isinstance(value, str) else value if isinstance(value, list) else []


def _missing_member(error: ValidationError) -> str:
    """The member that this error is about; jsonschema names it in the message alone."""
    names: Any = error.validator_value
    return next((str(name) for name in names if error.message.startswith(repr(name))), "?")


def _either(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f'the string "{_cut(value)}"'
    if isinstance(value, list):
        return f"an array of {len(value)} {'item' if len(value) == 1 else 'items'}"
    if isinstance(value, Mapping):
        return f"an object of {len(value)} {'member' if len(value) == 1 else 'members'}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"an integer of {value.bit_length()} bits"
    return f"the number {value}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())
