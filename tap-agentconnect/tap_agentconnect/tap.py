"""Settings and discovery."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from singer_sdk import typing as th
from typing_extensions import override

from .auth import SignedToken, can_sign
from .base.http import rate_limited_session
from .base.settings import common_settings
from .base.tap import BaseTap
from .client import RATES
from .doctor import AgentConnectDoctor
from .feeds import MAX_PAGE_SIZE
from .streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import requests
    from singer_sdk import Stream

    from .base.doctor import Finding

SUBDOMAIN = re.compile(r"([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:(?:\.api)?\.stellaconnect\.net)?", re.IGNORECASE)
MAX_LOOKBACK = 90 * 24 * 3600


class TapAgentConnect(BaseTap):
    """Customer feedback, quality reviews, coaching sessions and employees in Medallia Agent Connect."""

    name = "tap-agentconnect"
    header_settings = (*BaseTap.header_settings, "api_key")

    config_jsonschema = th.PropertiesList(
        th.Property(
            "subdomain",
            th.StringType(nullable=False, min_length=1),
            required=True,
            title="Subdomain",
            description="The first part of the address that you sign in at: blancapeak for "
            "blancapeak.stellaconnect.net. The whole address will do.",
        ),
        th.Property(
            "api_key",
            th.StringType(nullable=False, min_length=1),
            required=True,
            secret=True,
            title="API key",
            description="The company's production key, under Settings > Integrations.",
        ),
        th.Property(
            "api_secret",
            th.StringType(nullable=False, min_length=1),
            required=True,
            secret=True,
            title="API secret",
            description="The secret that goes with that key, from the file that you can download in the same place.",
        ),
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="Only what was created from this moment on is read, whenever it changed. "
            "Employees are not bounded.",
        ),
        th.Property(
            "end_date",
            th.DateTimeType,
            title="End date",
            description="Only what was created up to this moment, or to the end of this day, is read, whenever it "
            "changed. Employees are not bounded.",
        ),
        th.Property(
            "include_recovery",
            th.BooleanType,
            default=True,
            title="Include service recoveries",
            description="Whether feedbacks includes service recoveries, the second surveys after a bad first one.",
        ),
        th.Property(
            "page_size",
            th.IntegerType(minimum=1, maximum=MAX_PAGE_SIZE),
            default=MAX_PAGE_SIZE,
            title="Page size",
            description="How many feedbacks one request asks for. Lower it when the vendor cannot answer in time; "
            "the other streams' pages cannot be set.",
        ),
        th.Property(
            "lookback_seconds",
            th.IntegerType(minimum=0, maximum=MAX_LOOKBACK),
            default=60,
            title="Lookback in seconds",
            description="How far before its bookmark a run begins, for changes that the vendor showed late.",
        ),
        *common_settings(
            "tap-agentconnect",
            None,
            "The root of the API, if it is not https://<subdomain>.api.stellaconnect.net.",
        ),
        additional_properties=False,
    ).to_dict()

    @property
    @override
    def api_url(self) -> str:
        subdomain = _subdomain(self.config["subdomain"])
        return str(self.config.get("api_url") or f"https://{subdomain}.api.stellaconnect.net").rstrip("/")

    @cached_property
    def session(self) -> requests.Session:
        """The one session of the process, so that all streams share one pace."""
        sign = SignedToken(self.config["api_key"], self.config["api_secret"])
        return rate_limited_session(self.api_url, RATES, self.config["user_agent"], sign, quota=self.quota)

    @override
    def examine(self) -> Iterator[Finding]:
        """Say what a run would meet."""
        return AgentConnectDoctor(self).report()

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in STREAMS]

    @override
    def config_errors(self) -> Iterator[str]:
        yield from super().config_errors()
        if not _subdomain(self.config["subdomain"]):
            yield "subdomain: is not an address of Agent Connect; write blancapeak for blancapeak.stellaconnect.net"
        if not can_sign(self.config["api_secret"]):
            yield "api_secret: is a key file of another kind (PEM); the secret is one line of plain text"


def _subdomain(text: str) -> str | None:
    """Reduce an address to its subdomain; None when it has none."""
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return None
    found = SUBDOMAIN.fullmatch(host)
    return found[1] if found and found[1] != "api" else None
