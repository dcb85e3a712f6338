"""Names and identities: stable, apart where rows are, and safe for databases."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tap_caranalytics.rows import Identity, Names, snake_case

ROWS = st.lists(
    st.fixed_dictionaries({"a": st.none() | st.sampled_from("xy"), "b": st.none() | st.sampled_from("xy")}), max_size=12
)


def keys(rows: list[dict[str, str | None]], cell: str = "c", **kind: object) -> list[str]:
    identity = Identity(cell, **kind)  # type: ignore[arg-type]
    found = [identity.key(row) for row in rows]
    identity.close()
    return found


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("Conversation ID", "conversation_id"),
        ("conversation_id", "conversation_id"),
        ("LSW Conversation Link", "lsw_conversation_link"),
        ("externalResponseId", "external_response_id"),
        ("Response TAR (ms)", "response_tar_ms"),
        ("_row_key", "row_key"),
        ("__sdc_x", "sdc_x"),
        ("Durée (s)", "durée_s"),
        ("%", "column"),
        ("", "column"),
    ],
)
def test_snake_case(sent: str, name: str) -> None:
    assert snake_case(sent) == name


@given(st.lists(st.text(max_size=100), unique=True, max_size=20))
def test_names_are_apart_and_fit(sent: list[str]) -> None:
    names = Names({})
    found = [names[label] for label in sent]
    assert len(set(found)) == len(sent)
    assert all(not label.startswith("_") for label in found)
    assert found == [names[label] for label in sent]


def test_long_names_are_cut_apart() -> None:
    found = [snake_case("x" * 80 + end) for end in "ab"]
    assert len(set(found)) == 2
    assert all(len(name) <= 63 for name in found)


@given(ROWS, st.randoms())
def test_every_row_has_its_own_key_in_whatever_order(rows: list[dict[str, str | None]], random: object) -> None:
    found = keys(rows)
    assert len(set(found)) == len(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Counter(keys(shuffled)) == Counter(found)


@given(ROWS, ROWS)
def test_equal_rows_of_two_cells_stay_apart(
    one: list[dict[str, str | None]], other: list[dict[str, str | None]]
) -> None:
    assert not set(keys(one, "2026-01-01")) & set(keys(other, "2026-01-02"))


def test_a_column_without_a_value_says_nothing() -> None:
    assert keys([{"a": "x"}]) == keys([{"b": None, "a": "x"}]) == keys([{"a": "x", "c": ""}])


def test_named_columns_make_the_key_in_any_cell() -> None:
    one = keys([{"id": "1", "text": "old"}], "2026-01-01", named=["id"])
    assert one == keys([{"id": "1", "text": "new"}], "2026-01-02", named=["id"])
    assert one != keys([{"id": "2", "text": "old"}], "2026-01-01", named=["id"])


def test_rows_without_their_id_keep_the_hash() -> None:
    blank: list[dict[str, str | None]] = [
        {"id": None, "text": "a"},
        {"id": None, "text": "b"},
        {"id": None, "text": "b"},
        {"text": "c"},
    ]
    found = keys(blank, "2026-01-01", named=["id"]) + keys(blank, "2026-01-02", named=["id"])
    assert len(set(found)) == 8


def test_agents_keep_their_key_when_their_figures_change() -> None:
    def agent(name: str, figure: str) -> dict[str, str | None]:
        return {"agent_id": "7", "agent_name": name, "team_name": "Sales", "interval_start": "9:00", "sent": figure}

    assert keys([agent("Ann", "1")], of_team=True) == keys([agent("Anne", "2")], of_team=True)
    assert len(set(keys([agent("Ann", "1"), {**agent("Ann", "1"), "interval_start": "10:00"}], of_team=True))) == 2
    assert len(set(keys([agent("Ann", "1"), {**agent("Ann", "1"), "team_name": "Billing"}], of_team=True))) == 2
    assert len(set(keys([agent("Ann", "1"), agent("Ann", "2")], of_team=True))) == 2
    assert len(set(keys([{"sent": "1"}, {"sent": "2"}], of_team=True))) == 2
