"""The vendor's limits, by New York's clock."""

from datetime import datetime, timedelta, timezone

import pytest
import requests
from requests.adapters import BaseAdapter
from sandbox.server import Sandbox
from sandbox.vendor import Limit
from tap_execvision.rate_limits import BY_DAY, BY_NIGHT, TimeOfDayAdapter, is_day, time_of_day_session


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-01-15T10:58:00+00:00", False),  # 05:58 in winter
        ("2026-01-15T11:00:00+00:00", True),
        ("2026-01-16T01:59:00+00:00", True),
        ("2026-01-16T02:02:00+00:00", False),
        ("2026-07-15T09:58:00+00:00", False),  # 05:58 in summer
        ("2026-07-15T10:00:00+00:00", True),
        ("2026-07-16T00:59:00+00:00", True),
        ("2026-07-16T01:02:00+00:00", False),
    ],
)
def test_day_and_night(moment: str, day: bool) -> None:
    assert is_day(datetime.fromisoformat(moment)) is day


def test_the_pace_is_the_documented_one() -> None:
    assert [(rate.limit, rate.interval) for rate in (*BY_DAY, *BY_NIGHT)] == [(5, 1050), (25, 1050)]


def test_a_long_run_changes_pace_on_the_way() -> None:
    used: list[str] = []

    class Adapter(BaseAdapter):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def send(self, *_: object, **__: object) -> requests.Response:
            used.append(self.name)
            return requests.Response()

    now = datetime(2026, 3, 7, 10, tzinfo=timezone.utc)
    clock = iter(now + timedelta(hours=6 * step) for step in range(6))
    adapter = TimeOfDayAdapter(Adapter("day"), Adapter("night"), lambda: next(clock))
    for _ in range(6):
        adapter.send(requests.PreparedRequest())
    assert used == ["night", "day", "day", "night", "day", "day"]


@pytest.mark.parametrize(("hour", "fastest"), [(15, 5), (5, 25)])
def test_requests_wait_for_their_turn(hour: int, fastest: int, sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    moment = datetime(2026, 1, 15, hour, tzinfo=timezone.utc)
    vendor.clock, vendor.by_day, vendor.by_night = (lambda: moment), Limit(5, 1), Limit(25, 1)
    url = f"{sandbox.url}/execvision/api/ev/2"
    session = time_of_day_session(url, "a test", lambda: moment)
    for _ in range(fastest + 2):
        assert session.get(f"{url}/check", auth=(vendor.username, vendor.password)).ok
    times = [seen.at for seen in vendor.seen]
    assert vendor.rate_limited == 0
    assert times[fastest] - times[0] > 1
