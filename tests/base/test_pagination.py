"""A plan that yields requests and is sent pages, stepped by hand."""

from collections.abc import Generator

import pytest

from tools.base.http import RefusedError
from tools.base.pagination import ListPaginator, Paginator, read_ahead


class Countdown(Paginator[int, list[str]]):
    """Asks from a number down to one, and goes on after a refusal."""

    def __init__(self, start: int) -> None:
        self._start = start
        super().__init__()

    def plan(self) -> Generator[int, list[str], None]:
        for number in range(self._start, 0, -1):
            try:
                rows = yield number
            except RefusedError:
                rows = ["refused"]
            self.emit(rows, number)


def test_a_plan_is_stepped_by_hand() -> None:
    paginator = Countdown(2)
    assert (paginator.current_value, paginator.finished, paginator.count) == (2, False, 0)
    paginator.advance(["a"])
    assert [(batch.rows, batch.bookmark) for batch in paginator.take()] == [(["a"], 2)]
    assert paginator.take() == []
    assert paginator.current_value == 1
    paginator.advance(RefusedError("no", 400, "no"))
    assert [batch.rows for batch in paginator.take()] == [["refused"]]
    assert (paginator.finished, paginator.count) == (True, 2)


def test_a_plan_without_requests_is_finished() -> None:
    assert Countdown(0).finished


def test_a_refusal_that_a_plan_does_not_expect_ends_it() -> None:
    paginator = ListPaginator()
    assert not paginator.finished
    with pytest.raises(RefusedError):
        paginator.advance(RefusedError("no", 403, "no"))


def test_reading_ahead_raises_where_it_is_read() -> None:
    def items() -> Generator[int, None, None]:
        yield 1
        message = "no more"
        raise ValueError(message)

    found = read_ahead(items())
    assert next(found) == 1
    with pytest.raises(ValueError, match="no more"):
        next(found)
