"""Faults with values that are wrong, odd or hostile, and with how they are refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import unquote_to_bytes

from contracts.reference.conditions import NOTHING, Condition, Row
from contracts.reference.faults.registry import crash, fault, plain
from contracts.reference.pipeline import (
    PARAMETERS,
    Call,
    Conditions,
    Handles,
    Incoming,
    Orders,
    Pairs,
    Parameters,
    Reads,
    Refusal,
    Refuses,
    Reply,
    Rows,
    Site,
    Splits,
    Totals,
    Window,
    Windows,
    Writes,
)

_NUMBER = re.compile(r"[+-]?[0-9]+")
_CUT = Reply(200, (), b"", cut=True)


def _first(pairs: Pairs, name: str) -> str:
    return next((value for key, value in pairs if key == name), "")


def _last(pairs: Pairs, name: str) -> str:
    return _first(pairs[::-1], name)


def _integers(pairs: Pairs) -> list[int]:
    """The values of `limit` and `offset` that are integers."""
    texts = [value[:400] for name, value in pairs if name in ("limit", "offset")]
    return [int(text) for text in texts if _NUMBER.fullmatch(text)]


@fault("read", "INPUT-NO-5XX", "INPUT-READING", "GEN-DOCUMENT", "INPUT-ERROR-FORM")
def word_for_integer_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A limit or an offset that is no integer is 500."""
    texts = (_first(pairs, "limit"), _first(pairs, "offset"))
    if any(text and not _NUMBER.fullmatch(text) for text in texts):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX", "INPUT-READING", "GEN-DOCUMENT")
def word_for_boolean_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A value of `is_active` that is no boolean is 500."""
    if _first(pairs, "is_active") not in ("", "true", "false"):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX", "INPUT-READING", "GEN-DOCUMENT")
def negative_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A negative limit or offset reaches the database, which refuses it: 500."""
    if any(number < 0 for number in _integers(pairs)):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX", "GEN-DOCUMENT", "PAGE-PAST-END")
def over_31_bits_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """An integer that 32 bits cannot hold is 500."""
    if any(not -(2**31) <= number < 2**31 for number in _integers(pairs)):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX", "GEN-DOCUMENT")
def over_63_bits_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """An integer that 64 bits cannot hold is 500."""
    if any(not -(2**63) <= number < 2**63 for number in _integers(pairs)):
        raise crash()
    return right(site, pairs)


