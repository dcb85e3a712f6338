"""Khoros Care Analytics, from its page on running a report: a job to run, to look after, and to download."""

from __future__ import annotations

import json
import secrets
import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import parse_qsl, quote, unquote
from zoneinfo import ZoneInfo

from starlette.datastructures import MultiDict
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.caranalytics.data import UNIX_EPOCH, Reports
from sandbox.caranalytics.files import Downloads, Style, streamed
from sandbox.caranalytics.history import TEAM_IDS, uuid
from sandbox.caranalytics.order import Order, RefusedError, Rules
from sandbox.caranalytics.rows import COLUMNS, millis
from sandbox.vendor import Limit, Vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from sandbox.caranalytics.rows import Values

# A runnerState and its detail.
State = tuple[str, str | None]

REPORT = "/api/public/reports/report"
TIMEZONES = ("Etc/GMT+12", "America/Chicago", "America/New_York", "Etc/UTC", "Europe/Berlin", "Asia/Kolkata")


@dataclass
class Job:
    """A report that was run, and how often it has been looked at and downloaded."""

    order: Order
    # The first, second, … run of the same report with the same parameters.
    attempt: int
    workflow_id: str
    run_id: str
    token: str
    begun: float
    looks: int = 0
    downloads: int = 0
    failed: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """The two that its URLs have."""
        return self.workflow_id, self.run_id

    @property
    def report(self) -> str:
        """The report's type."""
        return self.order.asked.report

    @property
    def span(self) -> timedelta:
        """How long a time it is about."""
        return self.order.asked.end - self.order.asked.start


