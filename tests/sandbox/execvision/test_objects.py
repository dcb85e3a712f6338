"""Objects as the page's samples show them, and as its contradictions allow."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.sandbox.execvision.client import LONG_AGO, MINUTE, NOW, Client, moment

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


def test_calls_may_tell_when_they_were_modified(client: Client) -> None:
    call = client.vendor.account.add_call(MINUTE, call_time=NOW + timedelta(days=365))
    assert "modified" not in client.get("calls", since=LONG_AGO)[0]
    client.vendor.calls_tell_modified = True
    (record,) = client.get("calls", since=LONG_AGO)
    assert (record["id"], record["modified"]) == (call.id, "2026-03-02T10:00:00Z")
    assert record["callTime"] == "2027-03-02T15:30:00Z"


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


def test_some_transcripts_may_be_private(client: Client) -> None:
    calls = [row.id for row in client.vendor.account.crowd("calls", 2, MINUTE)]
    client.vendor.private_calls = frozenset(calls[:1])
    assert [client.ask(f"transcript/{call}").status_code for call in calls] == [403, 200]


def test_calls_are_searched_in_lower_case(served: Client) -> None:
    call = served.get("calls", since=LONG_AGO, limit=1)[0]
    assert served.get("calls/search", **{"metadata.id": call["id"]}) == [call["id"]]
    found = served.get("calls/search", **{"metadata.company": call["metadata"]["company"].lower()})
    assert call["id"] in found
    assert served.get("calls/search", **{"metadata.company": call["metadata"]["company"]}) == []
    assert served.ask("calls/search", direction="inbound", state="complete").status_code == 400


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


def test_windows_of_topics_come_in_pairs(served: Client) -> None:
    rows = served.get("call_topics", since=LONG_AGO, window_length=20, minimum_matches=2)
    assert any(row["topicMatches"] for row in rows)
    assert served.get("call_topics", since=LONG_AGO, window_length=20, minimum_matches=9)[0]["topicMatches"] == []
    assert served.ask("call_topics", since=LONG_AGO, window_length=20).status_code == 400
