# test folders are no packages
from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import jwt
import pytest
import requests
from sandbox.server import Sandbox
from sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.agentconnect.api import AgentConnect

WORLD = World(datetime(2026, 1, 15, 12, tzinfo=timezone.utc))
PERSON = {"custom_id", "email", "first_name", "last_name"}
FEEDS = ("/v2/data", "/v2/qa", "/v2/qa/audits", "/v2/qa/calibrations", "/v2/coaching/sessions")


class Client:
    def __init__(self, sandbox: Sandbox) -> None:
        self.vendor: AgentConnect = sandbox.agentconnect
        self.url = f"{sandbox.url}/{self.vendor.name}"
        self.session = requests.Session()

    def token(self, secret: str | None = None, algorithm: str = "HS256", **claims: Any) -> str:
        claims = claims or {"iat": int(time.time())}
        return jwt.encode(claims, secret or self.vendor.api_secret, algorithm=algorithm)

    def get(self, path: str, **query: Any) -> requests.Response:
        headers = {"x-api-key": self.vendor.api_key, "Authorization": self.token()}
        return self.session.get(self.url + path, params=query, headers=headers, timeout=300)

    def rows(self, path: str, **query: Any) -> list[Any]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        rows = answer.json()
        assert isinstance(rows, list)
        return rows

    def walk(self, path: str, **query: Any) -> list[Any]:
        found: list[Any] = []
        while page := self.rows(path, **query):
            found += page
            query["after"] = page[-1]["sequence_id"]
        return found


@pytest.fixture
def client() -> Iterator[Client]:
    with Sandbox(WORLD) as sandbox:
        yield Client(sandbox)


@pytest.fixture(scope="module")
def reader() -> Iterator[Client]:
    """Share one server, without a quota, among the tests that only read."""
    with Sandbox(WORLD) as sandbox:
        sandbox.agentconnect.lift_limits()
        yield Client(sandbox)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(item)


def values(rows: list[Any], key: str) -> list[Any]:
    return [found[key] for found in objects(rows) if key in found]


def test_both_headers_are_required_and_the_token_goes_bare(reader: Client) -> None:
    now, key = int(time.time()), reader.vendor.api_key
    refused = [
        {},
        {"x-api-key": key},
        {"Authorization": reader.token()},
        {"x-api-key": "another", "Authorization": reader.token()},
        {"x-api-key": key, "Authorization": f"Bearer {reader.token()}"},
    ]
    secret = "another secret of enough length, thirty-two"
    tokens = [
        "",
        "no token",
        reader.token(secret),
        reader.token(reader.vendor.api_secret * 2, "HS512"),
        jwt.encode({"iat": now}, None, algorithm="none"),
        *(reader.token(**claims) for claims in ({"name": "x"}, {"iat": now + 60}, {"iat": now - 3600})),
        reader.token(iat=now + 0.5),
        reader.token(iat=now, exp=now - 5),
        reader.token(iat=True),
    ]
    refused += [{"x-api-key": key, "Authorization": token} for token in tokens]
    for headers in refused:
        answer = requests.get(f"{reader.url}/v2/employees", headers=headers, timeout=300)
        assert (answer.status_code, answer.text) == (403, "Forbidden"), headers
    assert reader.get("/v2/employees").status_code == 200


def test_a_short_secret_and_a_clock_ahead_can_be_allowed(client: Client) -> None:
    client.vendor.api_secret, client.vendor.iat_leeway = "short", 60
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = client.token(iat=int(time.time()) + 30)
    headers = {"x-api-key": client.vendor.api_key, "Authorization": token}
    assert requests.get(f"{client.url}/v2/employees", headers=headers, timeout=300).status_code == 200


