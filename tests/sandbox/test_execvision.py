"""The sandbox's ExecVision against its page: samples, paging under each understanding, pacing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import requests
from sandbox.execvision.data import FEEDS
from sandbox.server import Sandbox
from sandbox.vendor import Limit
from sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.execvision.api import ExecVision

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=timezone.utc)
MINUTE = datetime(2026, 3, 2, 10, 0, tzinfo=timezone.utc)
LONG_AGO = "2020-01-01T00:00Z"


class Client:
    """Somebody who asks the API over HTTP."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.vendor: ExecVision = sandbox.execvision
        self.root = f"{sandbox.url}/execvision/api/ev/2"
        self.session = requests.Session()
        self.session.auth = (self.vendor.username, self.vendor.password)

    def ask(self, path: str, **query: str | int) -> requests.Response:
        return self.session.get(f"{self.root}/{path}", params=query, timeout=300)

    def get(self, path: str, **query: str | int) -> Any:
        answer = self.ask(path, **query)
        answer.raise_for_status()
        return answer.json()

    def ids(self, path: str, **query: str | int) -> list[str]:
        return [record["id"] for record in self.get(path, **query)]


@pytest.fixture(scope="module")
def world() -> World:
    return World(NOW)


@pytest.fixture(scope="module")
def served(world: World) -> Iterator[Client]:
    """Two years of data, which no test changes."""
    with Sandbox(world) as sandbox:
        sandbox.execvision.lift_limits()
        yield Client(sandbox)


@pytest.fixture(scope="module")
def spare(world: World) -> Iterator[Sandbox]:
    with Sandbox(world) as sandbox:
        yield sandbox


@pytest.fixture
def client(spare: Sandbox) -> Client:
    """An account without a row, for a test to fill."""
    # A server a test would take longer than the tests.
    spare.execvision.__init__(spare.world)  # type: ignore[misc]
    spare.execvision.lift_limits()
    spare.execvision.account.clear()
    return Client(spare)


def test_wrong_credentials_are_refused(served: Client) -> None:
    for auth in (None, ("sandbox-user-execvision", "wrong"), ("", "")):
        answer = requests.get(f"{served.root}/check", auth=auth, timeout=300)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_the_check_is_empty(served: Client) -> None:
    answer = served.ask("check")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_but_get_is_answered(client: Client, method: str) -> None:
    assert client.session.request(method, f"{client.root}/users", timeout=300).status_code == 405
    assert [seen.status for seen in client.vendor.writes] == [405]


def test_calls_cannot_be_deleted(client: Client) -> None:
    call = client.vendor.account.add_call(MINUTE)
    assert client.session.delete(f"{client.root}/call/{call.id}", timeout=300).status_code == 403
    assert client.ids("calls", since=LONG_AGO) == [call.id]


def test_the_users_endpoint_is_no_root(served: Client) -> None:
    assert served.ask("users/calls", since=LONG_AGO).status_code == 404
    assert served.vendor.seen[-1].status == 404


KEYS = {
    "users": "userId email firstName lastName teamId departmentId systemIds",
    "teams": "id name managerId departmentId",
    "departments": "id name",
    "topics": "id name words",
    "calls/deleted": "id deletedAt callerId callTime",
    "call_topics": "callId modified questionCounts topicMatches",
    "listens": "date modified callId listener caller timeListened",
    "scores": """
        reviewer reviewerTeam caller callerTeam callId resultId scoreTime modified scorecardId scorecardName
        questionId question skill1 skill2 skill3 scheme answer rawAnswer reason comment""",
    "feedback": "feedbackAt modified callId feedbackBy isComment isHighlight text startTime endTime",
    "shares": "sharedAt callId sharedBy recipientUserIds recipientEmails",
    "meetings": """
        meetingId planId dateTime coachId recipientId startTime endTime scores callReviews questions comments
        modified""",
    "plans": """
        planId name objective startDate coachId recipientId plannedMeetings completedMeetings
        estimatedMissedMeetings skill modified""",
    "kpis": "observedAt observerId observedId kpiId value modified",
}
CALL_KEYS = """
    id callerEmail callerId callTime duration direction state originalPath callSummary stats metadata"""


@pytest.mark.parametrize("path", KEYS)
def test_objects_have_the_documented_fields(served: Client, path: str) -> None:
    records = served.get(path, since=LONG_AGO, limit=1000)
    assert records
    assert {frozenset(record) for record in records} == {frozenset(KEYS[path].split())}


