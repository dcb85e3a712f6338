"""A model of the vendor's feeds under every reading of its page, and a paginator stepped through one by hand."""

from __future__ import annotations

import logging
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from tap_execvision.base.http import RefusedError
from tap_execvision.keys import canonical
from tap_execvision.pages import Feed, FeedRequest, Row
from tap_execvision.pagination import FeedPaginator

BEGIN = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
NOW = BEGIN + timedelta(days=40)
MINUTE = timedelta(minutes=1)
FLOORS: dict[str, Any] = {
    "microsecond": {},
    "second": {"microsecond": 0},
    "minute": {"second": 0, "microsecond": 0},
    "hour": {"minute": 0, "second": 0, "microsecond": 0},
    "day": {"hour": 0, "minute": 0, "second": 0, "microsecond": 0},
}
LOG = logging.getLogger("tap-execvision.test")


@dataclass
class Model:
    """A vendor's feed. A row's `k` is the time that it is in order of, `t` the time it shows."""

    rows: list[Row]
    since_counts_to: str = "minute"
    exclusive: bool = False
    shift: timedelta = timedelta()  # how much later than asked for a page begins
    order: str = "time"  # or "minute and id", "id", "newest first"
    ties: str = "steady"  # or "any"
    last_id: str = "looked_up"  # or "compared"
    unknown_last_id: str = "ignored"
    repeats_last: str = "never"
    most: int = 1000
    above_most: str = "clamped"
    paged_by_id: bool = True
    limit_counts: str | None = None
    counts_rows: bool = False  # whatever the page says
    shows: bool = True  # False: the time shown is one that is not after `k`
    touches: list[tuple[int, str]] = field(default_factory=list)  # what becomes of which row before each request
    requests: list[FeedRequest] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    @property
    def feed(self) -> Feed:
        """What the tap knows of the feed."""
        earlier = None if self.shows else ("t", timedelta())
        return Feed(
            "/feed", "t" if self.shows else "missing", earlier, "id" if self.paged_by_id else None, self.limit_counts
        )

    def __call__(self, request: FeedRequest) -> list[Row]:
        """Answer."""
        if self.touches and self.rows:
            self._touch(*self.touches.pop())
        self.requests.append(request)
        assert len(self.requests) < 2000, "no end"
        if request.limit > self.most and self.above_most == "refused":
            raise RefusedError("", 400, "The limit is too high.")  # noqa: EM101
        floor = self._floor(request.since + self.shift)
        rows = [row for row in self.rows if (self._floor(row["k"]) > floor if self.exclusive else row["k"] >= floor)]
        rows.sort(key=self._place)
        if self.ties == "any":
            rows.sort(key=lambda row: (row["k"], self.chance.random()))
        if self.paged_by_id and request.last_id is not None:
            rows = self._after(rows, floor, request.last_id)
        rows = rows[::-1] if self.order == "newest first" else rows
        return [{name: row[name] for name in row if name != "k"} for row in self._page(rows, request.limit)]

    def _page(self, rows: list[Row], limit: int) -> list[Row]:
        limit = min(limit, self.most)
        if not self.limit_counts or self.counts_rows:
            return rows[:limit]
        kept = list(dict.fromkeys(row[self.limit_counts] for row in rows))[:limit]
        return [row for row in rows if row[self.limit_counts] in kept]

    def _floor(self, moment: datetime) -> datetime:
        return moment.replace(**FLOORS[self.since_counts_to])

    def _place(self, row: Row) -> tuple[Any, ...]:
        id_ = str(row.get("id", ""))
        if self.order == "id":
            return (id_,)
        return (row["k"].replace(**FLOORS["minute"]), id_) if self.order == "minute and id" else (row["k"], id_)

    def _after(self, rows: list[Row], floor: datetime, last_id: str) -> list[Row]:
        again = self.repeats_last == "always" or (self.repeats_last == "sometimes" and self.chance.random() < 0.5)
        if self.last_id == "looked_up":
            ids = [str(row["id"]) for row in rows]
            if last_id not in ids:
                if self.unknown_last_id == "refused":
                    raise RefusedError("", 404, "Unknown id.")  # noqa: EM101
                return rows if self.unknown_last_id == "ignored" else []
            return rows[ids.index(last_id) + (not again) :]
        place = self._place({"k": floor, "id": last_id})
        return [row for row in rows if self._place(row) > place or (again and self._place(row) == place)]

    def _touch(self, number: int, how: str) -> None:
        row = self.rows[number % len(self.rows)]
        row["touched"] = True
        if how == "deleted":
            self.rows.remove(row)
            return
        row["k"] = max(NOW, *(row["k"] for row in self.rows)) + timedelta(microseconds=7)
        if how == "modified":
            row["version"] = row.get("version", 0) + 1
            if self.shows:
                row["t"] = row["k"].isoformat()

    def paginator(self, limit: int, since: datetime = BEGIN, *, skip: bool = False) -> FeedPaginator:
        """Return what reads the feed."""
        return FeedPaginator(self.feed, since, limit, NOW, LOG, is_first_run=since == BEGIN, skip=skip)

    def read(self, limit: int, since: datetime = BEGIN, *, skip: bool = False) -> tuple[list[Row], datetime]:
        """Step a paginator to its end; return the rows and the last bookmark, which is never ahead of what is out."""
        paginator = self.paginator(limit, since, skip=skip)
        found: Counter[str] = Counter()
        rows: list[Row] = []
        bookmark, paged = since, False
        while not paginator.finished:
            try:
                paginator.advance(self(paginator.current_value))
            except RefusedError as refusal:
                if not self.requests:
                    raise
                paginator.advance(refusal)
            for batch in paginator.take():
                rows += batch.rows
                found.update(map(shown, batch.rows))
                if batch.bookmark and not skip:
                    assert batch.bookmark <= NOW
                    bookmark = max(bookmark, batch.bookmark) if paged else batch.bookmark
                    paged = True
                    # Where rows show no time, a bookmark is what was asked for, as the vendor reads it.
                    later = timedelta() if self.shows or since == BEGIN else self.shift
                    minute = bookmark.replace(**FLOORS["minute"]) + (timedelta() if self.shows else self.shift)
                    assert not self.kept(since + later, minute) - found, "the bookmark is ahead of what is out"
        return rows, bookmark

    def kept(self, since: datetime = BEGIN, until: datetime = NOW + timedelta(days=99)) -> Counter[str]:
        """Count the rows that no touch has moved, from one moment up to another."""
        return Counter(shown(row) for row in self.rows if "touched" not in row and since <= row["k"] < until)


