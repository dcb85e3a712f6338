# Generated from tools/base/json_items.py by `python -m tools generate`: edit it there.
"""The items of a JSON array of any size: one piece of its file is in memory at a time, and not taken apart."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

import msgspec

from .json_text import InvalidJSONError, TextRepair, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = 256 * 1024
MAX_CUTS = 64  # to try in a piece before more is read

_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_BLANK = rb"[ \t\r\n]*"
# What stands between two items, and between objects deeper down.
_CUT = re.compile(rb"\}" + _BLANK + b"," + _BLANK + rb"(?=\{)")
_FIRST_KEYS = re.compile(
    rb'\{ *("[^"\\]+") *: *(?:"[^"\\]*"|[\w.+-]+) *, *("[^"\\]+") *:'.replace(b" *", _BLANK), re.ASCII
)


def items_in(file: IO[bytes]) -> Iterator[msgspec.Raw]:
    """Yield each item of the array that a file holds from here on; InvalidJSONError says why it is none.

    A piece is cut between two objects. That it parses up to there as a list shows that the cut is not deeper down.
    """
    text, size = file.read(PIECE), PIECE
    start = text.lstrip()
    if not start.startswith(b"["):
        raise _invalid(text)
    rest, hint = start[1:], None
    while True:
        more = file.read(size)
        if not more:
            yield from _parsed(b"[" + rest)
            return
        rest += more
        for cut in _cuts(rest, hint):
            if items := _parsed(b"[%b]" % rest[: cut.start() + 1], is_guess=True):
                yield from items
                hint = _begins_like(items[0])
                rest, size = rest[cut.end() :], PIECE
                break
        else:
            size = len(rest)


def _cuts(text: bytes, hint: re.Pattern[bytes] | None) -> list[re.Match[bytes]]:
    """Return where a piece may end, the best guesses first: late, and before what begins like another item."""
    found = list(_CUT.finditer(text))[::-1]
    if hint:
        likely = [cut for cut in found[: 4 * MAX_CUTS] if hint.match(text, cut.end())]
        found = likely[:MAX_CUTS] + found
    return found[:MAX_CUTS]


def _begins_like(item: msgspec.Raw) -> re.Pattern[bytes] | None:
    """Return what finds items with the same first two keys."""
    if not (found := _FIRST_KEYS.match(bytes(item))):
        return None
    first, second = re.escape(found[1]), re.escape(found[2])
    return re.compile(rb"\{ *%b *: *(?:\"[^\"\\]*\"|[\w.+-]+) *, *%b *:".replace(b" *", _BLANK) % (first, second))


def _parsed(text: bytes, *, is_guess: bool = False) -> list[msgspec.Raw]:
    """Return the items of a list; of a guess that ends too early, none."""
    try:
        text.decode()
        return _ITEMS.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if is_guess and "truncated" in str(error):
            return []
        raise _invalid(text) from None


def _invalid(text: bytes) -> InvalidJSONError:
    """Return the error that says what is wrong with a text."""
    try:
        parse_json(text, TextRepair())
    except InvalidJSONError as error:
        return error
    return InvalidJSONError("no list")
