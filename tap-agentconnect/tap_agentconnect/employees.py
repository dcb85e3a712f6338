"""The list of employees, whose next page is named by an address on another host, or by the last of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from typing_extensions import override

from .client import AgentConnectStream
from .pagination import EMPLOYEE_PAGE_SIZES, EmployeePage, EmployeePaginator, EmployeeRequest, Params

if TYPE_CHECKING:
    import requests


class EmployeeStream(AgentConnectStream[EmployeeRequest, EmployeePage]):
    """A list of employees that comes whole."""

    primary_keys = ("employee_key",)
    is_whole_list = True

    @override
    def get_new_paginator(self) -> EmployeePaginator:
        return EmployeePaginator()

    @override
    def params_of(self, request: EmployeeRequest) -> Params:
        # What the vendor's address says of size and filters is not known to hold.
        return {**request.cursor, "number_of_employees": str(max(EMPLOYEE_PAGE_SIZES)), **request.filters}

    @override
    def parse_page(self, response: requests.Response, request: EmployeeRequest) -> EmployeePage:
        body = self.parse_json(response)
        if body is None:
            return EmployeePage([], is_null=True)
        employees = body.get("employees", body) if isinstance(body, dict) else {}
        rows = self.rows_in([] if employees is None else employees, response)
        meta = body.get("meta")
        next_page = meta.get("next_page") if isinstance(meta, dict) else None
        return EmployeePage(rows, _cursor_in(next_page), is_null=employees is None)


def _cursor_in(next_page: Any) -> Params | None:
    """Return what of the next page's address is good on the API's host, its parameters; None without an address."""
    if not next_page or (isinstance(next_page, str) and not next_page.strip()):
        return None
    query = str(next_page).strip().partition("?")[2].partition("#")[0]
    return dict(parse_qsl(query))
