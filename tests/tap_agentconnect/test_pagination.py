"""No row is lost between pages, whatever the vendor means by `after` and however it cuts its pages."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tap_agentconnect.feeds import A_SECOND, advanced, resume
from tap_agentconnect.pagination import Params, Row, follow, roster, walk
from tap_agentconnect.transport import TapError

START = 1_700_000_000 * A_SECOND
EVENTS = st.lists(st.sampled_from(["", "", "touch", "delete", "add"]), max_size=8)


@dataclass
class Feed:
    """A model of a feed, with the readings of its document."""

    ids: list[int]
    inclusive: bool = False
    most: int = 1000
    # Whether a page may be shorter than it could be.
    ragged: bool = False
    events: list[str] = field(default_factory=list)
    chance: Random = field(default_factory=lambda: Random(0))

    def __post_init__(self) -> None:
        self.rows: dict[str, Row] = {
            str(n): {"uuid": str(n), "sequence_id": number, "version": 0} for n, number in enumerate(self.ids)
        }
        self.asked, self.top = 0, max(self.ids, default=0)

    def ask(self, after: int, largest: bool) -> list[Row]:
        self.asked += 1
        assert self.asked < 5000, "an endless loop"
        # The look at the first page that tells how long a page may be brings no rows.
        self._happen(self.events.pop() if self.events and (after or self.asked == 1) else "")
        due = [row for row in self.rows.values() if row["sequence_id"] > after - self.inclusive]
        self.chance.shuffle(due)  # equal ids come in any order
        due.sort(key=lambda row: row["sequence_id"])
        most = max(self.most, 1000) if largest and self.most == 1 else self.most
        page = due[:most]
        return [dict(row) for row in page[: self.chance.randint(2, self.most) if self.ragged else None]]

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
        newest = {row["uuid"]: row["version"] for row in sent}
        return all(newest.get(uuid) == row["version"] for uuid, row in self.rows.items())


@st.composite
def feeds(draw: st.DrawFn, tied: int) -> Feed:
    """Draw a feed in which at most so many rows share an id."""
    groups = draw(st.lists(st.integers(1, tied), max_size=12))
    gaps = draw(st.lists(st.integers(1, 3), min_size=len(groups), max_size=len(groups)))
    base = draw(st.sampled_from([0, START]))
    ids = []
    for size, gap in zip(groups, gaps, strict=True):
        base += gap
        ids += [base] * size
    return Feed(ids, draw(st.booleans()), most=tied + draw(st.integers(1, 4)), events=draw(EVENTS))


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 4).flatmap(feeds))
def test_every_newest_version_is_out(feed: Feed) -> None:
    # One place more than a page needs, for the row below an inclusive `after`.
    feed.most += 4 * feed.inclusive
    assert feed.is_out(list(chain.from_iterable(walk(feed.ask, 0))))


@settings(max_examples=200, deadline=None)
@given(feeds(5), st.integers(2, 6))
def test_more_equal_ids_than_a_page_holds_are_an_error(feed: Feed, most: int) -> None:
    feed.most, feed.events = most, []
    sizes = Counter(feed.ids)
    # A first page on which all share an id tells nothing.
    assume(sizes and max(feed.ids) > min(feed.ids) and sizes[feed.ids[0]] < most)
    crowded = any(size + feed.inclusive * sizes[number - 1] >= most for number, size in sizes.copy().items())
    try:
        assert feed.is_out(list(chain.from_iterable(walk(feed.ask, 0))))
    except TapError as error:
        assert crowded, error  # noqa: PT017


@settings(max_examples=120, deadline=None)
@given(feeds(1), st.integers(3, 6))
def test_a_short_page_is_not_the_last(feed: Feed, most: int) -> None:
    feed.most, feed.ragged = most, True
    with suppress(TapError):
        assert feed.is_out(list(chain.from_iterable(walk(feed.ask, 0))))


@settings(max_examples=120, deadline=None)
@given(feeds(3), st.lists(st.integers(0, 8), max_size=5), st.integers(0, 120))
def test_killed_at_any_page_and_resumed(feed: Feed, kills: list[int], lookback: int) -> None:
    feed.most = 9
    sent: list[Row] = []
    bookmark: int | None = None
    started = START + 1_000_000
    for pages in [*kills, None]:
        after = 0 if bookmark is None else resume(bookmark, lookback * A_SECOND)
        for number, page in enumerate(walk(feed.ask, after)):
            if number == pages:
                sent += page[: len(page) // 2]
                break
            sent += page
            before, bookmark = bookmark, advanced(bookmark, [row["sequence_id"] for row in page], started)
            assert bookmark is not None
            assert before is None or before <= bookmark <= started
    assert feed.is_out(sent)


def test_what_turns_up_behind_the_walk_is_found() -> None:
    feed = Feed([START - 10 * A_SECOND, START + 9000])

    def ask(after: int, largest: bool) -> list[Row]:
        if feed.asked == 2:
            feed.rows["late"] = {"uuid": "late", "sequence_id": START + 100, "version": 0}
        return feed.ask(after, largest)

    rows = list(chain.from_iterable(follow(ask, 0, START, 60 * A_SECOND)))
    assert [row["uuid"] for row in rows] == ["0", "1", "late"]


def test_a_feed_that_never_rests_is_not_followed_for_ever() -> None:
    feed = Feed([START - 5000 + n for n in range(2500)])

    def ask(after: int, largest: bool) -> list[Row]:
        feed.top = max(feed.top, START)
        feed.events = ["add"]
        return feed.ask(after, largest)

    rows = list(chain.from_iterable(follow(ask, 0, START, 60 * A_SECOND)))
    assert {row["sequence_id"] for row in rows} >= set(feed.ids)
    assert feed.asked < 12


def test_nothing_is_asked_for_twice_without_need() -> None:
    feed = Feed([START + n for n in range(2500)])
    rows = list(chain.from_iterable(walk(feed.ask, 0)))
    assert [row["sequence_id"] for row in rows] == feed.ids
    assert feed.asked == 5


def test_pages_of_one_row_become_larger() -> None:
    feed = Feed([5, 7, 7, 9], most=1)
    assert feed.is_out(list(chain.from_iterable(walk(feed.ask, 0))))


def test_a_row_that_changes_in_place_comes_again_and_does_not_hold_the_walk_up() -> None:
    feed = Feed([5, 7])

    def ask(after: int, largest: bool) -> list[Row]:
        feed.rows["1"]["version"] += 1
        return feed.ask(after, largest)

    assert [row["version"] for row in chain.from_iterable(follow(ask, 0, START, 0)) if row["uuid"] == "1"] == [1, 2]


@pytest.mark.parametrize("ids", [[3, 5, 4], [5, 5, 1], [1]])
def test_out_of_order_is_an_error(ids: list[int]) -> None:
    page = [{"uuid": str(n), "sequence_id": number} for n, number in enumerate(ids)]
    with pytest.raises(TapError, match="sequence id"):
        list(walk(lambda _, __: page, 2))


@pytest.mark.parametrize(
    ("bookmark", "ids", "expected"),
    [
        (None, [1, 2], 2),
        (None, [], None),
        (5, [1, 2], 5),
        (None, [START - 1, START + 9], START - 1),  # one from the future does not take the bookmark along
        (START - 1, [START + 9], START - 1),
        (None, [START + 8, START + 9], START + 9),  # where all are, they are no times
        (START + 9, [START + 10], START + 10),
    ],
)
def test_the_bookmark_stays_behind_the_start(bookmark: int | None, ids: list[int], expected: int | None) -> None:
    assert advanced(bookmark, ids, START) == expected


def test_the_overlap_is_for_times_only() -> None:
    assert resume(START, 60 * A_SECOND) == START - 60 * A_SECOND - 1
    assert resume(START, 0) == START - 1
    assert resume(1000, 60 * A_SECOND) == 999
    assert resume(0, 60 * A_SECOND) == 0


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 20), st.integers(1, 7), st.booleans(), st.booleans(), st.sets(st.integers(0, 20)))
def test_every_employee_is_out_once(count: int, most: int, heeds_after: bool, extra: bool, nameless: set[int]) -> None:
    staff: list[dict[str, Any]] = [
        {"email": f"e{n}", "custom_employee_id": None if n in nameless and n % most else f"c{n}"} for n in range(count)
    ]

    def ask(params: Params) -> tuple[list[Row], Params | None]:
        first = int(params["after"]) if heeds_after and "after" in params else 0
        if name := params.get("external_id"):
            first = next(n + 1 for n, row in enumerate(staff) if name in row.values())
        page = staff[first : first + most]
        more = first + most < count or (extra and bool(page))
        return page, {"after": str(first + len(page))} if more else None

    sent = [row["email"] for page in roster(ask, lambda row: str(row["email"])) for row in page]
    assert sorted(sent) == sorted(row["email"] for row in staff)


def test_a_list_that_never_moves_on_is_an_error() -> None:
    page: list[Row] = [{"email": "a"}]
    with pytest.raises(TapError, match="same page"):
        list(roster(lambda _: (page, {"after": "1"}), lambda row: str(row["email"])))
