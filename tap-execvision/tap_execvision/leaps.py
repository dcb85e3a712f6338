"""Requests that may go on within a minute that holds more than a page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .base.records import shifted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from .pages import Feed, FeedRequest, Page


def by_last_id(page: Page, feed: Feed, request: FeedRequest, _: timedelta) -> Iterator[FeedRequest]:
    """Ask by an id near the page's end, in case the vendor looks up where it stands."""
    for _place, last_id in _last_ids(page, feed):
        yield replace(request, last_id=last_id)


def by_time_and_id(page: Page, feed: Feed, request: FeedRequest, shift: timedelta) -> Iterator[FeedRequest]:
    """Ask by an id and its row's time, in case the vendor compares with both."""
    for place, last_id in _last_ids(page, feed):
        moment = page.moments[place]
        if moment and page.in_time_order:
            yield replace(request, since=shifted(moment, shift), last_id=last_id)


def by_second(page: Page, _: Feed, request: FeedRequest, shift: timedelta) -> Iterator[FeedRequest]:
    """Ask from the newest second, then the newest instant, in case the vendor minds more than minutes."""
    newest = page.moments[-1]
    if newest and page.in_time_order:
        for moment in (newest.replace(microsecond=0), newest):
            if shifted(moment, shift) > page.request.since:
                yield replace(request, since=shifted(moment, shift))


WAYS = (by_last_id, by_time_and_id, by_second)


def _last_ids(page: Page, feed: Feed) -> Iterator[tuple[int, str]]:
    """Yield some places near the page's end, and the ids there: a row may have been moved or deleted meanwhile."""
    for back in (page.overlap, 2 * page.overlap, 4 * page.overlap):
        place = len(page.rows) - 1 - back
        last_id = page.rows[place].get(feed.last_id or "") if place >= 0 else None
        if last_id:
            yield place, str(last_id)
