"""The vendor's own shapes, from which base/records.py gives values their types; fields unknown stay as they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from .base.records import normalize_datetime

Shape = Callable[[Any], Any]

#: Objects keyed by data, and the field that each key becomes in an array of objects.
KEYS = {
    "answers": "question_key",
    "questions": "question_id",
    "options": "option_id",
    "selected_options": "option_id",
    "custom_properties": "name",
}


#: Of these, null is as empty as `{}`: a question that was seen and not answered.
NEVER_NULL = {"options", "selected_options"}

_PERCENTAGE = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*%?\s*", re.ASCII)


def shape_of(name: str, schema: dict[str, Any]) -> Shape | None:
    """Return what gives a field's values the structure of their schema, None where the vendor sends that."""
    kinds = schema.get("type", [])
    if "array" in kinds:
        return _listed(name, KEYS[name]) if name in KEYS else None
    if "number" in kinds:
        return _percentage
    if schema.get("format") == "date-time":
        return _moment
    return _custom_id if name in {"custom_id", "custom_employee_id"} else None


def _listed(name: str, key_field: str) -> Shape:
    """Return what turns an object keyed by data into an array, each key lifted into a field."""

    def entry(key: str, item: Any) -> dict[str, Any]:
        if name == "custom_properties":
            return {key_field: key, "value": item}
        if not isinstance(item, dict):
            return {key_field: key} if item is None else {key_field: key, "_extra": {"value": item}}
        own = item.get(key_field)
        if own is None or str(own) == key:
            return {**item, key_field: key}
        own = {name: other for name, other in item.items() if name == "_extra"}
        return {**item, "_extra": {"key": key, **own}}

    def listed(value: Any) -> Any:
        if value is None and name in NEVER_NULL:
            return []
        return [entry(key, item) for key, item in value.items()] if isinstance(value, dict) else value

    return listed


def _percentage(value: Any) -> Any:
    """Read "87.5%" as 87.5 percentage points, and "" as none; what is no number stays as it is."""
    if not isinstance(value, str):
        return value
    number = _PERCENTAGE.fullmatch(value)
    if number:
        return number[1]
    return value if value.strip() else None


def _custom_id(value: Any) -> Any:
    return None if value in ("null", "") else value


def _moment(value: Any) -> Any:
    """Write a time that came as a number of seconds, or as a dump of the vendor's own time object."""
    if isinstance(value, str):
        return value
    seconds = _seconds_in_dump(value) if isinstance(value, dict) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | Decimal):
        return value
    try:
        return normalize_datetime(datetime.fromtimestamp(float(seconds), timezone.utc).isoformat())
    except (OverflowError, OSError, ValueError):
        return value


def _seconds_in_dump(value: dict[str, Any]) -> Any:
    """Find the seconds under `^t`, however deep."""
    if "^t" in value:
        return value["^t"]
    deeper = (_seconds_in_dump(item) for item in value.values() if isinstance(item, dict))
    return next((found for found in deeper if found is not None), None)
