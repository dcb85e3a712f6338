"""Reports in every layout that they may come in, cut anywhere, and what is no report at all."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_caranalytics.bodies import Body, WrongBodyError
from tap_caranalytics.rows import text_of

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs")), min_size=1, max_size=9).filter(
    lambda name: (
        name[0] not in "{[<" and name not in {"status", "result", "data", "rows", "message", "request", "error"}
    )
)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1, max_size=20)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, str]]:
    columns = draw(st.lists(names, min_size=2, max_size=5, unique=True))
    return draw(st.lists(st.fixed_dictionaries(dict.fromkeys(columns, texts)), min_size=1, max_size=4))


def as_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_table(rows: list[dict[str, str]]) -> Any:
    return [list(rows[0]), *([row[name] for name in rows[0]] for row in rows)]


LAYOUTS: dict[str, Callable[[list[dict[str, str]]], str]] = {
    "array": json.dumps,
    "pretty": lambda rows: json.dumps(rows, indent=2),
    "result": lambda rows: json.dumps({"status": "PASS", "request": None, "message": None, "result": rows}),
    "data": lambda rows: json.dumps({"data": rows}),
    "rows": lambda rows: json.dumps({"total": 7, "rows": rows}, ensure_ascii=False, indent=1),
    "lines": lambda rows: "\n".join(map(json.dumps, rows)) + "\n",
    "table": lambda rows: json.dumps(as_table(rows)),
    "result table": lambda rows: json.dumps({"result": as_table(rows)}),
    "csv": as_csv,
}


def read(body: bytes) -> list[dict[str, Any]]:
    with Body(io.BytesIO(body)) as found:
        return list(found.rows())


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\n "])
@settings(max_examples=20, deadline=None)
@given(tables())
def test_every_layout(layout: str, mark: bytes, rows: list[dict[str, str]]) -> None:
    assert read(mark + LAYOUTS[layout](rows).encode()) == rows


@pytest.mark.parametrize("layout", sorted(LAYOUTS.keys() - {"lines", "csv"}))
@settings(max_examples=30, deadline=None)
@given(tables(), st.floats(0, 0.99))
def test_a_cut_one_is_never_taken_for_whole(layout: str, rows: list[dict[str, str]], share: float) -> None:
    whole = LAYOUTS[layout](rows).encode()
    part = whole[: int(len(whole) * share)]
    if not part.strip():
        return
    with pytest.raises(WrongBodyError):
        read(part)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"", []),
        (b" \n", []),
        (b"[]", []),
        (b'{"result": []}', []),
        (b'{"status":"PASS","request":null,"message":null,"result":null}', []),
        (b"Conversation ID,Type\n", []),
        (b'[["a","b"]]', []),
        (b'{"a": 1}', [{"a": 1}]),
        (b'{"a": 1, "tags": ["x"]}\n{"a": 2}', [{"a": 1, "tags": ["x"]}, {"a": 2}]),
        (b"Tag,Tag,Name\nx,y,z\n", [{"Tag": "x", "Tag 2": "y", "Name": "z"}]),
        ('Id,Text\r\n1,"a ""b"",\r\nc é"\r\n'.encode(), [{"Id": "1", "Text": 'a "b",\r\nc é'}]),
        (b'[["Tag","Tag"],["x","y"]]', [{"Tag": "x", "Tag 2": "y"}]),
    ],
)
def test_rows(body: bytes, rows: list[dict[str, Any]]) -> None:
    assert read(body) == rows


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>Back soon</html>", ""),
        (b'{"status":"FAIL","request":null,"message":null,"result":"Report expired"}', "Report expired"),
        (b'{"status":"FAIL","message":"Report expired","result":null}', "Report expired"),
        (b'{"error":"Report expired"}', "Report expired"),
        (b"{}", ""),
        (b"Report expired", "Report expired"),
        (b"Sorry, the report has expired.", "Sorry, the report has expired."),
        (b"5", "5"),
        (b"null", "null"),
        (b'"text"', "text"),
        (b"[1, 2]", ""),
        (b'[{"a": 1}, 5]', ""),
        (b'[{"a": 1}] []', ""),
        (b'{"a": 1}\n{"a": ', ""),
        (b"a,b\n1,2\n3", ""),
        (b'a,b\n1,"2\n3', ""),
        (b"a,b\n1,\xff\xfe\n", ""),
    ],
)  # fmt: skip
def test_what_is_no_report(body: bytes, said: str) -> None:
    with pytest.raises(WrongBodyError) as caught:
        read(body)
    assert caught.value.said == said


def test_numbers_keep_their_digits() -> None:
    (row,) = read(b'[{"a": 1.50, "b": 143643506878770862143643506878770862, "c": 0.0, "d": true, "e": [1, "x"]}]')
    written = {name: text_of(value) for name, value in row.items()}
    assert written == {
        "a": "1.50", "b": "143643506878770862143643506878770862", "c": "0.0", "d": "true", "e": '[1, "x"]',
    }  # fmt: skip


def test_half_an_emoji_does_not_stop_a_report() -> None:
    body = rb'[{"a": "cut \ud83d", "b": "\ud83d\ude00", "c": "\\ud83d", "d": "\ude00x"}]'
    assert read(body) == [{"a": "cut \ufffd", "b": "\U0001f600", "c": "\\ud83d", "d": "\ufffdx"}]
    long = b"[" + b",".join([body[1:-1]] * 3000) + b"]"
    assert read(long) == read(body) * 3000
