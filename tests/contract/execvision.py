"""The contract of tap-execvision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_execvision.base.records import normalize_datetime as utc

from tests.contract.contract import Contract, Keys, day

if TYPE_CHECKING:
    from sandbox.server import Sandbox


def _execvision(sandbox: Sandbox) -> dict[str, Keys]:
    """Return the keys that the vendor would show since a fortnight ago; rows without an id aside."""
    vendor, since = sandbox.execvision, day(14)
    expected: dict[str, Keys] = {}
    for stream, (feed, modified) in EXECVISION_FEEDS.items():
        names = EXECVISION.streams[stream]
        rows = [row for row in vendor.contents(feed) if (utc(str(row[modified])) or "") >= since]
        expected[stream] = {tuple(_key(name, row[name]) for name in names) for row in rows}
    for stream, things in (("users", vendor.account.users), ("teams", vendor.account.teams)):
        expected[stream] = {(key,) for key in things}
    return expected


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
    expected_keys=_execvision,
    invalid_settings=(
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
    # The limit may be what is refused: it is lowered once.
    negotiable=frozenset({400, 404, 422}),
    secrets=("password",),
    undocumented_bodies=({"error": "Something went wrong."}, {}, "text", 5, None, ["text"]),
    many_answers={"page_size": 100},
    row_sender=lambda sandbox: sandbox.execvision,
)
