"""A stream whose columns arrive: its schema grows while it runs, always before the first row that needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.mapper import StreamMap

ARRIVED = th.Property("", th.StringType, description="A column that arrived with the data.").to_dict()[""]


class GrowingStream(Stream):
    """Adds columns that neither the catalog nor the schema knows, as nullable text."""

    _grown: dict[str, Any] | None = None

    @property
    def effective_schema(self) -> dict[str, Any]:
        """The schema with all that has arrived, also on top of a catalog that was discovered earlier."""
        return self._grown or super().effective_schema

    @property
    def stream_maps(self) -> list[StreamMap]:
        """The maps that hold now: the base class keeps the first ones."""
        return self._tap.mapper.stream_maps[self.name]

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return the names that are no columns yet."""
        known = self.effective_schema["properties"]
        return [name for name in names if name not in known]

    def add_columns(self, names: list[str]) -> None:
        """Put out a schema with these columns in it, those aside that are not selected."""
        schema = self.effective_schema
        self._grown = {**schema, "properties": {**schema["properties"], **dict.fromkeys(names, ARRIVED)}}
        selected = {name: self.mask["properties", name] for name in self._grown["properties"]}
        if any(selected[name] for name in names):
            kept = {name: column for name, column in self._grown["properties"].items() if selected[name]}
            required = [name for name in schema.get("required", []) if name in kept]
            self._tap.mapper.register_raw_stream_schema(
                self.name, {**self._grown, "properties": kept, "required": required}, self.primary_keys
            )
            self._write_schema_message()
        self.logger.info("New columns: %s", ", ".join(names))
