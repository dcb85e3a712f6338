"""The streams, as the vendor's documents describe them."""

from __future__ import annotations

from singer_sdk import typing as th

from .base.records import EXTRA
from .client import NewVendorStream


class Tickets(NewVendorStream):
    """Tickets and who answers them."""

    name = "tickets"
    path = "/tickets"
    primary_keys = ("id",)
    replication_key = "updated_at"
    schema = th.PropertiesList(
        th.Property("id", th.StringType(nullable=False), required=True, description="The ticket's id."),
        th.Property("updated_at", th.DateTimeType, description="When it was last updated."),
        th.Property("subject", th.StringType, description="What it is about."),
        th.Property("seconds", th.IntegerType, description="How long it took, in seconds."),
        th.Property(
            "agent",
            th.ObjectType(
                th.Property("email", th.StringType, description="The e-mail of the agent."),
                th.Property("name", th.StringType, description="The name of the agent."),
            ),
            description="The agent who answers it.",
        ),
        EXTRA,
    ).to_dict()


STREAMS: tuple[type[NewVendorStream], ...] = (Tickets,)
