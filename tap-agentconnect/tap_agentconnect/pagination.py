"""Every row in pages, whatever the documents leave open about them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from typing_extensions import override

from .base.http import RefusedError, TapError
from .base.pagination import Paginator
from .keys import Employees, Identity, Row, custom_id, email, identity

if TYPE_CHECKING:
    from collections.abc import Generator

# A sequence id looks like a time: ten thousand of them a second. Nothing is lost should it be none.
IDS_PER_SECOND = 10_000
FIRST_TIME_ID = 10**13  # in 2001
#: An id further ahead of the run's start than this is no time at which a row changed.
MAX_AHEAD = 24 * 3600 * IDS_PER_SECOND

# How often a feed may move on between two looks at its end before that is no chance any more.
MAX_TRIES = 5
# How often the newest rows are looked through again while the feed changes.
PASSES = 3
MAX_REMEMBERED = 5000
# A feed that changes as fast as it is read is left to the next run after so many small pages in a row, more of them
# where the ids do not show that these are rows of the run itself, or so many pages of any size.
QUIET_PAGES, QUIET_PAGES_WITHOUT_TIME, LATE_PAGES = 3, 100, 100
# Pages of which each brings two rows at most cannot be told from a feed that grows by that much a request.
THIN_PAGE, MAX_THIN_PAGES = 2, 1000
# No vendor cuts pages as short as this.
UNCUT_ROWS, UNCUT_BYTES = 50, 256 * 1024
# How many pages show where the vendor cuts them, and how exactly rows of one kind have one length.
SAMPLE_PAGES, ALMOST = 3, 0.95
# What `number_of_employees` is unless it is given, and what it may be at most.
EMPLOYEE_PAGE_SIZES = (100, 500)

Params = dict[str, str]


@dataclass(frozen=True)
class FeedRequest:
    """The rows of a feed after a sequence id."""

    after: int
    #: As many as the vendor gives at most, whatever page_size says.
    is_large: bool = False
    #: Only those that start_date and end_date let through.
    is_bounded: bool = True


@dataclass(frozen=True)
class FeedPage:
    """Rows of a feed, in the order of their sequence ids."""

    rows: list[Row]
    #: The bytes of the whole answer.
    size: int
    #: When the run began, as a sequence id.
    run_start: int
    #: Whether the vendor sent no list, but a null or no content.
    is_null: bool = False

    @property
    def last(self) -> int:
        """The last row's sequence id, -1 without rows."""
        return int(self.rows[-1]["sequence_id"]) if self.rows else -1


def start_after(bookmark: int, overlap: int) -> int:
    """Return what to read after: the bookmark itself again, for rows that share it, and what came late before it."""
    return max(bookmark - (overlap if bookmark >= FIRST_TIME_ID else 0) - 1, 0)


