"""Rows of the sandbox's world, encoded beforehand, and as many of them as a benchmark wants."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import jwt
import requests
from sandbox.server import Sandbox
from sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Row = dict[str, Any]

# The same world on every day: what is measured hangs on its rows.
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
START = NOW - timedelta(days=360)
CALLS, RESULTS = 300, 200

# Where a row has what tells it from its copies: within a text, or a whole number.
_GAP = re.compile(rb'@@(\w+)@@|"##(\w+)##"')


@dataclass
class Table:
    """So many rows: the templates one after the other, over and over, each copy with values of its own."""

    templates: list[bytes]
    count: int
    values: Callable[[int], Mapping[bytes, bytes]]
    # Whether a row is made when it is asked for: a million of them would fill the memory.
    lazy: bool = False
    _rows: list[bytes] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if not self.lazy:
            self._rows = [self._made(number) for number in range(self.count)]

    def array(self, start: int, end: int) -> bytes:
        """Return rows as a JSON array."""
        start = max(start, 0)
        end = max(start, min(end, self.count))
        rows = map(self._made, range(start, end)) if self.lazy else self._rows[start:end]
        return b"[" + b",".join(rows) + b"]"

    def _made(self, number: int) -> bytes:
        return self.templates[number % len(self.templates)] % self.values(number)


def template(value: Any, *, ascii_only: bool = True) -> bytes:
    """Return a value as JSON, as a format for bytes: "@@name@@" stands for a text, "##name##" for a number."""
    encoded = json.dumps(value, ensure_ascii=ascii_only).encode().replace(b"%", b"%%")
    return _GAP.sub(lambda gap: b"%(" + (gap[1] or gap[2]) + b")b", encoded)


def feedbacks() -> list[bytes]:
    """Agent Connect's interactions."""
    with Sandbox(World(NOW, NOW - START)) as sandbox:
        vendor = sandbox.agentconnect
        token = jwt.encode({"iat": int(time.time())}, vendor.api_secret, "HS256")
        headers = {"x-api-key": vendor.api_key, "Authorization": token}
        rows = _got(f"{sandbox.url}/agentconnect/v2/data?include_recovery=true", headers=headers)
    return [template({**row, "uuid": "@@uuid@@", "sequence_id": "##sequence##"}) for row in rows]


def calls() -> tuple[list[bytes], list[bytes]]:
    """ExecVision's calls, all of them transcribed, and their transcripts."""
    with Sandbox(World(NOW, NOW - START)) as sandbox:
        vendor = sandbox.execvision
        vendor.lift_limits()
        root, access = f"{sandbox.url}/execvision/api/ev/2", (vendor.username, vendor.password)
        page = _got(f"{root}/calls?since={START:%Y-%m-%d}&limit={CALLS}", auth=access)
        rows = [row for row in page if row["state"] == "COMPLETE"]
        transcripts = [_got(f"{root}/transcript/{row['id']}", auth=access) for row in rows]
    return (
        [template({**row, "id": "@@id@@", "callTime": "@@time@@"}, ascii_only=False) for row in rows],
        [template(transcript, ascii_only=False) for transcript in transcripts],
    )


def results() -> list[list[Row]]:
    """ExecVision's scores: the answers of each result."""
    with Sandbox(World(NOW, NOW - START)) as sandbox:
        vendor = sandbox.execvision
        vendor.lift_limits()
        url = f"{sandbox.url}/execvision/api/ev/2/scores?since={START:%Y-%m-%d}&limit={RESULTS}"
        answers = _got(url, auth=(vendor.username, vendor.password))
    by_result: dict[str, list[Row]] = {}
    for answer in answers:
        by_result.setdefault(answer["resultId"], []).append(answer)
    return list(by_result.values())


def sessions() -> list[bytes]:
    """MaestroQA's coaching sessions."""
    with Sandbox(World(NOW, NOW - START)) as sandbox:
        vendor = sandbox.maestroqa
        vendor.lift_limits()
        starts = [START.date() + timedelta(days=90 * number) for number in range(4)]
        asked = [
            {"startDate": str(day), "endDate": str(day + timedelta(days=90)), "timeAxis": "createdAt"} for day in starts
        ]
        url, headers = f"{sandbox.url}/maestroqa/api/v1/coaching-sessions", {"apiToken": vendor.token}
        rows = [row for body in asked for row in _got(url, headers=headers, json=body)]
    return [template({**row, "_id": "@@id@@"}) for row in rows]


def responses() -> list[bytes]:
    """Care Analytics' report of responses."""
    vendor = Sandbox(World(NOW, NOW - START)).caranalytics
    rows = vendor.written("response", NOW - timedelta(days=60), NOW)
    return [template({**row, "external_response_id": "@@id@@"}, ascii_only=False) for row in rows]


def _got(url: str, **how: Any) -> list[Row]:
    response = requests.request("POST" if "json" in how else "GET", url, timeout=60, **how)
    response.raise_for_status()
    rows: list[Row] = response.json()
    return rows