def test_calls_have_their_optional_parts_on_request_only(served: Client) -> None:
    plain = served.get("calls", since=LONG_AGO, limit=1000)
    assert {key for call in plain for key in call} == set(CALL_KEYS.split())
    flags = ("include_transcripts", "include_crm_matches", "render_templates")
    full = served.get("calls", since=LONG_AGO, limit=1000, **dict.fromkeys(flags, "true"))
    assert len(full) == 100
    assert set(full[0]) >= {"transcript", "crmMatches"}
    assert full[0]["metadata"]["callCard"]
    assert served.get(f"call/{full[0]['id']}") == full[0]
    assert set(full[0]["transcript"][2]) == {"start", "end", "word", "p", "v"}
    assert isinstance(full[0]["transcript"][2]["start"], str)


def test_children_are_found_by_their_ids(served: Client) -> None:
    score = served.get("scores", since=LONG_AGO, limit=1)[0]
    assert score["questionId"] in {
        question["questionId"] for question in served.get(f"scorecard/{score['scorecardId']}")
    }
    kpi = served.get("kpis", since=LONG_AGO, limit=1)[0]["kpiId"]
    assert set(served.get(f"kpi/{kpi}")) == {"kpiId", "description", "frequency", "target"}
    transcript = served.get(f"transcript/{served.ids('calls', since=LONG_AGO, limit=1)[0]}")
    assert {speaker["speakerNumber"] for speaker in transcript["speakers"]} == {0, 1}
    for path in ("scorecard/none", "kpi/99", "transcript/none", "call/none"):
        assert served.ask(path).status_code == 404


def test_calls_are_searched_in_lower_case(served: Client) -> None:
    call = served.get("calls", since=LONG_AGO, limit=1)[0]
    assert served.get("calls/search", **{"metadata.id": call["id"]}) == [call["id"]]
    found = served.get("calls/search", **{"metadata.company": call["metadata"]["company"].lower()})
    assert call["id"] in found
    assert served.get("calls/search", **{"metadata.company": call["metadata"]["company"]}) == []
    assert served.ask("calls/search", direction="inbound", state="complete").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"since": ""},
        {"since": "yesterday"},
        {"since": "2026-03-02T10:00:00 00:00"},
        {"since": "2026-02-30T10:00Z"},
        {"since": LONG_AGO, "limit": "-1"},
        {"since": LONG_AGO, "limit": "many"},
        {"since": LONG_AGO, "include_transcripts": "yes"},
    ],
)
def test_a_wrong_parameter_is_refused(served: Client, query: dict[str, str]) -> None:
    answer = served.ask("calls", **query)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_page_has_100_rows_unless_asked_for_and_1000_at_most(served: Client) -> None:
    assert len(served.get("calls", since=LONG_AGO)) == 100
    assert len(served.get("calls", since=LONG_AGO, limit=0)) == 0
    assert len(served.get("calls", since=LONG_AGO, limit=5000)) == 1000


def test_a_limit_too_high_may_be_refused(client: Client) -> None:
    client.vendor.above_most = "refused"
    assert client.ask("calls", since=LONG_AGO, limit=1001).status_code == 400
    assert client.ask("calls", since=LONG_AGO, limit=101, render_templates="true").status_code == 400


@pytest.mark.parametrize("path", [path for path in FEEDS if path not in {"calls", "listens"}])
def test_feeds_ascend(served: Client, path: str) -> None:
    key = {"calls/deleted": "deletedAt", "shares": "sharedAt"}.get(path, "modified")
    times = [moment(record[key]) for record in served.get(path, since=LONG_AGO, limit=1000)]
    assert times == sorted(times)
    assert times[-1] <= NOW


def test_seconds_of_since_are_ignored(client: Client) -> None:
    late = client.vendor.account.add_call(MINUTE + timedelta(seconds=40)).id
    since = "2026-03-02T10:00:50Z"
    assert client.ids("calls", since=since) == [late]
    assert client.ids("calls", since="2026-03-02T05:00:50-05:00") == [late]
    assert client.ids("calls", since="2026-03-02T10:01Z") == []
    client.vendor.since_counts_to = "second"
    assert client.ids("calls", since=since) == []


def test_since_may_be_exclusive(client: Client) -> None:
    client.vendor.since_is = "exclusive"
    first, second = (client.vendor.account.add_call(MINUTE + timedelta(minutes=number)).id for number in range(2))
    assert client.ids("calls", since="2026-03-02T09:59Z") == [first, second]
    assert client.ids("calls", since="2026-03-02T10:00:00Z") == [second]


