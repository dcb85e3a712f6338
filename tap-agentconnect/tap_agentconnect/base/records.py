# Generated from tools/base/records.py by `python -m tools generate`: edit it there.
"""What a vendor sends, made into what the SCHEMA promises.

Nothing is dropped: a field that the schema does not know, or a value that cannot take its field's type, goes
unchanged into `_extra` beside it. Only what the user deselected stays out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from .json_text import MAX_INTEGER, MIN_INTEGER, LongNumber, is_long

if TYPE_CHECKING:
    from collections.abc import Mapping
    from logging import Logger

    from singer_sdk.singerlib import SelectionMask

Convert = Callable[[Any], Any]
#: By a field's name and schema, what gives its values their structure before their type; None where nothing has to.
Reshape = Callable[[str, dict[str, Any]], Convert | None]

#: An object whose fields nobody knows beforehand. Without `properties`, flattening keeps it, as one text column.
OPEN_OBJECT = th.CustomType({"type": ["object", "null"], "additionalProperties": True})
EXTRA = th.Property(
    "_extra",
    OPEN_OBJECT,
    description="Fields that this version of the tap does not know, and values that do not fit their field's type.",
)

# The first and the last moment that can be written: arithmetic stops there.
EARLIEST = datetime.min.replace(tzinfo=timezone.utc)
LATEST = datetime.max.replace(tzinfo=timezone.utc)

_INVALID = object()
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,6})\d*)?)?)? ?(?:Z|z|UTC|([+-])(\d\d):?(\d\d)?)?"
)
# The form that nearly all times have; what is left to check is whether there is such a day.
_time_in_utc = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,6})\d*)?(?:Z|\+00:?00)", re.ASCII
).fullmatch
_NUMBERS = (int, float, Decimal)
_NUMBERS_AND_TEXT = (*_NUMBERS, str)
_BOOLEANS = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}


class Normaliser:
    """Makes one stream's rows fit its schema."""

    def __init__(
        self,
        schema: dict[str, Any],
        logger: Logger,
        mask: SelectionMask | None = None,
        reshape: Reshape | None = None,
        *,
        flattens: bool = False,
    ) -> None:
        """Prepare for rows of this schema.

        Args:
            schema: The schema that the rows' SCHEMA message will have, before any map.
            logger: Where to name, once, what goes to `_extra`.
            mask: What is selected; without it, everything.
            reshape: What the stream's `reshape` does; without it, nothing.
            flattens: Whether nested objects become columns, so that an unknown field inside one needs `_extra`, too.
        """
        fields = _Fields(schema, _Scope(mask, reshape, flattens))
        self._convert, self._keeps_extra = _object(fields), fields.keeps_extra
        self._logger = logger
        self._named: set[str] = set()

    def __call__(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the row as the schema promises it."""
        record: dict[str, Any] = self._convert(row)
        if not self._keeps_extra:
            return record
        if record is row:
            record = {**row}
        if (extra := record.setdefault("_extra", None)) and (new := extra.keys() - self._named):
            self._named |= new
            self._logger.warning("Kept in _extra: %s (unknown fields, or values of another type)", sorted(new))
        return record


@lru_cache(maxsize=1024)
def normalize_datetime(value: str) -> str | None:
    """Write a time as RFC 3339 in UTC with six digits, `2026-01-31T09:30:00.000000Z`; None when it is no time.

    A time without an offset is taken as UTC, a day as its midnight.
    """
    if found := _time_in_utc(value):
        moment, fraction = found.groups("")
        if _normalize(moment[:10]):
            return f"{moment}.{fraction.ljust(6, '0')}Z"
    return _normalize(value)


@lru_cache(maxsize=4096)
def _normalize(value: str) -> str | None:
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
    return to_rfc3339(moment)


def to_rfc3339(moment: datetime) -> str:
    """Write a moment in UTC as all times are written here: text that sorts as time does."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_datetime(value: Any) -> datetime | None:
    """Read a time that somebody wrote, in UTC; None when it is none."""
    text = normalize_datetime(value) if isinstance(value, str) else None
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def shifted(moment: datetime, by: timedelta) -> datetime:
    """Return a moment in UTC that much later or earlier, but not beyond the calendar's edges."""
    try:
        return moment + by
    except OverflowError:
        return LATEST if by > timedelta() else EARLIEST


def portable(value: Any) -> Any:
    """Return a value of no known type as every database can store it: a number beyond 64 bits as text."""
    if isinstance(value, dict):
        return {name: portable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [portable(item) for item in value]
    return str(value) if isinstance(value, LongNumber) or is_long(value) else value


@dataclass(frozen=True)
class _Scope:
    """Where in the schema something is, and what holds there."""

    mask: SelectionMask | None
    reshape: Reshape | None
    flattens: bool
    at: tuple[str, ...] = ()

    @property
    def is_selected(self) -> bool:
        return self.mask is None or self.mask[self.at]

    def inner(self, *at: str) -> _Scope:
        return replace(self, at=(*self.at, *at))

    def items(self) -> _Scope:
        """Nothing inside an array has a selection of its own, and flattening leaves arrays whole."""
        return replace(self, mask=None, flattens=False, at=("items",))


def _converter(schema: dict[str, Any], scope: _Scope) -> Convert:
    """Return what converts a value to this schema, or to _INVALID."""
    types = schema.get("type", [])
    type_ = next((type_ for type_ in ([types] if isinstance(types, str) else types) if type_ != "null"), None)
    if type_ == "object":
        return _object(_Fields(schema, scope))
    if type_ == "array":
        return _array(schema, scope.items())
    if type_ == "string":
        return {"date-time": _time, "date": _date}.get(schema.get("format", ""), _text)
    return {"boolean": _boolean, "integer": _integer, "number": _number}.get(str(type_), portable)


class _Fields:
    """The fields of an object that its schema knows, and what becomes of all others."""

    def __init__(self, schema: dict[str, Any], scope: _Scope) -> None:
        self.converters: dict[str, Convert] = {}
        self.kinds: dict[str, type] = {}  # by name, the type whose values stay as they are
        self.nullable: set[str] = set()
        self._deselected: set[str] = set()
        for name, property_ in schema.get("properties", {}).items():
            inner = scope.inner("properties", name)
            if name == "_extra":
                continue
            if not inner.is_selected:
                self._deselected.add(name)
                continue
            convert = _converter(property_, inner)
            if reshape := scope.reshape and scope.reshape(name, property_):
                convert = _reshaping(reshape, convert)
            else:
                self.nullable.add(name)
            self.converters[name], self.kinds[name] = convert, _FITTING.get(convert, _Nothing)
        self.keeps_extra = scope.inner("properties", "_extra").is_selected
        self._gathers_unknown = not scope.at or (scope.flattens and bool(self.converters or self._deselected))

    def keep_unfit(self, name: str, record: dict[str, Any], extra: dict[str, Any]) -> None:
        """Put a value that fits nowhere into `extra`, unless it is deselected."""
        item = record.pop(name)
        if name in self.converters:
            record[name], extra[name] = None, portable(item)
        elif name not in self._deselected:
            (extra if self._gathers_unknown else record)[name] = portable(item)


def _object(fields: _Fields) -> Convert:
    """Return what converts an object, and gathers what does not fit its schema in `_extra`."""
    kind_of, converter_of, nullable = fields.kinds.get, fields.converters.get, fields.nullable

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            return _INVALID
        record: dict[str, Any] = value
        extra: dict[str, Any] = {}
        for name, item in value.items():
            # Most values are what they should be: nothing is called for them, and nothing copied.
            if type(item) is kind_of(name) or (item is None and name in nullable):
                continue
            converted = converter_of(name, _unfit)(item)
            if record is value:
                record = value.copy()
            if converted is _INVALID:
                fields.keep_unfit(name, record, extra)
            else:
                record[name] = converted
        if extra and fields.keeps_extra:
            record["_extra"] = _with_own(record.get("_extra"), extra)
        return record

    return convert


class _Nothing:
    """A type that no value has."""


def _reshaping(reshape: Convert, convert: Convert) -> Convert:
    def convert_reshaped(value: Any) -> Any:
        shaped = reshape(value)
        return None if shaped is None else convert(shaped)

    return convert_reshaped


def _unfit(_: Any) -> Any:
    return _INVALID


def _with_own(own: Any, extra: dict[str, Any]) -> dict[str, Any]:
    """Return what goes to `_extra`, together with what the vendor has sent under that name."""
    if own is None or (isinstance(own, dict) and own.keys().isdisjoint(extra)):
        return {**(own or {}), **extra}
    return {"_extra": own, **extra}


def _array(schema: dict[str, Any], scope: _Scope) -> Convert:
    items = schema.get("items", {})
    convert_item = _converter(items, scope)
    kind = _FITTING.get(convert_item)
    nullable = "null" in items.get("type", ["null"])
    fitting = {kind, type(None)} if nullable else {kind}

    def convert(value: Any) -> Any:
        if not isinstance(value, list):
            return _INVALID
        if kind and fitting.issuperset(map(type, value)):
            return value
        converted = [None if item is None and nullable else convert_item(item) for item in value]
        return _INVALID if _INVALID in converted else converted

    return convert


def _text(value: Any) -> Any:
    if isinstance(value, str):
        return value if type(value) is str else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, _NUMBERS) else _INVALID


def _time(value: Any) -> Any:
    if not isinstance(value, str):
        return _INVALID
    return normalize_datetime(value) or (_INVALID if value.strip() else None)


def _date(value: Any) -> Any:
    moment = _time(value)
    if moment is None or moment is _INVALID:
        return moment
    day, _, rest = moment.partition("T")
    return _INVALID if rest.strip("0:.Z") else day


def _boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    return _BOOLEANS.get(str(value).strip().lower(), _INVALID) if isinstance(value, str | int | Decimal) else _INVALID


def _integer(value: Any) -> Any:
    if type(value) is int and MIN_INTEGER <= value <= MAX_INTEGER:
        return value
    number = _number(value)
    return int(number) if number is not _INVALID and number == int(number) else _INVALID


def _number(value: Any) -> Any:
    if isinstance(value, (bool, LongNumber)) or not isinstance(value, _NUMBERS_AND_TEXT):
        return _INVALID
    if isinstance(value, str) and "_" in value:
        return _INVALID  # Python alone takes it for a number
    try:
        number = Decimal(value.strip()) if isinstance(value, str) else value
    except InvalidOperation:
        return _INVALID
    return _INVALID if is_long(number) else number


# A number that parse_json leaves a Decimal fits 64 bits.
_FITTING: dict[Convert, type] = {_text: str, _boolean: bool, _number: Decimal}
