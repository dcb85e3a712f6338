"""How the vendor is asked: the signed token, the quota, and refusals that show no secret."""

import time
from typing import Any

import jwt
import pytest
from sandbox.agentconnect.api import AgentConnect
from sandbox.server import Sandbox
from sandbox.vendor import Limit

from sandbox import faults
from tests.contract.agentconnect import AGENTCONNECT
from tests.contract.contract import day
from tests.singer import run
from tests.tap_agentconnect.runs import TAP, attempt, error_line, expected_feedbacks, newest, only, sync


def test_a_token_is_dated_back_and_signed_once(sandbox: Sandbox, vendor: AgentConnect) -> None:
    began = time.time()
    sync(sandbox, catalog=only("qa_audits"))
    for seen in vendor.seen:
        token = seen.headers["authorization"]
        claims = jwt.decode(token, vendor.api_secret, algorithms=["HS256"], options={"verify_iat": False})
        assert began - 12 < claims["iat"] <= time.time() - 9
        assert len(seen.headers.getlist("authorization")) == len(seen.headers.getlist("x-api-key")) == 1  # type: ignore[attr-defined]


def test_a_short_secret_and_a_pasted_address(sandbox: Sandbox, vendor: AgentConnect) -> None:
    vendor.api_secret = "short"
    sync(sandbox, catalog=only("qa_audits"), api_secret="short\n", subdomain="https://blancapeak.stellaconnect.net/x")
    headers = vendor.seen[0].headers
    assert headers["x-api-key"] == vendor.api_key
    assert headers["authorization"].count(".") == 2
    assert "Bearer" not in headers["authorization"]


def test_a_refused_signature_says_what_to_check(sandbox: Sandbox) -> None:
    sandbox.agentconnect.iat_leeway = -3600  # as if this machine's clock were fast
    result = attempt(sandbox, user_agent="x")
    assert result.exit_code == 1
    assert len(sandbox.agentconnect.seen) == 1
    (line,) = [line for line in result.log.splitlines() if line.startswith("Error:")]
    assert all(word in line for word in ("403", "Forbidden", "api_key", "api_secret", "clock"))


@pytest.mark.real_clock
@pytest.mark.slow
def test_the_quota_is_kept(sandbox: Sandbox) -> None:
    # A tenth of the minute, and a clock ten times as fast.
    sandbox.agentconnect.limits = (Limit(100, 6),)
    config = {**AGENTCONNECT.config(sandbox), "page_size": 4, "start_date": day(60)}
    result = run(TAP, config, catalog=only("feedbacks"), environment={"FAST_CLOCK": "10"})
    assert result.exit_code == 0, result.log
    assert len(sandbox.agentconnect.seen) > 105
    assert sandbox.agentconnect.rate_limited == 0
    assert newest(result) == expected_feedbacks(sandbox.agentconnect, day(60))


def test_429_waits_for_the_next_minute(sandbox: Sandbox) -> None:
    sandbox.agentconnect.fail(faults.status(429, "Retry Later"), at=2)
    # The minute lasts at least a second and a half on this clock, so that the next token has a later second in it.
    environment = {"FAST_CLOCK": "40"}
    result = run(TAP, AGENTCONNECT.config(sandbox), catalog=only("qa_reviews"), environment=environment)
    assert result.exit_code == 0, result.log
    _, first, second, *_ = sandbox.agentconnect.seen
    assert result.waits[0] > 60
    assert "Retry Later" in result.log
    assert first.headers["authorization"] != second.headers["authorization"]


@pytest.mark.parametrize("form", ["text", "json", "200"])
@pytest.mark.parametrize("code", [400, 401, 403, 429, 500])
def test_what_the_vendor_echoes_is_masked(code: int, form: str, sandbox: Sandbox, vendor: AgentConnect) -> None:
    def echo(_: Any) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            headers = {key.decode(): text.decode() for key, text in scope["headers"]}
            token, key = headers["authorization"], headers["x-api-key"]
            tokens.append(token)
            words = f"Bad token {token} signed {token.split('.')[2]} for key {key} with {vendor.api_secret}"
            body = words if form == "text" else {"error": {"message": words}}
            await faults.status(200 if form == "200" else code, body)(_)(scope, receive, send)

        return app

    tokens: list[str] = []
    vendor.fail(echo, times=99)
    result = attempt(sandbox, catalog=only("qa_audits"))
    assert result.exit_code == 1
    assert "Bad token ***" in error_line(result)
    for secret in (vendor.api_key, vendor.api_secret, *tokens, *(token.split(".")[2] for token in tokens), "eyJ"):
        assert secret not in result.output
