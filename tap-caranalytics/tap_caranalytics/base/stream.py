# Generated from tools/base/stream.py by `python -m tools generate`: edit it there.
"""The stream that every tap builds on: pages arrive whole or not at all, and the state follows what is written."""

from __future__ import annotations

import time
from abc import abstractmethod
from contextlib import closing
from copy import copy
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import backoff
from singer_sdk.helpers._util import utc_now
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage
from singer_sdk.streams.rest import PageContext, RESTStream
from typing_extensions import override

from .flattening import QuickMap
from .http import (
    RefusedError,
    TapError,
    TransientError,
    UnknownHostError,
    origin_of,
    request_error,
    safe_url,
    vendor_message,
)
from .json_text import InvalidJSONError, TextRepair, parse_json
from .pagination import Batch, ListPaginator, Paginator, read_ahead
from .records import Normaliser, parse_datetime

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    import requests
    from backoff.types import Details
    from singer_sdk.helpers.types import Context, Record

    from .records import Convert
    from .tap import BaseTap

Request = TypeVar("Request")
Page = TypeVar("Page")

MAX_TRIES = 6  # 2 + 4 + 8 + 16 + 32 seconds: longer than the minute that quotas are counted in
MAX_RETRY_AFTER = 3600
PROGRESS_INTERVAL = 5  # seconds between two lines on how far a stream has come


