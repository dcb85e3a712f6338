"""Agent Connect's data return and employees, from its Postman collection: five feeds and a list."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import accumulate
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlencode

import jwt
from jwt.algorithms import HMACAlgorithm
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.agentconnect.tenant import Tenant
from sandbox.vendor import Limit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.datastructures import QueryParams
    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from sandbox.agentconnect.data import Employee, Record, Row

STATUSES = {"active", "deactivated", "pending review", "confirmed", "unapproved", "created"}
# For the options that rewrite rows: objects keyed by data, values that are not the vendor's own, and ids.
MAPS = {"answers", "questions", "selected_options", "options"}
FREE = {"custom_properties", "archived_at"}
IDS = {
    "custom_employee_id", "custom_id", "ext_interaction_id", "interaction_id", "option_id", "qa_option_id",
    "question_id", "survey_id", "team_leader_id",
}  # fmt: skip


class _AnyLength(HMACAlgorithm):
    """HS256 with the secrets the vendor hands out, which may be shorter than is wise."""

    def check_key_length(self, key: bytes) -> None:
        """Find nothing wrong with any length."""


_tokens = jwt.PyJWS(algorithms=[])
_tokens.register_algorithm("HS256", _AnyLength(HMACAlgorithm.SHA256))


class _RefusedError(ValueError):
    """A parameter the vendor cannot read."""


@dataclass
class AgentConnect(Tenant):
    """Rows in order of update. The fields are what the collection leaves open, or how it may differ."""

    name: ClassVar[str] = "agentconnect"
    limits: tuple[Limit, ...] = (Limit(100, 60),)

    api_key: str = "sandbox-key-agentconnect"
    api_secret: str = "sandbox-secret-agentconnect-0123456789"  # noqa: S105
    subdomain: str = "contact-centre"
    # Seconds that a token's iat may lie ahead of the vendor's clock, and behind it.
    iat_leeway: float = 0
    iat_age: float = 300
    refusal: str = "Forbidden"
    retry_after: str | None = None

    after_inclusive: bool = False
    # How many rows, and how many bytes, a page has at most; one row comes in any case.
    rows_most: int = 1000
    bytes_most: int | None = None
    # False: recoveries that are left out have been counted already, and the page is the shorter for it.
    limit_skips_recoveries: bool = True
    recovery_flag: Literal["always", "when included"] = "always"
    # The order of every feed but /v2/data while no `after` is given: by sequence id, or newest first.
    order_without_after: Literal["sequence", "newest"] = "sequence"
    out_of_order: bool = False
    # A body without rows; "": none, with status 204.
    empty_page: str = "[]"
    # What created_at_* compares on /v2/qa.
    qa_dates: Literal["created", "completed"] = "created"
    ids: Literal["mixed", "text", "integer"] = "mixed"
    unset_keys: Literal["null", "missing"] = "null"
    # Fields the collection does not name, by the key of the object they come in: "" for the row, "*" for any.
    new_fields: Mapping[str, Row] = field(default_factory=dict)

    employees_default: int = 100
    employees_most: int = 500
    lists_deactivated: bool = True
    # False: `after` is ignored, since the collection's list of parameters does not have it.
    employees_after: bool = True
    # Whether a page comes after the employee with that id, or from that one on.
    external_id: Literal["after", "from"] = "after"
    # False: no page has a link to the next one.
    links_pages: bool = True
    # What stands for the list where nobody is left, "204" for no body at all.
    no_employees: Literal["[]", "null", "204"] = "[]"
    next_page_host: Literal["documented", "own"] = "documented"
    next_page_keeps_parameters: bool = False
    # What stands in meta after the last employee; "extra": a link to one more page, which is empty.
    last_page: Literal["null", "missing", "blank", "false", "extra"] = "null"

    # Called before a page is put together, so that a test can change the data between pages.
    on_page: Callable[[Request], object] | None = None

    def routes(self) -> list[BaseRoute]:
        """Everything that returns data; nothing that changes it."""
        return [
            Route("/v2/data", self.get_data),
            Route("/v2/qa", self.get_qa),
            Route("/v2/qa/audits", self.get_audits),
            Route("/v2/qa/calibrations", self.get_calibrations),
            Route("/v2/coaching/sessions", self.get_sessions),
            Route("/v2/employees", self.get_employees),
            Route("/v2/employees/{id}", self.get_employee),
        ]

    def unauthorised(self, request: Request) -> Response | None:
        """Both headers count: the key, and the bare token signed with the secret."""
        token = request.headers.get("Authorization", "")
        if request.headers.get("x-api-key") == self.api_key and self._signed(token):
            return None
        return PlainTextResponse(self.refusal, 403)

    def too_many(self, limit: Limit) -> Response:  # noqa: ARG002  # there is one limit only
        """Plain text, as the collection words it."""
        headers = {"Retry-After": self.retry_after} if self.retry_after else None
        return PlainTextResponse("Retry Later", 429, headers)

    def _signed(self, token: str) -> bool:
        try:
            claims = json.loads(_tokens.decode(token, self.api_secret, algorithms=["HS256"]))
        except (jwt.InvalidTokenError, ValueError):
            return False
        now = self.now.timestamp()
        issued, expires = (claims.get("iat"), claims.get("exp")) if isinstance(claims, dict) else (None, None)
        return (
            type(issued) is int
            and now - self.iat_age <= issued <= now + self.iat_leeway
            and (expires is None or (isinstance(expires, int) and now < expires))
        )

    async def get_data(self, request: Request) -> Response:
        """Interactions; service recoveries only when they are asked for."""
        return self._page(request, self.feedbacks, "responded_at", "response_received_at", _thousandths)

    async def get_qa(self, request: Request) -> Response:
        """QA reviews."""
        return self._page(request, self.qa_reviews)

    async def get_audits(self, request: Request) -> Response:
        """QA audits."""
        return self._page(request, self.qa_audits, "completed_at", "completed_at")

    async def get_calibrations(self, request: Request) -> Response:
        """QA calibrations."""
        return self._page(request, self.qa_calibrations, "completed_at", "completed_at")

    async def get_sessions(self, request: Request) -> Response:
        """1:1 coaching sessions."""
        return self._page(request, self.coaching_sessions, "shared_at", "shared_at")

    def _page(
        self,
        request: Request,
        feed: dict[str, Record],
        also: str | None = None,
        time_of: str = "",
        spelt: Callable[[datetime], str] | None = None,
    ) -> Response:
        """Give the rows after a sequence id and between the dates asked for, on creation and on `also`."""
        if self.on_page:
            self.on_page(request)
        # Interactions alone are responded to, and reviews alone have no second pair of dates.
        query, is_data, is_qa = request.query_params, also == "responded_at", also is None
        try:
            after = _integer(query, "after")
            limit = _integer(query, "limit", least=1) if is_data else None
            created = _between(query, "created_at")
            marked = _between(query, also) if also else None
        except _RefusedError as error:
            return JSONResponse({"validation_errors": [str(error)]}, 400)
        records = list(feed.values())
        if after is not None:
            least = after if self.after_inclusive else after + 1
            records = [record for record in records if record.sequence_id >= least]
        if created:
            completed = is_qa and self.qa_dates == "completed"
            records = [
                record for record in records if created(record.row["completed_at"] if completed else record.created)
            ]
        if marked:
            records = [record for record in records if marked(record.row[time_of])]
        if after is None and not is_data and self.order_without_after == "newest":
            records.sort(key=lambda record: record.created, reverse=True)
        else:
            records.sort(key=lambda record: record.sequence_id)
        most = self.rows_most if limit is None else limit
        if query.get("stream") != "true":
            most = min(most, self.rows_most)
        return self._rows(self._cut(records, most, query, is_data=is_data), spelt or _seconds)

    def _cut(self, records: list[Record], most: int, query: QueryParams, *, is_data: bool) -> list[Row]:
        if not is_data or query.get("include_recovery") == "true":
            return [record.row for record in records[:most]]
        if not self.limit_skips_recoveries:
            records = records[:most]
        rows = [record.row for record in records if not record.row["is_recovery"]][:most]
        if self.recovery_flag == "always":
            return rows
        return [{key: value for key, value in row.items() if key != "is_recovery"} for row in rows]

    def _rows(self, rows: list[Row], spelt: Callable[[datetime], str]) -> Response:
        if not rows:
            return Response(self.empty_page, media_type="application/json") if self.empty_page else Response(None, 204)
        if self.out_of_order:
            rows = self.world.chance("out of order").sample(rows, len(rows))
        body = [self._written(row) for row in rows] if self._rewrites else rows
        if self.bytes_most is not None:
            sizes = accumulate(len(json.dumps(row, default=spelt)) for row in body)
            body = body[: max(sum(size <= self.bytes_most for size in sizes), 1)]
        return Response(json.dumps(body, default=spelt), media_type="application/json")

    @property
    def _rewrites(self) -> bool:
        return self.ids != "mixed" or self.unset_keys == "missing" or bool(self.new_fields)

    def _written(self, row: Row, within: str = "") -> Row:
        """Give an object in the readings of ids, unset keys and new fields that are switched on."""
        row = {**row, **self.new_fields.get(within, {}), **self.new_fields.get("*", {})}
        return {
            key: self._value(value, key) for key, value in row.items() if value is not None or self.unset_keys == "null"
        }

    def _value(self, value: Any, key: str) -> Any:
        if key in FREE:
            return value
        if isinstance(value, list):
            return [self._value(item, key) for item in value]
        if isinstance(value, dict) and key in MAPS:
            return {name: self._written(item, key) for name, item in value.items()}
        if isinstance(value, dict):
            return self._written(value, key)
        return self._id(value) if key in IDS else value

    def _id(self, value: Any) -> Any:
        if self.ids == "text" and isinstance(value, int):
            return str(value)
        if self.ids == "integer" and isinstance(value, str) and value.isdecimal():
            return int(value)
        return value

    async def get_employees(self, request: Request) -> Response:
        """Accounts in the order of the vendor's own numbers, with a link to those that follow."""
        if self.on_page:
            self.on_page(request)
        query = request.query_params
        try:
            size = _integer(query, "number_of_employees", least=1)
            found = self._wanted(query)
        except _RefusedError as error:
            return JSONResponse({"error": str(error)}, 422)
        if last := query.get("external_id"):
            if not (known := self._named(last)):
                return JSONResponse({"error": "Team member not found."}, 404)
            first = known.number + (self.external_id == "after")
            found = [employee for employee in found if employee.number >= first]
        size = min(size or self.employees_default, self.employees_most)
        rows = [employee.row for employee in found[:size]]
        meta: Row = {}
        if self.links_pages and (len(found) > size or (rows and self.last_page == "extra")):
            meta["next_page"] = self._next_page(request, found[:size][-1])
        elif self.links_pages and self.last_page != "missing":
            meta["next_page"] = {"blank": "", "false": False}.get(self.last_page)
        if not rows and self.no_employees == "204":
            return Response(None, 204)
        listed = None if not rows and self.no_employees == "null" else [self._written(row) for row in rows]
        body = {"employees": listed, "meta": meta}
        return Response(json.dumps(body, default=_thousandths), media_type="application/json")

    def _wanted(self, query: QueryParams) -> list[Employee]:
        """Give the accounts behind the cursor that every filter lets through."""
        status, kind, text = query.get("status"), query.get("employee_status"), query.get("q", "").lower()
        if status and status not in STATUSES:
            message = f"status must be one of {', '.join(sorted(STATUSES))}"
            raise _RefusedError(message)
        leaders, groups, roles = (
            set(query.getlist(f"{name}[]")) for name in ("team_leader_ids", "reporting_groups", "roles")
        )
        after = (_integer(query, "after") if self.employees_after else None) or 0
        found = []
        for number, employee in sorted(self.employees.items()):
            row = employee.row
            searched = (f"{row['first_name']} {row['last_name']}", row["email"], row["custom_employee_id"])
            if (
                number > after
                and (employee.status == status if status else self._listed(employee))
                and (not kind or row["employment_status"] == kind)
                and (not leaders or str(row["team_leader_id"]) in leaders)
                and (not groups or groups & set(row["groups"] or ()))
                and (not roles or row["role"] in roles)
                and any(text in (part or "").lower() for part in searched)
            ):
                found.append(employee)
        return found

    def _listed(self, employee: Employee) -> bool:
        return self.lists_deactivated or employee.status != "deactivated"

    def _next_page(self, request: Request, last: Employee) -> str:
        cursors = {"after", "external_id"}
        kept = [pair for pair in request.query_params.multi_items() if pair[0] not in cursors]
        query = urlencode([*(kept if self.next_page_keeps_parameters else ()), ("after", last.number)])
        if self.next_page_host == "own":
            return f"{request.url.replace(query=query)}"
        return f"https://{self.subdomain}.stellaconnect.net/api/v2/employees?{query}"

    async def get_employee(self, request: Request) -> Response:
        """One account, by its e-mail or custom id."""
        if not (employee := self._named(request.path_params["id"])):
            return JSONResponse({"error": "Team member not found."}, 404)
        body = json.dumps(self._written(employee.row), default=_thousandths)
        return Response(body, media_type="application/json")

    def _named(self, wanted: str) -> Employee | None:
        for employee in self.employees.values():
            if wanted in {employee.row["email"], employee.row["custom_employee_id"]}:
                return employee
        return None


def _integer(query: QueryParams, name: str, least: int | None = None) -> int | None:
    text = query.get(name)
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or (least is not None and number < least):
        message = f"{name} must be an integer" + (f", {least} or more" if least is not None else "")
        raise _RefusedError(message)
    return number


def _between(query: QueryParams, name: str) -> Callable[[Any], bool] | None:
    """Give what is true of a time between name_gte and name_lte, and of no other value."""
    least, most = (_moment(query, f"{name}_{end}") for end in ("gte", "lte"))
    if least is None and most is None:
        return None
    return lambda value: (
        isinstance(value, datetime) and (least is None or value >= least) and (most is None or value <= most)
    )


def _moment(query: QueryParams, name: str) -> datetime | None:
    text = query.get(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"{name} must be an ISO 8601 datetime with an offset from UTC"
        raise _RefusedError(message)
    return moment


def _thousandths(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
