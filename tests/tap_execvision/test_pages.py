"""The one question that all paging rests on: does this page join what is out, and what in it is new?"""

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from tap_execvision.pages import Feed, FeedRequest, Page, new_rows

BEGIN = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
TIMED, UNTIMED = Feed("/feed", "t"), Feed("/feed", "missing")


def page(*rows: dict[str, Any], feed: Feed = TIMED) -> Page:
    return Page(list(rows), feed, FeedRequest(BEGIN, 100))


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"n": number, "t": (BEGIN + timedelta(seconds=number)).isoformat(), **more}


@pytest.mark.parametrize("feed", [TIMED, UNTIMED])
def test_pages_that_share_rows_join_and_bring_the_rest(feed: Feed) -> None:
    out = page(*map(row, range(40)), feed=feed)
    assert new_rows(out, page(*map(row, range(20, 60)), feed=feed)) == [*map(row, range(40, 60))]
    assert new_rows(out, page(*map(row, range(20, 40)), feed=feed)) == []


@pytest.mark.parametrize("feed", [TIMED, UNTIMED])
def test_a_page_that_begins_behind_all_that_is_out_does_not_join(feed: Feed) -> None:
    out = page(*map(row, range(40)), feed=feed)
    assert new_rows(out, page(*map(row, range(40, 80)), feed=feed)) is None
    assert new_rows(out, page(feed=feed)) is None
    # Nor does one that begins amid what is out, but has none of it.
    assert new_rows(out, page(row(30, of="another kind"), *map(row, range(40, 80)), feed=feed)) is None


def test_equal_rows_are_as_many_as_they_are() -> None:
    out = page(*map(row, range(20)), row(20), row(20))
    assert new_rows(out, page(row(19), row(20), row(20), row(20), row(21))) == [row(20), row(21)]


def test_a_row_that_had_left_its_page_and_comes_again_is_not_new() -> None:
    out = page(*map(row, range(20)))
    gone = page(row(19, of="another order"))
    out.left = Counter(gone.fingerprints)
    found = new_rows(out, page(row(18), row(19), row(19, of="another order"), row(20)))
    assert found == [row(20)]


def test_a_new_row_that_looks_like_an_old_one_is_new_also_where_ties_come_in_any_order() -> None:
    # The page that is out was cut within a tie, whose other row equals one before.
    tied = [row(25, of="a tie"), row(26, of="a tie")]
    out = page(*map(row, range(20)), row(4), *map(row, range(20, 25)), *tied, feed=UNTIMED)
    assert new_rows(out, page(*map(row, range(20, 25)), row(4), *tied, row(30), feed=UNTIMED)) is None
    # In another order, but from the same row on.
    following = page(row(4), *map(row, range(20, 25)), *tied[::-1], row(30), feed=UNTIMED)
    assert new_rows(out, following) == [row(30)]


def test_from_when_on_a_page_would_share_enough_rows() -> None:
    def starts(*rows: dict[str, Any]) -> list[datetime]:
        found = page(*rows, feed=Feed("/feed", "missing", ("t", timedelta())))
        return [*found.overlap_starts(BEGIN + timedelta(seconds=34))]

    twice = [row(number) for number in range(30, 35) for _ in range(2)]
    # Ten different ones, and ten that have no equal; what is later than the newest that counts does not.
    different, single = (BEGIN + timedelta(seconds=number) for number in (25, 20))
    assert starts(*map(row, range(30)), *twice, row(40)) == [different, single]
    # Where there are too few of both, ten rows; of a short page, all.
    assert starts(*(row(number) for number in range(6) for _ in range(2))) == [BEGIN + timedelta(seconds=1)]
    assert starts(*map(row, range(5))) == [BEGIN]
