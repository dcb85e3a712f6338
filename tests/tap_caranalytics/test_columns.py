"""Columns that arrive: in the run, under an old catalog, with stream maps, and what is deselected stays out."""

from typing import Any

from sandbox.server import Sandbox

from tests.contract.contract import day
from tests.contract.test_records import invalid
from tests.singer import Run, run
from tests.tap_caranalytics.reports import TAP, bare, catalog, counted, midnight, settings, sync, written

COLUMN = "expert_rht"


def schemas(result: Run, stream: str) -> list[dict[str, Any]]:
    return [message["schema"]["properties"] for message in result.of("SCHEMA") if message["stream"] == stream]


def test_a_column_switched_on_half_way(sandbox: Sandbox) -> None:
    sandbox.caranalytics.reports.switch_on("combined", "response_location", since=midnight(1))
    result = sync(sandbox, "combined", start_date=day(2), end_date=day(0))
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
    from sandbox import faults  # noqa: PLC0415

    sandbox.caranalytics.fail(
        faults.edit(lambda answer: answer | {"result": [team | {"region": {"id": 1}} for team in answer["result"]]})
    )
    result = sync(sandbox, "teams")
    assert {record["region"] for record in result.records("teams")} == {'{"id": 1}'}
    assert not invalid(result)
