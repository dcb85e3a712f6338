"""MaestroQA's coaching export: one POST a window of days, answered by one bare array of any size."""

from __future__ import annotations

import re
import time
from functools import cached_property
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, ClassVar

from pyrate_limiter import Rate
from singer_sdk.authenticators import APIKeyAuthenticator
from typing_extensions import override

from .base.json_text import CHUNK, InvalidJSONError
from .base.records import shifted
from .base.stream import BaseStream
from .change_filter import ChangeFilter, Synced
from .pagination import WindowPaginator
from .session_files import spool, top_level
from .windows import DAY, EARLIEST_START, Window, days_between

if TYPE_CHECKING:
    import requests
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest, PageContext

    from .base.http import TransientError
    from .base.pagination import Batch

# The vendor allows 1 request a second and 30 a minute, and counts when they arrive, not when they leave: a margin.
RATES = [Rate(1, 1100), Rate(30, 61_000)]
# How far into the future meetings are looked for.
AHEAD = 365 * DAY
A_SECOND = re.compile(r"\bsecond\b")


class MaestroQAStream(BaseStream[Window, IO[bytes]]):
    """A stream of the coaching export: every run reads all windows and sends what is new in them."""

    vendor = "MaestroQA"
    http_method = "POST"
    quota_seconds = 61
    error_hints: ClassVar = {
        400: "If it is about the range of days, lower window_days.",
        401: "The API token is wrong or may have expired (they do after 90 days): make a new one, set api_token.",
        403: "The API token may have expired (they do after 90 days) or lack rights: make a new one, set api_token.",
        404: "Check api_url.",
        422: "If it is about the range of days, lower window_days.",
    }

    _answered_null: Window | None = None

    # What to read

    @cached_property
    def synced(self) -> Synced | None:
        """What earlier runs have sent."""
        return Synced.from_state(self.stream_state, self.bookmark_from_state(), self.config["time_axis"])

    @cached_property
    def days(self) -> Window:
        """The days that this run reads."""
        now = self._tap.started_at
        latest = now + AHEAD if self.config["time_axis"] == "meetingDate" else now
        start, end = self._tap.config_datetime("start_date") or latest, self._tap.config_datetime("end_date") or latest
        if start < EARLIEST_START:
            self.logger.info("start_date %s: reading begins at 2000-01-01", self.config["start_date"])
        end = min(end, latest)
        start = max(start, min(EARLIEST_START, end))
        whole = days_between(start, end)
        if self.synced and (lookback := self.config.get("lookback_days")):
            recent = days_between(max(start, shifted(min(now, end), -int(lookback) * DAY)), end)
            if self.synced.reaches(whole, recent):
                return recent
        return whole

    @cached_property
    def changes(self) -> ChangeFilter:
        """What tells which sessions to send."""
        return ChangeFilter(self.config["time_axis"], self.days, self.synced, self._tap.started_at)

    @override
    def get_new_paginator(self) -> WindowPaginator:
        """Return the paginator over the windows of this run."""
        window_days = int(self.config["window_days"])
        windows = -(-self.days.length // window_days)
        if self.config["time_axis"] == "meetingDate":
            self.logger.warning("With time_axis meetingDate, sessions without a meeting date are invisible")
        self.logger.info(
            "Windows to read: %d (%s to %s); at the vendor's limits that takes %d s at least",
            *(windows, self.days.start, self.days.end, seconds_at_limits(windows)),
        )
        self._asked_at = time.monotonic()
        return WindowPaginator(self.days, window_days, self._tap.started_at)

    # How to ask, and what comes back

    @cached_property
    @override
    def authenticator(self) -> APIKeyAuthenticator:
        """The token in a header of its own, without a prefix."""
        return APIKeyAuthenticator(key="apiToken", value=self.config["api_token"], location="header")

    @override
    def get_http_request(self, *, page: PageContext[Window]) -> HTTPRequest:
        """Ask for the sessions of one window."""
        request = super().get_http_request(page=page)
        if window := page.next_page_token:
            days = {"startDate": str(window.start), "endDate": str(window.end)}
            request.data = {**days, "timeAxis": self.config["time_axis"]}
        return request

    @override
    def parse_page(self, response: requests.Response, request: Window) -> IO[bytes]:
        """Keep the body in a temporary file once it has been parsed to its end: a cut one is asked for again."""
        if response.status_code == HTTPStatus.NO_CONTENT:
            return spool([b"[]"])
        body = spool(self.repair(response.iter_content(CHUNK)))
        try:
            self._check(found := top_level(body), request)
        except BaseException:
            body.close()
            raise
        return spool([b"[]"]) if found is None else body

    def _check(self, found: Any, window: Window) -> None:
        if found is None and self._answered_null == window:
            return  # it means it: there are no sessions
        self._answered_null = window if found is None else None
        if not isinstance(found, list):
            error = found.get("error") if isinstance(found, dict) else None
            message = f"no list: {self._tap.redact(error)}" if isinstance(error, str) else "no list"
            raise InvalidJSONError(message)

    @override
    def retry_after(self, error: TransientError) -> float:
        """Sit a spent minute out, but not a second: which of the two limits was hit stands in the vendor's words."""
        seconds = super().retry_after(error)
        return 0 if seconds == self.quota_seconds and A_SECOND.search(error.detail) else seconds

    # What to send, and what to remember

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record | None:
        """Leave out what an earlier run has sent, and note when the rest changed."""
        changed = self.changes.new_or_changed(row)
        return None if changed is None else super().post_process(changed, context)

    @override
    def batch_written(self, batch: Batch) -> None:
        """Note how far the scan has come."""
        self.changes.window_read(batch.bookmark, time.monotonic() - self._asked_at)
        self._write_progress()

    @override
    def all_written(self) -> None:
        """Note that the scan is complete."""
        self._write_progress(final=True)

    def _write_progress(self, *, final: bool = False) -> None:
        if progress := self.changes.progress(self.run_started_at, final=final):
            bookmark, scanned = progress
            self.advance_bookmark(bookmark, scanned=scanned)


def seconds_at_limits(requests: int) -> int:
    """Return how long the vendor's limits make so many requests last."""
    minutes, rest = divmod(requests - 1, 30)
    return minutes * 60 + rest
