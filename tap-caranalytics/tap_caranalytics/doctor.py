"""What Khoros leaves open: the reports' columns, how a report comes, and whether endTime is counted in."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import cached_property
from http import HTTPStatus
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from typing_extensions import override

from .base.doctor import Doctor, Finding
from .base.http import RefusedError, TapError
from .base.readings import NotKnownError, grouped, remaining
from .base.records import parse_datetime
from .jobs import Job, Redirect
from .pagination import MAX_REDIRECTS
from .reports import ListStream, ReportStream, SnapshotStream, WindowsStream
from .windows import DAY, EPOCH, MILLISECOND, Grid, Window, WindowPart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .client import CareStream
    from .jobs import ReportEndpoint
    from .report_files import ReportFile, Row

# So many rows show a report's columns, and so many at most are compared with those of another answer.
SAMPLE, MAX_COMPARED = 1000, 5000
# How often a report is looked at before that is too long for an examination.
MAX_LOOKS = 40
WEEK = 7 * DAY
METRIC_ID = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
US_TIME = "%m/%d/%Y %H:%M:%S"
EPOCH_MILLISECONDS = re.compile(r"\d{13}")


class Sample(NamedTuple):
    """A report of a few rows, and the time it is about."""

    stream: ReportStream
    span: Window
    rows: list[Row]


class CarAnalyticsDoctor(Doctor):
    """Runs each selected report for a day, and one of them up to three times more."""

    unknown_fields = "columns beside the documented ones"
    field_name = re.compile(r"[^\W\d_][\w .%#()/-]{0,99}")  # a column's label, maybe

    @cached_property
    def names_sent(self) -> dict[str, set[str]]:
        """The names of columns as the vendor writes them, by stream."""
        return {}

    @cached_property
    def places(self) -> dict[str, str]:
        """Where a report lay, by stream."""
        return {}

    @cached_property
    def envelopes(self) -> dict[str, str]:
        """What held a report's rows, by stream."""
        return {}

    @cached_property
    def samples(self) -> list[Sample]:
        """Reports that list events, few enough to compare."""
        return []

    @override
    def pace(self) -> str:
        reports = [
            stream for stream in self.tap.streams.values() if stream.selected and isinstance(stream, ReportStream)
        ]
        windows = sum(1 if isinstance(stream, SnapshotStream) else stream.schedule.count for stream in reports)
        per_minute = int(self.tap.config["requests_per_minute"])
        minutes = -(-3 * windows // per_minute)
        return f"a first run makes {windows} reports of 3 requests or more, at {per_minute} a minute in {minutes} min"

    @override
    def first_rows(self, stream: CareStream) -> list[Row]:
        if isinstance(stream, ListStream):
            listed: list[Row] = self.ask(stream, stream.get_new_paginator().current_value)
            return listed
        if not isinstance(stream, ReportStream):
            return []
        rows: list[Row] = []
        for span in self._spans(stream):
            with self._report(stream, span) as file:
                rows = list(islice(file.rows(), MAX_COMPARED + 1))
                self.envelopes[stream.name] = f"in an envelope, as {file.envelope}" if file.envelope else "a bare list"
            if rows:
                break
        if 1 < len(rows) <= MAX_COMPARED and stream.can_be_halved and not stream.grid.bucket:
            self.samples.append(Sample(stream, span, rows))
        if names := {name for row in rows[:SAMPLE] for name in row}:
            self.names_sent[stream.name] = names
        return rows[:SAMPLE]

    @override
    def streams(self) -> list[CareStream]:
        # The reports' streams fill `windows`.
        return [stream for stream in super().streams() if not isinstance(stream, WindowsStream)]

    @override
    def is_known(self, stream: CareStream, name: str) -> bool:
        column = stream.record_format.names[name] if isinstance(stream, ReportStream) else name
        return super().is_known(stream, column)

    @override
    def questions(self) -> Iterable[tuple[str, Callable[[], str | Finding]]]:
        yield "columns", lambda: grouped((stream, _kind(names)) for stream, names in sorted(self.names_sent.items()))
        yield "download", lambda: grouped(sorted(self.places.items()))
        yield "report", lambda: grouped(sorted(self.envelopes.items()))
        yield "endTime", self._end

    # Running a report

    def _spans(self, stream: ReportStream) -> list[Window]:
        """Return the last whole day, and the week before where that holds nothing; a few buckets of an interval."""
        today = Grid(1).window_of(self.tap.run_started_at).start
        if stream.grid.bucket:
            window = stream.grid.window_of(today - stream.grid.size)
            return [stream.grid.parts(window, today)[0].span]
        return [Window(today - DAY, today), Window(today - DAY - WEEK, today - DAY)]

    def _report(self, stream: ReportStream, span: Window) -> ReportFile:
        """Run a report, once more if it fails, and fetch it."""
        for _ in range(2):
            endpoint, job = stream.endpoint, Job(WindowPart(span, span))
            try:
                answer = self.ask(stream, endpoint.start(job.part, can_wait=False))
            except RefusedError as refusal:
                if refusal.status != HTTPStatus.METHOD_NOT_ALLOWED:
                    raise
                endpoint = endpoint.with_other_method()
                answer = self.ask(stream, endpoint.start(job.part, can_wait=False))
            job.start(answer)
            if self._is_done(stream, endpoint, job):
                return self._download(stream, endpoint, job)
        message = "the vendor does not make the report; a run ends with the vendor's words"
        raise NotKnownError(message)

    def _is_done(self, stream: ReportStream, endpoint: ReportEndpoint, job: Job) -> bool:
        """Look at a job until it is done, or has failed."""
        delay = float(self.tap.config["poll_interval"])
        for _ in range(MAX_LOOKS):
            if (done := job.update(self.ask(stream, endpoint.status(job)))) is not None:
                return done
            time.sleep(delay)
            delay = min(1.5 * delay, 60)
        message = f"the report did not finish while it was looked at {MAX_LOOKS} times"
        raise NotKnownError(message)

    def _download(self, stream: ReportStream, endpoint: ReportEndpoint, job: Job) -> ReportFile:
        request = endpoint.download(job)
        self.places[stream.name] = "served by the API" if request.to_api else "linked to another host"
        for _ in range(MAX_REDIRECTS + 1):
            page: ReportFile | Redirect = self.ask(stream, request)
            if not isinstance(page, Redirect):
                return page
            try:
                request = endpoint.redirected(request, page)
            except TapError:
                break
            self.places[stream.name] = f"redirected to {'the API' if request.to_api else 'another host'}"
        message = "its download is redirected in a circle, or to an address that is not safe (https)"
        raise NotKnownError(message)

    # endTime

    def _end(self) -> str:
        """Ask for a report that ends at the very moment of one of its rows: does that row come?"""
        for sample in self.samples:
            known = {_written(row): row for row in sample.rows}
            times = {name: _times(known, name, sample.span) for name in sample.rows[0]}
            by_column = {name: moments for name, moments in times.items() if moments}
            if by_column:
                return self._end_of(sample, by_column)
        message = "no report of events has two rows with a time in the span that was asked for"
        raise NotKnownError(message)

    def _end_of(self, sample: Sample, by_column: dict[str, dict[str, datetime]]) -> str:
        moments = sorted({moment for times in by_column.values() for moment in times.values()})
        stream, start = sample.stream, sample.span.start

        def found(end: datetime) -> frozenset[str]:
            with self._report(stream, Window(start, end + MILLISECOND)) as file:
                return frozenset({_written(row) for row in islice(file.rows(), 2 * MAX_COMPARED)} & known)

        def predicted(way: tuple[str, bool], end: datetime) -> frozenset[str]:
            column, inclusive = way
            times = by_column[column].items()
            return frozenset(row for row, moment in times if moment < end or (inclusive and moment == end))

        known = {row for times in by_column.values() for row in times}
        ways = [(column, inclusive) for column in by_column for inclusive in (True, False)]
        # Just after one, to tell apart columns whose times are not far from each other.
        some = moments[:: -(-len(moments) // 50)]
        ends = [*some, *(moment + MILLISECOND for moment in some)]
        left = remaining(ways, ends, predicted, found, at_most=3)
        inclusive = {way[1] for way in left}
        if inclusive == {True}:
            return f"inclusive (seen in {stream.name})"
        if inclusive == {False}:
            if any(moment.microsecond for moment in moments):
                return f"exclusive (seen in {stream.name})"
            message = "a row at its very second did not come, but the rows' times may hide a fraction of a second"
            raise NotKnownError(message)
        message = f"no column of {stream.name} tells which rows an earlier end leaves out"
        raise NotKnownError(message)


def _kind(names: set[str]) -> str:
    ids = {name for name in names if METRIC_ID.fullmatch(name)}
    return "ids" if ids == names else "labels" if not ids else "ids and labels"


def _written(row: Row) -> str:
    return json.dumps(row, sort_keys=True, default=str)


def _times(rows: dict[str, Row], name: str, span: Window) -> dict[str, datetime] | None:
    """Return the time that each row has in a column; None unless all have one, and in the span."""
    times = {key: _time(row.get(name)) for key, row in rows.items()}
    found = {key: moment for key, moment in times.items() if moment and span.start <= moment < span.end}
    return found if len(found) == len(rows) else None


def _time(value: Any) -> datetime | None:
    """Read a time in any of the ways that reports were seen to write one."""
    if EPOCH_MILLISECONDS.fullmatch(str(value)):
        return EPOCH + timedelta(milliseconds=int(value))
    with suppress(ValueError, TypeError):
        return datetime.strptime(value, US_TIME).replace(tzinfo=timezone.utc)
    return parse_datetime(value)