class SequencePaginator(Paginator[FeedRequest, FeedPage]):
    """Reads a feed that is ordered by sequence id, to its end, while it may go on changing.

    Rows may share an id, and a page may end among them. So each page is asked for from just below the last id: a
    group of equal ids is whole only on a page that also holds a later one. That holds whether `after` is inclusive or
    not, and however many rows or bytes a page has. What is out already is left out of what is emitted.
    """

    def __init__(self, after: int, overlap: int) -> None:
        """Read what comes after a sequence id; the last `overlap` ids again where the feed changes meanwhile."""
        self._after, self._overlap = after, overlap
        self._sent: dict[str | int, Row] = {}
        self._is_large = self._leaves_off = False
        self._max_rows = self._max_size = 0
        self._pages = self._late_pages = self._quiet_pages = self._thin_pages = 0
        self._run_start = self._newest = 0
        super().__init__()

    @override
    def plan(self) -> Generator[FeedRequest, FeedPage, None]:
        after = self._after
        for _ in range(PASSES):
            if not (yield from self._to_the_end(after)):
                return
            if self._leaves_off:
                # What came before the run began may have ids that lie further ahead.
                yield from self._to_the_end(self._run_start + MAX_AHEAD)
                return
            if self._newest < self._run_start - self._overlap:
                return
            # Ids of one second are in no order of time: what changes during the run may turn up behind its page.
            after = start_after(self._newest, self._overlap)

    def _to_the_end(self, after: int) -> Generator[FeedRequest, FeedPage, bool]:
        """Read what comes after a sequence id; return whether any of it was new.

        Only what is asked for twice is the end: nothing new from the last id on, and nothing beyond it.
        """
        cursor = last = after
        is_first, found, tries = True, False, 0
        while True:
            page = yield from self._ask(cursor)
            if is_first and not page.rows:
                return found
            new = self._emit_new(page, last)
            if not new and page.last <= last:
                beyond = yield from self._ask(last)
                if beyond.rows and beyond.rows[0]["sequence_id"] == last:
                    # `after` is inclusive: this page is as good as the other, but may have no room for what follows.
                    page, new = beyond, self._emit_new(beyond, last)
                    if not new and page.last == last:
                        beyond = yield from self._ask(last + 1)
            if new or page.last > last:
                is_first, tries, found = False, 0, found or bool(new)
                last = max(last, page.last)
                cursor = max(last - 1, 0)
                if new and self._is_enough(page, len(new)):
                    self._leaves_off = True
                    return True
                continue
            if beyond.last <= last and (yield from self._is_whole(page)):
                return found
            self._is_large, tries = True, tries + 1
            if tries == MAX_TRIES:
                message = (
                    f"Agent Connect does not get past sequence id {last}: no page shows that it holds all rows that "
                    "share it. Some may be missing, so the sync stops here and skips nothing. Ask Medallia to touch "
                    "some of these rows."
                )
                raise TapError(message)

    def _ask(self, after: int, *, is_bounded: bool = True) -> Generator[FeedRequest, FeedPage, FeedPage]:
        request = FeedRequest(after, self._is_large, is_bounded)
        page = yield request
        if page.is_null:  # an empty page, if it stays so
            page = yield request
        _check_order(page.rows, after)
        self._run_start = page.run_start
        self._max_rows, self._max_size = max(self._max_rows, len(page.rows)), max(self._max_size, page.size)
        return page

    def _emit_new(self, page: FeedPage, last: int) -> list[Row]:
        """Emit the rows that are not out yet, or not like this; return those that were not there before."""
        changed = [row for row in page.rows if self._sent.get(row["uuid"]) != row]
        new = [row for row in changed if row["sequence_id"] > last or row["uuid"] not in self._sent]
        if changed:
            ids = [row["sequence_id"] for row in changed]
            self._newest = max(self._newest, *(number for number in ids if number <= self._run_start + MAX_AHEAD), 0)
            # An id that lies ahead may stay the highest for years: what changes in them must come nevertheless.
            self.emit(changed, max((number for number in ids if number <= self._run_start), default=None))
            self._remember(changed, max(last, page.last))
        return new

    def _remember(self, rows: list[Row], last: int) -> None:
        self._sent.update((row["uuid"], row) for row in rows)
        for floor in (last - 1 - self._overlap, last - 1):
            self._sent = {uuid: row for uuid, row in self._sent.items() if row["sequence_id"] >= floor}
            if len(self._sent) <= MAX_REMEMBERED:
                return

    def _is_enough(self, page: FeedPage, new: int) -> bool:
        """Tell whether what was there when the run began is out, and what comes now can wait for the next run."""
        rows = len(page.rows)
        is_late = self._run_start < page.rows[0]["sequence_id"] <= self._run_start + MAX_AHEAD
        # Of a page that begins past the run's start, only what is new counts; of any other, all that it holds.
        counted = new if is_late else rows
        is_quiet = 2 * counted < self._max_rows and 2 * counted * page.size < self._max_size * rows
        self._pages, self._late_pages = self._pages + 1, self._late_pages + is_late
        self._quiet_pages = self._quiet_pages + 1 if is_quiet else 0
        self._thin_pages = self._thin_pages + 1 if new <= THIN_PAGE else 0
        if self._thin_pages == MAX_THIN_PAGES:
            if self._is_large:
                message = (
                    "Agent Connect's feed grows as fast as it is read, or its pages hold two rows: its end cannot be "
                    "found. Run again: the next run goes on from here."
                )
                raise TapError(message)
            self._is_large, self._thin_pages = True, 0
        return self._quiet_pages >= (QUIET_PAGES if is_late else QUIET_PAGES_WITHOUT_TIME) or (
            self._late_pages > max(LATE_PAGES, self._pages - self._late_pages)
        )

    def _is_whole(self, group: FeedPage) -> Generator[FeedRequest, FeedPage, bool]:
        """Tell whether the page with the feed's last group of equal ids holds all of it, which no later id can show.

        It does where it had room for more. How much room a page has, the feed's first pages show.
        """
        if len(group.rows) <= 1 or self._has_room(group, group.size):
            return True
        wanted = {row["uuid"] for row in group.rows}
        longest = _length_of_longest(group.rows)
        lengths: list[int] = []
        cursor = 0
        for _ in range(SAMPLE_PAGES):
            sample = yield from self._ask(cursor, is_bounded=False)
            if wanted <= {row["uuid"] for row in sample.rows}:
                if not lengths and len(sample.rows) < UNCUT_ROWS and sample.size < UNCUT_BYTES:
                    return True  # a short feed, which comes on one page
                break
            lengths.append(len(sample.rows))
            longest = max(longest, _length_of_longest(sample.rows))
            cursor = max(sample.last - 1, cursor)
        # Pages of one length are cut by a count of rows, and need less room to show that this one is not.
        by_count = len(lengths) > 1 and set(lengths) == {self._max_rows}
        needed = group.size / len(group.rows) if by_count else 2 * longest
        return self._has_room(group, group.size) or self._has_room(group, needed * ALMOST)

    def _has_room(self, page: FeedPage, size: float) -> bool:
        """Tell whether a page could have held another row, and so many bytes more."""
        return len(page.rows) < self._max_rows and page.size + size <= self._max_size


