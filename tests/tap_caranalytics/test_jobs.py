"""Reports that fail, links that expire, answers that get lost, limits: and what the user is told."""

import json
import re
import resource
import subprocess
from base64 import b64encode
from datetime import timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import pytest
from sandbox.server import Sandbox
from sandbox.vendor import Limit, Seen
from tap_caranalytics.jobs import outcome

from sandbox import faults
from tests.contract.contract import day
from tests.fork_server import FAST_CLOCK
from tests.singer import BIN, run
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
        ("CLOSED", "COMPLETED_WITH_ERRORS", True, False),
        ("COMPLETED_WITH_ERRORS", None, True, False),
        ("COMPLETED", "COMPLETED_WITH_ERRORS", True, False),
        ("COMPLETED", "24 rows", True, True),
        ("COMPLETED", "FAILED", True, False),
        ("ERROR", None, False, False),
        ("Aborted", "", True, False),
        ("CLOSED", "ERROR", True, False),
        (None, "ABORTED", False, False),
        ("RUNNING", "24 rows", False, None),
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
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    assert len({record["_row_key"] for record in result.records("response")}) == len(result.records("response"))
    assert len({record["_extracted_at"] for record in result.records("response")}) == 1
    assert "Out of memory" in result.log
    assert vendor.most_in_flight <= 4
    vendor.failing = lambda _: False
    again = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert {r["_row_key"] for r in again.records("response")} == {r["_row_key"] for r in result.records("response")}


def test_a_report_that_always_fails_says_why(sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.reason, vendor.failing = "Out of memory", lambda _: True
    for stream, least, most in (
        ("response", 14, 17), ("author", 2, 2), ("raw_agent_states", 2, 2), ("team_performance", 2, 2),
        ("team_performance_interval", 10, 14), ("conversation_open", 2, 2),
    ):  # fmt: skip
        vendor.jobs.clear()
        result = sync(sandbox, stream, start_date=day(1), end_date=day(1), failing=True)
        assert least <= len(vendor.jobs) <= most
        assert "Out of memory" in error(result.log)
        assert re.search(rf"A report \({day(1)}[ \d:]* to [-\d]+[ \d:]*\) failed 2 times", error(result.log))
        assert not result.records(stream)
        assert "Traceback" not in result.log


def test_halves_of_buckets_are_whole_buckets(sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.failing = lambda job: job.span > timedelta(hours=5)
    result = sync(sandbox, "team_performance_interval", start_date=day(1), end_date=day(1))
    expected = written(sandbox, "team_performance_interval", 1, timeInterval="3600000")
    assert counted(bare(result.records("team_performance_interval"))) == counted(expected)


@pytest.mark.parametrize("status", [409, 200, 429])
def test_a_vendor_that_takes_fewer_reports_at_once(status: int, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.jobs_most, vendor.full_status = 2, status
    result = sync(sandbox, "response", start_date=day(8), end_date=day(1))
    assert vendor.most_in_flight == 2
    asked = [seen.status for seen in vendor.seen if "startTime" in seen.query]
    # A quota that is spent says 429, too: it is tried once more before it is taken for "full".
    retried = status == HTTPStatus.TOO_MANY_REQUESTS
    assert len(asked) == 9 + retried
    assert asked.count(status) == (9 if status == HTTPStatus.OK else 1 + retried)
    assert result.log.count("takes no more than 2 reports at once") == 1
    assert len({record["_window_start"] for record in result.records("response")}) == 8


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
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    assert len(vendor.jobs) == 1
    vendor.downloads.fail(faults.status(status, "<Error>expired</Error>"), times=2)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert len(vendor.jobs) == 3
    vendor.downloads.fail(faults.status(status, "<Error>expired</Error>"), times=99)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1), failing=True)
    assert str(status) in error(result.log)
    assert "X-Amz" not in result.log


@pytest.mark.parametrize(
    "spoil",
    [faults.drop(), faults.cut(), faults.truncate(), faults.html(), faults.empty(), faults.status(500)],
    ids=["dropped", "cut", "cut JSON", "page", "empty", "500"],
)
def test_a_download_that_gets_lost(spoil: faults.ResponseFault, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.downloads.fail(spoil)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    assert len(vendor.jobs) == 1


@pytest.mark.parametrize("status", [200, 404])
def test_a_report_that_is_forgotten_is_run_again(status: int, sandbox: Sandbox) -> None:
    def is_status(seen: Seen) -> bool:
        return seen.path.endswith("/status")

    vendor = sandbox.caranalytics
    forgotten = faults.status(status, {"status": "FAIL", "message": "No such run", "result": None})
    vendor.fail(forgotten, where=is_status)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    assert len(vendor.jobs) == 2
    vendor.fail(forgotten, where=is_status, times=99)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1), failing=True)
    assert "was lost 2 times" in error(result.log)
    assert "No such run" in error(result.log)
    assert len(vendor.jobs) == 4


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("download", ["redirect", "link"])
def test_a_store_is_asked_as_it_says_and_shown_nothing(download: Any, host: str, sandbox: Sandbox) -> None:
    """Also where its path looks like the API's, and where only its port is another."""
    vendor = sandbox.caranalytics
    vendor.download, vendor.downloads.folder = download, "api/public/reports/report"
    vendor.downloads.url = vendor.downloads.url.replace("localhost", host)
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    assert vendor.downloads.seen
    assert not vendor.downloads.leaks


