"""The sandbox's Care Analytics, driven over HTTP and held against the vendor's own samples."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from sandbox.caranalytics.rows import COLUMNS
from sandbox.server import Sandbox
from sandbox.vendor import Limit
from sandbox.world import World

from sandbox import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.caranalytics.api import CareAnalytics

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)
START = datetime(2026, 11, 10, tzinfo=timezone.utc)
MILLISECOND = timedelta(milliseconds=1)
END = START + timedelta(days=1) - MILLISECOND


class Client:
    """A session that goes the way of the page, and nothing cleverer."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.vendor: CareAnalytics = sandbox.caranalytics
        self.vendor.lift_limits()
        self.base = f"{sandbox.url}/caranalytics/api/public"
        self.session = requests.Session()
        self.session.auth = (self.vendor.username, self.vendor.password)

    def get(self, url: str, **options: Any) -> requests.Response:
        return self.session.get(url, timeout=300, **options)

    def run(self, report: str, *, method: str = "POST", **parameters: Any) -> requests.Response:
        times = {"startTime": epoch(START), "endTime": epoch(END), "companyKey": self.vendor.company_key}
        url = f"{self.base}/reports/report/{report}"
        return self.session.request(method, url, params={**times, **parameters}, timeout=300)

    def status(self, report: str, **parameters: Any) -> Any:
        """The result of the last look at a report's status."""
        url = self.run(report, **parameters).json()["result"]["statusUrl"]
        result: Any = [{"result": {"runnerState": "RUNNING"}}]
        while isinstance(result, list) and result[0]["result"]["runnerState"] == "RUNNING":
            result = self.get(url).json()["result"]
        return result

    def download(self, report: str, **parameters: Any) -> requests.Response:
        return self.get(self.status(report, **parameters)["jobInfo"]["downloadUrl"])

    def rows(self, report: str, **parameters: Any) -> list[dict[str, Any]]:
        if report == "team_performance_interval":
            parameters.setdefault("timeInterval", 3_600_000)
        rows: list[dict[str, Any]] = json.loads(self.download(report, **parameters).content)
        return rows


