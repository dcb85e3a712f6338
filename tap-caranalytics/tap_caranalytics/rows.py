"""A report's rows made into records: names in snake_case, values as text, and an identity that survives re-reading."""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from .base.http import TapError
from .base.json_text import LongNumber
from .base.records import to_rfc3339

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from .report_files import ReportFile, Row
    from .windows import Window

Columns = dict[str, str | None]

# The longest name of a column that PostgreSQL keeps.
MAX_NAME_LENGTH = 63
# A label that its name stands for: words of letters and digits, between them a blank or an underscore.
PLAIN_LABEL = re.compile(r"[^\W_]+(?:[ _][^\W_]+)*")
NOT_A_WORD = re.compile(r"[\W_]+")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
SYMBOLS = {
    "%": "percent", "#": "number", "<": "less_than", ">": "greater_than", "&": "and", "+": "plus", "=": "equals",
    "@": "at", "$": "dollars", "€": "euros", "£": "pounds",
}  # fmt: skip
SYMBOL = re.compile("|".join(map(re.escape, SYMBOLS)))
# Who and when a team report's row is about, whatever else is in it. Its figures change while the window is in progress.
AGENT = re.compile(r"(responding_)?agent_(display_)?(id|uuid|email|name)")
TEAM = re.compile(r"(agent_)?team(_(id|uuid|name))?")
INTERVAL = re.compile(
    r"(interval|bucket|period)(_(start|begin|from))?(_(time|date|at|ms|millis))?|start(_(time|date))?"
)


# How many different rows are counted in memory; 10 MB.
MAX_IN_MEMORY = 100_000
COUNT = "select count from counts where identity = ?"
ADD = "insert into counts values (?, ?) on conflict (identity) do update set count = count + excluded.count"


_written = msgspec.json.Encoder(order="sorted").encode


class ColumnNames(dict[str, str]):
    """The columns' names by the names that the vendor sends, labels or ids: each follows from its label alone."""

    def __init__(self, aliases: Mapping[str, str] | None = None) -> None:
        """Use the aliases for labels that are more than another spelling of the id."""
        super().__init__()
        self._aliases = aliases or {}

    def __missing__(self, label: str) -> str:
        """Find a name when it is first asked for."""
        name = column_name(label)
        self[label] = self._aliases.get(name, name)
        return self[label]

    def of_row(self, row: Mapping[str, Any]) -> Columns:
        """Return the row's values as text, by the names of their columns."""
        columns = {
            self[label]: None if value is None else value or None if type(value) is str else text_of(value)
            for label, value in row.items()
        }
        return columns if len(columns) == len(row) else self._kept_apart(row)

    def _kept_apart(self, row: Mapping[str, Any]) -> Columns:
        """Return the columns of a row that spells one name in two ways: the one most like the name has it."""
        columns: Columns = {}
        for label in sorted(row, key=lambda label: (label != self[label], column_name(label) != self[label], label)):
            name = self[label]
            while name in columns:
                name = hashed_name(self[label], f"{label}{name}")
            columns[name] = text_of(row[label])
        return columns


def column_name(label: str) -> str:
    """Write a label in snake_case, with a hash of it unless it is plain: no two labels of other words share a name."""
    words = SYMBOL.sub(lambda symbol: f" {SYMBOLS[symbol[0]]} ", HUMP.sub("_", unicodedata.normalize("NFKC", label)))
    name = NOT_A_WORD.sub("_", words).strip("_").lower() or "column"
    if (
        PLAIN_LABEL.fullmatch(label)
        and unicodedata.is_normalized("NFKC", label)
        and len(name.encode()) <= MAX_NAME_LENGTH
    ):
        return name
    return hashed_name(name, label)


def hashed_name(name: str, label: str) -> str:
    """Return a name that only this label has."""
    return f"{name.encode()[: MAX_NAME_LENGTH - 9].decode(errors='ignore')}_{_digest(label)[:8]}"


def text_of(value: Any) -> str | None:
    """Write a value as text, nothing as None: reports say it in several ways."""
    if value is None or isinstance(value, str):
        return str(value) if value else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    return _json(value) if value else None


