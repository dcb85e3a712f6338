"""Sessions of every day that was asked for, whatever the vendor means by a day, up to the calendar's edges."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sandbox.server import Sandbox

from tests.contract.contract import day
from tests.tap_maestroqa.runs import created_since, ids, only_the_newest, sync


@pytest.mark.parametrize("end_day", ["inclusive", "exclusive"])
@pytest.mark.parametrize("utc_offset", [-12, 0, 14])
@pytest.mark.parametrize("last_day", [None, 0, -1])
def test_every_reading_of_a_day(end_day: Any, utc_offset: int, last_day: int | None, sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    vendor.end_day, vendor.utc_offset, vendor.last_day = end_day, utc_offset, last_day
    result = sync(sandbox, start_date=day(20), window_days=11)
    assert len(result.records("coaching_sessions")) == len(ids(result))
    if last_day is not None:
        assert "does not answer for days after" in result.log
        # What the vendor does not show yet comes with a later run, though its date is older than the bookmark.
        vendor.last_day = None
        result.messages += sync(sandbox, result.state, start_date=day(20), window_days=30).messages
    assert created_since(vendor, day(20)) <= ids(result)


@pytest.mark.parametrize("end_day", ["inclusive", "exclusive"])
@pytest.mark.parametrize("utc_offset", [-12, 14])
def test_the_end_date_is_a_whole_day(end_day: Any, utc_offset: int, sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    vendor.end_day, vendor.utc_offset = end_day, utc_offset
    midnight = datetime.fromisoformat(f"{day(20)}T00:00:00+00:00")
    hours = [vendor.add_session(midnight + timedelta(hours=hour, minutes=59)) for hour in range(24)]
    assert {session["_id"] for session in hours} <= ids(sync(sandbox, end_date=day(20)))


def test_meeting_dates_are_looked_for_ahead(sandbox: Sandbox) -> None:
    soon = sandbox.maestroqa.add_session(datetime.now(timezone.utc))
    soon["meetingDate"] = datetime.now(timezone.utc) + timedelta(days=300)
    undated = sandbox.maestroqa.add_session(datetime.now(timezone.utc) - timedelta(hours=1))
    undated["meetingDate"] = None
    result = sync(sandbox, time_axis="meetingDate", window_days=89)
    assert soon["_id"] in ids(result)
    assert undated["_id"] not in ids(result)
    assert "without a meeting date" in result.log


@pytest.mark.parametrize("start", ["0001-01-01", "1999-12-31"])
def test_a_start_before_the_vendor(start: str, sandbox: Sandbox) -> None:
    result = sync(sandbox, start_date=start, window_days=89)
    assert "reading begins at 2000-01-01" in result.log
    assert len(sandbox.maestroqa.seen) < 130
    assert set(sandbox.maestroqa.sessions) == ids(result)


@pytest.mark.parametrize("end", ["9999-12-31", "9999-12-31T23:59:59.5Z", "0001-01-01"])
def test_an_end_at_the_calendars_edge(end: str, sandbox: Sandbox) -> None:
    result = sync(sandbox, end_date=end, start_date="0001-01-01" if end < "1" else day(50), lookback_days=36500)
    assert ("0001" in end) or created_since(sandbox.maestroqa, day(50)) <= ids(result)
    assert "to read: 0" not in result.log


def test_dates_at_the_calendars_edge(sandbox: Sandbox) -> None:
    first, last = only_the_newest(sandbox.maestroqa, 2)
    first.update(createdAt=first["createdAt"], updatedAt=datetime.min.replace(tzinfo=timezone.utc), meetingDate=None)
    last.update(updatedAt=datetime.max.replace(tzinfo=timezone.utc))
    result = sync(sandbox)
    assert ids(result) == {first["_id"], last["_id"]}
    sent = {record["_id"]: record for record in result.records("coaching_sessions")}
    assert sent[first["_id"]]["updatedAt"] == "0001-01-01T00:00:00.000000Z"
    assert sent[last["_id"]]["updatedAt"].startswith("9999-12-31T23:59:59.999")
    assert sent[last["_id"]]["_changed_at"] < day(-1)
    assert ids(sync(sandbox, result.state)) >= {last["_id"]}
