"""A run goes on where the last one stopped, and loses nothing wherever that was."""

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from sandbox.server import Sandbox

from tests.contract.contract import Contract, keys_of
from tests.contract.taps import each_tap
from tests.singer import Json, run

KILLS = 100  # of each tap, with as many of them in each stream, by this many syncs
CHAINS = 10


@each_tap
def test_second_run(tap: Contract, sandbox: Sandbox) -> None:
    first = run(tap.name, tap.config(sandbox))
    second = run(tap.name, tap.config(sandbox), state=first.state)
    assert second.exit_code == 0
    incremental = {schema["stream"] for schema in first.of("SCHEMA") if schema.get("bookmark_properties")}
    again = sum(count for stream, count in second.counts().items() if stream in incremental)
    # As much as happened on the last of a fortnight's days, which the calendar decides.
    assert again < 0.25 * first.counts().total()
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
@pytest.mark.parametrize("chain", range(CHAINS))
def test_killed_again_and_again(tap: Contract, chain: int, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    plain = run(tap.name, config)
    rows = {stream: set(keys_of(plain.records(stream), keys)) for stream, keys in tap.streams.items()}
    plan = KillPlan(tap.streams, {stream: len(keys) for stream, keys in rows.items() if keys}, chain)
    state, kills = None, 0
    while (result := run(tap.name, config, state=state, kill=plan)).killed:
        state, kills = result.state or state, kills + 1
    assert result.exit_code == 0, result.log
    assert kills == plan.planned
    for stream, keys in rows.items():
        assert plan.found[stream] == keys or stream in tap.snapshots


class KillPlan:
    """Where to kill a sync: right after such and such a row of a stream has come for the first time."""

    def __init__(self, keys: dict[str, tuple[str, ...]], sizes: dict[str, int], chain: int) -> None:
        """Spread a chain's kills over streams of these sizes, each chain's between those of the others."""
        self._keys = keys
        self.found: dict[str, set[Any]] = {stream: set() for stream in keys}
        each = -(-KILLS // len(sizes))
        self._left = {
            stream: {1 + size * step // each for step in range(chain, each, CHAINS)} for stream, size in sizes.items()
        }
        self.planned = sum(map(len, self._left.values()))

    def __call__(self, message: Json) -> bool:
        """Note a record; tell whether the run is to be killed after it."""
        stream = message["stream"]
        found = self.found[stream]
        (key,) = keys_of([message["record"]], self._keys[stream])
        found.add(key)
        if len(found) not in self._left.get(stream, ()):
            return False
        self._left[stream].remove(len(found))
        return True


def bookmark(state: Json | None, stream: str) -> Any:
    return ((state or {}).get("bookmarks", {}).get(stream) or {}).get("replication_key_value")
