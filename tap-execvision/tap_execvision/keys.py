"""Keys for rows that the vendor sends without one."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from .base.records import normalize_datetime

# More rows than a page or two, as equal ones may come apart where the vendor shows no time.
MAX_ROWS = 100_000


class RowKeys:
    """Makes keys of rows: a hash of all they hold, and a number among equal ones."""

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        """Start with no row; remember so many, and forget those of the earliest day first."""
        self._max_rows = max_rows
        self._days: dict[str, Counter[bytes]] = {}

    def key(self, row: dict[str, Any], moment: str) -> str:
        """Return the key of a row. Equal rows have the same time, so that what is old can be forgotten."""
        digest = blake2b(canonical(row), digest_size=16).digest()
        day = (normalize_datetime(moment) or "")[:10]
        counts = self._days.setdefault(day, Counter())
        counts[digest] += 1
        if sum(map(len, self._days.values())) > self._max_rows and len(self._days) > 1:
            del self._days[min(self._days.keys() - {day})]
        return digest.hex() if counts[digest] == 1 else f"{digest.hex()}-{counts[digest]}"


def canonical(row: dict[str, Any]) -> bytes:
    """Write in one way what may come in several: times in any zone, lists in any order."""
    content = {name: _canonical(value) for name, value in row.items()}
    return json.dumps(content, sort_keys=True, default=str).encode()


def _canonical(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(map(str, value))
    if isinstance(value, str):
        return normalize_datetime(value) or value
    return str(Decimal(value).normalize()) if isinstance(value, Decimal | int) else value
