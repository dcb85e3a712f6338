"""Values as the schema promises them, and nothing dropped on the way."""

import logging
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft7Validator
from singer_sdk import typing as th
from tap_maestroqa.base.records import EXTRA, Normaliser, normalize_datetime, portable

SCHEMA = th.PropertiesList(
    th.Property("id", th.StringType(nullable=False), required=True),
    th.Property("at", th.DateTimeType),
    th.Property("done", th.BooleanType),
    th.Property("count", th.IntegerType),
    th.Property("share", th.NumberType),
    th.Property("names", th.ArrayType(th.StringType(nullable=True))),
    th.Property(
        "parts", th.ArrayType(th.ObjectType(th.Property("at", th.DateTimeType), th.Property("n", th.StringType)))
    ),
    EXTRA,
).to_dict()


def normalise(**row: Any) -> dict[str, Any]:
    return Normaliser(SCHEMA, logging.getLogger("test"))({"id": "1", **row})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-01-25T15:04:05.000Z", "2022-01-25T15:04:05.000000Z"),
        ("2022-01-25T15:04:05Z", "2022-01-25T15:04:05.000000Z"),
        ("2022-01-25T15:04:05.1234567Z", "2022-01-25T15:04:05.123456Z"),
        ("2022-01-25T15:04:05.5-04:00", "2022-01-25T19:04:05.500000Z"),
        ("2022-01-25T15:04:05+0530", "2022-01-25T09:34:05.000000Z"),
        ("2022-01-25 15:04:05 UTC", "2022-01-25T15:04:05.000000Z"),
        ("2022-01-25 15:04", "2022-01-25T15:04:00.000000Z"),
        ("2022-01-25", "2022-01-25T00:00:00.000000Z"),
        ("2022-02-30", None),
        ("0000-00-00 00:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
    ],
)
def test_times(text: str, expected: str | None) -> None:
    assert normalize_datetime(text) == expected


@given(st.datetimes(timezones=st.integers(-12 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))))
def test_every_time_keeps_its_moment(moment: datetime) -> None:
    written = normalize_datetime(moment.isoformat())
    if written:
        assert datetime.fromisoformat(written.replace("Z", "+00:00")) == moment


def test_values_take_their_types() -> None:
    record = normalise(id=7, at="", done="true", count="12", share="87.5", names=["a", None, 5])
    assert record == {
        "id": "7", "at": None, "done": True, "count": 12, "share": Decimal("87.5"), "names": ["a", None, "5"],
        "_extra": None,
    }  # fmt: skip


def test_what_does_not_fit_is_kept() -> None:
    record = normalise(
        at="soon", done="maybe", count=1.5, share="n/a", names="a", parts=[{"at": 5, "x": 1}], new={"a": 1}
    )
    assert record["_extra"] == {
        "at": "soon",
        "done": "maybe",
        "count": 1.5,
        "share": "n/a",
        "names": "a",
        "new": {"a": 1},
    }
    assert record["at"] is record["done"] is record["count"] is record["share"] is record["names"] is None
    assert record["parts"] == [{"at": None, "x": 1, "_extra": {"at": 5}}]


def test_what_is_kept_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    normaliser = Normaliser(SCHEMA, logging.getLogger("test"))
    for _ in range(3):
        normaliser({"id": "1", "secret_plan": "a customer's words"})
    assert [record.message for record in caplog.records if "secret_plan" in record.message] != []
    assert len(caplog.records) == 1
    assert "customer" not in caplog.text


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.just("2022-01-25T15:04:05Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["at", "n", "_extra", "x"]), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from(["at", "done", "count", "share", "names", "parts", "_extra", "new"]), json_values)
)
def test_any_row_validates_and_keeps_all(row: dict[str, Any]) -> None:
    record = normalise(**row)
    Draft7Validator(SCHEMA, validate_formats=True).validate(record)
    kept = record["_extra"] or {}
    for name, value in row.items():
        assert (value is None or value == "") or kept.get(name) == portable(value) or record.get(name) is not None
