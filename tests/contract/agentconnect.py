"""The contract of tap-agentconnect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.contract import Contract, Keys, day

if TYPE_CHECKING:
    from sandbox.server import Sandbox


def _agentconnect(sandbox: Sandbox, since: str) -> dict[str, Keys]:
    vendor = sandbox.agentconnect
    feeds = {
        "feedbacks": vendor.feedbacks,
        "qa_reviews": vendor.qa_reviews,
        "qa_audits": vendor.qa_audits,
        "qa_calibrations": vendor.qa_calibrations,
        "coaching_sessions": vendor.coaching_sessions,
    }
    expected: dict[str, Keys] = {
        name: {(key,) for key, record in feed.items() if record.created.isoformat() >= since}
        for name, feed in feeds.items()
    }
    rows = [employee.row for employee in vendor.employees.values()]
    return expected | {"employees": {(row["email"] or row["custom_employee_id"],) for row in rows}}


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
    expected_keys=lambda sandbox: _agentconnect(sandbox, day(50)),
    invalid_settings=(
        ({"start_date": "last tuesday"}, "start_date"),
        ({"start_date": day(-3)}, "start_date"),
        ({"end_date": day(90)}, "start_date"),
        ({"end_date": "2024-13-01"}, "end_date"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": 1001}, "page_size"),
        ({"lookback_seconds": -1}, "lookback_seconds"),
        ({"lookback_seconds": 10**9}, "lookback_seconds"),
        ({"include_recovery": "perhaps"}, "include_recovery"),
        ({"subdomain": ""}, "subdomain"),
        ({"subdomain": "https://www.example.com/login"}, "subdomain"),
        ({"subdomain": "https://[x"}, "subdomain"),
        ({"subdomain": "a" * 64}, "subdomain"),
        ({"api_url": "http://contact-centre.api.stellaconnect.net"}, "api_url"),
        ({"api_url": "contact-centre.api.stellaconnect.net"}, "api_url"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "kéy"}, "api_key"),
        ({"api_key": "a\nb"}, "api_key"),
        ({"api_secret": " \n"}, "api_secret"),
        ({"api_secret": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----"}, "api_secret"),
        ({"api_secret": "-----BEGIN PUBLIC KEY-----MIIB-----END PUBLIC KEY-----"}, "api_secret"),
        ({"api_tokn": "x"}, "api_tokn"),
        ({"request_timeout": "soon"}, "request_timeout"),
    ),
    secrets=("api_key", "api_secret"),
    undocumented_bodies=({"error": "Something went wrong."}, {}, "text", 5, None),
    many_answers={"page_size": 10},
    row_sender=lambda sandbox: sandbox.agentconnect,
    essential_fields=frozenset({"sequence_id", "email", "custom_employee_id"}),
)
