"""The tap against the sandbox: every reading of the vendor's page, crowds, edits on the way."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta, timezone
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.contract import day
from tests.contract.execvision import EXECVISION
from tests.fork_server import FAST_CLOCK
from tests.singer import Run, run

if TYPE_CHECKING:
    from sandbox.execvision.api import ExecVision
    from sandbox.server import Sandbox

TAP = "tap-execvision"
FEEDS = {
    "calls": "calls",
    "deleted_calls": "calls/deleted",
    "call_topics": "call_topics",
    "listens": "listens",
    "scores": "scores",
    "feedback": "feedback",
    "shares": "shares",
    "meetings": "meetings",
    "plans": "plans",
    "kpi_observations": "kpis",
}
BY_ID = ("calls", "deleted_calls", "call_topics")
NOON = datetime.now(timezone.utc).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=3)


@cache
def catalog() -> Any:
    found = run(TAP, None, "--discover").log
    return json.loads(found[found.index("{\n") : found.rindex("\n}") + 2])


def only(*streams: str) -> Any:
    entries = json.loads(json.dumps(catalog()))["streams"]
    for entry in entries:
        entry["metadata"][-1]["metadata"]["selected"] = entry["stream"] in streams
        for metadata in entry["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["selected"] = entry["stream"] in streams
    return {"streams": entries}


def sync(sandbox: Sandbox, *streams: str, state: Any = None, code: int = 0, **changes: Any) -> Run:
    config = {**EXECVISION.config(sandbox), "start_date": "2020-01-01", **changes}
    result = run(TAP, config, catalog=only(*(streams or FEEDS)), state=state, environment=FAST_CLOCK)
    assert result.exit_code == code, result.log
    assert {seen.method for seen in sandbox.execvision.seen} == {"GET"}
    assert not sandbox.execvision.writes
    return result


def identities(rows: list[Any], fields: tuple[str, ...]) -> Counter[str]:
    """Count rows by what is written alike on both sides."""
    return Counter(json.dumps([str(row.get(field)).strip() for field in fields]) for row in rows)


IDENTITY = {
    "calls": ("id",),
    "deleted_calls": ("id",),
    "call_topics": ("callId",),
    "listens": ("callId", "listener", "caller"),
    "scores": ("resultId", "question"),
    "feedback": ("callId", "feedbackBy", "isComment", "isHighlight", "text"),
    "shares": ("callId", "sharedBy", "recipientUserIds", "recipientEmails"),
    "meetings": ("meetingId",),
    "plans": ("planId",),
    "kpi_observations": ("kpiId", "observedId", "observerId", "value"),
}


def assert_complete(vendor: ExecVision, result: Run, *streams: str) -> None:
    for stream in streams or FEEDS:
        expected = identities(vendor.contents(FEEDS[stream]), IDENTITY[stream])
        found = identities(result.records(stream), IDENTITY[stream])
        assert not expected - found, f"{stream}: rows are missing"
        assert not found - expected, f"{stream}: rows came twice"


READINGS = [
    {},
    {"since_counts_to": "second", "last_id": "compared", "repeats_last": "never"},
    {"since_counts_to": "microsecond", "last_id": "compared", "repeats_last": "always", "calls_tell_modified": True},
    {"last_id": "compared", "listens_modified": "missing"},
    {"last_id": "compared_by_minute", "ties": "any", "answers": "numbers", "question_key": "questionID"},
    {"unknown_last_id": "nothing", "repeats_last": "always", "listens_modified": "filled", "question_blank": True},
    {"unknown_last_id": "refused", "topic_words": "text", "plan_ids": "text", "times": "mixed", "most": 100},
    {"modified_of": "answer", "most": 150, "above_most": "refused"},
    {"scores_counted_in": "answers", "most": 250, "times": "mixed"},
    {"since_is": "exclusive", "listens_modified": "filled"},
    {"since_zone": "new_york", "calls_tell_modified": True, "most": 250},
]


@pytest.mark.parametrize("reading", READINGS, ids=lambda reading: "-".join(map(str, reading)) or "as it is")
def test_every_reading(reading: dict[str, Any], sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    for name, value in reading.items():
        assert hasattr(vendor, name)
        setattr(vendor, name, value)
    result = sync(sandbox, page_size=1000)
    assert_complete(vendor, result)
    for stream in ("listens", "shares"):
        rows = result.records(stream)
        assert len({row["_row_key"] for row in rows}) == len(rows) > len(identities(rows, IDENTITY[stream]))
    asked = Counter(seen.path.removeprefix("/execvision/api/ev/2/") for seen in vendor.seen)
    for stream, feed in FEEDS.items():
        rows = vendor.contents(feed)
        page = min(1000, vendor.most if vendor.above_most == "clamped" else 100)
        by_result = stream == "scores" and vendor.scores_counted_in == "results"
        count = len({row["resultId"] for row in rows}) if by_result else len(rows)
        fewest = -(-count // page)
        odd = 15 if vendor.since_zone == "new_york" or vendor.since_is == "exclusive" else 0  # to find that out
        assert asked[feed] <= 2 * fewest + 1 + odd + (vendor.above_most == "refused"), (stream, asked[feed], fewest)


@pytest.mark.parametrize("instant", [False, True])
@pytest.mark.parametrize("stream", BY_ID)
def test_a_crowded_minute_comes_whole_by_last_id(stream: str, instant: bool, sandbox: Sandbox) -> None:
    sandbox.execvision.account.crowd(FEEDS[stream], 450, NOON, instant=instant)
    result = sync(sandbox, stream, page_size=100, start_date=day(30))
    assert len(result.records(stream)) > 450
    assert max(Counter(record[EXECVISION.streams[stream][0]] for record in result.records(stream)).values()) == 1


@pytest.mark.parametrize("stream", [stream for stream in FEEDS if stream not in BY_ID])
def test_a_crowded_minute_is_named_or_skipped(stream: str, sandbox: Sandbox) -> None:
    vendor, feed = sandbox.execvision, FEEDS[stream]
    before = identities(vendor.contents(feed), IDENTITY[stream])
    vendor.account.crowd(feed, 250, NOON)
    vendor.most = 100  # a larger page would show the whole minute
    result = sync(sandbox, stream, code=1, page_size=100, start_date=day(20))
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    assert f"/{feed}, minute " in line
    # A listen shows its day only: the minute is the last that a page was asked for.
    assert NOON.strftime("%Y-%m-%dT" if stream == "listens" else "%Y-%m-%dT%H:%MZ") in line
    skipped = sync(sandbox, stream, page_size=100, on_stalled_page="skip")
    assert NOON.strftime("%Y-%m-%dT") in skipped.log
    assert not before - identities(skipped.records(stream), IDENTITY[stream])


@pytest.mark.parametrize("stream", ["meetings", "shares", "scores"])
def test_rows_in_another_order_than_their_times_are_all_there_or_an_error(stream: str, sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    vendor.order, vendor.most = "by_id", 50
    result = sync(sandbox, stream, code=1)
    assert f"Error: /{FEEDS[stream]}, minute 20" in result.log
    vendor.order, vendor.most = "oldest_first", 1000
    found = [*result.records(stream), *sync(sandbox, stream, state=result.state).records(stream)]
    expected = identities(vendor.contents(FEEDS[stream]), IDENTITY[stream])
    assert not expected - identities(found, IDENTITY[stream])


@pytest.mark.parametrize("stream", ["calls", "listens"])
def test_a_row_that_is_touched_out_of_sight(stream: str, sandbox: Sandbox) -> None:
    vendor, feed = sandbox.execvision, FEEDS[stream]
    rows = iter(vendor.account.feed(feed).rows[80:90])

    def touch(path: str) -> None:
        if row := next(rows, None):
            vendor.account.touch(path, row.id, vendor.world.now)

    vendor.before_page = touch
    expected = identities(vendor.contents(feed), IDENTITY[stream])
    assert not expected - identities(sync(sandbox, stream, page_size=100).records(stream), IDENTITY[stream])


def test_a_last_id_that_moves_between_pages(sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    vendor.account.crowd("calls", 450, NOON)
    sent: list[Any] = []

    def move(path: str) -> None:
        if "last_id" in vendor.seen[-1].query and len(sent) < 2:
            sent.append(path)
            vendor.account.modify("calls", vendor.seen[-1].query["last_id"], vendor.world.now)

    vendor.before_page = move
    result = sync(sandbox, "calls", page_size=100, start_date=day(30))
    assert sent
    expected = {row["id"] for row in vendor.contents("calls") if row["callTime"] >= day(28)}
    assert expected <= {record["id"] for record in result.records("calls")}
    assert len(vendor.seen) < 20


def test_the_flags_of_calls(sandbox: Sandbox) -> None:
    flags = {"include_transcripts": True, "include_crm_matches": True, "render_templates": True}
    result = sync(sandbox, "calls", "plans", start_date=day(3), **flags)
    asked = {seen.path.rpartition("/")[2]: seen.query for seen in reversed(sandbox.execvision.seen)}
    assert {flag: asked["calls"][flag] for flag in flags} == dict.fromkeys(flags, "true")
    assert asked["calls"]["limit"] == "100"
    assert asked["plans"]["limit"] == "1000"
    assert not set(flags) & set(asked["plans"])
    assert any(record["transcript"] for record in result.records("calls"))
    assert any(record["crmMatches"] for record in result.records("calls"))


@pytest.mark.parametrize("tells", [True, False])
def test_a_call_of_the_future_does_not_move_the_bookmark(tells: bool, sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    vendor.calls_tell_modified = tells
    now = datetime.now(timezone.utc)
    vendor.account.add_call(now, call_time=now + timedelta(days=400))
    first = sync(sandbox, "calls")
    assert_complete(vendor, first, "calls")
    assert first.state
    bookmark = first.state["bookmarks"]["calls"]["replication_key_value"]
    assert bookmark < (now + timedelta(minutes=1)).isoformat()
    vendor.seen.clear()
    second = sync(sandbox, "calls", state=first.state)
    assert second.state
    assert second.state["bookmarks"]["calls"]["replication_key_value"] >= bookmark
    since = datetime.fromisoformat(vendor.seen[0].query["since"].replace("Z", "+00:00"))
    # Where the order's own time is not shown, the next run begins where the last page that joined was asked for.
    assert now - since < (timedelta(minutes=30) if tells else timedelta(days=7))


def test_bookmarks_hold_what_is_out(sandbox: Sandbox) -> None:
    result = sync(sandbox, page_size=100, start_date=day(200))
    for stream in FEEDS:
        values = [
            message["value"]["bookmarks"].get(stream, {}).get("replication_key_value", "")
            for message in result.of("STATE")
        ]
        assert all(one <= other for one, other in pairwise(values))
        assert {len(value) for value in values if value} == {27}


@pytest.mark.parametrize("hours", [-3, 3])
def test_the_vendors_clock_is_another(hours: int, sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    vendor.clock_offset = timedelta(hours=hours)
    first, second, *_ = [row.id for row in vendor.account.feed("meetings").rows]
    # A time that has come by our clock, or by theirs, but not by both, is no bookmark.
    now = datetime.now(timezone.utc)
    vendor.account.modify("meetings", first, now + timedelta(hours=hours / 2))
    earlier = sync(sandbox, "meetings")
    changed = vendor.account.modify("meetings", second, now + min(vendor.clock_offset, timedelta()))
    later = sync(sandbox, "meetings", state=earlier.state)
    assert changed.body["meetingId"] in {int(row["meetingId"]) for row in later.records("meetings")}
