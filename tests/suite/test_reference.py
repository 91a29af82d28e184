"""The reference deployment: correct answers, every variant, the same in memory and on a port."""

from __future__ import annotations

import atexit
import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

import pytest

from contracts.cli.scoring import deployed, deployed_in_memory
from contracts.model import Exchange, Failure, Result
from contracts.reference import VARIANTS, serving
from contracts.reference.app import Application, build_app
from contracts.reference.data import COLLECTIONS, generate
from contracts.reference.faults.registry import FAULTS, fault
from contracts.reference.memory import Clock
from contracts.reference.pipeline import Incoming, Reply, Stages
from contracts.reference.store import Store
from contracts.reference.times import ZERO_TIME, instant, rfc3339
from contracts.reference.variants import Variant
from contracts.reference.writer import Writer
from contracts.runs.run import check

OLD = "/api/access-profiles"
NEW = "/api/governance/access-profiles"
TOKEN, NARROW = "reference-token", "narrow-token"


@dataclass(frozen=True)
class Asked:
    query: str = ""
    path: str = OLD
    method: str = "GET"
    authorization: str | None = f"Bearer {TOKEN}"
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Answered:
    reply: Reply

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def content(self) -> bytes:
        return self.reply.content

    def header(self, name: str) -> str | None:
        return dict(self.reply.headers).get(name)

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def ids(self) -> list[int]:
        return [profile["id"] for profile in self.json["access_profiles"]]


def get(app: Application, query: str = "", **options: Any) -> Answered:
    asked = Asked(query, **options)
    headers = dict(asked.headers)
    if asked.authorization is not None:
        headers["authorization"] = asked.authorization
    incoming = Incoming(
        asked.method, unquote(asked.path), asked.path, asked.query.encode().decode("latin-1"), headers
    )
    return Answered(app.respond(incoming))


def ask(app: Application, *asked: Asked) -> list[Answered]:
    return [get(app, **vars(one)) for one in asked]


@cache
def reference(variant: str = "default") -> Application:
    """One deployment a variant for all tests, since no request changes it."""
    app = build_app(variant=variant, narrow_token=NARROW)
    atexit.register(app.close)
    return app


def in_order(count: int = 137, seed: int = 0) -> list[dict[str, Any]]:
    """What the list ought to hold, worked out without the store."""
    return sorted(generate(count, seed), key=lambda profile: (instant(profile["created_at"]), profile["id"]))


def wanted(**choice: Any) -> list[int]:
    return [profile["id"] for profile in in_order() if _passes(profile, **choice)]


def _passes(
    profile: dict[str, Any], active: bool | None = None, tags: tuple[str, ...] = (), search: str = ""
) -> bool:
    texts = (profile["name"], profile.get("description") or "")
    return (
        (active is None or profile["is_active"] is active)
        and (not tags or bool(set(tags) & set(profile.get("tags", ()))))
        and any(search.casefold() in text.casefold() for text in texts)
    )


def tagged(*tags: str) -> str:
    return "tags=" + ",".join(quote(tag, safe="") for tag in tags)


class TestPages:
    @pytest.mark.parametrize("size", [1, 7, 25, 64, 100])
    def test_a_walk_yields_the_whole_list_in_order(self, size: int) -> None:
        places = range(0, 137 + size, size)
        pages = ask(reference(), *(Asked(f"limit={size}&offset={place}") for place in places))
        assert [ident for page in pages for ident in page.ids] == wanted()
        for place, page in zip(places, pages, strict=True):
            echoes = {k: v for k, v in page.json.items() if k != "access_profiles"}
            assert echoes == {"count": len(page.ids), "total_count": 137, "limit": size, "offset": place}

    @pytest.mark.parametrize("query", ["", "limit=", "limit=&offset=&tags=&is_active=&search=", "limit=0"])
    def test_without_a_limit_the_default_is_in_force(self, query: str) -> None:
        page = get(reference(), query)
        assert (page.ids, page.json["limit"]) == (wanted()[:25], 25)

    @pytest.mark.parametrize("limit", ["101", "100000", str(2**63), "9" * 5000])
    def test_more_than_the_maximum_is_clamped(self, limit: str) -> None:
        page = get(reference(), f"limit={limit}")
        assert (page.ids, page.json["limit"]) == (wanted()[:100], 100)

    def test_a_profile_is_sent_as_it_was_given(self) -> None:
        assert get(reference(), "limit=100").json["access_profiles"] == in_order()[:100]

    @pytest.mark.parametrize("offset", [137, 138, 2**31, 2**63 - 1])
    def test_past_the_end_the_list_is_empty(self, offset: int) -> None:
        page = get(reference(), f"offset={offset}").json
        expected = {"access_profiles": [], "count": 0, "total_count": 137, "limit": 25, "offset": offset}
        assert page == expected