class BaseStream(RESTStream[Request], Generic[Request, Page]):
    """A stream whose pages arrive whole or not at all, retried for as long as that may help."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    # A redirect would take custom credential headers to whatever host it names.
    allow_redirects = False

    _tap: BaseTap

    #: How errors call the other side.
    vendor: ClassVar[str]
    #: What to check when a request is refused, by status.
    error_hints: ClassVar[Mapping[int, str]] = {}
    #: Seconds in which a quota that is spent (HTTP 429) is whole again, where the vendor does not say.
    quota_seconds: ClassVar[float] = 0
    #: Whether a run brings every row, so that what did not come is gone.
    is_whole_list: ClassVar[bool] = False
    #: What becomes of a row that the vendor has changed, and of one that it has deleted, for the README.
    on_update: ClassVar[str] = "comes with every run"
    on_delete: ClassVar[str] = "stops coming"

    @property
    @override
    def url_base(self) -> str:
        """The configured root of the API."""
        return self._tap.api_url

    @property
    @override
    def requests_session(self) -> requests.Session:
        """The process's one session, whose pace all streams share."""
        return self._tap.session

    @property
    @override
    def timeout(self) -> int:
        """Seconds to wait for a connection, and for each part of an answer."""
        return int(self.config["request_timeout"])

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        """The SDK would send the version before the rows: a run that failed would end with a half-empty table."""
        return False

    @property
    def run_started_at(self) -> datetime:
        """When the run began, on our clock or on the vendor's, whichever is behind."""
        return self._tap.run_started_at

    @cached_property
    def repair(self) -> TextRepair:
        """What puts right the texts that no database stores, and counts them."""
        return TextRepair()

    @cached_property
    def normalise(self) -> Normaliser:
        """What makes the vendor's rows fit the schema."""
        flattens = bool(self.config.get("flattening_enabled"))
        return Normaliser(self.effective_schema, self.logger, self.mask, self.reshape, flattens=flattens)

    @cached_property
    def _map(self) -> QuickMap:
        return QuickMap()

    # Records

    @override
    def get_new_paginator(self) -> Paginator[Any, Any]:
        """Return what decides which pages to ask for."""
        return ListPaginator()

    @override
    def request_records(self, context: Context | None) -> Iterator[Any]:
        """Read batch by batch; the next one is on its way while this one is written, and state follows each."""
        versioned = self.is_whole_list and bool(self.config.get("emit_activate_version_messages"))
        if versioned:
            self._stream_version = self._initialized_at // 1000
        rows, number, told, before = 0, 0, time.monotonic(), copy(self._tap.quota)
        for number, batch in enumerate(read_ahead(self._fetch_batches()), 1):
            for row in batch.rows:
                rows += 1
                yield row
            self.batch_written(batch)
            if time.monotonic() - told > PROGRESS_INTERVAL:
                told = time.monotonic()
                self.logger.info("%s of %s: %d rows so far", batch.label or f"Page {number}", self.name, rows)
        self.all_written()
        if versioned and self._stream_version:
            self._write_activate_version_message(self._stream_version)
        used = self._tap.quota.since(before)
        self.logger.info(
            "Read %s to its end: %d rows, %d requests, %.1f s of waiting for the quota; bookmark: %s",
            *(self.name, rows, used.requests, used.waited, self.stream_state.get("replication_key_value", "none")),
        )
        if self.repair.count:
            self.logger.warning(
                "%s: %d characters that no database stores (U+0000, half surrogates) became U+FFFD",
                *(self.name, self.repair.count),
            )
            self.repair.count = 0

    def _fetch_batches(self) -> Iterator[Batch]:
        """Ask for what the paginator wants, and yield what it makes of the answers."""
        paginator = self.get_new_paginator()
        with self.get_http_request_counter() as counter:
            yield from paginator.take()
            while not paginator.finished:
                try:
                    page: Any = self.fetch_page(paginator.current_value)
                except RefusedError as refusal:
                    page = refusal
                counter.increment()
                paginator.advance(page)
                yield from paginator.take()

    def batch_written(self, batch: Batch) -> None:
        """Do what follows a batch whose rows are written: move the bookmark to where it says."""
        if batch.bookmark is not None:
            self.advance_bookmark(batch.bookmark)

    def all_written(self) -> None:
        """Do what follows the last batch."""

    @override
    def parse_response(self, response: requests.Response) -> Iterable[dict[str, Any]]:
        raise NotImplementedError  # the SDK's loop would parse a page after its retries: see parse_page

    @override
    def post_process(self, row: Record, context: Context | None = None) -> Record | None:
        """Make a row what the schema promises."""
        return self.require_keys(self.normalise(self.shape(row)))

    def require_keys(self, record: Record) -> Record:
        """Return the record, or raise TapError when it has no key to be stored under."""
        if missing := [key for key in self.primary_keys if record.get(key) in (None, "")]:
            what = f"a row of {self.name} without {', '.join(missing)}, which cannot be stored"
            message = f"{self.vendor} sent {what}: ask its support."
            raise TapError(message)
        return record

    def shape(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the row with the fields that the tap makes."""
        return row

    @staticmethod
    def reshape(name: str, schema: dict[str, Any]) -> Convert | None:  # noqa: ARG004
        """Return what gives a field's values the structure of their schema; None where they have it."""
        return None

    @override
    def generate_child_contexts(self, record: Record, context: Context | None) -> Iterable[Context | None]:
        """Return none: no row has children that the SDK would read."""
        return ()

    @override
    def _write_record_message(self, record: Record) -> None:
        """Write a record as it is: the SDK would walk all of it once more, to deselect what Normaliser has left out."""
        for stream_map in self.stream_maps:
            if (mapped := self._map(stream_map, record)) is not None:
                self._tap.write_message(
                    RecordMessage(
                        stream_map.stream_alias, mapped, version=self._stream_version, time_extracted=utc_now()
                    )
                )
        self.state_manager.is_flushed = False

    # State

    def bookmark_from_state(self) -> datetime | None:
        """Return the bookmark that earlier runs left, None when there is none or a full refresh is asked for."""
        return self.stored_bookmark() if self.replication_method == "INCREMENTAL" else None

    def stored_bookmark(self) -> datetime | None:
        """Return the state's bookmark, also of a stream that has no replication key of its own, if it is one."""
        value = self.stream_state.get("replication_key_value")
        if value is None:
            return None
        if not (bookmark := parse_datetime(value)):
            message = f"The state's bookmark of {self.name} is not a time: correct it, or run once with a full refresh."
            raise TapError(message)
        if bookmark > self._tap.started_at:
            self.logger.warning("The state's bookmark of %s lies in the future: everything is read again", self.name)
            del self.stream_state["replication_key_value"]
            return None
        return bookmark

    def advance_bookmark(self, bookmark: Any, **more: Any) -> None:
        """Note that all before this is out, with what else the state must know; a bookmark never falls."""
        known = self.stream_state.get("replication_key_value")
        highest = bookmark if known is None or not isinstance(known, type(bookmark)) else max(known, bookmark)
        self.stream_state.update(replication_key=self.replication_key, replication_key_value=highest, **more)
        self.checkpoint()

    def checkpoint(self) -> None:
        """Write the state, but not between the records of a batch file."""
        if not self.get_batch_config(self.config):
            self._tap.state_writer.write_state(self.tap_state)

    @override
    def _increment_stream_state(self, latest_record: Record, *, context: Context | None = None) -> None:
        """Leave the bookmark to the batches: a row that is read again would move it back."""

    @override
    def _write_starting_replication_value(self, context: Context | None) -> None:
        """Leave the start to the paginator: the SDK would compare start_date with whatever the bookmark is."""

    # Requests

    def fetch_page(self, request: Request) -> Page:
        """Return one page; TapError when the vendor refuses it or does not recover."""
        try:
            return self.request_decorator(self._fetch_once)(request)  # type: ignore[no-any-return]
        except TransientError as error:
            message = f"{self.vendor} did not recover in {MAX_TRIES} tries: {error}. Nothing is lost: run again later."
            raise TapError(message) from None

    def _fetch_once(self, request: Request) -> Page:
        label = self.label_of(request)
        try:
            asked = self.get_http_request(page=PageContext(None, request))
            prepared = self.prepare(asked, request)
            sent_at = time.monotonic()
            sending = self.requests_session.send(prepared, timeout=self.timeout, allow_redirects=False, stream=True)
            with closing(sending) as response:
                self._tap.note_clock(response, time.monotonic() - sent_at)
                self._write_request_duration_log(label, response, None, None)
                self.validate_response(response, request)
                return self.parse_page(response, request)
        except (TapError, TransientError):
            raise
        except InvalidJSONError as error:
            message = f"{label} answered with {error}"
            raise TransientError(message) from None
        except (OSError, ValueError) as error:
            raise request_error(error, self.host_of(request), label, self.timeout) from None

    def prepare(self, asked: Any, request: Request) -> requests.PreparedRequest:  # noqa: ARG002
        """Return the request as it will be sent."""
        return self.build_prepared_request(
            method=asked.method, url=asked.url, params=asked.encode_params(), headers=asked.headers, json=asked.data
        )

    def label_of(self, request: Request) -> str:  # noqa: ARG002
        """Return what errors call a request; never an address in which a secret may stand."""
        return self.path

    def host_of(self, request: Request) -> str:  # noqa: ARG002
        """Return the host that a request goes to."""
        return (origin_of(self.url_base) or ("", "", None))[1]

    @abstractmethod
    def parse_page(self, response: requests.Response, request: Request) -> Page:
        """Read the whole body, or raise TransientError when it is not what it should be."""

    def parse_json(self, response: requests.Response) -> Any:
        """Parse a body that fits in memory, None when the vendor says that there is none (HTTP 204)."""
        if response.status_code == HTTPStatus.NO_CONTENT:
            return None
        return parse_json(response.content, self.repair)

    @override
    def validate_response(self, response: requests.Response, request: Request | None = None) -> None:
        """Raise TransientError for what may pass, TapError for what will not."""
        status = response.status_code
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return
        detail = self.vendor_message(response)
        label = self.label_of(request) if request is not None else self.path
        what = f"{response.request.method} {label}: HTTP {status}" + (f", {detail}" if detail else "")
        if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            message = "The proxy asks for credentials (HTTP 407): check HTTPS_PROXY and HTTP_PROXY."
            raise TapError(message)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {408, 425, 429}:
            raise TransientError(what, response, detail)
        hint = self.error_hints.get(status, "")
        if status < HTTPStatus.BAD_REQUEST:
            location = response.headers.get("Location", "")
            hint = f"It redirects{f' to {safe_url(location)}' if origin_of(location) else ''}: check api_url."
        message = f"{self.vendor} refused {what}. {hint}".strip()
        raise RefusedError(message, status, detail)

    def vendor_message(self, response: requests.Response) -> str:
        """Return the vendor's own error text in one short line, without secrets; never any other part of a body."""
        return self._tap.redact(vendor_message(response))

    # Retries

    @override
    def request_decorator(self, func: Any) -> Any:
        """Retry `func`, in one log line a try; a host that is not known, once."""
        again = backoff.on_exception(backoff.constant, UnknownHostError, max_tries=2, interval=2, logger=None)
        return backoff.on_exception(
            self.backoff_wait_generator,
            TransientError,
            max_tries=MAX_TRIES,
            on_backoff=self.backoff_handler,
            jitter=self.backoff_jitter,
            logger=None,
        )(again(func))

    @override
    def backoff_wait_generator(self) -> Generator[float, None, None]:
        """Wait 2, 4, 8, … seconds, and never less than the vendor asks for."""
        exponential = backoff.expo(factor=2)
        next(exponential)  # its first value is the decorator's handshake
        return self.backoff_runtime(value=lambda error: max(next(exponential), self.retry_after(error)))

    def retry_after(self, error: TransientError) -> float:
        """Return the seconds that the vendor asks to wait, or that a spent quota needs; an hour at most."""
        if error.response is None:
            return 0
        seconds = _seconds(error.response.headers.get("Retry-After", ""))
        if not seconds and error.response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            return self.quota_seconds
        return min(seconds, MAX_RETRY_AFTER)

    @override
    def backoff_handler(self, details: Details) -> None:
        """Say what failed and when the next try comes."""
        self.logger.warning(
            "%s; try %d of %d in %.0f s",
            *(details.get("exception"), details["tries"] + 1, MAX_TRIES, details.get("wait", 0)),
        )


def _seconds(told: str) -> float:
    """Read a Retry-After, in seconds or as a date; 0 when it says nothing."""
    try:
        seconds = float(told)
    except ValueError:
        try:
            moment = parsedate_to_datetime(told)
        except (ValueError, TypeError, IndexError, OverflowError):
            return 0
        moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
        seconds = (moment - datetime.now(timezone.utc)).total_seconds()
    return max(0, seconds)
