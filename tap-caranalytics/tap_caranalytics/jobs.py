"""The life of a report job: run, looked at until it is done, downloaded. Nothing here knows what a report holds."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote, urljoin, urlsplit

from tap_caranalytics.transport import RefusedError, TapError, is_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from logging import Logger

    from tap_caranalytics.bodies import Body

T = TypeVar("T")

Json = dict[str, Any]

API = "/reports/report/"
ATTEMPTS = 2
HOPS = 5
SLOWEST = 60.0  # the most seconds between two looks
SLOWER = 1.3
CLOSE = 0.9
DONE = ("COMPLETE", "SUCCE", "FINISHED", "DONE")
OVER = ("CLOSED", "FAIL", "CANCEL", "TERMINATED", "TIMED", *DONE)
# What a link that has expired is answered with; 200 is the vendor's error text in place of a report.
GONE = {200, 400, 403, 404, 410}


@dataclass(frozen=True)
class Call:
    """A request to make. Its URL may hold a secret, so errors name its step instead."""

    url: str
    step: str
    fits: Callable[[Any], bool] = lambda _: True
    method: str = "GET"
    params: Json = field(default_factory=dict)
    # Whether it goes to the API itself: no other host is shown credentials.
    home: bool = True
    # Whether the answer is a report, to be kept in a file.
    keeps: bool = False


@dataclass(frozen=True)
class Moved:
    """An answer that says where the report lies."""

    url: str


@dataclass
class Job(Generic[T]):
    """A report that is wanted, and how far it has come."""

    part: T
    attempt: int = 0
    began: float | None = None
    asked_at: datetime | None = None
    ids: tuple[str, str] = ("", "")
    status_url: str = ""
    download_url: str = ""
    reason: str = ""
    delay: float = 0
    next_look: float = 0

    @property
    def age(self) -> float:
        """Seconds since it was run."""
        return time.monotonic() - (self.began or 0)


@dataclass(frozen=True)
class Habits:
    """How reports are run: seconds between looks, seconds until one is given up, how many at once."""

    poll_interval: float
    timeout: float
    at_once: int


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of report: how one is run, and what of a part of time makes its parameters, and its halves."""

    root: str
    run: Call
    # The parameter that goes with every URL which the vendor did not make.
    key: Json
    params: Callable[[T], Json]
    halves: Callable[[T], list[T]]


