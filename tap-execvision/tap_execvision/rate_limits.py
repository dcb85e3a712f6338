"""The vendor's limits: 5 requests a second by day and 25 by night, on New York's clock."""

from __future__ import annotations

from datetime import datetime, time, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pyrate_limiter import Rate
from requests.adapters import BaseAdapter

from .base.http import rate_limited_session

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from .base.quota import Quota

EASTERN = ZoneInfo("America/New_York")
# The day is 06:00 to 21:00: a minute more on both sides, for a clock that is off.
DAY_START, DAY_END = time(5, 59), time(21, 1)
# Requests are counted when they arrive, not when they leave: a margin. One that comes early all the same has to wait.
BY_DAY = [Rate(5, 1050)]
BY_NIGHT = [Rate(25, 1050)]


def is_day(moment: datetime) -> bool:
    """Tell whether the limits of the day hold."""
    return DAY_START <= moment.astimezone(EASTERN).time() < DAY_END


class TimeOfDayAdapter(BaseAdapter):
    """Sends each request at the pace of its hour, so that a long run changes pace on the way."""

    def __init__(self, day: BaseAdapter, night: BaseAdapter, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.day, self.night, self.clock = day, night, clock

    def send(self, request: requests.PreparedRequest, **how: Any) -> requests.Response:  # type: ignore[override]
        """Send, once the hour's limit allows it."""
        adapter = self.day if is_day(self.clock()) else self.night
        return adapter.send(request, **how)

    def close(self) -> None:
        """Close both."""
        self.day.close()
        self.night.close()


def _now() -> datetime:
    return datetime.now(timezone.utc)


def time_of_day_session(
    api_url: str, user_agent: str, clock: Callable[[], datetime] = _now, *, quota: Quota | None = None
) -> requests.Session:
    """Return a session that keeps to the limit of the hour."""
    session = rate_limited_session(api_url, BY_DAY, user_agent, quota=quota)
    night = rate_limited_session(api_url, BY_NIGHT, user_agent, quota=quota)
    origin = urlsplit(api_url)
    adapter = TimeOfDayAdapter(session.get_adapter(api_url), night.get_adapter(api_url), clock)
    session.mount(f"{origin.scheme}://{origin.netloc}", adapter)
    return session
