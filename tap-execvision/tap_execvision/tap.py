"""Settings and discovery."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from singer_sdk import typing as th
from typing_extensions import override

from .base.settings import common_settings
from .base.tap import BaseTap
from .doctor import ExecVisionDoctor
from .rate_limits import time_of_day_session
from .streams import STREAMS, Transcripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import requests
    from singer_sdk import Stream

    from .base.doctor import Finding

PAGE_SIZE = 1000
MINUTES_IN_A_YEAR = 366 * 24 * 60


class TapExecVision(BaseTap):
    """Calls, coaching, scores and users of ExecVision (Mediafly Coach360)."""

    name = "tap-execvision"

    config_jsonschema = th.PropertiesList(
        th.Property(
            "username",
            th.StringType(nullable=False, min_length=1),
            required=True,
            title="Username",
            description="The user id of the API credentials that ExecVision hands out.",
        ),
        th.Property(
            "password",
            th.StringType(nullable=False, min_length=1),
            required=True,
            secret=True,
            title="Password",
            description="The password of the API credentials.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType(nullable=False),
            required=True,
            title="Start date",
            description="Reads what was modified from this moment on (calls: what changed state; shares: what was "
            "shared).",
        ),
        th.Property(
            "page_size",
            th.IntegerType(minimum=100, maximum=PAGE_SIZE),
            default=PAGE_SIZE,
            title="Page size",
            description="How many rows to ask for at once. Lower it for calls with transcripts (a half-hour call is a "
            "quarter of a megabyte); with render_templates, calls come 100 at a time at most.",
        ),
        th.Property(
            "fetch_transcripts",
            th.BooleanType,
            default=False,
            title="Fetch transcripts",
            description="Read the stream transcripts (who said what). It costs one request a call, and not every "
            "account has the right.",
        ),
        th.Property(
            "include_transcripts",
            th.BooleanType,
            default=False,
            title="Include transcripts",
            description="Ask for the words of each call, in calls.transcript.",
        ),
        th.Property(
            "include_crm_matches",
            th.BooleanType,
            default=False,
            title="Include CRM matches",
            description="Ask for the CRM records of each call, in calls.crmMatches.",
        ),
        th.Property(
            "render_templates",
            th.BooleanType,
            default=False,
            title="Render templates",
            description="Ask for the rendered call card templates, in calls.metadata.",
        ),
        th.Property(
            "lookback_minutes",
            th.IntegerType(minimum=0, maximum=MINUTES_IN_A_YEAR),
            default=10,
            title="Lookback in minutes",
            description="How far before the bookmark a run begins, for rows that the vendor shows late.",
        ),
        th.Property(
            "on_stalled_page",
            th.StringType,
            allowed_values=["fail", "skip"],
            default="fail",
            title="On a stalled page",
            description="What to do when one minute holds more rows than a page and no request brings the rest: stop "
            "with an error, or log an error and go on after that minute.",
        ),
        *common_settings(
            name,
            "https://users.execvision.io/api/ev/2",
            "The root of the API.",
            " Above its limits, the vendor lets a request wait for a minute.",
        ),
        additional_properties=False,
    ).to_dict()

    @cached_property
    @override
    def session(self) -> requests.Session:
        """The one session of the process, so that all streams share one pace."""
        return time_of_day_session(self.api_url, self.config["user_agent"], quota=self.quota)

    @override
    def examine(self) -> Iterator[Finding]:
        """Say what a run would meet."""
        return ExecVisionDoctor(self).report()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        """Return the streams; the same for every account."""
        return [stream(self) for stream in STREAMS]

    @override
    def setup_mapper(self) -> None:
        """Prepare the stream maps, and leave out what is selected (Meltano selects all) while its setting is off."""
        transcripts = self.streams[Transcripts.name]
        if transcripts.selected and not self.config.get("fetch_transcripts"):
            self.logger.info("The stream transcripts is selected, but fetch_transcripts is off: none are read")
            transcripts.selected = False
        super().setup_mapper()

    @override
    def config_errors(self) -> Iterator[str]:
        """Name what is wrong with settings that have the right types."""
        yield from super().config_errors()
        if self.api_url.endswith("/users"):
            yield "api_url: leave /users out: it is one of the paths below the root of the API"
