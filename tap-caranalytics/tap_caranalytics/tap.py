"""Settings and discovery."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from pyrate_limiter import Rate
from singer_sdk import typing as th
from typing_extensions import override

from .base.http import rate_limited_session
from .base.settings import common_settings
from .base.tap import BaseTap
from .doctor import CarAnalyticsDoctor
from .reports import ReportStream
from .streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import requests
    from singer_sdk import Stream

    from .base.doctor import Finding

# The vendor counts when requests arrive, not when they leave: a margin.
MINUTE_MS = 61_000
REPORTS = {
    name
    for stream in STREAMS
    if issubclass(stream, ReportStream)
    for name in (str(vars(stream)["name"]), stream.report)
}
MINUTES = (5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 10080)
INTERVALS = tuple(minutes * 60_000 for minutes in MINUTES)

ID = {"type": ["string", "integer"], "minLength": 1}
IDS = th.CustomType({"type": ["array", "null"], "items": ID})
BY_REPORT = th.CustomType(
    {
        "type": ["object", "null"],
        "additionalProperties": {"type": "array", "items": {"type": "string", "minLength": 1}},
    }
)
SECRET = th.StringType(nullable=False, min_length=1)


class TapCarAnalytics(BaseTap):
    """Every report of Khoros Care Analytics (Khoros Response, Lithium Social Web) as a stream, and the teams."""

    name = "tap-caranalytics"

    config_jsonschema = th.PropertiesList(
        th.Property(
            "username",
            SECRET,
            required=True,
            title="Username",
            description="The e-mail of an Analytics API user, which Khoros Support enables.",
        ),
        th.Property(
            "password", SECRET, required=True, secret=True, title="Password", description="That user's password."
        ),
        th.Property(
            "company_key",
            SECRET,
            required=True,
            secret=True,
            title="Company key",
            description="The key under Account Admin > General Settings > Analytics API Settings.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType(nullable=False),
            required=True,
            title="Start date",
            description="Reports are read from the window that this moment lies in.",
        ),
        th.Property(
            "end_date",
            th.DateTimeType,
            title="End date",
            description="No window that starts at or after this moment is read; a day counts to its end. "
            "Leave it out to read up to now.",
        ),
        th.Property(
            "window_days",
            th.IntegerType(minimum=1, maximum=366),
            default=1,
            title="Window in days",
            description="How many days one report is asked for. Rows are keyed by their window: "
            "changing this means empty tables and a full refresh.",
        ),
        th.Property(
            "lookback_days",
            th.IntegerType(minimum=0, maximum=3660),
            default=1,
            title="Lookback in days",
            description="How many days before the bookmark are read again, in whole windows, for what was edited late.",
        ),
        th.Property(
            "row_key_columns",
            BY_REPORT,
            title="Row key columns",
            description="Columns that together identify a row, by report, such as "
            '{"response": ["external_response_id"]}: an edited row then replaces its old version.',
        ),
        th.Property(
            "report_metrics",
            BY_REPORT,
            title="Report metrics",
            description="The metric ids (columns) to ask for, by report, such as "
            '{"raw_agent_states": ["agent_id", "agent_name"]}: only these come, '
            "even if they are switched off for your company.",
        ),
        th.Property(
            "time_interval",
            th.IntegerType,
            default=3_600_000,
            title="Time interval",
            description="How long a bucket of team_performance_interval is, in milliseconds: 5, 10, 15 or 30 minutes, "
            "1, 2, 4, 8 or 12 hours, 1 day or 1 week.",
        ),
        th.Property(
            "priorities",
            th.CustomType({"type": ["array", "null"], "items": {"type": "integer", "minimum": 0, "maximum": 5}}),
            title="Priorities",
            description="Only posts and conversations of these priorities, 0 to 5.",
        ),
        th.Property(
            "smart_view_id",
            th.CustomType({"type": ["string", "integer", "null"]}),
            title="Smart view",
            description="Only posts and conversations that match this smart view.",
        ),
        th.Property(
            "work_queue_ids",
            IDS,
            title="Work queues",
            description="Only posts and conversations that match these work queues.",
        ),
        th.Property(
            "team_ids",
            IDS,
            title="Teams",
            description="Only these teams, in raw_agent_states, response_approval and both team performance reports.",
        ),
        th.Property(
            "include_disabled_agents",
            th.BooleanType,
            title="Include disabled agents",
            description="Also agents who are disabled, in response_approval and both team performance reports.",
        ),
        th.Property(
            "business_hours",
            th.StringType,
            allowed_values=["inside", "outside"],
            title="Business hours",
            description="Only what happened inside, or outside, the business hours of your company.",
        ),
        th.Property(
            "locale",
            th.StringType,
            allowed_values=["en", "es", "fr", "de", "tr"],
            default="en",
            title="Locale",
            description="The language of the vendor's own words in reports.",
        ),
        th.Property(
            "timezone",
            th.StringType,
            title="Time zone",
            description="The id of the time zone in which reports write their times; UTC if not set. "
            "Windows stay in UTC.",
        ),
        th.Property(
            "timezone_offset",
            th.IntegerType(minimum=-86_400_000, maximum=86_400_000),
            title="Time zone offset",
            description="That time zone as milliseconds ahead of UTC, without daylight saving. "
            "Not together with timezone.",
        ),
        th.Property(
            "requests_per_minute",
            th.IntegerType(minimum=1, maximum=1_000_000),
            default=20,
            title="Requests per minute",
            description="How many requests the vendor allows in a minute.",
        ),
        th.Property(
            "max_concurrent_reports",
            th.IntegerType(minimum=1, maximum=100),
            default=4,
            title="Concurrent reports",
            description="How many reports of a stream the vendor computes at once; fewer, if it accepts no more.",
        ),
        th.Property(
            "poll_interval",
            th.NumberType(minimum=0, maximum=3600),
            default=5,
            title="Poll interval",
            description="Seconds before the second look at a report that is being computed; "
            "later ones are further apart.",
        ),
        th.Property(
            "report_timeout",
            th.NumberType(exclusive_minimum=0, maximum=10_080),
            default=60,
            title="Report timeout",
            description="After how many minutes a report that has not finished ends the run.",
        ),
        *common_settings(
            "tap-caranalytics",
            "https://analytics-api.app.lithium.com/api/public",
            "The Analytics API endpoint URL that is shown beside the company key; it differs by customer and region.",
        ),
        additional_properties=False,
    ).to_dict()

    @cached_property
    def session(self) -> requests.Session:
        """The one session of the process, so that all streams share one pace."""
        rates = [Rate(int(self.config["requests_per_minute"]), MINUTE_MS)]
        return rate_limited_session(self.config["api_url"], rates, self.config["user_agent"], quota=self.quota)

    @override
    def examine(self) -> Iterator[Finding]:
        """Say what a run would meet."""
        return CarAnalyticsDoctor(self).report()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        """Return the streams; the same for every account."""
        return [stream(self) for stream in STREAMS]

    @override
    def config_errors(self) -> Iterator[str]:
        """Name what is wrong with settings that have the right types."""
        yield from super().config_errors()
        if self.config["time_interval"] not in INTERVALS:
            yield f"time_interval: {self.config['time_interval']!r} is not one of {', '.join(map(str, INTERVALS))}"
        if self.config.get("timezone") and self.config.get("timezone_offset") is not None:
            yield "timezone and timezone_offset: the vendor takes one or the other"
        for name in ("report_metrics", "row_key_columns"):
            for report in (self.config.get(name) or {}).keys() - REPORTS:
                yield f"{name}: there is no report {report!r}; there are {', '.join(sorted(REPORTS))}"
