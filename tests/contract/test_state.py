"""A run goes on where the last one stopped, and loses nothing wherever that was."""

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from sandbox.server import Sandbox

from tests.contract.contract import Contract, Json, keys_of
from tests.contract.taps import each_tap
from tests.singer import run

KILLS = 8


@each_tap
def test_second_run(tap: Contract, sandbox: Sandbox) -> None:
    first = run(tap.name, tap.config(sandbox))
    second = run(tap.name, tap.config(sandbox), state=first.state)
    assert second.exit_code == 0
    incremental = {schema["stream"] for schema in first.of("SCHEMA") if schema.get("bookmark_properties")}
    again = sum(count for stream, count in second.counts().items() if stream in incremental)
    assert again < 0.1 * first.counts().total()
    for stream in incremental:
        before, after = (bookmark(result.state, stream) for result in (first, second))
        assert before is None or before <= after


@each_tap
def test_state_is_small_and_not_ahead_of_time(tap: Contract, sandbox: Sandbox) -> None:
    started = datetime.now(timezone.utc).isoformat()
    result = run(tap.name, tap.config(sandbox))
    assert len(json.dumps(result.state)) < 400 * len(tap.streams)
    for stream in tap.streams:
        value = bookmark(result.state, stream)
        assert value is None or isinstance(value, int) or value <= started.replace("+00:00", "Z")[:19] + "Z"


@each_tap
@pytest.mark.parametrize("share", [step / (KILLS - 1) for step in range(KILLS)])
def test_killed_and_resumed(tap: Contract, share: float, sandbox: Sandbox) -> None:
    whole = {stream: set(keys) for stream, keys in tap.held(sandbox).items()}
    last = sum(map(len, whole.values()))
    killed = run(tap.name, tap.config(sandbox), kill_after=max(1, int(last * share)))
    assert killed.exit_code != 0 or share == 1
    resumed = run(tap.name, tap.config(sandbox), state=killed.state)
    assert resumed.exit_code == 0
    for stream, keys in whole.items():
        found = keys_of(killed.records(stream) + resumed.records(stream), tap.streams[stream])
        assert not keys - set(found)


def bookmark(state: Json | None, stream: str) -> Any:
    return ((state or {}).get("bookmarks", {}).get(stream) or {}).get("replication_key_value")
