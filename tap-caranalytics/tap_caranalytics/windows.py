"""The fixed grid of windows: a row's identity hangs on its window, so a window is always the same and read whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import lcm
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MILLISECOND = timedelta(milliseconds=1)
DAY = timedelta(days=1)
# The vendor refuses too many buckets at once. Where it draws the line is not written; a day of hours it allows.
MAX_BUCKETS = 24
# A report that fails for so little time will not work for less.
MIN_HALF = timedelta(minutes=15)


@dataclass(frozen=True)
class Window:
    """A span of time, its end not counted in."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        """Write it with as much of the clock as it needs."""
        return " to ".join(
            f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(":00").removesuffix(" 00:00")
            for moment in (self.start, self.end)
        )

    @property
    def edges(self) -> dict[str, int]:
        """The vendor's parameters; its endTime is counted in, so that windows side by side share no millisecond."""
        start, end = (self.start - EPOCH) // MILLISECOND, -((EPOCH - self.end) // MILLISECOND)
        return {"startTime": start, "endTime": max(start, end - 1)}


@dataclass(frozen=True)
class WindowPart:
    """What one report is asked for: a window, or a part of one."""

    window: Window
    span: Window
    #: Whether the window is whole once this part and those before it are there.
    is_last: bool = True

    def __str__(self) -> str:
        """Write what it is asked for."""
        return str(self.span)

    def halves(self, bucket: timedelta | None = None) -> list[WindowPart]:
        """Return the two halves, cut between buckets if there are any; nothing when it is too short to be cut."""
        step = bucket or MILLISECOND
        middle = self.span.start + (self.span.end - self.span.start) // step // 2 * step
        if middle - self.span.start < (bucket or MIN_HALF):
            return []
        return [
            WindowPart(self.window, Window(self.span.start, middle), is_last=False),
            WindowPart(self.window, Window(middle, self.span.end), is_last=self.is_last),
        ]


@dataclass(frozen=True)
class Grid:
    """Windows of so many days, counted from the epoch; of whole buckets where a report has those."""

    window_days: int
    bucket: timedelta | None = None

    @property
    def size(self) -> timedelta:
        """How long a window is."""
        return lcm(self.window_days, self.bucket // DAY if self.bucket and self.bucket > DAY else 1) * DAY

    def window_of(self, moment: datetime) -> Window:
        """Return the window that a moment lies in."""
        start = EPOCH + (moment - EPOCH) // self.size * self.size
        return Window(start, start + self.size)

    def before(self, moment: datetime, lookback: timedelta) -> datetime:
        """Return the start of the window that lies so long before this moment's, in whole windows."""
        return self.window_of(moment).start - -(-lookback // self.size) * self.size

    def count(self, first: datetime, end: datetime) -> int:
        """Return how many windows there are."""
        return max(0, -((self.window_of(first).start - end) // self.size))

    def windows(self, first: datetime, end: datetime) -> Iterator[Window]:
        """Yield the windows from the one that `first` lies in, as long as they start before `end`."""
        window = self.window_of(first)
        while window.start < end:
            yield window
            window = Window(window.end, window.end + self.size)

    def parts(self, window: Window, now: datetime) -> list[WindowPart]:
        """Return what to ask for to have a window, as far as time has come; nothing for one that is still to come."""
        end = min(window.end, now)
        if end <= window.start:
            return []
        if not self.bucket:
            return [WindowPart(window, Window(window.start, end))]
        # A bucket that is not over would come out short: it is left to a later run, which reads the window again.
        end -= (end - window.start) % self.bucket
        step = MAX_BUCKETS * self.bucket
        starts = [window.start + number * step for number in range(-(-(end - window.start) // step))]
        return [
            WindowPart(window, Window(start, min(start + step, end)), is_last=start == starts[-1]) for start in starts
        ]
