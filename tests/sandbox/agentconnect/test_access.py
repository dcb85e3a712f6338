"""Who is answered, by which clock and how often."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING

import jwt
import pytest
import requests

if TYPE_CHECKING:
    from tests.sandbox.agentconnect.client import Client


def test_both_headers_are_required_and_the_token_goes_bare(reader: Client) -> None:
    now, key = int(time.time()), reader.vendor.api_key
    refused = [
        {},
        {"x-api-key": key},
        {"Authorization": reader.token()},
        {"x-api-key": "another", "Authorization": reader.token()},
        {"x-api-key": key, "Authorization": f"Bearer {reader.token()}"},
    ]
    secret = "another secret of enough length, thirty-two"
    tokens = [
        "",
        "no token",
        reader.token(secret),
        reader.token(reader.vendor.api_secret * 2, "HS512"),
        jwt.encode({"iat": now}, None, algorithm="none"),
        *(reader.token(**claims) for claims in ({"name": "x"}, {"iat": now + 60}, {"iat": now - 3600})),
        reader.token(iat=now + 0.5),
        reader.token(iat=now, exp=now - 5),
        reader.token(iat=True),
    ]
    refused += [{"x-api-key": key, "Authorization": token} for token in tokens]
    for headers in refused:
        answer = requests.get(f"{reader.url}/v2/employees", headers=headers, timeout=300)
        assert (answer.status_code, answer.text) == (403, "Forbidden"), headers
    assert reader.get("/v2/employees").status_code == 200


def test_a_short_secret_and_a_clock_ahead_can_be_allowed(client: Client) -> None:
    client.vendor.api_secret, client.vendor.iat_leeway = "short", 60
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = client.token(iat=int(time.time()) + 30)
    headers = {"x-api-key": client.vendor.api_key, "Authorization": token}
    assert requests.get(f"{client.url}/v2/employees", headers=headers, timeout=300).status_code == 200


def test_a_clock_of_its_own(client: Client) -> None:
    client.vendor.clock_offset = timedelta(hours=-2)
    assert client.get("/v2/qa").status_code == 403
    client.vendor.iat_leeway = 3 * 3600
    assert client.get("/v2/qa").status_code == 200
    record = client.vendor.add_session()
    assert record.sequence_id < (time.time() - 7000) * 10_000


def test_the_hundred_and_first_request_of_a_minute_is_answered_by_429(client: Client) -> None:
    statuses = [client.get("/v2/qa/calibrations").status_code for _ in range(101)]
    assert statuses == [200] * 100 + [429]
    answer = client.get("/v2/qa/calibrations")
    assert answer.text == "Retry Later"
    assert answer.headers["content-type"].startswith("text/plain")
    assert "retry-after" not in answer.headers
    client.vendor.retry_after = "7"
    assert client.get("/v2/qa").headers["retry-after"] == "7"
