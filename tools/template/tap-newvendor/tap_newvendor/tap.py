"""Settings and discovery."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from singer_sdk import typing as th
from typing_extensions import override

from .base.http import rate_limited_session
from .base.settings import common_settings
from .base.tap import BaseTap
from .client import RATES
from .doctor import NewVendorDoctor
from .streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import requests
    from singer_sdk import Stream

    from .base.doctor import Finding


class TapNewVendor(BaseTap):
    """Tickets of NewVendor."""

    name = "tap-newvendor"
    header_settings = (*BaseTap.header_settings, "api_token")

    config_jsonschema = th.PropertiesList(
        th.Property(
            "api_token",
            th.StringType(nullable=False, min_length=1),
            required=True,
            secret=True,
            title="API token",
            description="The token that an administrator makes.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType(nullable=False),
            required=True,
            title="Start date",
            description="Tickets that were updated from this moment on are read.",
        ),
        th.Property(
            "page_size",
            th.IntegerType(minimum=1, maximum=100),
            default=100,
            title="Page size",
            description="How many tickets to ask for at once.",
        ),
        *common_settings("tap-newvendor", "https://api.newvendor.example/v1", "The root of the API."),
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
        return NewVendorDoctor(self).report()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        """Return the streams; the same for every account."""
        return [stream(self) for stream in STREAMS]
