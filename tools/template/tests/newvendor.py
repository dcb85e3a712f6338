"""The contract of tap-newvendor."""

from __future__ import annotations

from tests.contract.contract import Contract, day

NEWVENDOR = Contract(
    name="tap-newvendor",
    streams={"tickets": ("id",)},
    vendor=lambda sandbox: sandbox.newvendor,
    config=lambda sandbox: {
        "api_token": sandbox.newvendor.token,
        "api_url": f"{sandbox.url}/newvendor/v1",
        "start_date": day(200),
        "page_size": 20,
    },
    expected_keys=lambda sandbox: {"tickets": {(key,) for key in sandbox.newvendor.tickets}},
    invalid_settings=(
        ({"start_date": "last tuesday"}, "start_date"),
        ({"page_size": 0}, "page_size"),
        ({"api_url": "http://api.newvendor.example"}, "api_url"),
        ({"api_token": ""}, "api_token"),
        ({"api_tokn": "x"}, "api_tokn"),
    ),
    secrets=("api_token",),
    undocumented_bodies=({"error": "Something went wrong."}, {}, "text", 5, None),
    many_answers={"page_size": 10},
    row_sender=lambda sandbox: sandbox.newvendor,
    essential_fields=frozenset({"updated_at"}),
)
