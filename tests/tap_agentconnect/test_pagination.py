"""No row is lost between pages, whatever the vendor means by `after` and however it cuts its pages."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_agentconnect.base.http import TapError
from tap_agentconnect.pagination import (
    IDS_PER_SECOND,
    LATE_PAGES,
    MAX_AHEAD,
    MAX_TRIES,
    QUIET_PAGES,
    QUIET_PAGES_WITHOUT_TIME,
    FeedPage,
    FeedRequest,
    SequencePaginator,
    start_after,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_agentconnect.base.pagination import Batch
    from tap_agentconnect.keys import Row

START = 1_700_000_000 * IDS_PER_SECOND
MINUTE = 60 * IDS_PER_SECOND
YEARS_AHEAD = START + 10 * 365 * 24 * 3600 * IDS_PER_SECOND


@dataclass
class Feed:
    """A model of a feed, with the readings of its document."""

    ids: list[int]
    inclusive: bool = False
    # How many rows a page has at most, and how many bytes.
    most: int = 1000
    most_bytes: int = 10**9
    sizes: list[int] = field(default_factory=lambda: [100])
    # Whether equal ids come in another order each time, and whether a page may be shorter than it could be.
    shuffles: bool = True
    ragged: bool = False
    # What happens before each answer: a row touched, deleted or added, or several added.
    events: list[str] = field(default_factory=list)
    forever: str = ""
    start: int = START

    def __post_init__(self) -> None:
        self.chance = Random(0)
        self.rows: dict[str, Row] = {
            str(n): {"uuid": str(n), "sequence_id": number, "version": 0} for n, number in enumerate(self.ids)
        }
        self.asked, self.top = 0, max(self.ids, default=0)

    def answer(self, request: FeedRequest) -> FeedPage:
        self.asked += 1
        assert self.asked < 5000, "an endless loop"
        if request.is_bounded:
            for _ in range(int(self.forever or 0)):
                self._happen("add")
            self._happen(self.events.pop() if self.events else "")
        due = [row for row in self.rows.values() if row["sequence_id"] > request.after - self.inclusive]
        if self.shuffles:
            self.chance.shuffle(due)
        due.sort(key=lambda row: row["sequence_id"])
        page: list[Row] = []
        size = 0
        for row in due[: max(self.most, 1000) if request.is_large and self.most == 2 else self.most]:
            size += self.sizes[int(row["uuid"].removeprefix("new")) % len(self.sizes)]
            if page and size > self.most_bytes:
                break
            page.append(dict(row))
        if self.ragged:
            page = page[: self.chance.randint(2, max(2, len(page)))]
        size = sum(self.sizes[int(row["uuid"].removeprefix("new")) % len(self.sizes)] for row in page)
        return FeedPage(page, size, self.start)

    def _happen(self, event: str) -> None:
        self.top = top = self.top + 1
        name = self.chance.choice(list(self.rows)) if self.rows else ""
        if event == "touch" and name:
            self.rows[name] = {**self.rows[name], "sequence_id": top, "version": self.rows[name]["version"] + 1}
        elif event == "delete" and name:
            del self.rows[name]
        elif event == "add":
            self.rows[f"new{top}"] = {"uuid": f"new{top}", "sequence_id": top, "version": 0}

    def is_out(self, sent: list[Row]) -> bool:
        """Tell whether all is out; only what comes after the run's start may wait for the next, at the end."""
        newest = {row["uuid"]: row["version"] for row in sent}
        missing = [row["sequence_id"] for uuid, row in self.rows.items() if newest.get(uuid) != row["version"]]
        ahead = self.start + MAX_AHEAD
        last = max([self.start + 1, *(row["sequence_id"] for row in sent if row["sequence_id"] <= ahead)])
        return all(last <= number <= ahead or number > max(self.ids, default=0) for number in missing)


def batches(paginator: SequencePaginator, answer: Callable[[FeedRequest], FeedPage]) -> Iterator[Batch]:
    """Step a paginator by hand."""
    yield from paginator.take()
    while not paginator.finished:
        paginator.advance(answer(paginator.current_value))
        yield from paginator.take()


