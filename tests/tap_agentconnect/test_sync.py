"""The tap against the sandbox: readings of the collection, changes while it reads, limits, and the employees."""

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import jwt
import pytest
from sandbox.agentconnect.api import AgentConnect
from sandbox.server import Sandbox
from sandbox.vendor import Limit
from tap_agentconnect.tap import TapAgentConnect

from sandbox import faults
from tests.conftest import served
from tests.contract.agentconnect import AGENTCONNECT
from tests.contract.contract import day, keys_of
from tests.contract.test_records import invalid
from tests.singer import Run, after, run

TAP = "tap-agentconnect"
FEEDS = ("feedbacks", "qa_reviews", "qa_audits", "qa_calibrations", "coaching_sessions")
NEW: dict[str, dict[str, object]] = {"": {"brand_new": {"a": 1}}, "*": {"anywhere": ["x"]}}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with served(timedelta(days=100)) as server:
        yield server


@pytest.fixture
def vendor(sandbox: Sandbox) -> AgentConnect:
    return sandbox.agentconnect


def only(*streams: str) -> Any:
    """Return a catalog that selects these streams."""
    catalog = TapAgentConnect(config={}, validate_config=False, setup_mapper=False).catalog_dict
    for entry in catalog["streams"]:
        (own,) = (found["metadata"] for found in entry["metadata"] if not found["breadcrumb"])
        own["selected"] = entry["tap_stream_id"] in streams
    return catalog


def attempt(sandbox: Sandbox, state: Any = None, *, catalog: Any = None, **changes: Any) -> Run:
    return run(TAP, {**AGENTCONNECT.config(sandbox), **changes}, state=state, catalog=catalog)


def sync(sandbox: Sandbox, state: Any = None, **changes: Any) -> Run:
    result = attempt(sandbox, state, **changes)
    assert result.exit_code == 0, result.log
    assert not invalid(result)
    return result


def newest(*runs: Run) -> dict[str, int]:
    """Return the sequence id of the last version of each row that was sent."""
    return {
        message["record"]["uuid"]: message["record"]["sequence_id"]
        for result in runs
        for message in result.of("RECORD")
        if message["stream"] != "employees"
    }


def newest_versions(vendor: AgentConnect, since: str) -> dict[str, int]:
    return {
        key: record.sequence_id
        for name in FEEDS
        for key, record in getattr(vendor, name).items()
        if record.created.isoformat() >= since
    }


@pytest.mark.parametrize(
    "reading",
    [
        {"after_inclusive": True, "ties": 3, "rows_most": 40},
        {"ties": 7, "rows_most": 40, "sequence": "counted"},
        {"ids": "text", "unset_keys": "missing", "new_fields": NEW, "order_without_after": "newest"},
        {"ids": "integer", "empty_page": "null", "iat_age": 60},
        {"ties": 2, "bytes_most": 60_000, "empty_page": ""},
    ],
    ids=str,
)
def test_every_reading(reading: dict[str, Any], sandbox: Sandbox, vendor: AgentConnect) -> None:
    for name, value in reading.items():
        setattr(vendor, name, value)
    result = sync(sandbox)
    assert newest(result) == newest_versions(vendor, day(50))
    if "new_fields" in reading:
        new = {"brand_new": {"a": 1, "anywhere": ["x"]}, "anywhere": ["x"]}
        assert all(record["_extra"] == new for record in result.records("feedbacks"))
        assert all(record["employee"]["anywhere"] == ["x"] for record in result.records("qa_reviews"))


