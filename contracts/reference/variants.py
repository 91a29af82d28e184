"""Variants: correct deployments, each with other choices where the documentation leaves one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from contracts.reference.lookup import pick

MAX_INT64 = 2**63 - 1
MAX_SAFE = 2**53 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The choices of one deployment; the defaults are those of the reference deployment."""

    name: str = "default"
    description: str = "The choices of the reference deployment."

    paths: Literal["both", "old", "new"] = "both"
    default_limit: int = 25
    maximum: int | None = 100
    over_maximum: Literal["clamped", "refused"] = "clamped"
    zero_limit: Literal["default", "empty", "refused"] = "default"
    negative: Literal["refused", "default", "one"] = "refused"
    words: Literal["refused", "absent"] = "refused"
    largest_offset: int = MAX_INT64
    integers: Literal["strict", "lenient"] = "strict"
    booleans: Literal["strict", "lenient", "equals-true"] = "strict"
    refusal_status: int = 400
    unpaged: Literal["never", "no-query", "only-filters", "no-limit"] = "never"

    tags: Literal["any", "all"] = "any"
    tag_case: Literal["counts", "ignored"] = "counts"
    tag_spaces: Literal["trimmed", "count"] = "trimmed"
    empty_tags: Literal["dropped", "kept", "refused"] = "dropped"
    search: Literal["honoured", "name-only", "ignored"] = "honoured"
    order: Literal["oldest", "newest", "id", "id-descending", "name"] = "oldest"
    unknown: Literal["ignored", "refused"] = "ignored"
    repeated: Literal["first", "last", "refused"] = "first"

    members: Literal["mixed", "omitted", "present"] = "mixed"
    times: Literal["mixed", "seconds", "microseconds", "nanoseconds", "offset"] = "mixed"
    extra_members: bool = False
    moving_counters: bool = False
    error_form: Literal["short", "full"] = "short"
    media_type: str = "application/json"
    compression: bool = False
    etag: bool = False

    access: Literal["required", "open"] = "required"
    unauthorised: Literal[401, 403] = 401
    head: Literal["405", "as-get"] = "405"

    busy: float = 0.0  # share of requests answered 503
    rate: int | None = None  # requests a second before 429
    latency: float = 0.0  # seconds
    writes: int = 0  # by others, a second


def _with(name: str, description: str, **choices: object) -> Variant:
    return replace(Variant(name=name, description=description), **choices)  # type: ignore[arg-type]


