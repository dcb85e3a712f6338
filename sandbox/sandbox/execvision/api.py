"""ExecVision's (Mediafly Coach360's) API v2, from its public page: GETs that answer with bare arrays."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from sandbox.execvision.calls import card, crm_matches, near_matches, simplified_transcript, transcript
from sandbox.execvision.data import FEEDS, Account
from sandbox.execvision.readings import NEW_YORK, Readings, flag
from sandbox.vendor import Limit, Vendor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from sandbox.execvision.calls import Record
    from sandbox.execvision.data import Row
    from sandbox.vendor import Seen

ROOT = "/api/ev/2"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
DAY_HOURS = range(6, 21)
BY_DAY, BY_NIGHT = Limit(5, 1), Limit(25, 1)
FOUND_MOST = 1000
FLAGS = ("include_transcripts", "include_crm_matches", "render_templates")


@dataclass
class ExecVision(Readings, Vendor):
    """The API over an account's data. The fields are the customer's credentials and the limits' ways."""

    name: ClassVar[str] = "execvision"

    username: str = "sandbox-user-execvision"
    password: str = "sandbox-password-execvision"  # noqa: S105
    # The customer's token may fetch simplified transcripts.
    transcripts_open: bool = True
    # Calls whose transcripts it may not fetch all the same.
    private_calls: frozenset[str] = frozenset()
    by_day: Limit = BY_DAY
    by_night: Limit = BY_NIGHT
    # A request over the limit waits in the queue, or is told so.
    over_limit: Literal["queued", "refused"] = "queued"
    # Seconds in the queue after which a request times out, and what the client notices of that.
    patience: float = 60
    out_of_patience: Literal["status", "drop", "hang"] = "status"
    errors: Literal["json", "text", "html", "empty"] = "json"
    clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    # Called with the feed's path before each of its pages is put together.
    before_page: Callable[[str], object] | None = None

    def __post_init__(self) -> None:
        """Start with the account that the world's calls left behind."""
        super().__post_init__()
        self.account = Account(self.world)
        self._answered: deque[float] = deque(maxlen=1000)

    @property
    def writes(self) -> list[Seen]:
        """The requests that were no GETs; each was refused."""
        return [seen for seen in self.seen if seen.method != "GET"]

    def contents(self, feed: str) -> list[Record]:
        """All that a feed holds now, as it is served."""
        records = self._records(feed, self.account.feed(feed).rows)
        parsed: list[Record] = json.loads(self.json(feed, records))
        return parsed

    def lift_limits(self) -> None:
        """Let nobody queue."""
        self.by_day = self.by_night = Limit(10**6, 1)

    def simulate_hour(self, at: str) -> None:
        """Let an hour of work happen in every feed."""
        self.account.simulate_hour(at)

    def routes(self) -> list[BaseRoute]:
        """The page's paths, and a refusal for all else."""
        paths: dict[str, Callable[[Request], Response]] = {
            "/check": self.check,
            "/users": self.users,
            "/teams": self.teams,
            "/departments": self.departments,
            "/topics": self.topics,
            "/calls/search": self.calls_search,
            "/call/{id}": self.call,
            "/scorecard/{id}": self.scorecard,
            "/kpi/{id}": self.kpi,
            "/transcript/{id}": self.simplified_transcript,
            **{f"/{feed}": partial(self.feed, feed) for feed in FEEDS},
        }
        routes = [Route(ROOT + path, self._in_turn(paths[path]), methods=METHODS) for path in paths]
        return [*routes, Route("/{path:path}", self._in_turn(self.nothing), methods=METHODS)]

    def unauthorised(self, request: Request) -> Response | None:
        """Check the user's id and password."""
        credentials = b64encode(f"{self.username}:{self.password}".encode()).decode()
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic" and given.strip() == credentials:
            return None
        return self._refusal(401, "Invalid credentials.", {"WWW-Authenticate": 'Basic realm="ExecVision"'})

    def too_many(self, limit: Limit) -> Response:
        """Refuse instead of queueing."""
        return self._refusal(429, f"More than {limit.requests} requests per second.")

    def check(self, _: Request) -> Response:
        """Access and connectivity are fine: nothing."""
        return Response()

    def users(self, _: Request) -> Response:
        """All active users."""
        return self._answer_with(list(self.account.users.values()))

    def teams(self, _: Request) -> Response:
        """All active teams."""
        return self._answer_with(list(self.account.teams.values()))

    def departments(self, _: Request) -> Response:
        """All active departments."""
        return self._answer_with(list(self.account.departments.values()))

    def topics(self, _: Request) -> Response:
        """All active topic definitions."""
        return self._answer_with([self.topic(topic) for topic in self.account.topics.values()])

    def feed(self, name: str, request: Request) -> Response:
        """A page of a feed."""
        query = request.query_params
        flags = [parameter for parameter in FLAGS if name == "calls" and flag(query, parameter)]
        limit = self.limit_of(query, self.most_rendered if "render_templates" in flags else self.most)
        if self.before_page:
            self.before_page(name)
        rows = self.page(name, self.account.feed(name), query, limit)
        if name == "call_topics" and _windowed(query):
            length, least = float(query["window_length"]), int(query["minimum_matches"])
            records = [
                {**record, "topicMatches": near_matches(record["topicMatches"], length, least)}
                for record in self._records(name, rows)
            ]
        elif name == "calls":
            records = [self._with_parts(row, flags) for row in rows]
        else:
            records = self._records(name, rows)
        if name == "scores" and self.scores_counted_in == "answers":
            records = records[:limit]
        return self._answer_with(records, name)

    def calls_search(self, request: Request) -> Response:
        """The ids of the calls whose field has this value, which must be given in lower case."""
        if len(request.query_params) != 1:
            raise HTTPException(400, "Exactly one field must be given.")
        ((path, value),) = request.query_params.items()
        *parents, key = path.split(".")

        def found(row: Row) -> object:
            if parents == ["metadata"]:
                return row.id if key == "id" else row.body["metadata"].get(key)
            return None if parents else row.body.get(key)

        ids = [row.id for row in self.account.feed("calls").rows if str(found(row)).lower() == value]
        return self._answer_with(ids[:FOUND_MOST])

    def call(self, request: Request) -> Response:
        """One call with all its optional parts."""
        row = self.account.feed("calls").get(request.path_params["id"])
        if row is None:
            raise HTTPException(404, "No such call.")
        return self._answer_with(self._with_parts(row, FLAGS), "calls")

    def scorecard(self, request: Request) -> Response:
        """The questions of a scorecard."""
        questions = self.account.scorecards.get(request.path_params["id"])
        if questions is None:
            raise HTTPException(404, "No such scorecard.")
        return self._answer_with([self.question(question) for question in questions])

    def kpi(self, request: Request) -> Response:
        """The definition of a KPI."""
        definition = self.account.kpis.get(request.path_params["id"])
        if definition is None:
            raise HTTPException(404, "No such KPI.")
        return self._answer_with(definition)

    def simplified_transcript(self, request: Request) -> Response:
        """Who said what in a call, if the customer may know and the call has been transcribed."""
        if not self.transcripts_open or request.path_params["id"] in self.private_calls:
            raise HTTPException(403, "Simplified transcripts are not enabled.")
        row = self.account.feed("calls").get(request.path_params["id"])
        if row is None or row.body["state"] != "COMPLETE":
            raise HTTPException(404, "No such transcript.")
        call = self.account.calls[row.id]
        return self._answer_with(simplified_transcript(call, known=bool(crm_matches(self.world, call))))

    def nothing(self, _: Request) -> Response:
        """Any other path."""
        raise HTTPException(404, "Not found.")

    def _records(self, feed: str, rows: Iterable[Row]) -> list[Record]:
        now = self.clock()
        return [record for row in rows for record in self.shown(feed, row, now)]

    def _with_parts(self, row: Row, flags: Iterable[str]) -> Record:
        (record,), call = self.shown("calls", row, self.clock()), self.account.calls[row.id]
        if "include_transcripts" in flags:
            record["transcript"] = transcript(call) if record["state"] == "COMPLETE" else None
        if "include_crm_matches" in flags:
            record["crmMatches"] = crm_matches(self.world, call)
        if "render_templates" in flags:
            record["metadata"] = {**record["metadata"], "callCard": card(call)}
        return record

    def _answer_with(self, value: object, feed: str = "") -> Response:
        return Response(self.json(feed, value), media_type="application/json")

    def _refusal(self, status: int, error: str, headers: Mapping[str, str] | None = None) -> Response:
        """An error; the page shows none, so that its body may be of any kind."""
        if self.errors == "empty":
            return Response(None, status, headers)
        if self.errors == "json":
            return Response(json.dumps({"message": error}), status, headers, "application/json")
        text = error if self.errors == "text" else f"<!doctype html><title>{status}</title><p>{error}</p>"
        return Response(text, status, headers, "text/plain" if self.errors == "text" else "text/html")

    def _in_turn(self, answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        """Let a request queue for its answer."""

        async def answer_in_turn(request: Request) -> Response:
            limit = self.by_day if self.clock().astimezone(NEW_YORK).hour in DAY_HOURS else self.by_night
            wait = self._wait(limit)
            if wait:
                self.rate_limited += 1
            if wait and self.over_limit == "refused":
                return self.too_many(limit)
            if wait >= self.patience:
                return await self._time_out(request)
            self._answered.append(time.time() + wait)
            await asyncio.sleep(wait)
            if request.method != "GET":
                deletes = request.method == "DELETE" and answer == self.call
                return self._refusal(403, "Not enabled.") if deletes else self._refusal(405, "Not allowed.")
            try:
                return answer(request)
            except HTTPException as refused:
                return self._refusal(refused.status_code, refused.detail)

        return answer_in_turn

    def _wait(self, limit: Limit) -> float:
        """Seconds until the quota has room for one more answer, after all those already promised."""
        now = time.time()
        if len(self._answered) < limit.requests:
            return 0
        earliest = self._answered[-limit.requests] - self.clock_tolerance
        if self.calendar_limits:
            earliest = earliest // limit.seconds * limit.seconds
        return max(0, earliest + limit.seconds - now, self._answered[-1] - now)

    async def _time_out(self, request: Request) -> Response:
        while self.out_of_patience == "hang":
            if (await request.receive())["type"] == "http.disconnect":
                return Response()
        await asyncio.sleep(self.patience)
        if self.out_of_patience == "drop":
            request.scope["hang_up"]()
        return self._refusal(504, "Timed out in the queue.")


def _windowed(query: Mapping[str, str]) -> bool:
    """Whether both parameters of the window are given; they go together."""
    given = [query[name] for name in ("window_length", "minimum_matches") if name in query]
    if len(given) == 1 or not all(value.isascii() and value.isdigit() for value in given):
        raise HTTPException(400, "window_length and minimum_matches must be given together, as integers.")
    return bool(given)
