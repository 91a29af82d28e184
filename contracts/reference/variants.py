"""Legal styles of the endpoint: what implementations may choose differently, each with a name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from contracts.reference.lookup import pick

MAX_INT64 = 2**63 - 1
MAX_SAFE = 2**53 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One set of choices; the defaults are the reference deployment's own."""

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
    writes: int = 0  # a second, by others


def _style(name: str, description: str, **choices: object) -> Variant:
    return replace(Variant(name=name, description=description), **choices)  # type: ignore[arg-type]


_ALL = (
    Variant(),
    _style("over-maximum-refused", "More than the maximum limit is refused.", over_maximum="refused"),
    _style("maximum-50", "At most 50 profiles a page, 10 by default.", maximum=50, default_limit=10),
    _style("maximum-1000", "At most 1000 profiles a page, 50 by default.", maximum=1000, default_limit=50),
    _style("no-maximum", "A page may be as long as asked for.", maximum=None, default_limit=20),
    _style("default-100", "The default limit is the maximum.", default_limit=100),
    _style("zero-limit-empty", "`limit=0` is an empty page.", zero_limit="empty"),
    _style("zero-limit-refused", "`limit=0` is refused.", zero_limit="refused"),
    _style("negative-clamped", "A negative limit is the default, a negative offset 0.", negative="default"),
    _style("negative-to-one", "A negative limit is 1, a negative offset 0.", negative="one"),
    _style("words-absent", "A value that is no integer or no boolean counts as absent.", words="absent"),
    _style("refused-422", "Bad values are refused with 422.", refusal_status=422),
    _style("lenient-integers", "`+5`, ` 5`, `5.0` and digits of other scripts are 5.", integers="lenient"),
    _style("lenient-booleans", "`yes`, `on`, `1`, `T` and the like are booleans.", booleans="lenient"),
    _style(
        "boolean-equals-true",
        "`is_active` is compared with `true`, then with `false`; anything else is absent.",
        booleans="equals-true",
    ),
    _style("safe-offsets", "An offset above 2^53−1 is refused.", largest_offset=MAX_SAFE),
    _style("tags-all", "A profile must carry all tags asked for.", tags="all"),
    _style("tags-ignore-case", "The letter case of tags (ASCII) does not count.", tag_case="ignored"),
    _style("tag-spaces-count", "Spaces round a comma belong to the tag.", tag_spaces="count"),
    _style("empty-tags-kept", "An empty item is a tag that no profile carries.", empty_tags="kept"),
    _style(
        "all-tags-empty-kept",
        "All tags, an empty item among them, must be carried.",
        tags="all",
        empty_tags="kept",
    ),
    _style("empty-tags-refused", "An empty item in `tags` is refused.", empty_tags="refused"),
    _style("newest-first", "Ordered by time of creation, the newest first.", order="newest"),
    _style("by-id", "Ordered by id.", order="id"),
    _style("by-id-descending", "Ordered by id, the highest first.", order="id-descending"),
    _style("by-name", "Ordered by name.", order="name"),
    _style("unpaged", "Without any query everything is returned.", unpaged="no-query"),
    _style("unpaged-filters", "With only a filter everything found is returned.", unpaged="only-filters"),
    _style("unpaged-both", "Without `limit` and `offset` everything is returned.", unpaged="no-limit"),
    _style("unknown-refused", "An unknown parameter is refused.", unknown="refused"),
    _style("last-counts", "Of a repeated parameter the last counts.", repeated="last"),
    _style("repeated-refused", "A repeated parameter is refused.", repeated="refused"),
    _style("search-ignored", "`search` is ignored.", search="ignored"),
    _style("search-name-only", "`search` looks at names alone.", search="name-only"),
    _style("omitempty", "Optional members are left out when empty, null, zero or false.", members="omitted"),
    _style("always-present", "Optional members are always there: `[]`, null.", members="present"),
    _style("full-errors", "Errors carry every member of the gateway's error form.", error_form="full"),
    _style("forbidden", "Without credentials 403, and no challenge.", unauthorised=403),
    _style("head-as-get", "HEAD is answered as GET, without a body.", head="as-get"),
    _style("gzip", "Content is compressed where the client accepts it.", compression=True),
    _style("extra-members", "Profiles and pages have members that no document names.", extra_members=True),
    _style("times-seconds", "Times in UTC, whole seconds.", times="seconds"),
    _style("times-microseconds", "Times in UTC with six decimals.", times="microseconds"),
    _style("times-nanoseconds", "Times in UTC with nine decimals.", times="nanoseconds"),
    _style("times-offset", "Times at +05:30.", times="offset"),
    _style(
        "charset", "The media type has a `charset` parameter.", media_type="application/json; charset=utf-8"
    ),
    _style("open", "Authentication is switched off.", access="open"),
    _style("old-path", "Only the older path is served.", paths="old"),
    _style("new-path", "Only the newer path is served.", paths="new"),
    _style("moving-counters", "Usage counters grow at every read.", moving_counters=True),
    _style("etag", "Answers carry an ETag, and 304 answers If-None-Match.", etag=True),
    _style(
        "go-like",
        "As a Go service: omitempty, newest first, strict, maximum 1000, unpaged without a query.",
        members="omitted",
        order="newest",
        maximum=1000,
        default_limit=20,
        unpaged="no-query",
        error_form="full",
        times="nanoseconds",
        media_type="application/json; charset=utf-8",
    ),
    _style(
        "fastapi-like",
        "As a FastAPI service: 422, lenient spellings, the last repeated value, refusals over the maximum.",
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
    _style(
        "django-like",
        "As a Django service: bad values and negatives fall back, HEAD works, all tags, by id.",
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
    _style("busy-503", "Two requests in a hundred are answered 503 with Retry-After.", busy=0.02),
    _style("rate-limited", "Above 40 requests a second: 429 with Retry-After.", rate=40),
    _style("slow", "Every answer takes 80 ms longer.", latency=0.08),
    _style("writes-5", "Others write five times a second meanwhile.", writes=5),
    _style("writes-50", "Others write fifty times a second meanwhile.", writes=50),
)

VARIANTS: dict[str, Variant] = {style.name: style for style in _ALL}


def named_style(style: str | Variant | None) -> Variant:
    """The style of that name, the default one for None; ValueError names close matches."""
    if isinstance(style, Variant):
        return style
    return pick("style", VARIANTS, style or "default")
