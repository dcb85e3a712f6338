"""Who is answered, and which requests are refused."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.execvision.client import LONG_AGO, MINUTE, Client


def test_wrong_credentials_are_refused(served: Client) -> None:
    for auth in (None, ("sandbox-user-execvision", "wrong"), ("", "")):
        answer = requests.get(f"{served.root}/check", auth=auth, timeout=300)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_the_check_is_empty(served: Client) -> None:
    answer = served.ask("check")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_nothing_but_get_is_answered(client: Client, method: str) -> None:
    assert client.session.request(method, f"{client.root}/users", timeout=300).status_code == 405
    assert [seen.status for seen in client.vendor.writes] == [405]


def test_calls_cannot_be_deleted(client: Client) -> None:
    call = client.vendor.account.add_call(MINUTE)
    assert client.session.delete(f"{client.root}/call/{call.id}", timeout=300).status_code == 403
    assert client.ids("calls", since=LONG_AGO) == [call.id]


def test_the_users_endpoint_is_no_root(served: Client) -> None:
    assert served.ask("users/calls", since=LONG_AGO).status_code == 404
    assert served.vendor.seen[-1].status == 404


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"since": ""},
        {"since": "yesterday"},
        {"since": "2026-03-02T10:00:00 00:00"},
        {"since": "2026-02-30T10:00Z"},
        {"since": LONG_AGO, "limit": "-1"},
        {"since": LONG_AGO, "limit": "many"},
        {"since": LONG_AGO, "include_transcripts": "yes"},
    ],
)
def test_a_wrong_parameter_is_refused(served: Client, query: dict[str, str]) -> None:
    answer = served.ask("calls", **query)
    assert answer.status_code == 400
    assert answer.json()["message"]
