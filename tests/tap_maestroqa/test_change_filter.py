"""Which sessions a run sends, after any history of runs, edits and settings."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_maestroqa.base.http import TapError
from tap_maestroqa.base.records import parse_datetime, to_rfc3339
from tap_maestroqa.change_filter import OVERLAP, ChangeFilter, Synced, change_times
from tap_maestroqa.windows import Window, days_between

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
QUARTER = days_between(NOW - 90 * DAY, NOW)


def session(number: int, created: datetime, updated: datetime) -> dict[str, Any]:
    return {"_id": str(number), "createdAt": to_rfc3339(created), "updatedAt": to_rfc3339(updated), "version": 0}


def synced(state: dict[str, Any]) -> Synced | None:
    return Synced.from_state(state, parse_datetime(state.get("replication_key_value")), "createdAt")


def write(state: dict[str, Any], progress: tuple[str, dict[str, str]] | None) -> None:
    """Do what the stream does with progress."""
    if progress:
        bookmark = max(progress[0], state.get("replication_key_value", ""))
        state.update(replication_key_value=bookmark, scanned=progress[1])


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int, int | None, list[int], list[tuple[int, int]]]]:
    """Runs: days since the last, first day, lookback, killed after so many windows, edits before and while reading."""
    lookback = st.none() | st.integers(1, 40)
    while_reading = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 59)), max_size=4)
    one = st.tuples(st.integers(0, 40), st.integers(1, 200), lookback, st.none() | st.integers(0, 5),
                    st.lists(st.integers(0, 59)), while_reading)  # fmt: skip
    return draw(st.lists(one, min_size=1, max_size=6))


@given(histories(), st.integers(-12, 14), st.booleans(), st.sampled_from([-120, 0, 120]), st.booleans())
def test_the_newest_version_is_always_out(
    history: list[tuple[int, int, int | None, int | None, list[int], list[tuple[int, int]]]],
    utc_offset: int,
    inclusive: bool,
    vendor_clock: int,
    shows_clock: bool,
) -> None:
    """Runs last for hours, are killed, look back, and the vendor's clock is another; the last one reads everything."""
    behind = vendor_clock * MINUTE
    source = {n: session(n, NOW - timedelta(days=3.3 * n), NOW - timedelta(days=3.2 * n)) for n in range(60)}
    out: dict[str, int] = {}
    state: dict[str, Any] = {}
    now = NOW

    def edit(number: int) -> None:
        row = source[number]
        row.update(updatedAt=to_rfc3339(now + behind), version=row["version"] + 1)

    for days, back, lookback, killed, edits, edits_while_reading in [*history, (1, 200, None, None, [], [])]:
        now += days * DAY + 30 * MINUTE
        for number in edits:
            now += MINUTE / 60
            edit(number)
        started, known = now, synced(state)
        known = known if known and known.bookmark <= started else None
        whole = days_between(started - back * DAY, started)
        recent = days_between(started - (lookback or 999) * DAY, started)
        scan = recent if lookback and known and known.reaches(whole, recent) else whole
        changes = ChangeFilter("createdAt", scan, known, started)
        start, number = scan.start, 0
        while start < scan.end and number != killed:
            window = Window(start, min(start + 30 * DAY, scan.end))
            for row in source.values():
                moment = datetime.fromisoformat(row["createdAt"].replace("Z", "+00:00"))
                day = (moment + timedelta(hours=utc_offset)).date()
                if window.start <= day < window.end + inclusive * DAY and changes.new_or_changed(dict(row)):
                    out[row["_id"]] = row["version"]
            changes.window_read(window, (now - started).total_seconds())
            vendor_started = started + behind if shows_clock else started
            write(state, changes.progress(min(started, vendor_started)))
            for at, edited in edits_while_reading:
                if at == number:
                    now += 25 * MINUTE
                    edit(edited)
            start, number = window.end, number + 1
        if start >= scan.end:
            write(state, changes.progress(min(started, vendor_started), final=True))
            assert state.get("replication_key_value", "") <= to_rfc3339(started)
    in_scope = [row for row in source.values() if row["createdAt"] >= to_rfc3339(started - 200 * DAY)]
    assert {row["_id"]: row["version"] for row in in_scope}.items() <= out.items()


def read(changes: ChangeFilter, *sessions: dict[str, Any], seconds: float = 1) -> list[str]:
    """Read one window with all these sessions, and return the ids of those that are sent."""
    sent = [row["_id"] for row in sessions if changes.new_or_changed(row)]
    changes.window_read(QUARTER, seconds)
    return sent


