"""No moment falls between two windows, whatever the vendor means by a day, and no request is wasted."""

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st
from tap_maestroqa.windows import Window, span, windows

moments = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001
DAYS = st.integers(1, 89)


def returned(window: Window, moment: datetime, utc_offset: int, *, inclusive: bool) -> bool:
    """Tell whether the vendor would return what was created at this moment, by one reading of its article."""
    day = (moment + timedelta(hours=utc_offset)).date()
    return window.start <= day and (day <= window.end if inclusive else day < window.end)


@given(st.tuples(moments, moments), st.floats(0, 1), st.integers(-12, 14), st.booleans(), DAYS)
def test_every_moment_is_in_a_window(
    ends: tuple[datetime, datetime], share: float, utc_offset: int, inclusive: bool, days: int
) -> None:
    start, end = sorted(ends)
    moment = start + share * (end - start)
    found = windows(span(start, end), days)
    hits = [window for window in found if returned(window, moment, utc_offset, inclusive=inclusive)]
    assert 1 <= len(hits) <= 1 + inclusive


@given(moments, moments, DAYS)
def test_few_requests_and_none_too_long(one: datetime, other: datetime, days: int) -> None:
    start, end = sorted((one, other))
    found = windows(span(start, end), days)
    assert all(0 < (window.end - window.start).days <= days for window in found)
    fewest = -(-((end - start).days + 1) // days)
    assert len(found) <= fewest + -(-3 // days)


@given(moments, moments, st.integers(-12, 14), moments)
def test_what_surely_lies_in_a_window_is_returned(
    one: datetime, other: datetime, utc_offset: int, moment: datetime
) -> None:
    window = span(*sorted((one, other)))
    since, until = (datetime.fromisoformat(edge.replace("Z", "+00:00")) for edge in window.surely)
    if since <= moment < until:
        assert returned(window, moment, utc_offset, inclusive=False)
