"""ExecVision's API v2: bare JSON arrays, asked for with GET and nothing else."""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from singer_sdk.authenticators import BasicAuthenticator
from typing_extensions import override

from .base.http import TransientError
from .base.stream import BaseStream
from .pages import FeedRequest, Row

if TYPE_CHECKING:
    import requests
    from singer_sdk.streams.rest import HTTPRequest, PageContext

# The vendor's queue answers with a time-out of some form when it is full: coming back at once makes it longer.
QUEUE_FULL = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
QUEUE_SECONDS = 5


class ExecVisionStream(BaseStream[Any, list[Row]]):
    """A stream of the API. A request is a page of a feed, the id of a detail, or None for a list that comes whole."""

    vendor = "ExecVision"
    http_method = "GET"
    error_hints: ClassVar = {
        400: "If it names the limit, lower page_size.",
        401: "Check username (the API's user id) and password.",
        403: "Ask ExecVision to switch this part of the API on for the account, or deselect the stream.",
        404: "Check api_url.",
    }

    @cached_property
    @override
    def authenticator(self) -> BasicAuthenticator:
        """User id and password."""
        return BasicAuthenticator(username=self.config["username"], password=self.config["password"])

    @override
    def get_http_request(self, *, page: PageContext[Any]) -> HTTPRequest:
        request = super().get_http_request(page=page)
        token, request.params = page.next_page_token, {}
        if isinstance(token, FeedRequest):
            request.params = self.parameters(token)
        elif token is not None:
            request.url = f"{self.url_base}{self.path.replace('{id}', quote(token, safe=''))}"
        return request

    def parameters(self, request: FeedRequest) -> dict[str, Any]:
        """Return the query of a page."""
        spec = "microseconds" if request.since.microsecond else "seconds"
        since = request.since.isoformat(timespec=spec).replace("+00:00", "Z")
        last_id = {"last_id": request.last_id} if request.last_id else {}
        return {"since": since, "limit": request.limit, **last_id}

    @override
    def parse_page(self, response: requests.Response, request: Any) -> list[Row]:
        is_empty = response.status_code == HTTPStatus.NO_CONTENT and isinstance(request, FeedRequest)
        rows = [] if is_empty else self.rows_of(self.parse_json(response), request)
        if rows is None:
            detail = self.vendor_message(response)
            message = f"{self.path} answered with something undocumented" + (f", {detail}" if detail else "")
            raise TransientError(message, response, detail)
        return rows

    def rows_of(self, body: Any, request: Any) -> list[Row] | None:  # noqa: ARG002
        """Return the rows that a body holds, None when it has not the documented form."""
        return body if isinstance(body, list) and all(map(self._is_documented, body)) else None

    def _is_documented(self, row: Any) -> bool:
        return isinstance(row, dict) and not self.schema["properties"].keys().isdisjoint(row)

    @override
    def retry_after(self, error: TransientError) -> float:
        """Leave a full queue some time."""
        is_full = error.response is None or error.response.status_code in QUEUE_FULL
        return max(super().retry_after(error), QUEUE_SECONDS if is_full else 0)
