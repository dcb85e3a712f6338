"""The paginators, stepped by hand: against a model of the vendor on a made-up clock, whatever it answers."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_caranalytics import jobs, pagination
from tap_caranalytics.base.http import RefusedError, TapError
from tap_caranalytics.base.records import to_rfc3339
from tap_caranalytics.jobs import API, Job, Redirect, ReportEndpoint, ReportRequest
from tap_caranalytics.pagination import JobOptions, ReportPaginator, Schedule, SnapshotPaginator
from tap_caranalytics.report_files import ReportFile
from tap_caranalytics.rows import RecordFormat
from tap_caranalytics.tap import MINUTE_MS
from tap_caranalytics.windows import DAY, EPOCH, MILLISECOND, Grid, Window, WindowPart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_caranalytics.base.pagination import Batch

START = datetime(2026, 3, 1, tzinfo=timezone.utc)
ROOT = "https://analytics.example/api/public"
A_MINUTE = 20
LOGGER = logging.getLogger("test")


@dataclass
class Vendor:
    """A vendor and a limiter on one clock; it has an event each hour, and an equal one a minute later."""

    seconds: float = 0
    #: How many jobs it takes at once, and up to what moment it answers.
    most: int = 1000
    now: float = 0
    today: datetime = START + 400 * DAY
    #: What may go wrong: the n-th run fails, is forgotten, comes empty once.
    failing: set[int] = field(default_factory=set)
    forgotten: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    calls: list[float] = field(default_factory=list)
    runs: list[tuple[datetime, datetime, float]] = field(default_factory=list)
    moments: list[datetime] = field(default_factory=list)
    running: set[int] = field(default_factory=set)
    refused: int = 0

    def monotonic(self) -> float:
        return self.now

    def answer(self, request: ReportRequest) -> Any:
        self.now = max(self.now, request.not_before)
        recent = [at for at in self.calls if at > self.now - MINUTE_MS / 1000]
        if len(recent) >= A_MINUTE:
            self.now = recent[-A_MINUTE] + MINUTE_MS / 1000 + 0.001
        self.now += 0.05
        self.calls.append(self.now)
        if "startTime" in request.params:
            return self._run(request.params)
        run = int(request.url.split("/")[-2])
        return self._download(run) if request.is_download else self._status(run)

    def _run(self, params: dict[str, Any]) -> Any:
        start, end = (EPOCH + params[name] * MILLISECOND for name in ("startTime", "endTime"))
        if len(self.running) >= self.most or end >= self.today:
            self.refused += 1
            return RefusedError("POST run: HTTP 409", 409, "no")
        self.running.add(len(self.runs))
        self.runs.append((start, end, self.now))
        self.moments.append(datetime.now(timezone.utc))
        return {"workflowId": "w", "runId": str(len(self.runs) - 1)}

    def _status(self, run: int) -> Any:
        if run in self.forgotten:
            self.running.discard(run)
            return RefusedError("GET status: no such job", 200, "no such job")
        done = self.now - self.runs[run][2] >= self.seconds
        detail = "" if not done else "FAILED" if run in self.failing else "COMPLETED"
        if detail == "FAILED":
            self.running.discard(run)
        return {"jobInfo": {}, "result": {"runnerState": "CLOSED" if done else "RUNNING", "detail": detail}}

    def _download(self, run: int) -> Any:
        if run in self.lost:
            self.lost.remove(run)
            return ReportFile([b"[]"])
        self.running.discard(run)
        start, end, _ = self.runs[run]
        return ReportFile([json.dumps(self.events(start, end)).encode()])

    def events(self, start: datetime, end: datetime) -> list[dict[str, str]]:
        first = start + (EPOCH - start) % timedelta(hours=1)
        moments = [
            first + number * timedelta(hours=1)
            for number in range(30 * 24)
            if first + number * timedelta(hours=1) <= end
        ]
        return [{"hour": str(moment.hour)} for moment in moments for _ in range(2)]


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    return on_its_clock(Vendor(), monkeypatch)


def on_its_clock(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    monkeypatch.setattr(jobs, "time", vendor)
    monkeypatch.setattr(pagination, "time", vendor)
    return vendor


def paginator(
    days: int,
    now: datetime = START + 400 * DAY,
    at_once: int = 4,
    *,
    halved: bool = True,
    grid: Grid = Grid(1),  # noqa: B008  # nothing changes it
    **options: Any,
) -> ReportPaginator:
    options_ = JobOptions(5, 3600, at_once, options.pop("clock", lambda: now), str, can_be_halved=halved)
    schedule = Schedule(grid, START, START + days * DAY)
    return ReportPaginator(ReportEndpoint(ROOT, "response", "POST", {}), schedule, options_, RecordFormat(), LOGGER)


@dataclass
class Written:
    """A batch whose rows have been read."""

    batch: Batch
    records: list[dict[str, Any]]

    @property
    def keys(self) -> list[str]:
        found = sorted(record["_row_key"] for record in self.records)
        assert len(found) == len(set(found))
        return found


def read(reports: ReportPaginator, vendor: Vendor) -> Iterator[Written]:
    while not reports.finished:
        reports.advance(vendor.answer(reports.current_value))
        yield from (Written(batch, list(batch.rows)) for batch in reports.take())


@pytest.mark.parametrize("seconds", [0, 1, 2, 5, 10, 20, 30, 42, 60, 90, 120, 300])
def test_thirty_reports_in_little_more_time_than_the_limit_and_they_themselves_force(
    seconds: float, vendor: Vendor
) -> None:
    vendor.seconds = seconds
    labels = [written.batch.label for written in read(paginator(30), vendor)]
    assert labels[0] == "Window 1 of 30 (2026-03-01 to 2026-03-02)"
    assert len(labels) == 30
    forced = max((3 * 30 - 1) // A_MINUTE * 60, -(-30 // 4) * seconds)
    assert vendor.now < 1.3 * forced


runs = st.integers(0, 12)


@settings(max_examples=40)
@given(
    st.builds(
        Vendor,
        seconds=st.sampled_from([0, 7, 40]),
        most=st.integers(1, 5),
        failing=st.sets(runs, max_size=4),
        forgotten=st.sets(runs, max_size=2),
        lost=st.sets(runs),
    ),
    st.integers(1, 5),
)
def test_every_window_comes_once_and_whole_or_there_is_an_error(vendor: Vendor, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        expected = [written.keys for written in read(paginator(5), on_its_clock(Vendor(), patch))]
        assert all(len(window) == 48 for window in expected)
        on_its_clock(vendor, patch)
        vendor.failing -= vendor.forgotten
        trouble = len(vendor.failing | vendor.forgotten)
        found = []
        try:
            found = [written.keys for written in read(paginator(5, at_once=at_once), vendor)]
        except TapError:
            # A report that failed once is run again.
            assert trouble > 1
        else:
            assert found == expected


def test_a_vendor_that_takes_fewer_reports_is_asked_for_fewer(vendor: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    vendor.most, vendor.seconds = 2, 30
    assert len(list(read(paginator(8), vendor))) == 8
    assert vendor.refused == 1
    assert [record.message for record in caplog.records] == [
        "The vendor takes no more than 2 reports at once for now: run fewer (no)"
    ]


def test_a_refusal_is_one_when_nothing_else_runs(vendor: Vendor) -> None:
    vendor.most = 0
    with pytest.raises(RefusedError):
        list(read(paginator(2), vendor))
    assert len(vendor.calls) == 1


@pytest.mark.parametrize("halved", [True, False])
def test_a_report_that_fails_is_run_again_then_halved_if_it_lists_events(halved: bool, vendor: Vendor) -> None:
    vendor.failing = {0, 1}
    reports = paginator(1, halved=halved)
    if not halved:
        with pytest.raises(TapError, match=r"^A report \(2026-03-01 to 2026-03-02\) failed 2 times\. Nothing is lost"):
            list(read(reports, vendor))
        return
    (written,) = read(reports, vendor)
    assert len({record["_extracted_at"] for record in written.records}) == 1
    assert written.batch.rows.row_count == 48  # type: ignore[attr-defined]
    (plain,) = read(paginator(1), Vendor())
    assert written.keys == plain.keys


def test_equal_rows_in_two_parts_stay_two_and_one_reading_has_one_moment(
    vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vendor, "events", lambda *_: [{"text": "equal"}])
    vendor.failing = {0, 1}
    (written,) = read(paginator(1), vendor)
    one, other = written.records
    assert one["_row_key"] != other["_row_key"]
    assert one["_extracted_at"] == other["_extracted_at"] <= to_rfc3339(vendor.moments[1])


def test_a_long_window_of_buckets_has_the_moment_of_its_first_part(vendor: Vendor) -> None:
    (written,) = read(paginator(1, at_once=1, grid=Grid(60, timedelta(minutes=30))), vendor)
    assert len(vendor.moments) > 1
    (moment,) = {record["_extracted_at"] for record in written.records}
    assert moment <= to_rfc3339(vendor.moments[1])


def test_no_row_leaves_before_its_window_is_whole(vendor: Vendor) -> None:
    vendor.failing = {0, 1, *range(3, 99)}  # the first half comes, the second never does
    found: list[Written] = []
    with pytest.raises(TapError, match="failed 2 times"):
        found.extend(read(paginator(1, at_once=1), vendor))
    assert vendor.runs[2][:2] == (START, START + DAY / 2 - MILLISECOND)
    assert found == []


def test_the_bookmark_says_what_is_out_and_never_more(vendor: Vendor) -> None:
    now = START + 2 * DAY + timedelta(hours=5)
    found = [written.batch.bookmark for written in read(paginator(9, now), vendor)]
    assert found == [f"2026-03-0{day}T00:00:00.000000Z" for day in (2, 3, 3)]


@pytest.mark.parametrize("behind", [2, 9, 30])
def test_the_clock_that_counts_is_the_vendors(behind: int, vendor: Vendor) -> None:
    """It is known from the first answer on, here a refusal of what lies ahead of it."""
    ours = START + timedelta(hours=7)
    vendor.today = ours - timedelta(hours=behind)
    reports = paginator(1, clock=lambda: vendor.today if vendor.calls else ours)
    found = [written.batch.bookmark for written in read(reports, vendor)]
    assert found == (["2026-03-01T00:00:00.000000Z"] if behind < 7 else [])


def test_a_window_that_the_vendor_has_not_come_to_moves_no_bookmark(vendor: Vendor) -> None:
    before = START - timedelta(hours=2)
    reports = paginator(1, clock=lambda: before if vendor.calls else START + timedelta(hours=7))
    assert [written.batch.bookmark for written in read(reports, vendor)] == [None]


def test_a_bookmark_that_our_clock_would_put_ahead(vendor: Vendor) -> None:
    vendor.today = START + 2 * DAY
    clock = [START + DAY + timedelta(hours=1)]
    reports = paginator(2, clock=lambda: clock[0])
    clock[0] = START + timedelta(hours=23)
    assert [written.batch.bookmark for written in read(reports, vendor)] == ["2026-03-01T00:00:00.000000Z"]


def test_a_snapshot_is_asked_for_one_window_when_start_date_is_refused(vendor: Vendor) -> None:
    options = JobOptions(5, 3600, 4, lambda: START + DAY, str)
    schedule = Schedule(Grid(1), START, START + DAY, ask_from=START - 90 * DAY)
    endpoint = ReportEndpoint(ROOT, "conversation", "POST", {})
    snapshot = SnapshotPaginator(endpoint, schedule, options, RecordFormat(), LOGGER)
    assert snapshot.current_value.params["startTime"] == (START - 90 * DAY - EPOCH) // MILLISECOND
    snapshot.advance(RefusedError("no", 400, "These words say nothing of a range"))
    assert snapshot.current_value.params["startTime"] == (START - EPOCH) // MILLISECOND
    (written,) = read(snapshot, vendor)
    assert len(written.keys) == 48
    again = SnapshotPaginator(endpoint, schedule, options, RecordFormat(), LOGGER)
    again.advance(RefusedError("no", 400, "no"))
    with pytest.raises(RefusedError):
        again.advance(RefusedError("no", 400, "no"))


# Addresses

JOB = Job(WindowPart(Window(START, START + DAY), Window(START, START + DAY)), workflow_id="w", run_id="r+/=")
STORE = "https://store.example"
OWN = f"{ROOT}{API}w/r%2B%2F%3D/"
ENDPOINT = ReportEndpoint(ROOT, "response", "POST", {"companyKey": "key"})


@pytest.mark.parametrize(
    ("given_", "asked", "to_api"),
    [
        (f"{OWN}download?token=t", f"{OWN}download?token=t", True),
        ("https://analytics.example/elsewhere?token=t", "https://analytics.example/elsewhere?token=t", True),
        # The API by another name, port or scheme: the configured one is asked.
        (OWN.replace("analytics", "qa") + "download?token=t", f"{OWN}download?token=t", True),
        (OWN.replace(".example", ".example:8443") + "download?token=t", f"{OWN}download?token=t", True),
        (OWN.replace("https", "http") + "download?token=t", f"{OWN}download?token=t", True),
        # A store, whatever its path holds: asked as it is, and shown nothing.
        ("https://store.example/x?signature=s", "https://store.example/x?signature=s", False),
        (
            "https://store.example/reports/report/w/other/download?signature=s",
            "https://store.example/reports/report/w/other/download?signature=s",
            False,
        ),
        ("https://analytics.example:8443/x", "https://analytics.example:8443/x", False),
        # No URL that can be asked: built from the job's ids.
        ("", f"{OWN}download", True),
        ("http://store.example/x", f"{OWN}download", True),
        ("https://[x/y", f"{OWN}download", True),
        ("https://store.example:port/x", f"{OWN}download", True),
        (f"https://{'x' * 70}.example/x", f"{OWN}download", True),
    ],
)
def test_where_a_report_is_fetched(given_: str, asked: str, to_api: bool) -> None:
    JOB.download_url = given_
    request = ENDPOINT.download(JOB)
    assert (request.url, request.to_api) == (asked, to_api)
    assert request.params == ({"companyKey": "key"} if asked == f"{OWN}download" else {})
    JOB.status_url = given_
    assert ENDPOINT.status(JOB).to_api


@pytest.mark.parametrize(
    ("location", "url", "to_api"),
    [
        (f"{STORE}{API}w/r/download?s=1", f"{STORE}{API}w/r/download?s=1", False),
        ("https://analytics.example/api/public/x", "https://analytics.example/api/public/x", True),
        ("/x?y", "https://analytics.example/x?y", True),
        ("//store.example/x", "https://store.example/x", False),
        ("https://analytics.example:8443/x", "https://analytics.example:8443/x", False),
        ("https://analytics.example@store.example/x", "https://analytics.example@store.example/x", False),
    ],
)  # fmt: skip
def test_a_redirect_is_followed_as_it_is(location: str, url: str, to_api: bool) -> None:
    JOB.download_url = ""
    request = ENDPOINT.redirected(ENDPOINT.download(JOB), Redirect(location))
    assert (request.url, request.to_api, request.params, request.is_download) == (url, to_api, {}, True)


@pytest.mark.parametrize(
    "location", ["http://store.example/x", "https://[x", "https://store.example:port/", "ftp://x/y"]
)
def test_a_redirect_that_cannot_be_followed(location: str) -> None:
    with pytest.raises(TapError, match="was redirected to an address that is"):
        ENDPOINT.redirected(ENDPOINT.download(JOB), Redirect(location))
