"""What can go wrong between a vendor and a tap, as wrappers around the vendor's answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sandbox.vendor import Seen

ResponseFault = Callable[["ASGIApp"], "ASGIApp"]


@dataclass
class Fault:
    """Spoils the answers to `times` requests, from the `at`-th one on that `where` is true of."""

    spoil: ResponseFault
    at: int = 1
    times: int = 1
    where: Callable[[Seen], bool] = lambda _: True
    met: int = 0

    def due(self, seen: Seen) -> bool:
        """Count the request, and tell whether its answer is to be spoilt."""
        if not self.where(seen):
            return False
        self.met += 1
        return self.at <= self.met < self.at + self.times


def status(code: int, body: Any = None, headers: dict[str, str] | None = None) -> ResponseFault:
    """Answer with this status instead; a body that is no text is sent as JSON."""
    text = body if isinstance(body, str) else json.dumps(body if body is not None else {"error": "a fault"})
    return lambda _: Response(text, code, headers, "text/plain" if isinstance(body, str) else "application/json")


def delay(seconds: float) -> ResponseFault:
    """Answer as usual, but later."""

    def spoil(answer: ASGIApp) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.sleep(seconds)
            await answer(scope, receive, send)

        return app

    return spoil


def drop() -> ResponseFault:
    """Close the connection without an answer."""

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        scope["hang_up"]()

    return lambda _: app


def cut(share: float = 0.5) -> ResponseFault:
    """Announce the whole body, send its first part, close the connection."""

    def spoil(answer: ASGIApp) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            start, body = await _collect(answer, scope, receive)
            start["headers"] = [*_without_length(start), (b"content-length", b"%d" % len(body))]
            await send(start)
            await send({"type": "http.response.body", "body": body[: int(len(body) * share)], "more_body": True})
            scope["hang_up"](after_all_is_sent=True)

        return app

    return spoil


def rewrite(change: Callable[[bytes], bytes], media_type: str | None = None) -> ResponseFault:
    """Send a complete answer whose body is another one."""

    def spoil(answer: ASGIApp) -> ASGIApp:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            start, body = await _collect(answer, scope, receive)
            body = change(body)
            headers = [*_without_length(start), (b"content-length", b"%d" % len(body))]
            if media_type:
                headers = [pair for pair in headers if pair[0] != b"content-type"]
                headers.append((b"content-type", media_type.encode()))
            await send({**start, "headers": headers})
            await send({"type": "http.response.body", "body": body})

        return app

    return spoil


def truncate(share: float = 0.5) -> ResponseFault:
    """Send a complete answer whose JSON stops short."""
    return rewrite(lambda body: body[: int(len(body) * share)])


def empty() -> ResponseFault:
    """Answer 200 with nothing."""
    return rewrite(lambda _: b"")


def html() -> ResponseFault:
    """Answer 200 with a web page, as a proxy or a maintenance notice does."""
    return rewrite(lambda _: b"<!doctype html><title>Back soon</title>", "text/html")


def instead(value: Any) -> ResponseFault:
    """Answer 200 with another JSON value."""
    return rewrite(lambda _: json.dumps(value).encode())


def edit(change: Callable[[Any], Any]) -> ResponseFault:
    """Answer with the vendor's own JSON value after `change`."""
    return rewrite(lambda body: json.dumps(change(json.loads(body))).encode())


def hang() -> ResponseFault:
    """Never answer: the client has to give up."""

    async def app(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return lambda _: app


async def _collect(answer: ASGIApp, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await answer(scope, receive, keep)
    return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


def _without_length(start: Message) -> list[tuple[bytes, bytes]]:
    return [pair for pair in start["headers"] if pair[0] != b"content-length"]
