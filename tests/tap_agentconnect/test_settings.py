"""Settings that choose rows: the dates, and whether recoveries are read."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sandbox.agentconnect.api import AgentConnect
from sandbox.server import Sandbox

from sandbox import faults
from tests.contract.contract import day
from tests.tap_agentconnect.runs import attempt, expected_feedbacks, newest, newest_versions, only, sync


def test_wider_settings_bring_what_they_left_out(sandbox: Sandbox, vendor: AgentConnect) -> None:
    narrow = {"start_date": day(30), "end_date": day(10), "catalog": only("qa_reviews", "qa_audits")}
    first = sync(sandbox, **narrow)
    created = [record.created.isoformat() for record in vendor.qa_reviews.values() if record.uuid in newest(first)]
    assert created
    assert day(30) <= min(created) <= max(created) <= day(9)
    assert not sync(sandbox, first.state, **narrow).log.count("from its beginning")
    wide = sync(sandbox, first.state, catalog=only("qa_reviews", "qa_audits"))
    assert "from its beginning" in wide.log
    expected = {key for name in ("qa_reviews", "qa_audits") for key in getattr(vendor, name)}
    assert newest(wide).keys() == newest_versions(vendor, day(50)).keys() & expected
    assert "from its beginning" not in sync(sandbox, wide.state, **narrow).log


def test_an_end_is_not_cut(sandbox: Sandbox, vendor: AgentConnect) -> None:
    end = (datetime.now(timezone.utc) - timedelta(days=5)).replace(hour=10, minute=0, second=0, microsecond=400_000)
    last = vendor.add_feedback(end)
    result = sync(sandbox, catalog=only("feedbacks"), end_date=end.isoformat())
    assert last.uuid in newest(result)
    # A day is that day's whole day.
    late = vendor.add_feedback(end.replace(hour=23, minute=59, second=59, microsecond=700_000))
    result = sync(sandbox, catalog=only("feedbacks"), end_date=end.date().isoformat())
    assert {last.uuid, late.uuid} <= newest(result).keys()
    assert result.state
    assert result.state["bookmarks"]["feedbacks"]["scope"]["end"] == f"{end.date()}T23:59:59.999999Z"
    for edge in ("9999-12-31T23:59:59.5Z", "9999-12-31"):
        assert sync(sandbox, catalog=only("qa_audits"), end_date=edge).counts()


def test_an_end_that_moves(sandbox: Sandbox) -> None:
    """What a wider end lets through is read; one in the future is none, and stays out of the state."""
    said = "qa_reviews is read from its beginning"
    chosen = only("qa_reviews")
    narrow = sync(sandbox, catalog=chosen, end_date=day(20))
    assert said in sync(sandbox, narrow.state, catalog=chosen, end_date=day(10)).log
    assert said in sync(sandbox, narrow.state, catalog=chosen).log
    open_end = sync(sandbox, catalog=chosen, end_date=day(-1))
    assert open_end.state
    assert open_end.state["bookmarks"]["qa_reviews"]["scope"]["end"] is None
    for end in (day(-2), day(-1), day(10), None):
        assert said not in sync(sandbox, open_end.state, catalog=chosen, end_date=end).log


@pytest.mark.parametrize("flag", ["always", "when included"])
def test_recoveries_can_be_left_out(flag: Any, sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.limit_skips_recoveries, vendor.recovery_flag = False, flag
    result = sync(sandbox, catalog=only("feedbacks"), include_recovery=False, page_size=20, start_date=day(30))
    recoveries = {key for key, record in vendor.feedbacks.items() if record.row["is_recovery"]}
    assert newest(result).keys() == expected_feedbacks(vendor, day(30)).keys() - recoveries
    later = sync(sandbox, result.state, catalog=only("feedbacks"), start_date=day(30))
    assert newest(later) == expected_feedbacks(vendor, day(30))


def test_texts_for_no_recovery(sandbox: Sandbox, vendor: AgentConnect) -> None:
    texts = ["false", "no", "0", "False", 0, False, "", None, "true", "yes", 1, "1", True]
    vendor.fail(
        faults.edit(
            lambda rows: [
                {**row, "is_recovery": text, "parent_uuid": None} for row, text in zip(rows, texts, strict=False)
            ]
        ),
        times=1,
    )
    result = attempt(sandbox, catalog=only("feedbacks"), include_recovery=False, start_date=day(40))
    changed = [record["uuid"] for record in result.records("feedbacks")][:8]
    rows = sorted(
        (r for r in vendor.feedbacks.values() if r.created.isoformat() >= day(40)), key=lambda r: r.sequence_id
    )
    assert changed == [record.uuid for record in rows[:8]]
    sent = [record["uuid"] for record in result.records("feedbacks")]
    assert not {record.uuid for record in rows[8:12]} & set(sent[:9])