class Jobs(Generic[T]):
    """Runs reports of one kind, several at once, and hands them over in the order they were asked for."""

    def __init__(self, kind: Kind[T], call: Callable[[Call], Any], habits: Habits, logger: Logger) -> None:
        """Prepare to run reports, each request made by `call`."""
        self._kind, self._run, self._call, self._habits, self._logger = kind, kind.run, call, habits, logger
        # How old the oldest job was that still ran, and the youngest that was done: a look costs quota.
        self._still_ran, self._was_done = 0.0, 0.0

    def bodies(self, parts: Iterable[T]) -> Iterator[tuple[T, datetime, Body]]:
        """Yield each part with the moment its report was asked for and the report's body."""
        line = deque(Job(part) for part in parts)
        while line:
            self._fill(line)
            job = line[0]
            time.sleep(max(0, job.next_look - time.monotonic()))
            outcome = self._look(job)
            if outcome is None:
                continue
            body = self._collect(job) if outcome else None
            if body is None:
                self._again(line)
                continue
            line.popleft()
            self._fill(line)  # the next ones are computed while this one is written
            yield job.part, job.asked_at or datetime.now(timezone.utc), body

    def _fill(self, line: deque[Job[T]]) -> None:
        """Run reports, the first in line first, until as many are under way as may be."""
        free = self._habits.at_once - sum(job.began is not None for job in line)
        for job in line:
            if free <= 0:
                return
            if job.began is None:
                self._start(job)
                free -= 1

    def _start(self, job: Job[T]) -> None:
        params = {**self._kind.key, **self._kind.params(job.part)}
        try:
            result = self._call(_with(self._run, params))
        except RefusedError as refusal:
            if refusal.status != 405:  # noqa: PLR2004
                raise
            # The vendor's pages disagree on the method, and running a report changes nothing.
            self._run = _with(self._run, {}, "GET" if self._run.method == "POST" else "POST")
            result = self._call(_with(self._run, params))
        job.attempt += 1
        job.began, job.asked_at = time.monotonic(), job.asked_at or datetime.now(timezone.utc)
        job.ids = (str(result["workflowId"]), str(result["runId"]))
        job.status_url, job.download_url = str(result.get("statusUrl") or ""), ""
        job.delay = self._habits.poll_interval
        job.next_look = job.began + self._usual()

    def _usual(self) -> float:
        """Return when a new job is worth a first look: the middle of what is known, or what is known to be enough."""
        if self._still_ran > CLOSE * self._was_done:
            return self._was_done
        return (self._still_ran + self._was_done) / 2

    def _look(self, job: Job[T]) -> bool | None:
        """Ask for a job's status: True when it is done, False when it has failed, None while it runs."""
        call = self._placed(job.status_url, "status") or self._built(job, "status")
        try:
            result = self._call(call)
        except RefusedError as refusal:
            if refusal.status not in {404, 410}:
                raise
            job.reason = str(refusal)
            return False
        result = result[0] if isinstance(result, list) else result
        info, told = result.get("jobInfo") or {}, result.get("result") or {}
        job.download_url = str(info.get("downloadUrl") or "")
        job.status_url = str(info.get("statusUrl") or "") or job.status_url
        job.reason = str(told.get("reason") or "")
        done = outcome(told, has_link=bool(job.download_url))
        if done is None:
            self._wait(job)
        elif done and (not self._was_done or job.age < self._was_done):
            self._was_done = job.age
        return done

    def _wait(self, job: Job[T]) -> None:
        if job.age > self._habits.timeout:
            message = (
                f"A report ({job.part}) has not finished in {self._habits.timeout / 60:g} minutes (report_timeout). "
                "Nothing is lost: run again, raise report_timeout, or lower window_days."
            )
            raise TapError(message)
        self._still_ran = max(self._still_ran, job.age)
        early = self._was_done - job.age
        job.next_look = time.monotonic() + (early if early > 0 else job.delay)
        job.delay = min(max(job.delay * SLOWER, 0.1), max(SLOWEST, self._habits.poll_interval))

    def _collect(self, job: Job[T]) -> Body | None:
        """Download a report that is done; None when its links do not work and it has to be run again."""
        for try_ in range(2):
            try:
                return self._download(job)
            except RefusedError as refusal:
                if refusal.status not in GONE:
                    raise
                job.reason = str(refusal)
            if not try_ and not self._look(job):  # it hands out a fresh link
                break
        return None

    def _download(self, job: Job[T]) -> Body:
        call = self._placed(job.download_url, "download", keeps=True) or self._built(job, "download", keeps=True)
        empty = False
        for _ in range(HOPS):
            answer: Body | Moved = self._call(call)
            if isinstance(answer, Moved):
                target = self._placed(urljoin(call.url, answer.url), "download", keeps=True)
                if target is None:
                    message = "The vendor sends a download to an address that is not safe (https): ask its support."
                    raise TapError(message)
                call = target
            elif empty or not answer.is_empty:
                return answer
            else:
                # Nothing at all may be a report without rows, or an answer that got lost: the second one is believed.
                empty = True
                answer.close()
        message = f"A download was redirected more than {HOPS} times: ask the vendor's support."
        raise TapError(message)

    def _again(self, line: deque[Job[T]]) -> None:
        """Have the first in line run once more, or in two halves, or give up."""
        job = line.popleft()
        said = f": {job.reason}" if job.reason else ""
        if job.attempt < ATTEMPTS:
            self._logger.warning("A report (%s) failed%s; it is run again", job.part, said)
            line.appendleft(Job(job.part, job.attempt, asked_at=job.asked_at))
        elif halves := self._kind.halves(job.part):
            self._logger.warning("A report (%s) failed again%s; it is run in two halves", job.part, said)
            line.extendleft(Job(half, asked_at=job.asked_at) for half in reversed(halves))
        else:
            message = (
                f"A report ({job.part}) failed {ATTEMPTS} times{said}. Nothing is lost: the next run starts there. "
                "If it goes on, lower window_days (with a full refresh) or ask the vendor's support."
            )
            raise TapError(message)

    def _built(self, job: Job[T], step: str, *, keeps: bool = False) -> Call:
        """Return a call to a URL made of the job's ids, which hold characters that mean something in a path."""
        ids = "/".join(quote(part, safe="") for part in job.ids)
        return Call(
            f"{self._kind.root}{API}{ids}/{step}", self._step(step), _status_fits, "GET", self._kind.key, keeps=keeps
        )

    def _placed(self, url: str, step: str, *, keeps: bool = False) -> Call | None:
        """Return a call to a URL that the vendor handed out, None when it is none that can be used.

        One that names the API under another host's name is asked of the API that is configured.
        """
        if not is_safe(url):
            return None
        home = _origin(url) == _origin(self._kind.root)
        if not home and API in urlsplit(url).path:
            url, home = self._kind.root + url[url.index(API) :], True
        if not home and not keeps:
            return None
        return Call(url, self._step(step), _status_fits, home=home, keeps=keeps)

    def _step(self, step: str) -> str:
        return f"{self._run.step}, {step}"


def outcome(told: Json, *, has_link: bool) -> bool | None:
    """Read a job's state: True for done, False for failed, None for anything that says it still runs."""
    state = str(told.get("runnerState") or "").strip().upper()
    detail = str(told.get("detail") or told.get("details") or "").strip().upper()
    if not state.startswith(OVER):
        return None
    word = detail or ("" if state == "CLOSED" else state)
    # An older form of the answer says CLOSED and nothing more, with the link.
    return word.startswith(DONE) if word else has_link


def _with(call: Call, params: Json, method: str | None = None) -> Call:
    return Call(call.url, call.step, call.fits, method or call.method, {**call.params, **params})


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _status_fits(result: Any) -> bool:
    result = result[0] if isinstance(result, list) and len(result) == 1 else result
    return isinstance(result, dict) and isinstance(result.get("result"), dict)
