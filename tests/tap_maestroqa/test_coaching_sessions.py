"""The tap against the sandbox: readings of the article, limits, edits, and a body of any size."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sandbox.maestroqa.api import MaestroQA
from sandbox.server import Sandbox

from sandbox import faults
from tests.contract.contract import day
from tests.contract.maestroqa import MAESTROQA
from tests.singer import Run, run

TAP = "tap-maestroqa"


def sync(sandbox: Sandbox, state: Any = None, **changes: Any) -> Run:
    result = run(TAP, {**MAESTROQA.config(sandbox), **changes}, state=state)
    assert result.exit_code == 0, result.log
    return result


def ids(result: Run) -> set[str]:
    return {record["_id"] for record in result.records("coaching_sessions")}


def created_since(vendor: MaestroQA, since: str) -> set[str]:
    return {key for key, session in vendor.sessions.items() if str(session["createdAt"]) >= since}


@pytest.mark.parametrize("end_day", ["inclusive", "exclusive"])
@pytest.mark.parametrize("utc_offset", [-12, 0, 14])
@pytest.mark.parametrize("refuses_future", [False, True])
def test_every_reading_of_a_day(end_day: Any, utc_offset: int, refuses_future: bool, sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    vendor.end_day, vendor.utc_offset, vendor.refuses_future = end_day, utc_offset, refuses_future
    result = sync(sandbox, start_date=day(20), window_days=11)
    assert vendor.told_off == 0
    assert len(result.records("coaching_sessions")) == len(ids(result))
    if refuses_future:
        # What the vendor does not show yet comes with a later run, though its date is older than the bookmark.
        vendor.refuses_future = False
        result.messages += sync(sandbox, result.state, start_date=day(20), window_days=30).messages
    assert created_since(vendor, day(20)) <= ids(result)


def test_requests_as_the_article_shows_them(sandbox: Sandbox) -> None:
    sync(sandbox)
    asked = [seen.json for seen in sandbox.maestroqa.seen]
    assert [seen.method for seen in sandbox.maestroqa.seen] == ["POST"] * 3
    assert all(set(body) == {"startDate", "endDate", "timeAxis"} for body in asked)
    assert asked[0]["timeAxis"] == "createdAt"
    assert asked[0]["endDate"] == asked[1]["startDate"]


@pytest.mark.real_clock
@pytest.mark.slow
def test_limits_are_kept(sandbox: Sandbox) -> None:
    sync(sandbox, start_date=day(30), window_days=1)
    assert len(sandbox.maestroqa.seen) > 30
    assert sandbox.maestroqa.told_off == 0


def test_a_second_run_sends_what_changed(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    first = sync(sandbox, start_date=day(170), window_days=89)
    old = [vendor.sessions[key] for key in sorted(created_since(vendor, day(170)) - created_since(vendor, day(30)))]
    deleted = next(session for session in old if not session["isDeleted"])
    with_todo = next(session for session in old if session["todos"] and session is not deleted)
    now = datetime.now(timezone.utc)
    vendor.soft_delete(deleted, now)
    vendor.complete_todo(with_todo, now)
    added = vendor.add_session(now)
    second = sync(sandbox, first.state, start_date=day(170))
    assert {deleted["_id"], with_todo["_id"], added["_id"]} <= ids(second)
    assert len(ids(second)) <= 5
    sent = {record["_id"]: record for record in second.records("coaching_sessions")}
    assert sent[deleted["_id"]]["isDeleted"] is True
    assert sent[with_todo["_id"]]["todos"][0]["completedAt"]


def test_meeting_dates_are_looked_for_ahead(sandbox: Sandbox) -> None:
    soon, far = (sandbox.maestroqa.add_session(datetime.now(timezone.utc)) for _ in range(2))
    del far
    soon["meetingDate"] = datetime.now(timezone.utc) + timedelta(days=300)
    undated = sandbox.maestroqa.add_session(datetime.now(timezone.utc) - timedelta(hours=1))
    undated["meetingDate"] = None
    result = sync(sandbox, time_axis="meetingDate", window_days=89)
    assert soon["_id"] in ids(result)
    assert undated["_id"] not in ids(result)
    assert "without a meeting date" in result.log


def test_lookback_reads_all_once_then_little(sandbox: Sandbox) -> None:
    first = sync(sandbox, lookback_days=5)
    assert created_since(sandbox.maestroqa, day(50)) <= ids(first)
    sandbox.maestroqa.seen.clear()
    sync(sandbox, first.state, lookback_days=5)
    assert len(sandbox.maestroqa.seen) == 1


def test_start_date_moved_back_brings_the_older_ones(sandbox: Sandbox) -> None:
    first = sync(sandbox, start_date=day(20))
    second = sync(sandbox, first.state, start_date=day(50))
    assert created_since(sandbox.maestroqa, day(50)) <= ids(first) | ids(second)


def test_end_date_moved_on_brings_the_newer_ones(sandbox: Sandbox) -> None:
    first = sync(sandbox, end_date=day(20))
    second = sync(sandbox, first.state)
    assert created_since(sandbox.maestroqa, day(50)) <= ids(first) | ids(second)


@pytest.mark.parametrize("text", ["second", "minute"])
def test_told_to_wait(text: str, sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(faults.status(429, {"error": f"Too many requests in the past {text}."}))
    result = sync(sandbox, start_date=day(9))
    assert len(sandbox.maestroqa.seen) == 2
    assert result.waits[0] > (60 if text == "minute" else 1)
    assert f"past {text}" in result.log


def test_an_expired_token_says_so(sandbox: Sandbox) -> None:
    config = MAESTROQA.config(sandbox)
    sandbox.maestroqa.token = "another"
    result = run(TAP, config)
    assert result.exit_code == 1
    assert len(sandbox.maestroqa.seen) == 1
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    assert "expired" in line
    assert "api_token" in line


def test_a_huge_window_in_little_memory(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    kept = created_since(vendor, day(50))
    for key in list(vendor.sessions):
        if key not in kept:
            del vendor.sessions[key]
    model = next(iter(vendor.sessions.values()))
    note = "A long note. " * 1500
    for number in range(10_000):
        vendor.sessions[f"big{number}"] = {**model, "_id": f"big{number}", "coachNotes": note}
    result = sync(sandbox, window_days=89)
    assert len(result.output) > 200_000_000
    assert {f"big{number}" for number in range(10_000)} <= ids(result)
    assert 20 < result.peak_mb < 150


def test_a_session_without_an_id_stops_the_run(sandbox: Sandbox) -> None:
    def behead(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [sessions[0] | {"_id": None}, *sessions[1:]]

    sandbox.maestroqa.fail(faults.edit(behead), times=9)
    result = run(TAP, MAESTROQA.config(sandbox))
    assert result.exit_code == 1
    assert "_id" in result.log
    assert "Traceback" not in result.log
