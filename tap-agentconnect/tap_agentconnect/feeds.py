"""The feeds in the order of a sequence id: read from the bookmark on, which moves with each page."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from .base.http import TapError
from .base.json_text import MAX_INTEGER, LongNumber
from .base.records import shifted, to_rfc3339
from .client import AgentConnectStream
from .pagination import IDS_PER_SECOND, FeedPage, FeedRequest, Params, SequencePaginator, start_after

if TYPE_CHECKING:
    import requests
    from singer_sdk.helpers.types import Context

    from .base.pagination import Batch
    from .keys import Row


MAX_PAGE_SIZE = 1000


@dataclass(frozen=True)
class Filters:
    """What the settings let through. An end in the future, at the time of the run, is none."""

    start: str | None
    end: str | None
    include_recovery: bool = True

    def is_subset_of(self, other: Filters) -> bool:
        """Tell whether every row that these let through is one of the others' too."""
        return (
            (other.start is None or (self.start or "") >= other.start)
            and (other.end is None or (self.end or "~") <= other.end)
            and (other.include_recovery or not self.include_recovery)
        )

    @classmethod
    def from_state(cls, scope: Any) -> Filters | None:
        """Read what an earlier run let through; None when it cannot be read."""
        if not isinstance(scope, dict):
            return None
        start, end, include_recovery = scope.get("start"), scope.get("end"), scope.get("include_recovery", True)
        if not (isinstance(start, str | None) and isinstance(end, str | None) and isinstance(include_recovery, bool)):
            return None
        return cls(start, end, include_recovery)


class SequenceStream(AgentConnectStream[FeedRequest, FeedPage]):
    """A feed in which every change of a row comes again, with a higher sequence id."""

    primary_keys = ("uuid",)
    replication_key = "sequence_id"
    on_update = "comes again"

    @override
    def get_new_paginator(self) -> SequencePaginator:
        bookmark, overlap = self.last_sequence_id(), int(self.config["lookback_seconds"]) * IDS_PER_SECOND
        return SequencePaginator(0 if bookmark is None else start_after(bookmark, overlap), overlap)

    @override
    def batch_written(self, batch: Batch) -> None:
        if batch.bookmark is not None:
            self.advance_bookmark(batch.bookmark, scope=asdict(self.filters))

    @property
    def filters(self) -> Filters:
        """What this run's settings let through."""
        start, end = self._tap.config_datetime("start_date"), self._tap.config_datetime("end_date")
        is_past = end is not None and end < self._tap.started_at
        return Filters(to_rfc3339(start) if start else None, to_rfc3339(end) if end and is_past else None)

    def last_sequence_id(self) -> int | None:
        """Return the bookmark in the state, None when it does not hold for all that this run is to bring."""
        value = self.stream_state.get("replication_key_value")
        if value is None or self.replication_method != "INCREMENTAL":
            return None
        if (bookmark := _whole_number(value)) is None:
            message = f"The state's bookmark of {self.name} is not a sequence id: correct it, or use a full refresh."
            raise TapError(message)
        scope = self.stream_state.get("scope")
        earlier = Filters.from_state(scope)
        if bookmark > int(self._tap.started_at.timestamp()) * IDS_PER_SECOND:
            reason = "its bookmark lies in the future"
        elif scope and not earlier:
            reason = "the state does not say what the last run let through"
        elif earlier and not self.filters.is_subset_of(earlier):
            reason = "the settings let more through now"
        else:
            return bookmark
        self.logger.warning("%s is read from its beginning: %s", self.name, reason)
        # It would stay the highest, and keep the new one out.
        del self.stream_state["replication_key_value"]
        return None

    @override
    def params_of(self, request: FeedRequest) -> Params:
        params = {"after": str(request.after), **self.more_params(request)}
        start, end = self._tap.config_datetime("start_date"), self._tap.config_datetime("end_date")
        if start and request.is_bounded:
            params["created_at_gte"] = start.isoformat(timespec="seconds")
        if end and request.is_bounded:
            # The documented form has no fraction of a second: the whole second comes.
            params["created_at_lte"] = shifted(end, timedelta(microseconds=999_999)).isoformat(timespec="seconds")
        return params

    def more_params(self, request: FeedRequest) -> Params:  # noqa: ARG002
        """Return the parameters that only this feed takes."""
        return {}

    @override
    def parse_page(self, response: requests.Response, request: FeedRequest) -> FeedPage:
        body = self.parse_json(response)
        rows = [self._identified(row) for row in self.rows_in([] if body is None else body, response)]
        run_start = int(self.run_started_at.timestamp()) * IDS_PER_SECOND
        return FeedPage(rows, len(response.content), run_start, is_null=body is None)

    def _identified(self, row: Row) -> Row:
        """Return a row with its place in the feed as a number; TapError when it has no place, or no key."""
        uuid, sequence_id = row.get("uuid"), row.get("sequence_id")
        number = _whole_number(sequence_id)
        is_text = isinstance(sequence_id, str) and sequence_id.isdecimal()
        if isinstance(sequence_id, LongNumber) or (is_text and number is None) or (number or 0) > MAX_INTEGER:
            wrong = "a row with a sequence_id beyond 64 bits"
        elif number is None or not isinstance(uuid, str | int) or isinstance(uuid, bool) or uuid == "":
            wrong = "a row without uuid or sequence_id"
        else:
            return {**row, "sequence_id": number}
        message = f"{self.vendor} sent {wrong} in {self.path}, which cannot be stored: ask its support."
        raise TapError(message)


class FeedbackStream(SequenceStream):
    """The feed of interactions, whose page size can be set, and which holds service recoveries only if asked to."""

    @property
    @override
    def filters(self) -> Filters:
        return replace(super().filters, include_recovery=bool(self.config["include_recovery"]))

    @override
    def more_params(self, request: FeedRequest) -> Params:
        # A page of one row could not show that another has the same sequence id.
        limit = MAX_PAGE_SIZE if request.is_large else max(int(self.config["page_size"]), 2)
        # Without recoveries, a page might look like the last one: they are left out here.
        return {"limit": str(limit), "include_recovery": "true"}

    @override
    def post_process(self, row: Row, context: Context | None = None) -> Row | None:
        is_left_out = not self.config["include_recovery"] and _is_recovery(row)
        return None if is_left_out else super().post_process(row, context)


def _is_recovery(row: Row) -> bool:
    flag = row.get("is_recovery")
    if flag is None or flag == "":
        return bool(row.get("parent_uuid"))
    return str(flag).strip().lower() in {"true", "yes", "1"}


def _whole_number(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:  # noqa: PLR2004  # 64 bits have 19 digits
        return int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
