# Generated from tools/base/pagination.py by `python -m tools generate`: edit it there.
"""Paginators whose plan yields requests and is sent parsed pages, and the reading ahead."""

from __future__ import annotations

from abc import abstractmethod
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from singer_sdk.pagination import BaseAPIPaginator
from typing_extensions import override

from .http import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

Request = TypeVar("Request")
Page = TypeVar("Page")
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Batch:
    """Rows to write, and what holds once they are written."""

    rows: Iterable[Any]
    #: All that the stream holds up to here is out then; None where a batch proves no such thing.
    bookmark: Any = None
    #: Where this is, for the progress line: "Window 7 of 13 (2026-01-01 to 2026-03-31)".
    label: str = ""


class Paginator(BaseAPIPaginator[Request], Generic[Request, Page]):
    """Decides what to ask for: its plan yields requests, is sent the parsed pages, and emits batches.

    The SDK's `advance` takes the response and leaves it to each paginator to parse it again; this one takes the page,
    parsed once, or the vendor's refusal, which is raised where the plan asked.
    """

    def __init__(self) -> None:
        self._batches: list[Batch] = []
        self._plan = self.plan()
        try:
            super().__init__(next(self._plan))
        except StopIteration:  # there is nothing to ask for
            super().__init__(None)  # type: ignore[arg-type]
            self._finished = True

    @abstractmethod
    def plan(self) -> Generator[Request, Page, None]:
        """Yield each request, take its page, and emit what is new in it."""

    def emit(self, rows: Iterable[Any], bookmark: Any = None, label: str = "") -> None:
        """Have rows written, and then what their batch says."""
        self._batches.append(Batch(rows, bookmark, label))

    def take(self) -> list[Batch]:
        """Return what the plan has emitted since the last call."""
        batches, self._batches = self._batches, []
        return batches

    @override
    def advance(self, response: Page | RefusedError) -> None:  # type: ignore[override]
        """Take what came back for the current request."""
        self._page_count += 1
        try:
            if isinstance(response, RefusedError):
                self._value = self._plan.throw(response)
            else:
                self._value = self._plan.send(response)
        except StopIteration:
            self._finished = True

    @override
    def get_next(self, response: Any) -> Request | None:
        raise NotImplementedError


class ListPaginator(Paginator[None, list[Any]]):
    """Asks once, for a list that comes whole."""

    @override
    def plan(self) -> Generator[None, list[Any], None]:
        rows = yield None
        self.emit(rows)


def read_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Fetch the next item while the caller writes this one."""
    # A daemon thread, so that an interrupted run does not wait for a request under way.
    fetched: Queue[tuple[Item | None, BaseException | None]] = Queue(maxsize=1)

    def fetch() -> None:
        try:
            for item in items:
                fetched.put((item, None))
            fetched.put((None, None))
        except BaseException as error:  # noqa: BLE001  # raised again where the items are read
            fetched.put((None, error))

    Thread(target=fetch, daemon=True).start()
    while (found := fetched.get())[0] is not None:
        yield found[0]
    if found[1]:
        raise found[1]


def started(function: Callable[[Item], Result], item: Item) -> Future[Result]:
    """Call a function in a thread that, as the one above, no interrupted run waits for."""
    future: Future[Result] = Future()

    def call() -> None:
        try:
            future.set_result(function(item))
        except BaseException as error:  # noqa: BLE001  # raised again where the result is asked for
            future.set_exception(error)

    Thread(target=call, daemon=True).start()
    return future
