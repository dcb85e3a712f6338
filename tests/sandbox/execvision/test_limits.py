"""Limits by New York's clock, and what becomes of one request too many."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import requests
from sandbox.vendor import Limit

if TYPE_CHECKING:
    from tests.sandbox.execvision.client import Client


def at_new_yorks(hour: int) -> datetime:
    return datetime(2026, 7, 1, hour, 30, tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(("hour", "sixth"), [(6, 429), (20, 429), (5, 200), (21, 200)])
def test_by_day_the_sixth_request_is_one_too_many(client: Client, hour: int, sixth: int) -> None:
    client.vendor.by_day, client.vendor.by_night = Limit(5, 3600), Limit(25, 3600)
    client.vendor.over_limit = "refused"
    client.vendor.clock = lambda: at_new_yorks(hour)
    assert [client.ask("check").status_code for _ in range(6)] == [200] * 5 + [sixth]


def test_one_too_many_waits_for_its_turn(client: Client) -> None:
    client.vendor.by_day = client.vendor.by_night = Limit(5, 2)
    began = time.monotonic()
    for _ in range(6):
        client.ask("check").raise_for_status()
    assert time.monotonic() - began > 1.9


def test_429_instead_of_a_queue(client: Client) -> None:
    client.vendor.by_day = client.vendor.by_night = Limit(2, 60)
    client.vendor.over_limit = "refused"
    assert [client.ask("check").status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("way", ["status", "drop", "hang"])
def test_the_queue_has_an_end(client: Client, way: Any) -> None:
    client.vendor.by_day = client.vendor.by_night = Limit(1, 60)
    client.vendor.patience = 0.3
    client.vendor.out_of_patience = way

    def outcome(_: int) -> object:
        try:
            patience = 1 if way == "hang" else 300
            return requests.get(f"{client.root}/check", auth=client.session.auth, timeout=patience).status_code
        except requests.RequestException as error:
            return type(error)

    client.ask("check").raise_for_status()
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(outcome, range(3)))
    late = {"status": 504, "drop": requests.ConnectionError, "hang": requests.ReadTimeout}[way]
    assert outcomes == [late] * 3