def test_since_may_be_read_in_new_york(client: Client) -> None:
    client.vendor.since_zone = "new_york"
    call = client.vendor.account.add_call(MINUTE).id
    assert client.ids("calls", since="2026-03-02T05:00Z") == [call]
    assert client.ids("calls", since="2026-03-02T05:01Z") == []


def test_rows_may_come_by_id(client: Client) -> None:
    client.vendor.order = "by_id"
    ids = [row.id for row in client.vendor.account.crowd("calls", 20, MINUTE)]
    assert client.ids("calls", since=LONG_AGO) == sorted(ids) != ids


def test_a_touch_moves_a_row_and_does_not_show(client: Client) -> None:
    rows = client.vendor.account.crowd("kpis", 3, MINUTE)
    client.vendor.kpi_ids = "decimal"
    before = client.get("kpis", since=LONG_AGO)
    client.vendor.account.touch("kpis", rows[0].id, MINUTE + timedelta(hours=1))
    after = client.get("kpis", since=LONG_AGO)
    assert {**after[2], "modified": None} == {**before[0], "modified": None}
    assert isinstance(after[2]["kpiId"], float)


def test_some_transcripts_may_be_private(client: Client) -> None:
    calls = [row.id for row in client.vendor.account.crowd("calls", 2, MINUTE)]
    client.vendor.private_calls = frozenset(calls[:1])
    assert [client.ask(f"transcript/{call}").status_code for call in calls] == [403, 200]


def test_last_id_is_looked_up(client: Client) -> None:
    client.vendor.repeats_last = "never"
    client.vendor.account.crowd("calls", 10, MINUTE)
    first = client.ids("calls", since="2026-03-02T10:00Z", limit=6)
    second = client.ids("calls", since="2026-03-02T10:00:30Z", limit=6, last_id=first[-1])
    assert len({*first, *second}) == 10
    assert client.ids("calls", since="2026-03-02T10:00Z", limit=6, last_id=second[-1]) == []


@pytest.mark.parametrize("last_id", ["looked_up", "compared", "compared_by_minute"])
def test_the_pages_own_procedure_reads_all(client: Client, last_id: Any) -> None:
    client.vendor.last_id, client.vendor.repeats_last = last_id, "always"
    for minutes in range(30):
        client.vendor.account.crowd("call_topics", 5, MINUTE + timedelta(minutes=minutes))
    found: list[Any] = []
    page = client.get("call_topics", since=LONG_AGO, limit=20)
    while any(row not in found for row in page):
        found += page
        page = client.get("call_topics", since=page[-1]["modified"], last_id=page[-1]["callId"], limit=20)
    assert {row["callId"] for row in found} == {row["callId"] for row in client.vendor.contents("call_topics")}


def test_last_id_is_compared(client: Client) -> None:
    client.vendor.repeats_last = "never"
    client.vendor.last_id = "compared"
    instant = sorted(row.id for row in client.vendor.account.crowd("calls", 4, MINUTE, instant=True))
    later = [row.id for row in client.vendor.account.crowd("calls", 3, MINUTE + timedelta(seconds=10))]
    assert client.ids("calls", since="2026-03-02T10:00Z", last_id=instant[1]) == [*instant[2:], *later]
    assert client.ids("calls", since="2026-03-02T10:00:40Z", last_id=later[1])[-3:] == later


def test_last_id_is_compared_by_minute(client: Client) -> None:
    client.vendor.repeats_last = "never"
    client.vendor.last_id = "compared_by_minute"
    ids = sorted(row.id for row in client.vendor.account.crowd("calls", 9, MINUTE))
    assert client.ids("calls", since="2026-03-02T10:00:30Z", limit=5) == ids[:5]
    assert client.ids("calls", since="2026-03-02T10:00:30Z", limit=5, last_id=ids[4]) == ids[5:]


def test_a_last_id_that_is_gone(client: Client) -> None:
    account = client.vendor.account
    gone, stays = (row.id for row in account.crowd("calls", 2, MINUTE))
    account.delete_call(gone, NOW)
    assert client.ids("calls", since=LONG_AGO, last_id=gone) == [stays]
    assert client.ids("calls/deleted", since=LONG_AGO) == [gone]
    client.vendor.unknown_last_id = "nothing"
    assert client.ids("calls", since=LONG_AGO, last_id=gone) == []
    client.vendor.unknown_last_id = "refused"
    assert client.ask("calls", since=LONG_AGO, last_id=gone).status_code == 400


