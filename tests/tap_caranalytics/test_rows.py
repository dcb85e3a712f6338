"""Names and identities: stable, apart where rows are, and safe for databases."""

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tap_caranalytics import rows as rows_module
from tap_caranalytics.rows import ColumnNames, RowKeys, column_name

ROWS = st.lists(
    st.fixed_dictionaries({"a": st.none() | st.sampled_from("xy"), "b": st.none() | st.sampled_from("xy")}), max_size=12
)


def keys(rows: list[dict[str, str | None]], window: str = "w", **kind: object) -> list[str]:
    row_keys = RowKeys(window, **kind)  # type: ignore[arg-type]
    found = [row_keys.key(row) for row in rows]
    row_keys.close()
    return found


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Conversation ID", "conversation_id"),
        ("conversation_id", "conversation_id"),
        ("conversationId", "conversation_id"),
        ("LSW Conversation Link", "lsw_conversation_link"),
        ("externalResponseId", "external_response_id"),
        ("Date Claimed or Assigned", "date_claimed_or_assigned"),
        ("Durée", "durée"),
        ("Response TAR (ms)", "response_tar_ms_"),
        ("Replies (%)", "replies_percent_"),
        ("Replies (#)", "replies_number_"),
        ("TAR < 1h", "tar_less_than_1h_"),
        ("TAR > 1h", "tar_greater_than_1h_"),
        ("Case: ID", "case_id_"),
        ("Case ID ", "case_id_"),
        ("Q&A + more", "q_and_a_plus_more_"),
        ("_row_key", "row_key_"),
        ("__sdc_x", "sdc_x_"),
        ("%", "percent_"),
        ("—", "column_"),
        ("", "column_"),
        ("x" * 63, "x" * 63),
        ("x" * 64, "x" * 54 + "_"),
    ],
)
def test_a_name_is_plain_for_a_plain_label_and_has_a_hash_for_another(label: str, name: str) -> None:
    found = column_name(label)
    assert found == name or (name.endswith("_") and re.fullmatch(f"{name}[0-9a-f]{{8}}", found)), found


def spelling(label: str) -> str:
    """Return what is equal of labels that are only spelt in other ways: the words, one after the other."""
    return re.sub("[ _]", "", label).lower()


@given(st.lists(st.text(max_size=100) | st.text("aB %#<>_-:é", max_size=8), unique_by=spelling, max_size=20))
def test_names_are_apart_and_fit_and_follow_from_the_label_alone(labels: list[str]) -> None:
    found = [ColumnNames()[label] for label in labels]
    assert len(set(found)) == len(labels)
    assert all(len(name.encode()) <= 63 and not name.startswith("_") for name in found)
    names = ColumnNames()
    assert [names[label] for label in reversed(labels)] == found[::-1]


def test_long_names_are_cut_apart() -> None:
    found = [column_name("x" * 80 + end) for end in "ab"]
    assert len(set(found)) == 2
    assert all(len(name) <= 63 for name in found)


SPELLINGS = {"Case ID": 1, "caseId": 2, "case_id": 3, "Case Id": 4, "Date Claimed or Assigned": 5, "Date Claimed": 6}


@given(st.permutations(list(SPELLINGS)))
def test_a_row_that_spells_one_name_in_two_ways_keeps_both_values(labels: list[str]) -> None:
    names = ColumnNames({"date_claimed_or_assigned": "date_claimed"})
    columns = names.of_row({label: SPELLINGS[label] for label in labels})
    assert sorted(map(str, columns.values())) == list("123456")
    assert (columns["case_id"], columns["date_claimed"]) == ("3", "6")
    assert columns == names.of_row(SPELLINGS)


@given(ROWS, st.randoms())
def test_every_row_has_its_own_key_in_whatever_order(rows: list[dict[str, str | None]], random: object) -> None:
    found = keys(rows)
    assert len(set(found)) == len(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert Counter(keys(shuffled)) == Counter(found)


@given(ROWS, ROWS)
def test_equal_rows_of_two_windows_stay_apart(
    one: list[dict[str, str | None]], other: list[dict[str, str | None]]
) -> None:
    assert not set(keys(one, "2026-01-01")) & set(keys(other, "2026-01-02"))


def test_a_column_without_a_value_says_nothing() -> None:
    assert keys([{"a": "x"}]) == keys([{"b": None, "a": "x"}]) == keys([{"a": "x", "c": ""}])


def test_named_columns_make_the_key_in_any_window() -> None:
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

    assert keys([agent("Ann", "1")], by_agent=True) == keys([agent("Anne", "2")], by_agent=True)
    assert len(set(keys([agent("Ann", "1"), {**agent("Ann", "1"), "interval_start": "10:00"}], by_agent=True))) == 2
    assert len(set(keys([agent("Ann", "1"), {**agent("Ann", "1"), "team_name": "Billing"}], by_agent=True))) == 2
    assert len(set(keys([agent("Ann", "1"), agent("Ann", "2")], by_agent=True))) == 2
    assert len(set(keys([{"sent": "1"}, {"sent": "2"}], by_agent=True))) == 2


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ROWS)
def test_what_no_longer_fits_in_memory_is_counted_all_the_same(
    monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, str | None]]
) -> None:
    expected = keys(rows)
    monkeypatch.setattr(rows_module, "MAX_IN_MEMORY", 2)
    assert keys(rows) == expected
    monkeypatch.undo()
