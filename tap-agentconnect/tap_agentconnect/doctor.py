"""What Agent Connect's page leaves open: whether `after` is inclusive, and in which order rows come."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from typing_extensions import override

from .auth import CLOCK_SKEW
from .base.doctor import Doctor, Finding
from .base.readings import grouped
from .employees import EmployeeStream
from .feeds import SequenceStream
from .pagination import EmployeeRequest, FeedRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .client import AgentConnectStream
    from .keys import Row
    from .pagination import FeedPage


class AgentConnectDoctor(Doctor):
    """Reads each list's first page, and one more of each feed."""

    max_seconds_ahead = CLOCK_SKEW

    @cached_property
    def sequences(self) -> dict[SequenceStream, list[int]]:
        """The sequence ids of each feed's first page, as they came."""
        return {}

    @override
    def pace(self) -> str:
        return "a run makes at most 100 requests a minute, each of up to 1000 rows"

    @override
    def first_rows(self, stream: AgentConnectStream[object, object]) -> list[Row]:
        if isinstance(stream, EmployeeStream):
            rows: list[Row] = self.ask(stream, EmployeeRequest()).rows
        else:
            page: FeedPage = self.ask(stream, FeedRequest(0))
            rows = page.rows
        if isinstance(stream, SequenceStream):
            self.sequences[stream] = [row["sequence_id"] for row in rows]
        return rows

    @override
    def questions(self) -> Iterable[tuple[str, Callable[[], str | Finding]]]:
        yield "after", self._after
        yield "order", self._order

    def _after(self) -> str:
        """Ask for what comes after a row in the middle of a page: is the row itself among it?"""
        answers = []
        for stream, sequence in self.sequences.items():
            known = sorted({*sequence})
            if not known:
                answers.append((stream.name, "not known: no rows"))
                continue
            middle = (len(known) - 1) // 2
            page: FeedPage = self.ask(stream, FeedRequest(known[middle]))
            found = {row["sequence_id"] for row in page.rows}
            if found & {*known[:middle]}:
                answer = "not honoured: earlier rows come, too"
            elif known[middle] in found:
                answer = "inclusive"
            elif not found.isdisjoint(known[middle + 1 :]) or (not found and len(known) == middle + 1):
                answer = "exclusive, as documented"
            else:
                answer = "not known: the rows changed meanwhile"
            answers.append((stream.name, answer))
        return grouped(answers)

    def _order(self) -> str | Finding:
        """Look at the sequence ids of the first pages."""
        answers, is_fatal = [], False
        for stream, sequence in self.sequences.items():
            steps = [other - one for one, other in pairwise(sequence)]
            if not any(steps):
                answers.append((stream.name, "not known: less than two sequence ids"))
            elif min(steps) >= 0:
                answers.append((stream.name, "by sequence id, as documented"))
            else:
                newest_first = max(steps) <= 0
                answers.append(
                    (stream.name, f"{'newest first' if newest_first else 'not by sequence id'}: a run stops")
                )
                is_fatal = True
        return Finding("order", grouped(answers), "FAIL" if is_fatal else "reading")
