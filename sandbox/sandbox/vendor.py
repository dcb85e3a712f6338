"""What every vendor on the sandbox has: a prefix, limits, credentials, faults, and a memory of what was asked."""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.requests import Request
from starlette.routing import Router

from sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sandbox.faults import ResponseFault
    from sandbox.world import World


@dataclass(frozen=True)
class Limit:
    """So many requests in so many seconds."""

    requests: int
    seconds: float


@dataclass
class Seen:
    """A request as the vendor saw it, and the status it was answered with."""

    at: float
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    status: int | None = None

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass
class Vendor(ABC):
    """One vendor's API; an ASGI application. A subclass's fields are the readings a test may switch on."""

    world: World
    # True: a new quota starts with each second or minute of the clock. False: any span of that length counts.
    calendar_limits: bool = field(default=False, kw_only=True)
    # Seconds by which a limit's span is shorter here: on a busy machine a request may arrive late, the next one not.
    clock_tolerance: float = field(default=0, kw_only=True)
    limits: tuple[Limit, ...] = field(default=(), kw_only=True)
    # How far the vendor's clock is ahead of ours; whether its answers show it, in a Date header.
    clock_offset: timedelta = field(default=timedelta(), kw_only=True)
    shows_clock: bool = field(default=True, kw_only=True)

    name: ClassVar[str]

    def __post_init__(self) -> None:
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.rate_limited = 0
        self._counted: list[float] = []
        self._router = Router(self.routes())

    @abstractmethod
    def routes(self) -> list[BaseRoute]:
        """The paths below the vendor's prefix."""

    @abstractmethod
    def unauthorised(self, request: Request) -> Response | None:
        """The answer to wrong credentials, None when they are right."""

    @abstractmethod
    def too_many(self, limit: Limit) -> Response:
        """The answer to a request over the limit."""

    @abstractmethod
    def simulate_hour(self, at: str) -> None:
        """Let an hour of the vendor's users' work happen: some rows added, edited, removed, at this time."""

    @property
    def now(self) -> datetime:
        """The time by the vendor's clock."""
        return datetime.now(timezone.utc) + self.clock_offset

    def lift_limits(self) -> None:
        """Allow any number of requests."""
        self.limits = ()

    def fail(
        self, spoil: ResponseFault, *, at: int = 1, times: int = 1, where: Callable[[Seen], bool] = lambda _: True
    ) -> Fault:
        """Spoil the answers to `times` requests, counted from now, from the `at`-th one on."""
        fault = Fault(spoil, at, times, where)
        self.faults.append(fault)
        return fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Remember the request, then answer it: with a fault, a refusal, or the vendor's own answer."""
        request = Request(scope, receive)
        body = await request.body()
        seen = Seen(time.monotonic(), request.method, request.url.path, request.query_params, request.headers, body)
        self.seen.append(seen)
        handled = False

        async def replay() -> Message:
            nonlocal handled
            if handled:
                return await receive()
            handled = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def note_status(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                if self.shows_clock:
                    date = format_datetime(self.now, usegmt=True).encode()
                    message = {**message, "headers": [*message.get("headers", ()), (b"date", date)]}
            await send(message)

        answer: ASGIApp = self._over_limit(seen) or self.unauthorised(request) or self._router
        for fault in [fault for fault in self.faults if fault.due(seen)]:
            answer = fault.spoil(answer)
        await answer(scope, replay, note_status)

    def _over_limit(self, seen: Seen) -> Response | None:
        now = time.time()
        for limit in self.limits:
            since = now - limit.seconds + self.clock_tolerance
            if self.calendar_limits:
                since = now // limit.seconds * limit.seconds
            if sum(at > since for at in self._counted) >= limit.requests:
                self.rate_limited += 1
                seen.status = 429
                return self.too_many(limit)
        self._counted = [at for at in self._counted if at > now - 3600]
        self._counted.append(now)
        return None
