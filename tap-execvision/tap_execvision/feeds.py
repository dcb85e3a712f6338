"""The kinds of streams: feeds that are read since a minute, and details that their rows name by id."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from .base.json_text import is_long
from .base.pagination import started
from .base.records import shifted, to_rfc3339
from .client import ExecVisionStream
from .details import Access, DetailPaginator
from .pages import Feed
from .pagination import FeedPaginator

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from concurrent.futures import Future
    from datetime import datetime

    from singer_sdk.helpers.types import Context, Record

    from .base.pagination import Batch
    from .pages import FeedRequest, Row

FLAGS = ("include_transcripts", "include_crm_matches", "render_templates")
# With templates rendered, the vendor sends 100 calls a page at most.
MAX_RENDERED = 100
# What no path can hold as an id.
NO_IDS = ("", ".", "..")
# How many details are asked for at once: with 0.3 seconds to an answer, 13 a second.
AT_ONCE = 4


class FeedStream(ExecVisionStream):
    """A feed: what was modified since a minute, in pages."""

    on_update = "comes again"
    on_delete = "is not reported"

    #: The field with the time that the feed goes by.
    modified: ClassVar[str] = "modified"
    #: A field with a time that is not later, where that may be missing, and how much earlier it may be meant.
    earlier: ClassVar[tuple[str, timedelta] | None] = None
    #: The field that `last_id` takes, None where the feed has no such parameter.
    last_id: ClassVar[str | None] = None
    #: The field whose different values `limit` counts, None where it counts rows.
    limit_counts: ClassVar[str | None] = None

    _bookmark: datetime | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """The fields of the vendor's rows that tell one from any other, if there are any."""
        return () if "_row_key" in self.primary_keys else tuple(self.primary_keys)

    @property
    def page_size(self) -> int:
        """How many rows to ask for at once."""
        return int(self.config["page_size"])

    @override
    def get_new_paginator(self) -> FeedPaginator:
        start = self._tap.config_datetime("start_date") or self._tap.started_at
        since = self.since(start)
        return FeedPaginator(
            Feed(self.path, self.modified, self.earlier, self.last_id, self.limit_counts, self.identity),
            since,
            self.page_size,
            self._tap.started_at,
            self.logger,
            is_first_run=since == start,
            skip=self.config["on_stalled_page"] == "skip",
        )

    def since(self, start: datetime) -> datetime:
        """Return where to begin: the earliest that one of the streams has come to, and an overlap."""
        if self.replication_method != "INCREMENTAL":
            return start
        reached = [stream.stored_bookmark() for stream in self.bookmarked_streams]
        known = [bookmark for bookmark in reached if bookmark]
        if not known or len(known) < len(reached):
            return start
        return max(start, shifted(min(known), -timedelta(minutes=int(self.config["lookback_minutes"]))))

    @property
    def selected_details(self) -> Sequence[DetailStream]:
        """The selected streams that are read along with this one."""
        return [child for child in self.child_streams if isinstance(child, DetailStream) and child.selected]

    @property
    def bookmarked_streams(self) -> Sequence[ExecVisionStream]:
        """The selected streams that go forward with this feed."""
        return [*([self] if self.selected else []), *self.selected_details]

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record | None:
        """Make a row what the schema promises; nothing of one that is read for its details only."""
        return super().post_process(row, context) if self.selected else None

    @override
    def batch_written(self, batch: Batch) -> None:
        for detail in self.selected_details:
            if detail.enqueue(batch.rows):
                detail.sync()
        if batch.bookmark:
            self._bookmark = min(batch.bookmark, self.run_started_at)
            # Between the records of a batch file, a detail's state would say too much of its feed.
            if not (self.selected_details and self.get_batch_config(self.config)):
                self.write_bookmarks()

    @override
    def all_written(self) -> None:
        self.write_bookmarks()

    def write_bookmarks(self) -> None:
        """Write into the state how far the streams are."""
        if not self._bookmark:
            return
        for stream in self.bookmarked_streams:
            if isinstance(stream, DetailStream) and stream.access.is_doubtful:
                continue
            bookmark = max(to_rfc3339(self._bookmark), stream.stream_state.get("replication_key_value") or "")
            stream.stream_state.update(replication_key=self.replication_key, replication_key_value=bookmark)
        self.checkpoint()


class CallFeedStream(FeedStream):
    """The feed of calls, with the costly parts that are asked for."""

    @property
    @override
    def page_size(self) -> int:
        return min(super().page_size, MAX_RENDERED) if self.config["render_templates"] else super().page_size

    @override
    def parameters(self, request: FeedRequest) -> dict[str, Any]:
        return {**super().parameters(request), **{flag: "true" for flag in FLAGS if self.config[flag]}}


class DetailStream(ExecVisionStream):
    """What the API shows by id only: asked for once a run for each id that a feed's rows name."""

    on_update = "comes when a row that names it does"
    state_partitioning_keys = ()
    #: The field of the feed's rows that holds the id.
    id_name: ClassVar[str]
    #: Whether it is a number, which may come as 3, 3.0 or "3".
    id_is_number: ClassVar[bool] = False
    #: Whether an account may have no right to any.
    is_optional: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with no id asked for."""
        super().__init__(*args, **kwargs)
        self._waiting: list[str] = []
        self._asked: set[str] = set()
        self._under_way: dict[str, Future[list[Row]]] = {}

    @cached_property
    def access(self) -> Access:
        """What the account may see."""
        return Access(self.path, self.logger, is_optional=self.is_optional)

    def enqueue(self, rows: Iterable[Row]) -> bool:
        """Note the ids in these rows that have not been asked for yet; tell whether there are any."""
        ids = (self._id_in(row) for row in rows if self.is_wanted(row))
        self._waiting = [id_ for id_ in dict.fromkeys(filter(None, ids)) if id_ not in self._asked]
        self._asked.update(self._waiting)
        return bool(self._waiting) and not self.access.is_denied

    def is_wanted(self, row: Row) -> bool:
        """Tell whether a row names something to ask for."""
        return row.get(self.id_name) is not None

    def _id_in(self, row: Row) -> str | None:
        value = row[self.id_name]
        if self.id_is_number and isinstance(value, str | Decimal):
            with suppress(InvalidOperation, ValueError, OverflowError):
                number = Decimal(value)
                value = int(number) if number == number.to_integral_value() and not is_long(number) else value
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or str(value).strip() in NO_IDS:
            self.logger.warning("%s: %s is not an id that can be asked for: skipped", self.name, self.id_name)
            return None
        return str(value).strip()

    @override
    def get_new_paginator(self) -> DetailPaginator:
        return DetailPaginator(self._waiting, self.access)

    @override
    def fetch_page(self, request: str) -> list[Row]:
        """Return the details of one id, while those of the next are on their way: the pace allows more than one."""
        place = self._waiting.index(request)
        for id_ in self._waiting[place : place + 1 if self.access.is_doubtful else place + AT_ONCE]:
            if id_ not in self._under_way:
                self._under_way[id_] = started(super().fetch_page, id_)
        return self._under_way.pop(request).result()


class TranscriptStream(DetailStream):
    """Details of calls, behind a setting: one request a call, and not every account may read them."""

    is_optional = True

    @override
    def enqueue(self, rows: Iterable[Row]) -> bool:
        """Forget the ids of earlier pages: a call that comes again has changed."""
        self._asked.clear()
        return super().enqueue(rows)

    @override
    def is_wanted(self, row: Row) -> bool:
        return super().is_wanted(row) and str(row.get("state")).upper() == "COMPLETE"
