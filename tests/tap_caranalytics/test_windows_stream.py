"""The stream of windows: what each report read and when, and so which rows hold now."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from sandbox.server import Sandbox

from tests.contract.contract import day
from tests.contract.test_records import invalid
from tests.singer import after, run
from tests.tap_caranalytics.reports import (
    MILLISECOND,
    TAP,
    bare,
    catalog,
    counted,
    current,
    midnight,
    of_day,
    settings,
    sync,
    upserted,
    written,
)


def test_windows_tell_what_each_report_read(sandbox: Sandbox) -> None:
    result = sync(sandbox, "response", "conversation_open", "windows", end_date=day(1))
    read = {(row["report"], row["_window_start"]): row for row in result.records("windows")}
    for name, days in (("response", (2, 1)), ("conversation_open", (1,))):
        for days_ago in days:
            rows = of_day(result.records(name), days_ago)
            row = read.pop((name, f"{day(days_ago)}T00:00:00.000000Z"))
            assert row["row_count"] == len(rows)
            assert {(row["_window_end"], row["_extracted_at"])} == {
                (record["_window_end"], record["_extracted_at"]) for record in rows
            }
    assert not read
    kinds = [(message["type"], message.get("stream")) for message in result.messages]
    last = len(kinds) - 1 - kinds[::-1].index(("RECORD", "response"))
    assert kinds[last + 1 : last + 3] == [("RECORD", "windows"), ("STATE", None)]
    assert kinds.count(("SCHEMA", "windows")) == 1


def test_windows_that_are_not_selected_are_not_sent(sandbox: Sandbox) -> None:
    result = sync(sandbox, "response", end_date=day(1))
    assert {message.get("stream") for message in result.messages} == {"response", None}
    alone = sync(sandbox, "windows")
    assert not alone.of("RECORD")


@pytest.mark.parametrize("flattened", [False, True])
def test_windows_follow_stream_maps_and_selection(flattened: bool, sandbox: Sandbox) -> None:
    sandbox.caranalytics.lift_limits()
    maps: Any = {"windows": {"rows_twice": "int(row_count) * 2", "row_count": None, "__alias__": "readings"}}
    chosen = catalog("response", "windows", without=("_window_end",))
    changes: Any = {"stream_maps": maps, "end_date": day(1), "flattening_enabled": flattened, "flattening_max_depth": 2}
    result = run(TAP, settings(sandbox, **changes), catalog=chosen)
    assert result.exit_code == 0, result.log
    assert len(result.records("readings")) == 2
    (names,) = {frozenset(row) for row in result.records("readings")}
    assert names == {"report", "_window_start", "_extracted_at", "rows_twice"}
    assert not any("_window_end" in row for row in result.records("response"))
    assert not invalid(result)


def test_batch_files_come_before_the_windows_they_fill(sandbox: Sandbox, tmp_path: Path) -> None:
    batches = {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": f"file://{tmp_path}", "prefix": "x-"},
        "batch_size": 100,
    }
    result = sync(sandbox, "response", "windows", end_date=day(1), batch_config=batches)
    rows, out, windows = 0, 0, 0
    for message in result.messages:
        if message["type"] == "BATCH":
            for url in message["manifest"]:
                rows += len(gzip.decompress(Path(url.removeprefix("file://")).read_bytes()).splitlines())
        elif message["type"] == "RECORD":
            assert message["stream"] == "windows"
            windows, out = windows + 1, out + message["record"]["row_count"]
            assert out <= rows
        elif message["type"] == "STATE":
            bookmark = message["value"]["bookmarks"].get("response", {}).get("replication_key_value", "")
            assert windows == {"": 0, day(1): 1, day(0): 2}[bookmark[:10]]
    assert windows == 2
    assert rows == out == sum(len(written(sandbox, "response", days_ago)) for days_ago in (2, 1))


def test_what_holds_now_is_whole_after_runs_that_end_at_any_row(sandbox: Sandbox) -> None:
    """A window that was read before keeps all its rows; one that never was shows none."""
    chosen = catalog("response", "windows")
    first = sync(sandbox, "response", "windows", start_date=day(1), end_date=day(1))
    expected = counted(written(sandbox, "response", 1))
    for rows in (1, sum(expected.values()) // 2, sum(expected.values())):
        killed = run(TAP, settings(sandbox, start_date=day(1)), catalog=chosen, kill=after(rows))
        assert counted(bare(of_day(current(first, killed, stream="response"), 1))) == expected
        assert not current(killed, stream="response")


def test_a_window_that_has_become_empty_holds_no_rows_now(sandbox: Sandbox) -> None:
    reports = sandbox.caranalytics.reports
    first = sync(sandbox, "response", "windows")
    for row in reports.recent("response", midnight(0) - MILLISECOND):
        reports.remove(row)
    second = sync(sandbox, "response", "windows", state=first.state)
    assert of_day(upserted(first, second, stream="response").values(), 1)
    assert not of_day(current(first, second, stream="response"), 1)
    assert of_day(current(first, second, stream="response"), 2)
