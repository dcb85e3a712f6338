"""Keys for rows that the vendor sends without one."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from tap_execvision.records import utc

# Days may come a little out of order.
KEPT_DAYS = 7


class Twins:
    """Makes keys of rows: a hash of all they hold, and a number among equal ones."""

    def __init__(self) -> None:
        self._seen: dict[str, Counter[str]] = {}

    def key(self, row: dict[str, Any], moment: str) -> str:
        """Return the key of a row. Equal rows have the same time, so what is older by days can be forgotten."""
        told = {name: _alike(value) for name, value in row.items()}
        hashed = blake2b(json.dumps(told, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()
        day = (utc(moment) or "")[:10]
        twins = self._seen.setdefault(day, Counter())
        twins[hashed] += 1
        if len(self._seen) > KEPT_DAYS:
            del self._seen[next(iter(self._seen))]
        return hashed if twins[hashed] == 1 else f"{hashed}-{twins[hashed]}"


def _alike(value: Any) -> Any:
    """Write one way what may be told in several: times in any zone, lists in any order."""
    if isinstance(value, list):
        return sorted(map(str, value))
    if isinstance(value, str):
        return utc(value) or value
    return str(Decimal(value).normalize()) if isinstance(value, Decimal | int) else value
