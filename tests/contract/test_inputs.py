"""Whatever a user hands over that cannot be read is one line that names it: no traceback, no secret, no request."""

import json
import signal
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

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
    "an empty list": "[]",
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
    "http://stranger#@localhost/",
    "https://",
    "https://host.example:99999/",
    "https://user:pass-in-url@host.example/",
    "http://user:pass-in-url@host.example/",
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
@pytest.mark.parametrize("wrapping", ["singer_state", "value", "completed"])
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
    return _printed(tap.name, "--about", "--format=json")


@cache
def _printed(tap: str, *arguments: str) -> Json:
    log = run(tap, None, *arguments).log
    found: Json = json.loads(log[log.index("{\n") : log.rindex("\n}") + 2])
    return found


@each_tap
def test_variables_that_cannot_be_read(tap: Contract, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    wrong = {"integer": "abc", "number": "abc", "boolean": "ture", "array": "1,2", "object": "1,2"}
    for name, definition in _about(tap)["settings"]["properties"].items():
        if value := wrong.get(definition["type"][0]):
            variables = tap.environment({**config, name: value})
            result = run(tap.name, None, "--config=ENV", environment=variables)
            assert_one_line(result)
            assert name in result.log.lower()
    assert not tap.vendor(sandbox).seen


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
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("0001-01-01", "0001-01-02"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T12:00:00Z"),
        ("9999-12-31T23:59:59-14:00", "9999-12-31"),
        (None, "9999-12-31"),
        (None, "9999-12-31T23:59:59.999999-14:00"),
    ],
)
def test_dates_at_the_calendars_edges(tap: Contract, start: str | None, end: str, sandbox: Sandbox) -> None:
    dates = {"start_date": start, "end_date": end}
    known = {name: dates[name] for name in dates.keys() & _about(tap)["settings"]["properties"].keys() if dates[name]}
    result = run(tap.name, {**tap.config(sandbox), **known}, "--test")
    assert "Traceback" not in result.log
    assert result.exit_code == 0 or any(name in result.log for name in known), result.log


@each_tap
def test_a_catalog_that_is_older_than_the_tap(tap: Contract, sandbox: Sandbox) -> None:
    plain = run(tap.name, tap.config(sandbox))
    stream, field = a_field(tap, plain)
    catalog = json.loads(json.dumps(_printed(tap.name, "--discover")))["streams"]
    for entry in catalog:
        if entry["tap_stream_id"] == stream:
            del entry["schema"]["properties"][field]
            entry["metadata"] = [item for item in entry["metadata"] if item["breadcrumb"][1:2] != [field]]
    withdrawn = {**catalog[0], "tap_stream_id": "withdrawn_stream", "stream": "withdrawn_stream"}
    result = run(tap.name, tap.config(sandbox), catalog={"streams": [*catalog, withdrawn]})
    assert result.exit_code == 0, result.log
    (warning,) = [line for line in result.log.splitlines() if "older than this tap" in line]
    assert "withdrawn_stream" in warning
    assert f"{stream}.{field}" in warning
    assert len(result.records(stream)) == len(plain.records(stream))
    # It comes all the same, as a field that the tap does not know.
    assert any({**record, **(record.get("_extra") or {})}.get(field) for record in result.records(stream))


def a_field(tap: Contract, plain: Run) -> tuple[str, str]:
    """Return a stream and a field that its records hold, which is no key and none of the tap's own."""
    for entry in _printed(tap.name, "--discover")["streams"]:
        stream, properties = entry["tap_stream_id"], entry["schema"]["properties"]
        others = {*tap.streams[stream], *tap.essential_fields, entry.get("replication_key")}
        for record in [] if stream in tap.snapshots else plain.records(stream):
            for field, value in record.items():
                if value and field in properties and not field.startswith("_") and field not in others:
                    return stream, field
    raise AssertionError


