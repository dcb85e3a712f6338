"""The sessions of a window in a temporary file: a body may be larger than memory, and is used whole or not at all."""

from __future__ import annotations

import re
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

import ijson

from .base.http import TapError
from .base.json_text import CHUNK, InvalidJSONError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CONTEXT = 10  # characters before and after the place at which the parser gave up
_NO_NUMBER = re.compile("NaN|-?Infinity")

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


def top_level(body: IO[bytes]) -> str:
    """Parse a body to its end, and return what it is: "start_array", "start_map", "null" or another event of ijson."""
    try:
        events = _parsed(body, ijson.basic_parse_coro)
        first, _ = next(events, ("", None))
        for _ in events:
            pass
    except ijson.JSONError as error:
        raise InvalidJSONError(_described(str(error), body)) from None
    except (SystemError, ValueError, ArithmeticError):  # the parser makes numbers by calling Python
        message = "a number with more digits than can be read"
        raise InvalidJSONError(message) from None
    finally:
        body.seek(0)
    return str(first)


def error_in(body: IO[bytes]) -> str:
    """Return the error text of an object that came in place of a list, "" when it has none."""
    error = next(_parsed(body, ijson.items_coro, "error"), None)
    return error if isinstance(error, str) else ""


def sessions_in(body: IO[bytes]) -> Iterator[Session]:
    """Yield the sessions one by one, and close the file."""
    with body:
        for session in _parsed(body, ijson.items_coro, "item"):
            if not isinstance(session, dict):
                message = "MaestroQA sent a coaching session that is not an object: ask its support."
                raise TapError(message)
            yield session


def _parsed(body: IO[bytes], coroutine: Callable[..., Any], *arguments: str) -> Iterator[Any]:
    found = ijson.sendable_list()
    parser = coroutine(found, *arguments)
    size = CHUNK
    while chunk := body.read(size):
        parser.send(chunk)
        # The parser begins a value that a chunk cuts anew with the next: as each is larger, time stays linear.
        size = CHUNK if found else 2 * size
        yield from found
        del found[:]
    parser.close()
    yield from found


def _described(error: str, body: IO[bytes]) -> str:
    """Say why a body is no JSON, without a word of it."""
    body.seek(0)
    start = body.read(CHUNK).lstrip()
    _, _, context = error.partition("\n")
    text, _, arrow = context.partition("\n")
    place = arrow.find("^")
    if not start:
        return "nothing"
    if start.startswith(b"<"):
        return "a web page"
    if "UTF8" in error:
        return "text that is not UTF-8"
    if "EOF" in error:
        return "JSON that breaks off"
    if found := _NO_NUMBER.search(text[max(place - CONTEXT, 0) : place + CONTEXT]):
        return f"{found[0]}, which is not a number in JSON"
    return "no JSON"
