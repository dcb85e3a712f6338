"""The doctor names the reading that the vendor follows, or says why it does not show."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import pytest

from sandbox import faults
from tests.contract.test_doctor import line, lines
from tests.singer import Run, run
from tests.tap_caranalytics.reports import TAP, catalog, midnight, settings

if TYPE_CHECKING:
    from sandbox.server import Sandbox


def report(sandbox: Sandbox, *streams: str, **changes: Any) -> Run:
    sandbox.caranalytics.lift_limits()
    result = run(TAP, settings(sandbox, **changes), "--doctor", catalog=catalog(*streams))
    assert result.exit_code == 0, result.log
    return result


@pytest.mark.parametrize("keys", ["ids", "labels"])
@pytest.mark.parametrize("layout", ["array", "result", "data", "rows"])
def test_columns_and_envelope(
    keys: Literal["ids", "labels"], layout: Literal["array", "result", "data", "rows"], sandbox: Sandbox
) -> None:
    style = sandbox.caranalytics.style
    style.keys, style.layout = keys, layout
    result = report(sandbox, "response", "team_performance")
    told = "a bare list" if layout == "array" else f"in an envelope, as {layout}"
    assert line(result, "report") == f"reading {told} (response, team_performance)"
    assert line(result, "columns") == f"reading {keys} (response, team_performance)"
    assert "columns beside the documented ones: " in line(result, "team_performance")
    assert "columns beside" not in line(result, "response")


@pytest.mark.parametrize(
    ("way", "told"),
    [
        ("redirect", "redirected to another host"),
        ("link", "linked to another host"),
        ("direct", "served by the API"),
    ],
)
def test_download(way: Literal["redirect", "link", "direct"], told: str, sandbox: Sandbox) -> None:
    sandbox.caranalytics.download = way
    assert line(report(sandbox, "incoming_post"), "download") == f"reading {told} (incoming_post)"
    assert not sandbox.caranalytics.downloads.leaks


@pytest.mark.parametrize("included", [True, False])
@pytest.mark.parametrize("dates", ["iso", "millis"])
def test_end(included: bool, dates: Literal["iso", "millis"], sandbox: Sandbox) -> None:
    only_milliseconds(sandbox)
    sandbox.caranalytics.reports.end_included, sandbox.caranalytics.style.dates = included, dates
    told = "inclusive" if included else "exclusive"
    assert line(report(sandbox, "incoming_post"), "endTime") == f"reading {told} (seen in incoming_post)"


def only_milliseconds(sandbox: Sandbox) -> None:
    """Have the posts of yesterday be some whose times are whole milliseconds, as they are shown."""
    reports = sandbox.caranalytics.reports
    for row in reports.recent("incoming_post", midnight(0)):
        reports.remove(row)
    for minutes in (61, 305, 700, 1100):
        at = midnight(1) + timedelta(minutes=minutes, milliseconds=minutes % 7 * 100 + 123)
        reports.add("incoming_post", at)


@pytest.mark.parametrize("included", [True, False])
def test_end_where_times_have_no_fraction(included: bool, sandbox: Sandbox) -> None:
    reports = sandbox.caranalytics.reports
    for row in reports.recent("incoming_post", midnight(0)):
        reports.remove(row)
    for minutes in (61, 305, 700, 1100):
        reports.add("incoming_post", midnight(1) + timedelta(minutes=minutes))
    reports.end_included = included
    told = line(report(sandbox, "incoming_post"), "endTime")
    hidden = "not known: a row at its very second did not come, but the rows' times may hide a fraction of a second"
    assert told == ("reading inclusive (seen in incoming_post)" if included else f"reading {hidden}")


def test_no_events(sandbox: Sandbox) -> None:
    result = report(sandbox, "team_performance")
    assert line(result, "endTime").startswith("reading not known: no report of events ")
    assert not [text for text in lines(result) if text.startswith("FAIL")]


def test_a_report_that_is_not_made(sandbox: Sandbox) -> None:
    sandbox.caranalytics.failing = lambda job: job.report == "response"
    sandbox.caranalytics.reason = "Zebedee Quillfeather has disabled it"
    sandbox.caranalytics.lift_limits()
    result = run(TAP, settings(sandbox), "--doctor", catalog=catalog("response", "teams"))
    assert line(result, "response").startswith("FAIL the vendor does not make the report")
    assert result.exit_code == 1
    assert "Zebedee" not in result.output


def test_a_report_that_fails_once(sandbox: Sandbox) -> None:
    sandbox.caranalytics.failing = lambda job: job.attempt == 1
    assert line(report(sandbox, "response"), "response").startswith("ok readable, rows: ")


@pytest.mark.parametrize("location", ["?again=1", "http://store.example/report", "nowhere://x"])
def test_a_download_that_leads_nowhere(location: str, sandbox: Sandbox) -> None:
    vendor = sandbox.caranalytics
    vendor.lift_limits()
    redirect = faults.status(302, "", {"Location": location})
    vendor.fail(redirect, times=10**6, where=lambda seen: seen.path.endswith("/download"))
    result = run(TAP, settings(sandbox), "--doctor", catalog=catalog("response", "teams"))
    assert line(result, "response").startswith("FAIL its download is redirected in a circle, or to an address ")
    assert result.exit_code == 1
    assert len(vendor.seen) < 20
