"""No moment falls outside the days that are asked for, whatever the vendor means by a day."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from tap_maestroqa.windows import Window, days_between, last_day_over

moments = st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001
ZONES = st.integers(-12, 14)


def is_returned(window: Window, moment: datetime, utc_offset: int, *, inclusive: bool) -> bool:
    """Tell whether the vendor would return what was created at this moment, by one reading of its article."""
    day = (moment + timedelta(hours=utc_offset)).date()
    return window.start <= day and (day <= window.end if inclusive else day < window.end)


@given(moments, moments, ZONES, moments, st.booleans())
def test_every_moment_is_asked_for(
    one: datetime, other: datetime, utc_offset: int, moment: datetime, inclusive: bool
) -> None:
    start, end = sorted((one, other))
    if start <= moment <= end:
        assert is_returned(days_between(start, end), moment, utc_offset, inclusive=inclusive)


@given(moments, moments, ZONES, moments)
def test_what_certainly_lies_in_a_window_is_returned(
    one: datetime, other: datetime, utc_offset: int, moment: datetime
) -> None:
    window = days_between(*sorted((one, other)))
    since, until = (datetime.fromisoformat(edge.replace("Z", "+00:00")) for edge in window.certain_bounds)
    if since <= moment < until:
        assert is_returned(window, moment, utc_offset, inclusive=False)


@given(moments, ZONES)
def test_a_day_that_is_over_is_over_everywhere(now: datetime, utc_offset: int) -> None:
    today = (now + timedelta(hours=utc_offset)).date()
    assert today - timedelta(days=3) <= last_day_over(now) < today


def test_the_calendar_has_edges() -> None:
    first, last = (datetime.min.replace(tzinfo=timezone.utc), datetime.max.replace(tzinfo=timezone.utc))
    assert days_between(first, last) == Window(first.date(), last.date())
    assert days_between(first, last).certain_bounds < ("0001-01-01T12:00:00.000001Z", "9999-12-31T00:00:00.000000Z")