_ALL = (
    Variant(),
    _with("over-maximum-refused", "More than the maximum limit is refused.", over_maximum="refused"),
    _with("maximum-50", "At most 50 profiles a page, 10 by default.", maximum=50, default_limit=10),
    _with("maximum-1000", "At most 1000 profiles a page, 50 by default.", maximum=1000, default_limit=50),
    _with("no-maximum", "A page has as many profiles as requested.", maximum=None, default_limit=20),
    _with("default-100", "The default limit is the maximum.", default_limit=100),
    _with("zero-limit-empty", "`limit=0` is an empty page.", zero_limit="empty"),
    _with("zero-limit-refused", "`limit=0` is refused.", zero_limit="refused"),
    _with("negative-clamped", "A negative limit is the default, a negative offset 0.", negative="default"),
    _with("negative-to-one", "A negative limit is 1, a negative offset 0.", negative="one"),
    _with("words-absent", "A value that is not an integer or a boolean counts as absent.", words="absent"),
    _with("refused-422", "Invalid values are refused with 422.", refusal_status=422),
    _with(
        "lenient-integers", "`+5`, ` 5`, `5.0` and digits of other scripts are read as 5.", integers="lenient"
    ),
    _with("lenient-booleans", "`yes`, `on`, `1`, `T` and the like are read as booleans.", booleans="lenient"),
    _with(
        "boolean-equals-true",
        "`is_active` is compared with `true`, then with `false`; any other value counts as absent.",
        booleans="equals-true",
    ),
    _with("safe-offsets", "An offset above 2^53−1 is refused.", largest_offset=MAX_SAFE),
    _with("tags-all", "A profile must have all tags requested.", tags="all"),
    _with("tags-ignore-case", "Tags are compared without letter case (ASCII).", tag_case="ignored"),
    _with("tag-spaces-count", "Spaces around a comma belong to the tag.", tag_spaces="count"),
    _with("empty-tags-kept", "An empty item is a tag that no profile has.", empty_tags="kept"),
    _with(
        "all-tags-empty-kept",
        "A profile must have all tags, and an empty item is a tag that none has.",
        tags="all",
        empty_tags="kept",
    ),
    _with("empty-tags-refused", "An empty item in `tags` is refused.", empty_tags="refused"),
    _with("newest-first", "Ordered by time of creation, newest first.", order="newest"),
    _with("by-id", "Ordered by id.", order="id"),
    _with("by-id-descending", "Ordered by id, highest first.", order="id-descending"),
    _with("by-name", "Ordered by name.", order="name"),
    _with("unpaged", "Without a query everything is returned.", unpaged="no-query"),
    _with(
        "unpaged-filters", "With only filters everything that matches is returned.", unpaged="only-filters"
    ),
    _with("unpaged-both", "Without `limit` and `offset` everything is returned.", unpaged="no-limit"),
    _with("unknown-refused", "An unknown parameter is refused.", unknown="refused"),
    _with("last-counts", "Of a repeated parameter the last counts.", repeated="last"),
    _with("repeated-refused", "A repeated parameter is refused.", repeated="refused"),
    _with("search-ignored", "`search` is ignored.", search="ignored"),
    _with("search-name-only", "`search` only looks at names.", search="name-only"),
    _with("omitempty", "Optional members are omitted when empty, null, zero or false.", members="omitted"),
    _with("always-present", "Optional members are always present: `[]`, null.", members="present"),
    _with("full-errors", "Errors carry every member of the gateway's error form.", error_form="full"),
    _with("forbidden", "Without credentials: 403 without a challenge.", unauthorised=403),
    _with("head-as-get", "HEAD is answered like GET, without a body.", head="as-get"),
    _with("gzip", "Bodies are compressed if the client accepts it.", compression=True),
    _with("extra-members", "Profiles and pages have members that no document names.", extra_members=True),
    _with("times-seconds", "Times in UTC, whole seconds.", times="seconds"),
    _with("times-microseconds", "Times in UTC with six decimals.", times="microseconds"),
    _with("times-nanoseconds", "Times in UTC with nine decimals.", times="nanoseconds"),
    _with("times-offset", "Times at +05:30.", times="offset"),
    _with(
        "charset", "The media type has a `charset` parameter.", media_type="application/json; charset=utf-8"
    ),
    _with("open", "Authentication is switched off.", access="open"),
    _with("old-path", "Only the older path is served.", paths="old"),
    _with("new-path", "Only the newer path is served.", paths="new"),
    _with("moving-counters", "Usage counters grow with every read.", moving_counters=True),
    _with("etag", "Responses have an ETag, and If-None-Match is answered 304.", etag=True),
    _with(
        "go-like",
        "Like a Go service: omitempty, newest first, strict, maximum 1000, unpaged without a query.",
        members="omitted",
        order="newest",
        maximum=1000,
        default_limit=20,
        unpaged="no-query",
        error_form="full",
        times="nanoseconds",
        media_type="application/json; charset=utf-8",
    ),
    _with(
        "fastapi-like",
        "Like a FastAPI service: 422, lenient parsing, last repeated value, limits over the maximum refused.",
        refusal_status=422,
        integers="lenient",
        booleans="lenient",
        repeated="last",
        over_maximum="refused",
        zero_limit="refused",
        unauthorised=403,
        members="present",
        times="microseconds",
        default_limit=50,
    ),
    _with(
        "django-like",
        "Like a Django service: invalid values count as absent, HEAD works, all tags, ordered by id.",
        words="absent",
        negative="default",
        integers="lenient",
        booleans="lenient",
        repeated="last",
        tags="all",
        order="id-descending",
        head="as-get",
        members="present",
        compression=True,
        default_limit=10,
    ),
    _with("busy-503", "2 % of the requests are answered 503 with Retry-After.", busy=0.02),
    _with("rate-limited", "More than 40 requests a second are answered 429 with Retry-After.", rate=40),
    _with("slow", "Every response takes 80 ms longer.", latency=0.08),
    _with("writes-5", "Others write 5 times a second.", writes=5),
    _with("writes-50", "Others write 50 times a second.", writes=50),
)

VARIANTS: dict[str, Variant] = {variant.name: variant for variant in _ALL}


def named_variant(variant: str | Variant | None) -> Variant:
    """The variant of that name, the default one for None; otherwise a ValueError that suggests matches."""
    if isinstance(variant, Variant):
        return variant
    return pick("variant", VARIANTS, variant or "default")
