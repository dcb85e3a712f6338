"""Every employee comes once, whichever way the pages hang together, with a key that stays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_agentconnect.base.http import RefusedError, TapError
from tap_agentconnect.keys import Employees
from tap_agentconnect.pagination import EmployeePage, EmployeePaginator, EmployeeRequest

from sandbox import faults
from tests.contract.agentconnect import AGENTCONNECT
from tests.contract.contract import keys_of
from tests.contract.test_records import invalid
from tests.singer import run
from tests.tap_agentconnect.runs import TAP, attempt, only, sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.agentconnect.api import AgentConnect
    from sandbox.server import Sandbox
    from tap_agentconnect.keys import Row


@dataclass(frozen=True)
class Company:
    """A model of the list, with the readings of its document."""

    staff: list[Row]
    most: int = 100
    # What leads to the next page: links, the last employee's id, or both.
    links: bool = True
    follows_after: bool = True
    follows_id: bool = True
    id_is_inclusive: bool = False
    # Whether an id that it does not know, or need, is refused, ignored, or leads to an empty page.
    unknown_id: str = "refused"
    # What stands for the next page on the last one: nothing, or a link to an empty one.
    extra_link: bool = False
    nulls: bool = False
    lists_deactivated: bool = True

    def answer(self, request: EmployeeRequest) -> EmployeePage | RefusedError:
        staff = self.staff
        if not self.lists_deactivated or request.filters:
            # Every third has left.
            staff = [row for n, row in enumerate(staff) if (n % 3 == 0) == bool(request.filters)]
        first = 0
        if self.follows_after:
            first = int(request.cursor.get("after", 0))
        name = request.cursor.get("external_id")
        if name and self.follows_id:
            places = [n for n, row in enumerate(staff) if name in (row["custom_employee_id"], row["email"])]
            if not places and self.unknown_id == "refused":
                return RefusedError("404", 404, "")
            first = places[0] + (not self.id_is_inclusive) if places else len(staff) * (self.unknown_id == "empty")
        page = staff[first : first + self.most]
        has_link = self.links and (first + len(page) < len(staff) or (self.extra_link and bool(page)))
        cursor = {"after": str(first + len(page))} if has_link else None
        return EmployeePage(page, cursor, is_null=self.nulls and not page)


def listed(answer: Callable[[EmployeeRequest], EmployeePage | RefusedError]) -> list[Row]:
    """Step a paginator by hand."""
    paginator = EmployeePaginator()
    asked = 0
    rows: list[Row] = []
    while not paginator.finished:
        asked += 1
        assert asked < 500, "an endless loop"
        paginator.advance(answer(paginator.current_value))
        rows += [row for batch in paginator.take() for row in batch.rows]
    return rows


def employee(number: int, *, has_id: bool = True) -> Row:
    return {"email": f"e{number}", "custom_employee_id": f"c{number}" if has_id else None, "first_name": str(number)}


COMPANIES = st.builds(
    Company,
    staff=st.lists(st.booleans(), max_size=20).map(
        lambda ids: [employee(number, has_id=has_id) for number, has_id in enumerate(ids)]
    ),
    most=st.integers(1, 7),
    links=st.booleans(),
    follows_after=st.booleans(),
    follows_id=st.booleans(),
    id_is_inclusive=st.booleans(),
    unknown_id=st.sampled_from(["refused", "ignored", "empty"]),
    extra_link=st.booleans(),
    nulls=st.booleans(),
    lists_deactivated=st.booleans(),
)


@settings(max_examples=300)
@given(COMPANIES)
def test_everyone_comes_once_or_there_is_an_error(company: Company) -> None:
    if not company.links and (not company.follows_id or (company.id_is_inclusive and company.most == 1)):
        return  # nothing shows then that the first page is not the whole list: see below
    leads_on = (company.links and company.follows_after) or (company.follows_id and not company.id_is_inclusive)
    try:
        rows = listed(company.answer)
    except TapError:
        # A page of those who have no id may be all that the last one's leads to.
        assert not leads_on or not all(row["custom_employee_id"] for row in company.staff)
        return
    assert sorted(row["employee_key"] for row in rows) == sorted(row["email"] for row in company.staff)


@pytest.mark.parametrize("count", [100, 500])
def test_a_full_page_that_leads_nowhere_is_an_error(count: int) -> None:
    company = Company([employee(n) for n in range(count)], most=500, links=False, follows_id=False)
    with pytest.raises(TapError, match="some may be missing"):
        listed(company.answer)
    fewer = replace(company, staff=company.staff[:-1])
    assert len(listed(fewer.answer)) == count - 1


@pytest.mark.parametrize("links", [True, False])
def test_a_full_page_without_a_link_is_not_the_last(links: bool) -> None:
    company = Company([employee(n) for n in range(1200)], most=500, links=False)
    first: list[EmployeeRequest] = []

    def answer(request: EmployeeRequest) -> EmployeePage | RefusedError:
        first.append(request)
        page = company.answer(request)
        # The link stands on the first page only.
        return replace(page, next_cursor={"after": "500"}) if links and len(first) == 1 else page  # type: ignore[type-var]

    assert len(listed(answer)) == 1200
    assert {key for request in first for key in request.cursor} == ({"after"} if links else set()) | {"external_id"}


def test_a_list_that_never_moves_on_is_an_error() -> None:
    company = Company([employee(1), employee(2)], most=1, follows_after=False, follows_id=False)
    with pytest.raises(TapError, match="some may be missing"):
        listed(company.answer)


def test_a_link_that_cannot_be_read_is_no_end() -> None:
    company = Company([employee(n) for n in range(10)], most=4, links=False)
    answers = [EmployeePage(company.staff[:4], {})]
    rows = listed(lambda request: company.answer(request) if request.cursor or request.filters else answers[0])
    assert len(rows) == 10


def test_a_filter_that_is_refused_is_an_error() -> None:
    company = Company([employee(1)])
    refusal = RefusedError("422", 422, "")
    with pytest.raises(RefusedError):
        listed(lambda request: refusal if request.filters else company.answer(request))


def keyed(*staff: Row) -> dict[str, str]:
    """Return the key of each by name, which may not depend on their order."""
    found = []
    for seed in range(4):
        employees = Employees()
        shuffled = Random(seed).sample(staff, len(staff))
        for row in shuffled:
            employees.add([row])
        found.append({row["first_name"]: row["employee_key"] for row in employees.with_keys()})
    assert all(keys == found[0] for keys in found)
    assert len(set(found[0].values())) == len(staff)
    return found[0]


def person(name: str, email: str | None, custom_id: str | int | None, **more: str) -> Row:
    return {"first_name": name, "email": email, "custom_employee_id": custom_id, **more}


def test_keys() -> None:
    keys = keyed(
        person("Ann", "ann@x.example", "1"),
        person("Bob", "", 12),
        person("Cy", "shared@x.example", "20"),
        person("Di", "shared@x.example", "3"),
        person("Ed", "shared@x.example", None),
        person("Flo", "shared@x.example", "null"),
        person("Gus", None, "ann@x.example"),
        person("Hal", None, "shared@x.example (20)"),
        person("Jim", None, "12"),
    )
    assert keys == {
        "Ann": "ann@x.example",
        "Bob": "12",
        "Cy": "shared@x.example (20)",
        "Di": "shared@x.example (3)",
        "Ed": "shared@x.example",
        "Flo": "shared@x.example (Flo)",
        "Gus": "ann@x.example (Gus)",
        "Hal": "shared@x.example (20) (Hal)",
        "Jim": "12 (Jim)",
    }


def test_one_with_neither_id_keeps_the_key() -> None:
    first, second = (person("Ida", None, "null", last_active=when) for when in ("2026-01-01", "2026-02-02"))
    assert keyed(first, person("Jo", None, None)) == keyed(second, person("Jo", None, None))


def test_one_who_comes_on_two_pages_is_one() -> None:
    employees = Employees()
    employees.add([person("Kim", "kim@x.example", 7)])
    employees.add([person("Kimberly", "kim@x.example", "7")])
    assert [(row["first_name"], row["employee_key"]) for row in employees.with_keys()] == [
        ("Kimberly", "kim@x.example")
    ]


@pytest.mark.parametrize(
    "reading",
    [
        {"employees_most": 7},
        {"employees_most": 7, "next_page_keeps_parameters": True, "next_page_host": "own", "last_page": "extra"},
        {"employees_most": 7, "employees_after": False, "last_page": "missing"},
        {"employees_after": False, "last_page": "extra"},
        {"employees_most": 5, "lists_deactivated": False, "last_page": "blank", "ids": "integer"},
        {"employees_most": 7, "links_pages": False, "no_employees": "null"},
        {"employees_most": 7, "links_pages": False, "external_id": "from"},
        {"employees_most": 7, "last_page": "false", "no_employees": "204"},
    ],
    ids=str,
)
def test_employees(reading: dict[str, Any], sandbox: Sandbox, vendor: AgentConnect) -> None:
    for name, value in reading.items():
        setattr(vendor, name, value)
    vendor.add_employee("Nora Neu", email=None, custom_employee_id="n-1")
    vendor.deactivate(next(iter(vendor.employees.values())))
    # Another host than the API's could be reached through this proxy only, on which nothing answers.
    config, environment = AGENTCONNECT.config(sandbox), {"LOGLEVEL": "DEBUG", "HTTPS_PROXY": "http://127.0.0.1:9"}
    result = run(TAP, config, catalog=only("employees"), environment=environment)
    assert result.exit_code == 0, result.log
    assert not invalid(result)
    sent = keys_of(result.records("employees"), ("employee_key",))
    assert len(sent) == len(set(sent))
    assert set(sent) == {(e.row["email"] or e.row["custom_employee_id"],) for e in vendor.employees.values()}
    assert ("n-1",) in sent
    assert "@contact-centre.example" not in result.log


def test_people_who_share_an_address(sandbox: Sandbox, vendor: AgentConnect) -> None:
    count = len(vendor.employees)
    first = next(row for e in vendor.employees.values() if (row := e.row)["email"] and row["custom_employee_id"])
    vendor.add_employee("Nora Neu", email=first["email"], custom_employee_id="zz-1")
    vendor.add_employee("Otto Alt", email=None, custom_employee_id=first["email"])
    vendor.add_employee("Ida Ohne", email=None, custom_employee_id="null")
    keys = []
    for _ in range(2):
        result = sync(sandbox, catalog=only("employees"))
        keys.append({record["employee_key"]: record["first_name"] for record in result.records("employees")})
        for employee in vendor.employees.values():
            employee.row["last_active"] = datetime.now(timezone.utc)
    assert keys[0] == keys[1]
    assert len(keys[0]) == count + 3
    assert keys[0][first["email"]] == first["first_name"]
    assert keys[0][f"{first['email']} (zz-1)"] == "Nora"


def test_a_whole_list_may_end_with_its_version(sandbox: Sandbox, vendor: AgentConnect) -> None:
    result = sync(sandbox, catalog=only("employees", "qa_audits"), emit_activate_version_messages=True)
    (version,) = result.of("ACTIVATE_VERSION")
    assert version["stream"] == "employees"
    assert {m["version"] for m in result.of("RECORD") if m["stream"] == "employees"} == {version["version"]}
    vendor.fail(faults.status(403), at=2, times=9, where=lambda seen: seen.path.endswith("employees"))
    failed = attempt(sandbox, catalog=only("employees"), emit_activate_version_messages=True)
    assert failed.exit_code == 1
    assert not failed.of("ACTIVATE_VERSION")
