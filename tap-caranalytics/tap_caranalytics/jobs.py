"""Report jobs: the requests that run, watch and fetch one, and what the vendor says of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from .base.http import RefusedError, TapError, is_secure_url, origin_of, prepared_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from .windows import WindowPart

Json = dict[str, Any]

API = "/reports/report/"
SUCCESS = {"COMPLETED", "COMPLETE", "SUCCEEDED", "SUCCESS", "SUCCESSFUL", "FINISHED", "DONE"}
ENDED_STATES = (
    "CLOSED", "FAIL", "ERROR", "ABORT", "CANCEL", "TERMINATED", "TIMED", "TIMEOUT", "EXPIRED", "REJECTED", "KILLED",
    "COMPLETE", "SUCCE", "FINISHED", "DONE",
)  # fmt: skip


@dataclass(frozen=True)
class ReportRequest:
    """A request to make. Its URL may hold a secret, so errors name its label instead."""

    url: str
    label: str
    #: Tells an answer's result from one about something else.
    is_valid: Callable[[Any], bool] = lambda _: True
    method: str = "GET"
    params: Json = field(default_factory=dict)
    #: Whether it goes to the API itself: no other host is shown credentials.
    to_api: bool = True
    #: Whether the answer is a report.
    is_download: bool = False
    #: The moment of the monotonic clock that it waits for.
    not_before: float = 0
    #: Whether it can be put off, as other reports are under way: then it is not tried over and over.
    can_wait: bool = False


@dataclass(frozen=True)
class Redirect:
    """An answer that says where the report lies."""

    location: str


@dataclass
class Job:
    """A report that is wanted, and how far it has come."""

    part: WindowPart
    attempt: int = 0
    #: When its part was first asked for, in this attempt or an earlier one.
    asked_at: datetime | None = None
    #: When it was run, on the monotonic clock; None before.
    started_at: float | None = None
    workflow_id: str = ""
    run_id: str = ""
    status_url: str = ""
    download_url: str = ""
    #: Why it has failed, in the vendor's words.
    reason: str = ""
    #: The vendor's no to a question about it: the report may be fine, and is lost.
    refusal: RefusedError | None = None
    #: Whether it came without rows once: only the second time is believed.
    was_empty: bool = False
    poll_delay: float = 0
    next_poll: float = 0

    @property
    def age(self) -> float:
        """Seconds since it was run."""
        return time.monotonic() - (self.started_at or 0)

    def start(self, answer: Json) -> None:
        """Note that it runs, and what the vendor calls it."""
        self.attempt += 1
        self.started_at = time.monotonic()
        self.asked_at = self.asked_at or datetime.now(timezone.utc)
        self.workflow_id, self.run_id = str(answer["workflowId"]), str(answer["runId"])
        self.status_url = str(answer.get("statusUrl") or "")

    def update(self, answer: Any) -> bool | None:
        """Note a status; return True when the report is there, False when it has failed, None while it runs."""
        status: Json = answer[0] if isinstance(answer, list) else answer
        info, result = status.get("jobInfo"), status["result"]
        info = info if isinstance(info, dict) else {}
        self.download_url = str(info.get("downloadUrl") or "")
        self.status_url = str(info.get("statusUrl") or "") or self.status_url
        self.reason = str(result.get("reason") or "")
        return outcome(result, has_link=bool(self.download_url))

    def again(self) -> Job:
        """Return the same report, to be run once more."""
        return Job(self.part, self.attempt, self.asked_at)


@dataclass(frozen=True)
class ReportEndpoint:
    """Where a report is run, watched and fetched."""

    #: The root of the API.
    root: str
    #: The vendor's name for the report.
    report: str
    method: str
    #: The parameter that goes with every URL which the vendor did not make.
    key: Json
    #: All parameters but the time's.
    params: Json = field(default_factory=dict)

    def start(self, part: WindowPart, *, can_wait: bool) -> ReportRequest:
        """Return what runs the report of a part."""
        return ReportRequest(
            f"{self.root}{API}{self.report}",
            f"{API}{self.report}",
            is_job,
            self.method,
            {**self.key, **part.span.edges, **self.params},
            can_wait=can_wait,
        )

    def with_other_method(self) -> ReportEndpoint:
        """Return the same endpoint for the method that the vendor's other page names."""
        return replace(self, method="GET" if self.method == "POST" else "POST")

    def status(self, job: Job) -> ReportRequest:
        """Return what asks how far a job is."""
        url = self._own_url(job, job.status_url, "status")
        request = self._request_to(url, "status") if url else self._request_by_ids(job, "status")
        return replace(request, is_valid=is_status, not_before=job.next_poll)

    def download(self, job: Job) -> ReportRequest:
        """Return what fetches a job's report, from the API or from where the status says it lies."""
        url = self._own_url(job, job.download_url, "download")
        if not url and is_secure_url(job.download_url):
            url = job.download_url
        request = self._request_to(url, "download") if url else self._request_by_ids(job, "download")
        return replace(request, is_download=True)

    def redirected(self, request: ReportRequest, redirect: Redirect) -> ReportRequest:
        """Return what follows a redirect, to the very address that it names."""
        try:
            url = urljoin(request.url, redirect.location)
        except ValueError:
            url = ""
        if not prepared_url(url):
            message = f"{request.label} was redirected to an address that is not a URL: ask the vendor's support."
            raise TapError(message)
        if not is_secure_url(url):
            message = (
                f"{request.label} was redirected to an address that is not safe (https): ask the vendor's support."
            )
            raise TapError(message)
        return replace(request, url=url, params={}, to_api=self._is_own(url))

    def _is_own(self, url: str) -> bool:
        return origin_of(url) == origin_of(self.root)

    def _own_url(self, job: Job, url: str, step: str) -> str:
        """Return a URL of the API's that the API has handed out; "" when it did not.

        Where its name for the API is another than the configured one, the configured one is asked.
        """
        if is_secure_url(url) and self._is_own(url):
            return url
        parts = urlsplit(prepared_url(url) or "")
        path = f"{API}{job.workflow_id}/{job.run_id}/{step}"
        if API not in parts.path or not unquote(parts.path).endswith(path):
            return ""
        own_path = parts.path[parts.path.rindex(API) :]
        return f"{self.root}{own_path}?{parts.query}"

    def _request_to(self, url: str, step: str) -> ReportRequest:
        return ReportRequest(url, f"{API}{self.report}, {step}", to_api=self._is_own(url))

    def _request_by_ids(self, job: Job, step: str) -> ReportRequest:
        """Return a request to a URL made of the job's ids, which hold characters that mean something in a path."""
        ids = "/".join(quote(part, safe="") for part in (job.workflow_id, job.run_id))
        return ReportRequest(f"{self.root}{API}{ids}/{step}", f"{API}{self.report}, {step}", params=self.key)


def outcome(result: Json, *, has_link: bool) -> bool | None:
    """Read a job's state: True for done, False for failed, None for anything that says it still runs."""
    state = str(result.get("runnerState") or "").strip().upper()
    detail = str(result.get("detail") or result.get("details") or "").strip().upper()
    state = state or detail
    if not state.startswith(ENDED_STATES):
        return None
    if state != "CLOSED":
        return state in SUCCESS and (detail in SUCCESS or not detail.startswith(ENDED_STATES))
    # An older form of the answer says CLOSED and nothing more, with the link.
    return detail in SUCCESS if detail else has_link


def is_job(result: Any) -> bool:
    """Tell whether an answer names a job."""
    return isinstance(result, dict) and bool(result.get("workflowId")) and bool(result.get("runId"))


def is_status(result: Any) -> bool:
    """Tell whether an answer is a job's status."""
    result = result[0] if isinstance(result, list) and len(result) == 1 else result
    return isinstance(result, dict) and isinstance(result.get("result"), dict)