@fault("handle", "INPUT-NO-5XX", "GEN-DOCUMENT")
def over_63_bits_cuts_connection(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """An integer that 64 bits cannot hold cuts the connection."""
    huge = any(not -(2**63) <= n < 2**63 for n in _integers(site.stages.split(site, incoming.query)))
    return _CUT if huge else right(site, incoming)


@fault("handle", "INPUT-NO-5XX", "GEN-DOCUMENT")
def overflow_ends_the_process(right: Handles, site: Site, incoming: Incoming) -> Reply:
    """After an integer that 64 bits cannot hold nothing is answered any more."""
    huge = any(not -(2**63) <= n < 2**63 for n in _integers(site.stages.split(site, incoming.query)))
    site.memory["panics"] += huge
    return _CUT if site.memory["panics"] else right(site, incoming)


@fault("split", "INPUT-NO-5XX", "FILTER-TAGS-UNKNOWN", "FILTER-TAGS-ENCODING")
def control_character_500(right: Splits, site: Site, query: str) -> Pairs:
    """A NUL or another control character in a value is 500."""
    pairs = right(site, query)
    if any(character < " " for _, value in pairs for character in value):
        raise crash()
    return pairs


@fault("split", "INPUT-NO-5XX")
def invalid_percent_500(right: Splits, site: Site, query: str) -> Pairs:
    """A percent sign without two hexadecimal digits is 500."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", query):
        raise crash()
    return right(site, query)


@fault("split", "INPUT-NO-5XX")
def invalid_utf_8_500(right: Splits, site: Site, query: str) -> Pairs:
    """Bytes that are no UTF-8 are 500."""
    try:
        unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        raise crash() from None
    return right(site, query)


@fault("read", "INPUT-NO-5XX", "SEARCH-NAME", "FILTER-TAGS-ENCODING", "FILTER-TAGS-UNKNOWN")
def quote_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A single quote in a value ends the SQL string: 500."""
    if any("'" in value for name, value in pairs if name in PARAMETERS):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX")
def percent_in_search_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A percent sign in `search` breaks a format string: 500."""
    if "%" in _first(pairs, "search"):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX")
def long_value_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A value of more than 1000 characters is 500."""
    if any(len(value) > 1000 for _, value in pairs):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX", "INPUT-REPEATED")
def repeated_parameter_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A parameter that is given twice is a list where a string was expected: 500."""
    names = [name for name, _ in pairs if name in PARAMETERS]
    if len(names) > len(set(names)):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX", "INPUT-UNKNOWN")
def unknown_parameter_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """An unknown parameter is taken for a column: 500."""
    if {name for name, _ in pairs} - set(PARAMETERS):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX", "INPUT-READING", "GEN-DOCUMENT")
def empty_value_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """An empty limit, offset or `is_active` is 500."""
    if any(not value for name, value in pairs if name in ("limit", "offset", "is_active")):
        raise crash()
    return right(site, pairs)


@fault("window", "INPUT-READING", "PAGE-LIMIT", "PAGE-LIMIT-ECHO", "RESP-SCHEMA", "GEN-DOCUMENT")
def negative_limit_is_no_limit(right: Windows, site: Site, parameters: Parameters) -> Window:
    """A negative limit reaches SQLite, for which it is none: everything comes, and -1 is echoed."""
    negative = (parameters.limit or 0) < 0
    window = right(site, replace(parameters, limit=1) if negative else parameters)
    return replace(window, limit=-1) if negative else window


@fault("read", "INPUT-READING", "PAGE-LIMIT", "PAGE-LIMIT-ECHO", "GEN-DOCUMENT")
def negative_limit_wraps(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A negative limit loses its sign."""
    return right(site, tuple((n, v.lstrip("-") if n == "limit" else v) for n, v in pairs))


@fault("window", "INPUT-READING", "PAGE-OFFSET-ECHO", "RESP-SCHEMA", "PAGE-FILL", "GEN-DOCUMENT")
def negative_offset_from_the_end(right: Windows, site: Site, parameters: Parameters) -> Window:
    """A negative offset counts from the end."""
    offset = parameters.offset or 0
    if not -1000 < offset < 0:
        return right(site, parameters)
    return right(site, replace(parameters, offset=max(100 + offset, 0)))


@fault("window", "INPUT-READING")
def minus_one_accepted_alone(right: Windows, site: Site, parameters: Parameters) -> Window:
    """A limit of -1 is the default, any other negative one is refused."""
    minus_one = parameters.limit == -1
    return right(site, replace(parameters, limit=None) if minus_one else parameters)


@fault("read", "INPUT-READING")
def integer_read_up_to_a_letter(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A limit or an offset is read as far as it has digits: `5x` is 5, `abc` is refused."""
    return right(site, tuple((n, _digits(v) if n in ("limit", "offset") else v) for n, v in pairs))


def _digits(text: str) -> str:
    match = re.match(r"[0-9]+", text)
    return match[0] if match else text


@fault("read", "INPUT-READING", "GEN-DOCUMENT")
def fraction_cut_off(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A limit or an offset loses its decimals: `5.7` is 5."""
    return right(site, tuple((n, v.partition(".")[0] if n in ("limit", "offset") else v) for n, v in pairs))


@fault("read", "INPUT-READING", "GEN-DOCUMENT")
def word_for_boolean_is_true(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """Any value of `is_active` but `false` is true."""
    words = {"is_active": lambda value: value if value in ("", "false") else "true"}
    return right(site, tuple((n, words[n](v) if n in words else v) for n, v in pairs))


@fault("read", "INPUT-READING")
def word_refused_only_without_filters(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A limit that is no integer is refused, with a filter it is taken for absent."""
    filtered = any(_first(pairs, name) for name in ("tags", "is_active", "search"))
    if filtered and not _NUMBER.fullmatch(_first(pairs, "limit")):
        pairs = tuple(pair for pair in pairs if pair[0] != "limit")
    return right(site, pairs)


@fault("total", "INPUT-REPEATED", "PAGE-FILL", "FILTER-TOTAL")
def repeated_filter_total_takes_last(right: Totals, call: Call) -> int:
    """Of a repeated filter the page takes the first, the total the last."""
    last = Parameters(is_active=call.parameters.is_active, tags=call.parameters.tags)
    if call.parameters.is_active is not None:
        last = replace(last, is_active=_last(call.pairs, "is_active") == "true")
    if call.tags:
        last = replace(last, tags=tuple(_last(call.pairs, "tags").split(",")))
    return right(call.replacing(is_active=last.is_active, tags=last.tags))


@fault("rows", "INPUT-REPEATED", "PAGE-LIMIT", "PAGE-FILL", "PAGE-LIMIT-ECHO")
def repeated_limit_page_takes_last(right: Rows, call: Call) -> list[Row]:
    """Of a repeated limit the last cuts the page, and the first is echoed."""
    last = _last(call.pairs, "limit")
    return right(call.at(limit=min(int(last), 100)) if re.fullmatch("[1-9][0-9]{0,5}", last) else call)


@fault("read", "INPUT-REPEATED", "GEN-DOCUMENT")
def repeated_integers_added(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """Two limits are added."""
    limits = [int(v) for n, v in pairs if n == "limit" and re.fullmatch("[0-9]{1,3}", v)]
    if len(limits) < 2:
        return right(site, pairs)
    return replace(right(site, pairs), limit=sum(limits))


def _unknown(call: Call) -> bool:
    return bool({name for name, _ in call.pairs} - set(PARAMETERS))


@fault("select", "INPUT-UNKNOWN")
def unknown_parameter_finds_nothing(right: Conditions, call: Call) -> Condition:
    """An unknown parameter is a filter that no profile passes."""
    return NOTHING if _unknown(call) else right(call)


@fault("order", "INPUT-UNKNOWN")
def unknown_parameter_changes_order(right: Orders, call: Call) -> str:
    """With an unknown parameter the list is ordered by name."""
    return "p.name, p.ident" if _unknown(call) else right(call)


@fault("select", "INPUT-UNKNOWN")
def unknown_parameter_drops_filters(right: Conditions, call: Call) -> Condition:
    """With an unknown parameter all filters are ignored."""
    return right(call.replacing(is_active=None, tags=None, search=None) if _unknown(call) else call)


@fault("refuse", "INPUT-ERROR-FORM")
def error_plain_text(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """Bad values are refused in plain text."""
    if refusal.status != 400:
        return right(site, incoming, refusal)
    return plain(400, refusal.message)


@fault("refuse", "INPUT-ERROR-FORM")
def error_empty(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """Refusals have no content."""
    return replace(right(site, incoming, refusal), content=b"")


@fault("refuse", "INPUT-ERROR-FORM")
def error_html(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """Bad values are refused with a page of HTML."""
    if refusal.status != 400:
        return right(site, incoming, refusal)
    return plain(400, f"<h1>{refusal.message}</h1>", "text/html")


def _error(reply: Reply, **members: object) -> Reply:
    return replace(reply, content=json.dumps(json.loads(reply.content) | members).encode())


@fault("refuse", "INPUT-ERROR-FORM")
def error_is_a_string(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """`error` is the message itself."""
    return _error(right(site, incoming, refusal), error=refusal.message)


@fault("refuse", "INPUT-ERROR-FORM")
def error_without_message(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """`error` has a detail, but no message."""
    return _error(right(site, incoming, refusal), error={"detail": refusal.message})


@fault("refuse", "INPUT-ERROR-FORM")
def error_message_is_a_list(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """`error.message` is a list of messages."""
    return _error(right(site, incoming, refusal), error={"message": [refusal.message]})


@fault("refuse", "INPUT-ERROR-FORM")
def error_status_differs(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """`status_code` in the error is always 500."""
    return _error(right(site, incoming, refusal), status_code=500)


@fault("refuse", "GEN-DOCUMENT", "RESP-SCHEMA", "INPUT-READING", "PAGE-COUNT")
def error_with_200(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """Bad values are answered 200 with an error inside."""
    reply = right(site, incoming, refusal)
    return replace(reply, status=200) if refusal.status == 400 else reply


@fault("refuse", "GEN-DOCUMENT", "INPUT-READING")
def error_with_302(right: Refuses, site: Site, incoming: Incoming, refusal: Refusal) -> Reply:
    """Bad values are sent to the first page by a redirect."""
    reply = right(site, incoming, refusal)
    if refusal.status != 400:
        return reply
    return replace(reply, status=302).with_header("Location", incoming.target)


@fault("read", "INPUT-NO-5XX")
def empty_offset_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """An offset without a value is 500."""
    if ("offset", "") in pairs:
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX")
def backslash_at_the_end_of_search_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A `search` that ends with the escape character of LIKE is 500."""
    if _first(pairs, "search").endswith("\\"):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX")
def line_break_in_tags_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A line break in `tags` is 500."""
    if "\n" in _first(pairs, "tags"):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX")
def hundred_tags_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """More than a hundred tags are 500."""
    if _first(pairs, "tags").count(",") > 100:
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX")
def least_integer_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """The least number of 64 bits is 500: it has no positive counterpart."""
    if -(2**63) in _integers(pairs):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-NO-5XX")
def limit_over_64_bits_500(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """A limit over 64 bits is 500, while such an offset is refused."""
    if any(number >= 2**64 for number in _integers((("limit", _first(pairs, "limit")),))):
        raise crash()
    return right(site, pairs)


@fault("read", "INPUT-REPEATED")
def repeated_offsets_added(right: Reads, site: Site, pairs: Pairs) -> Parameters:
    """Of two offsets the sum counts."""
    values = [int(value) for name, value in pairs if name == "offset" and _NUMBER.fullmatch(value)]
    parameters = right(site, pairs)
    return replace(parameters, offset=sum(values)) if len(values) > 1 else parameters


@fault("write", "INPUT-UNKNOWN")
def unknown_parameter_changes_content(right: Writes, call: Call, row: Row) -> str:
    """With an unknown parameter profiles have another version."""
    text = right(call, row)
    return json.dumps(json.loads(text) | {"version": 0}) if _unknown(call) else text
