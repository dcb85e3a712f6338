"""A stream whose columns arrive: its schema grows while it runs, always before the first row that needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk import typing as th
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.mapper import StreamMap

DISCOVERED_COLUMN = th.Property("", th.StringType, description="A column that arrived with the data.").to_dict()[""]


class DynamicSchemaStream(Stream):
    """Adds columns that neither the catalog nor the schema knows, as nullable text."""

    _grown_schema: dict[str, Any] | None = None

    @property
    @override
    def effective_schema(self) -> dict[str, Any]:
        """The schema with all that has arrived, also on top of a catalog that was discovered earlier."""
        return self._grown_schema or super().effective_schema

    @property
    @override
    def stream_maps(self) -> list[StreamMap]:
        """The maps that hold now: the base class keeps the first ones."""
        return self._tap.mapper.stream_maps[self.name]

    def add_new_columns(self, names: Iterable[str]) -> None:
        """Put out a schema with those columns that it does not have yet, those aside that are not selected."""
        schema = self.effective_schema
        if not (new_columns := [name for name in names if name not in schema["properties"]]):
            return
        # A catalog that is older than the tap lacks some that the tap itself declares.
        added = {name: self.schema["properties"].get(name, DISCOVERED_COLUMN) for name in new_columns}
        self._grown_schema = {**schema, "properties": {**schema["properties"], **added}}
        selected = {name: self.mask["properties", name] for name in self._grown_schema["properties"]}
        if any(selected[name] for name in new_columns):
            kept = {name: column for name, column in self._grown_schema["properties"].items() if selected[name]}
            required = [name for name in schema.get("required", []) if name in kept]
            self._tap.mapper.register_raw_stream_schema(
                self.name, {**self._grown_schema, "properties": kept, "required": required}, self.primary_keys
            )
            self._write_schema_message()
        self.logger.info("New columns: %s", ", ".join(new_columns))
