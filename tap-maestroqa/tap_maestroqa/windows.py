"""The days to ask for: every one covered wherever the vendor's day starts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from .base.records import shifted, to_rfc3339

# A calendar day begins somewhere between 14 hours before its midnight in UTC (UTC+14) and 12 hours after (UTC-12).
EAST = timedelta(hours=14)
WEST = timedelta(hours=12)
DAY = timedelta(days=1)
# The vendor is younger; each year before would cost five requests a run.
EARLIEST_START = datetime(2000, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Window:
    """The days of one request. The vendor may or may not count the end day in."""

    start: date
    end: date

    @property
    def length(self) -> int:
        """How many days the end lies after the start."""
        return (self.end - self.start).days

    @property
    def certain_bounds(self) -> tuple[str, str]:
        """The moments that lie in it in every zone, the end day not counted in: from, until."""
        return to_rfc3339(shifted(_midnight(self.start), WEST)), to_rfc3339(shifted(_midnight(self.end), -EAST))


def days_between(start: datetime, end: datetime) -> Window:
    """Return the days that hold every moment from start to end, in every zone."""
    return Window(shifted(start, -WEST).date(), shifted(end, EAST + DAY).date())


def last_day_over(now: datetime) -> date:
    """Return the newest day that has ended in every zone."""
    return (now - WEST).date() - DAY


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.utc)
