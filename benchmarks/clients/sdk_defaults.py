"""The taps' streams as they are on the Singer SDK's defaults: its requests, its conforming of types, its writer.

    python -m benchmarks.clients.sdk_defaults feedbacks --config config.json

The settings are the tap's, and `schemas`: each stream's schema, as the tap's `--discover` prints it.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from requests.auth import HTTPBasicAuth
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseAPIPaginator
from typing_extensions import override

from benchmarks.clients.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterable

    import requests
    from singer_sdk.helpers.types import Auth, Context, Record

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class DefaultStream(RESTStream[Any]):
    """A stream with the schema that it is given."""

    def __init__(self, tap: Tap) -> None:
        super().__init__(tap, schema=tap.config["schemas"][self.name])

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["api_url"])

    @property
    @override
    def authenticator(self) -> Auth:
        if "username" not in self.config:
            return super().authenticator
        return HTTPBasicAuth(self.config["username"], self.config["password"])


class AfterLast(BaseAPIPaginator[Any]):
    """Asks on from a field of the last row, until a page is empty."""

    def __init__(self, start: Any, field: str) -> None:
        super().__init__(start)
        self._field = field

    @override
    def get_next(self, response: requests.Response) -> Any:
        rows = response.json()
        return rows[-1][self._field] if rows else None


class Feedbacks(DefaultStream):
    """Agent Connect."""

    name = "feedbacks"
    path = "/v2/data"
    primary_keys = ("uuid",)

    @property
    @override
    def http_headers(self) -> dict[str, str]:
        return {**super().http_headers, "x-api-key": "key", "Authorization": "token"}

    @override
    def get_new_paginator(self) -> AfterLast:
        return AfterLast(0, "sequence_id")

    @override
    def get_url_params(self, context: Context | None, next_page_token: Any) -> dict[str, Any]:
        return {"after": next_page_token, "limit": 1000, "include_recovery": "true"}


class Calls(DefaultStream):
    """ExecVision's calls."""

    name = "calls"
    path = "/calls"
    primary_keys = ("id",)

    @override
    def get_new_paginator(self) -> AfterLast:
        return AfterLast(None, "id")

    @override
    def get_url_params(self, context: Context | None, next_page_token: Any) -> dict[str, Any]:
        last = {"last_id": next_page_token} if next_page_token else {}
        return {"since": self.config["start_date"], "limit": 1000, **last}

    @override
    def get_child_context(self, record: Record, context: Context | None) -> dict[str, Any]:
        return {"callId": record["id"]}


class Transcripts(DefaultStream):
    """ExecVision's transcripts, a child of its calls."""

    name = "transcripts"
    path = "/transcript/{callId}"
    primary_keys = ("callId",)
    parent_stream_type = Calls
    state_partitioning_keys = ()
    records_jsonpath = "$"


class LastMinute(AfterLast):
    """Asks on from the last row's minute, until nothing follows."""

    @override
    def get_next(self, response: requests.Response) -> Any:
        since = super().get_next(response)
        return None if since == self.current_value else since


class Scores(DefaultStream):
    """ExecVision's scores; what a page repeats of the one before is left out."""

    name = "scores"
    path = "/scores"
    primary_keys = ("resultId", "questionId")

    _last = ""

    @override
    def get_new_paginator(self) -> LastMinute:
        return LastMinute(self.config["start_date"], "modified")

    @override
    def get_url_params(self, context: Context | None, next_page_token: Any) -> dict[str, Any]:
        return {"since": next_page_token, "limit": 1000}

    @override
    def parse_response(self, response: requests.Response) -> Iterable[Record]:
        last = self._last
        for row in super().parse_response(response):
            self._last = row["modified"]
            if self._last > last:
                yield row


class Windows(BaseAPIPaginator[Any]):
    """Asks for one window after the other."""

    def __init__(self, config: Any) -> None:
        self._windows = windows(config)
        super().__init__(next(self._windows))

    @override
    def get_next(self, response: requests.Response) -> Any:
        return next(self._windows, None)


class Sessions(DefaultStream):
    """MaestroQA."""

    name = "coaching_sessions"
    path = "/coaching-sessions"
    primary_keys = ("_id",)
    http_method = "POST"

    @property
    @override
    def http_headers(self) -> dict[str, str]:
        return {**super().http_headers, "apiToken": self.config["api_token"]}

    @override
    def get_new_paginator(self) -> Windows:
        return Windows(self.config)

    @override
    def prepare_request_payload(self, context: Context | None, next_page_token: Any) -> dict[str, Any]:
        start, end = next_page_token
        return {"startDate": str(start), "endDate": str(end), "timeAxis": "createdAt"}


class Responses(DefaultStream):
    """Care Analytics: the download is what the SDK takes for a page; the job is run and looked at before it."""

    name = "response"
    path = "/reports/report/response"
    primary_keys = ()

    @override
    def get_new_paginator(self) -> Windows:
        return Windows(self.config)

    @override
    def prepare_request(self, context: Context | None, next_page_token: Any) -> requests.PreparedRequest:
        edges = [
            (datetime(day.year, day.month, day.day, tzinfo=timezone.utc) - EPOCH) // timedelta(milliseconds=1)
            for day in next_page_token
        ]
        reports, key = f"{self.url_base}/reports/report", {"companyKey": self.config["company_key"]}
        times = {"startTime": edges[0], "endTime": edges[1] - 1, "reportFormat": "json"}
        how: dict[str, Any] = {"auth": self.authenticator, "timeout": self.timeout}
        job = self.requests_session.post(f"{reports}/response", params={**key, **times}, **how).json()["result"]
        of_job = f"{reports}/{job['workflowId']}/{job['runId']}"
        self.requests_session.get(f"{of_job}/status", params=key, **how).json()
        return self.build_prepared_request(method="GET", url=f"{of_job}/download", params=key)


STREAMS: dict[str, tuple[type[DefaultStream], ...]] = {
    "feedbacks": (Feedbacks,),
    "calls": (Calls, Transcripts),
    "scores": (Scores,),
    "sessions": (Sessions,),
    "responses": (Responses,),
}
CASE = sys.argv.pop(1)


class DefaultTap(Tap):
    """A tap with the streams of one case."""

    name = "tap-on-sdk-defaults"
    config_jsonschema = th.PropertiesList(th.Property("schemas", th.ObjectType(), required=True)).to_dict()

    @override
    def discover_streams(self) -> list[DefaultStream]:
        return [stream(self) for stream in STREAMS[CASE]]


if __name__ == "__main__":
    DefaultTap.cli()