def _json(value: Any) -> str:
    """Write JSON as the vendor does, a decimal with all its digits."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_json(name)}: {_json(item)}' for name, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    return str(value) if isinstance(value, Decimal | LongNumber) else json.dumps(value, ensure_ascii=False)


class RowKeys:
    """Gives each row of a window a key that it has whenever the window is read."""

    def __init__(self, window: str, named: Sequence[str] = (), *, by_agent: bool = False) -> None:
        """Key on the named columns, on agent and interval for a report of the team's, else on the whole row."""
        self._window, self._named, self._by_agent = window, sorted({*named}), by_agent
        self._counts: Counter[str] = Counter()
        self._database: sqlite3.Connection | None = None

    def close(self) -> None:
        """Forget the rows of the window."""
        if self._database:
            self._database.close()

    def key(self, row: Columns) -> str:
        """Return the row's key; the second of two equal rows gets another one than the first."""
        identity = self._identity_of(row)
        try:
            earlier = self._counts[identity] + self._stored(identity)
            self._counts[identity] += 1
            if len(self._counts) > MAX_IN_MEMORY:
                self._store()
        except sqlite3.OperationalError as error:
            message = f"A temporary file could not be written ({error}): make room where temporary files are kept."
            raise TapError(message) from None
        return _digest(f"{identity}{earlier}") if earlier else identity

    def _stored(self, identity: str) -> int:
        """Return how many such rows are counted in the database."""
        found = self._database and self._database.execute(COUNT, (identity,)).fetchone()
        return int(found[0]) if found else 0

    def _store(self) -> None:
        """Move the counts to a temporary database: a report may have more rows than fit in memory."""
        if not self._database:
            self._database = sqlite3.connect("", isolation_level=None)
            self._database.execute("pragma journal_mode = off")
            self._database.execute("create table counts (identity text primary key, count integer) without rowid")
        self._database.execute("begin")
        self._database.executemany(ADD, self._counts.items())
        self._database.execute("commit")
        self._counts.clear()

    def _identity_of(self, row: Columns) -> str:
        if self._named and all(row.get(name) for name in self._named):
            return _hash(_written({name: row[name] for name in self._named}))
        columns = self._who_and_when(row) if self._by_agent else {}
        columns = columns or {name: value for name, value in row.items() if value}
        # The window's start keeps equal rows of different windows apart.
        return _hash(_written([self._window, columns]))

    def _who_and_when(self, row: Columns) -> Columns:
        who = [name for name in row if row[name] and AGENT.fullmatch(name)]
        if not who:
            return {}
        about = [name for name in row if row[name] and (TEAM.fullmatch(name) or INTERVAL.fullmatch(name))]
        # An id stays when a name is changed.
        best = [name for name in who if name.endswith(("id", "uuid"))] or [
            name for name in who if name.endswith("email")
        ]
        return {name: row[name] for name in [*(best or who), *about]}


@dataclass(frozen=True)
class RecordFormat:
    """How a report's rows become records."""

    names: ColumnNames = field(default_factory=ColumnNames)
    #: The columns that make a row's key, where the user knows any that do.
    key_columns: Sequence[str] = ()
    #: Whether a row is about an agent and not about something that happened.
    keyed_by_agent: bool = False


@dataclass
class WindowReading:
    """A window as one run has read it: iterating over it yields its records, once."""

    window: Window
    #: When its report was run; the first of them, if there were several.
    extracted_at: datetime
    files: Sequence[ReportFile]
    format: RecordFormat
    row_count: int = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield the records of all parts, and let go of their files."""
        own = {
            "_window_start": to_rfc3339(self.window.start),
            "_window_end": to_rfc3339(self.window.end),
            "_extracted_at": to_rfc3339(self.extracted_at),
        }
        named, by_agent = self.format.key_columns, self.format.keyed_by_agent
        with closing(RowKeys(own["_window_start"], named, by_agent=by_agent)) as keys:
            for row in self._rows():
                columns = self.format.names.of_row(row)
                self.row_count += 1
                yield {"_row_key": keys.key(columns), **columns, **own}

    def _rows(self) -> Iterator[Row]:
        for file in self.files:
            with file:
                yield from file.rows()


def _digest(text: str) -> str:
    return _hash(text.encode("utf-8", "surrogatepass"))


def _hash(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()
