"""Every row of every report once, whatever the vendor's pages leave open, and an identity that survives re-reading."""

import gzip
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sandbox.server import Sandbox

from sandbox import faults
from tests.contract.contract import day
from tests.contract.test_records import invalid
from tests.singer import after, run
from tests.tap_caranalytics.reports import (
    DAY,
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

READINGS: dict[str, dict[str, Any]] = {
    "as the samples": {},
    "ids alone": {"run_urls": "none"},
    "link from the start": {"run_urls": "both"},
    "urls of another host": {"url_host": "other", "run_urls": "both"},
    "token": {"access": "token"},
    "key": {"access": "key", "run_urls": "none"},
    "objects": {"result_shape": "object", "run_ids": "plain"},
    "arrays": {"result_shape": "array", "detail_key": "details"},
    "old shape": {"completed": ("CLOSED", None)},
    "other words": {"running": ("Running", None), "completed": ("closed", "Completed")},
    "only GET": {"methods": "GET"},
    "only POST": {"methods": "POST"},
    "straight": {"download": "direct"},
    "link": {"download": "link"},
    "307": {"redirect_status": 307},
    "JSON": {"media_type": "application/json; charset=utf-8"},
}
STYLES: dict[str, dict[str, Any]] = {
    "enveloped": {"layout": "result", "byte_order_mark": True},
    "data": {"layout": "data", "unset": "absent"},
    "rows": {"layout": "rows", "values": "text"},
    "blanks": {"unset": "blank"},
    "media type": {"media_type": "application/octet-stream"},
}


@pytest.mark.parametrize("reading", READINGS)
def test_every_reading_of_the_pages(reading: str, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    for name, value in READINGS[reading].items():
        setattr(vendor, name, value)
    result = sync(sandbox, "response", "conversation_actions", start_date=day(1))
    for stream in ("response", "conversation_actions"):
        found = of_day(result.records(stream), 1)
        assert counted(bare(found)) == counted(written(sandbox, stream, 1))
    assert not vendor.downloads.leaks
    assert vendor.rate_limited == 0


@pytest.mark.parametrize("style", STYLES)
def test_every_layout_brings_the_same_rows(style: str, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    plain = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    for name, value in STYLES[style].items():
        setattr(vendor.style, name, value)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert counted(bare(result.records("response"))) == counted(bare(plain.records("response")))
    assert upserted(result, stream="response").keys() == upserted(plain, stream="response").keys()


def test_labels_become_names(sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    expected = written(sandbox, "response", 1)
    vendor.style.keys = "labels"
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert len(result.records("response")) == len(expected)
    for name in ("conversation_id", "date_claimed", "lsw_responded_to_post_content", "response_content"):
        found = [record.get(name) for record in result.records("response")]
        assert sorted(map(str, found)) == sorted(str(row[name]) for row in expected)


@pytest.mark.parametrize("empty", [[], {}, None, {"result": []}], ids=str)
def test_a_window_without_rows_is_passed_once_it_has_come_so_twice(empty: Any, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.downloads.fail(faults.instead(empty), times=99)
    result = sync(sandbox, "response", "windows", end_date=day(1))
    assert not result.records("response")
    assert [row["row_count"] for row in result.records("windows")] == [0, 0]
    assert len(vendor.downloads.seen) == 4
    assert result.state
    assert result.state["bookmarks"]["response"]["replication_key_value"] == f"{day(0)}T00:00:00.000000Z"


@pytest.mark.parametrize(
    "answer", [faults.empty(), faults.status(204, ""), faults.status(202, "")], ids=["200", "204", "202"]
)
def test_nothing_at_all_is_no_report(answer: faults.ResponseFault, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.downloads.fail(answer, times=2)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    vendor.downloads.fail(answer, times=99)
    result = sync(sandbox, "response", "windows", start_date=day(1), end_date=day(1), failing=True)
    assert "did not recover" in result.log
    assert not result.of("RECORD")


def test_an_end_date_that_is_a_day_is_its_end_and_a_moment_is_that_moment(sandbox: Sandbox) -> None:
    for end, last in ((day(1), day(1)), (f"{day(1)}T00:00:00Z", day(2)), (f"{day(1)}T00:00:01Z", day(1))):
        result = sync(sandbox, "response", end_date=end)
        assert max(row["_window_start"] for row in result.records("response")).startswith(last)


def test_rows_on_the_edges_come_once(sandbox: Sandbox) -> None:
    reports = sandbox.caranalytics.reports
    edges = [midnight(2), midnight(1), midnight(1) - MILLISECOND, midnight(1) + MILLISECOND, midnight(0)]
    for number, moment in enumerate(edges):
        reports.add("response", moment, external_response_id=f"edge-{number}")
    records = sync(sandbox, "response").records("response")
    found = [(row["external_response_id"], row["_window_start"][:10]) for row in records]
    for number, start in enumerate([day(2), day(1), day(2), day(1), day(0)]):
        assert found.count((f"edge-{number}", start)) == 1
        assert sum(name == f"edge-{number}" for name, _ in found) == 1


def test_equal_rows_stay_two_in_a_cell_and_in_two(sandbox: Sandbox) -> None:
    reports = sandbox.caranalytics.reports
    row = reports.recent("response", midnight(1) + DAY - MILLISECOND)[0]
    reports.twin("response", row)
    first = sync(sandbox, "response")
    second = sync(sandbox, "response", state=first.state)
    for records in (first.records("response"), list(upserted(first, second, stream="response").values())):
        for days_ago in (2, 1):
            found = of_day(records, days_ago)
            assert counted(bare(found)) == counted(written(sandbox, "response", days_ago))
    assert max(counted(written(sandbox, "response", 1)).values()) == 2


def test_rereading_changes_nothing_that_did_not_change(sandbox: Sandbox) -> None:
    streams = ("response", "team_performance", "team_performance_interval", "conversation_created", "raw_agent_states")
    first = sync(sandbox, *streams, start_date=day(3))
    second = sync(sandbox, *streams, state=first.state, start_date=day(3))
    for stream in streams:
        again = of_day(second.records(stream), 1)
        before = {record["_row_key"]: record for record in of_day(first.records(stream), 1)}
        assert {record["_row_key"] for record in again} == before.keys()
        assert counted(bare(again)) == counted(bare(before.values()))
        assert not of_day(second.records(stream), 2)


def test_a_late_edit_arrives(sandbox: Sandbox) -> None:
    reports = sandbox.caranalytics.reports
    first = sync(sandbox, "response", "windows")
    row = reports.recent("response", midnight(0) - MILLISECOND)[0]
    reports.edit(row, manual_tag="edited late")
    second = sync(sandbox, "response", "windows", state=first.state)
    table = upserted(first, second, stream="response")
    assert len(of_day(table.values(), 1)) == len(written(sandbox, "response", 1)) + 1
    now = current(first, second, stream="response")
    assert counted(bare(of_day(now, 1))) == counted(written(sandbox, "response", 1))


def test_a_true_id_replaces_the_old_version(sandbox: Sandbox) -> None:
    reports = sandbox.caranalytics.reports
    keys: Any = {"row_key_columns": {"response": ["external_response_id", "conversation_id"]}}
    first = sync(sandbox, "response", **keys)
    row = reports.recent("response", midnight(0) - MILLISECOND)[0]
    reports.edit(row, manual_tag="edited late")
    second = sync(sandbox, "response", state=first.state, **keys)
    table = upserted(first, second, stream="response")
    assert counted(bare(of_day(table.values(), 1))) == counted(written(sandbox, "response", 1))


@pytest.mark.parametrize("name", ["External Response ID", "externalResponseId"])
def test_a_true_id_may_be_named_as_the_vendor_names_it(name: str, sandbox: Sandbox) -> None:
    plain = sync(sandbox, "response", row_key_columns={"response": ["external_response_id"]}, end_date=day(1))
    named = sync(sandbox, "response", row_key_columns={"response": [name]}, end_date=day(1))
    assert upserted(named, stream="response").keys() == upserted(plain, stream="response").keys()
    assert "row_key_columns" not in named.log


def test_a_true_id_that_no_row_has_is_named(sandbox: Sandbox) -> None:
    result = sync(sandbox, "response", row_key_columns={"response": ["external_respons_id"]}, end_date=day(1))
    assert "row_key_columns: response has no column external_respons_id" in result.log
    assert len(upserted(result, stream="response")) == len(result.records("response"))


@pytest.mark.parametrize("second_team", [False, True])
def test_every_bucket_of_every_agent(second_team: bool, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.reports.second_team = second_team
    for interval in (900_000, 3_600_000, 86_400_000):
        vendor.jobs.clear()
        vendor.rules.intervals_most = 31
        result = sync(sandbox, "team_performance_interval", start_date=day(1), end_date=day(1), time_interval=interval)
        vendor.rules.intervals_most = 10_000
        expected = written(sandbox, "team_performance_interval", 1, timeInterval=str(interval))
        found = result.records("team_performance_interval")
        assert counted(bare(found)) == counted(expected)
        assert len({record["_row_key"] for record in found}) == len(found)
        asked = [job for job in vendor.jobs if job.report == "team_performance_interval"]
        assert all(job.span <= 24 * timedelta(milliseconds=interval) for job in asked)


def test_weeks_of_buckets(sandbox: Sandbox) -> None:
    result = sync(sandbox, "team_performance_interval", start_date=day(20), time_interval=604_800_000)
    found = result.records("team_performance_interval")
    assert found
    assert len({record["_row_key"] for record in found}) == len(found)
    assert {record["_window_start"] for record in found} >= {
        record["interval_start"][6:10] + "-" + record["interval_start"][:2] + "-" + record["interval_start"][3:5]
        + "T00:00:00.000000Z"
        for record in found
    }  # fmt: skip


def test_a_snapshot_costs_one_report(sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    first = sync(sandbox, "conversation_open", start_date=day(60))
    assert len(vendor.jobs) == 1
    assert first.records("conversation_open")
    second = sync(sandbox, "conversation_open", start_date=day(60), state=first.state)
    assert len(vendor.jobs) == 2
    assert (
        upserted(first, second, stream="conversation_open").keys() == upserted(first, stream="conversation_open").keys()
    )
    vendor.rules.days_most = 31
    third = sync(sandbox, "conversation_open", start_date=day(60))
    assert third.counts() == first.counts()
    assert "start_date" in third.log


def test_killed_at_any_row_nothing_is_lost(sandbox: Sandbox) -> None:
    chosen = catalog("response")
    whole = sync(sandbox, "response", end_date=day(1))
    keys = upserted(whole, stream="response").keys()
    for share in (0, 0.3, 0.5, 0.9):
        rows = max(1, int(len(keys) * share))
        killed = run(TAP, settings(sandbox, end_date=day(1)), catalog=chosen, kill=after(rows))
        resumed = sync(sandbox, "response", state=killed.state, end_date=day(1), lookback_days=0)
        assert upserted(killed, resumed, stream="response").keys() == keys


def test_the_bookmark_does_not_fall_while_older_windows_are_read_again(sandbox: Sandbox) -> None:
    first = sync(sandbox, "response", start_date=day(5))
    second = sync(sandbox, "response", state=first.state, start_date=day(5), lookback_days=4)
    assert len({row["_window_start"] for row in second.records("response")}) == 5
    assert first.state
    before = first.state["bookmarks"]["response"]["replication_key_value"]
    for state in second.of("STATE"):
        assert state["value"]["bookmarks"]["response"]["replication_key_value"] >= before


def test_a_bookmark_in_the_future_is_not_trusted(sandbox: Sandbox) -> None:
    state = {"bookmarks": {"response": {"replication_key_value": "2222-01-01T00:00:00.000000Z", "cell_days": 1}}}
    result = sync(sandbox, "response", state=state)
    assert len({row["_window_start"] for row in result.records("response")}) == 3
    assert "future" in result.log
    assert result.state
    assert result.state["bookmarks"]["response"]["replication_key_value"] == f"{day(0)}T00:00:00.000000Z"


@pytest.mark.parametrize(
    "bookmark",
    [
        {"replication_key_value": "soon"},
        {"replication_key_value": [1]},
        {"replication_key_value": f"{day(2)}T00:00:00Z", "cell_days": "one\nday"},
        {"replication_key_value": f"{day(2)}T00:00:00Z", "cell_days": {}},
        [],
        None,
    ],
)
def test_a_state_of_the_wrong_shape_is_named_in_one_line(bookmark: Any, sandbox: Sandbox) -> None:
    result = sync(sandbox, "response", state={"bookmarks": {"response": bookmark}}, failing=True)
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    assert "response" in line
    assert result.log.endswith(line + "\n")
    assert not sandbox.caranalytics.seen


@pytest.mark.parametrize("start", ["0001-01-01", "1969-07-20T20:17:00Z"])
def test_the_calendars_edges_are_asked_for_from_the_epoch_on(start: str, sandbox: Sandbox) -> None:
    changes: Any = {"start_date": start, "end_date": "1970-01-03", "window_days": 2, "lookback_days": 3660}
    sync(sandbox, "response", **changes)
    edges = [int(seen.query["startTime"]) for seen in sandbox.caranalytics.seen if "startTime" in seen.query]
    assert edges == [0, 2 * 86_400_000]


def test_other_windows_than_before_are_refused(sandbox: Sandbox) -> None:
    first = sync(sandbox, "response", start_date=day(1))
    sandbox.caranalytics.seen.clear()
    second = sync(sandbox, "response", state=first.state, failing=True, window_days=2)
    assert "window_days" in second.log
    assert "Traceback" not in second.log
    assert not sandbox.caranalytics.seen


def test_parameters_go_to_the_reports_that_document_them(sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.rules.undocumented = "refused"
    streams = (
        "raw_agent_states",
        "response",
        "team_performance_interval",
        "conversation_actions",
        "conversation_closed",
    )
    sync(
        sandbox, *streams, start_date=day(1), end_date=day(1), team_ids=[6222, "6229"], include_disabled_agents=True,
        priorities=[0, 3], work_queue_ids=[5016, 5017], smart_view_id=4181, business_hours="inside",
        timezone_offset=3_600_000,
        report_metrics={"raw_agent_states": ["agent_name", "agent_id"]},
    )  # fmt: skip
    asked = {seen.path.rsplit("/", 1)[1]: seen for seen in vendor.seen if "startTime" in seen.query}
    for path, seen in asked.items():
        assert seen.query["priorities"] == "0,3"
        assert seen.query["enableBusinessHour"] == seen.query["businessHourType"] == "true"
        assert ("teamIds" in seen.query) == (path in {"raw_agent_states", "team_performance_interval"})
        assert ("timeInterval" in seen.query) == ("includeDisabled" in seen.query) == path.endswith("interval")
        assert ("conversationReportType" in seen.query) == (path == "conversation")
        assert ("reportMetrics" in seen.query) == (path == "raw_agent_states")
    assert asked["raw_agent_states"].query["teamIds"] == "6222,6229"


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


def test_windows_that_are_not_selected_are_not_told_of(sandbox: Sandbox) -> None:
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


def test_state_and_log_hold_no_secret_of_a_url(sandbox: Sandbox) -> None:
    sandbox.caranalytics.lift_limits()
    result = run(TAP, settings(sandbox, start_date=day(0)), environment={"LOGLEVEL": "DEBUG"})
    tokens = {job.token for job in sandbox.caranalytics.jobs}
    assert len(tokens) >= 13
    told = result.log + json.dumps(result.state)
    assert not [token for token in tokens if token in told]
    assert "X-Amz" not in told
    assert sandbox.caranalytics.company_key not in told


def test_a_large_report_in_little_memory_and_nothing_left(sandbox: Sandbox, tmp_path: Path) -> None:
    vendor = sandbox.caranalytics
    vendor.lift_limits()
    vendor.reports.bulk = 40_000
    config = settings(sandbox, start_date=day(1), end_date=day(1))
    environment = {"TMPDIR": str(tmp_path)}
    killed = run(TAP, config, catalog=catalog("response"), environment=environment, kill=after(100))
    assert killed.exit_code
    assert not list(tmp_path.iterdir())
    result = run(TAP, config, catalog=catalog("response"), environment=environment)
    assert result.exit_code == 0, result.log
    assert len(result.records("response")) > 40_000
    assert len({record["_row_key"] for record in result.records("response")}) == len(result.records("response"))
    assert result.peak_mb < 150
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("hours", [-2, -30, 30])
def test_the_bookmark_stays_behind_the_vendors_clock(hours: int, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.clock_offset = timedelta(hours=hours)
    vendor.rules.refuses_future = hours > 0
    started = datetime.now(timezone.utc)
    result = sync(sandbox, "response", start_date=day(3))
    assert result.state
    bookmark = datetime.fromisoformat(
        result.state["bookmarks"]["response"]["replication_key_value"].replace("Z", "+00:00")
    )
    now = min(started, started + vendor.clock_offset)
    assert now - DAY - timedelta(minutes=5) < bookmark <= now
    for days_ago in (3, 2):
        found = of_day(result.records("response"), days_ago)
        assert counted(bare(found)) == counted(written(sandbox, "response", days_ago))
