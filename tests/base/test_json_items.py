"""A long array read in pieces: every item, whatever stands in it, or an error that says what is wrong."""

import io
import json
import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.base import json_items
from tools.base.json_items import items_in
from tools.base.json_text import InvalidJSONError

# Texts that look like the places at which a piece may be cut.
texts = st.sampled_from(["", "a", "},{", '"}, {"', "]", "[{", "\\", '\\"},{', "é😀"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
lists = st.lists(st.dictionaries(st.sampled_from(["_id", "b", "c"]), values, max_size=3), max_size=12)
separators = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")])


@pytest.fixture(params=[4, 16, 64, 4096])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(json_items, "PIECE", request.param)
    return request.param


def read(text: bytes) -> list[Any]:
    return [json.loads(bytes(item)) for item in items_in(io.BytesIO(text))]


@pytest.mark.usefixtures("piece")
@given(lists, separators, st.booleans())
def test_every_item_comes_as_it_is(rows: list[Any], separators: tuple[str, str], ascii_only: bool) -> None:
    text = json.dumps(rows, separators=separators, ensure_ascii=ascii_only)
    assert read(f" {text}\n".encode()) == rows


@pytest.mark.usefixtures("piece")
@given(lists, st.integers(min_value=1, max_value=200))
def test_what_is_cut_is_an_error(rows: list[Any], missing: int) -> None:
    text = json.dumps(rows).encode()
    with pytest.raises(InvalidJSONError):
        read(text[: max(len(text) - missing, 0)])


@pytest.mark.usefixtures("piece")
@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (b'{"a":NaN}', "NaN"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b'{"a":1,}', "no JSON"),
        (b'{"a" 1}', "no JSON"),
        (b'{"a":"' + b"[" * 9 + b"\n" + b'"}', "no JSON"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "too deeply"),
    ],
)
@pytest.mark.parametrize("after", [0, 1, 50])
def test_what_is_wrong_is_named(wrong: bytes, what: str, after: int) -> None:
    good = b'{"a":{"b":[{"c":1},{"c":"},{"}]}},' * 20
    with pytest.raises(InvalidJSONError, match=re.escape(what)):
        read(b"[" + good + wrong + b',{"a":1}' * after + b"]")


@pytest.mark.parametrize(("text", "what"), [(b"", "nothing"), (b"<p>", "web page"), (b'{"a":1}', "no list")])
def test_what_is_no_array_is_named(text: bytes, what: str) -> None:
    with pytest.raises(InvalidJSONError, match=what):
        read(text)


@pytest.mark.parametrize("keys", ["alike", "in turn", "none twice"])
def test_memory_is_a_few_pieces(keys: str) -> None:
    def item(number: int) -> bytes:
        first, second = {"alike": ("_id", "b"), "in turn": (f"{number % 7}", "b"), "none twice": (f"{number}", "")}[
            keys
        ]
        inner = [{first: 1, "x": "},{"}] * 20
        return json.dumps({first: number, second: inner, "note": "x" * 3000}).encode()

    text = b"[" + b",".join(map(item, range(5000))) + b"]"
    file = io.BytesIO(text)
    tracemalloc.start()
    try:
        assert sum(1 for _ in items_in(file)) == 5000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(text) / 2
