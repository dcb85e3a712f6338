"""The windows of days that the settings name, for clients that ask for one after the other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def windows(config: Mapping[str, Any]) -> Iterator[tuple[date, date]]:
    """Yield first and last day, the last one not counted in."""
    start = date.fromisoformat(config["start_date"])
    end = date.fromisoformat(config["end_date"]) + timedelta(days=1)
    while start < end:
        until = min(start + timedelta(days=config["window_days"]), end)
        yield start, until
        start = until