def _length_of_longest(rows: list[Row]) -> int:
    return max((len(json.dumps(row, default=str)) for row in rows), default=0)


def _check_order(rows: list[Row], after: int) -> None:
    """Raise TapError unless the sequence ids only grow, from the one asked for."""
    for one, other in pairwise([after, *(row["sequence_id"] for row in rows)]):
        if other < one:
            message = (
                f"Agent Connect sent sequence id {other} where none below {one} was due: rows could be skipped, so the "
                "sync stops here. Run again; report it to Medallia if it stays."
            )
            raise TapError(message)


@dataclass(frozen=True)
class EmployeeRequest:
    """A page of employees: what names it, and what filters the list."""

    cursor: Params = field(default_factory=dict)
    filters: Params = field(default_factory=dict)


@dataclass(frozen=True)
class EmployeePage:
    """Employees, and the parameters of the page that the vendor says is next; None when it says there is none."""

    rows: list[Row]
    next_cursor: Params | None = None
    #: Whether the vendor sent no list, but a null or no content.
    is_null: bool = False


class EmployeePaginator(Paginator[EmployeeRequest, EmployeePage]):
    """Reads the list, then the deactivated, whom it may leave out, and emits each employee once.

    The documents describe two ways to the next page, a link and the last employee's id. The link is followed for as
    long as it leads to anyone new; then the other way has to show that nobody follows.
    """

    def __init__(self) -> None:
        """Start with nobody."""
        self._employees = Employees()
        self._seen: set[Identity] = set()
        self._last: list[Row] = []
        self._pages = self._longest = 0
        super().__init__()

    @override
    def plan(self) -> Generator[EmployeeRequest, EmployeePage, None]:
        for filters in ({}, {"status": "deactivated"}):
            yield from self._sweep(filters)
        # Only who has seen all of them knows which of them share an e-mail address.
        self.emit(self._employees.with_keys())

    def _sweep(self, filters: Params) -> Generator[EmployeeRequest, EmployeePage, None]:
        """Read the list that these filters leave."""
        self._seen, self._last, self._pages, self._longest = set(), [], 0, 0
        page = yield from self._ask({}, filters)
        while self._take(page) and page.next_cursor:
            page = yield from self._ask(page.next_cursor, filters)
        follows_links = self._pages > 1
        has_more = bool(page.rows) and page.next_cursor is not None
        while self._last:
            place = _last_with_id(self._last)
            answer = yield from self._after(self._last[place], filters)
            if answer and self._take(answer):
                continue
            if not self._is_the_end(answer, place) and (has_more or (not follows_links and self._is_full())):
                message = (
                    "Agent Connect names no page of employees after this one, neither by its link nor by the last "
                    "employee's id: some may be missing. Report it to Medallia."
                )
                raise TapError(message)
            return

    def _ask(self, cursor: Params, filters: Params) -> Generator[EmployeeRequest, EmployeePage, EmployeePage]:
        request = EmployeeRequest(cursor, filters)
        page = yield request
        if page.is_null:  # an empty page, if it stays so
            page = yield request
        return page

    def _after(self, row: Row, filters: Params) -> Generator[EmployeeRequest, EmployeePage, EmployeePage | None]:
        """Ask for those after an employee; None when the vendor knows no such page."""
        name = custom_id(row) or email(row)
        if not name:
            return None
        try:
            return (yield from self._ask({"external_id": name}, filters))
        except RefusedError:
            return None

    def _take(self, page: EmployeePage) -> bool:
        """Take a page in; tell whether anyone on it is new."""
        who = {identity(row) for row in page.rows}
        if who <= self._seen:
            return False
        self._seen |= who
        self._employees.add(page.rows)
        self._last, self._pages, self._longest = page.rows, self._pages + 1, max(self._longest, len(page.rows))
        self.emit([])  # a line of progress
        return True

    def _is_the_end(self, answer: EmployeePage | None, place: int) -> bool:
        """Tell whether the answer to the last employee's id shows that nobody follows."""
        known = [identity(row) for row in self._last]
        who = [identity(row) for row in answer.rows] if answer else None
        # Those behind the last one with an id, and that one where ids are inclusive, may come again.
        return who == [] or who == known[place + 1 :] or (place > 0 and who == known[place:])

    def _is_full(self) -> bool:
        """Tell whether the last page has as many as one can hold."""
        size = len(self._last)
        return size in EMPLOYEE_PAGE_SIZES or (self._pages > 1 and size >= self._longest)


def _last_with_id(page: list[Row]) -> int:
    """Return the place of the last employee on a page who has a custom id, else of the last one."""
    return max((place for place, row in enumerate(page) if custom_id(row)), default=len(page) - 1)
