"""What a vendor sends, made into what the SCHEMA promises. The same file in every tap.

Nothing is dropped: a field that the schema does not know, or a value that cannot take its field's type, goes
unchanged into `_extra` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

if TYPE_CHECKING:
    from logging import Logger

Convert = Callable[[Any], Any]

EXTRA = th.Property(
    "_extra",
    th.ObjectType(additional_properties=True),
    description="Fields that this version of the tap does not know, and values that do not fit their field's type.",
)

_UNFIT = object()
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,6})\d*)?)?)? ?(?:Z|z|UTC|([+-])(\d\d):?(\d\d)?)?"
)


class Normaliser:
    """Makes one stream's rows fit its schema."""

    def __init__(self, schema: dict[str, Any], logger: Logger) -> None:
        """Prepare for rows of this schema."""
        self._convert = _object(schema, root=True)
        self._logger = logger
        self._named: set[str] = set()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the row as the schema promises it."""
        record: dict[str, Any] = self._convert(row)
        if new := (record["_extra"] or {}).keys() - self._named:
            self._named |= new
            self._logger.warning("Kept in _extra: %s (unknown fields, or values of another type)", sorted(new))
        return record


@lru_cache(maxsize=4096)
def utc(value: str) -> str | None:
    """Write a time as RFC 3339 in UTC with six digits, `2026-01-31T09:30:00.000000Z`; None when it is no time.

    A time without an offset is taken as UTC, a day as its midnight.
    """
    found = _TIME.fullmatch(value.strip())
    if not found:
        return None
    *parts, fraction, sign, hours, minutes = found.groups()
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        microsecond = int((fraction or "").ljust(6, "0"))
        moment = datetime(year, month, day, hour, minute, second, microsecond, timezone.utc)
        if sign:
            offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
            moment += -offset if sign == "+" else offset
    except (OverflowError, ValueError):
        return None
    return written(moment)


def written(moment: datetime) -> str:
    """Write a moment in UTC as all times are written here."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_of(value: Any) -> datetime | None:
    """Read a time that somebody wrote; None when it is none."""
    text = utc(value) if isinstance(value, str) else None
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def _converter(schema: dict[str, Any]) -> Convert:
    """Return what converts a value to this schema, or to _UNFIT."""
    kinds = schema.get("type", [])
    kind = next((kind for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind != "null"), None)
    if kind == "object":
        return _object(schema)
    if kind == "array":
        return _array(schema)
    if kind == "string":
        return {"date-time": _time, "date": _date}.get(schema.get("format", ""), _text)
    return {"boolean": _boolean, "integer": _integer, "number": _number}.get(str(kind), lambda value: value)


def _object(schema: dict[str, Any], *, root: bool = False) -> Convert:
    converters = {
        name: _converter(property_) for name, property_ in schema.get("properties", {}).items() if name != "_extra"
    }

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            return _UNFIT
        record: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, item in value.items():
            if item is None and name in converters:
                record[name] = None
            elif name in converters:
                fit = converters[name](item)
                record[name] = None if fit is _UNFIT else fit
                if fit is _UNFIT:
                    extra[name] = item
            elif root:
                extra[name] = item
            else:
                record[name] = item
        if root:
            record["_extra"] = extra or None
        elif extra:
            record["_extra"] = {**_as_object(value.get("_extra")), **extra}
        return record

    return convert


def _as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {} if value is None else {"_extra": value}


def _array(schema: dict[str, Any]) -> Convert:
    convert_item = _converter(schema.get("items", {}))
    nullable = "null" in schema.get("items", {}).get("type", ["null"])

    def convert(value: Any) -> Any:
        if not isinstance(value, list):
            return _UNFIT
        items = [None if item is None and nullable else convert_item(item) for item in value]
        return _UNFIT if any(item is _UNFIT for item in items) else items

    return convert


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float | Decimal) else _UNFIT


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        return _UNFIT
    return (utc(value) or _UNFIT) if value.strip() else None


def _date(value: Any) -> Any:
    moment = _time(value)
    if moment is None or moment is _UNFIT:
        return moment
    day, _, rest = moment.partition("T")
    return _UNFIT if rest.strip("0:.Z") else day


def _boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}.get(
        str(value).strip().lower(), _UNFIT
    )


def _integer(value: Any) -> Any:
    number = _number(value)
    return int(number) if number is not _UNFIT and number == int(number) else _UNFIT


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return _UNFIT
    try:
        number = Decimal(value.strip()) if isinstance(value, str) else value
    except InvalidOperation:
        return _UNFIT
    return number if isinstance(number, int) or Decimal(number).is_finite() else _UNFIT
