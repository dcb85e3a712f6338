"""Pages of a feed, and the one question that all paging rests on: does this page join what is out?"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tap_execvision.base.records import parse_datetime, shifted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

Row = dict[str, Any]

MINUTE = timedelta(minutes=1)
# So many rows must two pages share where times do not show that they join; of a short page, a quarter.
OVERLAP = 9
# So many steps back in time, and hardly any forward, are no chance.
MIN_DESCENTS = 5


@dataclass(frozen=True)
class FeedRequest:
    """One request for a page."""

    since: datetime
    limit: int
    last_id: str | None = None


@dataclass(frozen=True)
class Feed:
    """What paging has to know of a feed."""

    name: str
    #: The field with the time that the feed goes by.
    modified: str = "modified"
    #: A field with a time that is not later than that, where that may be missing, and how much earlier it may be meant.
    earlier: tuple[str, timedelta] | None = None
    #: The field that `last_id` takes, None where the feed has no such parameter.
    last_id: str | None = None
    #: The field whose different values `limit` counts, None where it counts rows.
    limit_counts: str | None = None

    def moment(self, row: Row) -> tuple[datetime | None, bool]:
        """Return when a row was modified, or a time not after that, and whether it is the former."""
        moment = parse_datetime(row.get(self.modified))
        if moment or not self.earlier:
            return moment, True
        field, by = self.earlier
        moment = parse_datetime(row.get(field))
        return moment and shifted(moment, -by), False


class Page:
    """The rows of one answer, and what they tell about the feed's order."""

    def __init__(self, rows: list[Row], feed: Feed, request: FeedRequest) -> None:
        """Read a page."""
        self.rows, self.request = rows, request
        self.fingerprints = [_fingerprint(row) for row in rows]
        self.counts = Counter(self.fingerprints)
        #: Its rows that are not out yet, and how many those were once it had joined.
        self.new, self.added = rows, len(rows)
        #: As `since` of the next run, once this page is out: None where it proves none.
        self.bookmark: datetime | None = None
        #: The page that it joins, None for one that needs none.
        self.joins: Page | None = None
        moments, exact = _moments(rows, feed)
        #: How many rows, and how many of what `limit` counts.
        self.lengths = len(rows), len(moments)
        times = [moment for moment in moments.values() if moment]
        steps = [(minute_of(one), minute_of(other)) for one, other in pairwise(times)]
        ups, downs = sum(a < b for a, b in steps), sum(a > b for a, b in steps)
        # Times that are not the feed's own go up and down by chance.
        self.descends = downs > 4 * ups and (downs >= MIN_DESCENTS or exact)
        #: Whether all rows show the time that the feed goes by.
        self.is_exact = exact
        #: Whether the feed is in order of the times that its rows show, to the minute, or to the last digit.
        self.shows_feed_time = bool(rows) and exact and not downs
        self.in_time_order = self.shows_feed_time and all(a <= b for a, b in pairwise(times))
        #: Each row's time; None where it shows none.
        self.moments = [moments[key] for key in _units(rows, feed)]

    @property
    def overlap(self) -> int:
        """The rows that a page has to share with this one where times do not show that they join."""
        return min(OVERLAP, max(1, len(self.fingerprints) // 4))


def new_rows(out: Page, page: Page) -> list[Row] | None:
    """Return the rows of a page that are not out, or None unless it begins amid the page that is out, and goes on.

    All that is out from the page's first row on has to come again, the end among it: then nothing lies in between.
    Equal rows are told apart by their number only, so a row is a repetition only as far as this overlap has it.
    """
    repeated = repeated_rows(out, page)
    return None if repeated is None else rows_besides(repeated, page)


def repeated_rows(out: Page, page: Page) -> Counter[int] | None:
    """Count the rows of a page that are out, by fingerprint; None unless it joins what is out."""
    return _repeated_by_time(out, page) or _repeated_by_order(out, page)


def rows_besides(counts: Counter[int], page: Page) -> list[Row]:
    """Return the rows of a page but for so many of each kind."""
    left, rows = counts.copy(), []
    for row, fingerprint in zip(page.rows, page.fingerprints, strict=True):
        if left[fingerprint] > 0:
            left[fingerprint] -= 1
        else:
            rows.append(row)
    return rows


def _repeated_by_time(out: Page, page: Page) -> Counter[int] | None:
    """Return what is out from the page's first moment on, if the page holds it all; rows of a moment in any order."""
    if not (out.shows_feed_time and page.shows_feed_time):
        return None
    earliest = min(filter(None, page.moments))
    repeated = Counter(
        fingerprint
        for fingerprint, moment in zip(out.fingerprints, out.moments, strict=True)
        if moment and moment >= earliest
    )
    if not repeated or repeated - page.counts:
        return None
    # What comes before the page that is out is out as well.
    begin = min(filter(None, out.moments))
    begin = begin if out.in_time_order else minute_of(begin)
    repeated.update(
        fingerprint
        for fingerprint, moment in zip(page.fingerprints, page.moments, strict=True)
        if moment and moment < begin
    )
    return repeated


def _repeated_by_order(out: Page, page: Page) -> Counter[int] | None:
    """Return the one end of what is out that the page begins with; None if there is none, or if there are several.

    Rows that equal others prove little, so only those count of which there is one.
    """
    ends = [
        length
        for length in _common_ends(out.fingerprints, page.fingerprints)
        if sum(out.counts[fingerprint] == 1 for fingerprint in page.fingerprints[:length]) >= out.overlap
    ]
    if len(ends) > 1:
        ends = [length for length in ends if out.fingerprints[-length:] == page.fingerprints[:length]]
    return Counter(page.fingerprints[: ends[0]]) if len(ends) == 1 else None


def _common_ends(out: Sequence[int], page: Sequence[int]) -> Iterator[int]:
    """Yield each length at which the end of the one holds the same as the beginning of the other, in any order."""
    balance: Counter[int] = Counter()
    for length, (last, first) in enumerate(zip(reversed(out), page, strict=False), 1):
        for fingerprint, change in ((first, 1), (last, -1)):
            balance[fingerprint] += change
            if not balance[fingerprint]:
                del balance[fingerprint]
        if not balance:
            yield length


def _units(rows: list[Row], feed: Feed) -> Iterator[Any]:
    return (str(row.get(feed.limit_counts)) if feed.limit_counts else place for place, row in enumerate(rows))


def _moments(rows: list[Row], feed: Feed) -> tuple[dict[Any, datetime | None], bool]:
    """Return the newest time of each unit, in the page's order, and whether all units show the feed's own time."""
    moments: dict[Any, datetime | None] = {}
    exact = True
    for key, row in zip(_units(rows, feed), rows, strict=True):
        moment, is_exact = feed.moment(row)
        exact &= is_exact
        moments[key] = max(filter(None, (moment, moments.get(key))), default=None)
    exact &= None not in moments.values()
    if feed.limit_counts and len(moments) > 1:
        # The last one may be cut, and the rows that show its time with it.
        *_, before, last = moments
        moments[last] = max(filter(None, (moments[before], moments[last])), default=None)
    return moments, exact


def minute_of(moment: datetime) -> datetime:
    """Return the minute that a moment lies in."""
    return moment.replace(second=0, microsecond=0)


def _fingerprint(row: Row) -> int:
    text = json.dumps(row, sort_keys=True, default=str).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
