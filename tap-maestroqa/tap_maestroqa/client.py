"""MaestroQA's coaching export: one POST a window of days, answered by one bare array of any size."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from http import HTTPStatus
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, ClassVar

import ijson
from pyrate_limiter import Rate
from singer_sdk.authenticators import APIKeyAuthenticator
from singer_sdk.exceptions import RetriableAPIError

from tap_maestroqa.records import Normaliser, written
from tap_maestroqa.scan import AHEAD, Scan, Sent
from tap_maestroqa.transport import PatientStream, RefusedError, TapError, mend, read_ahead
from tap_maestroqa.windows import DAY, Window, span

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest, PageContext


# The vendor allows 1 request a second and 30 a minute, and counts when they arrive, not when they leave: a margin.
RATES = [Rate(1, 1100), Rate(30, 61_000)]
MINUTE = 61
CHUNK = 64 * 1024
ABOUT_DAYS = re.compile("date|day|future", re.IGNORECASE)


class MaestroQAStream(PatientStream[Window, IO[bytes]]):
    """A stream of the coaching export: every run reads all windows and sends what is new in them."""

    vendor = "MaestroQA"
    http_method = "POST"
    advice: ClassVar = {
        400: "If it names a range of days, lower window_days.",
        401: "The API token is wrong or may have expired (they do after 90 days): make a new one, set api_token.",
        403: "The API token may have expired (they do after 90 days) or lack rights: make a new one, set api_token.",
        404: "Check api_url.",
    }

    @cached_property
    def authenticator(self) -> APIKeyAuthenticator:
        """The token in a header of its own, without a prefix."""
        return APIKeyAuthenticator(key="apiToken", value=self.config["api_token"], location="header")

    @cached_property
    def normalise(self) -> Normaliser:
        """What makes the vendor's rows fit the schema."""
        return Normaliser(self.schema, self.logger)

    def get_http_request(self, *, page: PageContext[Window]) -> HTTPRequest:
        """Ask for the sessions of one window."""
        request = super().get_http_request(page=page)
        if window := page.next_page_token:
            days = {"startDate": str(window.start), "endDate": str(window.end)}
            request.data = {**days, "timeAxis": self.config["time_axis"]}
        return request

    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Read all windows, oldest first, and yield the sessions that earlier runs have not sent."""
        scan = self.new_scan(self.started)
        count = len(scan.windows)
        self.logger.info("%d windows; the vendor's limits make them last %d s at least", count, seconds_forced(count))
        for number, (window, body) in enumerate(read_ahead(self.bodies(scan.windows)), 1):
            with body:
                yield from filter(scan.is_due, self.parse(body))
            self.logger.info(
                "Window %d of %d (%s to %s): %d sessions so far, %d of them new or changed",
                *(number, count, window.start, window.end, scan.rows, scan.due),
            )
            if progress := scan.progress(window, written(self.started)):
                self.stream_state.update(progress)
                self.checkpoint()

    def new_scan(self, now: datetime) -> Scan:
        """Return what to read in this run, from the settings and the state."""
        axis = self.config["time_axis"]
        latest = now + AHEAD if axis == "meetingDate" else now
        start, end = self._tap.moment("start_date") or now, self._tap.moment("end_date") or latest
        sent = Sent.recall(self.stream_state, axis) if self.replication_method == "INCREMENTAL" else None
        days = span(start, min(end, latest))
        if sent and (lookback := self.config.get("lookback_days")):
            recent = span(max(start, now - int(lookback) * DAY), min(end, latest))
            if not sent.days or sent.days.end >= recent.start:
                days = recent
        if axis == "meetingDate":
            self.logger.warning("With time_axis meetingDate, sessions without a meeting date are invisible")
        return Scan(axis, days, int(self.config["window_days"]), sent)

    def bodies(self, asked: list[Window]) -> Iterator[tuple[Window, IO[bytes]]]:
        """Yield each window with its body, up to the last day that the vendor answers for."""
        today = datetime.now(timezone.utc).date()
        for window in asked:
            ends = [window.end, *(day for day in (today, today - DAY) if window.start <= day < window.end)]
            for end in ends:
                shorter = replace(window, end=end)
                try:
                    yield shorter, self.fetch(shorter)
                    break
                except RefusedError as refusal:
                    # Whether days to come may be asked for is not documented. What is left out now, a later run finds.
                    to_come = refusal.status == HTTPStatus.BAD_REQUEST and ABOUT_DAYS.search(refusal.said)
                    if not to_come or end < today:
                        raise
                    self.logger.warning("MaestroQA answers for no days to come (%s)", refusal.said)

    def read(self, response: requests.Response) -> IO[bytes]:
        """Keep the body in a temporary file once it has been parsed to its end: a cut one is asked for again."""
        body = TemporaryFile()  # noqa: SIM115  # closed by who reads it
        try:
            rest = b""
            for chunk in response.iter_content(CHUNK):
                # No escape sequence has a comma in it.
                head, comma, rest = (rest + chunk).rpartition(b",")
                body.write(mend(head + comma))
            body.write(mend(rest))
            body.seek(0)
            wrong = _wrong_with(body)
        except BaseException:
            body.close()
            raise
        body.seek(0)
        if wrong:
            body.close()
            message = f"{self.path} answered with {wrong}"
            raise RetriableAPIError(message, response)
        return body

    def parse(self, body: IO[bytes]) -> Iterator[dict[str, Any]]:
        """Yield the sessions of a window one by one."""
        for session in ijson.items(body, "item", buf_size=CHUNK):
            key = session.get("_id") if isinstance(session, dict) else None
            if not isinstance(key, str | int) or not str(key):
                message = "MaestroQA sent a session without an _id, which cannot be stored: ask its support."
                raise TapError(message)
            yield session

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Leave the bookmark to the scan: a session's own updatedAt says too little."""

    def post_process(self, row: Record, context: Context | None = None) -> Record:  # noqa: ARG002
        """Make a session what the schema promises."""
        return self.normalise(row)

    def seconds_told(self, error: RetriableAPIError) -> float:
        """Sit a spent minute out: which limit was hit stands in the vendor's text, not in a header."""
        told, response = super().seconds_told(error), error.response
        if told or response is None or response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            return told
        return 0 if "second" in self.vendor_text(response) else MINUTE


def seconds_forced(requests: int) -> int:
    """Return how long the vendor's limits make so many requests last."""
    minutes, rest = divmod(requests - 1, 30)
    return minutes * 60 + rest


def _wrong_with(body: IO[bytes]) -> str:
    """Say why a body is no whole JSON array, "" when it is one."""
    try:
        body.seek(0)
        events = ijson.basic_parse(body, buf_size=CHUNK)
        if next(events)[0] == "start_array":
            for _ in events:
                pass
            return ""
        body.seek(0)
        error = next(ijson.items(body, "error"), None)
    except ijson.JSONError:
        return "JSON that breaks off, or with none"
    return f"no list: {' '.join(error.split())[:300]}" if isinstance(error, str) else "no list"
