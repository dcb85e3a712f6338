"""What a run goes on from: changes since the one before it, its clock, lookback and moved dates."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sandbox.server import Sandbox

from tests.contract.contract import day
from tests.contract.maestroqa import MAESTROQA
from tests.singer import run
from tests.tap_maestroqa.runs import TAP, created_since, failed, ids, only_the_newest, sync


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
    # The session's own updatedAt has not moved; the newest version of each is found all the same.
    before = {record["_id"]: record for record in first.records("coaching_sessions")}[with_todo["_id"]]
    assert sent[with_todo["_id"]]["updatedAt"] == before["updatedAt"]
    assert sent[with_todo["_id"]]["_changed_at"] > before["_changed_at"]


def test_what_changes_while_the_run_goes_on_is_found(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    first_window, *_ = only_the_newest(vendor, 60)

    def meanwhile(answer: Any) -> Any:
        vendor.soft_delete(first_window, vendor.now)
        return answer

    vendor.fail(meanwhile, at=2)
    first = sync(sandbox)
    assert not any(
        record["isDeleted"] for record in first.records("coaching_sessions") if record["_id"] == first_window["_id"]
    )
    second = sync(sandbox, first.state)
    assert [
        record["isDeleted"] for record in second.records("coaching_sessions") if record["_id"] == first_window["_id"]
    ] == [True]


@pytest.mark.parametrize("shows_clock", [True, False])
@pytest.mark.parametrize("hours", [-2, 2])
def test_the_vendors_clock_is_another(hours: int, shows_clock: bool, sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    vendor.clock_offset, vendor.shows_clock = timedelta(hours=hours), shows_clock
    early, slip, *_, late = only_the_newest(vendor, 9)
    for session in vendor.sessions.values():
        created = session["createdAt"] - timedelta(hours=3)
        session.update(createdAt=created, updatedAt=created, todos=[], coachingPoints=[], activityLog=[])
    slip["todos"] = [{"completedAt": datetime(2222, 1, 1, tzinfo=timezone.utc)}]
    vendor.soft_delete(late, vendor.now)
    first = sync(sandbox)
    vendor.soft_delete(early, vendor.now)
    second = sync(sandbox, first.state)
    assert early["_id"] in ids(second)
    vendor.soft_delete(late, vendor.now)
    assert late["_id"] in ids(sync(sandbox, second.state))
    for result in (first, second):
        assert result.state
        bookmark = result.state["bookmarks"]["coaching_sessions"]["replication_key_value"]
        assert bookmark < datetime.now(timezone.utc).isoformat()


def test_a_bookmark_never_moves_back(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    *_, last = only_the_newest(vendor, 9)
    vendor.soft_delete(last, vendor.now)
    first = sync(sandbox)
    del vendor.sessions[last["_id"]]
    second = sync(sandbox, first.state)
    before, after = (result.state["bookmarks"]["coaching_sessions"] for result in (first, second) if result.state)
    assert before["replication_key_value"] == after["replication_key_value"]
    assert after["replication_key_value"] > day(1)


def test_lookback_reads_all_once_then_little(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    first = sync(sandbox, lookback_days=5)
    assert created_since(vendor, day(50)) <= ids(first)
    vendor.seen.clear()
    second = sync(sandbox, first.state, lookback_days=5)
    assert len(vendor.seen) == 1
    # Moved back, start_date names days that no run has read: they are read, and then again only with lookback.
    third = sync(sandbox, second.state, lookback_days=5, start_date=day(80))
    assert created_since(vendor, day(80)) <= ids(first) | ids(third)
    vendor.seen.clear()
    fourth = sync(sandbox, third.state, lookback_days=5, start_date=day(80))
    assert len(vendor.seen) == 1
    # What has changed unseen comes once lookback is over.
    old = min(
        vendor.sessions.values(), key=lambda session: (str(session["createdAt"]) < day(80), str(session["createdAt"]))
    )
    vendor.soft_delete(old, vendor.now - timedelta(hours=1))
    vendor.soft_delete(max(vendor.sessions.values(), key=lambda session: str(session["createdAt"])), vendor.now)
    fifth = sync(sandbox, fourth.state, lookback_days=5, start_date=day(80))
    assert old["_id"] not in ids(fifth)
    assert old["_id"] in ids(sync(sandbox, fifth.state, start_date=day(80)))


def test_lookback_needs_a_first_run_that_was_complete(sandbox: Sandbox) -> None:
    config = {**MAESTROQA.config(sandbox), "lookback_days": 1}
    killed = run(TAP, config, kill=lambda message: message["record"]["createdAt"] > day(15))
    assert killed.killed
    assert killed.state
    second = sync(sandbox, killed.state, lookback_days=1)
    assert created_since(sandbox.maestroqa, day(50)) <= ids(killed) | ids(second)


def test_lookback_of_an_end_in_the_past(sandbox: Sandbox) -> None:
    first = sync(sandbox, end_date=day(20), lookback_days=2)
    second = sync(sandbox, first.state, end_date=day(20), lookback_days=2)
    assert "Windows to read: 1 " in second.log


def test_start_date_moved_back_brings_the_older_ones(sandbox: Sandbox) -> None:
    first = sync(sandbox, start_date=day(20))
    second = sync(sandbox, first.state, start_date=day(50))
    assert created_since(sandbox.maestroqa, day(50)) <= ids(first) | ids(second)


def test_end_date_moved_on_brings_the_newer_ones(sandbox: Sandbox) -> None:
    first = sync(sandbox, end_date=day(20))
    second = sync(sandbox, first.state)
    assert created_since(sandbox.maestroqa, day(50)) <= ids(first) | ids(second)


def test_a_bookmark_alone_is_a_state(sandbox: Sandbox) -> None:
    state = {"replication_key": "updatedAt", "replication_key_value": f"{day(20)}T00:00:00Z"}
    result = sync(sandbox, {"bookmarks": {"coaching_sessions": state}})
    assert created_since(sandbox.maestroqa, day(20)) <= ids(result) < set(sandbox.maestroqa.sessions)
    assert result.state
    assert result.state["bookmarks"]["coaching_sessions"]["scanned"]["read_from"] <= day(50)


@pytest.mark.parametrize("scanned", [5, [], "x", {"time_axis": "createdAt", "start": "soon", "end": "later"}])
def test_a_state_of_another_shape_is_one_line(scanned: Any, sandbox: Sandbox) -> None:
    bookmark = {"replication_key": "updatedAt", "replication_key_value": "2026-01-01T00:00:00Z", "scanned": scanned}
    assert "`scanned`" in failed(sandbox, {"bookmarks": {"coaching_sessions": bookmark}})
    assert not sandbox.maestroqa.seen