class TestFilters:
    CASES = (
        ("is_active=true", {"active": True}),
        ("is_active=false", {"active": False}),
        ("tags=prod", {"tags": ("prod",)}),
        ("tags=%70rod,%20beta+,,prod", {"tags": ("prod", "beta")}),
        ("tags=,", {}),
        ("tags=prod&tags=beta", {"tags": ("prod",)}),
        (tagged("R&D", "100%"), {"tags": ("R&D", "100%")}),
        (tagged("équipe", "日本", "🚀"), {"tags": ("équipe", "日本", "🚀")}),
        (tagged('say "hi"', "back\\slash", "it's"), {"tags": ('say "hi"', "back\\slash", "it's")}),
        (tagged("pro%", "snake_cas_"), {"tags": ("nothing",)}),
        ("tags=PROD", {"tags": ("PROD",)}),
        ("tags=prod%00", {"tags": ("prod\0",)}),
        ("is_active=false&tags=dev,staging", {"active": False, "tags": ("dev", "staging")}),
        ("search=QUIPE", {"search": "quipe"}),
        ("search=%E6%9D%B1&is_active=true", {"search": "東", "active": True}),
        ("colour=blue", {}),
    )

    @pytest.mark.parametrize(("query", "choice"), CASES, ids=[query for query, _ in CASES])
    def test_page_and_total_hold_what_passes(self, query: str, choice: dict[str, Any]) -> None:
        first, second = ask(reference(), Asked(f"{query}&limit=100"), Asked(f"{query}&limit=100&offset=100"))
        assert first.ids + second.ids == wanted(**choice)
        assert first.json["total_count"] == second.json["total_count"] == len(wanted(**choice))


class TestRefusals:
    @pytest.mark.parametrize(
        "query",
        [
            *("limit=-1", "offset=-1", "limit=abc", "limit=1.5", "limit=%2B5", "limit=٥", "offset=0x1"),
            *("is_active=TRUE", "is_active=1", f"offset={2**63}", "offset=" + "9" * 5000),
        ],
    )
    def test_bad_values_are_refused(self, query: str) -> None:
        answer = get(reference(), query)
        assert answer.status == 400
        assert answer.json["status_code"] == 400
        assert isinstance(answer.json["error"]["message"], str)

    @pytest.mark.parametrize(
        "query",
        [
            *("%", "%zz=%", "tags=%FF%C3", "&&&=&=", "tags=%00", "search=%25%27%22", "limit", "a" * 60_000),
            "tags=" + ",".join(f"t{n}" for n in range(8000)),
            "search=%ED%A0%80",
        ],
    )
    def test_odd_queries_are_answered(self, query: str) -> None:
        assert get(reference(), query).status == 200

    @pytest.mark.parametrize(
        "authorization",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            f"bearer {TOKEN}",
            f"Token {TOKEN}",
            f"Bearer {TOKEN}x",
            "Basic QTpi",
        ],
    )
    @pytest.mark.parametrize("query", ["", "limit=abc"])
    def test_without_the_token_nobody_is_let_in(self, authorization: str | None, query: str) -> None:
        answer = get(reference(), query, authorization=authorization)
        assert (answer.status, answer.header("www-authenticate")) == (401, "Bearer")
        assert b"access_profiles" not in answer.content

    def test_a_narrower_credential_sees_a_part(self) -> None:
        pages = ask(
            reference(),
            *(Asked(f"limit=100&offset={n}", authorization=f"Bearer {NARROW}") for n in (0, 100)),
        )
        seen = pages[0].ids + pages[1].ids
        assert seen == [ident for ident in wanted() if ident in set(seen)]
        assert 0 < len(seen) == pages[0].json["total_count"] < 137

    def test_basic_credentials_are_taken_where_they_are_known(self) -> None:
        app = build_app(basic=("admin", "secret"))
        assert get(app, authorization="Basic YWRtaW46c2VjcmV0").status == 200
        app.close()

    @pytest.mark.parametrize(("method", "status"), [("HEAD", 405), ("POST", 405), ("OPTIONS", 403)])
    def test_other_methods_are_refused(self, method: str, status: int) -> None:
        assert get(reference(), method=method).status == status

    @pytest.mark.parametrize("path", ["/", OLD + "/", "/api//access-profiles", "/api/Access-Profiles"])
    def test_other_paths_are_the_web_application(self, path: str) -> None:
        assert get(reference(), path=path).header("content-type") == "text/html; charset=utf-8"

    def test_the_older_path_names_its_successor(self) -> None:
        old, new = ask(reference(), Asked(), Asked(path=NEW))
        assert old.content == new.content
        assert old.header("deprecation") == "true"
        assert old.header("link") == f'<{NEW}>; rel="successor-version"'
        assert new.header("deprecation") is new.header("link") is None


