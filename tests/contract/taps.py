"""The taps that the battery runs over. A tap enters it by one description."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from tap_execvision.records import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sandbox.server import Sandbox
    from sandbox.vendor import Vendor

Json = dict[str, Any]
Keys = set[tuple[Any, ...]]


@dataclass(frozen=True)
class Contract:
    """What the battery has to know of a tap."""

    name: str
    streams: dict[str, tuple[str, ...]]
    vendor: Callable[[Sandbox], Vendor]
    # Settings for a sync of a few requests.
    config: Callable[[Sandbox], Json]
    # The keys of what such a sync must bring, by stream.
    held: Callable[[Sandbox], dict[str, Keys]]
    # Settings that must be refused, with the name that the error must give.
    senseless: tuple[tuple[Json, str], ...]
    secrets: tuple[str, ...]
    # Bodies that are JSON but not what the vendor documents.
    wrong: tuple[Any, ...]

    def environment(self, config: Json) -> dict[str, str]:
        """Return settings as environment variables."""
        return {f"{self.name.upper().replace('-', '_')}_{key.upper()}": str(value) for key, value in config.items()}


def day(days_ago: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(days=days_ago)).date().isoformat()


def _coaching_sessions(sandbox: Sandbox, since: str) -> Keys:
    return {(key,) for key, session in sandbox.maestroqa.sessions.items() if str(session["createdAt"]) >= since}


MAESTROQA = Contract(
    name="tap-maestroqa",
    streams={"coaching_sessions": ("_id",)},
    vendor=lambda sandbox: sandbox.maestroqa,
    config=lambda sandbox: {
        "api_token": sandbox.maestroqa.token,
        "api_url": f"{sandbox.url}/maestroqa/api/v1",
        "start_date": day(50),
        "window_days": 30,
    },
    held=lambda sandbox: {"coaching_sessions": _coaching_sessions(sandbox, day(50))},
    senseless=(
        ({"start_date": "last tuesday"}, "start_date"),
        ({"start_date": day(-3)}, "start_date"),
        ({"end_date": day(90)}, "start_date"),
        ({"end_date": "2024-13-01"}, "end_date"),
        ({"window_days": 500}, "window_days"),
        ({"window_days": 0}, "window_days"),
        ({"lookback_days": 0}, "lookback_days"),
        ({"time_axis": "updatedAt"}, "time_axis"),
        ({"api_url": "http://app.maestroqa.com/api/v1"}, "api_url"),
        ({"api_url": "app.maestroqa.com"}, "api_url"),
        ({"api_token": ""}, "api_token"),
        ({"api_tokn": "x"}, "api_tokn"),
        ({"request_timeout": "soon"}, "request_timeout"),
    ),
    secrets=("api_token",),
    wrong=({"error": "Something went wrong."}, {}, "text", 5, None),
)


def _execvision(sandbox: Sandbox) -> dict[str, Keys]:
    """Return the keys that the vendor would show since a fortnight ago; rows without an id aside."""
    vendor, since = sandbox.execvision, day(14)
    held: dict[str, Keys] = {}
    for stream, (feed, modified) in EXECVISION_FEEDS.items():
        names = EXECVISION.streams[stream]
        rows = [row for row in vendor.contents(feed) if (utc(str(row[modified])) or "") >= since]
        held[stream] = {tuple(_key(name, row[name]) for name in names) for row in rows}
    for stream, things in (("users", vendor.account.users), ("teams", vendor.account.teams)):
        held[stream] = {(key,) for key in things}
    return held


def _key(name: str, value: Any) -> Any:
    return utc(value) if name.endswith("At") else str(value).strip() if name in {"planId", "questionId"} else value


EXECVISION_FEEDS = {
    "calls": ("calls", "callTime"),
    "deleted_calls": ("calls/deleted", "deletedAt"),
    "call_topics": ("call_topics", "modified"),
    "scores": ("scores", "modified"),
    "feedback": ("feedback", "modified"),
    "meetings": ("meetings", "modified"),
    "plans": ("plans", "modified"),
    "kpi_observations": ("kpis", "modified"),
}
EXECVISION = Contract(
    name="tap-execvision",
    streams={
        "users": ("userId",),
        "teams": ("id",),
        "departments": ("id",),
        "topics": ("id",),
        "calls": ("id",),
        "deleted_calls": ("id",),
        "call_topics": ("callId",),
        "listens": ("_row_key",),
        "scores": ("resultId", "questionId"),
        "scorecard_questions": ("scorecardId", "questionId"),
        "feedback": ("callId", "feedbackBy", "feedbackAt", "isComment", "isHighlight"),
        "shares": ("_row_key",),
        "meetings": ("meetingId",),
        "plans": ("planId",),
        "kpi_observations": ("kpiId", "observedId", "observerId", "observedAt"),
        "kpi_definitions": ("kpiId",),
        "transcripts": ("callId",),
    },
    vendor=lambda sandbox: sandbox.execvision,
    config=lambda sandbox: {
        "username": sandbox.execvision.username,
        "password": sandbox.execvision.password,
        "api_url": f"{sandbox.url}/execvision/api/ev/2",
        "start_date": day(14),
    },
    held=_execvision,
    senseless=(
        ({"start_date": "last tuesday"}, "start_date"),
        ({"start_date": day(-3)}, "start_date"),
        ({"page_size": 99}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"lookback_minutes": -1}, "lookback_minutes"),
        ({"on_stalled_page": "shrug"}, "on_stalled_page"),
        ({"api_url": "http://users.execvision.io/api/ev/2"}, "api_url"),
        ({"api_url": "https://users.execvision.io/api/ev/2/users"}, "api_url"),
        ({"password": ""}, "password"),
        ({"username": ""}, "username"),
        ({"passwrd": "x"}, "passwrd"),
    ),
    secrets=("password",),
    wrong=({"error": "Something went wrong."}, {}, "text", 5, None, ["text"]),
)

TAPS = (MAESTROQA, EXECVISION)

each_tap = pytest.mark.parametrize("tap", [pytest.param(tap, id=tap.name) for tap in TAPS])


def keys_of(records: Iterable[Json], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [tuple(record[name] for name in names) for record in records]
