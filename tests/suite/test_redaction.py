"""No secret in anything that the transport returns or a writer writes, however it is spelled."""

from __future__ import annotations

import html
import io
import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random
from string import ascii_letters, digits
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.judging.catalogue import load_catalogue
from contracts.model import (
    Behaviour,
    Credentials,
    Exchange,
    Outcome,
    Place,
    Request,
    Result,
    Verdict,
    Violation,
)
from contracts.pytest_plugin.contract import block
from contracts.reports import ctrf, fleet, github, har, json_report, junit, sarif, terminal
from contracts.reports import html as html_report
from contracts.reports.summary import ReportOptions
from contracts.reports.view import ReportView, view
from contracts.transport import Secrets
from tests.support import hostile
from tests.support.transport import TOKEN, ask, replied

QUICK = settings(derandomize=True, max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
# The characters of tokens (RFC 6750), or all that a header may hold.
TOKENS = st.text(ascii_letters + digits + "-._~+/=", min_size=8, max_size=40) | st.text(
    st.characters(min_codepoint=33, max_codepoint=126), min_size=16, max_size=40
)

# --- how a secret may be spelled --------------------------------------------------------------------

Spelling = Callable[[str, Random], str]


def each(spell: Callable[[str], str]) -> Spelling:
    """Every character spelled so."""
    return lambda text, _: "".join(map(spell, text))


def mixed(*spell: Callable[[str], str]) -> Spelling:
    """Each character spelled in one of these ways, or plain."""
    return lambda text, draw: "".join(draw.choice((str, *spell))(character) for character in text)


def in_base64(encode: Callable[[bytes], bytes], *, padded: bool) -> Spelling:
    def spell(text: str, draw: Random) -> str:
        around = draw.choice(("", "a", "ab", "Bearer ", "user:"))
        encoded = encode(f"{around}{text}{draw.choice(('', 'c', 'cd'))}".encode()).decode()
        return encoded if padded else encoded.rstrip("=")

    return spell


def json_escape(character: str) -> str:
    return f"\\u{ord(character):04x}"


def percent(character: str) -> str:
    return f"%{ord(character):02X}"


def decimal(character: str) -> str:
    return f"&#{ord(character)};"


SPELLINGS: dict[str, Spelling] = {
    "plain": lambda text, _: text,
    "upper case": lambda text, _: text.upper(),
    "swapped case": lambda text, _: text.swapcase(),
    "reversed": lambda text, _: text[::-1],
    "JSON string": lambda text, _: json.dumps(text)[1:-1],
    "JSON in a JSON string": lambda text, _: json.dumps(json.dumps(text))[1:-1],
    "slashes escaped": lambda text, _: text.replace("/", "\\/"),
    "JSON escapes": each(json_escape),
    "JSON escapes in capitals": each(lambda c: f"\\u{ord(c):04X}"),
    "some JSON escapes": mixed(json_escape),
    "escaped JSON escapes": each(lambda c: "\\" + json_escape(c)),
    "C escapes": each(lambda c: f"\\x{ord(c):02x}"),
    "percent": each(percent),
    "percent where needed": lambda text, _: quote(text, safe=""),
    "percent in small letters": each(lambda c: percent(c).lower()),
    "percent twice": each(lambda c: quote(percent(c))),
    "percent three times": each(lambda c: quote(quote(percent(c)))),
    "some percent": mixed(percent),
    "%u": each(lambda c: f"%u{ord(c):04x}"),
    "decimal references": each(decimal),
    "decimal references with zeros": each(lambda c: f"&#{ord(c):07};"),
    "decimal references, no semicolon": lambda text, _: "".join(f"&#{ord(c)}" for c in text) + ";",
    "hex references": each(lambda c: f"&#x{ord(c):x};"),
    "hex references in capitals": each(lambda c: f"&#X{ord(c):X};"),
    "escaped references": each(lambda c: f"&amp;#{ord(c)};"),
    "named references": lambda text, _: html.escape(text).replace("/", "&sol;").replace("+", "&plus;"),
    "a mixture": mixed(json_escape, percent, decimal),
    "percent in JSON escapes": each(lambda c: "".join(map(json_escape, percent(c)))),
    "references in JSON escapes": each(lambda c: "".join(map(json_escape, decimal(c)))),
    "hex": lambda text, _: text.encode().hex(),
    "hex in capitals": lambda text, _: text.encode().hex().upper(),
    "hex with colons": lambda text, _: text.encode().hex(":"),
    "hex with spaces": lambda text, _: text.encode().hex(" "),
    "hex of UTF-16": lambda text, _: text.encode("utf-16-be").hex(),
    "numbers": lambda text, _: ", ".join(str(ord(c)) for c in text),
    "base64": in_base64(b64encode, padded=True),
    "base64, no padding": in_base64(b64encode, padded=False),
    "base64url": in_base64(urlsafe_b64encode, padded=True),
    "base64url, no padding": in_base64(urlsafe_b64encode, padded=False),
    "base64 in lines": lambda text, _: "\\n".join(re.findall(".{1,7}", b64encode(text.encode()).decode())),
    "base64 of UTF-16": lambda text, _: b64encode(text.encode("utf-16-le")).decode(),
    "base64 in percent": lambda text, _: quote(b64encode(text.encode()), safe=""),
    "reversed percent": lambda text, _: "".join(map(percent, text[::-1])),
    "spaced out": lambda text, _: " ".join(text),
    "in two lines": lambda text, _: text[:5] + "\\n    " + text[5:],
}
ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be")


def readings(text: str) -> Iterator[str]:
    """What a reader with the usual tools makes of a text."""
    yield text
    yield text[::-1]
    yield re.sub(r"\s|\\[nrt]", "", text)
    yield re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    yield re.sub(r"\\+x([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)
    yield re.sub(r"\\(.)", r"\1", text)
    yield re.sub(r"%u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    yield unquote(text, "latin-1")
    yield html.unescape(text)
    yield re.sub("([0-9]+)(, ?)?", lambda found: chr(int(found[1]) % 256), text)
    for run in re.findall("[0-9a-fA-F: ]{16,}", text):
        digits = re.sub("[^0-9a-fA-F]", "", run)
        yield from (
            bytes.fromhex(digits[at : len(digits) - (len(digits) - at) % 2]).decode("latin-1")
            for at in (0, 1)
        )
    for run in re.findall("[A-Za-z0-9+/_-]{8,}", text):
        for start in range(4):
            found = run[start:].translate(str.maketrans("-_", "+/"))
            yield b64decode(found + "A" * (-len(found) % 4)).decode("latin-1")


def shows(text: str, secret: str, *, layers: int = 3) -> bool:
    """Whether a reader finds the secret in the text, through so many layers of spelling."""
    pending = [text.replace("\0", "")]
    wanted = re.sub(r"\s", "", secret).lower()
    for _ in range(layers):
        pending = list(dict.fromkeys(found.replace("\0", "") for one in pending for found in readings(one)))
    return any(wanted in re.sub(r"\s", "", one).lower() for one in pending)


@pytest.mark.parametrize("name", SPELLINGS)
def test_the_test_itself_recognises_each_spelling(name: str) -> None:
    spelled = SPELLINGS[name](TOKEN, Random(0))
    assert shows(f"before {spelled} after", TOKEN)


# --- in what the transport returns ------------------------------------------------------------------


@pytest.mark.parametrize("name", SPELLINGS)
@settings(QUICK, max_examples=8)
@given(token=TOKENS, draw=st.randoms(), encoding=st.sampled_from(ENCODINGS))
def test_a_body_shows_no_secret(name: str, token: str, draw: Random, encoding: str) -> None:
    spelled = SPELLINGS[name](token, draw)
    before, after = draw.choice((("", ""), ('{"a": "', '"}'), ("x ", " y"), ("<p>", "</p>")))
    body = f"{before}{spelled}{after}".encode(encoding)
    redacted = Secrets(token=token).redact_bytes(body)
    assert spelled.encode(encoding) not in redacted
    assert not shows(redacted.decode("latin-1"), token)
    assert redacted.decode(encoding, "replace").strip("\ufeff").startswith(before)


def response(place: str, spelled: str) -> bytes:
    """A response that has the secret in that place."""
    text = spelled.encode()
    fields = {"header": b"X-Echo: a " + text, "redirect": b"Location: http://a.example/?t=" + text}
    if place == "status line":
        return b"HTTP/1.1 " + text + b"\r\n\r\n"
    if place == "coding":
        return b"HTTP/1.1 200 OK\r\nContent-Encoding: " + text + b"\r\nContent-Length: 2\r\n\r\n{}"
    if place == "reason":
        return b"HTTP/1.1 302 " + text + b"\r\nContent-Length: 0\r\n\r\n"
    if place == "body":
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text)
    return b"HTTP/1.1 302 Found\r\n" + fields[place] + b"\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("place", ["body", "header", "redirect", "reason", "status line", "coding"])
@QUICK
@given(token=TOKENS, name=st.sampled_from(sorted(SPELLINGS)), draw=st.randoms())
def test_no_place_of_a_response_shows_a_secret(place: str, token: str, name: str, draw: Random) -> None:
    spelled = SPELLINGS[name](token, draw)
    exchange = replied(response(place, spelled), secrets=Secrets(token=token))
    for text in (*(text for pair in exchange.headers for text in pair), exchange.content.decode("latin-1")):
        assert not shows(text, token)
    assert exchange.failure is None or not shows(exchange.failure.text, token)


@pytest.mark.parametrize("credentials", Credentials)
def test_an_echoed_token_is_nowhere_in_the_exchange(credentials: Credentials) -> None:
    with hostile.serving("token-echoed") as url:
        exchange = ask(url, request=Request(credentials=credentials))
    assert exchange.status == 200
    assert "sk-bf-abc" not in repr(exchange)
    assert "12345=xy" not in repr(exchange)


# --- which texts are secret -------------------------------------------------------------------------

ALL = {
    "token": Secrets(token=TOKEN),
    "narrow token": Secrets(narrow="narrow-secret"),
    "basic": Secrets(basic=("admin", 'pa"ss<word>\xe9')),
    "basic with spaces": Secrets(basic=("admin", "correct horse")),
    "header": Secrets(headers=(("X-Edge", "header-secret"),)),
    "header that is a word": Secrets(headers=(("X-Api-Key", "opensesame"),)),
    "cookie": Secrets(token=TOKEN, headers=(("Cookie", "theme=dark; id=4711-0815"),)),
}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("token", text) for text in (TOKEN, TOKEN[:-1], f"Bearer {TOKEN}", "tk" + TOKEN[2:])),
        ("token", Secrets(token=TOKEN).authorization(Credentials.ALTERED) or ""),
        ("narrow token", "narrow-secret"),
        ("basic", 'pa"ss<word>\xe9'),
        ("basic", 'pa\\"ss<word>\\u00e9'),
        ("basic", "pa&quot;ss&lt;word&gt;&eacute;"),
        ("basic", "pa%22ss%3Cword%3E%C3%A9"),
        ("basic", "pa%22ss%3Cword%3E%E9"),
        ("basic", ALL["basic"].authorization(Credentials.GIVEN) or ""),
        ("basic", ALL["basic"].authorization(Credentials.ALTERED) or ""),
        ("basic with spaces", "correct+horse"),
        ("basic with spaces", "correct%20horse"),
        ("header", "header-secret"),
        ("header that is a word", "opensesame"),
        ("cookie", "4711-0815"),
    ],
)
def test_what_is_secret_is_redacted(kind: str, text: str) -> None:
    shown = ALL[kind].redact(f"before {text} after")
    assert re.fullmatch(r"before (Bearer |Basic YWRtaW46|.)?\*\*\*[=a-zA-Z0-9]{0,4} after", shown)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("basic", "admin"),
        ("cookie", "theme dark"),
        ("token", "Bearer Basic sk-bf- 12345"),
        ("token", json.dumps({"limit": 20, "tags": ["100%", "a&b", "\u00fc", 'q"'], "path": "a\\b/c"})),
    ],
)
def test_other_text_stays_as_it_is(kind: str, text: str) -> None:
    assert ALL[kind].redact(text) == text