def shown(row: Row) -> str:
    return canonical({name: row[name] for name in row if name not in {"k", "touched"}}).decode()


def at(seconds: float, **fields: Any) -> Row:
    """Return a row that shows its time."""
    moment = BEGIN + timedelta(seconds=seconds)
    return {"k": moment, "t": moment.isoformat(), **fields}


GAPS = {
    "sparse": (3, 20, 61, 200, 3600, 9000),
    "dense": (0, 0, 1e-6, 0.4, 1, 20, 61, 3600),
    "crowded": (0, 1e-6, 0.1, 0.4, 1, 90),
}


@st.composite
def models(draw: st.DrawFn, /, *, gaps: tuple[str, ...] = ("sparse",), count: int = 160, **fixed: Any) -> Model:
    """Draw a feed, and how its page is to be read; what is `fixed` is not drawn."""
    fixed = {**fixed}
    chance = random.Random(draw(st.integers(0, 2**32)))
    by_id, shows = fixed.get("paged_by_id", draw(st.booleans())), fixed.get("shows", draw(st.booleans()))
    coarse = fixed.pop("coarse", "microsecond")
    steps = [GAPS[name] for name in gaps]
    kinds = (
        fixed.pop("kinds") if "kinds" in fixed else draw(st.sampled_from([0, 0, 2, 30]))
    )  # equal rows, if so few different ones there are
    lags = draw(st.sampled_from([(0,), (0, 30, 500), (0, 30, 500, 90_000)]))
    moment, rows, step = BEGIN + timedelta(seconds=draw(st.sampled_from([0, 0, 5, 200_000]))), [], steps[0]
    offset = timezone(timedelta(hours=draw(st.sampled_from([0, -4, -5]))))
    for number in range(draw(st.integers(0, count))):
        if number % 40 == 0:
            step = chance.choice(steps)
        moment += timedelta(seconds=chance.choice(step) if number else 0)
        told = moment.replace(**FLOORS[coarse]) if shows else moment - timedelta(seconds=chance.choice(lags))
        row: Row = {"k": moment, "t": told.astimezone(offset if number % 3 else timezone.utc).isoformat()}
        if by_id:
            row["id"] = f"{chance.randrange(100):02}-{number}"
        elif not kinds:
            row["value"] = number
        elif not shows:
            row = {"k": moment, "t": told.date().isoformat(), "value": chance.randrange(kinds)}
        rows.append(row)
    readings = {
        "since_counts_to": draw(st.sampled_from(["minute", "second", "microsecond"])),
        "last_id": draw(st.sampled_from(["looked_up", "compared"])),
        "order": draw(st.sampled_from(["time", "minute and id"])) if by_id else "time",
        "unknown_last_id": draw(st.sampled_from(["ignored", "nothing", "refused"])),
        "repeats_last": draw(st.sampled_from(["never", "sometimes", "always"])),
        "paged_by_id": by_id,
        "shows": shows,
    }
    return Model(rows, **(readings | fixed))
