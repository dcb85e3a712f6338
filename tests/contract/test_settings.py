"""Settings that make no sense are refused by name, before any request and without telling a secret."""

import pytest
from sandbox.server import Sandbox

from tests.contract.contract import Contract, Json
from tests.contract.taps import TAPS, each_tap
from tests.singer import run

CASES = [pytest.param(tap, *case, id=f"{tap.name}-{case[0]}") for tap in TAPS for case in tap.invalid_settings]


@pytest.mark.parametrize(("tap", "change", "name"), CASES)
def test_invalid_settings(tap: Contract, change: Json, name: str, sandbox: Sandbox) -> None:
    result = run(tap.name, {**tap.config(sandbox), **change})
    assert result.exit_code == 1
    assert name in result.log
    assert "Traceback" not in result.log
    assert not result.messages
    assert not tap.vendor(sandbox).seen


@each_tap
def test_a_setting_that_is_missing(tap: Contract, sandbox: Sandbox) -> None:
    for name in tap.secrets:
        config = tap.config(sandbox)
        del config[name]
        result = run(tap.name, config)
        assert result.exit_code == 1
        assert name in result.log
        assert "Traceback" not in result.log


@each_tap
def test_a_secret_of_the_wrong_type_is_not_repeated(tap: Contract, sandbox: Sandbox) -> None:
    for name in tap.secrets:
        for arguments in ((), ("--test",)):
            result = run(tap.name, {**tap.config(sandbox), name: 73829104}, *arguments)
            assert result.exit_code == 1
            assert name in result.log
            assert "73829104" not in result.output
            assert "Traceback" not in result.log


@each_tap
def test_a_null_is_no_setting(tap: Contract, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    result = run(tap.name, {**config, "request_timeout": None, "user_agent": None}, "--test")
    assert result.exit_code == 0
    assert tap.vendor(sandbox).seen[0].headers["user-agent"] == tap.name
