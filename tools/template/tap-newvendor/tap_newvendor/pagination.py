"""Pages of what was updated since a moment; each begins with the last moment of the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from .base.http import TapError
from .base.pagination import Paginator
from .base.records import parse_datetime

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime

Row = dict[str, Any]


@dataclass(frozen=True)
class PageRequest:
    """What to ask for: rows updated at this moment or later, so many at most."""

    since: datetime
    limit: int


class UpdatedSincePaginator(Paginator[PageRequest, list[Row]]):
    """Goes on from the newest moment of each page, until a page brings nothing new."""

    def __init__(self, name: str, since: datetime, limit: int) -> None:
        """Prepare to read from a moment on; the name is for errors."""
        self._name, self._since, self._limit = name, since, limit
        super().__init__()

    @override
    def plan(self) -> Generator[PageRequest, list[Row], None]:
        out: set[str] = set()
        while True:
            page = yield PageRequest(self._since, self._limit)
            new = [row for row in page if _version(row) not in out]
            moments = [moment for row in page if (moment := parse_datetime(row.get("updated_at")))]
            newest = max([self._since, *moments])
            self.emit(new, newest)
            # Documented: only `limit` cuts a page. Where a vendor may cut it silently, a short page proves nothing.
            if not new and len(page) < self._limit:
                return
            if newest == self._since and len(page) >= self._limit:
                message = (
                    f"A full page of {self._name} was updated in one moment, {newest.isoformat()}: the rest of it "
                    "cannot be asked for. Raise page_size."
                )
                raise TapError(message)
            out, self._since = {_version(row) for row in page}, newest


def _version(row: Row) -> str:
    return f"{row.get('id')} {row.get('updated_at')}"
