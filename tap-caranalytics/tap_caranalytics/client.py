"""Khoros Care Analytics: reports that are run, waited for and downloaded, in windows of a fixed grid."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta
from functools import cached_property
from http import HTTPStatus
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, quote_plus, urlsplit

import requests
from requests.auth import HTTPBasicAuth
from singer_sdk.exceptions import RetriableAPIError

from tap_caranalytics.bodies import CHUNK, Body, Row, WrongBodyError
from tap_caranalytics.cells import Grid, Part, Span
from tap_caranalytics.columns import GrowingStream
from tap_caranalytics.jobs import API, Call, Habits, Jobs, Kind, Moved
from tap_caranalytics.records import moment_of, written
from tap_caranalytics.rows import Identity, Names, text_of
from tap_caranalytics.transport import SAY_EVERY, PatientStream, RefusedError, TapError, read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest, PageContext


# The vendor counts when requests arrive, not when they leave: a margin.
MINUTE_MS = 61_000
LONGEST_TEXT = 300
# Errors that pass, though the vendor may send them with a status that says otherwise.
PASSING = re.compile(
    r"too many requests|\d requests (in|per)|rate.?limit|limit (was |is )?(exceeded|reached)|throttl"
    r"|try again|temporar|timed? ?out|unavailable",
    re.IGNORECASE,
)
ABOUT_RANGE = re.compile(r"range|\bdays?\b|\bdates?\b|period|too long|startTime|endTime", re.IGNORECASE)
QUERY = re.compile(r"\?[^\s\"'<>]+")


class CareStream(GrowingStream, PatientStream[Call, Any]):
    """A stream of the analytics API. Its requests are made one at a time."""

    _call: Call

    vendor = "Khoros Care"
    advice: ClassVar = {
        400: "Check report_metrics, time_interval and the settings that filter.",
        401: "Check username and password: it has to be an Analytics API user.",
        403: "Check company_key, username and password, and that Khoros Support has enabled the Analytics API user.",
        404: "Check api_url: the Analytics API settings of your account show the right one.",
    }

    @property
    def url_base(self) -> str:
        """The configured root of the API, whether or not its path was copied too."""
        root = super().url_base
        return root if urlsplit(root).path else f"{root}/api/public"

    @cached_property
    def authenticator(self) -> HTTPBasicAuth:
        """The API user's name and password."""
        return HTTPBasicAuth(self.config["username"].encode(), self.config["password"].encode())

    @property
    def key(self) -> dict[str, Any]:
        """The parameter that says whose data it is."""
        return {"companyKey": self.config["company_key"]}

    def get_http_request(self, *, page: PageContext[Call]) -> HTTPRequest:
        """Make the request that a call describes."""
        request = super().get_http_request(page=page)
        if call := page.next_page_token:
            self._call, self.path = call, call.step
            request.url, request.method, request.params = call.url, call.method, call.params
        return request

    def build_prepared_request(self, *args: Any, **kwargs: Any) -> requests.PreparedRequest:
        """Leave credentials out of what goes to another host."""
        if self._call.home:
            return super().build_prepared_request(*args, **kwargs)
        # Without any of its own, requests would look for some in ~/.netrc.
        return self.requests_session.prepare_request(
            requests.Request(*args, **{**kwargs, "auth": lambda request: request})
        )

    def validate_response(self, response: requests.Response) -> None:
        """Let a download's redirect pass, and try again where a refusal's text says that it may pass."""
        if self._call.keeps and response.is_redirect:
            return
        if response.status_code >= HTTPStatus.BAD_REQUEST and PASSING.search(said := self.vendor_text(response)):
            message = f"{response.request.method} {self.path}: HTTP {response.status_code}, {said}"
            raise RetriableAPIError(message, response)
        super().validate_response(response)

    def read(self, response: requests.Response) -> Any:
        """Return what an answer holds, or the file with the report."""
        if self._call.keeps:
            return Moved(response.headers["Location"]) if response.is_redirect else self._report(response)
        answer = self.json_of(response)
        result = answer.get("result") if isinstance(answer, dict) else None
        passed = isinstance(answer, dict) and answer.get("status", "PASS") == "PASS" and not isinstance(result, str)
        if passed and self._call.fits(result):
            return result
        said = self.vendor_text(response)
        if isinstance(answer, dict) and "status" in answer and not passed:
            self._refuse(response, said)
        message = f"{self.path} did not answer as it should" + (f": {said}" if said else "")
        raise RetriableAPIError(message, response)

    def _refuse(self, response: requests.Response, said: str) -> None:
        """Raise for an error that came as HTTP 200, if it says what it is about."""
        if said and not PASSING.search(said):
            message = f"{self.vendor} refused {response.request.method} {self.path}: {said}"
            raise RefusedError(message, response.status_code, said)

    def _report(self, response: requests.Response) -> Body:
        """Keep a body in a temporary file once it has been read to its end: a cut one is asked for again."""
        file = TemporaryFile()  # noqa: SIM115  # closed by who reads it
        try:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
            return Body(file)
        except WrongBodyError as error:
            file.close()
            said = self._hushed(error.said)
            self._refuse(response, said)
            message = f"{self.path} answered with {error}" + (f": {said}" if said else "")
            raise RetriableAPIError(message, response) from None
        except BaseException:
            file.close()
            raise

    def vendor_text(self, response: requests.Response) -> str:
        """Return the vendor's own error text, wherever it hides; never a page, a secret or any other part of a body."""
        try:
            body = response.json()
        except (ValueError, requests.exceptions.RequestException):
            # Without a charset requests guesses; the vendor writes UTF-8.
            text = response.content.decode(errors="replace").strip()
            return "" if text.startswith(("<", "{", "[")) else self._hushed(text)
        texts = [body.get(key) for key in ("result", "message", "error")] if isinstance(body, dict) else [body]
        return self._hushed(next((text for text in texts if isinstance(text, str) and text), ""))

    def _hushed(self, text: str) -> str:
        for name in ("password", "company_key"):
            secret = str(self.config.get(name) or "")
            for form in {secret, quote(secret, safe=""), quote_plus(secret)} - {""}:
                text = text.replace(form, "***")
        return " ".join(QUERY.sub("?***", text).split())[:LONGEST_TEXT]


