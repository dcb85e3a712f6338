"""Whatever values a vendor puts into its rows, each row arrives valid and whole, or one clear line says why not."""

import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from sandbox.server import Sandbox

from sandbox import faults
from tests.contract.contract import Contract, Json, keys_of
from tests.contract.taps import each_tap
from tests.contract.test_records import invalid
from tests.singer import run

SEEDS = range(4)
WEIRD: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**70, 1e308, 0.1, "", " ", "null", "n/a", "2022-02-30T00:00:00Z", "0000-00-00",
    "2022-01-25T15:04:05.123456789+05:30", "\ud800", "\x00", [], {}, [[]], [None], [{}], {"": None},
    {"a": {"b": [1, {"c": None}]}}, "<script>", "१२३", "-0", "1e5", "Infinity", [[[[[[[[[[]]]]]]]]]],
)  # fmt: skip
LONG = "x" * 1_000_000


class Fuzz:
    """Changes values in the rows of each answer, the same row always alike, and remembers the marks it left."""

    def __init__(self, seed: int, essential: set[str]) -> None:
        self._seed = seed
        self._essential = essential
        self.responses = 0
        self.marks: set[str] = set()

    def __call__(self, answer: Any) -> Any:
        self.responses += 1
        for row in rows_in(answer):
            self._change(row)
        return answer

    def _change(self, row: Json) -> None:
        chance = Random(f"{self._seed}/{json.dumps(row, sort_keys=True)}")
        if chance.random() < 0.7:
            return
        row[chance.choice(("newField", "_extra", "", "x y"))] = {"new": self._mark(chance)}
        places = list(_places(row, self._essential))
        for holder, key in chance.sample(places, min(len(places), 3)):
            if chance.random() < 0.3:
                holder[key] = self._mark(chance)
            elif isinstance(holder, dict) and chance.random() < 0.2:
                del holder[key]
            else:
                holder[key] = LONG if chance.random() < 0.005 else chance.choice(WEIRD)
        # A later change may have taken away what held an earlier one.
        self.marks.update(re.findall(r"mark \d+\.", json.dumps(row)))

    def _mark(self, chance: Random) -> str:
        return f"mark {chance.randrange(10**12)}."


def rows_in(answer: Any) -> list[Json]:
    if isinstance(answer, dict):
        answer = next((value for value in answer.values() if isinstance(value, list)), [])
    return [row for row in answer if isinstance(row, dict)]


def _places(value: Any, essential: set[str]) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a row, its nested values' too."""
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if key not in essential:
            yield value, key
            if isinstance(item, dict | list):
                yield from _places(item, essential)


@each_tap
@pytest.mark.parametrize("keys", ["kept", "changed"])
@pytest.mark.parametrize("seed", SEEDS)
def test_any_values(tap: Contract, seed: int, keys: str, sandbox: Sandbox) -> None:
    essential = {key for names in tap.streams.values() for key in names} | tap.essential_fields
    if keys == "changed":
        # Not all at once, or each run would end in its first stream.
        essential -= set(sorted(essential)[seed :: len(SEEDS)])
    fuzz = Fuzz(seed, essential)
    config = {**tap.config(sandbox), **tap.many_answers}
    expected_keys = tap.expected_keys(sandbox)
    tap.row_sender(sandbox).fail(faults.edit(fuzz), times=10**6)
    while fuzz.responses < tap.fuzzed:
        result = run(tap.name, config)
        assert not invalid(result)
        if result.exit_code:
            assert keys == "changed", result.log
            assert "Traceback" not in result.log
            continue
        if keys == "kept":
            for stream, expected in expected_keys.items():
                found = set(keys_of(result.records(stream), tap.streams[stream]))
                # A key made of a row's content changes with it; there are as many all the same.
                assert len(found) == len(expected) if tap.streams[stream] == ("_row_key",) else not expected - found
            text = result.output
            assert not fuzz.marks - set(re.findall(r"mark \d+\.", text))
        fuzz.marks.clear()