def epoch(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Of a sandbox that no test changes."""
    with Sandbox(World(NOW)) as sandbox:
        yield Client(sandbox)


@pytest.fixture
def own() -> Iterator[Client]:
    """Of a sandbox that the test may change."""
    with Sandbox(World(NOW)) as sandbox:
        yield Client(sandbox)


def test_a_job_goes_from_run_through_status_to_another_host(client: Client) -> None:
    answer = client.run("response")
    assert answer.headers["content-type"] == "text/plain"
    ran = answer.json()
    assert list(ran) == ["status", "request", "message", "result"]
    assert list(ran["result"]) == ["workflowId", "runId", "downloadUrl", "statusUrl"]
    assert ran["result"]["downloadUrl"] == ""
    assert set("+/=") <= set(ran["result"]["runId"])
    assert quote(ran["result"]["runId"], safe="") in ran["result"]["statusUrl"]

    (running,) = client.get(ran["result"]["statusUrl"]).json()["result"]
    assert running["result"]["runnerState"] == "RUNNING"
    assert running["jobInfo"]["downloadUrl"] == ""
    done = client.get(ran["result"]["statusUrl"]).json()["result"]
    assert (done["result"]["runnerState"], done["result"]["detail"]) == ("CLOSED", "COMPLETED")

    redirect = client.get(done["jobInfo"]["downloadUrl"], allow_redirects=False)
    assert redirect.status_code == 302
    assert urlsplit(redirect.headers["location"]).hostname != urlsplit(client.base).hostname
    rows = client.get(done["jobInfo"]["downloadUrl"])
    assert rows.headers["content-type"] == "text/plain"
    assert json.loads(rows.content) == client.vendor.written("response", START, END)
    assert not client.vendor.downloads.leaks


def test_urls_built_by_hand_work_only_percent_encoded(own: Client) -> None:
    vendor = own.vendor
    vendor.run_urls = "none"
    result = own.run("author").json()["result"]
    assert list(result) == ["workflowId", "runId"]
    key = {"companyKey": vendor.company_key}
    root = f"{own.base}/reports/report/{result['workflowId']}"
    assert own.get(f"{root}/{quote(result['runId'], safe='')}/status", params=key).status_code == 200
    assert own.get(f"{root}/{result['runId']}/status", params=key).status_code == 404


def test_every_reading_leads_to_the_rows(own: Client) -> None:
    expected = own.vendor.written("raw_expert_help", START, END)
    for field, value in (
        ("run_ids", "plain"),
        ("run_urls", "both"),
        ("access", "token"),
        ("access", "key"),
        ("result_shape", "array"),
        ("result_shape", "object"),
        ("detail_key", "details"),
        ("completed", ("CLOSED", None)),
        ("job_polls", 0),
        ("job_seconds", 0.1),
        ("download", "direct"),
        ("redirect_status", 307),
        ("methods", "any"),
    ):
        setattr(own.vendor, field, value)
        ran = own.run("raw_expert_help").json()["result"]
        done: dict[str, Any] = {"jobInfo": {"downloadUrl": ""}}
        while not done["jobInfo"]["downloadUrl"]:
            result = own.get(ran["statusUrl"]).json()["result"]
            done = result[0] if isinstance(result, list) else result
        assert json.loads(own.get(done["jobInfo"]["downloadUrl"]).content) == expected, (field, value)
    assert not own.vendor.downloads.leaks
    own.vendor.url_host = "other"
    assert own.get(own.run("author").json()["result"]["statusUrl"]).status_code == 400
    assert own.vendor.downloads.leaks
    own.vendor.methods = "GET"
    assert own.run("author").status_code == 405
    assert own.vendor.most_in_flight <= 2


def test_values_are_written_in_many_ways(own: Client) -> None:
    style = own.vendor.style
    assert own.rows("conversation_actions")[0].keys() == set(COLUMNS["conversation_actions"])
    style.unset, style.values, style.tags, style.keys = "absent", "text", "list", "labels"
    row = own.rows("response")[0]
    assert None not in row.values()
    assert row["Response Order"].isdigit()
    assert isinstance(row["Manual Tag"], list)
    forms: tuple[tuple[Any, str], ...] = (
        ("iso", "2026-11-10T"),
        ("plain", "2026-11-10 "),
        ("us", "11/10/2026 "),
    )
    for dates, text in forms:
        style.dates = dates
        assert own.rows("response")[0]["Response Published Date"].startswith(text)
    style.dates = "millis"
    assert epoch(START) <= int(own.rows("response")[0]["Response Published Date"]) <= epoch(END)
    assert own.download("response", startTime=0, endTime=1).content == b"[]"


@pytest.mark.parametrize("report", COLUMNS)
def test_every_report_has_plausible_rows(client: Client, report: str) -> None:
    if report == "conversation_actions":
        assert client.run(report, method="GET").json()["status"] == "PASS"
    rows = client.rows(report)
    assert 3 < len(rows) < 1000
    assert set(rows[0]) <= set(COLUMNS[report])
    assert client.rows(report) == rows


def test_conversations_are_created_closed_or_open(client: Client) -> None:
    by_type = {
        kind: client.rows("conversation", conversationReportType=kind) for kind in ("CREATED", "CLOSED", "OPEN_AT_END")
    }
    assert by_type["OPEN_AT_END"] == client.rows("conversation")
    assert all(row["conversation_created_date"].startswith("11/10/2026") for row in by_type["CREATED"])
    assert all(row["conversation_closed_date"] for row in by_type["CLOSED"])
    assert {row["conversation_status"] for row in by_type["OPEN_AT_END"]} == {"CLOSED"}
    now = client.rows("conversation", startTime=epoch(NOW - timedelta(days=1)), endTime=epoch(NOW))
    assert {row["conversation_status"] for row in now} == {"OPEN"}


def test_an_hour_has_a_row_for_each_agent(client: Client) -> None:
    rows = client.rows("team_performance_interval")
    agents = {row["agent_id"] for row in rows}
    assert len(rows) == 24 * len(agents)
    day = client.rows("team_performance", includeDisabled="true")
    assert sum(row["responses_sent"] for row in rows) <= sum(row["responses_sent"] for row in day)
    assert len(day) == len(agents) + 1


def test_refusals_are_a_text_as_the_result(own: Client) -> None:
    vendor = own.vendor
    month: Any = {"startTime": epoch(START), "endTime": epoch(START + timedelta(days=31))}
    answer = own.run("team_performance_interval", timeInterval=3_600_000, **month)
    assert answer.status_code == 200
    assert "Too many buckets (745) requested. Select a larger interval?" in answer.json()["result"]
    assert isinstance(own.run("team_performance_interval", timeInterval=86_400_000, **month).json()["result"], dict)
    for wrong in (
        {"reportMetrics": "no_such_metric"},
        {"startTime": ""},
        {"endTime": epoch(START - MILLISECOND)},
        {"reportFormat": "CSV"},
        {"locale": "nl"},
        {"priorities": "6"},
        {"smartViewId": "4181,4190"},
        {"timezone": "Europe/Atlantis"},
    ):
        assert isinstance(own.run("conversation", **wrong).json()["result"], str), wrong
    assert isinstance(own.run("team_performance_interval", timeInterval=1000).json()["result"], str)
    vendor.errors = "bare"
    answer = own.run("response", locale="nl")
    assert (answer.status_code, answer.json()) == (400, {})


def test_filters_choose_rows_and_metrics_choose_columns(client: Client) -> None:
    every = client.rows("incoming_post")
    urgent = client.rows("incoming_post", priorities="0,1")
    assert urgent == [row for row in every if row["priority"] < 2]
    queue = client.rows("incoming_post", workqueueIds="5017")
    assert queue == [row for row in every if row["work_queue"] == "Billing"]
    metrics = client.rows("raw_agent_states", reportMetrics=["agent_name", "agent_email", "agent_id"])
    assert {tuple(row) for row in metrics} == {("agent_name", "agent_email", "agent_id")}
    assert "expert_rht" not in client.rows("response")[0]
    assert "expert_rht" in client.rows("response", reportMetrics="expert_rht")[0]
    team = client.get(f"{client.base}/teams", params={"companyKey": client.vendor.company_key}).json()["result"][0]
    assert list(team) == ["uuid", "teamId", "name", "description", "numberOfMembers"]
    of_team = client.rows("team_performance", teamIds=str(team["teamId"]))
    assert {row["team_name"] for row in of_team} == {team["name"]}


def test_offsets_change_the_text_and_not_the_window(client: Client) -> None:
    utc = client.rows("conversation_actions")
    ahead = client.rows("conversation_actions", timezoneOffset=3_600_000)
    chicago = client.rows("conversation_actions", timezone="America/Chicago")
    form = "%m/%d/%Y %H:%M:%S"
    for row, later, earlier in zip(utc, ahead, chicago, strict=True):
        moment = datetime.strptime(row["action_date"], form)  # noqa: DTZ007
        assert later["action_date"] == (moment + timedelta(hours=1)).strftime(form)
        assert earlier["action_date"] == (moment - timedelta(hours=6)).strftime(form)


def test_the_other_host_refuses_credentials(own: Client) -> None:
    vendor = own.vendor
    vendor.download = "link"
    link = own.status("author")["jobInfo"]["downloadUrl"]
    assert own.get(link).status_code == 400
    assert vendor.downloads.leaks == ["authorization"]
    assert requests.get(link, headers={"X-Company": vendor.company_key}, timeout=300).status_code == 400
    assert requests.get(link, timeout=300).json()
    assert requests.get(link[:-1], timeout=300).status_code == 403
    vendor.downloads.link_seconds = 0
    assert requests.get(link, timeout=300).status_code == 403


def test_wrong_credentials_are_refused(own: Client) -> None:
    assert own.run("author", companyKey="someone else's").status_code == 403
    own.session.auth = ("someone", "else")
    assert own.run("author").status_code == 401


def test_every_call_on_the_api_counts(own: Client) -> None:
    vendor = own.vendor
    vendor.limits = type(vendor).limits
    assert vendor.limits == (Limit(20, 60),)
    for _ in range(5):
        own.rows("raw_expert_help")
    assert own.run("author").status_code == 429
    assert vendor.rate_limited == 1


def test_jobs_fail_as_told(own: Client) -> None:
    vendor = own.vendor
    vendor.failing = lambda job: job.attempt == 1
    (failed,) = own.status("author")
    assert (failed["result"]["runnerState"], failed["result"]["detail"]) == ("CLOSED", "FAILED")
    assert own.status("author")["result"]["detail"] == "COMPLETED"
    vendor.failing = lambda job: job.span > timedelta(hours=6)
    assert own.status("author")[0]["result"]["detail"] == "FAILED"
    assert own.status("author", endTime=epoch(START + timedelta(hours=6)))["jobInfo"]["downloadUrl"]


@pytest.mark.parametrize("layout", ["result", "data", "rows"])
def test_a_file_may_have_an_envelope(client: Client, monkeypatch: pytest.MonkeyPatch, layout: Any) -> None:
    monkeypatch.setattr(client.vendor.style, "layout", layout)
    found = json.loads(client.download("raw_expert_help").content)
    assert found[layout] == client.vendor.written("raw_expert_help", START, END)


def test_labels_follow_the_locale(own: Client) -> None:
    own.vendor.style.byte_order_mark, own.vendor.style.keys = True, "labels"
    text = own.download("response", locale="de").content.decode("utf-8")
    assert text.startswith('\ufeff[{"Konversations-ID": ')


def test_jobs_beyond_the_most_at_once_are_refused(own: Client) -> None:
    own.vendor.jobs_most = 1
    url = own.run("author").json()["result"]["statusUrl"]
    assert own.run("author").status_code == 409
    link = ""
    while not link:
        result = own.get(url).json()["result"]
        link = (result[0] if isinstance(result, list) else result)["jobInfo"]["downloadUrl"]
    assert own.get(link).json()
    assert own.run("author").json()["status"] == "PASS"


def test_rows_lie_on_both_edges(own: Client) -> None:
    vendor = own.vendor
    at_start = {"startTime": epoch(START), "endTime": epoch(START)}
    created = {"conversationReportType": "CREATED"}
    assert len(own.rows("conversation", **at_start, **created)) == 1
    assert len(own.rows("conversation", startTime=epoch(END), **created)) == 1
    vendor.reports.end_included = False
    assert own.rows("conversation", **at_start, **created) == []


def test_data_change_as_tests_have_them_change(own: Client) -> None:
    vendor = own.vendor
    reports, before = vendor.reports, own.rows("response")
    row = next(iter(reports.recent("response", END)))
    reports.edit(row, response_sentiment="Furious")
    assert "Furious" in {row["response_sentiment"] for row in own.rows("response")}
    assert "Furious" in {row["response_sentiment"] for row in own.rows("combined")}
    reports.twin("response", reports.add("response", END, response_content="twice"))
    one, other = (row for row in own.rows("response") if row["response_content"] == "twice")
    assert one == other
    assert one["response_published_date"] == "11/10/2026 23:59:59"
    reports.remove(row)
    assert len(own.rows("response")) == len(before) + 1
    reports.switch_on("response", "mood", START + timedelta(days=1))
    assert "mood" not in own.rows("response")[0]
    next_day = {"startTime": epoch(END + MILLISECOND), "endTime": epoch(END + timedelta(days=1))}
    assert own.rows("response", **next_day)[0]["mood"]
    reports.switch_off("response", "mood")
    assert "mood" not in own.rows("response", **next_day)[0]
    assert (
        "survey_score"
        not in vendor.written(
            "conversation",
            datetime(2025, 9, 1, tzinfo=timezone.utc),
            datetime(2025, 9, 2, tzinfo=timezone.utc),
        )[0]
    )


def test_some_rows_are_equal_by_themselves(client: Client) -> None:
    rows = client.rows("conversation_actions", startTime=epoch(START - timedelta(days=2)))
    assert len({json.dumps(row) for row in rows}) < len(rows)


def test_work_shows_in_the_reports(own: Client) -> None:
    vendor = own.vendor
    hour: Any = {"start": NOW - timedelta(days=1), "end": NOW + timedelta(hours=2)}
    before = {report: vendor.written(report, **hour) for report in ("response", "conversation_actions")}
    vendor.simulate_hour((NOW + timedelta(hours=1)).isoformat())
    for report, rows in before.items():
        assert vendor.written(report, **hour) != rows


def test_a_large_report_is_streamed(own: Client) -> None:
    vendor = own.vendor
    vendor.reports.bulk = 10_000
    with own.get(own.status("conversation_actions")["jobInfo"]["downloadUrl"], stream=True) as answer:
        assert answer.headers["transfer-encoding"] == "chunked"
        assert len(json.loads(answer.content)) > 10_000


def test_the_other_host_can_be_made_to_fail(own: Client) -> None:
    own.vendor.downloads.fail(faults.cut())
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        own.rows("author")
    assert own.rows("author")
