"""Every row in pages, whatever the documents leave open about them.

The data endpoints filter on `after`, a sequence id; rows may share one, and a page may end among them. So each page
is asked for from just below the last id, what came before is left out, and the feed has ended when nothing comes
beyond that id either. That holds whether `after` is inclusive or not and however many rows a page has.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tap_agentconnect.transport import TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How often a feed may have moved on between two looks at its end before that is no chance any more.
TRIES = 5

Row = dict[str, Any]
Params = dict[str, str]


# A feed that changes all the time is followed for so many small pages, or so many looks at its end.
PATIENCE = 3
MOST_RECENT = 5000


def follow(ask: Callable[[int, bool], list[Row]], after: int, started: int, overlap: int) -> Iterator[list[Row]]:
    """Walk a feed that goes on changing: to its end, or until only what has changed since the start is left.

    Ids of one second are in no order of time, so what changes during the walk may turn up behind it: while that is
    so, the last `overlap` ids are looked through again.
    """
    recent: dict[str, int] = {}
    fullest = small = 0
    for look in range(PATIENCE):
        edge = found = 0
        for page in walk(ask, after):
            new = [row for row in page if not look or recent.get(row["uuid"]) != row["sequence_id"]]
            edge, found = page[-1]["sequence_id"], found + len(new)
            recent.update((row["uuid"], row["sequence_id"]) for row in new)
            recent = {uuid: number for uuid, number in recent.items() if number >= edge - overlap}
            if len(recent) > MOST_RECENT:
                recent.clear()  # then some of them are sent twice
            if new:
                yield new
            fullest = max(fullest, len(page))
            small = small + 1 if page[0]["sequence_id"] > started and 2 * len(page) < fullest else 0
            if small == PATIENCE:
                return
        if not found or edge < started - overlap:
            return
        after = max(edge - overlap - 1, 0)


def walk(ask: Callable[[int, bool], list[Row]], after: int) -> Iterator[list[Row]]:
    """Yield what is new on each page after this sequence id, in ascending order.

    `ask` returns the page after an id; with True, as large a page as the vendor gives.
    """
    edge, known = after, dict[str, Row]()
    largest, tries = False, 0
    while page := _in_order(ask(after, largest), after):
        if new := [row for row in page if known.get(row["uuid"]) != row]:
            yield new
        moved = _reaches_beyond(page, edge, known)
        edge = max(edge, page[-1]["sequence_id"])
        after = max(edge - 1, 0)
        known.update((row["uuid"], row) for row in page)
        known = {uuid: row for uuid, row in known.items() if row["sequence_id"] >= after}
        if moved:
            tries = 0
            continue
        # Nothing new: the end, unless more follows, be it beyond the last id or among the rows that share it.
        beyond = _in_order(ask(edge, largest), edge)
        tied = [rows for rows in (page, beyond) if _is_tied(rows, edge)]
        first = ask(0, largest) if tied else []
        if not _reaches_beyond(beyond, edge, known) and not any(_is_full(rows, first) for rows in tied):
            return
        largest, tries = True, tries + 1
        if tries == TRIES:
            message = (
                f"Agent Connect does not get past sequence id {edge}, which as many rows share as a page holds: some "
                "may be missing, so the sync stops here. Ask Medallia to touch some of these rows; nothing is skipped."
            )
            raise TapError(message)


def _is_tied(page: list[Row], edge: int) -> bool:
    return len(page) > 1 and page[0]["sequence_id"] == page[-1]["sequence_id"] == edge


def _is_full(page: list[Row], first: list[Row]) -> bool:
    """Tell whether a page has as many rows as the feed's first one, which then had no room for this one's."""
    return len(page) >= len(first) > 0 and first[0]["sequence_id"] < page[0]["sequence_id"]


def _reaches_beyond(page: list[Row], edge: int, known: dict[str, Row]) -> bool:
    """Tell whether a page has a row that was not there: a row known already but changed is none."""
    return any(row["sequence_id"] > edge or row["uuid"] not in known for row in page)


def _in_order(page: list[Row], after: int) -> list[Row]:
    """Return the page if its sequence ids only grow, from the one asked for."""
    for one, other in pairwise([after, *(row["sequence_id"] for row in page)]):
        if other < one:
            message = (
                f"Agent Connect sent sequence id {other} where none below {one} was due: rows could be skipped, so the "
                "sync stops here. Run again; report it to Medallia if it stays."
            )
            raise TapError(message)
    return page


def roster(ask: Callable[[Params], tuple[list[Row], Params | None]], key: Callable[[Row], str]) -> Iterator[list[Row]]:
    """Yield what is new on each page of employees.

    `ask` returns a page and the parameters of its next one, None at the end. Should those lead nowhere new, the page
    after an employee is asked for instead: the documents describe both ways.
    """
    seen: set[str] = set()
    params: Params = {}
    by_employee = False
    last: list[Row] = []
    while True:
        page, following = ask(params)
        new = {key(row): row for row in page if key(row) not in seen}
        if new:
            seen |= new.keys()
            yield list(new.values())
        if not page or following is None:
            return
        if new:
            last = page
        elif by_employee:
            if [key(row) for row in page] == [key(row) for row in last[_named(last) + 1 :]]:
                return
            message = (
                "Agent Connect sends the same page of employees whatever page is asked for: the rest cannot be read. "
                "Report it to Medallia."
            )
            raise TapError(message)
        by_employee = by_employee or not new
        params = {"external_id": _external_id(last[_named(last)])} if by_employee else following


def _named(page: list[Row]) -> int:
    """Return the place of the last employee on a page who has a custom id, else of the last one."""
    places = [place for place, row in enumerate(page) if row.get("custom_employee_id")]
    return places[-1] if places else len(page) - 1


def _external_id(row: Row) -> str:
    return str(row.get("custom_employee_id") or row.get("email") or "")
