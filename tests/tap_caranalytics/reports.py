"""Runs of a few streams, and what the vendor would have them bring."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

from sandbox.vendor import Limit
from tap_caranalytics.rows import text_of

from tests.contract.contract import day
from tests.singer import Json, Run, run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.server import Sandbox

TAP = "tap-caranalytics"
DAY = timedelta(days=1)
MILLISECOND = timedelta(milliseconds=1)


def settings(sandbox: Sandbox, **changes: Any) -> Json:
    """Return settings for a vendor without a limit, up to this moment."""
    vendor = sandbox.caranalytics
    return {
        "username": vendor.username,
        "password": vendor.password,
        "company_key": vendor.company_key,
        "api_url": f"{sandbox.url}/caranalytics/api/public",
        "start_date": day(2),
        "requests_per_minute": 6000,
        "poll_interval": 0.05,
        **changes,
    }


def catalog(*streams: str, without: Iterable[str] = ()) -> Json:
    """Return a catalog discovered without settings, with these streams selected and these columns not."""
    found: Json = json.loads(discovered())
    for stream in found["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["stream"] in streams
        stream["metadata"] += [
            {"breadcrumb": ["properties", name], "metadata": {"selected": False}} for name in without
        ]
    return found


@cache
def discovered() -> str:
    log = run(TAP, None, "--discover").log
    return log[log.index("{\n") : log.rindex("\n}") + 2]


def sync(sandbox: Sandbox, *streams: str, state: Any = None, failing: bool = False, **changes: Any) -> Run:
    """Run these streams to their end."""
    if sandbox.caranalytics.limits == (Limit(20, 60),):
        sandbox.caranalytics.lift_limits()
    result = run(TAP, settings(sandbox, **changes), state=state, catalog=catalog(*streams))
    assert (result.exit_code != 0) is failing, result.log
    return result


def midnight(days_ago: int) -> datetime:
    return datetime.fromisoformat(day(days_ago)).replace(tzinfo=timezone.utc)


def written(sandbox: Sandbox, report: str, days_ago: int, **params: str) -> list[Json]:
    """Return the rows that the vendor has for a day that is over, values as text."""
    start = midnight(days_ago)
    rows = sandbox.caranalytics.written(report, start, start + DAY - MILLISECOND, **params)
    return [{name: text_of(value) for name, value in row.items()} for row in rows]


def bare(records: Iterable[Json]) -> list[Json]:
    """Return records without the tap's own columns."""
    return [{name: value for name, value in record.items() if not name.startswith("_")} for record in records]


def counted(rows: Iterable[Json]) -> Counter[str]:
    """Count rows by what is in them."""
    return Counter(str(sorted((name, value) for name, value in row.items() if value is not None)) for row in rows)


def of_day(records: Iterable[Json], days_ago: int) -> list[Json]:
    return [record for record in records if record["_window_start"].startswith(day(days_ago))]


def upserted(*runs: Run, stream: str) -> dict[str, Json]:
    """Return what a table would hold after these runs."""
    return {record["_row_key"]: record for run_ in runs for record in run_.records(stream)}


def current(*runs: Run, stream: str) -> list[Json]:
    """Return the rows that the windows hold now, as README's query does."""
    windows = {row["_window_start"]: row for run_ in runs for row in run_.records("windows") if row["report"] == stream}
    rows = upserted(*runs, stream=stream).values()
    return [
        row
        for row in rows
        if row["_window_start"] in windows and row["_extracted_at"] >= windows[row["_window_start"]]["_extracted_at"]
    ]
