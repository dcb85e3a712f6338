"""Reports as JSON arrays, bare or enveloped, cut anywhere; what is no report at all, and what is named as such."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_caranalytics.base.json_text import InvalidJSONError, TextRepair
from tap_caranalytics.report_files import NotAReportError, ReportFile
from tap_caranalytics.rows import text_of

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
tables = st.lists(st.dictionaries(names, texts, min_size=1, max_size=5), min_size=1, max_size=4)

LAYOUTS: dict[str, Callable[[list[dict[str, str]]], str]] = {
    "array": json.dumps,
    "pretty": lambda rows: json.dumps(rows, indent=2),
    "result": lambda rows: json.dumps({"status": "PASS", "request": None, "message": None, "result": rows}),
    "data": lambda rows: json.dumps({"columns": ["a"], "data": rows}),
    "rows": lambda rows: json.dumps({"total": 7, "rows": rows}, ensure_ascii=False, indent=1),
    "beside an empty one": lambda rows: json.dumps({"data": [], "result": rows}),
}


def read(body: bytes, size: int = 65_536) -> list[dict[str, Any]]:
    chunks = (body[start : start + size] for start in range(0, len(body), size))
    with ReportFile(TextRepair()(chunks)) as found:
        return list(found.rows())


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\n "])
@settings(max_examples=15)
@given(tables)
def test_every_layout(layout: str, mark: bytes, rows: list[dict[str, str]]) -> None:
    assert read(mark + LAYOUTS[layout](rows).encode(), 7) == rows


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=25)
@given(tables, st.floats(0, 0.99))
def test_a_cut_one_is_never_taken_for_whole(layout: str, rows: list[dict[str, str]], share: float) -> None:
    whole = LAYOUTS[layout](rows).encode()
    part = whole[: int(len(whole) * share)]
    if part.strip():
        with pytest.raises(InvalidJSONError):
            read(part)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"null",
        b'{"result": []}',
        b'{"rows": {}}',
        b'{"status":"PASS","request":null,"message":null,"result":null}',
        b'{"status":"PASS","message":"OK","result":[]}',
    ],
)
def test_what_is_empty(body: bytes) -> None:
    with ReportFile([body]) as file:
        assert file.is_empty
        assert list(file.rows()) == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"status":"FAIL","request":null,"message":null,"result":"Report expired"}', "Report expired"),
        (b'{"status":"FAIL","message":"Report expired","result":null}', "Report expired"),
        (b'{"status":"FAIL","message":"Report expired","result":[]}', "Report expired"),
        (b'{"error":"Report expired"}', "Report expired"),
        (b'{"status":"FAIL","result":[{"a":1}],"message":"Export truncated"}', "Export truncated"),
        (b"Report expired", "Report expired"),
        (b"Sorry, the report has expired.", "Sorry, the report has expired."),
        (b'"Report expired"', "Report expired"),
        (b"5", ""),
        (json.dumps(json.dumps([{"Agent": "jane@example.com"}])).encode(), ""),
        (json.dumps({"result": "Agent,Score\njane@example.com,5"}).encode(), ""),
        (b'{"a": 1}', ""),
        (b'{"items": [{"a": 1}]}', ""),
        (b'{"result": {"a": 1}}', ""),
        (b"Conversation ID,Agent\n7,jane@example.com\n", ""),
    ],
)
def test_an_answer_without_a_report(body: bytes, message: str) -> None:
    with pytest.raises(NotAReportError) as caught:
        read(body)
    assert caught.value.message == message
    assert not caught.value.is_final


@pytest.mark.parametrize(
    "body",
    [
        b'{"columns": ["Agent"], "rows": [["jane@example.com"]]}',
        b'[["Agent"], ["jane@example.com"]]',
        b'["jane@example.com"]',
        b'[{"a": 1}, "jane@example.com"]',
        b'[{"a": 1}, null]',
        b"[{}]",
        b'[{"status": "PASS", "result": [{"Agent": "jane@example.com"}]}]',
        b'{"result": [{"a": 1}], "data": [{"Agent": "jane@example.com"}]}',
    ],
)
def test_rows_that_stand_elsewhere_or_are_none_are_refused_for_good_and_not_shown(body: bytes) -> None:
    with pytest.raises(NotAReportError) as caught:
        read(body)
    assert caught.value.is_final
    assert "jane" not in str(caught.value) + caught.value.message


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "nothing"),
        (b" \n", "nothing"),
        (b"<html>Back soon</html>", "a web page"),
        (b'[{"a": NaN}]', "NaN, which is not a number in JSON"),
        (b'[\n {"a": "jane@example.com",\n "b": -Infinity}]', "-Infinity, which is not a number in JSON"),
        (b'{"result": [{"a": ' + b"7" * 5000 + b"}]}", "a number of thousands of digits, which cannot be read"),
        (b'{"result": [{"a": 1e' + b"9" * 5000 + b"}]}", "a number of thousands of digits, which cannot be read"),
        (b'[{"a": "\xff\xfe"}]', "text that is not UTF-8"),
        (b'[{"a": "\xed\xa0\x80"}]', "text that is not UTF-8"),
        (b'[{"a": "\xc3', "text that is not UTF-8"),
        (b'{"result": [{"a": "\xff"}]}', "text that is not UTF-8"),
        ('{"result": [{"a": 1}]}'.encode("utf-16"), "text that is not UTF-8"),
        (b'[{"a": 1}] []', "no JSON"),
        (b'{"a": 1}\n{"a": 2}', "no JSON"),
        (b'[{"a": 1', "JSON that breaks off"),
    ],
)
def test_what_is_no_json_is_named(body: bytes, what: str) -> None:
    with pytest.raises(InvalidJSONError, match=f"^{what}$"):
        read(body)


@pytest.mark.parametrize("number", ["7" * 5000, "1e" + "9" * 5000])
def test_a_number_of_any_length_is_kept(number: str) -> None:
    (row,) = read(f'[{{"a": {number}}}]'.encode())
    assert text_of(row["a"]) == number


@pytest.mark.parametrize("number", ["7" * 40, "7" * 5000, "1e400", "1e" + "9" * 30])
@pytest.mark.parametrize("beside", ["", ', "b": "\\": \\\\u0000"', ', "b": 1, "b": 2'])
def test_a_number_is_written_one_way_whatever_stands_beside_it(number: str, beside: str) -> None:
    (row,) = read(f'[{{"a": [{number}, {{"c": {number}}}], "d": {number}{beside}}}]'.encode())
    assert text_of(row["a"]) == f'[{number}, {{"c": {number}}}]'
    assert text_of(row["d"]) == number


def test_digits_in_a_text_are_no_number() -> None:
    assert read(b'[{"a": "' + b"7" * 5000 + b'"}]') == [{"a": "7" * 5000}]


def test_numbers_keep_their_digits() -> None:
    (row,) = read(
        b'[{"a": 1.50, "b": 143643506878770862143643506878770862, "c": 0.0, "d": true, "e": [1, "x", {"f": 2.50}]}]'
    )
    written = {name: text_of(value) for name, value in row.items()}
    assert written == {
        "a": "1.50", "b": "143643506878770862143643506878770862", "c": "0.0", "d": "true", "e": '[1, "x", {"f": 2.50}]',
    }  # fmt: skip


def test_both_values_of_a_name_that_comes_twice() -> None:
    assert read(b'[{"Tag": "x", "Tag": "y", "b": {"c": 1, "c": 2}}]') == [
        {"Tag": "x", "Tag 2": "y", "b": {"c": 1, "c 2": 2}}
    ]
    assert read(b'[{"Tag" : "x", "Tag": "y"}]') == [{"Tag": "x", "Tag 2": "y"}]


@pytest.mark.parametrize("size", [1, 7, 65_536])
def test_what_no_database_stores_is_replaced(size: int) -> None:
    body = rb'[{"a": "cut \ud83d", "b": "\ud83d\ude00", "c": "\\ud83d", "d\u0000": "\ude00x\u0000"}]'
    row = {"a": "cut \ufffd", "b": "\U0001f600", "c": "\\ud83d", "d\ufffd": "\ufffdx\ufffd"}
    assert read(body, size) == [row]
    long = b"[" + b",".join([body[1:-1]] * 300) + b"]"
    assert read(long, size) == [row] * 300
