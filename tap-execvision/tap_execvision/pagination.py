"""The paginator of feeds, which are asked for with `since`.

What the vendor's page leaves open must not matter: whether the seconds of `since` count, whether it is inclusive and
in which zone it is read, how `last_id` is understood, whether `limit` is cut silently, what changes while the feed is
read. So each page is asked for from a minute that is out already, and taken only where `new_rows` finds that it joins
what is out. A page that joins ends the feed if it adds nothing, and if a larger one has come, so that nothing was cut
off it. Where no request brings such a page, rows may be out of reach, and the feed ends in an error.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from typing_extensions import override

from .base.http import RefusedError, TapError
from .base.pagination import Paginator
from .base.records import shifted
from .leaps import WAYS
from .pages import (
    MAX_GONE,
    MINUTE,
    OVERLAP,
    FeedRequest,
    Page,
    Row,
    minute_of,
    new_rows,
    rows_besides,
    rows_out,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from logging import Logger

    from .pages import Feed

    Requests = Generator[FeedRequest, list[Row], Page]
    Attempt = Generator[FeedRequest, list[Row], Page | None]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE_ALL_ROWS = datetime(2000, 1, 1, tzinfo=timezone.utc)
MAX_LIMIT = 1000
# The vendor's default, which is taken where a higher `limit` is refused.
DEFAULT_LIMIT = 100
# No vendor cuts `limit` to fewer rows than this.
SMALLEST_PAGE = 25
# So often must the last page come again, if it came otherwise once.
MAX_REPEATS = 3
# Statuses that may mean "no such last_id, limit or since", rather than "not you".
INVALID_REQUEST = (400, 404, 409, 410, 413, 414, 416, 422)
# Where rows do not come again from their own minute on, `since` may be exclusive, or a time in New York or elsewhere.
SHIFTS = [timedelta(), -MINUTE, *(timedelta(hours=hours) for hours in (-4, -5, -6, -12, -24, 4, 5))]
# So often may a page be found changed, and no page join it, before that is taken for the vendor's way.
MAX_CHANGES = 10


class StalledError(TapError):
    """Rows that no request may reach."""


class FeedPaginator(Paginator[FeedRequest, list[Row]]):
    """Reads a feed from a minute up to now: all of it, or an error."""

    def __init__(  # noqa: PLR0913  # what differs between feeds, runs and tests
        self,
        feed: Feed,
        since: datetime,
        page_size: int,
        now: datetime,
        log: Logger,
        *,
        is_first_run: bool = True,
        skip: bool = False,
    ) -> None:
        """Prepare to read a feed.

        Args:
            feed: What to know of it.
            since: Where to begin.
            page_size: How many rows to ask for at once.
            now: When the run began: what is modified later may be left to the next one.
            log: Where to tell of what is out of the ordinary.
            is_first_run: Whether no earlier run has found that `since` is understood.
            skip: Whether to leave out, with an error in the log, what cannot be read of a minute.
        """
        self._feed, self._limit, self._now, self._log, self._skip = feed, page_size, now, log, skip
        # A minute before, as `since` may be exclusive; what shows no time cannot show how `since` is read either.
        margin = MINUTE + DAY if feed.earlier and is_first_run else MINUTE
        #: All rows before this minute are out.
        self._since = self._begin = minute_of(shifted(since, -margin))
        self._shift = timedelta()  # from what is meant by `since` to what has to be asked
        self._largest = (0, 0)
        self._stride = HOUR
        self._stuck = self._since  # as far as a search has come
        self._best = 0  # the move that brought the last page where no time did
        self._changes = 0
        self._is_irregular = False  # whether one request brings now more, now fewer rows
        self._compared = 0  # the limit of the largest page that a page has been compared with
        super().__init__()

    @override
    def plan(self) -> Generator[FeedRequest, list[Row], None]:
        page = yield from self._first_page()
        following = page
        while page.rows:
            shift, following = self._shift, (yield from self._next(page))
            if self._shift < shift:
                # Rows came from later on than asked for: those before them have yet to be read. An hour more, as
                # the zone may have had another time then.
                self._since = self._begin = shifted(self._begin, -HOUR)
                page = yield from self._ask(self._begin)
            elif following.joins or following is page:
                break
            else:  # it changed meanwhile
                page = following
                page.new, page.left = page.rows, Counter()
        self._release(page)
        came_again, needed = 0, 1
        while True:
            is_last = self._is_last(following)
            self._release(following)
            if not is_last:
                following = yield from self._next(following)
            elif len(following.rows) < SMALLEST_PAGE or came_again == needed:
                return
            else:  # a vendor that cuts one page may cut another elsewhere: the last one has to come again
                again = yield from self._changed(following)
                came_again, needed = (0, MAX_REPEATS) if again or self._is_irregular else (came_again + 1, needed)
                following = again or following

    def _release(self, page: Page) -> None:
        """Emit what is new in a page, and up to where all is out then."""
        bookmark = page.bookmark
        if page.shows_feed_time:
            # A time to come is a mistake: it proves nothing about what comes before it.
            bookmark = max((moment for moment in page.moments if moment and moment <= self._now), default=None)
            if bookmark and not page.in_time_order:
                bookmark = minute_of(bookmark)
        up_to = f" (up to {bookmark:%Y-%m-%d %H:%M})" if bookmark else ""
        self.emit(page.new, bookmark, f"Page {self.count}{up_to}")
        page.new = []
        if page.joins:  # a page is all that has to be remembered
            page.joins.joins, page.joins.rows = None, []

    # Requests

    def _ask(self, since: datetime) -> Requests:
        return (yield from self._get(FeedRequest(shifted(since, self._shift), self._limit)))

    def _get(self, request: FeedRequest) -> Requests:
        page = Page((yield request), self._feed, request)
        self._largest = max(self._largest[0], page.lengths[0]), max(self._largest[1], page.lengths[1])
        return page

    def _first_page(self) -> Requests:
        try:
            page = yield from self._ask(self._begin)
        except RefusedError as refusal:
            if refusal.status not in INVALID_REQUEST or self._limit <= DEFAULT_LIMIT:
                raise
            refused, self._limit = self._limit, DEFAULT_LIMIT
            try:
                page = yield from self._ask(self._begin)
            except RefusedError:
                raise refusal from None
            self._log.warning("%s refuses a page of %d: going on with %d", *(self._feed.name, refused, DEFAULT_LIMIT))
        if not page.rows:
            # Nothing can show that `since` was read as it was meant, but that nothing comes from earlier on.
            self._since = self._begin = shifted(self._begin, -DAY)
            page = yield from self._ask(self._begin)
        return page

    def _try(self, page: Page, request: FeedRequest) -> Attempt:
        """Return the page that a request brings if it joins the one that is out."""
        try:
            found = yield from self._get(request)
        except RefusedError as refusal:
            if refusal.status in INVALID_REQUEST:
                return None
            raise
        new = new_rows(page, found)
        if new is None:
            return None
        found.new, found.added, found.joins = new, len(new), page
        found.left = page.left - found.counts
        if new:  # what joins and brings nothing may do so without end
            self._changes = 0
        return found

    # The way on

    def _is_last(self, page: Page) -> bool:
        """Tell whether the feed ends with this page; what changes from now on is for the next run."""
        up_to_now = page.shows_feed_time and any(moment >= self._now for moment in page.moments if moment)
        return not page.rows or (self._is_uncut(page) and (up_to_now or not page.new))

    @staticmethod
    def _is_full(page: Page) -> bool:
        rows, units = page.lengths
        return units >= page.request.limit or rows == page.request.limit

    def _is_uncut(self, page: Page) -> bool:
        """Tell whether nothing was cut off a page: `limit` may be cut silently, but not to less than has come."""
        rows, units = page.lengths
        is_short = rows < self._largest[0] and units < self._largest[1] and not self._is_irregular
        return not self._is_full(page) and (rows < SMALLEST_PAGE or is_short)

    def _settles(self, found: Page | None) -> bool:
        return found is not None and bool(found.new or self._is_uncut(found))

    def _next(self, page: Page) -> Requests:
        """Return the page after this one: it joins and adds, or is the last."""
        while page.rows:
            found = yield from self._onward(page)
            if found:
                return found
            again = yield from self._changed(page)
            if not again:
                return (yield from self._otherwise(page)) or (yield from self._stalled(page))
            if again.new:
                return again
            page = again  # rows have left it
        return page

    def _onward(self, page: Page) -> Attempt:
        """Go on as the vendor documents it."""
        crawls = not page.shows_feed_time and page.joins and page.added * 2 < len(page.rows)
        found = (yield from self._leap(page)) if crawls and not self._is_uncut(page) else None
        if found or self._goal(page) <= self._since:
            return found or (yield from self._end_or_more(page))
        found = yield from self._from_minute(page)
        if not found or self._settles(found):
            return found
        # Nothing is new. Where nothing has left either, that says nothing about what is before the newer page.
        return (yield from self._end_or_more(found if found.bookmark else page))

    def _otherwise(self, page: Page) -> Attempt:
        """Go on where the vendor does not do as it documents, and nothing has changed meanwhile."""
        found = None
        if self._goal(page) > self._since:
            found = (yield from self._from_elsewhere(page)) if page.shows_feed_time else None
            if page.shows_feed_time and not found:
                return None
            found = found if self._settles(found) else (yield from self._end_or_more(found or page))
        can_search = page.shows_feed_time or self._feed.last_id  # if not, that has been tried
        if found or page.request.last_id or page.descends or not can_search:
            return found
        return (yield from self._search(page))

    def _end_or_more(self, page: Page) -> Attempt:
        """Return the page itself if it is the last, or one that goes on within its minute."""
        limit = page.request.limit
        if not (self._is_uncut(page) or self._is_full(page) or self._compared >= limit):
            # A larger page than this one, from whenever, proves that this one is whole.
            self._compared = limit
            yield from self._try(page, FeedRequest(BEFORE_ALL_ROWS, limit))
        if self._is_uncut(page):
            return page
        found = None if page.descends else (yield from self._leap(page))
        if found or not self._is_full(page) or limit >= MAX_LIMIT:
            return found
        larger = yield from self._try(page, FeedRequest(page.request.since, MAX_LIMIT, page.request.last_id))
        return larger if not larger or self._settles(larger) else (yield from self._end_or_more(larger))

    def _goal(self, page: Page) -> datetime:
        """Return the minute to go on from: the newest, or one that leaves enough rows to show that pages join."""
        return max(self._goals(page), default=self._since)

    def _goals(self, page: Page) -> list[datetime]:
        moments = sorted(filter(None, page.moments))
        past = [moment for moment in moments if moment <= self._now]
        past = past or [moment for moment in moments if moment <= shifted(self._now, DAY)]
        if page.shows_feed_time:
            ends = {past[max(place, -len(past))] for place in (-1, -OVERLAP - 1) if past}
        else:
            ends = {*page.overlap_starts(past[-1])} if past else set()
        goals = set(map(minute_of, ends))
        if page.shows_feed_time and max(goals, default=self._since) <= self._since and self._is_full(page):
            goals = {minute_of(moments[-1])}  # more than a page of times to come
        return sorted((goal for goal in goals if goal > self._since), reverse=True)

    def _from_minute(self, page: Page) -> Attempt:
        """Go on from a minute whose beginning is out."""
        for goal in self._goals(page):
            repeated = sum(moment >= goal for moment in page.moments if moment)
            limit = self._limit if repeated < self._limit else page.request.limit
            found = yield from self._try(page, FeedRequest(shifted(goal, self._shift), limit))
            # Where times are shown, the minute itself has to come: else `since` is read otherwise than it was meant.
            if found and (not found.shows_feed_time or minute_of(min(filter(None, found.moments))) <= goal):
                self._move(goal, page, found)
                return found
        return None

    def _move(self, goal: datetime, page: Page, found: Page) -> None:
        repeated = len(found.rows) - found.added
        # Older rows come first: times show it, or what has left the beginning of the page.
        ascends = page.in_time_order or minute_of(min(filter(None, page.moments), default=goal)) < goal
        if ascends if page.shows_feed_time else repeated < len(page.fingerprints):
            by = max(goal - self._since, MINUTE)
            self._stride = by if found.added > repeated else 2 * by
            self._since, found.bookmark = goal, found.request.since

    def _changed(self, page: Page) -> Attempt:
        """Ask for a page again, as rows may have left it; None if it is the same."""
        again = yield from self._get(page.request)
        count = len(again.rows)
        # The last few may have been deleted.
        self._is_irregular |= 0 < count < len(page.rows) - MAX_GONE and again.identity_counts <= page.identity_counts
        if again.identities == page.identities or self._is_irregular or self._changes >= MAX_CHANGES:
            return None
        self._changes += 1
        again.joins, again.bookmark = page.joins, page.bookmark
        known: Counter[int] | None = Counter()
        if page.request.last_id:
            known = rows_out(page.joins, again) if page.joins else None
        if known is None:
            again, known = (yield from self._ask(self._since)), Counter()
        again.new = rows_besides((page.counts + page.left) | known, again)
        again.left = page.counts + page.left - again.counts
        again.added = len(again.new)
        return again

    def _from_elsewhere(self, page: Page) -> Attempt:
        """Go on from a minute that is asked for earlier, or later, than it is shown."""
        before = self._shift
        for self._shift in [shift for shift in SHIFTS if shift != before]:
            found = yield from self._from_minute(page)
            if found:
                return found
        self._shift = before
        return None

    # Within a minute

    def _leap(self, page: Page) -> Attempt:
        """Go on where the newest minute does not: the first way that brings more wins, the one of before first."""
        since = shifted(self._since, self._shift)
        ways = WAYS if page.shows_feed_time or self._feed.last_id else ()
        for place in sorted(range(len(ways)), key=lambda place: place != self._best):
            for request in ways[place](page, self._feed, FeedRequest(since, self._limit), self._shift):
                found = yield from self._try(page, request)
                if self._settles(found):
                    self._best = place
                    return found
        return None if page.shows_feed_time or self._feed.last_id else (yield from self._search(page))

    def _search(self, page: Page) -> Attempt:
        """Find a later minute whose page still begins amid what is out, and brings more."""
        start = low = self._since
        end = high = max(minute_of(self._now), start) + 2 * MINUTE
        at = low + self._stride
        while high - low > MINUTE:
            at = min(max(minute_of(at), low + MINUTE), high - MINUTE)
            found = yield from self._try(page, FeedRequest(shifted(at, self._shift), self._limit))
            if found is None:
                high = at
            else:
                self._move(at, page, found)
                if self._settles(found):
                    return found
                low = at
            at = low + 2 * max(low - start, self._stride) if high == end else low + (high - low) / 2
        self._stuck = low
        return None

    def _stalled(self, page: Page) -> Requests:
        """Say that rows may be out of reach, or go on without them."""
        minute = max(self._goal(page), self._since) if page.is_exact else max(self._stuck, self._since)
        where = f"{self._feed.name}, minute {minute:%Y-%m-%dT%H:%MZ}"
        if page.descends:
            message = (
                f"{where}: the answer has the newest rows first and may be cut, so older ones are out of reach. "
                "Ask ExecVision's support to answer oldest first, as its documentation has it."
            )
            raise StalledError(message)
        count = page.lengths[bool(self._feed.limit_counts)]
        message = f"{where}: there may be more than the {count} rows that came, and no request brings the rest"
        if not self._skip:
            advice = "Raise page_size if it is below 1000, or set on_stalled_page to skip to go on after that minute."
            advised = f"{message}. {advice}"
            raise StalledError(advised)
        self._log.error("%s: what is left of that minute is skipped (on_stalled_page)", message)
        self._since = shifted(minute, MINUTE)
        found = yield from self._ask(self._since)
        found.new, found.joins = rows_besides(page.counts, found), page
        return found