def a_run(state: dict[str, Any], now: datetime, *sessions: dict[str, Any], seconds: float = 1) -> list[str]:
    changes = ChangeFilter("createdAt", QUARTER, synced(state), now)
    sent = read(changes, *sessions, seconds=seconds)
    write(state, changes.progress(now, final=True))
    return sent


def test_what_changed_while_a_long_run_went_on_is_found() -> None:
    """The first window was read at the start; the newest change was seen two hours later, by a clock that is behind."""
    state: dict[str, Any] = {}
    hours = timedelta(hours=3)
    early, late = session(1, NOW - 80 * DAY, NOW - 70 * DAY), session(2, NOW - 5 * DAY, NOW - hours + 120 * MINUTE)
    a_run(state, NOW, early, late, seconds=7200)
    early["updatedAt"] = to_rfc3339(NOW - hours + 20 * MINUTE)
    assert a_run(state, NOW + DAY, early, late) == ["1", "2"]


def test_changes_shown_late_are_found() -> None:
    state: dict[str, Any] = {}
    a_run(state, NOW, session(1, NOW - 9 * DAY, NOW - MINUTE))
    late = session(2, NOW - 9 * DAY, NOW - MINUTE - 9 * MINUTE)
    older = session(3, NOW - 9 * DAY, NOW - MINUTE - 11 * MINUTE)
    assert a_run(state, NOW + DAY, late, older) == ["2"]
    assert timedelta(0) < OVERLAP < 11 * MINUTE


def test_times_without_a_zone_have_a_day() -> None:
    """The clock is put back in autumn: what changes an hour later has an earlier time. A day has no time at all."""
    state: dict[str, Any] = {}
    before, after = (session(number, NOW - 9 * DAY, NOW - 3 * DAY) for number in (1, 2))
    before["updatedAt"] = "2026-02-28T01:55:00"
    a_run(state, NOW, before, after)
    after["updatedAt"] = "2026-02-28T01:05:00"
    assert a_run(state, NOW, before, after) == ["1", "2"]
    after["updatedAt"] = "2026-02-28"
    assert a_run(state, NOW, before, after) == ["1", "2"]
    after["updatedAt"] = "2026-02-28T01:05:00.000Z"
    assert a_run(state, NOW, after) == []


@pytest.mark.parametrize("slip", [NOW + 3 * MINUTE, datetime(2222, 1, 1, tzinfo=timezone.utc)])
def test_a_date_that_lies_ahead_moves_no_bookmark(slip: datetime) -> None:
    state: dict[str, Any] = {}
    a_run(state, NOW, session(1, NOW - 9 * DAY, NOW - 3 * DAY), session(2, NOW - 9 * DAY, slip))
    assert state["replication_key_value"] == to_rfc3339(NOW - 3 * DAY - timedelta(seconds=1))


def test_a_bookmark_stays_behind_the_vendors_start() -> None:
    changes = ChangeFilter("createdAt", QUARTER, None, NOW)
    read(changes, session(1, NOW - 9 * DAY, NOW - MINUTE))
    bookmark, _ = changes.progress(NOW - 120 * MINUTE, final=True) or ("", {})
    assert bookmark == to_rfc3339(NOW - 120 * MINUTE)


def test_an_older_version_that_comes_last_does_not_win() -> None:
    new, old = session(1, NOW - 9 * DAY, NOW - DAY), session(1, NOW - 9 * DAY, NOW - 2 * DAY)
    old["version"] = -1
    changes = ChangeFilter("createdAt", QUARTER, None, NOW)
    assert read(changes, old, new) == ["1", "1"]
    assert read(changes, old, new, session(2, NOW, NOW)) == ["2"]
    assert read(ChangeFilter("createdAt", QUARTER, None, NOW), new, old) == ["1"]


def test_a_point_may_be_what_makes_a_version_newer() -> None:
    changes = ChangeFilter("createdAt", QUARTER, None, NOW)
    old = session(1, NOW - 9 * DAY, NOW - 2 * DAY)
    new = {**old, "todos": [{"completedAt": to_rfc3339(NOW - DAY)}]}
    assert read(changes, new, old) == ["1"]
    for changed in (new, {**new, "updatedAt": "9999-12-31T00:00:00Z"}):
        sent = ChangeFilter("createdAt", QUARTER, None, NOW).new_or_changed(changed)
        assert sent
        assert sent["_changed_at"] == to_rfc3339(NOW - DAY)