@dataclass
class CareAnalytics(Vendor):
    """Reports as jobs. The fields are what the page leaves open, or how other pages and clients tell it."""

    name: ClassVar[str] = "caranalytics"
    # A field here and not the class's own: a test raises it.
    limits: tuple[Limit, ...] = (Limit(20, 60),)

    username: str = "reports@contact-centre.example"
    password: str = "sandbox-password-caranalytics"  # noqa: S105
    company_key: str = "sandbox-key-caranalytics"

    # Which HTTP methods run a report; documented is POST, and for conversation_actions GET as well.
    methods: Literal["documented", "GET", "POST", "any"] = "documented"
    # Which URLs the answer to a run has: none, the status one, or also a download one before there is a file.
    run_urls: Literal["none", "status", "both"] = "status"
    # Whose address is in these URLs: the host that was asked, or another one that cannot answer them.
    url_host: Literal["asked", "other"] = "asked"
    # What status and download ask for in the address; the URLs given out carry the key if it is that alone.
    access: Literal["either", "token", "key"] = "either"
    run_ids: Literal["base64", "plain"] = "base64"
    # The samples have an array for a job that runs or failed and an object for a completed one.
    result_shape: Literal["samples", "object", "array"] = "samples"
    detail_key: Literal["detail", "details"] = "detail"
    running: State = ("RUNNING", "")
    completed: State = ("CLOSED", "COMPLETED")
    failed: State = ("CLOSED", "FAILED")
    reason: str | None = None

    # A job runs for these seconds, and is seen running by this many looks at its status.
    job_seconds: float = 0
    job_polls: int = 1
    # How many jobs may be under way, and with what status one more is refused.
    jobs_most: int | None = None
    full_status: int = 409
    # Which jobs end as failed, such as `lambda job: job.attempt == 1` or `job.span > timedelta(hours=6)`.
    failing: Callable[[Job], bool] = lambda _: False

    # Downloads: redirected to another host, linked there by the status, or served here.
    download: Literal["redirect", "link", "direct"] = "redirect"
    redirect_status: int = 302

    # How a run is refused: a text as the result, a text as the message, or 400 with an empty object.
    errors: Literal["result", "message", "bare"] = "result"
    error_status: int = 200
    error_word: Literal["PASS", "FAIL"] = "FAIL"
    wrong_key_status: int = 403
    over_limit_status: int = 429
    retry_after: str | None = None
    media_type: str = "text/plain"

    rules: Rules = field(default_factory=Rules)
    style: Style = field(default_factory=Style)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reports = Reports(self.world)
        self.downloads = Downloads(self.world, secrets=(self.password, self.company_key))
        self.jobs: list[Job] = []
        # The most jobs that were begun and neither downloaded nor seen to have failed.
        self.most_in_flight = 0
        self._in_flight: dict[tuple[str, ...], Job] = {}
        self._by_ids: dict[tuple[str, ...], Job] = {}
        self._runs: Counter[Order] = Counter()

    def routes(self) -> list[BaseRoute]:
        """Running a report, its job, and the lists of teams and time zones."""
        return [
            Route(f"{REPORT}/{{report_type}}", self.run, methods=["GET", "POST"]),
            Route(f"{REPORT}/{{job:path}}", self.job),
            Route("/api/public/teams", self.teams),
            Route("/api/public/config/timezones", self.timezones),
        ]

    def unauthorised(self, request: Request) -> Response | None:
        """Basic authentication is for every path."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        expected = f"{self.username}:{self.password}".encode()
        if scheme.lower() == "basic" and given == b64encode(expected).decode():
            return None
        headers = {"WWW-Authenticate": 'Basic realm="analytics"'}
        return self._answer(None, "FAIL", 401, "Bad credentials", headers)

    def too_many(self, limit: Limit) -> Response:
        """No page tells this answer; other APIs of the vendor's have such an envelope."""
        headers = {"Retry-After": self.retry_after} if self.retry_after else None
        message = f"More than {limit.requests} requests in {limit.seconds:.0f} seconds"
        return self._answer(None, "FAIL", self.over_limit_status, message, headers)

    async def run(self, request: Request) -> Response:
        """Begin a job."""
        report = request.path_params["report_type"]
        if report not in COLUMNS:
            return self._answer(None, "FAIL", 404, f"Unknown report type {report}")
        allowed = {"documented": {"POST"}, "any": {"GET", "POST"}}.get(self.methods, {self.methods})
        if self.methods == "documented" and report == "conversation_actions":
            allowed = {"GET", "POST"}
        if request.method not in allowed:
            return self._answer(None, "FAIL", 405, "Method not allowed", {"Allow": ", ".join(allowed)})
        if self._wrong_key(request):
            return self._wrong_company()
        try:
            order = self.rules.order(report, await _parameters(request), self.reports)
        except RefusedError as error:
            return self._refused(f"Unable to hydrate filter for export info: {error}")
        if self.jobs_most is not None and len(self._in_flight) >= self.jobs_most:
            return self._answer(None, "FAIL", self.full_status, "This export cannot be run now")
        job = self._begin(order)
        status, download = (self._url(request, job, what) for what in ("status", "download"))
        result = {"workflowId": job.workflow_id, "runId": job.run_id}
        if self.run_urls != "none":
            result |= {"downloadUrl": download if self.run_urls == "both" else "", "statusUrl": status}
        return self._answer(result)

    async def job(self, request: Request) -> Response:
        """Tell a job's status, or lead to its file; both IDs are taken percent-encoded alone."""
        *ids, what = request.scope["raw_path"].decode().partition(f"{REPORT}/")[2].split("/")
        job = self._by_ids.get(tuple(map(unquote, ids)))
        if what not in {"status", "download"} or not job:
            return self._answer(None, "FAIL", 404, "No such job")
        token = request.query_params.get("analyticsAccessToken") == job.token
        key = not self._wrong_key(request)
        if not {"either": token or key, "token": token, "key": key}[self.access]:
            return self._wrong_company()
        return self._status(request, job) if what == "status" else self._download(job)

    async def teams(self, request: Request) -> Response:
        """Every team of the company."""
        if self._wrong_key(request):
            return self._wrong_company()
        agents = self.world.agents
        return self._answer(
            [
                {
                    "uuid": uuid(self.world.chance("team", team)),
                    "teamId": number,
                    "name": team,
                    "description": None if number % 2 else f"{team} — all shifts",
                    "numberOfMembers": sum(agent.team == team for agent in agents),
                }
                for team, number in TEAM_IDS.items()
            ]
        )

    async def timezones(self, request: Request) -> Response:
        """Some time zones."""
        if self._wrong_key(request):
            return self._wrong_company()
        return self._answer([_timezone(name) for name in TIMEZONES])

    def written(self, report: str, start: datetime, end: datetime, **parameters: str) -> list[Values]:
        """The rows as a JSON file of this report has them now; `end` is the last millisecond asked for."""
        times = {"startTime": _epoch(start), "endTime": _epoch(end)}
        order = self.rules.order(report, MultiDict({**times, **parameters}), self.reports)
        style = replace(self.style, layout="array", byte_order_mark=False)
        text = "".join(self._file(order, style))
        rows: list[Values] = json.loads(text or "[]")
        return rows

    def simulate_hour(self, at: str) -> None:
        """Rows come in, an action twice over; of the day before, two are tagged anew and two withdrawn."""
        moment, chance = datetime.fromisoformat(at), self.world.chance("work", at)
        response = self.reports.add("response", moment - timedelta(minutes=chance.randrange(1, 60)))
        self.reports.add("incoming_post", moment - timedelta(minutes=chance.randrange(1, 60)))
        self.reports.add("conversation", moment)
        self.reports.twin("conversation_actions", self.reports.add("conversation_actions", moment))
        for report in ("response", "incoming_post"):
            rows = self.reports.recent(report, moment)
            self.reports.edit(chance.choice(rows), manual_tag=["escalated"])
            self.reports.remove(chance.choice([row for row in rows if row.key != response.key]))

    def _begin(self, order: Order) -> Job:
        chance = self.world.chance("job", len(self.jobs))
        workflow_id = plain = uuid(chance)
        # The samples' IDs have all three characters that mean something else in an address.
        run_id = plain if self.run_ids == "plain" else f"23+/{b64encode(chance.randbytes(31)).decode()}"
        self._runs[order] += 1
        token = secrets.token_urlsafe(32)
        job = Job(order, self._runs[order], workflow_id, run_id, token, time.monotonic())
        job.failed = self.failing(job)
        self.jobs.append(job)
        self._by_ids[job.ids] = self._in_flight[job.ids] = job
        self.most_in_flight = max(self.most_in_flight, len(self._in_flight))
        return job

    def _over(self, job: Job) -> bool:
        return job.looks > self.job_polls and time.monotonic() >= job.begun + self.job_seconds

    def _status(self, request: Request, job: Job) -> Response:
        job.looks += 1
        over = self._over(job)
        good = over and not job.failed
        if over and job.failed:
            self._in_flight.pop(job.ids, None)
        runner_state, detail = self.running if not over else self.failed if job.failed else self.completed
        link = self._url(request, job, "download")
        if good and self.download == "link":
            link = self._publish(job)
        result: Any = {
            "jobInfo": {
                "workflowId": job.workflow_id,
                "runId": job.run_id,
                "downloadUrl": link if good else "",
                "statusUrl": self._url(request, job, "status"),
            },
            "result": {
                "runnerState": runner_state,
                "reason": self.reason if over and job.failed else None,
                self.detail_key: detail,
                "currentCount": None,
                "totalCount": None,
                "lastAcknowledgeTime": None,
            },
        }
        in_array = self.result_shape == "array" or (self.result_shape == "samples" and not good)
        return self._answer([result] if in_array else result)

    def _download(self, job: Job) -> Response:
        if job.failed or not self._over(job):
            return self._answer(None, "FAIL", 404, "The report is not available")
        if self.download == "direct":
            return self._serve(job)
        return RedirectResponse(self._publish(job), self.redirect_status)

    def _publish(self, job: Job) -> str:
        return self.downloads.publish(f"{job.workflow_id}.json", lambda: self._serve(job))

    def _serve(self, job: Job) -> Response:
        job.downloads += 1
        self._in_flight.pop(job.ids, None)
        return streamed(self._file(job.order, self.style), self.style.media_type)

    def _file(self, order: Order, style: Style) -> Iterator[str]:
        rows = (row.values for row in self.reports.rows(order.asked))
        return style.file(self.reports.enabled(order.asked), rows, order.locale, order.zone)

    def _url(self, request: Request, job: Job, what: str) -> str:
        origin = f"{request.url.scheme}://{request.url.netloc}{request.scope['root_path']}"
        root = origin if self.url_host == "asked" else self.downloads.url
        ids = f"{job.workflow_id}/{quote(job.run_id, safe='')}"
        with_key = self.access == "key"
        secret = f"companyKey={quote(self.company_key)}" if with_key else f"analyticsAccessToken={job.token}"
        return f"{root}{REPORT}/{ids}/{what}?{secret}"

    def _wrong_key(self, request: Request) -> bool:
        return request.query_params.get("companyKey") != self.company_key

    def _wrong_company(self) -> Response:
        return self._answer(None, "FAIL", self.wrong_key_status, "Not authorised for this company")

    def _refused(self, text: str) -> Response:
        if self.errors == "bare":
            return Response("{}", 400, media_type="application/json")
        as_result = self.errors == "result"
        return self._answer(
            text if as_result else None, self.error_word, self.error_status, None if as_result else text
        )

    def _answer(
        self,
        result: Any,
        status: str = "PASS",
        code: int = 200,
        message: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Response:
        """The envelope of every answer."""
        envelope = {"status": status, "request": None, "message": message, "result": result}
        return Response(json.dumps(envelope), code, {**(headers or {}), "content-type": self.media_type})


async def _parameters(request: Request) -> MultiDict:
    """The query's and the body's, a form or JSON: the vendor declares the one and shows the other."""
    body = (await request.body()).decode()
    given = request.query_params.multi_items()
    if body.startswith("{"):
        try:
            values = json.loads(body)
        except ValueError as error:
            raise RefusedError(str(error)) from error
        for name, value in values.items():
            given += [(name, str(item)) for item in (value if isinstance(value, list) else [value])]
    else:
        given += parse_qsl(body)
    return MultiDict(given)


def _epoch(moment: datetime) -> str:
    return str(millis(moment - UNIX_EPOCH))


def _timezone(name: str) -> dict[str, Any]:
    offset = datetime.now(ZoneInfo(name)).utcoffset() or timedelta(0)
    minutes = offset // timedelta(minutes=1)
    text = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return {
        "id": name,
        "name": f"GMT{text}",
        "shortName": f"GMT{text}",
        "offsetString": text,
        "offsetMillis": minutes * 60_000,
    }
