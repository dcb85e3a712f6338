# Generated from tools/base/json_text.py by `python -m tools generate`: edit it there.
"""JSON as it arrives: what no database stores is repaired, what is no JSON is named, and no number costs too much."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CHUNK = 64 * 1024
MAX_NUMBER_LENGTH = 100
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
DIGITS_OF_64_BITS = 18  # any number of so many fits
MAX_EXPONENT = 300  # below a double's 308, so that no digits take it beyond
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LONGEST_ESCAPE = 12
BACKSLASH = ord("\\")
# What is unstorable, or a pair of halves, if its first backslash is not itself escaped.
_SUSPECT = re.compile(
    rb"\\u(?:0000|[dD][89abAB][0-9a-fA-F]{2}(?P<second>\\u[dD][c-fC-F][0-9a-fA-F]{2})?|[dD][c-fC-F][0-9a-fA-F]{2})"
)
# The end of a chunk that cuts an escape, or a pair.
_CUT = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?|u[0-9a-fA-F]{0,3})?\Z"
)

# How all escapes begin that may be unstorable.
_UNSTORABLE = (rb"\u0000", rb"\ud", rb"\uD")


Pairs = Callable[[list[tuple[str, Any]]], Any]


class InvalidJSONError(ValueError):
    """Why a body is no JSON, to be read after "answered with"."""


class LongNumber(str):
    """A number that no 64 bits hold, as it was written."""

    __slots__ = ()


class TextRepair:
    """Puts U+FFFD for what JSON can escape and no database stores: U+0000 and halves of surrogate pairs."""

    def __init__(self) -> None:
        """Start to count."""
        self.count = 0

    def __call__(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield JSON in UTF-8 without a byte order mark; the memory that this takes depends on the chunks alone."""
        rest, started = b"", False
        for chunk in chunks:
            text, rest = rest + chunk, b""
            if not started:
                if BYTE_ORDER_MARK.startswith(text):
                    rest = text
                    continue
                text, started = text.removeprefix(BYTE_ORDER_MARK), True
            if b"\\" in text[-LONGEST_ESCAPE:] or any(start in text for start in _UNSTORABLE):
                text, rest = self._repaired(text)
            yield text
        # What is still here is cut for good.
        yield self._repaired(rest + b" ")[0][:-1] if started else rest.removeprefix(BYTE_ORDER_MARK)

    def _repaired(self, text: bytes) -> tuple[bytes, bytes]:
        """Return the text up to an escape that its end cuts, and that."""
        cut = _CUT.search(text, max(0, len(text) - LONGEST_ESCAPE))
        while cut and _is_escaped(text, cut.start()):
            cut = _CUT.search(text, cut.start() + 1)
        end = cut.start() if cut else len(text)
        return _SUSPECT.sub(self._replace, text[:end]), text[end:]

    def _replace(self, suspect: re.Match[bytes]) -> bytes:
        text, second = suspect[0], suspect["second"] or b""
        # Behind an escaped backslash, what looks like the first half is text.
        unstorable = second if _is_escaped(suspect.string, suspect.start()) else b"" if second else text
        if not unstorable:
            return text
        self.count += 1
        return text.removesuffix(unstorable) + rb"\ufffd"


def _is_escaped(text: bytes, place: int) -> bool:
    """Tell whether the backslash at a place is the second one of an escaped backslash."""
    start = place
    while start and text[start - 1] == BACKSLASH:
        start -= 1
    return (place - start) % 2 == 1


def parse_json(body: bytes, repair: TextRepair, of_pairs: Pairs | None = None) -> Any:
    """Parse a body that fits in memory; InvalidJSONError says what is wrong with it.

    Where a name may come twice, `of_pairs` makes an object of all its pairs, at the cost of the quick way.
    """
    # Halves of surrogate pairs the decoder refuses.
    if not of_pairs and b"\\u0000" not in body:
        try:
            return _DECODER.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass  # the slow way reads it all the same, or says what is wrong with it
    return _parse_slowly(body, repair, of_pairs)


def _parse_slowly(body: bytes, repair: TextRepair, of_pairs: Pairs | None = None) -> Any:
    encoding = json.detect_encoding(body)
    try:
        text = body.decode(encoding)
        if "\\u" in text:
            data = text.encode()
            chunks = (data[start : start + CHUNK] for start in range(0, len(data), CHUNK))
            text = b"".join(repair(chunks)).decode()
        return json.loads(
            text, parse_float=_fraction, parse_int=_integer, parse_constant=_refuse, object_pairs_hook=of_pairs
        )
    except UnicodeDecodeError:
        message = f"text that is not {encoding.upper().removesuffix('-SIG')}"
        raise InvalidJSONError(message) from None
    except json.JSONDecodeError as error:
        if not body.strip():
            message = "nothing"
        elif body.lstrip().startswith(b"<"):
            message = "a web page"
        else:
            cut = error.msg.startswith("Unterminated string") or error.pos >= len(error.doc.rstrip()) - 1
            message = "JSON that breaks off" if cut else "no JSON"
        raise InvalidJSONError(message) from None
    except RecursionError:
        message = "JSON nested too deeply to be read"
        raise InvalidJSONError(message) from None


def is_long(value: Any) -> bool:
    """Tell whether a value is a number that does not fit 64 bits, or is none at all."""
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, int):
        return not MIN_INTEGER <= value <= MAX_INTEGER
    if not isinstance(value, Decimal) or value.is_zero():
        return False
    # The exponent first: a number of a hundred million digits takes seconds to compare.
    if value.is_finite() and abs(value.adjusted()) < DIGITS_OF_64_BITS:
        return len(str(value)) > MAX_NUMBER_LENGTH
    if not value.is_finite() or abs(value.adjusted()) > MAX_EXPONENT or len(str(value)) > MAX_NUMBER_LENGTH:
        return True
    return value == value.to_integral_value() and not MIN_INTEGER <= value <= MAX_INTEGER


def _integer(text: str) -> int | LongNumber:
    number = int(text) if len(text) <= MAX_NUMBER_LENGTH else None
    return LongNumber(text) if number is None or is_long(number) else number


def _fraction(text: str) -> Decimal | LongNumber:
    if len(text) <= DIGITS_OF_64_BITS and "e" not in text and "E" not in text:
        return Decimal(text)
    try:
        number = Decimal(text) if len(text) <= MAX_NUMBER_LENGTH else None
    except InvalidOperation:  # an exponent beyond 64 bits
        number = None
    return LongNumber(text) if number is None or is_long(number) else number


def _refuse(constant: str) -> None:
    message = f"{constant}, which is not a number in JSON"
    raise InvalidJSONError(message)


_DECODER = msgspec.json.Decoder(float_hook=_fraction)