def test_feedbacks_are_shaped_as_the_sample(reader: Client) -> None:
    rows = reader.rows("/v2/data")
    assert len(rows) == 1000
    answered = next(row for row in rows if row["response_received_at"] and row["customer"] and row["team_leader"])
    assert set(answered) == {
        "uuid", "sequence_id", "parent_uuid", "is_recovery", "branding", "channel", "ext_interaction_id",
        "external_url", "language", "survey_id", "survey_name", "tags", "request_created_at",
        "request_delivery_status", "request_sent_at", "requested_via", "response_received_at",
        "reward_eligible", "reward_name", "marketing", "employee", "team_leader", "customer",
        "custom_properties", "answers",
    }  # fmt: skip
    assert len(answered["marketing"]) == 10
    assert set(answered["employee"]) == PERSON
    assert set(answered["team_leader"]) == {"custom_id", "full_name"}
    assert set(answered["customer"]) == {"custom_id", "email", "full_name"}
    stars = answered["answers"]["agent_star_rating"]
    assert set(stars) == {"question_id", "question_text", "comment", "selected_options"}
    ((key, option),) = stars["selected_options"].items()
    assert set(option) == {"option_id", "option_text", "integer_value"}
    assert key == str(option["option_id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", answered["request_created_at"])


def test_quality_and_coaching_are_shaped_as_the_samples(reader: Client) -> None:
    common = {"uuid", "sequence_id", "scorecard", "questions", "interaction_id", "interaction_url"}
    scored = common | {"completed_at", "count_toward_score", "score", "autofailed", "reviewer", "groups"}
    review_keys = scored | {"solicitation_id", "employee", "created_at", "started_at"}
    for row in reader.walk("/v2/qa"):
        assert set(row) == review_keys
        assert set(row["employee"]) == PERSON | {"team_leader"}
        assert set(row["scorecard"]) == {"name", "archived_at"}
        for question in row["questions"].values():
            assert set(question) == {
                "question_text", "section", "section_weight", "comment", "selected_options",
            }  # fmt: skip
    for row in reader.walk("/v2/qa/audits"):
        assert set(row) == scored | {"audit_type", "auditor", "qa_review"}
        assert set(row["reviewer"]) == PERSON | {"team_leader"}
        assert set(row["qa_review"]) == review_keys
    for row in reader.walk("/v2/qa/calibrations"):
        assert set(row) == common | {
            "alignment_score", "started_by", "meeting_date", "participants", "notes", "completed_at",
            "created_at",
        }  # fmt: skip
        for question in row["questions"].values():
            assert set(question["selected_option"] or {}) <= {"qa_option_id", "option_text", "score"}
            for option in question["options"].values():
                assert set(option) == {"option_text", "score", "participants"}
    for row in reader.walk("/v2/coaching/sessions"):
        assert set(row) == {
            "uuid", "created_at", "shared_at", "reshared_at", "archived", "sequence_id", "coach", "employee",
            "title", "private", "created_action_items", "completed_action_items", "kudos",
            "metric_attachments", "feedback_attachments", "qa_review_attachments",
        }  # fmt: skip
        assert row["coach"]["custom_id"] == "null"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", row["created_at"])


@pytest.mark.parametrize("path", FEEDS)
def test_paging_by_sequence_id_reads_everything_once(client: Client, path: str) -> None:
    feed = {
        "/v2/data": client.vendor.feedbacks,
        "/v2/qa": client.vendor.qa_reviews,
        "/v2/qa/audits": client.vendor.qa_audits,
        "/v2/qa/calibrations": client.vendor.qa_calibrations,
        "/v2/coaching/sessions": client.vendor.coaching_sessions,
    }[path]
    client.vendor.rows_most = min(1000, len(feed) // 3)
    rows = client.walk(path, include_recovery="true")
    ids = [row["sequence_id"] for row in rows]
    assert ids == sorted(set(ids))
    assert [row["uuid"] for row in rows] == list(feed)
    assert len(rows) > (4000 if path == "/v2/data" else 50)


def test_recoveries_limit_and_stream(reader: Client) -> None:
    without = reader.walk("/v2/data")
    parents = {row["uuid"] for row in without}
    recoveries = [row for row in reader.walk("/v2/data", include_recovery="true") if row["uuid"] not in parents]
    assert recoveries
    assert all(row["is_recovery"] and row["parent_uuid"] in parents for row in recoveries)
    assert not any(row["is_recovery"] for row in without)
    assert len(reader.rows("/v2/data", limit=5)) == 5
    assert len(reader.rows("/v2/data", limit=5000)) == 1000
    assert len(reader.rows("/v2/data", stream="true", limit=5000)) == len(without)
    assert len(reader.rows("/v2/coaching/sessions", limit=5)) > 5


def test_dates_are_inclusive_and_need_an_offset(reader: Client) -> None:
    rows = reader.walk("/v2/data")
    first = min(row["response_received_at"] for row in rows if row["response_received_at"])
    (found,) = reader.rows("/v2/data", responded_at_gte="1970-01-01T00:00:00Z", responded_at_lte=first)
    assert found["response_received_at"] == first
    some = rows[700]["request_created_at"]
    bounds = {"created_at_gte": some, "created_at_lte": some.replace("Z", "+00:00")}
    assert rows[700]["uuid"] in [row["uuid"] for row in reader.rows("/v2/data", **bounds)]
    assert reader.rows("/v2/data", **bounds, after=rows[700]["sequence_id"]) == []
    completed = reader.rows("/v2/qa/audits", completed_at_gte="1970-01-01T00:00:00+00:00")
    assert 0 < len(completed) < len(reader.rows("/v2/qa/audits"))
    shared = reader.rows("/v2/coaching/sessions", shared_at_gte="2025-10-01T00:00:00-05:00")
    assert min(row["shared_at"] for row in shared) >= "2025-10-01 05:00:00 UTC"
    for wrong in (
        {"created_at_gte": "yesterday"},
        {"created_at_lte": "2025-01-01T00:00:00"},
        {"after": "x"},
        {"limit": 0},
    ):
        answer = reader.get("/v2/data", **wrong)
        assert answer.status_code == 400
        assert answer.json()["validation_errors"]


def test_the_hundred_and_first_request_of_a_minute_is_told_to_retry_later(client: Client) -> None:
    statuses = [client.get("/v2/qa/calibrations").status_code for _ in range(101)]
    assert statuses == [200] * 100 + [429]
    answer = client.get("/v2/qa/calibrations")
    assert answer.text == "Retry Later"
    assert answer.headers["content-type"].startswith("text/plain")
    assert "retry-after" not in answer.headers
    client.vendor.retry_after = "7"
    assert client.get("/v2/qa").headers["retry-after"] == "7"


def test_the_traps_are_in_the_data(reader: Client) -> None:
    feedbacks = reader.walk("/v2/data", include_recovery="true")
    reviews, audits = reader.walk("/v2/qa"), reader.walk("/v2/qa/audits")
    scores = [row["score"] for row in reviews]
    assert {"100%", "87.5%", None, "", 100} <= set(scores)
    assert {type(row["score"]) for row in audits} >= {int, str}
    assert "" in [row["completed_at"] for row in audits]
    archived = [row["scorecard"]["archived_at"] for row in reviews]
    assert {type(value) for value in archived} == {str, dict, int, type(None)}
    dumped = next(value for value in archived if isinstance(value, dict))
    assert isinstance(dumped["utc"]["^t"], float)
    assert {"null", None, "9001"} <= set(values(reviews, "custom_id"))
    assert {type(value) for value in values(feedbacks, "custom_id")} == {str, int, type(None)}
    assert {type(value) for value in values(feedbacks, "question_id")} == {str, int}
    assert {type(value) for value in values(reviews, "interaction_id")} == {str, int}
    assert any("answers" not in row for row in feedbacks)
    answers = [row["answers"] for row in feedbacks if "answers" in row]
    properties = [row["custom_properties"] for row in feedbacks]
    options = values(feedbacks, "selected_options") + values(reviews, "selected_options")
    empty: dict[str, Any] | None
    for empty in ({}, None):
        assert empty in answers
        assert empty in properties
        assert empty in options
    assert [] in answers
    assert None in [row["customer"] for row in feedbacks]
    assert None in [row["team_leader"] for row in feedbacks]
    assert len({len(row["uuid"]) for row in feedbacks}) == 2


def test_employees_page_through_a_link_on_another_host(reader: Client) -> None:
    found: list[Any] = []
    query: dict[str, Any] = {"number_of_employees": 10}
    while True:
        body = reader.get("/v2/employees", **query).json()
        assert set(body) == {"employees", "meta"}
        found += body["employees"]
        if not (link := body["meta"]["next_page"]):
            break
        parts = urlsplit(link)
        assert (parts.netloc, parts.path) == ("contact-centre.stellaconnect.net", "/api/v2/employees")
        cursor = dict(parse_qsl(parts.query))
        assert set(cursor) == {"after"}
        query |= cursor
    assert found == reader.get("/v2/employees").json()["employees"]
    assert len(found) > 30
    assert {agent.email for agent in WORLD.agents} < {row["email"] for row in found}
    assert None in [row["email"] for row in found]
    assert {"null", "", None} < {row["custom_employee_id"] for row in found}
    assert set(found[0]) == {
        "email", "custom_employee_id", "first_name", "last_name", "team_leader_id", "team_leader_email",
        "role", "license_type", "channels", "employment_status", "start_date", "hometown", "state_or_country",
        "profile_text", "image", "groups", "manage_team", "last_active",
    }  # fmt: skip


def test_employees_by_external_id_filter_and_one_alone(client: Client) -> None:
    everyone = client.get("/v2/employees").json()["employees"]
    agent = WORLD.agents[0]
    after = client.get("/v2/employees", external_id=agent.number, number_of_employees=3).json()["employees"]
    assert [row["custom_employee_id"] for row in after] == ["9002", "9003", "9004"]
    assert client.get(f"/v2/employees/{agent.email}").json() == client.get("/v2/employees/9001").json()
    assert client.get("/v2/employees?external_id&number_of_employees").json()["employees"] == everyone
    assert client.get("/v2/employees/nobody").status_code == 404
    assert client.get("/v2/employees", status="asleep").status_code == 422
    (gone,) = client.get("/v2/employees", status="deactivated").json()["employees"]
    assert gone in everyone
    client.vendor.lists_deactivated = False
    assert gone not in client.get("/v2/employees").json()["employees"]
    led = client.get("/v2/employees", **{"team_leader_ids[]": [101, 102]}).json()["employees"]
    assert {row["team_leader_id"] for row in led} == {101, 102}
    assert client.get("/v2/employees", q="LAURENT").json()["employees"] == [everyone[4]]


def test_the_readings_of_the_employees_link(client: Client) -> None:
    vendor = client.vendor
    vendor.next_page_keeps_parameters, vendor.next_page_host = True, "own"
    link = client.get("/v2/employees", number_of_employees=5, status="active").json()["meta"]["next_page"]
    assert link == f"{client.url}/v2/employees?number_of_employees=5&status=active&after=9001"
    vendor.employees_after = False
    pages = [client.get("/v2/employees", number_of_employees=5, **query).json() for query in ({}, {"after": 9001})]
    assert pages[0] == pages[1]
    vendor.last_page = "missing"
    assert client.get("/v2/employees").json()["meta"] == {}
    vendor.last_page = "false"
    assert client.get("/v2/employees").json()["meta"] == {"next_page": False}
    vendor.last_page, vendor.employees_after = "extra", True
    assert client.get("/v2/employees").json()["meta"]["next_page"]
    assert client.get("/v2/employees", after=9999).json() == {"employees": [], "meta": {"next_page": None}}


def test_the_readings_of_a_list_of_employees_without_links(client: Client) -> None:
    vendor, query = client.vendor, {"number_of_employees": 5}
    vendor.links_pages = False
    page = client.get("/v2/employees", **query).json()
    assert page["meta"] == {}
    last = page["employees"][-1]["custom_employee_id"]
    following = client.get("/v2/employees", external_id=last, **query).json()["employees"]
    assert len(following) == 5
    vendor.external_id = "from"
    assert client.get("/v2/employees", external_id=last, **query).json()["employees"] == [
        page["employees"][-1],
        *following[:-1],
    ]
    vendor.no_employees = "null"
    assert client.get("/v2/employees", after=9999).json()["employees"] is None
    vendor.no_employees = "204"
    answer = client.get("/v2/employees", after=9999)
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_page_may_be_cut_by_its_bytes(client: Client) -> None:
    vendor, path = client.vendor, "/v2/qa"
    vendor.lift_limits()
    vendor.bytes_most = 40_000
    pages, after = [], 0
    while page := client.rows(path, after=after):
        pages.append(page)
        after = page[-1]["sequence_id"]
    assert {len(page) for page in pages[:-1]} > {len(pages[0])}
    assert [row["uuid"] for page in pages for row in page] == list(vendor.qa_reviews)
    vendor.bytes_most = 1
    assert len(client.rows(path)) == 1
    vendor.empty_page = ""
    assert client.get(path, after=10**15).status_code == 204


def test_a_clock_of_its_own(client: Client) -> None:
    client.vendor.clock_offset = timedelta(hours=-2)
    assert client.get("/v2/qa").status_code == 403
    client.vendor.iat_leeway = 3 * 3600
    assert client.get("/v2/qa").status_code == 200
    record = client.vendor.add_session()
    assert record.sequence_id < (time.time() - 7000) * 10_000


def test_a_row_updated_while_pages_are_read_comes_again(client: Client) -> None:
    vendor, path = client.vendor, "/v2/coaching/sessions"
    vendor.rows_most = 100
    whole = len(vendor.coaching_sessions)
    first = next(iter(vendor.coaching_sessions.values()))
    asked: list[object] = []

    def archive(request: object) -> None:
        asked.append(request)
        if len(asked) == 3:
            vendor.touch(first, archived=True)

    vendor.on_page = archive
    rows = client.walk(path)
    assert len(rows) == whole + 1
    assert [rows[0]["uuid"], rows[0]["archived"]] == [first.uuid, False]
    assert [rows[-1]["uuid"], rows[-1]["archived"]] == [first.uuid, True]


def test_the_readings_of_ids_and_order(client: Client) -> None:
    vendor, path = client.vendor, "/v2/coaching/sessions"
    vendor.sequence, vendor.ties = "counted", 4
    vendor.rows_most = 6
    page = client.rows(path)
    assert [row["sequence_id"] for row in page] == [4, 4, 4, 4, 8, 8]
    assert [row["sequence_id"] for row in client.rows(path, after=8)] == [12, 12, 12, 12, 16, 16]
    vendor.after_inclusive = True
    assert client.rows(path, after=4) == page
    vendor.out_of_order = True
    assert client.rows(path, after=4) != page
    vendor.out_of_order, vendor.order_without_after = False, "newest"
    created = [row["created_at"] for row in client.rows(path)]
    assert created == sorted(created, reverse=True)
    assert client.rows(path, after=0) == page
    vendor.empty_page = "null"
    assert client.get(path, after=10**15).text == "null"
    late = vendor.add_session(WORLD.now - timedelta(days=400))
    assert late.sequence_id > len(vendor.coaching_sessions) - 1
    assert vendor.tie(late, next(iter(vendor.coaching_sessions.values()))) == late.sequence_id


def test_the_readings_of_values(client: Client) -> None:
    vendor = client.vendor
    vendor.ids, vendor.unset_keys = "text", "missing"
    vendor.new_fields = {
        "": {"region": {"name": "EMEA"}},
        "employee": {"pronouns": "they"},
        "questions": {"order": 1},
    }
    rows = client.rows("/v2/qa")
    assert {type(value) for value in values(rows, "interaction_id") + values(rows, "custom_id")} == {str}
    assert all(row["region"] == {"name": "EMEA"} and row["employee"]["pronouns"] == "they" for row in rows)
    assert all(question["order"] == 1 for row in rows for question in row["questions"].values())
    assert not any(value is None for row in rows for value in row.values())
    vendor.ids = "integer"
    assert {type(value) for value in values(client.rows("/v2/qa"), "interaction_id")} == {int}


def test_short_pages_from_left_out_recoveries(client: Client) -> None:
    client.vendor.limit_skips_recoveries, client.vendor.recovery_flag = False, "when included"
    pages, after = [], 0
    while page := client.rows("/v2/data", after=after):
        pages.append(len(page))
        after = page[-1]["sequence_id"]
    assert pages[0] < 1000
    assert sum(pages) == sum(not row["is_recovery"] for row in client.walk("/v2/data", include_recovery="true"))
    assert not values(client.rows("/v2/data"), "is_recovery")


def test_an_hour_of_work_adds_edits_and_removes(client: Client) -> None:
    vendor = client.vendor
    feeds = vendor.feedbacks, vendor.qa_reviews, vendor.coaching_sessions
    before = [max(record.sequence_id for record in feed.values()) for feed in feeds]
    audits = set(vendor.qa_audits)
    vendor.simulate_hour((WORLD.now + timedelta(hours=1)).isoformat())
    changed = [client.rows(path, after=last) for path, last in zip((FEEDS[0], FEEDS[1], FEEDS[4]), before, strict=True)]
    assert [len(rows) for rows in changed] == [3, 2, 2]
    assert len(audits - set(vendor.qa_audits)) == 1
    assert len(set(vendor.qa_audits) - audits) == 1


def test_every_run_has_the_same_data(reader: Client) -> None:
    with Sandbox(WORLD) as another:
        assert Client(another).rows("/v2/data", limit=50) == reader.rows("/v2/data", limit=50)