def read(feed: Feed, after: int = 0, overlap: int = 0) -> list[Row]:
    """Read a feed; whatever is out, no bookmark may be ahead of it, or of the run's start."""
    sent: list[Row] = []
    for batch in batches(SequencePaginator(after, overlap), feed.answer):
        sent += batch.rows
        if batch.bookmark is not None:
            assert batch.bookmark <= feed.start
            assert batch.bookmark in {row["sequence_id"] for row in sent}
    return sent


EVENTS = st.lists(st.sampled_from(["", "", "touch", "delete", "add"]), max_size=8)


@st.composite
def feeds(draw: st.DrawFn, /, tied: int, **fields: Any) -> Feed:
    """Draw a feed in which at most so many rows share an id; some of its ids may lie years ahead."""
    groups = draw(st.lists(st.integers(1, tied), max_size=12))
    gaps = draw(st.lists(st.integers(1, 3), min_size=len(groups), max_size=len(groups)))
    base = draw(st.sampled_from([0, START - 30 * IDS_PER_SECOND, START]))
    jump = draw(st.integers(0, 2 * len(groups)))
    ids: list[int] = []
    for number, (size, gap) in enumerate(zip(groups, gaps, strict=True)):
        base = max(base, YEARS_AHEAD) if number == jump else base
        base += gap
        ids += [base] * size
    return Feed(ids, draw(st.booleans()), **fields)


@settings(max_examples=100)
@given(st.integers(1, 4).flatmap(feeds), EVENTS, st.integers(1, 4), st.sampled_from([0, MINUTE]))
def test_every_newest_version_is_out(feed: Feed, events: list[str], room: int, overlap: int) -> None:
    # Twice the place that a group needs, so that none looks cut, and place for the one before an inclusive `after`.
    feed.most, feed.events = 2 * max(Counter(feed.ids).values(), default=1) + room, events
    assert feed.is_out(read(feed, overlap=overlap))


@settings(max_examples=150)
@given(feeds(6), st.integers(2, 7), st.booleans())
def test_more_equal_ids_than_a_page_holds_are_an_error(feed: Feed, most: int, shuffles: bool) -> None:
    feed.most, feed.shuffles = most, shuffles
    if len(set(feed.ids)) == 1 and len(feed.ids) > most:
        return  # a feed that is one group shows nothing of how long a page may be: see below
    largest = max(Counter(feed.ids).values(), default=0)
    try:
        assert feed.is_out(read(feed))
    except TapError as error:
        assert 2 * largest > most, error  # noqa: PT017


@settings(max_examples=150)
@given(feeds(6), st.integers(1200, 3000), st.lists(st.integers(20, 300), min_size=1, max_size=7), EVENTS)
def test_pages_cut_by_bytes_are_all_rows_or_an_error(
    feed: Feed, most_bytes: int, sizes: list[int], events: list[str]
) -> None:
    # The vendor's pages are not so short that all there is looks like a feed that comes on one page.
    feed.ids = sorted([*range(1, 200, 2), *feed.ids])
    feed.most_bytes, feed.sizes, feed.shuffles = most_bytes, sizes, False
    feed.__post_init__()
    feed.events = events
    try:
        assert feed.is_out(read(feed))
    except TapError as error:
        assert "may be missing" in str(error)  # noqa: PT017


@pytest.mark.parametrize("place", [0, 20, 40])
def test_a_group_that_bytes_cut_is_an_error_and_stays_one(place: int) -> None:
    ids = [START - 1000 + n for n in range(40)]
    tied = START - 1000 + place
    feed = Feed(sorted([*ids, *[tied] * 30]), most_bytes=2000, shuffles=False)
    bookmark = 0
    for _ in range(3):
        marks: list[int] = []
        steps = batches(SequencePaginator(start_after(bookmark, 0), 0), feed.answer)
        with pytest.raises(TapError, match=str(tied)):
            marks.extend(batch.bookmark or 0 for batch in steps)
        bookmark = max(bookmark, *marks)
        assert bookmark == tied
    feed.most_bytes = 10**6
    assert len(read(feed, start_after(bookmark, 0))) == 30 + 40 - place


def test_a_last_group_that_fits_is_no_error() -> None:
    for after in (0, START - 1):
        feed = Feed([*range(START - 300, START), START, START, START])
        assert len(read(feed, after)) == (303 if after == 0 else 3)
    for ids in ([START] * 3, [START - 1, START, START]):  # all there is
        assert len(read(Feed(ids))) == 3
    with pytest.raises(TapError, match="share"):
        read(Feed([START] * 80, most=60))


