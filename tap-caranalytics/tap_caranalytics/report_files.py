"""A downloaded report: a JSON array of objects, bare or in an envelope, and nothing else."""

from __future__ import annotations

import codecs
import re
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, NoReturn

import ijson
import ijson.backends.python as python_parser

from .base.json_items import items_in
from .base.json_text import CHUNK, InvalidJSONError, TextRepair, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import msgspec
    from typing_extensions import Self

Row = dict[str, Any]

ENVELOPE_KEYS = ("result", "data", "rows")
ENVELOPE_NAMES = {"status", "request", "message", "error", *ENVELOPE_KEYS}
LISTS = {f"{key}.item" for key in ENVELOPE_KEYS}
MESSAGE_KEYS = ("result", "message", "error")
MAX_MESSAGE_LENGTH = 500
_MANY_DIGITS = re.compile(rb"[0-9]{8}")
_LONG_NUMBER = re.compile(r"[0-9]{500}")
_BLANK_BEFORE_COLON = re.compile(rb'"[ \t\r\n]+:')
_NO_NUMBER = re.compile(r"NaN|Infinity")


class NotAReportError(Exception):
    """JSON that is whole but no report: what it is, and the vendor's own error text if it holds one."""

    def __init__(self, what: str, message: str = "", *, is_final: bool = False) -> None:
        super().__init__(what)
        #: is_final: no second answer would be another.
        self.message, self.is_final = message, is_final


class ReportFile:
    """A report in a temporary file, found to be whole."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        """Keep the body and read it to its end once; InvalidJSONError when it breaks off or is no JSON."""
        self._file: IO[bytes] = TemporaryFile()  # noqa: SIM115  # closed by who reads the rows
        try:
            self._file.writelines(chunks)
            self._file.seek(0)
            self._is_list = self._file.read(CHUNK).lstrip().startswith(b"[")
            self._file.seek(0)
            self._prefix = None if self._is_list else _rows_prefix(self._file)
            #: Whether it has no rows: an answer that got lost looks like that, too.
            self.is_empty = not _holds_rows(self._file) if self._is_list else self._prefix is None
        except BaseException:
            self._file.close()
            raise

    @property
    def envelope(self) -> str:
        """The field of an envelope that holds the rows, "" for a bare list or where there are none."""
        return (self._prefix or "").partition(".")[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, which is then gone."""
        self._file.close()

    def rows(self) -> Iterator[Row]:
        """Yield the rows one by one, with the vendor's names."""
        self._file.seek(0)
        if self._is_list:
            yield from map(_row, items_in(self._file))
        elif self._prefix is not None:
            yield from ijson.items(self._file, self._prefix, buf_size=CHUNK, map_type=_Object)


class _Object(dict[str, Any]):
    """An object that keeps both values where a name comes twice."""

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[str, Any]]) -> Self:
        """Make one of all pairs."""
        row = cls()
        for name, value in pairs:
            row[name] = value
        return row

    def __setitem__(self, name: str, value: Any) -> None:
        while name in self:
            name += " 2"
        super().__setitem__(name, value)


def _holds_rows(file: IO[bytes]) -> bool:
    """Tell whether a list has items, all of which are rows; the file is read to its end."""
    empty = True
    for item in items_in(file):
        text, empty = bytes(item), False
        # An object without a list in it is no envelope.
        is_plain = text.startswith(b"{") and b":" in text and b"[" not in text
        if not is_plain and not _is_row(parse_json(text, TextRepair())):
            message = "rows that are not objects with columns"
            raise NotAReportError(message, is_final=True)
    return not empty


def _row(item: msgspec.Raw) -> Row:
    text = bytes(item)
    row: Row = parse_json(text, TextRepair())
    # As many names as there are in the text: none comes twice.
    if text.count(b'":') == _count_names(row) and not _BLANK_BEFORE_COLON.search(text):
        return row
    return _Object(parse_json(text, TextRepair(), _Object.of_pairs))


def _count_names(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_count_names(item) for item in value.values() if isinstance(item, dict | list))
    return sum(map(_count_names, value)) if isinstance(value, list) else 0