def test_the_last_row_is_repeated(client: Client) -> None:
    rows = [row.id for row in client.vendor.account.crowd("calls", 20, MINUTE)]

    def repeated(reading: Any) -> int:
        client.vendor.repeats_last = reading
        return sum(row in client.ids("calls", since=LONG_AGO, last_id=row) for row in rows)

    assert repeated("never") == 0
    assert 0 < repeated("sometimes") < len(rows)
    assert repeated("always") == len(rows)


def test_feeds_without_ids_ignore_last_id(client: Client) -> None:
    client.vendor.account.crowd("kpis", 30, MINUTE)
    page = client.get("kpis", since="2026-03-02T10:00Z", limit=10)
    assert client.get("kpis", since="2026-03-02T10:00:20Z", limit=10, last_id="000000009") == page


def test_the_limit_on_scores_counts_results(client: Client) -> None:
    client.vendor.account.crowd("scores", 8, MINUTE)
    answers = client.get("scores", since=LONG_AGO, limit=3)
    assert len(answers) > 3
    assert len({answer["resultId"] for answer in answers}) == 3
    client.vendor.scores_counted_in = "answers"
    assert len(client.get("scores", since=LONG_AGO, limit=3)) == 3


def test_a_row_modified_while_paging_moves_to_the_end(client: Client) -> None:
    account = client.vendor.account
    first, *rest = (row.id for row in account.crowd("calls", 4, MINUTE))
    client.vendor.repeats_last = "never"
    assert client.ids("calls", since=LONG_AGO, limit=2) == [first, rest[0]]
    client.vendor.before_page = lambda feed: account.modify(feed, first, NOW)
    assert client.ids("calls", since=LONG_AGO, limit=5, last_id=rest[0]) == [*rest[1:], first]


def test_calls_may_tell_when_they_were_modified(client: Client) -> None:
    call = client.vendor.account.add_call(MINUTE, call_time=NOW + timedelta(days=365))
    assert "modified" not in client.get("calls", since=LONG_AGO)[0]
    client.vendor.calls_tell_modified = True
    (record,) = client.get("calls", since=LONG_AGO)
    assert (record["id"], record["modified"]) == (call.id, "2026-03-02T10:00:00Z")
    assert record["callTime"] == "2027-03-02T15:30:00Z"


def test_times_are_as_in_the_samples(served: Client) -> None:
    planned = served.get("plans", since=LONG_AGO, limit=1)[0]["startDate"]
    assert planned.endswith(("-04:00", "-05:00"))
    assert served.get("shares", since=LONG_AGO, limit=1)[0]["sharedAt"][19:] == "Z"
    fractions = {len(score["modified"]) - 21 for score in served.get("scores", since=LONG_AGO, limit=1000)}
    assert fractions >= {5, 6}


def test_mixed_times_are_the_same_times(served: Client, client: Client) -> None:
    client.vendor.times = "mixed"
    client.vendor.account = served.vendor.account
    shown, mixed = (who.get("feedback", since=LONG_AGO, limit=1000) for who in (served, client))
    assert [moment(row["modified"]) for row in shown] == [moment(row["modified"]) for row in mixed]
    assert {row["modified"][26:] for row in mixed} >= {"", "Z", "+05:30", "-05:00"}


def test_the_pages_contradictions(client: Client) -> None:
    account = client.vendor.account
    account.add("listens", MINUTE)
    account.add("plans", MINUTE)
    account.crowd("scores", 40, MINUTE)
    scorecard = next(iter(account.scorecards))
    assert client.get("listens", since=LONG_AGO)[0]["modified"] == ""
    assert {"yes", "pass"} <= {score["answer"] for score in client.get("scores", since=LONG_AGO)}
    client.vendor.listens_modified = "missing"
    client.vendor.answers = "numbers"
    client.vendor.plan_ids = "text"
    client.vendor.question_key = "questionID"
    client.vendor.question_blank = True
    assert "modified" not in client.get("listens", since=LONG_AGO)[0]
    assert all(
        score["answer"] is None or isinstance(score["answer"], float) for score in client.get("scores", since=LONG_AGO)
    )
    assert isinstance(client.get("plans", since=LONG_AGO)[0]["planId"], str)
    assert client.get(f"scorecard/{scorecard}")[0]["questionID"].startswith(" ")