@settings(max_examples=80)
@given(feeds(1), st.integers(3, 6))
def test_a_short_page_is_not_the_last(feed: Feed, most: int) -> None:
    feed.most, feed.ragged = most, True
    feed.start += MAX_AHEAD  # what changes after the run's start may be left to the next
    try:
        assert feed.is_out(read(feed))
    except TapError as error:
        assert "may be missing" in str(error)  # noqa: PT017


@settings(max_examples=80)
@given(feeds(3), EVENTS, st.lists(st.integers(0, 8), max_size=5), st.integers(0, 120))
def test_killed_at_any_page_and_resumed(feed: Feed, events: list[str], kills: list[int], lookback: int) -> None:
    feed.most, feed.events, feed.start = 9, events, START + 1_000_000
    sent: list[Row] = []
    bookmark: int | None = None
    for pages in [*kills, None]:
        overlap = lookback * IDS_PER_SECOND
        after = 0 if bookmark is None else start_after(bookmark, overlap)
        for number, batch in enumerate(batches(SequencePaginator(after, overlap), feed.answer)):
            rows = list(batch.rows)
            if number == pages:
                sent += rows[: len(rows) // 2]
                break
            sent += rows
            if batch.bookmark is not None:
                bookmark = max(batch.bookmark, bookmark or 0)
                assert bookmark <= feed.start
    assert feed.is_out(sent)


def test_an_id_years_ahead_does_not_take_the_bookmark_along() -> None:
    for ids, expected in (([YEARS_AHEAD], None), ([START - 5, YEARS_AHEAD], START - 5), ([START + 1], None)):
        feed = Feed(ids)
        marks = [batch.bookmark for batch in batches(SequencePaginator(0, 0), feed.answer)]
        assert max((mark for mark in marks if mark is not None), default=None) == expected
    # What changes behind it while it is read is found.
    feed = Feed([START - 5, YEARS_AHEAD])
    seen = False

    def answer(request: FeedRequest) -> FeedPage:
        nonlocal seen
        if feed.asked == 2 and not seen:
            seen = True
            feed.rows["7"] = {"uuid": "7", "sequence_id": START + 5, "version": 0}
        return feed.answer(request)

    assert "7" in [row["uuid"] for batch in batches(SequencePaginator(0, MINUTE), answer) for row in batch.rows]


def test_what_turns_up_behind_its_page_is_found() -> None:
    feed = Feed([START - 10 * IDS_PER_SECOND, START + 9000])

    def answer(request: FeedRequest) -> FeedPage:
        if feed.asked == 2:
            feed.rows["7"] = {"uuid": "7", "sequence_id": START + 100, "version": 0}
        return feed.answer(request)

    sent = [row["uuid"] for batch in batches(SequencePaginator(0, MINUTE), answer) for row in batch.rows]
    assert sent == ["0", "1", "7"]


@pytest.mark.parametrize(
    ("feed", "most"),
    [
        # A row a request, where the backlog's pages are long: a few short ones are enough.
        (Feed([START - 5000 + n for n in range(2500)], forever="1"), 3 + QUIET_PAGES + 5),
        # Pages that are always at least half full, as page_size is small.
        (Feed([START - 5000 + n for n in range(20)], most=4, forever="2"), 10 + LATE_PAGES + 5),
        (Feed([START - 1], forever="1"), LATE_PAGES + 5),
        # Ids that are no times show nothing of when a row changed.
        (Feed(list(range(1, 1500)), forever="1"), 3 + QUIET_PAGES_WITHOUT_TIME + 5),
    ],
    ids=["long pages", "small pages", "tiny feed", "counted"],
)
def test_a_feed_that_never_rests_is_not_followed_for_ever(feed: Feed, most: int) -> None:
    ids = set(feed.ids)
    feed.top = max(feed.top, START) if max(ids) > START - 5000 else feed.top
    rows = read(feed, overlap=MINUTE)
    assert {row["sequence_id"] for row in rows} >= ids
    assert feed.asked < most
    # The next run goes on, and has all that this one left.
    bookmark = max(row["sequence_id"] for row in rows if row["sequence_id"] <= feed.start)
    feed.forever = ""
    assert feed.is_out(rows + read(feed, start_after(bookmark, MINUTE)))


def test_a_feed_of_tiny_pages_that_never_ends_is_an_error() -> None:
    with pytest.raises(TapError, match="two rows"):
        read(Feed([1], forever="1"))


def test_a_long_backlog_of_any_ids_is_read_to_its_end() -> None:
    for base in (0, START, START + MAX_AHEAD, YEARS_AHEAD):
        feed = Feed([base + n for n in range(1, 3000)], most=10)
        # Pages that bytes cut are short, and no sign of the end.
        feed.sizes, feed.most_bytes = [10] * 500 + [240] * 2500, 1000
        if base != START:  # rows of the run's own day are left to the next run at some time
            assert feed.is_out(read(feed))


def test_a_page_that_is_not_short_ends_the_count_of_short_ones() -> None:
    # Long pages come between short ones all the time, as many as make an end where nothing else comes between.
    lengths = [40, *([3] * (QUIET_PAGES - 1) + [40]) * 6]
    ids = [START + n for n in range(sum(lengths))]
    pages = iter(lengths)

    def answer(request: FeedRequest) -> FeedPage:
        due = [number for number in ids if number > request.after]
        return page([*due[: next(pages, 1000) + (request.after > 0)]])

    sent = [row for batch in batches(SequencePaginator(0, 0), answer) for row in batch.rows]
    assert len(sent) == len(ids)


def test_a_feed_that_moves_on_between_two_looks_at_its_end_is_given_time_at_each_id() -> None:
    ids = [10, 20, 30, 40]
    looks: Counter[int] = Counter()

    def answer(request: FeedRequest) -> FeedPage:
        looks[request.after] += 1
        due = [number for number in ids if number > request.after]
        # What comes next shows at the last try only.
        return page(due[: 1 + (looks[request.after] >= MAX_TRIES)] if request.after % 10 else due[:1])

    sent = [row for batch in batches(SequencePaginator(0, 0), answer) for row in batch.rows]
    assert [row["sequence_id"] for row in sent] == ids


def page(ids: list[int]) -> FeedPage:
    rows = [{"uuid": str(number), "sequence_id": number} for number in ids]
    return FeedPage(rows, 100 * len(rows), START)


def test_nothing_is_asked_for_twice_without_need() -> None:
    feed = Feed([START - 10 * MINUTE + n for n in range(2500)])
    assert [row["sequence_id"] for row in read(feed)] == feed.ids
    assert feed.asked == 5


def test_pages_of_one_row_become_larger() -> None:
    asked: list[FeedRequest] = []

    def answer(request: FeedRequest) -> FeedPage:
        asked.append(request)
        return page([number for number in (5, 7, 9) if number > request.after][: 1000 if request.is_large else 1])

    sent = [row["sequence_id"] for batch in batches(SequencePaginator(0, 0), answer) for row in batch.rows]
    assert sent == [5, 7, 9]
    assert len(asked) < 8


def test_a_row_that_changes_in_place_comes_again_and_does_not_hold_the_reading_up() -> None:
    feed = Feed([5, 7])

    def answer(request: FeedRequest) -> FeedPage:
        feed.rows["1"]["version"] += 1
        return feed.answer(request)

    rows = [row for batch in batches(SequencePaginator(0, 0), answer) for row in batch.rows]
    assert [row["version"] for row in rows if row["uuid"] == "1"] == [1, 2]


def test_a_null_is_an_empty_page_if_it_stays_so() -> None:
    null = FeedPage([], 4, START, is_null=True)
    paginator = SequencePaginator(0, 0)
    paginator.advance(null)
    assert paginator.current_value == FeedRequest(0)
    paginator.advance(page([5]))
    for _ in range(4):
        assert not paginator.finished
        paginator.advance(null)
    assert paginator.finished
    assert [row["sequence_id"] for batch in paginator.take() for row in batch.rows] == [5]


@pytest.mark.parametrize("ids", [[3, 5, 4], [5, 5, 1], [1]])
def test_out_of_order_is_an_error(ids: list[int]) -> None:
    with pytest.raises(TapError, match="sequence id"):
        list(batches(SequencePaginator(2, 0), lambda _: page(ids)))


def test_the_overlap_is_for_times_only() -> None:
    assert start_after(START, MINUTE) == START - MINUTE - 1
    assert start_after(START, 0) == START - 1
    assert start_after(1000, MINUTE) == 999
    assert start_after(0, MINUTE) == 0