@QUICK
@given(st.text(), st.binary())
def test_what_holds_no_secret_stays_as_it_is(text: str, content: bytes) -> None:
    secrets = Secrets(token=TOKEN)
    assert secrets.redact(text) is text
    assert secrets.redact_bytes(content) is content


IN_JSON = ("JSON string", "JSON escapes", "some JSON escapes", "base64", "hex")


@QUICK
@given(token=TOKENS, name=st.sampled_from(IN_JSON))
def test_json_stays_json(token: str, name: str) -> None:
    spelled = SPELLINGS[name](token, Random(0))
    content = json.dumps({"name": "@", "after": [1, "b"]}).replace("@", spelled).encode()
    shown = json.loads(Secrets(token=token).redact_bytes(content))
    assert "***" in shown.pop("name")
    assert shown == {"after": [1, "b"]}


def test_a_large_body_is_searched_in_full() -> None:
    secrets, page = Secrets(token=TOKEN), b'{"name": "a\\u0062c 100% &amp;"}, ' * 10_000
    for place in (0, 256 * 1024 - 7, len(page)):
        content = page[:place] + TOKEN.encode() + page[place:]
        assert secrets.redact_bytes(content) == page[:place] + b"***" + page[place:]


# --- in what is written -----------------------------------------------------------------------------


