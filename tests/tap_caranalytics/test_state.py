"""What a run goes on from: bookmarks that lose nothing, states that cannot be trusted, and no secret in them."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from sandbox.server import Sandbox

from tests.contract.contract import day
from tests.singer import after, run
from tests.tap_caranalytics.reports import (
    DAY,
    TAP,
    bare,
    catalog,
    counted,
    midnight,
    of_day,
    settings,
    sync,
    upserted,
    written,
)


def test_killed_at_any_row_nothing_is_lost(sandbox: Sandbox) -> None:
    chosen = catalog("response")
    whole = sync(sandbox, "response", end_date=day(1))
    keys = upserted(whole, stream="response").keys()
    for share in (0, 0.3, 0.5, 0.9):
        rows = max(1, int(len(keys) * share))
        killed = run(TAP, settings(sandbox, end_date=day(1)), catalog=chosen, kill=after(rows))
        resumed = sync(sandbox, "response", state=killed.state, end_date=day(1), lookback_days=0)
        assert upserted(killed, resumed, stream="response").keys() == keys


def test_the_bookmark_does_not_fall_while_older_windows_are_read_again(sandbox: Sandbox) -> None:
    first = sync(sandbox, "response", start_date=day(5))
    second = sync(sandbox, "response", "windows", state=first.state, start_date=day(5), lookback_days=4)
    assert len(second.records("windows")) == 5
    assert first.state
    before = first.state["bookmarks"]["response"]["replication_key_value"]
    for state in second.of("STATE"):
        assert state["value"]["bookmarks"]["response"]["replication_key_value"] >= before


@pytest.mark.parametrize("hours", [-2, -30, 30])
def test_the_bookmark_stays_behind_the_vendors_clock(hours: int, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.clock_offset = timedelta(hours=hours)
    vendor.rules.refuses_future = hours > 0
    started = datetime.now(timezone.utc)
    result = sync(sandbox, "response", start_date=day(3))
    assert result.state
    bookmark = datetime.fromisoformat(
        result.state["bookmarks"]["response"]["replication_key_value"].replace("Z", "+00:00")
    )
    now = min(started, started + vendor.clock_offset)
    assert now - DAY - timedelta(minutes=5) < bookmark <= now
    for days_ago in [days for days in (3, 2) if midnight(days) + DAY <= now]:
        found = of_day(result.records("response"), days_ago)
        assert counted(bare(found)) == counted(written(sandbox, "response", days_ago))


def test_a_bookmark_in_the_future_is_not_trusted(sandbox: Sandbox) -> None:
    state = {"bookmarks": {"response": {"replication_key_value": "2222-01-01T00:00:00.000000Z", "cell_days": 1}}}
    result = sync(sandbox, "response", "windows", state=state)
    assert len(result.records("windows")) == 3
    assert "future" in result.log
    assert result.state
    assert result.state["bookmarks"]["response"]["replication_key_value"] == f"{day(0)}T00:00:00.000000Z"


@pytest.mark.parametrize(
    "bookmark",
    [
        {"replication_key_value": "soon"},
        {"replication_key_value": [1]},
        {"replication_key_value": f"{day(2)}T00:00:00Z", "cell_days": "one\nday"},
        {"replication_key_value": f"{day(2)}T00:00:00Z", "cell_days": {}},
        [],
        None,
    ],
)
def test_a_state_of_the_wrong_shape_is_named_in_one_line(bookmark: Any, sandbox: Sandbox) -> None:
    result = sync(sandbox, "response", state={"bookmarks": {"response": bookmark}}, failing=True)
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    assert "response" in line
    assert result.log.endswith(line + "\n")
    assert not sandbox.caranalytics.seen


def test_other_windows_than_before_are_refused(sandbox: Sandbox) -> None:
    first = sync(sandbox, "response", start_date=day(1))
    sandbox.caranalytics.seen.clear()
    second = sync(sandbox, "response", state=first.state, failing=True, window_days=2)
    assert "window_days" in second.log
    assert "Traceback" not in second.log
    assert not sandbox.caranalytics.seen


def test_state_and_log_hold_no_secret_of_a_url(sandbox: Sandbox) -> None:
    sandbox.caranalytics.lift_limits()
    result = run(TAP, settings(sandbox, start_date=day(1)), environment={"LOGLEVEL": "DEBUG"})
    tokens = {job.token for job in sandbox.caranalytics.jobs}
    assert len(tokens) >= 13
    output = result.log + json.dumps(result.state)
    assert not [token for token in tokens if token in output]
    assert "X-Amz" not in output
    assert sandbox.caranalytics.company_key not in output
