"""Agent Connect's data return: signed requests, their pace and their errors, and the paged list of employees."""

from __future__ import annotations

import time
from functools import cached_property
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qsl, urlsplit

import requests
from pyrate_limiter import Rate
from singer_sdk.exceptions import RetriableAPIError

from tap_agentconnect.pagination import Params, Row, roster
from tap_agentconnect.records import Normaliser
from tap_agentconnect.shapes import shape_of
from tap_agentconnect.transport import SAY_EVERY, Page, PatientStream, read_ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest, PageContext

    from tap_agentconnect.auth import SignedToken
    from tap_agentconnect.tap import TapAgentConnect

# The vendor allows 100 requests a minute, and counts when they arrive, not when they leave: a margin.
RATES = [Rate(100, 61_000)]
MINUTE = 61
MOST_EMPLOYEES = 500


class AgentConnectStream(PatientStream[Params, Page]):
    """A stream of the data return: signed requests, and what to do when one is turned down."""

    _tap: TapAgentConnect

    vendor = "Agent Connect"
    _credentials = (
        "Check api_key and api_secret, which must be a pair (Settings > Integrations; the production key), "
        "and this machine's clock: a token dated in the future is refused."
    )
    advice: ClassVar = {
        401: _credentials,
        403: _credentials,
        404: "Check subdomain and api_url.",
        422: "Check start_date and end_date.",
    }

    @property
    def url_base(self) -> str:
        """The host of the subdomain, unless api_url says another."""
        return self._tap.api_url

    @property
    def authenticator(self) -> SignedToken:
        """The key and the signed token."""
        return self._tap.token

    @cached_property
    def normalise(self) -> Callable[[Row], Row]:
        """What makes the vendor's rows fit the schema."""
        shape, normaliser = shape_of(self.schema), Normaliser(self.schema, self.logger)
        return lambda row: normaliser(shape(row))

    def get_http_request(self, *, page: PageContext[Params]) -> HTTPRequest:
        """Ask for one page by its parameters."""
        request = super().get_http_request(page=page)
        request.params = dict(page.next_page_token or {})
        return request

    def post_process(self, row: Record, context: Context | None = None) -> Record:  # noqa: ARG002
        """Make a row what the schema promises."""
        return self.normalise(row)

    def told(self, pages: Iterator[list[Row]]) -> Iterator[list[Row]]:
        """Pass pages on, and say every few seconds how far they have come, and at the end."""
        count = rows = 0
        said = time.monotonic()
        for page in pages:
            count, rows = count + 1, rows + len(page)
            yield page
            if time.monotonic() > said + SAY_EVERY:
                said = time.monotonic()
                self.logger.info("Page %d of %s: %d rows so far", count, self.name, rows)
        if count:
            self.logger.info("Page %d of %s was the last: %d rows", count, self.name, rows)
        else:
            self.logger.info("Nothing new in %s", self.name)

    def vendor_text(self, response: requests.Response) -> str:
        """Return the vendor's own error text, which may be plain."""
        try:
            text = response.text
        except requests.exceptions.RequestException:
            return ""
        if "text/plain" in response.headers.get("Content-Type", ""):
            return " ".join(text.split())[:300]
        return super().vendor_text(response)

    def seconds_told(self, error: RetriableAPIError) -> float:
        """Sit a spent minute out: the vendor says `Retry Later`, and not when."""
        told, response = super().seconds_told(error), error.response
        spent = response is not None and response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        return told or (MINUTE if spent else 0)


class EmployeeStream(AgentConnectStream[tuple[list[Row], "Params | None"]]):
    """The whole list of employees, whose next page is named by an address on another host."""

    primary_keys = ("employee_key",)

    def get_records(self, context: Context | None) -> Iterator[Row]:  # noqa: ARG002
        """Read the list page by page."""
        for page in self.told(read_ahead(self.pages())):
            yield from page

    def pages(self) -> Iterator[list[Row]]:
        """Yield the list, then the deactivated, whom it may leave out; each employee once."""
        sent: set[str] = set()
        for filters in ({}, {"status": "deactivated"}):
            own: Params = {"number_of_employees": str(MOST_EMPLOYEES), **filters}
            for page in roster(lambda params, own=own: self.fetch({**params, **own}), employee_key):  # type: ignore[misc]
                keyed = {key: {**row, "employee_key": key} for row in page if (key := employee_key(row)) not in sent}
                sent |= keyed.keys()
                if keyed:
                    yield list(keyed.values())

    def read(self, response: requests.Response) -> tuple[list[Row], Params | None]:
        """Return the employees, and what of the next page's address is good on this host: its parameters."""
        body = self.json_of(response)
        employees = body.get("employees") if isinstance(body, dict) else None
        meta = body.get("meta") or {} if employees is not None else {}
        following = meta.get("next_page") if isinstance(meta, dict) else 0
        if (
            not isinstance(employees, list)
            or not all(isinstance(row, dict) for row in employees)
            or not isinstance(following, str | None)
        ):
            message = f"{self.path} answered with no page of employees"
            raise RetriableAPIError(message, response)
        following = (following or "").strip()
        return employees, dict(parse_qsl(urlsplit(following).query)) if following else None


def employee_key(row: Row) -> str:
    """Return the e-mail address, else the custom id; of an employee who has neither, a hash of all there is."""
    for name in ("email", "custom_employee_id"):
        value = str(row.get(name) or "").strip()
        if value not in {"", "null"}:
            return value
    return sha256(repr(sorted(row.items())).encode()).hexdigest()