def test_a_change_anywhere_in_a_session_counts() -> None:
    row = session(1, NOW - 9 * DAY, NOW - 8 * DAY)
    row["todos"] = [{"updatedAt": to_rfc3339(NOW - 7 * DAY), "completedAt": to_rfc3339(NOW - 6 * DAY)}]
    row["coachingPoints"] = [{"updatedAt": to_rfc3339(NOW - 5 * DAY)}]
    row["activityLog"] = [{"timestamp": to_rfc3339(NOW - 4 * DAY)}]
    row["meetingDate"] = to_rfc3339(NOW + 4 * DAY)
    row["agentConfirmedDate"], row["coachConfirmedDate"] = (to_rfc3339(NOW - days * DAY) for days in (3, 2))
    assert change_times(row) == ([to_rfc3339(NOW - days * DAY) for days in (8, 9, 3, 2, 5, 7, 6, 4)], True, True)


def test_what_has_no_date_or_an_unreadable_one_is_always_sent() -> None:
    for change in ({"updatedAt": None}, {"updatedAt": "soon"}, {"todos": "none"}, {"todos": [{"updatedAt": "soon"}]},
                   {"updatedAt": "9999-12-31T23:59:59.999Z"}):  # fmt: skip
        row = {**session(1, NOW - 9 * DAY, NOW - 8 * DAY), **change}
        changes = ChangeFilter("createdAt", QUARTER, Synced(NOW, QUARTER, QUARTER.start), NOW)
        assert read(changes, row) == ["1"]


def test_a_date_from_before_the_vendor_says_nothing() -> None:
    state: dict[str, Any] = {}
    row, other = (session(number, NOW - 9 * DAY, NOW - 8 * DAY - 60 * number * MINUTE) for number in (0, 2))
    a_run(state, NOW, row, other)
    for nothing in ("0001-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"):
        assert a_run(state, NOW + DAY, {**row, "updatedAt": nothing}, other) == ["0"]
    unknown: dict[str, Any] = {}
    assert a_run(unknown, NOW, {**row, "updatedAt": "0001-01-01T00:00:00Z", "createdAt": None}) == ["0"]
    assert not unknown


def test_a_run_that_finds_more_writes_no_state_that_says_less() -> None:
    state: dict[str, Any] = {}
    a_run(state, NOW, session(1, NOW - 9 * DAY, NOW - 8 * DAY))
    changes = ChangeFilter("createdAt", QUARTER, synced(state), NOW + DAY)
    changes.new_or_changed(session(1, NOW - 9 * DAY, NOW))
    changes.window_read(Window(QUARTER.start, QUARTER.start + 30 * DAY), 1)
    assert changes.progress(NOW + DAY) is None
    changes.window_read(Window(QUARTER.start + 30 * DAY, QUARTER.end), 1)
    assert changes.progress(NOW + DAY) is not None


def test_another_time_axis_starts_anew() -> None:
    state: dict[str, Any] = {}
    a_run(state, NOW, session(1, NOW - 9 * DAY, NOW - 8 * DAY))
    assert Synced.from_state(state, NOW, "createdAt")
    assert Synced.from_state(state, NOW, "meetingDate") is None


def test_states_of_before_are_read() -> None:
    scanned = {"time_axis": "createdAt", "start": "2026-01-01", "end": "2026-02-01"}
    start, end = (datetime(2026, month, 1).date() for month in (1, 2))  # noqa: DTZ001
    assert Synced.from_state({"scanned": scanned}, NOW, "createdAt") == Synced(NOW, Window(start, end), start)
    assert Synced.from_state({}, NOW, "createdAt") == Synced(NOW)
    edge = {**scanned, "start": "0001-01-01", "end": "9999-12-31"}
    known = Synced.from_state({"scanned": edge}, NOW, "createdAt")
    assert read(ChangeFilter("createdAt", QUARTER, known, NOW), session(1, NOW - 9 * DAY, NOW - 8 * DAY)) == []


@pytest.mark.parametrize(
    "scanned",
    [5, "2026", [], {}, ["start"], {"time_axis": "createdAt"}, {"time_axis": "createdAt", "start": "x", "end": "y"},
     {"time_axis": "createdAt", "start": None, "end": None},
     {"time_axis": "createdAt", "start": "2026-01-01", "end": "2026-02-01", "read_from": 5}],
)  # fmt: skip
def test_a_state_of_another_shape_is_named(scanned: Any) -> None:
    with pytest.raises(TapError, match="`scanned` of coaching_sessions"):
        Synced.from_state({"scanned": scanned}, NOW, "createdAt")