class ReportStream(CareStream):
    """A report as a stream: its windows are run several at once, and their rows leave in the windows' order."""

    http_method = "POST"
    primary_keys = ("_row_key",)
    replication_key = "_window_start"
    on_update = "comes within `lookback_days`, beside its old version"
    on_delete = "is missing from the newest reading of its window"

    #: The vendor's name for the report.
    report: ClassVar[str]
    #: Labels that are more than another spelling of a column's id.
    aliases: ClassVar[dict[str, str]] = {}
    #: Settings that only some reports document, with the parameter that each becomes.
    extra_settings: ClassVar[dict[str, str]] = {}
    #: Parameters that make a stream of one report another one's sibling.
    fixed_params: ClassVar[dict[str, str]] = {}
    #: Whether a row is about an agent and not about something that happened.
    of_team: ClassVar[bool] = False
    #: Whether the rows of two halves are those of the whole.
    can_be_halved: ClassVar[bool] = True

    @property
    def end(self) -> datetime:
        """The moment up to which there is something to read."""
        return min(self._tap.moment("end_date") or self.started, self.started)

    @cached_property
    def grid(self) -> Grid:
        """The cells that this stream is read in."""
        return Grid(int(self.config["window_days"]))

    @cached_property
    def names(self) -> Names:
        """The columns' names."""
        return Names(self.aliases)

    def of_report(self, setting: str) -> list[str]:
        """Return what a setting that is keyed by report says of this one."""
        settings = self.config.get(setting) or {}
        return list(settings.get(self.name) or settings.get(self.report) or [])

    def cells(self) -> list[Span]:
        """Return the cells to read: those in the lookback, the one that the bookmark is in, and all after."""
        first = self._tap.moment("start_date") or self.started
        if bookmark := self.bookmark:
            lookback = timedelta(days=int(self.config["lookback_days"]))
            first = max(self.grid.cell_of(first).start, self.grid.before(bookmark, lookback))
        return list(self.grid.cells(first, self.end))

    @cached_property
    def bookmark(self) -> datetime | None:
        """Everything before this is out, as earlier runs have left it."""
        bookmark = moment_of(self.stream_state.get("replication_key_value"))
        if not bookmark or self.replication_method != "INCREMENTAL":
            return None
        days = self.stream_state.get("cell_days", self.grid.size.days)
        if days != self.grid.size.days:
            message = (
                f"window_days: earlier runs read {self.name} in windows of {days} days, now they are "
                f"{self.grid.size.days} (whole weeks with a time_interval of one). Rows are keyed by their window: "
                "set it back, or empty the table and run with a full refresh."
            )
            raise TapError(message)
        return bookmark

    def parts(self, cells: list[Span]) -> list[Part]:
        """Return what to ask for, in order."""
        return [part for cell in cells for part in self.grid.parts(cell, self.started)]

    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        """Read the cells, oldest first; the bookmark follows what is out."""
        cells = self.cells()
        parts = self.parts(cells)
        per_minute = int(self.config["requests_per_minute"])
        self.logger.info(
            "%d windows; at %d requests a minute they last %d s at least",
            *(len(cells), per_minute, max(0, 3 * len(parts) - 1) // per_minute * 60),
        )
        done = count = 0
        told = time.monotonic()
        identity: Identity | None = None
        stamp = ""
        try:
            for part, asked_at, body in read_ahead(self.jobs().bodies(parts)):
                if part.first or not identity:
                    stamp, identity = written(asked_at), self.identity(part.cell)
                with body:
                    for row in self.rows(body):
                        count += 1
                        yield self.record(row, part.cell, identity, stamp)
                if not part.last:
                    continue
                identity.close()
                done += 1
                self.reach(part.cell)
                if done == len(cells) or time.monotonic() - told > SAY_EVERY:
                    told = time.monotonic()
                    self.logger.info(
                        "Window %d of %d of %s (%s): %d rows so far", *(done, len(cells), self.name, part.cell, count)
                    )
        finally:
            if identity:
                identity.close()

    def jobs(self) -> Jobs[Part]:
        """Return what runs this report."""
        habits = Habits(
            float(self.config["poll_interval"]),
            60 * float(self.config["report_timeout"]),
            int(self.config["max_concurrent_reports"]),
        )
        path = API + self.report
        run = Call(self.url_base + path, path, _is_job, self.http_method)
        return Jobs(Kind(self.url_base, run, self.key, self.params, self.halves), self.fetch, habits, self.logger)

    def params(self, part: Part) -> dict[str, Any]:
        """Return the parameters of a report: only those that the vendor documents for it."""
        config = self.config
        inside = {"inside": "true", "outside": "false"}.get(config.get("business_hours", ""))
        params = {
            **part.span.edges,
            **self.fixed_params,
            "reportFormat": "json",
            "reportMetrics": self.of_report("report_metrics"),
            "locale": config["locale"],
            "timezone": config.get("timezone"),
            "timezoneOffset": config.get("timezone_offset"),
            "priorities": config.get("priorities"),
            "smartViewId": config.get("smart_view_id"),
            "workqueueIds": config.get("work_queue_ids"),
            "enableBusinessHour": "true" if inside else None,
            "businessHourType": inside,
            **{parameter: config.get(setting) for setting, parameter in self.extra_settings.items()},
        }
        return {name: _as_sent(name, value) for name, value in params.items() if value not in (None, [])}

    def halves(self, part: Part) -> list[Part]:
        """Return two parts that hold the same rows as this one."""
        return part.halves(self.grid.bucket) if self.can_be_halved else []

    def rows(self, body: Body) -> Iterator[Row]:
        """Yield the rows of a report."""
        try:
            yield from body.rows()
        except WrongBodyError as error:
            message = f"{self.vendor} sent a report ({self.report}) with {error}: ask its support."
            raise TapError(message) from None

    def identity(self, cell: Span) -> Identity:
        """Return what gives the rows of a cell their keys."""
        return Identity(written(cell.start), self.of_report("row_key_columns"), of_team=self.of_team)

    def record(self, row: Row, cell: Span, identity: Identity, stamp: str) -> dict[str, Any]:
        """Make a row a record, and put out a new schema first if it needs one."""
        names = self.names
        columns = {names[name]: text_of(value) for name, value in row.items()}
        if new := self.unknown(columns):
            self.add_columns(new)
        return {
            "_row_key": identity.key(columns),
            **columns,
            "_window_start": written(cell.start),
            "_window_end": written(cell.end),
            "_extracted_at": stamp,
        }

    def reach(self, cell: Span) -> None:
        """Move the bookmark over a cell that is out; one in progress is read again."""
        if self.replication_method != "INCREMENTAL":
            return
        reached = cell.end if cell.end <= self.started else cell.start
        self.stream_state.update(
            replication_key=self.replication_key,
            replication_key_value=written(max(reached, self.bookmark or reached)),
            cell_days=self.grid.size.days,
        )
        self.checkpoint()

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Leave the bookmark to the cells: a row says only which one it is in."""


class SnapshotStream(ReportStream):
    """A report on how things stand: one a run, kept for the cell that the run is in."""

    on_update = "comes with the next snapshot"
    on_delete = "is missing from the next snapshot"
    can_be_halved = False
    _from_start = True

    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        """Read the report, of the last window alone if the vendor refuses to look back as far as start_date."""
        try:
            yield from super().get_records(context)
        except RefusedError as refusal:
            if refusal.status not in {HTTPStatus.OK, HTTPStatus.BAD_REQUEST} or not ABOUT_RANGE.search(
                refusal.said or "range"
            ):
                raise
            self.logger.warning("The vendor may not look back to start_date: asked for one window (%s)", refusal)
            self._from_start = False
            yield from super().get_records(context)

    def cells(self) -> list[Span]:
        """Return the one cell."""
        _ = self.bookmark
        return [self.grid.cell_of(self.end - timedelta(milliseconds=1))]

    def parts(self, cells: list[Span]) -> list[Part]:
        """Ask from start_date on, in case the vendor leaves out what began before the time it is asked about."""
        start = self._tap.moment("start_date") if self._from_start else None
        return [Part(cells[0], Span(start or cells[0].start, self.end))]


def _is_job(result: Any) -> bool:
    return isinstance(result, dict) and bool(result.get("workflowId")) and bool(result.get("runId"))


def _as_sent(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    # Metrics come one a parameter, ids in one.
    return ",".join(map(str, value)) if isinstance(value, list) and name != "reportMetrics" else value
