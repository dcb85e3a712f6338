"""Which sessions to send: those in which something has changed since the bookmark, and those that are new in the scan.

The vendor filters on creation or meeting date only, so every run reads all windows again. The state says what is out
already: every change before the bookmark to the sessions of the days `scanned`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from .base.http import TapError
from .base.records import normalize_datetime, parse_datetime, shifted, to_rfc3339
from .windows import DAY, EARLIEST_START, Window

if TYPE_CHECKING:
    from .session_files import Session

# Changes that the vendor shows late are still found this long after; the other, where a time does not name its zone:
# it may be a day, or local time, whose clock is put back in autumn.
OVERLAP = timedelta(minutes=10)
OVERLAP_WITHOUT_ZONE = DAY
# The first of January of the year 1, or of 1970, is how systems write that they do not know.
_EARLIEST = to_rfc3339(EARLIEST_START)
_ZONE = re.compile(r"(Z|UTC|[+-]\d\d:?\d\d)\s*$", re.IGNORECASE)
# The two confirmations are not in the export's article, but in the vendor's newer one.
_TIMES = ("createdAt", "agentConfirmedDate", "coachConfirmedDate")
_PARTS = ("coachingPoints", "todos", "activityLog")
_written = msgspec.json.Encoder(enc_hook=str).encode
_PART_TIMES = ("createdAt", "updatedAt", "completedAt", "timestamp")


@dataclass(frozen=True)
class Synced:
    """What earlier runs have sent: every change before the bookmark to the sessions of these days (None: of all)."""

    bookmark: datetime
    days: Window | None = None
    #: The day from which everything has been read at least once, though perhaps not looked at since.
    read_from: date | None = None

    @classmethod
    def from_state(cls, state: dict[str, Any], bookmark: datetime | None, time_axis: str) -> Synced | None:
        """Read it from a stream's state; None when nothing there holds for this time axis."""
        scanned = state.get("scanned")
        if scanned is None:
            return cls(bookmark) if bookmark else None
        try:
            days = Window(date.fromisoformat(scanned["start"]), date.fromisoformat(scanned["end"]))
            # Earlier versions wrote no read_from.
            read_from = date.fromisoformat(scanned.get("read_from", scanned["start"]))
            axis = scanned["time_axis"]
        except (KeyError, TypeError, ValueError, AttributeError):
            message = "The state's `scanned` of coaching_sessions is not what this tap writes: run with a full refresh."
            raise TapError(message) from None
        return cls(bookmark, days, read_from) if bookmark and axis == time_axis else None

    def reaches(self, whole: Window, recent: Window) -> bool:
        """Tell whether all days before the recent ones have been read."""
        if not self.days or not self.read_from:
            return False
        return self.read_from <= whole.start and self.days.end >= recent.start


class ChangeFilter:
    """Tells of each session of a run whether it is new or changed, and after each window how far the run has come."""

    def __init__(self, time_axis: str, days: Window, synced: Synced | None, now: datetime) -> None:
        """Prepare for the sessions of these days, of which `synced` is out already; `now` is the run's start."""
        self._time_axis, self._days, self._synced = time_axis, days, synced
        self._now = to_rfc3339(now)
        self._latest = to_rfc3339(now + DAY)
        self._newest = ""  # of this window
        self._end: date | None = None
        self._bookmark = ""
        # Windows share a day, so that a session may come in two: what was sent of it, by id, in this one and the last.
        self._sent: dict[str, tuple[str, int]] = {}
        self._sent_before: dict[str, tuple[str, int]] = {}
        if synced:
            overlaps = {True: OVERLAP, False: OVERLAP_WITHOUT_ZONE}
            self._since = {zoned: to_rfc3339(shifted(synced.bookmark, -overlap)) for zoned, overlap in overlaps.items()}
            self._from, self._until = synced.days.certain_bounds if synced.days else ("", "~")
            if synced.days and synced.days.start <= days.start:
                self._from = ""  # this run reads no days before those

    def new_or_changed(self, session: Session) -> Session | None:
        """Return a session that is to be sent, with the time of its newest change; None when it is out as it is.

        A change that lies ahead is a slip.
        """
        times, readable, zoned = change_times(session)
        self._newest = max([self._newest, *(time for time in times if time <= self._now)])
        if self._synced and readable and max(times) < self._since[zoned] and self._was_sent(session):
            return None
        changed_at = max((time for time in times if time <= self._latest), default=None)
        key, version = str(session.get("_id")), (changed_at or "", hash(_written(session)))
        earlier = [sent[key] for sent in (self._sent, self._sent_before) if key in sent]
        # The newest version comes last, in whatever order they arrive; one without times is taken for newer.
        if any(version == sent or "" < version[0] < sent[0] for sent in earlier):
            return None
        self._sent[key] = version
        return {**session, "_changed_at": changed_at}

    def _was_sent(self, session: Session) -> bool:
        if session.get("_id") in (None, ""):
            return False  # it could not have been
        value = session.get(self._time_axis)
        moment = normalize_datetime(value) if isinstance(value, str) else None
        return self._until == "~" or (moment is not None and self._from <= moment < self._until)

    def window_read(self, window: Window, seconds: float) -> None:
        """Note that a window is out, and how many seconds ago the first one was asked for.

        What has changed since then may lie in a window that was read before: the newest change seen, by the vendor's
        own clock, and less those seconds, is before all such changes.
        """
        if newest := parse_datetime(self._newest):
            self._bookmark = max(self._bookmark, to_rfc3339(shifted(newest, timedelta(seconds=-seconds))))
        self._newest, self._end = "", window.end
        self._sent_before, self._sent = self._sent, {}

    def progress(self, run_started_at: datetime, *, final: bool = False) -> tuple[str, dict[str, str]] | None:
        """Return the bookmark and the days that it is true of; None while they would say less than the state does."""
        if not self._end or not self._bookmark:
            return None
        if self._synced and not final and not (self._synced.days and self._synced.days.end <= self._end):
            return None
        start = read_from = self._days.start
        if self._synced and self._synced.read_from and self._synced.reaches(self._days, self._days):
            read_from = self._synced.read_from  # without a gap up to here
        scanned = {
            "time_axis": self._time_axis,
            "start": str(start),
            "end": str(self._end),
            "read_from": str(read_from),
        }
        return min(self._bookmark, to_rfc3339(run_started_at)), scanned


class ChangeTimes(NamedTuple):
    """The times in a session, its meeting's aside; whether all are there and make sense, and all name their zone."""

    times: list[str]
    readable: bool
    zoned: bool


def change_times(session: Session) -> ChangeTimes:
    """Return the times at which something in a session has changed."""
    values = [session.get("updatedAt"), *(session[key] for key in _TIMES if session.get(key))]
    for name in _PARTS:
        parts = session.get(name) or []
        for part in parts if isinstance(parts, list) else [None]:
            values += [part[key] for key in _PART_TIMES if part.get(key)] if isinstance(part, dict) else [None]
    times = [normalize_datetime(value) if isinstance(value, str) else None for value in values]
    found = [time for time in times if time and time >= _EARLIEST]
    return ChangeTimes(found, len(found) == len(times), all(_names_zone(str(value)) for value in values))


def _names_zone(time: str) -> bool:
    return time.endswith("Z") or _ZONE.search(time) is not None
