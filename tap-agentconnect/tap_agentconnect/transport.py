"""The way to a vendor and back: paced, patient, and plain about what went wrong. The same file in every tap."""

from __future__ import annotations

import ipaddress
import json
import logging
import re
from abc import abstractmethod
from contextlib import closing
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from urllib.parse import urlsplit

import backoff
import click
import requests
from pyrate_limiter import InMemoryBucket, Limiter, Rate
from requests_ratelimiter import LimiterAdapter
from singer_sdk.exceptions import FatalAPIError, RetriableAPIError
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.streams.rest import PageContext, RESTStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from backoff.types import Details
    from requests.auth import AuthBase

    from .settings import StrictTap

TToken = TypeVar("TToken")
Page = TypeVar("Page")

MAX_TRIES = 6  # 2 + 4 + 8 + 16 + 32 seconds: longer than the minute that quotas are counted in
LONGEST_WAIT = 3600
SAY_EVERY = 5  # seconds between two lines on how far a stream has come
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class TapError(FatalAPIError, click.ClickException):
    """What the user can act on: shown as one line, exit status 1, no traceback."""


class RefusedError(TapError):
    """The vendor's no to a request: its status, and the vendor's own text."""

    def __init__(self, message: str, status: int, said: str) -> None:
        super().__init__(message)
        self.status, self.said = status, said


def is_safe(url: str) -> bool:
    """Tell whether credentials may travel to this URL: https, or http on loopback."""
    parts = urlsplit(url)
    if parts.scheme == "http" and parts.hostname:
        try:
            return parts.hostname == "localhost" or ipaddress.ip_address(parts.hostname).is_loopback
        except ValueError:
            return False
    return parts.scheme == "https" and bool(parts.hostname)


class PacedAdapter(LimiterAdapter):
    """Waits for its turn, and only then signs: what proves the sender must not grow old in the queue."""

    def __init__(self, limiter: Limiter, sign: AuthBase | None) -> None:
        # Not told to fill its bucket on a 429: the retry waits as the vendor says.
        super().__init__(limiter=limiter, per_host=False, limit_statuses=())
        self._sign = sign

    def add_headers(self, request: requests.PreparedRequest, **_: Any) -> None:
        """Sign; `requests` calls this right before it sends."""
        if self._sign:
            self._sign(request)


def paced_session(api_url: str, rates: list[Rate], user_agent: str, sign: AuthBase | None = None) -> requests.Session:
    """Return a session that waits before it would ask the API for more than the vendor allows."""
    # At DEBUG they write whole addresses, in which a name or a key may stand.
    for name in ("urllib3.connectionpool", "urllib3.util.retry"):
        logging.getLogger(name).setLevel(logging.INFO)
    session = requests.Session()
    session.headers["User-Agent"] = user_agent
    limiter = Limiter(InMemoryBucket(rates))
    limiter.try_acquire("the last request of a run that may have ended a moment ago")
    origin = urlsplit(api_url)
    session.mount(f"{origin.scheme}://{origin.netloc}", PacedAdapter(limiter, sign))
    # The SDK sends requests past the step that reads REQUESTS_CA_BUNDLE.
    session.verify = session.merge_environment_settings(api_url, {}, None, None, None)["verify"]
    return session


def read_ahead(pages: Iterator[Page]) -> Iterator[Page]:
    """Fetch the next page while the caller writes this one."""
    # A daemon thread, so that an interrupted run does not wait for a request under way.
    fetched: Queue[tuple[Page | None, BaseException | None]] = Queue(maxsize=1)

    def fetch() -> None:
        try:
            for page in pages:
                fetched.put((page, None))
            fetched.put((None, None))
        except BaseException as error:  # noqa: BLE001  # raised again where the pages are read
            fetched.put((None, error))

    Thread(target=fetch, daemon=True).start()
    while (item := fetched.get())[0] is not None:
        yield item[0]
    if item[1]:
        raise item[1]


