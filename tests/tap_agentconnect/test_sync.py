"""The tap against the sandbox: readings of the collection, changes while it reads, limits, and the employees."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sandbox.agentconnect.api import AgentConnect
from sandbox.server import Sandbox
from tap_agentconnect.tap import TapAgentConnect

from sandbox import faults
from tests.contract.agentconnect import AGENTCONNECT
from tests.contract.contract import day, keys_of
from tests.contract.test_records import invalid
from tests.singer import Run, after, run

TAP = "tap-agentconnect"
FEEDS = ("feedbacks", "qa_reviews", "qa_audits", "qa_calibrations", "coaching_sessions")
NEW = {"": {"brand_new": {"a": 1}}, "*": {"anywhere": ["x"]}}


@pytest.fixture
def vendor(sandbox: Sandbox) -> AgentConnect:
    """Agent Connect without a quota, since most tests are not about it."""
    sandbox.agentconnect.lift_limits()
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


def held(vendor: AgentConnect, since: str) -> dict[str, int]:
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
    ],
    ids=str,
)
def test_every_reading(reading: dict[str, Any], sandbox: Sandbox, vendor: AgentConnect) -> None:
    for name, value in reading.items():
        setattr(vendor, name, value)
    result = sync(sandbox)
    assert newest(result) == held(vendor, day(50))
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
    assert held_feedbacks(vendor, day(50)).items() <= newest(result).items()


def held_feedbacks(vendor: AgentConnect, since: str) -> dict[str, int]:
    return {key: r.sequence_id for key, r in vendor.feedbacks.items() if r.created.isoformat() >= since}


def test_killed_late_in_a_first_sync_it_resumes(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.ties = 3
    config = {**AGENTCONNECT.config(sandbox), "start_date": day(730), "page_size": 300}
    killed = run(TAP, config, catalog=only("feedbacks"), kill=after(4000))
    assert killed.exit_code != 0
    resumed = run(TAP, config, catalog=only("feedbacks"), state=killed.state)
    assert newest(killed, resumed) == held_feedbacks(vendor, day(730))
    assert resumed.counts()["feedbacks"] < 1000


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
    assert newest(first, second) == held(vendor, "")
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
    assert "full-refresh" in result.log
    assert "Traceback" not in result.log


def test_pages_of_one_row(sandbox: Sandbox, vendor: AgentConnect) -> None:
    recent = sorted(vendor.feedbacks.values(), key=lambda record: record.sequence_id)[-12:]
    vendor.tie(*recent[3:8])
    result = sync(sandbox, catalog=only("feedbacks"), start_date=day(3), page_size=1)
    assert newest(result) == held_feedbacks(vendor, day(3))


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
    assert newest(result).keys() == held_feedbacks(vendor, day(30)).keys() - recoveries
    later = sync(sandbox, result.state, catalog=only("feedbacks"), start_date=day(30))
    assert newest(later) == held_feedbacks(vendor, day(30))


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
    assert newest(wide).keys() == held(vendor, day(50)).keys() & expected
    assert "from its beginning" not in sync(sandbox, wide.state, **narrow).log


@pytest.mark.parametrize(
    "reading",
    [
        {"employees_most": 7},
        {"employees_most": 7, "next_page_keeps_parameters": True, "next_page_host": "own", "last_page": "extra"},
        {"employees_most": 7, "employees_after": False, "last_page": "missing"},
        {"employees_after": False, "last_page": "extra"},
        {"employees_most": 5, "lists_deactivated": False, "last_page": "blank", "ids": "integer"},
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
    # A token that was signed before the wait for the next minute would be too old.
    sandbox.agentconnect.iat_age = 30
    result = sync(sandbox, catalog=only("feedbacks"), page_size=4, start_date=day(60))
    assert len(sandbox.agentconnect.seen) > 105
    assert sandbox.agentconnect.told_off == 0
    assert newest(result) == held_feedbacks(sandbox.agentconnect, day(60))


def test_told_to_retry_later_it_waits_for_the_next_minute(sandbox: Sandbox) -> None:
    sandbox.agentconnect.fail(faults.status(429, "Retry Later"), at=2)
    result = sync(sandbox, catalog=only("qa_reviews"))
    _, first, second, *_ = sandbox.agentconnect.seen
    assert result.waits[0] > 60
    assert "Retry Later" in result.log
    assert first.headers["authorization"] != second.headers["authorization"]


def test_a_row_without_a_key_stops_the_run(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.fail(faults.edit(lambda rows: [{**rows[0], "uuid": None}, *rows[1:]]), times=9)
    result = attempt(sandbox)
    assert result.exit_code == 1
    assert "uuid" in result.log
    assert "Traceback" not in result.log
