"""Definitions and transcripts: what the API shows by id only, for the rows of a feed that name it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from tap_execvision.details import MAX_DENIALS

from sandbox import faults
from tests.contract.contract import day
from tests.contract.execvision import EXECVISION
from tests.singer import run
from tests.tap_execvision.test_feeds import TAP, sync

if TYPE_CHECKING:
    from sandbox.server import Sandbox


def test_definitions_once_a_run_and_a_missing_one_is_skipped(sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    vendor.fail(faults.status(404, ""), where=lambda seen: "/kpi/" in seen.path)
    result = sync(sandbox, "scores", "scorecard_questions", "kpi_observations", "kpi_definitions", page_size=100)
    asked = Counter(seen.path for seen in vendor.seen if "/kpi/" in seen.path or "/scorecard/" in seen.path)
    assert set(asked.values()) == {1}
    used = {row["kpiId"] for row in vendor.contents("kpis")}
    assert len(result.records("kpi_definitions")) == len(used) - 1
    assert "skipped" in result.log
    assert {row["scorecardId"] for row in vendor.contents("scores")} == {
        record["scorecardId"] for record in result.records("scorecard_questions")
    }
    assert len(json.dumps(result.state)) < 2000


def test_definitions_alone_and_selected_later(sandbox: Sandbox) -> None:
    first = sync(sandbox, "kpi_observations")
    second = sync(sandbox, "kpi_definitions", state=first.state)
    assert len(second.records("kpi_definitions")) == len({row["kpiId"] for row in sandbox.execvision.contents("kpis")})
    assert not second.records("kpi_observations")


def test_transcripts_where_they_are_open_and_where_not(sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    result = sync(sandbox, "transcripts", start_date=day(3), fetch_transcripts=True)
    complete = {row["id"] for row in vendor.contents("calls") if row["state"] == "COMPLETE"}
    found = {record["callId"] for record in result.records("transcripts")}
    assert found
    assert found <= complete
    vendor.transcripts_open = False
    vendor.seen.clear()
    result = sync(sandbox, "calls", "transcripts", start_date=day(3), fetch_transcripts=True)
    assert result.records("calls")
    assert sum("/transcript/" in seen.path for seen in vendor.seen) == MAX_DENIALS > 1
    assert "403" in result.log
    assert result.state
    assert "replication_key_value" not in result.state["bookmarks"].get("transcripts", {})


def asked_for(sandbox: Sandbox, path: str) -> Counter[str]:
    seen = [seen.path for seen in sandbox.execvision.seen if path in seen.path]
    return Counter(path.rpartition("/")[2] for path in seen)


def test_a_transcript_that_is_private_or_missing_is_skipped_with_a_warning(sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    calls = [row.id for row in vendor.account.feed("calls").rows if row.body["state"] == "COMPLETE"][-8:]
    vendor.private_calls = frozenset(calls[:3])
    vendor.fail(faults.status(404, ""), where=lambda seen: seen.path.endswith(calls[4]))
    result = sync(sandbox, "calls", "transcripts", start_date=day(9), fetch_transcripts=True)
    found = {record["callId"] for record in result.records("transcripts")}
    assert {calls[3], *calls[5:]} <= found
    assert not {*calls[:3], calls[4]} & found
    assert result.log.count("(HTTP 403): skipped") == 3
    assert f"/transcript/{calls[4]}: skipped" in result.log
    assert result.state
    bookmarks = result.state["bookmarks"]
    assert bookmarks["transcripts"]["replication_key_value"] == bookmarks["calls"]["replication_key_value"]


def test_no_right_to_transcripts_is_said_once_and_leaves_their_bookmark(sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    first = sync(sandbox, "calls", "transcripts", start_date=day(9), fetch_transcripts=True)
    assert first.state
    before = first.state["bookmarks"]["transcripts"]
    vendor.transcripts_open = False
    vendor.account.crowd("calls", 20, vendor.world.now)
    vendor.seen.clear()
    second = sync(sandbox, "calls", "transcripts", start_date=day(9), fetch_transcripts=True, state=first.state)
    assert sum(asked_for(sandbox, "/transcript/").values()) == MAX_DENIALS
    assert second.log.count("The account may not read") == 1
    assert second.state
    assert second.state["bookmarks"]["transcripts"] == before
    vendor.transcripts_open = True
    third = sync(sandbox, "calls", "transcripts", start_date=day(9), fetch_transcripts=True, state=second.state)
    added = {row.id for row in vendor.account.feed("calls").rows[-20:]}
    assert added <= {record["callId"] for record in third.records("transcripts")}


def test_a_call_that_comes_again_has_its_transcript_read_again(sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    vendor.calls_tell_modified = True
    row = vendor.account.feed("calls").rows[-150]
    pages: list[str] = []

    def reprocess(path: str) -> None:
        pages.append(path)
        if len(pages) == 3:
            vendor.account.modify("calls", row.id, vendor.world.now)

    vendor.before_page = reprocess
    vendor.most = 100
    start = row.at.date().isoformat()
    sync(sandbox, "calls", "transcripts", start_date=start, page_size=100, fetch_transcripts=True)
    assert asked_for(sandbox, "/transcript/")[row.id] == 2


@pytest.mark.parametrize("form", ["decimal", "text"])
def test_a_number_that_is_written_otherwise_brings_its_definition(form: Any, sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    vendor.kpi_ids = form
    result = sync(sandbox, "kpi_observations", "kpi_definitions")
    used = {int(float(row["kpiId"])) for row in vendor.contents("kpis")}
    assert {record["kpiId"] for record in result.records("kpi_definitions")} == used
    assert set(asked_for(sandbox, "/kpi/")) == set(map(str, used))


@pytest.mark.parametrize("wrong", [True, [3], {"id": 3}, "..", " "])
def test_an_id_that_cannot_be_asked_for_is_a_warning(wrong: Any, sandbox: Sandbox) -> None:
    def change(rows: Any) -> Any:
        return [{**row, "scorecardId": wrong} for row in rows[:1]] + rows[1:]

    sandbox.execvision.fail(faults.edit(change), times=99, where=lambda seen: seen.path.endswith("/scores"))
    result = sync(sandbox, "scores", "scorecard_questions", start_date=day(60))
    assert "scorecardId is not an id that can be asked for" in result.log
    assert result.records("scorecard_questions")


def test_one_scorecard_that_is_refused_is_skipped_and_all_are_an_error(sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    vendor.fail(faults.status(403, ""), where=lambda seen: "/scorecard/" in seen.path)
    result = sync(sandbox, "scores", "scorecard_questions")
    assert result.records("scorecard_questions")
    assert "(HTTP 403): skipped" in result.log
    vendor.fail(faults.status(403, ""), times=99, where=lambda seen: "/scorecard/" in seen.path)
    assert "Error: ExecVision refused GET" in sync(sandbox, "scores", "scorecard_questions", code=1).log


def test_transcripts_hang_on_their_setting(sandbox: Sandbox) -> None:
    result = run(TAP, {**EXECVISION.config(sandbox), "start_date": day(3)})
    assert result.log.count("transcripts is selected, but fetch_transcripts is off") == 1
    assert not asked_for(sandbox, "/transcript/")
    on = run(TAP, {**EXECVISION.config(sandbox), "start_date": day(3), "fetch_transcripts": True})
    assert on.records("transcripts")
    assert "fetch_transcripts is off" not in on.log


def test_rows_that_name_a_detail_go_out_before_it_and_the_bookmark_after(sandbox: Sandbox) -> None:
    result = sync(sandbox, "scores", "scorecard_questions", page_size=100)
    kinds = [(message["type"], message.get("stream", "")) for message in result.messages if message["type"] != "SCHEMA"]
    first = kinds.index(("RECORD", "scorecard_questions"))
    assert ("RECORD", "scores") in kinds[:first]
    states = [message["value"]["bookmarks"] for message in result.messages[:first] if message["type"] == "STATE"]
    assert not any(state.get("scores", {}).get("replication_key_value") for state in states)
