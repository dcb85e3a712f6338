"""Somebody who asks the sandbox's AgentConnect over HTTP, and a look into what they get."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import jwt
import requests
from sandbox.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.agentconnect.api import AgentConnect
    from sandbox.server import Sandbox

WORLD = World(datetime(2026, 1, 15, 12, tzinfo=timezone.utc))
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


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(item)


def values(rows: list[Any], key: str) -> list[Any]:
    return [found[key] for found in objects(rows) if key in found]