class TestData:
    @pytest.mark.parametrize("count", [0, 1, 2, 3, 137, 1000])
    @pytest.mark.parametrize("collection", COLLECTIONS)
    def test_profiles_are_sound(self, count: int, collection: str) -> None:
        profiles = generate(count, 3, collection)
        assert (
            len(profiles) == count == len({p["id"] for p in profiles}) == len({p["name"] for p in profiles})
        )
        assert all(p["name"] == p["name"].strip() for p in profiles)
        assert all((instant(p["created_at"]) or 0) <= (instant(p["updated_at"]) or 0) for p in profiles)
        assert generate(count, 3, collection) == profiles

    def test_budgets_name_providers_of_their_profile(self) -> None:
        for profile in generate(500):
            names = {f"provider:{provider['provider_name']}" for provider in profile["provider_configs"]}
            assert {budget["scope"] for budget in profile["budgets"]} <= names | {"total"}

    def test_the_mix_has_what_probes_look_for(self) -> None:
        profiles = generate(137)
        active = sum(profile["is_active"] for profile in profiles)
        assert 137 * 0.7 < active < 137 * 0.9
        assert len({instant(profile["created_at"]) for profile in profiles}) < 110
        assert sum(profile["id"] > 2**53 for profile in profiles) == 3
        assert sum(profile["created_at"] == ZERO_TIME for profile in profiles) == 1
        assert {"absent", "empty", "some"} == {
            "some" if profile.get("tags") else "empty" if "tags" in profile else "absent"
            for profile in profiles
        }

    @pytest.mark.parametrize(
        ("text", "digits", "offset"),
        [
            ("2024-02-29T23:30:00.123456789+05:30", 9, 330),
            ("1969-12-31T23:59:59Z", 0, 0),
            (ZERO_TIME, 0, 0),
            ("2024-01-01T00:00:00.5-08:00", 1, -480),
        ],
    )
    def test_times_are_read_and_written_exactly(self, text: str, digits: int, offset: int) -> None:
        moment = instant(text)
        assert moment is not None
        assert rfc3339(moment, digits=digits, offset=offset) == text

    @pytest.mark.parametrize("text", ["", None, "2024-01-01", "2024-02-30T00:00:00Z", "2024-01-01T00:00:00"])
    def test_other_texts_are_no_times(self, text: str | None) -> None:
        assert instant(text) is None

    def test_explicit_profiles_are_served(self) -> None:
        profile = {"id": 7, "name": "mine", "is_active": True}
        app = build_app(profiles=[profile])
        assert get(app).json["access_profiles"] == [profile]
        app.close()

    def test_a_writer_keeps_the_list_about_its_size(self) -> None:
        store, clock = Store(generate(137), Variant()), Clock()
        writer = Writer(store, 0, 50, clock)
        before = store.query("SELECT text FROM profiles")
        clock.sleep(4)
        writer.catch_up()
        after = store.query("SELECT text FROM profiles")
        store.close()
        assert set(before) != set(after)
        assert 80 < len(after) < 200

    def test_a_writer_makes_the_writes_that_are_due(self) -> None:
        store, clock = Store(generate(137), Variant()), Clock()
        writer, texts = Writer(store, 0, 5, clock), []
        for seconds in (0.1, 0.1, 0.05, 0.15):
            clock.sleep(seconds)
            writer.catch_up()
            texts.append(store.query("SELECT text FROM profiles"))
        store.close()
        assert [texts[0] == texts[1], texts[1] == texts[2], texts[2] == texts[3]] == [False, True, False]


