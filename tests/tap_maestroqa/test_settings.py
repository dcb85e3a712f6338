"""Settings as people write them: mended, or refused by name before anything is asked."""

from typing import Any

import pytest
from sandbox.server import Sandbox

from tests.tap_maestroqa.runs import failed, ids, sync


def test_a_pasted_token_is_stripped(sandbox: Sandbox) -> None:
    assert ids(sync(sandbox, api_token=f"  {sandbox.maestroqa.token}\n"))


@pytest.mark.parametrize("token", ["two\nlines-0123456789", "an — dash-0123456789"])
def test_a_token_that_no_header_can_hold(token: str, sandbox: Sandbox) -> None:
    line = failed(sandbox, api_token=token)
    assert "api_token" in line
    assert "0123456789" not in line


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"lookback_days": 1_000_000}, "lookback_days"),
        ({"window_days": 90}, "window_days"),
        ({"request_timeout": 10**11}, "request_timeout"),
        ({"user_agent": "a — b"}, "user_agent"),
        ({"user_agent": "a\nb"}, "user_agent"),
        ({"api_url": "https://host:port"}, "api_url"),
        ({"api_url": "https://[x"}, "api_url"),
        ({"api_url": "https://user:hidden@host"}, "api_url"),
        ({"start_date": ""}, "start_date"),
    ],
)
def test_settings_that_raised(change: Any, name: str, sandbox: Sandbox) -> None:
    line = failed(sandbox, **change)
    assert name in line
    assert "hidden" not in line
    assert not sandbox.maestroqa.seen
