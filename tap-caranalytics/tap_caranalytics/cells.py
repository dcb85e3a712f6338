"""The fixed grid of windows: a row's identity hangs on its cell, so a cell is always the same and read whole."""

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
MOST_BUCKETS = 24
# A report that fails for so little time will not work for less.
SHORTEST = timedelta(minutes=15)


@dataclass(frozen=True)
class Span:
    """A span of time, its end not counted in."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        """Write it with as much of the clock as it needs."""
        return " to ".join(f"{moment:%Y-%m-%d %H:%M}".removesuffix(" 00:00") for moment in (self.start, self.end))

    @property
    def edges(self) -> dict[str, int]:
        """The vendor's parameters; its endTime is counted in, so that spans side by side share no millisecond."""
        start, end = ((moment - EPOCH) // MILLISECOND for moment in (self.start, self.end))
        return {"startTime": start, "endTime": max(start, end - 1)}


@dataclass(frozen=True)
class Part:
    """What one report is asked for: a cell, or a part of one."""

    cell: Span
    span: Span
    first: bool = True
    last: bool = True

    def halves(self, bucket: timedelta | None = None) -> list[Part]:
        """Return the two halves, cut between buckets if there are any; nothing when it is too short to be cut."""
        step = bucket or MILLISECOND
        middle = self.span.start + (self.span.end - self.span.start) // step // 2 * step
        if middle - self.span.start < (bucket or SHORTEST):
            return []
        return [
            Part(self.cell, Span(self.span.start, middle), first=self.first, last=False),
            Part(self.cell, Span(middle, self.span.end), first=False, last=self.last),
        ]


@dataclass(frozen=True)
class Grid:
    """Cells of so many days, counted from the epoch; of whole buckets where a report has those."""

    window_days: int
    bucket: timedelta | None = None

    @property
    def size(self) -> timedelta:
        """How long a cell is."""
        return lcm(self.window_days, self.bucket // DAY if self.bucket and self.bucket > DAY else 1) * DAY

    def cell_of(self, moment: datetime) -> Span:
        """Return the cell that a moment lies in."""
        start = EPOCH + (moment - EPOCH) // self.size * self.size
        return Span(start, start + self.size)

    def before(self, moment: datetime, span: timedelta) -> datetime:
        """Return the start of the cell that lies so long before this moment's, in whole cells."""
        return self.cell_of(moment).start - -(-span // self.size) * self.size

    def cells(self, first: datetime, end: datetime) -> Iterator[Span]:
        """Yield the cells from the one that `first` lies in, as long as they start before `end`."""
        cell = self.cell_of(first)
        while cell.start < end:
            yield cell
            cell = Span(cell.end, cell.end + self.size)

    def parts(self, cell: Span, now: datetime) -> list[Part]:
        """Return what to ask for to have a cell, as far as time has come."""
        end = min(cell.end, now)
        if not self.bucket:
            return [Part(cell, Span(cell.start, end))]
        # A bucket that is not over would come out short: it is left to a later run, which reads the cell again.
        end -= (end - cell.start) % self.bucket
        step = MOST_BUCKETS * self.bucket
        starts = [cell.start + number * step for number in range(-(-(end - cell.start) // step))]
        return [
            Part(cell, Span(start, min(start + step, end)), first=start == cell.start, last=start == starts[-1])
            for start in starts
        ]