def test_rows_that_change_while_pages_are_read(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.rows_most = 30
    recent = [r for r in vendor.feedbacks.values() if r.created.isoformat() >= day(50)]

    def change(_: object) -> None:
        if touched := [record for record in recent[::-25] if record.row["tags"] != ["touched"]][:1]:
            vendor.touch(touched[0], tags=["touched"])
            vendor.add_session()
        if len(recent) > 150 and recent[100].uuid in vendor.feedbacks:
            del vendor.feedbacks[recent[100].uuid]

    vendor.on_page = change
    result = sync(sandbox, catalog=only("feedbacks"))
    assert expected_feedbacks(vendor, day(50)).items() <= newest(result).items()


def expected_feedbacks(vendor: AgentConnect, since: str) -> dict[str, int]:
    return {key: r.sequence_id for key, r in vendor.feedbacks.items() if r.created.isoformat() >= since}


def test_killed_late_in_a_first_sync_it_resumes(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.ties = 3
    config = {**AGENTCONNECT.config(sandbox), "start_date": day(730), "page_size": 50}
    count = len(expected_feedbacks(vendor, day(730)))
    killed = run(TAP, config, catalog=only("feedbacks"), kill=after(count - 100))
    assert killed.exit_code != 0
    resumed = run(TAP, config, catalog=only("feedbacks"), state=killed.state)
    assert newest(killed, resumed) == expected_feedbacks(vendor, day(730))
    assert resumed.counts()["feedbacks"] < 250


def test_a_second_run_reads_little_again(sandbox: Sandbox, vendor: AgentConnect) -> None:
    first = sync(sandbox, start_date=None)
    changed = [
        vendor.add_recovery(next(iter(vendor.feedbacks.values()))),
        vendor.add_review(),
        vendor.add_calibration(),
        vendor.add_session(),
        *(next(iter(getattr(vendor, name).values())) for name in FEEDS),
    ]
    for record in changed[4:]:
        vendor.touch(record)
    second = sync(sandbox, first.state, start_date=None)
    assert {record.uuid for record in changed} <= newest(second).keys()
    assert sum(second.counts()[name] for name in FEEDS) < 100
    assert newest(first, second) == newest_versions(vendor, "")
    for name in FEEDS:
        values = [run.state["bookmarks"][name]["replication_key_value"] for run in (first, second) if run.state]
        assert values == sorted(values)


def test_a_row_that_shows_late_and_one_from_the_future(sandbox: Sandbox, vendor: AgentConnect) -> None:
    last = max(vendor.feedbacks.values(), key=lambda record: record.sequence_id)
    vendor.touch(vendor.add_feedback(), datetime.now(timezone.utc) + timedelta(days=400))
    first = sync(sandbox, catalog=only("feedbacks"))
    late = vendor.add_feedback(last.updated - timedelta(seconds=30))
    new = vendor.add_feedback()
    second = sync(sandbox, first.state, catalog=only("feedbacks"))
    assert {late.uuid, new.uuid} <= newest(second).keys()
    assert second.counts()["feedbacks"] < 20


def test_more_equal_ids_than_a_page_holds(sandbox: Sandbox, vendor: AgentConnect) -> None:
    reviews = sorted(vendor.qa_reviews.values(), key=lambda record: record.sequence_id)[-20:-5]
    tied = vendor.tie(*reviews)
    vendor.rows_most = 10
    result = attempt(sandbox, catalog=only("qa_reviews"))
    assert result.exit_code == 1
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    assert str(tied) in line
    vendor.rows_most = 1000
    again = sync(sandbox, result.state, catalog=only("qa_reviews"))
    assert {record.uuid for record in vendor.qa_reviews.values() if record.created.isoformat() >= day(50)} == set(
        newest(result, again)
    )


def test_a_bookmark_that_is_none(sandbox: Sandbox) -> None:
    state = {"bookmarks": {"feedbacks": {"replication_key": "sequence_id", "replication_key_value": "2024-01-01"}}}
    result = attempt(sandbox, state, catalog=only("feedbacks"))
    assert result.exit_code == 1
    assert "full refresh" in result.log
    assert "Traceback" not in result.log


def test_pages_of_one_row(sandbox: Sandbox, vendor: AgentConnect) -> None:
    recent = sorted(vendor.feedbacks.values(), key=lambda record: record.sequence_id)[-12:]
    vendor.tie(*recent[3:8])
    result = sync(sandbox, catalog=only("feedbacks"), start_date=day(3), page_size=1)
    assert newest(result) == expected_feedbacks(vendor, day(3))


def test_out_of_order_is_an_error(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.out_of_order = True
    result = attempt(sandbox, catalog=only("feedbacks"))
    assert result.exit_code == 1
    assert "sequence id" in result.log
    assert "Traceback" not in result.log
    assert not result.of("RECORD")


@pytest.mark.parametrize("flag", ["always", "when included"])
def test_recoveries_can_be_left_out(flag: Any, sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.limit_skips_recoveries, vendor.recovery_flag = False, flag
    result = sync(sandbox, catalog=only("feedbacks"), include_recovery=False, page_size=20, start_date=day(30))
    recoveries = {key for key, record in vendor.feedbacks.items() if record.row["is_recovery"]}
    assert newest(result).keys() == expected_feedbacks(vendor, day(30)).keys() - recoveries
    later = sync(sandbox, result.state, catalog=only("feedbacks"), start_date=day(30))
    assert newest(later) == expected_feedbacks(vendor, day(30))


def test_wider_settings_bring_what_they_left_out(sandbox: Sandbox, vendor: AgentConnect) -> None:
    narrow = {"start_date": day(30), "end_date": day(10), "catalog": only("qa_reviews", "qa_audits")}
    first = sync(sandbox, **narrow)
    created = [record.created.isoformat() for record in vendor.qa_reviews.values() if record.uuid in newest(first)]
    assert created
    assert day(30) <= min(created) <= max(created) <= day(9)
    assert not sync(sandbox, first.state, **narrow).log.count("from its beginning")
    wide = sync(sandbox, first.state, catalog=only("qa_reviews", "qa_audits"))
    assert "from its beginning" in wide.log
    expected = {key for name in ("qa_reviews", "qa_audits") for key in getattr(vendor, name)}
    assert newest(wide).keys() == newest_versions(vendor, day(50)).keys() & expected
    assert "from its beginning" not in sync(sandbox, wide.state, **narrow).log


@pytest.mark.parametrize(
    "reading",
    [
        {"employees_most": 7},
        {"employees_most": 7, "next_page_keeps_parameters": True, "next_page_host": "own", "last_page": "extra"},
        {"employees_most": 7, "employees_after": False, "last_page": "missing"},
        {"employees_after": False, "last_page": "extra"},
        {"employees_most": 5, "lists_deactivated": False, "last_page": "blank", "ids": "integer"},
        {"employees_most": 7, "links_pages": False, "no_employees": "null"},
        {"employees_most": 7, "links_pages": False, "external_id": "from"},
        {"employees_most": 7, "last_page": "false", "no_employees": "204"},
    ],
    ids=str,
)
def test_employees(reading: dict[str, Any], sandbox: Sandbox, vendor: AgentConnect) -> None:
    for name, value in reading.items():
        setattr(vendor, name, value)
    vendor.add_employee("Nora Neu", email=None, custom_employee_id="n-1")
    vendor.deactivate(next(iter(vendor.employees.values())))
    # Another host than the API's could be reached through this proxy only, on which nothing answers.
    config, environment = AGENTCONNECT.config(sandbox), {"LOGLEVEL": "DEBUG", "HTTPS_PROXY": "http://127.0.0.1:9"}
    result = run(TAP, config, catalog=only("employees"), environment=environment)
    assert result.exit_code == 0, result.log
    assert not invalid(result)
    sent = keys_of(result.records("employees"), ("employee_key",))
    assert len(sent) == len(set(sent))
    assert set(sent) == {(e.row["email"] or e.row["custom_employee_id"],) for e in vendor.employees.values()}
    assert ("n-1",) in sent
    assert "@contact-centre.example" not in result.log


def test_a_refused_signature_says_what_to_check(sandbox: Sandbox) -> None:
    sandbox.agentconnect.iat_leeway = -3600  # as if this machine's clock were fast
    result = attempt(sandbox, user_agent="x")
    assert result.exit_code == 1
    assert len(sandbox.agentconnect.seen) == 1
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    assert all(word in line for word in ("403", "Forbidden", "api_key", "api_secret", "clock"))


def test_a_short_secret_and_a_pasted_address(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.api_secret = "short"
    sync(sandbox, catalog=only("qa_audits"), api_secret="short\n", subdomain="https://blancapeak.stellaconnect.net/x")
    headers = vendor.seen[0].headers
    assert headers["x-api-key"] == vendor.api_key
    assert headers["authorization"].count(".") == 2
    assert "Bearer" not in headers["authorization"]


@pytest.mark.real_clock
@pytest.mark.slow
def test_the_quota_is_kept(sandbox: Sandbox) -> None:
    # A tenth of the minute, and a clock ten times as fast.
    sandbox.agentconnect.limits = (Limit(100, 6),)
    config = {**AGENTCONNECT.config(sandbox), "page_size": 4, "start_date": day(60)}
    result = run(TAP, config, catalog=only("feedbacks"), environment={"FAST_CLOCK": "10"})
    assert result.exit_code == 0, result.log
    assert len(sandbox.agentconnect.seen) > 105
    assert sandbox.agentconnect.rate_limited == 0
    assert newest(result) == expected_feedbacks(sandbox.agentconnect, day(60))


def test_told_to_retry_later_it_waits_for_the_next_minute(sandbox: Sandbox) -> None:
    sandbox.agentconnect.fail(faults.status(429, "Retry Later"), at=2)
    # The minute lasts at least a second and a half on this clock, so that the next token has a later second in it.
    environment = {"FAST_CLOCK": "40"}
    result = run(TAP, AGENTCONNECT.config(sandbox), catalog=only("qa_reviews"), environment=environment)
    assert result.exit_code == 0, result.log
    _, first, second, *_ = sandbox.agentconnect.seen
    assert result.waits[0] > 60
    assert "Retry Later" in result.log
    assert first.headers["authorization"] != second.headers["authorization"]


def test_a_token_is_dated_back_and_signed_once(sandbox: Sandbox, vendor: AgentConnect) -> None:
    began = time.time()
    sync(sandbox, catalog=only("qa_audits"))
    for seen in vendor.seen:
        token = seen.headers["authorization"]
        claims = jwt.decode(token, vendor.api_secret, algorithms=["HS256"], options={"verify_iat": False})
        assert began - 12 < claims["iat"] <= time.time() - 9
        assert len(seen.headers.getlist("authorization")) == len(seen.headers.getlist("x-api-key")) == 1  # type: ignore[attr-defined]


def test_a_row_without_a_key_stops_the_run(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.fail(faults.edit(lambda rows: [{**rows[0], "uuid": None}, *rows[1:]]), times=9)
    result = attempt(sandbox)
    assert result.exit_code == 1
    assert "uuid" in result.log
    assert "Traceback" not in result.log


def test_a_sequence_id_beyond_64_bits_stops_the_run(sandbox: Sandbox, vendor: AgentConnect) -> None:
    for number in (2**63, str(10**30), 10**40):

        def beyond(rows: list[dict[str, object]], number: object = number) -> list[dict[str, object]]:
            return [*rows[:-1], {**rows[-1], "sequence_id": number}]

        vendor.fail(faults.edit(beyond))
        result = attempt(sandbox, catalog=only("qa_reviews"))
        assert result.exit_code == 1
        assert "64 bits" in error_line(result)


def error_line(result: Run) -> str:
    assert "Traceback" not in result.log
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    return line


# The clock


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_differs_from_ours_loses_no_change(hours: int, sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.clock_offset = timedelta(hours=hours)
    vendor.iat_age = vendor.iat_leeway = 3 * 3600
    # One date years ahead, in a feed that goes on by the vendor's clock.
    ahead = vendor.add_session()
    vendor.touch(ahead, datetime(2222, 1, 1, tzinfo=timezone.utc))
    first = sync(sandbox, catalog=only("coaching_sessions"))
    bookmark = value(first, "coaching_sessions")
    assert bookmark <= min(vendor.now, datetime.now(timezone.utc)).timestamp() * 10_000
    late = vendor.add_session(vendor.now - timedelta(seconds=50))
    second = sync(sandbox, first.state, catalog=only("coaching_sessions"))
    assert late.uuid in newest(second)
    assert second.counts()["coaching_sessions"] < 20
    assert value(second, "coaching_sessions") >= bookmark


def value(result: Run, stream: str) -> Any:
    return (result.state or {})["bookmarks"][stream].get("replication_key_value")


def test_a_first_page_with_nothing_but_an_id_years_ahead(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.coaching_sessions.clear()
    vendor.touch(vendor.add_session(), datetime.now(timezone.utc) + timedelta(days=3650))
    first = sync(sandbox, catalog=only("coaching_sessions"))
    assert first.counts()["coaching_sessions"] == 1
    new = [vendor.add_session() for _ in range(3)]
    second = sync(sandbox, first.state, catalog=only("coaching_sessions"))
    assert {record.uuid for record in new} <= newest(second).keys()


@pytest.mark.parametrize(
    "bookmark",
    [
        {"hours_ahead": 10 * 365 * 24},
        {"hours_ahead": 1},
        {"replication_key_value": 10**25},
        {"replication_key_value": 16_000_000_000_000, "scope": "all"},
        {"replication_key_value": 16_000_000_000_000, "scope": [1]},
        {"replication_key_value": 16_000_000_000_000, "scope": {"start": 5}},
        {"replication_key_value": 16_000_000_000_000, "scope": {"include_recovery": "yes"}},
    ],
    ids=str,
)
def test_a_state_that_cannot_be_trusted(bookmark: Any, sandbox: Sandbox, vendor: AgentConnect) -> None:
    if hours := bookmark.get("hours_ahead"):
        bookmark = {"replication_key_value": int((time.time() + hours * 3600) * 10_000)}
    result = sync(sandbox, {"bookmarks": {"qa_reviews": bookmark}}, catalog=only("qa_reviews"))
    assert "qa_reviews is read from its beginning" in result.log
    assert newest(result).keys() == {key for key, r in vendor.qa_reviews.items() if r.created.isoformat() >= day(50)}
    assert value(result, "qa_reviews") < time.time() * 10_000
    assert "from its beginning" not in sync(sandbox, result.state, catalog=only("qa_reviews")).log


# A feed that changes


@pytest.mark.parametrize("page_size", [3, 10, 1000])
def test_a_feed_that_changes_with_every_request_ends(page_size: int, sandbox: Sandbox, vendor: AgentConnect) -> None:
    def change(_: object) -> None:
        vendor.touch(next(iter(vendor.feedbacks.values())))
        vendor.add_feedback()

    vendor.on_page = change
    narrow = {"catalog": only("feedbacks"), "start_date": day(2), "page_size": page_size}
    first = sync(sandbox, **narrow)
    assert len(vendor.seen) < 250
    vendor.on_page = None
    second = sync(sandbox, first.state, **narrow)
    assert newest(first, second).items() >= expected_feedbacks(vendor, day(2)).items()


# Pages and the end


@pytest.mark.parametrize("place", [5, -15])
def test_bytes_that_cut_a_group_of_equal_ids(place: int, sandbox: Sandbox, vendor: AgentConnect) -> None:
    recent = [r for r in vendor.qa_reviews.values() if r.created.isoformat() >= day(50)]
    reviews = sorted(recent, key=lambda record: record.sequence_id)
    tied = vendor.tie(*reviews[place:][:15])
    vendor.bytes_most = 12_000
    state = None
    for _ in range(2):
        result = attempt(sandbox, state, catalog=only("qa_reviews"))
        assert result.exit_code == 1
        assert str(tied) in error_line(result)
        state = result.state
    vendor.bytes_most = None
    again = sync(sandbox, state, catalog=only("qa_reviews"))
    assert newest(result, again).items() >= {r.uuid: r.sequence_id for r in reviews if r.sequence_id >= tied}.items()


# The dates


def test_an_end_is_not_cut(sandbox: Sandbox, vendor: AgentConnect) -> None:
    end = (datetime.now(timezone.utc) - timedelta(days=5)).replace(hour=10, minute=0, second=0, microsecond=400_000)
    last = vendor.add_feedback(end)
    result = sync(sandbox, catalog=only("feedbacks"), end_date=end.isoformat())
    assert last.uuid in newest(result)
    # A day is that day's whole day.
    late = vendor.add_feedback(end.replace(hour=23, minute=59, second=59, microsecond=700_000))
    result = sync(sandbox, catalog=only("feedbacks"), end_date=end.date().isoformat())
    assert {last.uuid, late.uuid} <= newest(result).keys()
    assert result.state
    assert result.state["bookmarks"]["feedbacks"]["scope"]["end"] == f"{end.date()}T23:59:59.999999Z"
    for edge in ("9999-12-31T23:59:59.5Z", "9999-12-31"):
        assert sync(sandbox, catalog=only("qa_audits"), end_date=edge).counts()


def test_an_end_that_moves(sandbox: Sandbox) -> None:
    """What a wider end lets through is read; one in the future is none, and stays out of the state."""
    said = "qa_reviews is read from its beginning"
    chosen = only("qa_reviews")
    narrow = sync(sandbox, catalog=chosen, end_date=day(20))
    assert said in sync(sandbox, narrow.state, catalog=chosen, end_date=day(10)).log
    assert said in sync(sandbox, narrow.state, catalog=chosen).log
    open_end = sync(sandbox, catalog=chosen, end_date=day(-1))
    assert open_end.state
    assert open_end.state["bookmarks"]["qa_reviews"]["scope"]["end"] is None
    for end in (day(-2), day(-1), day(10), None):
        assert said not in sync(sandbox, open_end.state, catalog=chosen, end_date=end).log


# Recoveries, employees, selection


def test_texts_for_no_recovery(sandbox: Sandbox, vendor: AgentConnect) -> None:
    texts = ["false", "no", "0", "False", 0, False, "", None, "true", "yes", 1, "1", True]
    vendor.fail(
        faults.edit(
            lambda rows: [
                {**row, "is_recovery": text, "parent_uuid": None} for row, text in zip(rows, texts, strict=False)
            ]
        ),
        times=1,
    )
    result = attempt(sandbox, catalog=only("feedbacks"), include_recovery=False, start_date=day(40))
    changed = [record["uuid"] for record in result.records("feedbacks")][:8]
    rows = sorted(
        (r for r in vendor.feedbacks.values() if r.created.isoformat() >= day(40)), key=lambda r: r.sequence_id
    )
    assert changed == [record.uuid for record in rows[:8]]
    sent = [record["uuid"] for record in result.records("feedbacks")]
    assert not {record.uuid for record in rows[8:12]} & set(sent[:9])


def test_people_who_share_an_address(sandbox: Sandbox, vendor: AgentConnect) -> None:
    count = len(vendor.employees)
    first = next(row for e in vendor.employees.values() if (row := e.row)["email"] and row["custom_employee_id"])
    vendor.add_employee("Nora Neu", email=first["email"], custom_employee_id="zz-1")
    vendor.add_employee("Otto Alt", email=None, custom_employee_id=first["email"])
    vendor.add_employee("Ida Ohne", email=None, custom_employee_id="null")
    keys = []
    for _ in range(2):
        result = sync(sandbox, catalog=only("employees"))
        keys.append({record["employee_key"]: record["first_name"] for record in result.records("employees")})
        for employee in vendor.employees.values():
            employee.row["last_active"] = datetime.now(timezone.utc)
    assert keys[0] == keys[1]
    assert len(keys[0]) == count + 3
    assert keys[0][first["email"]] == first["first_name"]
    assert keys[0][f"{first['email']} (zz-1)"] == "Nora"


def test_a_whole_list_may_end_with_its_version(sandbox: Sandbox, vendor: AgentConnect) -> None:
    result = sync(sandbox, catalog=only("employees", "qa_audits"), emit_activate_version_messages=True)
    (version,) = result.of("ACTIVATE_VERSION")
    assert version["stream"] == "employees"
    assert {m["version"] for m in result.of("RECORD") if m["stream"] == "employees"} == {version["version"]}
    vendor.fail(faults.status(403), at=2, times=9, where=lambda seen: seen.path.endswith("employees"))
    failed = attempt(sandbox, catalog=only("employees"), emit_activate_version_messages=True)
    assert failed.exit_code == 1
    assert not failed.of("ACTIVATE_VERSION")


def test_what_is_left_out_inside_an_object_stays_out(sandbox: Sandbox, vendor: AgentConnect) -> None:
    catalog = only("qa_reviews")
    (entry,) = [entry for entry in catalog["streams"] if entry["tap_stream_id"] == "qa_reviews"]
    left_out = (["properties", "reviewer", "properties", "email"], ["properties", "score"])
    for metadata in entry["metadata"]:
        if list(metadata["breadcrumb"]) in map(list, left_out):
            metadata["metadata"]["selected"] = False
    vendor.fail(
        faults.edit(
            lambda rows: [{**row, "score": "secret words", "reviewer": {"email": ["secret@x.example"]}} for row in rows]
        ),
        times=99,
    )
    result = sync(sandbox, catalog=catalog)
    assert result.counts()["qa_reviews"]
    assert "secret" not in result.output


# Secrets


@pytest.mark.parametrize("form", ["text", "json", "200"])
@pytest.mark.parametrize("code", [400, 401, 403, 429, 500])
def test_what_the_vendor_echoes_is_masked(code: int, form: str, sandbox: Sandbox, vendor: AgentConnect) -> None:
    def echo(_: Any) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            headers = {key.decode(): text.decode() for key, text in scope["headers"]}
            token, key = headers["authorization"], headers["x-api-key"]
            told.append(token)
            words = f"Bad token {token} signed {token.split('.')[2]} for key {key} with {vendor.api_secret}"
            body = words if form == "text" else {"error": {"message": words}}
            await faults.status(200 if form == "200" else code, body)(_)(scope, receive, send)

        return app

    told: list[str] = []
    vendor.fail(echo, times=99)
    result = attempt(sandbox, catalog=only("qa_audits"))
    assert result.exit_code == 1
    assert "Bad token ***" in error_line(result)
    for secret in (vendor.api_key, vendor.api_secret, *told, *(token.split(".")[2] for token in told), "eyJ"):
        assert secret not in result.output


# The README


def test_the_recipe_for_the_newest_version(sandbox: Sandbox, vendor: AgentConnect) -> None:
    readme = (Path(__file__).parents[2] / TAP / "README.md").read_text()
    (recipe,) = re.findall(r"```sql\n(.*?)```", readme, re.DOTALL)
    narrow = {"catalog": only("feedbacks"), "start_date": day(10)}
    runs = [sync(sandbox, **narrow)]
    for number in range(2):
        # No time moves with these changes.
        for record in list(vendor.feedbacks.values())[-6:]:
            vendor.touch(record, vendor.now + timedelta(seconds=number - 2), tags=[str(number)])
        runs.append(sync(sandbox, runs[-1].state, **narrow))
    versions = [record for result in runs for record in result.records("feedbacks")]
    database = sqlite3.connect(":memory:")
    database.execute("create table feedbacks (uuid, sequence_id, request_created_at, response_received_at, tags)")
    for order in (versions, versions[::-1]):
        database.execute("delete from feedbacks")
        for row in order:
            values = [row["uuid"], row["sequence_id"], row["request_created_at"], row["response_received_at"]]
            database.execute("insert into feedbacks values (?, ?, ?, ?, ?)", [*values, json.dumps(row["tags"])])
        found = {row[0]: (row[1], json.loads(row[4])) for row in database.execute(recipe)}
        assert found == {
            key: (record.sequence_id, record.row["tags"])
            for key, record in vendor.feedbacks.items()
            if record.created.isoformat() >= day(10)
        }
