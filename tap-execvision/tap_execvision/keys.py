"""Keys for rows that the vendor sends without one."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from tap_execvision.base.records import normalize_datetime

# Equal rows of the newest days may come a little out of order, those of earlier ones close to each other.
KEPT_DAYS = 7


class RowKeys:
    """Makes keys of rows: a hash of all they hold, and a number among equal ones."""

    def __init__(self) -> None:
        """Start with no row."""
        self._days: dict[str, Counter[str]] = {}  # the one used last comes last

    def key(self, row: dict[str, Any], moment: str) -> str:
        """Return the key of a row. Equal rows have the same time, so what is older by days can be forgotten."""
        content = {name: _canonical(value) for name, value in row.items()}
        hashed = blake2b(json.dumps(content, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()
        day = (normalize_datetime(moment) or "")[:10]
        counts = self._days[day] = self._days.pop(day, Counter())
        counts[hashed] += 1
        if len(self._days) > 2 * KEPT_DAYS:
            newest = sorted(self._days)[-KEPT_DAYS:]
            del self._days[next(day for day in self._days if day not in newest)]
        return hashed if counts[hashed] == 1 else f"{hashed}-{counts[hashed]}"


def _canonical(value: Any) -> Any:
    """Write one way what may come in several: times in any zone, lists in any order."""
    if isinstance(value, list):
        return sorted(map(str, value))
    if isinstance(value, str):
        return normalize_datetime(value) or value
    return str(Decimal(value).normalize()) if isinstance(value, Decimal | int) else value
