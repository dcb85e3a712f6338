"""The sessions of a window in a temporary file: a body may be larger than memory, and is used whole or not at all."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from .base.http import TapError
from .base.json_items import items_in
from .base.json_text import CHUNK, TextRepair, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_ERROR_SIZE = 16 * 1024 * 1024  # of an answer that is no list

Session = dict[str, Any]


def spool(chunks: Iterable[bytes]) -> IO[bytes]:
    """Keep a body in a temporary file."""
    body = TemporaryFile()  # noqa: SIM115  # closed by who reads it
    try:
        for chunk in chunks:
            body.write(chunk)
        body.seek(0)
    except BaseException:
        body.close()
        raise
    return body


def top_level(body: IO[bytes]) -> Any:
    """Read a body to its end, and return what it is if it is no list: None, an object or another value of JSON."""
    try:
        if body.read(CHUNK).lstrip().startswith(b"["):
            body.seek(0)
            for _ in items_in(body):
                pass
            return []
        body.seek(0)
        return parse_json(body.read(MAX_ERROR_SIZE), TextRepair())
    finally:
        body.seek(0)


def sessions_in(body: IO[bytes]) -> Iterator[Session]:
    """Yield the sessions one by one, and close the file."""
    with body:
        for item in items_in(body):
            session = parse_json(bytes(item), TextRepair())
            if not isinstance(session, dict):
                message = "MaestroQA sent a coaching session that is not an object: ask its support."
                raise TapError(message)
            yield session
