# Generated from tools/base/json_text.py by `python -m tools generate`: edit it there.
"""JSON as it arrives: what no database stores is repaired, what is no JSON is named, and no number costs too much."""

from __future__ import annotations

import json
import re
from decimal import Decimal
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
# An escape sequence: a pair of surrogates; one that this chunk may cut; U+0000 or half a pair; any other.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<cut>(?:u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?|u[0-9a-fA-F]{0,3})?\Z)"
    rb"|(?P<unstorable>u[dD][89a-fA-F][0-9a-fA-F]{2}|u0000)|.)",
    re.DOTALL,
)

# How all escapes begin that may be unstorable.
_UNSTORABLE = (rb"\u0000", rb"\ud", rb"\uD")


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
        rest = b""

        def replace(escape: re.Match[bytes]) -> bytes:
            nonlocal rest
            if escape["cut"] is not None:
                rest = escape[0]
                return b""
            self.count += escape["unstorable"] is not None
            return rb"\ufffd" if escape["unstorable"] else escape[0]

        return _ESCAPE.sub(replace, text), rest


def parse_json(body: bytes, repair: TextRepair) -> Any:
    """Parse a body that fits in memory; InvalidJSONError says what is wrong with it."""
    # Halves of surrogate pairs the decoder refuses.
    if b"\\u0000" not in body:
        try:
            return _DECODER.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass  # the slow way reads it all the same, or says what is wrong with it
    return _parse_slowly(body, repair)


def _parse_slowly(body: bytes, repair: TextRepair) -> Any:
    encoding = json.detect_encoding(body)
    try:
        text = body.decode(encoding)
        if "\\u" in text:
            data = text.encode()
            chunks = (data[start : start + CHUNK] for start in range(0, len(data), CHUNK))
            text = b"".join(repair(chunks)).decode()
        return json.loads(text, parse_float=_fraction, parse_int=_integer, parse_constant=_refuse)
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
    number = Decimal(text) if len(text) <= MAX_NUMBER_LENGTH else None
    return LongNumber(text) if number is None or is_long(number) else number


def _refuse(constant: str) -> None:
    message = f"{constant}, which is not a number in JSON"
    raise InvalidJSONError(message)


_DECODER = msgspec.json.Decoder(float_hook=_fraction)
