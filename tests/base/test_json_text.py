"""JSON as vendors may send it: repaired, named when it is none, and cheap whatever stands in it."""

import json
import time
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.base.json_text import (
    MAX_INTEGER,
    MIN_INTEGER,
    InvalidJSONError,
    LongNumber,
    TextRepair,
    _parse_slowly,
    is_long,
    parse_json,
)

# Pieces whose order matters: halves of pairs, pairs, backslashes that escape each other, and text like escapes.
PIECES = (
    rb"\ud83d",
    rb"\ude00",
    rb"\uD83D\uDE00",
    rb"\u0000",
    rb"\u00e9",
    rb"\\",
    rb"\n",
    rb"\"",
    b"u0000",
    b"ud83d",
    "é😀".encode(),
    b"a",
)


def repaired(text: str) -> str:
    return "".join("\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in text)


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.integers(1, 9), st.booleans())
def test_repaired_wherever_a_chunk_ends(pieces: list[bytes], size: int, marked: bool) -> None:
    text = b'"' + b"".join(pieces) + b'"'
    sent = (b"\xef\xbb\xbf" if marked else b"") + text
    repair = TextRepair()
    found = b"".join(repair(sent[at : at + size] for at in range(0, len(sent), size)))
    assert json.loads(found) == repaired(json.loads(text))
    assert repair.count == sum(a != b for a, b in zip(json.loads(text), repaired(json.loads(text)), strict=True))


@pytest.mark.parametrize("text", [rb'"\\ud83d\ude00"', rb'"\\u0000"', rb'"\\\u0000\ud83d"', rb'"\ud83d\\ude00"'])
def test_behind_an_escaped_backslash_stands_text(text: bytes) -> None:
    wanted = repaired(json.loads(text))
    for size in range(1, len(text) + 1):
        chunks = (text[at : at + size] for at in range(0, len(text), size))
        assert json.loads(b"".join(TextRepair()(chunks))) == wanted


def test_keys_are_repaired_too() -> None:
    assert parse_json(rb'{"a\u0000": {"\ud800": 1}}', TextRepair()) == {"a\ufffd": {"\ufffd": 1}}


def test_repair_costs_memory_of_a_chunk_and_not_of_an_escape() -> None:
    body = json.dumps("я😀" * 300_000).encode()
    tracemalloc.start()
    parse_json(body, TextRepair())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * len(body)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"", "nothing"),
        (b"  \n", "nothing"),
        (b"<html></html>", "a web page"),
        (b'{"a": [1, 2', "breaks off"),
        (b'{"a": "b', "breaks off"),
        (b"{'a': 1}", "no JSON"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b"[" * 100_000, "too deep"),
    ],
)
def test_what_is_no_json_is_named(body: bytes, named: str) -> None:
    with pytest.raises(InvalidJSONError, match=named):
        parse_json(body, TextRepair())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_that_json_may_have(encoding: str) -> None:
    assert parse_json('{"a": "é\\ud800"}'.encode(encoding), TextRepair()) == {"a": "é\ufffd"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("0.6371951219512195", Decimal("0.6371951219512195")),
        ("1e300", LongNumber("1e300")),  # as an integer it has 300 digits
        ("9223372036854775808", 2**63),  # beyond 64 bits: see is_long
        ("1e99999999", LongNumber("1e99999999")),
        ("1e-99999999", LongNumber("1e-99999999")),
        ("1e" + "9" * 30, LongNumber("1e" + "9" * 30)),
        ("-0.0e-" + "9" * 30, LongNumber("-0.0e-" + "9" * 30)),
        ("0e99999999", Decimal(0)),
        ("0." + "1" * 5000, LongNumber("0." + "1" * 5000)),
        ("9" * 5000, LongNumber("9" * 5000)),
    ],
)
def test_numbers(text: str, value: Any) -> None:
    found = parse_json(text.encode(), TextRepair())
    assert type(found) is type(value)
    assert found == value
    assert isinstance(found, LongNumber) or is_long(found) == (found == 2**63)


def test_a_number_costs_no_more_than_its_length() -> None:
    def seconds(digits: int) -> float:
        began = time.process_time()
        parse_json(b"[%s, 1e%s]" % (b"9" * digits, b"9" * digits), TextRepair())
        return time.process_time() - began

    # Quadratic, the second would take ten thousand times as long as the first.
    assert seconds(3_000_000) < 2000 * max(seconds(30_000), 1e-4)


FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(MIN_INTEGER, MAX_INTEGER) | FLOATS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES, st.booleans())
def test_the_quick_way_reads_as_the_slow_one(value: Any, escapes: bool) -> None:
    body = json.dumps(value, ensure_ascii=escapes).encode()
    # As they are written, with the types of all that they hold.
    assert repr(parse_json(body, TextRepair())) == repr(_parse_slowly(body, TextRepair()))


@pytest.mark.parametrize("escape", [rb"\u0000", rb"\ud83d", rb"\uD83D", rb"\ude00", rb"\uDE00"])
def test_each_kind_is_replaced_where_it_stands_alone(escape: bytes) -> None:
    repair = TextRepair()
    assert b"".join(repair([b'"' + escape + b' and much more text"'])) == rb'"\ufffd and much more text"'
    assert repair.count == 1
