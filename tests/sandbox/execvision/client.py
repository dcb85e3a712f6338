"""Somebody who asks the sandbox's ExecVision over HTTP, and the times they ask about."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from sandbox.execvision.api import ExecVision
    from sandbox.server import Sandbox

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=timezone.utc)
MINUTE = datetime(2026, 3, 2, 10, 0, tzinfo=timezone.utc)
LONG_AGO = "2020-01-01T00:00Z"


class Client:
    """Somebody who asks the API over HTTP."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.vendor: ExecVision = sandbox.execvision
        self.root = f"{sandbox.url}/execvision/api/ev/2"
        self.session = requests.Session()
        self.session.auth = (self.vendor.username, self.vendor.password)

    def ask(self, path: str, **query: str | int) -> requests.Response:
        return self.session.get(f"{self.root}/{path}", params=query, timeout=300)

    def get(self, path: str, **query: str | int) -> Any:
        answer = self.ask(path, **query)
        answer.raise_for_status()
        return answer.json()

    def ids(self, path: str, **query: str | int) -> list[str]:
        return [record["id"] for record in self.get(path, **query)]


def moment(text: str) -> datetime:
    """Read a time of any kind that the API writes; without a zone it is UTC."""
    zone = "" if text[-6] in "+-" else "Z"
    body, offset = (text.rstrip("Z"), "+00:00") if zone else (text[:-6], text[-6:])
    seconds, _, fraction = body.partition(".")
    return datetime.fromisoformat(f"{seconds}.{fraction:0<6}{offset}")
