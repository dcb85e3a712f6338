"""What a run goes on from: the state of one before it, killed or complete, and one that cannot be trusted."""

import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sandbox.agentconnect.api import AgentConnect
from sandbox.server import Sandbox

from tests.contract.agentconnect import AGENTCONNECT
from tests.contract.contract import day
from tests.singer import after, run
from tests.tap_agentconnect.runs import (
    FEEDS,
    TAP,
    attempt,
    bookmark_of,
    expected_feedbacks,
    newest,
    newest_versions,
    only,
    sync,
)


def test_killed_late_in_a_first_sync_it_resumes(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.ties = 3
    config = {**AGENTCONNECT.config(sandbox), "start_date": day(730), "page_size": 50}
    count = len(expected_feedbacks(vendor, day(730)))
    killed = run(TAP, config, catalog=only("feedbacks"), kill=after(count - 100))
    assert killed.exit_code != 0
    resumed = run(TAP, config, catalog=only("feedbacks"), state=killed.state)
    assert newest(killed, resumed) == expected_feedbacks(vendor, day(730))
    assert resumed.counts()["feedbacks"] < 250


def test_a_second_run_reads_little_again(sandbox: Sandbox, vendor: AgentConnect) -> None:
    first = sync(sandbox, start_date=None)
    changed = [
        vendor.add_recovery(next(iter(vendor.feedbacks.values()))),
        vendor.add_review(),
        vendor.add_calibration(),
        vendor.add_session(),
        *(next(iter(getattr(vendor, name).values())) for name in FEEDS),
    ]
    for record in changed[4:]:
        vendor.touch(record)
    second = sync(sandbox, first.state, start_date=None)
    assert {record.uuid for record in changed} <= newest(second).keys()
    assert sum(second.counts()[name] for name in FEEDS) < 100
    assert newest(first, second) == newest_versions(vendor, "")
    for name in FEEDS:
        values = [run.state["bookmarks"][name]["replication_key_value"] for run in (first, second) if run.state]
        assert values == sorted(values)


def test_a_row_that_shows_late_and_one_from_the_future(sandbox: Sandbox, vendor: AgentConnect) -> None:
    last = max(vendor.feedbacks.values(), key=lambda record: record.sequence_id)
    vendor.touch(vendor.add_feedback(), datetime.now(timezone.utc) + timedelta(days=400))
    first = sync(sandbox, catalog=only("feedbacks"))
    late = vendor.add_feedback(last.updated - timedelta(seconds=30))
    new = vendor.add_feedback()
    second = sync(sandbox, first.state, catalog=only("feedbacks"))
    assert {late.uuid, new.uuid} <= newest(second).keys()
    assert second.counts()["feedbacks"] < 20


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_differs_from_ours_loses_no_change(hours: int, sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.clock_offset = timedelta(hours=hours)
    vendor.iat_age = vendor.iat_leeway = 3 * 3600
    # One date years ahead, in a feed that goes on by the vendor's clock.
    ahead = vendor.add_session()
    vendor.touch(ahead, datetime(2222, 1, 1, tzinfo=timezone.utc))
    first = sync(sandbox, catalog=only("coaching_sessions"))
    bookmark = bookmark_of(first, "coaching_sessions")
    assert bookmark <= min(vendor.now, datetime.now(timezone.utc)).timestamp() * 10_000
    late = vendor.add_session(vendor.now - timedelta(seconds=50))
    second = sync(sandbox, first.state, catalog=only("coaching_sessions"))
    assert late.uuid in newest(second)
    assert second.counts()["coaching_sessions"] < 20
    assert bookmark_of(second, "coaching_sessions") >= bookmark


def test_a_first_page_with_nothing_but_an_id_years_ahead(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.coaching_sessions.clear()
    vendor.touch(vendor.add_session(), datetime.now(timezone.utc) + timedelta(days=3650))
    first = sync(sandbox, catalog=only("coaching_sessions"))
    assert first.counts()["coaching_sessions"] == 1
    new = [vendor.add_session() for _ in range(3)]
    second = sync(sandbox, first.state, catalog=only("coaching_sessions"))
    assert {record.uuid for record in new} <= newest(second).keys()


def test_a_bookmark_that_is_none(sandbox: Sandbox) -> None:
    state = {"bookmarks": {"feedbacks": {"replication_key": "sequence_id", "replication_key_value": "2024-01-01"}}}
    result = attempt(sandbox, state, catalog=only("feedbacks"))
    assert result.exit_code == 1
    assert "full refresh" in result.log
    assert "Traceback" not in result.log


@pytest.mark.parametrize(
    "bookmark",
    [
        {"hours_ahead": 10 * 365 * 24},
        {"hours_ahead": 1},
        {"replication_key_value": 10**25},
        {"replication_key_value": 16_000_000_000_000, "scope": "all"},
        {"replication_key_value": 16_000_000_000_000, "scope": [1]},
        {"replication_key_value": 16_000_000_000_000, "scope": {"start": 5}},
        {"replication_key_value": 16_000_000_000_000, "scope": {"include_recovery": "yes"}},
    ],
    ids=str,
)
def test_a_state_that_cannot_be_trusted(bookmark: Any, sandbox: Sandbox, vendor: AgentConnect) -> None:
    if hours := bookmark.get("hours_ahead"):
        bookmark = {"replication_key_value": int((time.time() + hours * 3600) * 10_000)}
    result = sync(sandbox, {"bookmarks": {"qa_reviews": bookmark}}, catalog=only("qa_reviews"))
    assert "qa_reviews is read from its beginning" in result.log
    assert newest(result).keys() == {key for key, r in vendor.qa_reviews.items() if r.created.isoformat() >= day(50)}
    assert bookmark_of(result, "qa_reviews") < time.time() * 10_000
    assert "from its beginning" not in sync(sandbox, result.state, catalog=only("qa_reviews")).log
