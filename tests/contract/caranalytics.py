"""The contract of tap-caranalytics."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tap_caranalytics.rows import RowKeys, text_of

from tests.contract.contract import Contract, Json, Keys, day

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sandbox.server import Sandbox


def _care(sandbox: Sandbox) -> Json:
    """Return settings for windows that are over, of a vendor who answers quickly."""
    vendor = sandbox.caranalytics
    vendor.lift_limits()
    vendor.job_polls = 0
    return {
        "username": vendor.username,
        "password": vendor.password,
        "company_key": vendor.company_key,
        "api_url": f"{sandbox.url}/caranalytics/api/public",
        "start_date": day(2),
        "end_date": day(1),  # to its end
        "window_days": 1,
        "requests_per_minute": 6000,
        "poll_interval": 0.05,
        "lookback_days": 0,
        "time_interval": 14_400_000,
    }


def care_keys(rows: Iterable[Json], start: str, *, by_agent: bool = False) -> list[str]:
    """Return the keys that a report's rows get in the window that starts then."""
    with closing(RowKeys(f"{start}T00:00:00.000000Z", by_agent=by_agent)) as row_keys:
        return [row_keys.key({name: text_of(value) for name, value in row.items()}) for row in rows]


def _care_rows(sandbox: Sandbox) -> dict[str, Keys]:
    expected: dict[str, Keys] = {"teams": {(team,) for team in ("6222", "6229", "6236", "6243")}}
    starts = [f"{day(days_ago)}T00:00:00.000000Z" for days_ago in (2, 1)]
    expected["windows"] = {(stream, start) for stream in CARE_REPORTS for start in starts} | {
        ("conversation_open", starts[-1])
    }
    for stream, (report, extra) in CARE_REPORTS.items():
        keys: Keys = set()
        for start, end in ((day(2), day(1)), (day(1), day(0))):
            span = [datetime.fromisoformat(edge).replace(tzinfo=timezone.utc) for edge in (start, end)]
            rows = sandbox.caranalytics.written(report, span[0], span[1] - timedelta(milliseconds=1), **extra)
            keys |= {(key,) for key in care_keys(rows, start, by_agent=report.startswith("team"))}
        expected[stream] = keys
    return expected


CARE_REPORTS: dict[str, tuple[str, Json]] = {
    **{
        name: (name, {})
        for name in (
            "author", "combined", "conversation_actions", "incoming_post", "raw_agent_states", "raw_expert_help",
            "response", "response_approval", "team_performance",
        )
    },
    "team_performance_interval": ("team_performance_interval", {"timeInterval": "14400000"}),
    "conversation_created": ("conversation", {"conversationReportType": "CREATED"}),
    "conversation_closed": ("conversation", {"conversationReportType": "CLOSED"}),
}  # fmt: skip

CARANALYTICS = Contract(
    name="tap-caranalytics",
    streams={
        "teams": ("teamId",),
        "windows": ("report", "_window_start"),
        **dict.fromkeys([*CARE_REPORTS, "conversation_open"], ("_row_key",)),
    },
    vendor=lambda sandbox: sandbox.caranalytics,
    config=_care,
    expected_keys=_care_rows,
    invalid_settings=(
        ({"start_date": "last tuesday"}, "start_date"),
        ({"start_date": day(-3)}, "start_date"),
        ({"end_date": day(90)}, "start_date"),
        ({"end_date": "2024-13-01"}, "end_date"),
        ({"window_days": 0}, "window_days"),
        ({"window_days": 367}, "window_days"),
        ({"lookback_days": -1}, "lookback_days"),
        ({"lookback_days": 1_000_000}, "lookback_days"),
        ({"time_interval": 1234}, "time_interval"),
        ({"time_interval": 604_800_001}, "time_interval"),
        ({"timezone": "Europe/Paris", "timezone_offset": 3_600_000}, "timezone_offset"),
        ({"timezone": "Europe/Paris", "timezone_offset": 0}, "timezone_offset"),
        ({"report_metrics": {"respons": ["agent_id"]}}, "report_metrics"),
        ({"row_key_columns": {"teams": ["name"]}}, "row_key_columns"),
        ({"row_key_columns": {"response": "external_response_id"}}, "row_key_columns"),
        ({"priorities": [6]}, "priorities"),
        ({"business_hours": "sometimes"}, "business_hours"),
        ({"locale": "EN"}, "locale"),
        ({"poll_interval": "soon"}, "poll_interval"),
        ({"report_timeout": 0}, "report_timeout"),
        ({"report_timeout": 1e11}, "report_timeout"),
        ({"poll_interval": 1e11}, "poll_interval"),
        ({"request_timeout": 1e11}, "request_timeout"),
        ({"requests_per_minute": 0}, "requests_per_minute"),
        ({"requests_per_minute": 10**12}, "requests_per_minute"),
        ({"max_concurrent_reports": 0}, "max_concurrent_reports"),
        ({"api_url": "http://analytics-api.app.lithium.com/api/public"}, "api_url"),
        ({"max_concurrent_reports": 1e9}, "max_concurrent_reports"),
        ({"company_key": ""}, "company_key"),
        ({"start_date": ""}, "start_date"),
        ({"work_queue_ids": [""]}, "work_queue_ids"),
        ({"company": "x"}, "company"),
    ),
    secrets=("password", "company_key"),
    undocumented_bodies=({"error": "Something went wrong."}, {}, "text", 5, None, {"status": "PASS", "result": None}),
    many_answers={},
    row_sender=lambda sandbox: sandbox.caranalytics.downloads,
    snapshots=frozenset({"conversation_open"}),
    fuzzed=60,
)