class TestVariants:
    CASES = (
        "",
        "limit=5&offset=5",
        "tags=prod,beta",
        "is_active=false&limit=3",
        "limit=-1",
        "limit=500",
        "limit=x",
    )

    @pytest.mark.parametrize("name", VARIANTS)
    def test_every_variant_answers(self, name: str) -> None:
        app = build_app(variant=replace(VARIANTS[name], busy=0.0, latency=0.0))
        path = NEW if VARIANTS[name].paths == "new" else OLD
        answers = ask(app, *(Asked(query, path=path) for query in self.CASES))
        app.close()
        assert [answer.status for answer in answers[:4]] == [200] * 4
        assert {answer.status for answer in answers[4:]} <= {200, 400, 422}
        assert VARIANTS[name].description.endswith(".")

    @pytest.mark.parametrize(
        ("variant", "query", "status", "limit"),
        [
            ("over-maximum-refused", "limit=101", 400, None),
            ("no-maximum", "limit=500", 200, 500),
            ("zero-limit-empty", "limit=0", 200, 0),
            ("negative-clamped", "limit=-3&offset=-3", 200, 25),
            ("negative-to-one", "limit=-3", 200, 1),
            ("words-absent", "limit=abc&is_active=maybe", 200, 25),
            ("refused-422", "limit=abc", 422, None),
            ("lenient-integers", "limit=%205.0", 200, 5),
            ("lenient-booleans", "is_active=YES", 200, 25),
            ("boolean-equals-true", "is_active=YES", 200, 25),
            ("safe-offsets", f"offset={2**53}", 400, None),
            ("empty-tags-refused", "tags=prod,", 400, None),
            ("unpaged", "", 200, 137),
            ("unpaged", "is_active=true", 200, 25),
            ("unpaged-filters", "tags=none", 200, 0),
            ("unpaged-both", "is_active=false", 200, len(wanted(active=False))),
            ("unknown-refused", "colour=blue", 400, None),
            ("last-counts", "limit=5&limit=7", 200, 7),
            ("repeated-refused", "limit=5&limit=7", 400, None),
        ],
    )
    def test_a_variant_chooses(self, variant: str, query: str, status: int, limit: int | None) -> None:
        answer = get(reference(variant), query)
        assert answer.status == status
        assert answer.json.get("limit") == limit

    def test_all_tags(self) -> None:
        both = set(wanted(tags=("prod",))) & set(wanted(tags=("beta",)))
        assert set(get(reference("tags-all"), "tags=prod,beta&limit=100").ids) == both
        assert get(reference("all-tags-empty-kept"), "tags=prod,").ids == []

    def test_letter_case(self) -> None:
        answer = get(reference("tags-ignore-case"), "tags=PROD&limit=100")
        assert answer.ids == wanted(tags=("prod", "Prod"))

    def test_orders(self) -> None:
        assert get(reference("newest-first"), "limit=100").ids == wanted()[::-1][:100]
        assert get(reference("by-id"), "limit=100").ids == sorted(wanted())[:100]
        assert get(reference("by-id-descending")).ids == sorted(wanted(), reverse=True)[:25]

    def test_an_etag_is_heeded(self) -> None:
        tag = get(reference("etag")).header("etag")
        assert tag is not None
        assert get(reference("etag"), headers=(("if-none-match", tag),)).status == 304

    def test_rate_limit(self) -> None:
        answers = ask(reference("rate-limited"), *[Asked("limit=1")] * 60)
        assert [answer.status for answer in answers] == [200] * 40 + [429] * 20
        assert answers[-1].header("retry-after") == "1"

    def test_busy(self) -> None:
        answers = ask(reference("busy-503"), *[Asked("limit=1")] * 500)
        assert 0 < [answer.status for answer in answers].count(503) < 40


class TestFaults:
    def test_a_fault_replaces_one_stage(self) -> None:
        app = build_app(fault="count-is-total")
        assert get(app, "limit=5").json["count"] == 137
        assert replace(app.site.stages, envelope=Stages().envelope) == Stages()
        app.close()

    @pytest.mark.parametrize(
        ("text", "name", "breaks"),
        [
            ("No full stop", "fresh", "PAGE-COUNT"),
            ("Two\nlines.", "fresh", "PAGE-COUNT"),
            ("A name that is taken.", "count_is_total", "PAGE-COUNT"),
            ("A requirement twice.", "fresh", "PAGE-FILL"),
        ],
    )
    def test_a_fault_that_is_not_described_is_refused(self, text: str, name: str, breaks: str) -> None:
        def wrap() -> None: ...

        wrap.__name__, wrap.__doc__, known = name, text, dict(FAULTS)
        with pytest.raises(ValueError, match="fault"):
            fault("envelope", breaks, "PAGE-FILL")(wrap)
        assert known == FAULTS