class PatientStream(RESTStream[TToken], Generic[TToken, Page]):
    """A stream whose pages arrive whole or not at all, retried for as long as that may help."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE
    # A redirect would take custom credential headers to whatever host it names.
    allow_redirects = False

    _tap: StrictTap

    #: How errors call the other side.
    vendor: ClassVar[str]
    #: What to check when a request is refused, by status.
    advice: ClassVar[Mapping[int, str]] = {}
    #: What becomes of a row that the vendor has changed, and of one that it has deleted, for the README.
    on_update: ClassVar[str] = "comes with every run"
    on_delete: ClassVar[str] = "stops coming"

    @property
    def url_base(self) -> str:
        """The configured root of the API."""
        return str(self.config["api_url"]).rstrip("/")

    @property
    def host(self) -> str:
        """The host that the API is on."""
        return str(urlsplit(self.url_base).hostname)

    @property
    def requests_session(self) -> requests.Session:
        """The process's one session, whose pace all streams share."""
        return self._tap.session

    @property
    def started(self) -> datetime:
        """When the run began, to the millisecond."""
        return EPOCH + timedelta(milliseconds=self._tap.initialized_at)

    @property
    def timeout(self) -> int:
        """Seconds to wait for a connection, and for each part of an answer."""
        return int(self.config["request_timeout"])

    @abstractmethod
    def read(self, response: requests.Response) -> Page:
        """Read the whole body, or raise RetriableAPIError when it is not what it should be."""

    def fetch(self, token: TToken | None = None) -> Page:
        """Return one page; TapError when the vendor refuses it or does not recover."""
        try:
            return self.request_decorator(self._fetch_once)(PageContext(None, token))  # type: ignore[no-any-return]
        except RetriableAPIError as error:
            message = f"{self.vendor} did not recover in {MAX_TRIES} tries: {error}. Nothing is lost: run again later."
            raise TapError(message) from None

    def _fetch_once(self, page: PageContext[TToken]) -> Page:
        request = self.get_http_request(page=page)
        prepared = self.build_prepared_request(
            method=request.method,
            url=request.url,
            params=request.encode_params(),
            headers=request.headers,
            json=request.data,
        )
        try:
            with closing(
                self.requests_session.send(prepared, timeout=self.timeout, allow_redirects=False, stream=True)
            ) as response:
                self.validate_response(response)
                return self.read(response)
        except requests.exceptions.SSLError as error:
            # The error itself names the URL, in which some vendors put a secret.
            reason = getattr(error.args[0] if error.args else None, "reason", type(error).__name__)
            message = (
                f"No trusted connection to {self.host}: {reason}. "
                "Behind a proxy with its own certificate, set REQUESTS_CA_BUNDLE."
            )
            raise TapError(message) from None
        except requests.exceptions.Timeout:
            message = f"no answer from {self.path} within {self.timeout} s (request_timeout)"
            raise RetriableAPIError(message) from None
        except requests.exceptions.RequestException as error:
            message = f"the connection to {self.host} failed or broke off ({type(error).__name__})"
            raise RetriableAPIError(message) from None

    def validate_response(self, response: requests.Response) -> None:
        """Raise RetriableAPIError for what may pass, TapError for what will not."""
        status = response.status_code
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return
        said = self.vendor_text(response)
        what = f"{response.request.method} {self.path}: HTTP {status}" + (f", {said}" if said else "")
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in {408, 425, 429}:
            raise RetriableAPIError(what, response)
        advice = self.advice.get(status, "")
        if status < HTTPStatus.BAD_REQUEST:
            host = urlsplit(response.headers.get("Location", "")).hostname
            advice = f"It redirects{f' to {host}' if host else ''}: check api_url."
        message = f"{self.vendor} refused {what}. {advice}".strip()
        raise RefusedError(message, status, said)

    def json_of(self, response: requests.Response) -> Any:
        """Parse a body that fits in memory, or raise RetriableAPIError when it is not JSON to its end."""
        try:
            return json.loads(mend(response.content), parse_float=Decimal, parse_constant=_refuse)
        except ValueError:
            message = f"{self.path} answered with JSON that breaks off, or with none"
            raise RetriableAPIError(message, response) from None

    def vendor_text(self, response: requests.Response) -> str:
        """Return the vendor's own error text in one short line; never any other part of a body."""
        try:
            body = response.json()
        except (ValueError, requests.exceptions.RequestException):
            return ""
        texts = (body.get(key) for key in ("error", "message")) if isinstance(body, dict) else ()
        return " ".join(next((text for text in texts if isinstance(text, str)), "").split())[:300]

    def checkpoint(self) -> None:
        """Write the state, but not between the records of a batch file."""
        if not self.get_batch_config(self.config):
            self._tap.state_writer.write_state(self.tap_state)

    def request_decorator(self, func: Any) -> Any:
        """Retry `func`, in one log line a try."""
        return backoff.on_exception(
            self.backoff_wait_generator,
            RetriableAPIError,
            max_tries=MAX_TRIES,
            on_backoff=self.backoff_handler,
            jitter=self.backoff_jitter,
            logger=None,
        )(func)

    def backoff_wait_generator(self) -> Generator[float, None, None]:
        """Wait 2, 4, 8, … seconds, and never less than the vendor asks for."""
        exponential = backoff.expo(factor=2)
        next(exponential)  # its first value is the decorator's handshake
        return self.backoff_runtime(value=lambda error: max(next(exponential), self.seconds_told(error)))

    def seconds_told(self, error: RetriableAPIError) -> float:
        """Return the vendor's Retry-After, in seconds or as a date, 0 without one; an hour at most."""
        told = error.response.headers.get("Retry-After", "") if error.response is not None else ""
        try:
            seconds = float(told)
        except ValueError:
            try:
                moment = parsedate_to_datetime(told)
            except ValueError:
                return 0
            moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
            seconds = (moment - datetime.now(timezone.utc)).total_seconds()
        return min(seconds, LONGEST_WAIT) if seconds > 0 else 0

    def backoff_handler(self, details: Details) -> None:
        """Say what failed and when the next try comes."""
        self.logger.warning(
            "%s; try %d of %d in %.0f s",
            details.get("exception"),
            details["tries"] + 1,
            MAX_TRIES,
            details.get("wait", 0),
        )


def _refuse(constant: str) -> None:
    message = f"{constant} is no JSON"
    raise ValueError(message)


# A pair of surrogates, half of one, or any other escape sequence.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def mend(text: bytes) -> bytes:
    """Put U+FFFD for half a surrogate pair, which a text cut inside an emoji has: no UTF-8 can hold it."""
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape["half"] else escape[0], text)
