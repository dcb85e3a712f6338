"""The server that replays encoded rows, without limits, in a process of its own.

Of each vendor's protocol it knows what reading one stream takes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from typing_extensions import override

from benchmarks import rows
from benchmarks.rows import Table, template

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = 1000
# A busy contact centre: so many sessions and responses a day, and a call, or a score of one, every ten seconds.
SESSIONS_A_DAY, RESPONSES_A_DAY = 250, 2000
EVERY = timedelta(seconds=10)
FIRST_DAY = date(2015, 1, 1)
FIRST = datetime(2025, 1, 1, tzinfo=timezone.utc)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
WINDOW_DAYS = 10


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    path: str
    query: Mapping[str, str]
    body: bytes
    host: str


@dataclass(frozen=True)
class Answer:
    """What to answer."""

    body: bytes
    status: bytes = b"200 OK"
    headers: bytes = b"Content-Type: application/json\r\n"


class Replay(ABC):
    """One vendor, of whom one case is read."""

    #: How many rows each stream has.
    counts: dict[str, int]

    @abstractmethod
    def __init__(self, count: int, *, lazy: bool) -> None:
        """Have so many rows; `lazy`: encode each when it is asked for."""

    @abstractmethod
    def settings(self, url: str) -> dict[str, Any]:
        """Return the tap's settings."""

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Answer a request."""


class Feedbacks(Replay):
    """Agent Connect: what comes after a sequence id."""

    FIRST_ID: ClassVar[int] = 17_000_000_000_000
    STEP: ClassVar[int] = 10_000

    def __init__(self, count: int, *, lazy: bool) -> None:
        self.counts = {"feedbacks": count}
        self._table = Table(rows.feedbacks(), count, self._values, lazy)

    def _values(self, number: int) -> dict[bytes, bytes]:
        return {b"uuid": _identity(number), b"sequence": b"%d" % (self.FIRST_ID + number * self.STEP)}

    @override
    def settings(self, url: str) -> dict[str, Any]:
        return {"subdomain": "x", "api_key": "key", "api_secret": "s" * 40, "api_url": url}

    @override
    def answer(self, request: Request) -> Answer:
        start = max(0, (int(request.query.get("after", 0)) - self.FIRST_ID) // self.STEP + 1)
        return Answer(self._table.array(start, start + int(request.query.get("limit", PAGE))))


class Feed(Replay):
    """ExecVision: what was modified since a minute, or comes after an id."""

    _table: Table

    @override
    def settings(self, url: str) -> dict[str, Any]:
        return {"username": "user", "password": "password", "api_url": url, "start_date": f"{FIRST:%Y-%m-%d}"}

    @override
    def answer(self, request: Request) -> Answer:
        since = datetime.fromisoformat(request.query["since"].replace("Z", "+00:00"))
        since = since.replace(second=0, microsecond=0, tzinfo=since.tzinfo or timezone.utc)
        start = max(0, -((FIRST - since) // EVERY))
        if last := request.query.get("last_id"):
            start = max(start, _number(last) + 1)
        return Answer(self._table.array(start, start + int(request.query.get("limit", 100))))


class Calls(Feed):
    """The feed of calls, and each call's transcript."""

    def __init__(self, count: int, *, lazy: bool) -> None:
        count //= 2
        self.counts = {"calls": count, "transcripts": count}
        templates, self._transcripts = rows.calls()
        self._transcripts = [transcript % {} for transcript in self._transcripts]
        self._table = Table(templates, count, _time_values, lazy)

    @override
    def settings(self, url: str) -> dict[str, Any]:
        return {**super().settings(url), "fetch_transcripts": True}

    @override
    def answer(self, request: Request) -> Answer:
        *_, what, last = request.path.split("/")
        if what == "transcript":
            return Answer(self._transcripts[_number(last) % len(self._transcripts)])
        return super().answer(request)


class Scores(Feed):
    """The feed of results; `limit` counts them, and the rows are their answers."""

    def __init__(self, count: int, *, lazy: bool) -> None:
        found = rows.results()
        results = whole = 0
        while whole < count:
            whole += len(found[results % len(found)])
            results += 1
        self.counts = {"scores": whole}
        marked = [
            template([{**row, "resultId": "@@id@@", "modified": "@@time@@"} for row in answers], ascii_only=False)
            for answers in found
        ]
        self._table = Table([result[1:-1] for result in marked], results, _time_values, lazy)


