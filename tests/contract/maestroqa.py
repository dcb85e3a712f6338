"""The contract of tap-maestroqa."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.contract import Contract, Keys, day

if TYPE_CHECKING:
    from sandbox.server import Sandbox


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
        "window_days": 20,
    },
    expected_keys=lambda sandbox: {"coaching_sessions": _coaching_sessions(sandbox, day(50))},
    invalid_settings=(
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
    undocumented_bodies=({"error": "Something went wrong."}, {}, "text", 5, None),
    many_answers={"window_days": 1},
    row_sender=lambda sandbox: sandbox.maestroqa,
    negotiable=frozenset({400, 422}),
)
