"""How Agent Connect is asked, its answers read, and its refusals meant."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pyrate_limiter import Rate
from typing_extensions import override

from .base.http import Redactor, TransientError, vendor_message
from .base.stream import BaseStream
from .shapes import shape_of

if TYPE_CHECKING:
    import requests
    from singer_sdk.streams.rest import HTTPRequest, PageContext

    from .keys import Row

Request = TypeVar("Request")
Page = TypeVar("Page")

# The vendor allows 100 requests a minute, and counts when they arrive, not when they leave: a margin.
RATES = [Rate(100, 61_000)]

CREDENTIALS = (
    "Check api_key and api_secret, which must be a pair (Settings > Integrations; the production key), "
    "and this machine's clock: a token dated in the future is refused."
)


class AgentConnectStream(BaseStream[Request, Page]):
    """A stream of the data return: signed requests, and what to check when one is refused."""

    vendor = "Agent Connect"
    error_hints: ClassVar = {
        401: CREDENTIALS,
        403: CREDENTIALS,
        404: "Check subdomain and api_url.",
        422: "Check start_date and end_date.",
    }
    # A spent minute is sat out: the vendor says `Retry Later`, and not when.
    quota_seconds = 61

    @abstractmethod
    def params_of(self, request: Request) -> dict[str, str]:
        """Return the parameters that ask for a page."""

    @override
    def get_http_request(self, *, page: PageContext[Request]) -> HTTPRequest:
        asked = super().get_http_request(page=page)
        asked.params = {**self.params_of(page.next_page_token)}  # type: ignore[arg-type]
        return asked

    reshape = staticmethod(shape_of)

    @override
    def vendor_message(self, response: requests.Response) -> str:
        # The vendor may repeat what it was sent, and its signature alone.
        token = str(response.request.headers.get("Authorization", ""))
        return Redactor([*self._tap.secrets, token])(vendor_message(response))

    def rows_in(self, body: Any, response: requests.Response) -> list[Row]:
        """Return a list of rows; TransientError when it is none."""
        if isinstance(body, list) and all(isinstance(row, dict) for row in body):
            return body
        detail = self.vendor_message(response)
        message = f"{self.path} answered without a list of rows" + (f": {detail}" if detail else "")
        raise TransientError(message)
