"""The least that reading a stream takes: `requests`, a parser, and a line a row.

    python -m benchmarks.clients.plain feedbacks config.json json|msgspec

It trusts the vendor in everything: no limits, no retries, no second look, values as they come.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import requests

from benchmarks.clients.windows import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK = 1 << 16
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

case, config_path, parser = sys.argv[1:]
config: dict[str, Any] = json.loads(Path(config_path).read_text())
url = config["api_url"]
session = requests.Session()

if parser == "msgspec":
    import msgspec

    parse: Callable[[Any], Any] = msgspec.json.Decoder().decode
    encode = msgspec.json.Encoder().encode

    def put(stream: str, row: Any) -> None:
        """Write a line."""
        sys.stdout.buffer.write(encode({"type": "RECORD", "stream": stream, "record": row}) + b"\n")

else:
    parse = json.loads

    def put(stream: str, row: Any) -> None:
        """Write a line."""
        print(json.dumps({"type": "RECORD", "stream": stream, "record": row}))


def get(path: str, **params: Any) -> Any:
    """Return an answer."""
    return parse(session.get(f"{url}{path}", params=params).content)


def items(response: requests.Response) -> Iterator[Any]:
    """Yield the rows of a body that may be larger than memory: the quick parser takes it whole all the same."""
    if parser == "msgspec":
        yield from parse(response.content)
        return
    import ijson  # noqa: PLC0415  # only where it is needed

    with TemporaryFile() as file:
        for chunk in response.iter_content(CHUNK):
            file.write(chunk)
        file.seek(0)
        yield from ijson.items(file, "item", use_float=True)


def feedbacks() -> None:
    """Agent Connect: page after page by sequence id, until one is empty."""
    session.headers.update({"x-api-key": "key", "Authorization": "token"})
    after = 0
    while page := get("/v2/data", after=after, limit=1000, include_recovery="true"):
        for row in page:
            put("feedbacks", row)
        after = page[-1]["sequence_id"]


def calls() -> None:
    """ExecVision: page after page by id, and a request for each call's transcript."""
    session.auth = (config["username"], config["password"])
    asked = {"since": config["start_date"], "limit": 1000}
    while page := get("/calls", **asked):
        for row in page:
            put("calls", row)
            put("transcripts", {"callId": row["id"], **get(f"/transcript/{row['id']}")})
        asked["last_id"] = page[-1]["id"]


def scores() -> None:
    """ExecVision: page after page from the last minute on, of which the rows that came before are left out."""
    session.auth = (config["username"], config["password"])
    since, last = config["start_date"], ""
    while True:
        page = get("/scores", since=since, limit=1000)
        new = [row for row in page if row["modified"] > last]
        for row in new:
            put("scores", row)
        if not new:
            return
        since = last = page[-1]["modified"]


def sessions() -> None:
    """MaestroQA: a request a window."""
    session.headers["apiToken"] = config["api_token"]
    for start, end in windows(config):
        body = {"startDate": str(start), "endDate": str(end), "timeAxis": "createdAt"}
        for row in items(session.post(f"{url}/coaching-sessions", json=body, stream=True)):
            put("coaching_sessions", row)


def responses() -> None:
    """Care Analytics: a report a window is run, found done, and downloaded."""
    session.auth = (config["username"], config["password"])
    key = {"companyKey": config["company_key"]}
    reports = f"{url}/reports/report"
    for start, end in windows(config):
        edges = [
            (datetime(day.year, day.month, day.day, tzinfo=timezone.utc) - EPOCH) // timedelta(milliseconds=1)
            for day in (start, end)
        ]
        times = {"startTime": edges[0], "endTime": edges[1] - 1, "reportFormat": "json"}
        job = parse(session.post(f"{reports}/response", params={**key, **times}).content)["result"]
        of_job = f"{reports}/{job['workflowId']}/{job['runId']}"
        parse(session.get(f"{of_job}/status", params=key).content)
        for row in items(session.get(f"{of_job}/download", params=key, stream=True)):
            put("response", row)


{"feedbacks": feedbacks, "calls": calls, "scores": scores, "sessions": sessions, "responses": responses}[case]()