class Sessions(Replay):
    """MaestroQA: all sessions of some days, as one array."""

    def __init__(self, count: int, *, lazy: bool) -> None:
        self.counts = {"coaching_sessions": count}
        self._table = Table(rows.sessions(), count, lambda number: {b"id": b"%017d" % number}, lazy)

    @override
    def settings(self, url: str) -> dict[str, Any]:
        return {"api_token": "token", "api_url": url, **_days(self._table.count, SESSIONS_A_DAY, WINDOW_DAYS)}

    @override
    def answer(self, request: Request) -> Answer:
        asked = json.loads(request.body)
        start, end = ((date.fromisoformat(asked[key]) - FIRST_DAY).days for key in ("startDate", "endDate"))
        return Answer(self._table.array(start * SESSIONS_A_DAY, end * SESSIONS_A_DAY))


class Responses(Replay):
    """Care Analytics: a report that is run, done at the first look, and downloaded from another host."""

    def __init__(self, count: int, *, lazy: bool) -> None:
        self.counts = {"response": count}
        self._table = Table(rows.responses(), count, lambda number: {b"id": _identity(number)}, lazy)

    @override
    def settings(self, url: str) -> dict[str, Any]:
        access = {"username": "user", "password": "password", "company_key": "key", "api_url": f"{url}/api/public"}
        return {**access, **_days(self._table.count, RESPONSES_A_DAY, 1)}

    @override
    def answer(self, request: Request) -> Answer:
        *_, name, what = request.path.split("/")
        if what == "response":
            given = {**request.query, **dict(parse_qsl(request.body.decode()))}
            return _envelope({"workflowId": "report", "runId": f"{given['startTime']}-{given['endTime']}"})
        if what == "status":
            return _envelope({"jobInfo": {}, "result": {"runnerState": "CLOSED", "detail": "COMPLETED"}})
        if what == "download":
            host = request.host.replace("127.0.0.1", "localhost")
            return Answer(b"", b"302 Found", f"Location: http://{host}/file/{name}\r\n".encode())
        start, end = ((EPOCH + timedelta(milliseconds=int(edge))).date() - FIRST_DAY for edge in what.split("-"))
        return Answer(self._table.array(start.days * RESPONSES_A_DAY, (end.days + 1) * RESPONSES_A_DAY))


CASES: dict[str, type[Replay]] = {
    "feedbacks": Feedbacks,
    "calls": Calls,
    "scores": Scores,
    "sessions": Sessions,
    "responses": Responses,
}


def _identity(number: int) -> bytes:
    return b"5a9db0c0-0000-4000-8000-%012x" % number


def _number(identity: str) -> int:
    return int(identity[-12:], 16)


def _time_values(number: int) -> dict[bytes, bytes]:
    return {b"id": _identity(number), b"time": f"{FIRST + number * EVERY:%Y-%m-%dT%H:%M:%SZ}".encode()}


def _days(count: int, a_day: int, window_days: int) -> dict[str, Any]:
    last = FIRST_DAY + timedelta(days=max(0, count - 1) // a_day)
    return {"start_date": str(FIRST_DAY), "end_date": str(last), "window_days": window_days}


def _envelope(result: dict[str, Any]) -> Answer:
    return Answer(json.dumps({"status": "PASS", "request": None, "message": None, "result": result}).encode())


@dataclass
class Connection(asyncio.Protocol):
    """As much of HTTP/1.1 as it takes to cost little."""

    replay: Replay
    _transport: asyncio.Transport | None = None
    _data: bytes = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._data += data
        while b"\r\n\r\n" in self._data:
            head, _, rest = self._data.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            length = int(headers.get("content-length", 0))
            if len(rest) < length:
                return
            body, self._data = rest[:length], rest[length:]
            target = urlsplit(first.split()[1])
            answer = self.replay.answer(Request(target.path, dict(parse_qsl(target.query)), body, headers["host"]))
            assert self._transport  # noqa: S101  # for mypy: it comes with the connection
            self._transport.write(
                b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n" % (answer.status, answer.headers, len(answer.body))
            )
            self._transport.write(answer.body)


async def serve(replay: Replay) -> None:
    """Say where, and serve until the end of standard input."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(replay), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(json.dumps({"settings": replay.settings(url), "counts": replay.counts}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    name, count, *lazy = sys.argv[1:]
    asyncio.run(serve(CASES[name](int(count), lazy=bool(lazy))))
