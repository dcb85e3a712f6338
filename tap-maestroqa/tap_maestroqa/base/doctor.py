# Generated from tools/base/doctor.py by `python -m tools generate`: edit it there.
"""What a run would meet, one line each: fit to be shown to anybody.

A line holds sentences of ours, numbers, and names of streams, settings and fields: nothing that the vendor wrote.
"""

from __future__ import annotations

import re
import time
from abc import abstractmethod
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import click
from singer_sdk.streams.rest import PageContext

from .http import Redactor, RefusedError, TapError, TransientError, origin_of, request_error, vendor_clock
from .json_text import InvalidJSONError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator

    import requests

    from .stream import BaseStream
    from .tap import BaseTap

Row = dict[str, Any]
Stream = Any  # a vendor's doctor knows its own kinds of streams
Hypothesis = TypeVar("Hypothesis")
Question = TypeVar("Question")

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_ .%#()/-]{0,62}")
COUNTER = re.compile(r"(x-)?rate-?limit[a-z-]*", re.IGNORECASE)
# A Date header has whole seconds, and an answer takes some time.
CLOCK_TOLERANCE = 2
MIN_WAIT = 2


class NotKnownError(Exception):
    """Why a question has no answer, in words that may be shown."""


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
    """Asks a vendor a few questions, within its limits, and never twice more than needed."""

    #: How many seconds this machine's clock may be ahead before the vendor refuses, None where it does not look.
    max_seconds_ahead: ClassVar[float | None] = None

    def __init__(self, tap: BaseTap) -> None:
        """Examine what this tap is configured for."""
        self.tap = tap
        self.requests = self.told_off = 0
        self._clock: tuple[float, float] | None = None  # how long the answer took, and our clock's lead
        self._counters: dict[str, str] = {}
        host = (origin_of(tap.api_url) or ("", "", None))[1]
        own = (host, *(str(tap.config.get(name) or "") for name in ("username", "subdomain")))
        self._mask = Redactor([*tap.secrets, *own])

    # What a vendor's own doctor says

    @abstractmethod
    def pace(self) -> str:
        """Return how many requests a run will make, and how fast."""

    @abstractmethod
    def first_rows(self, stream: Stream) -> Collection[Row]:
        """Return the rows of a stream's first page, or their field names alone; none when it has none."""

    def questions(self) -> Iterable[tuple[str, Callable[[], str | Finding]]]:
        """Yield what the vendor's page leaves open, each with what finds it out."""
        return ()

    def fields(self, stream: Stream, rows: Collection[Row]) -> str:
        """Return what is to be said of the fields in these rows."""
        unknown = {name for row in rows for name in row} - stream.schema["properties"].keys()
        return f"; kept in _extra, as the schema does not know them: {self.names(unknown)}" if unknown else ""

    def on_refusal(self, stream: Stream, refusal: RefusedError) -> Finding:
        """Return what a refusal of a stream's first page means."""
        hint = stream.error_hints.get(refusal.status, "")
        if refusal.status < HTTPStatus.BAD_REQUEST:
            hint = "It redirects: check api_url."
        denied = refusal.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        what = "may not be read" if denied else "refused"
        return Finding(stream.name, f"{what} (HTTP {refusal.status}). {hint} Or deselect the stream.", "FAIL")

    # The report

    def report(self) -> Iterator[Finding]:
        """Yield the lines as they are found."""
        streams = sorted(
            (stream for stream in self.tap.streams.values() if stream.selected),
            key=lambda stream: not getattr(stream, "is_whole_list", False),
        )
        readable = 0
        status: int | None = None
        for number, stream in enumerate(streams):
            try:
                rows = self.first_rows(stream)
                readable += 1
                finding = Finding(stream.name, f"readable, {len(rows)} rows{self.fields(stream, rows)}")
            except RefusedError as refusal:
                status, finding = refusal.status, self.on_refusal(stream, refusal)
            except NotKnownError as error:
                status, finding = None, Finding(stream.name, str(error), "FAIL")
            if not number:
                yield self._clock_finding()
            yield finding
            # Wrong credentials stay wrong, and some vendors lock out who goes on trying.
            if not readable and status in {None, HTTPStatus.UNAUTHORIZED}:
                break
        if readable:
            yield Finding("credentials", "accepted")
            for subject, question in self.questions():
                yield self._answer(subject, question)
        elif status:
            yield Finding("credentials", f"nothing could be read (HTTP {status}): see the hints above", "FAIL")
        yield self._quota_finding()

    def _answer(self, subject: str, question: Callable[[], str | Finding]) -> Finding:
        try:
            answer = question()
        except NotKnownError as error:
            answer = f"not known: {error}"
        except RefusedError as refusal:
            answer = f"not known: the question was refused (HTTP {refusal.status})"
        return answer if isinstance(answer, Finding) else Finding(subject, answer, "reading")

    def _clock_finding(self) -> Finding:
        if not self._clock:
            return Finding("clock", "not known: no answer shows the vendor's time", "note")
        _, ahead = self._clock
        if abs(ahead) <= CLOCK_TOLERANCE:
            return Finding("clock", "this machine's agrees with the vendor's")
        text = (
            f"this machine's is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the vendor's: set it right"
        )
        is_fatal = self.max_seconds_ahead is not None and ahead > self.max_seconds_ahead
        return Finding("clock", text, "FAIL" if is_fatal else "note")

    def _quota_finding(self) -> Finding:
        counters = "".join(f", {name} {value}" for name, value in sorted(self._counters.items()))
        text = f"{self.pace()}; this report took {self.requests}, told off {self.told_off} times{counters}"
        return Finding("quota", text, "note" if self.told_off else "ok")

    def names(self, names: Iterable[str]) -> str:
        """Return field names as they may be shown: those that look like one, and how many do not."""
        all_names = {*names}
        shown = sorted(name for name in all_names if PLAIN_NAME.fullmatch(name) and self._mask(name) == name)
        hidden = len(all_names) - len(shown)
        return ", ".join([*shown, *([f"{hidden} with names that are not shown"] if hidden else [])])

    # Asking

    def ask(self, stream: Stream, request: Any, read: Callable[[requests.Response], Any] | None = None) -> Any:
        """Return the page that a request brings, or what `read` makes of its answer; tried twice.

        RefusedError is the vendor's no; NotKnownError says what came instead of an answer.
        """
        parse = read or (lambda response: stream.parse_page(response, request))
        try:
            return self._ask_once(stream, request, parse)
        except TransientError as error:
            wait = max(MIN_WAIT, stream.retry_after(error))
        click.echo(f"No answer yet; once more in {wait:.0f} s", err=True)
        time.sleep(wait)
        try:
            return self._ask_once(stream, request, parse)
        except TransientError as error:
            status = error.response.status_code if error.response is not None else None
            raise NotKnownError(f"no usable answer, HTTP {status}" if status else str(error)) from None

    def _ask_once(self, stream: BaseStream[Any, Any], request: Any, parse: Callable[[requests.Response], Any]) -> Any:
        asked = stream.get_http_request(page=PageContext(None, request))
        prepared = stream.prepare(asked, request)
        self.requests += 1
        try:
            with closing(
                stream.requests_session.send(prepared, timeout=stream.timeout, allow_redirects=False, stream=True)
            ) as response:
                self._note(stream, response)
                stream.validate_response(response, request)
                return self._parsed(parse, response)
        except (RefusedError, TransientError, NotKnownError):
            raise
        except TapError as error:
            raise NotKnownError(self._mask(str(error))) from None
        except (OSError, ValueError) as error:
            found = request_error(error, stream.host_of(request), stream.label_of(request), stream.timeout)
            shown = self._mask(str(found))
            raise TransientError(shown) if isinstance(found, TransientError) else NotKnownError(shown) from None

    @staticmethod
    def _parsed(parse: Callable[[requests.Response], Any], response: requests.Response) -> Any:
        """Parse an answer; what is wrong with it may be told in the vendor's words, which are not shown."""
        try:
            return parse(response)
        except RefusedError:
            raise
        except (TransientError, InvalidJSONError):
            message = "an answer that is not as documented"
            raise TransientError(message, response) from None
        except TapError:
            message = "an answer that cannot be used: a run ends there, and its error says why"
            raise NotKnownError(message) from None

    def _note(self, stream: BaseStream[Any, Any], response: requests.Response) -> None:
        """Note what an answer of the API's tells beside its body."""
        if origin_of(response.url) != origin_of(stream.url_base):
            return
        elapsed = response.elapsed.total_seconds()
        self.tap.note_clock(response, elapsed)
        self.told_off += response.status_code == HTTPStatus.TOO_MANY_REQUESTS
        counters = {name: value for name, value in response.headers.items() if COUNTER.fullmatch(name)}
        self._counters |= {name.lower(): value for name, value in counters.items() if value.isdecimal()}
        if (clock := vendor_clock(response)) and (not self._clock or elapsed < self._clock[0]):
            answered_at = datetime.now(timezone.utc) - timedelta(seconds=elapsed / 2)
            # Its fraction of a second is cut off: half of one on average.
            self._clock = elapsed, (answered_at - clock).total_seconds() - 0.5


def remaining(
    hypotheses: Iterable[Hypothesis],
    questions: Collection[Question],
    predict: Callable[[Hypothesis, Question], Hashable],
    ask: Callable[[Question], Hashable],
    at_most: int = 4,
) -> list[Hypothesis]:
    """Return the hypotheses that no answer contradicts, having asked what tells them apart best."""
    left = list(hypotheses)
    for _ in range(at_most):
        told_apart = {question: len({predict(one, question) for one in left}) for question in questions}
        best = max(told_apart, key=lambda question: told_apart[question], default=None)
        if best is None or told_apart[best] < 2:  # noqa: PLR2004  # whatever it brings, nothing follows
            break
        answer = ask(best)
        left = [one for one in left if predict(one, best) == answer]
    return left


def grouped(answers: Iterable[tuple[str, str]]) -> str:
    """Write answers, each with the streams that it was found in: "inclusive (one, two); exclusive (three)"."""
    by_answer: dict[str, list[str]] = {}
    for stream, answer in answers:
        by_answer.setdefault(answer, []).append(stream)
    if not by_answer:
        message = "no stream has the rows to show it"
        raise NotKnownError(message)
    return "; ".join(f"{answer} ({', '.join(streams)})" for answer, streams in sorted(by_answer.items()))
