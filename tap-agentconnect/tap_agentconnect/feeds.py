"""The feeds in the order of a sequence id: read from the bookmark on, which moves with each page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import RetriableAPIError

from tap_agentconnect.client import AgentConnectStream
from tap_agentconnect.pagination import Params, Row, follow
from tap_agentconnect.records import written
from tap_agentconnect.transport import TapError, read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import requests
    from singer_sdk.helpers.types import Context, Record

# A sequence id looks like a time: ten thousand of them a second. Nothing is lost should it be none.
A_SECOND = 10_000
LEAST_TIME = 10**13  # in 2001


@dataclass(frozen=True)
class Scope:
    """What the settings let through. An end in the future, at the time of the run, is none."""

    start: str | None
    end: str | None
    include_recovery: bool = True

    def within(self, other: Scope) -> bool:
        """Tell whether every row of this scope is one of the other's too."""
        return (
            (other.start is None or (self.start or "") >= other.start)
            and (other.end is None or (self.end or "~") <= other.end)
            and (other.include_recovery or not self.include_recovery)
        )


def resume(bookmark: int, overlap: int) -> int:
    """Return what to read after: the bookmark itself again, for rows that share it, and what came late before it."""
    return max(bookmark - (overlap if bookmark >= LEAST_TIME else 0) - 1, 0)


def advanced(bookmark: int | None, ids: Iterable[int], started: int) -> int | None:
    """Return the bookmark once rows with these ids are out: their highest, short of the run's start.

    Ids beyond that from the outset are no times, and just the highest counts.
    """
    ids = list(ids)
    timely = [number for number in ids if number <= started]
    if not timely and (bookmark is None or bookmark > started):
        timely = ids
    return max([*timely, *([] if bookmark is None else [bookmark])], default=None)


class SequenceStream(AgentConnectStream["list[Row] | None"]):
    """A feed in which every change of a row comes again, with a higher sequence id."""

    primary_keys = ("uuid",)
    replication_key = "sequence_id"
    on_update = "comes again"

    def get_records(self, context: Context | None) -> Iterator[Row]:  # noqa: ARG002
        """Read what came after the bookmark, page by page."""
        scope, bookmark = self.scope, self.recalled()
        overlap, start = int(self.config["lookback_seconds"]) * A_SECOND, int(self.started.timestamp()) * A_SECOND
        after = 0 if bookmark is None else resume(bookmark, overlap)
        for page in self.told(read_ahead(follow(self.page_after, after, start, overlap))):
            yield from filter(self.is_wanted, page)
            ids = (row["sequence_id"] for row in page)
            bookmark = advanced(bookmark, ids, start)
            self.stream_state.update(
                replication_key=self.replication_key, replication_key_value=bookmark, scope=asdict(scope)
            )
            self.checkpoint()

    @property
    def scope(self) -> Scope:
        """What this run's settings let through."""
        start, end = self._tap.moment("start_date"), self._tap.moment("end_date")
        return Scope(written(start) if start else None, written(end) if end and end < self.started else None)

    def recalled(self) -> int | None:
        """Return the bookmark in the state, None when it does not hold for all that this run is to bring."""
        bookmark, scope = self.stream_state.get("replication_key_value"), self.stream_state.get("scope")
        if self.replication_method != "INCREMENTAL" or bookmark is None:
            return None
        if (number := _whole_number(bookmark)) is None:
            message = f"The state's bookmark of {self.name} is no sequence id: run once with --full-refresh."
            raise TapError(message)
        if scope and not self.scope.within(Scope(*(scope.get(field.name) for field in fields(Scope)))):
            self.logger.warning("%s is read from its beginning, as the settings let more through now", self.name)
            return None
        return number

    def page_after(self, after: int, largest: bool) -> list[Row]:  # noqa: FBT001  # walk's callback
        """Return the page after this sequence id."""
        params: Params = {"after": str(after), **self.parameters(largest=largest)}
        if start := self._tap.moment("start_date"):
            params["created_at_gte"] = start.isoformat(timespec="seconds")
        if end := self._tap.moment("end_date"):
            params["created_at_lte"] = (end + timedelta(microseconds=999_999)).isoformat(timespec="seconds")
        page = self.fetch(params)
        if page is None:  # perhaps how an empty page is written, if it stays so
            page = self.fetch(params)
        return page or []

    def parameters(self, *, largest: bool) -> Params:  # noqa: ARG002
        """Return the parameters that only this feed takes."""
        return {}

    def is_wanted(self, row: Row) -> bool:  # noqa: ARG002
        """Tell whether to send a row."""
        return True

    def read(self, response: requests.Response) -> list[Row] | None:
        """Return the rows, each with its key and its place in the order; None when there is a null instead."""
        rows = self.json_of(response)
        if rows is None:
            return None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            message = f"{self.path} answered with no list of rows"
            raise RetriableAPIError(message, response)
        for row in rows:
            uuid, number = row.get("uuid"), _whole_number(row.get("sequence_id"))
            if number is None or not isinstance(uuid, str | int) or uuid == "":
                message = f"{self.path} sent a row without uuid or sequence_id, which cannot be stored: ask Medallia."
                raise TapError(message)
            row["sequence_id"] = number
        return list(rows)

    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Leave the start to the walk: start_date bounds creation, not the sequence id."""

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Leave the bookmark to the walk: it moves once a page is out."""


def _whole_number(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
