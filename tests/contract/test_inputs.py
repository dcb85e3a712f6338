"""Whatever a user hands over that cannot be read is one line that names it: no traceback, no secret, no request."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sandbox.server import Sandbox

from sandbox import faults
from tests.contract.contract import Contract, Json
from tests.contract.taps import each_tap
from tests.singer import BIN, Run, after, run

UNREADABLE = {
    "empty": "",
    "blank": " \n",
    "two lines": '{"a": 1}\n{"b": 2}\n',
    "no JSON": "{'a': 1}",
    "cut": '{"a": ',
    "a list": "[1, 2]",
    "a text": '"text"',
    "null": "null",
}
WRONG_STATES: dict[str, Any] = {
    "null bookmarks": {"bookmarks": None},
    "a list": {"bookmarks": []},
    "a stream's null": {"bookmarks": {"STREAM": None}},
    "a stream's text": {"bookmarks": {"STREAM": "2026-01-01"}},
    "no bookmarks": {"streams": {}},
    "no time": {"bookmarks": {"STREAM": {"replication_key": "KEY", "replication_key_value": "yesterday"}}},
    "an object": {"bookmarks": {"STREAM": {"replication_key": "KEY", "replication_key_value": {}}}},
}
ADDRESSES = (
    "https://host:port",
    "https://[x",
    "http://stranger\\@localhost/",
    "https://user:pass-in-url@host.example/",
)


def assert_one_line(result: Run, *named: str, code: int = 1) -> None:
    """Hold that a run ended in an error that names these things, and in nothing worse."""
    assert result.exit_code == code, result.log
    assert "Traceback" not in result.log
    errors = [line for line in result.log.splitlines() if line.startswith("Error: ") or "| ERROR " in line]
    assert errors, result.log
    for name in named:
        assert any(name in line for line in errors), (name, result.log)


def incremental(result: Run) -> str:
    """Return a stream that has a bookmark."""
    bookmarks: Json = (result.state or {})["bookmarks"]
    return next(name for name, value in bookmarks.items() if "replication_key_value" in value)


@each_tap
@pytest.mark.parametrize("form", UNREADABLE)
@pytest.mark.parametrize("option", ["config", "state", "catalog"])
def test_a_file_that_cannot_be_read(tap: Contract, option: str, form: str, sandbox: Sandbox) -> None:
    given: dict[str, Any] = {"config": tap.config(sandbox), option: UNREADABLE[form]}
    result = run(tap.name, **given)
    assert_one_line(result, f"{option}.json")
    assert not tap.vendor(sandbox).seen


@each_tap
def test_a_file_that_is_not_there(tap: Contract, sandbox: Sandbox) -> None:
    assert_one_line(run(tap.name, None, "--config", "nowhere.json"), "nowhere.json")
    for option in ("--state", "--catalog"):
        result = run(tap.name, tap.config(sandbox), option, "nowhere.json")
        assert result.exit_code
        assert "Traceback" not in result.log
        assert "nowhere.json" in result.log


@each_tap
def test_a_byte_order_mark_before_a_file(tap: Contract, sandbox: Sandbox) -> None:
    state = "\ufeff" + json.dumps({"bookmarks": {}})
    assert run(tap.name, tap.config(sandbox), "--test", state=state).exit_code == 0


@each_tap
@pytest.mark.parametrize("form", WRONG_STATES)
def test_a_state_of_the_wrong_shape(tap: Contract, form: str, sandbox: Sandbox) -> None:
    stream = incremental(run(tap.name, tap.config(sandbox)))
    state = json.dumps(WRONG_STATES[form]).replace("STREAM", stream)
    tap.vendor(sandbox).seen.clear()
    result = run(tap.name, tap.config(sandbox), state=state)
    assert_one_line(result, stream if "STREAM" in json.dumps(WRONG_STATES[form]) else "--state")


@each_tap
@pytest.mark.parametrize("wrapping", ["singer_state", "value"])
def test_a_state_in_a_wrapping(tap: Contract, wrapping: str, sandbox: Sandbox) -> None:
    first = run(tap.name, tap.config(sandbox))
    bare, wrapped = (
        run(tap.name, tap.config(sandbox), state=state)
        for state in (first.state, {"type": "STATE", wrapping: first.state})
    )
    assert wrapped.exit_code == 0, wrapped.log
    assert wrapped.counts() == bare.counts()
    assert wrapped.counts().total() < first.counts().total()


@each_tap
def test_an_empty_setting_is_no_setting(tap: Contract, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    plain = run(tap.name, config)
    about = _about(tap)
    properties = about["settings"]["properties"]
    required = set(about["settings"].get("required", []))
    for name in sorted(required):
        for value in ("", "  \n"):
            assert_one_line(run(tap.name, {**config, name: value}), name)
    empty = {name: "" for name in properties if name not in config}
    result = run(tap.name, {**config, **empty})
    assert result.exit_code == 0, result.log
    assert result.counts() == plain.counts()
    variables = tap.environment({**config, **empty})
    assert run(tap.name, None, "--config=ENV", "--test", environment=variables).exit_code == 0


def _about(tap: Contract) -> Json:
    found: Json = json.loads(
        subprocess.run([BIN / tap.name, "--about", "--format=json"], capture_output=True, text=True, check=True).stdout
    )
    return found


@each_tap
@pytest.mark.parametrize(
    ("name", "value"), [("request_timeout", "soon"), ("emit_activate_version_messages", "ture"), ("stream_maps", "1,2")]
)
def test_a_variable_that_cannot_be_read(tap: Contract, name: str, value: str, sandbox: Sandbox) -> None:
    variables = tap.environment({**tap.config(sandbox), name: value})
    assert_one_line(run(tap.name, None, "--config=ENV", environment=variables), name.upper())


@each_tap
def test_settings_that_no_request_could_carry(tap: Contract, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    cases: list[tuple[str, Any]] = [("api_url", address) for address in ADDRESSES]
    cases += [("user_agent", "a\u2014b"), ("user_agent", "a\nb"), ("request_timeout", 10**11)]
    cases += [(name, f"{config[name]}\nsecret-tail") for name in tap.secrets]
    for name, value in cases:
        result = run(tap.name, {**config, name: value})
        assert_one_line(result, name)
        assert "pass-in-url" not in result.output
        assert "secret-tail" not in result.output
    assert not tap.vendor(sandbox).seen


@each_tap
def test_a_secret_pasted_with_its_line_break(tap: Contract, sandbox: Sandbox) -> None:
    pasted = {name: f"{tap.config(sandbox)[name]}\r\n" for name in tap.secrets}
    assert run(tap.name, {**tap.config(sandbox), **pasted}, "--test").exit_code == 0


@each_tap
@pytest.mark.parametrize("date", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59.999999-14:00"])
def test_dates_at_the_calendars_edges(tap: Contract, date: str, sandbox: Sandbox) -> None:
    name = "start_date" if date < "1" else "end_date"
    if name not in _about(tap)["settings"]["properties"]:
        pytest.skip("this tap has no such setting")
    result = run(tap.name, {**tap.config(sandbox), name: date}, "--test")
    assert "Traceback" not in result.log
    assert result.exit_code == 0 or name in result.log, result.log


@each_tap
def test_a_catalog_that_is_older_than_the_tap(tap: Contract, sandbox: Sandbox) -> None:
    plain = run(tap.name, tap.config(sandbox))
    schema = next(schema for schema in plain.of("SCHEMA") if plain.records(schema["stream"]))
    stream, keys = schema["stream"], tap.streams[schema["stream"]]
    records = plain.records(stream)
    field = next(name for name in schema["schema"]["properties"] if name not in keys and records[0].get(name))
    properties = {name: value for name, value in schema["schema"]["properties"].items() if name != field}
    entries = [
        {
            "tap_stream_id": name,
            "stream": name,
            "schema": {**schema["schema"], "properties": properties},
            "key_properties": keys,
            "metadata": [{"breadcrumb": [], "metadata": {"selected": True}}],
        }
        for name in (stream, "withdrawn_stream")
    ]
    result = run(tap.name, tap.config(sandbox), catalog={"streams": entries})
    assert result.exit_code == 0, result.log
    (warning,) = [line for line in result.log.splitlines() if "older than this tap" in line]
    assert "withdrawn_stream" in warning
    assert len(result.records(stream)) == len(records)


@each_tap
def test_stream_maps(tap: Contract, sandbox: Sandbox) -> None:
    config, stream = tap.config(sandbox), next(iter(tap.streams))
    key = tap.streams[stream][0]

    def mapped(**maps: Any) -> Run:
        return run(tap.name, {**config, "stream_maps": maps}, "--test")

    assert mapped(**{stream: {"tenth": "2.50 * 0.1"}}).exit_code == 0
    assert mapped(**{"*": {"where": "'here'"}}).exit_code in {0, 1}
    for expression in ("1 +", "no_such_name + 1", f"{key} * {key}", "1 / 0"):
        assert_one_line(mapped(**{stream: {"tenth": expression}}), expression.split()[0])
    for wrong in ("text", 5):
        assert_one_line(mapped(**{stream: wrong}), stream)


@each_tap
def test_what_time_cannot_cure_is_said_at_once(tap: Contract, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    nowhere = {**config, "api_url": "https://no-such-host.invalid/api"}
    result = run(tap.name, nowhere)
    assert_one_line(result, "no-such-host.invalid")
    assert not result.waits
    result = run(tap.name, config, environment={"REQUESTS_CA_BUNDLE": "/nowhere/ca.pem"})
    assert_one_line(result, "REQUESTS_CA_BUNDLE")
    result = run(tap.name, nowhere, environment={"HTTPS_PROXY": "http://[x"})
    assert_one_line(result, "HTTPS_PROXY")
    tap.vendor(sandbox).fail(faults.status(407), times=9)
    assert_one_line(run(tap.name, config), "407")
    assert len(tap.vendor(sandbox).seen) == 1


@each_tap
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run(tap: Contract, sent: signal.Signals, sandbox: Sandbox) -> None:
    result = run(tap.name, {**tap.config(sandbox), **tap.many}, kill=after(3), by=sent)
    assert result.exit_code == 128 + sent
    assert "Traceback" not in result.log


@each_tap
def test_a_target_that_goes_away(tap: Contract, sandbox: Sandbox) -> None:
    result = run(tap.name, {**tap.config(sandbox), **tap.many}, kill=after(1), by=signal.SIGPIPE)
    assert_one_line(result, "target")


@each_tap
def test_no_output_at_all(tap: Contract, sandbox: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(tap.config(sandbox)))
    command = f"exec {BIN / tap.name} --config config.json"
    for output in (">&-", "> /dev/full"):
        if output.endswith("full") and not Path("/dev/full").exists():
            continue
        found = subprocess.run(
            ["bash", "-c", f"{command} {output}"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert found.returncode == 1
        assert "Traceback" not in found.stderr
        assert "output" in found.stderr
