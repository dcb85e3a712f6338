"""Times in any form become one form, and what does not fit goes to `_extra`, whatever else is there."""

import logging
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.base.records import Normaliser, _normalize, normalize_datetime

DAYS = st.dates().map(str) | st.sampled_from(["2026-02-30", "0000-01-01", "9999-12-31", "2026-1-1", "2026-13-01"])
TIMES = st.times().map(str) | st.sampled_from(["24:00:00", "09:30:60", "09:30", "09:30:00.1234567", "09:30:00,5"])
ZONES = st.sampled_from(["Z", "z", "", "+00:00", "+0000", "-00:00", "+05:30", "UTC", " Z"])


@given(st.builds("{}{}{}{}".format, DAYS, st.sampled_from("T "), TIMES, ZONES))
def test_the_usual_form_is_read_as_any_other(text: str) -> None:
    assert normalize_datetime(text) == _normalize(text)


@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000000Z"),
        ("2026-01-31T09:30:00.5+00:00", "2026-01-31T09:30:00.500000Z"),
        ("2026-01-31T09:30:00.1234567Z", "2026-01-31T09:30:00.123456Z"),
        ("2026-02-30T09:30:00Z", None),
    ],
)
def test_the_usual_form(text: str, normalised: str | None) -> None:
    assert normalize_datetime(text) == normalised


@pytest.mark.parametrize(
    ("own", "kept"),
    [
        (None, {"n": "x"}),
        ({"m": 1}, {"m": 1, "n": "x"}),
        ({"n": 1}, {"_extra": {"n": 1}, "n": "x"}),
        (5, {"_extra": 5, "n": "x"}),
    ],
)
def test_a_vendors_own_extra_stays_beside_ours(own: Any, kept: Any) -> None:
    inner = {"type": "object", "properties": {"n": {"type": ["number", "null"]}}}
    normalise = Normaliser({"properties": {"in": inner}}, logging.getLogger("test"))
    assert normalise({"in": {"_extra": own, "n": "x"}})["in"] == {"n": None, "_extra": kept}


@pytest.mark.parametrize(
    ("text", "number"),
    [("12.5", "12.5"), (" 7 ", "7"), ("-1e3", "-1E+3"), ("1_000", None), ("1,5", None), ("NaN", None), ("0x10", None)],
)
def test_text_that_is_a_number(text: str, number: str | None) -> None:
    normalise = Normaliser({"properties": {"n": {"type": ["number", "null"]}}}, logging.getLogger("test"))
    record = normalise({"n": text})
    assert record["n"] == (number and Decimal(number))
    assert record["_extra"] == (None if number else {"n": text})
