# Generated from tools/base/flattening.py by `python -m tools generate`: edit it there.
"""Nested objects as columns, named as the SDK names them, but each name made once and not once a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.helpers._flattening import flatten_key
from singer_sdk.mapper import SameRecordTransform

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.helpers._flattening import FlatteningOptions
    from singer_sdk.mapper import StreamMap

_encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode


class QuickMap:
    """Does what a stream map does to a record; where that is nothing but flattening, without the SDK."""

    def __init__(self) -> None:
        """Start with no map."""
        self._flatten: Flattener | None = None

    def __call__(self, stream_map: StreamMap, record: dict[str, Any]) -> dict[str, Any] | None:
        """Return what the map makes of the record, None when it leaves it out."""
        options = stream_map.flattening_options
        if type(stream_map) is not SameRecordTransform or not options or not stream_map.flattening_enabled:
            return stream_map.transform(record)
        if self._flatten is None or self._flatten.stream_map is not stream_map:
            self._flatten = Flattener(stream_map, options)
        return self._flatten(record)


class Flattener:
    """Flattens records as one stream map would."""

    def __init__(self, stream_map: StreamMap, options: FlatteningOptions) -> None:
        """Prepare for the records of a map."""
        self.stream_map, self._options = stream_map, options
        self._columns = stream_map.transformed_schema["properties"]
        self._names: dict[tuple[str, ...], dict[str, tuple[str, bool]]] = {}

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        """Return the record with its nested objects as columns, and its arrays as text."""
        flat: dict[str, Any] = {}
        self._add(record, (), flat)
        return flat

    def _add(self, node: Mapping[str, Any], at: tuple[str, ...], flat: dict[str, Any]) -> None:
        names = self._names.setdefault(at, {})
        for name, value in node.items():
            column, is_split = names.get(name) or names.setdefault(name, self._name(name, at))
            if is_split and isinstance(value, dict):
                self._add(value, (*at, name), flat)
            else:
                flat[column] = _encode(value).decode() if isinstance(value, (dict, list)) else value

    def _name(self, name: str, at: tuple[str, ...]) -> tuple[str, bool]:
        """Return a field's column, and whether its objects have columns of their own."""
        options = self._options
        column = flatten_key(name, [*at], options.separator, max_key_length=options.max_key_length)
        return column, column not in self._columns and len(at) < options.max_level