def result(text: str) -> Result:
    """A result that has the text wherever a deployment's text can be."""
    request = Request(f"tags={quote(text)}", path=f"/{quote(text)}")
    exchange = Exchange(
        1,
        request,
        200,
        (("Content-Type", "application/json"), ("Location", text)),
        json.dumps({"name": text}).encode(),
    )
    requirements = load_catalogue().requirements[:3]
    violation = Violation(text, f"got {text}", (Place(1, ("/name", "headers/location")),))
    return Result(
        deployment=f"http://127.0.0.1/{quote(text)}",
        seed=0,
        verdicts=(
            Verdict(requirements[0], Outcome.FAIL, 1, (violation,), 1),
            Verdict(requirements[1], Outcome.INCONCLUSIVE, reason=text),
            Verdict(requirements[2], Outcome.PASS, 1),
        ),
        behaviours=(Behaviour("search", text, 1),),
        exchanges=(exchange,),
        notes=(text,),
        interrupted=text,
    )


def on_a_terminal(one: ReportView) -> str:
    stream = io.StringIO()
    console = terminal.console_for(stream, width=40)  # a secret is folded
    terminal.render_requests(one, console)
    terminal.render(one, console, verbose=True)
    fleet.render(members(one), console)
    return stream.getvalue()


def members(one: ReportView) -> list[fleet.Judged]:
    return [fleet.Judged(one.result.notes[0], one.result, one.options)]


