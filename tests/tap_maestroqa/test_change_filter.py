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
    return draw(st.lists(one, min_size=1, max_size=6))  # type: ignore[arg-type]