def test_topics_may_be_one_text(served: Client, client: Client) -> None:
    client.vendor.account = served.vendor.account
    client.vendor.topic_words = "text"
    assert client.get("topics")[0]["words"] == "please don't, stop calling, off your list"
    assert served.get("topics")[0]["words"] == ["please don't", "stop calling", "off your list"]


def test_identical_rows_are_all_served(client: Client) -> None:
    for feed in ("listens", "shares"):
        row = client.vendor.account.add(feed, MINUTE)
        client.vendor.account.twin(feed, row.id)
        first, second = client.get(feed, since=LONG_AGO)
        assert first == second


def test_windows_of_topics_come_in_pairs(served: Client) -> None:
    rows = served.get("call_topics", since=LONG_AGO, window_length=20, minimum_matches=2)
    assert any(row["topicMatches"] for row in rows)
    assert served.get("call_topics", since=LONG_AGO, window_length=20, minimum_matches=9)[0]["topicMatches"] == []
    assert served.ask("call_topics", since=LONG_AGO, window_length=20).status_code == 400


def test_work_shows_in_every_feed(world: World) -> None:
    with Sandbox(world) as sandbox:
        sandbox.execvision.lift_limits()
        sandbox.execvision.listens_modified = "filled"
        client = Client(sandbox)
        sandbox.execvision.simulate_hour("2026-03-02T16:00:00+00:00")
        for feed in FEEDS:
            fresh = client.get(feed, since="2026-03-02T16:00Z")
            assert fresh, feed
            assert sandbox.execvision.contents(feed)[-len(fresh) :] == fresh
        assert {call["state"] for call in client.get("calls", since="2026-03-02T16:00Z")} == {
            "PROCESSING",
            "COMPLETE",
        }


def test_the_data_hangs_on_the_calendar_alone(served: Client) -> None:
    with Sandbox(World(NOW + timedelta(days=30))) as sandbox:
        later = Client(sandbox)
        shares = later.get("shares", since="2026-01-01T00:00Z", limit=1000)
    expected = served.get("shares", since="2026-01-01T00:00Z", limit=1000)
    assert expected
    assert shares[: len(expected)] == expected


def at_new_yorks(hour: int) -> datetime:
    return datetime(2026, 7, 1, hour, 30, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(("hour", "sixth"), [(6, 429), (20, 429), (5, 200), (21, 200)])
def test_by_day_the_sixth_request_is_one_too_many(client: Client, hour: int, sixth: int) -> None:
    client.vendor.by_day, client.vendor.by_night = Limit(5, 3600), Limit(25, 3600)
    client.vendor.over_limit = "refused"
    client.vendor.clock = lambda: at_new_yorks(hour)
    assert [client.ask("check").status_code for _ in range(6)] == [200] * 5 + [sixth]


def test_one_too_many_waits_for_its_turn(client: Client) -> None:
    client.vendor.by_day = client.vendor.by_night = Limit(5, 2)
    began = time.monotonic()
    for _ in range(6):
        client.ask("check").raise_for_status()
    assert time.monotonic() - began > 1.9


def test_told_off_instead_of_queued(client: Client) -> None:
    client.vendor.by_day = client.vendor.by_night = Limit(2, 60)
    client.vendor.over_limit = "refused"
    assert [client.ask("check").status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("way", ["status", "drop", "hang"])
def test_the_queue_has_an_end(client: Client, way: Any) -> None:
    client.vendor.by_day = client.vendor.by_night = Limit(1, 60)
    client.vendor.patience = 0.3
    client.vendor.out_of_patience = way

    def outcome(_: int) -> object:
        try:
            patience = 1 if way == "hang" else 300
            return requests.get(f"{client.root}/check", auth=client.session.auth, timeout=patience).status_code
        except requests.RequestException as error:
            return type(error)

    client.ask("check").raise_for_status()
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(outcome, range(3)))
    late = {"status": 504, "drop": requests.ConnectionError, "hang": requests.ReadTimeout}[way]
    assert outcomes == [late] * 3


def moment(text: str) -> datetime:
    """Read a time of any kind that the API writes; without a zone it is UTC."""
    zone = "" if text[-6] in "+-" else "Z"
    body, offset = (text.rstrip("Z"), "+00:00") if zone else (text[:-6], text[-6:])
    seconds, _, fraction = body.partition(".")
    return datetime.fromisoformat(f"{seconds}.{fraction:0<6}{offset}")