WRITERS: dict[str, Callable[[ReportView], str]] = {
    "JSON": json_report.text,
    "JUnit": junit.text,
    "SARIF": sarif.text,
    "CTRF": ctrf.text,
    "HTML": html_report.text,
    "HAR": lambda one: har.text(one, datetime(2026, 1, 1, tzinfo=UTC)),
    "annotations": github.commands,
    "step summary": github.step_summary,
    "terminal": on_a_terminal,
    "fleet, JSON": lambda one: fleet.text(members(one)),
    "fleet, HTML": lambda one: fleet.page(members(one), ["a"]),
    "pytest": lambda one: block(one.failures[0]),
}


@pytest.mark.parametrize("writer", WRITERS)
@settings(QUICK, max_examples=10)
@given(token=TOKENS, name=st.sampled_from(sorted(SPELLINGS)), draw=st.randoms())
def test_no_writer_shows_a_secret(writer: str, token: str, name: str, draw: Random) -> None:
    options = ReportOptions(redact=Secrets(token=token).redact)
    spelled = SPELLINGS[name](token, draw)
    written = WRITERS[writer](view(result(spelled), options))
    assert spelled not in written
    assert not shows(written, token, layers=2)


@pytest.mark.parametrize("writer", WRITERS)
def test_without_redaction_each_writer_would_show_it(writer: str) -> None:
    assert shows(WRITERS[writer](view(result(TOKEN), ReportOptions())), TOKEN)
