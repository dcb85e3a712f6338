"""Which sessions a run sends, after any history of runs, edits and settings."""

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tap_maestroqa.records import utc
from tap_maestroqa.scan import Scan, Sent, last_change
from tap_maestroqa.windows import span

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
DAY = timedelta(days=1)


def written(moment: datetime) -> str:
    return utc(moment.isoformat()) or ""


def session(number: int, created: datetime, updated: datetime) -> dict[str, Any]:
    return {"_id": str(number), "createdAt": written(created), "updatedAt": written(updated), "version": 0}


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, int, int | None, list[int]]]:
    """Runs: (days since the last one, first day, killed after so many windows, sessions edited before)."""
    return draw(
        st.lists(
            st.tuples(
                st.integers(0, 40), st.integers(1, 200), st.none() | st.integers(0, 5), st.lists(st.integers(0, 59))
            ),
            min_size=1,
            max_size=6,
        )
    )


@settings(max_examples=300, deadline=None)
@given(histories(), st.integers(-12, 14), st.booleans())
def test_the_newest_version_is_always_out(
    history: list[tuple[int, int, int | None, list[int]]],
    utc_offset: int,
    inclusive: bool,
) -> None:
    source = {n: session(n, NOW - timedelta(days=3.3 * n), NOW - timedelta(days=3.2 * n)) for n in range(60)}
    out: dict[str, int] = {}
    state: dict[str, Any] = {}
    now = NOW
    for days, back, killed, edits in history:
        now += days * DAY + timedelta(minutes=30)
        for number in edits:
            source[number].update(updatedAt=written(now - timedelta(minutes=20)), version=source[number]["version"] + 1)
        scan = Scan("createdAt", span(now - back * DAY, now), 30, Sent.recall(state, "createdAt"))
        for index, window in enumerate(scan.windows):
            if index == killed:
                break
            for row in source.values():
                moment = datetime.fromisoformat(row["createdAt"].replace("Z", "+00:00"))
                day = (moment + timedelta(hours=utc_offset)).date()
                if window.start <= day < window.end + inclusive * DAY and scan.is_due(dict(row)):
                    out[row["_id"]] = row["version"]
            state.update(scan.progress(window, written(now)) or {})
        else:
            in_scope = [row for row in source.values() if row["createdAt"] >= written(now - back * DAY)]
            assert all(out.get(row["_id"]) == row["version"] for row in in_scope)
            assert state.get("replication_key_value", "") <= written(now)


def test_a_change_anywhere_in_a_session_counts() -> None:
    row = session(1, NOW - 9 * DAY, NOW - 8 * DAY)
    row["todos"] = [{"updatedAt": written(NOW - 7 * DAY), "completedAt": written(NOW - 6 * DAY)}]
    assert last_change(row) == written(NOW - 6 * DAY)
    row["coachingPoints"] = [{"updatedAt": written(NOW - 5 * DAY)}]
    assert last_change(row) == written(NOW - 5 * DAY)
    row["activityLog"] = [{"timestamp": written(NOW - 4 * DAY)}]
    assert last_change(row) == written(NOW - 4 * DAY)
    row["meetingDate"] = written(NOW + 4 * DAY)
    assert last_change(row) == written(NOW - 4 * DAY)


def test_what_has_no_date_or_an_unreadable_one_is_always_sent() -> None:
    for change in ({"updatedAt": None}, {"updatedAt": "soon"}, {"todos": "none"}, {"todos": [{"updatedAt": "soon"}]}):
        row = {**session(1, NOW - 9 * DAY, NOW - 8 * DAY), **change}
        assert last_change(row) is None
        sent = Sent(NOW, span(NOW - 90 * DAY, NOW))
        assert Scan("createdAt", span(NOW - 90 * DAY, NOW), 89, sent).is_due(row)


def test_another_time_axis_starts_anew() -> None:
    scan = Scan("createdAt", span(NOW - 90 * DAY, NOW), 89, None)
    scan.is_due(session(1, NOW - 9 * DAY, NOW - 8 * DAY))
    state: dict[str, Any] = scan.progress(scan.windows[-1], written(NOW)) or {}
    assert Sent.recall(state, "createdAt")
    assert Sent.recall(state, "meetingDate") is None
