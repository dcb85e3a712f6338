"""What the battery has to know of a tap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.server import Sandbox
    from sandbox.vendor import Vendor

Json = dict[str, Any]
Keys = set[tuple[Any, ...]]


@dataclass(frozen=True)
class Contract:
    """What the battery has to know of a tap."""

    name: str
    streams: dict[str, tuple[str, ...]]
    vendor: Callable[[Sandbox], Vendor]
    # Settings for a sync of a few requests.
    config: Callable[[Sandbox], Json]
    # The keys of what such a sync must bring, by stream.
    expected_keys: Callable[[Sandbox], dict[str, Keys]]
    # Settings that must be refused, with the name that the error must give.
    invalid_settings: tuple[tuple[Json, str], ...]
    secrets: tuple[str, ...]
    # Bodies that are JSON but not what the vendor documents.
    undocumented_bodies: tuple[Any, ...]
    # Settings, on top, for a sync of many small answers once the vendor has no limits, and who sends those with rows.
    many_answers: Json
    row_sender: Callable[[Sandbox], Vendor]
    # Streams that show the moment of the run: what one run has sent, another does not.
    snapshots: frozenset[str] = frozenset()
    # Statuses that may be about what was asked for: it is asked for in other ways before the run ends.
    negotiable: frozenset[int] = frozenset()
    # How many answers each seed changes: fewer where they cost most.
    fuzzed: int = 125
    # Fields without which a row has no key or no place, besides the keys.
    essential_fields: frozenset[str] = frozenset()

    def environment(self, config: Json) -> dict[str, str]:
        """Return settings as environment variables."""
        return {f"{self.name.upper().replace('-', '_')}_{key.upper()}": str(value) for key, value in config.items()}


def day(days_ago: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(days=days_ago)).date().isoformat()


def keys_of(records: Iterable[Json], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [tuple(record[name] for name in names) for record in records]
