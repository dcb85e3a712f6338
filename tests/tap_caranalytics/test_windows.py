"""The grid: every moment in one window and one part, whatever the settings and the state; never too many buckets."""

from datetime import datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tap_caranalytics.tap import INTERVALS
from tap_caranalytics.windows import DAY, EPOCH, MAX_BUCKETS, MILLISECOND, Grid, Window, WindowPart

moments = st.datetimes(datetime(1971, 1, 1), datetime(2035, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001
grids = st.builds(
    Grid, st.integers(1, 366), st.none() | st.sampled_from(INTERVALS).map(lambda ms: timedelta(milliseconds=ms))
)


def asked(part: WindowPart) -> tuple[int, int]:
    """Return the first and the last millisecond that the vendor is asked for."""
    edges = part.span.edges
    return edges["startTime"], edges["endTime"]


@given(st.integers(1, 40), moments, st.timedeltas(timedelta(0), 400 * DAY))
def test_parts_follow_each_other_without_gap_or_overlap(days: int, start: datetime, length: timedelta) -> None:
    grid, now = Grid(days), (start + length + DAY).replace(microsecond=0) + MILLISECOND
    windows = list(grid.windows(start, now))
    assert len(windows) == grid.count(start, now)
    edges = [asked(part) for window in windows for part in grid.parts(window, now)]
    assert edges[0][0] <= (start - EPOCH) / MILLISECOND <= edges[0][1] + 1
    assert all(end + 1 == following for (_, end), (following, _) in pairwise(edges))
    assert edges[-1][1] == (now - EPOCH) // MILLISECOND - 1


@given(grids, moments, st.floats(0, 100))
def test_a_window_is_the_same_whenever_it_is_read(grid: Grid, moment: datetime, days: float) -> None:
    window = grid.window_of(moment)
    assert window.start <= moment < window.end
    assert grid.window_of(window.start) == grid.window_of(window.end - MILLISECOND) == window
    found = [other for other in grid.windows(moment - days * DAY, moment + MILLISECOND) if other.start <= moment]
    assert found[-1] == window


@given(grids, moments, st.integers(0, 400))
def test_lookback_is_whole_windows_and_enough(grid: Grid, bookmark: datetime, days: int) -> None:
    first = grid.before(bookmark, days * DAY)
    assert grid.window_of(first).start == first
    assert first <= bookmark - days * DAY < first + 2 * grid.size


@given(st.integers(1, 40), st.sampled_from(INTERVALS), moments, st.floats(0, 80))
def test_buckets(days: int, interval: int, moment: datetime, since: float) -> None:
    bucket = timedelta(milliseconds=interval)
    grid = Grid(days, bucket)
    window = grid.window_of(moment)
    now = window.start + since * DAY
    parts = grid.parts(window, now)
    reach = window.start
    for part in parts:
        assert part.span.start == reach
        assert timedelta(0) < part.span.end - part.span.start <= MAX_BUCKETS * bucket
        assert not (part.span.end - part.span.start) % bucket
        reach = part.span.end
    assert min(window.end, now) - bucket < reach <= min(window.end, now)
    assert [part.is_last for part in parts] == [index == len(parts) - 1 for index in range(len(parts))]


@settings(max_examples=20)
@given(st.builds(Grid, st.integers(1, 3), st.none() | st.just(timedelta(hours=1))), moments)
def test_halves_are_the_whole(grid: Grid, moment: datetime) -> None:
    window = grid.window_of(moment)
    for part in grid.parts(window, window.end):
        queue, whole = [part], []
        while queue:
            first = queue.pop(0)
            if halves := first.halves(grid.bucket):
                queue[:0] = halves
            else:
                whole.append(first)
        assert whole[0].span.start == part.span.start
        assert whole[-1].span.end == part.span.end
        assert all(one.span.end == other.span.start for one, other in pairwise(whole))
        assert [half.is_last for half in whole] == [*[False] * (len(whole) - 1), part.is_last]
        assert all(half.window == window for half in whole)


def test_nothing_is_asked_of_a_window_that_is_still_to_come() -> None:
    for grid in (Grid(1), Grid(1, timedelta(hours=1))):
        window = grid.window_of(datetime(2026, 3, 1, tzinfo=timezone.utc))
        assert grid.parts(window, window.start) == grid.parts(window, window.start - DAY) == []


def test_a_day_ends_a_millisecond_before_the_next() -> None:
    day = Window(datetime(2026, 3, 1, tzinfo=timezone.utc), datetime(2026, 3, 2, tzinfo=timezone.utc))
    assert day.edges == {"startTime": 1772323200000, "endTime": 1772409599999}
    # The end of a day that a setting names is its last microsecond.
    assert Window(day.start, day.end - timedelta(microseconds=1)).edges == day.edges


def test_windows_and_parts_are_written_as_dates() -> None:
    day = Window(datetime(2026, 3, 1, tzinfo=timezone.utc), datetime(2026, 3, 2, tzinfo=timezone.utc))
    assert f"{day}" == f"{WindowPart(day, day)}" == "2026-03-01 to 2026-03-02"
    assert f"{WindowPart(day, day).halves()[0]}" == "2026-03-01 to 2026-03-01 12:00"
