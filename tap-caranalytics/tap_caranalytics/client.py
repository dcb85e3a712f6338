"""How the analytics API of Khoros Care is asked, its answers are read, and its refusals are meant."""

from __future__ import annotations

import re
import time
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from typing_extensions import override

from .base.http import RefusedError, TapError, TransientError, origin_of, vendor_message
from .base.json_text import CHUNK
from .base.stream import BaseStream
from .dynamic_schema import DynamicSchemaStream
from .jobs import Redirect, ReportRequest
from .report_files import NotAReportError, ReportFile

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Record
    from singer_sdk.streams.rest import HTTPRequest, PageContext

# Errors that pass, though the vendor may send them with a status that says otherwise.
TRANSIENT_ERROR = re.compile(
    r"too many requests|\d requests (in|per)|rate.?limit|limit (was |is )?(exceeded|reached)|throttl"
    r"|try again|temporar|timed? ?out|unavailable",
    re.IGNORECASE,
)


class CareStream(DynamicSchemaStream, BaseStream[ReportRequest, Any]):
    """A stream of the analytics API."""

    _busy_for: ReportRequest | None = None

    vendor = "Khoros Care"
    error_hints: ClassVar = {
        400: "Check report_metrics, time_interval and the settings that filter.",
        401: "Check username and password: it has to be an Analytics API user.",
        403: "Check company_key, username and password, and that Khoros Support has enabled the Analytics API user.",
        404: "Check api_url: the Analytics API settings of your account show the right one.",
    }

    @property
    @override
    def url_base(self) -> str:
        """The configured root of the API, whether or not its path was copied too."""
        root = super().url_base
        return root if urlsplit(root).path else f"{root}/api/public"

    @cached_property
    def authenticator(self) -> HTTPBasicAuth:
        """The API user's name and password."""
        return HTTPBasicAuth(self.config["username"].encode(), self.config["password"].encode())

    @property
    def company(self) -> dict[str, Any]:
        """The parameter that says whose data it is."""
        return {"companyKey": self.config["company_key"]}

    # Asking

    @override
    def fetch_page(self, request: ReportRequest) -> Any:
        """Wait until the request is due, then make it."""
        time.sleep(max(0, request.not_before - time.monotonic()))
        return super().fetch_page(request)

    @override
    def _fetch_once(self, request: ReportRequest) -> Any:
        """Make the request; one that can wait is not tried over and over where the API says twice that it is busy."""
        try:
            return super()._fetch_once(request)
        except TransientError as error:
            is_busy = error.response is not None and error.response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
            if not (request.can_wait and is_busy and error.response is not None):
                raise
            if self._busy_for is request:
                raise RefusedError(str(error), error.response.status_code, error.detail) from None
            self._busy_for = request
            raise

    @override
    def get_http_request(self, *, page: PageContext[ReportRequest]) -> HTTPRequest:
        """Make the HTTP request that a report's request describes."""
        asked = super().get_http_request(page=page)
        if request := page.next_page_token:
            asked.url, asked.method, asked.params = request.url, request.method, request.params
        return asked

    @override
    def prepare(self, asked: HTTPRequest, request: ReportRequest) -> requests.PreparedRequest:
        """Leave credentials out of what goes to another host."""
        if request.to_api:
            return super().prepare(asked, request)
        # Without any of its own, requests would look for some in ~/.netrc.
        anonymous = requests.Request(asked.method, asked.url, auth=lambda prepared: prepared)
        return self.requests_session.prepare_request(anonymous)

    @override
    def label_of(self, request: ReportRequest) -> str:
        return request.label

    @override
    def host_of(self, request: ReportRequest) -> str:
        return (origin_of(request.url) or ("", "", None))[1]

    # Reading

    @override
    def validate_response(self, response: requests.Response, request: ReportRequest | None = None) -> None:
        """Let a download's redirect pass, and try again where a refusal's text says that it may pass."""
        if request and request.is_download and response.is_redirect:
            return
        try:
            super().validate_response(response, request)
        except RefusedError as refusal:
            if not TRANSIENT_ERROR.search(refusal.detail):
                raise
            message = f"{self.vendor} refuses for now: HTTP {refusal.status}, {refusal.detail}"
            raise TransientError(message, response, refusal.detail) from None

    @override
    def parse_page(self, response: requests.Response, request: ReportRequest) -> Any:
        """Return what an answer's envelope holds; of a download the report, or where it lies."""
        if request.is_download:
            return Redirect(response.headers["Location"]) if response.is_redirect else self._report(response, request)
        answer = self.parse_json(response)
        result = answer.get("result") if isinstance(answer, dict) else None
        passed = isinstance(answer, dict) and answer.get("status", "PASS") == "PASS" and not isinstance(result, str)
        if passed and request.is_valid(result):
            return result
        detail = self.vendor_message(response)
        if isinstance(answer, dict) and "status" in answer and not passed:
            self._refuse(response, request, detail)
        message = f"{request.label} did not answer as it should" + (f": {detail}" if detail else "")
        raise TransientError(message, response, detail)

    def _report(self, response: requests.Response, request: ReportRequest) -> ReportFile:
        """Keep a body in a temporary file once it has been read to its end: a cut one is asked for again."""
        if response.status_code != HTTPStatus.OK:
            message = f"{request.label} answered with HTTP {response.status_code} and no report"
            raise TransientError(message, response)
        try:
            return ReportFile(self.repair(response.iter_content(CHUNK)))
        except NotAReportError as error:
            detail = self._tap.redact(error.message)
            self._refuse(response, request, detail)
            message = f"{request.label} answered with {error}" + (f": {detail}" if detail else "")
            if error.is_final:
                message = f"{self.vendor} sent something other than a report: {message}. Ask its support."
                raise TapError(message) from None
            raise TransientError(message, response, detail) from None

    def _refuse(self, response: requests.Response, request: ReportRequest, detail: str) -> None:
        """Raise for an error that came as HTTP 200, if it says what it is about."""
        if detail and not TRANSIENT_ERROR.search(detail):
            message = f"{self.vendor} refused {response.request.method} {request.label}: {detail}"
            raise RefusedError(message, response.status_code, detail)

    @override
    def vendor_message(self, response: requests.Response) -> str:
        """Return the vendor's own error text; in its envelope, that may be the result."""
        return self._tap.redact(vendor_message(response, ("result", "message", "error", "errors", "detail")))

    # Writing

    @cached_property
    def deselected(self) -> set[str]:
        """The columns that stay out."""
        return {path[-1] for path, selected in self.mask.items() if path and not selected}

    @override
    def _write_record_message(self, record: Record) -> None:
        if self.deselected:
            record = {name: value for name, value in record.items() if name not in self.deselected}
        super()._write_record_message(record)
