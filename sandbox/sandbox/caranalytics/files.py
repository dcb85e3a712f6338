"""Care Analytics downloads: a report's file in each shape, and the other host that hands it out."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import parse_qs

from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from sandbox.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from sandbox.caranalytics.rows import Values
    from sandbox.vendor import Limit

CHUNK = 1 << 16
DATES = {"us": "%m/%d/%Y %H:%M:%S", "plain": "%Y-%m-%d %H:%M:%S"}
# The labels that an export was seen with; any other column's follows from its ID.
LABELS = {
    "conversation_id": "Conversation ID",
    "date_claimed": "Date Claimed or Assigned",
    "lsw_conversation_link": "LSW Conversation Link",
    "lsw_responded_to_post_content": "Post Responded to Content",
    "lsw_responded_to_post_published_time": "Post Responded to Published Time",
}
ACRONYMS = {"id": "ID", "lsw": "LSW", "rht": "RHT", "tar": "TAR", "url": "URL", "uuid": "UUID"}
LOCALISED = {
    "en": {},
    "es": {"conversation_id": "ID de conversación", "agent_name": "Nombre del agente"},
    "fr": {"conversation_id": "ID de la conversation", "agent_name": "Nom de l'agent"},
    "de": {"conversation_id": "Konversations-ID", "agent_name": "Name des Agenten"},
    "tr": {"conversation_id": "Konuşma kimliği", "agent_name": "Temsilcinin ismi"},
}


@dataclass
class Style:
    """How a JSON file is written: the page says no more than its name."""

    # A bare array, or an array under a key.
    layout: Literal["array", "result", "data", "rows"] = "array"
    keys: Literal["ids", "labels"] = "ids"
    # What a column without a value is; `absent`: the row does not have it.
    unset: Literal["null", "blank", "absent"] = "null"
    # `us`: 06/25/2019 13:45:10, of the shape that an export was seen with; `plain`: 2019-06-25 13:45:10.
    dates: Literal["us", "plain", "iso", "millis"] = "us"
    values: Literal["typed", "text"] = "typed"
    tags: Literal["text", "list"] = "text"
    byte_order_mark: bool = False
    media_type: str = "text/plain"
    # Labels of this company's own, by column.
    labels: dict[str, str] = field(default_factory=dict)

    def file(self, columns: Sequence[str], rows: Iterable[Values], locale: str, zone: tzinfo) -> Iterator[str]:
        """The file, piece by piece."""
        names = [self.label(column, locale) if self.keys == "labels" else column for column in columns]
        written = self._json(names, ([self._cell(row[column], zone) for column in columns] for row in rows))
        return _in_chunks(chain(["\ufeff"], written) if self.byte_order_mark else written)

    def label(self, column: str, locale: str = "en") -> str:
        """What a column is called in this language."""
        known = {**LABELS, **LOCALISED[locale[:2]], **self.labels}
        return known.get(column) or " ".join(ACRONYMS.get(word, word.title()) for word in column.split("_"))

    def record(self, names: Sequence[str], cells: Sequence[Any]) -> Values:
        """A row as a JSON object."""
        if self.unset == "absent":
            return {name: cell for name, cell in zip(names, cells, strict=True) if cell is not None}
        unset = None if self.unset == "null" else ""
        return {name: unset if cell is None else cell for name, cell in zip(names, cells, strict=True)}

    def _json(self, names: list[str], cells: Iterator[list[Any]]) -> Iterator[str]:
        if self.layout != "array":
            yield f'{{"status":"PASS","request":null,"message":null,"{self.layout}":'
        comma = "["
        for row in cells:
            yield comma + json.dumps(self.record(names, row), ensure_ascii=False)
            comma = ","
        yield "[]" if comma == "[" else "]"
        if self.layout != "array":
            yield "}"

    def _cell(self, value: Any, zone: tzinfo) -> Any:
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, datetime):
            value = self._date(value.astimezone(zone))
        if isinstance(value, list) and self.tags == "text":
            value = ", ".join(value) or None
        if self.values == "text" and isinstance(value, (bool, int, float)):
            return json.dumps(value)
        return value

    def _date(self, moment: datetime) -> str | int:
        if self.dates == "millis":
            return (moment - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)
        if self.dates == "iso":
            return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return moment.strftime(DATES[self.dates])


@dataclass
class Downloads(Vendor):
    """The host that an API download leads to: it takes the link's signature, and no credentials beside it."""

    name: ClassVar[str] = "downloads"

    # Where it listens, and what nobody may bring here; known once the server is.
    url: str = ""
    secrets: tuple[str, ...] = ()
    link_seconds: float = 3600
    # The folder that files lie in; its name may be one that the API has, too.
    folder: str = "care-analytics"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.leaks: list[str] = []
        self._links: dict[str, tuple[float, Callable[[], Response]]] = {}

    def publish(self, name: str, file: Callable[[], Response]) -> str:
        """A signed link to a file."""
        chance = self.world.chance("link", name, len(self._links))
        signature = f"{chance.getrandbits(256):064x}"
        self._links[signature] = (time.monotonic(), file)
        signed = f"X-Amz-Expires={self.link_seconds:.0f}&X-Amz-Signature={signature}"
        return f"{self.url}/{self.folder}/{name}?X-Amz-Algorithm=AWS4-HMAC-SHA256&{signed}"

    def routes(self) -> list[BaseRoute]:
        """Signed links alone."""
        return [Route("/{name:path}", self.download)]

    def unauthorised(self, request: Request) -> Response | None:
        """Refuse what carries credentials, and remember in which header or that it was the address."""
        found = [
            name
            for name, value in request.headers.items()
            if re.search("auth|cookie|token|secret|key", name) or self._tells(value)
        ]
        found += ["the address"] if self._tells(str(request.url)) else []
        self.leaks += found
        if not found:
            return None
        return _xml(400, "InvalidArgument", "Only one auth mechanism allowed.")

    def too_many(self, limit: Limit) -> Response:
        """No limit is known here."""
        raise NotImplementedError(limit)

    def simulate_hour(self, at: str) -> None:
        """Nothing happens here."""

    async def download(self, request: Request) -> Response:
        """Hand out a file to who has its link, while the link lives."""
        signature = parse_qs(request.url.query).get("X-Amz-Signature", [""])[0]
        made, file = self._links.get(signature, (0.0, None))
        if file is None:
            return _xml(403, "SignatureDoesNotMatch", "The signature does not match.")
        if time.monotonic() > made + self.link_seconds:
            return _xml(403, "AccessDenied", "Request has expired")
        return file()

    def _tells(self, text: str) -> bool:
        return any(secret in text for secret in self.secrets)


def streamed(pieces: Iterator[str], media_type: str) -> Response:
    """An answer sent as it is made; the media type goes out as it is, without a charset."""
    return StreamingResponse(pieces, headers={"content-type": media_type})


def _xml(status: int, code: str, message: str) -> Response:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Response(body, status, media_type="application/xml")


def _in_chunks(pieces: Iterable[str]) -> Iterator[str]:
    """Few big pieces instead of many small ones: each costs the server a change of thread."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size > CHUNK:
            yield "".join(held)
            held, size = [], 0
    yield "".join(held)