@each_tap
def test_stream_maps(tap: Contract, sandbox: Sandbox) -> None:
    config, stream = tap.config(sandbox), next(iter(tap.streams))
    key = tap.streams[stream][0]

    def mapped(**maps: Any) -> Run:
        return run(tap.name, {**config, "stream_maps": maps}, "--test")

    assert mapped(**{stream: {"tenth": "2.50 * 0.1"}}).exit_code == 0
    assert mapped(**{"*": {"where": "'here'"}}).exit_code in {0, 1}
    for expression in ("1 +", "no_such_name + 1", f"{key} * {key}", f"int('x' + str({key}))", "1 / 0"):
        assert_one_line(mapped(**{stream: {"tenth": expression}}), expression.split()[0])
    for wrong in ("text", 5):
        assert_one_line(mapped(**{stream: wrong}), stream)


@each_tap
def test_stream_maps_for_what_is_not_selected(tap: Contract, sandbox: Sandbox) -> None:
    catalog = json.loads(json.dumps(_printed(tap.name, "--discover")))
    for entry in catalog["streams"]:
        (stream,) = [item["metadata"] for item in entry["metadata"] if not item["breadcrumb"]]
        stream["selected"] = False
    for name in (*tap.streams, "*"):
        result = run(tap.name, {**tap.config(sandbox), "stream_maps": {name: {"added": "'x'"}}}, catalog=catalog)
        assert result.exit_code == 0, result.log
        assert not result.messages or not result.of("RECORD")


@each_tap
def test_numbers_in_expressions(tap: Contract, sandbox: Sandbox) -> None:
    plain = run(tap.name, tap.config(sandbox))
    numbers: dict[str, str] = {}
    for schema in plain.of("SCHEMA"):
        records = plain.records(schema["stream"])
        for name, definition in schema["schema"]["properties"].items():
            is_number = bool({"number", "integer"} & {*definition["type"]}) and name.isidentifier()
            if is_number and records and all(record.get(name) is not None for record in records):
                numbers[schema["stream"]] = name
    maps = {stream: {"halved": f"{name} * 0.5"} for stream, name in numbers.items()}
    result = run(tap.name, {**tap.config(sandbox), "stream_maps": maps})
    assert result.exit_code == 0, result.log
    for stream, name in numbers.items():
        assert result.records(stream)
        for record in result.records(stream):
            assert float(record["halved"]) == pytest.approx(float(record[name]) * 0.5)


@each_tap
def test_a_proxy_that_refuses(tap: Contract, sandbox: Sandbox) -> None:
    config = tap.config(sandbox)
    elsewhere = {**config, "api_url": f"https://vendor.invalid{urlsplit(config['api_url']).path}"}
    with proxy() as (url, asked):
        result = run(tap.name, elsewhere, environment={"HTTPS_PROXY": url, "NO_PROXY": "", "no_proxy": ""})
    assert_one_line(result, "407")
    assert_one_line(result, "HTTPS_PROXY")
    assert len(asked) == 1
    for url in ("::no url::", "ftp://127.0.0.1:9", "http://no-such-proxy.invalid:3128"):
        result = run(tap.name, elsewhere, environment={"HTTPS_PROXY": url, "NO_PROXY": "", "no_proxy": ""})
        assert_one_line(result, "HTTPS_PROXY")
        assert not result.waits


@contextmanager
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """Serve a proxy that wants to know who asks; yield its address, and what it was asked."""
    asked: list[bytes] = []

    class Refusal(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline())
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refusal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


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
    result = run(tap.name, {**tap.config(sandbox), **tap.many_answers}, kill=after(3), by=sent)
    assert result.exit_code == 128 + sent
    assert "Traceback" not in result.log


@each_tap
def test_a_target_that_goes_away(tap: Contract, sandbox: Sandbox) -> None:
    result = run(tap.name, {**tap.config(sandbox), **tap.many_answers}, kill=after(1), by=signal.SIGPIPE)
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
