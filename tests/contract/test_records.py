"""Every row of the source arrives, once, as the SCHEMA says it would."""

import pytest
from jsonschema_rs import Draft7Validator
from sandbox.server import Sandbox

from tests.contract.contract import Contract, keys_of
from tests.contract.taps import each_tap
from tests.singer import Run, run


def invalid(result: Run) -> list[str]:
    """Return what is wrong with the records by the SCHEMA that was put out before each."""
    found = []
    validators: dict[str, Draft7Validator] = {}
    for message in result.messages:
        if message["type"] == "SCHEMA":
            validators[message["stream"]] = Draft7Validator(message["schema"], validate_formats=True)
        if message["type"] == "RECORD":
            found += [
                f"{message['stream']} {error.instance_path}: {error.message}"
                for error in validators[message["stream"]].iter_errors(message["record"])
            ]
    return found


@each_tap
@pytest.mark.real_clock
def test_whole_and_valid(tap: Contract, sandbox: Sandbox) -> None:
    result = run(tap.name, tap.config(sandbox))
    assert result.exit_code == 0, result.log
    assert not invalid(result)
    expected_keys = tap.expected_keys(sandbox)
    for stream, names in tap.streams.items():
        found = keys_of(result.records(stream), names)
        assert len(found) == len(set(found)), "a key came twice"
        assert not expected_keys.get(stream, set()) - set(found), "rows are missing"
        assert not any(part is None for key in found for part in key)
    assert tap.vendor(sandbox).rate_limited == 0


@each_tap
def test_the_same_from_the_environment(tap: Contract, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    result = run(tap.name, None, "--config=ENV", "--test", environment=tap.environment(config))
    assert result.exit_code == 0, result.log


@each_tap
def test_what_is_deselected_stays_out(tap: Contract, sandbox: Sandbox) -> None:
    plain = run(tap.name, tap.config(sandbox))
    entries = []
    dropped = {}
    for schema in plain.of("SCHEMA"):
        name, keys = schema["stream"], tap.streams[schema["stream"]]
        field = next(field for field in reversed(schema["schema"]["properties"]) if field not in (*keys, "_extra"))
        dropped[name] = field
        entries.append(
            {
                "tap_stream_id": name,
                "stream": name,
                "schema": schema["schema"],
                "key_properties": keys,
                "metadata": [
                    {"breadcrumb": [], "metadata": {"selected": True}},
                    {"breadcrumb": ["properties", field], "metadata": {"selected": False}},
                ],
            }
        )
    result = run(tap.name, tap.config(sandbox), catalog={"streams": entries})
    assert result.exit_code == 0, result.log
    assert result.counts() == plain.counts()
    for name, field in dropped.items():
        assert not any(field in record for record in result.records(name))
    for schema in result.of("SCHEMA"):
        assert dropped[schema["stream"]] not in schema["schema"]["properties"]
