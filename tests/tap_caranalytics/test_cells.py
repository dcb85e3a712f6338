"""The grid: every moment in one cell and one part, whatever the settings and the state; never too many buckets."""

from datetime import datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tap_caranalytics.cells import DAY, MILLISECOND, MOST_BUCKETS, Grid, Part, Span
from tap_caranalytics.tap import INTERVALS

moments = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001
grids = st.builds(
    Grid, st.integers(1, 40), st.none() | st.sampled_from(INTERVALS).map(lambda ms: timedelta(milliseconds=ms))
)


def asked(part: Part) -> tuple[int, int]:
    """Return the first and the last millisecond that the vendor is asked for."""
    edges = part.span.edges
    return edges["startTime"], edges["endTime"]


@given(st.integers(1, 40), moments, st.timedeltas(timedelta(0), 400 * DAY))
def test_parts_follow_each_other_without_gap_or_overlap(days: int, start: datetime, length: timedelta) -> None:
    grid, now = Grid(days), (start + length + DAY).replace(microsecond=0) + MILLISECOND
    edges = [asked(part) for cell in grid.cells(start, now) for part in grid.parts(cell, now)]
    assert edges[0][0] <= start.timestamp() * 1000 <= edges[0][1] + 1
    assert all(end + 1 == following for (_, end), (following, _) in pairwise(edges))
    assert edges[-1][1] == int(now.timestamp() * 1000) - 1


@settings(deadline=None)
@given(grids, moments, st.floats(0, 100))
def test_a_cell_is_the_same_whenever_it_is_read(grid: Grid, moment: datetime, days: float) -> None:
    cell = grid.cell_of(moment)
    assert cell.start <= moment < cell.end
    assert grid.cell_of(cell.start) == grid.cell_of(cell.end - MILLISECOND) == cell
    found = [other for other in grid.cells(moment - days * DAY, moment + MILLISECOND) if other.start <= moment]
    assert found[-1] == cell


@given(grids, moments, st.integers(0, 400))
def test_lookback_is_whole_cells_and_enough(grid: Grid, bookmark: datetime, days: int) -> None:
    first = grid.before(bookmark, days * DAY)
    assert grid.cell_of(first).start == first
    assert first <= bookmark - days * DAY < first + 2 * grid.size


@given(st.integers(1, 40), st.sampled_from(INTERVALS), moments, st.floats(0, 80))
def test_buckets(days: int, interval: int, moment: datetime, since: float) -> None:
    bucket = timedelta(milliseconds=interval)
    grid = Grid(days, bucket)
    cell = grid.cell_of(moment)
    now = cell.start + since * DAY
    parts = grid.parts(cell, now)
    reach = cell.start
    for part in parts:
        assert part.span.start == reach
        assert timedelta(0) < part.span.end - part.span.start <= MOST_BUCKETS * bucket
        assert not (part.span.end - part.span.start) % bucket
        reach = part.span.end
    assert min(cell.end, now) - bucket < reach <= min(cell.end, now)
    assert [part.first for part in parts] == [index == 0 for index in range(len(parts))]
    assert [part.last for part in parts] == [index == len(parts) - 1 for index in range(len(parts))]


@settings(max_examples=30, deadline=None)
@given(grids, moments)
def test_halves_are_the_whole(grid: Grid, moment: datetime) -> None:
    cell = grid.cell_of(moment)
    for part in grid.parts(cell, cell.end):
        line, whole = [part], []
        while line:
            first = line.pop(0)
            halves = first.halves(grid.bucket)
            if halves:
                line[:0] = halves
            else:
                whole.append(first)
        assert whole[0].span.start == part.span.start
        assert whole[-1].span.end == part.span.end
        assert all(one.span.end == other.span.start for one, other in pairwise(whole))
        assert [half.first for half in whole] == [part.first, *[False] * (len(whole) - 1)]
        assert [half.last for half in whole] == [*[False] * (len(whole) - 1), part.last]
        assert len(whole) == 1 or all(half.cell == cell for half in whole)


def test_a_day_ends_a_millisecond_before_the_next() -> None:
    day = Span(datetime(2026, 3, 1, tzinfo=timezone.utc), datetime(2026, 3, 2, tzinfo=timezone.utc))
    assert day.edges == {"startTime": 1772323200000, "endTime": 1772409599999}
    assert str(day) == "2026-03-01 to 2026-03-02"
