"""The tap against the sandbox: readings of the article, limits, edits, clocks, refusals and odd bodies."""

import json
import resource
import signal
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sandbox.maestroqa.api import MaestroQA
from sandbox.server import Sandbox
from sandbox.vendor import Limit
from starlette.responses import Response

from sandbox import faults
from tests.contract.contract import day
from tests.contract.maestroqa import MAESTROQA
from tests.singer import BIN, Run, run

TAP = "tap-maestroqa"


def sync(sandbox: Sandbox, state: Any = None, **changes: Any) -> Run:
    result = run(TAP, {**MAESTROQA.config(sandbox), **changes}, state=state)
    assert result.exit_code == 0, result.log
    return result


def failed(sandbox: Sandbox, state: Any = None, **changes: Any) -> str:
    """Run the tap, and return the one line that says why it ends."""
    result = run(TAP, {**MAESTROQA.config(sandbox), **changes}, state=state)
    assert result.exit_code == 1
    assert "Traceback" not in result.log
    lines = result.log.splitlines()
    # Settings are refused by the SDK, in its own form.
    return next((line for line in lines if line.startswith("Error:")), None) or next(
        line for line in lines if "| ERROR " in line
    )


def ids(result: Run) -> set[str]:
    return {record["_id"] for record in result.records("coaching_sessions")}


def created_since(vendor: MaestroQA, since: str) -> set[str]:
    return {key for key, session in vendor.sessions.items() if str(session["createdAt"]) >= since}


def only_the_newest(vendor: MaestroQA, count: int) -> list[dict[str, Any]]:
    """Have the vendor forget all other sessions."""
    kept = sorted(vendor.sessions.values(), key=lambda session: str(session["createdAt"]))[-count:]
    vendor.sessions = {session["_id"]: session for session in kept}
    return kept