def _rows_prefix(file: IO[bytes]) -> str | None:
    """Return where ijson finds the rows, None when there are none; either way, the file is read to its end."""
    _refuse_other_text(file)
    file.seek(0)
    start = file.read(CHUNK).lstrip()
    if not start:
        message = "nothing"
        raise InvalidJSONError(message)
    if start[:1] not in b'{"tfn-0123456789':
        _raise_for_text(start)
    try:
        _refuse_long_numbers(file)
        file.seek(0)
        prefix = _find_rows(ijson.parse(file, buf_size=CHUNK))
        if prefix:
            file.seek(0)
            if not all(_is_row(row) for row in ijson.items(file, prefix, buf_size=CHUNK)):
                message = "rows that are not objects with columns"
                raise NotAReportError(message, is_final=True)
    except ijson.JSONError as error:
        raise InvalidJSONError(_described(str(error))) from None
    except ArithmeticError:
        message = "a number of thousands of digits, which cannot be read"
        raise InvalidJSONError(message) from None
    return prefix


def _find_rows(events: Iterator[tuple[str, str, Any]]) -> str | None:
    """Return the prefix of the list that holds the rows, None when the report is empty."""
    _, first, value = next(events)
    names: set[str] = set()
    texts: dict[str, str] = {"result": value} if first == "string" else {}
    lists: set[str] = set()
    nothing = other = False
    # To its end: what says that a list is not all may follow it.
    for prefix, event, item in events:
        if prefix in LISTS:
            lists.add(prefix)
        elif not prefix and event == "map_key":
            names.add(item)
        elif event == "string" and prefix in names:
            texts[prefix] = item
        elif prefix in ENVELOPE_KEYS:
            nothing |= event == "null"
            other |= event in {"map_key", "number", "boolean"}
    message = next((texts[key] for key in MESSAGE_KEYS if texts.get(key)), "")
    failed = texts.get("status", "").upper().startswith(("FAIL", "ERR")) or "result" in texts
    if len(lists) == 1 and not failed:
        return lists.pop()
    is_envelope = first == "start_map" and (not names or names & {*ENVELOPE_KEYS})
    if first == "null" or (is_envelope and not (failed or other or lists or (nothing and message))):
        return None
    what = "an answer without a report" if len(lists) < 2 else "rows in two lists"  # noqa: PLR2004
    raise NotAReportError(what, _sentence(message), is_final=len(lists) > 1)


def _is_row(row: Any) -> bool:
    """Tell a row from anything else, an envelope among others that hold rows themselves."""
    if not isinstance(row, dict) or not row:
        return False
    return not (
        row.keys() <= ENVELOPE_NAMES
        and any(
            isinstance(row.get(key), list) and any(isinstance(item, dict) for item in row[key]) for key in ENVELOPE_KEYS
        )
    )


def _raise_for_text(start: bytes) -> NoReturn:
    if start.startswith(b"<"):
        message = "a web page"
        raise InvalidJSONError(message)
    what = "text, though JSON was asked for"
    raise NotAReportError(what, _sentence(start.decode(errors="replace")))


def _sentence(text: str) -> str:
    """Return a text that may be a message of the vendor's; "" for any other, as nobody knows what it holds."""
    text = text.strip()
    is_one = len(text) <= MAX_MESSAGE_LENGTH and len(text.splitlines()) == 1 and not text.startswith(("[", "{", "<"))
    return text if is_one else ""


def _refuse_other_text(file: IO[bytes]) -> None:
    """Raise for text that is not UTF-8: the parser that is quick does not look."""
    file.seek(0)
    decode = codecs.getincrementaldecoder("utf-8")().decode
    try:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            decode(chunk)
        decode(b"", final=True)
    except UnicodeDecodeError:
        message = "text that is not UTF-8"
        raise InvalidJSONError(message) from None


def _refuse_long_numbers(file: IO[bytes]) -> None:
    """Raise for a number that ends the fast parser in a crash: int() refuses it, and C does not look."""
    file.seek(0)
    # Every 64th byte is enough to see that there may be one.
    if not any(_MANY_DIGITS.search(chunk[::64]) for chunk in iter(lambda: file.read(CHUNK), b"")):
        return
    file.seek(0)
    try:
        for _ in python_parser.basic_parse(file, buf_size=CHUNK):
            pass
    except ijson.JSONError as error:
        if _LONG_NUMBER.search(str(error)):
            raise ArithmeticError from None


def _described(error: str) -> str:
    """Say what is wrong with JSON in words that hold nothing of it."""
    # The parser shows the place: in what follows its first line, at the 40th character.
    if constant := _NO_NUMBER.search(error.partition("\n")[2][30:52]):
        return f"{constant[0]}, which is not a number in JSON"
    return "JSON that breaks off" if "EOF" in error else "no JSON"
