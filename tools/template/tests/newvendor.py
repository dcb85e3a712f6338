"""The contract of tap-newvendor."""

from __future__ import annotations

from sandbox.newvendor.api import NewVendor

from tests.contract.contract import Contract, day

NEWVENDOR = Contract(
    name="tap-newvendor",
    streams={"tickets": ("id",)},
    vendor=lambda sandbox: sandbox.vendor(NewVendor),
    config=lambda sandbox: {
        "api_token": sandbox.vendor(NewVendor).token,
        "api_url": f"{sandbox.url}/newvendor/v1",
        "start_date": day(200),
        "page_size": 20,
    },
    expected_keys=lambda sandbox: {"tickets": {(key,) for key in sandbox.vendor(NewVendor).tickets}},
    invalid_settings=(
        ({"start_date": "last tuesday"}, "start_date"),
        ({"page_size": 0}, "page_size"),
        ({"api_url": "http://api.newvendor.example"}, "api_url"),
        ({"api_token": ""}, "api_token"),
        ({"api_tokn": "x"}, "api_tokn"),
    ),
    secrets=("api_token",),
    wrong=({"error": "Something went wrong."}, {}, "text", 5, None),
    many={"page_size": 10},
    sender=lambda sandbox: sandbox.vendor(NewVendor),
    spared=frozenset({"updated_at"}),
)
