"""The way through a feed that is asked for with `since`, an inclusive minute, and at times `last_id`.

What the vendor's page leaves open must not matter: whether the seconds of `since` count, how `last_id` is understood,
whether `limit` is cut silently, what moves while the feed is read. So the walk asks for whole minutes, reads the last
minute again with every page, drops what it has had, and ends on a page that is surely whole and adds nothing. Only in
a minute that holds a page or more does it need more: `last_id`, or a finer `since`, and then it goes on only from a
page that visibly joins what is out already.

A feed may show no time that it is in order of (calls show when they were made, not when they changed). Then a later
`since` is taken only if its page still holds a row that is out: otherwise there may be rows in between.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from hashlib import blake2b
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tap_execvision.transport import RefusedError, TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, Any]

MINUTE = timedelta(minutes=1)
# Before any row.
EARLY = datetime(2000, 1, 1, tzinfo=timezone.utc)
# The lowest maximum of `limit` that the vendor documents, and its default.
LEAST_MAXIMUM = 100
# So many rows of a page are asked for again after its `last_id`, as proof that the two pages join.
OVERLAP = 9
# So many steps back in time, and hardly any forward, are no chance.
MANY = 5
# Statuses that may mean "no such last_id" or "no such since", rather than "not you".
ABOUT_THE_QUESTION = (400, 404, 409, 410, 422)


class StalledError(TapError):
    """A minute that holds more than a page, on a feed that cannot be paged within a minute."""


@dataclass(frozen=True)
class Ask:
    """One request for a page."""

    since: datetime
    limit: int
    last_id: str | None = None


@dataclass(frozen=True)
class Feed:
    """What the walk has to know of a feed."""

    name: str
    # When a row was last modified, and whether that is the very time the feed is in order of.
    moment: Callable[[Row], tuple[datetime | None, bool]]
    # The field that `last_id` takes, None where the feed has no such parameter.
    last_id: str | None = None
    # The field whose different values `limit` counts, None where it counts rows.
    unit: str | None = None


@dataclass(frozen=True)
class Leg:
    """Rows that have not been out yet, and the moment that everything before is out once they are."""

    rows: list[Row]
    bookmark: datetime | None


class Page:
    """The rows of one answer, and what they tell about the feed's order."""

    def __init__(self, rows: list[Row], feed: Feed, asked: Ask) -> None:
        self.rows, self.asked = rows, asked
        self.prints = [_print_of(row) for row in rows]
        self.counts = Counter(self.prints)
        units: dict[Any, tuple[datetime | None, bool]] = {}
        for place, row in enumerate(rows):
            key = row.get(feed.unit) if feed.unit else place
            moment, exact = feed.moment(row)
            before = units.get(key, (None, True))
            latest = max(filter(None, (moment, before[0])), default=None)
            units[key] = latest, exact and before[1]
        self.sizes = len(rows), len(units)
        self.moments = [moment for moment, _ in units.values() if moment]
        pairs = [(_minute(one), _minute(other)) for one, other in pairwise(self.moments)]
        ups, downs = sum(a < b for a, b in pairs), sum(a > b for a, b in pairs)
        # Times that are not the feed's own go up and down by chance.
        self.newest_first = downs > 4 * ups and (downs >= MANY or all(exact for _, exact in units.values()))
        #: Whether the feed is in order of the times that its rows show.
        self.exact = bool(rows) and not downs and all(moment and exact for moment, exact in units.values())
        self.in_time_order = self.exact and all(a <= b for a, b in pairwise(self.moments))
        self.whole: bool | None = None

    @property
    def newest(self) -> datetime:
        """The newest time in it."""
        return max(self.moments)


