# Generated from tools/base/doctor.py by `python -m tools generate`: edit it there.
"""What a run would meet, a line each, fit to be shown to anybody: no line holds a text that the vendor wrote."""

from __future__ import annotations

import re
import time
from abc import abstractmethod
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk.streams.rest import PageContext

from .http import Redactor, RefusedError, TapError, TransientError, origin_of, request_error, vendor_clock
from .json_text import InvalidJSONError
from .readings import NotKnownError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    import requests

    from .tap import BaseTap

Stream = Any  # each vendor's doctor knows its own kinds

QUOTA_HEADER = re.compile(r"(x-)?rate-?limit[a-z-]*", re.IGNORECASE)
CLOCK_TOLERANCE = 2  # a Date header has whole seconds, and an answer takes some time
MIN_WAIT = 2
DENIED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


@dataclass(frozen=True)
class Finding:
    """A line of the report."""

    subject: str
    text: str
    #: `ok`, `note`, `reading` for how the vendor reads its own page, or `FAIL` for what ends a run.
    mark: str = "ok"

    def __str__(self) -> str:
        return f"{self.mark:<8}{self.subject}: {self.text}"


class Doctor:
    """Asks a vendor a few questions, within its limits."""

    #: What is said before the names of fields that the schema does not know.
    unknown_fields: ClassVar[str] = "kept in _extra, as the schema does not know them"
    #: What a field's name looks like; what looks like anything else might be data.
    field_name: ClassVar[re.Pattern[str]] = re.compile(r"[A-Za-z_]\w{0,62}", re.ASCII)
    #: How many seconds our clock may be ahead before the vendor may refuse, None where it does not look.
    max_seconds_ahead: ClassVar[float | None] = None

    def __init__(self, tap: BaseTap) -> None:
        """Examine what this tap is configured for."""
        self.tap = tap
        self._requests = self._told_off = 0
        self._clock: tuple[float, float] | None = None  # how long the answer took, and our clock's lead
        self._quota: dict[str, str] = {}
        own = [str(tap.config.get(key) or "") for key in ("username", "subdomain")]
        self._mask = Redactor([*tap.secrets, *own, (origin_of(tap.api_url) or ("", "", None))[1]])

    @abstractmethod
    def pace(self) -> str:
        """Return how many requests a run will make, and how fast."""

    @abstractmethod
    def first_rows(self, stream: Stream) -> Collection[dict[str, Any]]:
        """Return the rows of a stream's first page, or their field names alone."""

    def questions(self) -> Iterable[tuple[str, Callable[[], str | Finding]]]:
        """Yield what the vendor's page leaves open, each with what finds it out."""
        return ()

    def streams(self) -> list[Stream]:
        """Return the selected streams, whole lists first: they are the quickest to show that credentials work."""
        selected = [stream for stream in self.tap.streams.values() if stream.selected]
        return sorted(selected, key=lambda stream: not getattr(stream, "is_whole_list", False))

    def is_known(self, stream: Stream, name: str) -> bool:
        """Tell whether the schema has a field."""
        return name in stream.schema["properties"]

    def on_refusal(self, stream: Stream, refusal: RefusedError) -> Finding:
        """Return what the refusal of a stream's first page means."""
        hint = stream.error_hints.get(refusal.status, "check api_url, or deselect the stream")
        what = "may not be read" if refusal.status in DENIED else "is refused"
        return Finding(stream.name, f"{what} (HTTP {refusal.status}): {hint}", "FAIL")

    def report(self) -> Iterator[Finding]:
        """Yield the lines as they are found."""
        is_readable = False
        for number, stream in enumerate(self.streams()):
            status: int | None = None
            try:
                rows = self.first_rows(stream)
                unknown = {name for row in rows for name in row if not self.is_known(stream, name)}
                fields = f"; {self.unknown_fields}: {self._names(unknown)}" if unknown else ""
                finding, is_readable = Finding(stream.name, f"readable, rows: {len(rows)}{fields}"), True
            except RefusedError as refusal:
                finding, status = self.on_refusal(stream, refusal), refusal.status
            except NotKnownError as error:
                finding = Finding(stream.name, str(error), "FAIL")
            if not number:
                yield self._clock_finding(is_refused=status is not None)
            yield finding
            # Wrong credentials stay wrong, and some vendors lock out who goes on trying.
            if not is_readable and status in {None, HTTPStatus.UNAUTHORIZED}:
                break
        yield Finding("credentials", "accepted") if is_readable else Finding("credentials", "nothing was read", "FAIL")
        for subject, question in self.questions() if is_readable else ():
            try:
                answer = question()
            except NotKnownError as error:
                answer = f"not known: {error}"
            except RefusedError as refusal:
                answer = f"not known: the question was refused (HTTP {refusal.status})"
            yield answer if isinstance(answer, Finding) else Finding(subject, answer, "reading")
        quota = "".join(f", {name}: {value}" for name, value in sorted(self._quota.items()))
        spent = f"this report made {self._requests}, refused for the quota (HTTP 429): {self._told_off}{quota}"
        yield Finding("quota", f"{self.pace()}; {spent}", "note" if self._told_off else "ok")

    def _clock_finding(self, *, is_refused: bool) -> Finding:
        if not self._clock:
            return Finding("clock", "not known: no answer shows the vendor's time", "note")
        ahead = self._clock[1]
        if abs(ahead) <= CLOCK_TOLERANCE:
            return Finding("clock", "this machine's agrees with the vendor's")
        text = (
            f"this machine's is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the vendor's: set it right"
        )
        is_why = is_refused and self.max_seconds_ahead is not None and ahead > self.max_seconds_ahead
        return Finding("clock", text, "FAIL" if is_why else "note")

    def _names(self, names: set[str]) -> str:
        """Return field names as they may be shown: those that look like one, and how many do not."""
        shown = sorted(name for name in names if self.field_name.fullmatch(name) and self._mask(name) == name)
        hidden = len(names) - len(shown)
        return ", ".join([*shown, *([f"{hidden} with names that are not shown"] if hidden else [])])

    # Asking

    def ask(self, stream: Stream, request: Any, read: Callable[[requests.Response], Any] | None = None) -> Any:
        """Return the page that a request brings, or what `read` makes of the answer; NotKnownError after two tries."""
        read = read or (lambda response: stream.parse_page(response, request))
        try:
            return self._ask_once(stream, request, read)
        except TransientError as error:
            wait = max(MIN_WAIT, stream.retry_after(error))
        click.echo(f"No answer yet: asking again in {wait:.0f} s", err=True)
        time.sleep(wait)
        try:
            return self._ask_once(stream, request, read)
        except TransientError as error:
            what = str(error) if error.response is None else f"HTTP {error.response.status_code}"
            message = f"no usable answer: {what}"
            raise NotKnownError(message) from None

    def _ask_once(self, stream: Stream, request: Any, read: Callable[[requests.Response], Any]) -> Any:
        asked = stream.prepare(stream.get_http_request(page=PageContext(None, request)), request)
        self._requests += origin_of(asked.url) == origin_of(stream.url_base)
        try:
            sending = stream.requests_session.send(asked, timeout=stream.timeout, allow_redirects=False, stream=True)
            with closing(sending) as response:
                self._note(stream, response)
                stream.validate_response(response, request)
                try:
                    return read(response)
                except RefusedError:
                    raise
                except (TransientError, InvalidJSONError, TapError):  # in the vendor's words, maybe
                    message = "not as documented; a run says what is wrong with it"
                    raise TransientError(message) from None
        except (RefusedError, TransientError):
            raise
        except TapError as error:
            raise NotKnownError(self._mask(str(error))) from None
        except (OSError, ValueError) as error:
            found = request_error(error, stream.host_of(request), stream.label_of(request), stream.timeout)
            shown = self._mask(str(found))
            raise TransientError(shown) if isinstance(found, TransientError) else NotKnownError(shown) from None

    def _note(self, stream: Stream, response: requests.Response) -> None:
        """Note what an answer of the API's tells beside its body."""
        if origin_of(response.url) != origin_of(stream.url_base):
            return
        elapsed = response.elapsed.total_seconds()
        self.tap.note_clock(response, elapsed)
        self._told_off += response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        headers = {name.lower(): value for name, value in response.headers.items() if QUOTA_HEADER.fullmatch(name)}
        self._quota |= {name: value for name, value in headers.items() if value.isdecimal()}
        if (clock := vendor_clock(response)) and (not self._clock or elapsed < self._clock[0]):
            answered_at = datetime.now(timezone.utc) - timedelta(seconds=elapsed / 2)
            # Its fraction of a second is cut off: half of one on average.
            self._clock = elapsed, (answered_at - clock).total_seconds() - 0.5
