"""The body of a report: how its rows are laid out is not documented, so it is found out."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from itertools import chain
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

import ijson

from tap_caranalytics.transport import mend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

Row = dict[str, Any]

CHUNK = 64 * 1024
ENVELOPES = ("result", "data", "rows")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LONGEST_LABEL = 100

csv.field_size_limit(2**31 - 1)


class WrongBodyError(Exception):
    """A body that breaks off or is no report: what is wrong with it, and the vendor's own error text if it has one."""

    def __init__(self, what: str, said: str = "") -> None:
        super().__init__(what)
        self.said = said


@dataclass(frozen=True)
class Layout:
    """Where the rows are: objects or arrays below a prefix, one JSON value a line, or CSV."""

    prefix: str = ""
    table: bool = False
    lines: bool = False
    csv: bool = False
    empty: bool = False


class Body:
    """A report's body in a file, found to be whole."""

    def __init__(self, file: IO[bytes]) -> None:
        """Read it to its end once; WrongBodyError when it breaks off or is no report."""
        self._file = file
        try:
            self._layout = _checked(file)
        except UnicodeDecodeError:
            self._file = _mended(file)
            self._layout = _checked_again(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, which is then gone."""
        self._file.close()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it, not even an empty list."""
        return self._layout.empty

    def rows(self) -> Iterator[Row]:
        """Yield the rows one by one, with the vendor's names."""
        layout = self._layout
        if layout.empty:
            return
        if layout.csv:
            yield from _csv_rows(self._file)
            return
        _rewind(self._file)
        items = ijson.items(self._file, layout.prefix, buf_size=CHUNK, multiple_values=layout.lines)
        if layout.table:
            header = [str(name) for name in next(items)]
            items = (_named_twice(header, row) if isinstance(row, list) else row for row in items)
        for row in items:
            if not isinstance(row, dict):
                message = "rows that are no objects"
                raise WrongBodyError(message)
            yield row


def _checked(body: IO[bytes]) -> Layout:
    try:
        layout = _layout(body)
        if layout.csv:
            for _ in _csv_rows(body):
                pass
        elif not layout.empty:
            _rewind(body)
            for _ in ijson.basic_parse(body, buf_size=CHUNK, multiple_values=layout.lines):
                pass
    except ijson.JSONError:
        message = "JSON that breaks off, or with none"
        raise WrongBodyError(message) from None
    except csv.Error:
        message = "CSV that breaks off"
        raise WrongBodyError(message) from None
    return layout


def _checked_again(body: IO[bytes]) -> Layout:
    try:
        return _checked(body)
    except UnicodeDecodeError:
        body.close()
        message = "text that is no UTF-8"
        raise WrongBodyError(message) from None


def _mended(body: IO[bytes]) -> IO[bytes]:
    """Put U+FFFD for half a surrogate pair, as a text that was cut inside an emoji has: no UTF-8 can hold it."""
    mended = TemporaryFile()  # noqa: SIM115  # closed with the body
    body.seek(0)
    rest = b""
    while chunk := body.read(CHUNK):
        # No escape sequence has a comma in it.
        head, comma, rest = (rest + chunk).rpartition(b",")
        mended.write(mend(head + comma))
    mended.write(mend(rest))
    body.close()
    return mended


def _layout(body: IO[bytes]) -> Layout:
    start = _rewind(body)
    if not start:
        return Layout(empty=True)
    if start not in b"[{":
        if start == b"<":
            message = "a page, no report"
            raise WrongBodyError(message)
        return Layout(csv=True)
    found, said = _first_list(body)
    return _single(body, said) if found is None else _array(body, found)


def _first_list(body: IO[bytes]) -> tuple[str | None, str]:
    """Return where the rows may be: in the list itself, or in one of an envelope's; else the text it holds."""
    depth, key, said = 0, "", ""
    for event, value in ijson.basic_parse(body, buf_size=CHUNK, multiple_values=True):
        if event == "start_array" and depth == 0:
            return "item", ""
        if event == "start_array" and depth == 1 and key in ENVELOPES:
            return f"{key}.item", ""
        if depth == 1 and event == "map_key":
            key = value
        if depth == 1 and event == "string" and key in {"result", "message", "error"}:
            said = said or value
        depth += event.startswith("start") - event.startswith("end")
        if depth == 0:
            break
    return None, said


def _single(body: IO[bytes], said: str) -> Layout:
    """Tell a first object that is a row, of one on each line, from an answer about something else."""
    _rewind(body)
    first = next(ijson.items(body, "", buf_size=CHUNK, multiple_values=True))
    if not first.keys() <= {"status", "request", "message", "error", *ENVELOPES}:
        return Layout(lines=True)
    if not said and any(key in first and first[key] is None for key in ENVELOPES):
        return Layout(empty=True)
    message = "an answer without a report"
    raise WrongBodyError(message, said)


def _array(body: IO[bytes], prefix: str) -> Layout:
    _rewind(body)
    first = next(ijson.items(body, prefix, buf_size=CHUNK), None)
    if first is not None and not isinstance(first, dict | list):
        message = "rows that are no objects"
        raise WrongBodyError(message)
    return Layout(prefix, table=isinstance(first, list))


def _csv_rows(body: IO[bytes]) -> Iterator[Row]:
    _rewind(body)
    text = io.TextIOWrapper(body, "utf-8", newline="")
    try:
        lines = csv.reader(text, strict=True)
        header = next(lines)
        first = next(lines, None)
        if not _is_header(header, first):
            message = "text that is no report"
            raise WrongBodyError(message, " ".join(",".join(header).split()))
        for line in chain([first] if first is not None else [], lines):
            if not line:
                continue
            if len(line) != len(header):
                message = "CSV that breaks off"
                raise WrongBodyError(message)
            yield _named_twice(header, line)
    finally:
        text.detach()


def _is_header(names: list[str], first: list[str] | None) -> bool:
    """Tell a line of labels from a sentence, which may stand where a report should."""
    if first is not None and len(names) > 1:
        return True
    if first is None and len(names) == 1:
        return False
    return all(name and name == name.strip() and len(name) <= LONGEST_LABEL and name[-1] not in ".!:" for name in names)


def _named_twice(header: list[str], line: list[Any]) -> Row:
    """Pair names and values; the second column of one name gets a number."""
    row: Row = {}
    for name, value in zip(header, line, strict=False):
        number, unique = 1, name
        while unique in row:
            number += 1
            unique = f"{name} {number}"
        row[unique] = value
    return row


def _rewind(body: IO[bytes]) -> bytes:
    """Go to the first byte that counts, and return it; b"" for a body without any."""
    body.seek(0)
    start = len(BYTE_ORDER_MARK) if body.read(len(BYTE_ORDER_MARK)) == BYTE_ORDER_MARK else 0
    body.seek(start)
    while (byte := body.read(1)).isspace():
        start += 1
    body.seek(start)
    return byte
