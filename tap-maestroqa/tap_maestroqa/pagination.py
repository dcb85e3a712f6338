"""Window after window, in the fewest requests that the vendor accepts."""

from __future__ import annotations

import logging
from typing import IO, TYPE_CHECKING

from typing_extensions import override

from .base.http import RefusedError
from .base.pagination import Paginator
from .session_files import sessions_in
from .windows import DAY, Window, last_day_over

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from datetime import datetime

# Refusals that may be about the days asked for. Their words are not documented, so what counts is what is accepted.
ABOUT_THE_REQUEST = {400, 409, 413, 416, 422}

logger = logging.getLogger(__name__)


class WindowPaginator(Paginator[Window, IO[bytes]]):
    """Asks for windows that share their edges, so that an end day not counted in is the next one's start.

    How many days the vendor allows, and whether it answers for days to come, may differ from what its page says.
    """

    def __init__(self, days: Window, window_days: int, now: datetime) -> None:
        """Prepare to read these days, so many at a time."""
        self._days = days
        self._length = window_days
        # In some zone it is tomorrow already, in some it is yesterday still.
        self._present_days = tuple(now.date() + days * DAY for days in (1, 0, -1))
        self._last_day_over = last_day_over(now)
        self._longest_accepted = 0
        super().__init__()

    @override
    def plan(self) -> Generator[Window, IO[bytes], None]:
        start, number = self._days.start, 0
        while start < self._days.end:
            answer = yield from self._ask(Window(start, min(start + self._length * DAY, self._days.end)))
            if not answer:
                return
            window, body = answer
            number += 1
            left = -(-(self._days.end - window.end).days // self._length)
            label = f"Window {number} of {number + left} ({window.start} to {window.end})"
            self.emit(sessions_in(body), window, label)
            start = window.end

    def _ask(self, wanted: Window) -> Generator[Window, IO[bytes], tuple[Window, IO[bytes]] | None]:
        """Ask for a window, or for as much of it as is accepted; None when the vendor does not answer for it yet."""
        refusal: RefusedError | None = None
        for window in self._alternatives(wanted):
            try:
                body = yield window
            except RefusedError as error:
                if error.status not in ABOUT_THE_REQUEST:
                    raise
                refusal = refusal or error
                continue
            self._longest_accepted = max(self._longest_accepted, window.length)
            if refusal and window.end not in self._present_days:
                self._length = window.length
                logger.warning(
                    "MaestroQA refuses %d days at once (%s): going on with %d",
                    *(wanted.length, refusal.detail or f"HTTP {refusal.status}", window.length),
                )
            return window, body
        assert refusal  # noqa: S101  # for mypy: there is always something to ask
        if wanted.start < self._last_day_over or not (self._longest_accepted or (yield from self._accepts_the_past())):
            raise refusal
        logger.warning(
            "MaestroQA does not answer for days after %s yet (%s): later runs read them",
            *(wanted.start, refusal.detail or f"HTTP {refusal.status}"),
        )
        return None

    def _alternatives(self, wanted: Window) -> Iterator[Window]:
        """Yield the window, and after each refusal a shorter one with the same start."""
        yield wanted
        for day in self._present_days:
            if wanted.start < day < wanted.end:
                yield Window(wanted.start, day)
        length = wanted.length
        # What is no longer than one that was accepted is not too long, but too late.
        while length > 1 and (wanted.start < self._last_day_over or length > self._longest_accepted):
            length //= 2
            yield Window(wanted.start, wanted.start + length * DAY)

    def _accepts_the_past(self) -> Generator[Window, IO[bytes], bool]:
        """Tell whether a day that is over is answered for, whatever it holds."""
        try:
            body = yield Window(self._last_day_over - DAY, self._last_day_over)
        except RefusedError:
            return False
        body.close()
        return True
