"""The taps that the battery runs over. A tap enters it by one description."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

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


def _agentconnect(sandbox: Sandbox, since: str) -> dict[str, Keys]:
    vendor = sandbox.agentconnect
    feeds = {
        "feedbacks": vendor.feedbacks,
        "qa_reviews": vendor.qa_reviews,
        "qa_audits": vendor.qa_audits,
        "qa_calibrations": vendor.qa_calibrations,
        "coaching_sessions": vendor.coaching_sessions,
    }
    held: dict[str, Keys] = {
        name: {(key,) for key, record in feed.items() if record.created.isoformat() >= since}
        for name, feed in feeds.items()
    }
    rows = [employee.row for employee in vendor.employees.values()]
    return held | {"employees": {(row["email"] or row["custom_employee_id"],) for row in rows}}


AGENTCONNECT = Contract(
    name="tap-agentconnect",
    streams={
        "coaching_sessions": ("uuid",),
        "employees": ("employee_key",),
        "feedbacks": ("uuid",),
        "qa_audits": ("uuid",),
        "qa_calibrations": ("uuid",),
        "qa_reviews": ("uuid",),
    },
    vendor=lambda sandbox: sandbox.agentconnect,
    config=lambda sandbox: {
        "subdomain": sandbox.agentconnect.subdomain,
        "api_key": sandbox.agentconnect.api_key,
        "api_secret": sandbox.agentconnect.api_secret,
        "api_url": f"{sandbox.url}/agentconnect",
        "start_date": day(50),
        "page_size": 150,
    },
    held=lambda sandbox: _agentconnect(sandbox, day(50)),
    senseless=(
        ({"start_date": "last tuesday"}, "start_date"),
        ({"start_date": day(-3)}, "start_date"),
        ({"end_date": day(90)}, "start_date"),
        ({"end_date": "2024-13-01"}, "end_date"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"lookback_seconds": -1}, "lookback_seconds"),
        ({"include_recovery": "perhaps"}, "include_recovery"),
        ({"subdomain": ""}, "subdomain"),
        ({"subdomain": "https://www.example.com/login"}, "subdomain"),
        ({"api_url": "http://contact-centre.api.stellaconnect.net"}, "api_url"),
        ({"api_url": "contact-centre.api.stellaconnect.net"}, "api_url"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "kéy"}, "api_key"),
        ({"api_secret": " \n"}, "api_secret"),
        ({"api_tokn": "x"}, "api_tokn"),
        ({"request_timeout": "soon"}, "request_timeout"),
    ),
    secrets=("api_key", "api_secret"),
    wrong=({"error": "Something went wrong."}, {}, "text", 5, None),
)

TAPS = (AGENTCONNECT, MAESTROQA)

each_tap = pytest.mark.parametrize("tap", [pytest.param(tap, id=tap.name) for tap in TAPS])


def keys_of(records: Iterable[Json], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
    return [tuple(record[name] for name in names) for record in records]