class TestNames:
    @pytest.mark.parametrize(
        "options", [{"fault": "total-ignores-tag"}, {"variant": "by-idd"}, {"collection": "no-tag"}]
    )
    def test_an_unknown_name_is_met_with_close_ones(self, options: dict[str, str]) -> None:
        with pytest.raises(ValueError, match=r"did you mean (total-ignores-tags|by-id|no-tags)"):
            build_app(**options)  # type: ignore[arg-type]


class TestServing:
    def get(self, url: str, target: str, token: str | None = TOKEN) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with closing(http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)) as connection:
            connection.request("GET", target, headers=headers)
            with connection.getresponse() as response:
                return response.status, json.loads(response.read())

    def test_a_deployment_answers_and_remembers(self) -> None:
        with serving(profiles=3) as deployment:
            status, body = self.get(deployment.url, f"{OLD}?limit=2&tags=%70rod")
        assert (status, body["total_count"]) == (200, 2)
        method, target, headers = deployment.requests[0]
        assert (method, target) == ("GET", f"{OLD}?limit=2&tags=%70rod")
        assert headers["authorization"] == f"Bearer {deployment.token}"

    def test_without_a_token_it_is_open(self) -> None:
        with serving(profiles=1, token=None) as deployment:
            assert self.get(deployment.url, OLD, token=None)[0] == 200

    def test_it_leaves_no_thread(self) -> None:
        with serving(variant="writes-50") as deployment:
            self.get(deployment.url, OLD)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("reference-")]

    def test_an_open_connection_does_not_hold_it_up(self) -> None:
        started = time.monotonic()
        with serving(profiles=1) as deployment:
            connection = http.client.HTTPConnection(deployment.url.removeprefix("http://"), timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
        connection.close()
        assert time.monotonic() - started < 1

    def test_a_fault_that_cuts_the_connection_cuts_it(self) -> None:
        with (
            serving(profiles=1, fault="over-63-bits-cuts-connection") as deployment,
            pytest.raises((http.client.HTTPException, OSError)),
        ):
            self.get(deployment.url, f"{OLD}?offset={2**64}")

    def test_serving_for_good_ends_on_an_interrupt(self) -> None:
        code = (
            "from contracts.reference import serve_forever\n"
            "serve_forever(profiles=1, on_ready=lambda url: print(url, flush=True))"
        )
        command = [sys.executable, "-W", "error", "-c", code]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert self.get(url, OLD)[0] == 200
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=10) == ("", "")
            assert process.returncode == 0

    def test_writes_by_others_show(self) -> None:
        with serving(variant="writes-50") as deployment:
            before = self.get(deployment.url, f"{OLD}?limit=100")
            time.sleep(0.3)
            assert self.get(deployment.url, f"{OLD}?limit=100") != before


def kind(failure: Failure) -> Failure:
    return Failure(failure.kind, "")


class TestInMemory:
    """A run in memory gets the same responses, byte for byte, as one over a socket."""

    def responses(self, result: Result) -> list[Exchange]:
        """What was received, without what differs between two runs over sockets."""
        dated = {e.number: tuple(h for h in e.headers if h[0] != "date") for e in result.exchanges}
        return [
            replace(e, headers=dated[e.number], started=0, elapsed=0, failure=e.failure and kind(e.failure))
            for e in result.exchanges
        ]

    @pytest.mark.parametrize(
        "options",
        [
            {"variant": "gzip"},
            {"variant": "head-as-get"},
            {"fault": "over-63-bits-cuts-connection"},
            {"fault": "overflow-ends-the-process"},
            {"fault": "encoded-slash-open"},
        ],
        ids=str,
    )
    def test_memory_and_socket_give_the_same(self, options: dict[str, str]) -> None:
        with deployed(**options) as settings:
            live = check(settings)
        with deployed_in_memory(**options) as (settings, connect):
            result = check(settings, connect=connect)
        assert self.responses(result) == self.responses(live)
        assert [(v.requirement.id, v.outcome) for v in result.verdicts] == [
            (v.requirement.id, v.outcome) for v in live.verdicts
        ]

    def test_time_passes_only_in_memory(self) -> None:
        with deployed_in_memory(variant="slow") as (settings, connect):
            result = check(replace(settings, only=frozenset({"PAGE-COUNT"})), connect=connect)
        assert min(e.elapsed for e in result.exchanges) >= 0.08
        assert result.seconds < sum(e.elapsed for e in result.exchanges)
