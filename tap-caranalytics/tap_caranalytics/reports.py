"""The kinds of streams: reports on windows of time, snapshots, and the list of the windows that were read."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from typing_extensions import override

from .base.http import TapError
from .base.json_text import is_long
from .base.records import to_rfc3339
from .client import CareStream
from .jobs import ReportEndpoint, ReportRequest
from .pagination import JobOptions, ListPaginator, ReportPaginator, Schedule, SnapshotPaginator
from .rows import ColumnNames, RecordFormat, WindowReading, column_name, hashed_name, text_of
from .windows import EPOCH, MILLISECOND, Grid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from singer_sdk.helpers.types import Context, Record

    from .base.pagination import Batch

WINDOWS = "windows"
# A field's name that is fit to be a column's.
FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")


class WindowsStream(CareStream):
    """The windows that the reports' streams have read: they write them, each after the window's rows."""

    @cached_property
    def _pending(self) -> list[Record]:
        return []

    _schema_is_written = False

    def add(self, report: str, reading: WindowReading) -> None:
        """Note a window whose rows are written."""
        if self.selected:
            self._pending.append(
                {
                    "report": report,
                    "_window_start": to_rfc3339(reading.window.start),
                    "_window_end": to_rfc3339(reading.window.end),
                    "_extracted_at": to_rfc3339(reading.extracted_at),
                    "row_count": reading.row_count,
                }
            )

    def flush(self) -> None:
        """Write what was noted: before a state that lets the next run go on behind those windows."""
        if self._pending:
            self._write_schema_message()
        while self._pending:
            self._write_record_message(self._pending.pop(0))

    @override
    def request_records(self, context: Context | None) -> Iterator[Record]:
        """Yield nothing: all is written by the time that this stream's turn comes."""
        yield from ()

    @override
    def _write_schema_message(self) -> None:
        if not self._schema_is_written:
            self._schema_is_written = True
            super()._write_schema_message()


class ListStream(CareStream):
    """A list that comes whole in one answer; what it has beyond the schema arrives as columns of text."""

    is_whole_list = True

    @override
    def get_new_paginator(self) -> ListPaginator:
        """Return what asks for the list."""
        request = ReportRequest(self.url_base + self.path, self.path, is_list_of_objects, params=self.company)
        return ListPaginator(request)

    @override
    def shape(self, row: Record) -> Record:
        """Return values as text, but for numbers where the schema has some; what is none follows its own field."""
        record: Record = {}
        for name, value in row.items():
            declared = self.schema["properties"].get(name)
            if not declared:
                column = name if FIELD_NAME.fullmatch(name) else hashed_name(column_name(name), name)
                record[column] = text_of(value)
            elif "integer" not in declared["type"]:
                record[name] = text_of(value)
            elif value is None or (type(value) is int and not is_long(value)):
                record[name] = value
            elif self.mask["properties", name]:
                record[f"{name}_text"] = text_of(value)
        return record

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record:
        record = self.shape(row)
        self.add_new_columns(record)
        return self.require_keys(record)


