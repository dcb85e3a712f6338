"""The paginators: which reports are run, several at once, and how their windows leave in order, each one whole."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from .base.http import RefusedError, TapError
from .base.pagination import Paginator
from .base.records import to_rfc3339
from .jobs import Job, Redirect, ReportEndpoint, ReportRequest
from .rows import RecordFormat, WindowReading
from .windows import Window, WindowPart

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from datetime import datetime
    from logging import Logger

    from .report_files import ReportFile, Row
    from .windows import Grid

    Plan = Generator[ReportRequest, Any, None]

ATTEMPTS = 2
MAX_REDIRECTS = 5
MAX_POLL_INTERVAL = 60.0
POLL_BACKOFF = 1.3
# The longest that a job was seen running and the shortest that one was seen done are this close: no more to learn.
SETTLED = 0.9
METHOD_NOT_ALLOWED = 405
# What no other span of time would change.
NOT_ABOUT_THE_RANGE = {401, 403, 404, 405}


class ListPaginator(Paginator[ReportRequest, "list[Row]"]):
    """Asks once, for a list that comes whole."""

    def __init__(self, request: ReportRequest) -> None:
        self._request = request
        super().__init__()

    @override
    def plan(self) -> Generator[ReportRequest, list[Row], None]:
        self.emit((yield self._request))


@dataclass(frozen=True)
class JobOptions:
    """How reports are run."""

    #: Seconds before the second look at a job.
    poll_interval: float
    #: Seconds until a job is given up.
    timeout: float
    #: How many are run at once.
    max_concurrent: int
    #: The moment up to which there is something to report: the vendor's clock is known from its first answer on.
    now: Callable[[], datetime]
    #: Masks secrets in what the vendor says of a failure.
    redact: Callable[[str], str]
    #: Whether the rows of two halves are those of the whole.
    can_be_halved: bool = True


@dataclass(frozen=True)
class Schedule:
    """The windows to read: those of a grid, from the one that `first` lies in to the last that starts before `end`."""

    grid: Grid
    first: datetime
    end: datetime
    #: For a snapshot, where to ask from, in case the vendor leaves out what began before the time it is asked about.
    ask_from: datetime | None = None

    @property
    def count(self) -> int:
        """How many windows there are."""
        return self.grid.count(self.first, self.end)


class ReportPaginator(Paginator[ReportRequest, Any]):
    """Runs a report for one window after the other, several at once; rows leave once their whole window is there."""

    def __init__(
        self, endpoint: ReportEndpoint, schedule: Schedule, options: JobOptions, format_: RecordFormat, logger: Logger
    ) -> None:
        self._endpoint, self._schedule, self._options = endpoint, schedule, options
        self._format, self._logger = format_, logger
        self._windows = schedule.grid.windows(schedule.first, schedule.end)
        #: The reports that are wanted next, oldest first, run or not.
        self._queue: deque[Job] = deque()
        self._max_concurrent = options.max_concurrent
        #: What the window in progress has so far.
        self._files: list[ReportFile] = []
        self._extracted_at: datetime | None = None
        self._read = 0
        #: How old the oldest job was that still ran, and the youngest that was done: a look costs quota.
        self._still_ran, self._was_done = 0.0, 0.0
        super().__init__()

    @override
    def plan(self) -> Plan:
        try:
            while (yield from self._submit()):
                job = self._queue[0]
                done = yield from self._poll(job)
                if done is None:
                    continue
                if file := (yield from self._download(job)) if done else None:
                    self._queue.popleft()
                    self._collect(job, file)
                else:
                    self._resubmit()
        finally:
            for file in self._files:
                file.close()

    def _parts_of(self, window: Window) -> list[WindowPart]:
        """Return what to ask for to have a window."""
        return self._schedule.grid.parts(window, self._options.now())

    # Running

    def _submit(self) -> Generator[ReportRequest, Any, bool]:
        """Run reports, the first in the queue first, until as many are under way as may be; False at the end."""
        while (job := self._next_job()) and (running := self._running()) < self._max_concurrent:
            request = self._endpoint.start(job.part, can_wait=running > 0)
            try:
                try:
                    answer = yield request
                except RefusedError as refusal:
                    if refusal.status != METHOD_NOT_ALLOWED:
                        raise
                    # The vendor's pages disagree on the method, and running a report changes nothing.
                    self._endpoint = self._endpoint.with_other_method()
                    answer = yield self._endpoint.start(job.part, can_wait=running > 0)
            except RefusedError as refusal:
                if running:
                    self._run_fewer(running, refusal)
                    break
                if not self._plan_anew(job):
                    raise
                continue
            job.start(answer)
            job.poll_delay = self._options.poll_interval
            job.next_poll = time.monotonic() + self._first_poll_delay()
        return bool(self._queue)

    def _running(self) -> int:
        return sum(job.started_at is not None for job in self._queue)

    def _next_job(self) -> Job | None:
        """Return the first report that is not under way, of the window after those in the queue if need be."""
        waiting = next((job for job in self._queue if job.started_at is None), None)
        while not waiting and (window := next(self._windows, None)):
            self._queue.extend(map(Job, self._parts_of(window)))
            waiting = next((job for job in self._queue if job.started_at is None), None)
        return waiting

    def _plan_anew(self, job: Job) -> bool:
        """Cut a report that was asked for beyond now by the vendor's clock, which its first answer has shown."""
        if job.part.span.end <= self._options.now():
            return False
        self._queue.clear()
        self._queue.extend(map(Job, self._parts_of(job.part.window)))
        return True

    def _run_fewer(self, running: int, refusal: RefusedError) -> None:
        """Take a no to one more report, while others are under way, for "full": whatever it says, it is asked again."""
        if self._max_concurrent == self._options.max_concurrent:
            self._logger.warning(
                "The vendor takes no more than %d reports at once for now: run fewer (%s)", running, refusal.detail
            )
        self._max_concurrent = running

    # Waiting

    def _first_poll_delay(self) -> float:
        """Return when a new job is worth a look: the middle of what is known, or what is known to be enough."""
        if self._still_ran > SETTLED * self._was_done:
            return self._was_done
        return (self._still_ran + self._was_done) / 2

    def _poll(self, job: Job) -> Generator[ReportRequest, Any, bool | None]:
        """Ask for a job's status: True when it is done, False when it has failed or is lost, None while it runs."""
        try:
            done = job.update((yield self._endpoint.status(job)))
        except RefusedError as refusal:
            job.refusal = refusal
            return False
        if done is None:
            self._wait(job)
        elif done and (not self._was_done or job.age < self._was_done):
            self._was_done = job.age
        return done

    def _wait(self, job: Job) -> None:
        if job.age > self._options.timeout:
            message = (
                f"A report ({job.part}) has not finished in {self._options.timeout / 60:g} minutes (report_timeout). "
                "Nothing is lost: run again, raise report_timeout, or lower window_days."
            )
            raise TapError(message)
        self._still_ran = max(self._still_ran, job.age)
        early = self._was_done - job.age
        job.next_poll = time.monotonic() + (early if early > 0 else job.poll_delay)
        job.poll_delay = min(
            max(job.poll_delay * POLL_BACKOFF, 0.1), max(MAX_POLL_INTERVAL, self._options.poll_interval)
        )

    # Fetching

    def _download(self, job: Job) -> Generator[ReportRequest, Any, ReportFile | None]:
        """Download a report that is done; None when its links do not work and it has to be run again."""
        for try_ in range(2):
            try:
                return (yield from self._fetch_file(job))
            except RefusedError as refusal:
                job.refusal = refusal
            if not try_ and not (yield from self._poll(job)):  # it hands out a fresh link
                break
        return None

    def _fetch_file(self, job: Job) -> Generator[ReportRequest, Any, ReportFile]:
        request = self._endpoint.download(job)
        redirects = 0
        while True:
            answer: ReportFile | Redirect = yield request
            if isinstance(answer, Redirect):
                redirects += 1
                if redirects > MAX_REDIRECTS:
                    message = f"A download was redirected more than {MAX_REDIRECTS} times: ask the vendor's support."
                    raise TapError(message)
                request = self._endpoint.redirected(request, answer)
            elif job.was_empty or not answer.is_empty:
                return answer
            else:
                # It may be a report without rows, or an answer that got lost.
                job.was_empty = True
                answer.close()

    def _collect(self, job: Job, file: ReportFile) -> None:
        """Keep a part of a window, and emit the window with its last one."""
        window = job.part.window
        self._files.append(file)
        self._extracted_at = self._extracted_at or job.asked_at
        if not job.part.is_last or not self._extracted_at:
            return
        self._read += 1
        reading = WindowReading(window, self._extracted_at, self._files, self._format)
        self.emit(reading, self._bookmark(window), f"Window {self._read} of {self._schedule.count} ({window})")
        self._files, self._extracted_at = [], None

    def _bookmark(self, window: Window) -> str | None:
        """Return what holds once a window is out; one in progress will be read again."""
        now = self._options.now()
        reached = window.end if window.end <= now else window.start
        return to_rfc3339(reached) if reached <= now else None

    # Failing

    def _resubmit(self) -> None:
        """Have the first in the queue run once more, or in two halves, or give up."""
        job = self._queue.popleft()
        reason = str(job.refusal or "") or self._options.redact(job.reason)
        why = f": {reason}" if reason else ""
        what = "was lost" if job.refusal else "failed"
        if job.attempt < ATTEMPTS:
            self._logger.warning("A report (%s) %s%s; it is run again", job.part, what, why)
            self._queue.appendleft(job.again())
        elif not job.refusal and (halves := self._halves(job.part)):
            self._logger.warning("A report (%s) failed again%s; it is run in two halves", job.part, why)
            self._queue.extendleft(Job(half, asked_at=job.asked_at) for half in reversed(halves))
        else:
            message = (
                f"A report ({job.part}) {what} {ATTEMPTS} times{why}. Nothing is lost: the next run starts there. "
                "If it goes on, lower window_days (with a full refresh) or ask the vendor's support."
            )
            raise TapError(message)

    def _halves(self, part: WindowPart) -> list[WindowPart]:
        return part.halves(self._schedule.grid.bucket) if self._options.can_be_halved else []


class SnapshotPaginator(ReportPaginator):
    """Runs a report on how things stand, once, and keeps it for the window that the run is in."""

    @override
    def plan(self) -> Plan:
        try:
            yield from super().plan()
        except RefusedError as refusal:
            if refusal.status in NOT_ABOUT_THE_RANGE or self._schedule.ask_from is None:
                raise
            self._logger.warning("The vendor may not look back to start_date: asked for one window (%s)", refusal)
            self._schedule = replace(self._schedule, ask_from=None)
            self._queue = deque(map(Job, self._parts_of(self._queue[0].part.window)))
            yield from super().plan()

    @override
    def _parts_of(self, window: Window) -> list[WindowPart]:
        end = min(self._schedule.end, self._options.now())
        start = min(window.start, self._schedule.ask_from or window.start)
        return [WindowPart(window, Window(start, end))] if start < end else []
