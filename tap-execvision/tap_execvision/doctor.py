"""What ExecVision's page leaves open: how `since` and `last_id` are understood, and in which order rows come."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone, tzinfo
from functools import cached_property
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from .base.doctor import Doctor, Finding
from .base.http import RefusedError
from .base.readings import NotKnownError, grouped, remaining
from .base.records import shifted
from .feeds import DetailStream, FeedStream
from .pages import Feed, FeedRequest
from .pagination import DEFAULT_LIMIT
from .rate_limits import EASTERN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .client import ExecVisionStream
    from .pages import Row

# From a row, how far away is what may or may not count for the same moment, and what lies between two zones.
BESIDE = [timedelta(seconds=seconds) for seconds in (0, 1, -1, 0.1, -0.1, 1800, -1800)]
# What of a moment counts, by the name of how far it does.
FLOORS: dict[str, Callable[[datetime], datetime]] = {
    "its seconds are ignored": lambda moment: moment.replace(second=0, microsecond=0),
    "its seconds count, their fraction does not": lambda moment: moment.replace(microsecond=0),
    "its seconds and their fraction count": lambda moment: moment,
}
# Whatever zone is given, it may be read in one of these: New York's time changes twice a year.
ZONES: list[tzinfo] = [timezone(timedelta(hours=hours)) for hours in range(-12, 15)]
LIKE_NEW_YORK = {EASTERN, *(timezone(timedelta(hours=hours)) for hours in (-4, -5))}


class Since(NamedTuple):
    """A way to understand `since`."""

    inclusive: bool
    counts: str
    zone: tzinfo

    def lets_through(self, moment: datetime, since: datetime) -> bool:
        """Tell whether a row of that moment comes."""
        floor = FLOORS[self.counts]
        start = floor(since.replace(tzinfo=self.zone))
        return moment >= start if self.inclusive else floor(moment) > start


class ExecVisionDoctor(Doctor):
    """Reads each stream's first page, and asks again from within one."""

    @cached_property
    def pages(self) -> dict[ExecVisionStream, list[Row]]:
        """The first page of each stream, in the vendor's order."""
        return {}

    @override
    def pace(self) -> str:
        return "a run makes at most 5 requests a second from 06:00 to 21:00 in New York, 25 by night"

    @override
    def first_rows(self, stream: ExecVisionStream) -> list[Row]:
        if stream not in self.pages:
            if isinstance(stream, DetailStream):
                self.pages[stream] = self._first_detail(stream)
            else:
                request = FeedRequest(self._start, DEFAULT_LIMIT) if isinstance(stream, FeedStream) else None
                self.pages[stream] = self.ask(stream, request)
        return [stream.shape(row) for row in self.pages[stream]]

    @property
    def _start(self) -> datetime:
        return self.tap.config_datetime("start_date") or self.tap.started_at

    def _first_detail(self, stream: DetailStream) -> list[Row]:
        """Ask for the ids that the feed's first page names until one is shown."""
        feed = next(feed for feed in self.tap.streams.values() if type(feed) is stream.parent_stream_type)
        if not isinstance(feed, FeedStream):
            return []
        self.first_rows(feed)
        stream.enqueue(self.pages[feed])
        paginator = stream.get_new_paginator()
        denied: RefusedError | None = None
        while not paginator.finished:
            try:
                rows: list[Row] = self.ask(stream, paginator.current_value)
            except RefusedError as refusal:  # noqa: PERF203  # a refusal is what the next id is asked for
                denied = refusal if refusal.status == HTTPStatus.FORBIDDEN else denied
                paginator.advance(refusal)  # raises what would end a run
            else:
                return rows
        if denied:
            raise denied
        return []

    @override
    def on_refusal(self, stream: ExecVisionStream, refusal: RefusedError) -> Finding:
        if (
            isinstance(stream, DetailStream)
            and refusal.status == HTTPStatus.FORBIDDEN
            and (stream.is_optional or not stream.access.is_denied)
        ):
            return Finding(stream.name, "may not be read (HTTP 403): a run goes on without it, with a warning", "note")
        return super().on_refusal(stream, refusal)

    @override
    def questions(self) -> Iterable[tuple[str, Callable[[], str | Finding]]]:
        yield "since", self._since
        yield "zone of since", self._zone
        yield "order", self._order
        yield "last_id", self._last_id

    # since

    @cached_property
    def _timed_feed(self) -> tuple[FeedStream, dict[str, datetime]]:
        """The feed whose first page has the most rows that show the time it goes by, and these times by key."""
        found = [(stream, _moments(stream, rows)) for stream, rows in self._feeds if not stream.limit_counts]
        best = max(found, key=lambda item: len(item[1]), default=None)
        if not best or not best[1]:
            message = "no feed has rows that show when they were modified"
            raise NotKnownError(message)
        return best

    @property
    def _feeds(self) -> list[tuple[FeedStream, list[Row]]]:
        return [(stream, rows) for stream, rows in self.pages.items() if isinstance(stream, FeedStream)]

    @cached_property
    def _ways(self) -> list[Since]:
        """How `since` may be understood, after rows of a known page were asked for in other ways."""
        stream, moments = self._timed_feed
        # From no earlier on than the page was, so that none of its rows is beyond the end of the answer.
        times = sorted({*moments.values()})
        left = [
            Since(inclusive, counts, zone)
            for inclusive in (True, False)
            for counts in FLOORS
            for zone in (*ZONES, EASTERN)
        ]

        def predicted(way: Since, since: datetime) -> frozenset[str]:
            return frozenset(key for key, at in moments.items() if way.lets_through(at, since))

        def found(since: datetime) -> frozenset[str]:
            return self._known_after(stream, moments, FeedRequest(since, DEFAULT_LIMIT))

        since = [time for time in _some(times, 20) if time >= self._start]
        left = remaining(left, since, predicted, found)
        # Once the zone is known, what is asked for can lie right beside a row.
        zones = sorted({way.zone for way in left}, key=lambda zone: abs(zone.utcoffset(times[0]) or timedelta()))[:3]
        beside = [
            shifted(time, by).astimezone(zone).replace(tzinfo=timezone.utc)
            for zone in zones
            for time in _some(times, 8)
            for by in BESIDE
        ]
        left = remaining(left, [since for since in beside if since >= self._start], predicted, found)
        if not left:
            message = f"the answers contradict each other; {stream.name} may have changed meanwhile, so ask again"
            raise NotKnownError(message)
        return left

    def _known_after(self, stream: FeedStream, known: Iterable[str], request: FeedRequest) -> frozenset[str]:
        """Return which of the known rows come."""
        rows: list[Row] = self.ask(stream, request)
        return frozenset({_key(stream, row) for row in rows} & {*known})

    def _since(self) -> str:
        stream, inclusive = self._timed_feed[0].name, {way.inclusive for way in self._ways}
        if len(inclusive) > 1:
            message = f"the rows of {stream} do not show it"
            raise NotKnownError(message)
        counts = {way.counts for way in self._ways}
        how_far = counts.pop() if len(counts) == 1 else "not known how far its seconds count"
        return f"{'inclusive' if inclusive == {True} else 'exclusive'}, {how_far} (seen in {stream})"

    def _zone(self) -> str:
        zones = {way.zone for way in self._ways}
        if zones == {timezone.utc}:
            return "as given"
        if zones <= LIKE_NEW_YORK:
            return "read as New York's time, whatever zone is given"
        if len(zones) == 1:
            return f"read as {zones.pop()}, whatever zone is given"
        message = f"the rows of {self._timed_feed[0].name} are too close together or too few"
        raise NotKnownError(message)

    # Order and last_id

    def _order(self) -> str:
        answers = []
        for stream, rows in self._feeds:
            times = list(_moments(stream, rows).values())
            if len({*times}) < 2:  # noqa: PLR2004
                continue
            keys = [_key(stream, row) for row in rows]
            if all(one <= other for one, other in pairwise(times)):
                order = "oldest first"
            elif all(one >= other for one, other in pairwise(times)):
                order = "newest first"
            else:
                order = "by id" if keys == sorted(keys) else "not by time"
            answers.append((stream.name, order))
        return grouped(answers)

    def _last_id(self) -> str:
        return grouped((stream.name, self._last_id_of(stream, rows)) for stream, rows in self._feeds if stream.last_id)

    def _last_id_of(self, stream: FeedStream, rows: list[Row]) -> str:
        """Ask for what follows a row in the middle of a page: first from the page's start on, then from its time."""
        moments = _moments(stream, rows, may_be_earlier=True)
        keys = list(moments)
        if len(keys) < 4:  # noqa: PLR2004  # one before and one after, at least
            return "not known: too few rows"
        middle = keys[len(keys) // 2]
        last_id = next(str(row[stream.last_id]) for row in rows if stream.last_id and _key(stream, row) == middle)
        following = self._known_after(stream, keys, FeedRequest(self._start, DEFAULT_LIMIT, last_id))
        if following <= {middle}:
            return "not known: no other row of the page comes"
        if following.isdisjoint(keys[: len(keys) // 2]):
            repeats = ", and its own row comes again" if middle in following else ""
            return f"honoured: looked up{repeats}"
        if middle not in _moments(stream, rows):
            return "not looked up, and not known whether compared: no row shows when it was modified"
        since = moments[middle]
        with_id = self._known_after(stream, keys, FeedRequest(since, DEFAULT_LIMIT, last_id))
        without = self._known_after(stream, keys, FeedRequest(since, DEFAULT_LIMIT))
        return "honoured: compared together with since" if with_id != without else "no effect seen"


def _moments(stream: FeedStream, rows: list[Row], *, may_be_earlier: bool = False) -> dict[str, datetime]:
    """Return the times that the feed goes by, as rows show them, by key; not those of rows without any."""
    feed = Feed(stream.path, stream.modified, stream.earlier, stream.last_id, stream.limit_counts, stream.identity)
    found = {}
    for row in rows:
        moment, is_exact = feed.moment(row)
        if moment and (is_exact or may_be_earlier):
            found[_key(stream, row)] = moment
    return found


def _some(times: list[datetime], count: int) -> list[datetime]:
    """Return about so many of them, from the first to the last."""
    return times[:: -(-len(times) // count)]


def _key(stream: FeedStream, row: Row) -> str:
    names = stream.identity or tuple(sorted(row))
    return " ".join(str(row.get(name)) for name in names)
