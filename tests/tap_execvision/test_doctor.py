"""The doctor names the reading that the vendor follows, or says why it does not show."""

from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
from sandbox.server import Sandbox
from tap_execvision.rate_limits import EASTERN

from sandbox import faults
from tests.contract.contract import day
from tests.contract.execvision import EXECVISION
from tests.contract.test_doctor import examine, line
from tests.singer import Run

SECONDS = {
    "minute": "its seconds are ignored",
    "second": "its seconds count, their fraction does not",
    "microsecond": "its seconds and their fraction count",
}


def report(sandbox: Sandbox, **changes: Any) -> Run:
    result = examine(EXECVISION, sandbox, **changes)
    assert result.exit_code == 0, result.log
    assert len(sandbox.execvision.seen) <= 45
    return result


@pytest.mark.parametrize("inclusive", ["inclusive", "exclusive"])
@pytest.mark.parametrize("counts", ["minute", "second", "microsecond"])
@pytest.mark.parametrize("order", ["oldest_first", "newest_first", "by_id"])
def test_since(
    inclusive: Literal["inclusive", "exclusive"],
    counts: Literal["minute", "second", "microsecond"],
    order: Literal["oldest_first", "newest_first", "by_id"],
    sandbox: Sandbox,
) -> None:
    vendor = sandbox.execvision
    vendor.since_is, vendor.since_counts_to, vendor.order = inclusive, counts, order
    result = report(sandbox)
    assert line(result, "since").startswith(f"reading {inclusive}, {SECONDS[counts]} (seen in ")
    assert line(result, "zone of since") == "reading as given"
    assert line(result, "order").startswith(f"reading {order.replace('_', ' ')} (call_topics")


@pytest.mark.parametrize("inclusive", ["inclusive", "exclusive"])
def test_zone_of_since(inclusive: Literal["inclusive", "exclusive"], sandbox: Sandbox) -> None:
    sandbox.execvision.since_zone, sandbox.execvision.since_is = "new_york", inclusive
    result = report(sandbox)
    assert line(result, "zone of since") == "reading read as New York's time, whatever zone is given"
    assert line(result, "since").startswith(f"reading {inclusive}, ")


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("looked_up", "honoured: looked up"),
        ("compared_by_minute", "honoured: compared together with since"),
        ("compared", "no effect seen"),
    ],
)
def test_last_id(way: Literal["looked_up", "compared", "compared_by_minute"], told: str, sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    vendor.last_id, vendor.repeats_last, vendor.calls_tell_modified = way, "never", True
    assert f"{told} (call_topics, calls" in line(report(sandbox), "last_id")


def test_last_id_that_comes_again(sandbox: Sandbox) -> None:
    sandbox.execvision.repeats_last = "always"
    told = line(report(sandbox), "last_id")
    assert "honoured: looked up, and its own row comes again (call_topics, calls" in told


def test_last_id_that_nothing_follows(sandbox: Sandbox) -> None:
    sandbox.execvision.fail(faults.instead([]), times=10**6, where=lambda seen: "last_id" in seen.query)
    assert "not known: no other row of the page comes (call_topics, calls" in line(report(sandbox), "last_id")


@pytest.mark.parametrize("zone", ["as_given", "new_york"])
def test_since_where_a_page_is_full(zone: Literal["as_given", "new_york"], sandbox: Sandbox) -> None:
    sandbox.execvision.since_zone = zone
    result = report(sandbox, start_date=day(200))
    assert line(result, "since").startswith("reading inclusive, its seconds are ignored (seen in ")
    assert ("as given" in line(result, "zone of since")) == (zone == "as_given")


def test_since_across_a_change_of_new_york_s_clocks(sandbox: Sandbox) -> None:
    def offset(days_ago: int) -> timedelta | None:
        return datetime.fromisoformat(day(days_ago)).replace(tzinfo=EASTERN).utcoffset()

    # Two changes a year: one lies in the history, and enough rows on both sides of it.
    change = next(days for days in range(10, 250) if offset(days) != offset(days + 1))
    vendor = sandbox.execvision
    vendor.since_zone, vendor.since_is = "new_york", "exclusive"
    result = report(sandbox, start_date=day(change + 3))
    assert line(result, "zone of since") == "reading read as New York's time, whatever zone is given"
    assert line(result, "since").startswith("reading exclusive, ")


def test_last_id_compared_to_the_second(sandbox: Sandbox) -> None:
    vendor = sandbox.execvision
    vendor.last_id, vendor.since_counts_to, vendor.repeats_last = "compared", "microsecond", "never"
    told = line(report(sandbox), "last_id")
    assert "honoured: compared together with since (call_topics" in told
    # The page documents no time of theirs.
    assert "not known whether compared: no row shows when it was modified (calls)" in told


def test_an_account_without_rows(sandbox: Sandbox) -> None:
    lists = ("/users", "/teams", "/departments", "/topics")
    sandbox.execvision.fail(faults.instead([]), times=10**6, where=lambda seen: not seen.path.endswith(lists))
    result = report(sandbox, start_date=day(1))
    for subject in ("since", "zone of since", "order"):
        assert line(result, subject).startswith("reading not known: no ")
    assert line(result, "last_id") == "reading not known: too few rows (call_topics, calls, deleted_calls)"


def test_transcripts_that_the_account_may_not_read(sandbox: Sandbox) -> None:
    assert line(report(sandbox, fetch_transcripts=True), "transcripts") == "ok readable, rows: 1"
    sandbox.execvision.seen.clear()
    sandbox.execvision.transcripts_open = False
    result = report(sandbox, fetch_transcripts=True)
    assert line(result, "transcripts").startswith("note may not be read (HTTP 403): ")


def test_details_that_the_account_may_not_read(sandbox: Sandbox) -> None:
    fault = faults.status(403)
    sandbox.execvision.fail(fault, times=10**6, where=lambda seen: "/scorecard/" in seen.path)
    result = examine(EXECVISION, sandbox, start_date=day(60))
    # Five that are refused, and none that is not, end a run.
    assert line(result, "scorecard_questions").startswith("FAIL may not be read (HTTP 403): ")
    assert result.exit_code == 1
