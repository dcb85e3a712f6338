"""The list of employees: its filters, and the ways from page to page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.sandbox.agentconnect.client import WORLD, Client


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
    assert {WORLD.known_as(agent, WORLD.now).email for agent in WORLD.agents} < {row["email"] for row in found}
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
