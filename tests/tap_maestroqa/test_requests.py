"""How the vendor is asked, how fast, and what its refusals mean."""

from datetime import datetime, timedelta, timezone

import pytest
from sandbox.server import Sandbox
from sandbox.vendor import Limit

from sandbox import faults
from tests.contract.contract import day
from tests.contract.maestroqa import MAESTROQA
from tests.singer import run
from tests.tap_maestroqa.runs import TAP, failed, ids, sync


def test_requests_as_the_article_shows_them(sandbox: Sandbox) -> None:
    sync(sandbox)
    asked = [seen.json for seen in sandbox.maestroqa.seen]
    assert [seen.method for seen in sandbox.maestroqa.seen] == ["POST"] * 3
    assert all(set(body) == {"startDate", "endDate", "timeAxis"} for body in asked)
    assert asked[0]["timeAxis"] == "createdAt"
    assert asked[0]["endDate"] == asked[1]["startDate"]


def test_limits_are_kept(sandbox: Sandbox) -> None:
    # A minute in six seconds, less two that a busy machine may keep a request on its way.
    sandbox.maestroqa.limits, sandbox.maestroqa.clock_tolerance = (Limit(30, 6),), 2
    config = {**MAESTROQA.config(sandbox), "start_date": day(30), "window_days": 1}
    assert run(TAP, config, environment={"FAST_CLOCK": "10"}).exit_code == 0
    assert len(sandbox.maestroqa.seen) > 30
    assert sandbox.maestroqa.rate_limited == 0


@pytest.mark.parametrize("text", ["second", "minute"])
def test_429_waits_for_the_limit_it_names(text: str, sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(faults.status(429, {"error": f"Too many requests in the past {text}."}))
    result = sync(sandbox, start_date=day(9))
    assert len(sandbox.maestroqa.seen) == 2
    assert result.waits[0] > 60 if text == "minute" else 1 < result.waits[0] < 9
    assert f"past {text}" in result.log


@pytest.mark.parametrize(
    ("words", "status"),
    [("Date range must be within {days} days.", 400), ("Invalid parameters.", 422), ("", 409), (None, 400)],
)
def test_refusals_are_judged_by_what_is_accepted(words: str | None, status: int, sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    vendor.refusal, vendor.refusal_status = words, status
    vendor.max_days = 30
    soon = vendor.add_session(datetime.now(timezone.utc))
    soon["meetingDate"] = datetime.now(timezone.utc) + timedelta(days=300)
    result = sync(sandbox, time_axis="meetingDate", window_days=89)
    assert soon["_id"] in ids(result)
    assert "going on with 22" in result.log
    vendor.max_days, vendor.last_day = 90, 0
    result = sync(sandbox, time_axis="meetingDate", window_days=89, start_date=day(95))
    assert "does not answer for days after" in result.log
    assert "at once" not in result.log
    met = {key for key, session in vendor.sessions.items() if day(95) <= str(session["meetingDate"]) < day(0)}
    assert met <= ids(result)


def test_what_is_refused_whatever_is_asked_for_is_shown(sandbox: Sandbox) -> None:
    sandbox.maestroqa.max_days = -1
    sandbox.maestroqa.refusal = "Coaching is switched off for this account."
    for start in (day(50), day(0)):
        assert "Coaching is switched off for this account." in failed(sandbox, start_date=start)


def test_an_expired_token_says_so(sandbox: Sandbox) -> None:
    config = MAESTROQA.config(sandbox)
    sandbox.maestroqa.token = "another"
    result = run(TAP, config)
    assert result.exit_code == 1
    assert len(sandbox.maestroqa.seen) == 1
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    assert "expired" in line
    assert "api_token" in line


def test_what_the_vendor_echoes_is_masked(sandbox: Sandbox) -> None:
    token = sandbox.maestroqa.token
    sandbox.maestroqa.fail(faults.instead({"error": f"No account for {token}"}), times=99)
    line = failed(sandbox)
    assert "No account for ***" in line
    assert token not in line
