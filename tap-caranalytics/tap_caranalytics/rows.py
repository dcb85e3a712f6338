"""A report's row made into a record: names in snake_case, values as text, and an identity that survives re-reading."""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Columns = dict[str, str | None]

# The longest name of a column that PostgreSQL keeps.
LONGEST_NAME = 63
NOT_A_WORD = re.compile(r"[\W_]+")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Who and when a team report's row is about, whatever else is in it. Its figures change while the cell is in progress.
AGENT = re.compile(r"(responding_)?agent_(display_)?(id|uuid|email|name)")
TEAM = re.compile(r"(agent_)?team(_(id|uuid|name))?")
INTERVAL = re.compile(
    r"(interval|bucket|period)(_(start|begin|from))?(_(time|date|at|ms|millis))?|start(_(time|date))?"
)


class Names(dict[str, str]):
    """The columns' names by the names that the vendor sends, labels or ids; found when first asked for."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        """Use the aliases for labels that are more than another spelling of the id."""
        super().__init__()
        self._aliases = aliases
        self._taken: set[str] = set()

    def __missing__(self, sent: str) -> str:
        """Give a column its name; two names that would become one are told apart."""
        plain = snake_case(sent)
        plain = self._aliases.get(plain, plain)
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain}_{number}"
        self._taken.add(name)
        self[sent] = name
        return name


def snake_case(name: str) -> str:
    """Write a name in snake_case, no longer than databases allow, and never starting like one of the tap's own."""
    words = HUMP.sub("_", unicodedata.normalize("NFKC", name))
    plain = NOT_A_WORD.sub("_", words).strip("_").lower() or "column"
    if len(plain.encode()) <= LONGEST_NAME:
        return plain
    return f"{plain.encode()[: LONGEST_NAME - 9].decode(errors='ignore')}_{_digest(name)[:8]}"


def text_of(value: Any) -> str | None:
    """Write a value as text, nothing as None: reports say it in several ways."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str) if value else None


class Identity:
    """Gives each row of a report a key that it has whenever its cell is read."""

    def __init__(self, cell: str, named: Sequence[str] = (), *, of_team: bool = False) -> None:
        """Key on the named columns, on agent and interval for a report of the team's, else on the whole row."""
        self._cell, self._named, self._of_team = cell, named, of_team
        # Counted in a temporary database: a report may have more rows than fit in memory.
        self._counts = sqlite3.connect("", isolation_level=None)
        self._counts.execute("pragma journal_mode = off")
        self._counts.execute("create table counts (identity text primary key, count integer) without rowid")

    def close(self) -> None:
        """Forget the rows of the cell."""
        self._counts.close()

    def key(self, row: Columns) -> str:
        """Return the row's key; the second of two equal rows gets another one than the first."""
        identity = self._digest_of(row)
        found = self._counts.execute("select count from counts where identity = ?", (identity,)).fetchone()
        if found is None:
            self._counts.execute("insert into counts values (?, 1)", (identity,))
            return identity
        self._counts.execute("update counts set count = count + 1 where identity = ?", (identity,))
        return _digest(f"{identity}{found[0]}")

    def _digest_of(self, row: Columns) -> str:
        if self._named and all(row.get(name) for name in self._named):
            return _digest(_written([(name, row[name]) for name in sorted(self._named)]))
        # The cell's start keeps equal rows of different cells apart.
        columns = self._who_and_when(row) if self._of_team else []
        columns = columns or [(name, value) for name, value in sorted(row.items()) if value]
        return _digest(_written([("", self._cell), *columns]))

    def _who_and_when(self, row: Columns) -> list[tuple[str, str | None]]:
        who = [name for name in sorted(row) if row[name] and AGENT.fullmatch(name)]
        if not who:
            return []
        about = [name for name in sorted(row) if row[name] and (TEAM.fullmatch(name) or INTERVAL.fullmatch(name))]
        # An id stays when a name is changed.
        best = [name for name in who if name.endswith(("id", "uuid"))] or [
            name for name in who if name.endswith("email")
        ]
        return [(name, row[name]) for name in [*(best or who), *about]]


def _written(columns: list[tuple[str, str | None]]) -> str:
    return json.dumps(columns)


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