@pytest.mark.parametrize("end_day", ["inclusive", "exclusive"])
@pytest.mark.parametrize("utc_offset", [-12, 0, 14])
@pytest.mark.parametrize("last_day", [None, 0, -1])
def test_every_reading_of_a_day(end_day: Any, utc_offset: int, last_day: int | None, sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    vendor.end_day, vendor.utc_offset, vendor.last_day = end_day, utc_offset, last_day
    result = sync(sandbox, start_date=day(20), window_days=11)
    assert len(result.records("coaching_sessions")) == len(ids(result))
    if last_day is not None:
        assert "does not answer for days after" in result.log
        # What the vendor does not show yet comes with a later run, though its date is older than the bookmark.
        vendor.last_day = None
        result.messages += sync(sandbox, result.state, start_date=day(20), window_days=30).messages
    assert created_since(vendor, day(20)) <= ids(result)


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


def test_a_second_run_sends_what_changed(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    first = sync(sandbox, start_date=day(170), window_days=89)
    old = [vendor.sessions[key] for key in sorted(created_since(vendor, day(170)) - created_since(vendor, day(30)))]
    deleted = next(session for session in old if not session["isDeleted"])
    with_todo = next(session for session in old if session["todos"] and session is not deleted)
    now = datetime.now(timezone.utc)
    vendor.soft_delete(deleted, now)
    vendor.complete_todo(with_todo, now)
    added = vendor.add_session(now)
    second = sync(sandbox, first.state, start_date=day(170))
    assert {deleted["_id"], with_todo["_id"], added["_id"]} <= ids(second)
    assert len(ids(second)) <= 5
    sent = {record["_id"]: record for record in second.records("coaching_sessions")}
    assert sent[deleted["_id"]]["isDeleted"] is True
    assert sent[with_todo["_id"]]["todos"][0]["completedAt"]
    # The session's own updatedAt has not moved; the newest version of each is found all the same.
    before = {record["_id"]: record for record in first.records("coaching_sessions")}[with_todo["_id"]]
    assert sent[with_todo["_id"]]["updatedAt"] == before["updatedAt"]
    assert sent[with_todo["_id"]]["_changed_at"] > before["_changed_at"]


@pytest.mark.parametrize("shows_clock", [True, False])
@pytest.mark.parametrize("hours", [-2, 2])
def test_the_vendors_clock_is_another(hours: int, shows_clock: bool, sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    vendor.clock_offset, vendor.shows_clock = timedelta(hours=hours), shows_clock
    early, slip, *_, late = only_the_newest(vendor, 9)
    for session in vendor.sessions.values():
        created = session["createdAt"] - timedelta(hours=3)
        session.update(createdAt=created, updatedAt=created, todos=[], coachingPoints=[], activityLog=[])
    slip["todos"] = [{"completedAt": datetime(2222, 1, 1, tzinfo=timezone.utc)}]
    vendor.soft_delete(late, vendor.now)
    first = sync(sandbox)
    vendor.soft_delete(early, vendor.now)
    second = sync(sandbox, first.state)
    assert early["_id"] in ids(second)
    vendor.soft_delete(late, vendor.now)
    assert late["_id"] in ids(sync(sandbox, second.state))
    for result in (first, second):
        assert result.state
        bookmark = result.state["bookmarks"]["coaching_sessions"]["replication_key_value"]
        assert bookmark < datetime.now(timezone.utc).isoformat()


def test_a_bookmark_never_moves_back(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    *_, last = only_the_newest(vendor, 9)
    vendor.soft_delete(last, vendor.now)
    first = sync(sandbox)
    del vendor.sessions[last["_id"]]
    second = sync(sandbox, first.state)
    before, after = (result.state["bookmarks"]["coaching_sessions"] for result in (first, second) if result.state)
    assert before["replication_key_value"] == after["replication_key_value"]
    assert after["replication_key_value"] > day(1)


def test_what_changes_while_the_run_goes_on_is_found(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    first_window, *_ = only_the_newest(vendor, 60)

    def meanwhile(answer: Any) -> Any:
        vendor.soft_delete(first_window, vendor.now)
        return answer

    vendor.fail(meanwhile, at=2)
    first = sync(sandbox)
    assert not any(
        record["isDeleted"] for record in first.records("coaching_sessions") if record["_id"] == first_window["_id"]
    )
    second = sync(sandbox, first.state)
    assert [
        record["isDeleted"] for record in second.records("coaching_sessions") if record["_id"] == first_window["_id"]
    ] == [True]


def test_meeting_dates_are_looked_for_ahead(sandbox: Sandbox) -> None:
    soon = sandbox.maestroqa.add_session(datetime.now(timezone.utc))
    soon["meetingDate"] = datetime.now(timezone.utc) + timedelta(days=300)
    undated = sandbox.maestroqa.add_session(datetime.now(timezone.utc) - timedelta(hours=1))
    undated["meetingDate"] = None
    result = sync(sandbox, time_axis="meetingDate", window_days=89)
    assert soon["_id"] in ids(result)
    assert undated["_id"] not in ids(result)
    assert "without a meeting date" in result.log


def test_lookback_reads_all_once_then_little(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    first = sync(sandbox, lookback_days=5)
    assert created_since(vendor, day(50)) <= ids(first)
    vendor.seen.clear()
    second = sync(sandbox, first.state, lookback_days=5)
    assert len(vendor.seen) == 1
    # Moved back, start_date names days that no run has read: they are read, and then again only with lookback.
    third = sync(sandbox, second.state, lookback_days=5, start_date=day(80))
    assert created_since(vendor, day(80)) <= ids(first) | ids(third)
    vendor.seen.clear()
    fourth = sync(sandbox, third.state, lookback_days=5, start_date=day(80))
    assert len(vendor.seen) == 1
    # What has changed unseen comes once lookback is over.
    old = min(
        vendor.sessions.values(), key=lambda session: (str(session["createdAt"]) < day(80), str(session["createdAt"]))
    )
    vendor.soft_delete(old, vendor.now - timedelta(hours=1))
    vendor.soft_delete(max(vendor.sessions.values(), key=lambda session: str(session["createdAt"])), vendor.now)
    fifth = sync(sandbox, fourth.state, lookback_days=5, start_date=day(80))
    assert old["_id"] not in ids(fifth)
    assert old["_id"] in ids(sync(sandbox, fifth.state, start_date=day(80)))


def test_lookback_needs_a_first_run_that_was_complete(sandbox: Sandbox) -> None:
    config = {**MAESTROQA.config(sandbox), "lookback_days": 1}
    killed = run(TAP, config, kill=lambda message: message["record"]["createdAt"] > day(15))
    assert killed.killed
    assert killed.state
    second = sync(sandbox, killed.state, lookback_days=1)
    assert created_since(sandbox.maestroqa, day(50)) <= ids(killed) | ids(second)


def test_lookback_of_an_end_in_the_past(sandbox: Sandbox) -> None:
    first = sync(sandbox, end_date=day(20), lookback_days=2)
    second = sync(sandbox, first.state, end_date=day(20), lookback_days=2)
    assert "Windows to read: 1 " in second.log


def test_start_date_moved_back_brings_the_older_ones(sandbox: Sandbox) -> None:
    first = sync(sandbox, start_date=day(20))
    second = sync(sandbox, first.state, start_date=day(50))
    assert created_since(sandbox.maestroqa, day(50)) <= ids(first) | ids(second)


def test_end_date_moved_on_brings_the_newer_ones(sandbox: Sandbox) -> None:
    first = sync(sandbox, end_date=day(20))
    second = sync(sandbox, first.state)
    assert created_since(sandbox.maestroqa, day(50)) <= ids(first) | ids(second)


@pytest.mark.parametrize("end_day", ["inclusive", "exclusive"])
@pytest.mark.parametrize("utc_offset", [-12, 14])
def test_the_end_date_is_a_whole_day(end_day: Any, utc_offset: int, sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    vendor.end_day, vendor.utc_offset = end_day, utc_offset
    midnight = datetime.fromisoformat(f"{day(20)}T00:00:00+00:00")
    hours = [vendor.add_session(midnight + timedelta(hours=hour, minutes=59)) for hour in range(24)]
    assert {session["_id"] for session in hours} <= ids(sync(sandbox, end_date=day(20)))


@pytest.mark.parametrize("start", ["0001-01-01", "1999-12-31"])
def test_a_start_before_the_vendor(start: str, sandbox: Sandbox) -> None:
    result = sync(sandbox, start_date=start, window_days=89)
    assert "reading begins at 2000-01-01" in result.log
    assert len(sandbox.maestroqa.seen) < 130
    assert set(sandbox.maestroqa.sessions) == ids(result)


@pytest.mark.parametrize("end", ["9999-12-31", "9999-12-31T23:59:59.5Z", "0001-01-01"])
def test_an_end_at_the_calendars_edge(end: str, sandbox: Sandbox) -> None:
    result = sync(sandbox, end_date=end, start_date="0001-01-01" if end < "1" else day(50), lookback_days=36500)
    assert ("0001" in end) or created_since(sandbox.maestroqa, day(50)) <= ids(result)
    assert "to read: 0" not in result.log


def test_dates_at_the_calendars_edge(sandbox: Sandbox) -> None:
    first, last = only_the_newest(sandbox.maestroqa, 2)
    first.update(createdAt=first["createdAt"], updatedAt=datetime.min.replace(tzinfo=timezone.utc), meetingDate=None)
    last.update(updatedAt=datetime.max.replace(tzinfo=timezone.utc))
    result = sync(sandbox)
    assert ids(result) == {first["_id"], last["_id"]}
    sent = {record["_id"]: record for record in result.records("coaching_sessions")}
    assert sent[first["_id"]]["updatedAt"] == "0001-01-01T00:00:00.000000Z"
    assert sent[last["_id"]]["updatedAt"].startswith("9999-12-31T23:59:59.999")
    assert sent[last["_id"]]["_changed_at"] < day(-1)
    assert ids(sync(sandbox, result.state)) >= {last["_id"]}


@pytest.mark.parametrize("text", ["second", "minute"])
def test_told_to_wait(text: str, sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(faults.status(429, {"error": f"Too many requests in the past {text}."}))
    result = sync(sandbox, start_date=day(9))
    assert len(sandbox.maestroqa.seen) == 2
    assert result.waits[0] > 60 if text == "minute" else 1 < result.waits[0] < 9
    assert f"past {text}" in result.log


def test_an_expired_token_says_so(sandbox: Sandbox) -> None:
    config = MAESTROQA.config(sandbox)
    sandbox.maestroqa.token = "another"
    result = run(TAP, config)
    assert result.exit_code == 1
    assert len(sandbox.maestroqa.seen) == 1
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    assert "expired" in line
    assert "api_token" in line


def test_a_pasted_token_is_stripped(sandbox: Sandbox) -> None:
    assert ids(sync(sandbox, api_token=f"  {sandbox.maestroqa.token}\n"))


@pytest.mark.parametrize("token", ["two\nlines-0123456789", "an — dash-0123456789"])
def test_a_token_that_no_header_can_hold(token: str, sandbox: Sandbox) -> None:
    line = failed(sandbox, api_token=token)
    assert "api_token" in line
    assert "0123456789" not in line


def test_what_the_vendor_echoes_is_masked(sandbox: Sandbox) -> None:
    token = sandbox.maestroqa.token
    sandbox.maestroqa.fail(faults.instead({"error": f"No account for {token}"}), times=99)
    line = failed(sandbox)
    assert "No account for ***" in line
    assert token not in line


def body(content: bytes) -> faults.ResponseFault:
    return lambda _: Response(content, media_type="application/json")


ONE = b'[{"_id":"1","updatedAt":"2026-01-01T00:00:00Z","coachNotes":%s}]'


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf" + ONE % b'"x"', b" \n" + ONE % b'"x"'])
def test_what_may_stand_before_a_list(content: bytes, sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(body(content))
    assert "1" in ids(sync(sandbox))


@pytest.mark.parametrize("answer", [Response(status_code=204), Response(b"[]"), Response(b"null")])
def test_an_empty_window(answer: Response, sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(lambda _: answer, times=99)
    assert not ids(sync(sandbox))


def test_a_null_is_taken_for_nothing_only_twice(sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(faults.instead(None))
    assert created_since(sandbox.maestroqa, day(50)) <= ids(sync(sandbox))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (ONE % b"NaN", "NaN"),
        (ONE % b"-Infinity", "Infinity"),
        (ONE % b'"\xff"', "UTF-8"),
        (ONE % (b"1" * 5000), "digits"),
        (ONE % b'"x"' + b" more", "no JSON"),
        (b'[{"_id":"1","coachNotes":"a secret', "breaks off"),
        (b"", "nothing"),
        (b"<html>a secret</html>", "a web page"),
        (b"[5]", "no object"),
        (b'[{"coachNotes":"a secret"}]', "_id"),
        (b'{"sessions":"a secret"}', "no list"),
    ],
)
def test_what_is_no_list_of_sessions_is_named(content: bytes, name: str, sandbox: Sandbox) -> None:
    sandbox.maestroqa.fail(body(content), times=99)
    line = failed(sandbox)
    assert name in line
    assert "secret" not in line


def test_what_no_database_stores_is_repaired(sandbox: Sandbox) -> None:
    notes = rb'"a\u0000b \ud83d c \ud83d\ude00 d"'
    sandbox.maestroqa.fail(body(b'[{"_id":"1","coachNotes":%s,"agentNotes":"x","n":%s}]' % (notes, b"9" * 40)))
    result = sync(sandbox)
    (record,) = [record for record in result.records("coaching_sessions") if record["_id"] == "1"]
    assert record["coachNotes"] == "a\ufffdb \ufffd c \U0001f600 d"
    assert record["_extra"] == {"n": "9" * 40}
    assert "2 characters that no database stores" in result.log


def test_a_bookmark_alone_is_a_state(sandbox: Sandbox) -> None:
    state = {"replication_key": "updatedAt", "replication_key_value": f"{day(20)}T00:00:00Z"}
    result = sync(sandbox, {"bookmarks": {"coaching_sessions": state}})
    assert created_since(sandbox.maestroqa, day(20)) <= ids(result) < set(sandbox.maestroqa.sessions)
    assert result.state
    assert result.state["bookmarks"]["coaching_sessions"]["scanned"]["read_from"] <= day(50)


def test_an_id_twice_in_a_window(sandbox: Sandbox) -> None:
    versions = [f'{{"_id":"1","updatedAt":"2026-01-0{day_}T00:00:00Z","coachNotes":"{day_}"}}' for day_ in (1, 3, 2)]
    sandbox.maestroqa.fail(body(f"[{','.join(versions)}]".encode()))
    *_, last = [record for record in sync(sandbox).records("coaching_sessions") if record["_id"] == "1"]
    assert last["coachNotes"] == "3"


def test_a_full_disk_is_one_line(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.maestroqa.fail(body(ONE % (b'"%s"' % (b"x" * 3_000_000))), times=99)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(MAESTROQA.config(sandbox)))

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    result = subprocess.run(
        [BIN / TAP, "--config", config], capture_output=True, text=True, check=False, preexec_fn=small_files
    )
    assert result.returncode == 1
    *_, line = result.stderr.splitlines()
    assert "temporary file" in line
    assert "Traceback" not in result.stderr


def test_a_huge_window_in_little_memory(sandbox: Sandbox) -> None:
    vendor = sandbox.maestroqa
    (model,) = only_the_newest(vendor, 1)
    note = "A long note. " * 1500
    for number in range(4_000):
        vendor.sessions[f"big{number}"] = {**model, "_id": f"big{number}", "coachNotes": note}
    result = sync(sandbox, window_days=89)
    assert len(result.output) > 80_000_000
    assert {f"big{number}" for number in range(4_000)} <= ids(result)
    assert 20 < result.peak_mb < 150


@pytest.mark.parametrize("scanned", [5, [], "x", {"time_axis": "createdAt", "start": "soon", "end": "later"}])
def test_a_state_of_another_shape_is_one_line(scanned: Any, sandbox: Sandbox) -> None:
    bookmark = {"replication_key": "updatedAt", "replication_key_value": "2026-01-01T00:00:00Z", "scanned": scanned}
    assert "`scanned`" in failed(sandbox, {"bookmarks": {"coaching_sessions": bookmark}})
    assert not sandbox.maestroqa.seen


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"lookback_days": 1_000_000}, "lookback_days"),
        ({"window_days": 90}, "window_days"),
        ({"request_timeout": 10**11}, "request_timeout"),
        ({"user_agent": "a — b"}, "user_agent"),
        ({"user_agent": "a\nb"}, "user_agent"),
        ({"api_url": "https://host:port"}, "api_url"),
        ({"api_url": "https://[x"}, "api_url"),
        ({"api_url": "https://user:hidden@host"}, "api_url"),
        ({"start_date": ""}, "start_date"),
    ],
)
def test_settings_that_raised(change: Any, name: str, sandbox: Sandbox) -> None:
    line = failed(sandbox, **change)
    assert name in line
    assert "hidden" not in line
    assert not sandbox.maestroqa.seen
