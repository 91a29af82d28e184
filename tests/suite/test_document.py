"""The OpenAPI document, its schemas and sentences, and what is said of a document with a fault."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.document import document
from contracts.document.document import Document, DocumentError, SchemaJudge, is_rfc3339, load
from contracts.model import NEW_PATH, OLD_PATH, EvidenceClass, Level, UserError

DOCUMENT = load()
RAW: Mapping[str, Any] = DOCUMENT.raw
SCHEMAS = RAW["components"]["schemas"]
OPERATION = RAW["paths"][OLD_PATH]["get"]
EXAMPLE = RAW["components"]["examples"]["AccessProfilePage"]["value"]
SUCCESS, ERROR = DOCUMENT.success(), DOCUMENT.error()

Edit = Callable[[Any], object]


def edited(value: Any, edit: Edit) -> Any:
    value = copy.deepcopy(value)
    edit(value)
    return value


def put(*steps: Any) -> Edit:
    """An edit that puts the last of the steps where the others lead."""
    *way, last, new = steps

    def edit(value: Any) -> None:
        for step in way:
            value = value[step]
        value[last] = new

    return edit


def drop(*steps: Any) -> Edit:
    *way, last = steps

    def edit(value: Any) -> None:
        for step in way:
            value = value[step]
        del value[last]

    return edit


def in_profile(edit: Edit) -> Edit:
    return lambda page: edit(page["access_profiles"][0])


# The document.


def test_document_is_valid_openapi() -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator

    OpenAPIV31SpecValidator(dict(RAW)).validate()


def test_schemathesis_reads_both_operations() -> None:
    import schemathesis

    schema = schemathesis.openapi.from_dict(dict(RAW))
    assert {result.ok().label for result in schema.get_all_operations()} == {
        f"GET {OLD_PATH}",
        f"GET {NEW_PATH}",
    }


def test_both_paths_have_the_same_parameters_and_responses_but_for_the_headers_of_the_old_one() -> None:
    old, new = RAW["paths"][OLD_PATH], RAW["paths"][NEW_PATH]
    assert old["parameters"] == new["parameters"]
    assert set(old["get"]["responses"]) == set(new["get"]["responses"])
    page = RAW["components"]["responses"]["AccessProfilePage"]
    assert old["get"]["responses"]["200"]["content"] == page["content"]
    assert set(old["get"]["responses"]["200"]["headers"]) == {"Deprecation", "Link"}
    assert all(old["get"]["responses"][s] == r for s, r in new["get"]["responses"].items() if s != "200")


def test_parameters_are_as_documented() -> None:
    assert {name: parameter["schema"] for name, parameter in RAW["components"]["parameters"].items()} == {
        "limit": {"type": "integer", "minimum": 0},
        "offset": {"type": "integer", "minimum": 0},
        "tags": {"type": "string"},
        "is_active": {"type": "boolean"},
        "search": {"type": "string"},
    }


def test_examples_conform_and_show_every_documented_member() -> None:
    assert SUCCESS.problems(EXAMPLE) == []
    assert ERROR.problems(RAW["components"]["examples"]["BadRequest"]["value"]) == []
    assert json.loads(json.dumps(EXAMPLE)) == EXAMPLE


ALWAYS = {
    "AccessProfilePage": {"access_profiles", "count", "total_count", "limit", "offset"},
    "AccessProfile": {"id", "name", "is_active"},
    "AccessProfile/mcp_tool_groups/items": {"tool_group_id"},
    "AccessProfile/mcp_servers/items": {"mcp_server_id"},
    "ProviderConfig": {"provider_name"},
    "Budget": {"max_limit"},
    "ToolOverride": {"mcp_client_id", "tool_name"},
    "Error": {"error"},
    "Error/error": {"message"},
}

NULLABLE = {
    "AccessProfile/description",
    "AccessProfile/next_rotation_at",
    "AccessProfile/last_rotation_at",
    "RateLimit",
    "RateLimit/token_max_limit",
    "RateLimit/request_max_limit",
}


def subschemas() -> Iterator[tuple[str, Mapping[str, Any]]]:
    todo = list(SCHEMAS.items())
    while todo:
        name, schema = todo.pop()
        yield name, schema
        todo += [(f"{name}/{member}", below) for member, below in schema.get("properties", {}).items()]
        todo += [(f"{name}/items", schema["items"])] if "items" in schema else []


def test_exactly_the_members_that_are_always_there_are_required() -> None:
    assert {name: set(schema["required"]) for name, schema in subschemas() if "required" in schema} == ALWAYS


def test_null_is_legal_exactly_where_it_means_something() -> None:
    assert {name for name, schema in subschemas() if "null" in schema.get("type", ())} == NULLABLE


def test_no_schema_is_closed_or_relies_on_what_the_libraries_judge_differently() -> None:
    known = {"type", "required", "properties", "items", "format", "minimum", "maximum", "minLength", "enum"}
    used = {keyword for _, schema in subschemas() for keyword in schema} - {"$ref", "description"}
    assert used == known
    assert {schema["format"] for _, schema in subschemas() if "format" in schema} == {"date-time"}


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 405, 413, 414, 418, 422, 429, 431, 500, 503])
def test_documented_statuses(status: int) -> None:
    assert DOCUMENT.documents(status)


@pytest.mark.parametrize("status", [100, 201, 204, 301, 304, 501, 502, 504])
def test_undocumented_statuses(status: int) -> None:
    assert not DOCUMENT.documents(status)


def test_statuses_are_numbers_and_ranges() -> None:
    assert {200, 400, 401, 403, 422, 429, 500, 503, "4XX"} <= DOCUMENT.statuses()


def test_what_the_web_server_sends_may_be_of_any_content_type() -> None:
    for status in ("405", "413", "414", "431"):
        assert OPERATION["responses"][status] == {"$ref": "#/components/responses/WebServerRefusal"}
    assert set(RAW["components"]["responses"]["WebServerRefusal"]["content"]) == {"*/*"}


# The catalogue.


def test_requirements_come_in_order_and_typed() -> None:
    assert [r.id for r in DOCUMENT.requirements] == [entry["id"] for entry in OPERATION["x-requirements"]]
    first = DOCUMENT.requirements[0]
    assert (first.id, first.level, first.evidence) == ("SERVED", Level.MUST, EvidenceClass.RESPONSE)
    assert first.untested is None
    assert first.behaviours == ()


@pytest.mark.parametrize("requirement", DOCUMENT.requirements, ids=lambda r: r.id)
def test_sentence_says_its_level_and_ends_like_one(requirement: Any) -> None:
    other = {Level.MUST: "SHOULD", Level.SHOULD: "MUST"}[requirement.level]
    words = requirement.text.replace("`", " ").split()
    assert requirement.level.value in words
    assert other not in words
    assert requirement.text.endswith(".")
    assert "\n" not in requirement.text
    assert all(": " in reading and ", " in reading for reading in requirement.behaviours)


def test_bundled_document_is_the_one_of_the_checkout() -> None:
    assert (
        document.document_path()
        == Path(document.__file__).resolve().parents[2] / "openapi/access-profiles.yaml"
    )
    assert DOCUMENT.path == document.document_path()


def test_installed_document_is_package_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "contracts" / "openapi" / "access-profiles.yaml"
    data.parent.mkdir(parents=True)
    data.write_bytes(DOCUMENT.path.read_bytes())
    monkeypatch.setattr(document, "__file__", str(tmp_path / "contracts" / "document" / "document.py"))
    assert document.document_path() == data.resolve()
    assert load().sha256 == DOCUMENT.sha256


def test_loading_takes_neither_jsonschema_nor_the_network_along() -> None:
    heavy = "{'jsonschema', 'httpx', 'hypothesis', 'schemathesis', 'pytest'}"
    code = (
        f"import sys, contracts.document.document as d; d.load(); print(sorted({heavy} & set(sys.modules)))"
    )
    root = Path(document.__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Documents with a fault.

CATALOGUE = ("paths", OLD_PATH, "get", "x-requirements")
AT_CATALOGUE = "at /paths/~1api~1access-profiles/get/x-requirements"
AT_RESPONSES = "at /paths/~1api~1access-profiles/get/responses"
SUCCESS_CONTENT = ("paths", OLD_PATH, "get", "responses", "200", "content", "application/json")

FAULTS: list[tuple[Edit, str]] = [
    (put("openapi", "3.0.3"), 'at /openapi: expected a version 3.1, got the string "3.0.3"'),
    (put("openapi", 3.1), "at /openapi: expected a version 3.1, got the number 3.1"),
    (drop("openapi"), "at /openapi: is missing"),
    (drop("paths"), "at /paths: is missing"),
    (drop("paths", OLD_PATH), "at /paths/~1api~1access-profiles: is missing"),
    (drop("paths", NEW_PATH), "at /paths/~1api~1governance~1access-profiles: is missing"),
    (drop("paths", OLD_PATH, "get"), "at /paths/~1api~1access-profiles/get: is missing"),
    (
        put("paths", OLD_PATH, "get", 5),
        "at /paths/~1api~1access-profiles/get: expected a mapping, got the number 5",
    ),
    (drop(*CATALOGUE), f"{AT_CATALOGUE}: is missing"),
    (put(*CATALOGUE, []), f"{AT_CATALOGUE}: has no requirement in it"),
    (put(*CATALOGUE, {}), f"{AT_CATALOGUE}: expected a list, got an object of 0 members"),
    (put(*CATALOGUE, None), f"{AT_CATALOGUE}: expected a list, got null"),
    (put(*CATALOGUE, 1, "SERVED"), f'{AT_CATALOGUE}/1: expected a mapping, got the string "SERVED"'),
    (put(*CATALOGUE, 1, "txet", "x"), f"{AT_CATALOGUE}/1/txet: no such key is known"),
    (drop(*CATALOGUE, 1, "text"), f"{AT_CATALOGUE}/1: the key `text` is missing"),
    (drop(*CATALOGUE, 1, "evidence"), f"{AT_CATALOGUE}/1: the key `evidence` is missing"),
    (
        put(*CATALOGUE, 1, "id", "page-count"),
        f'{AT_CATALOGUE}/1/id: expected capitals and digits joined by hyphens, got the string "page-count"',
    ),
    (put(*CATALOGUE, 1, "id", 7), f"{AT_CATALOGUE}/1/id: expected a text, got the number 7"),
    (put(*CATALOGUE, 1, "id", "SERVED"), f"{AT_CATALOGUE}/1/id: the id SERVED stands twice"),
    (
        put(*CATALOGUE, 1, "level", "MAY"),
        f'{AT_CATALOGUE}/1/level: expected MUST or SHOULD, got the string "MAY"',
    ),
    (
        put(*CATALOGUE, 1, "level", []),
        f"{AT_CATALOGUE}/1/level: expected MUST or SHOULD, got an array of 0 items",
    ),
    (
        put(*CATALOGUE, 1, "evidence", "ONE"),
        f'{AT_CATALOGUE}/1/evidence: expected response, order or stable, got the string "ONE"',
    ),
    (put(*CATALOGUE, 1, "text", " "), f'{AT_CATALOGUE}/1/text: expected a text, got the string " "'),
    (put(*CATALOGUE, 1, "source", None), f"{AT_CATALOGUE}/1/source: expected a text, got null"),
    (put(*CATALOGUE, 1, "untested", True), f"{AT_CATALOGUE}/1/untested: expected a text, got true"),
    (
        put(*CATALOGUE, 1, "behaviours", []),
        f"{AT_CATALOGUE}/1/behaviours: expected a list of behaviours, got an array of 0 items",
    ),
    (
        put(*CATALOGUE, 1, "behaviours", [1]),
        f"{AT_CATALOGUE}/1/behaviours/0: expected a text, got the number 1",
    ),
    (drop("paths", OLD_PATH, "get", "responses", "200"), f"{AT_RESPONSES}/200: is missing"),
    (drop(*SUCCESS_CONTENT), f"{AT_RESPONSES}/200/content/application~1json: is missing"),
    (drop(*SUCCESS_CONTENT, "schema"), f"{AT_RESPONSES}/200/content/application~1json/schema: is missing"),
    (
        put(*SUCCESS_CONTENT, "schema", "x"),
        f'{AT_RESPONSES}/200/content/application~1json/schema: expected a mapping, got the string "x"',
    ),
    (drop("paths", OLD_PATH, "get", "responses", "400"), f"{AT_RESPONSES}/400: is missing"),
    (
        drop("components", "responses", "BadRequest", "content"),
        "at /components/responses/BadRequest/content: is missing",
    ),
    (
        put("paths", OLD_PATH, "get", "responses", "400", "$ref", "other.yaml#/x"),
        "a reference has to start with `#/`",
    ),
    (
        put("components", "responses", "BadRequest", {"$ref": "#/components/responses/BadRequest"}),
        "nests too deeply, or something in it leads back to itself",
    ),
    (drop("components", "schemas"), "at /components/schemas: is missing"),
    (
        put("components", "schemas", "Id", "minimum", "0"),
        "at /components/schemas/Id/minimum: is no valid JSON Schema: ",
    ),
    (
        put("components", "schemas", "AccessProfile", "properties", "name", "type", "text"),
        "at /components/schemas/AccessProfile/properties/name/type: is no valid JSON Schema: ",
    ),
    (
        put("components", "schemas", "Id", {"$ref": "http://127.0.0.1:9/x"}),
        "at /components/schemas/Id: line ",
    ),
    (
        drop("components", "schemas", "Budget"),
        f"{AT_RESPONSES}/200/content/application~1json/schema: is no valid JSON",
    ),
    (put("components", "schemas", "Id", "pattern", "("), "is no valid JSON Schema: "),
]


@pytest.mark.parametrize(("edit", "sentence"), FAULTS, ids=[sentence for _, sentence in FAULTS])
def test_document_with_a_fault_is_refused_with_file_place_and_fault(
    edit: Edit, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "faulty.yaml"
    path.write_text(yaml.safe_dump(edited(RAW, edit), sort_keys=False, allow_unicode=True), encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


TEXTS = [
    ("", "is empty"),
    ("- a\n", "expected a mapping, got an array of 1 item"),
    ("{", "is no YAML: "),
    ("a: \x00", "is no YAML: "),
    ("a: !!python/object:x {}", "is no YAML: "),
    ("a: 1\nb: 2\n'a': 3\n", "line 3: the key `a` stands twice"),
    ("a:\n  - b: 1\n    b: 1\n", "at /a/0: line 3: the key `b` stands twice"),
    ("a:\n  200: x\n", "at /a: line 2: the key `200` must be quoted"),
    ("a: {? [b] : c}\n", "must be quoted"),
    ("a: 2023-11-07T05:31:56Z\n", "at /a: line 1: `2023-11-07T05:31:56Z` must be quoted"),
    ("a: &a {b: *a}\n", "leads back to itself"),
]


@pytest.mark.parametrize(("text", "sentence"), TEXTS)
def test_file_that_is_no_document_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "faulty.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        load(path)
    assert sentence in str(caught.value)


def test_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faulty.yaml"
    path.write_bytes(b"a: \xff\xfe\xff")
    with pytest.raises(DocumentError, match="is no YAML"):
        load(path)


def test_file_that_cannot_be_read_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.yaml cannot be read: No such file"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(UserError, match="is not a regular file"):
        load(tmp_path)


def test_untested_and_version_3_1_1_and_an_inline_schema_are_legal(tmp_path: Path) -> None:
    raw = edited(RAW, put(*CATALOGUE, 0, "untested", "No deployment shows it."))
    raw["openapi"] = "3.1.1"
    content = raw["paths"][OLD_PATH]["get"]["responses"]["200"]["content"]["application/json"]
    content["schema"] = {
        "type": "object",
        "required": ["count"],
        "properties": {"count": {"type": "integer"}},
    }
    path = tmp_path / "other.yaml"
    path.write_text(yaml.safe_dump(raw), encoding="utf-8")
    other: Document = load(path)
    assert other.requirements[0].untested == "No deployment shows it."
    assert other.success().accepts({"count": 1})
    [problem] = other.success().problems({"count": "1"})
    assert problem.schema_pointer.endswith("/200/content/application~1json/schema/properties/count/type")


# Date-times.

LEGAL_TIMES = [
    "2023-11-07T05:31:56Z",
    "0001-01-01T00:00:00Z",
    "0000-02-29T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    "2023-11-07t05:31:56z",
    "2023-11-07T05:31:56.1Z",
    "2023-11-07T05:31:56.12345678901234567890Z",
    "2023-11-07T05:31:56+05:45",
    "2023-11-07T05:31:56-23:59",
    "2023-11-07T05:31:56+23:59",
    "2023-11-07T05:31:56-00:00",
    "2024-02-29T00:00:00Z",
    "2000-02-29T00:00:00Z",
    "1998-12-31T23:59:60Z",
    "1998-12-31T15:59:60.123-08:00",
    "1999-01-01T05:29:60+05:30",
]
ILLEGAL_TIMES = [
    "",
    "2023-11-07",
    "2023-11-07T05:31:56",
    "2023-11-07 05:31:56Z",
    "2023-11-07T05:31Z",
    "2023-11-07T05:31:56.Z",
    "2023-11-07T05:31:56,5Z",
    "2023-11-07T05:31:56+0100",
    "2023-11-07T05:31:56+01",
    "2023-11-07T05:31:56+24:00",
    "2023-11-07T05:31:56+01:60",
    "2023-11-07T05:31:56 Z",
    "2023-11-07T05:31:56Z\n",
    " 2023-11-07T05:31:56Z",
    "2023-11-07T24:00:00Z",
    "2023-11-07T05:60:00Z",
    "2023-11-07T05:31:61Z",
    "2023-11-07T05:31:60Z",
    "1998-12-31T23:59:60+01:00",
    "2023-00-07T05:31:56Z",
    "2023-13-07T05:31:56Z",
    "2023-11-00T05:31:56Z",
    "2023-11-31T05:31:56Z",
    "2023-02-29T05:31:56Z",
    "1900-02-29T05:31:56Z",
    "23-11-07T05:31:56Z",
    "12023-11-07T05:31:56Z",
    "-001-11-07T05:31:56Z",
    "２０２３-11-07T05:31:56Z",
    "2023-11-07T05:31:56−01:00",
    "1699335116",
]


@pytest.mark.parametrize(
    ("text", "legal"), [(t, True) for t in LEGAL_TIMES] + [(t, False) for t in ILLEGAL_TIMES]
)
def test_date_time_is_judged_alike_by_function_and_both_libraries(text: str, legal: bool) -> None:
    page = edited(EXAMPLE, in_profile(put("created_at", text)))
    page["access_profiles"][0]["next_rotation_at"] = text
    assert is_rfc3339(text) is legal
    assert both(SUCCESS, page) == (legal, legal)


@given(st.datetimes(timezones=st.timezones() | st.just(None)))
@settings(database=None, deadline=None, max_examples=200)
def test_every_time_with_whole_minutes_of_offset_is_legal(moment: Any) -> None:
    offset = moment.utcoffset()
    if offset is None:
        assert is_rfc3339(f"{moment.isoformat()}Z")
    elif offset.total_seconds() % 60 == 0:
        assert is_rfc3339(moment.isoformat())


# The schemas.


def both(judge: SchemaJudge, instance: object) -> tuple[bool, bool]:
    """What jsonschema-rs and jsonschema say, each by itself."""
    return judge._fast_accepts(instance), judge._slow.is_valid(instance)


LEGAL: dict[str, Edit] = {
    "nothing changed": lambda _: None,
    "only the members that are always there": put(
        "access_profiles", [{"id": 1, "name": "a", "is_active": False}]
    ),
    "no profiles": put("access_profiles", []),
    "description null": in_profile(put("description", None)),
    "rate limit null": in_profile(put("rate_limit", None)),
    "rate limit of a provider null": in_profile(put("provider_configs", 0, "rate_limit", None)),
    "rate limit empty": in_profile(put("rate_limit", {})),
    "limits null": in_profile(put("rate_limit", {"token_max_limit": None, "request_max_limit": None})),
    "limits with a fraction": in_profile(put("rate_limit", {"token_max_limit": 0.5})),
    "rotation null": in_profile(lambda p: p.update(next_rotation_at=None, last_rotation_at=None)),
    "members of later versions": in_profile(
        lambda p: p.update(
            allow_all_providers=True,
            auto_rotation_interval=86_400_000_000_000,
            next_rotation_at="2023-11-07T05:31:56.123456789Z",
            virtual_mcps=[1, None, {}],
            mcp_configs=[],
        )
    ),
    "extra members": lambda page: page.update(
        next_cursor=None, access_profiles=[{**page["access_profiles"][0], "nested": {"extra": [None]}}]
    ),
    "extra members below": in_profile(put("budgets", 0, "x", None)),
    "lists empty": in_profile(lambda p: p.update(tags=[], provider_configs=[], budgets=[], mcp_servers=[])),
    "zero time": in_profile(put("created_at", "0001-01-01T00:00:00Z")),
    "nanoseconds and offset": in_profile(put("updated_at", "2023-11-07T05:31:56.123456789-07:00")),
    "id above 2^53": in_profile(put("id", 2**53 + 1)),
    "id above 2^63": in_profile(put("id", 2**64 - 1)),
    "id above 2^64": in_profile(put("id", 10**30)),
    "integers written with a fraction of zero": lambda page: page.update(count=1.0, offset=0.0),
    "total huge": put("total_count", 10**300),
    "duration of a configuration file": in_profile(put("budgets", 0, "reset_duration", "30s")),
    "negative usage, long and empty names": in_profile(
        lambda p: p.update(name="", budgets=[{"max_limit": -1, "current_usage": -0.5}], tags=["", "," * 500])
    ),
    "name beyond the limit of updates": in_profile(put("name", " " * 300)),
    "quarter": in_profile(put("budgets", 0, "reset_config", {"quarter_start_month": 12})),
    "action include": in_profile(put("mcp_tool_overrides", 0, "action", "include")),
}


@pytest.mark.parametrize("name", LEGAL)
def test_legal_variation_is_accepted(name: str) -> None:
    page = edited(EXAMPLE, LEGAL[name])
    assert both(SUCCESS, page) == (True, True)
    assert SUCCESS.accepts(page)
    assert SUCCESS.problems(page) == []


IN_PROFILE = "/access_profiles/0"
ILLEGAL: list[tuple[Edit, str, str, str]] = [
    *((drop(m), "", f"member `{m}` present", "none") for m in sorted(ALWAYS["AccessProfilePage"])),
    *(
        (in_profile(drop(m)), IN_PROFILE, f"member `{m}` present", "none")
        for m in sorted(ALWAYS["AccessProfile"])
    ),
    (put("count", -1), "/count", "at least 0", "the number -1"),
    (put("count", "1"), "/count", "an integer", 'the string "1"'),
    (put("count", True), "/count", "an integer", "true"),
    (put("total_count", 0.5), "/total_count", "an integer", "the number 0.5"),
    (put("limit", None), "/limit", "an integer", "null"),
    (put("access_profiles", None), "/access_profiles", "an array", "null"),
    (put("access_profiles", [None]), IN_PROFILE, "an object", "null"),
    (in_profile(put("id", -1)), f"{IN_PROFILE}/id", "at least 0", "the number -1"),
    (in_profile(put("id", -(10**100))), f"{IN_PROFILE}/id", "at least 0", "an integer of 333 bits"),
    (in_profile(put("id", "1")), f"{IN_PROFILE}/id", "an integer", 'the string "1"'),
    (in_profile(put("is_active", 1)), f"{IN_PROFILE}/is_active", "a boolean", "the number 1"),
    (in_profile(put("is_active", None)), f"{IN_PROFILE}/is_active", "a boolean", "null"),
    (in_profile(put("description", 0)), f"{IN_PROFILE}/description", "a string or null", "the number 0"),
    (in_profile(put("name", {"a": 1})), f"{IN_PROFILE}/name", "a string", "an object of 1 member"),
    (in_profile(put("tags", None)), f"{IN_PROFILE}/tags", "an array", "null"),
    (in_profile(put("tags", [1])), f"{IN_PROFILE}/tags/0", "a string", "the number 1"),
    (in_profile(put("tags", "a")), f"{IN_PROFILE}/tags", "an array", 'the string "a"'),
    (
        in_profile(put("rate_limit", [])),
        f"{IN_PROFILE}/rate_limit",
        "an object or null",
        "an array of 0 items",
    ),
    (
        in_profile(put("budgets", 0, "max_limit", None)),
        f"{IN_PROFILE}/budgets/0/max_limit",
        "a number",
        "null",
    ),
    (
        in_profile(drop("provider_configs", 0, "budgets", 0, "max_limit")),
        f"{IN_PROFILE}/provider_configs/0/budgets/0",
        "member `max_limit` present",
        "none",
    ),
    (
        in_profile(put("budgets", 0, "reset_duration", "")),
        f"{IN_PROFILE}/budgets/0/reset_duration",
        "a string that is not empty",
        'the string ""',
    ),
    (
        in_profile(put("budgets", 0, "reset_config", {"quarter_start_month": 13})),
        f"{IN_PROFILE}/budgets/0/reset_config/quarter_start_month",
        "at most 12",
        "the number 13",
    ),
    (
        in_profile(put("mcp_tool_overrides", 0, "action", "deny")),
        f"{IN_PROFILE}/mcp_tool_overrides/0/action",
        '"include" or "exclude"',
        'the string "deny"',
    ),
    (
        in_profile(put("created_at", "2023-11-07 05:31:56Z")),
        f"{IN_PROFILE}/created_at",
        "a string in RFC 3339 date-time form",
        'the string "2023-11-07 05:31:56Z"',
    ),
    (in_profile(put("created_at", None)), f"{IN_PROFILE}/created_at", "a string", "null"),
    (
        in_profile(put("next_rotation_at", "soon")),
        f"{IN_PROFILE}/next_rotation_at",
        "a string in RFC 3339 date-time form",
        'the string "soon"',
    ),
]


@pytest.mark.parametrize(("edit", "pointer", "expected", "got"), ILLEGAL)
def test_illegal_variation_is_refused_with_its_place(
    edit: Edit, pointer: str, expected: str, got: str
) -> None:
    page = edited(EXAMPLE, edit)
    assert both(SUCCESS, page) == (False, False)
    assert not SUCCESS.accepts(page)
    [problem] = SUCCESS.problems(page)
    assert (problem.pointer, problem.expected, problem.got) == (pointer, expected, got)
    assert problem.message == f"{pointer or 'the content'}: expected {expected}, got {got}"
    assert problem.keyword == problem.schema_pointer.rpartition("/")[2]
    assert problem.is_null_array == (expected == "an array" and got == "null")


def test_content_that_is_no_object_is_refused() -> None:
    for content in (None, [], "x", 5, True):
        assert both(SUCCESS, content) == (False, False)
        [problem] = SUCCESS.problems(content)
        assert (problem.pointer, problem.expected) == ("", "an object")


def test_schema_pointer_leads_into_the_document_through_references() -> None:
    page = edited(EXAMPLE, in_profile(put("provider_configs", 0, "budgets", 0, "last_reset", 5)))
    [problem] = SUCCESS.problems(page)
    assert problem.schema_pointer == "/components/schemas/Time/type"


def test_every_missing_member_is_a_problem_of_its_own() -> None:
    assert [p.expected for p in SUCCESS.problems({})] == [
        f"member `{name}` present" for name in SCHEMAS["AccessProfilePage"]["required"]
    ]


def test_long_value_is_cut() -> None:
    page = edited(EXAMPLE, in_profile(put("created_at", "x" * 10_000)))
    [problem] = SUCCESS.problems(page)
    assert len(problem.message) < 250
    assert problem.got.endswith('x…"')


def test_problems_are_limited() -> None:
    page = edited(EXAMPLE, put("access_profiles", [{}] * 100))
    assert len(SUCCESS.problems(page)) == 20
    assert len(SUCCESS.problems(page, limit=3)) == 3


def test_what_jsonschema_rs_cannot_represent_is_left_to_jsonschema() -> None:
    page = edited(EXAMPLE, in_profile(put("id", 10**5000)))
    assert SUCCESS.accepts(page)
    assert SUCCESS.problems(page) == []


def test_judges_are_the_same_objects_every_time_and_work_in_any_thread() -> None:
    assert DOCUMENT.success() is SUCCESS
    assert DOCUMENT.error() is ERROR
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(SUCCESS.accepts, [EXAMPLE] * 50))


@pytest.mark.parametrize(
    ("content", "legal"),
    [
        ({"error": {"message": "no"}}, True),
        ({"error": {"message": ""}, "status_code": 400, "is_bifrost_error": True, "extra_fields": {}}, True),
        (
            {"error": {"message": "no", "type": None, "code": 7, "param": [], "event_id": "e"}, "type": 1},
            True,
        ),
        ({"error": {"message": None}}, False),
        ({"error": {}}, False),
        ({"error": "no"}, False),
        ({"message": "no"}, False),
        ({"error": {"message": "no"}, "status_code": "400"}, False),
        ("no", False),
    ],
)
def test_error_form(content: object, legal: bool) -> None:
    assert both(ERROR, content) == (legal, legal)
    assert bool(ERROR.problems(content)) is not legal


# Both libraries, on pages that are altered anywhere in any way.


def places(value: object, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in items:
        yield (*above, step)
        yield from places(below, (*above, step))


DROPPED = object()
FULL = edited(
    EXAMPLE,
    in_profile(
        lambda p: p.update(
            next_rotation_at="2023-11-07T05:31:56Z",
            virtual_mcps=[{}],
            auto_rotation_interval=0,
            budgets=[{**p["budgets"][0], "reset_config": {"quarter_start_month": 1}}],
        )
    ),
)
PLACES = sorted(places(FULL), key=str)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, -1, 12, 13, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**30, 5.0, 5.5, -0.0, 1e300])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    | st.sampled_from(["include", "exclude", *LEGAL_TIMES, *ILLEGAL_TIMES]),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text("abn", max_size=2), below, max_size=3)
    ),
    max_leaves=5,
)
alterations = st.lists(
    st.tuples(st.sampled_from(PLACES), st.just(DROPPED) | json_values), min_size=1, max_size=3
)


def altered(page: Any, changes: list[tuple[tuple[Any, ...], object]]) -> Any:
    """The page with these changes; a change to what an earlier one has taken away is left out."""
    page = copy.deepcopy(page)
    for place, new in changes:
        try:
            (drop(*place) if new is DROPPED else put(*place, new))(page)
        except (LookupError, TypeError):
            continue
    return page


@given(alterations)
@example([(("count",), -0.0)])
@example([(("access_profiles", 0, "id"), 1e300)])
@settings(database=None, deadline=None, max_examples=400)
def test_both_libraries_judge_alike(changes: list[tuple[tuple[Any, ...], object]]) -> None:
    page = altered(FULL, changes)
    fast, slow = both(SUCCESS, page)
    assert fast == slow
    assert SUCCESS.accepts(page) == slow
    problems = SUCCESS.problems(page)
    assert bool(problems) is not slow
    assert all(len(problem.message) < 400 for problem in problems)
