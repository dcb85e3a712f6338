"""Pages of a feed, and the one question that all paging rests on: does this page join what is out?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from .base.records import parse_datetime, shifted
from .keys import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

Row = dict[str, Any]
#: A time, and whether it is the one that the feed goes by.
Moment = tuple["datetime | None", bool]

MINUTE = timedelta(minutes=1)
_written = msgspec.json.Encoder(enc_hook=str, order="deterministic").encode
# So many rows must two pages share where times do not show that they join; of a short page, a quarter.
OVERLAP = 9
# So many rows of a page's end may have been touched before the next page comes.
MAX_GONE = 3
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
    #: The fields that tell a row from any other, none where the feed has no ids.
    keys: tuple[str, ...] = ()

    def identity(self, row: Row, moment: Moment, fingerprint: int) -> int:
        """Return what a row has in common with itself, when it comes again as it was."""
        keys = [row.get(key) for key in self.keys]
        return hash((*map(str, keys), moment)) if keys and None not in keys else fingerprint

    def moment(self, row: Row) -> Moment:
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
        #: What each row holds.
        write = _written if feed.keys else canonical
        self.fingerprints = [_fingerprint(write(row)) for row in rows]
        self.counts = Counter(self.fingerprints)
        #: Its rows that are not out yet, and how many those were once it had joined.
        self.new, self.added = rows, len(rows)
        #: What has left it since it was first read, and is out: rows of one moment may come in another order.
        self.left: Counter[int] = Counter()
        #: As `since` of the next run, once this page is out: None where it proves none.
        self.bookmark: datetime | None = None
        #: The page that it joins, None for one that needs none.
        self.joins: Page | None = None
        shown = [feed.moment(row) for row in rows]
        moments, exact = _moments(rows, shown, feed)
        #: How many rows, and how many of what `limit` counts.
        self.lengths = len(rows), len(moments)
        times = [moment for moment in moments.values() if moment]
        ups, downs = (sum(one < other for one, other in pairwise(row)) for row in (times, times[::-1]))
        # Times that are not the feed's own go up and down by chance.
        self.descends = downs > 4 * ups and downs >= MIN_DESCENTS
        minutes = [minute_of(moment) for moment in times]
        #: Whether all rows show the time that the feed goes by.
        self.is_exact = exact
        #: Whether the feed is in order of the times that its rows show, to the minute, or to the last digit.
        self.shows_feed_time = bool(rows) and exact and not self.descends and minutes == sorted(minutes)
        self.in_time_order = self.shows_feed_time and not downs
        #: Each row's time; None where it shows none.
        self.moments = [moments[key] for key in _units(rows, feed)]
        #: Which row each is: what some rows hold changes without a modification.
        self.identities = [
            feed.identity(row, moment, fingerprint)
            for row, moment, fingerprint in zip(rows, shown, self.fingerprints, strict=True)
        ]
        self.identity_counts = Counter(self.identities)

    @property
    def overlap(self) -> int:
        """The rows that a page has to share with this one where times do not show that they join."""
        return min(OVERLAP, max(1, len(self.fingerprints) // 4))

    def overlap_starts(self, newest: datetime) -> Iterator[datetime]:
        """Yield from when on a page would share enough different rows with this one, or enough that have no equal."""
        shown = zip(self.moments, self.identities, strict=True)
        rows = sorted(((moment, identity) for moment, identity in shown if moment and moment <= newest), reverse=True)
        different: dict[int, datetime] = {}
        for moment, identity in rows:
            different.setdefault(identity, moment)
        single = [moment for identity, moment in different.items() if self.identity_counts[identity] == 1]
        enough = [moments[OVERLAP] for moments in (list(different.values()), single) if len(moments) > OVERLAP]
        yield from enough or [rows[min(OVERLAP, len(rows) - 1)][0]]


def new_rows(out: Page, page: Page) -> list[Row] | None:
    """Return the rows of a page that are not out, or None unless it begins amid the page that is out, and goes on.

    Then nothing lies in between. Equal rows are told apart by their number only, so a row is a repetition only as far
    as the overlap of the two pages has it.
    """
    known = rows_out(out, page)
    return None if known is None else rows_besides(known + out.left, page)


def rows_out(out: Page, page: Page) -> Counter[int] | None:
    """Count what is out from where a page begins, by fingerprint; None unless it joins the page that is out."""
    # After a `last_id`, a page may lack rows of any moment.
    by_time = None if page.request.last_id else _out_by_time(out, page)
    return by_time or _out_by_order(out, page)


def rows_besides(counts: Counter[int], page: Page) -> list[Row]:
    """Return the rows of a page but for so many of each kind."""
    left, rows = counts.copy(), []
    for row, fingerprint in zip(page.rows, page.fingerprints, strict=True):
        if left[fingerprint] > 0:
            left[fingerprint] -= 1
        else:
            rows.append(row)
    return rows


def _out_by_time(out: Page, page: Page) -> Counter[int] | None:
    """Join pages that are in order of the times they show: they do if they share rows, and the page goes on.

    What else is out from its first moment on, and has not come again, was modified or deleted meanwhile.
    """
    if not (out.shows_feed_time and page.shows_feed_time):
        return None
    earliest = min(filter(None, page.moments))
    places = [place for place, moment in enumerate(out.moments) if moment and moment >= earliest]
    expected = Counter(out.identities[place] for place in places)
    goes_on = max(filter(None, page.moments)) > max(filter(None, out.moments))
    if not expected & page.identity_counts or not (goes_on or expected <= page.identity_counts):
        return None
    known = Counter(out.fingerprints[place] for place in places)
    # What comes before the page that is out is out as well.
    begin = min(filter(None, out.moments))
    begin = begin if out.in_time_order else minute_of(begin)
    known.update(
        fingerprint
        for fingerprint, moment in zip(page.fingerprints, page.moments, strict=True)
        if moment and moment < begin
    )
    return known


def _out_by_order(out: Page, page: Page) -> Counter[int] | None:
    """Join a page that begins with the one end of what is out; the very last rows may have been touched meanwhile."""
    for gone in range(MAX_GONE + 1):
        end = out.identities[: len(out.identities) - gone]
        touched = out.identities[len(end) :]
        if any(out.identity_counts[identity] > 1 or identity in page.identity_counts for identity in touched):
            break
        lengths = [length for length in _common_ends(end, page.identities) if not touched or length < len(page.rows)]
        same_order = [length for length in lengths if end[-length:] == page.identities[:length]]
        # In another order, a row further on may be a new one that only looks like the one the page should begin with.
        proved = [
            length
            for length in same_order or lengths
            if end[-length] == page.identities[0]
            and _differing(out, page.identities[:length], in_order=bool(same_order)) >= out.overlap
        ]
        if len(proved) == 1 and (same_order or len(lengths) == 1):
            return Counter(out.fingerprints[-proved[0] - gone :])
        if proved:
            break
    return None


def _differing(out: Page, identities: Sequence[int], *, in_order: bool) -> int:
    """Count the rows that prove something: different ones in their order, or any that have no equal."""
    if in_order:
        return len(set(identities))
    return sum(out.identity_counts[identity] == 1 for identity in identities)


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


def _moments(rows: list[Row], shown: list[Moment], feed: Feed) -> tuple[dict[Any, datetime | None], bool]:
    """Return the newest time of each unit, in the page's order, and whether all units show the feed's own time."""
    moments: dict[Any, datetime | None] = {}
    exact = True
    for key, (moment, is_exact) in zip(_units(rows, feed), shown, strict=True):
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


def _fingerprint(content: bytes) -> int:
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big")
