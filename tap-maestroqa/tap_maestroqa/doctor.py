"""What MaestroQA's article leaves open: where a day begins, whether the end day counts, how many days are allowed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING

from typing_extensions import override

from .base.doctor import Doctor, Finding
from .base.http import RefusedError
from .base.readings import NotKnownError, remaining
from .base.records import parse_datetime
from .client import MaestroQAStream, seconds_at_limits
from .pagination import ABOUT_THE_REQUEST
from .session_files import sessions_in
from .windows import DAY, EARLIEST_START, Window, last_day_over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import requests

    from .session_files import Session

# Looked at from the newest on, until there are so many sessions, or start_date.
WINDOWS, ENOUGH, MAX_COMPARED = (14, 30, 89), 20, 400
HALF_HOURS = [timedelta(minutes=30 * number) for number in range(-24, 29)]
# Whether the end day counts, and how far ahead of UTC the day is.
Reading = tuple[bool, timedelta]


class MaestroQADoctor(Doctor):
    """Reads the newest sessions, a few days of them again, and windows that are empty."""

    @cached_property
    def stream(self) -> MaestroQAStream:
        """The only stream."""
        return next(stream for stream in self.tap.streams.values() if isinstance(stream, MaestroQAStream))

    @cached_property
    def moments(self) -> dict[str, datetime]:
        """The dates that the vendor goes by, of the sessions that were read."""
        return {}

    @cached_property
    def over(self) -> date:
        """A day that is over in every zone."""
        return last_day_over(self.tap.started_at)

    @cached_property
    def compared(self) -> dict[str, datetime]:
        """Some of them, from the newest to the oldest, so that comparing takes no time."""
        newest_first = sorted(self.moments.items(), key=lambda item: item[1], reverse=True)
        return dict(newest_first[:: -(-len(newest_first) // MAX_COMPARED)])

    @override
    def pace(self) -> str:
        windows = -(-self.stream.days.length // int(self.tap.config["window_days"]))
        seconds = seconds_at_limits(windows)
        return f"a run makes {windows} requests, at 1 a second and 30 a minute in {seconds} s at least"

    @override
    def first_rows(self, stream: MaestroQAStream) -> list[Session]:
        rows: list[Session] = []
        end, axis = self.over, self.tap.config["time_axis"]
        for days in WINDOWS:
            start = end - min(days, int(self.tap.config["window_days"])) * DAY
            for session in sessions_in(self.ask(stream, Window(start, end))):
                rows.append(dict.fromkeys(session))
                if moment := parse_datetime(session.get(axis)):
                    self.moments[str(session.get("_id"))] = moment
            end = start
            if len(rows) >= ENOUGH or start <= stream.days.start:
                break
        return rows

    @override
    def questions(self) -> Iterable[tuple[str, Callable[[], str | Finding]]]:
        yield "end day", self._end_day
        yield "day", self._zone
        yield "empty window", self._empty_window
        yield "longest window", self._longest_window
        yield "days to come", self._days_to_come

    # Days

    @cached_property
    def readings(self) -> list[Reading]:
        """How days may be understood, after a few were asked for whose sessions are known."""
        every = [(inclusive, ahead) for inclusive in (True, False) for ahead in HALF_HOURS]
        found = {moment.date() for moment in self.compared.values()}
        # In some zone it is the day before, or after.
        days = sorted({day + near * DAY for day in found for near in (-1, 0, 1)})[-30:]
        for lengths in ((0, 1), (1,)):  # a window that ends as it starts may be refused
            windows = [Window(day, day + length * DAY) for day in days for length in lengths]
            try:
                return remaining(every, windows, self._predicted, self._found)
            except RefusedError as refusal:
                if refusal.status not in ABOUT_THE_REQUEST:
                    raise
        return every

    def _predicted(self, reading: Reading, window: Window) -> frozenset[str]:
        inclusive, ahead = reading
        last = window.end if inclusive else window.end - DAY
        return frozenset(
            key for key, moment in self.compared.items() if window.start <= (moment + ahead).date() <= last
        )

    def _found(self, window: Window) -> frozenset[str]:
        ids = {str(session.get("_id")) for session in sessions_in(self.ask(self.stream, window))}
        return frozenset(ids & self.compared.keys())

    def _left(self) -> list[Reading]:
        if not self.moments:
            message = f"no sessions in the {sum(WINDOWS)} days before {self.over}"
            raise NotKnownError(message)
        if not self.readings:
            message = "the answers contradict each other; sessions may have changed meanwhile, so ask again"
            raise NotKnownError(message)
        return self.readings

    def _end_day(self) -> str:
        if len(counted := {inclusive for inclusive, _ in self._left()}) > 1:
            message = "no session shows it, there are too few"
            raise NotKnownError(message)
        return "inclusive" if counted == {True} else "exclusive"

    def _zone(self) -> str:
        aheads = [ahead for _, ahead in self._left()]
        first, last = min(aheads), max(aheads)
        where = f"at {_utc(first)}" if first == last else f"of a zone between {_utc(first)} and {_utc(last)}"
        if last - first > timedelta(hours=6):
            message = f"there are too few sessions near its edges; it begins at the midnight {where}"
            raise NotKnownError(message)
        return f"begins at the midnight {where}"

    # Limits

    def _empty_window(self) -> str:
        """Ask for days before the vendor existed."""
        start = EARLIEST_START.date()
        return str(self.ask(self.stream, Window(start, start + DAY), _kind_of_body))

    def _longest_window(self) -> str:
        """Ask for ever more days before the vendor existed, or for fewer."""
        longest, refused = 0, 0
        for days in (90, 91, 366):
            if not self._accepts(days):
                refused = days
                break
            longest = days
        if not longest:
            longest = next((days for days in (89, 60, 30, 14, 7, 1) if self._accepts(days)), 0)
        if not longest:
            message = "no window was accepted"
            raise NotKnownError(message)
        return f"{longest} days accepted" + (f", {refused} refused" if refused else "")

    def _accepts(self, days: int) -> bool:
        start = EARLIEST_START.date()
        return self._is_answered(Window(start, start + days * DAY))

    def _days_to_come(self) -> str:
        today = self.tap.started_at.date()
        return "answered for" if self._is_answered(Window(self.over, today + 2 * DAY)) else "refused"

    def _is_answered(self, window: Window) -> bool:
        try:
            self.ask(self.stream, window, lambda response: response.status_code)
        except RefusedError as refusal:
            if refusal.status in ABOUT_THE_REQUEST:
                return False
            raise
        return True


def _kind_of_body(response: requests.Response) -> str:
    body = response.content.strip()
    if response.status_code == HTTPStatus.NO_CONTENT or not body:
        return f"answered with nothing (HTTP {response.status_code})"
    if body.startswith(b"["):
        return "answered with an empty list" if not body[1:-1].strip() else "not known: it holds sessions"
    return "answered with null" if body == b"null" else "answered with something other than a list"


def _utc(ahead: timedelta) -> str:
    minutes = ahead // timedelta(minutes=1)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
