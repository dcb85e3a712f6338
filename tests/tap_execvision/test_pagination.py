"""The way through a feed, stepped by hand against a model of the vendor: all rows, or an error, never a gap."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_execvision.base.http import RefusedError
from tap_execvision.pages import Feed, FeedRequest, Page, new_rows
from tap_execvision.pagination import StalledError

from tests.tap_execvision.model import BEGIN, MINUTE, NOW, Model, at, models, shown

EXAMPLES = settings(max_examples=60)
TOUCHES = st.lists(st.tuples(st.integers(0, 500), st.sampled_from(["modified", "out of sight", "deleted"])), max_size=4)


def assert_whole(model: Model, limit: int) -> None:
    """Hold the property: what no touch has moved is out, or the run ends in an error that names feed and minute."""
    try:
        rows, _ = model.read(limit)
    except StalledError as stalled:
        message = str(stalled)
    else:
        assert not model.kept() - Counter(map(shown, rows))
        return
    assert "/feed, minute 20" in message


def assert_exact(model: Model, limit: int) -> None:
    """Hold more: every row as often as it is there, and no error."""
    rows, _ = model.read(limit)
    assert Counter(map(shown, rows)) == model.kept()


def requests_needed(rows: int, page: int) -> int:
    return max(1, -(-rows // page))


@EXAMPLES
@given(models(shows=True), st.integers(21, 40))
def test_every_row_once_in_few_requests(model: Model, limit: int) -> None:
    assert_exact(model, limit)
    assert len(model.requests) <= 2 * requests_needed(len(model.rows), limit) + 3


@EXAMPLES
@given(models(gaps=("sparse", "dense", "crowded")), st.integers(21, 60))
def test_crowds_anywhere(model: Model, limit: int) -> None:
    assert_whole(model, limit)


@EXAMPLES
@given(models(gaps=("sparse", "dense", "crowded")), st.sampled_from([25, 30, 50]), st.integers(50, 120))
def test_a_limit_that_is_cut_silently(model: Model, most: int, limit: int) -> None:
    model.most = most
    assert_whole(model, limit)


@EXAMPLES
@given(models(gaps=("sparse", "dense"), exclusive=True), st.integers(21, 60))
def test_since_is_exclusive(model: Model, limit: int) -> None:
    assert_whole(model, limit)


@EXAMPLES
@given(models(gaps=("sparse", "dense")), st.sampled_from([-5, -4, 4, 5]), st.integers(21, 60))
def test_since_is_read_in_another_zone(model: Model, hours: int, limit: int) -> None:
    model.shift = timedelta(hours=hours)
    assert_whole(model, limit)


@EXAMPLES
@given(models(gaps=("dense",), paged_by_id=True), st.integers(21, 60))
def test_ordered_by_id(model: Model, limit: int) -> None:
    model.order = "id"
    assert_whole(model, limit)


@EXAMPLES
@given(models(gaps=("dense", "crowded"), ties="any"), st.integers(21, 60))
def test_rows_of_an_instant_in_any_order(model: Model, limit: int) -> None:
    assert_whole(model, limit)


@EXAMPLES
@given(models(gaps=("sparse", "dense"), coarse="minute"), st.integers(21, 60))
def test_times_that_are_coarse(model: Model, limit: int) -> None:
    assert_whole(model, limit)


@EXAMPLES
@given(models(gaps=("sparse", "dense"), paged_by_id=False, shows=False), st.integers(40, 60))
def test_equal_rows_without_the_feeds_time(model: Model, limit: int) -> None:
    assert_whole(model, limit)


@EXAMPLES
@given(models(gaps=("sparse", "dense")), TOUCHES, st.integers(21, 60))
def test_rows_that_are_touched_while_reading(model: Model, touches: list[tuple[int, str]], limit: int) -> None:
    model.touches = touches
    assert_whole(model, limit)


@EXAMPLES
@given(models(gaps=("sparse", "dense")), st.integers(21, 60))
def test_a_later_run_goes_on_from_the_bookmark(model: Model, limit: int) -> None:
    try:
        _, bookmark = model.read(limit)
    except StalledError:
        return
    model.requests.clear()
    kept = model.kept(bookmark)
    rows, later = model.read(limit, bookmark)
    assert not kept - Counter(map(shown, rows))
    assert later >= bookmark.replace(second=0, microsecond=0) - timedelta(days=1)


@pytest.mark.parametrize("most", [50, 200, 250, 500])
@pytest.mark.parametrize("by_id", [False, True])
def test_a_crowded_minute_at_the_very_beginning(most: int, by_id: bool) -> None:
    rows = [at(30, **({"id": f"{number:04}"} if by_id else {"value": number})) for number in range(900)]
    model = Model(rows, most=most, paged_by_id=by_id)
    if by_id:
        assert_exact(model, 1000)
    else:
        with pytest.raises(StalledError, match="/feed, minute 2026-03-01T12:00Z"):
            model.read(1000)


@pytest.mark.parametrize("limit", [100, 1000])
@pytest.mark.parametrize("others", [-90_000_000, -7200, 7200])
def test_exactly_a_page_in_one_minute_is_no_stall(limit: int, others: int) -> None:
    crowd = [at(30 + number / 1000, value=number) for number in range(100)]
    model = Model([*crowd, *(at(others + 200 * number, value=-number) for number in range(1, 30))], paged_by_id=False)
    rows, _ = model.read(limit)
    assert not model.kept() - Counter(map(shown, rows))


def test_a_hundred_rows_in_one_minute_and_no_others_may_be_a_cut_page() -> None:
    model = Model([at(30 + number / 1000, value=number) for number in range(100)], paged_by_id=False)
    with pytest.raises(StalledError, match="/feed, minute 2026-03-01T12:00Z"):
        model.read(1000)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_equal_rows_on_neighbouring_pages(count: int) -> None:
    rows = [at(20 * number, value=number // count) for number in range(1500)]
    for number, row in enumerate(rows):
        row["t"] = BEGIN.date().isoformat()
        row["value"] = number % 3 if number % 100 > 95 or number % 100 < 4 else number
    assert_whole(Model(rows, paged_by_id=False, shows=False), 100)


def test_a_refused_limit_is_tried_lower() -> None:
    model = Model([at(100 * number, value=number) for number in range(300)], most=100, above_most="refused")
    model.requests.append(FeedRequest(BEGIN, 100))  # a refusal is not the model's first answer
    assert_exact(model, 1000)


def test_a_limit_that_is_refused_at_any_size_is_refused() -> None:
    model = Model([at(100 * number, value=number) for number in range(300)], most=10, above_most="refused")
    model.requests.append(FeedRequest(BEGIN, 100))
    with pytest.raises(RefusedError, match="limit"):
        model.read(1000)


def test_newest_first_is_refused_where_rows_are_out_of_reach() -> None:
    rows = [at(100 * number, value=number) for number in range(300)]
    with pytest.raises(StalledError, match="newest rows first"):
        Model(rows, order="newest first", paged_by_id=False).read(100)


def test_a_stalled_minute_can_be_skipped() -> None:
    crowd = [at(1000, value=number) for number in range(300)]
    others = [at(100 * number, value=1000 + number) for number in range(60) if number != 10]
    model = Model([*crowd, *others], paged_by_id=False, most=100)
    rows, _ = model.read(100, skip=True)
    found = Counter(map(shown, rows))
    assert not Counter(map(shown, others)) - found
    assert found.total() < 360


def test_the_bookmark_is_never_now_where_no_time_is_shown() -> None:
    rows: list[dict[str, Any]] = [{"k": BEGIN + timedelta(hours=number), "id": f"{number:03}"} for number in range(50)]
    for row in rows:
        row["t"] = BEGIN.isoformat()
    _, bookmark = Model(rows, shows=False).read(100)
    assert bookmark <= max(row["k"] for row in rows) < NOW


def pages(*values: str) -> list[Page]:
    feed = Feed("/feed", "missing")
    return [Page([{"value": value} for value in text], feed, FeedRequest(BEGIN, 100)) for text in values]


@pytest.mark.parametrize(
    ("out", "page", "new"),
    [
        ("abcdefgh", "ghij", "ij"),
        ("abcdefgh", "gh", ""),
        ("abcdefgh", "hgij", "ij"),  # rows of a moment come in any order
        ("abcdefgh", "ij", None),  # nothing shows that they join
        ("abcdefgh", "ghgij", "gij"),  # two equal rows are two
        ("abcdefgh", "fgij", None),  # the end of what is out is missing
        ("aaaaaaaa", "aaaa", None),  # equal rows prove nothing
        ("abcdefgh", "", None),
    ],
)
def test_two_pages_join_only_where_the_second_begins_with_the_first_ones_end(
    out: str, page: str, new: str | None
) -> None:
    first, second = pages(out, page)
    found = new_rows(first, second)
    assert (None if found is None else "".join(row["value"] for row in found)) == new


def test_a_minute_is_asked_for_again_with_every_page() -> None:
    model = Model([at(MINUTE.total_seconds() * number / 7, value=number) for number in range(70)], paged_by_id=False)
    assert_exact(model, 30)
    assert all(request.since.second == 0 for request in model.requests)
