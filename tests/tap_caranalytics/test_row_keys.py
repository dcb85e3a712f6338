"""A row's identity, which survives that it is read again."""

from typing import Any

import pytest
from sandbox.server import Sandbox

from tests.contract.contract import day
from tests.tap_caranalytics.reports import (
    DAY,
    MILLISECOND,
    bare,
    counted,
    current,
    midnight,
    of_day,
    sync,
    upserted,
    written,
)


def test_equal_rows_stay_two_in_a_cell_and_in_two(sandbox: Sandbox) -> None:
    reports = sandbox.caranalytics.reports
    row = reports.recent("response", midnight(1) + DAY - MILLISECOND)[0]
    reports.twin("response", row)
    first = sync(sandbox, "response")
    second = sync(sandbox, "response", state=first.state)
    for records in (first.records("response"), list(upserted(first, second, stream="response").values())):
        for days_ago in (2, 1):
            found = of_day(records, days_ago)
            assert counted(bare(found)) == counted(written(sandbox, "response", days_ago))
    assert max(counted(written(sandbox, "response", 1)).values()) == 2


def test_rereading_changes_nothing_that_did_not_change(sandbox: Sandbox) -> None:
    streams = ("response", "team_performance", "team_performance_interval", "conversation_created", "raw_agent_states")
    first = sync(sandbox, *streams, start_date=day(3))
    second = sync(sandbox, *streams, state=first.state, start_date=day(3))
    for stream in streams:
        again = of_day(second.records(stream), 1)
        before = {record["_row_key"]: record for record in of_day(first.records(stream), 1)}
        assert {record["_row_key"] for record in again} == before.keys()
        assert counted(bare(again)) == counted(bare(before.values()))
        assert not of_day(second.records(stream), 2)


def test_a_late_edit_arrives(sandbox: Sandbox) -> None:
    reports = sandbox.caranalytics.reports
    first = sync(sandbox, "response", "windows")
    row = reports.recent("response", midnight(0) - MILLISECOND)[0]
    reports.edit(row, manual_tag="edited late")
    second = sync(sandbox, "response", "windows", state=first.state)
    table = upserted(first, second, stream="response")
    assert len(of_day(table.values(), 1)) == len(written(sandbox, "response", 1)) + 1
    now = current(first, second, stream="response")
    assert counted(bare(of_day(now, 1))) == counted(written(sandbox, "response", 1))


def test_a_true_id_replaces_the_old_version(sandbox: Sandbox) -> None:
    reports = sandbox.caranalytics.reports
    keys: Any = {"row_key_columns": {"response": ["external_response_id", "conversation_id"]}}
    first = sync(sandbox, "response", **keys)
    # The vendor gives some rows no id: such a row has another key once it is edited.
    recent = reports.recent("response", midnight(0) - MILLISECOND)
    row = next(row for row in recent if row.values["external_response_id"])
    reports.edit(row, manual_tag="edited late")
    second = sync(sandbox, "response", state=first.state, **keys)
    table = upserted(first, second, stream="response")
    assert counted(bare(of_day(table.values(), 1))) == counted(written(sandbox, "response", 1))


@pytest.mark.parametrize("name", ["External Response ID", "externalResponseId"])
def test_a_true_id_may_be_named_as_the_vendor_names_it(name: str, sandbox: Sandbox) -> None:
    plain = sync(sandbox, "response", row_key_columns={"response": ["external_response_id"]}, end_date=day(1))
    named = sync(sandbox, "response", row_key_columns={"response": [name]}, end_date=day(1))
    assert upserted(named, stream="response").keys() == upserted(plain, stream="response").keys()
    assert "row_key_columns" not in named.log


def test_a_true_id_that_no_row_has_is_named(sandbox: Sandbox) -> None:
    result = sync(sandbox, "response", row_key_columns={"response": ["external_respons_id"]}, end_date=day(1))
    assert "row_key_columns: response has no column external_respons_id" in result.log
    assert len(upserted(result, stream="response")) == len(result.records("response"))