class Walk:
    """One way through one feed, from a minute up to now."""

    def __init__(  # noqa: PLR0913  # what differs between feeds, runs and tests
        self,
        feed: Feed,
        ask: Callable[[Ask], list[Row]],
        first: Ask,
        now: datetime,
        tell: Callable[[str], None],
        *,
        skip: bool = False,
    ) -> None:
        """Prepare to read a feed. With `skip`, a minute that cannot be read whole is told of, and no error."""
        self.feed, self.now, self.limit = feed, now, first.limit
        self._ask, self._tell, self._skip = ask, tell, skip
        self.since = _minute(first.since)  # all rows before it are out
        self._seen: Counter[int] = Counter()  # rows that are out and may come again
        self._last: Counter[int] = Counter()
        self._most = (0, 0)  # the largest page yet, in rows and in units
        self._stride = timedelta(hours=1)
        self._looks_up = True
        self._timeless = False

    def legs(self) -> Iterator[Leg]:
        """Yield the feed, page by page."""
        page: Page | None = self._fetch(Ask(self.since, self.limit))
        while page:
            fresh = self._take(page)
            self._timeless |= bool(page.rows) and not page.exact
            yield Leg(fresh, page.newest if page.exact else self.since)
            page = self._next(page, len(fresh))
        if self._timeless:
            # Some clocks are a little behind, and the lookback is for rows that show late.
            yield Leg([], self.now - MINUTE)

    def _fetch(self, asked: Ask) -> Page:
        try:
            rows = self._ask(asked)
        except RefusedError as refusal:
            # The answer to too high a limit is not documented; an answer without a text may be about that.
            too_many = refusal.status == HTTPStatus.BAD_REQUEST and "limit" in (refusal.said.lower() or "limit")
            if not too_many or self.limit <= LEAST_MAXIMUM or self._most != (0, 0):
                raise
            self._tell(f"{self.feed.name} refuses a page of {self.limit}: going on with {LEAST_MAXIMUM}")
            self.limit = LEAST_MAXIMUM
            asked = Ask(asked.since, self.limit)
            rows = self._ask(asked)
        page = Page(rows, self.feed, asked)
        self._most = max(self._most[0], page.sizes[0]), max(self._most[1], page.sizes[1])
        return page

    def _try(self, asked: Ask) -> Page | None:
        try:
            return self._fetch(asked)
        except RefusedError as refusal:
            if refusal.status in ABOUT_THE_QUESTION:
                return None
            raise

    def _take(self, page: Page) -> list[Row]:
        """Return the rows that are not out yet, and remember what may come again."""
        out, fresh = self._seen.copy(), []
        for row, print_ in zip(page.rows, page.prints, strict=True):
            if out[print_]:
                out[print_] -= 1
            else:
                fresh.append(row)
        # A page from `since` on that reaches beyond that minute holds all that can come again.
        beyond = _minute(page.newest) > page.asked.since if page.exact else bool(fresh)
        if page.asked == Ask(self.since, self.limit) and (beyond or self._is_short(page)):
            self._seen = self._last | page.counts
        else:
            self._seen |= page.counts
        self._last = page.counts
        return fresh

    def _next(self, page: Page, fresh: int) -> Page | None:
        """Return the page after this one, None at the end."""
        if not page.rows:
            return None
        if page.newest_first and not self._is_whole(page):
            message = (
                f"{self.feed.name} answers newest first and with a full page, so the older rows are out of reach. "
                "Ask ExecVision's support to answer oldest first, as its documentation has it."
            )
            raise StalledError(message)
        if page.exact and (min(page.moments) > self.now or (page.newest >= self.now and self._is_short(page))):
            return None  # what happens from now on is for the next run
        crawls = not page.exact and fresh * 2 < len(page.rows) and not self._is_short(page)
        found = (self._climb(page) if crawls else None) or self._forward(page)
        if found or self._is_whole(page):
            return found
        return self._climb(page) or self._stall()

    def _forward(self, page: Page) -> Page | None:
        """Return the page from the newest minute of this one on, None if that would be the same page."""
        newest = max((moment for moment in page.moments if page.exact or moment <= self.now), default=self.since)
        goal = _minute(newest)
        moves = goal > self.since and min(page.moments) < goal
        if not page.exact:
            return self._search(goal) if moves else None
        self.since = max(self.since, goal)
        return self._fetch(Ask(goal, self.limit)) if moves else None

    def _is_short(self, page: Page) -> bool:
        """Tell whether larger pages than this have come, so that nothing was cut off it."""
        return page.sizes[0] < self._most[0] and page.sizes[1] < self._most[1]

    def _is_whole(self, page: Page) -> bool:
        """Tell whether the feed ends with this page, by a larger page if need be: `limit` may be cut silently."""
        if self._is_short(page):
            return True
        if page.whole is None:
            page.whole = False
            rows, units = page.sizes
            if max(units, 0 if self.feed.unit else rows) < self.limit:
                larger = self._try(Ask(EARLY, min(rows + 1, self.limit)))
                all_there_is = larger is None or larger.counts == page.counts
                page.whole = self._is_short(page) or (all_there_is and rows not in {LEAST_MAXIMUM, self.limit})
        return page.whole

    def _adds(self, page: Page) -> bool:
        return any(count > self._seen[print_] for print_, count in page.counts.items())

    def _meets(self, page: Page) -> bool:
        return bool(page.counts.keys() & self._seen.keys())

    def _goes_on(self, page: Page) -> bool:
        return self._adds(page) or self._is_short(page)

    def _climb(self, page: Page) -> Page | None:
        """Return a page that goes on within a crowded minute, None when there is no way."""
        found = self._after_last_id(page) if self.feed.last_id and self._looks_up else None
        if not found and page.in_time_order:
            found = self._finer(page)
        if not found and self.feed.last_id:
            found = self._after_pair(page)
        if not found and not page.exact:
            found = self._search(None)
        return found

    def _anchors(self, page: Page, field: str) -> Iterator[tuple[int, str]]:
        """Yield some places near the page's end: a row may have been moved or deleted meanwhile."""
        overlap = min(OVERLAP, max(1, len(page.rows) // 4))
        for back in (overlap, 2 * overlap, 4 * overlap):
            place = len(page.rows) - 1 - back
            if place >= 0 and page.rows[place].get(field):
                yield place, str(page.rows[place][field])

    def _after_last_id(self, page: Page) -> Page | None:
        """Go on after a row near the page's end, in case the vendor looks up where it stands.

        If it compares ids instead, a `since` of a minute before makes that harmless: that minute is out already.
        """
        began_again = []
        for place, last_id in self._anchors(page, self.feed.last_id or ""):
            found = self._try(Ask(self.since - MINUTE, self.limit, last_id))
            if found and found.counts.keys() & set(page.prints[place + 1 :]) and self._goes_on(found):
                return found
            began_again.append(bool(found and found.counts.keys() & set(page.prints[:place])))
        self._looks_up = not began_again or not all(began_again)
        return None

    def _finer(self, page: Page) -> Page | None:
        """Go on from the newest second, then the newest instant, in case the vendor minds more than minutes."""
        for since in (page.newest.replace(microsecond=0), page.newest):
            if since > page.asked.since:
                found = self._try(Ask(since, self.limit))
                if found and self._meets(found) and self._goes_on(found):
                    return found
        return None

    def _after_pair(self, page: Page) -> Page | None:
        """Go on after a row's time and id, in case the vendor compares with both."""
        for place, last_id in self._anchors(page, self.feed.last_id or ""):
            moment = self.feed.moment(page.rows[place])[0] if page.in_time_order else None
            found = self._try(Ask(moment or self.since, self.limit, last_id))
            # It must begin right after that row. One that leaves rows out, or begins earlier, goes by something else.
            joins = found and found.counts.keys() >= set(page.prints[place + 1 :])
            if found and joins and not found.counts.keys() & set(page.prints[:place]) and self._goes_on(found):
                return found
        return None

    def _search(self, first: datetime | None) -> Page | None:
        """Find a later minute whose page still holds a row that is out, and goes on."""
        start = low = self.since
        end = high = _minute(self.now) + 2 * MINUTE
        at = first or low + self._stride
        while high - low > MINUTE:
            at = min(max(_minute(at), low + MINUTE), high - MINUTE)
            found = self._fetch(Ask(at, self.limit))
            if not self._meets(found):
                high = at
            elif self._goes_on(found):
                self._stride, self.since = max(at - start, MINUTE), at
                return found
            else:
                low = at
            at = low + 2 * max(low - start, self._stride) if high == end else low + (high - low) / 2
        if low == start:
            # All that was out has changed meanwhile.
            again = self._fetch(Ask(start, self.limit))
            return again if self._adds(again) else None
        self.since = low
        return None

    def _stall(self) -> Page:
        minute = _minute(self.since)
        message = (
            f"{self.feed.name} holds a full page of {self._most[bool(self.feed.unit)]} or more in the minute "
            f"{minute:%Y-%m-%dT%H:%MZ}, and the API cannot be asked for the rest of a minute"
        )
        if not self._skip:
            advice = "Raise page_size if it is below 1000, or set on_stalled_page to skip to go on after that minute."
            advised = f"{message}. {advice}"
            raise StalledError(advised)
        self._tell(f"{message}: what is left of it is skipped (on_stalled_page)")
        self.since = minute + MINUTE
        return self._fetch(Ask(self.since, self.limit))


def _print_of(row: Row) -> int:
    text = json.dumps(row, sort_keys=True, default=str).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
