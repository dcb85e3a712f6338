"""The days to ask for: every one covered wherever the vendor's day starts, in the fewest requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from tap_maestroqa.records import written

# A calendar day begins somewhere between 14 hours before its midnight in UTC (UTC+14) and 12 hours after (UTC-12).
EAST = timedelta(hours=14)
WEST = timedelta(hours=12)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """The days of one request. The vendor may or may not count the end day in."""

    start: date
    end: date

    @property
    def surely(self) -> tuple[str, str]:
        """The moments that lie in it in every zone, the end day not counted in: from, until."""
        return written(_midnight(self.start) + WEST), written(_midnight(self.end) - EAST)


def span(start: datetime, end: datetime) -> Window:
    """Return the days that hold every moment from start to end."""
    return Window((start - WEST).date(), (end + EAST).date() + DAY)


def windows(whole: Window, days: int) -> list[Window]:
    """Cut the days into windows that share their edges, so that an end day not counted in is the next one's start."""
    starts = range(0, (whole.end - whole.start).days, days)
    return [
        Window(start, min(start + days * DAY, whole.end)) for start in (whole.start + offset * DAY for offset in starts)
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.utc)