NO_URLS = ("https://[x/y", "https://store.example:port/x", f"https://{'x' * 70}.example/", "//", "5")


@pytest.mark.parametrize("url", NO_URLS)
@pytest.mark.parametrize("where", ["statusUrl", "downloadUrl", "Location"])
def test_an_address_that_is_none_is_not_asked(where: str, url: str, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics

    def change(body: bytes) -> bytes:
        return re.sub(rf'("{where}": )"[^"]+"'.encode(), rf'\1"{url}"'.encode(), body)

    if where == "Location":
        redirect = faults.status(302, "", {"Location": url})
        vendor.fail(redirect, where=lambda seen: seen.path.endswith("/download"), times=99)
        result = sync(sandbox, "response", start_date=day(1), end_date=day(1), failing=True)
        assert error(result.log)
        assert "defect" not in result.log
    else:
        vendor.fail(faults.rewrite(change), times=99)
        result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
        assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))
    assert "Traceback" not in result.log


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ('{"columns": ["Agent"], "rows": [["jane@example.com"]]}', "rows that are not objects"),
        ('[{"Agent": "jane@example.com", "score": NaN}]', "NaN, which is not a number in JSON"),
        ('{"result": [{"Agent": "jane@example.com", "n": ' + "7" * 5000 + "}]}", "a number of thousands of digits"),
        ("Agent,Score\njane@example.com,5\n", "text, though JSON was asked for"),
        ('[{"Agent": "jane@example.com"}] and more', "no JSON"),
    ],
    ids=["table", "NaN", "digits", "CSV", "garbage"],
)
def test_what_is_no_report_is_named_in_one_line(body: str, what: str, sandbox: Sandbox) -> None:
    sandbox.caranalytics.downloads.fail(faults.rewrite(lambda _: body.encode()), times=99)
    config = settings(sandbox, start_date=day(1), end_date=day(1))
    sandbox.caranalytics.lift_limits()
    result = run(TAP, config, catalog=catalog("response"), environment=FAST_CLOCK)
    assert result.exit_code == 1
    assert what in error(result.log)
    assert "jane" not in result.output
    assert not result.records("response")


@pytest.mark.parametrize("where", ["error", "report", "reason"])
def test_secrets_that_the_vendor_repeats_are_masked(where: str, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    basic = b64encode(f"{vendor.username}:{vendor.password}".encode()).decode()
    text = f"No access for {vendor.password} / {quote(vendor.company_key)} / {basic}"
    body = {"status": "FAIL", "message": text, "result": None}
    if where == "error":
        vendor.fail(faults.status(401, body), times=99)
    elif where == "report":
        vendor.downloads.fail(faults.instead(body), times=99)
    else:
        vendor.reason, vendor.failing = text, lambda _: True
    result = sync(sandbox, "team_performance", start_date=day(1), end_date=day(1), failing=True)
    assert "No access for ***" in error(result.log)
    assert not any(secret in result.log for secret in (vendor.password, vendor.company_key, basic))


def test_a_full_disk_is_one_line(sandbox: Sandbox) -> None:
    """The largest file that the process may write is a small one; as with a full disk, the next byte is an error."""
    vendor = sandbox.caranalytics
    vendor.lift_limits()
    vendor.reports.bulk = 2000
    with TemporaryDirectory() as name:
        for option, value in (("config", settings(sandbox, start_date=day(1))), ("catalog", catalog("response"))):
            (Path(name) / option).write_text(json.dumps(value))
        command = [str(BIN / TAP), "--config", "config", "--catalog", "catalog"]
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (100_000, 100_000))
        found = subprocess.run(command, cwd=name, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "temporary file could not be written" in error(found.stderr)
    assert "Traceback" not in found.stderr


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
    result = sync(sandbox, "response", start_date=day(1), end_date=day(1))
    assert vendor.rate_limited
    assert counted(bare(result.records("response"))) == counted(written(sandbox, "response", 1))


@pytest.mark.real_clock
@pytest.mark.slow
def test_the_limit_is_kept_by_default(sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    # A tenth of the minute, and a clock ten times as fast.
    vendor.limits = (Limit(20, 6),)
    config = settings(sandbox, start_date=day(5))
    del config["requests_per_minute"], config["poll_interval"]
    result = run(TAP, config, catalog=catalog("response", "teams"), environment={"FAST_CLOCK": "10"})
    assert result.exit_code == 0, result.log
    assert len(vendor.seen) > 20
    assert vendor.rate_limited == 0
    assert len(of_day(result.records("response"), 1)) == len(written(sandbox, "response", 1))
