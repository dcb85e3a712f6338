"""Settings and discovery."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from singer_sdk import typing as th

from tap_agentconnect.auth import SignedToken
from tap_agentconnect.client import RATES
from tap_agentconnect.settings import StrictTap
from tap_agentconnect.streams import STREAMS
from tap_agentconnect.transport import paced_session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import requests
    from singer_sdk import Stream

SUBDOMAIN = re.compile(
    r"(?:(?P<name>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:(?:\.api)?\.stellaconnect\.net)?)", re.IGNORECASE
)


class TapAgentConnect(StrictTap):
    """Customer feedback, quality reviews, coaching sessions and employees in Medallia Agent Connect."""

    name = "tap-agentconnect"

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
            description="The secret that goes with that key: what the file holds that is downloaded in the same place.",
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
            description="Only what was created up to this moment is read, whenever it changed. "
            "Employees are not bounded.",
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
            th.IntegerType(minimum=1, maximum=1000),
            default=1000,
            title="Page size",
            description="How many feedbacks one request asks for. Lower it when the vendor cannot answer in time; "
            "the other streams' pages cannot be set.",
        ),
        th.Property(
            "lookback_seconds",
            th.IntegerType(minimum=0),
            default=60,
            title="Lookback in seconds",
            description="How far before its bookmark a run begins, for changes that the vendor showed late.",
        ),
        th.Property(
            "api_url",
            th.StringType,
            title="API URL",
            description="The root of the API, if it is not https://<subdomain>.api.stellaconnect.net.",
        ),
        th.Property(
            "request_timeout",
            th.IntegerType(minimum=1),
            default=300,
            title="Request timeout",
            description="Seconds to wait for the vendor to connect, or to send the next part of an answer.",
        ),
        th.Property(
            "user_agent",
            th.StringType,
            default="tap-agentconnect",
            title="User agent",
            description="How the tap introduces itself to the vendor.",
        ),
        additional_properties=False,
    ).to_dict()

    @property
    def api_url(self) -> str:
        """The root of the API."""
        subdomain = _subdomain(self.config["subdomain"])
        return str(self.config.get("api_url") or f"https://{subdomain}.api.stellaconnect.net").rstrip("/")

    @cached_property
    def token(self) -> SignedToken:
        """What signs each try."""
        return SignedToken(self.config["api_key"].strip(), self.config["api_secret"].strip())

    @cached_property
    def session(self) -> requests.Session:
        """The one session of the process, so that all streams share one pace."""
        return paced_session(self.api_url, RATES, self.config["user_agent"], self.token)

    def discover_streams(self) -> Sequence[Stream]:
        """Return the streams; the same for every account."""
        return [stream(self) for stream in STREAMS]

    def senseless(self) -> Iterator[str]:
        """Name what is wrong with settings that have the right types."""
        yield from super().senseless()
        if not _subdomain(self.config["subdomain"]):
            yield f"subdomain: {self.config['subdomain']!r} is none; write blancapeak for blancapeak.stellaconnect.net"
        for name in ("api_key", "api_secret"):
            if not self.config[name].strip():
                yield f"{name}: is blank"
        key = self.config["api_key"].strip()
        if not (key.isascii() and key.isprintable()):
            yield "api_key: holds characters that no key has"


def _subdomain(text: str) -> str | None:
    """Reduce an address to its subdomain; None when it has none."""
    text = text.strip()
    host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    found = SUBDOMAIN.fullmatch(host)
    return None if not found or found["name"] == "api" else found["name"]
