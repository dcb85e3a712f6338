"""The paginator, stepped by hand against models of the vendor: every day is read, or the vendor's refusal is shown."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from io import BytesIO
from itertools import pairwise
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_maestroqa.base.http import RefusedError
from tap_maestroqa.pagination import WindowPaginator
from tap_maestroqa.windows import Window

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
TODAY = NOW.date()
DAY = timedelta(days=1)


@dataclass
class Vendor:
    """Accepts so many days at once, up to this day."""

    max_days: int = 90
    last_day: date = date.max
    status: int = 400
    asked: list[Window] = field(default_factory=list)

    def __call__(self, window: Window) -> IO[bytes] | RefusedError:
        self.asked.append(window)
        assert window.start < window.end
        if window.length > self.max_days or window.end > self.last_day:
            return RefusedError(f"HTTP {self.status}", self.status, "")
        return BytesIO(b"[]")


def windows(paginator: WindowPaginator, vendor: Callable[[Window], IO[bytes] | RefusedError]) -> list[Window]:
    """Step the paginator to its end, and return the windows that it read."""
    read: list[Window] = []
    while not paginator.finished:
        paginator.advance(vendor(paginator.current_value))
        read += [batch.bookmark for batch in paginator.take()]
    return read


def day(offset: int) -> date:
    return TODAY + offset * DAY


days = st.tuples(st.integers(-800, 5), st.integers(1, 800)).map(lambda pair: Window(day(pair[0]), day(sum(pair))))


@given(days, st.integers(1, 89), st.integers(1, 90), st.none() | st.integers(-2, 400))
def test_every_day_that_the_vendor_answers_for_is_read(
    whole: Window, window_days: int, max_days: int, last_day: int | None
) -> None:
    vendor = Vendor(max_days, date.max if last_day is None else day(last_day))
    read = windows(WindowPaginator(whole, window_days, NOW), vendor)
    end = min(whole.end, vendor.last_day)
    if not read:
        # There is nothing that could have been read: the vendor answers for days that are over only.
        assert end <= whole.start
        return
    assert read[0].start == whole.start
    assert all(one.end == other.start for one, other in pairwise(read))
    # A day or two may be left to a later run, where the vendor's clock and ours do not agree on what today is.
    assert min(end, day(-1)) <= read[-1].end <= end or read[-1].end == end
    longest = min(window_days, max_days)
    assert len(vendor.asked) <= 2 * whole.length // longest + 30


def test_as_few_requests_as_can_be() -> None:
    vendor = Vendor()
    read = windows(WindowPaginator(Window(day(-800), day(2)), 89, NOW), vendor)
    assert vendor.asked == read
    assert len(read) == -(-802 // 89)


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_shorter_maximum_is_found_once(status: int, caplog: pytest.LogCaptureFixture) -> None:
    vendor = Vendor(max_days=30, status=status)
    read = windows(WindowPaginator(Window(day(-800), day(300)), 89, NOW), vendor)
    assert read[-1].end == day(300)
    assert len(vendor.asked) - len(read) == 2
    assert "refuses 89 days at once" in caplog.text
    assert "going on with 22" in caplog.text


@pytest.mark.parametrize("last_day", [1, 0, -1])
@pytest.mark.parametrize("start", [-400, -30, -1])
def test_a_vendor_that_does_not_answer_for_days_to_come(
    start: int, last_day: int, caplog: pytest.LogCaptureFixture
) -> None:
    vendor = Vendor(last_day=day(last_day))
    read = windows(WindowPaginator(Window(day(start), day(365)), 89, NOW), vendor)
    assert (read[-1].end if read else day(start)) == day(last_day)
    assert len(vendor.asked) - len(read) <= 10
    assert f"does not answer for days after {day(last_day)} yet" in caplog.text
    assert "at once" not in caplog.text


def test_what_is_refused_in_the_past_stops_the_run() -> None:
    vendor = Vendor()

    def refuses_a_week(window: Window) -> IO[bytes] | RefusedError:
        if window.start < day(-100) < window.end or window.start == day(-100):
            vendor.asked.append(window)
            return RefusedError("the first refusal" if len(vendor.asked) == 3 else "another", 400, "")
        return vendor(window)

    paginator = WindowPaginator(Window(day(-278), day(1)), 89, NOW)
    with pytest.raises(RefusedError, match="the first refusal"):
        windows(paginator, refuses_a_week)


def test_what_is_refused_everywhere_is_the_vendors_refusal() -> None:
    for start in (-400, 0, 100):
        vendor = Vendor(max_days=0)
        with pytest.raises(RefusedError):
            windows(WindowPaginator(Window(day(start), day(start + 100)), 89, NOW), vendor)
        assert len(vendor.asked) <= 12


@pytest.mark.parametrize("status", [401, 403, 404, 302])
def test_other_refusals_are_no_question_of_days(status: int) -> None:
    vendor = Vendor(max_days=0, status=status)
    with pytest.raises(RefusedError):
        windows(WindowPaginator(Window(day(-400), day(1)), 89, NOW), vendor)
    assert len(vendor.asked) == 1