class ReportStream(CareStream):
    """A report as a stream: its windows are run several at once, and their rows leave in the windows' order."""

    http_method = "POST"
    primary_keys = ("_row_key",)
    replication_key = "_window_start"
    on_update = "comes within `lookback_days`, beside its old version"
    on_delete = "is missing from the newest reading of its window"

    #: The vendor's name for the report, where it is not the stream's.
    report: ClassVar[str]
    #: Labels that are more than another spelling of a column's id.
    aliases: ClassVar[dict[str, str]] = {}
    #: Settings that only some reports document, with the parameter that each becomes.
    extra_settings: ClassVar[dict[str, str]] = {}
    #: Parameters that make a stream of one report another one's sibling.
    fixed_params: ClassVar[dict[str, str]] = {}
    #: Whether a row is about an agent and not about something that happened.
    keyed_by_agent: ClassVar[bool] = False
    #: Whether each row is in one half of a span of time and not in the other: that of an event, or of a bucket.
    can_be_halved: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Derive the path from the report, and the report from the name."""
        super().__init_subclass__(**kwargs)
        if "name" in vars(cls):
            cls.report = vars(cls).get("report", vars(cls)["name"])
            cls.path = f"/reports/report/{cls.report}"

    # What to read

    @property
    def end(self) -> datetime:
        """The moment up to which there is something to read."""
        return min(self._tap.config_datetime("end_date") or self.run_started_at, self.run_started_at)

    @property
    def start(self) -> datetime:
        """The moment from which on all is read."""
        return max(self._tap.config_datetime("start_date") or self.run_started_at, EPOCH)

    @cached_property
    def grid(self) -> Grid:
        """The windows that this stream is read in."""
        return Grid(int(self.config["window_days"]))

    @property
    def schedule(self) -> Schedule:
        """The windows to read: those in the lookback, the one that the bookmark is in, and all after."""
        first = self.start
        if bookmark := self.bookmark:
            lookback = timedelta(days=int(self.config["lookback_days"]))
            first = max(self.grid.window_of(first).start, self.grid.before(bookmark, lookback))
        return Schedule(self.grid, first, self.end)

    @cached_property
    def bookmark(self) -> datetime | None:
        """Everything before this is out, as earlier runs have left it."""
        if not (bookmark := self.bookmark_from_state()):
            return None
        days = self.stream_state.get("cell_days", self.grid.size.days)
        if days != self.grid.size.days:
            message = (
                f"window_days: earlier runs read {self.name} in windows of {days!r} days, now they are "
                f"{self.grid.size.days} (whole weeks with a time_interval of one). Rows are keyed by their window: "
                "set it back, or empty the table and run with a full refresh."
            )
            raise TapError(message)
        return max(bookmark, EPOCH)

    @override
    def get_new_paginator(self) -> ReportPaginator:
        """Return what runs this report, window by window."""
        schedule = self.schedule
        per_minute = int(self.config["requests_per_minute"])
        parts = sum(
            len(self.grid.parts(window, self.end)) for window in schedule.grid.windows(schedule.first, self.end)
        )
        self.logger.info(
            "%d windows; at %d requests a minute they last %d s at least",
            *(schedule.count, per_minute, max(0, 3 * parts - 1) // per_minute * 60),
        )
        return ReportPaginator(self.endpoint, schedule, self.job_options, self.record_format, self.logger)

    # How to ask

    @property
    def endpoint(self) -> ReportEndpoint:
        """Where this report is run."""
        return ReportEndpoint(self.url_base, self.report, self.http_method, self.company, self.report_params)

    @property
    def job_options(self) -> JobOptions:
        """How this report is run."""
        return JobOptions(
            float(self.config["poll_interval"]),
            60 * float(self.config["report_timeout"]),
            int(self.config["max_concurrent_reports"]),
            lambda: self.run_started_at,
            self._tap.redact,
            can_be_halved=self.can_be_halved,
        )

    @property
    def report_params(self) -> dict[str, Any]:
        """The parameters of the report: only those that the vendor documents for it."""
        config = self.config
        inside = {"inside": "true", "outside": "false"}.get(config.get("business_hours", ""))
        params = {
            **self.fixed_params,
            "reportFormat": "json",
            "reportMetrics": self.report_setting("report_metrics"),
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

    def report_setting(self, setting: str) -> list[str]:
        """Return what a setting that is keyed by report says of this one."""
        settings = self.config.get(setting) or {}
        return list(settings.get(self.name) or settings.get(self.report) or [])

    # Records

    @cached_property
    def record_format(self) -> RecordFormat:
        """How rows become records."""
        # Named like the columns are, as ids or labels.
        names = ColumnNames(self.aliases)
        key_columns = [names[column] for column in self.report_setting("row_key_columns")]
        return RecordFormat(ColumnNames(self.aliases), key_columns, self.keyed_by_agent)

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record:
        """Put out a new schema first if a record needs one."""
        self.add_new_columns(row)
        return row

    @override
    def batch_written(self, batch: Batch) -> None:
        """Note the window before the bookmark moves behind it."""
        self.windows.add(self.name, cast("WindowReading", batch.rows))
        if not self.get_batch_config(self.config):
            self.windows.flush()
        if self.replication_method == "INCREMENTAL":
            super().batch_written(batch)

    @override
    def advance_bookmark(self, bookmark: Any, **more: Any) -> None:
        """Keep with the bookmark how long the windows are that it counts in."""
        super().advance_bookmark(bookmark, cell_days=self.grid.size.days, **more)

    @override
    def all_written(self) -> None:
        """Name what row_key_columns names and the report does not have."""
        names = self.record_format.names
        if names and (unknown := sorted({*self.record_format.key_columns} - {*names.values()})):
            self.logger.warning(
                "row_key_columns: %s has no column %s, so rows keep the hash as their key",
                self.name,
                ", ".join(unknown),
            )

    @override
    def _write_state_message(self) -> None:
        self.windows.flush()
        super()._write_state_message()

    @property
    def windows(self) -> WindowsStream:
        """The stream that each window is noted in."""
        return cast("WindowsStream", self._tap.streams[WINDOWS])


class SnapshotStream(ReportStream):
    """A report on how things stand: one a run, kept for the window that the run is in."""

    on_update = "comes with the next snapshot"
    on_delete = "is missing from the next snapshot"

    @property
    @override
    def schedule(self) -> Schedule:
        """The one window."""
        _ = self.bookmark
        return Schedule(self.grid, self.end - MILLISECOND, self.end, ask_from=self.start)

    @override
    def get_new_paginator(self) -> SnapshotPaginator:
        """Return what runs this report once."""
        options, format_ = self.job_options, self.record_format
        return SnapshotPaginator(self.endpoint, self.schedule, options, format_, self.logger)


def is_list_of_objects(result: Any) -> bool:
    """Tell whether an answer is a list."""
    return isinstance(result, list) and all(isinstance(item, dict) for item in result)


def _as_sent(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    # Metrics come one a parameter, ids in one.
    return ",".join(map(str, value)) if isinstance(value, list) and name != "reportMetrics" else value
