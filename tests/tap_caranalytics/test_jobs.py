"""Reports that fail, links that expire, answers that get lost, limits: and what the user is told."""

from datetime import timedelta

import pytest
from sandbox.server import Sandbox
from sandbox.vendor import Limit, Seen
from tap_caranalytics.jobs import outcome

from sandbox import faults
from tests.contract.contract import day
from tests.singer import run
from tests.tap_caranalytics.reports import TAP, bare, catalog, counted, of_day, settings, sync, written


def error(log: str) -> str:
    (line,) = [line for line in log.splitlines() if line.startswith("Error:")]
    return line


@pytest.mark.parametrize(
    ("state", "detail", "link", "done"),
    [
        ("RUNNING", "", False, None),
        ("RUNNING", None, True, None),
        (None, None, True, None),
        ("SCHEDULED", None, False, None),
        ("CLOSED", "COMPLETED", True, True),
        ("closed", "Completed", False, True),
        ("CLOSED", "FAILED", True, False),
        ("CLOSED", "TIMED_OUT", False, False),
        ("CLOSED", "CONTINUED_AS_NEW", True, False),
        ("CLOSED", None, True, True),
        ("CLOSED", "", False, False),
        ("COMPLETED", None, False, True),
        ("FAILED", None, True, False),
    ],
)
def test_states(state: str | None, detail: str | None, link: bool, done: bool | None) -> None:
    assert outcome({"runnerState": state, "detail": detail}, has_link=link) is done
    assert outcome({"runnerState": state, "details": detail}, has_link=link) is done


def test_a_failed_report_is_run_again_then_halved(sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.reason = "Out of memory"
    vendor.failing = lambda job: job.attempt == 1 or job.span > timedelta(hours=6)
    row = vendor.reports.recent("response", vendor.world.now - timedelta(days=1))[0]
    vendor.reports.twin("response", row)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(0))
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    assert len({record["_row_key"] for record in result.records("response")}) == len(result.records("response"))
    assert len({record["_extracted_at"] for record in result.records("response")}) == 1
    assert "Out of memory" in result.log
    assert vendor.most_in_flight <= 4
    vendor.failing = lambda _: False
    again = sync(sandbox, "response", start_date=day(1), end_date=day(0))
    assert {r["_row_key"] for r in again.records("response")} == {r["_row_key"] for r in result.records("response")}


def test_a_report_that_always_fails_says_why(sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.reason, vendor.failing = "Out of memory", lambda _: True
    for stream, least, most in (("response", 14, 17), ("team_performance", 2, 2), ("conversation_open", 2, 2)):
        vendor.jobs.clear()
        result = sync(sandbox, stream, start_date=day(1), end_date=day(0), failing=True)
        assert least <= len(vendor.jobs) <= most
        assert "Out of memory" in error(result.log)
        assert "Traceback" not in result.log


def test_halves_of_buckets_are_whole_buckets(sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.failing = lambda job: job.span > timedelta(hours=5)
    result = sync(sandbox, "team_performance_interval", start_date=day(1), end_date=day(0))
    expected = written(sandbox, "team_performance_interval", 1, timeInterval="3600000")
    assert counted(bare(result.records("team_performance_interval"))) == counted(expected)


@pytest.mark.parametrize("at_once", [1, 3])
def test_reports_under_way_at_once(at_once: int, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.job_polls = 5
    result = sync(sandbox, "response", start_date=day(8), max_concurrent_reports=at_once)
    assert vendor.most_in_flight == at_once
    starts = [record["_window_start"] for record in result.records("response")]
    assert starts == sorted(starts)


def test_a_report_that_never_ends(sandbox: Sandbox) -> None:
    sandbox.caranalytics.job_seconds = 3600
    result = sync(sandbox, "response", start_date=day(0), report_timeout=0.02, failing=True)
    assert "report_timeout" in error(result.log)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_link_that_has_expired(status: int, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.downloads.fail(faults.status(status, "<Error>expired</Error>"))
    result = sync(sandbox, "response", start_date=day(1), end_date=day(0))
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    assert len(vendor.jobs) == 1
    vendor.downloads.fail(faults.status(status, "<Error>expired</Error>"), times=2)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(0))
    assert len(vendor.jobs) == 3
    vendor.downloads.fail(faults.status(status, "<Error>expired</Error>"), times=99)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(0), failing=True)
    assert str(status) in error(result.log)
    assert "X-Amz" not in result.log


@pytest.mark.parametrize(
    "spoil",
    [faults.drop(), faults.cut(), faults.truncate(), faults.html(), faults.empty(), faults.status(500)],
    ids=["dropped", "cut", "cut JSON", "page", "empty", "500"],
)
def test_a_download_that_gets_lost(spoil: faults.Spoil, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.downloads.fail(spoil)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(0))
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    assert len(vendor.jobs) == 1


def test_a_report_that_is_forgotten_is_run_again(sandbox: Sandbox) -> None:
    def is_status(seen: Seen) -> bool:
        return seen.path.endswith("/status")

    vendor = sandbox.caranalytics
    vendor.fail(faults.status(404, {"status": "FAIL", "message": "No such run", "result": None}), where=is_status)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(0))
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    assert len(vendor.jobs) == 2


@pytest.mark.parametrize("errors", ["result", "message", "bare"])
@pytest.mark.parametrize("change", ["password", "company_key", "report_metrics"])
def test_refusals_are_fatal_at_once(change: str, errors: str, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.errors = errors  # type: ignore[assignment]
    wrong = {"report_metrics": {"response": ["bogus_metric"]}}.get(change, "n0t-right+/=")
    result = sync(sandbox, "response", failing=True, **{change: wrong})
    assert len(vendor.seen) == 1
    said = {"password": "Bad credentials", "company_key": "Not authorised"}.get(change, "Unknown metric bogus_metric")
    assert (said if errors != "bare" or change != "report_metrics" else "report_metrics") in error(result.log)
    assert "n0t-right" not in result.log
    assert "Traceback" not in result.log


@pytest.mark.real_clock
@pytest.mark.parametrize("status", [200, 403, 429])
def test_told_off_is_waited_out(status: int, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.limits, vendor.over_limit_status = (Limit(2, 3),), status
    result = sync(sandbox, "response", start_date=day(1), end_date=day(0))
    assert vendor.told_off
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))


@pytest.mark.real_clock
@pytest.mark.slow
def test_the_limit_is_kept_by_default(sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    config = settings(sandbox, start_date=day(5))
    del config["requests_per_minute"], config["poll_interval"]
    result = run(TAP, config, catalog=catalog("response", "teams"))
    assert result.exit_code == 0, result.log
    assert len(vendor.seen) > 20
    assert vendor.told_off == 0
    assert len(of_day(result.records("response"), 1)) == len(written(sandbox, "response", 1))
