"""Columns that arrive: in the run, under an old catalog, with stream maps, and what is deselected stays out."""

from typing import Any

import pytest
from sandbox.server import Sandbox

from sandbox import faults
from tests.contract.contract import day
from tests.contract.test_records import invalid
from tests.singer import Run, run
from tests.tap_caranalytics.reports import TAP, bare, catalog, counted, midnight, settings, sync, written

COLUMN = "expert_rht"


def schemas(result: Run, stream: str) -> list[dict[str, Any]]:
    return [message["schema"]["properties"] for message in result.of("SCHEMA") if message["stream"] == stream]


def test_a_column_switched_on_half_way(sandbox: Sandbox) -> None:
    sandbox.caranalytics.reports.switch_on("combined", "response_location", since=midnight(1))
    result = sync(sandbox, "combined", start_date=day(2), end_date=day(1))
    for days_ago in (2, 1):
        found = [row for row in result.records("combined") if row["_window_start"].startswith(day(days_ago))]
        assert counted(bare(found)) == counted(written(sandbox, "combined", days_ago))
    assert "response_location" not in schemas(result, "combined")[-2]
    assert schemas(result, "combined")[-1]["response_location"]["type"] == ["string", "null"]
    assert not invalid(result)


def test_a_catalog_that_was_discovered_earlier(sandbox: Sandbox) -> None:
    sandbox.caranalytics.lift_limits()
    sandbox.caranalytics.reports.switch_on("response", COLUMN)
    old = catalog("response")
    (entry,) = [stream for stream in old["streams"] if stream["stream"] == "response"]
    for name in (COLUMN, "response_content"):
        del entry["schema"]["properties"][name]
    entry["metadata"] = [item for item in entry["metadata"] if item["breadcrumb"][-1:] != [COLUMN]]
    result = run(TAP, settings(sandbox, start_date=day(1)), catalog=old)
    assert {COLUMN, "response_content"} <= schemas(result, "response")[-1].keys()
    assert all(COLUMN in record for record in result.records("response"))
    assert not invalid(result)


def test_what_is_deselected_stays_out(sandbox: Sandbox) -> None:
    sandbox.caranalytics.lift_limits()
    chosen = catalog("incoming_post", without=("spam_score", "post_content"))
    result = run(TAP, settings(sandbox, start_date=day(1)), catalog=chosen)
    assert result.records("incoming_post")
    for names in [*schemas(result, "incoming_post"), *result.records("incoming_post")]:
        assert not {"spam_score", "post_content"} & names.keys()
    assert "post_language" in schemas(result, "incoming_post")[-1]
    assert not invalid(result)


def test_stream_maps_hold_for_what_arrives(sandbox: Sandbox) -> None:
    maps = {"incoming_post": {"author_handle": None, "words": "str(post_content)", "__alias__": "posts"}}
    result = sync(sandbox, "incoming_post", start_date=day(1), stream_maps=maps)
    assert result.records("posts")
    for names in [*schemas(result, "posts"), *result.records("posts")]:
        assert "author_handle" not in names
    assert {"words", "post_content"} <= schemas(result, "posts")[-1].keys()
    assert not invalid(result)


def test_columns_of_teams_arrive_too(sandbox: Sandbox) -> None:
    extra = {"region": {"id": 1}, "x y": "z", "_row_key": "k", "": 1.5}
    sandbox.caranalytics.fail(
        faults.edit(lambda answer: answer | {"result": [team | extra for team in answer["result"]]})
    )
    result = sync(sandbox, "teams")
    assert {record["region"] for record in result.records("teams")} == {'{"id": 1}'}
    assert {"z", "k", "1.5"} <= {*map(str, result.records("teams")[0].values())}
    assert not any(name.startswith("_") for name in result.records("teams")[0])
    assert not invalid(result)


@pytest.mark.parametrize("selected", [True, False])
@pytest.mark.parametrize("members", ["three", 2**70, 1.5, True])
def test_a_number_of_teams_that_is_none_follows_its_fields_selection(
    members: Any, selected: bool, sandbox: Sandbox
) -> None:
    change = {"numberOfMembers": members}
    sandbox.caranalytics.fail(
        faults.edit(lambda answer: answer | {"result": [team | change for team in answer["result"]]})
    )
    chosen = catalog("teams", without=() if selected else ("numberOfMembers",))
    result = run(TAP, settings(sandbox), catalog=chosen)
    found = {record.get("numberOfMembers_text") for record in result.records("teams")}
    assert found == ({str(members).lower()} if selected else {None})
    assert not any(record.get("numberOfMembers") for record in result.records("teams"))
    assert not invalid(result)


def test_a_whole_list_may_end_with_its_version(sandbox: Sandbox) -> None:
    assert not sync(sandbox, "teams").of("ACTIVATE_VERSION")
    result = sync(sandbox, "teams", emit_activate_version_messages=True)
    (message,) = result.of("ACTIVATE_VERSION")
    assert result.messages.index(message) > max(map(result.messages.index, result.of("RECORD")))


def test_flattening_leaves_nothing_out(sandbox: Sandbox) -> None:
    sandbox.caranalytics.style.tags = "list"
    plain = sync(sandbox, "response", "teams", start_date=day(1), end_date=day(1))
    flat = sync(
        sandbox,
        "response",
        "teams",
        start_date=day(1),
        end_date=day(1),
        flattening_enabled=True,
        flattening_max_depth=3,
    )
    for stream in ("response", "teams"):
        assert counted(bare(flat.records(stream))) == counted(bare(plain.records(stream)))
        assert "_extra" not in schemas(flat, stream)[-1]
    assert not invalid(flat)


def test_labels_that_differ_in_a_sign_keep_their_columns_in_any_order(sandbox: Sandbox) -> None:
    labels = {"manual_tag": "Replies (%)", "auto_tag": "Replies (#)", "response_handle": "Case: ID"}
    vendor = sandbox.caranalytics
    vendor.style.keys, vendor.style.labels = "labels", labels
    first = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    vendor.downloads.fail(faults.edit(lambda rows: [dict(sorted(row.items(), reverse=True)) for row in rows]), times=99)
    second = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert {row["_row_key"]: row for row in bare_keyed(first)} == {row["_row_key"]: row for row in bare_keyed(second)}
    names = {name for name in first.records("response")[0] if name.startswith(("replies", "case"))}
    assert {name.rpartition("_")[0] for name in names} == {"replies_percent", "replies_number", "case_id"}


def bare_keyed(result: Run) -> list[dict[str, Any]]:
    return [{**record, "_extracted_at": None} for record in result.records("response")]
