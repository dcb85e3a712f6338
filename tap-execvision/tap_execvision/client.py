"""ExecVision's API v2: bare JSON arrays, asked for with GET and nothing else."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from singer_sdk.authenticators import BasicAuthenticator
from singer_sdk.exceptions import RetriableAPIError

from tap_execvision.pagination import Ask, Feed, Row, Walk
from tap_execvision.records import Normaliser, moment_of, written
from tap_execvision.transport import SAY_EVERY, PatientStream, RefusedError, TapError, read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import requests
    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.streams.rest import HTTPRequest, PageContext


# The vendor's queue answers with a time-out of some form when it is full: coming back at once makes it longer.
QUEUE_FULL = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
PATIENCE = 5
# With templates rendered, the vendor sends 100 calls a page at most.
MOST_RENDERED = 100
SHUT = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


class ExecVisionStream(PatientStream[Any, Any]):
    """A stream of the API, each of whose requests is a path and some parameters."""

    vendor = "ExecVision"
    http_method = "GET"
    #: Versions would mark rows as deleted that the vendor has only stopped listing.
    emit_activate_version_messages = False
    advice: ClassVar = {
        400: "If it names the limit, lower page_size.",
        401: "Check username (the API's user id) and password.",
        403: "Ask ExecVision to switch this part of the API on for the account, or deselect the stream.",
        404: "Check api_url.",
    }

    @cached_property
    def authenticator(self) -> BasicAuthenticator:
        """User id and password."""
        return BasicAuthenticator(username=self.config["username"], password=self.config["password"])

    @cached_property
    def normalise(self) -> Normaliser:
        """What makes the vendor's rows fit the schema."""
        return Normaliser(self.schema, self.logger)

    def get_http_request(self, *, page: PageContext[Any]) -> HTTPRequest:
        """Ask for a page of a feed, the definition with an id, or a whole list."""
        request = super().get_http_request(page=page)
        request.params = {}
        if isinstance(page.next_page_token, str):
            request.url = f"{self.url_base}{self.path.rpartition('/')[0]}/{quote(page.next_page_token, safe='')}"
        elif isinstance(page.next_page_token, Ask):
            request.params = self.parameters(page.next_page_token)
        return request

    def parameters(self, asked: Ask) -> dict[str, Any]:
        """Return the query of a page."""
        spec = "microseconds" if asked.since.microsecond else "seconds"
        since = asked.since.isoformat(timespec=spec).replace("+00:00", "Z")
        return {
            "since": since,
            "limit": asked.limit,
            **({"last_id": asked.last_id} if asked.last_id else {}),
        }

    def read(self, response: requests.Response) -> Any:
        """Return the body, if it is what the path should answer with."""
        value = self.json_of(response)
        if not self.is_right(value):
            said = self.vendor_text(response)
            message = f"{self.path} answered with something else than documented" + (f", {said}" if said else "")
            raise RetriableAPIError(message, response)
        return value

    def is_right(self, value: Any) -> bool:
        """Tell whether the body has the documented form."""
        return isinstance(value, list) and all(isinstance(row, dict) for row in value)

    def seconds_told(self, error: RetriableAPIError) -> float:
        """Leave a full queue some time."""
        response = error.response
        full = response is None or response.status_code in QUEUE_FULL
        return max(super().seconds_told(error), PATIENCE if full else 0)

    def get_records(self, context: Context | None) -> Iterator[Row]:  # noqa: ARG002
        """Read a list that comes whole."""
        yield from self.fetch()

    def post_process(self, row: Record, context: Context | None = None) -> Record:  # noqa: ARG002
        """Make a row what the schema promises."""
        record = self.normalise(self.shape(row))
        if missing := [key for key in self.primary_keys if record.get(key) in {None, ""}]:
            message = (
                f"ExecVision sent {self.name} without {', '.join(missing)}, which cannot be stored: ask its support."
            )
            raise TapError(message)
        return record

    def shape(self, row: Row) -> Row:
        """Return the row with what depends on data lifted out of its field names."""
        return row


