"""Settings and discovery."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from singer_sdk import typing as th
from typing_extensions import override

from .base.http import rate_limited_session
from .base.settings import common_settings
from .base.tap import BaseTap
from .client import AHEAD, RATES
from .doctor import MaestroQADoctor
from .streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import requests
    from singer_sdk import Stream

    from .base.doctor import Finding


class TapMaestroQA(BaseTap):
    """Coaching sessions of MaestroQA (now Rippit), with their points, to-dos and activity log."""

    name = "tap-maestroqa"
    header_settings = (*BaseTap.header_settings, "api_token")

    config_jsonschema = th.PropertiesList(
        th.Property(
            "api_token",
            th.StringType(nullable=False, min_length=1),
            required=True,
            secret=True,
            title="API token",
            description="The token that an administrator makes under Other Settings > API tokens. "
            "It expires after 90 days unless that is switched off.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType(nullable=False),
            required=True,
            title="Start date",
            description="Sessions created from this day on are read "
            "(with time_axis meetingDate: sessions that take place from this day on).",
        ),
        th.Property(
            "end_date",
            th.DateTimeType,
            title="End date",
            description="Sessions created up to the end of this day are read. Leave it out to read up to now.",
        ),
        th.Property(
            "time_axis",
            th.StringType,
            allowed_values=["createdAt", "meetingDate"],
            default="createdAt",
            title="Time axis",
            description="The date that start_date and end_date bound. With meetingDate, sessions without a meeting "
            "date are invisible, and the year to come is read too.",
        ),
        th.Property(
            "window_days",
            th.IntegerType(minimum=1, maximum=89),
            default=89,
            title="Window in days",
            description="How many days one request asks for. Lower it when the vendor cannot answer that many at once.",
        ),
        th.Property(
            "lookback_days",
            th.IntegerType(minimum=1, maximum=36500),
            title="Lookback in days",
            description="Once a run has read everything from start_date on, later runs read only this many days again. "
            "They miss changes to older sessions.",
        ),
        *common_settings("tap-maestroqa", "https://app.maestroqa.com/api/v1", "The root of the API."),
        additional_properties=False,
    ).to_dict()

    @cached_property
    @override
    def session(self) -> requests.Session:
        """The one session of the process, so that all streams share one pace."""
        return rate_limited_session(self.api_url, RATES, self.config["user_agent"], quota=self.quota)

    @override
    def examine(self) -> Iterator[Finding]:
        """Say what a run would meet."""
        return MaestroQADoctor(self).report()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        """Return the streams; the same for every account."""
        return [stream(self) for stream in STREAMS]

    @override
    def latest_start(self) -> datetime:
        """Meetings are planned ahead; nothing is created in the future."""
        now = super().latest_start()
        return now + AHEAD if self.config.get("time_axis") == "meetingDate" else now
