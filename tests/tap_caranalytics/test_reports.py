"""Every row of every report once, whatever the vendor's pages leave open."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sandbox.server import Sandbox

from sandbox import faults
from tests.contract.contract import day
from tests.singer import after, run
from tests.tap_caranalytics.reports import (
    MILLISECOND,
    TAP,
    bare,
    catalog,
    counted,
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


@pytest.mark.parametrize("start", ["0001-01-01", "1969-07-20T20:17:00Z"])
def test_the_calendars_edges_are_asked_for_from_the_epoch_on(start: str, sandbox: Sandbox) -> None:
    changes: Any = {"start_date": start, "end_date": "1970-01-03", "window_days": 2, "lookback_days": 3660}
    sync(sandbox, "response", **changes)
    edges = [int(seen.query["startTime"]) for seen in sandbox.caranalytics.seen if "startTime" in seen.query]
    assert edges == [0, 2 * 86_400_000]


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