class FeedStream(ExecVisionStream):
    """A feed: what was modified since a minute, in pages."""

    on_update = "comes again"
    on_delete = "is not told"

    #: The field that the feed goes by.
    modified: ClassVar[str] = "modified"
    #: The field that `last_id` takes, None where the feed has no such parameter.
    last_id: ClassVar[str | None] = None
    #: The field whose different values `limit` counts, None where it counts rows.
    unit: ClassVar[str | None] = None
    _vendor_clock: datetime | None = None

    @property
    def page_size(self) -> int:
        """How many rows to ask for at once."""
        return int(self.config["page_size"])

    def moment(self, row: Row) -> tuple[datetime | None, bool]:
        """Return when a row was modified, or a time not after that, and whether it is the former."""
        return moment_of(row.get(self.modified)), True

    def read(self, response: requests.Response) -> Any:
        """Return the rows; note the vendor's clock, which may be behind ours."""
        if not self._vendor_clock:
            told = response.headers.get("Date", "")
            self._vendor_clock = parsedate_to_datetime(told) if told.endswith("GMT") else self.started
        return super().read(response)

    def get_records(self, context: Context | None) -> Iterator[Row]:  # noqa: ARG002
        """Walk the feed; after each page, the children's rows, and then the state."""
        feed = Feed(self.path, self.moment, self.last_id, self.unit)
        skip = self.config["on_stalled_page"] == "skip"
        walk = Walk(feed, self.fetch, Ask(self.since(), self.page_size), self.started, self.logger.error, skip=skip)
        rows, told = 0, time.monotonic()
        for number, leg in enumerate(read_ahead(walk.legs()), 1):
            yield from leg.rows
            rows += len(leg.rows)
            for child in self.followers:
                if isinstance(child, FollowingStream) and child.take(leg.rows):
                    child.sync()
            if leg.bookmark:
                self.advance(leg.bookmark)
            if time.monotonic() - told > SAY_EVERY:
                told = time.monotonic()
                up_to = f", up to {leg.bookmark:%Y-%m-%d %H:%M}" if leg.bookmark else ""
                self.logger.info("Page %d of %s: %d rows so far%s", number, self.name, rows, up_to)
        self.logger.info("Page %d of %s was the last: %d rows", number, self.name, rows)
        self.keep(final=True)

    @property
    def followers(self) -> Sequence[ExecVisionStream]:
        """The selected streams that are read along with this one."""
        return [child for child in self.child_streams if child.selected and isinstance(child, ExecVisionStream)]

    @property
    def readers(self) -> Iterable[ExecVisionStream]:
        """The selected streams that go forward with this feed."""
        return [*([self] if self.selected else []), *self.followers]

    def since(self) -> datetime:
        """Return where to begin: the earliest that one of the readers has come to, and an overlap."""
        start = self._tap.moment("start_date") or self.started
        reached = [
            moment_of(reader.stream_state.get("replication_key_value"))
            if self.replication_method == "INCREMENTAL"
            else None
            for reader in self.readers
        ]
        if not reached or None in reached:
            return start
        overlap = timedelta(minutes=int(self.config["lookback_minutes"]))
        return max(start, min(moment for moment in reached if moment) - overlap)

    def advance(self, moment: datetime) -> None:
        """Note that everything before this moment is out."""
        self._reached = min(moment, self.started, self._vendor_clock or self.started)
        self.keep(final=False)

    def keep(self, *, final: bool) -> None:
        """Write how far the readers are into the state, but not between the records of a batch file."""
        batch = self.get_batch_config(self.config)
        if not hasattr(self, "_reached") or (batch and self.followers and not final):
            return
        for reader in self.readers:
            bookmark = max(written(self._reached), reader.stream_state.get("replication_key_value") or "")
            key = reader.replication_key or self.replication_key
            reader.stream_state.update(replication_key=key, replication_key_value=bookmark)
        self.checkpoint()

    def generate_child_contexts(self, record: Record, context: Context | None) -> Iterable[Context | None]:  # noqa: ARG002
        """Leave the children to the pages: a child is asked for once an id, not once a row."""
        return ()

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Leave the bookmark to the walk."""


class FollowingStream(ExecVisionStream):
    """What the API tells by id only: asked for once a run for each id that a feed shows."""

    on_update = "comes when a row that names it does"
    state_partitioning_keys = ()
    #: The field of the feed's rows that holds the id.
    id_name: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: list[str] = []
        self._had: set[str] = set()

    def take(self, rows: list[Row]) -> bool:
        """Note the ids in these rows that have not been asked for yet; tell whether there are any."""
        ids = (str(row[self.id_name]) for row in rows if self.is_worth(row))
        self._waiting = [id_ for id_ in dict.fromkeys(ids) if id_ not in self._had]
        self._had.update(self._waiting)
        return bool(self._waiting)

    def is_worth(self, row: Row) -> bool:
        """Tell whether a row of the feed has an id to ask for."""
        id_ = row.get(self.id_name)
        return isinstance(id_, str | int) and id_ != ""

    def get_records(self, context: Context | None) -> Iterator[Row]:  # noqa: ARG002
        """Ask for each id that is waiting."""
        for id_ in self._waiting:
            yield from self.rows_by(id_)

    def rows_by(self, id_: str) -> Iterable[Row]:
        """Return the rows for one id, none where the vendor has none."""
        try:
            return self.rows_of(self.fetch(id_), id_)
        except RefusedError as refusal:
            if not self.may_miss(refusal, id_):
                raise
            return ()

    def may_miss(self, refusal: RefusedError, id_: str) -> bool:
        """Tell whether to go on without what was refused, with a warning."""
        if refusal.status == HTTPStatus.NOT_FOUND:
            self.logger.warning("ExecVision knows no %s %s: skipped", self.path, id_)
        return refusal.status == HTTPStatus.NOT_FOUND

    def rows_of(self, body: Any, id_: str) -> Iterable[Row]:  # noqa: ARG002
        """Return the rows that an answer holds."""
        return body if isinstance(body, list) else [body]

    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Leave the bookmark to the feed."""
