"""One reading of all windows, and which of its sessions earlier runs have not sent yet.

The vendor filters on creation or meeting date only, so every run reads all windows again. Two things in the state
say what is out already: the bookmark (every change before it) and `scanned` (the days it is true of).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tap_maestroqa.records import moment_of, utc, written
from tap_maestroqa.windows import Window, windows

# Changes that the vendor shows late, or stamps with a clock behind ours, are still found this long after.
OVERLAP = timedelta(minutes=10)
# How far into the future meetings are looked for.
AHEAD = timedelta(days=365)

Session = dict[str, Any]


@dataclass(frozen=True)
class Sent:
    """What earlier runs have sent: every change before the bookmark to the sessions of these days (None: of all)."""

    bookmark: datetime
    days: Window | None

    @classmethod
    def recall(cls, state: dict[str, Any], axis: str) -> Sent | None:
        """Read it from a stream's state; None when nothing there holds for this time axis."""
        bookmark, scanned = moment_of(state.get("replication_key_value")), state.get("scanned")
        if not bookmark or (scanned and scanned.get("time_axis") != axis):
            return None
        days = Window(date.fromisoformat(scanned["start"]), date.fromisoformat(scanned["end"])) if scanned else None
        return cls(bookmark, days)


class Scan:
    """The windows of one run, and what of them to send."""

    def __init__(self, axis: str, days: Window, window_days: int, sent: Sent | None) -> None:
        """Prepare to read these days, of which `sent` is out already."""
        self.axis = axis
        self.days = days
        self.windows = windows(days, window_days)
        self.sent = sent
        self.rows = self.due = 0
        self._newest = ""
        self._sent_here: dict[str, int] = {}
        self._sent_before: dict[str, int] = {}
        if sent:
            self._since = written(sent.bookmark - OVERLAP)
            self._from, self._until = sent.days.surely if sent.days else ("", "~")
            if sent.days and sent.days.start <= days.start:
                self._from = ""  # the scan has not widened at this end

    def is_due(self, session: Session) -> bool:
        """Tell whether to send a session, and remember that it was seen."""
        self.rows += 1
        changed = last_change(session)
        self._newest = max(self._newest, changed or "")
        if self.sent and self._is_out(session) and changed and changed < self._since:
            return False
        # Windows share a day, so a session may come twice; the second one counts if it differs.
        key, content = str(session["_id"]), hash(repr(session))
        repeated = content in {self._sent_here.get(key), self._sent_before.get(key)}
        self._sent_here[key] = content
        self.due += not repeated
        return not repeated

    def _is_out(self, session: Session) -> bool:
        moment = _moment(session, self.axis)
        return self._until == "~" or (moment is not None and self._from <= moment < self._until)

    def progress(self, window: Window, started: str) -> dict[str, Any] | None:
        """Return what to write into the state once this window is out; None while that would say less than it has."""
        self._sent_before, self._sent_here = self._sent_here, {}
        last = window.end >= self.days.end
        if self.sent and not last and not (self.sent.days and self.sent.days.end <= window.end):
            return None
        bookmark = max(min(self._newest, started), written(self.sent.bookmark) if self.sent else "")
        if not bookmark:
            return None
        scanned = {"time_axis": self.axis, "start": str(self.days.start), "end": str(window.end)}
        return {"replication_key": "updatedAt", "replication_key_value": bookmark, "scanned": scanned}


def last_change(session: Session) -> str | None:
    """Return the newest date in a session, its meeting's aside; None when that cannot be known for sure."""
    moments = [_moment(session, "updatedAt"), _moment(session, "createdAt") or ""]
    for name in ("coachingPoints", "todos", "activityLog"):
        parts = session.get(name) or []
        if not isinstance(parts, list):
            return None
        for part in parts:
            if not isinstance(part, dict):
                return None
            moments += [
                _moment(part, key) for key in ("createdAt", "updatedAt", "completedAt", "timestamp") if part.get(key)
            ]
    return None if None in moments else max(moment or "" for moment in moments)


def _moment(holder: dict[str, Any], key: str) -> str | None:
    value = holder.get(key)
    return utc(value) if isinstance(value, str) else None
