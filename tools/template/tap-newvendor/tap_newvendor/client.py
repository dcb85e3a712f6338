"""NewVendor's API: pages of what was updated since a moment, oldest first."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from pyrate_limiter import Rate
from singer_sdk.authenticators import BearerTokenAuthenticator
from typing_extensions import override

from .base.json_text import InvalidJSONError
from .base.records import to_rfc3339
from .base.stream import BaseStream
from .pagination import PageRequest, UpdatedSincePaginator

if TYPE_CHECKING:
    import requests
    from singer_sdk.streams.rest import HTTPRequest, PageContext

    from .base.pagination import Batch

# The vendor allows 5 requests a second, and counts when they arrive, not when they leave: a margin.
RATES = [Rate(5, 1100)]


class NewVendorStream(BaseStream[PageRequest, list[dict[str, Any]]]):
    """A list that is read in pages of what was updated since the bookmark."""

    vendor = "NewVendor"
    on_update = "comes again"
    error_hints: ClassVar = {
        401: "Check api_token.",
        403: "Check api_token.",
        404: "Check api_url.",
    }

    @cached_property
    @override
    def authenticator(self) -> BearerTokenAuthenticator:
        """The token."""
        return BearerTokenAuthenticator(token=self.config["api_token"])

    @override
    def get_new_paginator(self) -> UpdatedSincePaginator:
        """Return the paginator from the bookmark on."""
        start = self._tap.config_datetime("start_date") or self.run_started_at
        since = max(start, self.bookmark_from_state() or start)
        return UpdatedSincePaginator(self.name, since, int(self.config["page_size"]))

    @override
    def get_http_request(self, *, page: PageContext[PageRequest]) -> HTTPRequest:
        """Ask for a page."""
        request = super().get_http_request(page=page)
        if asked := page.next_page_token:
            request.params = {"updated_since": to_rfc3339(asked.since), "limit": asked.limit}
        return request

    @override
    def parse_page(self, response: requests.Response, request: PageRequest) -> list[dict[str, Any]]:
        """Return the rows."""
        body = self.parse_json(response)
        rows = body.get(self.name) if isinstance(body, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            message = f"no list of {self.name}"
            raise InvalidJSONError(message)
        return rows

    @override
    def batch_written(self, batch: Batch) -> None:
        """Move the bookmark to the newest row, but not past the run's start."""
        if batch.bookmark:
            self.advance_bookmark(to_rfc3339(min(batch.bookmark, self.run_started_at)))
